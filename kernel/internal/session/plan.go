package session

import (
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/cell"
	"github.com/gosaddle/saddle/kernel/internal/plain"
	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// plan is a checked cell: what it declares, what has to be made again for it, and the package that does so.
type plan struct {
	src      *cell.Source
	mainLine int        // where init functions are called; 0: at the end
	live     *live      // the notebook if the cell succeeds
	vars     []*decl    // variables that the cell's statements declare
	unit     build.Unit // "" path: nothing to compile
	hasBody  bool
	notes    []string          // what the user should know, on stderr
	imports  map[string]string // those that the cell writes
	named    map[string]string // and those that it leaves out
	dot      []string
	owned    map[*decl]bool    // declarations that only this plan holds
	aside    map[string]string // declarations that no longer compile, by key, and what a user is told of them
	program  *plain.Program    // evaluates the cell; nil where it needs the compiler
	tabled   []string          // packages whose symbols it takes from tables
	exposed  map[string]bool   // variables that other code may change once the cell has run
	remade   map[string]string // types that are made anew: the earlier make, as reflection names it, and the name
	boxes    []string          // earlier variables in which interfaces might hold values of those
}

// plan checks a cell against the notebook and writes its package. It changes nothing that a failed cell would have
// to undo: only the notebook in the plan.
func (s *Session) plan(ctx context.Context, src *cell.Source, id string, mainLine int) (*plan, error) {
	// Checking the bodies of earlier functions may show that some no longer compile. What the cell's statements may
	// use is then another matter, and the plan is made again without them.
	aside := map[string]string{}
	for {
		p, err := s.planWithout(ctx, src, id, mainLine, aside)
		if err == nil && p == nil {
			continue
		}
		if p != nil {
			s.tell(p)
		}
		return p, err
	}
}

// planWithout makes a plan in which the declarations set aside are not used. It returns nil if that set has grown.
func (s *Session) planWithout(ctx context.Context, src *cell.Source, id string, mainLine int, aside map[string]string) (*plan, error) {
	fresh := newDecls(src, id)
	isFresh := map[*decl]bool{}
	declared := map[string]bool{}
	for _, d := range fresh {
		isFresh[d] = true
		for _, name := range d.names {
			if declared[name] && name != "init" {
				return nil, cell.Errors{{Pos: s.fset.Position(d.node.Pos()), Msg: name + " is declared twice in this cell"}}
			}
			declared[name] = true
		}
	}
	for _, name := range topNames(src) {
		declared[name] = true
	}
	fi, err := s.resolveImports(ctx, src, declared)
	if err != nil {
		return nil, err
	}
	p := &plan{src: src, mainLine: mainLine, live: s.live.clone(), imports: map[string]string{}, named: fi.named, dot: fi.dot, aside: aside}
	for _, spec := range src.Imports {
		name := ""
		for n, path := range fi.named {
			if fmt.Sprintf("%q", path) == spec.Path.Value && (spec.Name == nil || spec.Name.Name == n) {
				name = n
			}
		}
		if name != "" {
			p.imports[name] = fi.named[name]
			p.live.dropName(name) // the package takes the name
		}
	}
	for _, d := range fresh {
		p.live.put(d)
	}

	// Statements first, with every function known by its signature: that gives the types of the variables they declare.
	body, show := s.statements(src)
	w, err := s.settle(p, isFresh, nil, fi, body, &show)
	if err != nil {
		return nil, err
	}
	mine, vars, err := s.variables(w, src)
	if err != nil {
		return nil, err
	}
	p.vars = vars

	// From here on the variables are those that the cell leaves behind.
	final := p.live.clone()
	for _, d := range vars {
		for _, other := range fresh {
			for _, name := range other.names {
				if name == d.key {
					return nil, cell.Errors{{Pos: s.fset.Position(other.node.Pos()), Msg: name + " is declared twice in this cell"}}
				}
			}
		}
		final.put(d)
	}
	before := p.live
	p.live = final
	known := len(aside)
	if err := s.compile(ctx, p, before, w, mine, isFresh, fi, show); err != nil {
		return nil, err
	}
	if len(aside) > known {
		return nil, nil
	}
	return p, nil
}

// topNames returns the names that a cell's statements declare at the outermost level.
func topNames(src *cell.Source) []string {
	var names []string
	for _, id := range topIdents(src) {
		if id.Name != "_" {
			names = append(names, id.Name)
		}
	}
	return names
}

func topIdents(src *cell.Source) []*ast.Ident {
	var ids []*ast.Ident
	for _, st := range src.Body {
		switch n := st.Node.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, x := range n.Lhs {
					if id, ok := x.(*ast.Ident); ok {
						ids = append(ids, id)
					}
				}
			}
		case *ast.DeclStmt:
			if g, ok := n.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, sp := range g.Specs {
					ids = append(ids, sp.(*ast.ValueSpec).Names...)
				}
			}
		}
	}
	return ids
}

