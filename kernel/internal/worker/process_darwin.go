package worker

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processAttributes put the worker into a process group of its own, out of reach of a terminal's Ctrl-C. It ends with
// the kernel when its request pipe closes.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// cpuTime returns the processor time a process has used; 0 if that cannot be told.
func cpuTime(pid int) time.Duration {
	out, err := exec.Command("ps", "-o", "time=", "-p", fmt.Sprint(pid)).Output()
	if err != nil {
		return 0
	}
	var minutes int
	var seconds float64
	fmt.Sscanf(strings.TrimSpace(string(out)), "%d:%f", &minutes, &seconds)
	return time.Duration(minutes)*time.Minute + time.Duration(seconds*float64(time.Second))
}

// machineMemory returns the bytes of memory that this machine has.
func machineMemory() int64 {
	bytes, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(bytes)
}

// usedMemory returns the bytes of memory that a process has; 0 if that cannot be told.
func usedMemory(pid int) int64 {
	out, err := exec.Command("ps", "-o", "rss=", "-p", fmt.Sprint(pid)).Output()
	if err != nil {
		return 0
	}
	var kb int64
	fmt.Sscan(string(out), &kb)
	return kb << 10
}
