package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Kernels of the same module graph share a folder in the cache: the worker program, and a list of where the export
// data of packages lie, so that a new kernel need not ask go list.

// shared returns that folder for the workspace as it is now.
func (w *Workspace) shared(cache, source string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, w.Tools.Version, source, w.Tools.CC)
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err != nil {
			return "", fmt.Errorf("workspace: %w", err)
		}
		h.Write(text)
	}
	// While Saddle itself is being worked on its source changes in place.
	err := filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != source && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "notebooks") {
			return filepath.SkipDir
		}
		if !d.IsDir() && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".s")) && !strings.HasSuffix(path, "_test.go") {
			if info, err := d.Info(); err == nil {
				fmt.Fprintln(h, path, info.Size(), info.ModTime().UnixNano())
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading saddle's source: %w", err)
	}
	return filepath.Join(cache, hex.EncodeToString(h.Sum(nil)[:12])), nil
}

// known is the list of packages in a shared folder.
type known struct {
	Archives map[string]string   `json:"archives"`
	Names    map[string]string   `json:"names"`
	Imports  map[string][]string `json:"imports"`
}

// Worker returns the path of the resident process's program for this workspace, and makes the given packages known.
// Where no kernel has had it built yet it is built. It has to be built from the very packages that plugins are: the Go
// runtime compares them when it opens one.
func (w *Workspace) Worker(ctx context.Context, cache, source string, packages []string) (string, error) {
	dir, err := w.shared(cache, source)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "worker")
	if _, err := os.Stat(path); err != nil {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", fmt.Errorf("building the worker: %w", err)
		}
		tmp := filepath.Join(w.Dir, "worker")
		if _, err := w.run(ctx, w.command("build", "-tags=saddle_worker", "-ldflags=-s -w -checklinkname=0", "-o", tmp, Module+"/kernel/worker")...); err != nil {
			return "", fmt.Errorf("building the worker: %w", err)
		}
		half := path + fmt.Sprint(os.Getpid())
		if err := move(tmp, half); err != nil { // the cache may lie on another file system
			return "", fmt.Errorf("building the worker: %w", err)
		}
		if err := os.Rename(half, path); err != nil { // at once, for kernels that start beside this one
			return "", fmt.Errorf("building the worker: %w", err)
		}
	}
	now := time.Now()
	if err := os.Chtimes(dir, now, now); err != nil { // prune goes by it
		return "", fmt.Errorf("noting that the worker is in use: %w", err)
	}
	prune(cache, now)
	w.recall(dir)
	w.mu.Lock()
	w.base = packages
	w.mu.Unlock()
	if err := w.Load(ctx, packages...); err != nil {
		return "", err
	}
	return path, nil
}

// prune removes shared folders that no kernel has started from for a while: each change of a module's version, and of
// Saddle's source, brings a new one. The newest stay whatever their age.
func prune(cache string, now time.Time) {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return // there is nothing to remove
	}
	const keep, age = 5, 7 * 24 * time.Hour
	var used []time.Time
	times := map[string]time.Time{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() {
			times[e.Name()] = info.ModTime()
			used = append(used, info.ModTime())
		}
	}
	slices.SortFunc(used, func(a, b time.Time) int { return b.Compare(a) })
	for name, t := range times {
		if len(used) > keep && t.Before(used[keep-1]) && now.Sub(t) > age {
			_ = os.RemoveAll(filepath.Join(cache, name)) // what stays is found by the next kernel
		}
	}
}

// recall takes over what an earlier kernel has noted, if all of it is still there.
func (w *Workspace) recall(dir string) {
	if len(w.modFlag) > 0 {
		return // the notebook's own packages change under us
	}
	text, err := os.ReadFile(filepath.Join(dir, "packages.json"))
	if err != nil {
		return
	}
	var k known
	if json.Unmarshal(text, &k) != nil {
		return
	}
	for _, file := range k.Archives {
		if _, err := os.Stat(file); err != nil {
			return
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.archives, w.names, w.imports = k.Archives, k.Names, k.Imports
}

// Remember notes the packages known so far for later kernels.
func (w *Workspace) Remember(cache, source string) error {
	dir, err := w.shared(cache, source)
	if err != nil {
		return err
	}
	w.mu.Lock()
	k := known{map[string]string{}, map[string]string{}, map[string][]string{}}
	for p, a := range w.archives {
		if !strings.HasPrefix(a, w.Dir+string(filepath.Separator)) {
			k.Archives[p], k.Names[p], k.Imports[p] = a, w.names[p], w.imports[p]
		}
	}
	w.mu.Unlock()
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "packages-")
	if err != nil {
		return fmt.Errorf("noting packages: %w", err)
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(text); err != nil {
		return fmt.Errorf("noting packages: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("noting packages: %w", err)
	}
	return os.Rename(tmp.Name(), filepath.Join(dir, "packages.json"))
}

// Repair has packages built again whose archives are gone from the build cache. It tells whether there were any.
func (w *Workspace) Repair(ctx context.Context) bool {
	w.mu.Lock()
	var gone []string
	for p, a := range w.archives {
		if _, err := os.Stat(a); err != nil && !strings.HasPrefix(a, w.Dir+string(filepath.Separator)) {
			gone = append(gone, p)
			delete(w.archives, p)
		}
	}
	w.mu.Unlock()
	if len(gone) == 0 {
		return false
	}
	return w.Load(ctx, gone...) == nil
}

// SetFlags sets flags for building the packages that cells import (-tags) and for compiling and linking cells.
func (w *Workspace) SetFlags(ctx context.Context, f Flags) error {
	w.mu.Lock()
	changed := strings.Join(f.Packages, " ") != strings.Join(w.flags.Packages, " ")
	w.flags = f
	w.mu.Unlock()
	if !changed {
		return nil
	}
	return w.reload(ctx)
}

// Flags are the user's flags for building cells.
type Flags struct {
	Packages []string // for go list: -tags
	Compile  []string // for the compiler, when it compiles a cell
	Link     []string // for the linker
}

// ModuleDir is the folder of the go.mod in which the notebook's imports are resolved.
func (w *Workspace) ModuleDir() string { return w.modDir }

// Reset starts the workspace's module anew. Where a module that is loaded would come in another version it returns a
// *ConflictError, after which Accept or Refuse must be called.
func (w *Workspace) Reset(ctx context.Context) error {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(w.Dir, name+".first"))
		if err != nil {
			return fmt.Errorf("the first %s is not there: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(w.Dir, name), text, 0o644); err != nil {
			return err
		}
	}
	w.used = nil
	if err := w.derive(); err != nil {
		return err
	}
	return w.settle(ctx)
}

// Unlink forgets which packages cells imported: the worker that had them loaded is gone.
func (w *Workspace) Unlink() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.linked)
}

// ModuleFlags are the flags that go commands in ModuleDir need to see the workspace's module.
func (w *Workspace) ModuleFlags() []string { return w.modFlag }
