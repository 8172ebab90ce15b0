package session_test

import "testing"

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
}
