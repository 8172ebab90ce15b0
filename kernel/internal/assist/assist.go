// Package assist helps while a cell is written: it completes and explains names, and says whether a cell
// can be run as it stands.
//
// What it knows of Go comes from gopls, which it shows the notebook as one package: the declarations of
// earlier cells, their variables, and the cell being written. Nothing of that is on disk, and nothing of
// it needs the engine, so it works while a cell is running. Without gopls, names and keywords still
// complete. The package must not know of Jupyter's messages, nor of how cells are compiled.
package assist

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Snapshot is the notebook as it stands between two cells.
type Snapshot struct {
	Imports []Import // all that Decls and the types of Vars mention
	Decls   string   // source of the live functions, methods, types and constants: declarations without a package clause
	Vars    []Var
}

// Import is one import of the notebook.
type Import struct{ Name, Path string }

// Var is a live variable. Its type is written as a cell would write it.
type Var struct{ Name, Type string }

// Config is what an Assistant needs to know.
type Config struct {
	Gopls      string   // the command; "" or missing: only names and keywords complete
	Dir        string   // the folder in which go commands see the notebook's module
	Env        []string // of gopls; nil: that of this process
	BuildFlags []string // for go commands, such as -modfile=F

	// Preload are packages to load before they are first mentioned. The first mention of any other costs
	// a second or so.
	Preload []Import

	// Notebook returns what is declared so far. It is called for each request, also while a cell runs.
	Notebook func() Snapshot

	// Value shows a live variable's value, for inspection; false: it has none, or cannot be had now.
	Value func(ctx context.Context, name string) (string, bool)

	// Package returns the import path that a package name stands for where no import says so; "" if none.
	Package func(name string) string

	// Tracked returns files and folders outside of the notebook's module whose changes gopls must notice.
	Tracked func() []string

	// WorkDir returns the folder that paths in ! lines are relative to.
	WorkDir func() string

	// Environ returns the environment of cells and ! lines.
	Environ func() []string

	Patience time.Duration // how long a question waits for gopls before names alone answer it; 0: 2 s
	Log      *slog.Logger  // nil: the default logger
}

// Assistant answers questions about one notebook. It is safe for concurrent use.
type Assistant struct {
	config Config
	folder string // of the package shown to gopls; it does not exist on disk

	mu       sync.Mutex
	server   *gopls
	deaths   int // of gopls, each soon after its start
	closed   bool
	imports  []Import // all that cells ever mentioned; gopls keeps what it has loaded
	declared declared // parsed form of the last Snapshot's Decls
	modules  []module
}

// New returns an Assistant and starts gopls in the background.
func New(c Config) *Assistant {
	if c.Notebook == nil {
		c.Notebook = func() Snapshot { return Snapshot{} }
	}
	if c.Value == nil {
		c.Value = func(context.Context, string) (string, bool) { return "", false }
	}
	if c.Package == nil {
		c.Package = func(string) string { return "" }
	}
	if c.Tracked == nil {
		c.Tracked = func() []string { return nil }
	}
	if c.Environ == nil {
		c.Environ = os.Environ
	}
	if c.WorkDir == nil {
		c.WorkDir = func() string { return "." }
	}
	if c.Env == nil {
		c.Env = os.Environ()
	}
	// Completion must not wait for a network, nor change go.mod.
	c.Env = append(slices.Clip(c.Env), "GOPROXY=off", "GOFLAGS="+readonly(c.Env))
	if c.Patience == 0 {
		c.Patience = patience
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	a := &Assistant{config: c, folder: filepath.Join(c.Dir, fmt.Sprintf("saddlecells%d", os.Getpid()))}
	for _, imp := range c.Preload {
		a.imports = append(a.imports, Import{importName(imp), imp.Path})
	}
	go a.warm()
	return a
}

// readonly is the environment's GOFLAGS without -mod.
func readonly(env []string) string {
	flags := ""
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, "GOFLAGS="); ok {
			flags = value
		}
	}
	fields := slices.DeleteFunc(strings.Fields(flags), func(f string) bool { return strings.HasPrefix(f, "-mod=") })
	return strings.Join(fields, " ")
}

