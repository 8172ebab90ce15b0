package plain

import (
	"reflect"

	"github.com/gosaddle/saddle/kernel/internal/live"
)

// arguments returns what evaluates the arguments of a function with these parameters, for CallSlice where it is variadic.
func (b *builder) arguments(params []reflect.Type, variadic bool, args []*Node, spread bool) func(m *Machine) []reflect.Value {
	fixed := len(params)
	if variadic && !spread {
		fixed--
	}
	// gather puts the values behind the fixed ones into the variadic slice; none are a nil slice.
	gather := func(vals []reflect.Value) []reflect.Value {
		if !variadic || spread {
			return vals
		}
		st := params[fixed]
		rest := reflect.Zero(st)
		if extra := vals[fixed:]; len(extra) > 0 {
			rest = reflect.MakeSlice(st, len(extra), len(extra))
			for i, v := range extra {
				rest.Index(i).Set(v)
			}
		}
		return append(vals[:fixed:fixed], rest)
	}
	typeOf := func(i int) reflect.Type {
		if i < fixed {
			return params[i]
		}
		if !variadic || spread {
			refuse("too many arguments")
		}
		return params[fixed].Elem()
	}
	if len(args) == 1 {
		if e := b.expr(args[0]); e.types != nil {
			convs := make([]func(reflect.Value) reflect.Value, len(e.types))
			for i, t := range e.types {
				convs[i] = assign(t, typeOf(i))
			}
			if len(convs) < fixed {
				refuse("too few arguments")
			}
			return func(m *Machine) []reflect.Value {
				vals := append([]reflect.Value(nil), e.evals(m)...)
				for i, v := range vals {
					vals[i] = convs[i](v)
				}
				return gather(vals)
			}
		}
	}
	if len(args) < fixed {
		refuse("too few arguments")
	}
	list := make([]func(m *Machine) reflect.Value, len(args))
	for i, a := range args {
		list[i] = into(b.expr(a), typeOf(i))
	}
	return func(m *Machine) []reflect.Value {
		vals := make([]reflect.Value, len(list))
		for i, f := range list {
			vals[i] = f(m)
		}
		return gather(vals)
	}
}

// result makes an expression of what a call returns.
func result(types []reflect.Type, call func(m *Machine) []reflect.Value) *expr {
	if len(types) == 1 {
		return &expr{typ: types[0], eval: func(m *Machine) reflect.Value { return call(m)[0] }}
	}
	return &expr{types: types, evals: call}
}

func invoke(f reflect.Value, args []reflect.Value, variadic bool) []reflect.Value {
	if variadic {
		return f.CallSlice(args)
	}
	return f.Call(args)
}

func signature(t reflect.Type, skip int) (params, results []reflect.Type) {
	for i := skip; i < t.NumIn(); i++ {
		params = append(params, t.In(i))
	}
	for i := range t.NumOut() {
		results = append(results, t.Out(i))
	}
	return params, results
}

func (b *builder) call(n *Node) *expr {
	f := b.one(n.Args[0])
	if f.typ.Kind() != reflect.Func {
		refuse("call of %v", f.typ)
	}
	params, results := signature(f.typ, 0)
	variadic := f.typ.IsVariadic()
	args := b.arguments(params, variadic, n.Args[1:], n.Flag)
	return result(results, func(m *Machine) []reflect.Value {
		fn := f.eval(m)
		vals := args(m)
		m.at(n.Line)
		notNil(fn)
		return invoke(fn, vals, variadic)
	})
}

// receiver prepares the receiver of a method. It returns its type as well.
func (b *builder) receiver(n *Node) (reflect.Type, func(m *Machine) reflect.Value) {
	e := b.one(n.Args[0])
	switch n.Text {
	case "interface":
		if e.typ.Kind() != reflect.Interface {
			refuse("method of %v", e.typ)
		}
		return e.typ, e.eval
	case "value":
		return e.typ, e.eval
	case "pointer":
		if e.typ.Kind() == reflect.Pointer {
			return e.typ, e.eval
		}
		if e.place == nil || n.Type == nil {
			refuse("the address of %v", e.typ)
		}
		return pointerTo(e.typ, n.Type), func(m *Machine) reflect.Value { return e.place(m).Addr() }
	}
	refuse("receiver %s", n.Text)
	return nil, nil
}

func (b *builder) method(n *Node) *expr {
	typ, recv := b.receiver(n)
	meth, ok := typ.MethodByName(n.Name)
	if !ok {
		refuse("%v has no method %s", typ, n.Name)
	}
	skip := 1
	if typ.Kind() == reflect.Interface {
		skip = 0
	}
	params, results := signature(meth.Type, skip)
	variadic := meth.Type.IsVariadic()
	args := b.arguments(params, variadic, n.Args[1:], n.Flag)
	return result(results, func(m *Machine) []reflect.Value {
		v := recv(m)
		vals := args(m)
		m.at(n.Line)
		if typ.Kind() == reflect.Interface {
			notNil(v)
		}
		return invoke(v.Method(meth.Index), vals, variadic)
	})
}

// waits calls a method of package sync that may block.
func (b *builder) waits(n *Node) *expr {
	_, recv := b.receiver(n)
	return &expr{evals: func(m *Machine) []reflect.Value {
		v := recv(m)
		m.at(n.Line)
		f := v.MethodByName(n.Name)
		call := func() { f.Call(nil) }
		if try := v.MethodByName("Try" + n.Name); n.Op == "lock" && try.IsValid() {
			live.Lock(func() bool { return try.Call(nil)[0].Bool() }, call)
		} else {
			live.Wait(call)
		}
		return nil
	}}
}
