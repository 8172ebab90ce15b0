package session_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/session"
)

// What is said of redefinition, line by line, with names that Go hides across packages.

func TestDependentsFollow(t *testing.T) {
	b := open(t)
	b.run("calls := 0\nfunc base() int { calls++; return 1 }\nfunc middle() int { return base() + 1 }\nfunc top() int { return middle() * 10 }\nkept := top()\nf := top", "")
	b.run("func base() int { return 4 }", "")
	b.run("top()", "50")
	b.run("f()", "50") // a function value as well
	b.run("fmt.Print(kept, \" \", calls)", "20 1")
	// A type's method, called by an earlier function.
	b.run("type ball struct { r float64 }\nfunc (b ball) size() float64 { return b.r }\nfunc sum(bs []ball) (s float64) { for _, b := range bs { s += b.size() }; return s }\nballs := []ball{{1}, {2}}", "")
	b.run("func (b ball) size() float64 { return 10 * b.r }", "")
	b.run("sum(balls)", "30")
	// A method that is new, of a type whose values live, also in a map, behind a pointer and in a closure.
	b.run("byName := map[string]*ball{\"a\": {3}}\nget := func() ball { return balls[1] }", "")
	b.run("func (b *ball) grow() { b.r++ }\nfunc (b ball) String() string { return fmt.Sprintf(\"ball(%g)\", b.r) }", "")
	b.run("byName[\"a\"].grow()\nballs[0].grow()\nfmt.Print(byName[\"a\"], balls)", "ball(4) [ball(2) ball(2)]")
	b.run("get().r", "2")
	// An interface that is declared later, and one that gains a method.
	b.run("type sized interface { size() float64 }\nvar thing sized = balls[0]\nthing.size()", "20")
	b.run("func measure(s sized) float64 { return s.size() }\nmeasure(balls[1])", "20")
	b.run("func (b ball) weight() float64 { return 7 }\ntype sized interface { size() float64; weight() float64 }",
		"variable thing keeps its old value, of the type before this cell: run Cell[13] again to set it anew.\n")
	b.run("func measure(s sized) float64 { return s.size() + s.weight() }\nmeasure(balls[1])", "27")
}

// TestBoxedValues: what interfaces hold keeps its type when the type is made anew, and that is said.
func TestBoxedValues(t *testing.T) {
	b := open(t)
	b.run("type temp float64\ntype pair struct{ a, b any }\nvar boxed any = temp(20)\nvar empty any\nall := []pair{{1, &pair{temp(3), nil}}}\nt1 := temp(2)", "")
	const note = "%s holds, in an interface, a value of the type temp from before this cell, which is another type now: run Cell[1] again to set it anew.\n"
	b.run("func (t temp) double() temp { return 2 * t }", fmt.Sprintf(note, "all")+fmt.Sprintf(note, "boxed"))
	b.run("_, ok := boxed.(temp)\nok", "false")
	b.fail("func() temp { return boxed.(temp) }()", "is main.temp, not main.temp as it is now", "run the cell again that made the value", "Cell[4]:1")
	b.run("boxed = t1", "")
	b.run("all = nil", "")
	b.run("func (t temp) triple() temp { return 3 * t }", fmt.Sprintf(note, "boxed"))
	b.run("boxed = t1\nboxed.(temp).triple() + t1.double()", "10")
}

func TestGenericRedefined(t *testing.T) {
	b := open(t)
	b.run("func twice[T any](x T, f func(T) T) T { return f(f(x)) }\nfunc inc4(n int) int { return twice(twice(n, inc), inc) }\nfunc inc(n int) int { return n + 1 }", "")
	b.run("inc4(0)", "4")
	b.run("func twice[T any](x T, f func(T) T) T { return f(x) }", "")
	b.run("inc4(0)", "2")
	b.run("type stack[T any] struct { items []T }\nfunc (s *stack[T]) push(x T) { s.items = append(s.items, x) }\nvar ints stack[int]\nints.push(1)", "")
	b.run("func (s *stack[T]) len() int { return len(s.items) }", "")
	b.run("ints.push(2)\nints.len()", "2")
	b.run("func (s *stack[T]) push(x T) { s.items = append([]T{x}, s.items...) }", "")
	b.run("ints.push(3)\nints.items", "[3 1 2]")
	if out, _, err := b.try("type stack[T any] struct { items []T; limit int }"); err != nil || !strings.Contains(out, "ints") || !strings.Contains(out, "Cell[5]") {
		t.Errorf("a generic type of another layout: %v\n%s", err, out)
	}
	b.fail("ints.len()", "ints", "Cell[5]")
	b.run("ints := stack[int]{limit: 5}\nints.push(1)\nfmt.Print(ints.len(), ints.limit)", "1 5")
}

