// Package plain evaluates plain cells: those made of calls, selectors, literals, arithmetic and assignments on values
// that are there already. A compiler and a linker take a quarter of a second over such a cell; walking through it takes
// less than a millisecond, and no plugin is left in the process. The answer is Go's own in every respect, or there is
// none: what this package is not certain of it refuses before anything has run, and the cell is compiled.
//
// This package is the worker's side: the program, a tree of operations whose types and constants are resolved, and its
// evaluation by reflection. Package translate makes programs from checked syntax. Variables are those of package live,
// so compiled cells and plain ones see the same. It must not know syntax, the notebook's declarations or how values
// are shown; it trusts that what it is given has passed Go's type checker.
package plain

// Program is a cell, ready to be evaluated. It travels to the worker as JSON.
type Program struct {
	Cell   string   `json:"cell"`             // its name in tracebacks
	Func   string   `json:"func"`             // the function that tracebacks show for its statements
	Tables []string `json:"tables,omitempty"` // plugins that hold the symbols of the packages it uses
	Body   []*Node  `json:"body"`
}

// Node is one operation, an expression or a statement. What its fields mean depends on Op; an absent operand is nil.
//
//	const      a constant: Type, Text
//	nil        the predeclared nil
//	var        the notebook's variable Name, of Type
//	local      the variable Name of a block
//	func       the function Name of package Pkg
//	pkgvar     the variable Name of package Pkg; a notebook's function is one that holds its present body
//	field      Args[0] followed through the fields Path
//	call       Args[0] called with the other Args, the last one spread if Flag
//	method     method Name of Args[0]; the receiver is a Text: value, pointer, interface
//	builtin    the built-in function Name of Args, the last one spread if Flag; Type where the first argument is one
//	conv       Args[0] converted to Type
//	unary      Name is the operator
//	binary     Name is the operator; both operands have the type of the result
//	shift      Name is << or >>
//	compare    Name is the operator; the result is a Type, or bool
//	and, or    the second operand is evaluated if it matters
//	index      Args[0][Args[1]]; index2 for the two results of a map
//	slice      Args[0][Args[1]:Args[2]:Args[3]]
//	deref      *Args[0]
//	addr       &Args[0]
//	assert     Args[0].(Type); assert2 for two results
//	recv       <-Args[0]; recv2 for two results
//	lit        a composite literal of Type: element Path[i] is Args[i]; keys and elements in turn for a map
//	sleep      time.Sleep(Args[0]), to be interrupted
//	wait, lock a method Name of package sync that waits, to be interrupted
//	held       the value that temp has kept under the number Path[0]
//
//	ordered    Args in order, in the present block: temps, and the statement that holds them
//	temp       Args[0] is evaluated and kept
//	define     Names get the values Args: Path says which are Declared, which Assigned, which Blank
//	vars       var Names Type = Args
//	assign     the first Path[0] of Args get the values of the others
//	opassign   Args[0] Name= Args[1]
//	expr       Args[0] for its effects
//	show       Args[0] is the last expression; Text says what becomes of it: Show or Fail
//	send       Args[0] <- Args[1]
//	block      Args in order
//	if         Args are the init statement, the condition, both branches
//	for        Args are the init statement, the condition, the post statement, the body, which runs Path[0] times at most
//	range      for Names := range Args[0] with body Args[1], which runs Path[0] times at most; -1: as the notebook's
//	           variable Args[0] says before the cell runs
//	break, continue
type Node struct {
	Op    string   `json:"o"`
	Line  int      `json:"l,omitempty"`
	Type  *Type    `json:"t,omitempty"`
	Pkg   string   `json:"p,omitempty"`
	Name  string   `json:"n,omitempty"`
	Text  string   `json:"x,omitempty"`
	Names []string `json:"ns,omitempty"`
	Path  []int    `json:"i,omitempty"`
	Flag  bool     `json:"f,omitempty"`
	Args  []*Node  `json:"a,omitempty"`
}

// What define does with a name.
const (
	Blank = iota
	Declared
	Assigned
)

// Type describes a type: its text as reflection prints it, which settles basic types, and what it is made of.
type Type struct {
	Kind string  `json:"k"` // basic, named, instance (of a generic), pointer, slice, array, map, chan, func, other
	Text string  `json:"s"` // as reflect.Type.String has it
	Pkg  string  `json:"p,omitempty"`
	Name string  `json:"n,omitempty"`
	Of   []*Type `json:"of,omitempty"` // key and element of a map, element of the others; parameters and results of a func
	Len  int64   `json:"len,omitempty"`
	In   int     `json:"in,omitempty"` // func: how many of Of are parameters
}
