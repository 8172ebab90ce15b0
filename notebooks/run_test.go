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
	"time"
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
// exercise after the other away again, the last first: the cell must still run, and the check must now fail. Before each
// figure a prediction must be asked for, and behind it must stand what to look at. Then it runs the notebook up to its
// exercises once more, with another number of threads: the figures must be the same, and those of the README as well.
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
			dir := t.TempDir()
			if *anew {
				n.run(t, saddle, source, dir, n.withPictures(n.cells[:n.lastPicture()+1]))
				n.comparePictures(t, dir)
				return
			}
			trial := n.withFailures()
			done, out := n.run(t, saddle, source, dir, trial)
			for _, wrong := range n.unexplained(done.cells) {
				t.Error(wrong)
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
			for _, m := range cellTime.FindAllStringSubmatch(out, len(n.code())) {
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
			if deadline, ok := t.Deadline(); ok && time.Until(deadline) < 5*time.Minute {
				t.Skip("its second run, which must show the same figures, is left out for want of time: give go test -timeout 20m")
			}
			again, _ := n.run(t, saddle, source, dir, n.withPictures(n.lesson()), "GOMAXPROCS=3")
			first, second := figures(done.cells), figures(again.cells)
			for _, c := range n.lesson() {
				if first[c.ID] != second[c.ID] {
					t.Errorf("%s: the figure of the second run is another one:\n%s", c.ID, difference(first[c.ID], second[c.ID]))
				}
			}
			n.comparePictures(t, dir)
		})
	}
}

// run executes a copy of the notebook with other cells in dir. It returns the copy with its outputs, and what the
// command said.
func (n notebook) run(t *testing.T, saddle, source, dir string, cells []cell, env ...string) (done notebook, says string) {
	t.Helper()
	// Cells read data from the folder of their notebook.
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS("data")); err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join(dir, "notebook.ipynb"), filepath.Join(dir, "done.ipynb")
	if err := n.write(from, cells); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(saddle, "run", "--quiet", "--output", to, from)
	run.Env = append(append(os.Environ(), "SADDLE_SOURCE="+source), env...)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("saddle run: %v\n%s", err, out)
	}
	file, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if done, err = parseNotebook(n.name, file); err != nil {
		t.Fatal(err)
	}
	return done, string(out)
}

// lesson is the notebook's cells up to its exercises.
func (n notebook) lesson() []cell {
	return n.cells[:slices.IndexFunc(n.cells, func(c cell) bool {
		return slices.ContainsFunc(c.headings(), func(h string) bool { return strings.HasSuffix(h, ". Exercises") })
	})]
}

// unexplained lists the figures of the lesson that come without a prediction before them or without words on what to
// look at behind them. Figures with no text between them count as one.
func (n notebook) unexplained(done []cell) (wrong []string) {
	drawn := figures(done)
	predicted, figure := false, -1
	for i, c := range n.lesson() {
		switch {
		case !c.isCode():
			if figure >= 0 && !strings.Contains(string(c.Source), "*What to look at:*") {
				wrong = append(wrong, n.position(figure)+": no words behind the figure on what to look at")
			}
			predicted, figure = predicted || strings.Contains(string(c.Source), "**Predict"), -1
		case drawn[c.ID] != "":
			if figure < 0 && !predicted {
				wrong = append(wrong, n.position(i)+": no prediction is asked for before the figure")
			}
			predicted, figure = false, i
		}
	}
	if figure >= 0 {
		wrong = append(wrong, n.position(figure)+": no words behind the figure on what to look at")
	}
	return wrong
}

// figures is the HTML of each cell's figures, by the cell's id, without what may change from run to run: the id of the
// element, the time that the computation took, and with it the static picture, which shows that time.
func figures(cells []cell) map[string]string {
	all := map[string]string{}
	for _, c := range cells {
		for _, o := range c.Outputs {
			var output struct {
				Data struct {
					PNG  json.RawMessage `json:"image/png"`
					HTML text            `json:"text/html"`
				} `json:"data"`
			}
			if json.Unmarshal(o, &output) == nil && output.Data.PNG != nil {
				html := string(output.Data.HTML)
				if id := figureID.FindStringSubmatch(html); id != nil {
					html = strings.ReplaceAll(html, id[1], "")
				}
				all[c.ID] += elapsed.ReplaceAllString(staticPicture.ReplaceAllString(html, ""), "")
			}
		}
	}
	return all
}

var (
	figureID      = regexp.MustCompile(`data-saddle="([0-9a-f]+)"`)
	staticPicture = regexp.MustCompile(`data:image/png;base64,[A-Za-z0-9+/=]+`)
	elapsed       = regexp.MustCompile(`\b\d[\d.e+-]* (ms|s)\b`)
)

// difference is where two texts begin to differ.
func difference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(0, i-80)
	return fmt.Sprintf("%.200s\n%.200s", a[min(from, len(a)):], b[min(from, len(b)):])
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

// TestRunCanFail gives the checks of TestRun what they should object to.
func TestRunCanFail(t *testing.T) {
	figure := func(id, html string) cell {
		output, err := json.Marshal(map[string]any{"data": map[string]string{"image/png": "AAAA", "text/html": html}})
		if err != nil {
			t.Fatal(err)
		}
		return cell{Type: "code", ID: id, Source: "figure", Outputs: []json.RawMessage{output}}
	}
	words := func(s text) cell { return cell{Type: "markdown", Source: s} }
	for want, cells := range map[string][]cell{
		"":                     {words("**Predict:** what?"), figure("a", "x"), figure("b", "y"), words("*What to look at:* it."), words("## 2. Exercises"), figure("c", "z")},
		"no prediction":        {words("Look."), figure("a", "x"), words("*What to look at:* it."), words("## 2. Exercises")},
		"no words behind":      {words("**Predict:** what?"), figure("a", "x"), words("Well."), words("## 2. Exercises")},
		"cell 4 (b): no predi": {words("**Predict:** what?"), figure("a", "x"), words("*What to look at:* it."), figure("b", "y"), words("*What to look at:* it."), words("## 2. Exercises")},
	} {
		got := strings.Join(notebook{name: "n", cells: cells}.unexplained(cells), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("wanted %q, got %q", want, got)
		}
	}
	html := func(id, picture, time, data string) string {
		return fmt.Sprintf(`<figure data-saddle="%s"><img src="data:image/png;base64,%s">9 points; %s.<script>start("%s", {"z":[%s]})</script>`, id, picture, time, id, data)
	}
	one := figures([]cell{figure("a", html("12ab", "AAAA", "0.51 s", "1,2"))})
	if two := figures([]cell{figure("a", html("34cd", "BBBB", "1.2e+02 s", "1,2"))}); one["a"] != two["a"] {
		t.Errorf("the same figure counts as another:\n%s", difference(one["a"], two["a"]))
	}
	if two := figures([]cell{figure("a", html("34cd", "AAAA", "0.51 s", "1,3"))}); one["a"] == two["a"] {
		t.Error("a figure of other numbers counts as the same")
	}
}
