package plain

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/live"
)

// expr makes an expression of a node.
func (b *builder) expr(n *Node) *expr {
	switch n.Op {
	case "const":
		v := constant(n)
		return &expr{typ: v.Type(), eval: func(*Machine) reflect.Value { return v }}
	case "nil":
		return &expr{isNil: true, eval: func(*Machine) reflect.Value { return reflect.Value{} }}
	case "var":
		return b.variable(n.Name, n.Type)
	case "local":
		return b.local(n.Name)
	case "held":
		l, ok := b.held[n.Path[0]]
		if !ok {
			refuse("value %d is not held", n.Path[0])
		}
		return &expr{typ: l.typ, eval: func(m *Machine) reflect.Value { return m.locals[l.slot] }}
	case "func":
		v := reflect.ValueOf(symbol(n.Pkg, n.Name))
		if v.Kind() != reflect.Func {
			refuse("%s.%s is no function", n.Pkg, n.Name)
		}
		return &expr{typ: v.Type(), eval: func(*Machine) reflect.Value { return v }}
	case "pkgvar":
		v := reflect.ValueOf(symbol(n.Pkg, n.Name))
		if v.Kind() != reflect.Pointer {
			refuse("%s.%s is no variable", n.Pkg, n.Name)
		}
		return variable(v.Type().Elem(), func(*Machine) reflect.Value { return v.Elem() })
	case "field":
		return b.follow(b.expr(n.Args[0]), n.Path, n.Line)
	case "call":
		return b.call(n)
	case "method":
		return b.method(n)
	case "builtin":
		return b.builtin(n)
	case "conv":
		return b.conversion(n)
	case "unary":
		return b.unary(n)
	case "binary", "shift":
		x, y := b.one(n.Args[0]), b.one(n.Args[1])
		op := operator(n.Name, x.typ, y.typ)
		return &expr{typ: x.typ, eval: func(m *Machine) reflect.Value {
			l, r := x.eval(m), y.eval(m)
			m.at(n.Line)
			return op(l, r)
		}}
	case "compare":
		return b.compare(n)
	case "and", "or":
		x, y := b.one(n.Args[0]), b.one(n.Args[1])
		if x.typ.Kind() != reflect.Bool || y.typ.Kind() != reflect.Bool {
			refuse("%s of %v", n.Op, x.typ)
		}
		t := x.typ
		if n.Type != nil {
			t = resolve(n.Type)
		}
		return &expr{typ: t, eval: func(m *Machine) reflect.Value {
			v := x.eval(m)
			if v.Bool() == (n.Op == "and") {
				v = y.eval(m)
			}
			return typed(v, t)
		}}
	case "index", "index2":
		return b.index(n)
	case "slice":
		return b.slice(n)
	case "deref":
		p := b.one(n.Args[0])
		if p.typ.Kind() != reflect.Pointer {
			refuse("* of %v", p.typ)
		}
		return pointed(p, n.Line)
	case "addr":
		return b.addr(n)
	case "assert", "assert2":
		return b.assertion(n)
	case "recv", "recv2":
		return b.receive(n)
	case "lit":
		return b.literal(n)
	case "sleep":
		d := into(b.expr(n.Args[0]), reflect.TypeFor[time.Duration]())
		return &expr{evals: func(m *Machine) []reflect.Value {
			live.Sleep(time.Duration(d(m).Int()))
			return nil
		}}
	case "wait", "lock":
		return b.waits(n)
	}
	refuse("expression %s", n.Op)
	return nil
}

// one is expr for an operand, which has a value and a type.
func (b *builder) one(n *Node) *expr {
	e := b.expr(n)
	if e.typ == nil {
		refuse("%s without one value", n.Op)
	}
	return e
}

// variable finds a variable of the notebook. What another make of its type left in it is not for this program.
func (b *builder) variable(name string, t *Type) *expr {
	typ, own := b.vars[name]
	if !own {
		ptr, ok := live.Lookup(name)
		if !ok {
			refuse("variable %s has no value", name)
		}
		typ = ptr.Type().Elem()
	}
	if t != nil && !matches(typ, t) {
		refuse("variable %s is a %v, not a %s", name, typ, t.Text)
	}
	return variable(typ, func(*Machine) reflect.Value {
		ptr, _ := live.Lookup(name)
		return ptr.Elem()
	})
}

