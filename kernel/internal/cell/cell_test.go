package cell_test

import (
	"go/token"
	"strings"
	"testing"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/cell"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text                 string
		imports, decls, body int
		quiet                bool
	}{
		{"", 0, 0, 0, false},
		{"x := 1", 0, 0, 1, false},
		{"x := 1; y := 2;", 0, 0, 2, true},
		{"import \"fmt\"\nimport (\n\t\"os\"\n\tm \"math\"\n)\nfmt.Println(os.Args, m.Pi)", 3, 0, 1, false},
		{"for i := 0; i < 3; i++ {\n}", 0, 0, 1, false},
		{"if err := f(); err != nil {\n} else if x := g(); x {\n}\ny", 0, 0, 2, false},
		{"switch x := f(); x {\ncase 1:\n}", 0, 0, 1, false},
		{"if xs := []int{1}; len(xs) > 0 { a() }; b()", 0, 0, 2, false},
		{"if f := func() bool { return true }; f() {\n}", 0, 0, 1, false},
		{"outer:\nfor i := 0; ; i++ { continue outer }", 0, 0, 1, false},
		{"func f() int { return 1 }\nfunc (t T) m() {}\nfunc() { f() }()\nf()", 0, 2, 2, false},
		{"type (\n\tA int\n\tB struct{ x, y int }\n)\nconst (\n\tC = iota\n\tD\n)\nvar v, w = 1, 2", 0, 3, 1, false},
		{"package main\n\nfunc main() {}", 0, 1, 0, false},
		{"x // shown\n", 0, 0, 1, false},
		{"s := `a;\nb`", 0, 0, 1, false},
		{"select {}", 0, 0, 1, false},
		{"x := 1\nx, f(\n\t2),\n\t\"c\" // all three\n", 0, 0, 2, false},
		{"x, y;", 0, 0, 1, true},
	} {
		src, err := cell.Parse(token.NewFileSet(), "Cell[1]", c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if len(src.Imports) != c.imports || len(src.Decls) != c.decls || len(src.Body) != c.body || src.Quiet != c.quiet {
			t.Errorf("%q: %d imports, %d declarations, %d statements, quiet %t", c.text, len(src.Imports), len(src.Decls), len(src.Body), src.Quiet)
		}
	}
}

func TestPositions(t *testing.T) {
	for text, want := range map[string]string{
		"x := 1\ny := (2":        "Cell[7]:2:",
		"a := 1; b := := 2":      "Cell[7]:1:14",
		"func f() {\n\treturn )": "Cell[7]:2:9",
		"for i := 0; i < 3 {":    "Cell[7]:1:",
		"\xff":                   "Cell[7]:1:1",
		"x\ny, z\nw":             "Cell[7]:2:1: several values can be shown by the last line of a cell only",
		"x := \n":                "Cell[7]:1:5: expected operand, found end of the cell",
		"x,":                     "Cell[7]:1:1: expected 1 expression",
	} {
		_, err := cell.Parse(token.NewFileSet(), "Cell[7]", text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want it at %s", text, err, want)
		}
	}
}

// TestParseLong: the time to read a cell grows with its length, not with the square of it.
func TestParseLong(t *testing.T) {
	for name, text := range map[string]string{
		"semicolons in a header": "for i := 0" + strings.Repeat(";", 1<<20),
		"statements":             strings.Repeat("x++\n", 1<<18),
		"headers":                strings.Repeat("if x := 1; x > 0 {\n}\n", 1<<14),
		"open brackets":          strings.Repeat("(", 1<<20),
	} {
		start := time.Now()
		_, err := cell.Parse(token.NewFileSet(), "Cell[1]", text)
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("%s: %v (%.100v)", name, took, err)
		}
	}
}

// FuzzParse looks for texts that make Parse panic, or report positions outside of the cell.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"x := 1", "func f() {", "if a; b { }", "import \"fmt\"\nfmt.Println()", "type T struct { x int }", "/*line a:1:1*/ x", "//line b:9\nx := := 1", ")", "`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := cell.Parse(token.NewFileSet(), "Cell[1]", text)
		errs, _ := err.(cell.Errors)
		for _, e := range errs {
			if e.Pos.Line < 1 || !strings.Contains(text, "line") && e.Pos.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%q: an error in line %d: %s", text, e.Pos.Line, e.Msg)
			}
		}
	})
}
