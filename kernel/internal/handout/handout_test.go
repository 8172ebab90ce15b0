package handout

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSolutions(t *testing.T) {
	text, err := json.Marshal(map[string]any{"cells": []any{
		map[string]any{"cell_type": "code", "source": []string{"a := 1\n", "// BEGIN SOLUTION\n", "secret := 2\n", "// END SOLUTION\n", "a"}, "outputs": []any{"printed"}},
		map[string]any{"cell_type": "markdown", "source": "words\n<!-- BEGIN SOLUTION -->\nthe reason\n<!-- END SOLUTION -->"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o          Options
		has, hasnt []string
	}{
		{Options{Student: true}, []string{"your answer", "words", "saddle-answer"}, []string{"secret", "printed", "the reason", "SOLUTION"}},
		{Options{Solutions: true}, []string{"secret", "printed", "the reason", "saddle-solution"}, []string{"SOLUTION", "your answer"}},
		{Options{}, []string{"secret", "BEGIN SOLUTION"}, []string{"saddle-"}},
	} {
		nb, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := nb.solutions(c.o); err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(nb)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.has {
			if !strings.Contains(string(got), w) {
				t.Errorf("%+v: %q is missing in %s", c.o, w, got)
			}
		}
		for _, w := range c.hasnt {
			if strings.Contains(string(got), w) {
				t.Errorf("%+v: %q is left in %s", c.o, w, got)
			}
		}
	}
	const body = "func f() int {\n\t// BEGIN SOLUTION\n\treturn 1\n\t// END SOLUTION\n}"
	if got, cut, err := withoutSolutions(body, true); err != nil || !cut || got != "func f() int {\n\t// your answer\n\n\n}" {
		t.Errorf("a function's body is %q, %t, %v", got, cut, err)
	}
	for _, bad := range []string{"// BEGIN SOLUTION", "// END SOLUTION", "// BEGIN SOLUTION\n// BEGIN SOLUTION\n// END SOLUTION"} {
		if _, _, err := withoutSolutions(bad, true); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestAbout(t *testing.T) {
	nb, err := parse([]byte(`{"metadata":{"authors":[{"name":"Ada <script>"},"Emmy"],"date":"2026"},"cells":[{"cell_type":"markdown","source":"# Bowls & saddles\n\nA **first** [paragraph](x.html)."}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a := nb.about("x")
	if a.title != "Bowls & saddles" || a.first != "A first paragraph." || a.authors != "Ada <script>, Emmy" {
		t.Errorf("about gave %+v", a)
	}
	page := string(titled([]byte(`<html><head><title>x</title></head><body><h1 id="b">Bowls</h1></body></html>`), a))
	want := `<html><head><title>Bowls &amp; saddles</title></head><body><h1 id="b">Bowls</h1><p class="saddle-byline">Ada &lt;script&gt;, Emmy · 2026</p></body></html>`
	if page != want {
		t.Errorf("titled gave %s", page)
	}
	if s := index([]exported{{title: "a <b>", page: "a b.html", about: "c & d"}}); !strings.Contains(s, `<a href="a%20b.html">a &lt;b&gt;</a><p>c &amp; d</p>`) {
		t.Errorf("index gave %s", s)
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
