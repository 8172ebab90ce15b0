package browsertest

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/gosaddle/saddle/lossviz/chart/charttest"
)

// lab is a notebook in JupyterLab.
type lab struct{ *desk }

// openInLab opens a notebook of the folder in JupyterLab; window.saddlePanel is then its panel.
func (d *desk) openInLab(f *folder, name string) lab {
	d.t.Helper()
	d.Navigate(f.address("lab/workspaces/"+f.name+"/tree", name) + "?reset")
	// In a headless browser nothing may have the focus, and then the shell has no current widget.
	d.Wait("the notebook", fmt.Sprintf(`(() => {
		window.saddlePanel = [...(window.jupyterapp?.shell.widgets("main") ?? [])].find(w => w.context?.path === %q && w.sessionContext);
		if (!window.saddlePanel?.context.isReady) return false;
		window.jupyterapp.shell.activateById(window.saddlePanel.id);
		return true;
	})()`, f.name+"/"+name))
	return lab{d}
}

// command carries out a command of JupyterLab, without waiting for its end.
func (l lab) command(name, args string) {
	l.t.Helper()
	charttest.Eval[int](l.Tab, fmt.Sprintf(`(window.jupyterapp.commands.execute(%q, %s), 0)`, name, args))
}

// run begins to run all cells, and returns when JupyterLab has asked the kernel to.
func (l lab) run() {
	l.t.Helper()
	l.Wait("the kernel", `window.saddlePanel.sessionContext.session?.kernel?.status === "idle"`)
	l.command("notebook:run-all-cells", "{}")
}

// ran waits until all cells were run and returns the outputs of each code cell as text.
func (l lab) ran() (outputs []string) {
	l.t.Helper()
	for i := range charttest.Eval[int](l.Tab, `window.saddlePanel.content.model.cells.length`) {
		l.Wait(fmt.Sprintf("cell %d to have run", i), fmt.Sprintf(`(c => c.type !== "code" || c.executionCount)(window.saddlePanel.content.model.cells.get(%d))`, i))
	}
	return charttest.Eval[[]string](l.Tab, `[...window.saddlePanel.content.model.cells].filter(c => c.type === "code").map(c => {
		const texts = [];
		for (let k = 0; k < c.outputs.length; k++) { const o = c.outputs.get(k).toJSON(); texts.push(String(o.text ?? "") + Object.values(o.data ?? {}).join("") + (o.output_type === "error" ? o.ename + ": " + o.evalue : "")); }
		return texts.join("\n");
	})`)
}

// failed are the errors of cells.
func (l lab) failed() []string {
	l.t.Helper()
	return charttest.Eval[[]string](l.Tab, `[...window.saddlePanel.content.model.cells].filter(c => c.type === "code").flatMap(c =>
		Array.from({ length: c.outputs.length }, (_, k) => c.outputs.get(k).toJSON()).filter(o => o.output_type === "error").map(o => o.ename + ": " + o.evalue))`)
}

// save saves the notebook. Widgets may write to it after it was saved, so it is saved until that has ceased.
func (l lab) save() {
	l.t.Helper()
	l.Wait("saving", `(() => {
		const context = window.saddlePanel.context;
		if (!context.model.dirty && !window.saddleSaving) return true;
		window.saddleSaving ??= context.save().finally(() => { window.saddleSaving = null; });
		return false;
	})()`)
}

// cell scrolls to a cell, whose output may not be in the page before, and waits until its figure is alive. The figure is
// then the one that matches figureOf.
func (l lab) cell(i int) {
	l.t.Helper()
	l.Wait(fmt.Sprintf("the figure of cell %d", i), fmt.Sprintf(`(() => {
		const cells = window.saddlePanel.content, node = cells.widgets[%d].node, f = node.querySelector(".saddle-figure");
		node.setAttribute("data-cell", %[1]d);
		if (f?.hasAttribute("data-live")) return true;
		if (f) f.scrollIntoView({block: "center"}); else cells.scrollToItem(%[1]d);
		return false;
	})()`, i))
}

func figureOf(i int) string { return fmt.Sprintf(`[data-cell="%d"] .saddle-figure`, i) }

// TestRunAll runs a notebook of the course in JupyterLab, with the real kernel, and turns a surface.
func TestRunAll(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "notebooks", notebook+".ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	f := serve(t, map[string][]byte{notebook + ".ipynb": text})
	l := open(t).openInLab(f, notebook+".ipynb")
	l.run()
	l.ran()
	for _, e := range l.failed() {
		t.Fatalf("a cell failed: %s", e)
	}
	// Outputs of cells far from view are not in the page: go to the first surface.
	l.cell(charttest.Eval[int](l.Tab, `[...window.saddlePanel.content.model.cells].findIndex(c => c.type === "code" &&
		Array.from({ length: c.outputs.length }, (_, k) => c.outputs.get(k).toJSON()).some(o => JSON.stringify(o.data?.["text/html"] ?? "").includes('\\"surface\\"')))`))
	l.turn()
	l.save()
}

