package session_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/session"
)

// twoWays runs cells in two sessions: one compiles every cell, the other evaluates those that are plain.
type twoWays struct {
	t               *testing.T
	compiled, plain *book
}

func openTwo(t *testing.T) *twoWays {
	t.Helper()
	w := &twoWays{t, openWith(t, session.Config{Compile: true}), open(t)}
	w.plain.s.WaitTables()
	return w
}

// compare runs a cell both ways and wants the same output, result and error. It tells whether the cell was evaluated.
func (w *twoWays) compare(code string) bool {
	w.t.Helper()
	w.plain.s.WaitTables() // of packages that the cell before was the first to use
	before := w.plain.s.Evaluated()
	show := func(b *book) string {
		out, result, err := b.try(code)
		text := "output: " + out + "\nresult: " + result
		if err != nil {
			text += "\nerror: " + err.Name + ": " + err.Value + "\n" + strings.Join(err.Traceback, "\n")
		}
		return text
	}
	want, got := show(w.compiled), show(w.plain)
	if want != got {
		w.t.Errorf("compiled and evaluated differ:\n%s\n--- compiled\n%s\n--- evaluated\n%s", code, want, got)
	}
	return w.plain.s.Evaluated() > before
}

// differTypes are declarations that the cells of the differential tests use, and differVars their variables.
const differTypes = `type Num int8
func (n Num) Twice() Num { return n * 2 }
func (n *Num) Inc() Num { *n++; return *n }
type Meters float64
func (m Meters) String() string { return fmt.Sprintf("%gm", float64(m)) }
type Flag bool
type Text string
type P struct { X, y int; Tag string }
func (p P) Sum() int { return p.X + p.y }
func (p P) deeper(k int) P { p.X += k; return p }
func (p *P) Move(d int) *P { p.X += d; p.y -= d; return p }
type Inner struct { Depth float64 }
func (i Inner) Deep() float64 { return i.Depth * 2 }
func (i *Inner) Sink() { i.Depth++ }
type L struct { P; *Inner; m map[string]int; S []P }
type shape interface { area() float64 }
type square struct { side float64 }
func (s square) area() float64 { return s.side * s.side }
type circle struct { r float64 }
func (c *circle) area() float64 { return 3 * c.r * c.r }
type List []int
type Table map[string][]P
type Pair[A, B any] struct { First A; Second B }
func (p Pair[A, B]) Swap() Pair[B, A] { return Pair[B, A]{p.Second, p.First} }
type Fun func(int) int
const Big = 1 << 40
const ratio Meters = 2.5
func add(xs ...int) int { s := 0; for _, x := range xs { s += x }; return s }
func none(xs ...int) bool { return xs == nil }
func two() (int, string) { return 7, "seven" }
func three(n int, s string, more ...any) string { return fmt.Sprint(n, s, more, more == nil) }
func parse(s string) (int, error) { return strconv.Atoi(s) }
func give(x any) any { return x }
func area(s shape) float64 { if s == nil { return -1 }; return s.area() }
func boom(n int) int { if n == 0 { panic("boom") }; return boom(n - 1) }
func nothing() {}
func counter() func() int { n := 0; return func() int { n++; return n } }`

