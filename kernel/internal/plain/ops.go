package plain

import (
	"reflect"
	"unsafe"
)

type integers interface {
	int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64 | uintptr
}

type numbers interface {
	integers | float32 | float64
}

// native holds the operations of one type, done by Go itself: overflow wraps, division by zero panics, and rounding is as
// in compiled code.
type native struct {
	binary  map[string]func(x, y reflect.Value) reflect.Value
	compare map[string]func(x, y reflect.Value) bool
	shift   func(op string, x, y reflect.Value) reflect.Value
	unary   map[string]func(x reflect.Value) reflect.Value
	from    func(x reflect.Value) reflect.Value // conversion of any number
	least   func(x, y reflect.Value) reflect.Value
	most    func(x, y reflect.Value) reflect.Value
}

func box[T any](x T) reflect.Value { return reflect.ValueOf(&x).Elem() }

func unbox[T any](v reflect.Value) T {
	if v.CanAddr() {
		return *(*T)(v.Addr().UnsafePointer())
	}
	c := copyOf(v)
	return *(*T)(c.Addr().UnsafePointer())
}

func binaryOf[T any](f func(x, y T) T) func(x, y reflect.Value) reflect.Value {
	return func(x, y reflect.Value) reflect.Value { return box(f(unbox[T](x), unbox[T](y))) }
}

func compareOf[T any](f func(x, y T) bool) func(x, y reflect.Value) bool {
	return func(x, y reflect.Value) bool { return f(unbox[T](x), unbox[T](y)) }
}

func unaryOf[T any](f func(x T) T) func(x reflect.Value) reflect.Value {
	return func(x reflect.Value) reflect.Value { return box(f(unbox[T](x))) }
}

func ordered[T numbers | string](n *native) {
	n.compare = map[string]func(x, y reflect.Value) bool{
		"<": compareOf(func(x, y T) bool { return x < y }), "<=": compareOf(func(x, y T) bool { return x <= y }),
		">": compareOf(func(x, y T) bool { return x > y }), ">=": compareOf(func(x, y T) bool { return x >= y }),
		"==": compareOf(func(x, y T) bool { return x == y }), "!=": compareOf(func(x, y T) bool { return x != y }),
	}
	n.least = binaryOf(func(x, y T) T { return min(x, y) })
	n.most = binaryOf(func(x, y T) T { return max(x, y) })
}

func real1[T numbers](n *native) {
	n.from = func(x reflect.Value) reflect.Value {
		switch x.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			return box(T(x.Int()))
		case reflect.Float32:
			return box(T(float32(x.Float())))
		case reflect.Float64:
			return box(T(x.Float()))
		}
		return box(T(x.Uint()))
	}
}

func integer[T integers]() *native {
	n := &native{
		binary: map[string]func(x, y reflect.Value) reflect.Value{
			"+": binaryOf(func(x, y T) T { return x + y }), "-": binaryOf(func(x, y T) T { return x - y }),
			"*": binaryOf(func(x, y T) T { return x * y }), "/": binaryOf(func(x, y T) T { return x / y }),
			"%": binaryOf(func(x, y T) T { return x % y }), "&": binaryOf(func(x, y T) T { return x & y }),
			"|": binaryOf(func(x, y T) T { return x | y }), "^": binaryOf(func(x, y T) T { return x ^ y }),
			"&^": binaryOf(func(x, y T) T { return x &^ y }),
		},
		unary: map[string]func(x reflect.Value) reflect.Value{
			"+": unaryOf(func(x T) T { return x }), "-": unaryOf(func(x T) T { return -x }), "^": unaryOf(func(x T) T { return ^x }),
		},
		shift: func(op string, x, y reflect.Value) reflect.Value {
			v := unbox[T](x)
			switch {
			case op == "<<" && y.CanInt():
				v <<= y.Int()
			case op == "<<":
				v <<= y.Uint()
			case y.CanInt():
				v >>= y.Int()
			default:
				v >>= y.Uint()
			}
			return box(v)
		},
	}
	ordered[T](n)
	real1[T](n)
	return n
}

