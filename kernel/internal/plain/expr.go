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

// pointerTo returns the type that reflection gives the address of a t, if it is the one that compiled code has.
func pointerTo(t reflect.Type, want *Type) reflect.Type {
	p := resolve(want)
	if reflect.PointerTo(t) != p {
		refuse("type %s came later than values of it", want.Text)
	}
	return p
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
