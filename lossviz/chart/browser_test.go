package chart_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
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

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/image/draw"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/chart/charttest"
)

// These tests look at figures in a real browser, on a page that offers what JupyterLab offers: a base URL with the
// kernelspec's files below it. They need Chromium and the page libraries that install.sh fetches, and say so where
// either is missing. Screenshots are kept in artifacts/chart.

var chromium charttest.Chromium

func TestMain(m *testing.M) {
	code := m.Run()
	chromium.Close()
	os.Exit(code)
}

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
	charttest.Need(t, "the page libraries are not here: run ./install.sh first, or set SADDLE_PAGE_LIBRARIES to their folder")
	return ""
}

// desk is a tab and the server that stands for Jupyter: it has the page libraries below /base/, and none below /bare/.
type desk struct {
	*charttest.Tab
	url string
	cdn bool // the page may ask for the libraries at the network's

	mu   sync.Mutex
	body string // of the page that is served
}

// open opens a desk. The test, which runs beside others, ends with what the pages complained of.
func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	b := &desk{Tab: chromium.Open(t, filepath.Join("..", "..", "artifacts", "chart"))}
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
	t.Cleanup(func() {
		for _, p := range slices.Concat(b.Problems(), b.Foreign()) {
			switch {
			case strings.Contains(p, b.url+"/bare/"): // where nothing is, as it should be
			case b.cdn && strings.Contains(p, "https://cdn.jsdelivr.net/npm/echarts"):
			default:
				t.Error(p)
			}
		}
	})
	return b
}

// show opens a page with figures, 1060 pixels wide. It holds a module loader, as many notebook front ends do, that must
// stay unused. base is the path of the Jupyter server it is on.
func (b *desk) show(base, style string, figures ...string) {
	b.mu.Lock()
	b.body = `<!DOCTYPE html><html><head><meta charset="utf-8"><style>body{margin:10px;width:1060px;` + style + `}</style>
<script>window.define = function () { throw new Error("the page's loader was used"); }; window.define.amd = {};</script></head><body data-base-url="` + base + `">` + strings.Join(figures, "\n") + "</body></html>"
	b.mu.Unlock()
	b.Navigate(b.url + "/page")
}

const light, dark = "background:#fff", "background:#111;color:#ddd"

// look scrolls a figure into view and waits until it is alive and drawn.
func (b *desk) look(n int) {
	figure := fmt.Sprintf("document.querySelectorAll('.saddle-figure')[%d]", n)
	charttest.Eval[bool](b.Tab, figure+".scrollIntoView(), true")
	b.Wait(fmt.Sprintf("figure %d to come alive", n), figure+".hasAttribute('data-live')")
	b.Drawn()
}

// click presses a button of a figure's bar.
func (b *desk) click(t *testing.T, label string) {
	t.Helper()
	if !charttest.Eval[bool](b.Tab, fmt.Sprintf(`(() => { const b = [...document.querySelectorAll(".saddle-bar button")].find(b => b.textContent === %q); if (b) b.click(); return !!b; })()`, label)) {
		t.Fatalf("there is no button %q", label)
	}
	b.Drawn()
}

func html(t *testing.T, f chart.Figure) string {
	t.Helper()
	page, _, _ := bundled(t, f)
	return page
}

// exhibits are the gallery's figures, by name, as HTML. They are drawn once for all tests.
func exhibits() (names, pages []string) {
	all := drawn()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names, pages = append(names, name), append(pages, all[name])
	}
	return names, pages
}

var drawn = sync.OnceValue(func() map[string]string {
	pages := map[string]string{}
	for name, f := range gallery() {
		bundle, err := f.MIMEBundle()
		if err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		pages[name] = bundle["text/html"].(string)
	}
	return pages
})

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

// TestFigures compares each figure with its reviewed reference in both themes, and in the light one, which pictures are
// in, with its picture.
func TestFigures(t *testing.T) {
	for theme, style := range map[string]string{"light": light, "dark": dark} {
		t.Run(theme, func(t *testing.T) {
			b := open(t)
			names, pages := exhibits()
			b.show("/base/", style, pages...)
			for i, name := range names {
				if !strings.Contains(pages[i], "<img") { // words alone
					continue
				}
				b.look(i)
				name += "-" + theme
				if os.Getenv("SADDLE_REFERENCES") == "write" {
					writeReference(t, name, b.Still(".saddle-figure", i))
				}
				want := reference(t, name)
				b.See(name+" as in its reference picture", ".saddle-figure", i, func(img image.Image) bool { return charttest.Apart(img, want) < 0.025 })
				b.Shot(name, ".saddle-figure", i)
				if theme == "light" && !strings.Contains(name, "slider") { // whose picture shows three of its positions
					want := still(t, pages[i])
					b.See(name+" as in its picture", ".saddle-figure .saddle-live", i, func(img image.Image) bool { return charttest.Apart(img, want) < 0.035 })
				}
			}
		})
	}
}

