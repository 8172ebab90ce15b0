package plain

import (
	"reflect"
	"sync/atomic"

	"github.com/gosaddle/saddle/kernel/internal/live"
)

// Machine is a program ready to run: all it names has been found.
type Machine struct {
	cell, fn string
	line     atomic.Int32
	body     []exec
	locals   []reflect.Value // places of the variables of blocks
}

// Position returns where the machine is, for tracebacks.
func (m *Machine) Position() (cell, fn string, line int) { return m.cell, m.fn, int(m.line.Load()) }

// Run evaluates the cell. Panics are those of the cell.
func (m *Machine) Run() {
	for _, st := range m.body {
		live.Check()
		st(m)
	}
}

// at notes the line of an operation that may panic.
func (m *Machine) at(line int) { m.line.Store(int32(line)) }

// exec is a statement, ready to run; flow says how it ended.
type exec func(m *Machine) flow

type flow int

const (
	next flow = iota
	breaks
	continues
)

// expr is an expression, ready to be evaluated. A value that is read from a variable is a copy.
type expr struct {
	typ   reflect.Type // nil for nil and where there is not exactly one value
	isNil bool
	eval  func(m *Machine) reflect.Value
	place func(m *Machine) reflect.Value        // the variable itself, settable; nil where there is none
	find  func(m *Machine) func() reflect.Value // place in two steps, as an assignment takes them: operands, then checks
	types []reflect.Type                        // of several values, or none
	evals func(m *Machine) []reflect.Value
}

// Prepare finds all that a program names. The error is a *Refusal where something is not there: then nothing has happened,
// and the cell has to be compiled.
func Prepare(p *Program) (m *Machine, err error) {
	defer func() {
		if r := recover(); r != nil {
			refusal, ok := r.(*Refusal)
			if !ok {
				panic(r)
			}
			err = refusal
		}
	}()
	b := &builder{vars: map[string]reflect.Type{}, held: map[int]local{}}
	m = &Machine{cell: p.Cell, fn: p.Func}
	for _, n := range p.Body {
		m.body = append(m.body, b.stmt(n))
	}
	m.locals = make([]reflect.Value, b.locals)
	return m, nil
}

// builder makes closures of nodes.
type builder struct {
	vars   map[string]reflect.Type // variables that the program has declared so far
	scopes []map[string]local      // blocks around the present node
	locals int
	held   map[int]local // values that temp keeps
	trips  []int         // how often the bodies of the loops around the present node run
}

// local is a variable of a block.
type local struct {
	slot int
	typ  reflect.Type
}

func (b *builder) declareLocal(name string, t reflect.Type) local {
	l := local{b.locals, t}
	b.locals++
	b.scopes[len(b.scopes)-1][name] = l
	return l
}

func (b *builder) local(name string) *expr {
	for i := len(b.scopes) - 1; i >= 0; i-- {
		if l, ok := b.scopes[i][name]; ok {
			return variable(l.typ, func(m *Machine) reflect.Value { return m.locals[l.slot] })
		}
	}
	refuse("no variable %s", name)
	return nil
}

func (b *builder) inScope(f func()) {
	b.scopes = append(b.scopes, map[string]local{})
	defer func() { b.scopes = b.scopes[:len(b.scopes)-1] }()
	f()
}

// make1 returns a new settable value.
func make1(t reflect.Type) reflect.Value { return reflect.New(t).Elem() }

func copyOf(v reflect.Value) reflect.Value {
	c := make1(v.Type())
	c.Set(v)
	return c
}

// variable makes an expression of a variable: reading copies.
func variable(t reflect.Type, place func(m *Machine) reflect.Value) *expr {
	return &expr{typ: t, place: place, eval: func(m *Machine) reflect.Value { return copyOf(place(m)) },
		find: func(m *Machine) func() reflect.Value { return func() reflect.Value { return place(m) } }}
}

// found is variable for one whose operands are evaluated first, and which is then looked for, in vain perhaps.
func found(t reflect.Type, find func(m *Machine) func() reflect.Value) *expr {
	e := variable(t, func(m *Machine) reflect.Value { return find(m)() })
	e.find = find
	return e
}

// pointed makes an expression of the variable that a pointer leads to.
func pointed(p *expr, line int) *expr {
	return found(p.typ.Elem(), func(m *Machine) func() reflect.Value {
		v := p.eval(m)
		return func() reflect.Value {
			m.at(line)
			notNil(v)
			return v.Elem()
		}
	})
}

