package worker

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
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
