package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/client"
	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// These tests drive the real kernel, as Jupyter does.

func TestMain(m *testing.M) { jupytertest.Main(m) }

func TestNotebook(t *testing.T) {
	k := jupytertest.Start(t)
	for _, c := range []struct{ name, code, stdout, result string }{
		{"values stay", "x := 41\nvar words = []string{\"a\", \"b\"}", "", ""},
		{"last expression", "x + 1", "", "42"},
		{"several values", "x, len(words), \"so\"", "", "41 2 so"},
		{"several values, compiled", "func() int { return x }(), nil, x > 1", "", "41 <nil> true"},
		{"several values, quiet", "x, words;", "", ""},
		{"statement", "x *= 2\nfmt.Println(x, len(words))", "82 2\n", ""},
		{"quiet", "x + 1;", "", ""},
		{"function", "func area(r float64) float64 { return math.Pi * r * r }\nfmt.Printf(\"%.2f\", area(2))", "12.57", ""},
		{"redefined function", "func area(r float64) float64 { return r * r }\narea(3)", "", "9"},
		{"type", "type point struct{ x, y int }\np := point{1, 2}", "", ""},
		{"method later", "func (p point) norm() int { return p.x*p.x + p.y*p.y }\np.norm()", "", "5"},
		{"generic", "func apply[T, U any](s []T, f func(T) U) []U {\n\tvar out []U\n\tfor _, v := range s {\n\t\tout = append(out, f(v))\n\t}\n\treturn out\n}", "", ""},
		{"generic used", "apply(words, strings.ToUpper)", "", "[A B]"},
		{"closure", "n := 0\nnext := func() int { n++; return n }\nnext()\nnext()", "", "2"},
		{"closure later", "next()\nfmt.Println(n)", "3\n", ""},
		{"value redefined", "x := \"now a string\"\nx", "", "now a string"},
		{"import and all at once", "import \"unicode/utf8\"\nconst größe = \"∂L/∂θ 🐴\"\nutf8.RuneCountInString(größe)", "", "7"},
		{"unicode", "fmt.Println(größe)", "∂L/∂θ 🐴\n", ""},
		{"unused", "import \"os\"\nunused := 5", "", ""},
	} {
		r := k.MustRun(c.code)
		if r.Stdout != c.stdout || r.Text != c.result {
			t.Errorf("%s: printed %q, result %q; want %q and %q", c.name, r.Stdout, r.Text, c.stdout, c.result)
		}
	}
}

func TestFailures(t *testing.T) {
	k := jupytertest.Start(t)
	k.MustRun("kept := []int{1, 2, 3}")
	for _, c := range []struct{ name, code, says string }{
		{"syntax error", "a := 1\nb := := 2", "]:2:"},
		{"type error", "fmt.Println(1 + \"a\")", "mismatched"},
		{"panic", "func deep(i int) int { return kept[i] }\nfmt.Println(\"before\")\ndeep(7)", "index out of range"},
		{"error result", "os.Open(\"no/such/file\")", "no/such/file"},
	} {
		r := k.Run(c.code)
		if text := r.Value + strings.Join(r.Traceback, "\n"); r.Status != "error" || !strings.Contains(text, c.says) {
			t.Errorf("%s: %s, %s", c.name, r.Status, text)
		}
		if n := countType(r, "error"); n != 1 {
			t.Errorf("%s: %d error messages", c.name, n)
		}
	}
	if r := k.MustRun("len(kept)"); r.Text != "3" {
		t.Errorf("after the failures the value is %q", r.Text)
	}
	for _, code := range []string{"os.Exit(3)", "go func() { panic(\"elsewhere\") }()\nselect {}"} {
		r := k.Run(code)
		if text := r.Value + strings.Join(r.Traceback, "\n"); r.Status != "error" || !strings.Contains(text, "lost") {
			t.Errorf("%q: %s, %s", code, r.Status, text)
		}
		if r := k.MustRun("1 + 1"); r.Text != "2" {
			t.Errorf("after %q: %q", code, r.Text)
		}
	}
}

