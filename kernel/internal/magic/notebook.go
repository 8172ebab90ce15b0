package magic

import (
	"context"
	"io"
)

// Notebook is what commands may ask of the session. Errors are for the user: they say what to do.
type Notebook interface {
	// Dir is the directory that cells and ! lines run in, Chdir changes it for both. Environ and
	// Setenv are of the process that runs cells, so what a cell did with os.Setenv shows here.
	Dir() string
	Chdir(dir string) error
	Environ() []string
	Setenv(name, value string) error
	Workspace() string // the directory of the notebook's own go.mod, where !* lines run

	Declarations() []Declaration // sorted by name, for %list
	Variables() []Variable       // sorted by name, for %who
	Remove(name string) (kind string, err error)
	Reset(ctx context.Context) error       // forget all declarations and values, and start the notebook's go.mod anew
	ResetModule(ctx context.Context) error // start the notebook's go.mod anew
	SyncModule(ctx context.Context) error  // take up what a command changed in go.mod or go.work
	// Restore runs again the cells with these numbers; none: those whose values a lost process took along.
	Restore(ctx context.Context, cells []int) error

	BuildFlags() []string
	// SetBuildFlags sets flags of go build, and returns those that are of no use for cells.
	SetBuildFlags(ctx context.Context, flags []string) (unused []string, err error)
	SetAutoGet(on bool) // whether missing modules are fetched

	// Track makes completion follow a file or directory outside of the notebook. Untrack takes a path,
	// or a beginning of paths followed by "...".
	Track(path string) error
	Untrack(path string) error
	Tracked() []string

	// Inspect describes a Go name or selector for the pager, as a MIME bundle.
	Inspect(ctx context.Context, expr string) (map[string]any, error)
}

// Declaration is one name that the notebook has declared.
type Declaration struct {
	Kind   string // "import", "const", "type", "var" or "func"
	Name   string // key for %rm; methods as "Type.Method"
	Detail string // type, signature or import path
	Cell   int    // execution count of the cell that declared it
}

// Variable is one live value.
type Variable struct {
	Name, Type string
	Size       int64  // bytes of the value itself and what it alone refers to, as far as known; negative: unknown
	Cell       int    // execution count of the cell that made it
	Note       string // e.g. that the code it came from is gone; "" for nothing to say
}

// Output is where a command's output goes, and where its input comes from.
type Output interface {
	Stream(name, text string)                           // name is "stdout" or "stderr"
	Input(prompt string, password bool) (string, error) // an error where the front end cannot ask
}

// Options are what the commands of a cell ask of its Go part.
type Options struct {
	Args    []string         // os.Args[1:] while the cell runs
	Test    bool             // %test: run tests and benchmarks, with Flags if they are not nil
	Flags   []string         // flags of %test; nil: the cell's own tests, verbosely
	Time    bool             // %%time: print how long the cell took
	Capture io.WriteCloser   // %capture: a copy of all output goes here; nil: nowhere. The session closes it
	Pages   []map[string]any // MIME bundles for the pager: %help and ?
}
