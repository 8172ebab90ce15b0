package plain

import (
	"reflect"
)

func (b *builder) builtin(n *Node) *expr {
	switch n.Name {
	case "len", "cap":
		x := b.one(n.Args[0])
		t := x.typ
		if t.Kind() == reflect.Pointer {
			refuse("%s of a pointer", n.Name)
		}
		f := reflect.Value.Len
		if n.Name == "cap" {
			f = reflect.Value.Cap
		}
		return &expr{typ: intType, eval: func(m *Machine) reflect.Value { return reflect.ValueOf(f(x.eval(m))) }}
	case "append":
		return b.appended(n)
	case "copy":
		dst, src := b.one(n.Args[0]), b.one(n.Args[1])
		return &expr{typ: intType, eval: func(m *Machine) reflect.Value {
			d, s := dst.eval(m), src.eval(m)
			return reflect.ValueOf(reflect.Copy(d, s))
		}}
	case "delete":
		mp := b.one(n.Args[0])
		key := into(b.expr(n.Args[1]), mp.typ.Key())
		return &expr{evals: func(m *Machine) []reflect.Value {
			mv, k := mp.eval(m), key(m)
			m.at(n.Line)
			mv.SetMapIndex(k, reflect.Value{})
			return nil
		}}
	case "clear":
		x := b.one(n.Args[0])
		return &expr{evals: func(m *Machine) []reflect.Value {
			if v := x.eval(m); !v.IsNil() {
				v.Clear()
			}
			return nil
		}}
	case "close":
		x := b.one(n.Args[0])
		return &expr{evals: func(m *Machine) []reflect.Value {
			v := x.eval(m)
			m.at(n.Line)
			v.Close()
			return nil
		}}
	case "new":
		t := resolve(n.Type.Of[0])
		p := pointerTo(t, n.Type)
		return &expr{typ: p, eval: func(*Machine) reflect.Value { return reflect.New(t) }}
	case "make":
		return b.makes(n)
	case "panic":
		v := into(b.expr(n.Args[0]), reflect.TypeFor[any]())
		return &expr{evals: func(m *Machine) []reflect.Value {
			x := v(m).Interface()
			m.at(n.Line)
			panic(x)
		}}
	case "min", "max":
		list := make([]*expr, len(n.Args))
		for i, a := range n.Args {
			list[i] = b.one(a)
			if list[i].typ != list[0].typ {
				refuse("%s of %v and %v", n.Name, list[0].typ, list[i].typ)
			}
		}
		t := list[0].typ
		f := nativeOf(t).least
		if n.Name == "max" {
			f = nativeOf(t).most
		}
		if f == nil {
			refuse("%s of %v", n.Name, t)
		}
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			v := list[0].eval(m)
			for _, e := range list[1:] {
				v = f(v, e.eval(m))
			}
			return typed(v, t)
		}}
	case "complex":
		x, y := b.one(n.Args[0]), b.one(n.Args[1])
		t := resolve(n.Type)
		if !t.ConvertibleTo(reflect.TypeFor[complex128]()) {
			refuse("complex %v", t)
		}
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			v := make1(t)
			v.SetComplex(complex(x.eval(m).Float(), y.eval(m).Float()))
			return v
		}}
	case "real", "imag":
		x, t := b.one(n.Args[0]), resolve(n.Type)
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			c, v := x.eval(m).Complex(), make1(t)
			if n.Name == "real" {
				v.SetFloat(real(c))
			} else {
				v.SetFloat(imag(c))
			}
			return v
		}}
	case "print", "println":
		return b.print(n)
	}
	refuse("%s", n.Name)
	return nil
}

