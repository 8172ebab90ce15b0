package session

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/cell"
	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// livePackage is what compiled cells call.
const livePackage = build.Module + "/kernel/internal/live"

// export spells a name so that other packages see it.
func export(name string) string {
	if name == "_" || token.IsExported(name) {
		return name
	}
	return worker.Private + name
}

// emitter writes the Go package of a cell: its own declarations and those of earlier cells that have to be made again,
// and its statements as one function.
//
// Text is copied from the cells, changed only where it must be, and never across lines: names get their exported
// spelling and the package they lie in, variables become what their slots point at, and loops and waits look at the
// interrupt. What to change is told by go/types, never by how the text looks.
type emitter struct {
	s       *Session
	l       *live           // the notebook as it will be
	unit    string          // path of the package being written
	here    map[string]bool // keys of the types, constants, generic functions and slots that lie in this package
	imports map[string]bool // paths imported
	slots   map[string]*slotVar
	out     strings.Builder
	init    strings.Builder // statements of its init function
	symbols strings.Builder // cases of the switch that hands its types and functions to plain cells
	temps   int
	err     error
}

// slotVar is a variable that the package uses.
type slotVar struct {
	name, ident, typ string
	carry            bool
}

func newEmitter(s *Session, l *live, unit string) *emitter {
	return &emitter{s: s, l: l, unit: unit, here: map[string]bool{}, imports: map[string]bool{livePackage: true}, slots: map[string]*slotVar{}}
}

// live is the name of package live in cells.
func (e *emitter) live() string { return e.s.alias(livePackage) }

// ref returns the expression for a package-level name of the notebook, variables aside.
func (e *emitter) ref(name string) string {
	d := e.l.names[name]
	if d == nil || e.here[d.key] || d.unit == e.unit || d.unit == "" {
		return export(name)
	}
	e.imports[d.unit] = true
	return e.s.alias(d.unit) + "." + export(name)
}

// slot returns the expression for a variable.
func (e *emitter) slot(name string) string {
	sv := e.slots[name]
	if sv == nil {
		d := e.l.names[name]
		if d == nil || d.kind != variable {
			e.fail("variable %s is not known", name)
			return name
		}
		sv = e.addSlot(name, d)
	}
	return "(*" + sv.ident + ")"
}

func (e *emitter) addSlot(name string, d *decl) *slotVar {
	sv := &slotVar{name: name, ident: "ⱟv_" + name, carry: d.carry}
	e.slots[name] = sv
	sv.typ = e.slotType(d)
	return sv
}

// slotType returns the declaration of a slot's type: "*T", or "= expression".
func (e *emitter) slotType(d *decl) string {
	if d.infer != nil {
		e.imports[d.infer.path] = true
		return "= " + d.infer.text
	}
	return "*" + e.typeText(d.typeExpr)
}

// typeText translates a type expression with canonical import names into the package's own terms.
func (e *emitter) typeText(expr string) string {
	x, err := parser.ParseExpr(expr)
	if err != nil {
		e.fail("type %s: %v", expr, err)
		return expr
	}
	var edits edits
	fields := map[*ast.Ident]bool{}
	sels := map[*ast.Ident]bool{}
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			for _, f := range n.Fields.List {
				for _, id := range f.Names {
					fields[id] = true
					edits.replace(int(id.Pos())-1, int(id.End())-1, export(id.Name))
				}
				if len(f.Names) > 0 && !token.IsExported(f.Names[0].Name) { // one to a field, as go/types writes them
					edits.replace(int(f.Type.End())-1, int(f.End())-1, " "+hidden(f.Tag))
				}
			}
		case *ast.InterfaceType:
			for _, f := range n.Methods.List {
				for _, id := range f.Names {
					fields[id] = true
					edits.replace(int(id.Pos())-1, int(id.End())-1, export(id.Name))
				}
			}
		case *ast.FuncType:
			for _, list := range []*ast.FieldList{n.Params, n.Results} {
				if list == nil {
					continue
				}
				for _, f := range list.List {
					for _, id := range f.Names {
						fields[id] = true
					}
				}
			}
		case *ast.SelectorExpr:
			sels[n.Sel] = true
		case *ast.Ident:
			if fields[n] || sels[n] {
				return true
			}
			if p := e.s.aliasPath[n.Name]; p != "" {
				e.imports[p] = true
			} else if e.l.names[n.Name] != nil {
				edits.replace(int(n.Pos())-1, int(n.End())-1, e.ref(n.Name))
			}
		}
		return true
	})
	return edits.apply(expr, 0, len(expr))
}