// statements returns a cell's statements for checking, the last expression wrapped in a call that takes any values.
func (s *Session) statements(src *cell.Source) ([]ast.Stmt, showMode) {
	if len(src.Body) == 0 {
		return nil, showNothing
	}
	body := make([]ast.Stmt, len(src.Body))
	for i, st := range src.Body {
		body[i] = st.Node
	}
	values := src.Body[len(body)-1].Values
	if len(values) == 0 {
		return body, showNothing
	}
	x := body[len(body)-1]
	body[len(body)-1] = &ast.ExprStmt{X: &ast.CallExpr{
		Fun: &ast.Ident{NamePos: x.Pos(), Name: showName}, Lparen: x.Pos(), Args: values, Rparen: x.End()}}
	if src.Quiet {
		return body, showError
	}
	return body, showValue
}

// settle checks until what is left of the notebook fits together. An error in the cell itself is returned; declarations
// of earlier cells that no longer compile are set aside, with a word to the user.
func (s *Session) settle(p *plan, isFresh, bodies map[*decl]bool, fi *fileImports, body []ast.Stmt, show *showMode) (*world, error) {
	s.revive(p)
	for {
		w := s.check(question{p.live, isFresh, bodies, fi, body})
		again := false
		if body != nil && *show != showNothing {
			// A call without a result is a statement like any other.
			last := body[len(body)-1].(*ast.ExprStmt).X.(*ast.CallExpr)
			for _, e := range w.errs {
				if e.Pos >= last.Pos() && e.Pos <= last.End() && strings.HasSuffix(e.Msg, "(no value) used as value") {
					body = append(append([]ast.Stmt(nil), body[:len(body)-1]...), &ast.ExprStmt{X: last.Args[0]})
					*show, again = showNothing, true
				}
			}
		}
		if again {
			continue
		}
		for _, d := range p.live.sorted() {
			if d.stale != "" || isFresh[d] {
				continue
			}
			if e, bad := w.in(d); bad {
				s.setAside(p, d, fmt.Sprintf("%s (%s)", e.Msg, s.fset.Position(e.Pos)))
				again = true
			}
		}
		if again {
			continue
		}
		if len(w.errs) == 0 {
			return w, nil
		}
		if len(p.src.Body) == 0 && s.await(p, w, isFresh) {
			continue
		}
		errs := w.at(s.fset, p.src.Name)
		if len(errs) == 0 {
			errs = w.errs
		}
		if len(errs) > 10 {
			errs = errs[:10]
		}
		return nil, s.cellErrors(p.live, errs)
	}
}

// setAside marks a declaration of an earlier cell as unusable.
func (s *Session) setAside(p *plan, d *decl, why string) {
	c := *d
	old := s.live.decls[d.key]
	switch {
	case old != nil && old.stale != "":
		c.stale = old.stale
	case d.kind == variable:
		c.stale = fmt.Sprintf("its type has changed since %s set it. Run %s again", d.cell, d.cell)
	default:
		c.stale = fmt.Sprintf("%s no longer compiles: %s. Run %s again, changed to fit", d.key, why, d.cell)
	}
	p.replace(d, &c)
	p.aside[d.key] = c.stale
}

// replace puts a changed copy of a declaration in its place.
func (p *plan) replace(d, c *decl) {
	if p.live.decls[d.key] == d {
		p.live.decls[d.key] = c
	}
	for _, name := range d.names {
		if p.live.names[name] == d {
			p.live.names[name] = c
		}
	}
}

// revive gives declarations that could not be used another chance: what they lacked may be there now. Those that this
// plan has found wanting stay aside.
func (s *Session) revive(p *plan) {
	for _, d := range p.live.sorted() {
		c := *d
		if why, ok := p.aside[d.key]; ok && d.stale == "" && s.live.decls[d.key] != nil && s.live.decls[d.key].cell == d.cell {
			c.stale = why
			p.replace(d, &c)
		} else if !ok && d.stale != "" && d.kind != variable && s.live.decls[d.key] == d {
			c.stale, c.unit = "", "" // it is compiled anew
			p.replace(d, &c)
		}
	}
}

