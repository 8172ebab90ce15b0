package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// Nothing hangs, nothing is lost silently: each of these does the harm to a real kernel. Others of the kind are in
// kernel_test.go (interrupts, the end of a kernel and of its parent, a cell of 10 MB).

// children returns the processes of a name that a process has started.
func children(t *testing.T, parent int, name string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		t.Skip("no /proc here to find the kernel's processes in")
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		head, rest, _ := strings.Cut(string(text), ") ")
		var state string
		var ppid, pid int
		fmt.Sscan(rest, &state, &ppid)
		fmt.Sscan(head, &pid)
		if ppid == parent && state != "Z" && strings.HasSuffix(head, "("+name) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// message is all that a failed cell says.
func message(r *jupytertest.Result) string { return r.Value + "\n" + strings.Join(r.Traceback, "\n") }

// compiled makes a cell of statements that no evaluator answers: the compiler and the linker have to.
func compiled(statements string) string { return "func() {\n" + statements + "\n}()" }

// TestWorkerLost: however the worker ends, the cell says so and names %restore, and %restore brings the values back.
func TestWorkerLost(t *testing.T) {
	k := jupytertest.Start(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "SADDLE_MEMORY=1GB") })
	k.MustRun("runs := 0\nwords := []string{\"a\"}\nfunc last() string { return words[len(words)-1] }")
	k.MustRun("words2 := append(words, \"b\")")
	k.MustRun("total := len(words2) * 10")
	restored := func(what string) {
		t.Helper()
		if r := k.MustRun("%restore\nfmt.Println(total, words2, last())"); !strings.HasSuffix(r.Stdout, "20 [a b] a\n") {
			t.Errorf("%s: restored to %q", what, r.Stdout)
		}
	}
	worker := func() int {
		t.Helper()
		pids := children(t, k.Process.Pid, "worker")
		if len(pids) != 1 {
			t.Fatalf("the kernel has the workers %v", pids)
		}
		return pids[0]
	}
	kill := func(pid int) {
		t.Helper()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}

	kill(worker())
	for deadline := time.Now().Add(jupytertest.Patience); len(children(t, k.Process.Pid, "worker")) > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // until it is gone: there is no event to wait for
	}
	if r := k.MustRun("1 + 1"); r.Text != "2" || !strings.Contains(r.Stderr, "lost") || !strings.Contains(r.Stderr, "%restore") {
		t.Errorf("killed while idle: the next cell says %q", r.Stderr)
	}
	if r := k.MustRun("2 + 2"); r.Stderr != "" {
		t.Errorf("the loss is told twice: %q", r.Stderr)
	}
	if r := k.Run("total"); r.Status != "error" || !strings.Contains(message(r), "%restore") {
		t.Errorf("a lost value is used: %s", message(r))
	}
	restored("killed while idle")

	cell := k.Start("fmt.Println(\"ready\")\nselect {}")
	cell.UntilOutput("ready")
	kill(worker())
	if r := cell.Wait(); r.Name != "WorkerLost" || !strings.Contains(message(r), "%restore") || !strings.Contains(message(r), "signal 9") {
		t.Errorf("killed while busy: %s: %s", r.Name, message(r))
	}
	restored("killed while busy")

	for _, c := range []struct{ name, code, says string }{
		{"memory, step by step", "var hog [][]byte\nfor {\n\thog = append(hog, bytes.Repeat([]byte{1}, 1<<20))\n}", "memory ran out"},
		{"memory, at once", "huge := make([]float64, 1<<34)\nfmt.Println(len(huge))", "memory ran out"},
		{"stack overflow", "type node struct{ next *node }\nfunc (n *node) depth() int { return n.next.depth() + 1 }\nring := &node{}\nring.next = ring\nring.depth()", "stack exceeds"},
		{"concurrent map writes", "m := map[int]int{}\nfor range 8 {\n\tgo func() {\n\t\tfor i := 0; ; i++ {\n\t\t\tm[i%10] = i\n\t\t}\n\t}()\n}\nselect {}", "concurrent map"},
	} {
		r := k.Run(c.code)
		if r.Name != "WorkerLost" || !strings.Contains(message(r), c.says) || !strings.Contains(message(r), "values are lost") || !strings.Contains(message(r), "%restore") {
			t.Errorf("%s: %s: %s", c.name, r.Name, message(r))
		}
		restored(c.name)
	}

	// A cell that ignores the interrupt, inside a library that never looks: from "ready" on, nothing of the cell's own runs.
	cell = k.Start("ready := func() *big.Int {\n\tfmt.Println(\"ready\")\n\treturn nil\n}\nn := new(big.Int).Exp(big.NewInt(3), big.NewInt(1<<40), ready())\nn.BitLen()")
	cell.UntilOutput("ready")
	k.Interrupt()
	r := cell.Wait()
	if r.Name != "WorkerLost" || !strings.Contains(message(r), "ended after 5 s") || !strings.Contains(message(r), "%restore") {
		t.Errorf("the interrupt ignored: %s: %s", r.Name, message(r))
	}
	restored("the interrupt ignored")

	// What has been made again by hand is not made again by %restore.
	if r := k.Run("os.Exit(0)"); r.Name != "WorkerLost" {
		t.Errorf("os.Exit: %s", message(r))
	}
	k.MustRun("words := []string{\"new\"}\nruns := 1")
	k.MustRun("%restore 3 2")
	if r := k.MustRun("fmt.Println(total, words2, words)"); r.Stdout != "20 [new b] [new]\n" {
		t.Errorf("restored after a cell was run by hand: %q", r.Stdout)
	}
}