func constant(n *Node) reflect.Value {
	v := make1(resolve(n.Type))
	bad := func(err error) {
		if err != nil {
			refuse("constant %s: %v", n.Text, err)
		}
	}
	switch k := v.Kind(); {
	case k == reflect.Bool:
		v.SetBool(n.Text == "true")
	case k == reflect.String:
		s, err := strconv.Unquote(n.Text)
		bad(err)
		v.SetString(s)
	case v.CanInt():
		i, err := strconv.ParseInt(n.Text, 10, 64)
		bad(err)
		v.SetInt(i)
	case v.CanUint():
		u, err := strconv.ParseUint(n.Text, 10, 64)
		bad(err)
		v.SetUint(u)
	case v.CanFloat():
		f, err := strconv.ParseFloat(n.Text, 64)
		bad(err)
		v.SetFloat(f)
	case v.CanComplex():
		re, im, _ := strings.Cut(n.Text, " ")
		r, err := strconv.ParseFloat(re, 64)
		bad(err)
		i, err := strconv.ParseFloat(im, 64)
		bad(err)
		v.SetComplex(complex(r, i))
	default:
		refuse("constant of type %v", v.Type())
	}
	return v
}

// follow selects a field, through embedded ones and pointers.
func (b *builder) follow(e *expr, path []int, line int) *expr {
	for _, i := range path {
		if e.typ == nil {
			refuse("field of no value")
		}
		t, base := e.typ, e
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
			base = pointed(e, line)
		}
		if t.Kind() != reflect.Struct || i >= t.NumField() || !t.Field(i).IsExported() {
			refuse("field %d of %v", i, t)
		}
		ft := t.Field(i).Type
		if base.place != nil {
			e = found(ft, func(m *Machine) func() reflect.Value {
				st := base.find(m)
				return func() reflect.Value { return st().Field(i) }
			})
		} else {
			e = &expr{typ: ft, eval: func(m *Machine) reflect.Value { return base.eval(m).Field(i) }}
		}
	}
	return e
}

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

// pointerTo returns the type that reflection gives the address of a t, if it is the one that compiled code has.
func pointerTo(t reflect.Type, want *Type) reflect.Type {
	p := resolve(want)
	if reflect.PointerTo(t) != p {
		refuse("type %s came later than values of it", want.Text)
	}
	return p
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

func (b *builder) unary(n *Node) *expr {
	x := b.one(n.Args[0])
	if n.Name == "!" {
		if x.typ.Kind() != reflect.Bool {
			refuse("! of %v", x.typ)
		}
		return &expr{typ: x.typ, eval: func(m *Machine) reflect.Value {
			v := make1(x.typ)
			v.SetBool(!x.eval(m).Bool())
			return v
		}}
	}
	f := nativeOf(x.typ).unary[n.Name]
	if f == nil {
		refuse("%s of %v", n.Name, x.typ)
	}
	return &expr{typ: x.typ, eval: func(m *Machine) reflect.Value { return typed(f(x.eval(m)), x.typ) }}
}

func (b *builder) compare(n *Node) *expr {
	t := boolType
	if n.Type != nil {
		t = resolve(n.Type)
	}
	answer := func(v bool) reflect.Value {
		r := make1(t)
		r.SetBool(v)
		return r
	}
	x, y := b.expr(n.Args[0]), b.expr(n.Args[1])
	want := n.Name == "=="
	if x.isNil {
		x, y = y, x
	}
	if x.typ == nil {
		refuse("comparison of no value")
	}
	if y.isNil {
		switch x.typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface, reflect.UnsafePointer:
			return &expr{typ: t, eval: func(m *Machine) reflect.Value { return answer(x.eval(m).IsNil() == want) }}
		}
		refuse("%v and nil", x.typ)
	}
	if f := nativeOf(x.typ).compare[n.Name]; f != nil && x.typ == y.typ {
		return &expr{typ: t, eval: func(m *Machine) reflect.Value { return answer(f(x.eval(m), y.eval(m))) }}
	}
	if n.Name != "==" && n.Name != "!=" || y.typ == nil {
		refuse("%v %s %v", x.typ, n.Name, y.typ)
	}
	if x.typ != y.typ && !x.typ.AssignableTo(y.typ) && !y.typ.AssignableTo(x.typ) {
		refuse("%v %s %v", x.typ, n.Name, y.typ)
	}
	common := x.typ
	if x.typ.AssignableTo(y.typ) {
		common = y.typ
	}
	l, r := into(x, common), into(y, common)
	return &expr{typ: t, eval: func(m *Machine) reflect.Value {
		a, c := l(m), r(m)
		m.at(n.Line)
		return answer((a.Interface() == c.Interface()) == want)
	}}
}

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

