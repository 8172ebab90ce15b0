// Command worker is the process that a notebook's cells run in. It opens each cell as a Go plugin, so that values stay,
// runs it in a goroutine of its own, and reports figures, panics and the end of the cell to the kernel. It knows nothing
// of Jupyter and nothing of Go's syntax; the protocol is that of package kernel/internal/worker.
//
// The kernel builds it in the notebook's own module, since the Go runtime asks that it and the plugins hold the very
// same packages.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"plugin"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/celltest"
	"github.com/gosaddle/saddle/kernel/internal/live"
	"github.com/gosaddle/saddle/kernel/internal/plain"
	"github.com/gosaddle/saddle/kernel/internal/worker"
	"github.com/gosaddle/saddle/kernel/worker/show"
)

// The kernel hands over two pipes beside the standard ones.
const (
	requestFD = 3
	eventFD   = 4
)

// events writes to the kernel.
var events = struct {
	sync.Mutex
	enc  *json.Encoder
	acks chan struct{}
	ack  sync.Mutex // one acknowledged event at a time
}{acks: make(chan struct{}, 1)}

func send(ev worker.Event) {
	if ev.Ack {
		events.ack.Lock()
		defer events.ack.Unlock()
	}
	events.Lock()
	err := events.enc.Encode(ev)
	events.Unlock()
	if err != nil {
		os.Exit(1) // the kernel is gone
	}
	if ev.Ack {
		<-events.acks
	}
}

