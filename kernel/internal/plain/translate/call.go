package translate

import (
	"go/ast"
	"go/types"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

// readsStack names packages whose functions tell where they were called.
func readsStack(path string) bool {
	switch path {
	case "runtime", "runtime/debug", "runtime/pprof", "log", "log/slog", "testing", "reflect", "unsafe", "plugin", "syscall", "k8s.io/klog/v2":
		return true
	}
	return false
}

// readsElements tells whether a conversion reads the elements of a slice.
func (t *translator) readsElements(x *ast.CallExpr) bool {
	_, fromSlice := t.Info.TypeOf(x.Args[0]).Underlying().(*types.Slice)
	_, toSlice := t.Info.TypeOf(x).Underlying().(*types.Slice)
	return fromSlice && !toSlice
}

func (t *translator) list(xs []ast.Expr) []*plain.Node {
	out := make([]*plain.Node, len(xs))
	for i, x := range xs {
		out[i] = t.operand(x)
	}
	return out
}

func (t *translator) call(x *ast.CallExpr) *plain.Node {
	fun := ast.Unparen(x.Fun)
	line := t.line(x.Lparen)
	if tv := t.Info.Types[fun]; tv.IsType() {
		if t.readsElements(x) {
			t.statement.reads(x)
		}
		n := &plain.Node{Op: "conv", Line: line, Type: t.typ(tv.Type), Args: []*plain.Node{t.operand(x.Args[0])}}
		if _, toSlice := tv.Type.Underlying().(*types.Slice); toSlice && isString(t.Info.TypeOf(x.Args[0])) {
			return t.hoist(n)
		}
		return n
	}
	if id, ok := fun.(*ast.Ident); ok {
		if b, ok := t.Info.Uses[id].(*types.Builtin); ok {
			return t.builtin(x, b.Name())
		}
	}
	t.effect(x)
	if t.hoisting && t.spreads(x.Args) {
		no("the order of a call and of reading what it may change is the compiler's to choose: several results")
	}
	spread := x.Ellipsis.IsValid()
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		if s := t.Info.Selections[sel]; s != nil && s.Kind() == types.MethodVal {
			return t.method(x, sel, s)
		} else if fn, ok := t.Info.Uses[sel.Sel].(*types.Func); ok && fn.FullName() == "time.Sleep" {
			return &plain.Node{Op: "sleep", Line: line, Args: []*plain.Node{t.expr(x.Args[0])}}
		}
	}
	return t.called(x, &plain.Node{Op: "call", Line: line, Flag: spread, Args: append([]*plain.Node{t.expr(fun)}, t.list(x.Args)...)})
}

func (t *translator) method(x *ast.CallExpr, sel *ast.SelectorExpr, s *types.Selection) *plain.Node {
	fn := s.Obj().(*types.Func)
	if fn.Pkg() != nil && readsStack(fn.Pkg().Path()) {
		no("%s looks at its callers", fn.FullName())
	}
	path := s.Index()
	path = path[:len(path)-1]
	n := &plain.Node{Op: "method", Line: t.line(x.Lparen), Name: t.Export(fn.Name()), Flag: x.Ellipsis.IsValid()}
	recv := fn.Signature().Recv().Type()
	// Methods are promoted from embedded fields, an interface perhaps. Such a field is read where it holds a pointer or the
	// receiver is a copy.
	holder := t.Info.TypeOf(sel.X)
	through, loaded := false, false
	for k, i := range path {
		if p, ok := holder.Underlying().(*types.Pointer); ok {
			through, loaded = true, loaded || k > 0
			holder = p.Elem()
		}
		holder = holder.Underlying().(*types.Struct).Field(i).Type()
	}
	_, isPointer := holder.Underlying().(*types.Pointer)
	_, wantsPointer := types.Unalias(recv).(*types.Pointer)
	var from *plain.Node
	if wantsPointer && !isPointer {
		from = t.variable(sel.X)
	} else {
		from = t.expr(sel.X)
	}
	dot := t.line(t.dot(sel.X))
	if len(path) > 0 {
		from = &plain.Node{Op: "field", Line: dot, Path: path, Args: []*plain.Node{from}}
	}
	if isPointer && !wantsPointer && !types.IsInterface(holder) {
		from = &plain.Node{Op: "deref", Line: dot, Args: []*plain.Node{from}}
	}
	n.Args = append([]*plain.Node{from}, t.list(x.Args)...)
	if through && (loaded || isPointer || !wantsPointer) {
		t.statement.reads(sel.X)
	}
	switch {
	case types.IsInterface(holder):
		n.Text = "interface"
	case wantsPointer:
		n.Text = "pointer"
		if !isPointer {
			n.Type = t.typ(types.NewPointer(holder))
		}
	default:
		n.Text = "value"
		if isPointer {
			t.statement.reads(sel.X)
		}
	}
	switch fn.FullName() {
	case "(*sync.WaitGroup).Wait", "(*sync.Cond).Wait":
		n.Op = "wait"
	case "(*sync.Mutex).Lock", "(*sync.RWMutex).Lock", "(*sync.RWMutex).RLock":
		n.Op = "lock"
	}
	return t.called(x, n)
}

// called hoists a call that has one result.
func (t *translator) called(x *ast.CallExpr, n *plain.Node) *plain.Node {
	if tv := t.Info.Types[x]; tv.IsValue() {
		if _, several := tv.Type.(*types.Tuple); !several {
			return t.hoist(n)
		}
	}
	return n
}

func (t *translator) builtin(x *ast.CallExpr, name string) *plain.Node {
	n := &plain.Node{Op: "builtin", Name: name, Line: t.line(x.Lparen), Flag: x.Ellipsis.IsValid()}
	args := x.Args
	switch name {
	case "len", "cap":
		switch u := t.Info.TypeOf(args[0]).Underlying().(type) {
		case *types.Map:
			t.statement.reads(x) // another function may change it
		case *types.Pointer:
			no("%s of %s", name, u)
		}
	case "append", "copy", "delete", "clear", "close", "panic", "print", "println":
		t.statement.calls(x)
	case "min", "max":
	case "complex", "real", "imag":
		n.Type = t.typ(t.Info.TypeOf(x))
	case "make":
		n.Type = t.typ(t.Info.TypeOf(args[0]))
		args = args[1:]
	case "new":
		if !t.Info.Types[args[0]].IsType() {
			no("new of a value")
		}
		n.Type = t.typ(t.Info.TypeOf(x))
		args = nil
	default:
		no("%s", name)
	}
	n.Args = t.list(args)
	switch name {
	case "delete", "clear", "close", "panic", "print", "println":
		return n
	}
	return t.hoist(n)
}
