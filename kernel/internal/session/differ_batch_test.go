package session_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// batchTypes and batchVars are what the statements of the batch use beside differTypes and differVars.
const batchTypes = `type bad struct{}
func (b bad) area() string { return "x" }
func (b bad) Error() int { return 1 }
type fields struct { A, B *P; Arr [3]int; M map[string]int }
type Iface struct { shape; N int }
func say(n int) int { fmt.Println("say", n); return n }
func alter(b []byte) string { b[0]++; return string(b) }
func feed(c chan int) int { c <- 1; return 1 }
func pf(x, y float64) (float64, float64) { return x, y }
func mk(s string) string { fmt.Print("mk ", s, " "); return s }
func anyOf(x any) any { fmt.Println("anyOf", x); return x }
type Kw struct { A int; B any }
func same(p *P) *P { fmt.Println("same"); return p }
func fl(x float64) float64 { fmt.Println("fl", x); return x }
func ar() [3]int { fmt.Println("ar"); return [3]int{7,8,9} }
func gives(n int) (int, error) { if n > 3 { return n, errors.New("big") }; return n, nil }
func vf(pre string, xs ...any) int { fmt.Println(pre, len(xs), xs == nil, xs); return len(xs) }
func nilChan() chan int { return nil }
func same2(x *Node2) *Node2 { fmt.Println("same2"); return x }
func runesOf(s string) []rune { return []rune(s) }
func k9() int8 { return 9 }
func names(xs ...string) []string { return xs }
func (p P) Val(xs ...int) int { return p.X + len(xs) }
type Node2 struct { V int; Next *Node2 }
type Emb struct { *L; N int }
type Str string
func (s Str) Len() int { return len(s) }
type Fl func(float64) float64
func (f Fl) Twice(x float64) float64 { return f(f(x)) }
type M2 map[string][]int
func (m M2) Put(k string, v int) { m[k] = append(m[k], v) }
type Mat [2][2]float64
func (m *Mat) Set(i, j int, v float64) { m[i][j] = v }
func (m Mat) At(i, j int) float64 { return m[i][j] }
type fields2 struct { P *P; L []int }`

const batchVars = `arrs := [][3]int{{1, 2, 3}}
bs := []byte("hello")
chq := make(chan int, 10)
var nilFields *fields
fd := fields{A: &P{1, 2, "a"}}
var bads any = bad{}
var ifc Iface
var nilAny any
var ap *[3]int
var mm map[any]int
fm := map[float64]int{}
nm := map[string]Num{"a": 5}
ui := uint64(1) << 63
neg := -1
zero := 0
k8 := int8(-1)
nested := &fields2{}
var errNil error
str := "abc"
one := 1
aa := [3][]int{{1}, {2, 3}, nil}
head := &Node2{1, &Node2{2, nil}}
emb := Emb{L: &l, N: 4}
var embn Emb
fn := Fl(func(x float64) float64 { return x * 2 })
m2 := M2{"a": {1}}
var mat Mat
sstr := Str("héy")
ps := []*P{{1, 2, "a"}, nil}
mps := map[string]*P{"a": {3, 4, "m"}}
mst := map[string]P{"a": {3, 4, "m"}}
key := "k"
anys := []any{1, "a", nil, 2.5, P{1, 2, "x"}, &p1, []int{1}}
var rd io.Reader = strings.NewReader("abc")
var nrd io.Reader
fs := []func(int) int{nil}
mf := map[string]Fl{"d": fn}`