func main() {
	limitMemory()
	debug.SetMaxStack(256 << 20)
	debug.SetTraceback("single")
	syscall.CloseOnExec(requestFD)
	syscall.CloseOnExec(eventFD)
	events.enc = json.NewEncoder(os.NewFile(eventFD, "events"))
	connectGonbui()
	setUpFlags()
	openStdin()

	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // the kernel says which run it means; the signal alone ends nothing
	run := runner{place: here()}
	live.OnShow = run.show
	live.OnFlag = newFlag
	live.OnClear = func(wait bool) { send(worker.Event{Kind: "clear", Ack: true, Wait: wait}) }
	send(worker.Event{Kind: "ready", Protocol: worker.Protocol})
	in := bufio.NewReaderSize(os.NewFile(requestFD, "requests"), 1<<16)
	dec := json.NewDecoder(in)
	for {
		var req worker.Request
		if err := dec.Decode(&req); err != nil {
			os.Exit(0) // the kernel is gone: no orphans
		}
		switch req.Op {
		case "ack":
			events.acks <- struct{}{}
		case "run":
			run.start(req)
		case "interrupt":
			run.interrupt(req.Number)
		case "abandon":
			run.abandon(req.Number)
		case "text":
			go func() { send(worker.Event{Kind: "text", Vars: describe(req.Names)}) }()
		case "remove":
			for _, name := range req.Names {
				live.Remove(name)
			}
		case "chdir":
			if err := os.Chdir(req.Dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			run.told()
		case "setenv":
			for _, kv := range req.Env {
				name, value, _ := strings.Cut(kv, "=")
				os.Setenv(name, value)
			}
			run.told()
		case "comm":
			deliverComm(*req.Comm)
		case "synced":
			synced(req.Number)
		case "tables":
			go openTables(req.Tables) // where that fails, the cell that needs them will tell
		case "exit":
			os.Exit(0)
		}
	}
}

// runner runs one cell at a time.
type runner struct {
	mu      sync.Mutex
	run     *live.Run
	number  int // of the run, as the kernel counts them
	stop    int // the last run that was to be interrupted
	cell    string
	failure *worker.Failure // set by the last expression's value
	tests   []string        // flags with which to run the tests that are the last expression's value; nil: show it
	place   place           // what the kernel knows of the process
	over    *sync.Once      // sends the outcome of the cell, once
	machine *plain.Machine  // evaluates the cell, if it is a plain one
}

// start runs a cell in a goroutine of its own. The main goroutine stays free for interrupts and questions.
func (r *runner) start(req worker.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.number, r.cell, r.failure, r.over, r.machine = req.Number, req.Cell, nil, new(sync.Once), nil
	over, run := r.over, live.Start(req.Cell)
	r.run = run
	r.tests = req.Tests
	setArgs(req.Args)
	enterCell(req.Number, req.ID)
	setStdin(!req.NoInput)
	if r.stop == req.Number { // the interrupt was quicker
		run.Interrupt()
		wakeStdin()
	}
	go func() {
		run.Enter()
		finished := false
		defer func() {
			var failure *worker.Failure
			switch v := recover(); {
			case v == flag.ErrHelp: // asked for, and given
			case v != nil:
				failure = &worker.Failure{Kind: "panic", Message: panicText(v), Frames: frames(r.evaluating())}
			case finished:
				r.mu.Lock()
				failure = r.failure
				r.mu.Unlock()
			case run.Interrupted():
				failure = &worker.Failure{Kind: "interrupted", Message: "the cell was interrupted; all values are kept"}
			default:
				failure = &worker.Failure{Kind: "error", Message: "the cell called runtime.Goexit"}
			}
			r.end(over, run, failure)
		}()
		if req.Plugin != "" {
			if _, err := plugin.Open(req.Plugin); err != nil {
				r.mu.Lock()
				r.failure = &worker.Failure{Kind: "load", Message: err.Error()}
				r.mu.Unlock()
				finished = true
				return
			}
			os.Remove(req.Plugin) // it is mapped; the disk gets its room back when the process ends
		}
		if len(req.Program) > 0 {
			m, err := prepare(req.Program)
			r.mu.Lock()
			if err != nil {
				r.failure = &worker.Failure{Kind: "refused", Message: err.Error()}
			}
			r.machine = m
			r.mu.Unlock()
			if err != nil {
				finished = true
				return
			}
			m.Run()
			if run.Interrupted() {
				return
			}
			r.checkDeclared()
			finished = true
			return
		}
		body := live.Cell(req.Unit)
		if req.Unit == "" { // declarations only
		} else if body == nil {
			r.mu.Lock()
			r.failure = &worker.Failure{Kind: "load", Message: "the plugin did not register " + req.Unit}
			r.mu.Unlock()
		} else {
			body()
			if run.Interrupted() { // a library stopped by itself, and the cell was at its end
				return
			}
			r.checkDeclared()
		}
		finished = true
	}()
}

// end reports the end of the cell; only the first call for a cell counts.
func (r *runner) end(over *sync.Once, run *live.Run, failure *worker.Failure) {
	over.Do(func() {
		run.End()
		if failure != nil {
			failure.Message = worker.Clean(failure.Message)
			if left, ok := strings.CutSuffix(failure.Message, " (types from different packages)"); ok && strings.Contains(left, " main.") {
				failure.Message = left + " as it is now: a cell has declared the type anew; run the cell again that made the value"
			}
		}
		outcome := &worker.Outcome{Declared: live.TakeDeclared(), Failure: failure}
		r.mu.Lock()
		outcome.Dir, outcome.Env = r.moved()
		r.mu.Unlock()
		send(worker.Event{Kind: "done", Outcome: outcome})
	})
}

// interrupt stops a run that has begun or is about to.
func (r *runner) interrupt(number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop = number
	if r.run != nil && r.number == number {
		r.run.Interrupt()
		wakeStdin()
	}
}

// abandon answers for a cell that an interrupt did not reach, if it waits inside a library: it is over for the notebook, and
// its goroutine stays behind. One that computes there goes on.
func (r *runner) abandon(number int) {
	r.mu.Lock()
	over, run, cell, machine, current := r.over, r.run, r.cell, r.machine, r.number == number
	r.mu.Unlock()
	if run == nil || !current {
		return
	}
	where, waits := waitingIn(cell, machine)
	if !waits {
		return
	}
	r.end(over, run, &worker.Failure{Kind: "abandoned",
		Message: "interrupted; the cell waits inside " + where + " and cannot be stopped there, so its goroutine is left behind. All values are kept"})
}

// evaluating returns what evaluates the present cell, nil if it is compiled.
func (r *runner) evaluating() *plain.Machine {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.machine
}

// waitingIn names the library function in which a cell's goroutine is, and tells whether it waits there.
func waitingIn(cell string, m *plain.Machine) (function string, waits bool) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for trace := range strings.SplitSeq(string(buf), "\n\n") {
		if !strings.Contains(trace, cell+":") && (m == nil || !strings.Contains(trace, plainPackage+"(*Machine).Run")) {
			continue
		}
		lines := strings.Split(trace, "\n")
		_, state, _ := strings.Cut(lines[0], "[") // goroutine 7 [chan receive]:
		waits = !strings.HasPrefix(state, "run") && !strings.HasPrefix(state, "GC") && !strings.HasPrefix(state, "preempted")
		last := ""
		for i := 1; i+1 < len(lines); i += 2 {
			if strings.HasPrefix(strings.TrimSpace(lines[i+1]), cell+":") {
				at, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " ")
				return fmt.Sprintf("%s (called at %s)", last, at), waits
			}
			if strings.HasPrefix(lines[i], plainPackage) {
				name, _, line := m.Position()
				return fmt.Sprintf("%s (called at %s:%d)", last, name, line), waits
			}
			if j := strings.LastIndexByte(lines[i], '('); j > 0 && !strings.HasPrefix(lines[i], "reflect.") {
				last = lines[i][:j]
			}
		}
	}
	return "a library", true
}

// show takes the results of the last expression: an error fails the cell, anything else is displayed.
func (r *runner) show(values []any, quiet bool) {
	if r.tests != nil && len(values) == 1 {
		if funcs, ok := values[0].([]any); ok {
			if err := celltest.Run(r.tests, funcs); err != nil {
				r.fail(&worker.Failure{Kind: "error", Message: err.Error()})
			}
			return
		}
	}
	if n := len(values); n > 0 {
		if err, ok := values[n-1].(error); ok && err != nil {
			r.fail(&worker.Failure{Kind: "error", Message: err.Error()})
			return
		}
		if n > 1 && values[n-1] == nil {
			values = values[:n-1] // a call's nil error
		}
	}
	if quiet {
		return
	}
	bundle, err := show.Bundle(values...)
	if err != nil {
		r.fail(&worker.Failure{Kind: "error", Message: err.Error()})
		return
	}
	if bundle != nil {
		send(worker.Event{Kind: "result", Ack: true, Display: &worker.Display{Data: bundle}})
	}
	if len(values) == 1 && values[0] != nil {
		if err := show.Err(values[0]); err != nil {
			fmt.Fprintln(os.Stderr, "not finished:", err) // else its figure would pass for the whole
		}
	}
}

