package session_test

import (
	"os"
	"strings"
	"testing"
)

// TestTests: %test runs the tests and benchmarks of cells where the notebook's values are.
func TestTests(t *testing.T) {
	b := open(t)
	b.run("calls := 0\nfunc double(n int) int { calls++; return 2 * n }", "")
	out, _, err := b.try("%test\nfunc TestDouble(t *testing.T) {\n\tif double(2) != 4 { t.Error(\"wrong\") }\n\tt.Run(\"zero\", func(t *testing.T) { if double(0) != 0 { t.Fatal(\"wrong\") } })\n}\nfunc testless() {}")
	if err != nil || !strings.Contains(out, "--- PASS: TestDouble/zero") || !strings.HasSuffix(out, "PASS\n") {
		t.Errorf("a good test: %v\n%s", err, out)
	}
	b.run("calls", "2")
	b.fail("%test\nfunc TestBad(t *testing.T) { t.Log(\"on the way\"); t.Errorf(\"got %d\", double(3)) }", "failed: TestBad")
	out, _, err = b.try("%test -run=Bad|Double")
	if err == nil || !strings.Contains(out, "got 6") || strings.Contains(out, "PASS: TestDouble") {
		t.Errorf("a regular expression, not verbose: %v\n%s", err, out)
	}
	b.fail("%test\nfunc TestPanic(t *testing.T) {\n\tt.Run(\"inner\", func(t *testing.T) {\n\t\tpanic(\"here\")\n\t})\n}", "failed: TestPanic")
	b.run("%rm TestBad TestPanic", "removed func TestBad\nremoved func TestPanic\n")
	out, _, err = b.try("%test")
	if err != nil || !strings.Contains(out, "=== RUN   TestDouble") {
		t.Errorf("all tests of the notebook: %v\n%s", err, out)
	}
	out, _, err = b.try("%test -test.benchtime=10x -test.bench=. -test.run=^$\nfunc BenchmarkDouble(b *testing.B) { for b.Loop() { double(1) } }")
	if err != nil || !strings.Contains(out, "BenchmarkDouble") || !strings.Contains(out, "ns/op") || strings.Contains(out, "TestDouble") {
		t.Errorf("a benchmark: %v\n%s", err, out)
	}
	b.fail("%test -nosuch", "nosuch", "-test.run")
	b.fail("%test\nfunc TestOdd(n int) {}", "TestOdd", "func(*testing.T)")
	took, err := b.interrupted("%test\nfunc TestLong(t *testing.T) {\n\tt.Run(\"sleep\", func(t *testing.T) { fmt.Println(\"started\"); time.Sleep(time.Hour) })\n}")
	if err.Name != "Interrupted" {
		t.Errorf("an interrupted test: %v after %v", err, took)
	}
	b.run("double(21)", "42")
}

// TestPlace: the directory and the environment are the same for cells, commands and ! lines, whoever changes them, and
// outlive the process.
func TestPlace(t *testing.T) {
	b := open(t)
	one, two := t.TempDir(), t.TempDir()
	b.run("os.Chdir(\""+one+"\")\nos.Setenv(\"SADDLE_A\", \"1 2\")\nos.Setenv(\"SADDLE_GONE\", \"x\")", "")
	b.run("!pwd; echo $SADDLE_A $GONB_DIR", one+"\n1 2 "+one+"\n")
	b.run("%cd", one+"\n")
	b.run("%env SADDLE_A", "SADDLE_A=\"1 2\"\n")
	b.run("%env SADDLE_B=3\n%cd "+two, "SADDLE_B=\"3\"\n"+two+"\n")
	b.run("dir, _ := os.Getwd()\nfmt.Print(dir, os.Getenv(\"SADDLE_B\"), os.Getenv(\"GONB_DIR\"))\nos.Unsetenv(\"SADDLE_GONE\")", two+"3"+two)
	b.run("!echo \"<$SADDLE_GONE>\"", "<>\n")
	b.fail("os.Chdir(\""+one+"\")\nos.Setenv(\"SADDLE_A\", \"4\")\npanic(\"no\")", "no")
	b.run("!pwd; echo $SADDLE_A", one+"\n4\n")
	b.fail("os.Exit(1)", "lost")
	b.run("dir, _ := os.Getwd()\nfmt.Print(dir, \" \", os.Getenv(\"SADDLE_A\"), os.Getenv(\"SADDLE_B\"))", one+" 43")
	if now, _ := os.Getwd(); now == one || now == two {
		t.Error("the kernel itself has changed its directory")
	}
}

// TestFlags: command-line flags work as in a program that is started anew by each cell.
func TestFlags(t *testing.T) {
	b := open(t)
	b.run("var who = flag.String(\"who\", \"nobody\", \"a name\")\n%% --who=world\nfmt.Print(*who)", "world")
	b.run("var who = flag.String(\"who\", \"nobody\", \"a name\")\nvar n int\nflag.IntVar(&n, \"n\", 1, \"how often\")\n%% -n 2\nfmt.Print(*who, n, os.Args[1:])", "nobody2 [-n 2]")
	out, _, err := b.try("%% -wrong\nfmt.Print(\"not reached\")")
	if err == nil || !strings.Contains(err.Value, "-wrong") || !strings.Contains(out, "how often") || strings.Contains(out, "reached") {
		t.Errorf("a wrong argument: %v\n%s", err, out)
	}
	b.run("n", "1") // the flags' own variables are at their defaults, all others as they were
	b.run("func show() { fmt.Print(*who, n, flag.Args()) }\n%exec show -n=5 rest", "nobody5 [rest]")
	b.run("%args --who=Wally\nfunc main() { flag.Parse(); show() }", "Wally1 []")
	b.run("fmt.Print(len(os.Args))", "1")
	b.s.WaitTables() // from here on cells may be evaluated
	for range 2 {
		b.run("var again = flag.Bool(\"again\", false, \"\")", "")
	}
	b.run("%% -again\n*again", "true")
}
