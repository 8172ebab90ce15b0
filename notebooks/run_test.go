package notebooks_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// folder holds the saddle command while the tests run.
var folder string

// command builds the saddle command once, for the tests that need it.
var command = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "saddle")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/gosaddle/saddle/kernel").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build saddle: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if folder, err = os.MkdirTemp("", "saddle-notebooks-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		return m.Run()
	}())
}

// TestRun runs every notebook from top to bottom as it is, and then, in the same session, takes the solution of one
// exercise after the other away again, the last first: the cell must still run, and the check must now fail.
func TestRun(t *testing.T) {
	saddle, err := command()
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	two := make(chan struct{}, 2) // a notebook computes on all cores: more at once are no faster
	for _, n := range course(t) {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			two <- struct{}{}
			defer func() { <-two }()
			// Cells read data from the folder of their notebook.
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS("data")); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			from, to := filepath.Join(dir, "notebook.ipynb"), filepath.Join(dir, "done.ipynb")
			trial := n.withFailures()
			if err := n.write(from, trial); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(saddle, "run", "--quiet", "--output", to, from)
			run.Env = append(os.Environ(), "SADDLE_SOURCE="+source)
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("saddle run: %v\n%s", err, out)
			}
			file, err := os.ReadFile(to)
			if err != nil {
				t.Fatal(err)
			}
			done, err := parseNotebook(n.name, file)
			if err != nil {
				t.Fatal(err)
			}
			for i := len(n.cells); i < len(trial); i++ {
				failure := done.cells[i].failure()
				check := trial[i].Metadata["check"] == true
				if check && failure == "" {
					t.Errorf("%s: without its solution the check still passes:\n%s", trial[i].ID, trial[i].Source)
				}
				if !check && failure != "" {
					t.Errorf("%s: without its solution the cell does not run, so the check never comes: %s\n%s", trial[i].ID, failure, trial[i].Source)
				}
			}
			took := 0.0
			for _, m := range cellTime.FindAllStringSubmatch(string(out), len(n.code())) {
				seconds, err := strconv.ParseFloat(m[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				took += seconds
			}
			// The clock of a busy machine proves nothing, so that a notebook keeps its minute is told, not asserted.
			t.Logf("%s: %d cells in %.1f s, %d checks fail as they should", n.name, len(n.code()), took, (len(trial)-len(n.cells))/2)
			if took > 60 {
				t.Logf("%s: more than the minute that it may take", n.name)
			}
		})
	}
}

// cellTime is the line of saddle run that says how long a cell took.
var cellTime = regexp.MustCompile(`(?m)^ +(\d+\.\d) s$`)

// code is the notebook's code cells.
func (n notebook) code() []cell {
	return slices.DeleteFunc(slices.Clone(n.cells), func(c cell) bool { return !c.isCode() })
}

// withFailures is the notebook's cells, and after them each answer cell without its solution, with its check; they may
// fail.
func (n notebook) withFailures() []cell {
	cells := slices.Clone(n.cells)
	for i := len(n.cells) - 2; i >= 0; i-- {
		if answer, check := n.cells[i], n.cells[i+1]; answer.holdsSolution() && check.isCode() {
			may := func(check bool) map[string]any {
				return map[string]any{"tags": []string{"raises-exception"}, "check": check}
			}
			cells = append(cells,
				cell{Type: "code", ID: answer.ID + "-cut", Metadata: may(false), Source: text(withoutSolution(string(answer.Source)))},
				cell{Type: "code", ID: check.ID + "-cut", Metadata: may(true), Source: check.Source})
		}
	}
	return cells
}

// failure is the error that a cell ended with, "" for none.
func (c cell) failure() string {
	for _, o := range c.Outputs {
		var output struct {
			Type string `json:"output_type"`
			Name string `json:"ename"`
			Says string `json:"evalue"`
		}
		if json.Unmarshal(o, &output) == nil && output.Type == "error" {
			return strings.TrimSpace(output.Name + ": " + output.Says)
		}
	}
	return ""
}
