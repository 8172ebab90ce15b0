package translate

import (
	"go/ast"
	"go/token"
	"go/types"

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
