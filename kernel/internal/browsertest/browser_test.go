package browsertest

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/chart/charttest"
)

const root = "../../.."

// notebook is the one of the course that is looked at: it has lines and surfaces.
const notebook = "04-two-layer-net"

var chromium charttest.Chromium

func TestMain(m *testing.M) {
	code := m.Run()
	chromium.Close()
	jupyterServer.close()
	os.Exit(code)
}

// desk is a tab of the browser.
type desk struct {
	*charttest.Tab
	t    *testing.T
	asks bool // its pages may ask other machines, which do not answer
}

// open opens a tab. The test ends with what its pages complained of, and what they asked of other machines.
func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{Tab: chromium.Open(t, filepath.Join(root, "artifacts", "browser")), t: t}
	t.Cleanup(func() {
		for _, p := range d.Problems() {
			if ours(p) && !(d.asks && strings.HasPrefix(p, "log: Failed to load resource: net::ERR_INTERNET_DISCONNECTED https://")) {
				t.Errorf("the page said %s", p)
			}
		}
		for _, u := range d.Foreign() {
			if !d.asks {
				t.Errorf("the page asked for %s", u)
			}
		}
	})
	return d
}

// notOurs is what pages say where nothing is wrong with Saddle.
var notOurs = regexp.MustCompile(strings.Join([]string{
	`^log: Blocked attempt to show a 'beforeunload' confirmation panel`,      // Chromium, as nobody has clicked into the page
	`(?s)^exception: .*\(reading 'schema'\).*/static/notebook/notebook_core`, // Notebook 7 looks for parts of JupyterLab that it does not have
	`(?s)^exception: .*Command 'filebrowser:open-path' not registered.*/static/notebook/notebook_core`,
	`^log: .*/nbextensions/widgets/notebook/js/extension\.js`,  // nbclassic looks for widgets that are not there
	`(?s)^exception: .*require is not defined.*\.slides\.html`, // nbconvert's slides without the library that moves them
}, "|"))

// ours tells whether what a page said is an error, or a word of a figure or its libraries.
func ours(problem string) bool {
	if strings.HasPrefix(problem, "warning:") || strings.HasPrefix(problem, "debug:") {
		return strings.Contains(problem, "saddle") || strings.Contains(problem, "ECharts")
	}
	return !notOurs.MatchString(problem)
}

// turn finds the first live surface, drags it, and wants it drawn anew.
func (d *desk) turn() {
	d.t.Helper()
	d.Wait("a figure", `document.querySelector(".saddle-figure")`)
	// A figure comes alive when it is in view: go through them until one has a canvas that is turned with the keys.
	d.Wait("a live surface", `(() => {
		const live = [...document.querySelectorAll(".saddle-figure[data-live] .saddle-panel[tabindex]")].find(p => p.offsetWidth > 200 && p.querySelector("canvas"));
		document.querySelectorAll("[data-turned]").forEach(p => p.removeAttribute("data-turned"));
		if (live) { live.setAttribute("data-turned", ""); live.scrollIntoView({block: "center"}); return true; }
		const all = [...document.querySelectorAll(".saddle-figure")];
		window.saddleNext = ((window.saddleNext || 0) + 1) % (20 * Math.max(1, all.length));
		all[Math.floor(window.saddleNext / 20)]?.scrollIntoView({block: "center"});
		return false;
	})()`)
	before := d.Still("[data-turned]", 0)
	d.Keep("before")
	if charttest.Colours(before) < 60 {
		d.t.Fatal("the live surface is blank")
	}
	x, y, width, height := d.Box("[data-turned]", 0)
	d.Drag(x+width*0.4, y+height*0.5, 120, 20)
	d.See("a drag that turns the surface", "[data-turned]", 0, func(img image.Image) bool { return charttest.Apart(before, img) > 0.01 })
	d.Keep("after")
}

// pictures wants a page in which no script of ours may run to show n figures as pictures.
func (d *desk) pictures(n int) {
	d.t.Helper()
	d.Wait("the pictures", fmt.Sprintf(`[...document.querySelectorAll('img[src^="data:image/png"]')].filter(i => i.complete && i.naturalWidth > 300 && i.offsetWidth > 300).length >= %d`, n))
	if n := charttest.Eval[int](d.Tab, `document.querySelectorAll("[data-live]").length`); n > 0 {
		d.t.Error("a script of a notebook that is not trusted was run")
	}
	d.Keep("pictures")
}

// alive scrolls through a page and wants n figures to come alive.
func (d *desk) alive(n int) {
	d.t.Helper()
	d.Wait("the figures to come alive", fmt.Sprintf(`(() => {
		const rest = [...document.querySelectorAll(".saddle-figure:not([data-live])")].filter(f => f.offsetParent);
		rest[0]?.scrollIntoView({block: "center"});
		return !rest.length && document.querySelectorAll("[data-live]").length >= %d;
	})()`, n))
	d.Keep("alive")
}

// drawn wants the nth element that matches to be within its surroundings and no blank: live panels, or a picture.
func (d *desk) drawn(what, figure string) image.Image {
	d.t.Helper()
	d.Wait(what+" within the page", fmt.Sprintf(`(() => {
		const f = document.querySelector(%q);
		f?.scrollIntoView({block: "center"});
		if (!f?.hasAttribute("data-live")) return false;
		const room = f.parentElement.getBoundingClientRect();
		return [...f.querySelectorAll(".saddle-panel, img")].filter(e => e.offsetParent).every(e => {
			const b = e.getBoundingClientRect();
			return b.width > 100 && b.height > 100 && b.left >= room.left - 1 && b.right <= Math.min(room.right, innerWidth) + 1;
		});
	})()`, figure))
	return d.See(what+" that is no blank", figure+" .saddle-live", 0, func(img image.Image) bool { return charttest.Colours(img) > 60 })
}

// installed is a file that install.sh puts in place, or that a variable of the environment names.
func installed(t *testing.T, variable string, path ...string) string {
	t.Helper()
	if file := os.Getenv(variable); file != "" {
		return file
	}
	file, err := filepath.Abs(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		charttest.Need(t, "%s is not there: run ./install.sh first", filepath.Join(path...))
	}
	return file
}

// jupyter is a program of the Python environment that install.sh made.
func jupyter(t *testing.T) string {
	t.Helper()
	return installed(t, "SADDLE_TEST_JUPYTER", ".venv", "bin", "jupyter")
}

// libraries is the folder of the page libraries.
func libraries(t *testing.T) string {
	t.Helper()
	return installed(t, "SADDLE_PAGE_LIBRARIES", ".venv", "share", "jupyter", "kernels", "saddle")
}

// saddle runs the saddle command that install.sh built.
func saddle(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(installed(t, "SADDLE_TEST_COMMAND", "bin", "saddle"), args...)
	cmd.Env = append(os.Environ(), "VIRTUAL_ENV="+filepath.Dir(filepath.Dir(jupyter(t))))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("saddle %s: %v\n%s", strings.Join(args, " "), err, text)
	}
}
