package chart_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/image/draw"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// These tests look at figures in a real browser, on a page that offers what JupyterLab offers: a base URL with the
// kernelspec's files below it. They need Chromium and the page libraries that install.sh fetches, and say so where
// either is missing. Screenshots are kept in artifacts/chart.

// libraries is the folder of the page libraries.
func libraries(t *testing.T) string {
	t.Helper()
	dirs := []string{os.Getenv("SADDLE_PAGE_LIBRARIES"), "../../.venv/share/jupyter/kernels/saddle"}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, ".local", "share", "saddle", "page"))
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "echarts-gl.min.js")); dir != "" && err == nil {
			return dir
		}
	}
	need(t, "the page libraries are not here: run ./install.sh first, or set SADDLE_PAGE_LIBRARIES to their folder")
	return ""
}

// need skips a test, or fails it where the browser tests must run.
func need(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SADDLE_TEST_BROWSER") == "must" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// tab is a page in a browser that all tests share, and what went wrong on it.
type tab struct {
	ctx context.Context
	url string // of the server that stands for Jupyter

	mu       sync.Mutex
	problems []string
	body     string // of the page that is served
}

// open starts a browser and a server that has the page libraries below /base/, and none below /bare/.
func open(t *testing.T) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("browser tests are long")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		need(t, "there is no Chromium on the PATH (Debian: apt-get install chromium)")
	}
	b := &tab{}
	mux := http.NewServeMux()
	mux.Handle("/base/kernelspecs/saddle/", http.StripPrefix("/base/kernelspecs/saddle/", http.FileServer(http.Dir(libraries(t)))))
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, b.body)
	})
	mux.HandleFunc("/favicon.ico", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b.url = server.URL

	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.WindowSize(1100, 900),
		chromedp.Flag("use-angle", "swiftshader"), chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("ignore-gpu-blocklist", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	chromedp.ListenTarget(b.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			b.problem("exception: " + ev.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.APITypeError || ev.Type == runtime.APITypeWarning || ev.Type == runtime.APITypeDebug {
				text := string(ev.Type) + ":"
				for _, a := range ev.Args {
					text += " " + string(a.Value) + a.Description
				}
				b.problem(text)
			}
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !strings.HasPrefix(u, b.url) && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
				b.problem("foreign request: " + u)
			}
		}
	})
	if err := chromedp.Run(b.ctx, network.Enable()); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) problem(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, text)
}

// run is a subtest that ends with what the page complained of.
func (b *tab) run(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Cleanup(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, p := range b.problems {
				t.Error(p)
			}
			b.problems = nil
		})
		test(t)
	})
}

