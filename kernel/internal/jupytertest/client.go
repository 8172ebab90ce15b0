// Package jupytertest is a Jupyter client for tests. It speaks to a real kernel over ZeroMQ: Start runs the
// saddle command in a process of its own, Dial connects to a kernel that is served already.
//
// Its sockets are go-zeromq's, not those of package wire, so that a mistake there does not answer itself.
// Tests wait for messages, never for time to pass; a message that does not come fails the test after
// Patience.
package jupytertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// Patience is how long a client waits for a message before it fails the test. It is long, as machines that
// run tests are slow at times.
const Patience = 3 * time.Minute

// Client is a front end connected to a kernel.
type Client struct {
	t       testing.TB
	codec   *wire.Codec
	sockets map[wire.Channel]zmq4.Socket
	sending sync.Mutex

	// Answer, when set, answers the kernel's input_request; executions then allow stdin.
	Answer func(prompt string, password bool) string

	mu      sync.Mutex
	calls   map[string]*Call // by message id
	general *Call            // what belongs to no call of this client
	failure string           // why the kernel is known to be gone

	ctx    context.Context // ends with the client, or with the kernel
	cancel context.CancelFunc
}

// Dial connects a client to a kernel, and waits until the kernel has told it that it will miss nothing.
func Dial(t testing.TB, connection wire.Connection) *Client {
	t.Helper()
	c := newClient(t, connection)
	c.connect(connection)
	return c
}

func newClient(t testing.TB, connection wire.Connection) *Client {
	t.Helper()
	codec, err := wire.NewCodec(connection)
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{t: t, codec: codec, sockets: map[wire.Channel]zmq4.Socket{}, calls: map[string]*Call{}}
	c.general = newCall(c, "")
	c.ctx, c.cancel = context.WithCancel(context.Background())
	t.Cleanup(c.cancel)
	return c
}

// connect opens the sockets and waits for the kernel's welcome.
func (c *Client) connect(connection wire.Connection) {
	c.t.Helper()
	c.t.Cleanup(func() {
		for _, s := range c.sockets {
			s.Close()
		}
	})
	quiet := zmq4.WithLogger(log.New(io.Discard, "", 0))
	// One identity on all: so the kernel finds the stdin that belongs to a shell.
	identity := zmq4.WithID(zmq4.SocketIdentity(c.codec.Session()))
	retry := []zmq4.Option{quiet, identity, zmq4.WithDialerRetry(20 * time.Millisecond), zmq4.WithDialerMaxRetries(int(Patience / (20 * time.Millisecond)))}
	for ch := wire.Shell; ch <= wire.IOPub; ch++ {
		socket := zmq4.NewDealer(c.ctx, retry...)
		if ch == wire.IOPub {
			socket = zmq4.NewSub(c.ctx, retry...)
		}
		c.sockets[ch] = socket
		if err := socket.Dial(connection.Endpoint(ch)); err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.t.Fatalf("dial %s: %v %s", ch, err, c.failure)
		}
		if ch == wire.IOPub {
			if err := socket.SetOption(zmq4.OptionSubscribe, ""); err != nil {
				c.t.Fatal(err)
			}
		}
		go c.listen(ch, socket)
	}
	c.general.Until(func(m *wire.Message) bool { return m.Header.MsgType == "iopub_welcome" })
}

// listen hands the messages of one socket to the calls they belong to.
func (c *Client) listen(ch wire.Channel, socket zmq4.Socket) {
	for {
		msg, err := socket.Recv()
		if err != nil {
			return
		}
		m, err := c.codec.Decode(msg.Frames)
		if err != nil {
			c.t.Errorf("the kernel sent on %s: %v", ch, err)
			continue
		}
		m.Channel = ch
		c.mu.Lock()
		call := c.calls[m.Parent.MsgID]
		answer := c.Answer
		c.mu.Unlock()
		if m.Header.MsgType == "input_request" && answer != nil {
			var in struct {
				Prompt   string
				Password bool
			}
			if err := json.Unmarshal(m.Content, &in); err != nil {
				c.t.Errorf("input_request: %v", err)
			}
			c.send(wire.Stdin, "input_reply", m, map[string]any{"status": "ok", "value": answer(in.Prompt, in.Password)})
		}
		if call == nil {
			call = c.general
		}
		call.add(m)
	}
}