func (b *builder) appended(n *Node) *expr {
	x := b.expr(n.Args[0])
	if x.typ == nil || x.typ.Kind() != reflect.Slice {
		refuse("append")
	}
	t := x.typ
	if n.Flag {
		rest := b.expr(n.Args[1])
		if rest.isNil {
			return x
		}
		var more func(m *Machine) reflect.Value
		if rest.typ != nil && rest.typ.Kind() == reflect.String {
			more = func(m *Machine) reflect.Value { return rest.eval(m).Convert(reflect.TypeFor[[]byte]()) }
			if t.Elem() != byteType {
				refuse("append of a string to %v", t)
			}
		} else {
			more = rest.eval
			if rest.typ == nil || rest.typ.Kind() != reflect.Slice || rest.typ.Elem() != t.Elem() {
				refuse("append to %v", t)
			}
		}
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			s, v := x.eval(m), more(m)
			return reflect.AppendSlice(s, v.Convert(t))
		}}
	}
	parts := make([]func(m *Machine) reflect.Value, len(n.Args)-1)
	for i, a := range n.Args[1:] {
		parts[i] = into(b.expr(a), t.Elem())
	}
	return &expr{typ: t, eval: func(m *Machine) reflect.Value {
		s := x.eval(m)
		vals := make([]reflect.Value, len(parts))
		for i, f := range parts {
			vals[i] = f(m)
		}
		return reflect.Append(s, vals...)
	}}
}

func (b *builder) makes(n *Node) *expr {
	t := resolve(n.Type)
	sizes := make([]*expr, len(n.Args))
	for i, a := range n.Args {
		sizes[i] = b.one(a)
		if sizes[i].typ.Kind() < reflect.Int || sizes[i].typ.Kind() > reflect.Int64 {
			refuse("make with a size of type %v", sizes[i].typ)
		}
	}
	size := func(m *Machine) (list [2]int) {
		for i, e := range sizes {
			list[i] = int(e.eval(m).Int())
		}
		if len(sizes) == 1 {
			list[1] = list[0]
		}
		m.at(n.Line)
		return list
	}
	switch t.Kind() {
	case reflect.Slice:
		elem := max(1, int(t.Elem().Size()))
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			s := size(m)
			if s[0] < 0 || s[0] > 1<<46/elem {
				_ = make([]byte, s[0]|-1<<62) // panics as the compiled make does
			}
			_ = make([]struct{}, s[0], s[1])
			if s[1] > 1<<46/elem {
				_ = make([]byte, 0, s[1]|-1<<62)
			}
			return reflect.MakeSlice(t, s[0], s[1])
		}}
	case reflect.Map:
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			if len(sizes) == 0 {
				return reflect.MakeMap(t)
			}
			return reflect.MakeMapWithSize(t, size(m)[0])
		}}
	case reflect.Chan:
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			s := size(m)[0]
			if s < 0 {
				_ = make(chan struct{}, s)
			}
			return reflect.MakeChan(t, s)
		}}
	}
	refuse("make of %v", t)
	return nil
}

// print is the built-in print, which writes to stderr in the runtime's own format.
func (b *builder) print(n *Node) *expr {
	var list []func(m *Machine)
	for i, a := range n.Args {
		e := b.one(a)
		if i > 0 && n.Name == "println" {
			list = append(list, func(*Machine) { print(" ") })
		}
		switch k := e.typ.Kind(); {
		case k == reflect.Bool:
			list = append(list, func(m *Machine) { print(e.eval(m).Bool()) })
		case k == reflect.String:
			list = append(list, func(m *Machine) { print(e.eval(m).String()) })
		case k >= reflect.Int && k <= reflect.Int64:
			list = append(list, func(m *Machine) { print(e.eval(m).Int()) })
		case k >= reflect.Uint && k <= reflect.Uintptr:
			list = append(list, func(m *Machine) { print(e.eval(m).Uint()) })
		case k == reflect.Float32:
			list = append(list, func(m *Machine) { print(float32(e.eval(m).Float())) })
		case k == reflect.Float64:
			list = append(list, func(m *Machine) { print(e.eval(m).Float()) })
		case k == reflect.Complex64:
			list = append(list, func(m *Machine) { print(complex64(e.eval(m).Complex())) })
		case k == reflect.Complex128:
			list = append(list, func(m *Machine) { print(e.eval(m).Complex()) })
		default:
			refuse("%s of %v", n.Name, e.typ)
		}
	}
	if n.Name == "println" {
		list = append(list, func(*Machine) { print("\n") })
	}
	return &expr{evals: func(m *Machine) []reflect.Value {
		for _, f := range list {
			f(m)
		}
		return nil
	}}
}
