package assist

import (
	"bytes"
	"context"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/gosaddle/saddle/kernel/internal/magic"
)

// module is where the packages below an import path lie. The standard library has the path "".
type module struct{ path, dir string }

// loadModules asks the go command for the modules that cells can import from.
func (a *Assistant) loadModules(ctx context.Context) {
	var modules []module
	if out, err := a.goCommand(ctx, "env", "GOROOT"); err == nil {
		modules = append(modules, module{"", filepath.Join(string(bytes.TrimSpace(out)), "src")})
	}
	// Not all: the go.mod files of the whole graph need not be on this machine, those of go.mod's own lines are.
	args := append(append([]string{"list"}, a.config.BuildFlags...), "-m", "-f", "{{.Path}}\t{{.Dir}}")
	out, err := a.goCommand(ctx, append(args, a.required()...)...)
	if err != nil {
		a.config.Log.Debug("import paths complete for the standard library only", "err", err)
	}
	for line := range strings.Lines(string(out)) {
		if p, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && dir != "" { // no folder: not fetched
			modules = append(modules, module{p, dir})
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.modules = modules
}

// required returns the main module and the modules that go.mod names.
func (a *Assistant) required() []string {
	name := filepath.Join(a.config.Dir, "go.mod")
	for _, flag := range a.config.BuildFlags {
		if file, ok := strings.CutPrefix(flag, "-modfile="); ok {
			name = file
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	file, err := modfile.ParseLax(name, text, nil)
	if err != nil {
		return nil
	}
	var paths []string
	if file.Module != nil {
		paths = append(paths, file.Module.Mod.Path)
	}
	for _, r := range file.Require {
		paths = append(paths, r.Mod.Path)
	}
	return paths
}

func (a *Assistant) goCommand(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = a.config.Dir, a.config.Env
	return cmd.Output()
}

// completeImport completes the path in an import declaration, one element at a time. It reports
// false where the cursor is not in one. (gopls could, but it would first load what is half typed.)
func (a *Assistant) completeImport(code string, offset int) (items []item, start, end int, ok bool) {
	for _, c := range split(magic.Blank(code)) {
		if c.kind != importDecl || offset < c.start || offset > c.end {
			continue
		}
		for _, t := range c.tokens {
			if t.tok == token.STRING && t.off < offset && offset <= t.off+len(t.lit) {
				start = t.off + 1
				return a.importPaths(code[start:offset]), start, offset, true
			}
		}
	}
	return nil, 0, 0, false
}

func (a *Assistant) importPaths(prefix string) []item {
	a.mu.Lock()
	modules := a.modules
	a.mu.Unlock()
	var paths []string
	for _, m := range modules {
		if m.path != "" && strings.HasPrefix(m.path, prefix) {
			paths = append(paths, m.path)
		}
		parent := path.Dir(prefix + "x") // what comes before the last slash
		rest, inside := strings.CutPrefix(parent+"/", m.path+"/")
		if m.path == "" {
			rest, inside = parent, true
		}
		if !inside {
			continue
		}
		entries, _ := os.ReadDir(filepath.Join(m.dir, filepath.FromSlash(rest)))
		for _, e := range entries {
			name := e.Name()
			p := path.Join(parent, name)
			if !e.IsDir() || !strings.HasPrefix(p, prefix) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
				slices.Contains([]string{"internal", "vendor", "testdata", "cmd", "builtin"}, name) {
				continue
			}
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	var items []item
	for _, p := range slices.Compact(paths) {
		items = append(items, item{p, "module", ""})
		if len(items) == maxPaths {
			break
		}
	}
	return items
}
