package plain

import (
	"reflect"
	"runtime"
	"unsafe"
)

//go:linkname ifaceE2I reflect.ifaceE2I
func ifaceE2I(t unsafe.Pointer, x any, to unsafe.Pointer)

// failAssertion panics as x.(t) does, for a value x of the interface type iface that holds no t.
func failAssertion(iface reflect.Type, x reflect.Value, t reflect.Type) {
	if t.Kind() == reflect.Interface {
		var to [2]unsafe.Pointer
		ifaceE2I(toPointer(t), any1(x), unsafe.Pointer(&to)) // the runtime's own assertion, which finds what is missing
	}
	panic(assertionError(iface, x, t))
}

// typeAssertion is laid out as runtime.TypeAssertionError, whose fields are its own: a failed assertion then reads as in
// compiled code: the differential test compares the texts.
type typeAssertion struct {
	iface, concrete, asserted unsafe.Pointer
	_                         string // a missing method
}

// assertionError returns the error of x.(t) for a value of the interface type iface and a t that is none.
func assertionError(iface reflect.Type, x reflect.Value, t reflect.Type) error {
	e := &runtime.TypeAssertionError{}
	if unsafe.Sizeof(*e) != unsafe.Sizeof(typeAssertion{}) {
		return e
	}
	a := (*typeAssertion)(unsafe.Pointer(e))
	a.iface, a.asserted = toPointer(iface), toPointer(t)
	if x.IsNil() {
		return e
	}
	a.concrete = toPointer(x.Elem().Type())
	return e
}

// toPointer returns the runtime's type behind a reflect.Type.
func toPointer(t reflect.Type) unsafe.Pointer {
	return reflect.ValueOf(t).UnsafePointer()
}