// batch are statements whose panics, in what they say and where, and whose effects until then are easily got wrong.
var batch = []string{
	`ints[99] = say(1)`,
	`nilPtr.X = say(2)`,
	`*nilPtr = P{X: say(3)}`,
	`i1, ints[99] = 77, say(4)`,
	`fmt.Println(i1)`,
	`i1, nilPtr.X = 78, 1`,
	`fmt.Println(i1)`,
	`i1, nilMap["x"] = 79, 1`,
	`fmt.Println(i1)`,
	`fd.B.X = say(5)`,
	`nilFields.A.X = say(6)`,
	`nilFields.Arr[1] = say(7)`,
	`arrs[7][1] = say(8)`,
	`ap[1] = say(9)`,
	`for i := range nilFields.Arr { fmt.Println(i) }`,
	`for i := range arrs[99] { fmt.Println(i) }`,
	`for i, v := range arrs[99] { fmt.Println(i, v) }`,
	`for range nilFields.Arr { fmt.Println("r") }`,
	`x := bads.(shape); fmt.Println(x)`,
	`x := bads.(error); fmt.Println(x)`,
	`x := nilAny.(fmt.Stringer); fmt.Println(x)`,
	`x := nilAny.(shape); fmt.Println(x)`,
	`x := null.(fmt.Stringer); fmt.Println(x)`,
	`x := sh.(fmt.Stringer); fmt.Println(x)`,
	`x := nilAny.(int); fmt.Println(x)`,
	`x := errNil.(fmt.Stringer); fmt.Println(x)`,
	`fmt.Println(string(bs) + alter(bs))`,
	`fmt.Println(len(chq) + feed(chq))`,
	`q := &*nilPtr; fmt.Println(q == nil)`,
	`q := &nilPtr.X; fmt.Println(q)`,
	`q := &nilSlice[0]; fmt.Println(q)`,
	`mm[ints] = 1`,
	`fmt.Println(mm[ints])`,
	`delete(mm, any(ints))`,
	`nm["z"] <<= neg`,
	`fmt.Println(nm)`,
	`nm["z"] /= Num(zero)`,
	`fmt.Println(nm)`,
	`nilMap["q"] += 1`,
	`nilMap["q"] /= zero`,
	`fm[nan] = 1; fm[nan] = 2; fmt.Println(len(fm), fm[nan]); fm[negZero] = 3; fmt.Println(fm[0]); delete(fm, nan); fmt.Println(len(fm)); clear(fm); fmt.Println(len(fm))`,
	`fmt.Println(map[string]int{mk("a"): 1, "a": 2})`,
	`fmt.Println(map[string]int{mk("a"): 1, mk("a"): 2})`,
	`fmt.Println(map[string]int{str: 1, "abc": 2, "d": say(3)})`,
	`fmt.Println(ints[k8], 1)`,
	`fmt.Println(ints[5:k8])`,
	`fmt.Println(s1[neg:])`,
	`fmt.Println(s1[9:])`,
	`fmt.Println(ints[9:])`,
	`fmt.Println(ints[3:2+zero])`,
	`fmt.Println(ints[3:5:4+zero])`,
	`fmt.Println(ints[3:5:neg])`,
	`fmt.Println(ints[zero+9:9:9])`,
	`fmt.Println(arr[zero+3:2])`,
	`fmt.Println(arr[neg:2])`,
	`fmt.Println(words[1][9:])`,
	`ifc.area()`,
	`fmt.Println(ifc.N, ifc.shape == nil)`,
	`ifc.shape = square{2}; fmt.Println(ifc.area())`,
	`fmt.Println(nested.P.X)`,
	`nested.P.X = say(5)`,
	`nested.L[2] = say(6)`,
	`nested.L = append(nested.L, 1, 2, 3); nested.L[2] += say(6); fmt.Println(nested.L)`,
	`fmt.Println(complex(pf(1, 2)))`,
	`fmt.Println(append([]int(nil), 1), cap(append(ints[:2:2], 5)))`,
	`i1, ints[i1-79] = 0, 5; fmt.Println(i1, ints)`,
	`ints[0], i1 = i1, ints[1]; fmt.Println(i1, ints)`,
	`i1 = 2; i1, ints[i1] = 5, 66; fmt.Println(i1, ints)`,
	`ptr.X, ptr = 100, nil; fmt.Println(ptr)`,
	`ptr = &P{1, 2, "n"}; ptr, ptr.X = nil, 100; fmt.Println(ptr)`,
	`ptr = &P{1, 2, "n"}; fmt.Println(*ptr)`,
	`arr[0], arr = 9, [4]int{1, 1, 1, 1}; fmt.Println(arr)`,
	`arr, arr[0] = [4]int{2, 2, 2, 2}, 9; fmt.Println(arr)`,
	`list, list[0] = List{5, 6}, 99; fmt.Println(list)`,
	`var a any = p1; var b any = p1; fmt.Println(a == b, a == any(p2), a != nil)`,
	`var a any = L{}; fmt.Println(a == a)`,
	`var a any = map[string]int{}; fmt.Println(a == any(1), a == a)`,
	`var a any = nilFunc; fmt.Println(a != nil, a == a)`,
	`var a, b any = [2]any{1, ints}, [2]any{2, ints}; fmt.Println(a == b); fmt.Println(a == a)`,
	`var a, b any = [2]any{ints, 1}, [2]any{ints, 2}; fmt.Println(a == b)`,
	`for i := 0; i < 3; i++ { i1 := i; i1 += 5; fmt.Print(i1, " ") }`,
	`for i := uint8(0); i < 3; i++ { fmt.Printf("%T ", i) }`,
	`for i := range uint8(3) { fmt.Printf("%T ", i) }`,
	`for i := range Num(3) { fmt.Printf("%T ", i) }`,
	`for i, v := range [...]string{2: "x"} { fmt.Print(i, v) }`,
	`for i := range 4 { if i == 1 { continue }; for j := range 4 { if j > i { break }; fmt.Print(i, j, ";") } }`,
	`_ = ints[99]`,
	`_, _ = ints[1], nilPtr.X`,
	`ints[1], _ = 5, nilPtr.X`,
	`fmt.Println(ints)`,
	`fmt.Println(1/zero, ints[99])`,
	`fmt.Println(ints[99], 1/zero)`,
	`fmt.Println(n1 << neg)`,
	`fmt.Println(1 << zero >> neg)`,
	`fmt.Println(p1.Sum() / (i2 - i2))`,
	`fmt.Println(int8(-128) / int8(neg), a8 / k8, a8 % k8)`,
	`fmt.Println(min(f1, nan, 3), max(negZero, 0), min(s1, s2, "a"))`,
	`fmt.Println(string(rune(neg)), string(rune(ua64)), string(rune(0xD800+zero)), []rune("\xff"), []byte("é")[1:])`,
	`fmt.Println(uint8(f2), int(nan), uint(inf), int32(inf), uint64(-f1), int64(1e19*f1*10), int8(300.7+f1), uint32(-1.5-f1), uint64(1e19+f1))`,
	`fmt.Println(uint8(f32b), int(f32b*1e20), uint64(f32b*1e12), int16(-f32b), uint32(f32b*1e5))`,
	`fmt.Println(float32(i2), float64(ua64), float32(ua64), float64(b64), float32(f2), float32(1e-50*f1))`,
	`wg := sync.WaitGroup{}; wg.Wait(); var mu sync.Mutex; mu.Lock(); mu.Unlock(); fmt.Println(mu.TryLock())`,
	`panic(errors.New("e1"))`,
	`fmt.Println(L{}.Depth)`,
	`fmt.Println((&L{}).Inner.Depth)`,
	`fmt.Println(anyOf(1) == anyOf(1), anyOf(ints) == nil)`,
	`fmt.Println(anyOf(ints) == anyOf(ints))`,
	`fmt.Println(time.Duration(f1).String(), time.Duration(1500).Round(1000))`,
	`fmt.Println(make([]int, neg))`,
	`fmt.Println(make([]int, 1, zero))`,
	`fmt.Println(make(map[string]int, neg))`,
	`fmt.Println(make([]int, 1<<62+zero))`,
	`fmt.Println(len(make([]int, k8+5)), cap(make([]int, 2, 3+zero)))`,
	`chq <- 1; close(chq); close(chq)`,
	`var nc chan int; close(nc)`,
	`chq <- 5`,
	`x, ok := <-chq; y := <-chq; fmt.Println(x, ok, y)`,
	"fmt.Println(\n\t1,\n\tints[\n\t\tzero+77],\n)",
	"fmt.Println(\n\t1 +\n\t\t2*\n\t\t\t(3 /\n\t\t\t\tzero))",
	"x := 3 /\n\tzero",
	"i1 = 5\ni1 /=\n\tzero",
	"nilPtr.\n\tX = 5",
	"ints[\n\t99]++",
	"ints[zero] +=\n\tints[\n\t\t99]",
	"nilMap[\n\t\"a\"] =\n\t1",
	"nilMap[\n\t\"a\"]++",
	"fmt.Println(e.(\n\tstring))",
	"fmt.Println(e.\n\t(string))",
	"x, y := 1, e.\n\t(string); _, _ = x, y",
	"fmt.Println(s1[\n\t1:\n\t99])",
	"fmt.Println(arr[\n\tzero+\n\t7])",
	"_ = map[string]int{\n\t\"a\": 1,\n\t\"b\": 3 /\n\t\tzero,\n}",
	"_ = map[any]int{\n\t1: 1,\n\tany(ints): 2,\n\t3: 4,\n}",
	"_ = []int{\n\t1,\n\tints[99],\n}",
	"_ = P{\n\tX: 1,\n\ty: ints[\n\t\t99],\n}",
	"if zero == 0 &&\n\tints[99] == 1 {\n\tfmt.Println()\n}",
	"for i := range 3 {\n\tfmt.Println(ints[6+\n\t\ti])\n}",
	"for i := 0; i < 9; i++ {\n\tints[\n\t\ti] = i\n}",
	"a, b :=\n\t1,\n\tnilPtr.X; _, _ = a, b",
	"var q = nilPtr.\n\tX; _ = q",
	"var p5 *P =\n\tps[\n\t5]; _ = p5",
	"null.\n\tarea()",
	"fs[0](\n\t1)",
	"close(\n\tnilChan())",
	"panic(\n\t\"a\" +\n\t\t\"b\")",
	"panic(\n\tfmt.Sprint(\n\t\t\"a\"))",
	"fmt.Println(any(ints) ==\n\tany(ints))",
	"fmt.Println(1 <<\n\tneg)",
	"i1 = 4\ni1 <<=\n\tneg",
	"fmt.Println(make(\n\t[]int,\n\tneg))",
	"fmt.Println(*\n\tnilPtr)",
	"*nilPtr =\n\tP{}",
	"fmt.Println((*nilPtr).\n\tX)",
	"fmt.Println(&nilPtr.\n\tX)",
	"fmt.Println(nilPtr.\n\tSum())",
	`emb.Move(1); emb.Sink(); fmt.Println(emb.X, emb.Depth, emb.N, emb.Sum(), emb.L.P.X)`,
	"fmt.Println(embn.\n\tDepth)",
	"embn.\n\tMove(1)",
	"fmt.Println(embn.\n\tSum())",
	"embn.L.P.\n\tX = say(3)",
	"emb.\n\tInner.Depth = fl(3)",
	`fmt.Println(fn.Twice(3), mf["d"].Twice(1), mf["d"](4), sstr.Len(), sstr[1:], sstr+"x")`,
	`m2.Put("a", 5); m2.Put("b", 6); m2["c"] = append(m2["c"], 1); m2["a"][0]++; fmt.Println(m2, len(m2["zz"]))`,
	`mat.Set(1, 0, 2.5); mat[0][1] = 7; mat[1][1] += 2; fmt.Println(mat, mat.At(1, 0), mat[1]); m3 := mat; m3[0][0] = 1; fmt.Println(mat == m3, m3 != mat)`,
	`for i := range ar() { fmt.Println(i) }`,
	`for i := range aa { fmt.Print(i) }; for i := range aa[1] { fmt.Print(i) }`,
	`for i, v := range aa { fmt.Print(i, v) }`,
	`for i := range [3]int{say(1), 2} { fmt.Println(i) }`,
	`for i := range [3]int{ints[0], 2} { fmt.Println(i) }`,
	`for i := range [2]int{ints[99]} { fmt.Println(i) }`,
	`for i, _ := range [2]int{1, 2} { fmt.Println(i) }`,
	`for _, v := range arr { arr[3] = 77; fmt.Print(v, " ") }; fmt.Println(arr)`,
	`for i, v := range []int{5, 6, 7} { ints[i] = v }; fmt.Println(ints)`,
	`fmt.Println(map[any]int{key: 1, "k": 2}, map[string]any{key: 1, "k": 2}, map[string]any{"k": nil, key: 1}, map[P]int{{X: 1}: 2, p2: 5, {X: 5}: 3})`,
	`fmt.Println(map[Kw]int{{1, 2}: 2, {A: 1, B: zero+2}: 3, {1, nil}: 7})`,
	`fmt.Println(map[string]int{key: zero, "k": 5, "j": 6, str: 2, "abc": 9})`,
	`fmt.Println(map[bool]int{zero == 0: 1, true: 2})`,
	`fmt.Println(map[string][]int{key: {1}, "k": {2}})`,
	`fmt.Println(map[string]P{key: {1, 1, ""}, "k": {2, 2, ""}}, map[string]*P{key: {1, 1, ""}, "k": nil}["k"] == nil)`,
	`fmt.Println(map[float64]int{nan: 1, 0.5: 2, f1 + 0.4: 3})`,
	`if v, err := gives(2); err != nil { fmt.Println("bad", v) } else if w, err2 := gives(5); err2 != nil { fmt.Println("good", v, w, err2) }`,
	`v, err9 := gives(9); fmt.Println(v, err9)`,
	`fmt.Println(names() == nil, names("a", "b"), names(words...), p1.Val(), p1.Val(1, 2), ptr.Val(ints...), (&p1).Val(3), P{}.Val())`,
	`fmt.Println(head.Next.V, head.Next.Next == nil); head.Next.Next = &Node2{V: 9}; fmt.Println(head.Next.Next.V); head, head.Next = head.Next, nil; fmt.Println(head.V, head.Next.V)`,
	"fmt.Println(head.Next.Next.\n\tNext)",
	`head.Next.Next = nil`,
	`head.Next.Next.V = say(4)`,
	`head.Next.Next.Next = same2(head)`,
	`mst["a"] = P{1, 1, "z"}; mps["a"].X = 44; fmt.Println(mst, mps["a"].X, mst["no"].X)`,
	`mps["no"].X = say(7)`,
	"mps[\"no\"].\n\tX = 7",
	`fmt.Println(anys[4] == any(P{1, 2, "x"}), anys[5] == any(&p1), anys[2] == nil, anys[0] == any(1), anys[3] == 2.5, anys[4].(P).X, anys[5].(*P).X)`,
	`fmt.Println(anys[6] == any(1)); fmt.Println(anys[6] == anys[6])`,
	`fmt.Println(rd == nil, nrd == nil, rd.(*strings.Reader).Len(), rd.(io.Seeker) != nil); _, isC := rd.(io.Closer); fmt.Println(isC)`,
	`x := rd.(io.Closer); _ = x`,
	`x := rd.(fmt.Stringer); _ = x`,
	`x := rd.(*bytes.Buffer); _ = x`,
	`x := nrd.(*bytes.Buffer); _ = x`,
	`x := nrd.(io.Closer); _ = x`,
	`x := rd.(io.ReadWriteCloser); _ = x`,
	`b := make([]byte, 2); n, err3 := rd.Read(b); fmt.Println(n, err3, string(b))`,
	`n, err4 := nrd.Read(nil); fmt.Println(n, err4)`,
	`fmt.Println(string(ints[0]+'a'), string(runesOf(s1)), Str(s1), []byte(sstr), []rune(sstr), string(sstr))`,
	`ints = append(ints[:1], ints[2:]...); fmt.Println(ints, len(ints), cap(ints))`,
	`ints = append(ints, ints...); fmt.Println(ints); ints = ints[:0]; fmt.Println(ints, len(ints)); ints = append(ints, 1, 2, 3, 4, 5, 6, 7, 8)`,
	`nilSlice = append(nilSlice, nilSlice...); fmt.Println(nilSlice == nil, append([]int{}, nilSlice...) == nil)`,
	`bb := []byte("x"); bb = append(bb, s1...); bb = append(bb, bb[1:]...); fmt.Println(bb, string(bb))`,
	`c := append([]any{}, anys[0], nil, "x", anys); fmt.Println(len(c), c[1] == nil)`,
	`errs := []error{nil, err}; errs = append(errs, nil, errors.New("q")); fmt.Println(errs, errs[0] == nil, len(errs))`,
	`shapes := []shape{square{2}, &circle{1}, nil}; fmt.Println(shapes[0].area(), shapes[1].area(), shapes[2] == nil, area(shapes[2])); shapes[0] = other; fmt.Println(shapes[0] == other)`,
	`var x shape = square{1}; y := x; x = square{2}; fmt.Println(x.area(), y.area(), x == y)`,
	`i, j := 1, 2; i, j = j, i; i, k := 10, j; fmt.Println(i, j, k)`,
	`a, b, c := 1, 2.5, "x"; a, b, c = a+1, b*2, c+"y"; fmt.Println(a, b, c)`,
	`x := 5; p := &x; *p++; *p *= 3; pp := &p; **pp -= 1; fmt.Println(x, *p == x, *pp == p)`,
	`x := [3]int{1, 2, 3}; y := x; p := &x; p[1] = 50; s := x[:]; s[0] = 9; fmt.Println(x, y, len(p), cap(s), p[1:])`,
	`fmt.Println(min(3, zero, 7), max(2.5, f1), min("b", str), max(ua8, ub8), min(int8(3), k9()))`,
	"nilPtr.\n\tTag = \"x\"",
	"nilPtr.\n\tX, i1 =\n\t1, 2",
	"*\nnilPtr = P{}",
	"nilMap[\n\t\"a\"]++",
	"fmt.Println(nilPtr.\n\tSum(\n\t))",
	"nilPtr.\n\tX =\n\t3 /\n\t\tzero",
}

