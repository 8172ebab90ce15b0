// Package build turns the Go package of a cell into a plugin that the worker can open, and answers what the packages
// a cell imports declare. It owns the workspace: the module in which imports are resolved, and the files made there.
// It knows nothing of notebooks: what it is given are package paths and finished source text.
//
// go build would do the same in twice the time: it looks at every file of every package again. Here `go list -export`
// is asked once for each import; after that a cell costs one call of the compiler and one of the linker.
package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
)

// Module is the path of Saddle's own module.
const Module = "github.com/gosaddle/saddle"

// Toolchain is the Go installation that compiles cells.
type Toolchain struct {
	Go      string // the go command
	Version string // such as go1.26.8
	Root    string // where the standard library lies
	ToolDir string // where compile and link lie
	CC      string // the C compiler that links plugins
	linker  string // a -fuse-ld value, "" for the default
	ld      string // that linker's program, "" where it is the C compiler's business
}

// FindToolchain looks for the go command, its tools and a C compiler.
func FindToolchain(ctx context.Context) (*Toolchain, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("saddle needs the go command (Go 1.26 or newer) on the PATH: install it from your system's packages or the Go site, then start the kernel again")
	}
	out, err := exec.CommandContext(ctx, path, "env", "-json", "GOVERSION", "GOROOT", "GOTOOLDIR", "CC", "CGO_ENABLED").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", withStderr(err))
	}
	var env struct{ GOVERSION, GOROOT, GOTOOLDIR, CC, CGO_ENABLED string }
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	cc := strings.Fields(env.CC)
	if len(cc) == 0 {
		cc = []string{"gcc"}
	}
	if _, err := exec.LookPath(cc[0]); err != nil {
		return nil, fmt.Errorf("saddle needs a C compiler to link cells, and %q is not on the PATH: install gcc or clang (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install)", cc[0])
	}
	t := &Toolchain{Go: path, Version: env.GOVERSION, Root: env.GOROOT, ToolDir: env.GOTOOLDIR, CC: cc[0]}
	t.linker, t.ld = findLinker()
	return t, nil
}

// Workspace is the module that cells are compiled in. It is safe for concurrent use.
type Workspace struct {
	Tools *Toolchain
	Dir   string // the session's own folder: go.mod, go.sum, sources and plugins of cells

	outer    func() string     // the script that links, "" where the C compiler has to
	source   string            // Saddle's own module
	modDir   string            // where go commands run: Dir, or the folder of the notebook's own go.mod
	modFlag  []string          // -modfile for a go.mod that is not in modDir
	accepted string            // stamp of the files that decide on modules, as they were last taken up
	used     map[string]string // folders of modules by path, where a go.work replaces them

	mu       sync.Mutex
	env      []string
	flags    Flags
	archives map[string]string // export data and object code by package path, libraries and cells alike
	forgot   int               // how often Forget was called
	names    map[string]string // package names by path
	imports  map[string][]string
	base     []string        // packages that every cell's plugin needs
	linked   map[string]bool // library packages that cells' plugins import

	finding sync.Mutex
	found   map[string][]string // packages of required modules by name; nil: not looked for yet
}

// cells is the folder of the packages that are made of cells, apart from the notebook as a program that !* lines see.
const cells = "cells"

// Open prepares a workspace in dir, an existing empty folder, for Saddle's module at source. Where notebookDir or a parent
// holds a go.mod, its packages and versions count too.
func Open(tools *Toolchain, dir, source, notebookDir string) (*Workspace, error) {
	w := &Workspace{
		Tools: tools, Dir: dir, source: source, modDir: dir, linked: map[string]bool{},
		archives: map[string]string{}, names: map[string]string{}, imports: map[string][]string{},
		// What tools leave when they are killed goes with the session.
		env: append(os.Environ(), "TMPDIR="+filepath.Join(dir, "tmp"), "CGO_ENABLED=1", "GOWORK=off", "GOFLAGS="+goflags()),
	}
	for _, folder := range []string{"tmp", cells} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, fmt.Errorf("workspace: %w", err)
		}
	}
	w.outer = sync.OnceValue(func() string {
		script, err := tools.script(context.Background(), dir)
		if err != nil {
			return "" // slower, not wrong
		}
		return script
	})
	mod, sum, err := moduleFiles(source)
	if err != nil {
		return nil, err
	}
	if own := findModule(notebookDir); own != "" && !isSaddle(own) {
		if mod, sum, err = w.joinModule(own, source, mod, sum); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string][]byte{"go.mod": mod, "go.sum": sum, "go.mod.first": mod, "go.sum.first": sum} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return nil, fmt.Errorf("workspace: %w", err)
		}
	}
	if w.goWork() != "" {
		if err := w.derive(); err != nil {
			return nil, err
		}
	}
	return w, w.accept()
}