const differVars = `i1, i2 := -7, 1<<40+3
a8, b8 := int8(-128), int8(77)
a16, b16 := int16(-32768), int16(1234)
a32, b32 := int32(-2147483648), int32(99999)
a64, b64 := int64(-9223372036854775808), int64(1e15)
u1, u2 := uint(3), ^uint(0)
ua8, ub8 := uint8(250), uint8(9)
ua16, ub16 := uint16(65535), uint16(777)
ua32, ub32 := uint32(4294967295), uint32(5)
ua64, ub64 := uint64(1<<63), uint64(12345678901234567)
f32a, f32b := float32(0.1), float32(16777217)
f1, f2 := 0.1, -3.5e200
nan, inf, negZero := math.NaN(), math.Inf(1), math.Copysign(0, -1)
c64a, c64b := complex64(complex(1.5, -2)), complex64(complex(0, 3))
c1, c2 := complex(0.5, 2), complex(-1, 1e-3)
s1, s2 := "héllo", "\x80abc"
yes, no := true, false
n1, n2 := Num(100), Num(-3)
m1, m2 := Meters(1.5), Meters(-2)
t1, t2 := Text("one"), Text("twö")
flag := Flag(true)
ints := []int{3, 1, 4, 1, 5, 9, 2, 6}
list := List{10, 20, 30}
grid := [][]float64{{1, 2}, {3, 4, 5}}
arr := [4]int{1, 2, 3, 4}
ages := map[string]int{"ann": 30, "bob": 40}
table := Table{"x": {{X: 1}}}
p1, p2 := P{1, 2, "first"}, P{X: 5}
ptr := &P{3, 4, "pointed"}
l := L{P: P{8, 9, "in"}, Inner: &Inner{2.5}, m: map[string]int{"q": 1}, S: []P{{1, 1, ""}}}
var sh shape = square{3}
var other shape = &circle{2}
var null shape
var e any = 42
var err error = errors.New("an error")
var nilPtr *P
var nilMap map[string]int
var nilSlice []int
var nilFunc func()
ch := make(chan int, 3)
next := counter()
setter := func() int { i1 += 1000; return i1 }
reader := func() int { return i2 }
var fun Fun = func(n int) int { return n * 10 }
pair := Pair[string, int]{"k", 3}
var buf strings.Builder
words := strings.Fields("to be or not")
when := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)`

