package session

import (
	"context"
	"errors"
	"sync"

	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// process is the worker process of a session, and the cell that is in it or on its way to it.
type process struct {
	mu          sync.Mutex
	path        string             // the worker program
	worker      *worker.Process    // nil: there is none
	mourned     *worker.Process    // the last one whose loss was told
	closed      bool               // the session has ended
	cancel      context.CancelFunc // of the cell; nil when there is none
	out         Output             // of the cell
	attended    bool               // the cell's front end can ask its user
	inside      bool               // the cell is in the worker
	interrupted bool               // the cell was interrupted once
}

// now returns the worker, nil if there is none.
func (p *process) now() *worker.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worker
}

// begin takes note of a cell, and end of its end.
func (p *process) begin(cancel context.CancelFunc, out Output, attended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel, p.out, p.attended, p.interrupted = cancel, out, attended, false
}

func (p *process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = nil
}

// interrupt stops the cell, its commands and its compiling included.
func (p *process) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.cancel == nil: // no cell
	case !p.interrupted: // the worker, too, hears of it by the cell's context
		p.interrupted = true
		p.cancel()
	case p.inside && p.worker != nil:
		p.worker.Interrupt()
	}
}

// run has the worker run a cell.
func (p *process) run(ctx context.Context, r worker.Request, out Output) (*worker.Outcome, error) {
	p.mu.Lock()
	p.inside = true
	w := p.worker
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.inside = false
		p.mu.Unlock()
	}()
	if ctx.Err() != nil { // interrupted before it started
		return nil, ctx.Err()
	}
	return w.Run(ctx, r, out)
}

// start starts a worker in place of one that is gone.
func (p *process) start(ctx context.Context, cfg worker.Config) error {
	p.mu.Lock()
	cfg.Path, cfg.Out = p.path, p.out
	p.mu.Unlock()
	if cfg.Out == nil {
		cfg.Out = discard{}
	}
	w, err := worker.Start(ctx, cfg)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		w.Kill()
		return errors.New("the session is closed")
	}
	p.worker = w
	return nil
}

// replace ends the worker; the next one is started from another program.
func (p *process) replace(path func() (string, error)) error {
	p.mu.Lock()
	w := p.worker
	p.worker = nil
	p.mu.Unlock()
	if w != nil {
		w.Close()
	}
	program, err := path()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.path = program
	return nil
}

// lost returns a worker that has gone without its loss having been told, nil if there is none. mourn says that it is told.
func (p *process) lost() *worker.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.worker == nil || p.worker == p.mourned {
		return nil
	}
	select {
	case <-p.worker.Gone():
		return p.worker
	default:
		return nil
	}
}

func (p *process) mourn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mourned = p.worker
}

// close ends the worker and what is being done for the cell.
func (p *process) close() {
	p.mu.Lock()
	p.closed = true
	w, cancel := p.worker, p.cancel
	p.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	if w != nil {
		w.Close()
	}
}
