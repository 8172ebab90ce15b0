package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
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
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
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
		os.WriteFile(filepath.Join(dir, t.Name()+"-"+name+".png"), shot, 0o644)
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
	b.wait(t, "a figure", `document.querySelector(".saddle-figure[data-surface], .saddle-figure")`, time.Minute)
	// A figure comes alive when it is in view: go through them until one has a canvas that is turned with the keys.
	b.wait(t, "a live surface", `(() => {
		const live = `+surfaces+`;
		if (live.length) { window.saddleTurned = live[0].closest(".saddle-figure"); window.saddleTurned.scrollIntoView({block: "center"}); return true; }
		const all = [...document.querySelectorAll(".saddle-figure")];
		window.saddleNext = ((window.saddleNext || 0) + 1) % (4 * Math.max(1, all.length));
		const f = all[Math.floor(window.saddleNext / 4)];
		if (f) f.scrollIntoView({block: "center"});
		return false;
	})()`, 90*time.Second)
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
	deadline := time.Now().Add(30 * time.Second)
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

// lab starts JupyterLab on a copy of the notebook and returns its address.
func lab(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "notebooks", notebook+".ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, map[string][]byte{notebook + ".ipynb": text})
}

// serve starts JupyterLab on a folder with the given files and returns its address.
func serve(t *testing.T, files map[string][]byte) string {
	t.Helper()
	program := jupyter(t)
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
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
	config := t.TempDir()
	cmd.Env = append(os.Environ(), "JUPYTER_CONFIG_DIR="+config, "JUPYTERLAB_SETTINGS_DIR="+filepath.Join(config, "settings"), "JUPYTERLAB_WORKSPACES_DIR="+filepath.Join(config, "workspaces"))
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
	deadline := time.Now().Add(60 * time.Second)
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

func TestJupyterLab(t *testing.T) {
	b := open(t)
	base := lab(t)
	b.do(t, chromedp.Navigate(base+"/lab/tree/"+notebook+".ipynb?reset"))
	b.wait(t, "JupyterLab", `window.jupyterapp`, 60*time.Second)
	// In a headless browser nothing may have the focus, and then the shell has no current widget.
	b.wait(t, "the notebook", `(() => {
		window.saddlePanel = [...window.jupyterapp.shell.widgets("main")].find((w) => w.context && w.sessionContext);
		if (!window.saddlePanel?.context.isReady) return false;
		window.jupyterapp.shell.activateById(window.saddlePanel.id);
		return true;
	})()`, 60*time.Second)
	b.wait(t, "the kernel", `window.saddlePanel.sessionContext?.session?.kernel?.status === "idle"`, 60*time.Second)
	var ignored any
	b.do(t, chromedp.Evaluate(`(window.jupyterapp.commands.execute("notebook:run-all-cells").then(() => { window.saddleRan = true; }, (e) => { window.saddleRan = String(e); }), 0)`, &ignored))
	b.wait(t, "Run All", `window.saddleRan`, 3*time.Minute)
	b.wait(t, "the outputs", `(() => {
		const cells = window.saddlePanel.content.model.cells;
		for (let i = 0; i < cells.length; i++) { const c = cells.get(i); if (c.type === "code" && !c.executionCount) return false; }
		return true;
	})()`, time.Minute)
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
	b.clean(t)
}

func TestHandout(t *testing.T) {
	program := jupyter(t)
	b := open(t)
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
	b.wait(t, "the page", `document.readyState === "complete"`, 30*time.Second)
	b.turn(t)
	var math int
	b.do(t, chromedp.Evaluate(`document.querySelectorAll("math").length`, &math))
	if math == 0 {
		t.Error("no formula is drawn")
	}
	b.clean(t)
}