// tell notes what has become unusable with this cell.
func (s *Session) tell(p *plan) {
	for _, d := range p.live.sorted() {
		old := s.live.decls[d.key]
		if _, ok := p.aside[d.key]; ok && d.stale != "" && old != nil && old.stale == "" {
			p.notes = append(p.notes, fmt.Sprintf("%s %s of %s cannot be used any more: %s.", d.kind, d.key, d.cell, d.stale))
		}
	}
}

// await accepts declarations that mention what no cell declares yet: in a cell of declarations only, that is how a cycle across
// cells begins. Functions may call it; types may have it behind a pointer, in a slice and the like, as types in a cycle must; and
// what mentions a type that waits, or what it waits for, waits as well.
func (s *Session) await(p *plan, w *world, isFresh map[*decl]bool) bool {
	waiting := map[*decl]string{}
	missing := map[string]bool{} // types that are waited for, and those that wait
	for d := range isFresh {
		if d.kind == typeName && d.stale != "" {
			missing[d.key] = true
		}
	}
	accept := func(name string, pos token.Pos, may func(d *decl) bool) bool {
		for d := range isFresh {
			if p.live.decls[d.key] == d && d.node.Pos() <= pos && pos <= d.node.End() && may(d) {
				if !strings.Contains(", "+waiting[d]+", ", ", "+name+", ") {
					waiting[d] = strings.TrimPrefix(waiting[d]+", "+name, ", ")
				}
				return true
			}
		}
		return false
	}
	var rest []types.Error
	for _, e := range w.errs {
		name, ok := strings.CutPrefix(e.Msg, "undefined: ")
		if !ok || !token.IsIdentifier(name) {
			return false
		}
		if accept(name, e.Pos, func(d *decl) bool { return d.kind == typeName && indirect(d.node, e.Pos) }) {
			missing[name] = true
		} else {
			rest = append(rest, e)
		}
	}
	for _, e := range rest {
		name := strings.TrimPrefix(e.Msg, "undefined: ")
		if !accept(name, e.Pos, func(d *decl) bool {
			fn, ok := d.node.(*ast.FuncDecl)
			return ok && (missing[name] || fn.Body != nil && calls(fn.Body, e.Pos)) || d.kind == typeName && missing[name]
		}) {
			return false
		}
	}
	for _, d := range p.live.sorted() {
		if names := waiting[d]; names != "" {
			c := *d
			c.stale = fmt.Sprintf("it needs %s, which no cell declares yet", names)
			isFresh[&c] = true
			p.replace(d, &c)
			p.notes = append(p.notes, fmt.Sprintf("%s waits for %s: it can be used once a cell declares that.", d.key, names))
		}
	}
	return len(waiting) > 0
}

// indirect tells whether the identifier at a position lies where a type may mention one that contains it.
func indirect(n ast.Node, pos token.Pos) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch t := n.(type) {
		case *ast.StarExpr, *ast.MapType, *ast.ChanType, *ast.FuncType:
			found = found || n.Pos() <= pos && pos < n.End()
		case *ast.ArrayType:
			found = found || t.Len == nil && n.Pos() <= pos && pos < n.End()
		}
		return !found
	})
	return found
}

// calls tells whether the identifier at a position is called.
func calls(n ast.Node, pos token.Pos) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if id, ok := c.Fun.(*ast.Ident); ok && id.Pos() == pos {
				found = true
			}
		}
		return !found
	})
	return found
}

// variables makes declarations of the variables that a cell's statements declare.
func (s *Session) variables(w *world, src *cell.Source) (map[types.Object]bool, []*decl, error) {
	mine := map[types.Object]bool{}
	var vars []*decl
	for _, id := range topIdents(src) {
		obj, ok := w.info.Defs[id].(*types.Var)
		if !ok || id.Name == "_" {
			continue
		}
		mine[obj] = true
		d := &decl{key: id.Name, names: []string{id.Name}, kind: variable, cell: src.Name, layout: layout(obj.Type())}
		if !nameable(obj.Type(), w.pkg) {
			if err := s.unnameable(w, d, src, id, obj); err != nil {
				return nil, nil, err
			}
			vars = append(vars, d)
			continue
		}
		d.typeExpr = types.TypeString(obj.Type(), s.qualify)
		d.sig = d.typeExpr
		node, err := s.varDecl(d.key, d.typeExpr)
		if err != nil {
			return nil, nil, fmt.Errorf("the type of %s cannot be written down: %w", d.key, err)
		}
		d.node = node
		vars = append(vars, d)
	}
	return mine, vars, nil
}

