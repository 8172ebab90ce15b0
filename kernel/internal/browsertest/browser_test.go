package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/gosaddle/saddle/lossviz/chart"
)

const root = "../../.."

// notebook is what both tests look at: it has lines and surfaces.
const notebook = "04-two-layer-net"

// need skips a test for want of something, or fails it where the browser tests must run.
func need(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("SADDLE_TEST_BROWSER") == "must" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// browser is a page, with what its console said and what it asked of the network.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	problems []string
	foreign  []string
}

// open starts a headless Chromium that can draw WebGL without a graphics card.
func open(t *testing.T) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		need(t, "there is no Chromium on the PATH: the browser tests need one (Debian: apt-get install chromium)")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.WindowSize(1400, 1000),
		chromedp.Flag("use-angle", "swiftshader"), chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("ignore-gpu-blocklist", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(cancel)
	b := &browser{ctx: ctx}
	chromedp.ListenTarget(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			b.problems = append(b.problems, "exception: "+ev.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.APITypeError {
				for _, a := range ev.Args {
					b.problems = append(b.problems, "console: "+string(a.Value)+a.Description)
				}
			}
		case *page.EventJavascriptDialogOpening: // "leave this page?"
			go chromedp.Run(ctx, page.HandleJavaScriptDialog(true))
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.LevelError {
				b.problems = append(b.problems, "log: "+ev.Entry.Text+" "+ev.Entry.URL)
			}
		case *network.EventRequestWillBeSent:
			u, err := url.Parse(ev.Request.URL)
			if err != nil || (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws" || u.Scheme == "wss") && u.Hostname() != "127.0.0.1" {
				b.foreign = append(b.foreign, ev.Request.URL)
			}
		}
	})
	b.do(t, network.Enable(), log.Enable())
	return b
}

func (b *browser) do(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.keep(t, "failed")
		b.mu.Lock()
		defer b.mu.Unlock()
		t.Fatalf("%v\nthe page said:\n%s", err, strings.Join(b.problems, "\n"))
	}
}

// wait waits until an expression is true in the page.
func (b *browser) wait(t *testing.T, what, expression string, limit time.Duration) {
	t.Helper()
	var ok bool
	if err := chromedp.Run(b.ctx, chromedp.Poll("!!("+expression+")", &ok, chromedp.WithPollingTimeout(limit), chromedp.WithPollingInterval(200*time.Millisecond))); err != nil {
		b.keep(t, "failed")
		b.mu.Lock()
		defer b.mu.Unlock()
		t.Fatalf("waiting for %s: %v\nthe page said:\n%s", what, err, strings.Join(b.problems, "\n"))
	}
}

// keep saves a screenshot of the window.
func (b *browser) keep(t *testing.T, name string) {
	var shot []byte
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	if chromedp.Run(ctx, chromedp.CaptureScreenshot(&shot)) != nil {
		return
	}
	dir := filepath.Join(root, "artifacts")
	if os.MkdirAll(dir, 0o755) == nil {
		os.WriteFile(filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())+"-"+name+".png"), shot, 0o644)
	}
}

// clean wants a page without errors of ours and without requests to other machines.
func (b *browser) clean(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		if strings.Contains(p, "favicon") || strings.Contains(p, "/lab/api/") || strings.Contains(p, "/api/contents") || strings.Contains(p, "/lsp/") ||
			strings.Contains(p, "jupyterlab") || strings.Contains(p, "/static/lab/") {
			continue // JupyterLab's own
		}
		if strings.Contains(p, "/nbextensions/") || strings.Contains(p, "/static/notebook/") && !strings.Contains(strings.ToLower(p), "saddle") {
			continue // nbclassic looks for widgets that are not there; Notebook 7 for parts of JupyterLab
		}
		t.Errorf("the page said %s", p)
	}
	for _, u := range b.foreign {
		t.Errorf("the page asked for %s", u)
	}
}

