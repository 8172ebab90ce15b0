package translate

import (
	"go/ast"
	"go/types"
)

// effects are what a statement reads that others may change, or does that may panic, and what it calls that may change
// things.
type effects struct {
	read   []ast.Node
	called []ast.Node
}

// reads notes an operand that is read from memory which other code can reach.
func (e *effects) reads(n ast.Node) { e.read = append(e.read, n) }

// calls notes an operation that may change memory.
func (e *effects) calls(n ast.Node) { e.called = append(e.called, n) }

func within(inner, outer ast.Node) bool {
	return outer.Pos() <= inner.Pos() && inner.End() <= outer.End()
}

// settle refuses a statement in which the order of a read and a call is open.
func (t *translator) settle() {
	open := t.open()
	t.statement = effects{}
	if open {
		no("the order of a call and of reading what it may change is the compiler's to choose")
	}
}

// open tells whether the order of a read and a call is open: where neither is an operand of the other. Calls come in the
// order of the text, so what another call reads as its operand has its place among them.
func (t *translator) open() bool {
	placed := func(r, c ast.Node) bool {
		for _, k := range t.statement.called {
			if _, ok := k.(*ast.CallExpr); ok && k != c && k != r && within(r, k) && !within(c, k) && !t.isBuiltin(k.(*ast.CallExpr)) {
				return true
			}
		}
		return false
	}
	for _, c := range t.statement.called {
		for _, r := range t.statement.read {
			if !within(r, c) && !within(c, r) && !placed(r, c) {
				return true
			}
		}
	}
	return false
}

func (t *translator) isBuiltin(x *ast.CallExpr) bool {
	return t.Info.Types[ast.Unparen(x.Fun)].IsBuiltin()
}

// effect notes a call, unless it is one that cannot change what the cell can see: a library function that is given
// nothing but numbers and strings.
func (t *translator) effect(x *ast.CallExpr) {
	harmless := func() bool {
		var obj types.Object
		switch f := ast.Unparen(x.Fun).(type) {
		case *ast.Ident:
			obj = t.Info.Uses[f]
		case *ast.SelectorExpr:
			obj = t.Info.Uses[f.Sel]
			if s := t.Info.Selections[f]; s != nil && !flat(s.Recv()) {
				return false
			}
		}
		fn, ok := obj.(*types.Func)
		if !ok || fn.Pkg() == nil || fn.Pkg() == t.Pkg {
			return false
		}
		for _, a := range x.Args {
			if !t.flat(t.Info.TypeOf(a)) {
				return false
			}
		}
		return true
	}
	if !harmless() {
		t.statement.calls(x)
	}
}

// flat tells whether values of a type lead nowhere else, and bring no methods of the notebook along.
func (t *translator) flat(x types.Type) bool {
	if n, ok := types.Unalias(x).(*types.Named); ok && n.Obj().Pkg() == t.Pkg {
		return false
	}
	return flat(x)
}

func flat(x types.Type) bool {
	switch u := x.Underlying().(type) {
	case *types.Basic:
		return u.Kind() != types.UnsafePointer && u.Kind() != types.UntypedNil
	case *types.Array:
		return flat(u.Elem())
	}
	return false
}

// Exposes returns the notebook's variables that a node lets other code change: their address is taken, or a function
// literal sets them.
func Exposes(info *types.Info, node ast.Node, isVar func(*types.Var) bool) map[string]bool {
	names := map[string]bool{}
	root := func(x ast.Expr) { // the variable that x is a part of
		for {
			switch y := x.(type) {
			case *ast.ParenExpr:
				x = y.X
				continue
			case *ast.SelectorExpr:
				if s := info.Selections[y]; s != nil && !through(s.Recv(), s.Index()) {
					x = y.X
					continue
				}
			case *ast.IndexExpr:
				if _, ok := info.TypeOf(y.X).Underlying().(*types.Array); ok {
					x = y.X
					continue
				}
			case *ast.Ident:
				if v, ok := info.Uses[y].(*types.Var); ok && isVar(v) {
					names[v.Name()] = true
				}
			}
			return
		}
	}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.UnaryExpr:
			if n.Op.String() == "&" {
				root(n.X)
			}
		case *ast.SliceExpr:
			if _, ok := info.TypeOf(n.X).Underlying().(*types.Array); ok {
				root(n.X)
			}
		case *ast.SelectorExpr:
			if s := info.Selections[n]; s != nil && s.Kind() != types.FieldVal {
				if fn, ok := s.Obj().(*types.Func); ok {
					_, pointer := types.Unalias(fn.Signature().Recv().Type()).(*types.Pointer)
					if pointer && s.Kind() == types.MethodVal && !through(s.Recv(), s.Index()) {
						root(n.X)
					}
				}
			}
		case *ast.FuncLit:
			ast.Inspect(n.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, x := range n.Lhs {
						root(x)
					}
				case *ast.IncDecStmt:
					root(n.X)
				case *ast.RangeStmt:
					root(n.Key)
					root(n.Value)
				}
				return true
			})
		}
		return true
	})
	return names
}
