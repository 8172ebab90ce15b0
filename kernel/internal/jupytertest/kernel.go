package jupytertest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/client"
	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// binary is the saddle command that Main built.
var binary string

// Main is for TestMain of packages that start kernels: it builds the saddle command once, runs the tests
// and removes it.
func Main(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "saddle-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "saddle")
		build := exec.Command("go", "build", "-o", binary, paths.Module+"/kernel")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build saddle: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// Binary is the path of the saddle command that Main built.
func Binary() string { return binary }

// Kernel is a running saddle kernel process, with a client connected to it.
type Kernel struct {
	*Client
	Connection wire.Connection
	Process    *os.Process   // of the kernel
	Gone       chan struct{} // closed when the process has ended

	log *logBuffer
}

// Start starts a kernel and connects to it. The kernel's own files are in a folder that goes with the test;
// its caches are the user's, so that tests need not warm them. configure may change the command before it is
// started: its Env, its Dir.
func Start(t testing.TB, configure ...func(*exec.Cmd)) *Kernel {
	t.Helper()
	if binary == "" {
		t.Fatal("jupytertest: TestMain of this package must call jupytertest.Main")
	}
	source, err := paths.Source()
	if err != nil {
		t.Fatal(err)
	}
	dir, log := t.TempDir(), &logBuffer{}
	ctx, cancel := patience()
	defer cancel()
	k, err := client.Launch(ctx, binary, func(cmd *exec.Cmd) {
		cmd.Dir = dir
		cmd.Env = append(cmd.Env, "SADDLE_DATA="+filepath.Join(dir, "data"), "SADDLE_SOURCE="+source)
		cmd.Stdout, cmd.Stderr = log, log
		cmd.WaitDelay = 10 * time.Second // a process that outlives the kernel holds its stderr: do not wait for it for ever
		for _, c := range configure {
			c(cmd)
		}
	})
	if err != nil {
		t.Fatalf("%v\n--- the kernel's log\n%s", err, log)
	}
	t.Cleanup(func() {
		if err := k.Stop(Patience); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("--- the kernel's log\n%s", log)
		}
	})
	return &Kernel{Client: &Client{t: t, c: k.Client}, Connection: k.Connection, Process: k.Process, Gone: k.Gone, log: log}
}

// AwaitLog waits until the kernel has written the given words to its stderr.
func (k *Kernel) AwaitLog(words string) {
	k.t.Helper()
	for end := time.After(Patience); ; {
		text, more := k.log.now()
		if strings.Contains(text, words) {
			return
		}
		select {
		case <-more:
		case <-end:
			k.t.Fatalf("the log does not say %q:\n%s", words, text)
		}
	}
}

// WaitGone waits until the process has ended.
func (k *Kernel) WaitGone() error {
	select {
	case <-k.Gone:
		return nil
	case <-time.After(Patience):
		return errors.New("the kernel did not end")
	}
}

// logBuffer is a buffer that may be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{} // closed, and forgotten, with the next write; nil: nobody waits
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.b.Write(p)
}

// now returns what was written so far, and what is closed when there is more.
func (l *logBuffer) now() (text string, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.b.String(), l.more
}

func (l *logBuffer) String() string {
	text, _ := l.now()
	return text
}
