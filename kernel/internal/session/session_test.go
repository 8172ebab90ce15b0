package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/session"
)

// record is an Output that keeps what it is given.
type record struct {
	mu     sync.Mutex
	text   strings.Builder // streams, figures in brackets
	result map[string]any
	wrote  chan string
}

func (r *record) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(s)
	if r.wrote != nil {
		select {
		case r.wrote <- s:
		default:
		}
	}
}
func (r *record) Stream(name, text string) { r.add(text) }
func (r *record) Display(d session.Display) {
	if d.Update {
		r.add("updated to ")
	}
	r.add(fmt.Sprintf("[%v]", d.Data["text/html"]))
}
func (r *record) Result(d session.Display) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = d.Data
}
func (r *record) Clear(bool)                         {}
func (r *record) Comm(string, map[string]any)        {}
func (r *record) Page(session.Display)               {}
func (r *record) Input(string, bool) (string, error) { return "", fmt.Errorf("no input here") }

// book is a session in a test.
type book struct {
	t     *testing.T
	s     *session.Session
	count int
}

func open(t *testing.T) *book {
	t.Helper()
	return openWith(t, session.Config{})
}

// openIn opens a session for a notebook in a folder.
func openIn(t *testing.T, dir string) *book {
	t.Helper()
	return openWith(t, session.Config{Notebook: dir})
}

func openWith(t *testing.T, cfg session.Config) *book {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	cache := os.Getenv("SADDLE_TEST_CACHE")
	if cache == "" {
		cache, err = os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(cache, "saddle-test")
	}
	cfg.Source, cfg.Cache = root, cache
	if cfg.Notebook == "" {
		cfg.Notebook = t.TempDir()
	}
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &book{t: t, s: s}
}

// try runs a cell and returns its output, the result as text, and its error.
func (b *book) try(code string) (out string, result string, err *session.CellError) {
	b.t.Helper()
	b.count++
	r := &record{}
	res := b.s.Execute(context.Background(), session.Cell{Code: code, Count: b.count}, r)
	if r.result != nil {
		result = fmt.Sprint(r.result["text/plain"])
	}
	return r.text.String(), result, res.Err
}

// run runs a cell that must succeed, and wants its output and result to be as given.
func (b *book) run(code, want string) {
	b.t.Helper()
	out, result, err := b.try(code)
	if err != nil {
		b.t.Fatalf("cell %d failed: %v\n%s\n%s", b.count, err, strings.Join(err.Traceback, "\n"), code)
	}
	if got := out + result; got != want {
		b.t.Fatalf("cell %d gave %q, want %q\n%s", b.count, got, want, code)
	}
}

// fail runs a cell that must fail with an error that mentions all of the words.
func (b *book) fail(code string, words ...string) {
	b.t.Helper()
	_, _, err := b.try(code)
	if err == nil {
		b.t.Fatalf("cell %d succeeded\n%s", b.count, code)
	}
	text := err.Name + ": " + err.Value + "\n" + strings.Join(err.Traceback, "\n")
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.t.Fatalf("cell %d: the error does not mention %q:\n%s", b.count, w, text)
		}
	}
}

func TestValuesStay(t *testing.T) {
	b := open(t)
	b.run(`fmt.Println("hello")`, "hello\n")
	b.run("x := 41\ny, s := 1, \"text\"", "")
	b.run("x + y", "42")
	b.run("x++\nfmt.Print(s)\nx", "text42")
	b.run("func double(n int) int { return 2 * n }\ndouble(x)", "84")
	b.run("counter := 0\nnext := func() int { counter++; return counter }", "")
	b.run("next(); next()", "2")
	b.run("counter", "2")
	b.run("x := \"now a string\"", "")
	b.run("x", "now a string")
	b.run("x := len(x)\nx", "12")
	b.run("x;", "")
	b.run("var grid [3][3]float64\ngrid[1][1] = 2.5", "")
	b.run("grid[1][1]", "2.5")
	b.run("sum := 0\nfor i := 0; i < 4; i++ {\n\tsum += i\n}\nif h := sum / 2; h > 2 { fmt.Print(h) }\nsum", "36")
	b.run("func check(ok bool) error { if !ok { return errors.New(\"no\") }; return nil }\ncheck(true)", "")
	b.fail("check(false)", "no")
	b.run("unused := 3\nfor i, v := range []int{1, 2} {\n}\nfunc() { z := 3 }()", "")
}