func (r *runner) fail(f *worker.Failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failure = f
}

// checkDeclared fails a cell that declared a value which carries an error: data that could not be made, a network whose
// shapes do not fit.
func (r *runner) checkDeclared() {
	r.mu.Lock()
	failed := r.failure != nil
	r.mu.Unlock()
	if failed {
		return
	}
	for _, name := range live.PeekDeclared() {
		ptr, ok := live.Lookup(name)
		if !ok {
			continue
		}
		v := ptr.Elem()
		if !v.IsValid() || !v.CanInterface() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
			continue
		}
		if err := show.Err(v.Interface()); err != nil {
			r.fail(&worker.Failure{Kind: "error", Message: fmt.Sprintf("%s: %v", name, err)})
			return
		}
	}
}

// plainPackage begins the names of functions that evaluate plain cells.
const plainPackage = "github.com/gosaddle/saddle/kernel/internal/plain."

// prepare opens the tables that a plain cell needs and finds what it names.
func prepare(program []byte) (*plain.Machine, error) {
	var p plain.Program
	if err := json.Unmarshal(program, &p); err != nil {
		return nil, fmt.Errorf("reading a plain cell: %w", err)
	}
	if err := openTables(p.Tables); err != nil {
		return nil, err
	}
	return plain.Prepare(&p)
}

// openTables opens plugins of symbols, each once.
func openTables(files []string) error {
	for _, file := range files {
		if _, err := plugin.Open(file); err != nil {
			return fmt.Errorf("opening a table of symbols: %w", err)
		}
	}
	return nil
}

// panicText prints a panic's value as Go does.
func panicText(v any) (text string) {
	defer func() {
		if r := recover(); r != nil { // the value's own method panics
			text = fmt.Sprintf("a value of type %T, which cannot be printed: %v", v, r)
		}
	}()
	switch v := v.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case string:
		return v
	}
	return fmt.Sprintf("%T(%v)", v, v)
}

// frames returns the calls that led to a panic, the innermost first, down to the cell's own statements. Where m evaluates
// these, its place stands for its own calls.
func frames(m *plain.Machine) []worker.Frame {
	pcs := make([]uintptr, 200)
	pcs = pcs[:runtime.Callers(1, pcs)]
	iter := runtime.CallersFrames(pcs)
	var all []worker.Frame
	panicked := false
	for {
		f, more := iter.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
			all = nil
		case !panicked || strings.HasPrefix(f.Function, "runtime.") && len(all) == 0:
		case strings.HasPrefix(f.Function, "main.(*runner)"):
			return all
		case m != nil && strings.HasPrefix(f.Function, plainPackage):
			for len(all) > 0 && strings.HasPrefix(all[len(all)-1].Func, "reflect.") {
				all = all[:len(all)-1]
			}
			cell, fn, line := m.Position()
			return append(all, worker.Frame{Func: fn, File: cell, Line: line})
		case strings.HasPrefix(f.Function, "github.com/gosaddle/saddle/kernel/"), strings.Contains(f.File, "/kernel/internal/live/"), f.File == "saddle":
		default:
			file := f.File
			if rest, ok := strings.CutPrefix(file, goroot); ok { // the worker's own code has it spelled out
				file = "$GOROOT" + rest
			}
			all = append(all, worker.Frame{Func: worker.Clean(f.Function), File: file, Line: f.Line})
		}
		if !more {
			return all
		}
	}
}

// goroot is where the worker's own code of the standard library was compiled.
var goroot = func() string {
	f := runtime.FuncForPC(reflect.ValueOf(strings.Cut).Pointer())
	file, _ := f.FileLine(f.Entry())
	return strings.TrimSuffix(file, "/src/strings/strings.go")
}()

// describe renders variables for %who and for inspection.
func describe(names []string) []worker.Variable {
	if len(names) == 0 {
		names = live.Names()
	}
	var vars []worker.Variable
	for _, name := range names {
		ptr, ok := live.Lookup(name)
		if !ok {
			continue
		}
		v := worker.Variable{Name: name, Type: worker.Clean(ptr.Type().Elem().String()), Text: "(not shown while a cell is running)", Size: -1}
		// A running cell may be writing to what a value refers to, and Go ends a process that is caught reading a map then.
		if k := ptr.Elem().Kind(); !live.Running() || k >= reflect.Bool && k <= reflect.Float64 {
			v.Text, v.Size = worker.Clean(show.Brief(ptr.Elem(), 2*time.Second)), show.Size(ptr.Elem())
			v.Boxed = show.Boxed(ptr.Elem(), worker.UnitPrefix)
		}
		vars = append(vars, v)
	}
	return vars
}
