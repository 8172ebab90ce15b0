package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
	"github.com/gosaddle/saddle/kernel/internal/notebook"
)

// gonbModule is the folder of gonb's module, whose example notebooks are run here as they are.
func gonbModule(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/janpfeifer/gonb").Output()
	if err != nil {
		t.Fatal("go list cannot find gonb's module:", err)
	}
	return strings.TrimSpace(string(out))
}

// example is one of gonb's notebooks, and what its code cells, counted from 0, must put out: a regular expression for
// streams, results and displays together. Cells without one must succeed, no more.
type example struct {
	file  string
	wants map[int]string
	fails map[int]string // cells that must fail, with a regular expression for the error
	skip  map[int]string // cells that are left out, with the reason; with SADDLE_TEST_NETWORK set they are run
	needs string         // a module that has to be fetched
}

const (
	needsPage    = "needs a page that runs its scripts: package browsertest runs it in JupyterLab"
	needsNetwork = "fetches a module that Saddle does not need, so it must come from the network"
)

var examples = []example{
	{file: "tests/bash_script.ipynb", wants: map[int]string{0: `^hello\n$`, 1: `^/.*\n$`, 2: `^/\S+\n/\S+\n`}},
	{file: "tests/capture.ipynb", wants: map[int]string{0: `^Ping\n$`, 1: `^Ping\n$`, 2: `^Pong\n$`, 3: `^Ping\nPong\n$`,
		4: `Ping\nPong\n`, 5: `^Ping\nPong\n$`, 6: `# Ping\n# Pong\n`, 7: `^# Ping\n# Pong\n$`}},
	{file: "tests/functions.ipynb", wants: map[int]string{0: `^%goflags=\["--cover" "--covermode=set"\]\n`, 2: `^incr: x=2, y=4.14\n$`}},
	{file: "tests/goflags.ipynb", wants: map[int]string{0: `^%goflags=\["-cover"\]\n`, 1: `^%goflags=\["-cover"\]\n`, 2: `^%goflags=\[\]\n$`, 5: `^A\n$`,
		7: `forgotten`, 8: `^7\n$`, 9: `can inline \(\*Point\)\.ManhattanLen`}},
	{file: "tests/gonbui.ipynb", wants: map[int]string{1: `^ok\n$`, 3: `html displayed`, 4: `markdown displayed`}},
	{file: "tests/gotest.ipynb", needs: "github.com/stretchr/testify@v1.8.1", wants: map[int]string{1: `^55\n2178309\n2178309\n$`, 2: `=== RUN   TestA\nTesting A\n--- PASS: TestA \(.*\)\nPASS\n`,
		3: `func\s+TestA`, 4: `--- PASS: TestA`, 5: `(?s)--- PASS: TestAB.*--- PASS: TestB|--- PASS: TestB.*--- PASS: TestAB`,
		6: `(?s)^Testing A.*Testing AB.*PASS\n$`, 7: `(?s)BenchmarkFibonacciA32.*ns/op.*BenchmarkFibonacciB32.*ns/op.*PASS\n`, 8: `(?s)BenchmarkFibonacciA32.*ns/op.*PASS\n`}},
	{file: "tests/gowork.ipynb", wants: map[int]string{1: `/gonb_tests_gowork_`, 2: `^Temporary test package: .*/gonb_tests_gowork_`, 3: `return "A"`,
		5: `(?m)^replace a.com/a/pkg => TMP_PKG$`, 6: `gonb_tests_gowork_`, 8: `no files or directories are tracked`}},
	{file: "tests/hello.ipynb", wants: map[int]string{1: `^Hello World!\n$`, 2: `^Works with //gonb:\n$`, 3: `^%exec worked for x=17\n$`}},
	// Values stay, so a function that sets something up runs once, with its cell, and not with every cell that follows.
	{file: "tests/init.ipynb", wants: map[int]string{1: `^init_a\n$`, 2: `^init_b\n$`, 3: `^init: v0\n$`, 4: `^init: v1\n$`, 5: `removed func init_a\n.*init_b\n$`, 6: `^Done\n$`}},
	{file: "tests/input_boxes.ipynb", wants: map[int]string{3: `^str=foo\npass=bar\n$`, 4: `^int=42\nsecret=123456\n$`}},
	{file: "tests/script.ipynb", wants: map[int]string{0: `^1 : a\n2 : b\n3 : c\n$`, 1: `^18\n$`, 2: `^19\n$`}, fails: map[int]string{3: `first line`}},
	// A variable whose fellow of one declaration is declared again stays, as its value does.
	{file: "tests/vartuple.ipynb", wants: map[int]string{0: `^a=3, c=7\n$`, 1: `(?s)var\s+a.*var\s+c.*func\s+tupleFn`, 2: `^c=1.5\n$`, 3: `^removed var a\n$`}},
	{file: "tutorial.ipynb", wants: map[int]string{0: `^Hello World!$`, 1: `^Hello World!$`, 3: `^incr: x=2, y=4.141593\n$`, 4: `^current startValue=2.000000\n$`,
		5: `^current startValue=2.000000\n$`, // values stay: here gonb starts anew from 1
		6: `NonCachedValue=`, 7: `removed`, 9: `GoNB!`, 10: `text/markdown`, 12: `<svg`, 16: `image/png`, 17: `<svg`,
		19: `init_a\nmain\n`, 20: `init_b\nmain\n`, 22: `^Hello world!\n$`, 23: `^Where is Wally\?$`, 24: `<p>Done.</p>`, 25: `go version`, 28: `(?s)PASS: TestIncr.*ns/op`},
		skip: map[int]string{8: needsNetwork, 11: needsNetwork, 13: needsNetwork, 14: needsNetwork, 15: needsNetwork, 18: needsNetwork,
			24: "uses a function of cell 15", 28: needsNetwork}},
	{file: "tests/writefile.ipynb", wants: map[int]string{0: `poetry.txt`, 1: `appended .*poetry.txt`}},
}