// unnameable handles a variable whose type has no name outside its package: it is inferred from the function that
// the initializer calls.
func (s *Session) unnameable(w *world, d *decl, src *cell.Source, id *ast.Ident, obj *types.Var) error {
	fail := func() error {
		return cell.Errors{{Pos: s.fset.Position(id.Pos()), Msg: fmt.Sprintf(
			"%s has type %s, which Go cannot name outside its package, so no later cell could use it: declare %s with an interface type (var %s interface{ ... } = ...), or use it inside a block",
			id.Name, types.TypeString(obj.Type(), nil), id.Name, id.Name)}}
	}
	for _, st := range src.Body {
		n, ok := st.Node.(*ast.AssignStmt)
		if !ok || n.Tok != token.DEFINE || len(n.Rhs) != 1 {
			continue
		}
		for i, x := range n.Lhs {
			if x != ast.Expr(id) {
				continue
			}
			call, ok := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
			if !ok {
				return fail()
			}
			sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if !ok {
				return fail()
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok {
				return fail()
			}
			pn, ok := w.info.Uses[pkg].(*types.PkgName)
			if !ok {
				return fail()
			}
			sig, ok := w.info.TypeOf(call.Fun).(*types.Signature)
			if !ok || sig.TypeParams() != nil || sig.Params().Len() > 4 || sig.Variadic() && sig.Params().Len() > 2 {
				return fail()
			}
			variadic := ""
			if sig.Variadic() {
				variadic = "V"
			}
			path := pn.Imported().Path()
			if sig.Results().Len() > 2 {
				return fail()
			}
			d.infer = &inferred{path: path, text: fmt.Sprintf("%s.Result%d%sOf%d_%d(%s.%s)", s.alias(livePackage), sig.Params().Len(), variadic,
				sig.Results().Len(), i, s.alias(path), sel.Sel.Name)}
			d.sig = types.TypeString(obj.Type(), s.qualify)
			node, err := s.varDecl(d.key, "= *"+d.infer.text)
			if err != nil {
				return err
			}
			d.node = node
			return nil
		}
	}
	return fail()
}

// compile finds what has to be made again, checks the bodies concerned, and writes the package.
func (s *Session) compile(ctx context.Context, p *plan, before *live, w *world, mine map[types.Object]bool, isFresh map[*decl]bool, fi *fileImports, show showMode) error {
	r := s.follow(p, before, w, isFresh)
	bodies := r.bodies(p.live)
	wb := w
	if len(bodies) > 0 {
		none := showNothing
		var err error
		if wb, err = s.settle(p, isFresh, bodies, fi, nil, &none); err != nil {
			return err
		}
		bodies = r.bodies(p.live)
	}
	if len(p.src.Body) > 0 && show == showValue {
		show = s.quietCalls(w, p.src, show)
	}
	s.units++
	unit := fmt.Sprint(worker.UnitPrefix, s.units)
	e := newEmitter(s, p.live, unit)
	emitted := s.place(e, r)
	if err := s.declare(e, wb, emitted); err != nil {
		return err
	}
	s.boxes(p, e, w, r)
	s.carry(p, e, w, r)
	for _, name := range mentionedVars(w, wb, p, bodies) {
		if d := p.live.names[name]; d != nil && d.stale != "" {
			return cell.Errors{{Pos: token.Position{Filename: p.src.Name, Line: 1, Column: 1}, Msg: fmt.Sprintf("%s cannot be used: %s", name, d.stale)}}
		}
	}
	inits, main := s.initCalls(p.src, isFresh, p.live)
	p.exposed = exposes(w, p.src, mine)
	if e.init.Len() == 0 && e.out.Len() == 0 && len(e.slots) == 0 && len(inits)+len(main) == 0 && len(fi.blank) == 0 {
		p.program = s.translate(w, p, mine, show)
	}
	p.hasBody = len(p.src.Body) > 0 || len(inits)+len(main) > 0
	if p.hasBody {
		e.body(w, p.src, mine, s.earlier(p, e, w, before), show, p.mainAt(s.fset), inits, main)
	}
	s.record(p, e, w, wb, r, bodies, emitted)
	src, paths, err := e.source(p.hasBody, fi.blank)
	if err != nil {
		return err
	}
	if !p.hasBody && e.init.Len() == 0 && e.out.Len() == 0 && len(fi.blank) == 0 {
		return nil
	}
	p.unit = build.Unit{Path: unit, Source: src, Imports: paths}
	return nil
}

// place decides which declarations the cell's package holds, and returns those to be written. Methods and functions that
// keep their slot are written too: the new body is put into it.
func (s *Session) place(e *emitter, r *remake) map[*decl]bool {
	emitted := map[*decl]bool{}
	for _, d := range e.l.sorted() {
		if d.stale != "" || d.kind == variable {
			continue
		}
		switch d.kind {
		case typeName, constants, generic:
			if r.again[d.key] {
				e.here[d.key], emitted[d] = true, true
			}
		case function:
			if r.again[d.key] || r.fresh[d] && s.live.decls[d.key] == nil {
				e.here[d.key] = true
			}
			emitted[d] = e.here[d.key] || r.fresh[d] || r.redo[d]
		case method:
			_, isGeneric := receiver(d.node.(*ast.FuncDecl))
			emitted[d] = !isGeneric && (r.fresh[d] || r.redo[d] || r.again[d.key] || r.again[d.base()])
		}
	}
	for _, d := range e.l.sorted() {
		if old := s.live.decls[d.key]; r.fresh[d] && !e.here[d.key] && old != nil {
			d.unit = old.unit // its type or slot stays where it is
		}
	}
	return emitted
}

// declare writes declarations into the cell's package.
func (s *Session) declare(e *emitter, w *world, emitted map[*decl]bool) error {
	for _, d := range e.l.sorted() {
		if !emitted[d] {
			continue
		}
		switch d.kind {
		case typeName:
			e.typeDecl(w, d)
			e.symbol(w, d)
		case constants:
			e.constDecl(w, d)
		case generic:
			e.plainFunc(w, d)
		case function, method:
			if d.node.(*ast.FuncDecl).Body == nil {
				return cell.Errors{{Pos: s.fset.Position(d.node.Pos()), Msg: "function " + d.key + " has no body"}}
			}
			e.implementation(w, d)
			if d.kind == function && e.here[d.key] {
				e.symbol(w, d)
			}
		}
	}
	e.itabs(w)
	return nil
}

// boxes notes which types are made anew, and the variables in which interfaces might hold values of those.
func (s *Session) boxes(p *plan, e *emitter, w *world, r *remake) {
	p.remade = map[string]string{}
	for key := range e.here {
		if old := s.live.decls[key]; old != nil && old.kind == typeName && old.unit != "" && old.unit != e.unit {
			p.remade[old.unit+"."+export(key)] = key
		}
	}
	if len(p.remade) == 0 {
		return
	}
	for _, d := range p.live.sorted() {
		if v := w.pkg.Scope().Lookup(d.key); d.kind == variable && !r.own[d] && d.stale == "" && v != nil && holdsInterfaces(v.Type(), map[types.Type]bool{}) {
			p.boxes = append(p.boxes, d.key)
		}
	}
}

// carry carries over the variables whose type is made anew, used or not: later cells find them as that type.
func (s *Session) carry(p *plan, e *emitter, w *world, r *remake) {
	for _, d := range p.live.sorted() {
		if d.kind != variable || r.own[d] || d.stale != "" || !r.again[d.key] {
			continue
		}
		obj := w.pkg.Scope().Lookup(d.key)
		if obj == nil || d.infer != nil {
			continue
		}
		c := *d
		if now := layout(obj.Type()); now != d.layout {
			c.stale = fmt.Sprintf("its type has changed since %s set it. Run %s again", d.cell, d.cell)
			p.replace(d, &c)
			p.notes = append(p.notes, fmt.Sprintf("variable %s keeps its old value, of the type before this cell: run %s again to set it anew.", d.key, d.cell))
			continue
		}
		c.carry = true
		p.replace(d, &c)
		e.addSlot(d.key, &c)
	}
}

// earlier returns what the names of the cell's variables mean until it declares them: the variables that had them before.
func (s *Session) earlier(p *plan, e *emitter, w *world, before *live) map[types.Object]string {
	old := map[types.Object]string{}
	for _, d := range p.vars {
		prev, obj := before.names[d.key], w.pkg.Scope().Lookup(d.key)
		if prev == nil || prev.kind != variable || prev.stale != "" || obj == nil {
			continue
		}
		if prev.sig == d.sig && prev.infer == nil {
			old[obj] = e.slot(d.key)
			continue
		}
		sv := &slotVar{name: d.key, ident: "ⱟw_" + d.key, carry: prev.carry}
		sv.typ = e.slotType(prev)
		e.slots["\x00"+d.key] = sv
		old[obj] = "(*" + sv.ident + ")"
	}
	return old
}

// mainAt is the index of the statement before which init functions run.
func (p *plan) mainAt(fset *token.FileSet) int {
	for i, st := range p.src.Body {
		if p.mainLine > 0 && fset.Position(st.Node.Pos()).Line >= p.mainLine {
			return i
		}
	}
	return len(p.src.Body)
}

// record notes in the plan's notebook what the declarations have become: signature, package, and what they mention.
func (s *Session) record(p *plan, e *emitter, w, wb *world, r *remake, bodies, emitted map[*decl]bool) {
	l := p.live
	for _, d := range l.sorted() {
		if d.stale != "" {
			continue
		}
		nd := p.own(d)
		if sig, ok := r.sigs[d]; ok {
			nd.sig = sig
		}
		if d.kind == variable {
			if obj := w.pkg.Scope().Lookup(d.key); !r.own[d] && obj != nil && d.infer == nil {
				nd.sig = types.TypeString(obj.Type(), s.qualify)
			}
			if r.own[d] {
				nd.uses = exprMentions(l, d.typeExpr)
			}
			continue
		}
		if r.fresh[d] || bodies[d] || emitted[d] {
			nd.uses = mentions(wb, l, d.node)
		}
		if r.fresh[d] {
			s.canonical(wb, d.node)
		}
		if e.here[d.key] {
			nd.unit = e.unit
		} else if d.kind == method {
			nd.unit = e.home(d) // its slot lies with the type
		}
	}
}

// own returns a copy of a declaration that belongs to the plan, or the declaration itself if it is the plan's already.
func (p *plan) own(d *decl) *decl {
	if p.owned == nil {
		p.owned = map[*decl]bool{}
		for _, v := range p.vars {
			p.owned[v] = true
		}
	}
	cur := p.live.decls[d.key]
	if cur != nil && p.owned[cur] {
		return cur
	}
	c := *cur
	p.replace(cur, &c)
	p.owned[&c] = true
	return &c
}

// quietCalls keeps fmt.Println and its like from showing how many bytes they wrote.
func (s *Session) quietCalls(w *world, src *cell.Source, show showMode) showMode {
	last, ok := src.Body[len(src.Body)-1].Node.(*ast.ExprStmt)
	if !ok {
		return show
	}
	if t := w.info.TypeOf(last.X); t != nil && types.Identical(t, types.Universe.Lookup("error").Type()) {
		return showError // nil is not worth a word
	}
	call, ok := ast.Unparen(last.X).(*ast.CallExpr)
	if !ok {
		return show
	}
	var id *ast.Ident
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.SelectorExpr:
		id = f.Sel
	case *ast.Ident:
		id = f
	default:
		return show
	}
	fn, ok := w.info.Uses[id].(*types.Func)
	if !ok || fn.Pkg() == nil {
		return show
	}
	switch fn.Pkg().Path() {
	case "fmt", "io", "os", "bufio":
		if r := fn.Signature().Results(); r.Len() == 2 && types.Identical(r.At(1).Type(), types.Universe.Lookup("error").Type()) {
			if b, ok := r.At(0).Type().(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
				return showError
			}
		}
	}
	return show
}

