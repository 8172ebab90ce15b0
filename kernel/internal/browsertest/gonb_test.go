package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestGonbWidgets runs gonb's notebooks that talk with the page, in JupyterLab.
func TestGonbWidgets(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/janpfeifer/gonb").Output()
	if err != nil {
		t.Fatal("go list cannot find gonb's module:", err)
	}
	module := strings.TrimSpace(string(out))
	t.Setenv("GONB_GIT_ROOT", module)
	files := map[string][]byte{}
	for _, name := range []string{"comms", "dom", "widgets"} {
		files[name+".ipynb"] = forSaddle(t, filepath.Join(module, "examples", "tests", name+".ipynb"))
	}
	b := open(t)
	base := serve(t, files)
	for _, c := range []struct {
		name  string
		wants map[int][]string // by code cell: what its outputs must hold
	}{
		{"comms", map[int][]string{4: {"sent 1", "got 2", "got 3", "got 4", "closed", "done"}, 5: {"ok"}, 6: {"No more."}}},
		{"dom", map[int][]string{3: {"This is a test!<br>", "And a second test.<br>"}, 4: {"ok"}}},
		{"widgets", map[int][]string{3: {"clicked"}, 4: {"widget tested ok"}, 5: {"widget tested ok"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			outputs := runAll(t, b, base, c.name)
			for i, words := range c.wants {
				for _, w := range words {
					if i >= len(outputs) || !strings.Contains(outputs[i], w) {
						t.Errorf("cell %d does not show %q:\n%s", i, w, outputs[min(i, len(outputs)-1)])
					}
				}
			}
			for i, o := range outputs {
				if strings.Contains(o, "gonb_comm") || strings.Contains(o, "<script") {
					t.Errorf("cell %d keeps a script that was to run once:\n%s", i, o)
				}
			}
		})
	}
}

// forSaddle returns a notebook with its kernel's name changed, and nothing else.
func forSaddle(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var n map[string]any
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	n["metadata"] = map[string]any{"kernelspec": map[string]string{"name": "saddle", "display_name": "Go (Saddle)", "language": "go"}}
	if text, err = json.Marshal(n); err != nil {
		t.Fatal(err)
	}
	return text
}

// runAll opens a notebook, runs its cells and returns the outputs of each code cell as text.
func runAll(t *testing.T, b *browser, base, name string) []string {
	t.Helper()
	b.do(t, chromedp.Navigate(base+"/lab/tree/"+name+".ipynb?reset"))
	b.wait(t, "the notebook", fmt.Sprintf(`(() => {
		const panels = [...(window.jupyterapp?.shell.widgets("main") ?? [])];
		window.saddlePanel = panels.find((w) => w.context?.path === %q && w.sessionContext);
		if (!window.saddlePanel?.context.isReady) return false;
		window.jupyterapp.shell.activateById(window.saddlePanel.id);
		return true;
	})()`, name+".ipynb"), 2*time.Minute)
	b.wait(t, "the kernel", `window.saddlePanel.sessionContext?.session?.kernel?.status === "idle"`, 2*time.Minute)
	var ignored any
	b.do(t, chromedp.Evaluate(`(window.saddleRan = false, window.jupyterapp.commands.execute("notebook:run-all-cells").then(() => { window.saddleRan = true; }, (e) => { window.saddleRan = String(e); }), 0)`, &ignored))
	b.wait(t, "Run All", `window.saddleRan`, 2*time.Minute)
	b.wait(t, "the outputs", `(() => {
		const cells = window.saddlePanel.content.model.cells;
		for (let i = 0; i < cells.length; i++) { const c = cells.get(i); if (c.type === "code" && !c.executionCount) return false; }
		return true;
	})()`, time.Minute)
	var outputs []string
	b.do(t, chromedp.Evaluate(`(() => {
		const all = [], cells = window.saddlePanel.content.model.cells;
		for (let i = 0; i < cells.length; i++) { const c = cells.get(i); if (c.type !== "code") continue;
			const texts = [];
			for (let k = 0; k < c.outputs.length; k++) { const o = c.outputs.get(k).toJSON(); texts.push(String(o.text ?? "") + Object.values(o.data ?? {}).join("") + String(o.evalue ?? "")); }
			all.push(texts.join("\n")); }
		return all;
	})()`, &outputs))
	// A page with unsaved changes asks before it is left. Widgets may write to the notebook after it was saved, so it is saved until
	// that has ceased.
	b.wait(t, "saving", `(() => {
		const context = window.saddlePanel.context;
		if (!context.model.dirty && !window.saddleSaving) return true;
		window.saddleSaving ??= context.save().finally(() => { window.saddleSaving = null; });
		return false;
	})()`, 2*time.Minute)
	return outputs
}