// differCells are plain cells of every construct; the last value of each is shown.
var differCells = []string{
	`x := 3*i1 + 1; y := x; x++; y += x; x, y = y, x; fmt.Println(x, y)`,
	`fmt.Println(Big, Big>>38, ratio, ratio*2, 'x', "\xff", 1e100, 2i, math.Pi, math.MaxUint64>>1, uint64(math.MaxUint64))`,
	`fmt.Printf("%T %T %T %T\n", 'x', 1, 1.0, 1i)`,
	`fmt.Println(a8-1, a8/-1, -a8, a8*b8, ua8+ub8, ua16*ub16, ua32<<31, b64*b64, a64-1, ^ua8, a32/-1, a16%-1)`,
	`fmt.Println(i1/2, i1%4, i1>>1, i1<<62, i1>>u1, u2>>63, i1&255, i1|8, i1^i2, i1&^3, b8<<7, ua8>>9, i1<<100)`,
	`fmt.Println(f1+0.2, f2*f2, f1/negZero, inf-inf, f32a*3, f32b, f32a+f32b, -negZero, 1/negZero)`,
	`fmt.Println(nan == nan, nan != nan, nan < 1, nan > 1, inf > f2, negZero == 0, min(nan, 1), max(f1, 3), min(negZero, 0))`,
	`fmt.Println(c1*c2, c1/c2, c64a*c64b, c64a/c64b, real(c1), imag(c64a), -c2, c1 == c2, complex(f1, 2), complex(f32a, f32b))`,
	`fmt.Println(s1+s2, len(s1), s1[1], s1[1:3], s1[:2]+s1[3:], s1 < s2, string(rune(i1+300)), []byte(s1), []rune(s2), string([]rune{104, 0x20ac}), string([]byte("ab")))`,
	`fmt.Println(yes && no || !no, yes != no, !yes, no && ints[100] > 0, yes || ints[100] > 0, flag && true, !flag)`,
	`fmt.Println(n1+50, n1.Twice(), n1*n2, n1 > n2, Num(i1), -n2, n1<<1, n1/n2, n2%2)`,
	`fmt.Println(m1, m1*m2, m1+0.5, Meters(i1), float64(m2), t1+t2, t1 < t2, t1[1], t1[1:], len(t2), string(t1), Text(s1), []byte(t2), Flag(no))`,
	`fmt.Println(int8(i2), uint8(i1), int(f2), int32(f1*1e3), float32(f1), float64(f32a), int64(ua64), uint32(a64), complex64(c1), uint(a8), int(-f1*99), uint64(b64))`,
	`n1.Inc(); n1.Inc(); n1`,
	`p1.Sum() + p2.Sum() + ptr.Sum() + P{4, 5, ""}.Sum() + (&P{X: 1}).Sum()`,
	`p1.Move(2).Move(3); ptr.Move(1); fmt.Println(p1, *ptr, p1.deeper(4), ptr.deeper(5), p1.y, ptr.Tag, ptr.X+1)`,
	`fmt.Println(l.X, l.y, l.P.Tag, l.Depth, l.Inner.Depth, l.Deep(), l.Sum(), l.m["q"], l.m["none"], l.S[0].X, len(l.S), l.S[0].Sum())`,
	`l.Sink(); l.Move(4); l.Depth *= 2; l.m["new"]++; l.S = append(l.S, P{2, 2, "two"}); l.S[1].X += 40; l.P.y, l.X = l.X, l.P.y`,
	`fmt.Println(l.P, *l.Inner, l.m, l.S)`,
	`fmt.Println(sh.area(), other.area(), area(null), area(square{4}), area(&circle{1}), sh == square{3}, sh != null, null == nil, other != nil)`,
	// What a plain cell puts into an interface, compiled code takes out.
	`var made shape = square{9}; var pointed shape = &circle{1}; var locker sync.Locker = &sync.Mutex{}; var src io.Reader = strings.NewReader("x"); var said fmt.Stringer = m1`,
	`func() { _, a := made.(square); _, b := pointed.(*circle); _, c := locker.(*sync.Mutex); _, d := src.(*strings.Reader); _, f := said.(Meters); fmt.Println(a, b, c, d, f, made == shape(square{9}), said == fmt.Stringer(m1)) }()`,
	`func() { switch v := made.(type) { case square: fmt.Println(v.side); default: fmt.Println("other") } }()`,
	`fmt.Println(e == 42, e == "42", e != nil, e.(int)+1, give(p1) == p1, give(nil) == nil, give(2.5).(float64), any(i1) == any(int64(i1)))`,
	`v, ok := e.(int); w, ok2 := e.(string); q, ok3 := sh.(square); r, ok4 := sh.(*circle); z, ok5 := e.(shape); fmt.Println(v, ok, w == "", ok2, q, ok3, r == nil, ok4, z == nil, ok5)`,
	`_, isStringer := any(m1).(fmt.Stringer); st := any(m1).(fmt.Stringer); fmt.Println(isStringer, st.String(), st)`,
	`age, has := ages["ann"]; _, hasnt := ages["nobody"]; ages["cid"] = 50; ages["ann"] += 5; ages["bob"]++; delete(ages, "bob"); fmt.Println(age, has, hasnt, ages, len(ages))`,
	`ints[0] = 30; ints[1] += 7; ints[2]--; ints[3] <<= 3; ints[len(ints)-1] = i1; fmt.Println(ints, ints[2:4], ints[:1], ints[6:], len(ints[1:3]), cap(ints[1:3]), cap(ints[1:3:5]), ints[1:3:3])`,
	`arr[1] = 20; arr2 := arr; arr2[0] = 99; fmt.Println(arr, arr2, arr == arr2, arr[1:3], len(arr), arr[3], [2]string{"a", "b"}, [...]int{5: 1, 2}, &arr2)`,
	`part := arr[:2]; part[0] = -1; part = append(part, 7); fmt.Println(arr, part, cap(part))`,
	`grid[1][2] = 50; grid[0] = append(grid[0], 9, 8); grid = append(grid, []float64{7}, nil); fmt.Println(grid, len(grid[3]), grid[3] == nil)`,
	`copied := make([]int, 3); n := copy(copied, ints[2:]); bs := make([]byte, 2, 10); k := copy(bs, "xyz"); fmt.Println(copied, n, bs, k, cap(bs), copy(ints[1:], ints))`,
	`more := append(ints, 1, 2, 3); more = append(more, list...); bytes1 := append([]byte("ab"), "cd"...); bytes1 = append(bytes1, s1[0]); fmt.Println(more, string(bytes1), len(append(nilSlice, 1)), append(nilSlice) == nil)`,
	`list = append(list, 40); list[0]++; fmt.Println(list, len(list), List(ints)[1], []int(list), List{1, 2: 5})`,
	`nested := map[string][]P{"a": {{1, 2, "x"}, {X: 3}}, "b": nil}; ptrs := []*P{{X: 1}, {y: 2}, nil}; byPoint := map[P]string{{X: 1}: "one"}; fmt.Println(nested, *ptrs[0], ptrs[1].y, ptrs[2] == nil, byPoint[P{X: 1}], byPoint[p2] == "")`,
	`table["y"] = []P{p2, {Tag: "t"}}; table["x"][0].X += 5; fmt.Println(table, len(table["none"]))`,
	`fmt.Println(add(), add(1), add(1, 2, 3), add(ints...), none(), none(nilSlice...), none([]int{}...), none(1))`,
	`fmt.Println(two()); n, s := two(); fmt.Println(n, s, three(two()), three(1, "a", 2, nil, "c"), three(1, "a"), three(1, "b", []any{1, 2}...))`,
	`good, err1 := parse("12"); bad, err2 := parse("xy"); fmt.Println(good, err1, bad, err2, err1 == nil)`,
	`next(); next()`,
	`fmt.Println(i1, setter(), i1)`, `i1 + setter()`, `fmt.Println(i2, reader(), i2); i2 + reader()`,
	`fmt.Println(p1.Move(1).Sum(), ptr.Move(2).Sum(), ptr.Sum(), p1.Sum(), next(), l.Sum(), next())`,
	`three(ptr.Sum(), fmt.Sprint(ptr.Move(3).X), ptr.Sum(), l.Deep(), add(ptr.Move(4).X), add(ptr.X), add(*&ptr.X))`,
	`fun(4) + fun(i1)`,
	`ch <- 1; ch <- i1; got := <-ch; again, open1 := <-ch; fmt.Println(got, again, open1, len(ch), cap(ch)); close(ch); last, open2 := <-ch; fmt.Println(last, open2)`,
	`pair.First + fmt.Sprint(pair.Second, pair.Swap().First)`,
	`pair.Second += 4; pair`,
	`buf.WriteString("abc"); buf.WriteByte('d'); fmt.Fprintf(&buf, "%03d", 7); buf.String()`,
	`fmt.Println(buf.Len(), strings.Repeat("ab", 3), strings.ToUpper(s1), strings.Join(words, "-"), strings.Contains(s1, "llo"), strconv.Itoa(i1), strings.Split("a,b,c", ",")[1])`,
	`sort.Ints(ints); sort.Strings(words); fmt.Println(ints, words, sort.SearchInts(ints, 4), math.Sqrt(2), math.Max(f1, 3), math.Floor(-0.5))`,
	`fmt.Println(when.Year(), when.Add(36*time.Hour).Format(time.RFC3339), when.Weekday(), time.Duration(1500)*time.Millisecond, time.Second.String(), 90*time.Minute, time.Duration(i1)*time.Second)`,
	`fmt.Println(strings.NewReader("xyz").Len(), bytes.NewBufferString("q").String(), os.Args == nil, len(os.Getenv("NO_SUCH_VARIABLE")), errors.Is(err, err), err)`,
	`var zero int; var ps []P; var pm map[string]int; var pf float64 = 3; var iface shape = &circle{1}; var x1, x2 = 1, "two"; var tw, ts = two(); fmt.Println(zero, ps == nil, pm == nil, pf, iface.area(), x1, x2, tw, ts, len(pm), pm["a"])`,
	`addr := &p1; addr.X = 77; *addr = addr.deeper(1); pn := &i1; *pn += 1000; *pn++; pe := &ints[0]; *pe = 5; pf2 := &l.P.y; *pf2 = -5; fmt.Println(p1, i1, ints[0], l.P.y, *addr, addr == &p1)`,
	`fresh := new(P); fresh.X = 3; num := new(int); *num = 4; mm := make(map[string]int, 5); mm["a"]++; cc := make(chan int, 2); cc <- 5; fmt.Println(*fresh, *num, mm, len(cc), len(make([]int, i1-i1+2)))`,
	`copyP := *ptr; copyP.X = -9; fmt.Println(copyP, ptr.X, copyP == *ptr, P{1, 2, "a"} == P{1, 2, "a"}, p1 != p2, nilPtr == nil, ptr != nil)`,
	`clear(ages); clear(ints[:2]); fmt.Println(ages, ints, min(3, i1, 2), max("a", s1), min(2.5, f1), max(n1, 3))`,
	`for i := range 3 { fmt.Print(i, " "); if i == 1 { continue }; p1.X += i }; for i := 0; i < 3; i++ { fmt.Print(arr[i]) }; for _, v := range []string{"x", "y"} { fmt.Print(v) }; for i, v := range arr { if v > 3 { break }; fmt.Print(i*v, ";") }; fmt.Println(p1.X)`,
	`if i1 > 0 { fmt.Println("pos") } else if i1 < -100 { fmt.Println("very") } else { x := i1 * 2; fmt.Println("neg", x) }; if v, err := parse("7"); err == nil { fmt.Println(v) }`,
	`{ i1 := 5; i1++; fmt.Println(i1) }; i1`,
	`for i := 0; i < 4; i++ { i1 := i * i; ints[i] += i1 }; ints`,
	`i1, i2`, // a mistake: reported both ways alike
	`undefinedName + 1`,
	`i1 + "x"`,
	`e`, `null`, `err`, `nilPtr == nil`, `p1`, `ptr.X`, `ints`, `sh`, `fmt.Sprint(1, 2)`, `two()`, `parse("5")`, `parse("no")`, `nothing()`, `m1`, `"text"`, `nil`, `2.50`, `1 << 3`,
	`i1;`, `parse("no");`, `fmt.Println("quiet");`, `os.Stdout.WriteString("w\n")`, `nilFunc == nil`, `_ = i1`, `_, q := two(); q`, `x, _ := two()`,
	`t1 = "changed"; t1 += "!"; flag = i1 > 0; flag`,
	`i1, p1.X, ages["z"] = p1.X, i1, 3; fmt.Println(i1, p1.X, ages)`,
	`ints[0], ints[1] = ints[1], ints[0]; ints`,
	`println("to stderr", 1, true, 2.5, -3)`,
	`fmt.Println(len("abc"), cap([3]int{}), len([...]string{2: "x"}), [3]int{1}[2-1:][0:1:1] != nil)`,
	`var _ = i1; var sq shape = sh; sq.area()`,
	// Failures: the same words at the same lines.
	"ints[\n99]", `arr[i1&7+4]`, `ints[-1+0*i1]`, `s1[50]`, `ints[5:i1&0+2]`, `ints[:100]`, `s1[3:99]`, `arr[:i1&0+9]`, `ints[2:3:99]`, `ints[u2]`,
	"i1 = 3\n10 / (i1 - 3)", `5 % (i1 - i1)`, `ua8 / (ub8 - ub8)`, `i1 << (i1 - 100)`,
	`nilPtr.X`, `nilPtr.Sum()`, `nilPtr.Move(1)`, `*nilPtr`, `nilMap["a"] = 1`, `nilFunc()`, `null.area()`, `l.Inner = nil; l.Depth`, `l.Deep()`,
	`e.(string)`, `e.(shape)`, `null.(square)`, `sh.(*circle)`, `any(nil).(int)`, `var x any = []int{1}; x == x`, `map[any]int{ints[0]: 1, any(ints): 2}`,
	"fmt.Println(\"before\")\nboom(2)\nfmt.Println(\"after\")", `panic("mine")`, `panic(err)`, `panic(fmt.Sprint(1, 2))`, `panic(m1)`, `panic(p1)`, `panic(nil)`,
	`close(ch)`, `ch <- 1`, `make([]int, i1-i1-1)`, `make([]int, 2, i1-i1+1)`, `make(chan int, i1-i1-1)`,
	"strings.Repeat(\"x\",\n -1)", `var w sync.WaitGroup; w.Done()`, `time.Sleep(-1); i1`,
	"p1.\n\tMove(1).\n\tMove(boom(0))", "fmt.Println(\n\t1,\n\tints[77],\n)", "x := 1 +\n\tints[\n\t55]",
	`var s0 []P; s0[0].X = 1`, `var pp **P; **pp`, `grid[0][9]`, `var ap *[3]int; ap[1]`, `var ap2 *[3]int; ap2[:]`,
	`undeclared := ints[44]`, `undeclared`,
}