// warm has gopls load the notebook's packages before the first question.
func (a *Assistant) warm() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	const code = "fmt."
	a.complete(ctx, code, len(code))
	a.loadModules(ctx)
}

// Close ends gopls.
func (a *Assistant) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if a.server != nil {
		a.server.close()
	}
	return nil
}

const (
	// retryAfter is how long a gopls that keeps ending is left alone.
	retryAfter = 30 * time.Second
	// patience is the default of Config.Patience. A user waits no longer, and has typed on by then.
	patience = 2 * time.Second
)

// running returns the gopls process, starting one where there is none; nil if there can be none.
func (a *Assistant) running() *gopls {
	if a.closed || a.config.Gopls == "" {
		return nil
	}
	if a.server != nil {
		if a.server.alive() {
			return a.server
		}
		if time.Since(a.server.started) > retryAfter {
			a.deaths = 0
		}
		if a.deaths >= 3 {
			return nil
		}
		a.deaths++
		a.config.Log.Warn("gopls has ended and is started again", "err", a.server.conn.err)
	}
	server, err := startGopls(a.config.Gopls, a.config.Dir, a.config.Env, a.config.BuildFlags)
	if err != nil {
		a.config.Log.Warn("names complete without types: run saddle doctor", "err", err)
		a.config.Gopls = "" // a missing program does not come back while the kernel runs
		return nil
	}
	a.server = server
	return server
}

// ask puts the cell in place and asks gopls about the position in it. The view it returns maps answers back.
func (a *Assistant) ask(ctx context.Context, code string, offset int, method string, extra map[string]any, result any) (*view, error) {
	snapshot := a.config.Notebook()
	watched := append([]string{filepath.Join(a.config.Dir, "go.mod"), filepath.Join(a.config.Dir, "go.sum")}, a.config.Tracked()...)
	a.mu.Lock()
	server := a.running()
	if server == nil {
		a.mu.Unlock()
		return nil, errNoGopls
	}
	if a.declared.text != snapshot.Decls {
		a.declared = parseDeclared(snapshot.Decls)
	}
	v := newView(code, offset)
	a.learnImports(v, snapshot)
	files := map[string]string{
		filepath.Join(a.folder, "cell.go"):     v.cellFile(a.imports, a.declared, snapshot.Vars),
		filepath.Join(a.folder, "notebook.go"): v.notebookFile(a.declared, snapshot),
	}
	for _, flag := range a.config.BuildFlags {
		if file, ok := strings.CutPrefix(flag, "-modfile="); ok {
			watched = append(watched, file)
		}
	}
	a.mu.Unlock()

	line, character := lspPosition(v.text, v.toDocument(offset))
	params := map[string]any{
		"textDocument": map[string]any{"uri": fileURI(filepath.Join(a.folder, "cell.go"))},
		"position":     map[string]any{"line": line, "character": character},
	}
	for key, value := range extra {
		params[key] = value
	}
	return v, server.ask(ctx, files, watched, method, params, result)
}

// byteOffset turns a cursor in code points into one in bytes, within the text.
func byteOffset(text string, points int) int {
	for i := range text {
		if points <= 0 {
			return i
		}
		points--
	}
	return len(text)
}

// codePoints turns an offset in bytes into one in code points.
func codePoints(text string, offset int) int {
	return utf8.RuneCountInString(text[:min(offset, len(text))])
}

// lspPosition turns an offset in bytes into LSP's line and UTF-16 code unit.
func lspPosition(text string, offset int) (line, character int) {
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	for _, r := range text[start:offset] {
		character += utf16Len(r)
	}
	return strings.Count(text[:start], "\n"), character
}

// lspOffset is the inverse of lspPosition; a position behind the end of its line or text is moved there.
func lspOffset(text string, line, character int) int {
	offset := 0
	for range line {
		i := strings.IndexByte(text[offset:], '\n')
		if i < 0 {
			return len(text)
		}
		offset += i + 1
	}
	for i, r := range text[offset:] {
		if character <= 0 || r == '\n' {
			return offset + i
		}
		character -= utf16Len(r)
	}
	return len(text)
}

func utf16Len(r rune) int {
	if r >= 1<<16 {
		return 2
	}
	return 1
}
