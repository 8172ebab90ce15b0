package server

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gosaddle/saddle/kernel/internal/session"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

const (
	// A front end draws each stream message anew, and Jupyter servers cut off kernels that send too many:
	// text that comes in quick succession is sent together.
	streamPause = 40 * time.Millisecond
	streamSize  = 256 << 10 // bytes sent without waiting

	// streamLimit bounds the text of one cell, in bytes: a notebook that holds more cannot be opened again.
	streamLimit = 16 << 20
)

// output publishes a cell's output under its execute_request. It implements session.Output. It stays usable
// when the cell is done, for what a goroutine prints later.
type output struct {
	server  *Server
	request *wire.Message
	number  int
	silent  bool
	stdin   bool

	interrupted context.Context // ends when the cell is interrupted or done

	mu      sync.Mutex
	name    string // stream of pending
	pending []byte
	timer   *time.Timer // runs while there is something pending, and a pause after
	partial map[string][]byte
	sent    int // bytes of streams, to know when it is too much
	text    string
	hasText bool
	payload []any
}

var _ session.Output = (*output)(nil)

func newOutput(s *Server, m *wire.Message, number int, r *executeRequest) *output {
	return &output{server: s, request: m, number: number, silent: r.Silent, stdin: r.AllowStdin,
		interrupted: s.ctx, partial: map[string][]byte{}, payload: []any{}}
}

// Stream implements session.Output. A character cut in two by the caller's buffers arrives whole.
func (o *output) Stream(name, text string) {
	if o.silent || text == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent > streamLimit {
		return
	}
	if o.sent += len(text); o.sent > streamLimit {
		note := fmt.Sprintf("\n[saddle: this cell printed more than %d MB; the rest is not shown]\n", streamLimit>>20)
		text = text[:len(text)-(o.sent-streamLimit)] + note
	}
	if o.name != name {
		o.sendPending()
		o.name = name
	}
	o.pending = append(o.pending, o.partial[name]...)
	o.pending = append(o.pending, text...)
	cut := len(o.pending) - incomplete(o.pending)
	o.partial[name] = append([]byte(nil), o.pending[cut:]...)
	o.pending = o.pending[:cut]
	switch {
	case len(o.pending) >= streamSize:
		o.sendPending()
	case o.timer == nil: // nothing was sent for a while: this goes at once
		o.sendPending()
		o.timer = time.AfterFunc(streamPause, o.pauseOver)
	}
}

// pauseOver sends what came during the pause, and starts the next one if there was something.
func (o *output) pauseOver() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending) == 0 {
		o.timer = nil
		return
	}
	o.sendPending()
	o.timer = time.AfterFunc(streamPause, o.pauseOver)
}

// incomplete is the length of the unfinished character at the end of b; 0 when there is none.
func incomplete(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// sendPending publishes what was held back, with o.mu held. Bytes that are not UTF-8 become U+FFFD.
func (o *output) sendPending() {
	if len(o.pending) == 0 {
		return
	}
	text := strings.ToValidUTF8(string(o.pending), "\uFFFD")
	o.pending = o.pending[:0]
	o.server.publish(o.request, "stream", map[string]string{"name": o.name, "text": text})
}

// flush sends all text there is, unfinished characters too: the cell is done.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sendPending()
	for _, name := range []string{"stdout", "stderr"} {
		o.name, o.pending = name, append(o.pending, o.partial[name]...)
		delete(o.partial, name)
		o.sendPending()
	}
}

// after publishes a message behind the text that was printed before it.
func (o *output) after(msgType string, content any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sendPending()
	o.server.publish(o.request, msgType, content)
}

// Display implements session.Output.
func (o *output) Display(d session.Display) {
	if o.silent {
		return
	}
	msgType := "display_data"
	if d.Update {
		msgType = "update_display_data"
	}
	o.after(msgType, bundle(d))
}

// Result implements session.Output.
func (o *output) Result(d session.Display) {
	text, ok := d.Data["text/plain"].(string)
	o.mu.Lock()
	o.text, o.hasText = text, ok
	o.mu.Unlock()
	if o.silent {
		return
	}
	content := bundle(d)
	content["execution_count"] = o.number
	o.after("execute_result", content)
}

// Clear implements session.Output.
func (o *output) Clear(wait bool) {
	if !o.silent {
		o.after("clear_output", map[string]any{"wait": wait})
	}
}

// Comm implements session.Output.
func (o *output) Comm(msgType string, content map[string]any) {
	o.server.noteComm(msgType, content)
	o.after(msgType, content)
}

// Page implements session.Output. The pager's text travels in the reply, so it comes at the cell's end.
func (o *output) Page(d session.Display) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.payload = append(o.payload, map[string]any{"source": "page", "data": orEmpty(d.Data), "start": 0})
}

func (o *output) pages() []any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.payload
}

// resultText is the cell's result as text, if it had one.
func (o *output) resultText() (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text, o.hasText
}

// bundle is a Display as the protocol has it.
func bundle(d session.Display) map[string]any {
	content := map[string]any{"data": orEmpty(d.Data), "metadata": orEmpty(d.Metadata)}
	if d.ID != "" {
		content["transient"] = map[string]any{"display_id": d.ID}
	}
	return content
}

// orEmpty is m, or an empty map for nil, which JSON would show as null.
func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
