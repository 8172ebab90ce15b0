package session

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/cell"
)

// rewriter collects the changes to a piece of a cell's text.
type rewriter struct {
	e     *emitter
	w     *world
	chunk *cell.Chunk
	edits edits
	mine  map[types.Object]bool   // variables that the cell's own statements declare
	old   map[types.Object]string // variables that they replace, by the slot that keeps the earlier one
	sels  map[*ast.Ident]bool
	stack []ast.Node
}

func (e *emitter) rewriter(w *world, chunk *cell.Chunk) *rewriter {
	return &rewriter{e: e, w: w, chunk: chunk, sels: map[*ast.Ident]bool{}}
}

func (r *rewriter) off(pos token.Pos) int { return r.chunk.Offset(pos) }

// text returns the changed text between two positions.
func (r *rewriter) text(from, to token.Pos) string {
	return r.edits.apply(r.chunk.Text, r.off(from), r.off(to))
}

// signatureText returns a function's type, its parameters' names left in.
func (r *rewriter) signatureText(t *ast.FuncType) string {
	return "func" + r.text(t.Params.Pos(), t.End())
}

func (r *rewriter) walkAll(list []ast.Expr) {
	for _, x := range list {
		r.walk(x)
	}
}

// walk visits a node and notes what must change in it.
func (r *rewriter) walk(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if n == nil {
			top := r.stack[len(r.stack)-1]
			r.stack = r.stack[:len(r.stack)-1]
			r.leave(top)
			return true
		}
		r.enter(n)
		r.stack = append(r.stack, n)
		return true
	})
}

func (r *rewriter) call(name string) string { return r.e.live() + "." + name }

// enter handles a node before its children. Insertions that open are made here, so that outer ones come first.
func (r *rewriter) enter(n ast.Node) {
	switch n := n.(type) {
	case *ast.Ident:
		r.ident(n)
	case *ast.SelectorExpr:
		r.sels[n.Sel] = true
	case *ast.StructType:
		r.structTags(n)
	case *ast.FuncDecl:
		if n.Body != nil {
			r.check(n.Body)
		}
	case *ast.FuncLit:
		r.check(n.Body)
	case *ast.ForStmt:
		r.check(n.Body)
		r.useInBody(n.Init, n.Body.Lbrace)
	case *ast.RangeStmt:
		r.check(n.Body)
		if n.Tok == token.DEFINE {
			r.useAfter(r.off(n.Body.Lbrace)+1, "", ";", n.Key, n.Value)
		}
		if t := r.w.info.TypeOf(n.X); t != nil {
			if _, ok := t.Underlying().(*types.Chan); ok {
				r.edits.insert(r.off(n.X.Pos()), r.call("Range")+"(")
			}
		}
	case *ast.IfStmt:
		r.useInBody(n.Init, n.Body.Lbrace)
	case *ast.SwitchStmt:
		if a, ok := n.Init.(*ast.AssignStmt); ok {
			r.useInClause(a)
		}
	case *ast.TypeSwitchStmt:
		if a, ok := n.Assign.(*ast.AssignStmt); ok && a.Tok == token.DEFINE && r.w.unused[a.Lhs[0].Pos()] {
			r.edits.replace(r.off(a.Lhs[0].Pos()), r.off(a.Rhs[0].Pos()), "")
		}
		if a, ok := n.Init.(*ast.AssignStmt); ok {
			r.useInClause(a)
		}
	case *ast.AssignStmt:
		if n.Tok == token.DEFINE && r.inList() {
			r.useAfter(r.off(n.End()), "; ", "", n.Lhs...)
		}
		if len(n.Lhs) == 2 && len(n.Rhs) == 1 && !r.inComm(n) {
			r.receiveTwo(n.Rhs[0])
		}
	case *ast.DeclStmt:
		if g, ok := n.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				vs := s.(*ast.ValueSpec)
				for _, id := range vs.Names {
					r.useAfter(r.off(n.End()), "; ", "", id)
				}
				if len(vs.Names) == 2 && len(vs.Values) == 1 {
					r.receiveTwo(vs.Values[0])
				}
			}
		}
	case *ast.UnaryExpr:
		if n.Op == token.ARROW && !r.handled(n) && !r.isComm(n) {
			r.receive(n, "Recv")
		}
	case *ast.SendStmt:
		if !r.isComm(n) {
			r.edits.insert(r.off(n.Pos()), r.call("Send")+"(")
			r.edits.replace(r.off(n.Arrow), r.off(n.Arrow)+2, ")(")
		}
	case *ast.SelectStmt:
		r.selectStmt(n)
	case *ast.CommClause:
		if a, ok := n.Comm.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
			r.useAfter(r.off(n.Colon)+1, "", ";", a.Lhs...)
		}
	case *ast.CallExpr:
		r.blocking(n)
		if arg, with := r.wrapped(n); arg != nil {
			r.edits.insert(r.off(arg.Pos()), r.call(with)+"(")
		}
	}
}

