package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

var (
	errNoInput     = errors.New("this front end cannot ask for input (it sent allow_stdin: false, as nbconvert and nbclient do); run the cell in JupyterLab, or read the value from a variable or a file")
	errInterrupted = fmt.Errorf("interrupted while waiting for input: %w", context.Canceled)
)

// asking is the question a cell waits to have answered; there is at most one.
type asking struct {
	one sync.Mutex // held by the cell that asks

	mu      sync.Mutex
	id      string      // message id of the question
	answers chan string // nil when nothing was asked
}

// Input implements session.Output: it asks the user of the front end that sent the cell.
func (o *output) Input(prompt string, password bool) (string, error) {
	if !o.stdin {
		return "", errNoInput
	}
	a := &o.server.asking
	a.one.Lock()
	defer a.one.Unlock()
	o.mu.Lock()
	o.sendPending() // the user sees what was printed before the question
	o.mu.Unlock()

	answers := make(chan string, 1)
	a.mu.Lock() // until the id is known: the answer may be quick
	id, err := o.server.sockets.Ask(o.interrupted, o.request, "input_request", map[string]any{"prompt": prompt, "password": password})
	if o.interrupted.Err() != nil {
		a.mu.Unlock()
		return "", errInterrupted
	}
	if err != nil {
		a.mu.Unlock()
		return "", fmt.Errorf("ask for input: %w", err)
	}
	a.id, a.answers = id, answers
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.answers = nil
		a.mu.Unlock()
	}()
	select {
	case answer := <-answers:
		return answer, nil
	case <-o.interrupted.Done():
		return "", errInterrupted
	}
}

// answer takes a message of the stdin channel. One to an earlier question, which an interrupt has ended, is
// dropped; front ends that do not say what they answer are believed.
func (a *asking) answer(m *wire.Message) {
	var content struct {
		Value string `json:"value"`
	}
	if m.Header.MsgType != "input_reply" || json.Unmarshal(m.Content, &content) != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answers == nil || m.Parent.MsgID != "" && m.Parent.MsgType == "input_request" && m.Parent.MsgID != a.id {
		return
	}
	select {
	case a.answers <- content.Value:
	default: // answered already
	}
}