func TestCycleAcrossCells(t *testing.T) {
	b := open(t)
	b.try("func ping(n int) string { if n == 0 { return \"ping\" }; return pong(n - 1) }")
	b.run("func pong(n int) string { if n == 0 { return \"pong\" }; return ping(n - 1) }", "")
	b.run("ping(3)", "pong")
	b.run("func pong(n int) string { if n == 0 { return \"PONG\" }; return ping(n - 1) }", "")
	b.run("ping(3)", "PONG")
	b.run("type node struct { kids []*node; name string }\nfunc (n *node) walk() string { s := n.name; for _, k := range n.kids { s += k.walk() }; return s }\ntree := &node{name: \"a\", kids: []*node{{name: \"b\"}}}", "")
	b.run("func (n *node) leaf() bool { return len(n.kids) == 0 }", "")
	b.run("fmt.Print(tree.walk(), tree.kids[0].leaf())", "abtrue")

	// Types, with their methods and what mentions them.
	if out, _, err := b.try("type owner struct { name string; pets []*pet }\nfunc (o *owner) count() int { return len(o.pets) }\nfunc adopt(o *owner, name string) *pet { p := &pet{name: name, of: o}; o.pets = append(o.pets, p); return p }"); err != nil || !strings.Contains(out, "owner waits for pet") {
		t.Errorf("a type that needs a later one: %v\n%s", err, out)
	}
	b.fail("owner{}", "owner", "pet")
	b.run("type pet struct { name string; of *owner }\nfunc (p pet) tag() string { return p.of.name + \"'s \" + p.name }", "")
	b.run("ann := &owner{name: \"Ann\"}\ntom := adopt(ann, \"Tom\")\nfmt.Print(ann.count(), tom.tag(), ann.pets[0] == tom)", "1Ann's Tomtrue")
	b.run("func (p pet) loud() string { return strings.ToUpper(p.tag()) }", "")
	b.run("tom.loud()", "ANN'S TOM")
	b.fail("type wrong struct { n itn }", "undefined: itn") // a type that is no part of a cycle
}

func TestShadowing(t *testing.T) {
	b := open(t)
	b.run("fmt.Print(strings.ToUpper(\"a\"))", "A")
	b.run("strings := []string{\"x\", \"y\"}", "")
	b.run("len(strings)", "2")
	b.run("func shout(s string) string { return s + \"!\" }\nshout(strings[0])", "x!")
	b.run("import \"strings\"\nstrings.Repeat(\"z\", 2)", "zz")
	// An import under another name in a later cell: earlier functions keep meaning what they meant.
	b.run("import r \"math/rand\"\nfunc draw() int { return r.New(r.NewSource(1)).Intn(10) }\nfirst := draw()", "")
	b.run("import r \"regexp\"\nr.MustCompile(\"a+\").FindString(\"baab\")", "aa")
	b.run("draw() == first", "true")
	b.run("import str \"strings\"\nfmt.Print(str.ToLower(\"B\"), strings.ToLower(\"C\"))", "bc")
	// A function of a package's name, and back.
	b.run("func math() string { return \"mine\" }\nmath()", "mine")
	b.run("%rm math", "removed func math\n")
	b.run("math.Max(1, 2)", "2")
	// A name changes its kind.
	b.run("thing := 1", "")
	b.run("func thing() int { return 2 }\nthing()", "2")
	b.run("type thing struct{ n int }\nthing{3}.n", "3")
	b.run("const thing = 4\nthing", "4")
	b.run("thing := \"five\"\nthing", "five")
}

// TestEditedCells: values whose code was edited or run again are marked; Restart and Run All gives what the notebook says.
func TestEditedCells(t *testing.T) {
	b := open(t)
	cell := func(id, code string) string {
		t.Helper()
		b.count++
		r := &record{}
		if res := b.s.Execute(context.Background(), session.Cell{Code: code, Count: b.count, ID: id}, r); res.Err != nil {
			t.Fatalf("%s: %v", code, res.Err)
		}
		return r.text.String()
	}
	cell("one", "alpha := 1\nbeta := 2")
	cell("two", "gamma := alpha + 10")
	if out := cell("three", "%who"); strings.Contains(out, "edited") {
		t.Errorf("before any edit:\n%s", out)
	}
	cell("one", "alpha := 5") // beta's code is gone
	out := cell("three", "%who")
	for line := range strings.Lines(out) {
		if marked := strings.Contains(line, "edited"); marked != strings.HasPrefix(line, "beta ") {
			t.Errorf("after the edit:\n%s", out)
		}
	}
	if got := cell("four", "fmt.Print(alpha, beta, gamma)"); got != "5 2 11" {
		t.Errorf("the values are %s", got)
	}

	// Restart and Run All: a new kernel, the cells from the top.
	again := open(t)
	again.run("alpha := 5", "")
	again.run("gamma := alpha + 10", "")
	again.fail("fmt.Print(alpha, beta, gamma)", "undefined: beta")
	again.run("fmt.Print(alpha, gamma)", "5 15")
}

// TestLatePrinting: what a goroutine of an earlier cell prints comes under the cell that runs then, or under its own.
func TestLatePrinting(t *testing.T) {
	b := open(t)
	b.count++
	own := &record{wrote: make(chan string, 10)}
	code := "say := make(chan string)\nsaid := make(chan bool)\ngo func() { for s := range say { fmt.Println(s); said <- true } }()"
	if res := b.s.Execute(context.Background(), session.Cell{Code: code, Count: b.count}, own); res.Err != nil {
		t.Fatal(res.Err)
	}
	b.run("say <- \"under the next\"\nok := <-said", "under the next\n")
	// No cell runs when this one prints: it is its own output that gets it.
	b.count++
	last := &record{wrote: make(chan string, 10)}
	over := filepath.Join(t.TempDir(), "over")
	late := fmt.Sprintf("go func() {\n\tfor {\n\t\tif _, err := os.Stat(%q); err == nil {\n\t\t\tfmt.Println(\"after its cell\")\n\t\t\treturn\n\t\t}\n\t\ttime.Sleep(time.Millisecond)\n\t}\n}()", over)
	if res := b.s.Execute(context.Background(), session.Cell{Code: late, Count: b.count}, last); res.Err != nil {
		t.Fatal(res.Err)
	}
	if err := os.WriteFile(over, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for s := range last.wrote { // it would wait for ever for what is lost
		if strings.Contains(s, "after its cell") {
			return
		}
	}
}
