package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
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

// inputs are the files that decide which modules the workspace resolves to, beside the go.mod it writes itself.
func (w *Workspace) inputs() []string {
	files := []string{filepath.Join(w.Dir, "go.mod")}
	if len(w.modFlag) > 0 {
		files = append(files, filepath.Join(w.modDir, "go.mod"), filepath.Join(w.modDir, "go.sum"))
	}
	if work := w.goWork(); work != "" {
		files = append(files, work)
	}
	return files
}

// goWork returns the go.work that governs the notebook, or "".
func (w *Workspace) goWork() string {
	switch env := os.Getenv("GOWORK"); env {
	case "off":
		return ""
	case "":
	default:
		return env
	}
	dirs := []string{w.Dir}
	if len(w.modFlag) > 0 {
		dirs = nil
		for dir := w.modDir; ; dir = filepath.Dir(dir) {
			dirs = append(dirs, dir)
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	for _, dir := range dirs {
		if name := filepath.Join(dir, "go.work"); isFile(name) {
			return name
		}
	}
	return ""
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// stamp tells one state of the inputs from another.
func (w *Workspace) stamp() string {
	h := sha256.New()
	for _, name := range w.inputs() {
		text, _ := os.ReadFile(name)
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// applyWork adds what a go.work says to a go.mod, as replacements: the go command does not take a go.work together with a
// go.mod that is not its module's own. Replacements of a go.work that is gone are taken out.
func (w *Workspace) applyWork(file *modfile.File) error {
	for path := range w.used {
		if err := file.DropReplace(path, ""); err != nil {
			return err
		}
	}
	w.used = map[string]string{}
	name := w.goWork()
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	work, err := modfile.ParseWork(name, text, nil)
	if err != nil {
		return fmt.Errorf("the go.work cannot be read: %w", err)
	}
	absolute := func(dir string) string {
		if filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(filepath.Dir(name), dir)
	}
	for _, use := range work.Use {
		dir := absolute(use.Path)
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			return fmt.Errorf("%s uses a module that is not there: %w", name, err)
		}
		path := modfile.ModulePath(text)
		if dir == w.modDir || path == Module || w.isCached(path, dir) {
			continue
		}
		if err := file.AddReplace(path, "", dir, ""); err != nil {
			return err
		}
		w.used[path] = dir
	}
	for _, r := range work.Replace {
		to := r.New.Path
		if r.New.Version == "" {
			to = absolute(to)
		}
		if err := file.AddReplace(r.Old.Path, r.Old.Version, to, r.New.Version); err != nil {
			return err
		}
	}
	return nil
}

// isCached tells whether a folder is what the module cache holds of a module in the version that is loaded.
func (w *Workspace) isCached(path, dir string) bool {
	escaped, err := module.EscapePath(path)
	return err == nil && strings.Contains(filepath.ToSlash(dir), "/"+escaped+"@"+w.required(path))
}

// required returns the version of a module that the workspace's go.mod names.
func (w *Workspace) required(path string) string {
	text, err := os.ReadFile(filepath.Join(w.Dir, "go.mod"))
	if err != nil {
		return ""
	}
	file, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil {
		return ""
	}
	for _, r := range file.Require {
		if r.Mod.Path == path {
			return r.Mod.Version
		}
	}
	return ""
}

// Replaced returns the folders of modules that go.mod or go.work takes from the disk, Saddle's own aside.
func (w *Workspace) Replaced() []string {
	text, err := os.ReadFile(filepath.Join(w.Dir, "accepted.mod"))
	if err != nil {
		return nil
	}
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil
	}
	var dirs []string
	for _, r := range file.Replace {
		if filepath.IsAbs(r.New.Path) && r.Old.Path != Module {
			dirs = append(dirs, r.New.Path)
		}
	}
	return dirs
}

// accept makes the go.mod as it is now the one to go back to.
func (w *Workspace) accept() error {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err != nil {
			return fmt.Errorf("workspace: %w", err)
		}
		if err := os.WriteFile(filepath.Join(w.Dir, "accepted"+filepath.Ext(name)), text, 0o644); err != nil {
			return fmt.Errorf("workspace: %w", err)
		}
	}
	w.accepted = w.stamp()
	return nil
}

// undo goes back to the go.mod that was accepted last.
func (w *Workspace) undo() {
	for _, name := range []string{"go.mod", "go.sum"} {
		if text, err := os.ReadFile(filepath.Join(w.Dir, "accepted"+filepath.Ext(name))); err == nil {
			os.WriteFile(filepath.Join(w.Dir, name), text, 0o644)
		}
	}
	w.accepted = w.stamp() // the same change is not complained of twice
}

// ConflictError says that modules which the worker has loaded would come in another version.
type ConflictError struct {
	Modules []Conflict
}

// Conflict is a module with the version that is loaded and the one that a restart would load.
type Conflict struct{ Path, Loaded, Wanted string }

func (e *ConflictError) Error() string {
	var list []string
	for _, m := range e.Modules {
		list = append(list, fmt.Sprintf("%s %s, and it would be %s", m.Path, m.Loaded, m.Wanted))
	}
	return "this changes modules that are loaded: " + strings.Join(list, "; ") +
		". Nothing was changed. A module cannot be replaced while values of its types live: restart the kernel and do this in the first cell, and those versions are loaded"
}

// Sync takes up what was changed in go.mod and go.work files since it was last called, by a go command or an editor. It
// reports whether there was anything. With a *ConflictError, or another error, the workspace stays as it was.
func (w *Workspace) Sync(ctx context.Context) (changed bool, err error) {
	if w.stamp() == w.accepted {
		return false, nil
	}
	if err := w.derive(); err != nil {
		w.undo()
		return false, fmt.Errorf("the changed go.mod is not used: %w", err)
	}
	return true, w.settle(ctx)
}

// derive writes the workspace's go.mod anew from the notebook's own, if it has one, and from go.work.
func (w *Workspace) derive() error {
	name := filepath.Join(w.Dir, "go.mod")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if len(w.modFlag) > 0 {
		mod, sum, err := moduleFiles(w.source)
		if err != nil {
			return err
		}
		if text, sum, err = w.joinModule(w.modDir, w.source, mod, sum); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(w.Dir, "go.sum"), sum, 0o644); err != nil {
			return err
		}
		w.used = nil // they are not in it
	}
	file, err := modfile.Parse(name, text, nil)
	if err != nil {
		return err
	}
	if err := w.applyWork(file); err != nil {
		return err
	}
	file.Cleanup()
	if text, err = file.Format(); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// settle accepts a changed go.mod, or goes back to the last where a loaded module would change.
func (w *Workspace) settle(ctx context.Context) error {
	before, err := w.loadedModules(ctx, "-modfile="+filepath.Join(w.Dir, "accepted.mod"))
	if err != nil && ctx.Err() == nil {
		before = nil // a folder that a module was replaced by is gone: there is no way back to that go.mod
	}
	after, err := w.loadedModules(ctx, w.modFlag...)
	if err != nil {
		w.undo()
		return fmt.Errorf("the changed go.mod is not used: %w", err)
	}
	var conflicts []Conflict
	for path, loaded := range before {
		if wanted := after[path]; wanted != loaded {
			if wanted == "" {
				wanted = "missing"
			}
			conflicts = append(conflicts, Conflict{path, loaded, wanted})
		}
	}
	if len(conflicts) > 0 {
		sort.Slice(conflicts, func(i, j int) bool { return conflicts[i].Path < conflicts[j].Path })
		return &ConflictError{conflicts}
	}
	return w.Accept(ctx)
}

// Accept takes up a change that Sync or Get found to be in conflict: the caller starts a new worker.
func (w *Workspace) Accept(ctx context.Context) error {
	if err := w.accept(); err != nil {
		return err
	}
	return w.reload(ctx)
}

// Refuse goes back to what was there before a change that Sync or Get found to be in conflict.
func (w *Workspace) Refuse() { w.undo() }

// loadedModules returns the versions of the modules that the worker has packages of.
func (w *Workspace) loadedModules(ctx context.Context, flags ...string) (map[string]string, error) {
	w.mu.Lock()
	packages := []string{Module + "/kernel/worker"}
	for p := range w.linked {
		packages = append(packages, p)
	}
	w.mu.Unlock()
	sort.Strings(packages)
	args := append([]string{"list"}, flags...)
	args = append(args, "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{with .Replace}} => {{.Path}} {{.Version}}{{end}}{{end}}{{end}}")
	out, err := w.run(ctx, append(args, packages...)...)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			versions[path] = version
		}
	}
	return versions, nil
}

