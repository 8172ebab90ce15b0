package notebooks_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var entry = regexp.MustCompile(`^- \*\*([^*]+)\*\*: (.+[.]) \[(\d\d)\]\(([^)]+)\)$`)

// TestGlossary checks that the entries are in order and well-formed, that each term is used by the notebook it names, and
// that README leads there.
func TestGlossary(t *testing.T) {
	file, err := os.ReadFile("GLOSSARY.md")
	if err != nil {
		t.Fatal(err)
	}
	prose := map[string]string{}
	for _, n := range course(t) {
		for _, c := range n.cells {
			if !c.isCode() {
				prose[n.name+".ipynb"] += strings.ToLower(strings.Join(strings.Fields(string(c.Source)), " ")) + "\n"
			}
		}
	}
	last := ""
	for line := range strings.Lines(string(file)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "-") {
			continue
		}
		m := entry.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not of the form \"- **Term**: what it is. [nn](notebook)\": %s", line)
			continue
		}
		term := strings.ToLower(m[1])
		if term <= last {
			t.Errorf("%q should come before %q", m[1], last)
		}
		last = term
		text, ok := prose[m[4]]
		if !ok || !strings.HasPrefix(m[4], m[3]) {
			t.Errorf("%s: there is no notebook %s", m[1], m[4])
		} else if !strings.Contains(text, term) {
			t.Errorf("%s: %s does not use the term", m[1], m[4])
		}
	}
	if last == "" {
		t.Error("no entries")
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range append([]string{"GLOSSARY.md"}, names(t)...) {
		if !strings.Contains(string(readme), "(notebooks/"+to+")") {
			t.Errorf("README has no link to notebooks/%s", to)
		}
	}
	for _, m := range regexp.MustCompile(`(?:\]\(|src=")(notebooks/[^)"]+)`).FindAllStringSubmatch(string(readme), -1) {
		info, err := os.Stat("../" + m[1])
		if err != nil {
			t.Errorf("README: %v", err)
		} else if strings.HasSuffix(m[1], ".png") && info.Size() > 100_000 {
			t.Errorf("%s has %d bytes; a picture may have 100 kB", m[1], info.Size())
		}
	}
}

// names lists the files of the course.
func names(t *testing.T) []string {
	var files []string
	for _, n := range course(t) {
		files = append(files, n.name+".ipynb")
	}
	return files
}