// reference is the reviewed picture of a figure, 240 pixels wide.
func reference(t *testing.T, name string) image.Image {
	t.Helper()
	data, err := os.ReadFile(referencePath(name))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func referencePath(name string) string { return filepath.Join("testdata", "figures", name+".png") }

// writeReference makes a picture the reference. Look at it, and at the large one in artifacts, before it is committed.
func writeReference(t *testing.T, name string, img image.Image) {
	t.Helper()
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
	if err := os.WriteFile(referencePath(name), data.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// saved is a figure in a file format.
func saved(t *testing.T, f chart.Figure, extension string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "figure"+extension)
	if err := f.Save(file); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// savedPNG is a figure as saved as PNG.
func savedPNG(t *testing.T, f chart.Figure) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(saved(t, f, ".png")))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestPDF has poppler draw each figure's PDF, which is to look as its PNG does.
func TestPDF(t *testing.T) {
	tool, err := exec.LookPath("pdftoppm")
	if err != nil && os.Getenv("SADDLE_TEST_BROWSER") == "must" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("pdftoppm (Debian: poppler-utils) is not installed: no PDF is looked at")
	}
	for name, f := range gallery() {
		draw := exec.Command(tool, "-png", "-r", "144", "-singlefile", "-")
		draw.Stdin = bytes.NewReader(saved(t, f, ".pdf"))
		page, err := draw.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		img, err := png.Decode(bytes.NewReader(page))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if apart := charttest.Apart(img, savedPNG(t, f)); apart > 0.003 {
			t.Errorf("%s.pdf is %.4f from its picture", name, apart)
			if keep := os.Getenv("SADDLE_ARTIFACTS"); keep != "" {
				os.WriteFile(filepath.Join(keep, name+"-pdf.png"), page, 0o644)
			}
		}
	}
}

// TestSVG has the browser draw each figure's SVG, which is to look as its PNG does.
func TestSVG(t *testing.T) {
	b := open(t)
	all := gallery()
	names := slices.Sorted(maps.Keys(all))
	var drawings []string
	for _, name := range names {
		data := saved(t, all[name], ".svg")
		// Browsers choose a font by family, weight and style.
		seen := map[string]bool{}
		for _, f := range regexp.MustCompile(`@font-face\{\s*font-family:([^;]*);\s*font-variant:([^;]*);(font-weight:[^;]*;font-style:[^;]*);`).FindAllStringSubmatch(string(data), -1) {
			if key := f[1] + f[3]; seen[key] || f[2] != "normal" {
				t.Errorf("%s.svg: a browser does not tell its fonts apart: %s", name, f[0])
			} else {
				seen[key] = true
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s.svg has no font", name)
		}
		drawings = append(drawings, `<img class="drawing" style="display:block" src="data:image/svg+xml;base64,`+base64.StdEncoding.EncodeToString(data)+`">`)
	}
	b.show("/base/", light, drawings...)
	for i, name := range names {
		want := savedPNG(t, all[name])
		charttest.Eval[bool](b.Tab, fmt.Sprintf("document.querySelectorAll('.drawing')[%d].scrollIntoView(), true", i))
		b.See(name+".svg as in its picture", ".drawing", i, func(img image.Image) bool { return charttest.Apart(img, want) < 0.006 })
		b.Shot(name, ".drawing", i)
	}
}

// TestScreenshots takes pictures of the gallery to be looked at: at one and two dots per pixel, in both themes, in a wide
// and a narrow page. It compares nothing, so it runs only where SADDLE_SCREENSHOTS is set.
func TestScreenshots(t *testing.T) {
	if os.Getenv("SADDLE_SCREENSHOTS") == "" {
		t.Skip("SADDLE_SCREENSHOTS is not set: no screenshots are taken")
	}
	names, pages := exhibits()
	for _, width := range []int{1400, 700} {
		for _, dots := range []float64{1, 2} {
			for theme, style := range map[string]string{"light": light, "dark": dark} {
				t.Run(fmt.Sprintf("%d-%gx-%s", width, dots, theme), func(t *testing.T) {
					b := open(t)
					b.Do(emulation.SetDeviceMetricsOverride(int64(width), 1400, dots, false))
					b.show("/base/", style+fmt.Sprintf(";width:%dpx", width-20), pages...)
					for i, name := range names {
						if strings.Contains(pages[i], "<img") {
							b.look(i)
						}
						b.Still(".saddle-figure", i)
						b.Shot(name, ".saddle-figure", i)
					}
				})
			}
		}
	}
}

func TestTurning(t *testing.T) {
	b := open(t)
	b.show("/base/", light, html(t, doubleWell(61)))
	b.look(0)
	const panel = ".saddle-figure .saddle-panel"
	before := b.Shot("", panel, 0)
	other := func(img image.Image) bool { return charttest.Apart(before, img) > 0.01 }
	same := func(img image.Image) bool { return charttest.Apart(before, img) < 0.004 }
	left, top, width, height := b.Box(panel, 0)
	x, y := left+width*0.45, top+height*0.55
	b.Do(chromedp.MouseEvent(input.MouseMoved, x, y))
	b.Wait("the value under the pointer", `/^loss [\d.]+\nalpha .*\nbeta /.test([...document.querySelectorAll(".saddle-live > div")].pop().textContent)`)
	left, top, width, height = b.Box(panel, 1)
	b.Do(chromedp.MouseEvent(input.MouseMoved, left+width*0.5, top+height*0.5))
	b.Wait("the value under the pointer of the contour", `/^loss 0\.[45]\d*\nalpha .*\nbeta /.test([...document.querySelectorAll(".saddle-live > div")].pop().textContent)`)

	b.Do(chromedp.MouseEvent(input.MouseMoved, x, y),
		chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+60, y+10, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+120, y+20, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseReleased, x+120, y+20, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, 5, 5))
	b.See("a drag turns the surface", panel, 0, other)
	b.Shot("turned", ".saddle-figure", 0)
	b.click(t, "Reset view")
	b.See("the view is reset", panel, 0, func(img image.Image) bool {
		if same(img) {
			return true
		}
		b.click(t, "Reset view") // the mouse's inertia may have turned it on
		return false
	})
	for _, k := range []struct{ name, key string }{{"arrow right", kb.ArrowRight}, {"arrow up", kb.ArrowUp}, {"minus", "-"}, {"plus", "+"}} {
		charttest.Eval[bool](b.Tab, `document.querySelector(".saddle-panel").focus(), true`)
		b.Do(chromedp.KeyEvent(strings.Repeat(k.key, 5)))
		b.See(k.name+" changes the view", panel, 0, other)
		b.Do(chromedp.KeyEvent("0"))
		charttest.Eval[bool](b.Tab, `document.activeElement.blur(), true`) // its outline is not part of the view
		b.See("the key 0 resets the view", panel, 0, same)
	}
	b.click(t, "Log scale")
	b.See("the log switch changes the surface", panel, 0, other)
	b.Shot("log", ".saddle-figure", 0)
	b.click(t, "Linear scale")
	b.See("the linear scale is back", panel, 0, same)
	contour := b.Shot("", panel, 1)
	b.click(t, "Isolines")
	b.See("the level lines go", panel, 1, func(img image.Image) bool { return charttest.Apart(contour, img) > 0.003 })
}

// TestTogether turns one of two surfaces side by side, and shows one figure twice, whose views are each their own.
func TestTogether(t *testing.T) {
	b := open(t)
	one, pair := html(t, doubleWell(31)), drawn()["04-surfaces"]
	b.show("/base/", light, pair, one, one)
	b.look(0)
	const panels = ".saddle-figure:nth-of-type(1) .saddle-panel"
	before := []image.Image{b.Shot("", panels, 0), b.Shot("", panels, 1)}
	charttest.Eval[bool](b.Tab, `document.querySelector(".saddle-panel").focus(), true`)
	b.Do(chromedp.KeyEvent(strings.Repeat(kb.ArrowLeft, 6)))
	for i := range before {
		b.See(fmt.Sprintf("surface %d turns", i), panels, i, func(img image.Image) bool { return charttest.Apart(before[i], img) > 0.01 })
	}
	b.Shot("together", ".saddle-figure", 0)
	const second, third = ".saddle-figure:nth-of-type(2) .saddle-panel", ".saddle-figure:nth-of-type(3) .saddle-panel"
	b.look(1)
	left := b.Shot("", second, 0)
	b.look(2)
	right := b.Shot("", third, 0)
	if d := charttest.Apart(left, right); d > 0.004 {
		t.Errorf("a figure shown twice is drawn differently, by %.3f", d)
	}
	charttest.Eval[bool](b.Tab, `document.querySelector("`+third+`").focus(), true`)
	b.Do(chromedp.KeyEvent(strings.Repeat(kb.ArrowLeft, 6)))
	b.See("the second view turns", third, 0, func(img image.Image) bool { return charttest.Apart(right, img) > 0.01 })
	b.look(1)
	b.See("the first view stays", second, 0, func(img image.Image) bool { return charttest.Apart(left, img) < 0.004 })
}

func TestSlider(t *testing.T) {
	b := open(t)
	b.show("/base/", light, drawn()["16-slider"], drawn()["17-slider3d"])
	for i := range 2 {
		b.look(i)
		panel := fmt.Sprintf(".saddle-figure:nth-of-type(%d) .saddle-panel", i+1)
		before := b.Shot("", panel, 0)
		charttest.Eval[bool](b.Tab, fmt.Sprintf(`(() => { const s = document.querySelectorAll(".saddle-bar input")[%d]; s.value = s.max; s.dispatchEvent(new Event("input")); return true; })()`, i))
		b.See("the slider changes the figure", panel, 0, func(img image.Image) bool { return charttest.Apart(before, img) > 0.004 })
		got := charttest.Eval[string](b.Tab, fmt.Sprintf(`document.querySelectorAll(".saddle-bar output")[%d].textContent`, i))
		if want := []string{"64", "400"}[i]; got != want {
			t.Errorf("slider %d says %q at its end, want %q", i, got, want)
		}
	}
}

// TestAccess wants words for those who do not see a figure, contrast for those who see little, keys, and no motion for
// those who asked for less.
func TestAccess(t *testing.T) {
	b := open(t)
	surface := html(t, doubleWell(31))
	b.show("/base/", light, surface, drawn()["07-training"], drawn()["18-card"], drawn()["16-slider"])
	for _, style := range []string{light, dark} {
		charttest.Eval[bool](b.Tab, `document.body.setAttribute("style", "`+style+`"), true`)
		for i := range 4 {
			b.look(i)
		}
		b.Wait("the theme", fmt.Sprintf(`[...document.querySelectorAll("[data-live]")].every(f => f.dataset.live === %q)`, map[string]string{light: "light", dark: "dark"}[style]))
		poor := charttest.Eval[[]string](b.Tab, `(() => {
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
	for _, p := range charttest.Eval[[]string](b.Tab, `[...document.querySelectorAll(".saddle-figure img, .saddle-panel")].map(e => e.alt || e.getAttribute("aria-label") || "")`) {
		if strings.Count(p, "0.") < 2 {
			t.Errorf("a text alternative has no numbers: %q", p)
		}
	}
	if !charttest.Eval[bool](b.Tab, `[...document.querySelectorAll(".saddle-bar input")].every(i => i.labels.length && i.getAttribute("aria-valuetext"))`) {
		t.Error("the slider has no name or value")
	}
	b.Do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}))
	b.show("/base/", light, surface)
	b.look(0)
	left, top, width, height := b.Box(".saddle-panel", 0)
	x, y := left+width/2, top+height/2
	before := b.Shot("", ".saddle-panel", 0)
	b.Do(chromedp.MouseEvent(input.MouseMoved, x, y), chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+90, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseReleased, x+90, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseMoved, 5, 5))
	b.See("a drag turns it with less motion, too", ".saddle-panel", 0, func(img image.Image) bool { return charttest.Apart(before, img) > 0.01 })
	b.Drawn()
	after := b.Shot("", ".saddle-panel", 0)
	for range 5 {
		b.Drawn()
	}
	if d := charttest.Apart(after, b.Shot("", ".saddle-panel", 0)); d > 0.001 {
		t.Errorf("with less motion asked for the surface turns on by itself, by %.3f", d)
	}
	b.Do(emulation.SetEmulatedMedia())
}

// stays tells whether all figures of a page are their pictures.
const stays = `[...document.querySelectorAll(".saddle-figure img")].every(i => i.complete && i.naturalWidth > 300 && i.offsetWidth > 300) && !document.querySelector("[data-live]")`

// TestPicture wants the picture to stay without libraries, and without scripts, as in a notebook that is not trusted.
func TestPicture(t *testing.T) {
	b := open(t)
	surface, curve := html(t, doubleWell(41)), drawn()["07-training"]
	b.show("/bare/", light, surface, curve)
	b.Wait("the page to have asked for the libraries", `performance.getEntriesByType("resource").some(r => r.name.includes("/bare/"))`)
	b.Drawn()
	if !charttest.Eval[bool](b.Tab, stays) {
		t.Error("without libraries the pictures do not stay")
	}
	script := regexp.MustCompile(`(?s)<script>.*?</script>`)
	b.show("/base/", light, script.ReplaceAllString(surface, ""), script.ReplaceAllString(curve, ""))
	b.Drawn()
	if !charttest.Eval[bool](b.Tab, stays) {
		t.Error("without scripts the pictures do not stay")
	}
	b.Shot("untrusted", "body", 0)
}

func TestHostile(t *testing.T) {
	b := open(t)
	evil := `</script><img src=x onerror="window.caught=1"><b id="caught">"'&amp; {b} مرحبا 🪐`
	s := doubleWell(21)
	s.Title, s.Caption, s.XName, s.ZName, s.Paths[0].Name, s.Points[0].Name = evil, evil, evil, evil, evil, evil
	line := chart.Line{Title: evil, X: chart.Axis{Name: evil}, Y: chart.Axis{Name: evil}, Curves: []chart.Curve{{Name: evil, X: []float64{0, 1}, Y: []float64{1, 2}}}, Marks: []chart.Mark{{Name: evil, X: 0.5, Y: 1.5}}}
	slider := chart.Slider{Title: evil, Name: evil, Frames: []chart.Frame{{Label: evil, Figure: line}, {Label: evil, Figure: line}}}
	card := chart.Card{Title: evil, Statement: evil, Formula: evil, Why: evil, Facts: []chart.Fact{{Name: evil, Value: evil}}}
	b.show("/base/", light, html(t, s), html(t, line), html(t, slider), html(t, card))
	for i := range 3 {
		b.look(i)
		b.Shot(fmt.Sprint("hostile-", i), ".saddle-figure", i)
	}
	b.look(1)
	left, top, width, height := b.Box(".saddle-live", 1)
	for i := range 5 { // tooltips hold names too
		b.Do(chromedp.MouseEvent(input.MouseMoved, left+width*(0.3+0.1*float64(i)), top+height/2))
	}
	b.Wait("a tooltip that shows the name as text", `document.querySelectorAll(".saddle-live")[1].textContent.includes("onerror=")`)
	if title := charttest.Eval[string](b.Tab, `document.querySelector(".saddle-figure > div").textContent`); title != evil {
		t.Errorf("the title reads %q", title)
	}
	if !charttest.Eval[bool](b.Tab, `!window.caught && !document.getElementById("caught")`) {
		t.Error("a label became part of the page")
	}
}

// TestPlaces puts figures where notebooks put them: collapsed, in a narrower window, in a view opened later.
func TestPlaces(t *testing.T) {
	b := open(t)
	surface := html(t, doubleWell(31))
	b.show("/base/", light, `<div id="cell" style="display:none">`+surface+`</div><div id="view"></div>`)
	b.Drawn()
	if charttest.Eval[bool](b.Tab, `!!document.querySelector("[data-live]")`) {
		t.Error("a figure that cannot be seen is alive")
	}
	charttest.Eval[bool](b.Tab, `document.getElementById("cell").style.display = "", true`)
	b.look(0)
	want := still(t, surface)
	fits := func(img image.Image) bool { return charttest.Apart(img, want) < 0.035 }
	b.See("a collapsed figure is drawn when opened", ".saddle-live", 0, fits)

	// Hidden, made narrow and dark meanwhile, then shown again.
	charttest.Eval[bool](b.Tab, `document.getElementById("cell").style.display = "none", document.body.style.width = "560px", true`)
	b.Drawn()
	charttest.Eval[bool](b.Tab, `document.getElementById("cell").style.display = "", true`)
	b.look(0)
	b.Wait("panels below each other in a narrow page", `(() => { const [p, q] = [...document.querySelectorAll(".saddle-panel")].map(p => p.getBoundingClientRect()); return q.top >= p.bottom && p.right <= 575 && q.right <= 575; })()`)
	b.See("the narrow surface is drawn", ".saddle-panel", 0, func(img image.Image) bool { return charttest.Colours(img) > 60 })
	b.Shot("narrow", "body", 0)
	charttest.Eval[bool](b.Tab, `document.body.style.width = "1060px", true`)
	b.See("the wide figure is as before", ".saddle-live", 0, fits)

	// A new view of the output is the same HTML, put in and its script run once more.
	charttest.Eval[bool](b.Tab, fmt.Sprintf(`(() => {
		const view = document.getElementById("view");
		view.innerHTML = %s;
		view.querySelectorAll("script").forEach(s => { const again = document.createElement("script"); again.textContent = s.textContent; s.replaceWith(again); });
		return true;
	})()`, quoted(t, surface)))
	b.look(1)
	b.See("a new view is drawn", ".saddle-live", 1, fits)
	// The first is taken away; the second lives on.
	charttest.Eval[bool](b.Tab, `document.getElementById("cell").remove(), true`)
	b.look(0)
	b.See("the new view is still drawn", ".saddle-live", 0, fits)
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSixty(t *testing.T) {
	b := open(t)
	s := doubleWell(31)
	s.NoContour = true
	one := html(t, s)
	id := regexp.MustCompile(`data-saddle="(\w+)"`).FindStringSubmatch(one)[1]
	var pages []string
	for i := range 60 {
		pages = append(pages, strings.ReplaceAll(one, id, fmt.Sprint(id, i)))
	}
	b.show("/base/", light, pages...)
	for i := 0; i < 60; i += 7 { // and their neighbours with them
		b.look(i)
	}
	b.look(0)
	b.See("after 60 surfaces the first is drawn again", ".saddle-live", 0, func(img image.Image) bool { return charttest.Apart(img, still(t, pages[0])) < 0.035 })
	held := charttest.Eval[int](b.Tab, `[...document.querySelectorAll(".saddle-panel[tabindex] canvas")].filter(c => !c.hasAttribute("aria-hidden")).length`)
	if held > 8 {
		t.Errorf("%d WebGL contexts are held, want at most 8", held)
	}
}

// TestCode puts figures into a page by the rules of VS Code's notebook webview: its content security policy, the HTML set
// as text, each script made anew from its text and taken away again, nothing else in the page. With a network they come
// alive, without one the picture stays.
func TestCode(t *testing.T) {
	outputs := quoted(t, html(t, doubleWell(31))+drawn()["07-training"])
	webview := func(t *testing.T, network map[string]string) *desk {
		b := open(t)
		b.cdn = true
		b.Answer(network)
		b.mu.Lock()
		b.body = `<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ` + b.url + ` 'unsafe-inline' 'unsafe-eval'; style-src ` + b.url + ` 'unsafe-inline'; img-src ` + b.url + ` https: http: data:; font-src ` + b.url + ` https:; connect-src https:; child-src https: data:;"></head>
<body class="vscode-body vscode-dark" data-vscode-theme-kind="vscode-dark" style="background:#1f1f1f;color:#ccc"><div id="output"></div><script>
const element = document.createElement("div");
element.innerHTML = ` + outputs + `;
document.getElementById("output").appendChild(element);
for (const node of Array.from(element.getElementsByTagName("script"))) {
	const script = document.createElement("script");
	script.text = node.innerText;
	element.appendChild(script).parentNode.removeChild(script);
}
</script></body></html>`
		b.mu.Unlock()
		b.Navigate(b.url + "/page")
		return b
	}
	t.Run("network", func(t *testing.T) {
		b := webview(t, charttest.CDN(libraries(t)))
		for i := range 2 {
			b.look(i)
		}
		b.Wait("the dark theme", `[...document.querySelectorAll(".saddle-figure")].every(f => f.dataset.live === "dark")`)
		b.See("a surface that is drawn", ".saddle-panel", 0, func(img image.Image) bool { return charttest.Colours(img) > 60 })
		b.Shot("live", "body", 0)
		if n := len(b.Foreign()); n != 2 {
			t.Errorf("the page asked %d times for the two libraries", n)
		}
	})
	t.Run("no network", func(t *testing.T) {
		b := webview(t, nil)
		b.Wait("the page to have asked for the libraries", `performance.getEntriesByType("resource").length >= 2`)
		b.Drawn()
		if !charttest.Eval[bool](b.Tab, stays) {
			t.Error("without a network the pictures do not stay")
		}
	})
}
