package assist

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"sync"
)

// conn is one end of a JSON-RPC connection in LSP's framing. It answers no requests but those that
// handle answers.
type conn struct {
	handle func(method string, params json.RawMessage) any // answers the server's requests

	mu      sync.Mutex // guards what follows, and writing
	w       io.Writer
	next    int
	pending map[string]chan<- response
	err     error // why the connection is over

	done chan struct{} // closed with err set
}

type response struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func newConn(r io.Reader, w io.Writer, handle func(string, json.RawMessage) any) *conn {
	c := &conn{handle: handle, w: w, pending: map[string]chan<- response{}, done: make(chan struct{})}
	go c.read(bufio.NewReader(r))
	return c
}

// read delivers messages until the stream ends.
func (c *conn) read(r *bufio.Reader) {
	for {
		body, err := readFrame(r)
		if err != nil {
			c.fail(fmt.Errorf("gopls has ended: %w", err))
			return
		}
		var m struct {
			response
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
		}
		if err := json.Unmarshal(body, &m); err != nil {
			c.fail(fmt.Errorf("gopls sent no JSON: %w", err))
			return
		}
		switch {
		case m.Method != "" && m.ID != nil:
			c.send(map[string]any{"id": m.ID, "result": c.handle(m.Method, m.Params)})
		case m.Method == "":
			c.mu.Lock()
			if wait := c.pending[string(m.ID)]; wait != nil {
				delete(c.pending, string(m.ID))
				wait <- m.response
			}
			c.mu.Unlock()
		}
	}
}

// maxFrame bounds a message: a broken length must not take all memory.
const maxFrame = 64 << 20

func readFrame(r *bufio.Reader) ([]byte, error) {
	header, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || n < 0 || n > maxFrame {
		return nil, fmt.Errorf("a message has length %q", header.Get("Content-Length"))
	}
	body := make([]byte, n)
	_, err = io.ReadFull(r, body)
	return body, err
}

func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.done)
	}
}

func (c *conn) send(m map[string]any) error {
	m["jsonrpc"] = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	_, err = fmt.Fprintf(c.w, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return err
}

func (c *conn) notify(method string, params any) error {
	return c.send(map[string]any{"method": method, "params": params})
}

// start sends a request; its result is waited for with the function returned. The two are apart so that
// a request can be sent in a fixed order with notifications, and waited for without holding others up.
func (c *conn) start(method string, params any) (wait func(ctx context.Context, result any) error) {
	c.mu.Lock()
	c.next++
	id := strconv.Itoa(c.next)
	reply := make(chan response, 1)
	c.pending[id] = reply
	c.mu.Unlock()
	err := c.send(map[string]any{"id": json.RawMessage(id), "method": method, "params": params})
	return func(ctx context.Context, result any) error {
		if err != nil {
			return err
		}
		select {
		case r := <-reply:
			if r.Error != nil {
				return errors.New(method + ": " + r.Error.Message)
			}
			return json.Unmarshal(r.Result, result)
		case <-c.done:
			return c.err
		case <-ctx.Done():
			c.mu.Lock()
			delete(c.pending, id)
			c.mu.Unlock()
			c.notify("$/cancelRequest", map[string]any{"id": json.RawMessage(id)})
			return ctx.Err()
		}
	}
}
