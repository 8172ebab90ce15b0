package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/gosaddle/saddle/lossviz/chart/charttest"
)

// shown is true when n figures of a page show their pictures, or their live charts.
func shown(n int) string {
	return fmt.Sprintf(`[...document.querySelectorAll('img[src^="data:image/png"], img[src$=".png"]')].filter(i => i.complete && i.naturalWidth > 300 && i.offsetWidth > 300).length === %d`, n)
}

// TestExports looks at what nbconvert makes of a notebook: without a network the pictures are there, and with one the
// charts are live.
func TestExports(t *testing.T) {
	program, page := jupyter(t), libraries(t)
	for kind, extension := range map[string]string{"html": ".html", "slides": ".slides.html", "markdown": ".md"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "figures.ipynb"), saved(t, "Figures"), 0o644); err != nil {
				t.Fatal(err)
			}
			if text, err := exec.Command(program, "nbconvert", "--log-level", "WARN", "--to", kind, filepath.Join(dir, "figures.ipynb")).CombinedOutput(); err != nil {
				t.Fatalf("nbconvert --to %s: %v\n%s", kind, err, text)
			}
			path := filepath.Join(dir, "figures"+extension)
			if kind == "markdown" { // what a viewer of Markdown makes of the HTML in it
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				path += ".html"
				if err := os.WriteFile(path, slices.Concat([]byte("<!DOCTYPE html><meta charset=\"utf-8\">"), text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			t.Run("offline", func(t *testing.T) {
				d := openFile(t, path, nil)
				d.Wait("the pictures", shown(6))
				d.stays()
			})
			t.Run("online", func(t *testing.T) {
				d := openFile(t, path, charttest.CDN(page))
				d.alive(6)
				for i := range 6 {
					charttest.Eval[bool](d.Tab, fmt.Sprintf(`document.querySelectorAll(".saddle-figure")[%d].setAttribute("data-nth", "%[1]d"), true`, i))
					d.drawn(fmt.Sprintf("figure %d", i), fmt.Sprintf(`[data-nth="%d"]`, i))
				}
				if kind == "html" {
					d.turn()
				}
			})
		})
	}
}

// openFile opens a page from a file, where the addresses of files are answered and there is no network else.
func openFile(t *testing.T, path string, network map[string]string) *desk {
	t.Helper()
	d := open(t)
	d.asks = true // nbconvert's pages ask for libraries of their own
	d.Answer(network)
	d.Navigate("file://" + path)
	return d
}

// stays wants all figures to be their pictures, and keeps a picture of the whole page.
func (d *desk) stays() {
	d.t.Helper()
	d.Drawn()
	if n := charttest.Eval[int](d.Tab, `document.querySelectorAll("[data-live]").length`); n > 0 {
		d.t.Errorf("%d figures are alive without libraries", n)
	}
	img := d.Page("page")
	if charttest.Colours(img) < 60 {
		d.t.Error("the page is blank")
	}
}

// TestMenu exports a notebook through JupyterLab's menu, with the mouse. The server sanitizes, which would make text of a
// figure's HTML: the settings that install.sh puts into .venv have it show the picture.
func TestMenu(t *testing.T) {
	f := serve(t, map[string][]byte{"trusted.ipynb": saved(t, "trusted")})
	d := open(t)
	l := d.openInLab(f, "trusted.ipynb")
	l.cell(1)
	downloads := t.TempDir()
	d.Do(chromedp.ActionFunc(func(ctx context.Context) error {
		return browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(downloads).Do(ctx)
	}))
	choose := func(within, label string, press bool) {
		t.Helper()
		d.Wait("the menu "+label, fmt.Sprintf(`(() => {
			document.querySelectorAll("[data-chosen]").forEach(e => e.removeAttribute("data-chosen"));
			const item = [...document.querySelectorAll(%q)].find(e => e.offsetParent && e.textContent === %q);
			item?.closest("li").setAttribute("data-chosen", "");
			return item;
		})()`, within, label))
		x, y, width, height := d.Box("[data-chosen]", 0)
		x, y = x+width/2, y+height/2
		d.Do(chromedp.MouseEvent(input.MouseMoved, x, y))
		if press {
			d.Do(chromedp.MouseClickXY(x, y))
		}
	}
	choose(".lm-MenuBar-itemLabel", "File", true)
	choose(".lm-Menu-itemLabel", "Save and Export Notebook As", true)
	d.Keep("menu")
	choose(".lm-Menu-itemLabel", "HTML", true)
	d.Wait("the question whether to sanitize", `document.querySelector(".jp-Dialog input[type=checkbox]")?.checked`)
	x, y, width, height := d.Box(".jp-Dialog button.jp-mod-accept", 0)
	d.Do(chromedp.MouseClickXY(x+width/2, y+height/2))
	path := filepath.Join(downloads, "trusted.html")
	d.Until("the export", func() bool { _, err := os.Stat(path); return err == nil })

	e := openFile(t, path, charttest.CDN(libraries(t)))
	e.Wait("the pictures", shown(6))
	e.stays()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "&lt;img") || strings.Contains(string(text), "saddle-figure") {
		t.Error("the HTML of a figure is left, as text")
	}
	if title := charttest.Eval[string](e.Tab, `document.querySelector("h1")?.textContent`); !strings.HasPrefix(title, "trusted") {
		t.Errorf("the heading is %q", title)
	}
}

