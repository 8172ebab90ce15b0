package magic

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestKnowsGonb: every command that gonb's help or its example notebooks use is one here.
func TestKnowsGonb(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/janpfeifer/gonb").Output()
	if err != nil {
		t.Fatal("go list cannot find gonb's module:", err)
	}
	dir := strings.TrimSpace(string(out))
	help, err := os.ReadFile(filepath.Join(dir, "internal", "specialcmd", "help.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`(%%?[a-z_]*)").FindAllStringSubmatch(string(help), -1)
	if len(names) < 40 {
		t.Errorf("only %d commands found in gonb's help", len(names))
	}
	for _, m := range names {
		if lookup(m[1]) == nil {
			t.Errorf("gonb's help has %s", m[1])
		}
	}

	files, _ := filepath.Glob(filepath.Join(dir, "examples", "tests", "*.ipynb"))
	files = append(files, filepath.Join(dir, "examples", "tutorial.ipynb"))
	commands := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var notebook struct {
			Cells []struct {
				Kind   string `json:"cell_type"`
				Source []string
			}
		}
		if err := json.Unmarshal(text, &notebook); err != nil {
			t.Fatal(file, err)
		}
		for _, c := range notebook.Cells {
			if c.Kind != "code" {
				continue
			}
			source := strings.Join(c.Source, "")
			for _, cmd := range Parse(source).Commands {
				commands++
				if lookup(cmd.Name) == nil {
					t.Errorf("%s: unknown command %s in\n%s", filepath.Base(file), cmd.Name, source)
				}
			}
		}
	}
	if commands < 100 {
		t.Errorf("only %d commands found in %d notebooks", commands, len(files))
	}
}