func (b *tab) do(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// show opens a page with figures, 1060 pixels wide. It holds a module loader, as many notebook front ends do, that must
// stay unused. base is the path of the Jupyter server it is on.
func (b *tab) show(t *testing.T, base, style string, figures ...string) {
	t.Helper()
	b.mu.Lock()
	b.body = `<!DOCTYPE html><html><head><meta charset="utf-8"><style>body{margin:10px;width:1060px;` + style + `}</style>
<script>window.define = function () { throw new Error("the page's loader was used"); }; window.define.amd = {};</script></head><body data-base-url="` + base + `">` + strings.Join(figures, "\n") + "</body></html>"
	b.mu.Unlock()
	b.do(t, chromedp.Navigate(b.url+"/page"))
}

const light, dark = "background:#fff", "background:#111;color:#ddd"

// eval evaluates an expression in the page, waiting where it is a promise.
func eval[T any](t *testing.T, b *tab, js string) (result T) {
	t.Helper()
	b.do(t, chromedp.Evaluate(js, &result, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return result
}

// wait waits until an expression is true.
func (b *tab) wait(t *testing.T, what, expression string) {
	t.Helper()
	var ok bool
	if err := chromedp.Run(b.ctx, chromedp.Poll("!!("+expression+")", &ok, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))); err != nil {
		b.shot(t, "failed", "body", 0)
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// drawn waits for two frames of the page.
func (b *tab) drawn(t *testing.T) {
	t.Helper()
	eval[bool](t, b, "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))")
}

// look scrolls a figure into view and waits until it is alive and drawn.
func (b *tab) look(t *testing.T, n int) {
	t.Helper()
	figure := fmt.Sprintf("document.querySelectorAll('.saddle-figure')[%d]", n)
	eval[bool](t, b, figure+".scrollIntoView(), true")
	b.wait(t, fmt.Sprintf("figure %d to come alive", n), figure+".hasAttribute('data-live')")
	b.drawn(t)
}

// box is where the nth element that matches is in the window: x, y, width, height.
func (b *tab) box(t *testing.T, selector string, n int) []float64 {
	t.Helper()
	return eval[[]float64](t, b, fmt.Sprintf("(() => { const r = document.querySelectorAll(%q)[%d].getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()", selector, n))
}

// shot is a picture of the nth element that matches, kept in artifacts under the name.
func (b *tab) shot(t *testing.T, name, selector string, n int) image.Image {
	t.Helper()
	r := b.box(t, selector, n)
	off := eval[[]float64](t, b, "[scrollX, scrollY]")
	var data []byte
	b.do(t, chromedp.ActionFunc(func(ctx context.Context) error {
		var err error
		data, err = page.CaptureScreenshot().WithClip(&page.Viewport{X: r[0] + off[0], Y: r[1] + off[1], Width: r[2], Height: r[3], Scale: 1}).Do(ctx)
		return err
	}))
	if name != "" {
		path := filepath.Join("..", "..", "artifacts", "chart", name+".png")
		if os.MkdirAll(filepath.Dir(path), 0o755) == nil {
			os.WriteFile(path, data, 0o644)
		}
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// click presses a button of a figure's bar.
func (b *tab) click(t *testing.T, label string) {
	t.Helper()
	if !eval[bool](t, b, fmt.Sprintf(`(() => { const b = [...document.querySelectorAll(".saddle-bar button")].find(b => b.textContent === %q); if (b) b.click(); return !!b; })()`, label)) {
		t.Fatalf("there is no button %q", label)
	}
	b.drawn(t)
}

// until looks at an element until the condition holds for its picture.
func (b *tab) until(t *testing.T, what, selector string, n int, ok func(image.Image) bool) image.Image {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		img := b.shot(t, "", selector, n)
		if ok(img) {
			return img
		}
		if time.Now().After(deadline) {
			b.shot(t, "failed-"+strings.ReplaceAll(what, " ", "-"), selector, n)
			t.Fatalf("waited in vain: %s", what)
		}
		b.drawn(t)
	}
}

// apart is the mean difference of two pictures, 0 to 1, seen from afar: as 24 x 24 fields of mean colour. Fonts and
// edges differ between Go and a browser, what is where and in which colour must not.
func apart(a, b image.Image) float64 {
	const n = 24
	field := func(img image.Image, i, j int) (s [3]float64) {
		r := img.Bounds()
		x0, x1 := r.Min.X+r.Dx()*i/n, r.Min.X+r.Dx()*(i+1)/n
		y0, y1 := r.Min.Y+r.Dy()*j/n, r.Min.Y+r.Dy()*(j+1)/n
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				r, g, b, _ := img.At(x, y).RGBA()
				s[0], s[1], s[2] = s[0]+float64(r), s[1]+float64(g), s[2]+float64(b)
			}
		}
		for c := range s {
			s[c] /= 65535 * float64(max((x1-x0)*(y1-y0), 1))
		}
		return s
	}
	sum := 0.0
	for i := range n {
		for j := range n {
			p, q := field(a, i, j), field(b, i, j)
			for c := range p {
				sum += math.Abs(p[c] - q[c])
			}
		}
	}
	return sum / (3 * n * n)
}

func html(t *testing.T, f chart.Figure) string {
	t.Helper()
	page, _, _ := bundled(t, f)
	return page
}

// still is the picture within a figure's HTML.
func still(t *testing.T, page string) image.Image {
	t.Helper()
	_, rest, _ := strings.Cut(page, "data:image/png;base64,")
	text, _, _ := strings.Cut(rest, `"`)
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestBrowser(t *testing.T) {
	b := open(t)
	b.run(t, "figures", b.testFigures)
	b.run(t, "turning", b.testTurning)
	b.run(t, "together", b.testTogether)
	b.run(t, "slider", b.testSlider)
	b.run(t, "access", b.testAccess)
	b.run(t, "picture", b.testPicture)
	b.run(t, "hostile", b.testHostile)
	b.run(t, "places", b.testPlaces)
	b.run(t, "sixty", b.testSixty)
	if os.Getenv("SADDLE_SCREENSHOTS") != "" {
		b.run(t, "screenshots", b.testScreenshots)
	}
}

// testFigures compares each figure with its picture, in the light theme, and keeps it in both.
func (b *tab) testFigures(t *testing.T) {
	all := gallery()
	var names, pages []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if p := html(t, all[name]); strings.Contains(p, "<img") {
			names, pages = append(names, name), append(pages, p)
		}
	}
	b.show(t, "/base/", light, pages...)
	for _, theme := range []string{"light", "dark"} {
		if theme == "dark" {
			eval[bool](t, b, `document.body.setAttribute("style", "`+dark+`"), true`)
		}
		for i, name := range names {
			b.look(t, i)
			if theme == "dark" {
				b.wait(t, name+" in the dark theme", fmt.Sprintf(`document.querySelectorAll(".saddle-figure")[%d].dataset.live === "dark"`, i))
				b.drawn(t)
			}
			reference(t, name+"-"+theme, b.shot(t, name+"-"+theme, ".saddle-figure", i))
			if theme == "dark" || strings.Contains(name, "slider") { // the picture is light, and shows three positions of a slider
				continue
			}
			live := b.shot(t, "", ".saddle-figure .saddle-live", i)
			if d := apart(live, still(t, pages[i])); d > 0.035 {
				t.Errorf("%s: the live figure differs from its picture by %.3f", name, d)
			}
		}
	}
}

// reference compares a figure with the reviewed picture of it in testdata, 240 pixels wide. With SADDLE_REFERENCES=write
// it writes that picture: look at it, and at the large one in artifacts, before it is committed.
func reference(t *testing.T, name string, img image.Image) {
	t.Helper()
	path := filepath.Join("testdata", "figures", name+".png")
	if os.Getenv("SADDLE_REFERENCES") == "write" {
		h := 240 * img.Bounds().Dy() / img.Bounds().Dx()
		colours := color.Palette{}
		for r := range 6 {
			for g := range 6 {
				for b := range 6 {
					colours = append(colours, color.RGBA{uint8(r * 51), uint8(g * 51), uint8(b * 51), 255})
				}
			}
		}
		small := image.NewRGBA(image.Rect(0, 0, 240, h))
		draw.CatmullRom.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil)
		few := image.NewPaletted(small.Bounds(), colours)
		draw.FloydSteinberg.Draw(few, few.Bounds(), small, image.Point{})
		var data bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&data, few); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	want, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if d := apart(img, want); d > 0.025 {
		t.Errorf("%s differs from its reference picture by %.3f: see artifacts/chart", name, d)
	}
}

// testScreenshots takes pictures of the gallery to be looked at: at one and two dots per pixel, in both themes, in a wide
// and a narrow page.
func (b *tab) testScreenshots(t *testing.T) {
	all := gallery()
	var names, pages []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names, pages = append(names, name), append(pages, html(t, all[name]))
	}
	for _, width := range []int{1400, 700} {
		for _, dots := range []float64{1, 2} {
			for theme, style := range map[string]string{"light": light, "dark": dark} {
				b.do(t, emulation.SetDeviceMetricsOverride(int64(width), 900, dots, false))
				b.show(t, "/base/", style+fmt.Sprintf(";width:%dpx", width-20), pages...)
				for i, name := range names {
					if strings.HasPrefix(name, "19") {
						eval[bool](t, b, fmt.Sprintf("document.querySelectorAll('.saddle-figure')[%d].scrollIntoView(), true", i))
					} else {
						b.look(t, i)
					}
					b.shot(t, fmt.Sprintf("%d-%gx-%s/%s", width, dots, theme, name), ".saddle-figure", i)
				}
			}
		}
	}
	b.do(t, emulation.ClearDeviceMetricsOverride())
}

func (b *tab) testTurning(t *testing.T) {
	b.show(t, "/base/", light, html(t, doubleWell(61)))
	b.look(t, 0)
	const panel = ".saddle-figure .saddle-panel"
	before := b.shot(t, "", panel, 0)
	other := func(img image.Image) bool { return apart(before, img) > 0.01 }
	same := func(img image.Image) bool { return apart(before, img) < 0.004 }
	r := b.box(t, panel, 0)
	x, y := r[0]+r[2]*0.45, r[1]+r[3]*0.55
	b.do(t, chromedp.MouseEvent(input.MouseMoved, x, y))
	b.wait(t, "the value under the pointer", `/^loss [\d.]+\nalpha .*\nbeta /.test([...document.querySelectorAll(".saddle-live > div")].pop().textContent)`)
	r = b.box(t, panel, 1)
	b.do(t, chromedp.MouseEvent(input.MouseMoved, r[0]+r[2]*0.5, r[1]+r[3]*0.5))
	b.wait(t, "the value under the pointer of the contour", `/^loss 0\.[45]\d*\nalpha .*\nbeta /.test([...document.querySelectorAll(".saddle-live > div")].pop().textContent)`)

	b.do(t, chromedp.MouseEvent(input.MouseMoved, x, y),
		chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+60, y+10, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+120, y+20, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseReleased, x+120, y+20, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, 5, 5))
	b.until(t, "a drag turns the surface", panel, 0, other)
	b.shot(t, "turned", ".saddle-figure", 0)
	b.click(t, "Reset view")
	b.until(t, "the view is reset", panel, 0, func(img image.Image) bool {
		if same(img) {
			return true
		}
		b.click(t, "Reset view") // the mouse's inertia may have turned it on
		return false
	})
	for _, k := range []struct{ name, key string }{{"arrow right", kb.ArrowRight}, {"arrow up", kb.ArrowUp}, {"minus", "-"}, {"plus", "+"}} {
		eval[bool](t, b, `document.querySelector(".saddle-panel").focus(), true`)
		b.do(t, chromedp.KeyEvent(strings.Repeat(k.key, 5)))
		b.until(t, k.name+" changes the view", panel, 0, other)
		b.do(t, chromedp.KeyEvent("0"))
		eval[bool](t, b, `document.activeElement.blur(), true`) // its outline is not part of the view
		b.until(t, "the key 0 resets the view", panel, 0, same)
	}
	b.click(t, "Log scale")
	b.until(t, "the log switch changes the surface", panel, 0, other)
	b.shot(t, "log", ".saddle-figure", 0)
	b.click(t, "Linear scale")
	b.until(t, "the linear scale is back", panel, 0, same)
	contour := b.shot(t, "", panel, 1)
	b.click(t, "Isolines")
	b.until(t, "the level lines go", panel, 1, func(img image.Image) bool { return apart(contour, img) > 0.003 })
}

