package translate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

// stmt translates a statement, and sees to it that the order of what it does is not open.
func (t *translator) stmt(st ast.Stmt) *plain.Node {
	switch st := st.(type) {
	case *ast.ExprStmt:
		return t.inOrder(func() *plain.Node { return &plain.Node{Op: "expr", Args: []*plain.Node{t.root(st.X)}} })
	case *ast.AssignStmt:
		return t.inOrder(func() *plain.Node { return t.assign(st) })
	case *ast.IncDecStmt:
		op := "+"
		if st.Tok == token.DEC {
			op = "-"
		}
		one := &plain.Node{Op: "const", Type: t.typ(t.Info.TypeOf(st.X)), Text: "1"}
		if b, ok := t.Info.TypeOf(st.X).Underlying().(*types.Basic); ok && b.Info()&types.IsComplex != 0 {
			one.Text = "1 0"
		}
		n := &plain.Node{Op: "opassign", Name: op, Line: t.line(st.TokPos), Args: []*plain.Node{t.expr(st.X), one}}
		t.settle()
		return n
	case *ast.DeclStmt:
		return t.inOrder(func() *plain.Node { return t.varDecl(st) })
	case *ast.SendStmt:
		t.statement.calls(st.Chan)
		n := &plain.Node{Op: "send", Line: t.line(st.Arrow), Args: []*plain.Node{t.expr(st.Chan), t.expr(st.Value)}}
		t.settle()
		return n
	case *ast.BlockStmt:
		return t.block(st)
	case *ast.IfStmt:
		n := &plain.Node{Op: "if", Args: make([]*plain.Node, 4)}
		if st.Init != nil {
			n.Args[0] = t.stmt(st.Init)
		}
		n.Args[1] = t.expr(st.Cond)
		t.settle()
		n.Args[2] = t.block(st.Body)
		if st.Else != nil {
			n.Args[3] = t.stmt(st.Else)
		}
		return n
	case *ast.ForStmt:
		return t.forStmt(st)
	case *ast.RangeStmt:
		return t.rangeStmt(st)
	case *ast.BranchStmt:
		if st.Label == nil && (st.Tok == token.BREAK || st.Tok == token.CONTINUE) {
			return &plain.Node{Op: st.Tok.String()}
		}
	case *ast.EmptyStmt:
		return &plain.Node{Op: "block"}
	}
	no("%T", st)
	return nil
}

func (t *translator) block(st *ast.BlockStmt) *plain.Node {
	n := &plain.Node{Op: "block"}
	for _, s := range st.List {
		n.Args = append(n.Args, t.stmt(s))
	}
	return n
}

// place translates the left side of an assignment with its operator on a line; nil is the blank.
func (t *translator) place(x ast.Expr, line int) *plain.Node {
	if id, ok := ast.Unparen(x).(*ast.Ident); ok && id.Name == "_" {
		return nil
	}
	n := t.variable(x)
	t.stored(x, n, line)
	return n
}

// stored gives the pointer that leads to an assigned variable the line of the assignment: where it is nil, the store panics.
func (t *translator) stored(x ast.Expr, n *plain.Node, line int) {
	switch x := ast.Unparen(x).(type) {
	case *ast.StarExpr:
		n.Line = line
	case *ast.SelectorExpr:
		if s := t.Info.Selections[x]; s != nil && through(s.Recv(), s.Index()) {
			n.Line = line
		} else if s != nil {
			t.stored(x.X, n.Args[0], line)
		}
	case *ast.IndexExpr:
		if _, ok := t.Info.TypeOf(x.X).Underlying().(*types.Array); ok {
			t.stored(x.X, n.Args[0], line)
		}
	}
}

// variable translates an operand that is meant as a variable, to be set or pointed at: what leads there is read, and it
// is not.
func (t *translator) variable(x ast.Expr) *plain.Node {
	itself := map[ast.Node]bool{}
	for y := ast.Unparen(x); y != nil; {
		itself[y] = true
		switch z := y.(type) {
		case *ast.SelectorExpr: // a field of a struct that is no pointer lies in the struct
			if s := t.Info.Selections[z]; s != nil && !through(s.Recv(), s.Index()) {
				y = ast.Unparen(z.X)
				continue
			}
		case *ast.IndexExpr:
			if _, ok := t.Info.TypeOf(z.X).Underlying().(*types.Array); ok {
				y = ast.Unparen(z.X)
				continue
			}
		}
		break
	}
	before := len(t.statement.read)
	n := t.expr(x)
	keep := t.statement.read[:before]
	for _, r := range t.statement.read[before:] {
		if !itself[r] {
			keep = append(keep, r)
		}
	}
	t.statement.read = keep
	return n
}

func (t *translator) right(list []ast.Expr, places int) []*plain.Node {
	if len(list) == 1 && places == 2 {
		return []*plain.Node{t.pair(list[0])}
	}
	return t.list(list)
}

func (t *translator) assign(st *ast.AssignStmt) *plain.Node {
	line := t.line(st.TokPos)
	t.settled(st.Lhs, st.Rhs, st.Tok)
	switch st.Tok {
	case token.DEFINE:
		n := &plain.Node{Op: "define", Line: line}
		for _, x := range st.Lhs {
			id := x.(*ast.Ident)
			n.Names = append(n.Names, id.Name)
			switch {
			case id.Name == "_":
				n.Path = append(n.Path, plain.Blank)
			case t.Info.Defs[id] != nil:
				n.Path = append(n.Path, plain.Declared)
			default:
				n.Path = append(n.Path, plain.Assigned)
			}
		}
		n.Args = t.right(st.Rhs, len(st.Lhs))
		return n
	case token.ASSIGN:
		n := &plain.Node{Op: "assign", Line: line, Path: []int{len(st.Lhs)}}
		for _, x := range st.Lhs {
			n.Args = append(n.Args, t.place(x, line))
		}
		n.Args = append(n.Args, t.right(st.Rhs, len(st.Lhs))...)
		return n
	}
	op := st.Tok.String()
	if x, ok := ast.Unparen(st.Lhs[0]).(*ast.IndexExpr); ok && (st.Tok == token.SHL_ASSIGN || st.Tok == token.SHR_ASSIGN) {
		if _, isMap := t.Info.TypeOf(x.X).Underlying().(*types.Map); isMap {
			no("a shift of a map's element") // by a negative count, the compiler has the element made before the panic
		}
	}
	return &plain.Node{Op: "opassign", Name: op[:len(op)-1], Line: line, Args: []*plain.Node{t.expr(st.Lhs[0]), t.expr(st.Rhs[0])}}
}

func (t *translator) varDecl(st *ast.DeclStmt) *plain.Node {
	g, ok := st.Decl.(*ast.GenDecl)
	if !ok || g.Tok != token.VAR {
		no("a declaration")
	}
	var specs []*plain.Node
	for _, sp := range g.Specs {
		vs := sp.(*ast.ValueSpec)
		n := &plain.Node{Op: "vars", Line: t.line(vs.Pos())}
		for _, id := range vs.Names {
			n.Names = append(n.Names, id.Name)
		}
		if vs.Type != nil {
			n.Type = t.typ(t.Info.TypeOf(vs.Type))
		}
		n.Args = t.right(vs.Values, len(vs.Names))
		specs = append(specs, n)
	}
	if len(specs) == 1 {
		return specs[0]
	}
	if len(specs) == 0 {
		return &plain.Node{Op: "block"}
	}
	no("a group of variables")
	return nil
}

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