// hostile is a text that a sanitized export must keep readable and harmless.
const hostile = "# Heading\n\nA *paragraph* with [a link](https://go.dev/), ![a dot](data:image/png;base64,iVBORw0KGgo=) and $a<b$.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n" +
	"<script>window.ran = 1</script> <img src=\"data:image/svg+xml,<svg/>\" onerror=\"window.ran = 2\"> <a class=bad href=\"jav&#x09;ascript:window.ran = 3\">l</a> <a class=bad href=\"d\tata:text/html,x\">m</a> " +
	"<iframe srcdoc=\"<script>parent.ran = 4</script>\"></iframe> <a class=bad href=\" javascript:window.ran = 5\">n</a> <p style=\"position:fixed\" onclick=\"window.ran = 6\">o</p>"

// TestSanitizedText: what is written in Markdown is still a text after nbconvert has sanitized it, and no script.
func TestSanitizedText(t *testing.T) {
	program := jupyter(t)
	path := filepath.Join(t.TempDir(), "text.ipynb")
	cell := map[string]any{"cell_type": "markdown", "id": "text", "metadata": map[string]any{}, "source": hostile}
	text, err := json.Marshal(map[string]any{"cells": []any{cell}, "metadata": map[string]any{}, "nbformat": 4, "nbformat_minor": 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "nbconvert", "--log-level", "ERROR", "--sanitize-html", "--to", "html", path).CombinedOutput(); err != nil {
		t.Fatalf("nbconvert: %v\n%s", err, out)
	}
	d := openFile(t, strings.TrimSuffix(path, ".ipynb")+".html", nil)
	d.Wait("the text", `document.querySelector("h1") && document.querySelector("p em") && document.querySelector("td") && document.querySelector("a[href='https://go.dev/']")`)
	if bad := charttest.Eval[[]string](d.Tab, `[...document.querySelectorAll(".jp-RenderedMarkdown")].flatMap(m => [
		...[...m.querySelectorAll("script, iframe, a.bad[href], [onclick], [onerror], [style]")].map(e => e.outerHTML), ...(window.ran ? ["ran " + window.ran] : [])])`); len(bad) > 0 {
		t.Errorf("left in the page: %q", bad)
	}
	if dots := charttest.Eval[int](d.Tab, `document.querySelectorAll('.jp-RenderedMarkdown img[src^="data:image/png"]').length`); dots != 1 {
		t.Errorf("%d images", dots)
	}
}

// TestSanitizedExport exports as JupyterLab's menu does, on the command line.
func TestSanitizedExport(t *testing.T) {
	program := jupyter(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "figures.ipynb"), saved(t, "Figures"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "nbconvert", "--log-level", "ERROR", "--sanitize-html", "--to", "html", "figures.ipynb")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nbconvert: %v\n%s", err, out)
	}
	page, err := os.ReadFile(filepath.Join(dir, "figures.html"))
	if err != nil {
		t.Fatal(err)
	}
	if pictures := strings.Count(string(page), `src="data:image/png;base64,`); pictures != 6 {
		t.Errorf("%d pictures of 6 figures", pictures)
	}
	if strings.Contains(string(page), "&lt;img") || strings.Contains(string(page), "saddle-figure") {
		t.Error("the HTML of a figure is left, as text")
	}
}
