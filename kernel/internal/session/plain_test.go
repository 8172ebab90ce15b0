package session_test

import (
	"strings"
	"testing"
)

// TestPlain runs plain cells among compiled ones: both see the same variables, types and functions.
func TestPlain(t *testing.T) {
	b := open(t)
	b.s.WaitTables()
	b.run(`fmt.Println("hello")`, "hello\n")
	b.run(`y := 4`, "")
	b.run(`x := 3*y+1`, "")
	b.run(`x`, "13")
	if n := b.s.Evaluated(); n != 4 {
		t.Fatalf("%d cells were evaluated, not 4", n)
	}
	b.run("type P struct{ x, y int }\nfunc (p P) sum() int { return p.x + p.y }\nfunc f(p *P) int { p.x++; return p.sum() }", "")
	b.run(`p := P{1, 2}`, "")
	b.run(`p.sum()`, "3")
	b.run(`f(&p)`, "4")
	b.run(`q := []P{p, {x: 7}}; q[1].x += 2; q`, "[{2 2} {9 0}]")
	b.run(`fmt.Sprint(time.Duration(x) * time.Second)`, "13s")
	b.run("for i := range 3 { fmt.Print(i, q[0].sum(), \" \") }", "0 4 1 4 2 4 ")
	if n := b.s.Evaluated(); n != 10 {
		t.Errorf("%d cells were evaluated, not 10", n)
	}
	b.fail("var a []int\na[\nx]", "index out of range [13] with length 0", "Cell[12]:2")
	b.run("func f(p *P) int { return -p.x }", "")
	b.run("f(&p)", "-2")
	b.run("type number interface{ ~int | ~float64 }\ntype same interface{ comparable; area() int }\ntype pairOf[T number] struct{ a, b T }\ntype ints = pairOf[int]\ntype names = []string\nfunc sum[T number](x, y T) T { return x + y }", "")
	b.run("v := ints{1, 2}; w := names{\"a\"}; sum(v.a, v.b)", "3")
	b.run("v.a += 4; v.a + len(w)", "6")
	b.run("func() int { return x + f(&p) }()", "11")
	b.run("func line() int { _, _, n, _ := runtime.Caller(1); return n }", "")
	b.run("x = 1\n\nx + line()", "4")
}

// TestInterfaces: a value that a plain cell or a library put into an interface is the same to compiled code, which knows it by
// its method table.
func TestInterfaces(t *testing.T) {
	b := open(t)
	b.s.WaitTables()
	b.run("type shape interface{ area() float64 }\ntype square struct{ side float64 }\nfunc (s square) area() float64 { return s.side * s.side }", "")
	b.run("var s shape = square{2}", "")
	if n := b.s.Evaluated(); n != 1 {
		t.Errorf("%d cells were evaluated, not 1", n)
	}
	b.run("m := map[shape]int{s: 1}", "")
	compiled := func(code, want string) {
		t.Helper()
		b.run("func() { "+code+" }()", want)
	}
	compiled("_, ok := s.(square); fmt.Print(ok, s == shape(square{2}), m[square{2}])", "true true 1")
	compiled("switch v := s.(type) { case square: fmt.Print(v.side); default: fmt.Print(\"another\") }", "2")
	// fmt.Errorf finds out at run time that it was given an error.
	b.run("type lost struct{ what string }\nfunc (l *lost) Error() string { return l.what + \" is lost\" }\nfunc find(s string) error { return fmt.Errorf(\"looking: %w\", &lost{s}) }", "")
	b.run("find(\"it\").Error()", "looking: it is lost")
	b.run("e, ok := errors.AsType[*lost](find(\"key\")); fmt.Print(e.what, ok)", "keytrue")
	// An interface that comes after the type; one of a library, and one of a library's own types.
	b.run("type named interface{ Error() string }", "")
	b.run("var n named = &lost{\"x\"}\nvar x io.Reader = strings.NewReader(\"abc\")\nvar a heap.Interface", "")
	b.run("type queue []int\nfunc (q queue) Len() int { return len(q) }\nfunc (q queue) Less(i, j int) bool { return q[i] < q[j] }\nfunc (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }\nfunc (q *queue) Push(x any) { *q = append(*q, x.(int)) }\nfunc (q *queue) Pop() any { return nil }", "")
	b.run("a = &queue{3, 1}", "")
	compiled("_, ok := n.(*lost); _, read := x.(*strings.Reader); _, q := a.(*queue); fmt.Print(ok, read, q)", "true true true")
	// The type is made anew.
	if out, _, err := b.try("func (s square) twice() float64 { return 2 * s.area() }"); err != nil || !strings.HasPrefix(out, "s holds, in an interface") {
		t.Errorf("a type made anew: %v\n%s", err, out)
	}
	b.run("var again shape = square{3}", "")
	compiled("v, ok := again.(square); fmt.Print(v.twice(), ok)", "18 true")
}
