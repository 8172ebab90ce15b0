package worker

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processAttributes put the worker into a process group of its own, out of reach of a terminal's Ctrl-C, and have it
// die with the kernel.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// cpuTime returns the processor time a process has used; 0 if that cannot be told.
func cpuTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the command's name may hold spaces
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	var user, system int64
	fmt.Sscan(f[11], &user)
	fmt.Sscan(f[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond // ticks of 1/100 s
}

// machineMemory returns the bytes of memory that this machine has, or the control group the kernel runs in.
func machineMemory() int64 {
	memory := status("/proc/meminfo", "MemTotal:")
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit > 0 {
			memory = min(memory, limit)
		}
	}
	return memory
}

// usedMemory returns the bytes that a process has for itself; 0 if that cannot be told. Pages of files are not counted:
// the system takes them back when it needs them.
func usedMemory(pid int) int64 {
	file := fmt.Sprintf("/proc/%d/status", pid)
	return status(file, "RssAnon:") + status(file, "RssShmem:") + status(file, "VmSwap:")
}

// status returns a line of a file in /proc that counts kB, in bytes.
func status(file, name string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), name)
	var kb int64
	fmt.Sscan(rest, &kb)
	return kb << 10
}