// goflags keeps the user's GOFLAGS but for -mod, which the workspace sets itself.
func goflags() string {
	keep := []string{"-mod=mod"}
	for f := range strings.FieldsSeq(os.Getenv("GOFLAGS")) {
		if !strings.HasPrefix(f, "-mod") && f != "-trimpath" {
			keep = append(keep, f)
		}
	}
	return strings.Join(keep, " ")
}

// moduleFiles derives the workspace's go.mod and go.sum from those of Saddle's source: the same versions, and Saddle
// itself from where it was installed.
func moduleFiles(source string) (mod, sum []byte, err error) {
	text, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return nil, nil, fmt.Errorf("saddle's own source is missing (run ./install.sh again): %w", err)
	}
	sum, err = os.ReadFile(filepath.Join(source, "go.sum"))
	if err != nil {
		return nil, nil, fmt.Errorf("saddle's own source is incomplete (run ./install.sh again): %w", err)
	}
	file, err := modfile.Parse(filepath.Join(source, "go.mod"), text, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("saddle's own source is damaged (run ./install.sh again): %w", err)
	}
	// Tools are for those who develop Saddle, not for cells.
	for _, tool := range slices.Clone(file.Tool) {
		if err := file.DropTool(tool.Path); err != nil {
			return nil, nil, fmt.Errorf("workspace: %w", err)
		}
	}
	file.DropToolchainStmt()
	for _, err := range []error{
		file.AddModuleStmt("notebook"),
		file.AddRequire(Module, "v0.0.0"),
		file.AddReplace(Module, "", source, ""),
	} {
		if err != nil {
			return nil, nil, fmt.Errorf("workspace: %w", err)
		}
	}
	file.Cleanup()
	mod, err = file.Format()
	if err != nil {
		return nil, nil, fmt.Errorf("workspace: %w", err)
	}
	return mod, sum, nil
}

// run calls the go command in the workspace and returns its standard output.
func (w *Workspace) run(ctx context.Context, args ...string) ([]byte, error) {
	return w.runIn(ctx, w.environ(), args...)
}

// runIn is run with another environment.
func (w *Workspace) runIn(ctx context.Context, environ []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, w.Tools.Go, args...)
	cmd.Dir, cmd.Env = w.modDir, environ
	out, err := cmd.Output()
	if err != nil && ctx.Err() != nil { // how it ended is no news then
		return nil, fmt.Errorf("go %s: %w", args[0], ctx.Err())
	}
	return out, withStderr(err)
}

func (w *Workspace) environ() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.env
}

// command puts the workspace's flags behind a go verb.
func (w *Workspace) command(verb string, args ...string) []string {
	all := append([]string{verb}, w.modFlag...)
	w.mu.Lock()
	if verb == "list" || verb == "build" {
		all = append(all, w.flags.Packages...)
	}
	w.mu.Unlock()
	return append(all, args...)
}

// MissingError says that packages could not be resolved.
type MissingError struct {
	Path string // the first of them
	Msg  string
}

func (e *MissingError) Error() string { return e.Msg }

// Load makes packages importable: it has them built for plugins where they are not yet, and notes where their export
// data lie. Packages already known cost nothing.
func (w *Workspace) Load(ctx context.Context, paths ...string) error {
	var missing []string
	w.mu.Lock()
	for _, p := range paths {
		if _, ok := w.archives[p]; !ok && p != "unsafe" && p != "C" {
			missing = append(missing, p)
		}
	}
	w.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	// A module that is not required is not fetched here: what that would change is first compared with what is loaded.
	err := w.list(ctx, "-mod=readonly", missing)
	if err != nil && ctx.Err() == nil && needsTidying(err) {
		err = w.list(ctx, "-mod=mod", missing)
	}
	return err
}

// needsTidying tells errors about a go.mod that lacks what follows from it, such as one written by hand.
func needsTidying(err error) bool {
	text := err.Error()
	return strings.Contains(text, "updates to go.mod needed") || strings.Contains(text, "missing go.sum entry")
}