// testTogether turns one of two surfaces side by side, and shows one figure twice, whose views are each their own.
func (b *tab) testTogether(t *testing.T) {
	one, pair := html(t, doubleWell(31)), html(t, gallery()["04-surfaces"])
	b.show(t, "/base/", light, pair, one, one)
	b.look(t, 0)
	const panels = ".saddle-figure:nth-of-type(1) .saddle-panel"
	before := []image.Image{b.shot(t, "", panels, 0), b.shot(t, "", panels, 1)}
	eval[bool](t, b, `document.querySelector(".saddle-panel").focus(), true`)
	b.do(t, chromedp.KeyEvent(strings.Repeat(kb.ArrowLeft, 6)))
	for i := range before {
		b.until(t, fmt.Sprintf("surface %d turns", i), panels, i, func(img image.Image) bool { return apart(before[i], img) > 0.01 })
	}
	b.shot(t, "together", ".saddle-figure", 0)
	const second, third = ".saddle-figure:nth-of-type(2) .saddle-panel", ".saddle-figure:nth-of-type(3) .saddle-panel"
	b.look(t, 1)
	left := b.shot(t, "", second, 0)
	b.look(t, 2)
	right := b.shot(t, "", third, 0)
	if d := apart(left, right); d > 0.004 {
		t.Errorf("a figure shown twice is drawn differently, by %.3f", d)
	}
	eval[bool](t, b, `document.querySelector("`+third+`").focus(), true`)
	b.do(t, chromedp.KeyEvent(strings.Repeat(kb.ArrowLeft, 6)))
	b.until(t, "the second view turns", third, 0, func(img image.Image) bool { return apart(right, img) > 0.01 })
	b.look(t, 1)
	b.until(t, "the first view stays", second, 0, func(img image.Image) bool { return apart(left, img) < 0.004 })
}