func (e *emitter) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("saddle: "+format, args...)
	}
}

// hidden returns the tag of a field that the cell spells in lower case: encoders see it in capitals, and must not. What else its
// tag says is kept.
func hidden(tag *ast.BasicLit) string {
	text := worker.HiddenTag
	if tag != nil {
		own, _ := strconv.Unquote(tag.Value)
		text += " " + own
	}
	return strconv.Quote(text)
}

// line writes a line directive for what follows.
func (e *emitter) line(pos token.Pos) {
	p := e.s.fset.Position(pos)
	fmt.Fprintf(&e.out, "\n//line %s:%d:%d\n", p.Filename, p.Line, p.Column)
}

// glue writes generated text that belongs to no cell.
func (e *emitter) glue(format string, args ...any) {
	e.out.WriteString("\n//line saddle:1\n")
	fmt.Fprintf(&e.out, format, args...)
	e.out.WriteByte('\n')
}

// typeDecl writes a type and all its methods.
func (e *emitter) typeDecl(w *world, d *decl) {
	e.line(d.node.Pos())
	spec := d.node.(*ast.GenDecl).Specs[0].(*ast.TypeSpec)
	r := e.rewriter(w, d.chunk)
	r.walk(spec)
	e.out.WriteString("type " + r.text(spec.Pos(), spec.End()))
	for _, m := range e.l.methodsOf(d.key) {
		if m.stale != "" {
			continue
		}
		if _, isGeneric := receiver(m.node.(*ast.FuncDecl)); isGeneric {
			e.plainFunc(w, m)
			continue
		}
		e.methodWrapper(w, m)
	}
}

// plainFunc writes a function as it is: generic functions and methods of generic types have no slots.
func (e *emitter) plainFunc(w *world, d *decl) {
	fn := d.node.(*ast.FuncDecl)
	e.line(fn.Pos())
	r := e.rewriter(w, d.chunk)
	r.walk(fn)
	e.out.WriteString(r.text(fn.Pos(), fn.End()))
}

// methodWrapper writes a method that calls its slot: so the body can change while values keep their type.
func (e *emitter) methodWrapper(w *world, d *decl) {
	fn := d.node.(*ast.FuncDecl)
	r := e.rewriter(w, d.chunk)
	r.walk(fn.Recv)
	r.walk(fn.Type)
	field := func(f *ast.Field) string { return r.text(f.Type.Pos(), f.Type.End()) }
	recv := field(fn.Recv.List[0])
	params, args := []string{}, []string{"r"}
	types := []string{recv}
	for _, f := range fn.Type.Params.List {
		for range max(1, len(f.Names)) {
			p := fmt.Sprintf("p%d", len(params))
			params = append(params, p+" "+field(f))
			types = append(types, field(f))
			if _, ok := f.Type.(*ast.Ellipsis); ok {
				p += "..."
			}
			args = append(args, p)
		}
	}
	results, ret := "", ""
	if fn.Type.Results != nil && len(fn.Type.Results.List) > 0 {
		var list []string
		for _, f := range fn.Type.Results.List {
			for range max(1, len(f.Names)) {
				list = append(list, field(f))
			}
		}
		results, ret = "("+strings.Join(list, ", ")+")", "return "
	}
	slot := methodSlot(d.key)
	// One line each: a field's text may span lines, which would shift nothing but these.
	flat := func(s string) string { return strings.ReplaceAll(s, "\n", " ") }
	e.glue("var %s func(%s) %s", slot, flat(strings.Join(types, ", ")), flat(results))
	e.glue("func (r %s) %s(%s) %s { %s%s(%s) }", flat(recv), export(fn.Name.Name), flat(strings.Join(params, ", ")), flat(results),
		ret, slot, strings.Join(args, ", "))
}

// methodSlot names the variable that a method calls.
func methodSlot(key string) string { return worker.Private + "m_" + strings.ReplaceAll(key, ".", "_") }

