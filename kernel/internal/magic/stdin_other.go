//go:build !linux

package magic

import "os"

// readsPipe cannot be known here.
func readsPipe(int, *os.File) (waiting, known bool) { return false, false }