func TestLowerCase(t *testing.T) {
	b := open(t)
	b.run("type point struct { x, y int }\np := point{x: 1, y: 2}", "")
	b.run("p.x + p.y", "3")
	b.run("p", "{1 2}")
	b.run(`fmt.Printf("%+v %T\n", p, p)`, "{x:1 y:2} main.point\n")
	b.run("type shape interface { area() float64 }", "")
	b.run("type square struct { side float64 }\nfunc (s square) area() float64 { return s.side * s.side }", "")
	b.run("var s shape = square{3}\ns.area()", "9")
	b.run("type pair[K comparable, V any] struct { key K; val V }\nfunc (p pair[K, V]) show() string { return fmt.Sprint(p.key, p.val) }", "")
	b.run("1", "1")
	b.run("q := pair[string, int]{\"a\", 1}\nq.show()", "a1")
	b.run("q.val", "1")
	b.run(`fmt.Printf("%T %T\n", q, pair[point, point]{})`, "main.pair[string,int] main.pair[main.point,main.point]\n")
	b.run(`fmt.Sprintf("%T %v", &q, reflect.TypeOf(s))`, "*main.pair[string,int] main.square")
	b.fail("any(p).(shape)", "main.point is not main.shape: missing method area")
	b.run("data, _ := json.Marshal(struct { a int; B int }{1, 2})\nstring(data)", `{"B":2}`)
	// Structs without a name, fields that share a type, and tags.
	b.run("v := struct{ a, B int }{1, 2}\nw := struct{ a int `json:\"x\" db:\"q\"`; B int `json:\"b\"` }{3, 4}\ntype mixed struct { a, B int; c, D string `json:\"q\"` }\nm := mixed{1, 2, \"3\", \"4\"}", "")
	b.run("func() { x, _ := json.Marshal([]any{v, w, m}); fmt.Printf(\"%s %v %+v %T %T\", x, v, w, v, w) }()",
		`[{"B":2},{"b":4},{"B":2,"q":"4"}] {1 2} {a:3 B:4} struct { a int; B int } struct { a int "json:\"x\" db:\"q\""; B int "json:\"b\"" }`)
	b.run("v = struct{ a, B int }{5, 6}\nv == struct{ a, B int }{5, 6}", "true")
	b.run("reflect.TypeOf(w).Field(0).Tag.Get(\"db\")", "q")
	b.run("type base struct { id int }\ntype derived struct { base; name string }", "")
	b.run("d := derived{base{7}, \"n\"}\nd.id + d.base.id", "14")
}

func TestMethodsLater(t *testing.T) {
	b := open(t)
	b.run("type temp float64\nt1 := temp(20)\nlist := []temp{1, 2}\nvar boxed any = t1", "")
	b.run("func (t temp) double() temp { return 2 * t }",
		"boxed holds, in an interface, a value of the type temp from before this cell, which is another type now: run Cell[1] again to set it anew.\n")
	b.run("t1.double()", "40")
	b.run("list[1].double()", "4")
	b.run("func (t temp) double() temp { return 20 * t }", "")
	b.run("t1.double()", "400")
}

func TestRecursionAcrossCells(t *testing.T) {
	b := open(t)
	if _, _, err := b.try("func even(n int) bool { if n == 0 { return true }; return odd(n - 1) }"); err != nil {
		t.Fatal(err)
	}
	b.fail("even(3)", "odd", "even")
	b.run("func odd(n int) bool { if n == 0 { return false }; return even(n - 1) }", "")
	b.run("even(10), odd(7)"[:8], "true")
	b.run("odd(7)", "true")
	b.run("func fact(n int) int { if n < 2 { return 1 }; return n * fact(n-1) }\nfact(10)", "3628800")
}

func TestRedefinition(t *testing.T) {
	b := open(t)
	b.run("inits := 0\nfunc step() int { return 1 }", "")
	b.run("func run() int { return 10 * step() }\nv := func() int { inits++; return inits }()", "")
	b.run("run()", "10")
	b.run("func step() int { return 2 }", "")
	b.run("run()", "20")
	b.run("func mapp[T, U any](xs []T, f func(T) U) []U { var out []U; for _, x := range xs { out = append(out, f(x)) }; return out }", "")
	b.run("func squares(xs []int) []int { return mapp(xs, func(x int) int { return x * x }) }", "")
	b.run("squares([]int{1, 2, 3})", "[1 4 9]")
	b.run("func mapp[T, U any](xs []T, f func(T) U) []U { var out []U; for _, x := range xs { out = append([]U{f(x)}, out...) }; return out }", "")
	b.run("squares([]int{1, 2, 3})", "[9 4 1]")
	b.run("inits", "1")
	out, _, err := b.try("func step(by int) int { return by }")
	if err != nil || !strings.Contains(out, "run") || !strings.Contains(out, "Cell[2]") {
		t.Fatalf("changing a signature: %q, %v", out, err)
	}
	b.fail("run()", "run", "Cell[2]")
	b.run("func run() int { return step(5) }\nrun()", "5")
	b.run("const k = 3\nfunc usesK() int { return k }", "")
	b.run("const k = 4", "")
	b.run("usesK()", "4")
	b.run("type conf struct { a int }\nc := conf{1}\nfunc get(c conf) int { return c.a }", "")
	b.run("get(c)", "1")
	if _, _, err := b.try("type conf struct { name string; a int }"); err != nil {
		t.Fatal(err)
	}
	b.fail("c.a", "c", "Cell")
	b.run("c := conf{\"n\", 5}\nget(c)", "5")
	b.run("rand := 3\nrand", "3")
	b.run("import \"math/rand\"\nrand.New(rand.NewSource(1)) != nil", "true")
}