// symbol hands a type, or the slot of a function, to cells that are evaluated.
func (e *emitter) symbol(w *world, d *decl) {
	value := "&" + export(d.key)
	if d.kind == typeName {
		obj := w.pkg.Scope().Lookup(d.key)
		if obj == nil {
			return
		}
		if value = build.SymbolOf(obj, export(d.key)); value == "" {
			return
		}
	}
	fmt.Fprintf(&e.symbols, "case %q:\nreturn %s\n", export(d.key), value)
}

// itabs has the package bring the method tables of its types for the interfaces of the notebook and the well-known ones, and
// those of the notebook's types for its interfaces.
func (e *emitter) itabs(w *world) {
	var ifaces, concrete, newIfaces, newConcrete []build.Named
	for _, d := range e.l.sorted() {
		if d.kind != typeName || d.stale != "" || d.unit == "" && !e.here[d.key] {
			continue
		}
		obj, ok := w.pkg.Scope().Lookup(d.key).(*types.TypeName)
		if !ok || obj.IsAlias() {
			continue
		}
		n, ok := obj.Type().(*types.Named)
		if !ok || n.TypeParams() != nil {
			continue
		}
		t := build.Named{Type: n, Expr: e.ref(d.key)}
		switch {
		case build.HasMethods(n) && e.here[d.key]:
			newIfaces = append(newIfaces, t)
		case build.HasMethods(n):
			ifaces = append(ifaces, t)
		case types.IsInterface(n):
		case e.here[d.key]:
			newConcrete = append(newConcrete, t)
		default:
			concrete = append(concrete, t)
		}
	}
	if len(newConcrete) > 0 {
		ifaces = append(ifaces, build.WellKnown(e.s.imp, func(path string) bool { ok, _ := e.s.ws.Known(path); return ok }, func(path string) string {
			e.imports[path] = true
			return e.s.alias(path)
		})...)
	}
	e.init.WriteString(build.Itabs(e.live(), append(ifaces, newIfaces...), newConcrete) + build.Itabs(e.live(), newIfaces, concrete))
}

// implementation writes a function or method body under a name of its own and has its slot point there.
func (e *emitter) implementation(w *world, d *decl) {
	fn := d.node.(*ast.FuncDecl)
	r := e.rewriter(w, d.chunk)
	if fn.Recv != nil {
		r.walk(fn.Recv)
	}
	r.walk(fn.Type)
	r.walk(fn.Body)
	r.check(fn.Body)
	name, slot := "ⱟ"+d.key, export(d.key)
	head := "("
	if d.kind == method {
		name, slot = "ⱟ"+strings.ReplaceAll(d.key, ".", "ⱟ"), methodSlot(d.key) // tracebacks have the dot again
		f := fn.Recv.List[0]
		id := "_"
		if len(f.Names) > 0 {
			id = f.Names[0].Name
		}
		head += id + " " + r.text(f.Type.Pos(), f.Type.End()) + ", "
		for _, f := range fn.Type.Params.List {
			if len(f.Names) == 0 {
				r.edits.insert(r.off(f.Pos()), "_ ")
			}
		}
	} else if e.here[d.key] {
		e.glue("var %s %s", slot, strings.ReplaceAll(r.signatureText(fn.Type), "\n", " "))
	}
	e.line(fn.Pos())
	e.out.WriteString("func " + name + head + r.text(fn.Type.Params.Opening+1, fn.End()))
	target := slot
	if home := e.home(d); home != e.unit {
		e.imports[home] = true
		target = e.s.alias(home) + "." + slot
	}
	fmt.Fprintf(&e.init, "%s = %s\n", target, name)
}

// home returns the package in which a function's slot lies, or will lie.
func (e *emitter) home(d *decl) string {
	if e.here[d.base()] {
		return e.unit
	}
	if d.kind == method {
		if t := e.l.decls[d.base()]; t != nil {
			return t.unit
		}
	}
	return d.unit
}

