package session

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gosaddle/saddle/kernel/internal/build"
)

// syncModules takes up what was changed in go.mod and go.work files; s.mu is held.
func (s *Session) syncModules(ctx context.Context) error {
	changed, err := s.ws.Sync(ctx)
	return s.changedModules(ctx, changed, err)
}

// changedModules deals with a module graph that has changed, or, where err is a conflict, that would change under what is
// loaded. As long as there are no values, a new worker takes the changed modules; else the conflict is the user's to solve.
func (s *Session) changedModules(ctx context.Context, changed bool, err error) error {
	var conflict *build.ConflictError
	switch {
	case errors.As(err, &conflict):
		if s.hasValues() {
			s.ws.Refuse()
			return err
		}
		if err := s.ws.Accept(ctx); err != nil {
			return err
		}
		s.proc.out.Stream("stderr", "building the worker for the changed modules\n")
		return s.renewWorker(ctx)
	case err != nil:
		return err
	case changed:
		s.imp = s.ws.Importer(s.fset)
	}
	return nil
}

// hasValues tells whether a new worker would cost the user something.
func (s *Session) hasValues() bool {
	for _, d := range s.live.decls {
		if d.kind == variable && d.stale == "" {
			return true
		}
	}
	return false
}

// renewWorker ends the worker and starts one for the modules as they are now. Declarations are compiled anew.
func (s *Session) renewWorker(ctx context.Context) error {
	err := s.proc.replace(func() (string, error) {
		s.ws.Unlink()
		return s.ws.Worker(ctx, filepath.Join(s.cfg.Cache, "worker"), s.cfg.Source, workerPackages())
	})
	if err != nil {
		return err
	}
	for p := range s.aliases {
		s.ws.Load(ctx, p) // what declarations need; one that cannot be had any more is missed where it is used
	}
	s.imp = s.ws.Importer(s.fset)
	next := newLive()
	for _, d := range s.live.sorted() {
		c := *d
		c.unit, c.carry = "", false
		next.put(&c)
	}
	s.live = next
	if err := s.startWorkerLocked(ctx); err != nil {
		return fmt.Errorf("starting the worker for the changed modules: %w", err)
	}
	return nil
}

// workerPackages are the packages that every cell needs.
func workerPackages() []string { return append([]string{livePackage}, build.Runtime...) }
