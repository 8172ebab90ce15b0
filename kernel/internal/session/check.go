package session

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"sort"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/cell"
)

// notebookPath is the package that a user takes the notebook to be.
const notebookPath = "main"

// world is the notebook type-checked as one package: the live declarations and a cell.
type world struct {
	pkg    *types.Package
	info   *types.Info
	errs   []types.Error      // all but unused variables and imports
	unused map[token.Pos]bool // where variables are declared that nothing uses
}

// at returns the errors that lie in a cell.
func (w *world) at(fset *token.FileSet, name string) []types.Error {
	var out []types.Error
	for _, e := range w.errs {
		if fset.Position(e.Pos).Filename == name {
			out = append(out, e)
		}
	}
	return out
}

// in returns the first error that lies in a declaration.
func (w *world) in(d *decl) (types.Error, bool) {
	for _, e := range w.errs {
		if d.node.Pos() <= e.Pos && e.Pos <= d.node.End() {
			return e, true
		}
	}
	return types.Error{}, false
}

// question is what check is asked.
type question struct {
	live   *live
	fresh  map[*decl]bool // those of live that the cell itself declares
	bodies map[*decl]bool // functions whose bodies are to be checked; the others count by their signatures alone
	fi     *fileImports
	body   []ast.Stmt // the cell's statements; nil for none
}

// check type-checks the notebook.
func (s *Session) check(q question) *world {
	notebook := &ast.File{Name: ast.NewIdent("main"), FileStart: 1}
	cellFile := &ast.File{Name: ast.NewIdent("main")}
	imports := &ast.GenDecl{Tok: token.IMPORT, Lparen: 1, Rparen: 1}
	paths := make([]string, 0, len(s.aliases))
	for p := range s.aliases {
		if known, _ := s.ws.Known(p); known { // an import that a changed go.mod has taken away is missed where it is used
			paths = append(paths, p)
		}
	}
	sort.Strings(paths)
	for _, p := range paths {
		imports.Specs = append(imports.Specs, importSpec(s.aliases[p], p))
	}
	notebook.Decls = append(notebook.Decls, imports, showDecl())
	cellFile.Decls = append(cellFile.Decls, q.fi.decl())
	for _, d := range q.live.sorted() {
		if d.stale != "" {
			continue
		}
		node := d.node
		if fn, ok := node.(*ast.FuncDecl); ok && !q.bodies[d] {
			node = stub(fn)
		}
		if q.fresh[d] {
			cellFile.Decls = append(cellFile.Decls, node)
		} else {
			notebook.Decls = append(notebook.Decls, node)
		}
	}
	if q.body != nil {
		cellFile.Decls = append(cellFile.Decls, &ast.FuncDecl{Name: ast.NewIdent(runName),
			Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: q.body}})
	}
	w := &world{
		info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{},
			Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
			Implicits: map[ast.Node]types.Object{}},
		unused: map[token.Pos]bool{},
	}
	conf := types.Config{Importer: s.imp, GoVersion: "go1.26", Error: func(err error) {
		e := err.(types.Error)
		switch {
		case strings.HasPrefix(e.Msg, "declared and not used"):
			w.unused[e.Pos] = true
		case e.Soft && strings.Contains(e.Msg, "imported and not used"), e.Soft && strings.Contains(e.Msg, "imported as"):
		case strings.HasPrefix(e.Msg, "initialization cycle"):
			// A variable of a cell is set in its turn, not before all functions.
		case len(w.errs) > 0 && w.errs[len(w.errs)-1].Pos == e.Pos && w.errs[len(w.errs)-1].Msg == e.Msg:
			// go/types tells some mistakes once for the operand and once for the expression.
		default:
			w.errs = append(w.errs, e)
		}
	}}
	w.pkg, _ = conf.Check(notebookPath, s.fset, []*ast.File{notebook, cellFile}, w.info)
	return w
}

// runName and showName are the functions that hold a cell's statements and take its last expression.
const (
	runName  = "ⱟⱟcell"
	showName = "ⱟⱟshow"
)

func showDecl() ast.Decl {
	return &ast.FuncDecl{Name: ast.NewIdent(showName), Body: &ast.BlockStmt{}, Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{
		{Names: []*ast.Ident{ast.NewIdent("v")}, Type: &ast.Ellipsis{Elt: &ast.InterfaceType{Methods: &ast.FieldList{}}}}}}}}
}

// stub is a function with a body that returns anything: it never does.
func stub(fn *ast.FuncDecl) *ast.FuncDecl {
	c := *fn
	c.Body = &ast.BlockStmt{List: []ast.Stmt{&ast.ForStmt{Body: &ast.BlockStmt{}}}}
	return &c
}

func importSpec(name, path string) *ast.ImportSpec {
	return &ast.ImportSpec{Name: ast.NewIdent(name), Path: &ast.BasicLit{Kind: token.STRING, Value: fmt.Sprintf("%q", path)}}
}

