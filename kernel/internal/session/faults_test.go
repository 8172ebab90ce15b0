package session_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/session"
)

// interrupted runs a cell that prints "started", interrupts it then, and returns how long it took to end.
func (b *book) interrupted(code string) (time.Duration, *session.CellError) {
	b.t.Helper()
	b.count++
	r := &record{wrote: make(chan string, 1)}
	done := make(chan session.Result, 1)
	go func() {
		done <- b.s.Execute(context.Background(), session.Cell{Code: code, Count: b.count}, r)
	}()
	select {
	case <-r.wrote:
	case res := <-done:
		b.t.Fatalf("the cell ended before it could be interrupted: %v\n%s", res.Err, code)
	}
	start := time.Now()
	b.s.Interrupt()
	res := <-done
	if res.Err == nil {
		b.t.Fatalf("an interrupted cell succeeded\n%s", code)
	}
	return time.Since(start), res.Err
}

func TestInterrupt(t *testing.T) {
	b := open(t)
	b.run("x := 7\nch := make(chan int)\nvar mu sync.Mutex\nmu.Lock()\nvar wg sync.WaitGroup\nwg.Add(1)", "")
	for _, wait := range []string{
		"for {\n}", "time.Sleep(time.Hour)", "<-ch", "ch <- 1", "select {}", "for v := range ch { _ = v }", "mu.Lock()", "wg.Wait()",
		"select { case v := <-ch: fmt.Println(v); case ch <- 2: }", "func() { defer func() { recover() }(); for { } }()",
		"var f func(int) int; f = func(n int) int { return f(n) + 1 }; for { func() { time.Sleep(time.Millisecond) }() }",
	} {
		// One that does not look at the interrupt is left behind or costs the process. On a busy machine one may be late.
		took := time.Hour
		for range 5 {
			now, err := b.interrupted("fmt.Println(\"started\")\n" + wait)
			if err.Name != "Interrupted" {
				t.Errorf("%s: %v", wait, err)
			}
			if took = min(took, now); took < time.Second {
				break
			}
		}
		if took > time.Second {
			t.Errorf("%s: took %v to stop", wait, took)
		}
		b.run("x", "7")
	}
}

// TestInterruptOfARefusal: the kernel ends a cell that asks where nobody can answer. An interrupt while that takes its time is the
// user's first, and costs nothing.
func TestInterruptOfARefusal(t *testing.T) {
	b := open(t)
	b.run("import \"github.com/janpfeifer/gonb/gonbui\"\nx := 7", "")
	_, err := b.interrupted("func() {\n\tslow := exec.Command(\"sh\", \"-c\", \"echo ending; exec sleep 1\")\n\tslow.Stdout = os.Stdout\n\tdefer slow.Run()\n\tgonbui.RequestInput(\"name\", false)\n\tselect {}\n}()")
	if err.Name == "WorkerLost" || !strings.Contains(err.Value, "input") {
		t.Errorf("%s: %s", err.Name, err.Value)
	}
	b.run("x", "7")
}

func TestInterruptInsideLibrary(t *testing.T) {
	b := open(t)
	// From "started" on nothing of the cell's own runs, which would look for the interrupt.
	b.run("x := 7\nr, w, _ := os.Pipe()\n_ = w\nfunc started[T any](v T) T {\n\tfmt.Println(\"started\")\n\treturn v\n}", "")
	_, err := b.interrupted("r.Read(started(make([]byte, 1)))")
	if err.Name != "Interrupted" || !strings.Contains(err.Value, "Read") {
		t.Errorf("blocked in a library: %v", err)
	}
	b.run("x", "7")
	_, err = b.interrupted("n := new(big.Int).Exp(big.NewInt(3), big.NewInt(1<<40), started((*big.Int)(nil)))\nn.BitLen()")
	if err.Name != "WorkerLost" || !strings.Contains(err.Value, "ended after 5 s") || !strings.Contains(err.Value, "values are lost") {
		t.Errorf("busy in a library: %v", err)
	}
	b.fail("x", "lost", "restore")
	b.run("%restore\nx", "restoring Cell[1]\n7")
}

func TestWorkerLost(t *testing.T) {
	for name, c := range map[string]struct{ code, word string }{
		"os.Exit":         {"os.Exit(3)", "exit status 3"},
		"log.Fatal":       {"log.Fatal(\"over\")", "exit status 1"},
		"goroutine panic": {"go func() { panic(\"in a goroutine\") }()\nselect {}", "in a goroutine"},
		"stack overflow":  {"type node struct { next *node }\nfunc (n *node) depth() int { return n.next.depth() + 1 }\nvar n node\nn.next = &n\nn.depth()", "stack"},
		"map writes":      {"m := map[int]int{}\nfor range 8 { go func() { for i := 0; ; i++ { m[i%10] = i } }() }\nselect {}", "concurrent map"},
		"kill":            {"p, _ := os.FindProcess(os.Getpid())\np.Kill()\nselect {}", "signal 9"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.run("x := 7\nfunc twice(n int) int { return 2 * n }\ntype box struct { v int }", "")
			b.fail(c.code, "WorkerLost", c.word, "values are lost")
			b.run("twice(4) + box{1}.v", "9")
			b.fail("x", "lost")
		})
	}
}

func TestKilledWhileIdle(t *testing.T) {
	b := open(t)
	b.run("x := 7", "")
	syscall.Kill(b.s.WorkerPid(), syscall.SIGKILL)
	b.fail("x", "lost")
	b.run("x := 8\nx", "8")
}

func TestMuchOutput(t *testing.T) {
	b := open(t)
	out, _, err := b.try("line := strings.Repeat(\"ü\", 99) + \"\\n\"\nfor range 5500 { fmt.Print(line) }")
	if err != nil || len(out) != 5500*199 || strings.Contains(out, "\uFFFD") {
		t.Fatalf("1 MB of output: %d bytes, %v", len(out), err)
	}
	out, _, err = b.try("for range 400000 { fmt.Print(line) }")
	if err != nil || len(out) > 17<<20 || !strings.Contains(out, "left out") {
		t.Fatalf("too much output: %d bytes, %v", len(out), err)
	}
	b.run("os.Stdout.Write([]byte{0xff, 'a'});", "\uFFFDa")
}