// TestPlainLikeCompiled runs the same cells compiled and evaluated.
func TestPlainLikeCompiled(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles two hundred cells")
	}
	w := openTwo(t)
	w.compare(differTypes)
	w.compare(differVars)
	plain, all := 0, 0
	for _, code := range differCells {
		all++
		if w.compare(code) {
			plain++
		} else {
			t.Logf("not evaluated: %s", code)
		}
	}
	t.Logf("%d of %d cells were evaluated", plain, all)
	if plain < all*85/100 {
		t.Errorf("only %d of %d cells were evaluated", plain, all)
	}
}

// generator writes random cells.
type generator struct {
	rng   *rand.Rand
	calls bool // the present statement calls functions of the notebook, and so reads no memory that they might change
}

// called and loaded are the leaves that do not go together in one statement.
var (
	called = []string{"p2.Sum()", "add(i1, 3)", "n1.Twice()", "m1.String()", "sh.area()"}
	loaded = []string{"ints[2]", "ints[i2&7]", "ptr.y", `ages["ann"]`, "arr[3]", "list[1]", "l.S[0].X", "e.(int)", "[]rune(s1)[1]", "grid[1][0]", "l.Depth", "words[1]",
		"p1.X", "p1.Tag", "pair.First", "(p1 == p2)", "n1", "i1", "i2"}
)