func floating[T float32 | float64]() *native {
	n := &native{
		binary: map[string]func(x, y reflect.Value) reflect.Value{
			"+": binaryOf(func(x, y T) T { return x + y }), "-": binaryOf(func(x, y T) T { return x - y }),
			"*": binaryOf(func(x, y T) T { return x * y }), "/": binaryOf(func(x, y T) T { return x / y }),
		},
		unary: map[string]func(x reflect.Value) reflect.Value{
			"+": unaryOf(func(x T) T { return x }), "-": unaryOf(func(x T) T { return -x }),
		},
	}
	ordered[T](n)
	real1[T](n)
	return n
}

func complexes[T complex64 | complex128]() *native {
	return &native{
		binary: map[string]func(x, y reflect.Value) reflect.Value{
			"+": binaryOf(func(x, y T) T { return x + y }), "-": binaryOf(func(x, y T) T { return x - y }),
			"*": binaryOf(func(x, y T) T { return x * y }), "/": binaryOf(func(x, y T) T { return x / y }),
		},
		unary: map[string]func(x reflect.Value) reflect.Value{
			"+": unaryOf(func(x T) T { return x }), "-": unaryOf(func(x T) T { return -x }),
		},
		compare: map[string]func(x, y reflect.Value) bool{
			"==": compareOf(func(x, y T) bool { return x == y }), "!=": compareOf(func(x, y T) bool { return x != y }),
		},
		from: func(x reflect.Value) reflect.Value { return box(T(x.Complex())) },
	}
}

func texts() *native {
	n := &native{binary: map[string]func(x, y reflect.Value) reflect.Value{"+": binaryOf(func(x, y string) string { return x + y })}}
	ordered[string](n)
	return n
}

var natives = map[reflect.Kind]*native{
	reflect.Int: integer[int](), reflect.Int8: integer[int8](), reflect.Int16: integer[int16](), reflect.Int32: integer[int32](), reflect.Int64: integer[int64](),
	reflect.Uint: integer[uint](), reflect.Uint8: integer[uint8](), reflect.Uint16: integer[uint16](), reflect.Uint32: integer[uint32](), reflect.Uint64: integer[uint64](),
	reflect.Uintptr: integer[uintptr](), reflect.Float32: floating[float32](), reflect.Float64: floating[float64](),
	reflect.Complex64: complexes[complex64](), reflect.Complex128: complexes[complex128](), reflect.String: texts(),
}

func nativeOf(t reflect.Type) *native {
	if n := natives[t.Kind()]; n != nil {
		return n
	}
	return &native{}
}

// typed sees a result as one of type t, a named one perhaps.
func typed(v reflect.Value, t reflect.Type) reflect.Value {
	if v.Type() == t {
		return v
	}
	return v.Convert(t) // of the same kind: only the name changes
}

// operator returns an arithmetic operation or shift on operands of the given types.
func operator(op string, x, y reflect.Type) func(x, y reflect.Value) reflect.Value {
	n := nativeOf(x)
	if op == "<<" || op == ">>" {
		if n.shift == nil || nativeOf(y).shift == nil {
			refuse("%v %s %v", x, op, y)
		}
		return func(a, b reflect.Value) reflect.Value { return typed(n.shift(op, a, b), x) }
	}
	f := n.binary[op]
	if f == nil || x != y {
		refuse("%v %s %v", x, op, y)
	}
	return func(a, b reflect.Value) reflect.Value { return typed(f(a, b), x) }
}

// Go's own panics come from Go's own operations.

//go:noinline
func nilPointer(p *int) int { return *p }

// notNil panics as following a nil pointer does.
func notNil(v reflect.Value) {
	if v.IsNil() {
		nilPointer(nil)
	}
}

// checkIndex panics as indexing does. Elements without a size take no memory.
func checkIndex(i reflect.Value, n int) int {
	if i.CanInt() {
		k := i.Int()
		_ = make([]struct{}, n)[k]
		return int(k)
	}
	k := i.Uint()
	_ = make([]struct{}, n)[k]
	return int(k)
}

// checkSlice panics as slicing does: a slice up to its capacity, strings and arrays up to their length.
func checkSlice(lo, hi, top int, three, fixed bool, n, c int) {
	switch {
	case three:
		_ = make([]struct{}, n, c)[lo:hi:top]
	case fixed:
		var b byte
		_ = unsafe.String(&b, n)[lo:hi] // never read
	default:
		_ = make([]struct{}, n, c)[lo:hi]
	}
}
