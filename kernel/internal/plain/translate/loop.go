package translate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

// number returns the value of a constant integer expression.
func (t *translator) number(x ast.Expr) (int64, bool) {
	tv := t.Info.Types[x]
	if tv.Value == nil {
		return 0, false
	}
	v := constant.ToInt(tv.Value)
	if v.Kind() != constant.Int {
		return 0, false
	}
	return constant.Int64Val(v)
}

// forStmt translates loops that count from one constant to another, so that it is known that they are short.
func (t *translator) forStmt(st *ast.ForStmt) *plain.Node {
	init, ok1 := st.Init.(*ast.AssignStmt)
	cond, ok2 := st.Cond.(*ast.BinaryExpr)
	post, ok3 := st.Post.(*ast.IncDecStmt)
	if !ok1 || !ok2 || !ok3 || init.Tok != token.DEFINE || len(init.Lhs) != 1 || post.Tok != token.INC {
		no("a loop that is not known to be short")
	}
	id := init.Lhs[0].(*ast.Ident)
	v := t.Info.Defs[id]
	means := func(x ast.Expr) bool {
		y, ok := ast.Unparen(x).(*ast.Ident)
		return ok && v != nil && t.Info.Uses[y] == v
	}
	from, ok4 := t.number(init.Rhs[0])
	to, ok5 := t.number(cond.Y)
	if !ok4 || !ok5 || !means(cond.X) || !means(post.X) || cond.Op != token.LSS && cond.Op != token.LEQ || t.changes(st.Body, v) {
		no("a loop that is not known to be short")
	}
	if from < -1<<31 || to > 1<<31 { // the difference must not overflow
		no("a long loop")
	}
	n := &plain.Node{Op: "for", Path: []int{int(max(0, to-from+1))}, Args: make([]*plain.Node, 4)}
	n.Args[0] = t.stmt(init)
	n.Args[1] = t.expr(cond)
	t.settle()
	n.Args[2] = t.stmt(post)
	n.Args[3] = t.block(st.Body)
	return n
}

// changes tells whether a node might set a variable.
func (t *translator) changes(n ast.Node, v types.Object) bool {
	found := false
	is := func(x ast.Expr) {
		if id, ok := ast.Unparen(x).(*ast.Ident); ok && t.Info.Uses[id] == v {
			found = true
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				is(x)
			}
		case *ast.IncDecStmt:
			is(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				is(n.X)
			}
		}
		return true
	})
	return found
}

func (t *translator) rangeStmt(st *ast.RangeStmt) *plain.Node {
	trips, known := int64(-1), false // known: from what a variable holds
	switch u := t.Info.TypeOf(st.X).Underlying().(type) {
	case *types.Basic:
		if k, ok := t.number(st.X); ok && u.Info()&types.IsInteger != 0 {
			trips = k
		}
		known = trips < 0 && u.Info()&types.IsInteger != 0 && t.earlier(st.X)
	case *types.Slice:
		trips, known = t.lengthOf(st.X), t.earlier(st.X)
	case *types.Array:
		if trips = u.Len(); st.Value == nil {
			return t.countTo(st, trips)
		}
	}
	if id, ok := st.Value.(*ast.Ident); ok && id.Name == "_" {
		no("a range with a blank value") // whether an array is evaluated then is the compiler's matter
	}
	if trips < 0 && !known || st.Tok != token.DEFINE && st.Key != nil {
		no("a loop that is not known to be short")
	}
	n := &plain.Node{Op: "range", Line: t.line(st.For), Args: []*plain.Node{t.expr(st.X), nil}}
	if b, ok := t.Info.TypeOf(st.X).Underlying().(*types.Basic); ok && st.Key != nil && b.Info()&types.IsUntyped == 0 {
		if id, ok := st.Key.(*ast.Ident); ok && id.Name != "_" {
			n.Args[0].Type = t.typ(t.Info.Defs[id].Type())
		}
	}
	t.settle()
	return t.rangeBody(st, n, trips)
}

func (t *translator) rangeBody(st *ast.RangeStmt, n *plain.Node, trips int64) *plain.Node {
	for _, x := range []ast.Expr{st.Key, st.Value} {
		if x == nil {
			break
		}
		n.Names = append(n.Names, x.(*ast.Ident).Name)
	}
	n.Path = []int{int(min(trips, 1<<31))}
	n.Args[1] = t.block(st.Body)
	return n
}

// earlier tells whether an expression is a variable of an earlier cell, whose value is known before this one runs.
func (t *translator) earlier(x ast.Expr) bool {
	id, ok := ast.Unparen(x).(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := t.Info.Uses[id].(*types.Var)
	return ok && !t.Mine[v] && v.Parent() == t.Pkg.Scope()
}

// lengthOf returns the length of a slice that is a literal, or made with a constant one, or a variable that the cell sets
// to such a value only; -1 if it is none.
func (t *translator) lengthOf(x ast.Expr) int64 {
	switch x := ast.Unparen(x).(type) {
	case *ast.CompositeLit:
		for _, e := range x.Elts {
			if _, keyed := e.(*ast.KeyValueExpr); keyed {
				return -1
			}
		}
		return int64(len(x.Elts))
	case *ast.CallExpr:
		if id, ok := ast.Unparen(x.Fun).(*ast.Ident); ok && len(x.Args) > 1 {
			if b, ok := t.Info.Uses[id].(*types.Builtin); ok && b.Name() == "make" {
				if n, ok := t.number(x.Args[1]); ok {
					return n
				}
			}
		}
	case *ast.Ident:
		v, ok := t.Info.Uses[x].(*types.Var)
		if !ok || !t.Mine[v] {
			return -1
		}
		length, set := int64(-1), 0
		for _, st := range t.Body {
			ast.Inspect(st, func(n ast.Node) bool {
				if a, ok := n.(*ast.AssignStmt); ok {
					for i, l := range a.Lhs {
						if id, ok := ast.Unparen(l).(*ast.Ident); ok && (t.Info.Defs[id] == v || t.Info.Uses[id] == v) {
							if set++; len(a.Lhs) == len(a.Rhs) {
								if _, self := ast.Unparen(a.Rhs[i]).(*ast.Ident); !self {
									length = t.lengthOf(a.Rhs[i])
								}
							}
						}
					}
				}
				return true
			})
		}
		if set == 1 {
			return length
		}
	}
	return -1
}

// countTo translates a loop over the indices of an array: the array is not evaluated, since its length is constant.
func (t *translator) countTo(st *ast.RangeStmt, length int64) *plain.Node {
	if st.Tok != token.DEFINE && st.Key != nil {
		no("a loop with a variable from outside")
	}
	ast.Inspect(st.X, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			no("a range over an array that a call gives")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				no("a range over an array that is received")
			}
		}
		return true
	})
	count := &plain.Node{Op: "const", Type: t.typ(types.Typ[types.Int]), Text: strconv.FormatInt(length, 10)}
	return t.rangeBody(st, &plain.Node{Op: "range", Line: t.line(st.For), Args: []*plain.Node{count, nil}}, length)
}