// caught runs a statement, and says what it panicked with and in which line of the cell.
const caught = `func caught(statement func()) {
	defer func() {
		failure := recover()
		if failure == nil {
			return
		}
		pc := make([]uintptr, 50)
		frames := runtime.CallersFrames(pc[:runtime.Callers(1, pc)])
		panicked, line := false, 0
		for {
			f, more := frames.Next()
			panicked = panicked || f.Function == "runtime.gopanic"
			if panicked && strings.HasPrefix(f.File, "Cell[") { line = f.Line; break }
			if !more { break }
		}
		fmt.Printf("\n@panic@%v@%d", failure, line)
	}()
	statement()
}`

var cellLine = regexp.MustCompile(`Cell\[\d+\]:(\d+)`)

// TestPlainStatements runs statements, each as a cell of its own that is evaluated, and all in one cell that is compiled.
func TestPlainStatements(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles cells")
	}
	w := openTwo(t)
	for _, code := range []string{differTypes, differVars, batchTypes, batchVars} {
		w.compare(code)
	}
	var got []string
	before := w.plain.s.Evaluated()
	for _, st := range batch {
		out, _, err := w.plain.try(st + "\n;")
		if err != nil {
			line := cellLine.FindStringSubmatch(strings.Join(err.Traceback, "\n"))
			if err.Name != "panic" || line == nil {
				t.Fatalf("%v\n%s", err, st)
			}
			out += fmt.Sprintf("\n@panic@%s@%s", strings.TrimPrefix(err.Value, "panic: "), line[1])
		}
		got = append(got, out)
	}
	if n := w.plain.s.Evaluated() - before; n < len(batch)*85/100 {
		t.Errorf("only %d of %d statements were evaluated", n, len(batch))
	}
	var cell strings.Builder
	begins := make([]int, len(batch))
	for i, st := range batch {
		cell.WriteString("caught(func() {\n")
		begins[i] = strings.Count(cell.String(), "\n")
		fmt.Fprintf(&cell, "%s\n})\nfmt.Print(\"\\n@end%d\\n\")\n", st, i)
	}
	w.compiled.run(caught, "")
	out, _, err := w.compiled.try(cell.String())
	if err != nil {
		t.Fatal(err, strings.Join(err.Traceback, "\n"))
	}
	// The cell's own printing shows the names of types as the compiler knows them.
	names := strings.NewReplacer("Ⱟmain.", "main.", "Ⱟ", "")
	for i, st := range batch {
		var want string
		want, out, _ = strings.Cut(out, fmt.Sprintf("\n@end%d\n", i))
		if k := strings.LastIndex(want, "@"); strings.Contains(want, "\n@panic@") {
			line := 0
			fmt.Sscan(want[k+1:], &line)
			want = fmt.Sprintf("%s@%d", want[:k], line-begins[i])
		}
		if names.Replace(want) != names.Replace(got[i]) {
			t.Errorf("%s\n--- compiled\n%s\n--- evaluated\n%s", st, want, got[i])
		}
	}
}
