// Package client is a Jupyter front end without a page: it starts kernels, sends them requests and collects
// what comes back. "saddle run" executes notebooks with it, and the tests drive real kernels with it.
//
// Its sockets are go-zeromq's, not those of package wire, so that in tests a mistake there does not answer
// itself.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// dialRetry is the time between two attempts to reach a kernel that is still starting.
const dialRetry = 10 * time.Millisecond

// Client is a front end connected to a kernel. Its methods are safe for concurrent use.
type Client struct {
	codec   *wire.Codec
	sockets map[wire.Channel]zmq4.Socket
	sending sync.Mutex
	ctx     context.Context
	cancel  context.CancelCauseFunc

	mu      sync.Mutex
	answer  func(prompt string, password bool) string
	calls   map[string]*Call // by message id
	general *Call
}

// New returns a client that is not connected yet.
func New(connection wire.Connection) (*Client, error) {
	codec, err := wire.NewCodec(connection)
	if err != nil {
		return nil, err
	}
	c := &Client{codec: codec, sockets: map[wire.Channel]zmq4.Socket{}, calls: map[string]*Call{}}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.general = newCall(c, "", "the kernel's start")
	return c, nil
}

// Connect reaches the kernel, which may be starting, and waits until the kernel has told this client that it
// will miss nothing.
func (c *Client) Connect(ctx context.Context, connection wire.Connection) error {
	stop := context.AfterFunc(ctx, func() { c.Fail(context.Cause(ctx)) }) // a dial knows no other context
	defer stop()
	options := []zmq4.Option{
		zmq4.WithLogger(log.New(io.Discard, "", 0)),
		zmq4.WithID(zmq4.SocketIdentity(c.codec.Session())), // one on all: so the kernel finds the stdin that belongs to a shell
		zmq4.WithDialerRetry(dialRetry), zmq4.WithDialerMaxRetries(-1),
	}
	for ch := wire.Shell; ch <= wire.IOPub; ch++ {
		open := zmq4.NewDealer
		if ch == wire.IOPub {
			open = zmq4.NewSub
		}
		socket := open(c.ctx, options...)
		c.sockets[ch] = socket
		if err := socket.Dial(connection.Endpoint(ch)); err != nil {
			return errors.Join(fmt.Errorf("reach the kernel's %s channel: %w", ch, err), context.Cause(c.ctx))
		}
		if ch == wire.IOPub {
			if err := socket.SetOption(zmq4.OptionSubscribe, ""); err != nil {
				return fmt.Errorf("subscribe to the kernel's output: %w", err)
			}
		}
		go c.listen(ch, socket)
	}
	_, err := c.general.Until(ctx, func(m *wire.Message) bool { return m.Header.MsgType == "iopub_welcome" })
	return err
}

// Close ends the connection.
func (c *Client) Close() {
	c.Fail(errors.New("the client was closed"))
	for _, s := range c.sockets {
		s.Close()
	}
}

// Fail ends all waiting with err: the kernel is known to be gone.
func (c *Client) Fail(err error) { c.cancel(err) }

// Answer sets what answers the kernel's input_request; nil: nothing does.
func (c *Client) Answer(answer func(prompt string, password bool) string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// listen hands the messages of one socket to the calls they belong to.
func (c *Client) listen(ch wire.Channel, socket zmq4.Socket) {
	for {
		frames, err := socket.Recv()
		if err != nil {
			return
		}
		m, err := c.codec.Decode(frames.Frames)
		if err != nil {
			c.Fail(fmt.Errorf("the kernel sent on %s: %w", ch, err))
			return
		}
		m.Channel = ch
		c.mu.Lock()
		call, answer := c.calls[m.Parent.MsgID], c.answer
		c.mu.Unlock()
		if m.Header.MsgType == "input_request" && answer != nil {
			go c.reply(m, answer) // the user may take long
		}
		if call == nil {
			call = c.general
		}
		call.add(m)
	}
}

func (c *Client) reply(m *wire.Message, answer func(string, bool) string) {
	var in struct {
		Prompt   string
		Password bool
	}
	err := json.Unmarshal(m.Content, &in)
	if err == nil {
		_, err = c.send(wire.Stdin, "input_reply", m, map[string]any{"status": "ok", "value": answer(in.Prompt, in.Password)})
	}
	if err != nil {
		c.Fail(fmt.Errorf("answer the kernel's input_request: %w", err))
	}
}

// Send sends a request and returns at once.
func (c *Client) Send(ch wire.Channel, msgType string, content any) (*Call, error) {
	return c.send(ch, msgType, nil, content)
}

func (c *Client) send(ch wire.Channel, msgType string, parent *wire.Message, content any) (*Call, error) {
	m, err := c.codec.New(msgType, parent, content)
	if err != nil {
		return nil, err
	}
	frames, err := c.codec.Encode(m)
	if err != nil {
		return nil, err
	}
	call := newCall(c, m.Header.MsgID, msgType)
	c.mu.Lock()
	c.calls[call.ID] = call
	c.mu.Unlock()
	return call, c.SendFrames(ch, frames...)
}

// SendFrames sends any frames: broken ones too.
func (c *Client) SendFrames(ch wire.Channel, frames ...[]byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	if err := c.sockets[ch].SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		return fmt.Errorf("send on %s: %w", ch, err)
	}
	return nil
}