func (b *tab) testSlider(t *testing.T) {
	b.show(t, "/base/", light, html(t, gallery()["16-slider"]), html(t, gallery()["17-slider3d"]))
	for i := range 2 {
		b.look(t, i)
		panel := fmt.Sprintf(".saddle-figure:nth-of-type(%d) .saddle-panel", i+1)
		before := b.shot(t, "", panel, 0)
		eval[bool](t, b, fmt.Sprintf(`(() => { const s = document.querySelectorAll(".saddle-bar input")[%d]; s.value = s.max; s.dispatchEvent(new Event("input")); return true; })()`, i))
		b.until(t, "the slider changes the figure", panel, 0, func(img image.Image) bool { return apart(before, img) > 0.004 })
		got := eval[string](t, b, fmt.Sprintf(`document.querySelectorAll(".saddle-bar output")[%d].textContent`, i))
		if want := []string{"64", "400"}[i]; got != want {
			t.Errorf("slider %d says %q at its end, want %q", i, got, want)
		}
	}
}

// testAccess wants words for those who do not see a figure, contrast for those who see little, keys, and no motion for
// those who asked for less.
func (b *tab) testAccess(t *testing.T) {
	all := gallery()
	surface := html(t, doubleWell(31))
	b.show(t, "/base/", light, surface, html(t, all["07-training"]), html(t, all["18-card"]), html(t, all["16-slider"]))
	for _, style := range []string{light, dark} {
		eval[bool](t, b, `document.body.setAttribute("style", "`+style+`"), true`)
		for i := range 4 {
			b.look(t, i)
		}
		b.wait(t, "the theme", fmt.Sprintf(`[...document.querySelectorAll("[data-live]")].every(f => f.dataset.live === %q)`, map[string]string{light: "light", dark: "dark"}[style]))
		poor := eval[[]string](t, b, `(() => {
			const parse = s => { const m = s.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
			const over = (top, ground) => [0, 1, 2].map(k => top[k] * top[3] + ground[k] * (1 - top[3]));
			const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
			const poor = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
			for (let n; (n = walk.nextNode());) {
				const e = n.parentElement;
				if (!n.data.trim() || !e.offsetParent || !e.closest(".saddle-figure") || ["SCRIPT", "STYLE"].includes(e.tagName)) continue;
				const chain = [];
				for (let p = e; p; p = p.parentElement) chain.unshift(p);
				let ground = [255, 255, 255], fade = 1;
				for (const p of chain) { const s = getComputedStyle(p); ground = over(parse(s.backgroundColor), ground); fade *= +s.opacity; }
				const color = parse(getComputedStyle(e).color), text = over([color[0], color[1], color[2], color[3] * fade], ground);
				const [hi, lo] = [light(text), light(ground)].sort((p, q) => q - p), contrast = (hi + 0.05) / (lo + 0.05);
				if (contrast < 4.5) poor.push(n.data.trim() + ": " + contrast.toFixed(2));
			}
			return poor;
		})()`)
		for _, p := range poor {
			t.Errorf("%s: poor contrast: %s", style, p)
		}
	}
	for _, p := range eval[[]string](t, b, `[...document.querySelectorAll(".saddle-figure img, .saddle-panel")].map(e => e.alt || e.getAttribute("aria-label") || "")`) {
		if strings.Count(p, "0.") < 2 {
			t.Errorf("a text alternative has no numbers: %q", p)
		}
	}
	if !eval[bool](t, b, `[...document.querySelectorAll(".saddle-bar input")].every(i => i.labels.length && i.getAttribute("aria-valuetext"))`) {
		t.Error("the slider has no name or value")
	}
	b.do(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}))
	b.show(t, "/base/", light, surface)
	b.look(t, 0)
	r := b.box(t, ".saddle-panel", 0)
	x, y := r[0]+r[2]/2, r[1]+r[3]/2
	before := b.shot(t, "", ".saddle-panel", 0)
	b.do(t, chromedp.MouseEvent(input.MouseMoved, x, y), chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+90, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseReleased, x+90, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseMoved, 5, 5))
	b.until(t, "a drag turns it with less motion, too", ".saddle-panel", 0, func(img image.Image) bool { return apart(before, img) > 0.01 })
	b.drawn(t)
	after := b.shot(t, "", ".saddle-panel", 0)
	for range 5 {
		b.drawn(t)
	}
	if d := apart(after, b.shot(t, "", ".saddle-panel", 0)); d > 0.001 {
		t.Errorf("with less motion asked for the surface turns on by itself, by %.3f", d)
	}
	b.do(t, emulation.SetEmulatedMedia())
}

