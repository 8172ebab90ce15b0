package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
	"github.com/gosaddle/saddle/kernel/internal/server"
	"github.com/gosaddle/saddle/kernel/internal/session"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// script is an engine whose cells are lines of small commands, so that the server can be tested without Go.
type script struct {
	mu       sync.Mutex
	cells    []session.Cell
	stop     chan struct{} // an interrupt of the running cell
	later    session.Output
	closed   chan struct{}
	closeErr error
}

func newScript() *script { return &script{stop: make(chan struct{}, 1), closed: make(chan struct{})} }

func (e *script) Execute(ctx context.Context, cell session.Cell, out session.Output) session.Result {
	e.mu.Lock()
	e.cells = append(e.cells, cell)
	e.mu.Unlock()
	fail := func(name, value string) session.Result {
		return session.Result{Err: &session.CellError{Name: name, Value: value, Traceback: []string{name + ": " + value}}}
	}
	for line := range strings.Lines(cell.Code) {
		verb, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch verb {
		case "out":
			out.Stream("stdout", rest+"\n")
		case "err":
			out.Stream("stderr", rest+"\n")
		case "bytes": // byte by byte
			for i := range len(rest) {
				out.Stream("stdout", rest[i:i+1])
			}
		case "raw":
			out.Stream("stdout", "a\xff\xfeb")
		case "much":
			for range 100 {
				out.Stream("stdout", strings.Repeat("x", 1<<20))
			}
		case "show":
			out.Display(session.Display{Data: map[string]any{"text/plain": rest}, ID: "d1"})
		case "update":
			out.Display(session.Display{Data: map[string]any{"text/plain": rest}, ID: "d1", Update: true})
		case "result":
			out.Result(session.Display{Data: map[string]any{"text/plain": rest}})
		case "clear":
			out.Clear(true)
		case "page":
			out.Page(session.Display{Data: map[string]any{"text/plain": rest}})
		case "ask":
			answer, err := out.Input(rest, false)
			if err != nil {
				return fail("InputError", err.Error())
			}
			out.Stream("stdout", "answer "+answer+"\n")
		case "fail":
			return fail("Failure", rest)
		case "panic":
			panic(rest)
		case "wait":
			out.Stream("stdout", "waiting\n")
			select {
			case <-e.stop:
				return fail("Interrupted", "")
			case <-e.closed:
				return session.Result{Aborted: true}
			}
		case "keep":
			e.later = out
		case "late":
			e.later.Stream("stdout", rest+"\n")
		}
	}
	return session.Result{}
}

func (e *script) Interrupt() {
	select {
	case e.stop <- struct{}{}:
	default:
	}
}

func (e *script) Close() error {
	close(e.closed)
	return e.closeErr
}

func (e *script) Comm(msgType string, content map[string]any, out session.Output) bool {
	if msgType == "comm_open" && content["target_name"] != "echo" {
		return false
	}
	if msgType == "comm_msg" {
		out.Comm("comm_msg", map[string]any{"comm_id": content["comm_id"], "data": content["data"]})
	}
	return true
}

// helper completes everything with its own text.
type helper struct{}

func (helper) Complete(_ context.Context, code string, cursor int) ([]string, int, int, map[string]any) {
	return []string{code + "!"}, 0, cursor, nil
}
func (helper) Inspect(_ context.Context, code string, cursor, detail int) (map[string]any, bool) {
	return map[string]any{"text/plain": fmt.Sprint(code, cursor, detail)}, code != "nothing"
}
func (helper) IsComplete(code string) (string, string) {
	if code == "panic" {
		panic("a bug")
	}
	return "incomplete", "\t"
}

// serve runs a server with the script engine and connects to it.
func serve(t *testing.T, config ...func(*server.Config)) (*jupytertest.Client, *script, wire.Connection) {
	t.Helper()
	engine := newScript()
	connection, err := wire.NewConnection("key")
	if err != nil {
		t.Fatal(err)
	}
	cfg := server.Config{Connection: connection, Engine: engine, Assist: helper{}, Version: "test", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, c := range config {
		c(&cfg)
	}
	srv, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, engine.closeErr) {
			t.Error(err)
		}
	})
	return jupytertest.Dial(t, connection), engine, connection
}

