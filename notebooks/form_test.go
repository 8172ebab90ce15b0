package notebooks_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestForm holds every notebook to the form of the course: a student who knows one finds his way in all.
func TestForm(t *testing.T) {
	for _, n := range course(t) {
		for _, wrong := range n.faults() {
			t.Error(wrong)
		}
	}
}

// TestFormCanFail gives the checks a notebook with one fault each.
func TestFormCanFail(t *testing.T) {
	sound := func() []cell {
		cells := []cell{
			{Type: "markdown", ID: "x-00", Source: "# Title\n\n**Goal.** See.\n\n**Time.** 5 minutes."},
			{Type: "markdown", ID: "x-01", Source: "## 1. First\n\nWords."},
			{Type: "code", ID: "x-02", Source: "x := 1"},
			{Type: "markdown", ID: "x-03", Source: "## 2. Recap\n\n- One."},
			{Type: "markdown", ID: "x-04", Source: "## 3. Exercises"},
		}
		for i := 1; i <= 3; i++ {
			cells = append(cells,
				cell{Type: "markdown", ID: fmt.Sprintf("e-%d0", i), Source: text(fmt.Sprintf("### Exercise %d: do", i))},
				cell{Type: "code", ID: fmt.Sprintf("e-%d1", i), Source: "// BEGIN SOLUTION\nx = 2\n// END SOLUTION"},
				cell{Type: "code", ID: fmt.Sprintf("e-%d2", i), Source: "verdict(x == 2)"})
		}
		return append(cells, cell{Type: "markdown", ID: "x-05", Source: "## 4. Further reading\n\n- A. Author, *Title*, arXiv:1712.09913. See [the text](form_test.go)."})
	}
	if faults := (notebook{name: "sound", cells: sound()}).faults(); len(faults) != 0 {
		t.Fatalf("a sound notebook has faults: %q", faults)
	}
	one := 1
	for fault, spoil := range map[string]func(c []cell){
		"output":           func(c []cell) { c[2].Execution = &one },
		"twice":            func(c []cell) { c[2].ID = "x-00" },
		"empty":            func(c []cell) { c[2].Source = " " },
		"Goal":             func(c []cell) { c[0].Source = "# Title\n\n**Time.** 5 minutes." },
		"Time":             func(c []cell) { c[0].Source = "# Title\n\n**Goal.** See." },
		"level":            func(c []cell) { c[1].Source = "### 1. First" },
		"title":            func(c []cell) { c[1].Source = "# First" },
		"number 1":         func(c []cell) { c[1].Source = "## 2. First" },
		"Recap":            func(c []cell) { c[3].Source = "## 2. Summary" },
		"Further reading":  func(c []cell) { c[len(c)-1].Source = "## 4. More, arXiv:1712.09913" },
		"arXiv":            func(c []cell) { c[len(c)-1].Source = "## 4. Further reading\n\narXiv:1713.09913" },
		"does not exist":   func(c []cell) { c[1].Source = "## 1. First\n\n[there](nowhere.md)" },
		"check cell":       func(c []cell) { c[7].Source = "fmt.Println(x)" },
		"Exercise 1":       func(c []cell) { c[5].Source = "### Exercise 3: do" },
		"exercises":        func(c []cell) { c[6].Source, c[9].Source, c[12].Source = "x = 2", "x = 2", "x = 2" },
		"END SOLUTION":     func(c []cell) { c[6].Source = "// BEGIN SOLUTION\nx = 2" },
		"is no https":      func(c []cell) { c[1].Source = "## 1. First\n\n[there](http://example.org)" },
		"columns":          func(c []cell) { c[2].Source = text("x := 1 //" + strings.Repeat(" far", 30)) },
		"no language mark": func(c []cell) { c[1].Source = "## 1. First\n\n```\nx := 1\n```" },
	} {
		cells := sound()
		spoil(cells)
		if faults := strings.Join((notebook{name: "spoilt", cells: cells}).faults(), "\n"); !strings.Contains(faults, fault) {
			t.Errorf("the fault %q is not found; found: %q", fault, faults)
		}
	}
}

var (
	link       = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	arXiv      = regexp.MustCompile(`(?i)arxiv(\S*)`)
	arXivGood  = regexp.MustCompile(`^(:|\.org/abs/)\d\d(0[1-9]|1[0-2])\.\d{4,5}\b`)
	section    = regexp.MustCompile(`^## (\d+)\. (.+)$`)
	exercise   = regexp.MustCompile(`^### Exercise (\d+)\b`)
	openFence  = regexp.MustCompile("(?m)^```(\\w*)\n(?s:.*?)\n```$")
	checksWith = regexp.MustCompile(`\bverdict\(`)
)

