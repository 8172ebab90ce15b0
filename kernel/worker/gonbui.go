package main

import (
	"encoding/base64"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	_ "unsafe" // for linkname

	"github.com/go-logr/logr"
	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"k8s.io/klog/v2"

	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// gonbui sends gob messages through pipes named in the environment. Here both ends are this process: its encoder writes
// into a decoder of ours, which sends each figure to the kernel and lets gonbui go on when it has arrived. So a figure
// keeps its place among what is printed, and the one mistake that closes gonbui's pipes for good, a type unknown to gob,
// can be undone: its state is private, and is reached by name.

//go:linkname gonbuiWriter github.com/janpfeifer/gonb/gonbui.gonbWriterPipe
var gonbuiWriter *os.File

//go:linkname gonbuiReader github.com/janpfeifer/gonb/gonbui.gonbReaderPipe
var gonbuiReader *os.File

//go:linkname gonbuiError github.com/janpfeifer/gonb/gonbui.gonbPipesError
var gonbuiError error

//go:linkname gonbuiEncoder github.com/janpfeifer/gonb/gonbui.gonbEncoder
var gonbuiEncoder *gob.Encoder

//go:linkname gonbuiDecoder github.com/janpfeifer/gonb/gonbui.gonbDecoder
var gonbuiDecoder *gob.Decoder

//go:linkname pollReader github.com/janpfeifer/gonb/gonbui.pollReaderPipe
func pollReader()

// back writes to gonbui: values of widgets, acknowledgements of Sync.
var back struct {
	sync.Mutex
	enc *gob.Encoder
}

func connectGonbui() {
	gonbui.IsNotebook = true
	klog.SetLogger(logr.New(gonbuiLog{}))
	openGonbui()
}

// openGonbui gives gonbui open pipes. gonbui's lock is held, or nothing uses it yet.
func openGonbui() {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		null.Close()
		return
	}
	gonbuiWriter, gonbuiReader, gonbuiError = null, r, nil
	gonbuiEncoder, gonbuiDecoder = gob.NewEncoder(newGobSink()), gob.NewDecoder(r)
	back.Lock()
	back.enc = gob.NewEncoder(w)
	back.Unlock()
	go pollReader()
}

// gonbuiLog receives gonbui's log. gonbui logs just after it has closed its pipes on an error, its lock still held: the
// one moment to mend it.
type gonbuiLog struct{}

func (gonbuiLog) Init(logr.RuntimeInfo)                 {}
func (gonbuiLog) Enabled(level int) bool                { return level <= 0 }
func (gonbuiLog) Info(level int, msg string, kv ...any) { fmt.Fprintln(os.Stderr, msg) }
func (l gonbuiLog) WithValues(kv ...any) logr.LogSink   { return l }
func (l gonbuiLog) WithName(name string) logr.LogSink   { return l }
func (gonbuiLog) Error(err error, msg string, kv ...any) {
	if gonbuiError == nil {
		fmt.Fprintln(os.Stderr, msg)
		return
	}
	cause := errors.Unwrap(gonbuiError)
	for next := errors.Unwrap(cause); next != nil; next = errors.Unwrap(cause) {
		cause = next
	}
	if cause == nil {
		cause = gonbuiError
	}
	fmt.Fprintf(os.Stderr, "gonbui could not send a figure: %v. Figures take strings, bytes and gob's registered types.\n", cause)
	openGonbui()
}

// gobSink joins gonbui's encoder and our decoder. Write returns when the decoder wants more than it was given: then
// whatever was whole has been delivered.
type gobSink struct {
	mu     sync.Mutex
	cond   *sync.Cond
	buf    []byte
	hungry bool // the decoder waits in Read
	closed bool
}

func newGobSink() *gobSink {
	s := &gobSink{}
	s.cond = sync.NewCond(&s.mu)
	go s.decode()
	return s
}

func (s *gobSink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf, s.hungry = append(s.buf, b...), false
	s.cond.Broadcast()
	for !s.hungry && !s.closed {
		s.cond.Wait()
	}
	return len(b), nil
}

func (s *gobSink) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.buf) == 0 {
		s.hungry = true
		s.cond.Broadcast()
		s.cond.Wait()
	}
	n := copy(b, s.buf)
	s.buf = s.buf[n:]
	return n, nil
}

func (s *gobSink) decode() {
	dec := gob.NewDecoder(s)
	for {
		var d protocol.DisplayData
		if err := dec.Decode(&d); err != nil {
			fmt.Fprintln(os.Stderr, "a figure sent through gonbui could not be read:", err)
			s.mu.Lock()
			s.closed = true
			s.cond.Broadcast()
			s.mu.Unlock()
			return
		}
		deliver(&d)
	}
}