// TestFlood: 100 MB on stdout come while they are printed, up to a limit, and the kernel lives.
func TestFlood(t *testing.T) {
	k := jupytertest.Start(t)
	cell := k.Start("line := strings.Repeat(\"0123456789\", 100) + \"\\n\"\nfor range 100_000 {\n\tos.Stdout.WriteString(line)\n}\nselect {}")
	// The cell does not end by itself: all this comes while it runs.
	cell.Until(func(m *wire.Message) bool { return strings.Contains(string(m.Content), "printed more than 16 MB") })
	k.Interrupt()
	if r := cell.Wait(); r.Name != "Interrupted" || len(r.Stdout) < 10<<20 || len(r.Stdout) > 17<<20 {
		t.Errorf("%s, with %d bytes on stdout", r.Name, len(r.Stdout))
	}
	if r := k.MustRun("os.Stdout.Write([]byte{'a', 0xff, 0xfe, 'z', '\\n', 0xe2});"); r.Stdout != "a\uFFFDz\n\uFFFD" {
		t.Errorf("invalid UTF-8 became %q", r.Stdout)
	}
}

// TestBadMessages: what is not a good message harms nobody, and the log tells of it.
func TestBadMessages(t *testing.T) {
	k := jupytertest.Start(t)
	frames := func(key, msgType, content string) [][]byte {
		t.Helper()
		connection := k.Connection
		connection.Key = key
		codec, err := wire.NewCodec(connection)
		if err != nil {
			t.Fatal(err)
		}
		m, err := codec.New(msgType, nil, map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		m.Content = []byte(content)
		f, err := codec.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	k.SendRaw(wire.Shell, frames("another key", "execute_request", `{"code": "os.WriteFile(\"forged\", nil, 0o644)"}`)...)
	k.SendRaw(wire.Shell, frames(k.Connection.Key, "execute_request", `{"code": "unfinished`)...)
	k.SendRaw(wire.Shell, []byte("<IDS|MSG>"))
	k.SendRaw(wire.Control, bytes.Repeat([]byte{0}, 100))
	if r := k.Request("frobnicate_request", map[string]any{}); r["status"] != "error" || !strings.Contains(fmt.Sprint(r["evalue"]), "frobnicate") {
		t.Errorf("an unknown request is answered %v", r)
	}
	if r := k.MustRun("_, err := os.Stat(\"forged\")\nfmt.Println(err)"); r.Count != 1 || !strings.Contains(r.Stdout, "no such file") {
		t.Errorf("cell %d, after a forged one: %q", r.Count, r.Stdout)
	}
	for _, says := range []string{"wrong signature", "not JSON", "delimiter"} {
		k.AwaitLog(says)
	}
}

// TestDiskFull: a full disk fails the cell, not the notebook.
func TestDiskFull(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("a small disk of one's own takes root on Linux")
	}
	cache, err := paths.Cache()
	if err != nil {
		t.Fatal(err)
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=32m"); err != nil {
		t.Skip("a small disk cannot be mounted here:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	// The worker lies elsewhere; only the sessions are on the small disk.
	worker := filepath.Join(cache, "worker")
	if err := os.MkdirAll(worker, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(worker, filepath.Join(disk, "worker")); err != nil {
		t.Fatal(err)
	}
	// Tables of symbols, which are built in the background, would change how much is left.
	k := jupytertest.Start(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "SADDLE_CACHE="+disk, "SADDLE_PLAIN=off") })
	k.MustRun("x := 7")
	filler := filepath.Join(disk, "filler")
	for _, left := range []int64{0, 1 << 20} { // the first write fails; a later one does
		fill(t, filler, left)
		for i := range 2 {
			r := k.Run(compiled(fmt.Sprintf("fmt.Println(x, %d, %d)", left, i)))
			if r.Status != "error" || !strings.Contains(strings.ToLower(message(r)), "no space left") {
				t.Errorf("with %d bytes left: %s: %s", left, r.Status, message(r))
			}
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if r := k.MustRun(compiled(fmt.Sprintf("fmt.Println(x, %d)", left))); r.Stdout != fmt.Sprintf("7 %d\n", left) {
			t.Errorf("with room again: %q", r.Stdout)
		}
	}
}

// fill writes a file until its disk has only so many bytes left.
func fill(t *testing.T, name string, left int64) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(max(0, info.Size()-left)); err != nil {
		t.Fatal(err)
	}
}

// TestBuildCacheGone: what is deleted from Go's build cache while the kernel runs is built again.
func TestBuildCacheGone(t *testing.T) {
	k := jupytertest.Start(t)
	cell := compiled("w := ascii85.NewEncoder(os.Stdout)\nfmt.Fprintf(w, \"%d\", X)\nw.Close()")
	k.MustRun("X := 1\n" + cell)
	// Go tells where the archive of a package lies that no other test uses.
	out := k.MustRun("!go list -export -buildmode=plugin -f '{{.Export}}' encoding/ascii85").Stdout
	archive := strings.TrimSpace(out)
	if err := os.Remove(archive); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if r := k.MustRun(strings.ReplaceAll(cell, "X)", "2*X)")); r.Stdout != "1&" {
		t.Errorf("printed %q", r.Stdout)
	}
	if _, err := os.Stat(archive); err != nil {
		t.Errorf("the cell ran without the archive that was deleted: %v", err)
	}
}

// TestGoplsLost: completion goes on when gopls is killed.
func TestGoplsLost(t *testing.T) {
	source, err := paths.Source()
	if err != nil {
		t.Fatal(err)
	}
	gopls, err := paths.Gopls(source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(gopls); err != nil {
		t.Skip("gopls has not been built here (saddle warm does):", err)
	}
	k := jupytertest.Start(t)
	complete := func(when string) {
		t.Helper()
		var got string
		// gopls may not be there yet, or the kernel may not know that it is gone: then there are no names, and no error.
		for deadline := time.Now().Add(jupytertest.Patience); !strings.Contains(got, "ToUpper") && time.Now().Before(deadline); {
			got = fmt.Sprint(k.Request("complete_request", map[string]any{"code": "strings.ToUp", "cursor_pos": 12})["matches"])
		}
		if !strings.Contains(got, "ToUpper") {
			t.Errorf("%s: %s", when, got)
		}
	}
	complete("before")
	pids := children(t, k.Process.Pid, "gopls")
	if len(pids) == 0 {
		t.Fatal("the kernel has no gopls")
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	complete("after")
}

// TestFourKernels: kernels that start at once share the caches and do not disturb each other.
func TestFourKernels(t *testing.T) {
	data := t.TempDir()
	var kernels [4]*jupytertest.Kernel
	for i := range kernels {
		kernels[i] = jupytertest.Start(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "SADDLE_DATA="+data) })
	}
	var wg sync.WaitGroup
	for i, k := range kernels {
		wg.Go(func() {
			for j := range 2 {
				code := fmt.Sprintf("n%d := %d\n", j, 10*i+j) + compiled(fmt.Sprintf("fmt.Println(n%d, strings.Repeat(\"x\", %d))", j, i))
				r := k.Run(code)
				if want := fmt.Sprintln(10*i+j, strings.Repeat("x", i)); r.Stdout != want {
					t.Errorf("kernel %d printed %q, want %q: %s", i, r.Stdout, want, message(r))
				}
			}
		})
	}
	wg.Wait()
}

// TestCtrlC: Ctrl-C goes to all processes of a terminal's group. It interrupts the cell and costs nothing.
func TestCtrlC(t *testing.T) {
	k := jupytertest.Start(t, func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} })
	k.MustRun("x := 7")
	ctrlC := func() {
		t.Helper()
		if err := syscall.Kill(-k.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	ctrlC()         // no cell is running
	k.Run("y := 1") // the signal may come as late as this
	cell := k.Start("fmt.Println(\"ready\")\nfor {\n}")
	cell.UntilOutput("ready")
	ctrlC()
	if r := cell.Wait(); r.Name != "Interrupted" {
		t.Errorf("%s: %s", r.Name, message(r))
	}
	if r := k.MustRun("x"); r.Text != "7" {
		t.Errorf("the value is %q", r.Text)
	}
}

// TestNoFilesLeft: a kernel leaves nothing behind in the folders for temporary files and sessions; what one that was
// killed leaves, the next removes.
func TestNoFilesLeft(t *testing.T) {
	cache, err := paths.Cache()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	start := func() *jupytertest.Kernel {
		k := jupytertest.Start(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "TMPDIR="+tmp) })
		k.MustRun("x := 1\n" + compiled("x++"))
		return k
	}
	sessions := func(k *jupytertest.Kernel) []string {
		t.Helper()
		dirs, err := filepath.Glob(filepath.Join(cache, "sessions", fmt.Sprint(k.Process.Pid, "-*")))
		if err != nil {
			t.Fatal(err)
		}
		return dirs
	}
	killed := start()
	if len(sessions(killed)) != 1 {
		t.Errorf("a running kernel has the folders %v", sessions(killed))
	}
	send(t, killed, syscall.SIGKILL)
	if err := killed.WaitGone(); err != nil {
		t.Fatal(err)
	}
	k := start()
	k.Send(wire.Control, "shutdown_request", map[string]any{"restart": false}).Wait()
	if err := k.WaitGone(); err != nil {
		t.Fatal(err)
	}
	for _, k := range []*jupytertest.Kernel{k, killed} {
		if left := sessions(k); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
	err = filepath.WalkDir(tmp, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != tmp {
			t.Errorf("left: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
