// Package worker starts the resident process that cells run in, sends it one cell at a time, and carries what comes
// back: streams and figures in the order they were made, how the cell ended, and whether the process is still there.
// It knows neither Jupyter's messages nor Go's syntax. The process itself is package main in kernel/worker; this
// file is the protocol between the two.
//
// Requests and events are JSON, a line each, over two pipes beside the standard ones. An event that must keep its
// place among the streams (a figure) is acknowledged: the worker goes on only when everything printed before is out.
package worker

import "encoding/json"

// Protocol numbers what follows. Kernel and worker are built at different times, the worker anew when the sources
// change; whoever changes a request, an event or what one means adds 1.
const Protocol = 3

// Output is where a running cell's output goes. It is safe for concurrent use and keeps the order of calls.
type Output interface {
	Stream(name, text string)                           // name is "stdout" or "stderr"
	Display(d Display)                                  // display_data, or update_display_data where d.Update
	Result(d Display)                                   // execute_result
	Clear(wait bool)                                    // clear_output
	Input(prompt string, password bool) (string, error) // asks the user; an error where the front end cannot, at once; an interrupt ends it with context.Canceled
	Comm(msgType string, content map[string]any)        // comm_open, comm_msg or comm_close to the front end
	Page(d Display)                                     // the pager of the reply's payload
}

// Display is one MIME bundle. Values of Data are strings, or anything JSON can hold for JSON types;
// binary types such as image/png hold base64 text, as the Jupyter protocol wants them.
type Display struct {
	Data     map[string]any `json:"data,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
	ID       string         `json:"id,omitempty"`     // display id; "" for none
	Update   bool           `json:"update,omitempty"` // update the display of that id in place
}

// Request is what the kernel asks of the worker process.
type Request struct {
	Op      string   `json:"op"`                 // run, interrupt, abandon, ack, text, remove, exit, comm, synced, tables
	Number  int      `json:"number,omitempty"`   // run, interrupt, abandon: which run; synced: which sync
	Plugin  string   `json:"plugin,omitempty"`   // run: the file to open; "" runs a unit that is loaded already
	Unit    string   `json:"unit,omitempty"`     // run: the package path it registered under
	Cell    string   `json:"cell,omitempty"`     // run: its name in tracebacks
	ID      string   `json:"id,omitempty"`       // run: the notebook's cell, as the front end knows it
	Args    []string `json:"args,omitempty"`     // run: os.Args after the program's name
	Tests   []string `json:"tests"`              // run: flags with which to run the tests that are the cell's last value; nil: none
	NoInput bool     `json:"no_input,omitempty"` // run: the front end cannot ask its user
	Names   []string `json:"names,omitempty"`    // text, remove: variables
	Dir     string   `json:"dir,omitempty"`      // chdir
	Env     []string `json:"env,omitempty"`      // setenv: NAME=value
	Comm    *Comm    `json:"comm,omitempty"`     // comm: what the page sent

	Program json.RawMessage `json:"program,omitempty"` // run: a plain cell, a plain.Program
	Tables  []string        `json:"tables,omitempty"`  // tables: plugins of symbols that plain cells are about to need
}

// Event is what the worker process reports.
type Event struct {
	Kind     string     `json:"kind"` // ready, done, result, display, script, sync, clear, input, comm, text
	Ack      bool       `json:"ack,omitempty"`
	Display  *Display   `json:"display,omitempty"`
	Outcome  *Outcome   `json:"outcome,omitempty"`
	Prompt   string     `json:"prompt,omitempty"`
	Password bool       `json:"password,omitempty"`
	Wait     bool       `json:"wait,omitempty"`
	Vars     []Variable `json:"vars,omitempty"`
	Comm     *Comm      `json:"comm,omitempty"`
	Number   int        `json:"number,omitempty"`   // sync: to be named in the answer
	Protocol int        `json:"protocol,omitempty"` // ready: what the worker speaks
}

// Comm is what gonbui's comms send to the page.
type Comm struct {
	Address   string `json:"address"`
	Value     any    `json:"value,omitempty"`
	Request   bool   `json:"request,omitempty"`   // the page is asked for the value
	Subscribe bool   `json:"subscribe,omitempty"` // the cell waits for values
}

// Outcome says how a cell ended.
type Outcome struct {
	Declared []string `json:"declared,omitempty"` // variables that were given their value, in order
	Failure  *Failure `json:"failure,omitempty"`
	Dir      string   `json:"dir,omitempty"` // the working directory, if the cell changed it
	Env      []string `json:"env,omitempty"` // the environment, if the cell changed it
}

// Failure is a cell that did not come to its end.
type Failure struct {
	Kind    string  `json:"kind"` // panic, error, interrupted, abandoned, load, lost, refused
	Message string  `json:"message"`
	Frames  []Frame `json:"frames,omitempty"`
	Detail  string  `json:"detail,omitempty"` // lost: the end of what the process wrote to stderr
}

func (f *Failure) Error() string { return f.Message }

// Frame is a line of a traceback.
type Frame struct {
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// Variable is a live variable as %who and inspection show it.
type Variable struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Text string `json:"text"`
	Size int64  `json:"size"` // bytes, what the value refers to included where that can be told

	Boxed []string `json:"boxed,omitempty"` // types of the notebook of values that lie in interfaces, as path.Name
}
