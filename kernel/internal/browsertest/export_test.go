package browsertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSanitizedExport: JupyterLab's export menu has nbconvert sanitize, which makes text of a figure's HTML. The settings that
// install.sh puts into .venv have it show the picture.
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
