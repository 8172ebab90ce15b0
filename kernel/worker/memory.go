package main

import (
	"os"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// limitMemory heeds the limit that the kernel gives. Near it the collector runs more often. One allocation that is far
// too large fails with a traceback; the kernel, which watches, ends a process that grows beyond the limit step by step.
func limitMemory() {
	limit, err := strconv.ParseInt(os.Getenv(worker.MemoryVariable), 10, 64)
	if err != nil || limit <= 0 {
		return
	}
	debug.SetMemoryLimit(limit / 10 * 9)
	const room = 1 << 30 // for the stacks of threads, and to let the kernel notice first
	var old syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_DATA, &old) != nil {
		return
	}
	// Only the soft limit: a program that a cell starts may raise its own again. Where it cannot be set there is still the kernel.
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: min(uint64(limit)+room, old.Max), Max: old.Max})
}
