package assist

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/modfile"
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
	text, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Building the tools is no part of the module that gopls looks at.
	for _, tool := range slices.Clone(mod.Tool) {
		if err := mod.DropTool(tool.Path); err != nil {
			t.Fatal(err)
		}
	}
	if err := mod.AddModuleStmt("notebook"); err != nil {
		t.Fatal(err)
	}
	mod.Cleanup()
	if text, err = mod.Format(); err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), string(text))
	write(t, filepath.Join(dir, "go.sum"), string(sum))
	known := map[string]string{"fmt": "fmt", "strings": "strings", "mat": "gonum.org/v1/gonum/mat", "http": "net/http"}
	config := Config{
		Gopls: gopls, Dir: dir,
		Preload:  []Import{{"", "fmt"}, {"", "strings"}, {"", "math/rand/v2"}},
		Notebook: func() Snapshot { return notebook },
		Value: func(_ context.Context, name string) (string, bool) {
			return "the value of " + name, true
		},
		Package:  func(name string) string { return known[name] },
		WorkDir:  func() string { return dir },
		Patience: time.Minute, // the machine may be busy; what is tested is the answer
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
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		paths, _, _, _ := a.Complete(ctx, "import \"", 8) // loaded last
		if got, _, _, _ := a.Complete(ctx, "origin.", 7); slices.Contains(got, "norm") && len(paths) > 0 {
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
		{"import \"math/b|\"", "math/b", []string{"math/bits", "math/big"}},
		{"import (\n\t\"fmt\"\n\tx \"gonum.org/v1/gonum/ma|", "gonum.org/v1/gonum/ma", []string{"gonum.org/v1/gonum/mat"}},
		{"import \"gonum.org/v1/|\"", "gonum.org/v1/", []string{"gonum.org/v1/gonum", "gonum.org/v1/plot"}},
		{"import \"fm|\"", "fm", []string{"fmt"}},
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

func TestCompleteCommand(t *testing.T) {
	a := newAssistant(t, func(c *Config) { c.Gopls = "" })
	dir := a.config.WorkDir()
	write(t, filepath.Join(dir, "data", "größe.csv"), "")
	write(t, filepath.Join(dir, "data", ".hidden"), "")
	write(t, filepath.Join(dir, "two words", "a file"), "")
	t.Setenv("HOME", filepath.Join(dir, "data"))
	tests := []struct {
		code, replace string
		want          []string
	}{
		{"%ca|", "%ca", []string{"%capture"}},
		{"x := 1\n  %%b|", "%%b", []string{"%%bash"}},
		{"//gonb:%ti|", "%ti", []string{"%timeit", "%time"}},
		{"%cd d|", "d", []string{"data/"}},
		{"%cd g|", "g", nil},
		{"!cat go.m|", "go.m", []string{"go.mod"}},
		{"!cat data/|", "data/", []string{"data/größe.csv"}},
		{"!x=1; cat <data/gr|ö", "data/gr", []string{"data/größe.csv"}},
		{"!cat two|", "two", []string{`two\ words/`}},
		{`!cat two\ w|`, `two\ w`, []string{`two\ words/`}},
		{`!cat "two w|`, "two w", []string{"two words/"}},
		{`!ls; cat 'two words/a|`, "two words/a", []string{"two words/a file"}},
		{"%cd two|", "two", []string{`"two words/`}},
		{`%capture "two words/|`, "two words/", []string{"two words/a file"}},
		{"!echo $HOM|", "HOM", []string{"HOME"}},
		{"!echo x$HOM|", "HOM", []string{"HOME"}},
		{"%env HOM|", "HOM", []string{"HOME"}},
		{"%who co|", "co", []string{"counts"}},
		{"%writ|", "%writ", []string{"%%writefile"}},
		{"!cat \\\n data/g|", "data/g", []string{"data/größe.csv"}},
		{"!ls ~/g|", "~/g", []string{"~/größe.csv"}},
		{"%%bash\ncat data/g|\nls", "data/g", []string{"data/größe.csv"}},
		{"%%writefile da|", "da", []string{"data/"}},
		{"%%writefile x\nda|", "da", nil},
		{"%rm or|", "or", []string{"origin"}},
		{"%help wh|", "wh", []string{"who", "whos"}},
		{"s := `\n%ca|\n`", "", nil},
	}
	for _, tt := range tests {
		code, at := cursor(tt.code)
		got, start, end, _ := a.Complete(t.Context(), code, at)
		if !slices.Equal(got, tt.want) || string([]rune(code)[start:end]) != tt.replace {
			t.Errorf("%s: %q for %q, want %q for %q", tt.code, got, string([]rune(code)[start:end]), tt.want, tt.replace)
		}
	}
}

func TestInspect(t *testing.T) {
	a := newAssistant(t, nil)
	waitWarm(t, a)
	tests := []struct {
		code string
		want []string // parts of the plain text; none: nothing is found
	}{
		{"fmt.Pri|ntln(1)", []string{"func fmt.Println(a ...any)", "default formats"}},
		{"fmt.Println(origin.norm(), |1)", []string{"func fmt.Println("}},
		{"fmt.Println(strings.ToUpper(|))", []string{"func strings.ToUpper("}},
		{"origin|", []string{"var origin *point", "the value of origin"}},
		{"origin.norm|()", []string{"func (p *point) norm() float64", "distance from the origin"}},
		{"s := \"🦉ü\"; origin.n|orm()", []string{"distance from the origin"}},
		{"größe|", []string{"const größe"}},
		{"%cd| x", []string{"%cd [DIR]"}},
		{"origin|?", []string{"var origin *point"}},
		{"// nothing\n|", nil},
		{"unknown|", nil},
		{"|", nil},
	}
	for _, tt := range tests {
		code, at := cursor(tt.code)
		data, found := a.Inspect(t.Context(), code, at, 0)
		if found != (tt.want != nil) {
			t.Errorf("%s: found is %v: %v", tt.code, found, data)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(data["text/plain"].(string), want) {
				t.Errorf("%s: %q is not in\n%s", tt.code, want, data["text/plain"])
			}
		}
	}
	if data, found := a.Inspect(t.Context(), "origin.x", 8, 0); !found || strings.Contains(data["text/plain"].(string), "the value of") {
		t.Errorf("a field has no value of its own: %v", data)
	}
}

// One who types is not kept waiting for gopls; one who asks for an explanation gets it.
func TestExplainWaits(t *testing.T) {
	a := newAssistant(t, func(c *Config) { c.Patience = time.Nanosecond })
	if data, found := a.Inspect(t.Context(), "fmt.Println", 6, 0); found {
		t.Errorf("found within a nanosecond: %v", data)
	}
	data, found := a.Explain(t.Context(), "fmt.Println", 6)
	if !found || !strings.Contains(data["text/plain"].(string), "func fmt.Println(a ...any)") {
		t.Errorf("fmt.Println is explained as %v", data)
	}
}

func TestGoplsKilled(t *testing.T) {
	a := newAssistant(t, nil)
	waitWarm(t, a)
	a.mu.Lock()
	server := a.server
	a.mu.Unlock()
	if err := server.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-server.conn.done
	waitWarm(t, a)
}

func TestGoplsMissing(t *testing.T) {
	for _, path := range []string{"", "/no/such/gopls", "/bin/false", "/bin/cat"} {
		a := newAssistant(t, func(c *Config) { c.Gopls = path })
		for code, want := range map[string]string{"ori": "origin", "fo": "for", "ma": "make", "längs := 1\nlä": "längs", "grö": "größe", "strin": "strings"} {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			got, start, end, _ := a.Complete(ctx, code, utf8.RuneCountInString(code))
			cancel()
			if !slices.Contains(got, want) || end-start >= len([]rune(want)) {
				t.Errorf("%q: %s: %q does not hold %s", path, code, got, want)
			}
		}
		data, found := a.Inspect(t.Context(), "origin", 3, 0)
		if !found || !strings.Contains(data["text/plain"].(string), "*point") {
			t.Errorf("%q: origin is explained as %v", path, data)
		}
	}
}

func TestTracked(t *testing.T) {
	var lib string
	a := newAssistant(t, func(c *Config) {
		c.Package = func(string) string { return "" }
		lib = filepath.Join(c.Dir, "lib")
		write(t, filepath.Join(lib, "lib.go"), "package lib\n\nfunc First() {}\n")
		c.Tracked = func() []string { return []string{lib} }
	})
	const code = "import \"notebook/lib\"\nlib."
	ask := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		var got []string
		for ctx.Err() == nil {
			if got, _, _, _ = a.Complete(ctx, code, len(code)); slices.Contains(got, want) {
				return
			}
		}
		t.Fatalf("%s is not among %q", want, got)
	}
	ask("First")
	write(t, filepath.Join(lib, "lib.go"), "package lib\n\nfunc First() {}\nfunc Second() {}\n")
	ask("Second")
	write(t, filepath.Join(lib, "more.go"), "package lib\n\nfunc Third() {}\n")
	ask("Third")
}

func TestIsComplete(t *testing.T) {
	tests := []struct{ code, status, indent string }{
		{"", "complete", ""},
		{"x := 1", "complete", ""},
		{"for i := range 3 {", "incomplete", "\t"},
		{"for {\n    if x {\n", "incomplete", "        "},
		{"for i := range 3 {\n}", "complete", ""},
		{"f(1,\n", "incomplete", "\t"},
		{"x :=", "incomplete", "\t"},
		{"x := a +\n", "incomplete", "\t"},
		{"return", "complete", ""},
		{"i++", "complete", ""},
		{"s := `a\n", "incomplete", ""},
		{"/* a\n", "incomplete", ""},
		{"s := \"a", "invalid", ""},
		{"x := )", "invalid", ""},
		{"f(]", "invalid", ""},
		{"x = = 2", "invalid", ""},
		{"for i := range 3\n", "invalid", ""},
		{"func f() int {\n\treturn 1\n}\nf()", "complete", ""},
		{"import (\n\t\"fmt\"", "incomplete", "\t"},
		{"type T struct {", "incomplete", "\t"},
		{"!ls", "complete", ""},
		{"!ls \\", "incomplete", ""},
		{"%cd x\nfor {", "incomplete", "\t"},
		{"%%bash\nls", "incomplete", ""},
		{"%%bash\nls\n", "complete", ""},
		{"%%bash", "incomplete", ""},
		{"%%\nx := 1", "complete", ""},
		{"fmt.Println?", "complete", ""},
	}
	for _, tt := range tests {
		if status, indent := IsComplete(tt.code); status != tt.status || indent != tt.indent {
			t.Errorf("%q: %s %q, want %s %q", tt.code, status, indent, tt.status, tt.indent)
		}
	}
}

// FuzzView: each byte of a cell is in the file exactly once, and positions map there and back.
func FuzzView(f *testing.F) {
	for _, s := range []string{
		"x := 1\nfunc f() int { return x }\nimport \"fmt\"\nf()", "type T struct {\nx.|\nfunc g() {", "%cd x\nvar a, b = 1, 2;; b := a\n", "func (t T) m() {}; func(){}()", "🦉 := `\n", "package p\nf((", "a)\n)x",
	} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, code string, at int) {
		offset := byteOffset(code, at)
		v := newView(code, offset)
		text := v.cellFile([]Import{{"fmt", "fmt"}, {"x", "y"}}, parseDeclared(notebook.Decls), notebook.Vars)
		v.notebookFile(parseDeclared(notebook.Decls), notebook)
		covered := make([]int, len(v.code))
		for _, s := range v.segments {
			if text[s.doc:s.doc+s.n] != v.code[s.cell:s.cell+s.n] {
				t.Fatalf("segment %+v differs", s)
			}
			for i := range s.n {
				covered[s.cell+i]++
			}
		}
		for i, n := range covered {
			if n != 1 {
				t.Fatalf("byte %d of %q is %d times in %q", i, v.code, n, text)
			}
		}
		if !utf8.ValidString(code) {
			return
		}
		doc := v.toDocument(offset)
		line, character := lspPosition(text, doc)
		if back := lspOffset(text, line, character); back != doc {
			t.Errorf("offset %d of %q is position %d:%d, which is offset %d", doc, text, line, character, back)
		}
		if back, ok := v.toCell(doc); !ok || back != offset {
			t.Errorf("offset %d of %q maps back to %d, %v", offset, code, back, ok)
		}
		IsComplete(code)
		namesAt(code, offset)
	})
}

