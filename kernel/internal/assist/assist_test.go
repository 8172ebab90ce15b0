package assist

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// goplsCommand is the gopls that go.mod names, built by the go command if it is not there yet.
var goplsCommand = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "gopls").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go tool -n gopls: %w\n%s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
})

// notebook is the state that most tests ask about.
var notebook = Snapshot{
	Imports: []Import{{"mat", "gonum.org/v1/gonum/mat"}},
	Decls: `
// point is a place in the plane.
type point struct{ x, y float64 }

// norm returns the distance from the origin.
func (p *point) norm() float64 { return p.x + p.y }

func scale[T ~int | ~float64](v T, by T) T { return v * by }

const größe = 3
`,
	Vars: []Var{{"origin", "*point"}, {"weights", "*mat.Dense"}, {"counts", "map[string]int"}},
}

// newAssistant starts the real gopls on a module that requires what this repository does.
func newAssistant(t testing.TB, change func(*Config)) *Assistant {
	t.Helper()
	gopls, err := goplsCommand()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod = regexp.MustCompile(`(?m)^module .*$|^tool .*$`).ReplaceAll(mod, nil)
	sum, err := os.ReadFile("../../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), "module notebook\n"+string(mod))
	write(t, filepath.Join(dir, "go.sum"), string(sum))
	known := map[string]string{"fmt": "fmt", "strings": "strings", "mat": "gonum.org/v1/gonum/mat", "http": "net/http"}
	config := Config{
		Gopls: gopls, Dir: dir,
		Preload:  []Import{{"", "fmt"}, {"", "strings"}, {"", "math/rand/v2"}},
		Notebook: func() Snapshot { return notebook },
		Value: func(_ context.Context, name string) (string, bool) {
			return "the value of " + name, true
		},
		Package: func(name string) string { return known[name] },
		WorkDir: func() string { return dir },
	}
	if change != nil {
		change(&config)
	}
	a := New(config)
	t.Cleanup(func() { a.Close() })
	return a
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// waitWarm waits until gopls has loaded the notebook.
func waitWarm(t testing.TB, a *Assistant) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if got, _, _, _ := a.Complete(ctx, "origin.", 7); slices.Contains(got, "norm") {
			return
		}
	}
	t.Fatal("gopls is not ready after a minute")
}

// cursor takes the mark | out of a cell and returns its place in code points.
func cursor(marked string) (code string, at int) {
	i := strings.IndexByte(marked, '|')
	return marked[:i] + marked[i+1:], utf8.RuneCountInString(marked[:i])
}

func TestComplete(t *testing.T) {
	a := newAssistant(t, nil)
	waitWarm(t, a)
	tests := []struct {
		code    string
		replace string // what the matches would take the place of
		want    []string
	}{
		{"fmt.Printl|", "Printl", []string{"Println"}},
		{"origin.|", "", []string{"x", "y", "norm"}},
		{"origin.no|", "no", []string{"norm"}},
		{"weights.Di|", "Di", []string{"Dims"}},
		{"ori|", "ori", []string{"origin"}},
		{"ori|gin", "origin", []string{"origin"}},
		{"p := point{1, 2}\np.|", "", []string{"x", "y", "norm"}},
		{"p := point{1, 2}\nfmt.Println(p.|)", "", []string{"x", "norm"}},
		{"p := point{1, 2}\nfmt.Println(p.|\nq := 3\nfunc f() {}", "", []string{"x", "norm"}},
		{"x := origin\nfunc f() float64 { return x.| }", "", []string{"norm"}},
		{"origin := strings.NewReader(\"\")\norigin.Re|", "Re", []string{"ReadByte"}},
		{"weights := weights.T()\nweights.Di|", "Di", []string{"Dims"}},
		{"type point struct{ z int }\np := point{}\np.|", "", []string{"z"}},
		{"func (p *point) twice() float64 { return p.no| }", "no", []string{"norm"}},
		{"func (p point) twice() float64 { return 0 }\norigin.tw|", "tw", []string{"twice"}},
		{"s := \"größe 🦉\"; fmt.Println(s, grö|)", "grö", []string{"größe"}},
		{"/* 🦉🦉 */ origin.n|", "n", []string{"norm"}},
		{"%cd x\n!ls\norigin.|", "", []string{"norm"}},
		{"%timeit origin.n|", "n", []string{"norm"}},
		{"r := http.NewRequest|", "NewRequest", []string{"NewRequestWithContext"}}, // not imported, resolved by Package
		{"strconv.Ito|", "Ito", []string{"Itoa"}},                                  // not imported, found by gopls
		{"import \"math/b|\"", "b", nil},
		{"import m \"math\"\nm.Sq|", "Sq", []string{"Sqrt"}},
		{"import rand \"math/rand\"\nrand.NewZip|", "NewZip", []string{"NewZipf"}},
		{"func() { ori| }()", "ori", []string{"origin"}},
		{"for i := range counts {\n\tfmt.Println(i)\n\tcou|\n}", "cou", []string{"counts"}},
		{"if x := origin; x != nil {\n\tx.|", "", []string{"norm"}},
		{"origin.norm()\n\n|\n", "", []string{"origin", "weights"}},
		{"package main\nori|", "ori", []string{"origin"}},
	}
	for _, tt := range tests {
		code, at := cursor(tt.code)
		got, start, end, meta := a.Complete(t.Context(), code, at)
		for _, want := range tt.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %s is not among %.200q", tt.code, want, got)
			}
		}
		if runes := []rune(code); len(got) > 0 && tt.want != nil && string(runes[start:end]) != tt.replace {
			t.Errorf("%s: replaces %q, want %q", tt.code, string(runes[start:end]), tt.replace)
		}
		if types := meta["_jupyter_types_experimental"].([]map[string]any); len(types) != len(got) {
			t.Errorf("%s: %d matches, but %d types", tt.code, len(got), len(types))
		}
	}
}
