package session

// Cell is one execute_request, as the front end sent it.
type Cell struct {
	Code       string // text as typed, magics included
	Count      int    // execution count; the cell is called Cell[Count] in errors and tracebacks
	ID         string // the front end's cellId metadata; "" where it sends none
	Silent     bool   // no execute_result, no history
	AllowStdin bool   // the front end can ask its user
}

// Output is where a running cell's output goes. It is safe for concurrent use and keeps the order of calls.
type Output interface {
	Stream(name, text string)                           // name is "stdout" or "stderr"
	Display(d Display)                                  // display_data, or update_display_data where d.Update
	Result(d Display)                                   // execute_result
	Clear(wait bool)                                    // clear_output
	Input(prompt string, password bool) (string, error) // asks the user; an error where the front end cannot
	Comm(msgType string, content map[string]any)        // comm_open, comm_msg or comm_close to the front end
	Page(d Display)                                     // the pager of the reply's payload
}

// Display is one MIME bundle. Values of Data are strings, or anything JSON can hold for JSON types;
// binary types such as image/png hold base64 text, as the Jupyter protocol wants them.
type Display struct {
	Data, Metadata map[string]any
	ID             string // display id; "" for none
	Update         bool   // update the display of that id in place
}

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