// Get adds the module that provides a package, at the version its path names after an @, or the newest. Where a module that
// is loaded would come in another version it returns a *ConflictError, after which Accept or Refuse must be called. What the
// notebook's environment says of where modules come from holds here too.
func (w *Workspace) Get(ctx context.Context, query string, notebook []string) error {
	environ := w.environ()
	environ = environ[:len(environ):len(environ)]
	for _, entry := range notebook {
		if name, _, _ := strings.Cut(entry, "="); slices.Contains(fetching, name) {
			environ = append(environ, entry)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := reachable(ctx, environ); err != nil {
			cancel(err)
		}
	}()
	timer := time.AfterFunc(getTimeout, func() { cancel(fmt.Errorf("it took longer than %v", getTimeout)) })
	defer timer.Stop()
	args := w.command("get", query)
	if !strings.Contains(query, "@") { // as go get would, but a module that is required already stays at its version
		args = w.command("list", "-mod=mod", "-deps", query)
	}
	if _, err := w.runIn(ctx, environ, args...); err != nil {
		w.undo()
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
			err = cause
		}
		return fmt.Errorf("getting %s: %w", query, withoutProgress{err})
	}
	return w.settle(ctx)
}

// fetching are the environment variables that say where modules come from.
var fetching = []string{"GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH", "NETRC",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}