// deliver sends what gonbui was given to the kernel.
func deliver(d *protocol.DisplayData) {
	out := worker.Display{Data: map[string]any{}, Metadata: d.Metadata, ID: d.DisplayID}
	for mime, value := range d.Data {
		switch v := value.(type) {
		case *protocol.InputRequest:
			send(worker.Event{Kind: "input", Prompt: v.Prompt, Password: v.Password})
		case protocol.InputRequest:
			send(worker.Event{Kind: "input", Prompt: v.Prompt, Password: v.Password})
		case *protocol.CommValue:
			commValue(*v)
		case protocol.CommValue:
			commValue(v)
		case *protocol.CommSubscription:
			subscription(*v)
		case protocol.CommSubscription:
			subscription(v)
		case []byte:
			if mime == protocol.MIMEImageSVG {
				out.Data[string(mime)] = string(v)
			} else {
				out.Data[string(mime)] = base64.StdEncoding.EncodeToString(v)
			}
		default:
			out.Data[string(mime)] = v
		}
	}
	if len(out.Data) == 0 {
		return
	}
	kind := "display"
	if strings.HasPrefix(out.ID, scriptID) {
		kind = "script"
	}
	if out.ID != "" {
		locate(&out)
	}
	send(worker.Event{Kind: kind, Ack: true, Display: &out})
}

// scriptID begins the display id of the place in which package dom runs its scripts. It shows one, and after a Sync it erases it:
// the kernel answers when the page has run it.
const scriptID = "gonb_transient_js_"

// showing is where something is shown.
type showing struct {
	run  int
	cell string // "" where the front end does not say
}

// displayed knows where the display ids were used.
var displayed = struct {
	sync.Mutex
	now showing
	ids map[string]showing
}{ids: map[string]showing{}}

// enterCell notes which cell runs.
func enterCell(run int, cell string) {
	displayed.Lock()
	defer displayed.Unlock()
	displayed.now = showing{run, cell}
}

// locate gives d the id under which it is shown, and finds whether that updates what is shown already. The first use of an id
// shows, and so does its first use when the cell that showed it runs again: a front end has cleared that away.
//
// Each run has a place of its own for the scripts of package dom, which has one id for the life of the process: an earlier
// cell's may be cleared away, or never have been in this page; and where it is, an update of both would run a script twice.
func locate(d *worker.Display) {
	displayed.Lock()
	defer displayed.Unlock()
	now := displayed.now
	if strings.HasPrefix(d.ID, scriptID) {
		d.ID = fmt.Sprintf("%s_%d", d.ID, now.run)
	}
	shown, known := displayed.ids[d.ID]
	d.Update = known && (shown.run == now.run || shown.cell != now.cell || now.cell == "")
	if !d.Update {
		displayed.ids[d.ID] = now
	}
}

func commValue(v protocol.CommValue) {
	if v.Address == protocol.GonbuiSyncAddress {
		number, _ := v.Value.(int)
		send(worker.Event{Kind: "sync", Number: number})
		return
	}
	send(worker.Event{Kind: "comm", Comm: &worker.Comm{Address: v.Address, Request: v.Request, Value: v.Value}})
}

// subscribed are the addresses whose values cells wait for. gonbui must not be given any other: it would stand still.
var subscribed = struct {
	sync.Mutex
	addresses map[string]bool
}{addresses: map[string]bool{}}

func subscription(v protocol.CommSubscription) {
	subscribed.Lock()
	defer subscribed.Unlock()
	if v.Unsubscribe {
		delete(subscribed.addresses, v.Address)
		return
	}
	subscribed.addresses[v.Address] = true
	send(worker.Event{Kind: "comm", Comm: &worker.Comm{Address: v.Address, Subscribe: true}})
}

// synced ends a Sync.
func synced(number int) {
	answer(protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: number})
}

// answer sends a value to gonbui.
func answer(v protocol.CommValue) {
	back.Lock()
	defer back.Unlock()
	if err := back.enc.Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "a widget's value did not reach gonbui:", err)
	}
}

// deliverComm passes a value from the page on to gonbui's comms.
func deliverComm(c worker.Comm) {
	subscribed.Lock()
	wanted := subscribed.addresses[c.Address]
	subscribed.Unlock()
	if wanted {
		answer(protocol.CommValue{Address: c.Address, Value: c.Value})
	}
}
