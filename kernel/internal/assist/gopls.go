package assist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// gopls is one running gopls process. It ends when its standard input does, so it cannot outlive the kernel.
type gopls struct {
	*conn
	cmd     *exec.Cmd
	started time.Time
	gone    chan struct{} // closed when the process has been reaped
	ready   chan struct{} // closed when it has been initialized
	stdin   interface{ Close() error }

	mu    sync.Mutex
	docs  map[string]*openDoc // by file name
	files map[string]fs.FileInfo
}

type openDoc struct {
	text    string
	version int
}

// startGopls starts a process for the module in dir. It is usable at once; requests wait until it is ready.
func startGopls(path, dir string, env, buildFlags []string) (*gopls, error) {
	cmd := exec.Command(path, "serve")
	cmd.Dir = dir
	cmd.Env = append(env, "PWD="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not meant for it
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start gopls: %w", err)
	}
	settings := map[string]any{
		"buildFlags": buildFlags,
		// Deep candidates (x.y.z for x) crowd a Jupyter menu; a menu with one entry is inserted at once, so
		// entries must begin with what was typed.
		"deepCompletion":          false,
		"matcher":                 "CaseInsensitive",
		"completeUnimported":      true,
		"completionDocumentation": false,
		// The search for packages that are not imported takes all it is given.
		"completionBudget": "50ms",
		"hoverKind":        "FullDocumentation",
		"linksInHover":     false,
		// Nobody reads its diagnostics: the engine has its own.
		"diagnosticsTrigger": "Save",
		"staticcheck":        false,
		"vulncheck":          "Off",
		"verboseOutput":      false,
	}
	g := &gopls{cmd: cmd, started: time.Now(), ready: make(chan struct{}), gone: make(chan struct{}), stdin: stdin, docs: map[string]*openDoc{}, files: map[string]fs.FileInfo{}}
	g.conn = newConn(stdout, stdin, func(method string, params json.RawMessage) any {
		if method != "workspace/configuration" {
			return nil
		}
		var p struct{ Items []any }
		json.Unmarshal(params, &p) // no items: no answers
		answers := make([]any, len(p.Items))
		for i := range answers {
			answers[i] = settings
		}
		return answers
	})
	go func() {
		<-g.conn.done
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the go commands that it runs, too
		cmd.Wait()
		close(g.gone)
	}()
	go func() {
		wait := g.conn.start("initialize", map[string]any{
			"processId":             os.Getpid(),
			"rootUri":               fileURI(dir),
			"workspaceFolders":      []any{map[string]any{"uri": fileURI(dir), "name": "notebook"}},
			"initializationOptions": settings,
			"capabilities": map[string]any{
				"workspace": map[string]any{"configuration": true},
				"textDocument": map[string]any{
					"hover":      map[string]any{"contentFormat": []string{"markdown"}},
					"completion": map[string]any{"completionItem": map[string]any{"snippetSupport": false, "documentationFormat": []string{"plaintext"}}},
				},
			},
		})
		var result json.RawMessage
		if err := wait(context.Background(), &result); err != nil {
			g.conn.fail(err)
			return
		}
		g.conn.notify("initialized", struct{}{})
		close(g.ready)
	}()
	return g, nil
}

// alive reports whether the process can still be asked.
func (g *gopls) alive() bool {
	select {
	case <-g.conn.done:
		return false
	default:
		return true
	}
}

// close ends the process, and returns when it is gone.
func (g *gopls) close() {
	g.conn.fail(errors.New("completion is closed"))
	g.stdin.Close()
	<-g.gone
}

// ask brings gopls's view of the files up to date and sends one request.
func (g *gopls) ask(ctx context.Context, files map[string]string, watched []string, method string, params, result any) error {
	select {
	case <-g.ready:
	case <-g.conn.done:
		return g.conn.err
	case <-ctx.Done():
		return ctx.Err()
	}
	g.mu.Lock()
	for name, text := range files {
		g.sync(name, text)
	}
	g.notice(watched)
	wait := g.conn.start(method, params)
	g.mu.Unlock()
	return wait(ctx, result)
}

// sync opens a document, or replaces its text. Errors come back from the request that follows.
func (g *gopls) sync(name, text string) {
	doc := g.docs[name]
	if doc == nil {
		g.docs[name] = &openDoc{text, 1}
		g.conn.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": fileURI(name), "languageId": "go", "version": 1, "text": text}})
		return
	}
	if doc.text == text {
		return
	}
	doc.text = text
	doc.version++
	g.conn.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": fileURI(name), "version": doc.version},
		"contentChanges": []any{map[string]any{"text": text}},
	})
}

// maxWatched bounds the files looked at for one request.
const maxWatched = 2000

// notice tells gopls of watched files that have changed since the last request. Looking at each is cheap
// next to a request, and needs no watcher.
func (g *gopls) notice(paths []string) {
	const created, changed, deleted = 1, 2, 3
	var events []any
	event := func(name string, kind int) {
		events = append(events, map[string]any{"uri": fileURI(name), "type": kind})
	}
	first := len(g.files) == 0 // gopls reads what is there by itself
	seen := map[string]bool{}
	for _, path := range paths {
		filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || len(seen) >= maxWatched {
				return filepath.SkipAll
			}
			if d.IsDir() {
				if base := d.Name(); name != path && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules") {
					return filepath.SkipDir
				}
				return nil
			}
			if ext := filepath.Ext(name); ext != ".go" && ext != ".mod" && ext != ".sum" && ext != ".work" {
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			seen[name] = true
			old := g.files[name]
			switch {
			case old == nil && !first:
				event(name, created)
			case old != nil && (!old.ModTime().Equal(info.ModTime()) || old.Size() != info.Size()):
				event(name, changed)
			}
			g.files[name] = info
			return nil
		})
	}
	for name := range g.files {
		if !seen[name] {
			delete(g.files, name)
			event(name, deleted)
		}
	}
	if len(events) > 0 {
		g.conn.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": events})
	}
}

func fileURI(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}
