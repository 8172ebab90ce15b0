package handout

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSolutions(t *testing.T) {
	text, err := json.Marshal(map[string]any{"nbformat": 4, "cells": []any{
		map[string]any{"cell_type": "code", "source": []string{"a := 1\n", "// BEGIN SOLUTION\n", "secret := 2\n", "// END SOLUTION\n", "a"}, "outputs": []any{"printed"}},
		map[string]any{"cell_type": "markdown", "source": "words\n<!-- BEGIN SOLUTION -->\nthe reason\n<!-- END SOLUTION -->"},
		map[string]any{"cell_type": "markdown", "source": "<!-- BEGIN SOLUTION -->"},
		map[string]any{"cell_type": "code", "source": "hidden := 3", "outputs": []any{"seen"}},
		map[string]any{"cell_type": "code", "source": "hidden++\n### END SOLUTION\nshown := 4", "outputs": []any{"all"}},
		map[string]any{"cell_type": "markdown", "source": "The marks are called BEGIN and END SOLUTION."},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o          Options
		has, hasnt []string
	}{
		{Options{Student: true}, []string{"your answer", "words", "saddle-answer", "shown := 4", "are called BEGIN and END SOLUTION"}, []string{"secret", "printed", "the reason", "hidden", "seen", "BEGIN SOLUTION", "# END"}},
		{Options{Solutions: true}, []string{"secret", "printed", "the reason", "saddle-solution", "hidden := 3", "seen", "hidden++", "shown := 4"}, []string{"BEGIN SOLUTION", "# END", "your answer"}},
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
	if got, cut, _, err := withoutSolutions(body, true, false); err != nil || !cut || got != "func f() int {\n\t// your answer\n\n\n}" {
		t.Errorf("a function's body is %q, %t, %v", got, cut, err)
	}
	for _, bad := range []string{"// BEGIN SOLUTION", "// END SOLUTION", "// BEGIN SOLUTION\n// BEGIN SOLUTION\n// END SOLUTION"} {
		nb := fromMarkdown([]byte(bad))
		if err := nb.solutions(Options{Student: true}); err == nil || !strings.Contains(err.Error(), "cell 1") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What cannot be exported is told before any work, in words.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken := file("taken", "")
	for name, c := range map[string]struct{ place, out, want string }{
		"missing":  {filepath.Join(dir, "none.ipynb"), "out", "none.ipynb: no such file"},
		"broken":   {file("broken.ipynb", `{"nbformat": 4, "cells": [`), "out", "broken.ipynb: the notebook is not valid JSON"},
		"strange":  {file("strange.ipynb", `{"cells": []}`), "out", "strange.ipynb: this is not a notebook of format 4"},
		"old":      {file("old.ipynb", `{"nbformat": 3, "worksheets": []}`), "out", "open it in JupyterLab and save it there"},
		"no cell":  {file("cell.ipynb", `{"nbformat": 4, "cells": [7]}`), "out", "cell 1 is not a cell"},
		"no place": {file("good.ipynb", `{"nbformat": 4, "cells": []}`), "taken", taken},
		"empty":    {t.TempDir(), "out", "has no notebooks"},
	} {
		_, err := ExportAll(t.Context(), []string{c.place}, Options{Out: filepath.Join(dir, c.out), Jupyter: filepath.Join(dir, "no-jupyter")})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one that says %q", name, err, c.want)
		}
	}
}

// Links lead to the pages of other files where there are such, and are words where they would lead nowhere.
func TestLinks(t *testing.T) {
	page := `<p><a href="GLOSSARY.md#saddle">a <b>term</b></a> <a class="x" href="02.ipynb">next</a> <a href="data/x.csv">data</a> <a href="#One">up</a> <a href="https://example.org/a">out</a></p>`
	got, used := linked([]byte(page), map[string]string{"GLOSSARY.md": "GLOSSARY.html", "02.ipynb": "02.html"})
	want := `<p><a href="GLOSSARY.html#saddle">a <b>term</b></a> <a class="x" href="02.html">next</a> data <a href="#One">up</a> <a href="https://example.org/a">out</a></p>`
	if string(got) != want || strings.Join(used, " ") != "GLOSSARY.md 02.ipynb" {
		t.Errorf("linked gave %s and %q", got, used)
	}
}

func TestAbout(t *testing.T) {
	nb, err := parse([]byte(`{"nbformat":4,"metadata":{"authors":[{"name":"Ada <script>"},"Emmy"],"date":"2026"},"cells":[{"cell_type":"markdown","source":"# Bowls & saddles\n\nA **first** [paragraph](x.html)."}]}`))
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