// TestStrange opens a notebook that is not trusted: its figures are pictures.
func TestStrange(t *testing.T) {
	for name, frontEnd := range map[string]string{"Lab": "lab/tree", "Notebook": "notebooks", "nbclassic": "nbclassic/notebooks"} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, map[string][]byte{"strange.ipynb": saved(t, "strange")})
			d := open(t)
			if name == "Lab" {
				d.openInLab(f, "strange.ipynb")
			} else {
				d.Navigate(f.address(frontEnd, "strange.ipynb"))
			}
			d.pictures(2)
		})
	}
}

// TestSaved opens a saved notebook without running it: figures far down, twice, in any order, and again after a reload.
func TestSaved(t *testing.T) {
	t.Run("Lab", func(t *testing.T) {
		f := serve(t, map[string][]byte{"trusted.ipynb": saved(t, "trusted")})
		l := open(t).openInLab(f, "trusted.ipynb")
		for _, i := range []int{1, 5, 3, 2, 4} { // back and forth
			l.cell(i)
		}
		l = l.openInLab(f, "trusted.ipynb")
		l.cell(5)
		l.cell(1)
		l.turn()
	})
	for name, frontEnd := range map[string]string{"Notebook": "notebooks", "nbclassic": "nbclassic/notebooks"} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, map[string][]byte{"trusted.ipynb": saved(t, "trusted")})
			d := open(t)
			d.Navigate(f.address(frontEnd, "trusted.ipynb"))
			d.alive(5)
			d.turn()
		})
	}
}

// TestPlaces looks at figures where JupyterLab puts them: in an output that was collapsed, in a view of its own, in a
// window that becomes narrow and wide again, in the dark theme.
func TestPlaces(t *testing.T) {
	f := serve(t, map[string][]byte{"trusted.ipynb": saved(t, "trusted")})
	l := open(t).openInLab(f, "trusted.ipynb")
	l.cell(1)
	before := l.drawn("the surface", figureOf(1))
	same := func(img image.Image) bool { return charttest.Apart(before, img) < 0.01 }

	if charttest.Eval[bool](l.Tab, `!!window.saddlePanel.content.widgets[6].node.querySelector(".saddle-figure")?.offsetParent`) {
		t.Error("the figure of a collapsed output is to be seen")
	}
	charttest.Eval[int](l.Tab, `window.saddlePanel.content.widgets[6].outputHidden = false, 0`)
	l.cell(6)
	l.drawn("the figure of an output that was collapsed", figureOf(6))
	l.See("the surface of an output that was collapsed", figureOf(6)+" .saddle-live", 0, same)
	l.Keep("opened")

	l.cell(1)
	for _, width := range []int64{700, 1400} {
		l.Resize(width, 1000)
		for _, i := range []int{2, 1} {
			l.cell(i)
			l.drawn(fmt.Sprintf("the figure of cell %d in a window of %d pixels", i, width), figureOf(i))
			l.Keep(fmt.Sprintf("%d-%d", width, i))
		}
	}
	l.See("the surface as it was", figureOf(1)+" .saddle-live", 0, same)

	charttest.Eval[int](l.Tab, `window.saddlePanel.content.activeCellIndex = 1, 0`)
	l.command("notebook:create-output-view", "{}")
	l.Wait("the view of its own", `(() => {
		const f = [...document.querySelectorAll(".saddle-figure[data-live]")].find(f => !window.saddlePanel.node.contains(f));
		f?.setAttribute("data-view", "");
		return f;
	})()`)
	l.drawn("the figure in a view of its own", "[data-view]")
	l.Keep("view")

	l.command("apputils:change-theme", `{ theme: "JupyterLab Dark" }`)
	l.Wait("the dark theme", `[...document.querySelectorAll(".saddle-figure[data-live]")].some(f => f.dataset.live === "dark") && ![...document.querySelectorAll(".saddle-figure[data-live=light]")].some(f => f.offsetParent)`)
	l.drawn("the figure in the dark theme", "[data-view]")
	l.Keep("dark")
	l.command("apputils:change-theme", `{ theme: "JupyterLab Light" }`)
	l.Wait("the light theme", `document.querySelector(".saddle-figure[data-live=light]") && ![...document.querySelectorAll(".saddle-figure[data-live=dark]")].some(f => f.offsetParent)`)
}
