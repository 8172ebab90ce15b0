// Package live is what compiled cells call while they run: their variables, the last expression's value, and the waits
// that an interrupt can end. Every cell's plugin links it, so it imports next to nothing. It knows neither Jupyter nor
// how values are shown: the worker sets the hooks.
package live

import (
	"reflect"
	"sync"
	"unsafe"
)

// variable is a variable of the notebook: where its value lies now, and the pointers of all the cells that use it.
type variable struct {
	typ   reflect.Type
	ptr   unsafe.Pointer
	slots []slot
}

// slot is a cell's own pointer to a variable: the address of a *T.
type slot struct {
	typ reflect.Type
	at  *unsafe.Pointer
}

var notebook = struct {
	sync.Mutex
	vars     map[string]*variable
	declared []string // by the running cell, in order
	cells    map[string]func()
	symbols  map[string]func(name string) any
}{vars: map[string]*variable{}, cells: map[string]func(){}, symbols: map[string]func(string) any{}}

// Symbols hands over what a package has for cells that are evaluated and not compiled. of returns, for the name of a
// function, the function; for a variable, a pointer to it; for a type T, a list that begins with a nil *T and holds nil
// values of what else is made of T; and nil for other names.
func Symbols(pkg string, of func(name string) any) {
	notebook.Lock()
	defer notebook.Unlock()
	notebook.symbols[pkg] = of
}

// Symbol returns what Symbols was given for a name, or nil.
func Symbol(pkg, name string) any {
	notebook.Lock()
	of := notebook.symbols[pkg]
	notebook.Unlock()
	if of == nil {
		return nil
	}
	return of(name)
}

// Register hands over the statements of a cell; its package calls it when the plugin is opened.
func Register(unit string, run func()) {
	notebook.Lock()
	defer notebook.Unlock()
	notebook.cells[unit] = run
}

// Cell returns what Register was given for a unit, or nil.
func Cell(unit string) func() {
	notebook.Lock()
	defer notebook.Unlock()
	return notebook.cells[unit]
}

// Bind points a cell's slot at a variable, now and whenever it is declared again with the same type. Until the variable
// is declared the slot points at a zero value, as a package variable of Go would.
func Bind[T any](name string, at **T) {
	if bind(name, reflect.TypeFor[T](), (*unsafe.Pointer)(unsafe.Pointer(at)), false) {
		return
	}
	*at = new(T)
}

// Carry is Bind for a variable whose type was made anew with the layout it had, a method added for instance: the value
// stays where it is and is seen as a T from now on.
func Carry[T any](name string, at **T) {
	if bind(name, reflect.TypeFor[T](), (*unsafe.Pointer)(unsafe.Pointer(at)), true) {
		return
	}
	*at = new(T)
}

func bind(name string, typ reflect.Type, at *unsafe.Pointer, carry bool) bool {
	notebook.Lock()
	defer notebook.Unlock()
	v := notebook.vars[name]
	if v == nil {
		v = &variable{}
		notebook.vars[name] = v
	}
	v.slots = append(v.slots, slot{typ, at})
	if v.ptr == nil {
		return false
	}
	if v.typ != typ {
		if !carry {
			return false
		}
		v.typ = typ
	}
	*at = v.ptr
	return true
}

// Declare gives a variable new storage that holds value, and points every slot of that type at it. Storage that earlier
// code took the address of is left as it was.
func Declare[T any](name string, value T) {
	declare(name, reflect.TypeFor[T](), unsafe.Pointer(&value))
}

func declare(name string, typ reflect.Type, ptr unsafe.Pointer) {
	notebook.Lock()
	defer notebook.Unlock()
	v := notebook.vars[name]
	if v == nil {
		v = &variable{}
		notebook.vars[name] = v
	}
	v.typ, v.ptr = typ, ptr
	for _, s := range v.slots {
		if s.typ == typ {
			*s.at = ptr
		}
	}
	notebook.declared = append(notebook.declared, name)
}

// TakeDeclared returns the names declared since it was last called.
func TakeDeclared() []string {
	notebook.Lock()
	defer notebook.Unlock()
	names := notebook.declared
	notebook.declared = nil
	return names
}

// PeekDeclared returns the names that TakeDeclared would, and leaves them.
func PeekDeclared() []string {
	notebook.Lock()
	defer notebook.Unlock()
	return append([]string(nil), notebook.declared...)
}

// Names returns the names of all variables that hold a value.
func Names() []string {
	notebook.Lock()
	defer notebook.Unlock()
	var names []string
	for name, v := range notebook.vars {
		if v.ptr != nil {
			names = append(names, name)
		}
	}
	return names
}

// Lookup returns a pointer to a variable's storage as a reflect.Value of type *T; ok is false for unknown names.
func Lookup(name string) (ptr reflect.Value, ok bool) {
	notebook.Lock()
	defer notebook.Unlock()
	v := notebook.vars[name]
	if v == nil || v.ptr == nil {
		return reflect.Value{}, false
	}
	return reflect.NewAt(v.typ, v.ptr), true
}

// Store gives a variable new storage at ptr, a reflect.Value of type *T, as Declare does: for cells that are evaluated
// and not compiled.
func Store(name string, ptr reflect.Value) {
	declare(name, ptr.Type().Elem(), ptr.UnsafePointer())
}

// Remove forgets a variable. Code that still holds its pointer keeps it.
func Remove(name string) {
	notebook.Lock()
	defer notebook.Unlock()
	delete(notebook.vars, name)
}

// OnShow is called with the results of a cell's last expression. Where quiet is set only an error among them counts.
var OnShow func(values []any, quiet bool)

// Show hands over the results of a cell's last expression.
func Show(values ...any) { OnShow(values, false) }

// Fail hands over the results of a last expression that is not to be shown: an error fails the cell all the same.
func Fail(values ...any) { OnShow(values, true) }

// Never is false. What depends on it is compiled, and not run.
var Never bool

// Keep keeps the compiler from leaving out what it is given.
func Keep(values any) { Kept = values }

// Kept is where Keep would put it.
var Kept any

// OnClear is called by ClearOutput.
var OnClear func(wait bool)

// ClearOutput takes away what the running cell has shown so far; with wait, not before the next output comes.
func ClearOutput(wait bool) { OnClear(wait) }

// OnFlag is called with the name of each command-line flag that cell code is about to define.
var OnFlag func(name string)

// NewFlag returns the name of a flag that is about to be defined: a cell that runs again defines its flags again.
func NewFlag(name string) string {
	OnFlag(name)
	return name
}
