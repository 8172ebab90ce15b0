package build

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// findModule returns the folder of the go.mod that governs dir, or "".
func findModule(dir string) string {
	if dir == "" {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// isSaddle tells whether dir holds Saddle's own module: its notebooks run against the installed library.
func isSaddle(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && modfile.ModulePath(text) == Module
}

// joinModule lets the workspace be the notebook's own module: go commands run in its folder, with a go.mod that adds
// Saddle and what Saddle needs. The user's go.mod itself is left alone.
func (w *Workspace) joinModule(own, source string, mod, sum []byte) ([]byte, []byte, error) {
	name := filepath.Join(own, "go.mod")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the notebook's module: %w", err)
	}
	user, err := modfile.Parse(name, text, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("the go.mod beside the notebook cannot be read: %w", err)
	}
	ours, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("saddle's go.mod cannot be read: %w", err)
	}
	have := map[string]bool{}
	for _, r := range user.Require {
		have[r.Mod.Path] = true
	}
	for _, r := range ours.Require {
		if !have[r.Mod.Path] { // where both name a module, the user's line stands and go raises it if it must
			if err := user.AddRequire(r.Mod.Path, r.Mod.Version); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, r := range user.Replace {
		if r.New.Version == "" && !filepath.IsAbs(r.New.Path) {
			if err := user.AddReplace(r.Old.Path, r.Old.Version, filepath.Join(own, r.New.Path), ""); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := user.AddReplace(Module, "", source, ""); err != nil {
		return nil, nil, err
	}
	if user.Go == nil || strings.HasPrefix(user.Go.Version, "1.") && len(user.Go.Version) >= 4 && user.Go.Version < ours.Go.Version {
		if err := user.AddGoStmt(ours.Go.Version); err != nil {
			return nil, nil, err
		}
	}
	user.Cleanup()
	out, err := user.Format()
	if err != nil {
		return nil, nil, err
	}
	if theirs, err := os.ReadFile(filepath.Join(own, "go.sum")); err == nil {
		sum = append(bytes.TrimRight(theirs, "\n"), append([]byte("\n"), sum...)...)
	}
	w.modDir, w.modFlag = own, []string{"-modfile=" + filepath.Join(w.Dir, "go.mod")}
	return out, sum, nil
}

// Versions returns the version of every module in the workspace's resolved graph.
func (w *Workspace) Versions(ctx context.Context) (map[string]string, error) {
	out, err := w.run(ctx, w.command("list", "-m", "-f", "{{.Path}} {{.Version}}{{with .Replace}} => {{.Path}} {{.Version}}{{end}}", "all")...)
	if err != nil {
		return nil, fmt.Errorf("listing modules: %w", err)
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		versions[path] = version
	}
	return versions, nil
}

// Get adds the module that provides a package, at the version its path names after an @, or the newest. It returns an
// error, and changes nothing, where a module that the worker has loaded would come in another version.
func (w *Workspace) Get(ctx context.Context, query string, loaded func(path string) bool) error {
	modFile, sumFile := filepath.Join(w.Dir, "go.mod"), filepath.Join(w.Dir, "go.sum")
	mod, err := os.ReadFile(modFile)
	if err != nil {
		return fmt.Errorf("reading the workspace's go.mod: %w", err)
	}
	sum, err := os.ReadFile(sumFile)
	if err != nil {
		return fmt.Errorf("reading the workspace's go.sum: %w", err)
	}
	before, err := w.Versions(ctx)
	if err != nil {
		return err
	}
	undo := func() {
		os.WriteFile(modFile, mod, 0o644)
		os.WriteFile(sumFile, sum, 0o644)
	}
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	if _, err := w.run(ctx, w.command("get", query)...); err != nil {
		undo()
		if ctx.Err() != nil {
			return fmt.Errorf("getting %s took longer than %v: is the network there? (a module proxy that cannot be reached is asked again and again; set GOPROXY=off to fail at once)", query, getTimeout)
		}
		return fmt.Errorf("getting %s: %w", query, err)
	}
	after, err := w.Versions(ctx)
	if err != nil {
		undo()
		return err
	}
	for path, old := range before {
		if now := after[path]; now != old && now != "" && loaded(path) {
			undo()
			return fmt.Errorf("%s needs %s %s, and %s is loaded in this session. Restart the kernel and get it in the first cell: a restart would load %s %s",
				query, path, now, old, path, now)
		}
	}
	w.Forget()
	return nil
}

// getTimeout bounds how long a cell waits for modules to be fetched.
const getTimeout = 60 * time.Second

// Local finds packages of the notebook's own module by name.
func (w *Workspace) Local(ctx context.Context, name string) []string {
	if len(w.modFlag) == 0 {
		return nil
	}
	out, err := w.run(ctx, w.command("list", "-e", "-f", "{{.Name}} {{.ImportPath}}", "./...")...)
	if err != nil {
		return nil
	}
	var paths []string
	for line := range strings.Lines(string(out)) {
		if n, p, ok := strings.Cut(strings.TrimSpace(line), " "); ok && n == name {
			paths = append(paths, p)
		}
	}
	return paths
}

// ModuleOf tells whether a package path belongs to a module.
func ModuleOf(module, pkg string) bool {
	return pkg == module || strings.HasPrefix(pkg, module+"/")
}
