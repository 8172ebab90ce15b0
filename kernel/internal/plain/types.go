package plain

import (
	"fmt"
	"reflect"
	"slices"
	_ "unsafe" // for linkname

	"unsafe"

	"github.com/gosaddle/saddle/kernel/internal/live"
)

// A type that reflection would make, such as a slice of a type that no compiled code has slices of, is not the type that
// code compiled later has. So only types are used that are there: found among those of the loaded code by their text, or
// handed out by a package's symbols.

//go:linkname typesByString reflect.typesByString
func typesByString(s string) []unsafe.Pointer

// fromPointer makes a reflect.Type of what the runtime calls a type.
func fromPointer(p unsafe.Pointer) reflect.Type {
	var x any
	*(*unsafe.Pointer)(unsafe.Pointer(&x)) = p
	return reflect.TypeOf(x)
}

// Types that cells are likely to make of basic ones: naming them here puts them into the worker.
var _ = slices.Concat(
	made1[bool](), made1[string](), made1[int](), made1[int8](), made1[int16](), made1[int32](), made1[int64](),
	made1[uint](), made1[uint8](), made1[uint16](), made1[uint32](), made1[uint64](), made1[float32](), made1[float64](),
	made1[complex64](), made1[complex128](), made1[any](), made1[error](),
	[]any{(chan struct{})(nil), func() {}, func(float64, float64) float64 { return 0 }},
)

func made1[T any]() []any {
	return []any{(*T)(nil), []T(nil), (*[]T)(nil), [][]T(nil), [][][]T(nil), []*T(nil), [2]T{}, [3]T{}, [4]T{}, (*[3]T)(nil),
		map[string]T(nil), map[int]T(nil), map[string][]T(nil), map[int][]T(nil), map[string]map[string]T(nil), (*map[string]T)(nil),
		(chan T)(nil), func() T { panic("not called") }, func(T) T { panic("not called") }}
}

var basic = map[string]reflect.Type{
	"bool": reflect.TypeFor[bool](), "string": reflect.TypeFor[string](),
	"int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](), "int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](),
	"uint": reflect.TypeFor[uint](), "uint8": reflect.TypeFor[uint8](), "uint16": reflect.TypeFor[uint16](), "uint32": reflect.TypeFor[uint32](), "uint64": reflect.TypeFor[uint64](),
	"uintptr": reflect.TypeFor[uintptr](), "float32": reflect.TypeFor[float32](), "float64": reflect.TypeFor[float64](),
	"complex64": reflect.TypeFor[complex64](), "complex128": reflect.TypeFor[complex128](),
	"interface {}": reflect.TypeFor[any](), "error": reflect.TypeFor[error](),
}

var (
	boolType = reflect.TypeFor[bool]()
	intType  = reflect.TypeFor[int]()
	byteType = reflect.TypeFor[byte]()
)

// Refusal says why a program cannot be evaluated here: a type or symbol is not among the loaded code.
type Refusal struct{ Why string }

func (r *Refusal) Error() string { return "not plain: " + r.Why }

func refuse(format string, args ...any) {
	panic(&Refusal{fmt.Sprintf(format, args...)})
}

// symbol asks a package for a symbol.
func symbol(pkg, name string) any {
	s := live.Symbol(pkg, name)
	if s == nil {
		refuse("%s.%s is not among the symbols", pkg, name)
	}
	return s
}

// resolve finds the type that is meant.
func resolve(t *Type) reflect.Type {
	switch t.Kind {
	case "basic":
		if r := basic[t.Text]; r != nil {
			return r
		}
		refuse("type %s", t.Text)
	case "named":
		list, ok := symbol(t.Pkg, t.Name).([]any)
		if !ok || len(list) == 0 {
			refuse("%s.%s is not a type", t.Pkg, t.Name)
		}
		return reflect.TypeOf(list[0]).Elem()
	case "other", "instance":
		refuse("type %s", t.Text)
	}
	of := make([]reflect.Type, len(t.Of))
	for i, e := range t.Of {
		of[i] = resolve(e)
	}
	for _, p := range typesByString(t.Text) {
		if c := fromPointer(p); made(c, t, of) {
			return c
		}
	}
	refuse("no compiled code has the type %s yet", t.Text)
	return nil
}

// made tells whether a type is the one that is made of others.
func made(c reflect.Type, t *Type, of []reflect.Type) bool {
	if c.Name() != "" {
		return false
	}
	switch c.Kind() {
	case reflect.Pointer:
		return t.Kind == "pointer" && c.Elem() == of[0]
	case reflect.Slice:
		return t.Kind == "slice" && c.Elem() == of[0]
	case reflect.Chan:
		return t.Kind == "chan" && c.Elem() == of[0]
	case reflect.Array:
		return t.Kind == "array" && c.Elem() == of[0] && int64(c.Len()) == t.Len
	case reflect.Map:
		return t.Kind == "map" && c.Key() == of[0] && c.Elem() == of[1]
	case reflect.Func:
		if t.Kind != "func" || c.NumIn() != t.In || c.NumOut() != len(of)-t.In {
			return false
		}
		for i, p := range of {
			if i < t.In && c.In(i) != p || i >= t.In && c.Out(i-t.In) != p {
				return false
			}
		}
		return true
	}
	return false
}

// matches tells whether a type is the one described, down to the names of packages: a variable may hold a value of an
// earlier make of its type.
func matches(r reflect.Type, t *Type) bool {
	all := func(rs ...reflect.Type) bool {
		if len(rs) != len(t.Of) {
			return false
		}
		for i := range rs {
			if !matches(rs[i], t.Of[i]) {
				return false
			}
		}
		return true
	}
	switch t.Kind {
	case "basic":
		return r == basic[t.Text]
	case "named", "instance":
		return r.PkgPath() == t.Pkg && r.String() == t.Text
	case "other":
		return r.Name() == "" && (r.Kind() == reflect.Struct || r.Kind() == reflect.Interface)
	}
	if r.Name() != "" {
		return false
	}
	switch r.Kind() {
	case reflect.Pointer:
		return t.Kind == "pointer" && all(r.Elem())
	case reflect.Slice:
		return t.Kind == "slice" && all(r.Elem())
	case reflect.Chan:
		return t.Kind == "chan" && all(r.Elem())
	case reflect.Array:
		return t.Kind == "array" && int64(r.Len()) == t.Len && all(r.Elem())
	case reflect.Map:
		return t.Kind == "map" && all(r.Key(), r.Elem())
	case reflect.Func:
		var of []reflect.Type
		for i := range r.NumIn() {
			of = append(of, r.In(i))
		}
		for i := range r.NumOut() {
			of = append(of, r.Out(i))
		}
		return t.Kind == "func" && r.NumIn() == t.In && all(of...)
	}
	return false
}
