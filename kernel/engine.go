package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"unicode/utf8"

	"github.com/gosaddle/saddle/kernel/internal/assist"
	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/server"
	"github.com/gosaddle/saddle/kernel/internal/session"
	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// newEngine returns what runs cells, and what completes them. kernel is the id that a Jupyter server gave this kernel, or "".
func newEngine(log *slog.Logger, kernel string) (server.Engine, server.Assist, error) {
	cfg, err := sessionConfig()
	if err != nil {
		return nil, nil, err
	}
	cfg.Log, cfg.Kernel = log, kernel
	if cfg.Notebook, err = os.Getwd(); err != nil { // Jupyter starts a kernel in its notebook's folder
		return nil, nil, fmt.Errorf("finding the notebook's folder: %w", err)
	}
	s, err := session.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	gopls, err := paths.Gopls(cfg.Source)
	if err != nil {
		log.Warn("completion knows names and keywords only", "err", err)
		gopls = ""
	}
	a := &assistance{ready: s.Ready()}
	a.start = sync.OnceValue(func() *assist.Assistant {
		dir, flags := s.Workspace()
		return assist.New(assist.Config{Gopls: gopls, Dir: dir, BuildFlags: flags, Notebook: s.Snapshot, Value: s.Value,
			Env: append(os.Environ(), "TMPDIR="+s.TempDir()), Package: s.Package, WorkDir: s.Dir, Environ: s.Environ, Tracked: s.Tracked, Log: log, Preload: preload()})
	})
	s.Inspector = func(ctx context.Context, expr string) (map[string]any, bool) {
		if as := a.wait(ctx); as != nil {
			return as.Explain(ctx, expr, utf8.RuneCountInString(expr))
		}
		return nil, false
	}
	go func() {
		<-s.Ready()
		a.start()
	}()
	return engine{s, a}, a, nil
}

// preload are the packages that completion loads while the user still reads the first cell.
func preload() []assist.Import {
	imports := []assist.Import{{Path: "fmt"}, {Path: "math"}, {Path: "gonum.org/v1/gonum/mat"}, {Path: build.Module + "/lossviz"}}
	for _, room := range []string{"dataset", "nn", "train", "landscape", "convexity", "spectrum", "chart"} {
		imports = append(imports, assist.Import{Path: build.Module + "/lossviz/" + room})
	}
	return imports
}

// engine is a session that takes its completion along when it ends.
type engine struct {
	*session.Session
	assistance *assistance
}

func (e engine) Close() error {
	select {
	case <-e.Ready():
		return errors.Join(e.assistance.start().Close(), e.Session.Close())
	default:
		return e.Session.Close()
	}
}

// assistance completes once the session's workspace is there.
type assistance struct {
	ready <-chan struct{}
	start func() *assist.Assistant
}

// wait returns nil where the workspace does not come up in time.
func (a *assistance) wait(ctx context.Context) *assist.Assistant {
	select {
	case <-a.ready:
		return a.start()
	case <-ctx.Done():
		return nil
	}
}

func (a *assistance) Complete(ctx context.Context, code string, cursor int) ([]string, int, int, map[string]any) {
	if as := a.wait(ctx); as != nil {
		return as.Complete(ctx, code, cursor)
	}
	return nil, cursor, cursor, nil
}

func (a *assistance) Inspect(ctx context.Context, code string, cursor, detail int) (map[string]any, bool) {
	if as := a.wait(ctx); as != nil {
		return as.Inspect(ctx, code, cursor, detail)
	}
	return nil, false
}

func (a *assistance) IsComplete(code string) (string, string) { return assist.IsComplete(code) }

// sessionConfig says where sessions find Saddle's source and keep what they make.
func sessionConfig() (session.Config, error) {
	source, err := paths.Source()
	if err != nil {
		return session.Config{}, err
	}
	cache, err := paths.Cache()
	if err != nil {
		return session.Config{}, err
	}
	memory, err := worker.MemoryLimit(os.Getenv(worker.MemoryVariable))
	if err != nil {
		return session.Config{}, err
	}
	return session.Config{Source: source, Cache: cache, Memory: memory}, nil
}