// widest is how many columns of code fit into a handout and into JupyterLab beside its file list.
const widest = 105

// faults lists what is wrong with the notebook's form.
func (n notebook) faults() (wrong []string) {
	fault := func(i int, format string, args ...any) {
		wrong = append(wrong, n.position(i)+": "+fmt.Sprintf(format, args...))
	}
	ids := map[string]bool{}
	level, sections, exercises := 0, 0, 0
	var titles []string
	for i, c := range n.cells {
		source := string(c.Source)
		if len(c.Outputs) > 0 || c.Execution != nil {
			fault(i, "committed with output: clear it")
		}
		if c.ID == "" || ids[c.ID] {
			fault(i, "the id %q is empty or there twice", c.ID)
		}
		ids[c.ID] = true
		if strings.TrimSpace(source) == "" {
			fault(i, "empty")
		}
		for _, h := range c.headings() {
			now := len(h) - len(strings.TrimLeft(h, "#"))
			switch {
			case now == 1 && level != 0:
				fault(i, "%q is a second title", h)
			case now > level+1:
				fault(i, "%q jumps a heading level", h)
			}
			level = now
			if now == 2 {
				sections++
				m := section.FindStringSubmatch(h)
				if m == nil || m[1] != strconv.Itoa(sections) {
					fault(i, "%q should have the number %d: \"## %[2]d. Title\"", h, sections)
				} else {
					titles = append(titles, m[2])
				}
			}
			if m := exercise.FindStringSubmatch(h); m != nil {
				exercises++
				if m[1] != strconv.Itoa(exercises) {
					fault(i, "%q should be Exercise %d", h, exercises)
				}
			}
		}
		if c.isCode() {
			for line := range strings.SplitSeq(source, "\n") {
				if n := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")); n > widest {
					fault(i, "a line of code has %d columns; a handout shows %d", n, widest)
				}
			}
			if strings.Count(source, "BEGIN SOLUTION") != strings.Count(source, "END SOLUTION") {
				fault(i, "BEGIN SOLUTION without END SOLUTION")
			}
			if c.holdsSolution() && (i+1 == len(n.cells) || !n.cells[i+1].isCode() || !checksWith.MatchString(string(n.cells[i+1].Source))) {
				fault(i, "no check cell follows that calls verdict")
			}
			continue
		}
		for _, m := range openFence.FindAllStringSubmatch(source, -1) {
			if m[1] == "" {
				fault(i, "a code block with no language mark")
			}
		}
		for _, m := range link.FindAllStringSubmatch(source, -1) {
			if problem := broken(m[1]); problem != "" {
				fault(i, "link %s", problem)
			}
		}
		for _, m := range arXiv.FindAllStringSubmatch(source, -1) {
			if m[1] != "" && !arXivGood.MatchString(m[1]) {
				fault(i, "%q is no arXiv number", m[0])
			}
		}
	}
	first := n.cells[0]
	if h := first.headings(); first.isCode() || len(h) == 0 || !strings.HasPrefix(h[0], "# ") {
		fault(0, "should begin with the title")
	}
	for _, word := range []string{"**Goal.**", "**Time.**"} {
		if !strings.Contains(string(first.Source), word) {
			fault(0, "no %s in the first cell", word)
		}
	}
	last := len(n.cells) - 1
	if k := len(titles); k < 3 || titles[k-3] != "Recap" || titles[k-2] != "Exercises" || titles[k-1] != "Further reading" {
		fault(last, "the last three sections should be Recap, Exercises, Further reading; the sections are %q", titles)
	}
	solutions := 0
	for _, c := range n.cells {
		if c.holdsSolution() {
			solutions++
		}
	}
	if exercises < 3 || exercises > 5 || solutions < exercises {
		fault(last, "%d exercises, %d of them with a solution: there should be three to five", exercises, solutions)
	}
	return wrong
}

// broken says what is wrong with the target of a link, which is a file of the repository or a web address. The web is
// not asked: whether a page exists changes without us.
func broken(target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "" && (u.Scheme != "https" || u.Host == ""):
		return target + " is no https address"
	case u.Scheme == "" && u.Path != "":
		if _, err := os.Stat(filepath.FromSlash(u.Path)); err != nil {
			return target + " leads to a file that does not exist"
		}
	}
	return ""
}