func countType(r *jupytertest.Result, name string) (n int) {
	for _, m := range r.IOPub {
		if m.Header.MsgType == name {
			n++
		}
	}
	return n
}

func TestInterrupt(t *testing.T) {
	k := jupytertest.Start(t)
	k.MustRun("kept := 5\nready := func() { fmt.Println(\"ready\") }")
	for _, code := range []string{"for {\n}", "time.Sleep(time.Hour)", "<-make(chan int)", "select {}"} {
		cell := k.Start("ready()\n" + code)
		cell.UntilOutput("ready")
		k.Interrupt()
		if r := cell.Wait(); r.Status != "error" {
			t.Errorf("%q: %s", code, r.Status)
		}
		if r := k.MustRun("kept"); r.Text != "5" {
			t.Errorf("after the interrupt of %q the value is %q", code, r.Text)
		}
	}
	// Ctrl-C in the terminal of a kernel started there.
	cell := k.Start("ready()\nselect {}")
	cell.UntilOutput("ready")
	if err := k.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if r := cell.Wait(); r.Status != "error" {
		t.Errorf("SIGINT: %s", r.Status)
	}
}

// TestInterruptAnytime: whenever an interrupt comes after the kernel has said that a cell runs, before its code has begun or just
// as it ends, that cell ends, and no later one is hit.
func TestInterruptAnytime(t *testing.T) {
	k := jupytertest.Start(t)
	k.MustRun("var n int\nspin := func() { for { n++ } }\nshort := func() { for range 1000 { n++ } }")
	for i := range 20 {
		code := []string{"select {}", "spin()", "short()", "n++"}[i%4]
		cell := k.Start(code)
		cell.Until(func(m *wire.Message) bool { return m.Header.MsgType == "execute_input" })
		if i%8 >= 4 { // some of them a little later
			k.Request("kernel_info_request", map[string]any{})
		}
		k.Interrupt()
		if r := cell.Wait(); r.Name != "Interrupted" && (i%4 < 2 || r.Status != "ok") {
			t.Fatalf("%d: %s ended with %s: %s %s", i, code, r.Status, r.Name, r.Value)
		}
		if r := k.Run("short()\nfmt.Print(n > 0)"); r.Status != "ok" || r.Stdout != "true" {
			t.Fatalf("%d: the cell after an interrupted %s: %s %s, printed %q", i, code, r.Name, r.Value, r.Stdout)
		}
	}
}

func TestLargeOutput(t *testing.T) {
	k := jupytertest.Start(t)
	start := time.Now()
	r := k.MustRun("for i := range 100_000 {\n\tfmt.Printf(\"%09d\\n\", i)\n}\nfmt.Fprintln(os.Stderr, \"end\")")
	if len(r.Stdout) != 1_000_000 || !strings.HasSuffix(r.Stdout, "000099999\n") || r.Stderr != "end\n" {
		t.Errorf("1 MB became %d bytes, stderr %q", len(r.Stdout), r.Stderr)
	}
	// What comes in quick succession goes together: however long it took, no more than 25 messages a second, and those that are full.
	if n, most := countType(r, "stream"), 20+int(time.Since(start)/(40*time.Millisecond)); n > most {
		t.Errorf("1 MB came in %d messages, not %d", n, most)
	}
	code := "s := `" + strings.Repeat("0123456789", 1<<20) + "`\nlen(s)"
	if r := k.MustRun(code); r.Text != fmt.Sprint(10<<20) {
		t.Errorf("a cell of 10 MB: %q", r.Text)
	}
}

// TestAnswersWhileRunning: the kernel answers while a cell runs.
func TestAnswersWhileRunning(t *testing.T) {
	k := jupytertest.Start(t)
	cell := k.Start("fmt.Println(\"ready\")\nselect {}")
	cell.UntilOutput("ready")
	if r := k.Request("kernel_info_request", map[string]any{}); r["status"] != "ok" {
		t.Errorf("kernel_info: %v", r)
	}
	if r := k.Request("complete_request", map[string]any{"code": "fmt.Prin", "cursor_pos": 8}); r["status"] != "ok" {
		t.Errorf("complete: %v", r)
	}
	k.Interrupt()
	cell.Wait()
}