// Execute sends a cell and returns at once. fields overrides fields of the execute_request, and may be nil.
func (c *Client) Execute(code string, fields map[string]any) (*Call, error) {
	c.mu.Lock()
	stdin := c.answer != nil
	c.mu.Unlock()
	content := map[string]any{"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{},
		"allow_stdin": stdin, "stop_on_error": true}
	for name, value := range fields {
		content[name] = value
	}
	return c.Send(wire.Shell, "execute_request", content)
}

// General is the call that collects what belongs to none of this client's: the welcome, the kernel's start,
// output of others.
func (c *Client) General() *Call { return c.general }

// Call is a request that was sent, and what has come back so far.
type Call struct {
	ID   string // message id of the request
	Type string

	c    *Client
	mu   sync.Mutex
	came []*wire.Message
	more chan struct{} // closed, and replaced, when came grows
}

func newCall(c *Client, id, msgType string) *Call {
	return &Call{ID: id, Type: msgType, c: c, more: make(chan struct{})}
}

func (k *Call) add(m *wire.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.came = append(k.came, m)
	close(k.more)
	k.more = make(chan struct{})
}

// Messages returns what has come back so far, in the order it came.
func (k *Call) Messages() []*wire.Message {
	came, _ := k.since(0)
	return came
}

// since returns the messages from number n on, and what is closed when there are more.
func (k *Call) since(n int) ([]*wire.Message, <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]*wire.Message(nil), k.came[n:]...), k.more
}

// Until calls pass with the messages that came and those that will come, in order, and returns the first that
// passes. An error says what came instead.
func (k *Call) Until(ctx context.Context, pass func(*wire.Message) bool) (*wire.Message, error) {
	for seen := 0; ; {
		came, more := k.since(seen)
		for _, m := range came {
			if pass(m) {
				return m, nil
			}
		}
		seen += len(came)
		var err error
		select {
		case <-more:
			continue
		case <-k.c.ctx.Done():
			if last, _ := k.since(seen); len(last) > 0 {
				continue // what the kernel said before it went
			}
			err = context.Cause(k.c.ctx)
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("waiting for the answer to %s: %w; so far came\n%s", k.Type, err, describe(k.Messages()))
	}
}

func describe(messages []*wire.Message) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "  %s %s %.300s\n", m.Channel, m.Header.MsgType, m.Content)
	}
	return b.String()
}

// Wait waits until the request has its reply and its idle, and calls see, unless it is nil, with each message.
func (k *Call) Wait(ctx context.Context, see func(*wire.Message)) error {
	replied, idle := false, false
	_, err := k.Until(ctx, func(m *wire.Message) bool {
		if see != nil {
			see(m)
		}
		replied = replied || m.Channel == wire.Shell || m.Channel == wire.Control
		idle = idle || m.Channel == wire.IOPub && isIdle(m)
		return replied && idle
	})
	return err
}

func isIdle(m *wire.Message) bool {
	var content struct {
		State string `json:"execution_state"`
	}
	return m.Header.MsgType == "status" && json.Unmarshal(m.Content, &content) == nil && content.State == "idle"
}