// into evaluates an expression for a place of type t.
func into(e *expr, t reflect.Type) func(m *Machine) reflect.Value {
	if e.isNil {
		return func(*Machine) reflect.Value { return reflect.Zero(t) }
	}
	if e.typ == nil {
		refuse("an expression without one value")
	}
	if e.typ == t {
		return e.eval
	}
	conv := assign(e.typ, t)
	return func(m *Machine) reflect.Value { return conv(e.eval(m)) }
}

// assign returns what makes a value of type from one of type t, as assignment does.
func assign(from, t reflect.Type) func(v reflect.Value) reflect.Value {
	if from == t {
		return func(v reflect.Value) reflect.Value { return v }
	}
	if !from.AssignableTo(t) {
		if from.Kind() == reflect.Bool && t.Kind() == reflect.Bool { // a comparison's result has no type of its own
			return func(v reflect.Value) reflect.Value { return v.Convert(t) }
		}
		refuse("a %v where a %v is wanted", from, t)
	}
	if t.Kind() == reflect.Interface && t.NumMethod() > 0 && from.Kind() != reflect.Interface && (HasItab == nil || !HasItab(t, from)) {
		refuse("no compiled code makes a %v of a %v yet", t, from)
	}
	return func(v reflect.Value) reflect.Value {
		c := make1(t)
		c.Set(v)
		return c
	}
}

// HasItab tells whether the process has the method table of a type for an interface; the worker sets it. Reflection would make
// one, and code compiled later, which brings its own, would not know the value again.
var HasItab func(iface, concrete reflect.Type) bool

// any1 returns a value as an interface holds it.
func any1(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	return v.Interface()
}

func (b *builder) stmt(n *Node) exec {
	switch n.Op {
	case "define":
		return b.define(n)
	case "vars":
		return b.varDecl(n)
	case "assign":
		return b.assign(n)
	case "opassign":
		return b.opAssign(n)
	case "expr":
		e := b.expr(n.Args[0])
		return func(m *Machine) flow { discard(m, e); return next }
	case "show":
		return b.show(n)
	case "send":
		return b.send(n)
	case "block":
		return b.block(n)
	case "ordered":
		return sequence(b.stmts(n.Args))
	case "temp":
		e := b.one(n.Args[0])
		slot := b.locals
		b.locals++
		b.held[n.Path[0]] = local{slot, e.typ}
		return func(m *Machine) flow { m.locals[slot] = e.eval(m); return next }
	case "if":
		return b.ifStmt(n)
	case "for":
		return b.forStmt(n)
	case "range":
		return b.rangeStmt(n)
	case "break":
		return func(*Machine) flow { return breaks }
	case "continue":
		return func(*Machine) flow { return continues }
	}
	refuse("statement %s", n.Op)
	return nil
}

func discard(m *Machine, e *expr) {
	switch {
	case e.evals != nil:
		e.evals(m)
	case e.eval != nil:
		e.eval(m)
	}
}

func (b *builder) show(n *Node) exec {
	list := make([]*expr, len(n.Args))
	for i, a := range n.Args {
		list[i] = b.expr(a)
	}
	hand := live.Show
	if n.Text == "Fail" {
		hand = live.Fail
	} else if n.Text != "Show" {
		refuse("show %s", n.Text)
	}
	return func(m *Machine) flow {
		var values []any
		for _, e := range list {
			switch {
			case e.isNil:
				values = append(values, nil)
			case e.evals != nil:
				for _, v := range e.evals(m) {
					values = append(values, any1(v))
				}
			default:
				values = append(values, any1(e.eval(m)))
			}
		}
		m.at(n.Line)
		hand(values...)
		return next
	}
}

// values evaluates the right side of an assignment for n places. It returns the types too.
func (b *builder) values(args []*Node, n int) ([]reflect.Type, func(m *Machine) []reflect.Value, []*expr) {
	if len(args) == 1 && n != 1 {
		e := b.expr(args[0])
		if len(e.types) != n {
			refuse("%d values for %d variables", len(e.types), n)
		}
		return e.types, e.evals, nil
	}
	list := make([]*expr, len(args))
	types := make([]reflect.Type, len(args))
	for i, a := range args {
		list[i] = b.expr(a)
		types[i] = list[i].typ
	}
	if len(args) != n {
		refuse("%d values for %d variables", len(args), n)
	}
	return types, func(m *Machine) []reflect.Value {
		out := make([]reflect.Value, len(list))
		for i, e := range list {
			if !e.isNil {
				out[i] = e.eval(m)
			}
		}
		return out
	}, list
}

