// Package jupytertest is package client for tests: what goes wrong fails the test. Start runs the saddle
// command in a process of its own, Dial connects to a kernel that is served already.
//
// Tests wait for messages, never for time to pass; a message that does not come fails the test after
// Patience.
package jupytertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/client"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// Patience is how long a client waits for a message before it fails the test. It is long, as machines that
// run tests are slow at times.
const Patience = 3 * time.Minute

// Client is a front end connected to a kernel.
type Client struct {
	t testing.TB
	c *client.Client
}

// Dial connects a client to a kernel, and waits until the kernel has told it that it will miss nothing.
func Dial(t testing.TB, connection wire.Connection) *Client {
	t.Helper()
	c, err := client.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ctx, cancel := patience()
	defer cancel()
	if err := c.Connect(ctx, connection); err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, c: c}
}

func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), Patience)
}

// Answer sets what answers the kernel's input_request; executions then allow stdin. nil: nothing does.
func (c *Client) Answer(answer func(prompt string, password bool) string) { c.c.Answer(answer) }

// Send sends a request and returns at once.
func (c *Client) Send(ch wire.Channel, msgType string, content any) *Call {
	c.t.Helper()
	call, err := c.c.Send(ch, msgType, content)
	if err != nil {
		c.t.Fatal(err)
	}
	return &Call{t: c.t, call: call}
}

// SendRaw sends any frames: broken ones too.
func (c *Client) SendRaw(ch wire.Channel, frames ...[]byte) {
	c.t.Helper()
	if err := c.c.SendFrames(ch, frames...); err != nil {
		c.t.Fatal(err)
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
	c.t.Helper()
	fields := map[string]any{}
	for i := 0; i+1 < len(options); i += 2 {
		fields[options[i].(string)] = options[i+1]
	}
	call, err := c.c.Execute(code, fields)
	if err != nil {
		c.t.Fatal(err)
	}
	return &Call{t: c.t, call: call}
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
		c.t.Fatalf("cell failed: %s: %s\n%s\n--- cell\n%.5000s", r.Name, r.Value, strings.Join(r.Traceback, "\n"), code)
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
func (c *Client) General() *Call { return &Call{t: c.t, call: c.c.General()} }

// Call is a request that was sent, and what has come back so far.
type Call struct {
	t    testing.TB
	call *client.Call
}

// Messages returns what has come back so far, in order.
func (k *Call) Messages() []*wire.Message { return k.call.Messages() }

// Until waits for a message that passes, among those that came and will come, and returns it.
func (k *Call) Until(pass func(*wire.Message) bool) *wire.Message {
	k.t.Helper()
	ctx, cancel := patience()
	defer cancel()
	m, err := k.call.Until(ctx, pass)
	if err != nil {
		k.t.Fatal(err)
	}
	return m
}

// UntilOutput waits until the call's text on stdout contains the given words.
func (k *Call) UntilOutput(words string) {
	k.t.Helper()
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

// Wait waits until the request has its reply and its idle, and returns both with all between.
func (k *Call) Wait() *Result {
	k.t.Helper()
	ctx, cancel := patience()
	defer cancel()
	if err := k.call.Wait(ctx, nil); err != nil {
		k.t.Fatal(err)
	}
	return newResult(k.t, k.Messages())
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
