package session

import "github.com/gosaddle/saddle/kernel/internal/worker"

// Cell is one execute_request, as the front end sent it.
type Cell struct {
	Code       string // text as typed, magics included
	Count      int    // execution count; the cell is called Cell[Count] in errors and tracebacks
	ID         string // the front end's cellId metadata; "" where it sends none
	Silent     bool   // no execute_result, no history
	AllowStdin bool   // the front end can ask its user
}

// Output is where a running cell's output goes.
type Output = worker.Output

// Display is one MIME bundle.
type Display = worker.Display

// Result says how a cell ended. A nil Err is success.
type Result struct {
	Err     *CellError
	Aborted bool // the kernel is going down: nothing more will run
}

// CellError is a failed cell in the protocol's three fields. Traceback lines may carry ANSI colours.
type CellError struct {
	Name      string
	Value     string
	Traceback []string
}

// Error makes a CellError usable as an ordinary error.
func (e *CellError) Error() string { return e.Name + ": " + e.Value }
