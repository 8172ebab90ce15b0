package session

import (
	"go/ast"
	"sort"
)

// remake is what a cell changes in the notebook, and what follows from that.
type remake struct {
	fresh map[*decl]bool   // declarations of the cell
	own   map[*decl]bool   // variables that its statements declare
	sigs  map[*decl]string // signatures as they are with the cell
	again map[string]bool  // keys of what is made anew: a type, constants, a generic function, a slot, a variable of a new type
	redo  map[*decl]bool   // functions that are compiled again, whether their slot is made anew or stays
}

// follow finds what a cell makes again: what it changes, and transitively what mentions that. A function whose signature
// stays is reached through its slot, so what follows stops there.
func (s *Session) follow(p *plan, before *live, w *world, fresh map[*decl]bool) *remake {
	r := &remake{fresh: fresh, own: map[*decl]bool{}, again: map[string]bool{}, redo: map[*decl]bool{}}
	for _, d := range p.vars {
		r.own[d] = true
	}
	changed := s.changes(p.live, before, w, r)
	var queue []string
	mark := func(key string) {
		if !r.again[key] {
			r.again[key] = true
			queue = append(queue, key)
		}
	}
	for key := range changed {
		mark(key)
	}
	sort.Strings(queue)
	for len(queue) > 0 {
		key := queue[0]
		queue = queue[1:]
		if d := p.live.decls[key]; d != nil && d.kind == typeName {
			for _, m := range p.live.methodsOf(key) {
				r.redo[m] = true
				mark(m.key)
			}
		}
		if d := p.live.decls[key]; d != nil && d.kind == method && changed[key] {
			if old := s.live.decls[key]; r.sigs[d] != "" && (old == nil || old.sig != r.sigs[d]) {
				mark(d.base()) // the method set is another
			}
		}
		for _, d := range p.live.sorted() {
			if d.stale != "" || d.key == key {
				continue
			}
			all, sig := r.uses(w, p.live, d)
			if !all[key] {
				continue
			}
			switch d.kind {
			case typeName, constants, generic, variable:
				if !r.own[d] {
					mark(d.key)
				}
			case function:
				r.redo[d] = true
				if sig[key] {
					mark(d.key)
				}
			case method:
				r.redo[d] = true
				if sig[key] && d.base() != key { // the type's own remaking brings its methods along
					mark(d.key)
					mark(d.base())
				}
			}
		}
	}
	return r
}

// changes finds the signatures of all declarations, and the keys of those that are not as the notebook knows them.
// Variables of the cell's statements are not in w's package scope; theirs are set.
func (s *Session) changes(l, before *live, w *world, r *remake) map[string]bool {
	changed := map[string]bool{}
	r.sigs = map[*decl]string{}
	for _, d := range l.sorted() {
		if d.stale != "" {
			continue
		}
		if r.own[d] {
			r.sigs[d] = d.sig
		} else {
			r.sigs[d] = s.signature(w, before, d)
		}
		old := s.live.decls[d.key]
		if old == nil || old.stale != "" || old.kind != d.kind || old.sig != r.sigs[d] ||
			(d.unit == "" && !r.fresh[d] || old.unit == "") && d.kind != variable { // lost with a worker: in no package now
			changed[d.key] = true
		}
	}
	for _, old := range s.live.decls {
		if l.decls[old.key] == nil {
			changed[old.key] = true
			for _, name := range old.names {
				changed[name] = true
			}
		}
	}
	return changed
}

// uses returns what a declaration mentions, and what its signature mentions. Earlier declarations know; of the cell's own,
// types and signatures are checked by now, and bodies are not.
func (r *remake) uses(w *world, l *live, d *decl) (all, sig map[string]bool) {
	fn, isFunc := d.node.(*ast.FuncDecl)
	if !isFunc {
		if r.fresh[d] {
			all = mentions(w, l, d.node)
			return all, all
		}
		return d.uses, d.uses
	}
	sig = mentions(w, l, &ast.FuncDecl{Recv: fn.Recv, Name: fn.Name, Type: fn.Type})
	if r.fresh[d] {
		return sig, sig
	}
	return d.uses, sig
}

// bodies are the functions whose bodies are compiled: the cell's, and those of earlier cells that its changes reach.
func (r *remake) bodies(l *live) map[*decl]bool {
	bodies := map[*decl]bool{}
	for _, d := range l.sorted() {
		fn, ok := d.node.(*ast.FuncDecl)
		if !ok || fn.Body == nil || d.stale != "" {
			continue
		}
		if r.fresh[d] || r.redo[d] || r.again[d.key] || d.kind == method && r.again[d.base()] {
			bodies[d] = true
		}
	}
	return bodies
}