// testPicture wants the picture to stay without libraries, and without scripts, as in a notebook that is not trusted.
func (b *tab) testPicture(t *testing.T) {
	const stays = `[...document.querySelectorAll(".saddle-figure img")].every(i => i.complete && i.naturalWidth > 300 && i.offsetWidth > 300) && !document.querySelector("[data-live]")`
	surface, curve := html(t, doubleWell(41)), html(t, gallery()["07-training"])
	b.show(t, "/bare/", light, surface, curve)
	b.wait(t, "the page to have asked for the libraries", `performance.getEntriesByType("resource").some(r => r.name.includes("/bare/"))`)
	b.drawn(t)
	if !eval[bool](t, b, stays) {
		t.Error("without libraries the pictures do not stay")
	}
	script := regexp.MustCompile(`(?s)<script>.*?</script>`)
	b.show(t, "/base/", light, script.ReplaceAllString(surface, ""), script.ReplaceAllString(curve, ""))
	b.drawn(t)
	if !eval[bool](t, b, stays) {
		t.Error("without scripts the pictures do not stay")
	}
	b.shot(t, "untrusted", "body", 0)
}

func (b *tab) testHostile(t *testing.T) {
	evil := `</script><img src=x onerror="window.caught=1"><b id="caught">"'&amp; {b} مرحبا 🪐`
	s := doubleWell(21)
	s.Title, s.Caption, s.XName, s.ZName, s.Paths[0].Name, s.Points[0].Name = evil, evil, evil, evil, evil, evil
	line := chart.Line{Title: evil, X: chart.Axis{Name: evil}, Y: chart.Axis{Name: evil}, Curves: []chart.Curve{{Name: evil, X: []float64{0, 1}, Y: []float64{1, 2}}}, Marks: []chart.Mark{{Name: evil, X: 0.5, Y: 1.5}}}
	slider := chart.Slider{Title: evil, Name: evil, Frames: []chart.Frame{{Label: evil, Figure: line}, {Label: evil, Figure: line}}}
	card := chart.Card{Title: evil, Statement: evil, Formula: evil, Why: evil, Facts: []chart.Fact{{Name: evil, Value: evil}}}
	b.show(t, "/base/", light, html(t, s), html(t, line), html(t, slider), html(t, card))
	for i := range 3 {
		b.look(t, i)
		b.shot(t, fmt.Sprint("hostile-", i), ".saddle-figure", i)
	}
	b.look(t, 1)
	r := b.box(t, ".saddle-live", 1)
	for i := range 5 { // tooltips hold names too
		b.do(t, chromedp.MouseEvent(input.MouseMoved, r[0]+r[2]*(0.3+0.1*float64(i)), r[1]+r[3]/2))
	}
	b.wait(t, "a tooltip that shows the name as text", `document.querySelectorAll(".saddle-live")[1].textContent.includes("onerror=")`)
	if title := eval[string](t, b, `document.querySelector(".saddle-figure > div").textContent`); title != evil {
		t.Errorf("the title reads %q", title)
	}
	if !eval[bool](t, b, `!window.caught && !document.getElementById("caught")`) {
		t.Error("a label became part of the page")
	}
}