func TestExecuteOrder(t *testing.T) {
	k, _, _ := serve(t)
	r := k.Run("out one\nerr two\nshow three\nout four\nupdate five\nclear\nresult six")
	want := []string{"status:busy", "execute_input", "stream", "stream", "display_data", "stream",
		"update_display_data", "clear_output", "execute_result", "status:idle"}
	if got := r.Types(); !reflect.DeepEqual(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
	if r.Stdout != "one\nfour\n" || r.Stderr != "two\n" || r.Text != "six" || r.Count != 1 {
		t.Errorf("got %+v", r)
	}
	if id := r.Displays[0]["transient"].(map[string]any)["display_id"]; id != "d1" {
		t.Errorf("display id %v", id)
	}
	if r := k.Run("out next"); r.Count != 2 {
		t.Errorf("second cell has number %d", r.Count)
	}
}

func TestSilent(t *testing.T) {
	k, engine, _ := serve(t)
	r := k.Run("out x\nresult y\nshow z", "silent", true)
	if got := r.Types(); !reflect.DeepEqual(got, []string{"status:busy", "status:idle"}) {
		t.Errorf("a silent cell published %v", got)
	}
	if r := k.Run("fail quietly", "silent", true); r.Status != "error" || len(r.IOPub) != 2 {
		t.Errorf("silent failure: %s, published %v", r.Status, r.Types())
	}
	k.Run("out a", "store_history", false)
	if r := k.Run("out b"); r.Count != 1 {
		t.Errorf("the first stored cell has number %d", r.Count)
	}
	if !engine.cells[0].Silent || engine.cells[2].Silent {
		t.Error("Silent did not reach the engine")
	}
}

func TestUserExpressions(t *testing.T) {
	k, _, _ := serve(t)
	r := k.Run("out a", "user_expressions", map[string]any{"good": "result 5", "bad": "fail it", "odd": 7})
	answers := r.Reply["user_expressions"].(map[string]any)
	good, bad, odd := answers["good"].(map[string]any), answers["bad"].(map[string]any), answers["odd"].(map[string]any)
	if good["status"] != "ok" || good["data"].(map[string]any)["text/plain"] != "5" {
		t.Errorf("good: %v", good)
	}
	if bad["status"] != "error" || bad["ename"] != "Failure" || odd["status"] != "error" {
		t.Errorf("bad: %v, odd: %v", bad, odd)
	}
}

func TestFailureAbortsQueue(t *testing.T) {
	k, _, _ := serve(t)
	first := k.Start("wait")
	first.UntilOutput("waiting")
	second, third := k.Start("out 2"), k.Start("out 3")
	// The kernel answers one connection in order: with this reply it has the two.
	k.Request("kernel_info_request", map[string]any{})
	k.Interrupt()
	if r := first.Wait(); r.Status != "error" || !slices.Contains(r.Types(), "error") {
		t.Errorf("interrupted cell: %s, published %v", r.Status, r.Types())
	}
	for _, c := range []*jupytertest.Call{second, third} {
		if r := c.Wait(); r.Status != "aborted" || r.Stdout != "" {
			t.Errorf("queued cell: %s, printed %q", r.Status, r.Stdout)
		}
	}
	if r := k.Run("out 4"); r.Status != "ok" {
		t.Errorf("after the failure: %s", r.Status)
	}
}

func TestFailureKeepsQueue(t *testing.T) {
	k, _, _ := serve(t)
	first := k.Start("wait", "stop_on_error", false)
	first.UntilOutput("waiting")
	second := k.Start("out 2")
	k.Request("kernel_info_request", map[string]any{})
	k.Interrupt()
	first.Wait()
	if r := second.Wait(); r.Status != "ok" {
		t.Errorf("queued cell: %s", r.Status)
	}
}

func TestAnswersWhileBusy(t *testing.T) {
	k, _, _ := serve(t)
	cell := k.Start("wait")
	cell.UntilOutput("waiting")
	for _, request := range []string{"kernel_info_request", "complete_request", "inspect_request", "history_request", "comm_info_request", "is_complete_request"} {
		content := map[string]any{"code": "x", "cursor_pos": 1, "hist_access_type": "tail"}
		r := k.Send(wire.Shell, request, content).Wait()
		if r.Status != "ok" && r.Status != "incomplete" {
			t.Errorf("%s: %v", request, r.Reply)
		}
		for _, m := range r.IOPub {
			if m.Parent.MsgType != "kernel_info_request" {
				t.Errorf("a status of %s counts for the kernel's: its parent is a %s", request, m.Parent.MsgType)
			}
		}
		// Whoever takes the last status for the kernel's sees it busy: each idle that is not the cell's is
		// followed by a busy that is.
	}
	busy := 0
	cell.Until(func(m *wire.Message) bool {
		if m.Header.MsgType == "status" {
			busy++
		}
		return busy == 7
	})
	k.Interrupt()
	r := cell.Wait()
	types := r.Types()
	if last := types[len(types)-1]; last != "status:idle" {
		t.Errorf("the cell ends with %s", last)
	}
}

func TestAssist(t *testing.T) {
	k, _, _ := serve(t)
	r := k.Request("complete_request", map[string]any{"code": "añb", "cursor_pos": 3})
	if !reflect.DeepEqual(r["matches"], []any{"añb!"}) || r["cursor_end"] != 3.0 {
		t.Errorf("complete: %v", r)
	}
	if r := k.Request("inspect_request", map[string]any{"code": "nothing", "cursor_pos": 1, "detail_level": 0}); r["found"] != false {
		t.Errorf("inspect: %v", r)
	}
	if r := k.Request("is_complete_request", map[string]any{"code": "if {"}); r["status"] != "incomplete" || r["indent"] != "\t" {
		t.Errorf("is_complete: %v", r)
	}
}

func TestBugsAndNonsense(t *testing.T) {
	k, _, connection := serve(t)
	if r := k.Request("is_complete_request", map[string]any{"code": "panic"}); r["status"] != "error" || !strings.Contains(r["evalue"].(string), "a bug") {
		t.Errorf("a panic in a request: %v", r)
	}
	if r := k.Run("panic inside"); r.Name != "KernelError" {
		t.Errorf("a panic in the engine: %s %s", r.Name, r.Value)
	}
	if r := k.Request("frobnicate_request", map[string]any{}); r["status"] != "error" {
		t.Errorf("unknown request: %v", r)
	}
	if r := k.Request("execute_request", []int{1}); r["status"] != "error" {
		t.Errorf("execute_request with a list: %v", r)
	}
	if r := k.Request("complete_request", map[string]any{"code": 5}); r["status"] != "error" {
		t.Errorf("complete_request with a number: %v", r)
	}
	k.SendRaw(wire.Shell, []byte("nonsense"))
	k.SendRaw(wire.Shell, []byte("<IDS|MSG>"), []byte("bad"), []byte("{"), []byte("{}"), []byte("{}"), []byte("{}"))
	k.SendRaw(wire.Control, []byte{})

	wrong := connection
	wrong.Key = "another key"
	codec, err := wire.NewCodec(wrong)
	if err != nil {
		t.Fatal(err)
	}
	m, err := codec.New("execute_request", nil, map[string]any{"code": "out no"})
	if err != nil {
		t.Fatal(err)
	}
	frames, err := codec.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	k.SendRaw(wire.Shell, frames...)
	if r := k.Run("out yes"); r.Count != 2 || r.Stdout != "yes\n" {
		t.Errorf("after all that: %+v", r)
	}
}

func TestStreamText(t *testing.T) {
	k, _, _ := serve(t)
	if r := k.Run("bytes größer ∂L/∂θ 🐴"); r.Stdout != "größer ∂L/∂θ 🐴" {
		t.Errorf("byte by byte: %q", r.Stdout)
	}
	if r := k.Run("raw"); r.Stdout != "a\uFFFDb" {
		t.Errorf("invalid UTF-8: %q", r.Stdout)
	}
	r := k.Run("much")
	if n := len(r.Stdout); n < 16<<20 || n > 16<<20+200 || !strings.HasSuffix(r.Stdout, "the rest is not shown]\n") {
		t.Errorf("100 MB became %d bytes that end in %q", n, r.Stdout[max(0, n-100):])
	}
	if r := k.Run("out after"); r.Stdout != "after\n" {
		t.Errorf("the next cell printed %q", r.Stdout)
	}
}

func TestLateOutput(t *testing.T) {
	k, _, _ := serve(t)
	first := k.Start("keep")
	first.Wait()
	k.Run("late words")
	first.UntilOutput("words")
}

func TestInput(t *testing.T) {
	k, _, _ := serve(t)
	if r := k.Run("ask name?"); r.Name != "InputError" || !strings.Contains(r.Value, "allow_stdin") {
		t.Errorf("no stdin: %s %s", r.Name, r.Value)
	}
	k.Answer(func(prompt string, password bool) string { return "to " + prompt })
	if r := k.Run("ask name?"); r.Stdout != "answer to name?\n" {
		t.Errorf("answered: %q %s", r.Stdout, r.Value)
	}
	k.Answer(nil)
	call := k.Start("out ready\nask name?", "allow_stdin", true)
	call.Until(func(m *wire.Message) bool { return m.Header.MsgType == "input_request" })
	k.Interrupt()
	if r := call.Wait(); r.Name != "InputError" || !strings.Contains(r.Value, "interrupted") {
		t.Errorf("interrupted: %s %s", r.Name, r.Value)
	}
}

func TestPagesAndComms(t *testing.T) {
	k, _, _ := serve(t)
	pages := k.Run("page text").Reply["payload"].([]any)
	if len(pages) != 1 || pages[0].(map[string]any)["source"] != "page" {
		t.Errorf("payload: %v", pages)
	}
	k.Send(wire.Shell, "comm_open", map[string]any{"comm_id": "1", "target_name": "echo", "data": map[string]any{}})
	comm := k.Send(wire.Shell, "comm_msg", map[string]any{"comm_id": "1", "data": map[string]any{"a": 1}})
	comm.Until(func(m *wire.Message) bool { return m.Header.MsgType == "comm_msg" })
	if r := k.Request("comm_info_request", map[string]any{"target_name": "echo"}); len(r["comms"].(map[string]any)) != 1 {
		t.Errorf("comm_info: %v", r)
	}
	unknown := k.Send(wire.Shell, "comm_open", map[string]any{"comm_id": "2", "target_name": "nobody"})
	unknown.Until(func(m *wire.Message) bool { return m.Header.MsgType == "comm_close" })
}

func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "history.jsonl")
	keep := func(c *server.Config) { c.HistoryFile = file }
	t.Run("first kernel", func(t *testing.T) {
		k, _, _ := serve(t, keep)
		k.Run("out 1\nresult one")
		k.Run("out 2")
		k.Run("out 2")
		k.Run("out hidden", "store_history", false)
	})
	k, _, _ := serve(t, keep)
	k.Run("out 3")
	ask := func(content map[string]any) []any {
		t.Helper()
		r := k.Request("history_request", content)
		if r["status"] != "ok" {
			t.Fatalf("%v: %v", content, r)
		}
		return r["history"].([]any)
	}
	inputs := func(rows []any) (in []string) {
		for _, r := range rows {
			in = append(in, r.([]any)[2].(string))
		}
		return in
	}
	for _, c := range []struct {
		query map[string]any
		want  []string
	}{
		{map[string]any{"hist_access_type": "tail", "n": 2}, []string{"out 2", "out 3"}},
		{map[string]any{"hist_access_type": "tail", "n": 9}, []string{"out 1\nresult one", "out 2", "out 2", "out 3"}},
		{map[string]any{"hist_access_type": "range", "session": 0}, []string{"out 3"}},
		{map[string]any{"hist_access_type": "range", "session": -1, "start": 2, "stop": 3}, []string{"out 2"}},
		{map[string]any{"hist_access_type": "search", "pattern": "*2*", "unique": true}, []string{"out 2"}},
		{map[string]any{"hist_access_type": "search", "pattern": "out ?*", "n": 1}, []string{"out 3"}},
		{map[string]any{"hist_access_type": "search", "pattern": "[", "n": 1}, nil},
	} {
		if got := inputs(ask(c.query)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %q, want %q", c.query, got, c.want)
		}
	}
	rows := ask(map[string]any{"hist_access_type": "range", "session": 1, "start": 1, "output": true})
	if got := fmt.Sprint(rows[0]); got != "[1 1 [out 1\nresult one one]]" {
		t.Errorf("with output: %s", got)
	}
}

func TestShutdown(t *testing.T) {
	engine := newScript()
	connection, err := wire.NewConnection("key")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Config{Connection: connection, Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(context.Background()) }()
	k := jupytertest.Dial(t, connection)
	cell := k.Start("wait")
	cell.UntilOutput("waiting")
	r := k.Send(wire.Control, "shutdown_request", map[string]any{"restart": true}).Wait()
	if r.Status != "ok" || r.Reply["restart"] != true {
		t.Errorf("shutdown_reply: %v", r.Reply)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	select {
	case <-engine.closed:
	default:
		t.Error("the engine was not closed")
	}
}
