package plain

import (
	"reflect"
	"runtime"
	"unsafe"
)

// typeAssertion is laid out as runtime.TypeAssertionError, whose fields are its own: a failed assertion then reads as in
// compiled code: the differential test compares the texts.
type typeAssertion struct {
	iface, concrete, asserted unsafe.Pointer
	missing                   string
}

// assertionError returns the error of x.(t) for a value of the interface type iface.
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
	if t.Kind() == reflect.Interface {
		for i := range t.NumMethod() {
			if _, ok := x.Elem().Type().MethodByName(t.Method(i).Name); !ok {
				a.missing = t.Method(i).Name
				break
			}
		}
	}
	return e
}

// toPointer returns the runtime's type behind a reflect.Type.
func toPointer(t reflect.Type) unsafe.Pointer {
	return reflect.ValueOf(t).UnsafePointer()
}