// testPlaces puts figures where notebooks put them: collapsed, in a narrower window, in a view opened later.
func (b *tab) testPlaces(t *testing.T) {
	surface := html(t, doubleWell(31))
	b.show(t, "/base/", light, `<div id="cell" style="display:none">`+surface+`</div><div id="view"></div>`)
	b.drawn(t)
	if eval[bool](t, b, `!!document.querySelector("[data-live]")`) {
		t.Error("a figure that cannot be seen is alive")
	}
	eval[bool](t, b, `document.getElementById("cell").style.display = "", true`)
	b.look(t, 0)
	want := still(t, surface)
	fits := func(img image.Image) bool { return apart(img, want) < 0.035 }
	b.until(t, "a collapsed figure is drawn when opened", ".saddle-live", 0, fits)

	// Hidden, made narrow and dark meanwhile, then shown again.
	eval[bool](t, b, `document.getElementById("cell").style.display = "none", document.body.style.width = "560px", true`)
	b.drawn(t)
	eval[bool](t, b, `document.getElementById("cell").style.display = "", true`)
	b.look(t, 0)
	b.wait(t, "panels below each other in a narrow page", `(() => { const [p, q] = [...document.querySelectorAll(".saddle-panel")].map(p => p.getBoundingClientRect()); return q.top >= p.bottom && p.right <= 575 && q.right <= 575; })()`)
	b.until(t, "the narrow surface is drawn", ".saddle-panel", 0, func(img image.Image) bool { return colours(img) > 60 })
	b.shot(t, "narrow", "body", 0)
	eval[bool](t, b, `document.body.style.width = "1060px", true`)
	b.until(t, "the wide figure is as before", ".saddle-live", 0, fits)

	// A new view of the output is the same HTML, put in and its script run once more.
	eval[bool](t, b, fmt.Sprintf(`(() => {
		const view = document.getElementById("view");
		view.innerHTML = %s;
		view.querySelectorAll("script").forEach(s => { const again = document.createElement("script"); again.textContent = s.textContent; s.replaceWith(again); });
		return true;
	})()`, quoted(t, surface)))
	b.look(t, 1)
	b.until(t, "a new view is drawn", ".saddle-live", 1, fits)
	// The first is taken away; the second lives on.
	eval[bool](t, b, `document.getElementById("cell").remove(), true`)
	b.look(t, 0)
	b.until(t, "the new view is still drawn", ".saddle-live", 0, fits)
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// colours counts the distinct colours of a picture, as a blank one has few.
func colours(img image.Image) int {
	seen := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 3 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 3 {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}

func (b *tab) testSixty(t *testing.T) {
	s := doubleWell(31)
	s.NoContour = true
	one := html(t, s)
	id := regexp.MustCompile(`data-saddle="(\w+)"`).FindStringSubmatch(one)[1]
	var pages []string
	for i := range 60 {
		pages = append(pages, strings.ReplaceAll(one, id, fmt.Sprint(id, i)))
	}
	b.show(t, "/base/", light, pages...)
	for i := 0; i < 60; i += 7 { // and their neighbours with them
		b.look(t, i)
	}
	b.look(t, 0)
	b.until(t, "after 60 surfaces the first is drawn again", ".saddle-live", 0, func(img image.Image) bool { return apart(img, still(t, pages[0])) < 0.035 })
	held := eval[int](t, b, `[...document.querySelectorAll(".saddle-panel[tabindex] canvas")].filter(c => !c.hasAttribute("aria-hidden")).length`)
	if held > 8 {
		t.Errorf("%d WebGL contexts are held, want at most 8", held)
	}
}