// initCalls names the cell's functions that run by themselves: init and init_ functions, as gonb has them, and main.
func (s *Session) initCalls(src *cell.Source, isFresh map[*decl]bool, l *live) (inits, main []string) {
	for _, d := range src.Decls {
		fn, ok := d.Node.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || fn.Type.Params.NumFields() > 0 || fn.Type.TypeParams != nil {
			continue
		}
		live := l.decls[fn.Name.Name]
		if live == nil || live.stale != "" || !isFresh[live] && live.node != ast.Decl(fn) {
			continue
		}
		switch name := fn.Name.Name; {
		case name == "main":
			main = append(main, name)
		case name == "init" || strings.HasPrefix(name, "init_"):
			inits = append(inits, name)
		}
	}
	return inits, main
}

// mentionedVars returns the notebook's variables that the cell's statements and the bodies compiled with it use.
func mentionedVars(w, wb *world, p *plan, bodies map[*decl]bool) []string {
	seen := map[string]bool{}
	add := func(w *world, n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if v, ok := w.info.Uses[id].(*types.Var); ok && v.Parent() == w.pkg.Scope() {
					seen[v.Name()] = true
				}
			}
			return true
		})
	}
	for _, st := range p.src.Body {
		add(w, st.Node)
	}
	for d := range bodies {
		add(wb, d.node)
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
