package live

import (
	"runtime"
	"strconv"
	"strings"
)

// Test makes a test's function fit for a process that outlives it: a panic fails the test and does not end the process, and
// neither does an interrupt. T is *testing.T or *testing.B.
func Test[T interface {
	Errorf(format string, args ...any)
	FailNow()
}](f func(T)) func(T) {
	return func(t T) {
		returned := false
		defer func() {
			if v := recover(); v != nil {
				t.Errorf("panic: %v%s", v, cellLines())
			} else if r := current.Load(); !returned && r != nil && r.Interrupted() {
				t.FailNow() // package testing panics at any other end of a test's goroutine
			}
		}()
		f(t)
		returned = true
	}
}

// cellLines are the lines of cells that a panic came through, the innermost first.
func cellLines() string {
	pcs := make([]uintptr, 100)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var b strings.Builder
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.File, "Cell[") {
			b.WriteString("\n    at " + f.File + ":" + strconv.Itoa(f.Line))
		}
		if !more {
			return b.String()
		}
	}
}