// leave handles a node after its children: insertions that close are made here, so that inner ones come first.
func (r *rewriter) leave(n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if arg, _ := r.wrapped(n); arg != nil {
			r.edits.close(r.off(arg.End()), ")")
		}
	case *ast.UnaryExpr:
		if n.Op == token.ARROW && !r.isComm(n) {
			r.edits.close(r.off(n.End()), ")")
		}
	case *ast.SendStmt:
		if !r.isComm(n) {
			r.edits.close(r.off(n.End()), ")")
		}
	case *ast.RangeStmt:
		if t := r.w.info.TypeOf(n.X); t != nil {
			if _, ok := t.Underlying().(*types.Chan); ok {
				r.edits.close(r.off(n.X.End()), ")")
			}
		}
	}
}

// ident gives a name its spelling in the cell's package.
func (r *rewriter) ident(id *ast.Ident) {
	if id.Name == "_" {
		return
	}
	obj := r.w.info.Uses[id]
	def := false
	if obj == nil {
		obj, def = r.w.info.Defs[id], true
	}
	if obj == nil {
		return
	}
	from := r.off(id.Pos())
	put := func(text string) { r.edits.replace(from, identEnd(r.chunk.Text, from), text) }
	switch {
	case r.mine[obj]:
		put(r.e.slot(obj.Name()))
	case r.old[obj] != "":
		put(r.old[obj])
	case isPkgName(obj):
		p := obj.(*types.PkgName).Imported().Path()
		r.e.imports[p] = true
		put(r.e.s.alias(p))
	case obj.Pkg() == nil:
	case obj.Pkg() != r.w.pkg:
		if !r.sels[id] && !def && obj.Parent() == obj.Pkg().Scope() { // through a dot import
			r.e.imports[obj.Pkg().Path()] = true
			put(r.e.s.alias(obj.Pkg().Path()) + "." + obj.Name())
		}
	case obj.Parent() == r.w.pkg.Scope():
		if _, ok := obj.(*types.Var); ok {
			put(r.e.slot(obj.Name()))
		} else if def {
			put(export(obj.Name()))
		} else {
			put(r.e.ref(obj.Name()))
		}
	default:
		switch o := obj.(type) {
		case *types.Var:
			if o.IsField() && !token.IsExported(o.Name()) {
				if t, ok := r.w.info.Uses[id].(*types.TypeName); ok && !r.sels[id] { // an embedded field's type
					put(r.e.ref(t.Name()))
				} else {
					put(export(o.Name()))
				}
			}
		case *types.Func:
			if o.Signature().Recv() != nil && !token.IsExported(o.Name()) {
				put(export(o.Name()))
			}
		}
	}
}

func isPkgName(obj types.Object) bool {
	_, ok := obj.(*types.PkgName)
	return ok
}