// orphans returns the processes of this machine that have word in their environment.
func orphans(t *testing.T, word string) (pids []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(files) == 0 {
		t.Skip("no /proc here to look for processes in")
	}
	for _, f := range files {
		// One that cannot be read is another user's, or gone.
		if text, err := os.ReadFile(f); err == nil && strings.Contains(string(text), word) {
			pids = append(pids, filepath.Base(filepath.Dir(f)))
		}
	}
	return pids
}

// TestEnds: whichever way a kernel ends, its worker ends with it and no file is left.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, k *jupytertest.Kernel)
	}{
		{"shutdown", func(t *testing.T, k *jupytertest.Kernel) {
			k.Send(wire.Control, "shutdown_request", map[string]any{"restart": false}).Wait()
		}},
		{"shutdown while busy", func(t *testing.T, k *jupytertest.Kernel) {
			k.Start("fmt.Println(\"ready\")\nfor {\n}").UntilOutput("ready")
			k.Send(wire.Control, "shutdown_request", map[string]any{"restart": true}).Wait()
		}},
		{"SIGTERM", func(t *testing.T, k *jupytertest.Kernel) { send(t, k, syscall.SIGTERM) }},
		{"SIGKILL", func(t *testing.T, k *jupytertest.Kernel) { send(t, k, syscall.SIGKILL) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			mark := "SADDLE_TEST_MARK=" + strings.ReplaceAll(t.Name(), " ", "_") + fmt.Sprint(os.Getpid())
			k := jupytertest.Start(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, mark) })
			k.MustRun("x := 1")
			c.end(t, k)
			// The pipe to the kernel's stderr is held by every process it started: it closes with the last.
			if err := k.WaitGone(); err != nil {
				t.Fatal(err)
			}
			// What gopls has started reads the end of its input a moment later.
			left := orphans(t, mark)
			for deadline := time.Now().Add(jupytertest.Patience); len(left) > 0 && time.Now().Before(deadline); left = orphans(t, mark) {
				time.Sleep(50 * time.Millisecond) // between two looks: there is no event to wait for
			}
			if len(left) > 0 {
				t.Errorf("processes left: %v", left)
			}
		})
	}
}

func send(t *testing.T, k *jupytertest.Kernel, s os.Signal) {
	t.Helper()
	if err := k.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// TestParentGone: a Jupyter server that is killed takes its kernels along.
func TestParentGone(t *testing.T) {
	connection, err := wire.NewConnection("key")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "connection.json")
	if err := client.WriteConnection(file, connection); err != nil {
		t.Fatal(err)
	}
	// The shell is the kernel's parent. Its stdout ends when the kernel and its worker, which inherit it, end.
	parent := exec.Command("sh", "-c", `JPY_PARENT_PID=$$ "$0" kernel -f "$1" & wait`, jupytertest.Binary(), file)
	parent.Env = append(os.Environ(), "SADDLE_DATA="+dir, "SADDLE_SOURCE="+must(filepath.Abs("..")))
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	k := jupytertest.Dial(t, connection)
	k.MustRun("x := 1")
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	_ = parent.Wait() // it was killed
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

// TestTwoKernels: kernels share caches and history, not values.
func TestTwoKernels(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	share := func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "SADDLE_DATA="+data) }
	a, b := jupytertest.Start(t, share), jupytertest.Start(t, share)
	first, second := a.Start("x := 1"), b.Start("x := 2")
	first.Wait()
	second.Wait()
	if ra, rb := a.MustRun("x"), b.MustRun("x"); ra.Text != "1" || rb.Text != "2" {
		t.Errorf("x is %q and %q", ra.Text, rb.Text)
	}
	rows := a.Request("history_request", map[string]any{"hist_access_type": "search", "pattern": "x := *"})["history"].([]any)
	var inputs []string
	for _, r := range rows {
		inputs = append(inputs, r.([]any)[2].(string))
	}
	slices.Sort(inputs)
	if !slices.Equal(inputs, []string{"x := 1", "x := 2"}) {
		t.Errorf("history: %q", inputs)
	}
}
