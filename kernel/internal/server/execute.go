package server

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/gosaddle/saddle/kernel/internal/session"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// queue holds the execute_requests that wait for their turn.
type queue struct {
	mu      sync.Mutex
	filled  *sync.Cond
	waiting []*wire.Message
	closed  bool
}

func newQueue() *queue {
	q := &queue{}
	q.filled = sync.NewCond(&q.mu)
	return q
}

func (q *queue) push(m *wire.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, m)
	q.filled.Signal()
}

// pop waits for the next request; nil once the queue is closed.
func (q *queue) pop() *wire.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.filled.Wait()
	}
	if q.closed {
		return nil
	}
	m := q.waiting[0]
	q.waiting = q.waiting[1:]
	return m
}

// drain empties the queue.
func (q *queue) drain() []*wire.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.waiting
	q.waiting = nil
	return all
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Signal()
}

// executeRequest is the content of an execute_request. What the protocol gives a default to is a pointer.
type executeRequest struct {
	Code            string         `json:"code"`
	Silent          bool           `json:"silent"`
	StoreHistory    *bool          `json:"store_history"`
	UserExpressions map[string]any `json:"user_expressions"`
	AllowStdin      bool           `json:"allow_stdin"`
	StopOnError     *bool          `json:"stop_on_error"`
}

func (r *executeRequest) storeHistory() bool {
	return !r.Silent && (r.StoreHistory == nil || *r.StoreHistory)
}
func (r *executeRequest) stopOnError() bool { return r.StopOnError == nil || *r.StopOnError }

// runQueue works on execute_requests, one after the other, until the kernel goes down.
func (s *Server) runQueue() {
	count := 0 // of cells that are in the history: In [count]
	for m := s.queue.pop(); m != nil; m = s.queue.pop() {
		var request executeRequest
		ctx, done := s.interruptible() // from the moment that the front end may see it run
		s.setRunning(m)
		s.busy(m)
		if err := parse(m, &request); err != nil {
			done()
			s.reply(m, "execute_reply", errorContent("RequestError", err.Error(), nil))
			s.setRunning(nil)
			s.idle(m)
			continue
		}
		number := count + 1
		if request.storeHistory() {
			count = number
		}
		reply := s.execute(ctx, m, &request, number)
		done()
		var aborted []*wire.Message
		if reply["status"] == "error" && request.stopOnError() {
			// Before the front end can know of the failure: what it sends after that is meant to run.
			aborted = s.queue.drain()
		}
		s.reply(m, "execute_reply", reply)
		s.setRunning(nil)
		s.idle(m)
		for _, a := range aborted {
			s.busy(a)
			s.reply(a, "execute_reply", map[string]any{"status": "aborted", "execution_count": count})
			s.idle(a)
		}
	}
}

// execute runs one cell and returns the reply's content. The end of ctx is an interrupt.
func (s *Server) execute(ctx context.Context, m *wire.Message, request *executeRequest, number int) map[string]any {
	out := newOutput(s, m, number, request)
	if !request.Silent {
		s.publish(m, "execute_input", map[string]any{"code": request.Code, "execution_count": number})
	}
	if request.storeHistory() {
		if err := s.history.add(number, request.Code); err != nil {
			s.log.Warn("history", "err", err)
		}
	}
	cell := session.Cell{Code: request.Code, Count: number, Silent: request.Silent, AllowStdin: request.AllowStdin}
	cell.ID, _ = m.Metadata["cellId"].(string)

	out.interrupted = ctx
	result := s.engineExecute(ctx, out, cell)
	out.flush()
	reply := map[string]any{"status": "ok"}
	if e := result.Err; e != nil {
		reply = errorContent(e.Name, e.Value, e.Traceback)
		if !request.Silent {
			s.publish(m, "error", map[string]any{"ename": e.Name, "evalue": e.Value, "traceback": reply["traceback"]})
		}
		reply["user_expressions"] = map[string]any{}
	} else {
		reply["user_expressions"] = s.userExpressions(ctx, request, number)
		if text, ok := out.resultText(); ok && request.storeHistory() {
			if err := s.history.addOutput(number, text); err != nil {
				s.log.Warn("history", "err", err)
			}
		}
	}
	reply["execution_count"] = number
	reply["payload"] = out.pages()
	return reply
}

// engineExecute runs a cell, and survives a bug in the engine.
func (s *Server) engineExecute(ctx context.Context, out session.Output, cell session.Cell) (result session.Result) {
	defer func() {
		if e := recover(); e != nil {
			s.log.Error("panic in the engine", "panic", e, "stack", string(debug.Stack()))
			message := fmt.Sprintf("saddle itself failed on this cell: %v (please report this)", e)
			result.Err = &session.CellError{Name: "KernelError", Value: message,
				Traceback: append([]string{message}, strings.Split(string(debug.Stack()), "\n")...)}
		}
	}()
	return s.engine.Execute(ctx, cell, out)
}

// interruptible returns the context of the request that begins, which Interrupt ends until done is called.
func (s *Server) interruptible() (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.setInterrupt(cancel)
	return ctx, func() {
		s.setInterrupt(nil)
		cancel()
	}
}

func (s *Server) setInterrupt(cancel context.CancelFunc) {
	s.interruptMu.Lock()
	defer s.interruptMu.Unlock()
	s.interrupt = cancel
}

// userExpressions evaluates what a front end wants to know after a cell.
func (s *Server) userExpressions(ctx context.Context, request *executeRequest, number int) map[string]any {
	answers := map[string]any{}
	for name, e := range request.UserExpressions {
		code, ok := e.(string)
		if !ok {
			answers[name] = errorContent("RequestError", fmt.Sprintf("user expression %q is not a string", name), nil)
			continue
		}
		display, failure := s.evaluate(ctx, code, number)
		if failure != nil {
			answers[name] = errorContent(failure.Name, failure.Value, failure.Traceback)
			continue
		}
		answers[name] = map[string]any{"status": "ok", "data": orEmpty(display.Data), "metadata": orEmpty(display.Metadata)}
	}
	return answers
}

// evaluate runs an expression as a cell of which nothing but the result is shown.
func (s *Server) evaluate(ctx context.Context, code string, number int) (session.Display, *session.CellError) {
	out := &resultOnly{}
	result := s.engineExecute(ctx, out, session.Cell{Code: code, Count: number})
	return out.result, result.Err
}

// resultOnly is an Output that keeps a cell's result and lets the rest go.
type resultOnly struct {
	session.Output
	result session.Display
}

func (o *resultOnly) Stream(name, text string)    {}
func (o *resultOnly) Display(session.Display)     {}
func (o *resultOnly) Result(d session.Display)    { o.result = d }
func (o *resultOnly) Clear(wait bool)             {}
func (o *resultOnly) Comm(string, map[string]any) {}
func (o *resultOnly) Page(session.Display)        {}
func (o *resultOnly) Input(string, bool) (string, error) {
	return "", errNoInput
}