// structTags hides lower-case fields from encoders, which would see them under their exported names.
func (r *rewriter) structTags(st *ast.StructType) {
	for _, f := range st.Fields.List {
		lower := func(id *ast.Ident) bool { return !token.IsExported(id.Name) && id.Name != "_" }
		hides := slices.ContainsFunc(f.Names, lower)
		if len(f.Names) == 0 {
			// Encoders look into an embedded struct whatever its name, but not into another lower-case type.
			t := r.w.info.TypeOf(f.Type)
			if t == nil {
				continue
			}
			base := t
			if p, ok := base.(*types.Pointer); ok {
				base = p.Elem()
			}
			named, ok := base.(*types.Named)
			if !ok || named.Obj().Exported() {
				continue
			}
			_, isStruct := base.Underlying().(*types.Struct)
			hides = !isStruct
		}
		if !hides {
			continue
		}
		tagOf := func(id *ast.Ident) string {
			switch {
			case lower(id):
				return " " + hidden(f.Tag)
			case f.Tag != nil:
				return " " + f.Tag.Value
			}
			return ""
		}
		tag := " " + hidden(f.Tag)
		if len(f.Names) > 0 {
			tag = tagOf(f.Names[len(f.Names)-1])
		}
		// In a, B int only a is hidden: it becomes a field by itself.
		for i := range len(f.Names) - 1 {
			if id, next := f.Names[i], f.Names[i+1]; lower(id) != lower(next) {
				typ := r.e.rewriter(r.w, r.chunk)
				typ.mine, typ.old = r.mine, r.old
				typ.walk(f.Type)
				r.edits.close(r.off(id.End()), " "+typ.text(f.Type.Pos(), f.Type.End())+tagOf(id)+"; ")
				comma := r.off(id.End()) + strings.IndexByte(r.chunk.Text[r.off(id.End()):], ',')
				r.edits.replace(comma, comma+1, "")
			}
		}
		if f.Tag != nil {
			r.edits.replace(r.off(f.Type.End()), r.off(f.Tag.End()), tag)
		} else {
			r.edits.close(r.off(f.Type.End()), tag)
		}
	}
}

// check makes a block look at the interrupt.
func (r *rewriter) check(b *ast.BlockStmt) {
	if b != nil {
		r.edits.insert(r.off(b.Lbrace)+1, r.call("Check")+"();")
	}
}

// useAfter uses the variables that nothing else uses: in a notebook that is no mistake.
func (r *rewriter) useAfter(at int, before, after string, names ...ast.Expr) {
	for _, x := range names {
		if id, ok := x.(*ast.Ident); ok && r.w.unused[id.Pos()] {
			r.edits.insert(at, before+"_ = "+r.chunk.Text[r.off(id.Pos()):identEnd(r.chunk.Text, r.off(id.Pos()))]+after)
		}
	}
}

func (r *rewriter) useInBody(init ast.Stmt, lbrace token.Pos) {
	if a, ok := init.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
		r.useAfter(r.off(lbrace)+1, "", ";", a.Lhs...)
	}
}

// useInClause handles switch x := f(); { ... }, which has no place for a statement: the variable becomes blank.
func (r *rewriter) useInClause(a *ast.AssignStmt) {
	if a.Tok != token.DEFINE {
		return
	}
	all := true
	for _, x := range a.Lhs {
		id, ok := x.(*ast.Ident)
		if ok && (r.w.unused[id.Pos()] || id.Name == "_") {
			r.edits.replace(r.off(id.Pos()), identEnd(r.chunk.Text, r.off(id.Pos())), "_")
		} else {
			all = false
		}
	}
	if all {
		r.edits.replace(r.off(a.TokPos), r.off(a.TokPos)+2, "=")
	}
}

// inList tells whether the current node is a statement of a block or clause.
func (r *rewriter) inList() bool {
	if len(r.stack) == 0 {
		return false
	}
	switch r.stack[len(r.stack)-1].(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.LabeledStmt:
		return true
	case *ast.CommClause:
		c := r.stack[len(r.stack)-1].(*ast.CommClause)
		return c.Comm == nil || r.off(c.Comm.End()) < r.off(c.Colon)
	}
	return false
}

// inComm tells whether a statement is the communication of a select clause.
func (r *rewriter) inComm(n ast.Stmt) bool {
	if len(r.stack) == 0 {
		return false
	}
	c, ok := r.stack[len(r.stack)-1].(*ast.CommClause)
	return ok && c.Comm == n
}

// isComm tells whether a node is the very send or receive that a select clause waits for.
func (r *rewriter) isComm(n ast.Node) bool {
	for i := len(r.stack) - 1; i >= 0; i-- {
		switch p := r.stack[i].(type) {
		case *ast.ParenExpr, *ast.ExprStmt, *ast.AssignStmt, *ast.SendStmt:
			if a, ok := p.(*ast.AssignStmt); ok && (len(a.Rhs) != 1 || ast.Unparen(a.Rhs[0]) != n) {
				return false
			}
			if s, ok := p.(*ast.SendStmt); ok && s != n {
				return false
			}
		case *ast.CommClause:
			switch c := p.Comm.(type) {
			case *ast.SendStmt:
				return c == n
			case *ast.ExprStmt:
				return ast.Unparen(c.X) == n
			case *ast.AssignStmt:
				return len(c.Rhs) == 1 && ast.Unparen(c.Rhs[0]) == n
			}
			return false
		default:
			return false
		}
	}
	return false
}

