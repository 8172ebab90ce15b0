package plain

import (
	"reflect"
)

func (b *builder) index(n *Node) *expr {
	x := b.one(n.Args[0])
	t := x.typ
	if t.Kind() == reflect.Map {
		key := into(b.expr(n.Args[1]), t.Key())
		get := func(m *Machine) (reflect.Value, bool) {
			mv, k := x.eval(m), key(m)
			m.at(n.Line)
			if v := mv.MapIndex(k); v.IsValid() {
				return v, true
			}
			return reflect.Zero(t.Elem()), false
		}
		if n.Op == "index2" {
			return &expr{types: []reflect.Type{t.Elem(), boolType}, evals: func(m *Machine) []reflect.Value {
				v, ok := get(m)
				return []reflect.Value{v, reflect.ValueOf(ok)}
			}}
		}
		return &expr{typ: t.Elem(), eval: func(m *Machine) reflect.Value { v, _ := get(m); return v }}
	}
	if n.Op == "index2" {
		refuse("two results of indexing %v", t)
	}
	i := b.one(n.Args[1])
	if nativeOf(i.typ).shift == nil {
		refuse("index of type %v", i.typ)
	}
	at := func(m *Machine, v, k reflect.Value) int {
		m.at(n.Line)
		return checkIndex(k, v.Len())
	}
	switch t.Kind() {
	case reflect.String:
		return &expr{typ: byteType, eval: func(m *Machine) reflect.Value {
			v, k := x.eval(m), i.eval(m)
			return reflect.ValueOf(v.String()[at(m, v, k)])
		}}
	case reflect.Slice:
		return found(t.Elem(), func(m *Machine) func() reflect.Value {
			v, k := x.eval(m), i.eval(m)
			return func() reflect.Value { return v.Index(at(m, v, k)) }
		})
	case reflect.Array:
		if x.place == nil {
			return &expr{typ: t.Elem(), eval: func(m *Machine) reflect.Value {
				v, k := x.eval(m), i.eval(m)
				return copyOf(v.Index(at(m, v, k)))
			}}
		}
		return found(t.Elem(), func(m *Machine) func() reflect.Value {
			array, k := x.find(m), i.eval(m)
			return func() reflect.Value { v := array(); return v.Index(at(m, v, k)) }
		})
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Array {
			return found(t.Elem().Elem(), func(m *Machine) func() reflect.Value {
				p, k := x.eval(m), i.eval(m)
				return func() reflect.Value {
					m.at(n.Line)
					notNil(p)
					return p.Elem().Index(at(m, p.Elem(), k))
				}
			})
		}
	}
	refuse("index of %v", t)
	return nil
}

func (b *builder) slice(n *Node) *expr {
	x := b.one(n.Args[0])
	bound := func(k int) func(m *Machine) int {
		if k >= len(n.Args) || n.Args[k] == nil {
			return nil
		}
		e := b.one(n.Args[k])
		if e.typ.Kind() < reflect.Int || e.typ.Kind() > reflect.Int64 {
			refuse("slice bound of type %v", e.typ)
		}
		return func(m *Machine) int { return int(e.eval(m).Int()) }
	}
	lo, hi, top := bound(1), bound(2), bound(3)
	t, fixed := x.typ, false
	get := x.eval
	switch {
	case t.Kind() == reflect.Slice:
	case t.Kind() == reflect.String:
		fixed = true
	case t.Kind() == reflect.Array && x.place != nil && top == nil:
		get, fixed = x.place, true
		t = sliceOf(t)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Array && top == nil:
		get, fixed = func(m *Machine) reflect.Value {
			p := x.eval(m)
			m.at(n.Line)
			notNil(p)
			return p.Elem()
		}, true
		t = sliceOf(t.Elem())
	default:
		refuse("slice of %v", t)
	}
	return &expr{typ: t, eval: func(m *Machine) reflect.Value {
		v := get(m)
		l, h := 0, v.Len()
		if lo != nil {
			l = lo(m)
		}
		if hi != nil {
			h = hi(m)
		}
		c := h
		if top != nil {
			c = top(m)
		}
		m.at(n.Line)
		size := v.Len()
		if v.Kind() == reflect.Slice {
			size = v.Cap()
		}
		checkSlice(l, h, c, top != nil, fixed, v.Len(), size)
		if top != nil {
			return v.Slice3(l, h, c)
		}
		return v.Slice(l, h)
	}}
}

// sliceOf returns the type of slices of an array type, which the compiler makes with it.
func sliceOf(array reflect.Type) reflect.Type {
	return reflect.New(array).Elem().Slice(0, 0).Type()
}