// turn finds the first live surface, drags it, and wants its pixels to change.
func (b *browser) turn(t *testing.T) {
	t.Helper()
	const surfaces = `[...document.querySelectorAll(".saddle-figure canvas")].filter(c => { const b = c.getBoundingClientRect(); return b.width > 200 && c.closest(".saddle-figure").querySelector("[data-live][tabindex], [data-live] [tabindex], [tabindex]") })`
	b.wait(t, "a figure", `document.querySelector(".saddle-figure[data-surface], .saddle-figure")`, 4*time.Minute)
	// A figure comes alive when it is in view: go through them until one has a canvas that is turned with the keys.
	b.wait(t, "a live surface", `(() => {
		const live = `+surfaces+`;
		if (live.length) { window.saddleTurned = live[0].closest(".saddle-figure"); window.saddleTurned.scrollIntoView({block: "center"}); return true; }
		const all = [...document.querySelectorAll(".saddle-figure")];
		window.saddleNext = ((window.saddleNext || 0) + 1) % (4 * Math.max(1, all.length));
		const f = all[Math.floor(window.saddleNext / 4)];
		if (f) f.scrollIntoView({block: "center"});
		return false;
	})()`, 4*time.Minute)
	var box []float64
	b.do(t, chromedp.Evaluate(`(() => { const c = window.saddleTurned.querySelector("canvas"); const r = c.getBoundingClientRect(); return [r.x, r.y, r.width, r.height, window.scrollX, window.scrollY]; })()`, &box))
	b.settled(t)
	before := b.shot(t, box)
	b.keep(t, "before")
	if uniform(before) {
		t.Fatal("the live surface is blank")
	}
	x, y := box[0]+box[2]*0.4, box[1]+box[3]*0.5
	b.do(t,
		chromedp.MouseEvent(input.MouseMoved, x, y),
		chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+60, y+10, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+120, y+20, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseReleased, x+120, y+20, chromedp.ButtonLeft))
	// The next frames show it; a still picture never changes, however long one waits.
	deadline := time.Now().Add(4 * time.Minute)
	for {
		after := b.shot(t, box)
		if different(before, after) > 0.02 {
			b.keep(t, "after")
			return
		}
		if time.Now().After(deadline) {
			b.keep(t, "after")
			t.Fatalf("dragging the surface changed %.2f%% of its pixels", 100*different(before, after))
		}
	}
}

// settled waits until two screenshots in a row are the same.
func (b *browser) settled(t *testing.T) {
	t.Helper()
	var last []byte
	for range 40 {
		var shot []byte
		b.do(t, chromedp.CaptureScreenshot(&shot))
		if bytes.Equal(shot, last) {
			return
		}
		last = shot
	}
}