// list has packages built and notes where their export data lie.
func (w *Workspace) list(ctx context.Context, mode string, paths []string) error {
	w.mu.Lock()
	forgot := w.forgot
	w.mu.Unlock()
	out, err := w.run(ctx, w.command("list", append([]string{mode, "-export", "-deps", "-e", "-buildmode=plugin",
		"-json=ImportPath,Name,Export,Error,Imports,DepsErrors,Incomplete"}, paths...)...)...)
	if err != nil && len(out) == 0 {
		return fmt.Errorf("resolving %s: %w", strings.Join(paths, ", "), err)
	}
	type pkg struct {
		ImportPath, Name, Export string
		Imports                  []string
		Error                    *struct{ Err string }
		DepsErrors               []*struct{ Err string }
	}
	var found []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		if p.Error != nil {
			return &MissingError{p.ImportPath, strings.TrimSpace(p.Error.Err)}
		}
		found = append(found, p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forgot != forgot { // what was found is of the modules before
		return fmt.Errorf("resolving %s: the modules changed meanwhile", strings.Join(paths, ", "))
	}
	for _, p := range found {
		if p.Export == "" && p.ImportPath != "unsafe" {
			msg := "the package does not build"
			if len(p.DepsErrors) > 0 {
				msg = p.DepsErrors[0].Err
			} else if err != nil {
				msg = err.Error()
			}
			return &MissingError{p.ImportPath, msg}
		}
		w.names[p.ImportPath] = p.Name
		w.imports[p.ImportPath] = p.Imports
		if _, ok := w.archives[p.ImportPath]; !ok && p.Export != "" {
			w.archives[p.ImportPath] = p.Export
		}
	}
	return nil
}

// reload asks again where the packages lie that cells' plugins import: after the module graph changed, or flags did.
func (w *Workspace) reload(ctx context.Context) error {
	w.mu.Lock()
	var linked []string
	w.forgot++
	for p, a := range w.archives {
		if !w.ofCell(a) {
			delete(w.archives, p)
		}
	}
	linked = append(linked, w.base...)
	for p := range w.linked {
		linked = append(linked, p)
	}
	w.mu.Unlock()
	w.finding.Lock()
	w.found = nil
	w.finding.Unlock()
	sort.Strings(linked)
	return w.Load(ctx, linked...)
}

// ofCell tells whether an archive is that of a cell, and not of a library.
func (w *Workspace) ofCell(archive string) bool {
	return strings.HasPrefix(archive, w.Dir+string(filepath.Separator))
}

// Known tells whether Load has seen a package, and a number that changes when what is known is forgotten.
func (w *Workspace) Known(path string) (bool, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.archives[path]
	return ok, w.forgot
}

// Importer returns a go/types importer over what Load has made known. One importer keeps its packages: types from it
// are identical to each other.
func (w *Workspace) Importer(fset *token.FileSet) types.Importer {
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		w.mu.Lock()
		file, ok := w.archives[path]
		w.mu.Unlock()
		if !ok {
			return nil, fmt.Errorf("package %s is not loaded", path)
		}
		return os.Open(file)
	})
}

// PackageName returns the name of a package that Load has seen.
func (w *Workspace) PackageName(path string) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, ok := w.names[path]
	return name, ok
}

// Unit is the Go package of a cell, ready to compile.
type Unit struct {
	Path    string   // import path, unique in the session
	Source  string   // the one file of the package
	Imports []string // paths of the packages it imports, all of them known to Load or compiled before
	Idle    bool     // nobody waits for it: the machine does other things first
}

// CompileError is what the compiler or the linker printed. Cells are type-checked before they come here, so it is a
// mistake of Saddle's, or something only the compiler knows (a stack frame too large, say).
type CompileError struct{ Output string }

func (e *CompileError) Error() string { return strings.TrimSpace(e.Output) }

