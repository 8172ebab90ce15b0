package live

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A cell and all goroutines it starts carry the cell's Run as their profiler label, which Go hands down from goroutine
// to goroutine: that is how an interrupt finds those of the running cell and leaves those of earlier cells alone.

// Run is one run of a cell.
type Run struct {
	labels []struct{ key, value string } // first, and laid out as the profiler's label set: it may read it
	done   chan struct{}                 // closed by Interrupt
	once   sync.Once
}

var (
	stopping atomic.Uint32 // not 0 while an interrupted cell is being stopped; cells read it in every loop
	current  atomic.Pointer[Run]
)

//go:linkname setLabel runtime/pprof.runtime_setProfLabel
func setLabel(unsafe.Pointer)

//go:linkname getLabel runtime/pprof.runtime_getProfLabel
func getLabel() unsafe.Pointer

// Start begins the run of a cell, which goes on in the goroutine that calls Enter.
func Start(cell string) *Run {
	r := &Run{labels: []struct{ key, value string }{{"cell", cell}}, done: make(chan struct{})}
	current.Store(r)
	return r
}

// Enter makes the calling goroutine the one that runs the cell.
func (r *Run) Enter() { setLabel(unsafe.Pointer(r)) }

// Interrupt stops the run: its loops, sleeps and waits end at once.
func (r *Run) Interrupt() {
	r.once.Do(func() {
		close(r.done)
		if current.Load() == r { // else it has ended, and nothing would reset the flag
			stopping.Store(1)
		}
	})
}

// Interrupted tells whether Interrupt was called.
func (r *Run) Interrupted() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// End says that the cell is over: loops of goroutines left behind run on undisturbed.
func (r *Run) End() {
	stopping.Store(0)
	current.CompareAndSwap(r, nil)
}

// Running tells whether a cell is running.
func Running() bool { return current.Load() != nil }

// Check is called in every loop and at the entry of every function of a cell.
func Check() {
	if stopping.Load() != 0 {
		halt()
	}
}

func halt() {
	if r := current.Load(); r != nil && getLabel() == unsafe.Pointer(r) && r.Interrupted() {
		Halt()
	}
}

// Halt ends the calling goroutine of an interrupted cell. Deferred calls run; recover does not see it.
func Halt() { runtime.Goexit() }

// Done returns a channel that is closed when the calling goroutine's cell is interrupted; it is nil, and blocks for
// ever, in goroutines of earlier cells.
func Done() <-chan struct{} {
	if r := current.Load(); r != nil && getLabel() == unsafe.Pointer(r) {
		return r.done
	}
	return nil
}

// Sleep is time.Sleep that an interrupt ends.
func Sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-Done():
		Halt()
	}
}

// Recv is <-ch.
func Recv[T any](ch <-chan T) T {
	v, _ := Recv2(ch)
	return v
}

// Recv2 is v, ok := <-ch.
func Recv2[T any](ch <-chan T) (T, bool) {
	select {
	case v, ok := <-ch:
		return v, ok
	default:
	}
	select {
	case v, ok := <-ch:
		return v, ok
	case <-Done():
		Halt()
	}
	panic("unreachable")
}

// Send(ch)(v) is ch <- v.
func Send[T any](ch chan<- T) func(T) {
	return func(v T) {
		select {
		case ch <- v:
			return
		default:
		}
		select {
		case ch <- v:
		case <-Done():
			Halt()
		}
	}
}

// Range is what `for v := range ch` ranges over.
func Range[T any](ch <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			v, ok := Recv2(ch)
			if !ok || !yield(v) {
				return
			}
		}
	}
}

// Wait calls a function of package sync that may block: WaitGroup.Wait, Cond.Wait, Mutex.Lock.
func Wait(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-Done():
		Halt()
	}
}

// Lock calls lock unless try, its trying sibling, has got it at once.
func Lock(try func() bool, lock func()) {
	if !try() {
		Wait(lock)
	}
}