func (c *Client) send(ch wire.Channel, msgType string, parent *wire.Message, content any) *Call {
	m, err := c.codec.New(msgType, parent, content)
	if err != nil {
		c.t.Fatal(err)
	}
	call := newCall(c, m.Header.MsgID)
	call.Type = msgType
	c.mu.Lock()
	c.calls[call.ID] = call
	c.mu.Unlock()
	frames, err := c.codec.Encode(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.SendRaw(ch, frames...)
	return call
}

// Send sends a request and returns at once.
func (c *Client) Send(ch wire.Channel, msgType string, content any) *Call {
	return c.send(ch, msgType, nil, content)
}

// SendRaw sends any frames: broken ones too.
func (c *Client) SendRaw(ch wire.Channel, frames ...[]byte) {
	c.sending.Lock()
	defer c.sending.Unlock()
	if err := c.sockets[ch].SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		c.t.Errorf("send on %s: %v", ch, err)
	}
}

// Request sends a request on the shell channel and returns the content of its reply, when all of its
// messages are here.
func (c *Client) Request(msgType string, content any) map[string]any {
	c.t.Helper()
	return c.Send(wire.Shell, msgType, content).Wait().Reply
}

// Start sends a cell and returns at once. options are fields of execute_request, in pairs.
func (c *Client) Start(code string, options ...any) *Call {
	content := map[string]any{"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{},
		"allow_stdin": c.Answer != nil, "stop_on_error": true}
	for i := 0; i+1 < len(options); i += 2 {
		content[options[i].(string)] = options[i+1]
	}
	return c.Send(wire.Shell, "execute_request", content)
}

// Run runs a cell to its end, whatever that is.
func (c *Client) Run(code string, options ...any) *Result {
	c.t.Helper()
	return c.Start(code, options...).Wait()
}

// MustRun runs a cell, and fails the test if the cell fails.
func (c *Client) MustRun(code string, options ...any) *Result {
	c.t.Helper()
	r := c.Run(code, options...)
	if r.Status != "ok" {
		c.t.Fatalf("cell failed: %s: %s\n%s\n--- cell\n%s", r.Name, r.Value, strings.Join(r.Traceback, "\n"), code)
	}
	return r
}

// Interrupt asks the kernel to stop the running cell.
func (c *Client) Interrupt() {
	c.t.Helper()
	c.Send(wire.Control, "interrupt_request", map[string]any{}).Wait()
}

// General is the call that collects what belongs to none of this client's: the welcome, the kernel's start,
// output of others.
func (c *Client) General() *Call { return c.general }

// fail wakes all who wait: the kernel is gone.
func (c *Client) fail(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = why
	c.cancel()
	for _, call := range c.calls {
		call.wake()
	}
	c.general.wake()
}

// Call is a request that was sent, and what has come back so far.
type Call struct {
	ID   string // message id of the request
	Type string

	c      *Client
	mu     sync.Mutex
	came   []*wire.Message
	signal chan struct{} // has an element when came has grown
}

func newCall(c *Client, id string) *Call {
	return &Call{ID: id, c: c, signal: make(chan struct{}, 1)}
}

func (k *Call) add(m *wire.Message) {
	k.mu.Lock()
	k.came = append(k.came, m)
	k.mu.Unlock()
	k.wake()
}

func (k *Call) wake() {
	select {
	case k.signal <- struct{}{}:
	default:
	}
}

// Messages returns what has come back so far, in order.
func (k *Call) Messages() []*wire.Message {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]*wire.Message(nil), k.came...)
}