// handled tells whether a receive is the right side of v, ok := <-ch, which enter has seen to.
func (r *rewriter) handled(n *ast.UnaryExpr) bool {
	off := r.off(n.OpPos)
	for _, ed := range r.edits.list {
		if ed.from == off && ed.to == off+2 {
			return true
		}
	}
	return false
}

func (r *rewriter) receive(n *ast.UnaryExpr, name string) {
	r.edits.replace(r.off(n.OpPos), r.off(n.OpPos)+2, r.call(name)+"(")
}

// receiveTwo handles the right side of v, ok := <-ch.
func (r *rewriter) receiveTwo(x ast.Expr) {
	if u, ok := ast.Unparen(x).(*ast.UnaryExpr); ok && u.Op == token.ARROW {
		r.receive(u, "Recv2")
	}
}

// selectStmt adds a case for the interrupt. A select with a default never waits.
func (r *rewriter) selectStmt(n *ast.SelectStmt) {
	for _, c := range n.Body.List {
		if c.(*ast.CommClause).Comm == nil {
			return
		}
	}
	r.edits.insert(r.off(n.Body.Lbrace)+1, "case <-"+r.call("Done")+"(): "+r.call("Halt")+`(); panic("unreachable");`)
}

// blocking replaces calls of the standard library that may wait for ever.
func (r *rewriter) blocking(n *ast.CallExpr) {
	sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	fn, ok := r.w.info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil {
		return
	}
	switch fn.FullName() {
	case "time.Sleep":
		r.edits.replace(r.off(sel.Pos()), r.off(sel.End()), r.call("Sleep"))
	case "(*sync.WaitGroup).Wait", "(*sync.Cond).Wait":
		r.wrap(n, "Wait(")
	case "(*sync.Mutex).Lock", "(*sync.RWMutex).Lock", "(*sync.RWMutex).RLock":
		if simple(sel.X) {
			// x.Lock() becomes Lock(x.TryLock, x.Lock): the text of x is needed twice, so it must be one that has no effects.
			inner := r.e.rewriter(r.w, r.chunk)
			inner.mine, inner.old = r.mine, r.old
			inner.walk(sel.X)
			r.wrap(n, "Lock("+inner.text(sel.X.Pos(), sel.X.End())+".Try"+fn.Name()+", ")
		} else {
			r.wrap(n, "Wait(")
		}
	}
}

// wrapped returns the argument of a call that has to go through a function of package live, and that function: what a flag
// is called, since cells define their flags again, and what a test runs in a goroutine of package testing's.
func (r *rewriter) wrapped(n *ast.CallExpr) (arg ast.Expr, with string) {
	sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil, ""
	}
	fn, ok := r.w.info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil {
		return nil, ""
	}
	at := -1
	switch fn.Pkg().Path() {
	case "flag":
		if params := fn.Signature().Params(); fn.Signature().Recv() == nil {
			for i := range params.Len() {
				if params.At(i).Name() == "name" && params.Len() > 2 {
					at, with = i, "NewFlag"
				}
			}
		}
	case "testing":
		if name := fn.FullName(); name == "(*testing.T).Run" || name == "(*testing.B).Run" {
			at, with = 1, "Test"
		}
	}
	if at < 0 || at >= len(n.Args) {
		return nil, "" // f(g()), where g has all the arguments
	}
	return n.Args[at], with
}

// wrap turns f() into name(f), which calls it.
func (r *rewriter) wrap(n *ast.CallExpr, open string) {
	r.edits.insert(r.off(n.Pos()), r.call(open))
	r.edits.replace(r.off(n.Lparen), r.off(n.Rparen)+1, ")")
}

// simple tells an expression that has no effects when evaluated twice.
func simple(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return simple(x.X)
	case *ast.StarExpr:
		return simple(x.X)
	case *ast.ParenExpr:
		return simple(x.X)
	}
	return false
}