func (b *builder) addr(n *Node) *expr {
	x := b.one(n.Args[0])
	p := pointerTo(x.typ, n.Type)
	if n.Args[0].Op == "lit" {
		return &expr{typ: p, eval: func(m *Machine) reflect.Value {
			v := reflect.New(x.typ)
			v.Elem().Set(x.eval(m))
			return v
		}}
	}
	if x.place == nil {
		refuse("& of %s", n.Args[0].Op)
	}
	return &expr{typ: p, eval: func(m *Machine) reflect.Value { return x.place(m).Addr() }}
}

func (b *builder) assertion(n *Node) *expr {
	x, t := b.one(n.Args[0]), resolve(n.Type)
	if x.typ.Kind() != reflect.Interface {
		refuse("assertion on %v", x.typ)
	}
	get := func(v reflect.Value) (reflect.Value, bool) {
		if v.IsNil() {
			return reflect.Zero(t), false
		}
		d := v.Elem()
		if t.Kind() == reflect.Interface {
			if !d.Type().Implements(t) {
				return reflect.Zero(t), false
			}
			r := make1(t)
			r.Set(d)
			return r, true
		}
		if d.Type() != t {
			return reflect.Zero(t), false
		}
		return d, true
	}
	if n.Op == "assert2" {
		return &expr{types: []reflect.Type{t, boolType}, evals: func(m *Machine) []reflect.Value {
			v, ok := get(x.eval(m))
			return []reflect.Value{v, reflect.ValueOf(ok)}
		}}
	}
	return &expr{typ: t, eval: func(m *Machine) reflect.Value {
		held := x.eval(m)
		v, ok := get(held)
		if !ok {
			m.at(n.Line)
			failAssertion(x.typ, held, t)
		}
		return v
	}}
}

func (b *builder) receive(n *Node) *expr {
	x := b.one(n.Args[0])
	if x.typ.Kind() != reflect.Chan {
		refuse("receive from %v", x.typ)
	}
	get := func(m *Machine) []reflect.Value {
		ch := x.eval(m)
		m.at(n.Line)
		if !ch.IsNil() {
			if v, ok := ch.TryRecv(); v.IsValid() {
				return []reflect.Value{v, reflect.ValueOf(ok)}
			}
		}
		i, v, ok := reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: ch}, {Dir: reflect.SelectRecv, Chan: reflect.ValueOf(live.Done())}})
		if i == 1 {
			live.Halt()
		}
		return []reflect.Value{v, reflect.ValueOf(ok)}
	}
	if n.Op == "recv2" {
		return &expr{types: []reflect.Type{x.typ.Elem(), boolType}, evals: get}
	}
	return &expr{typ: x.typ.Elem(), eval: func(m *Machine) reflect.Value { return get(m)[0] }}
}

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

// conversion handles those that reflection does as compiled code does, and numbers natively.
func (b *builder) conversion(n *Node) *expr {
	t := resolve(n.Type)
	x := b.expr(n.Args[0])
	if x.isNil {
		return &expr{typ: t, eval: into(x, t)}
	}
	if x.typ == nil {
		refuse("conversion of no value")
	}
	from, to := nativeOf(x.typ), nativeOf(t)
	isComplex := func(k reflect.Kind) bool { return k == reflect.Complex64 || k == reflect.Complex128 }
	switch {
	case x.typ.AssignableTo(t):
		return &expr{typ: t, eval: into(x, t)}
	case to.from != nil && from.from != nil && isComplex(t.Kind()) == isComplex(x.typ.Kind()):
		return &expr{typ: t, eval: func(m *Machine) reflect.Value { return typed(to.from(x.eval(m)), t) }}
	case x.typ.Kind() == reflect.Slice && (t.Kind() == reflect.Array || t.Kind() == reflect.Pointer), !x.typ.ConvertibleTo(t):
		refuse("conversion of %v to %v", x.typ, t)
	}
	return &expr{typ: t, eval: func(m *Machine) reflect.Value {
		v := x.eval(m)
		m.at(n.Line)
		return v.Convert(t)
	}}
}

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