// TestVariableOrder: var declarations that stand together are set in Go's order, all else in the cell's.
func TestVariableOrder(t *testing.T) {
	b := open(t)
	b.run("package main\nvar a = b + 1\nvar b = f()\nfunc f() int { return c * 2 }\nvar c = 5\nfunc main() { fmt.Print(a, b, c) }", "11 10 5")
	b.run("var (\n\ttable = build()\n\tn, last = len(table), \"l\"\n\tcalls int\n\tsize = 3\n)\nfunc build() []int { calls++; return make([]int, size) }\nfmt.Print(len(table), n, last, calls)", "3 3l1")
	b.run("var x = 1\nx++\nvar y = x\nx = 5\nfmt.Print(x, y)", "5 2")
	b.fail("var p = q\nq := 1", "Cell[4]:1:9", "undefined: q")
}

func TestErrors(t *testing.T) {
	b := open(t)
	b.run("x := 1", "")
	b.fail("x = 2\ny := foo(3)", "Cell[2]:2:6", "undefined: foo", "y := foo(3)", "^")
	b.run("x", "1")
	b.fail("x := 3\nvar m map[string]int\nm[\"a\"] = 1\nx = 4", "panic", "nil map", "Cell[4]:3")
	b.run("x", "3")
	b.fail("func boom(i int) int { return []int{1}[i] }\nboom(3)", "index out of range", "boom", "Cell[6]:1", "Cell[6]:2")
	b.fail("errors.New(\"bad luck\")", "bad luck")
	b.fail("os.Open(\"/does/not/exist\")", "no such file")
	b.fail("if x {", "Cell[9]")
	b.fail("x := 1\nx := 2", "no new variables")
	b.fail("x, x\nx = 5", "Cell[11]:1:1", "fmt.Println")
	b.fail("import \"C\"\nvar n C.int", "Cell[12]:1:8", "C code")
	b.fail("x = 5\n//go:embed words.txt\nvar words string", "Cell[13]:2:1", "os.ReadFile")
	b.run("x", "3")
}

// TestUpdatedDisplays: a display id is one place in the notebook, and a cell that is run again shows it anew, since the front end
// has cleared what the cell had shown.
func TestUpdatedDisplays(t *testing.T) {
	b := open(t)
	b.run("import \"github.com/janpfeifer/gonb/gonbui\"", "")
	for _, c := range []struct{ id, code, want string }{
		{"a", `gonbui.UpdateHTML("here", "one"); gonbui.UpdateHTML("here", "two")`, "[one]updated to [two]"},
		{"b", `gonbui.UpdateHTML("here", "three")`, "updated to [three]"},
		{"b", `gonbui.UpdateHTML("here", "four")`, "updated to [four]"},
		{"a", `gonbui.UpdateHTML("here", "five"); gonbui.UpdateHTML("here", "six")`, "[five]updated to [six]"},
		{"a", "go fmt.Print()\ngonbui.UpdateHTML(\"here\", \"compiled\")", "[compiled]"},
		{"", `gonbui.UpdateHTML("here", "seven")`, "updated to [seven]"},
		{"", `gonbui.UpdateHTML("there", "eight"); gonbui.UpdateHTML("there", "nine")`, "[eight]updated to [nine]"},
		{"", `gonbui.UpdateHTML("there", "ten")`, "updated to [ten]"}, // the front end does not tell its cells
	} {
		b.count++
		r := &record{}
		if res := b.s.Execute(context.Background(), session.Cell{Code: c.code, Count: b.count, ID: c.id}, r); res.Err != nil {
			t.Fatal(res.Err)
		}
		if got := r.text.String(); got != c.want {
			t.Errorf("cell %q, %s: %q, not %q", c.id, c.code, got, c.want)
		}
	}
}

func TestDisplays(t *testing.T) {
	b := open(t)
	b.run("import \"github.com/janpfeifer/gonb/gonbui\"\nfmt.Print(\"a\")\ngonbui.DisplayHTML(\"one\")\nfmt.Print(\"b\")\ngonbui.DisplayHTML(\"two\")\nfmt.Print(\"c\")", "a[one]b[two]c")
	out, _, err := b.try("import \"github.com/janpfeifer/gonb/gonbui/protocol\"\ntype odd struct{ A int }\ngonbui.SendData(&protocol.DisplayData{Data: map[protocol.MIMEType]any{\"text/html\": odd{1}}})\ngonbui.DisplayHTML(\"good\")")
	if err != nil || !strings.Contains(out, "[good]") || !strings.Contains(out, "could not send") {
		t.Fatalf("a bad display and a good one: %q, %v", out, err)
	}
	b.run("gonbui.Sync(); gonbui.DisplayHTML(\"again\")", "[again]")
	b.run("mat.NewDense(2, 2, []float64{1, 2, 3, 4});", "")
}
