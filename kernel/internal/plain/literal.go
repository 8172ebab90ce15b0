package plain

import (
	"reflect"
)

func (b *builder) literal(n *Node) *expr {
	t := resolve(n.Type)
	switch t.Kind() {
	case reflect.Struct:
		parts := make([]func(m *Machine) reflect.Value, len(n.Args))
		for i, a := range n.Args {
			k := n.Path[i]
			if k >= t.NumField() || !t.Field(k).IsExported() {
				refuse("field %d of %v", k, t)
			}
			parts[i] = into(b.expr(a), t.Field(k).Type)
		}
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			v := make1(t)
			for i, f := range parts {
				v.Field(n.Path[i]).Set(f(m))
			}
			return v
		}}
	case reflect.Slice, reflect.Array:
		length := 0
		parts := make([]func(m *Machine) reflect.Value, len(n.Args))
		for i, a := range n.Args {
			length = max(length, n.Path[i]+1)
			parts[i] = into(b.expr(a), t.Elem())
		}
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			v := make1(t)
			if t.Kind() == reflect.Slice {
				v = reflect.MakeSlice(t, length, length)
			}
			for i, f := range parts {
				v.Index(n.Path[i]).Set(f(m))
			}
			return v
		}}
	case reflect.Map:
		parts := make([]func(m *Machine) reflect.Value, len(n.Args))
		for i, a := range n.Args {
			if i%2 == 0 {
				parts[i] = into(b.expr(a), t.Key())
			} else {
				parts[i] = into(b.expr(a), t.Elem())
			}
		}
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			v := reflect.MakeMap(t)
			for i := 0; i < len(parts); i += 2 {
				k, e := parts[i](m), parts[i+1](m)
				m.at(n.Line)
				v.SetMapIndex(k, e)
			}
			return v
		}}
	}
	refuse("literal of %v", t)
	return nil
}