// store gives a variable of the notebook new storage.
func store(name string, v reflect.Value) {
	ptr := reflect.New(v.Type())
	ptr.Elem().Set(v)
	live.Store(name, ptr)
}

func (b *builder) define(n *Node) exec {
	types, eval, _ := b.values(n.Args, len(n.Names))
	set := make([]func(m *Machine, v reflect.Value), len(n.Names))
	for i, name := range n.Names {
		if types[i] == nil {
			refuse("%s without a type", name)
		}
		switch {
		case n.Path[i] == Blank:
		case n.Path[i] == Declared && len(b.scopes) > 0:
			slot := b.declareLocal(name, types[i]).slot
			set[i] = func(m *Machine, v reflect.Value) { m.locals[slot] = copyOf(v) }
		case n.Path[i] == Declared:
			b.vars[name] = types[i]
			set[i] = func(m *Machine, v reflect.Value) { store(name, v) }
		default:
			var to *expr
			if len(b.scopes) > 0 { // declared in the same block
				to = b.local(name)
			} else {
				to = b.variable(name, nil)
			}
			conv := assign(types[i], to.typ)
			set[i] = func(m *Machine, v reflect.Value) { to.place(m).Set(conv(v)) }
		}
	}
	return func(m *Machine) flow {
		for i, v := range eval(m) {
			if set[i] != nil {
				set[i](m, v)
			}
		}
		return next
	}
}

func (b *builder) varDecl(n *Node) exec {
	var want reflect.Type
	if n.Type != nil {
		want = resolve(n.Type)
	}
	types := make([]reflect.Type, len(n.Names))
	var eval func(m *Machine) []reflect.Value
	if len(n.Args) > 0 {
		var list []*expr
		types, eval, list = b.values(n.Args, len(n.Names))
		if list != nil && want != nil {
			parts := make([]func(m *Machine) reflect.Value, len(list))
			for i, e := range list {
				parts[i] = into(e, want)
			}
			eval = func(m *Machine) []reflect.Value {
				out := make([]reflect.Value, len(parts))
				for i, p := range parts {
					out[i] = p(m)
				}
				return out
			}
		} else if want != nil {
			inner, convs := eval, make([]func(reflect.Value) reflect.Value, len(types))
			for i, t := range types {
				convs[i] = assign(t, want)
			}
			eval = func(m *Machine) []reflect.Value {
				out := inner(m)
				for i := range out {
					out[i] = convs[i](out[i])
				}
				return out
			}
		}
	} else {
		eval = func(*Machine) []reflect.Value {
			out := make([]reflect.Value, len(n.Names))
			for i := range out {
				out[i] = reflect.Zero(want)
			}
			return out
		}
	}
	set := make([]func(m *Machine, v reflect.Value), len(n.Names))
	for i, name := range n.Names {
		t := types[i]
		if want != nil {
			t = want
		}
		if t == nil {
			refuse("%s without a type", name)
		}
		switch {
		case name == "_":
		case len(b.scopes) > 0:
			slot := b.declareLocal(name, t).slot
			set[i] = func(m *Machine, v reflect.Value) { m.locals[slot] = copyOf(v) }
		default:
			b.vars[name] = t
			set[i] = func(m *Machine, v reflect.Value) { store(name, v) }
		}
	}
	return func(m *Machine) flow {
		for i, v := range eval(m) {
			if set[i] != nil {
				set[i](m, v)
			}
		}
		return next
	}
}

// target is the left side of an assignment: prepare evaluates its operands, and what that returns assigns.
type target struct {
	typ     reflect.Type // nil for _
	prepare func(m *Machine) func(v reflect.Value)
}

