package magic

import (
	"context"
	"os"
	"time"
)

const (
	// stdinPoll is how often a command is looked at: does it read its input?
	stdinPoll = 20 * time.Millisecond
	// stdinGuess is how long a command runs before it is taken to read, where that cannot be seen.
	stdinGuess = 300 * time.Millisecond
)

// waitForReader waits until a process of the group waits for data of the pipe whose writing end is
// stdin. It reports false when the context ends first.
//
// Asking the user only then has a reason: a question still open when the command ends would
// have to be answered by the user nevertheless.
func waitForReader(ctx context.Context, group int, stdin *os.File) bool {
	ticker := time.NewTicker(stdinPoll)
	defer ticker.Stop()
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
		waiting, known := readsPipe(group, stdin)
		if waiting || !known && time.Since(start) >= stdinGuess {
			return true
		}
	}
}