// Compile builds a unit and returns the path of its plugin.
func (w *Workspace) Compile(ctx context.Context, u Unit) (string, error) {
	base := filepath.Join(w.Dir, cells, filepath.Base(u.Path))
	if err := os.WriteFile(base+".go", []byte(u.Source), 0o644); err != nil {
		return "", fmt.Errorf("writing the cell's package: %w", err)
	}
	archive := base + ".a"
	w.mu.Lock()
	w.archives[u.Path] = archive
	w.imports[u.Path] = u.Imports
	w.mu.Unlock()
	plugin, err := w.compile(ctx, u, base)
	if err == nil {
		if !u.Idle {
			w.Opened(u.Imports...)
		}
	} else {
		w.mu.Lock()
		delete(w.archives, u.Path)
		delete(w.imports, u.Path)
		w.mu.Unlock()
	}
	for _, name := range []string{base + ".go", base + ".cfg"} {
		if os.Getenv("SADDLE_KEEP") == "" {
			os.Remove(name) // only the archive and the plugin are needed again
		}
	}
	return plugin, err
}

// Opened notes packages that the worker has loaded with a plugin, or is about to.
func (w *Workspace) Opened(paths ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range paths {
		if !w.ofCell(w.archives[p]) {
			w.linked[p] = true
		}
	}
}

func (w *Workspace) compile(ctx context.Context, u Unit, base string) (string, error) {
	cfg := base + ".cfg"
	if err := os.WriteFile(cfg, w.importcfg(u.Path), 0o644); err != nil {
		return "", fmt.Errorf("writing the import table: %w", err)
	}
	w.mu.Lock()
	flags := w.flags
	w.mu.Unlock()
	if err := w.tool(ctx, u.Idle, "compile", append(slices.Clone(flags.Compile), "-o", base+".a", "-p", u.Path, "-trimpath", filepath.Join(w.Dir, cells)+"=>", "-lang=go1.26", "-complete",
		"-installsuffix", "dynlink", "-goversion", w.Tools.Version, "-c=2", "-dynlink", "-nolocalimports",
		"-importcfg", cfg, "-pack", base+".go")...); err != nil {
		return "", err
	}
	// The cell's package is the plugin's root itself: go build would have a package main around it, one compilation more.
	link := []string{"-o", base + ".so", "-importcfg", cfg, "-installsuffix", "dynlink", "-pluginpath", u.Path,
		"-buildmode=plugin", "-s", "-w"}
	link = append(link, flags.Link...)
	if w.Tools.linker != "" {
		link = append(link, "-extldflags=-fuse-ld="+w.Tools.linker)
	}
	script := w.outer()
	if script != "" {
		err := w.tool(ctx, u.Idle, "link", append(link, "-extld="+script, base+".a")...)
		if err == nil || ctx.Err() != nil {
			return base + ".so", err
		}
	}
	if err := w.tool(ctx, u.Idle, "link", append(link, "-extld="+w.Tools.CC, base+".a")...); err != nil {
		return "", err
	}
	return base + ".so", nil
}

// importcfg lists the archives of a package and of all that it imports, directly or not.
func (w *Workspace) importcfg(path string) []byte {
	var b bytes.Buffer
	for _, p := range w.reach(path) {
		w.mu.Lock()
		fmt.Fprintf(&b, "packagefile %s=%s\n", p, w.archives[p])
		w.mu.Unlock()
	}
	return b.Bytes()
}

// reach returns a package and all that it imports, directly or not, sorted.
func (w *Workspace) reach(path string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[string]bool{}
	var visit func(p string)
	visit = func(p string) {
		if seen[p] || w.archives[p] == "" {
			return
		}
		seen[p] = true
		for _, q := range w.imports[p] {
			visit(q)
			visit("vendor/" + q)
		}
	}
	// The runtime is in every Go program; the worker has cgo's part of it as well.
	for _, p := range append([]string{path}, Runtime...) {
		visit(p)
	}
	paths := make([]string, 0, len(seen))
	for p := range seen {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	return paths
}

// Runtime are the packages that the linker wants whether or not a cell imports them.
var Runtime = []string{"runtime", "runtime/cgo"}

// tool calls one of the toolchain's own programs.
func (w *Workspace) tool(ctx context.Context, idle bool, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(w.Tools.ToolDir, name), args...)
	if idle {
		cmd = exec.CommandContext(ctx, "nice", append([]string{"-n", "19", cmd.Path}, args...)...)
	}
	cmd.Dir, cmd.Env = w.Dir, w.environ()
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return fmt.Errorf("%s: %w", name, err)
	}
	return &CompileError{string(out)}
}

// withStderr puts what a command printed on stderr into its error.
func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%s", bytes.TrimSpace(exit.Stderr))
	}
	return err
}