// withoutProgress is an error of the go command without the lines that tell what it was doing.
type withoutProgress struct{ error }

func (e withoutProgress) Unwrap() error { return e.error }
func (e withoutProgress) Error() string {
	var kept []string
	for line := range strings.Lines(e.error.Error()) {
		if !strings.HasPrefix(line, "go: finding ") && !strings.HasPrefix(line, "go: downloading ") {
			kept = append(kept, strings.TrimSpace(line))
		}
	}
	return strings.Join(kept, ": ")
}

const (
	getTimeout   = 5 * time.Minute // for a module to be fetched, with all that it needs
	probeTimeout = 5 * time.Second // for the module proxy to answer at all
)

// reachable asks the module proxy for an answer, whatever it is: the go command itself tries for minutes where the network
// swallows all.
func reachable(ctx context.Context, environ []string) error {
	cmd := exec.CommandContext(ctx, "go", "env", "GOPROXY")
	cmd.Env = environ
	out, err := cmd.Output()
	if err != nil {
		return nil // the go command will say
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), ",")
	first, _, _ = strings.Cut(first, "|")
	if !strings.HasPrefix(first, "http") {
		return nil // off, direct, or files
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, first, nil)
	if err != nil {
		return nil
	}
	client := http.Client{Timeout: probeTimeout}
	answer, err := client.Do(request)
	if err == nil {
		answer.Body.Close()
		return nil
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the module proxy %s cannot be reached (%w). Without a network, only modules that are in the module cache can be imported", first, err)
}

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

// Find returns packages called name in the modules that the workspace requires, if they are in the module cache: what a cell
// means by a name it does not import may be there.
func (w *Workspace) Find(ctx context.Context, name string) []string {
	w.finding.Lock()
	defer w.finding.Unlock()
	if w.found == nil {
		w.found = map[string][]string{}
		out, err := w.run(ctx, w.command("list", "-m", "-e", "-f", "{{.Path}} {{.Dir}}", "all")...)
		if err != nil {
			return nil
		}
		for line := range strings.Lines(string(out)) {
			if path, dir, ok := strings.Cut(strings.TrimSpace(line), " "); ok && dir != "" && path != Module {
				w.scan(path, dir)
			}
		}
	}
	return w.found[name]
}

// scan notes the packages of a module by the last part of their paths, major versions aside.
func (w *Workspace) scan(path, root string) {
	filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && name != root && (d.Name() == "internal" || d.Name() == "testdata" || d.Name() == "vendor" || strings.HasPrefix(d.Name(), ".") || isFile(filepath.Join(name, "go.mod"))) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		dir := filepath.Dir(name)
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			return nil
		}
		pkg := filepath.ToSlash(filepath.Join(path, rel))
		base, _, _ := module.SplitPathVersion(pkg)
		last := base[strings.LastIndexByte(base, '/')+1:]
		if list := w.found[last]; len(list) == 0 || list[len(list)-1] != pkg {
			w.found[last] = append(list, pkg)
		}
		return nil
	})
}

// ModuleOf tells whether a package path belongs to a module.
func ModuleOf(module, pkg string) bool {
	return pkg == module || strings.HasPrefix(pkg, module+"/")
}