// notRun are the notebooks that are not in the list, with the reason.
var notRun = map[string]string{
	"tests/wasm.ipynb":    "%wasm: values of other cells live in a native process",
	"tests/comms.ipynb":   needsPage,
	"tests/dom.ipynb":     needsPage,
	"tests/widgets.ipynb": needsPage,
}

// TestGonbExamples runs the notebooks that ship with gonb, unchanged.
func TestGonbExamples(t *testing.T) {
	module := gonbModule(t)
	files, err := filepath.Glob(filepath.Join(module, "examples", "tests", "*.ipynb"))
	if err != nil || len(files) == 0 {
		t.Fatal("gonb's module has no notebooks:", err)
	}
	for _, file := range append(files, filepath.Join(module, "examples", "tutorial.ipynb")) {
		name, err := filepath.Rel(filepath.Join(module, "examples"), file)
		if err != nil {
			t.Fatal(err)
		}
		listed := slices.ContainsFunc(examples, func(e example) bool { return e.file == name })
		if reason := notRun[name]; reason != "" {
			t.Logf("%s left out: %s", name, reason)
		} else if !listed {
			t.Errorf("%s is not in the list", name)
		}
	}
	for _, e := range examples {
		t.Run(strings.TrimSuffix(filepath.Base(e.file), ".ipynb"), func(t *testing.T) {
			t.Parallel()
			e.run(t, module)
		})
	}
}

func (e example) run(t *testing.T, module string) {
	if e.needs != "" {
		if out, err := exec.Command("go", "mod", "download", e.needs).CombinedOutput(); err != nil {
			t.Skipf("needs %s, which is not in the module cache and cannot be fetched: %s", e.needs, out)
		}
	}
	n, err := notebook.Read(filepath.Join(module, "examples", e.file))
	if err != nil {
		t.Fatal(err)
	}
	k := jupytertest.Start(t, func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, "TEST_DIR="+t.TempDir()+"/", "GONB_GIT_ROOT="+module, "GOCOVERDIR="+t.TempDir())
	})
	answers := []string{"foo", "bar", "42", "123456"}
	k.Answer(func(string, bool) string {
		if len(answers) == 0 {
			return ""
		}
		answer := answers[0]
		answers = answers[1:]
		return answer
	})
	i := 0
	for _, c := range n.Cells {
		if !c.IsCode() {
			continue
		}
		if reason := e.skip[i]; reason != "" && os.Getenv("SADDLE_TEST_NETWORK") == "" {
			t.Logf("cell %d left out: %s", i, reason)
			i++
			continue
		}
		r := k.Run(c.Source())
		got := shown(r)
		if os.Getenv("SADDLE_TEST_SHOW") != "" {
			t.Logf("cell %d: %s\n%s", i, r.Status, got)
		}
		failure := e.fails[i]
		switch {
		case r.Status == "ok" && failure == "":
		case e.skip[i] != "":
			t.Logf("cell %d: %s", i, r.Value)
		case r.Status == "error" && failure != "":
			if !regexp.MustCompile(failure).MatchString(r.Value) {
				t.Errorf("cell %d failed with %q, which does not match %s", i, r.Value, failure)
			}
		default:
			t.Fatalf("cell %d: %s: %s\n%s\n--- cell\n%s", i, r.Status, r.Value, strings.Join(r.Traceback, "\n"), c.Source())
		}
		if want := e.wants[i]; want != "" && !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("cell %d: it put out\n%s\nwhich does not match %s\n--- cell\n%s", i, got, want, c.Source())
		}
		i++
	}
	if i == 0 {
		t.Error("the notebook has no code")
	}
}

// shown is what a cell put out as text: its streams, its result, and its displays.
func shown(r *jupytertest.Result) string {
	var b strings.Builder
	b.WriteString(r.Stdout + r.Stderr + r.Text)
	for _, d := range r.Displays {
		data, _ := d["data"].(map[string]any)
		for _, mime := range slices.Sorted(maps.Keys(data)) {
			fmt.Fprintf(&b, "[%s %v]", mime, data[mime])
		}
	}
	return b.String()
}
