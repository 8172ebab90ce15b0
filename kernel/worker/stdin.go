package main

import (
	"os"
	"syscall"
	"time"
)

// openStdin makes os.Stdin a file whose reads can be ended: else a goroutine that waits for input would outlive its
// interrupted cell and take what is meant for the next.
func openStdin() {
	if syscall.SetNonblock(0, true) == nil {
		os.Stdin = os.NewFile(0, "input")
	}
}

// setStdin says whether the cell that begins may read: there may be nobody to ask.
func setStdin(open bool) {
	if open {
		os.Stdin.SetReadDeadline(time.Time{})
	} else {
		wakeStdin()
	}
}

// wakeStdin ends all reads, now and until the next cell begins.
func wakeStdin() { os.Stdin.SetReadDeadline(time.Unix(1, 0)) }
