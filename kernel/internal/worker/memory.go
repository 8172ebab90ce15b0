package worker

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// MemoryVariable is the environment variable that bounds the worker's memory. The user sets it for the kernel, as in
// 2GB; the kernel sets it for the worker, in bytes.
const MemoryVariable = "SADDLE_MEMORY"

// MemoryLimit returns how many bytes a worker may use for a setting such as 2GB, 1.5GiB or 800MB. The empty setting is
// four fifths of what this machine, or the container, has; "off" is no limit: 0.
func MemoryLimit(setting string) (int64, error) {
	if setting == "off" {
		return 0, nil
	}
	if setting == "" {
		return machineMemory() / 5 * 4, nil
	}
	number := strings.TrimRightFunc(setting, func(r rune) bool { return !unicode.IsDigit(r) })
	unit, ok := units[strings.ToUpper(strings.TrimSpace(setting[len(number):]))]
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !ok || !(value*unit >= leastMemory && value*unit < 1<<62) {
		return 0, fmt.Errorf("%s=%s: write a size of at least %s such as 4GB, or off", MemoryVariable, setting, size(leastMemory))
	}
	return int64(value * unit), nil
}

var units = map[string]float64{"": 1, "B": 1, "K": 1 << 10, "KB": 1e3, "KIB": 1 << 10, "M": 1 << 20, "MB": 1e6, "MIB": 1 << 20,
	"G": 1 << 30, "GB": 1e9, "GIB": 1 << 30, "T": 1 << 40, "TB": 1e12, "TIB": 1 << 40}

const leastMemory = 100e6 // what a worker needs before the first cell, and then some

// size writes a number of bytes for people.
func size[T int64 | float64](bytes T) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}

// watchMemory ends the process when it uses more than it may. Go's own limit, which the worker sets, only makes the
// collector work harder; and where the system's memory is gone, the system ends what it likes, the kernel perhaps.
func (p *Process) watchMemory(pid int, limit int64) {
	pause := memoryPause
	for {
		select {
		case <-p.gone:
			return
		case <-time.After(pause):
		}
		used := usedMemory(pid)
		if used > limit {
			p.mu.Lock()
			p.reason = &Failure{Kind: "lost", Message: fmt.Sprintf("memory ran out: the worker process used %s, %s allows %s, so it was ended",
				size(used), MemoryVariable, size(limit))}
			p.mu.Unlock()
			p.Kill()
			return
		}
		// A cell that fills memory writes a few GB a second.
		pause = memoryPause
		if used > limit/2 {
			pause = memoryPause / 10
		}
	}
}

const memoryPause = 200 * time.Millisecond
