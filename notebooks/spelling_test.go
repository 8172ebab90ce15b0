package notebooks_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSpelling gives the prose of the notebooks to aspell (English of any country). Words that it does not know and
// that are right are in testdata/words.txt.
func TestSpelling(t *testing.T) {
	if _, err := exec.LookPath("aspell"); err != nil {
		if os.Getenv("SADDLE_TEST_SPELLING") == "must" {
			t.Fatal("there is no aspell: install aspell and aspell-en")
		}
		t.Skip("there is no aspell")
	}
	list, err := os.ReadFile("testdata/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for word := range strings.FieldsSeq(string(list)) {
		known[word] = true
	}
	if wrong, err := misspelt("Two valleys and a **bariere** between $theta$ and `bultin`, by Xyzzy.", known); err != nil || !slices.Equal(wrong, []string{"bariere", "Xyzzy"}) {
		t.Fatalf("of two wrong words it finds %q, %v", wrong, err)
	}
	for _, n := range course(t) {
		for i, c := range n.cells {
			if c.isCode() {
				continue
			}
			wrong, err := misspelt(string(c.Source), known)
			if err != nil {
				t.Fatal(err)
			}
			if len(wrong) > 0 {
				t.Errorf("%s: not English, and not in testdata/words.txt: %s", n.position(i), strings.Join(wrong, ", "))
			}
		}
	}
}

var notProse = regexp.MustCompile("(?s)" + strings.Join([]string{
	"```.*?```", "`[^`]*`", // code
	`\$\$.*?\$\$`, `\$[^$]*\$`, // formulas
	`\]\([^)]*\)`, `https?://\S*`, `(?i:arxiv)\S*`, // links
	`<[^>]*>`, `&\w+;`, // HTML
	`(?m:^- [^*\n]*(?:\n  [^*\n]*)*\*)`, // in a list of sources, the authors before the *title*
}, "|"))

// misspelt returns the words of a text that are neither English nor known, each once.
func misspelt(markdown string, known map[string]bool) ([]string, error) {
	prose := notProse.ReplaceAllString(markdown, " ")
	prose = strings.ReplaceAll(prose, "’", "'")
	cmd := exec.Command("aspell", "list", "--lang=en", "--mode=none", "--encoding=utf-8", "--ignore=2")
	cmd.Stdin = strings.NewReader(prose)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("aspell: %w: %s", err, &complaint)
	}
	var wrong []string
	for word := range strings.FieldsSeq(string(out)) {
		stem := strings.TrimSuffix(word, "'s")
		if !known[stem] && !known[strings.ToLower(stem)] && !slices.Contains(wrong, word) {
			wrong = append(wrong, word)
		}
	}
	return wrong, nil
}