func (b *builder) target(n *Node) target {
	if n == nil {
		return target{nil, func(*Machine) func(reflect.Value) { return func(reflect.Value) {} }}
	}
	if n.Op == "index" {
		if base := b.expr(n.Args[0]); base.typ != nil && base.typ.Kind() == reflect.Map {
			key := into(b.expr(n.Args[1]), base.typ.Key())
			return target{base.typ.Elem(), func(m *Machine) func(reflect.Value) {
				mv, k := base.eval(m), key(m)
				return func(v reflect.Value) {
					m.at(n.Line)
					mv.SetMapIndex(k, v)
				}
			}}
		}
	}
	e := b.expr(n)
	if e.place == nil {
		refuse("assignment to %s", n.Op)
	}
	return target{e.typ, func(m *Machine) func(reflect.Value) {
		place := e.find(m)
		return func(v reflect.Value) { place().Set(v) }
	}}
}

func (b *builder) assign(n *Node) exec {
	left := n.Path[0]
	targets := make([]target, left)
	for i := range targets {
		targets[i] = b.target(n.Args[i])
	}
	types, eval, list := b.values(n.Args[left:], left)
	convs := make([]func(v reflect.Value) reflect.Value, left)
	for i, t := range targets {
		switch {
		case t.typ == nil: // blank
			convs[i] = func(v reflect.Value) reflect.Value { return v }
		case list != nil && list[i].isNil:
			convs[i] = func(reflect.Value) reflect.Value { return reflect.Zero(t.typ) }
		case types[i] == nil:
			refuse("assignment of no value")
		default:
			convs[i] = assign(types[i], t.typ)
		}
	}
	return func(m *Machine) flow {
		sets := make([]func(reflect.Value), left)
		for i, t := range targets {
			sets[i] = t.prepare(m)
		}
		values := eval(m)
		for i, v := range values {
			values[i] = convs[i](v)
		}
		for i, v := range values {
			sets[i](v)
		}
		return next
	}
}

func (b *builder) opAssign(n *Node) exec {
	x, y := b.expr(n.Args[0]), b.expr(n.Args[1])
	if x.typ == nil || y.typ == nil {
		refuse("%s= without a value", n.Name)
	}
	op := operator(n.Name, x.typ, y.typ)
	if base := n.Args[0]; base.Op == "index" && x.place == nil { // an element of a map
		mp := b.expr(base.Args[0])
		if mp.typ == nil || mp.typ.Kind() != reflect.Map {
			refuse("%s= on %s", n.Name, base.Op)
		}
		key := into(b.expr(base.Args[1]), mp.typ.Key())
		return func(m *Machine) flow {
			mv, k := mp.eval(m), key(m)
			right := y.eval(m)
			m.at(n.Line)
			old := mv.MapIndex(k)
			if !old.IsValid() {
				old = reflect.Zero(mp.typ.Elem())
			}
			v := op(old, right)
			m.at(base.Line)
			mv.SetMapIndex(k, v)
			return next
		}
	}
	if x.place == nil {
		refuse("%s= on %s", n.Name, n.Args[0].Op)
	}
	return func(m *Machine) flow {
		p := x.place(m)
		right := y.eval(m)
		m.at(n.Line)
		p.Set(op(p, right))
		return next
	}
}

func (b *builder) send(n *Node) exec {
	ch := b.expr(n.Args[0])
	if ch.typ == nil || ch.typ.Kind() != reflect.Chan {
		refuse("send")
	}
	v := into(b.expr(n.Args[1]), ch.typ.Elem())
	return func(m *Machine) flow {
		c, x := ch.eval(m), v(m)
		m.at(n.Line)
		if !c.IsNil() && c.TrySend(x) {
			return next
		}
		if i, _, _ := reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectSend, Chan: c, Send: x}, {Dir: reflect.SelectRecv, Chan: reflect.ValueOf(live.Done())}}); i == 1 {
			live.Halt()
		}
		return next
	}
}

func (b *builder) stmts(list []*Node) []exec {
	out := make([]exec, len(list))
	for i, n := range list {
		out[i] = b.stmt(n)
	}
	return out
}

func sequence(list []exec) exec {
	return func(m *Machine) flow {
		for _, s := range list {
			if f := s(m); f != next {
				return f
			}
		}
		return next
	}
}

func (b *builder) block(n *Node) (st exec) {
	b.inScope(func() { st = sequence(b.stmts(n.Args)) })
	return st
}

func nothing(*Machine) flow { return next }

func (b *builder) optional(n *Node) exec {
	if n == nil {
		return nothing
	}
	return b.stmt(n)
}

func (b *builder) condition(n *Node) func(m *Machine) bool {
	if n == nil {
		return func(*Machine) bool { return true }
	}
	e := b.expr(n)
	if e.typ == nil || e.typ.Kind() != reflect.Bool {
		refuse("a condition that is no bool")
	}
	return func(m *Machine) bool { return e.eval(m).Bool() }
}