// leaves are expressions of a type without operators.
var leaves = map[string][]string{
	"int":        {"i1", "i2", "len(s1)", "ints[2]", "ints[i2&7]", "p1.X", "ptr.y", `ages["ann"]`, "arr[3]", "list[1]", "p2.Sum()", "add(i1, 3)", "l.S[0].X", "e.(int)", "int(n1)", "12", "-3"},
	"int8":       {"a8", "b8", "int8(i2)", "int8(n2)", "-128", "127"},
	"int16":      {"a16", "b16", "int16(ua8)", "300"},
	"int32":      {"a32", "b32", "'q'", "int32(f32a)", "[]rune(s1)[1]"},
	"int64":      {"a64", "b64", "int64(i1)", "time.Second.Milliseconds()", "1<<40"},
	"uint":       {"u1", "u2", "uint(ua8)", "7"},
	"uint8":      {"ua8", "ub8", "s1[2]", "uint8(i1)", "t2[0]", "255"},
	"uint16":     {"ua16", "ub16", "uint16(a8)"},
	"uint32":     {"ua32", "ub32", "uint32(a64)"},
	"uint64":     {"ua64", "ub64", "uint64(i1)", "1<<63"},
	"float32":    {"f32a", "f32b", "float32(f1)", "float32(i2)", "0.25", "float32(ua64)"},
	"float64":    {"f1", "f2", "nan", "inf", "negZero", "grid[1][0]", "l.Depth", "sh.area()", "math.Sqrt(2)", "float64(i2)", "float64(ua64)", "1e-7", "real(c1)", "float64(m1)"},
	"complex64":  {"c64a", "c64b", "complex(f32a, 2)"},
	"complex128": {"c1", "c2", "complex(f1, f2)", "complex128(c64a)", "2i"},
	"string":     {"s1", "s2", `"lit"`, "s1[1:4]", "p1.Tag", "strings.ToUpper(s1)", "string(t1)", "pair.First", "fmt.Sprint(i1)", "words[1]", "m1.String()"},
	"bool":       {"yes", "no", "bool(flag)", "true", "(null == nil)", "(e == 42)", "(p1 == p2)", "(nan == nan)", "strings.Contains(s1, s2)"},
	"Num":        {"n1", "n2", "n1.Twice()", "Num(i1)", "5"},
	"Meters":     {"m1", "m2", "ratio", "Meters(f1)", "1.5"},
	"Text":       {"t1", "t2", "Text(s1)", "t1[1:]", `"lit"`},
	"Flag":       {"flag", "Flag(yes)", "!flag"},
}