// decl returns the import declaration of a cell.
func (fi *fileImports) decl() *ast.GenDecl {
	g := &ast.GenDecl{Tok: token.IMPORT, Lparen: 1, Rparen: 1}
	names := make([]string, 0, len(fi.named))
	for name := range fi.named {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		g.Specs = append(g.Specs, importSpec(name, fi.named[name]))
	}
	for _, p := range fi.dot {
		g.Specs = append(g.Specs, importSpec(".", p))
	}
	return g
}

// signature returns what users of a declaration depend on, as text.
func (s *Session) signature(w *world, l *live, d *decl) string {
	scope := w.pkg.Scope()
	text := func(t types.Type) string { return types.TypeString(t, s.qualify) }
	switch d.kind {
	case function:
		if obj := scope.Lookup(d.key); obj != nil {
			return text(obj.Type())
		}
	case variable:
		if obj := scope.Lookup(d.key); obj != nil {
			return text(obj.Type())
		}
	case method:
		base, name, _ := strings.Cut(d.key, ".")
		recv, isGeneric := receiver(d.node.(*ast.FuncDecl))
		if isGeneric {
			return d.text()
		}
		if obj := scope.Lookup(recv); obj != nil {
			if m, _, _ := types.LookupFieldOrMethod(types.NewPointer(obj.Type()), true, w.pkg, name); m != nil {
				if fn, ok := m.(*types.Func); ok {
					ptr := ""
					if r := fn.Signature().Recv(); r != nil {
						if _, ok := r.Type().(*types.Pointer); ok {
							ptr = "*"
						}
					}
					return ptr + base + " " + text(fn.Type())
				}
			}
		}
	case constants:
		var b strings.Builder
		for _, name := range d.names {
			if c, ok := scope.Lookup(name).(*types.Const); ok && c.Val().Kind() != constant.Unknown {
				fmt.Fprintf(&b, "%s %s = %s;", name, text(c.Type()), c.Val().ExactString())
			}
		}
		return b.String()
	case generic:
		return d.text()
	case typeName:
		obj, ok := scope.Lookup(d.key).(*types.TypeName)
		if !ok {
			return ""
		}
		var b strings.Builder
		spec := d.node.(*ast.GenDecl).Specs[0].(*ast.TypeSpec)
		if spec.TypeParams != nil || spec.Assign.IsValid() {
			b.WriteString(d.text())
		} else {
			b.WriteString(text(obj.Type().Underlying()))
		}
		for _, m := range l.methodsOf(d.key) {
			if m.stale == "" {
				fmt.Fprintf(&b, "; %s %s", m.key, s.signature(w, l, m))
			}
		}
		return b.String()
	}
	return ""
}

// text returns a declaration's source with white space folded.
func (d *decl) text() string {
	if d.chunk == nil {
		return ""
	}
	return strings.Join(strings.Fields(d.chunk.Slice(d.node.Pos(), d.node.End())), " ")
}

// mentions returns the keys of the live declarations that a node refers to.
func mentions(w *world, l *live, node ast.Node) map[string]bool {
	keys := map[string]bool{}
	ast.Inspect(node, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		obj := w.info.Uses[id]
		if obj == nil || obj.Pkg() != w.pkg {
			return true
		}
		if obj.Parent() == w.pkg.Scope() {
			if d := l.names[obj.Name()]; d != nil {
				keys[d.key] = true
			}
			return true
		}
		if fn, ok := obj.(*types.Func); ok {
			if r := fn.Origin().Signature().Recv(); r != nil {
				t := r.Type()
				if p, ok := t.(*types.Pointer); ok {
					t = p.Elem()
				}
				if n, ok := t.(*types.Named); ok {
					keys[n.Obj().Name()+"."+obj.Name()] = true
					keys[n.Obj().Name()] = true
				}
			}
		}
		return true
	})
	return keys
}

// canonical gives the package names in a declaration their canonical form, so that it means the same beside other
// cells' imports; source offsets stay.
func (s *Session) canonical(w *world, node ast.Node) {
	ast.Inspect(node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if p, ok := w.info.Uses[id].(*types.PkgName); ok {
				id.Name = s.alias(p.Imported().Path())
			}
		}
		return true
	})
}

