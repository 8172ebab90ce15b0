// Package server does what each Jupyter request asks. It knows the messages (package wire), the seam to the
// engine that runs cells (Engine) and to the one that completes and explains code (Assist); it knows no Go
// syntax and starts no process.
//
// Cells run one at a time, in the order they came. All else, completion, history or a kernel_info, is
// answered at once, also while a cell runs.
package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/session"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// Engine runs cells.
type Engine interface {
	// Execute runs a cell and returns when it is done. It is called for one cell at a time. ctx ends when
	// the cell is interrupted or the kernel goes down. out may be used after Execute has returned, by what the
	// cell left running.
	Execute(ctx context.Context, cell session.Cell, out session.Output) session.Result

	// Interrupt is called with every interrupt of the running cell, after the end of its ctx: an engine may treat
	// the second one otherwise. It returns at once.
	Interrupt()

	// Close ends the engine. An Execute that is running returns.
	Close() error
}

// Comms is an engine that answers comm messages of the front end.
type Comms interface {
	// Comm takes a comm_open, comm_msg or comm_close, also while a cell is running; it must not block. It
	// reports whether it knows the comm: one that nobody knows is closed.
	Comm(msgType string, content map[string]any, out session.Output) bool
}

// Assist helps with code that is being typed. It is called concurrently, also while a cell is running.
// Cursors count code points.
type Assist interface {
	// Complete returns what could replace code[start:end] around the cursor.
	Complete(ctx context.Context, code string, cursor int) (matches []string, start, end int, metadata map[string]any)

	// Inspect returns what is known of the name at the cursor, as a MIME bundle. detail is 0 or 1.
	Inspect(ctx context.Context, code string, cursor, detail int) (data map[string]any, found bool)

	// IsComplete returns "complete", "incomplete", "invalid" or "unknown", and for "incomplete" the
	// white space that the next line starts with.
	IsComplete(code string) (status, indent string)
}

// Config is what a server needs.
type Config struct {
	Connection  wire.Connection
	Engine      Engine
	Assist      Assist       // nil: nothing is completed
	HistoryFile string       // "": history ends with the kernel
	Version     string       // of Saddle
	Log         *slog.Logger // nil: the default logger
}

// Server is a running kernel.
type Server struct {
	engine  Engine
	assist  Assist
	version string
	log     *slog.Logger
	sockets *wire.Sockets
	history *history
	queue   *queue
	asking  asking

	ctx  context.Context // ends when the kernel goes down
	down context.CancelFunc
	ready,
	finished chan struct{}

	statusMu sync.Mutex
	running  *wire.Message // the execute_request being worked on

	interruptMu sync.Mutex
	interrupt   context.CancelFunc // of the request being worked on; nil when there is none

	commMu sync.Mutex
	comms  map[string]string // open comms: id -> target name
}

// New opens the sockets. Serve answers them.
func New(cfg Config) (*Server, error) {
	if cfg.Engine == nil {
		return nil, fmt.Errorf("start the server: no engine")
	}
	s := &Server{
		engine: cfg.Engine, assist: cfg.Assist, version: cfg.Version, log: cfg.Log,
		queue: newQueue(), comms: map[string]string{}, ready: make(chan struct{}), finished: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.ctx, s.down = context.WithCancel(context.Background())
	var err error
	if s.history, err = openHistory(cfg.HistoryFile); err != nil {
		s.log.Warn("history is kept for this session only", "err", err)
	}
	if s.sockets, err = wire.Listen(cfg.Connection, s.log, s.receive); err != nil {
		return nil, err
	}
	return s, nil
}

// Serve answers requests until a front end or ctx ends the kernel. It closes the engine.
func (s *Server) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.down)
	defer stop()
	s.publish(nil, "status", status("starting"))
	s.publish(nil, "status", status("idle"))
	close(s.ready)
	go func() {
		defer close(s.finished)
		s.runQueue()
	}()

	<-s.ctx.Done()
	s.queue.close()
	err := s.engine.Close()
	select {
	case <-s.finished:
	case <-time.After(5 * time.Second): // the engine promised that a running cell ends with Close
		s.log.Error("a cell did not end with its engine")
	}
	s.sockets.Close()
	if err != nil {
		return fmt.Errorf("end the engine: %w", err)
	}
	return nil
}

// Interrupt stops the running cell, if there is one.
func (s *Server) Interrupt() {
	s.interruptMu.Lock()
	defer s.interruptMu.Unlock()
	if s.interrupt != nil {
		s.interrupt()
		s.engine.Interrupt()
	}
}

// receive is called by the sockets' readers; it only hands on.
func (s *Server) receive(m *wire.Message) {
	switch {
	case m.Channel == wire.Stdin:
		s.asking.answer(m)
	case m.Channel == wire.Shell && m.Header.MsgType == "execute_request":
		s.queue.push(m)
	case strings.HasPrefix(m.Header.MsgType, "comm_") && m.Header.MsgType != "comm_info_request":
		s.answer(m) // in the order they came
	default:
		go s.answer(m)
	}
}

// handler does one kind of request and returns its reply's content; nil where there is no reply.
type handler func(s *Server, m *wire.Message) (any, error)

var handlers = map[string]handler{
	"kernel_info_request": (*Server).kernelInfo,
	"complete_request":    (*Server).complete,
	"inspect_request":     (*Server).inspect,
	"is_complete_request": (*Server).isComplete,
	"history_request":     (*Server).historyRequest,
	"comm_info_request":   (*Server).commInfo,
	"comm_open":           (*Server).comm,
	"comm_msg":            (*Server).comm,
	"comm_close":          (*Server).comm,
	"connect_request":     (*Server).connect,
	"interrupt_request":   (*Server).interruptRequest,
	"shutdown_request":    (*Server).shutdown,
}