var integerTypes = []string{"int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "Num"}
var floatTypes = []string{"float32", "float64", "Meters"}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func in(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// leaf returns an operand of a type. Constants are converted, so that constant expressions do not overflow.
func (g *generator) leaf(t string) string {
	x := pick(g.rng, leaves[t])
	for without := map[bool][]string{true: loaded, false: called}[g.calls]; in(without, x); {
		x = pick(g.rng, leaves[t])
	}
	if c := x[0]; c >= '0' && c <= '9' || c == '-' || c == '"' || c == '\'' || x == "ratio" || x == "true" || x == "2i" {
		switch {
		case t == "bool" || t == "Flag":
			return "(" + t + "(yes) && " + x + ")"
		case strings.HasPrefix(t, "complex") || in(floatTypes, t):
			return pick(g.rng, leaves[t][:2])
		case t == "string" || t == "Text":
			return "(" + leaves[t][0] + " + " + x + ")"
		default:
			return "(" + leaves[t][0] + " & " + x + ")"
		}
	}
	return x
}

func (g *generator) expr(t string, depth int) string {
	if depth == 0 {
		return g.leaf(t)
	}
	sub := func() string { return g.expr(t, depth-1) }
	numeric := append(append([]string{}, integerTypes...), floatTypes...)
	switch {
	case in(integerTypes, t):
		switch g.rng.IntN(9) {
		case 0:
			return "(" + sub() + pick(g.rng, []string{"/", "%"}) + "(" + sub() + "|1))"
		case 1:
			return "(" + sub() + pick(g.rng, []string{"<<", ">>"}) + "(" + g.expr(pick(g.rng, []string{"uint8", "uint", "uint64"}), depth-1) + "%70))"
		case 2:
			return t + "(" + g.expr(pick(g.rng, numeric), depth-1) + ")"
		case 3:
			return pick(g.rng, []string{"min", "max"}) + "(" + sub() + ", " + sub() + ")"
		case 4:
			return "(" + pick(g.rng, []string{"-", "^", "+"}) + sub() + ")"
		}
		return "(" + sub() + pick(g.rng, []string{"+", "-", "*", "&", "|", "^", "&^"}) + sub() + ")"
	case in(floatTypes, t):
		switch g.rng.IntN(6) {
		case 0:
			return t + "(" + g.expr(pick(g.rng, numeric), depth-1) + ")"
		case 1:
			return pick(g.rng, []string{"min", "max"}) + "(" + sub() + ", " + sub() + ")"
		case 2:
			return "(-" + sub() + ")"
		}
		return "(" + sub() + pick(g.rng, []string{"+", "-", "*", "/"}) + sub() + ")"
	case strings.HasPrefix(t, "complex"):
		return "(" + sub() + pick(g.rng, []string{"+", "-", "*", "/"}) + sub() + ")"
	case t == "string" || t == "Text":
		switch g.rng.IntN(5) {
		case 0:
			return "max(" + sub() + ", " + sub() + ")"
		case 1:
			if t == "string" {
				basic := func() string {
					return g.expr(pick(g.rng, []string{"int", "uint8", "float64", "bool", "complex128"}), depth-1)
				}
				return "fmt.Sprint(" + basic() + ", " + basic() + ")"
			}
			return "Text(" + g.expr("string", depth-1) + ")"
		}
		return "(" + sub() + " + " + sub() + ")"
	case t == "bool":
		k := g.kind()
		switch {
		case g.rng.IntN(3) == 0:
			return "(" + sub() + pick(g.rng, []string{" && ", " || ", " == ", " != "}) + sub() + ")"
		case strings.HasPrefix(k, "complex") || k == "bool" || k == "Flag":
			return "(" + g.expr(k, depth-1) + pick(g.rng, []string{" == ", " != "}) + g.expr(k, depth-1) + ")"
		}
		return "(" + g.expr(k, depth-1) + pick(g.rng, []string{" < ", " <= ", " > ", " >= ", " == ", " != "}) + g.expr(k, depth-1) + ")"
	case t == "Flag":
		return "Flag(" + g.expr("bool", depth-1) + ")"
	}
	return g.leaf(t)
}

func (g *generator) kind() string {
	kinds := append(append([]string{"complex64", "complex128", "string", "bool", "Text", "Flag"}, integerTypes...), floatTypes...)
	return pick(g.rng, kinds)
}

func (g *generator) value(depth int) string { return g.expr(g.kind(), depth) }

// statement returns a random statement; k is its number in the cell.
func (g *generator) statement(k int) string {
	t := g.kind()
	g.calls = g.rng.IntN(3) == 0
	places := map[string][]string{
		"int": {"i1", "i2", "ints[3]", "ints[i2&7]", "arr[1]", "p1.X", "ptr.y", `ages["new"]`, "l.S[0].X", "l.y", "pair.Second"}, "int8": {"a8", "b8"}, "int16": {"a16"},
		"int32": {"b32"}, "int64": {"b64"}, "uint": {"u1"}, "uint8": {"ub8"}, "uint16": {"ub16"}, "uint32": {"ub32"}, "uint64": {"ub64"}, "float32": {"f32a", "f32b"},
		"float64": {"f1", "f2", "grid[1][1]", "l.Depth"}, "complex64": {"c64a"}, "complex128": {"c2"}, "string": {"p1.Tag", `words[0]`}, "bool": {"no"},
		"Num": {"n1", "n2"}, "Meters": {"m1", "m2"}, "Text": {}, "Flag": {"flag"},
	}
	place := ""
	if len(places[t]) > 0 && !g.calls {
		place = pick(g.rng, places[t])
	}
	show := fmt.Sprintf("; fmt.Printf(\"%%T %%v\\n\", r%d, r%d)", k, k)
	switch n := g.rng.IntN(10); {
	case n < 4 || place == "":
		return fmt.Sprintf("r%d := %s%s", k, g.expr(t, 1+g.rng.IntN(3)), show)
	case n < 6 && t != "bool" && t != "Flag":
		op := "+="
		if in(integerTypes, t) {
			op = pick(g.rng, []string{"+=", "-=", "*=", "&=", "|=", "^=", "&^="})
		} else if t != "string" {
			op = pick(g.rng, []string{"+=", "-=", "*=", "/="})
		}
		return fmt.Sprintf("%s %s %s; fmt.Println(%s)", place, op, g.expr(t, 2), place)
	case n < 8:
		return fmt.Sprintf("%s = %s; fmt.Println(%s)", place, g.expr(t, 2), place)
	case n == 8 && !g.calls:
		return fmt.Sprintf("r%d := []any{%s, %s, []%s{%s}, map[string]%s{\"k\": %s}, &P{X: %s}, L{S: []P{{y: %s}}}.S}; fmt.Println(len(r%d), r%d[0], r%d[2:4], r%d[4].(*P).X, r%d[5])",
			k, g.value(2), g.value(1), t, g.expr(t, 1), t, g.expr(t, 1), g.expr("int", 1), g.expr("int", 1), k, k, k, k, k)
	default:
		return fmt.Sprintf("if %s { fmt.Println(%s) } else { fmt.Println(%s) }", g.expr("bool", 2), g.value(2), g.value(1))
	}
}

// TestGeneratedPlainCells runs random statements: fifty to a cell that is compiled, so that the compiler is called seldom,
// and each a cell of its own that is evaluated. SADDLE_TEST_PLAIN=500 runs as many such cells, each time others.
func TestGeneratedPlainCells(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles cells")
	}
	rounds, seed := 7, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("SADDLE_TEST_PLAIN")); err == nil {
		rounds, seed = n, rand.Uint64()
	}
	t.Logf("seed %d", seed)
	w := openTwo(t)
	w.compare(differTypes)
	w.compare(differVars)
	w.compare(orderVars)
	w.compare(orderFuncs)
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0))}
	all, before := 0, w.plain.s.Evaluated()
	for round := range rounds {
		var cell, got strings.Builder
		for k := range 50 {
			w.plain.s.WaitTables()
			st := g.statement(k)
			if round%3 == 2 {
				st = g.ordered(k)
			}
			fmt.Fprintf(&cell, "%s; fmt.Println(%q)\n", st, st)
			out, _, err := w.plain.try(st)
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, strings.Join(err.Traceback, "\n"), st)
			}
			got.WriteString(out + st + "\n")
			all++
		}
		want, _, err := w.compiled.try(cell.String())
		if err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(err.Traceback, "\n"))
		}
		if want != got.String() {
			a, b := strings.Split(want, "\n"), strings.Split(got.String(), "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("compiled: %s\nevaluated: %s\n%s", a[i], b[i], strings.Join(a[i:min(len(a), i+4)], "\n"))
				}
			}
		}
		w.compare(`fmt.Println(i1, i2, a8, b8, a16, b32, b64, u1, ub8, ub16, ub32, ub64, f32a, f32b, f1, f2, c64a, c2, n1, n2, m1, m2, flag, no, ints, arr, p1, *ptr, ages, grid, l.P, l.S, l.Depth, pair, words)`)
		if t.Failed() {
			return
		}
	}
	if n := w.plain.s.Evaluated() - before; n < all*90/100 {
		t.Errorf("only %d of %d statements were evaluated", n, all)
	}
}