func (b *browser) shot(t *testing.T, box []float64) image.Image {
	t.Helper()
	var data []byte
	b.do(t, chromedp.ActionFunc(func(ctx context.Context) error {
		var err error
		data, err = page.CaptureScreenshot().WithClip(&page.Viewport{X: box[0] + box[4], Y: box[1] + box[5], Width: box[2], Height: box[3], Scale: 1}).Do(ctx)
		return err
	}))
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func uniform(img image.Image) bool {
	seen := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 4 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 4 {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen) < 30
}

// different returns the share of pixels that differ clearly.
func different(a, b image.Image) float64 {
	n, changed := 0, 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y += 2 {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x += 2 {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			d := func(p, q uint32) uint32 { return max(p, q) - min(p, q) }
			if d(r1, r2)+d(g1, g2)+d(b1, b2) > 60<<8 {
				changed++
			}
			n++
		}
	}
	return float64(changed) / float64(n)
}

// jupyter returns a program of the Python environment that install.sh made.
func jupyter(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("SADDLE_TEST_JUPYTER"); path != "" {
		return path
	}
	path, err := filepath.Abs(filepath.Join(root, ".venv", "bin", "jupyter"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		need(t, "JupyterLab is not in .venv: run ./install.sh first")
	}
	return path
}

// lab starts a Jupyter server on a folder with a copy of the notebook and the saved ones, and returns its address. It
// serves JupyterLab, Notebook 7 and nbclassic.
func lab(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "notebooks", notebook+".ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, map[string][]byte{notebook + ".ipynb": text, "strange.ipynb": saved(t, "strange"), "trusted.ipynb": saved(t, "trusted")})
}

// serve starts a Jupyter server on a folder with the given files and returns its address. It trusts trusted.ipynb.
func serve(t *testing.T, files map[string][]byte) string {
	t.Helper()
	program := jupyter(t)
	dir, config := t.TempDir(), t.TempDir()
	env := append(os.Environ(), "JUPYTER_CONFIG_DIR="+config, "JUPYTER_DATA_DIR="+filepath.Join(config, "data"), "JUPYTERLAB_SETTINGS_DIR="+filepath.Join(config, "settings"), "JUPYTERLAB_WORKSPACES_DIR="+filepath.Join(config, "workspaces"))
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := files["trusted.ipynb"]; ok {
		trust := exec.Command(program, "trust", filepath.Join(dir, "trusted.ipynb"))
		trust.Env = env
		if out, err := trust.CombinedOutput(); err != nil {
			t.Fatalf("jupyter trust: %v\n%s", err, out)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(program, "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", fmt.Sprintf("--port=%d", port), "--ServerApp.port_retries=0",
		"--IdentityProvider.token=", "--expose-app-in-browser", "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
		"--ServerApp.root_dir="+dir)
	cmd.Dir = dir
	cmd.Env = env
	said, err := os.Create(filepath.Join(config, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Process.Signal(os.Interrupt) // the second means it
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			cmd.Process.Kill()
			<-ended
		}
		said.Close()
		if t.Failed() {
			text, _ := os.ReadFile(said.Name())
			t.Logf("JupyterLab said:\n%s", text)
		}
	})
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	deadline := time.Now().Add(4 * time.Minute)
	for {
		resp, err := http.Get(base + "/api/status")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return base
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("JupyterLab did not answer: %v", err)
		}
		time.Sleep(100 * time.Millisecond) // between two questions; there is no event to wait for
	}
}

// saved is a notebook as it lies on the disk after cells were run, in another order than they stand: a surface twice,
// one in a collapsed output, curves, a slider, a card.
func saved(t *testing.T, title string) []byte {
	t.Helper()
	var grid []float64
	for i := range 31 {
		grid = append(grid, float64(i)/15-1)
	}
	surface := chart.Surface{Title: "A bowl", X: grid, Y: grid}
	for _, y := range grid {
		var row []float64
		for _, x := range grid {
			row = append(row, 0.1+x*x+2*y*y)
		}
		surface.Z = append(surface.Z, row)
	}
	curve := chart.TrainingCurve{Title: "Training", Train: []float64{1, 0.5, 0.3, 0.2, 0.15}}
	steeper := chart.TrainingCurve{Title: "Training", Train: []float64{1, 0.3, 0.2, 0.1, 0.05}}
	slider := chart.Slider{Title: "Two rates", Name: "rate", Frames: []chart.Frame{{Label: "0.1", Figure: curve}, {Label: "0.2", Figure: steeper}}}
	card := chart.Card{Title: "A verdict", Verdict: chart.Convex, Statement: "convex", Line: &chart.Interpolation{Alpha: []float64{0, 0.5, 1}, Train: []float64{1, 0.2, 1}}}
	cells := []any{map[string]any{"cell_type": "markdown", "id": "head", "metadata": map[string]any{}, "source": "# " + title}}
	for i, f := range []chart.Figure{surface, curve, slider, card, surface, surface} {
		bundle, err := f.MIMEBundle()
		if err != nil {
			t.Fatal(err)
		}
		metadata := map[string]any{}
		if i == 5 {
			metadata["jupyter"] = map[string]any{"outputs_hidden": true}
			metadata["collapsed"] = true
		}
		cells = append(cells, map[string]any{"cell_type": "code", "id": fmt.Sprint("cell", i), "metadata": metadata, "source": "figure", "execution_count": 6 - i,
			"outputs": []any{map[string]any{"output_type": "execute_result", "execution_count": 6 - i, "metadata": map[string]any{}, "data": bundle}}})
	}
	text, err := json.Marshal(map[string]any{"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{
		"kernelspec": map[string]any{"name": "saddle", "display_name": "Go (Saddle)", "language": "go"}, "language_info": map[string]any{"name": "go"}}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// openInLab opens a notebook in JupyterLab; window.saddlePanel is then its panel.
func (b *browser) openInLab(t *testing.T, base, name string) {
	t.Helper()
	b.do(t, chromedp.Navigate(base+"/lab/tree/"+name+".ipynb?reset"))
	b.wait(t, "JupyterLab", `window.jupyterapp`, 4*time.Minute)
	// In a headless browser nothing may have the focus, and then the shell has no current widget.
	b.wait(t, "the notebook", `(() => {
		window.saddlePanel = [...window.jupyterapp.shell.widgets("main")].find((w) => w.context && w.sessionContext);
		if (!window.saddlePanel?.context.isReady) return false;
		window.jupyterapp.shell.activateById(window.saddlePanel.id);
		return true;
	})()`, 4*time.Minute)
}

func TestJupyter(t *testing.T) {
	b := open(t)
	base := lab(t)
	check := func(name string, test func(*testing.T)) {
		t.Run(name, func(t *testing.T) {
			b.forget()
			test(t)
			b.clean(t)
		})
	}
	check("Lab runs a notebook", func(t *testing.T) { b.runInLab(t, base) })
	check("Lab opens a strange notebook", func(t *testing.T) {
		b.openInLab(t, base, "strange")
		b.pictures(t)
	})
	check("Lab opens a saved notebook", func(t *testing.T) { b.savedInLab(t, base) })
	check("Notebook 7 opens a strange notebook", func(t *testing.T) {
		b.do(t, chromedp.Navigate(base+"/notebooks/strange.ipynb"))
		b.pictures(t)
	})
	check("Notebook 7 opens a saved notebook", func(t *testing.T) {
		b.do(t, chromedp.Navigate(base+"/notebooks/trusted.ipynb"))
		b.alive(t, 5)
		b.turn(t)
	})
	check("nbclassic opens a strange notebook", func(t *testing.T) {
		b.do(t, chromedp.Navigate(base+"/nbclassic/notebooks/strange.ipynb"))
		b.pictures(t)
	})
	check("nbclassic opens a saved notebook", func(t *testing.T) {
		b.do(t, chromedp.Navigate(base+"/nbclassic/notebooks/trusted.ipynb"))
		b.alive(t, 5)
		b.turn(t)
	})
}

// pictures wants a notebook that is not trusted to show its figures as pictures.
func (b *browser) pictures(t *testing.T) {
	t.Helper()
	b.wait(t, "the pictures", `[...document.querySelectorAll('img[src^="data:image/png"]')].filter(i => i.complete && i.naturalWidth > 300 && i.offsetWidth > 300).length >= 2`, 4*time.Minute)
	var live int
	b.do(t, chromedp.Evaluate(`document.querySelectorAll("[data-live]").length`, &live))
	if live > 0 {
		t.Error("a script of a notebook that is not trusted was run")
	}
	b.keep(t, "pictures")
}

// alive scrolls through a page and wants n figures to come alive.
func (b *browser) alive(t *testing.T, n int) {
	t.Helper()
	b.wait(t, "the figures", fmt.Sprintf(`document.querySelectorAll(".saddle-figure").length >= %d`, n), 4*time.Minute)
	b.wait(t, "the figures to come alive", fmt.Sprintf(`(() => {
		const rest = [...document.querySelectorAll(".saddle-figure:not([data-live])")].filter(f => f.offsetParent);
		if (rest.length) rest[0].scrollIntoView({block: "center"});
		return !rest.length && document.querySelectorAll("[data-live]").length >= %d;
	})()`, n), 4*time.Minute)
	b.keep(t, "alive")
}

// savedInLab opens a saved notebook without running it: figures far down, twice, in a collapsed output, in a view of
// their own, in the dark theme, and again after a reload.
func (b *browser) savedInLab(t *testing.T, base string) {
	b.openInLab(t, base, "trusted")
	cell := func(i int) {
		t.Helper()
		b.wait(t, fmt.Sprintf("the figure of cell %d", i), fmt.Sprintf(`(() => {
			const cells = window.saddlePanel.content;
			const f = cells.widgets[%d].node.querySelector(".saddle-figure");
			if (f?.hasAttribute("data-live")) return true;
			if (f) f.scrollIntoView({block: "center"}); else cells.scrollToItem(%[1]d);
			return false;
		})()`, i), 4*time.Minute)
	}
	for _, i := range []int{1, 5, 3, 2, 4} { // back and forth
		cell(i)
	}
	var ignored any
	b.do(t, chromedp.Evaluate(`window.saddlePanel.content.widgets[6].outputHidden = false, 0`, &ignored))
	cell(6)
	b.do(t, chromedp.Evaluate(`window.saddlePanel.content.activeCellIndex = 1, window.jupyterapp.commands.execute("notebook:create-output-view"), 0`, &ignored))
	b.wait(t, "the figure in a view of its own", `[...document.querySelectorAll(".saddle-figure[data-live]")].some(f => !window.saddlePanel.node.contains(f) && f.querySelector("canvas")?.offsetWidth > 100)`, 4*time.Minute)
	b.keep(t, "view")
	b.do(t, chromedp.Evaluate(`window.jupyterapp.commands.execute("apputils:change-theme", { theme: "JupyterLab Dark" }), 0`, &ignored))
	b.wait(t, "the dark theme", `[...document.querySelectorAll(".saddle-figure[data-live]")].some(f => f.dataset.live === "dark") && ![...document.querySelectorAll(".saddle-figure[data-live=light]")].some(f => f.offsetParent)`, 4*time.Minute)
	b.keep(t, "dark")
	b.do(t, chromedp.Evaluate(`window.jupyterapp.commands.execute("apputils:change-theme", { theme: "JupyterLab Light" }), 0`, &ignored))
	b.wait(t, "the light theme", `document.querySelector(".saddle-figure[data-live=light]")`, 4*time.Minute)
	b.openInLab(t, base, "trusted")
	cell(5)
	cell(1)
	b.turn(t)
}

// forget drops what earlier pages said.
func (b *browser) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems, b.foreign = nil, nil
}

// runInLab runs all cells of the notebook in JupyterLab, with the real kernel, and turns a surface.
func (b *browser) runInLab(t *testing.T, base string) {
	b.openInLab(t, base, notebook)
	b.wait(t, "the kernel", `window.saddlePanel.sessionContext?.session?.kernel?.status === "idle"`, 4*time.Minute)
	var ignored any
	b.do(t, chromedp.Evaluate(`(window.jupyterapp.commands.execute("notebook:run-all-cells").then(() => { window.saddleRan = true; }, (e) => { window.saddleRan = String(e); }), 0)`, &ignored))
	b.wait(t, "Run All", `window.saddleRan`, 3*time.Minute)
	b.wait(t, "the outputs", `(() => {
		const cells = window.saddlePanel.content.model.cells;
		for (let i = 0; i < cells.length; i++) { const c = cells.get(i); if (c.type === "code" && !c.executionCount) return false; }
		return true;
	})()`, 4*time.Minute)
	var failed string
	b.do(t, chromedp.Evaluate(`(() => {
		const cells = window.saddlePanel.content.model.cells;
		for (let i = 0; i < cells.length; i++) { const c = cells.get(i); if (c.type !== "code") continue;
			for (let k = 0; k < c.outputs.length; k++) { const o = c.outputs.get(k).toJSON(); if (o.output_type === "error") return o.ename + ": " + o.evalue; } }
		return "";
	})()`, &failed))
	if failed != "" {
		t.Fatalf("a cell failed: %s", failed)
	}
	b.do(t, chromedp.Evaluate(`(() => { // outputs of cells far from view are not in the page: go to the first figure
		const panel = window.saddlePanel.content;
		for (let i = 0; i < panel.model.cells.length; i++) { const c = panel.model.cells.get(i); if (c.type !== "code") continue;
			for (let k = 0; k < c.outputs.length; k++) { const d = c.outputs.get(k).toJSON().data; if (d && JSON.stringify(d["text/html"] || "").includes("surface")) { panel.activeCellIndex = i; panel.scrollToItem(i); return i; } } }
		return -1;
	})()`, &ignored))
	b.turn(t)
}

// command is the saddle command that install.sh built.
func command(t *testing.T) string {
	t.Helper()
	saddle, err := filepath.Abs(filepath.Join(root, "bin", "saddle"))
	if err != nil {
		t.Fatal(err)
	}
	if path := os.Getenv("SADDLE_TEST_COMMAND"); path != "" {
		saddle = path
	}
	if _, err := os.Stat(saddle); err != nil {
		need(t, "bin/saddle is not there: run ./install.sh first")
	}
	return saddle
}

func TestHandout(t *testing.T) {
	program := jupyter(t)
	b := open(t)
	saddle := command(t)
	out := t.TempDir()
	cmd := exec.Command(saddle, "handout", "--execute", "-o", out, filepath.Join(root, "notebooks", notebook+".ipynb"))
	cmd.Env = append(os.Environ(), "VIRTUAL_ENV="+filepath.Dir(filepath.Dir(program)))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("saddle handout: %v\n%s", err, text)
	}
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
	b.do(t, chromedp.Navigate("file://"+path))
	b.wait(t, "the page", `document.readyState === "complete"`, 4*time.Minute)
	b.turn(t)
	var math int
	b.do(t, chromedp.Evaluate(`document.querySelectorAll("math").length`, &math))
	if math == 0 {
		t.Error("no formula is drawn")
	}
	b.clean(t)
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
	program, saddle := jupyter(t), command(t)
	b := open(t)
	notebooks := course(t)
	site := func(place string, flags ...string) string {
		t.Helper()
		out := t.TempDir()
		cmd := exec.Command(saddle, append(append([]string{"handout"}, flags...), "-o", out, filepath.Join(notebooks, place))...)
		cmd.Env = append(os.Environ(), "VIRTUAL_ENV="+filepath.Dir(filepath.Dir(program)))
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("saddle handout: %v\n%s", err, text)
		}
		return out
	}
	visit := func(path string) (words string) {
		t.Helper()
		b.do(t, chromedp.Navigate("file://"+path), chromedp.Evaluate(`document.body.innerText`, &words))
		return words
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
	b.keep(t, "index")
	var links []string
	b.do(t, chromedp.Evaluate(`[...document.querySelectorAll("li a")].map(a => a.getAttribute("href"))`, &links))
	if strings.Join(links, " ") != "1-figures.html 2-exercises.html" {
		t.Errorf("the index leads to %q", links)
	}
	says(visit(filepath.Join(teacher, "2-exercises.html")), true, "Exercises & <answers>", "Ada", "2026-11-24", "secret", "hidden reason")
	b.keep(t, "solutions")
	var ok bool
	b.do(t, chromedp.Evaluate(`[...document.querySelectorAll(".jp-Cell")].filter(c => getComputedStyle(c, "::before").content === '"Solution"').length === 2`, &ok))
	if !ok {
		t.Error("solutions are not marked")
	}
	b.do(t, chromedp.Evaluate(`document.querySelectorAll("math").length === 2 && [...document.querySelectorAll(".saddle-toc a")].map(a => a.textContent).join() === "One,Two,Three" && document.title === "Exercises & <answers>"`, &ok))
	if !ok {
		t.Error("formulas, contents or title are missing")
	}
	path := filepath.Join(teacher, "1-figures.html")
	visit(path)
	b.alive(t, 6)
	b.turn(t)
	var rooms []string // on paper: the picture instead of the live chart, no contents, figures whole
	b.do(t, emulation.SetEmulatedMedia().WithMedia("print"), chromedp.Evaluate(`[...document.querySelectorAll(".saddle-figure")].flatMap(f => {
		const shown = s => [...f.querySelectorAll(s)].some(e => e.offsetParent);
		return [shown("img") ? "" : "no picture", shown(".saddle-live, .saddle-bar") ? "a live chart" : "", getComputedStyle(f).breakInside === "avoid" ? "" : "cut"].filter(Boolean);
	})`, &rooms), emulation.SetEmulatedMedia())
	if len(rooms) > 0 {
		t.Errorf("on paper: %q", rooms)
	}
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
	b.keep(t, "student")
	var room float64
	b.do(t, chromedp.Evaluate(`Math.min(...[...document.querySelectorAll(".celltag_saddle-answer")].map(c => c.offsetHeight))`, &room))
	if room < 90 {
		t.Errorf("the student has %.0f pixels of room for an answer", room)
	}
	says(visit(filepath.Join(site("2-exercises.ipynb", "--no-code"), "2-exercises.html")), false, "x := 1", "secret")
	b.clean(t)
}

// TestExports looks at what Jupyter's own exports make of a notebook, without a network: the pictures are there.
func TestExports(t *testing.T) {
	program := jupyter(t)
	b := open(t)
	notebook := filepath.Join(course(t), "1-figures.ipynb")
	out := t.TempDir()
	b.do(t, network.SetBlockedURLs([]string{"http://*", "https://*"}))
	for _, kind := range []string{"html", "slides", "markdown"} {
		if text, err := exec.Command(program, "nbconvert", "--log-level", "WARN", "--to", kind, "--output-dir", out, notebook).CombinedOutput(); err != nil {
			t.Fatalf("nbconvert --to %s: %v\n%s", kind, err, text)
		}
		path := filepath.Join(out, "1-figures"+map[string]string{"html": ".html", "slides": ".slides.html", "markdown": ".md"}[kind])
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
		b.do(t, chromedp.Navigate("file://"+path))
		if kind == "slides" {
			b.wait(t, "the slides", `[...document.querySelectorAll(".saddle-figure img")].filter(i => i.complete && i.naturalWidth > 300).length === 6`, 4*time.Minute)
		} else {
			b.wait(t, "the pictures of "+kind, `[...document.querySelectorAll(".saddle-figure img")].filter(i => i.complete && i.naturalWidth > 300 && i.offsetWidth > 300).length === 6`, 4*time.Minute)
		}
		b.keep(t, kind)
	}
}
