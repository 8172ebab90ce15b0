package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// gonbModule is the folder of gonb's module.
var gonbModule = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/janpfeifer/gonb").Output()
	if err != nil {
		return "", fmt.Errorf("go list cannot find gonb's module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
})

// TestGonbWidgets runs gonb's notebooks that talk with the page, in JupyterLab.
func TestGonbWidgets(t *testing.T) {
	module, err := gonbModule()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		wants map[int][]string // by code cell: what its outputs must hold
	}{
		{"comms", map[int][]string{4: {"sent 1", "got 2", "got 3", "got 4", "closed", "done"}, 5: {"ok"}, 6: {"No more."}}},
		{"dom", map[int][]string{3: {"This is a test!<br>", "And a second test.<br>"}, 4: {"ok"}}},
		{"widgets", map[int][]string{3: {"clicked"}, 4: {"widget tested ok"}, 5: {"widget tested ok"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := c.name + ".ipynb"
			f := serve(t, map[string][]byte{file: forSaddle(t, filepath.Join(module, "examples", "tests", file))})
			l := open(t).openInLab(f, file)
			l.run()
			outputs := l.ran()
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
			l.save()
		})
	}
}

// patience stretches the limits after which gonb's notebooks call a page's answer missing. A machine that runs tests is slow at
// times.
var patience = strings.NewReplacer(
	"time.After(500 * time.Millisecond)", "time.After(time.Minute)",
	"time.Sleep(2 * time.Second)", "time.Sleep(time.Minute)",
)

// forSaddle returns a notebook with its kernel's name changed, and with patience.
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
	return []byte(patience.Replace(string(text)))
}