// answer does a request that needs no queue.
func (s *Server) answer(m *wire.Message) {
	<-s.ready
	s.busy(m)
	reply, err := s.handle(m)
	name, isRequest := strings.CutSuffix(m.Header.MsgType, "_request")
	switch {
	case err != nil:
		s.log.Warn("a request failed", "type", m.Header.MsgType, "err", err)
		if isRequest {
			s.reply(m, name+"_reply", errorContent("RequestError", err.Error(), nil))
		}
	case reply != nil && isRequest:
		s.reply(m, name+"_reply", reply)
	}
	s.idle(m)
	if name == "shutdown" && err == nil {
		s.down() // only now: the front end has its reply
	}
}

// handle calls the request's handler. A bug in one request must not end the kernel and the user's values
// with it, hence the recover.
func (s *Server) handle(m *wire.Message) (reply any, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("saddle failed on %s: %v (please report this)", m.Header.MsgType, e)
			s.log.Error("panic", "type", m.Header.MsgType, "panic", e, "stack", string(debug.Stack()))
		}
	}()
	h := handlers[m.Header.MsgType]
	if h == nil {
		return nil, fmt.Errorf("saddle does not know the request %q", m.Header.MsgType)
	}
	return h(s, m)
}

// parse reads a request's content.
func parse(m *wire.Message, content any) error {
	if err := json.Unmarshal(m.Content, content); err != nil {
		return fmt.Errorf("content of %s: %w", m.Header.MsgType, err)
	}
	return nil
}

func (s *Server) reply(m *wire.Message, msgType string, content any) {
	if err := s.sockets.Reply(m, msgType, content); err != nil {
		s.log.Warn("could not reply", "type", msgType, "err", err)
	}
}

func (s *Server) publish(parent *wire.Message, msgType string, content any) {
	if err := s.sockets.Publish(wire.Publication{Parent: parent, MsgType: msgType, Content: content}); err != nil {
		s.log.Warn("could not publish", "type", msgType, "err", err)
	}
}

func status(state string) any { return map[string]string{"execution_state": state} }

// errorContent is the content of a failed reply, and of an error message.
func errorContent(name, value string, traceback []string) map[string]any {
	if traceback == nil {
		traceback = []string{name + ": " + value}
	}
	return map[string]any{"status": "error", "ename": name, "evalue": value, "traceback": traceback}
}

// busy says that a request is being worked on.
func (s *Server) busy(m *wire.Message) {
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	s.publish(s.beside(m), "status", status("busy"))
}

// idle says that a request is done. A front end takes the last status it saw for the kernel's, whichever
// request it belongs to: while a cell runs, it is told in the same breath that the kernel is busy.
func (s *Server) idle(m *wire.Message) {
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	messages := []wire.Publication{{Parent: s.beside(m), MsgType: "status", Content: status("idle")}}
	if s.running != nil {
		messages = append(messages, wire.Publication{Parent: s.running, MsgType: "status", Content: status("busy")})
	}
	if err := s.sockets.Publish(messages...); err != nil {
		s.log.Warn("could not publish", "type", "status", "err", err)
	}
}

// beside is the parent of a request's status, with s.statusMu held. Of a request that is answered beside a
// running cell the front end needs the idle, or it thinks it is not answered; JupyterLab then shows the
// kernel as idle for a moment, and starts the cell's clock anew. It has a list of requests whose status says
// nothing of the kernel (untracked_message_types of the Jupyter server), which has kernel_info_request but
// not the completion's: so the parent is given that type. All else of it, its id above all, stays.
func (s *Server) beside(m *wire.Message) *wire.Message {
	if s.running == nil || s.running == m {
		return m
	}
	return m.As("kernel_info_request")
}

// setRunning says which execute_request is being worked on; nil: none.
func (s *Server) setRunning(m *wire.Message) {
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	s.running = m
}

func (s *Server) kernelInfo(*wire.Message) (any, error) {
	goVersion := strings.TrimPrefix(runtime.Version(), "go")
	return map[string]any{
		"status":                 "ok",
		"protocol_version":       wire.ProtocolVersion,
		"implementation":         "saddle",
		"implementation_version": s.version,
		"language_info": map[string]any{
			"name": "go", "version": goVersion, "mimetype": "text/x-go", "file_extension": ".go",
			"pygments_lexer": "go", "codemirror_mode": "go", "nbconvert_exporter": "script",
		},
		"banner":   "Saddle " + s.version + ", Go " + goVersion + ": values stay from cell to cell. %help lists the commands.",
		"debugger": false,
		"help_links": []map[string]string{
			{"text": "Go", "url": "https://go.dev/doc/"},
			{"text": "Go packages", "url": "https://pkg.go.dev/"},
			{"text": "Gonum", "url": "https://www.gonum.org/"},
		},
		"supported_features": []string{},
	}, nil
}

func (s *Server) interruptRequest(*wire.Message) (any, error) {
	s.Interrupt()
	return map[string]any{"status": "ok"}, nil
}

func (s *Server) shutdown(m *wire.Message) (any, error) {
	var content struct {
		Restart bool `json:"restart"`
	}
	if err := parse(m, &content); err != nil {
		s.log.Warn("shutting down all the same", "err", err)
	}
	reply := map[string]any{"status": "ok", "restart": content.Restart}
	s.publish(m, "shutdown_reply", reply) // for the other front ends of this kernel
	return reply, nil
}

// connect is deprecated in the protocol, and answered for old front ends.
func (s *Server) connect(*wire.Message) (any, error) {
	return nil, fmt.Errorf("connect_request is deprecated: read the connection file")
}
