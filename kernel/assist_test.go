package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
	"github.com/gosaddle/saddle/kernel/internal/paths"
)

// startWithGopls starts a kernel, with gopls where "saddle warm" puts it.
func startWithGopls(t *testing.T) *jupytertest.Kernel {
	t.Helper()
	source, err := paths.Source()
	if err != nil {
		t.Fatal(err)
	}
	target, err := paths.Gopls(source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(target); err != nil {
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := buildGopls(t.Context(), source, target); err != nil {
			t.Fatal(err)
		}
	}
	return jupytertest.Start(t)
}

// complete returns the matches for a cell with the cursor at its end.
func complete(k *jupytertest.Kernel, code string) []string {
	reply := k.Request("complete_request", map[string]any{"code": code, "cursor_pos": utf8.RuneCountInString(code)})
	var matches []string
	for _, m := range reply["matches"].([]any) {
		matches = append(matches, m.(string))
	}
	return matches
}

// completes asks until a match is there: gopls needs a moment after the kernel's start.
func completes(t *testing.T, k *jupytertest.Kernel, code, want string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(jupytertest.Patience); time.Now().Before(end); {
		if got = complete(k, code); slices.Contains(got, want) {
			return
		}
	}
	t.Errorf("%s: %s is not among %.300q", code, want, got)
}

func TestAssistKnowsTheNotebook(t *testing.T) {
	k := startWithGopls(t)
	k.MustRun("// point is a place.\ntype point struct{ x, y float64 }\n// norm is its distance from 0.\nfunc (p *point) norm() float64 { return p.x }")
	k.MustRun("origin := &point{1, 2}\ncounts := map[string]int{\"a\": 7}")
	completes(t, k, "origin.no", "norm")
	completes(t, k, "/* 🦉 */ cou", "counts")
	completes(t, k, "dataset.Moo", "Moons")
	completes(t, k, "%capt", "%capture")

	inspect := func(code string) string {
		reply := k.Request("inspect_request", map[string]any{"code": code, "cursor_pos": utf8.RuneCountInString(code), "detail_level": 0})
		text, _ := reply["data"].(map[string]any)["text/plain"].(string)
		return text
	}
	for code, parts := range map[string][]string{
		"counts":      {"map[string]int", "a:7"},
		"origin.norm": {"func (p *point) norm() float64", "its distance from 0"},
	} {
		for _, part := range parts {
			if got := inspect(code); !strings.Contains(got, part) {
				t.Errorf("inspecting %s: %q is not in\n%s", code, part, got)
			}
		}
	}

	// While a cell runs: answered, and before the cell is done.
	busy := k.Start("fmt.Println(\"up\")\nfor {\n}")
	busy.UntilOutput("up")
	completes(t, k, "origin.no", "norm")
	k.Interrupt()
	if r := busy.Wait(); r.Status != "error" {
		t.Errorf("the interrupted cell ended with %s", r.Status)
	}
}