// nameable tells whether a type can be written in another package of the notebook.
func nameable(t types.Type, home *types.Package) bool {
	seen := map[types.Type]bool{}
	var ok func(t types.Type) bool
	okAll := func(tuple *types.Tuple) bool {
		for v := range tuple.Variables() {
			if !ok(v.Type()) {
				return false
			}
		}
		return true
	}
	name := func(obj *types.TypeName) bool {
		if obj.Pkg() == nil {
			return true
		}
		if obj.Parent() != obj.Pkg().Scope() {
			return false // local to a function
		}
		return obj.Pkg() == home || obj.Exported()
	}
	ok = func(t types.Type) bool {
		if seen[t] {
			return true
		}
		seen[t] = true
		switch t := t.(type) {
		case *types.Alias:
			return name(t.Obj()) || ok(types.Unalias(t))
		case *types.Named:
			for arg := range t.TypeArgs().Types() {
				if !ok(arg) {
					return false
				}
			}
			return name(t.Obj())
		case *types.Pointer:
			return ok(t.Elem())
		case *types.Slice:
			return ok(t.Elem())
		case *types.Array:
			return ok(t.Elem())
		case *types.Chan:
			return ok(t.Elem())
		case *types.Map:
			return ok(t.Key()) && ok(t.Elem())
		case *types.Signature:
			return okAll(t.Params()) && okAll(t.Results())
		case *types.Struct:
			for f := range t.Fields() {
				if !f.Exported() && f.Pkg() != home || !ok(f.Type()) {
					return false
				}
			}
		case *types.Interface:
			for m := range t.ExplicitMethods() {
				if !m.Exported() && m.Pkg() != home || !ok(m.Type()) {
					return false
				}
			}
			for e := range t.EmbeddedTypes() {
				if !ok(e) {
					return false
				}
			}
		case *types.TypeParam:
			return false
		}
		return true
	}
	return ok(t)
}

// layout describes a type's shape in memory: where it is the same, a value can be seen as one of the other type.
func layout(t types.Type) string {
	var b strings.Builder
	depth := map[*types.Named]bool{}
	var write func(t types.Type)
	write = func(t types.Type) {
		switch t := types.Unalias(t).(type) {
		case *types.Named:
			if t.Obj().Pkg() != nil && t.Obj().Pkg().Path() != notebookPath {
				b.WriteString(types.TypeString(t, nil))
				return
			}
			if depth[t.Origin()] {
				b.WriteString("^" + t.Obj().Name())
				return
			}
			depth[t.Origin()] = true
			write(t.Underlying())
			delete(depth, t.Origin())
		case *types.Pointer:
			b.WriteString("*")
			write(t.Elem())
		case *types.Slice:
			b.WriteString("[]")
			write(t.Elem())
		case *types.Array:
			fmt.Fprintf(&b, "[%d]", t.Len())
			write(t.Elem())
		case *types.Chan:
			b.WriteString("chan ")
			write(t.Elem())
		case *types.Map:
			b.WriteString("map[")
			write(t.Key())
			b.WriteString("]")
			write(t.Elem())
		case *types.Struct:
			b.WriteString("{")
			for f := range t.Fields() {
				write(f.Type())
				b.WriteString(";")
			}
			b.WriteString("}")
		case *types.Signature:
			b.WriteString("func")
		case *types.Interface:
			// Values keep their type, and the method table is made for the interface's methods in their order.
			fmt.Fprintf(&b, "interface%d", t.NumMethods())
			for m := range t.Methods() {
				b.WriteString(m.Name() + ",")
			}
		default:
			b.WriteString(types.TypeString(t, nil))
		}
	}
	write(t)
	return b.String()
}

// holdsInterfaces tells whether values of a type may hold interfaces, not counting maps and channels.
func holdsInterfaces(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Pointer:
		return holdsInterfaces(t.Elem(), seen)
	case *types.Slice:
		return holdsInterfaces(t.Elem(), seen)
	case *types.Array:
		return holdsInterfaces(t.Elem(), seen)
	case *types.Struct:
		for f := range t.Fields() {
			if holdsInterfaces(f.Type(), seen) {
				return true
			}
		}
	}
	return false
}

// varDecl makes the declaration that stands for a variable in later checks.
func (s *Session) varDecl(name, typeExpr string) (ast.Decl, error) {
	f, err := parser.ParseFile(s.fset, "variable "+name, "package main; var "+name+" "+typeExpr, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return f.Decls[0], nil
}

// cellErrors translates type errors into a cell's own.
func (s *Session) cellErrors(l *live, errs []types.Error) cell.Errors {
	var out cell.Errors
	for _, e := range errs {
		msg := strings.ReplaceAll(e.Msg, showName, "the last expression")
		if name, ok := strings.CutPrefix(msg, "undefined: "); ok {
			if d := l.names[name]; d != nil && d.stale != "" {
				msg = fmt.Sprintf("%s cannot be used: %s", name, d.stale)
			}
		}
		if strings.HasPrefix(msg, "\t") && len(out) > 0 {
			last := out[len(out)-1]
			last.Msg += fmt.Sprintf(" (%s: %s)", s.fset.Position(e.Pos), strings.TrimSpace(msg))
			continue
		}
		out = append(out, &cell.Error{Pos: s.fset.Position(e.Pos), Msg: msg})
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i].Pos, out[j].Pos
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return out
}

// exprMentions returns the keys of the live declarations that a type expression names.
func exprMentions(l *live, expr string) map[string]bool {
	keys := map[string]bool{}
	x, err := parser.ParseExpr(expr)
	if err != nil {
		return keys
	}
	ast.Inspect(x, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if d := l.names[id.Name]; d != nil && d.kind == typeName {
				keys[d.key] = true
			}
		}
		return true
	})
	return keys
}
