// Package spec writes the kernelspec, the folder by which Jupyter knows a kernel: kernel.json, logos, and the
// scripts that figures load from the Jupyter server. It knows where Jupyter looks for kernelspecs; it does not
// know what the kernel does.
package spec

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

//go:generate go run draw.go

//go:embed logo-32x32.png logo-64x64.png logo-svg.svg
var logos embed.FS

// DefaultName is the name a kernel is installed under unless another is asked for.
const DefaultName = "saddle"

// NameVariable names the environment variable that tells the kernel, and what runs in it, under which name
// it was installed: figures find their scripts at <base url>kernelspecs/<name>/.
const NameVariable = "SADDLE_KERNEL_NAME"

// Kernel is the content of kernel.json.
type Kernel struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
	Metadata      map[string]any    `json:"metadata"`
}

// Spec is a kernelspec to be written.
type Spec struct {
	Name      string // "saddle", or another for a second kernel beside it
	Command   string // absolute path of the saddle command
	Libraries string // folder of page libraries, which are copied; "" for none
}

// validName is what Jupyter takes for a kernel's name.
var validName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

// CheckName returns an error where Jupyter would not take the name.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("kernel name %q: Jupyter takes letters, digits, '.', '_' and '-'", name)
	}
	return nil
}

// kernel is the kernel.json of a spec.
func (s Spec) kernel() Kernel {
	display := "Go (Saddle)"
	if s.Name != DefaultName {
		display = "Go (Saddle, " + s.Name + ")"
	}
	return Kernel{
		Argv:        []string{s.Command, "kernel", "-f", "{connection_file}"},
		DisplayName: display, Language: "go",
		InterruptMode: "message",
		Env:           map[string]string{NameVariable: s.Name},
		Metadata:      map[string]any{"debugger": false},
	}
}

// Write makes dir the kernelspec. Files that are right already are left alone; changed says whether any was not.
func (s Spec) Write(dir string) (changed bool, err error) {
	if err := CheckName(s.Name); err != nil {
		return false, err
	}
	text, err := json.MarshalIndent(s.kernel(), "", "  ")
	if err != nil {
		return false, fmt.Errorf("write %s: %w", dir, err)
	}
	files := map[string][]byte{"kernel.json": append(text, '\n')}
	sources := map[string]fs.FS{"logo-*": logos}
	if s.Libraries != "" {
		sources["echarts*.js"] = os.DirFS(s.Libraries)
	}
	for pattern, source := range sources {
		names, err := fs.Glob(source, pattern)
		if err != nil {
			return false, fmt.Errorf("read the files of the kernelspec: %w", err)
		}
		for _, name := range names {
			if files[name], err = fs.ReadFile(source, name); err != nil {
				return false, fmt.Errorf("read the files of the kernelspec: %w", err)
			}
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, fmt.Errorf("make the kernelspec: %w", err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
			continue
		}
		changed = true
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return true, fmt.Errorf("write the kernelspec: %w", err)
		}
	}
	return changed, nil
}

// Read reads the kernel.json of a kernelspec.
func Read(dir string) (Kernel, error) {
	var k Kernel
	text, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return k, fmt.Errorf("%s: %w", filepath.Join(dir, "kernel.json"), err)
	}
	return k, nil
}

// IsOurs tells whether a kernel.json is one that Write wrote.
func (k Kernel) IsOurs() bool {
	_, named := k.Env[NameVariable]
	return named && len(k.Argv) > 1 && k.Argv[1] == "kernel"
}

// UserDir is the folder in which this user's kernelspecs are.
func UserDir() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return filepath.Join(dir, "kernels"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" && runtime.GOOS != "darwin" {
		return filepath.Join(dir, "jupyter", "kernels"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("find the user's Jupyter folder: set HOME or JUPYTER_DATA_DIR")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Jupyter", "kernels"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter", "kernels"), nil
}

// PrefixDir is the folder in which the kernelspecs of a Python environment are.
func PrefixDir(prefix string) string { return filepath.Join(prefix, "share", "jupyter", "kernels") }
