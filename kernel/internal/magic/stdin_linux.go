package magic

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// readCalls are the numbers of the system calls in which a program waits for input: read, and the
// families of poll, select and epoll_wait.
var readCalls = map[string][]string{
	"amd64": {"0", "7", "23", "232", "270", "271", "281", "441"},
	"arm64": {"63", "22", "72", "73", "441"},
}

// readsPipe reports whether a process of the group waits for input on the pipe, and whether that can be
// known at all. Data that nobody has fetched yet means that nobody waits.
func readsPipe(group int, pipe *os.File) (waiting, known bool) {
	calls, ok := readCalls[runtime.GOARCH]
	if !ok {
		return false, false
	}
	var stat unix.Stat_t
	unread := 0
	conn, err := pipe.SyscallConn()
	if err != nil {
		return false, false
	}
	err = conn.Control(func(fd uintptr) {
		unix.Fstat(int(fd), &stat)
		unread, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	})
	if err != nil || unread > 0 {
		return false, err == nil
	}
	link := "pipe:[" + strconv.FormatUint(stat.Ino, 10) + "]"
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return false, false
	}
	for _, proc := range processes {
		pid, _ := strconv.Atoi(filepath.Base(proc))
		if pgid, err := unix.Getpgid(pid); err != nil || pgid != group {
			continue
		}
		if got, err := os.Readlink(proc + "/fd/0"); err != nil || got != link {
			continue
		}
		threads, _ := filepath.Glob(proc + "/task/*/syscall")
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err != nil {
				return false, os.IsNotExist(err) // not allowed to look: unknown; gone: look again
			}
			call := strings.Fields(string(text))
			if len(call) == 0 || !slices.Contains(calls, call[0]) {
				continue
			}
			if call[0] == calls[0] && (len(call) < 2 || call[1] != "0x0") {
				continue // reads something else
			}
			return true, true
		}
	}
	return false, true
}
