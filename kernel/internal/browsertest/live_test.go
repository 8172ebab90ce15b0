package browsertest

import (
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/gosaddle/saddle/lossviz/chart/charttest"
)

// growing trains slowly until there is a file "seen", and then as fast as it can.
const growing = `data := dataset.Moons(200, 0.15, 1)
loss := lossviz.NewObjective(nn.MLP(2, 8, 1, nn.Tanh), nn.LogisticLoss, data)
patiently := func(step, steps int) float64 {
	if _, err := os.Stat("seen"); err != nil {
		time.Sleep(20 * time.Millisecond)
	}
	return 1
}
run := train.Adam(loss, nn.MLP(2, 8, 1, nn.Tanh).Init(7), train.Steps(15000), train.Scheduled(patiently))
run`

// TestLiveCurve watches a training in JupyterLab: its curve grows while the cell runs, is at rest afterwards, and is there
// when the notebook was saved and is opened again.
func TestLiveCurve(t *testing.T) {
	f := serve(t, map[string][]byte{"live.ipynb": code(t, growing)})
	l := open(t).openInLab(f, "live.ipynb")
	l.Wait("the cell", `(() => { const c = window.saddlePanel.content.widgets[0]?.node; c?.setAttribute("data-cell", "0"); return c; })()`)
	l.run()
	const output = `[data-cell="0"] .jp-OutputArea`
	l.Wait("the first curve", `document.querySelector('`+output+` img')?.complete`)
	last := l.Shot("first", output, 0)
	for _, name := range []string{"second", "third"} {
		last = l.See("the "+name+" curve, unlike the one before", output, 0, func(img image.Image) bool {
			return charttest.Colours(img) > 20 && charttest.Apart(last, img) > 0.002
		})
		l.Shot(name, output, 0)
		if status := charttest.Eval[string](l.Tab, `window.saddlePanel.sessionContext.session.kernel.status`); status != "busy" {
			t.Fatalf("the curve changed, but the kernel is %s and not busy", status)
		}
	}
	if err := os.WriteFile(filepath.Join(f.path, "seen"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l.ran()
	for _, e := range l.failed() {
		t.Fatalf("the cell failed: %s", e)
	}
	l.Wait("the kernel to rest", `window.saddlePanel.sessionContext.session.kernel.status === "idle"`)
	l.cell(0)
	l.drawn("the finished curve", figureOf(0))
	l.Still(output, 0)
	done := l.Shot("done", output, 0)
	l.save()

	l = l.openInLab(f, "live.ipynb")
	l.cell(0)
	l.See("the curve of the saved notebook as it was", output, 0, func(img image.Image) bool { return charttest.Apart(done, img) < 0.01 })
	l.Shot("reopened", output, 0)
}
