package handout

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStudent(t *testing.T) {
	text, err := json.Marshal(map[string]any{"cells": []any{
		map[string]any{"cell_type": "code", "source": []string{"a := 1\n", "// BEGIN SOLUTION\n", "secret := 2\n", "// END SOLUTION\n", "a"}, "outputs": []any{"x"}},
		map[string]any{"cell_type": "markdown", "source": "words"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := student(text)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(got); strings.Contains(s, "secret") || !strings.Contains(s, "your answer") || !strings.Contains(s, "words") || strings.Contains(s, `"x"`) {
		t.Errorf("student gave %s", s)
	}
	for _, bad := range []string{"// BEGIN SOLUTION", "// END SOLUTION", "// BEGIN SOLUTION\n// BEGIN SOLUTION\n// END SOLUTION"} {
		if _, _, err := withoutSolutions(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestSelfContained(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"echarts.min.js", "echarts-gl.min.js", "katex.min.js", "auto-render.min.js"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("lib('"+f+"</script>')"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page := `<html><head><script src="https://example.org/require.js"></script><script src=""></script><link rel="stylesheet" href="https://example.org/a.css"></head><body><div class="saddle-figure"></div></body></html>`
	got, err := selfContained([]byte(page), dir)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(got); strings.Contains(s, "example.org") || strings.Count(s, "echarts-gl.min.js") != 1 || strings.Contains(s, "js</script>'") {
		t.Errorf("selfContained gave %s", s)
	}
	if _, err := selfContained([]byte(page), t.TempDir()); err == nil || !strings.Contains(err.Error(), "install.sh") {
		t.Errorf("without libraries: %v", err)
	}
}
