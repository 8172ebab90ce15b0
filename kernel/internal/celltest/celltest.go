// Package celltest runs the tests and benchmarks that cells declare, in the process where the notebook's values are, with
// package testing's own runner and flags. It knows nothing of notebooks.
package celltest

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/live"
)

// Run runs the functions that the flags choose; funcs are a name and its function in turn, a func(*testing.T) or
// func(*testing.B) each. What they print and their results go to the standard streams. The error names the tests that failed.
//
// Flags are those of a test binary, such as -test.run=Sum; -run=Sum will do as well.
func Run(flags []string, funcs []any) error {
	var failed failures
	var tests []testing.InternalTest
	var benchmarks []testing.InternalBenchmark
	for i := 0; i+1 < len(funcs); i += 2 {
		name, _ := funcs[i].(string)
		switch f := funcs[i+1].(type) {
		case func(*testing.T):
			tests = append(tests, testing.InternalTest{Name: name, F: func(t *testing.T) {
				t.Cleanup(func() { failed.note(t) })
				live.Test(f)(t)
			}})
		case func(*testing.B):
			benchmarks = append(benchmarks, testing.InternalBenchmark{Name: name, F: func(b *testing.B) {
				b.Cleanup(func() { failed.note(b) })
				live.Test(f)(b)
			}})
		default:
			return fmt.Errorf("%s is a %T: a test is a func(*testing.T), a benchmark a func(*testing.B)", name, f)
		}
	}
	if len(tests)+len(benchmarks) == 0 {
		return errors.New("there are no tests: declare a func TestName(t *testing.T) or a func BenchmarkName(b *testing.B), in this cell or an earlier one")
	}
	if err := setFlags(flags); err != nil {
		return err
	}
	m, err := start(testing.MainStart, tests, benchmarks)
	if err != nil {
		return err
	}
	if m.Run() == 0 {
		return nil
	}
	if len(failed.names) == 0 {
		return errors.New("the tests failed")
	}
	return fmt.Errorf("failed: %s", strings.Join(failed.names, ", "))
}

// failures are the names of tests that failed, once each: a benchmark runs several times.
type failures struct {
	mu    sync.Mutex
	names []string
}

func (f *failures) note(t testing.TB) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.Failed() && (len(f.names) == 0 || f.names[len(f.names)-1] != t.Name()) {
		f.names = append(f.names, t.Name())
	}
}

// setFlags gives package testing the flags of this run. Its flags live in the flag package's command line, where they
// keep the values of an earlier run.
func setFlags(flags []string) error {
	testing.Init()
	set := flag.NewFlagSet("%test", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	flag.CommandLine.VisitAll(func(f *flag.Flag) {
		short, ok := strings.CutPrefix(f.Name, "test.")
		if !ok {
			return
		}
		f.Value.Set(f.DefValue)
		set.Var(f.Value, f.Name, f.Usage)
		if flag.CommandLine.Lookup(short) == nil {
			set.Var(f.Value, short, f.Usage)
		}
	})
	if err := set.Parse(flags); err != nil {
		return fmt.Errorf("%w; %%test takes the flags of a test binary, such as -test.v, -test.run=REGEXP, -test.bench=REGEXP, -test.count=N", err)
	}
	if rest := set.Args(); len(rest) > 0 {
		return fmt.Errorf("%%test takes flags only, such as -test.run=REGEXP, and not %q", rest[0])
	}
	if !flag.Parsed() {
		return flag.CommandLine.Parse(nil) // or package testing would, with the arguments of the cell
	}
	return nil
}

// start calls testing.MainStart, whose first parameter has a type that is private to package testing and may gain methods
// with a new Go: hence the inference, and the check at run time.
func start[D any](mainStart func(D, []testing.InternalTest, []testing.InternalBenchmark, []testing.InternalFuzzTarget, []testing.InternalExample) *testing.M,
	tests []testing.InternalTest, benchmarks []testing.InternalBenchmark) (*testing.M, error) {
	d, ok := any(deps{}).(D)
	if !ok {
		return nil, errors.New("this version of Go starts tests in another way than Saddle knows: %test needs a newer Saddle")
	}
	return mainStart(d, tests, benchmarks, nil, nil), nil
}

// deps is what the go command's test binaries give to package testing. Of coverage, profiles and fuzzing there is none.
type deps struct{}

var errUnsupported = errors.New("not supported in a notebook")

func (deps) MatchString(pattern, name string) (bool, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return false, err
	}
	return re.MatchString(name), nil
}
func (deps) ImportPath() string                          { return "main" }
func (deps) ModulePath() string                          { return "main" }
func (deps) SetPanicOnExit0(bool)                        {}
func (deps) StartCPUProfile(io.Writer) error             { return errUnsupported }
func (deps) StopCPUProfile()                             {}
func (deps) StartTestLog(io.Writer)                      {}
func (deps) StopTestLog() error                          { return nil }
func (deps) WriteProfileTo(string, io.Writer, int) error { return errUnsupported }

// corpusEntry is package testing's, by its structure.
type corpusEntry = struct {
	Parent     string
	Path       string
	Data       []byte
	Values     []any
	Generation int
	IsSeed     bool
}

func (deps) CoordinateFuzzing(time.Duration, int64, time.Duration, int64, int, []corpusEntry, []reflect.Type, string, string) error {
	return errUnsupported
}
func (deps) RunFuzzWorker(func(corpusEntry) error) error              { return errUnsupported }
func (deps) ReadCorpus(string, []reflect.Type) ([]corpusEntry, error) { return nil, nil }
func (deps) CheckCorpus([]any, []reflect.Type) error                  { return nil }
func (deps) ResetCoverage()                                           {}
func (deps) SnapshotCoverage()                                        {}
func (deps) InitRuntimeCoverage() (mode string, tearDown func(string, string) (string, error), snapcov func() float64) {
	return "", func(string, string) (string, error) { return "", nil }, func() float64 { return 0 }
}