// constDecl writes a const group.
func (e *emitter) constDecl(w *world, d *decl) {
	e.line(d.node.Pos())
	r := e.rewriter(w, d.chunk)
	r.walk(d.node)
	for _, s := range d.node.(*ast.GenDecl).Specs {
		for _, id := range s.(*ast.ValueSpec).Names {
			if id.Name == "_" { // perhaps blanked here: another cell has taken the name
				end := identEnd(d.chunk.Text, r.off(id.Pos()))
				r.edits.replace(r.off(id.Pos()), end, "_")
			} else {
				r.edits.replace(r.off(id.Pos()), r.off(id.End()), export(id.Name))
			}
		}
	}
	e.out.WriteString(r.text(d.node.Pos(), d.node.End()))
}

// body writes the statements of a cell as a function. mine are the variables that it declares, by object; show says
// what to do with the last expression. The functions in inits are called before the statement with
// the number at, those in last at the end.
func (e *emitter) body(w *world, src *cell.Source, mine map[types.Object]bool, old map[types.Object]string, show showMode, at int, inits, last []string) {
	e.glue("func %s() {", runName)
	if at == len(src.Body) {
		last = append(inits, last...)
	}
	for i, st := range src.Body {
		if i == at {
			e.calls(inits)
		}
		e.line(st.Node.Pos())
		r := e.rewriter(w, st.Chunk)
		r.mine, r.old = mine, old
		switch n := st.Node.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				if len(n.Lhs) == 2 && len(n.Rhs) == 1 {
					r.receiveTwo(n.Rhs[0])
				}
				r.walkAll(n.Rhs)
				e.define(r, n, mine)
				continue
			}
		case *ast.DeclStmt:
			if g, ok := n.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, sp := range g.Specs {
					e.varSpec(r, sp.(*ast.ValueSpec), mine)
				}
				continue
			}
		case *ast.ExprStmt:
			if i == len(src.Body)-1 && show != showNothing {
				r.walkAll(st.Values)
				fmt.Fprintf(&e.out, "%s.%s(%s)", e.live(), show, r.text(n.Pos(), n.End()))
				continue
			}
		}
		r.walk(st.Node)
		e.out.WriteString(r.text(st.Node.Pos(), st.Node.End()))
	}
	e.calls(last)
	e.glue("}")
}

// calls writes calls of functions of the notebook.
func (e *emitter) calls(names []string) {
	for _, name := range names {
		e.glue("%s()", e.ref(name))
	}
}

// showMode says what becomes of the last expression: the function of package live that takes it.
type showMode string

const (
	showNothing showMode = ""
	showValue   showMode = "Show"
	showError   showMode = "Fail" // only an error, where that is its last result
)

// define writes a := statement of the outermost level.
func (e *emitter) define(r *rewriter, n *ast.AssignStmt, mine map[types.Object]bool) {
	rhs := r.text(n.Rhs[0].Pos(), n.Rhs[len(n.Rhs)-1].End())
	if len(n.Lhs) == 1 {
		fmt.Fprintf(&e.out, "%s.Declare(%q, %s)", e.live(), n.Lhs[0].(*ast.Ident).Name, rhs)
		return
	}
	var temps, after []string
	for _, x := range n.Lhs {
		id := x.(*ast.Ident)
		if id.Name == "_" {
			temps = append(temps, "_")
			continue
		}
		e.temps++
		t := fmt.Sprintf("ⱟ%d", e.temps)
		temps = append(temps, t)
		if mine[r.w.info.Defs[id]] {
			after = append(after, fmt.Sprintf("%s.Declare(%q, %s)", e.live(), id.Name, t))
		} else {
			after = append(after, e.slot(id.Name)+" = "+t)
		}
	}
	fmt.Fprintf(&e.out, "%s := %s; %s", strings.Join(temps, ", "), rhs, strings.Join(after, "; "))
}

// varSpec writes a var declaration of the outermost level.
func (e *emitter) varSpec(r *rewriter, n *ast.ValueSpec, mine map[types.Object]bool) {
	if n.Type != nil {
		r.walk(n.Type)
	}
	if len(n.Names) == 2 && len(n.Values) == 1 {
		r.receiveTwo(n.Values[0])
	}
	r.walkAll(n.Values)
	var temps, after []string
	for _, id := range n.Names {
		if id.Name == "_" {
			temps = append(temps, "_")
			continue
		}
		e.temps++
		t := fmt.Sprintf("ⱟ%d", e.temps)
		temps = append(temps, t)
		after = append(after, fmt.Sprintf("%s.Declare(%q, %s)", e.live(), id.Name, t))
	}
	e.line(n.Pos())
	e.out.WriteString("var " + strings.Join(temps, ", "))
	if n.Type != nil {
		e.out.WriteString(" " + r.text(n.Type.Pos(), n.Type.End()))
	}
	if len(n.Values) > 0 {
		e.out.WriteString(" = " + r.text(n.Values[0].Pos(), n.Values[len(n.Values)-1].End()))
	}
	e.out.WriteString("; " + strings.Join(after, "; "))
}