// BenchmarkTyping types cells of a landscape notebook, asking for completion after each key, as JupyterLab
// does with continuous hinting. It reports the percentiles of the answers' times.
func BenchmarkTyping(b *testing.B) {
	const own = "github.com/gosaddle/saddle/lossviz/"
	paths := map[string]string{"dataset": own + "dataset", "nn": own + "nn", "landscape": own + "landscape", "mat": "gonum.org/v1/gonum/mat", "charts": "github.com/go-echarts/go-echarts/v2/charts", "fmt": "fmt"}
	var preload []Import
	for name, path := range paths {
		preload = append(preload, Import{name, path})
	}
	a := newAssistant(b, func(c *Config) {
		source, err := filepath.Abs("../../..")
		if err != nil {
			b.Fatal(err)
		}
		mod, err := os.ReadFile(filepath.Join(c.Dir, "go.mod"))
		if err != nil {
			b.Fatal(err)
		}
		write(b, filepath.Join(c.Dir, "go.mod"), string(mod)+"\nrequire github.com/gosaddle/saddle v0.0.0\nreplace github.com/gosaddle/saddle => "+source+"\n")
		c.Preload = preload
		c.Package = func(name string) string { return paths[name] }
		c.Notebook = func() Snapshot {
			s := notebook
			s.Imports = append(slices.Clone(s.Imports), preload...)
			s.Vars = append(slices.Clone(s.Vars), Var{"data", "*dataset.Data"}, Var{"net", "*nn.Network"})
			return s
		}
	})
	waitWarm(b, a)
	cell := []rune("loss := landscape.NewObjective(net, nn.LogisticLoss, data)\nfmt.Println(loss.Dim(), data.Row(3))\nbar := charts.NewBar()\nbar.SetGlobalOptions()\nm := mat.NewDense(2, 2, nil)\nfor i := range data.N {\n\tfmt.Println(weights.At(i, 0))\n}\n")
	var times []time.Duration
	empty := 0
	for b.Loop() {
		for n := 1; n <= len(cell); n++ {
			start := time.Now()
			got, _, _, _ := a.Complete(b.Context(), string(cell[:n]), n)
			times = append(times, time.Since(start))
			if len(got) == 0 {
				empty++
			}
		}
	}
	slices.Sort(times)
	percentile := func(p int) float64 { return float64(times[len(times)*p/100].Microseconds()) / 1000 }
	b.ReportMetric(percentile(50), "p50-ms")
	b.ReportMetric(percentile(95), "p95-ms")
	b.ReportMetric(percentile(99), "p99-ms")
	b.ReportMetric(float64(empty)/float64(len(times)), "empty")
}

func ExampleIsComplete() {
	status, indent := IsComplete("for i := range 3 {")
	fmt.Printf("%s %q\n", status, indent)
	// Output: incomplete "\t"
}
