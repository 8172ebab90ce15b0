package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/gosaddle/saddle/lossviz/chart/charttest"
)

func TestHandout(t *testing.T) {
	out := t.TempDir()
	saddle(t, "handout", "--execute", "-o", out, filepath.Join(root, "notebooks", notebook+".ipynb"))
	path := filepath.Join(out, notebook+".html")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	figures := strings.Count(string(text), `class="saddle-figure"`)
	if figures == 0 {
		t.Fatal("the handout has no figure")
	}
	if limit := int64(3_000_000 + 200_000*figures); info.Size() > limit {
		t.Errorf("the handout has %d bytes with %d figures, want at most %d", info.Size(), figures, limit)
	}
	d := open(t)
	d.Navigate("file://" + path)
	d.turn()
	if charttest.Eval[int](d.Tab, `document.querySelectorAll("math").length`) == 0 {
		t.Error("no formula is drawn")
	}
}

// course is a folder with two notebooks: one with figures, one with exercises and formulas.
func course(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	exercises := map[string]any{"nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"title": "Exercises & <answers>", "authors": []any{map[string]any{"name": "Ada"}}, "date": "2026-11-24", "language_info": map[string]any{"name": "go"}},
		"cells": []any{
			map[string]any{"cell_type": "markdown", "id": "a", "metadata": map[string]any{}, "source": "Let $f(x) = x^2$ be given.\n\n$$f(tx + (1-t)y) \\le t f(x) + (1-t) f(y)$$\n\n## One\n\n## Two\n\n## Three"},
			map[string]any{"cell_type": "code", "id": "b", "metadata": map[string]any{}, "source": "x := 1\n// BEGIN SOLUTION\nsecret := x + 1\n// END SOLUTION", "execution_count": 1, "outputs": []any{}},
			map[string]any{"cell_type": "markdown", "id": "c", "metadata": map[string]any{}, "source": "Why?\n\n<!-- BEGIN SOLUTION -->\nbecause of the hidden reason\n<!-- END SOLUTION -->"},
		}}
	text, err := json.Marshal(exercises)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"1-figures": saved(t, "Figures"), "2-exercises": text} {
		if err := os.WriteFile(filepath.Join(dir, name+".ipynb"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSite makes a folder of notebooks into handouts for teachers and students, and looks at the pages.
func TestSite(t *testing.T) {
	notebooks := course(t)
	d := open(t)
	site := func(place string, flags ...string) string {
		t.Helper()
		out := t.TempDir()
		saddle(t, append(append([]string{"handout"}, flags...), "-o", out, filepath.Join(notebooks, place))...)
		return out
	}
	visit := func(path string) (words string) {
		t.Helper()
		d.Navigate("file://" + path)
		return charttest.Eval[string](d.Tab, `document.body.innerText`)
	}
	says := func(words string, want bool, all ...string) {
		t.Helper()
		for _, w := range all {
			if strings.Contains(words, w) != want {
				t.Errorf("%q is there: %v, in\n%s", w, !want, words)
			}
		}
	}

	teacher := site("", "--solutions", "--pdf")
	says(visit(filepath.Join(teacher, "index.html")), true, "Figures", "Exercises & <answers>", "Let f(x) = x^2 be given.")
	d.Keep("index")
	links := charttest.Eval[[]string](d.Tab, `[...document.querySelectorAll("li a")].map(a => a.getAttribute("href"))`)
	if strings.Join(links, " ") != "1-figures.html 2-exercises.html" {
		t.Errorf("the index leads to %q", links)
	}
	says(visit(filepath.Join(teacher, "2-exercises.html")), true, "Exercises & <answers>", "Ada", "2026-11-24", "secret", "hidden reason")
	d.Keep("solutions")
	if !charttest.Eval[bool](d.Tab, `[...document.querySelectorAll(".jp-Cell")].filter(c => getComputedStyle(c, "::before").content === '"Solution"').length === 2`) {
		t.Error("solutions are not marked")
	}
	if !charttest.Eval[bool](d.Tab, `document.querySelectorAll("math").length === 2 && [...document.querySelectorAll(".saddle-toc a")].map(a => a.textContent).join() === "One,Two,Three" && document.title === "Exercises & <answers>"`) {
		t.Error("formulas, contents or title are missing")
	}
	path := filepath.Join(teacher, "1-figures.html")
	visit(path)
	d.alive(6)
	d.turn()
	d.paper(6)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	figures := strings.Count(string(text), `class="saddle-figure"`)
	if limit := 3_000_000 + 200_000*figures; len(text) > limit || figures != 6 {
		t.Errorf("the handout has %d bytes with %d figures, want at most %d", len(text), figures, limit)
	}
	pdf, err := os.ReadFile(filepath.Join(teacher, "1-figures.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(pdf), "/Subtype /Image"); n < 4 {
		t.Errorf("the PDF has %d pictures, want those of the figures", n)
	}

	student := visit(filepath.Join(site("2-exercises.ipynb", "--student"), "2-exercises.html"))
	says(student, false, "secret", "hidden reason", "SOLUTION", "Solution")
	says(student, true, "x := 1", "// your answer", "Your answer:")
	d.Keep("student")
	if room := charttest.Eval[float64](d.Tab, `Math.min(...[...document.querySelectorAll(".celltag_saddle-answer")].map(c => c.offsetHeight))`); room < 90 {
		t.Errorf("the student has %.0f pixels of room for an answer", room)
	}
	says(visit(filepath.Join(site("2-exercises.ipynb", "--no-code"), "2-exercises.html")), false, "x := 1", "secret")
}

// paper wants a page with n live figures to be printed with their still pictures: whole, as wide as the paper and no
// wider, on a sane number of sheets.
func (d *desk) paper(n int) {
	d.t.Helper()
	d.Do(emulation.SetEmulatedMedia().WithMedia("print"))
	faults := charttest.Eval[[]string](d.Tab, `[...document.querySelectorAll(".saddle-figure")].flatMap((f, i) => {
		const shown = s => [...f.querySelectorAll(s)].some(e => e.offsetParent);
		const img = f.querySelector("img"), box = img.getBoundingClientRect(), room = f.getBoundingClientRect();
		return [shown("img") ? "" : "no picture", shown(".saddle-live, .saddle-bar, canvas") ? "a live chart" : "", getComputedStyle(f).breakInside === "avoid" ? "" : "cut between sheets",
			box.left >= room.left - 1 && box.right <= room.right + 1 && box.bottom <= room.bottom + 1 ? "" : "cut at its edge",
			Math.abs(box.width / box.height - img.naturalWidth / img.naturalHeight) < 0.02 ? "" : "out of shape"].filter(Boolean).map(w => "figure " + i + ": " + w);
	})`)
	if len(faults) > 0 {
		d.t.Errorf("on paper: %q", faults)
	}
	d.Page("paper")
	d.Do(emulation.SetEmulatedMedia())
	var pdf []byte
	d.Do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = page.PrintToPDF().WithPrintBackground(true).WithPreferCSSPageSize(true).Do(ctx)
		return err
	}))
	if sheets := sheets(pdf); sheets < n/3 || sheets > n {
		d.t.Errorf("%d figures are printed on %d sheets", n, sheets)
	}
	if pictures := bytes.Count(pdf, []byte("/Subtype /Image")); pictures == 0 {
		d.t.Error("the printed page has no picture")
	}
}

var sheet = regexp.MustCompile(`/Type /Page\b`)

// sheets counts the pages of a PDF that Chromium wrote.
func sheets(pdf []byte) int { return len(sheet.FindAll(pdf, -1)) }