func (b *builder) ifStmt(n *Node) (st exec) {
	b.inScope(func() {
		init := b.optional(n.Args[0])
		cond := b.condition(n.Args[1])
		then, other := b.optional(n.Args[2]), b.optional(n.Args[3])
		st = func(m *Machine) flow {
			init(m)
			if cond(m) {
				return then(m)
			}
			return other(m)
		}
	})
	return st
}

// tripLimit bounds how often the body of a loop may run here: compiled code is a hundred times as fast.
const tripLimit = 2000

// inLoop builds a loop whose body runs so often, together with what its init statement declares.
func (b *builder) inLoop(trips int, f func()) {
	b.trips = append(b.trips, trips)
	defer func() { b.trips = b.trips[:len(b.trips)-1] }()
	all := 1
	for _, n := range b.trips {
		if all *= max(1, n); n > tripLimit || all > tripLimit {
			refuse("a long loop")
		}
	}
	b.inScope(f)
}

// tripsOver tells how often a loop over a variable runs, before the cell changes it perhaps: it is a matter of time only.
func (b *builder) tripsOver(n *Node) int {
	ptr, ok := live.Lookup(n.Name)
	if _, own := b.vars[n.Name]; own || !ok || n.Op != "var" {
		refuse("a loop that is not known to be short")
	}
	switch v := ptr.Elem(); {
	case v.Kind() == reflect.Slice:
		return v.Len()
	case v.CanInt():
		return int(min(v.Int(), tripLimit+1))
	case v.CanUint():
		return int(min(v.Uint(), tripLimit+1))
	}
	refuse("a loop that is not known to be short")
	return 0
}

func (b *builder) forStmt(n *Node) (st exec) {
	b.inLoop(n.Path[0], func() {
		init := b.optional(n.Args[0])
		var own []int // each iteration has its own copy of the variables
		for _, l := range b.scopes[len(b.scopes)-1] {
			own = append(own, l.slot)
		}
		cond, post, body := b.condition(n.Args[1]), b.optional(n.Args[2]), b.stmt(n.Args[3])
		st = func(m *Machine) flow {
			for init(m); cond(m); post(m) {
				live.Check()
				if body(m) == breaks {
					break
				}
				for _, slot := range own {
					m.locals[slot] = copyOf(m.locals[slot])
				}
			}
			return next
		}
	})
	return st
}

func (b *builder) rangeStmt(n *Node) (st exec) {
	trips := n.Path[0]
	if trips < 0 {
		trips = b.tripsOver(n.Args[0])
	}
	b.inLoop(trips, func() {
		x := b.expr(n.Args[0])
		if x.typ == nil {
			refuse("range over %s", n.Args[0].Op)
		}
		var types []reflect.Type
		over := x.typ
		switch over.Kind() {
		case reflect.Slice:
			types = []reflect.Type{intType, over.Elem()}
		case reflect.Array:
			types = []reflect.Type{intType, over.Elem()}
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			types = []reflect.Type{over}
		default:
			refuse("range over %v", over)
		}
		if len(n.Names) > len(types) {
			refuse("range with %d variables", len(n.Names))
		}
		slots := make([]int, len(n.Names))
		for i, name := range n.Names {
			slots[i] = -1
			if name != "_" && name != "" {
				slots[i] = b.declareLocal(name, types[i]).slot
			}
		}
		body := b.stmt(n.Args[1])
		set := func(m *Machine, i int, v func() reflect.Value) {
			if i < len(slots) && slots[i] >= 0 {
				m.locals[slots[i]] = copyOf(v())
			}
		}
		st = func(m *Machine) flow {
			v := x.eval(m)
			count := 0
			switch v.Kind() {
			case reflect.Slice, reflect.Array:
				count = v.Len()
			default:
				if v.CanInt() {
					count = int(v.Int())
				} else {
					count = int(v.Uint())
				}
			}
			for k := range count {
				live.Check()
				set(m, 0, func() reflect.Value { return reflect.ValueOf(k).Convert(types[0]) })
				if len(types) > 1 {
					set(m, 1, func() reflect.Value { return v.Index(k) })
				}
				if body(m) == breaks {
					break
				}
			}
			return next
		}
	})
	return st
}