// Until waits for a message that passes, among those that came and will come, and returns it.
func (k *Call) Until(pass func(*wire.Message) bool) *wire.Message {
	k.c.t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for seen := 0; ; {
		all := k.Messages()
		for ; seen < len(all); seen++ {
			if pass(all[seen]) {
				k.wake() // there may be another who waits
				return all[seen]
			}
		}
		k.c.mu.Lock()
		failure := k.c.failure
		k.c.mu.Unlock()
		if failure != "" {
			k.c.t.Fatalf("%s; waiting for an answer to %s, which so far has\n%s", failure, k.Type, describe(all))
		}
		select {
		case <-k.signal:
		case <-deadline.C:
			k.c.t.Fatalf("no answer to %s within %v; it has\n%s", k.Type, Patience, describe(all))
		}
	}
}

func describe(messages []*wire.Message) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "  %s %s %.300s\n", m.Channel, m.Header.MsgType, m.Content)
	}
	return b.String()
}

// UntilOutput waits until the call's text on stdout contains the given words.
func (k *Call) UntilOutput(words string) {
	k.c.t.Helper()
	var text strings.Builder
	k.Until(func(m *wire.Message) bool {
		text.WriteString(stream(m, "stdout"))
		return strings.Contains(text.String(), words)
	})
}

func stream(m *wire.Message, name string) string {
	var content struct{ Name, Text string }
	if m.Header.MsgType != "stream" || json.Unmarshal(m.Content, &content) != nil || content.Name != name {
		return ""
	}
	return content.Text
}

// IsIdle tells whether a message is the status that ends a request.
func IsIdle(m *wire.Message) bool {
	return m.Header.MsgType == "status" && strings.Contains(string(m.Content), `"idle"`)
}

// Wait waits until the request has its reply and its idle, and returns both with all between.
func (k *Call) Wait() *Result {
	k.c.t.Helper()
	replied, idle := false, false
	k.Until(func(m *wire.Message) bool {
		replied = replied || m.Channel == wire.Shell || m.Channel == wire.Control
		idle = idle || m.Channel == wire.IOPub && IsIdle(m)
		return replied && idle
	})
	return newResult(k.c.t, k.Messages())
}

// Result is a request and all that came of it. Fields that do not apply are empty.
type Result struct {
	Status      string // ok, error or aborted
	Count       int
	Name, Value string // of the error
	Traceback   []string
	Stdout      string
	Stderr      string
	Text        string           // text/plain of the execute_result
	Data        map[string]any   // data of the execute_result
	Displays    []map[string]any // content of each display_data and update_display_data
	Reply       map[string]any   // content of the reply
	IOPub       []*wire.Message  // in order
}

func newResult(t testing.TB, messages []*wire.Message) *Result {
	r := &Result{}
	for _, m := range messages {
		var content map[string]any
		if err := json.Unmarshal(m.Content, &content); err != nil {
			t.Fatalf("content of %s: %v", m.Header.MsgType, err)
		}
		if m.Channel == wire.IOPub {
			r.IOPub = append(r.IOPub, m)
		}
		switch m.Header.MsgType {
		case "stream":
			r.Stdout += stream(m, "stdout")
			r.Stderr += stream(m, "stderr")
		case "execute_result":
			r.Data, _ = content["data"].(map[string]any)
			r.Text, _ = r.Data["text/plain"].(string)
		case "display_data", "update_display_data":
			r.Displays = append(r.Displays, content)
		}
		if m.Channel == wire.Shell || m.Channel == wire.Control {
			r.Reply = content
			r.Status, _ = content["status"].(string)
			r.Name, _ = content["ename"].(string)
			r.Value, _ = content["evalue"].(string)
			count, _ := content["execution_count"].(float64)
			r.Count = int(count)
			lines, _ := content["traceback"].([]any)
			for _, l := range lines {
				r.Traceback = append(r.Traceback, fmt.Sprint(l))
			}
		}
	}
	return r
}

// Types lists the types of what was published, statuses with their state: "status:busy".
func (r *Result) Types() []string {
	var types []string
	for _, m := range r.IOPub {
		name := m.Header.MsgType
		if name == "status" {
			var content struct {
				State string `json:"execution_state"`
			}
			if json.Unmarshal(m.Content, &content) == nil {
				name += ":" + content.State
			}
		}
		types = append(types, name)
	}
	return types
}