// source puts the package together, and returns its text and the paths that it imports.
func (e *emitter) source(hasBody bool, blank []string) (string, []string, error) {
	var b strings.Builder
	b.WriteString("package " + worker.Private + "main\n")
	names := make([]string, 0, len(e.slots))
	for name := range e.slots {
		names = append(names, name)
	}
	sort.Strings(names)
	var slots strings.Builder
	for _, name := range names {
		sv := e.slots[name]
		fmt.Fprintf(&slots, "var %s %s\n", sv.ident, sv.typ)
		bind := "Bind"
		if sv.carry {
			bind = "Carry"
		}
		fmt.Fprintf(&e.init, "%s.%s(%q, &%s)\n", e.live(), bind, sv.name, sv.ident)
	}
	if hasBody {
		fmt.Fprintf(&e.init, "%s.Register(%q, %s)\n", e.live(), e.unit, runName)
	}
	if e.symbols.Len() > 0 {
		fmt.Fprintf(&e.init, "%s.Symbols(%q, func(name string) any {\nswitch name {\n%s}\nreturn nil\n})\n", e.live(), e.unit, &e.symbols)
	}
	rest := slots.String() + fmt.Sprintf("func init() {\n%s}\n", e.init.String()) + e.out.String()
	paths := append([]string(nil), blank...)
	for p := range e.imports {
		if strings.Contains(rest, e.s.alias(p)+".") { // a rewritten call may leave nothing of its package
			paths = append(paths, p)
		}
	}
	sort.Strings(paths)
	b.WriteString("import (\n")
	for _, p := range blank {
		fmt.Fprintf(&b, "_ %q\n", p)
	}
	for _, p := range paths {
		if e.imports[p] {
			fmt.Fprintf(&b, "%s %q\n", e.s.alias(p), p)
		}
	}
	b.WriteString(")\n" + rest)
	return b.String(), paths, e.err
}

// edits are changes to a text, by offset.
type edits struct {
	list []edit
}

type edit struct {
	from, to int
	text     string
	closes   bool // an insertion that closes what an earlier one opened: it goes first where both meet
	seq      int
}

func (e *edits) replace(from, to int, text string) {
	e.list = append(e.list, edit{from, to, text, false, len(e.list)})
}
func (e *edits) insert(at int, text string) { e.replace(at, at, text) }
func (e *edits) close(at int, text string) {
	e.list = append(e.list, edit{at, at, text, true, len(e.list)})
}

// apply returns text[from:to] with the edits that lie within.
func (e *edits) apply(text string, from, to int) string {
	list := make([]edit, 0, len(e.list))
	for _, ed := range e.list {
		if ed.from >= from && ed.to <= to {
			list = append(list, ed)
		}
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if a.from != b.from {
			return a.from < b.from
		}
		if a.closes != b.closes {
			return a.closes
		}
		ai, bi := a.from == a.to, b.from == b.to
		if ai != bi {
			return ai // an insertion goes before what it stands in front of
		}
		return a.seq < b.seq
	})
	var b strings.Builder
	at := from
	for _, ed := range list {
		if ed.from < at {
			continue // inside something replaced whole
		}
		b.WriteString(text[at:ed.from])
		b.WriteString(ed.text)
		at = ed.to
	}
	b.WriteString(text[at:to])
	return b.String()
}

// identEnd returns where the identifier at an offset ends: its name in the syntax tree may have been made canonical.
func identEnd(text string, off int) int {
	var s scanner.Scanner
	fset := token.NewFileSet()
	rest := text[off:min(len(text), off+4096)]
	f := fset.AddFile("", -1, len(rest))
	s.Init(f, []byte(rest), func(token.Position, string) {}, 0)
	_, tok, lit := s.Scan()
	if tok != token.IDENT {
		return off
	}
	return off + len(lit)
}
