package session

import (
	"go/ast"
	"go/token"
	"sort"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/cell"
)

type kind int

const (
	function kind = iota // not generic: callers reach it through a variable, its slot
	generic              // a generic function
	method
	typeName
	constants
	variable
)

func (k kind) String() string {
	return [...]string{"func", "func", "method", "type", "const", "var"}[k]
}

// decl is a declaration that is live in the notebook: the last one of its name.
type decl struct {
	key   string // "f", "T", "T.m"; a const group has the key of its first name
	names []string
	kind  kind
	cell  string // the cell that declared it
	id    string // that cell's id in the front end
	node  ast.Decl
	chunk *cell.Chunk
	uses  map[string]bool // keys of the declarations it mentions
	sig   string          // its type or value as text: a change here concerns those who use it
	unit  string          // package path where it lies; for functions and methods, where the slot lies
	stale string          // why it cannot be used; "" if it can

	typeExpr string    // variables: the type as an expression, import names canonical; "" if it cannot be named
	infer    *inferred // variables of types without a name: the initializer
	carry    bool      // variables: the value in the worker is of an earlier make of the type
	layout   string    // types and variables: the shape in memory
}

// base is the key of a method's type, and of anything else its own.
func (d *decl) base() string {
	base, _, _ := strings.Cut(d.key, ".")
	return base
}

// inferred is a type that cannot be written down: an expression that has it and evaluates nothing, and the package
// that the expression mentions.
type inferred struct {
	path string
	text string
}

// receiver returns the name of a method's base type, and whether the type is generic.
func receiver(fn *ast.FuncDecl) (base string, isGeneric bool) {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return "", false
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.ParenExpr:
			t = x.X
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t, isGeneric = x.X, true
		case *ast.IndexListExpr:
			t, isGeneric = x.X, true
		case *ast.Ident:
			return x.Name, isGeneric
		default:
			return "", isGeneric
		}
	}
}

// newDecls turns a cell's declarations into decls, not yet checked. Blank declarations are kept under keys of their own
// so that they are checked, too.
func newDecls(src *cell.Source, id string) []*decl {
	var out []*decl
	for _, d := range src.Decls {
		base := &decl{cell: src.Name, id: id, node: d.Node, chunk: d.Chunk}
		switch n := d.Node.(type) {
		case *ast.FuncDecl:
			base.key, base.names = n.Name.Name, []string{n.Name.Name}
			if t, _ := receiver(n); n.Recv != nil {
				base.kind, base.key = method, t+"."+n.Name.Name
				base.names = nil
			} else if n.Type.TypeParams != nil {
				base.kind = generic
			} else if n.Name.Name == "_" {
				continue
			}
		case *ast.GenDecl:
			switch n.Tok {
			case token.TYPE:
				ts := n.Specs[0].(*ast.TypeSpec)
				base.kind, base.key, base.names = typeName, ts.Name.Name, []string{ts.Name.Name}
			case token.CONST:
				base.kind = constants
				for _, s := range n.Specs {
					for _, name := range s.(*ast.ValueSpec).Names {
						if name.Name != "_" {
							base.names = append(base.names, name.Name)
						}
					}
				}
				if len(base.names) == 0 {
					continue
				}
				base.key = base.names[0]
			default:
				continue
			}
		}
		out = append(out, base)
	}
	return out
}

// live is the set of declarations, by key and by name.
type live struct {
	decls map[string]*decl // by key
	names map[string]*decl // by name as used in expressions; methods are not here
}

func newLive() *live { return &live{map[string]*decl{}, map[string]*decl{}} }

func (l *live) clone() *live {
	c := newLive()
	for k, d := range l.decls {
		c.decls[k] = d
	}
	for k, d := range l.names {
		c.names[k] = d
	}
	return c
}

// put makes d the live declaration of its names. A const group that loses a name keeps the others.
func (l *live) put(d *decl) {
	if old := l.decls[d.key]; old != nil {
		l.drop(old)
	}
	for _, name := range d.names {
		l.dropName(name)
	}
	l.decls[d.key] = d
	for _, name := range d.names {
		l.names[name] = d
	}
}

// dropName takes a name from whatever declares it.
func (l *live) dropName(name string) {
	old := l.names[name]
	if old == nil {
		return
	}
	if old.kind != constants || len(old.names) == 1 {
		l.drop(old)
		return
	}
	rest := *old
	rest.names = nil
	for _, n := range old.names {
		if n != name {
			rest.names = append(rest.names, n)
		}
	}
	rest.node = without(old.node.(*ast.GenDecl), name)
	rest.key = rest.names[0]
	l.drop(old)
	l.decls[rest.key] = &rest
	for _, n := range rest.names {
		l.names[n] = &rest
	}
}

// without copies a const group with a name blanked.
func without(g *ast.GenDecl, name string) *ast.GenDecl {
	c := *g
	c.Specs = nil
	for _, s := range g.Specs {
		vs := *s.(*ast.ValueSpec)
		vs.Names = nil
		for _, id := range s.(*ast.ValueSpec).Names {
			if id.Name == name {
				id = &ast.Ident{NamePos: id.NamePos, Name: "_"}
			}
			vs.Names = append(vs.Names, id)
		}
		c.Specs = append(c.Specs, &vs)
	}
	return &c
}

func (l *live) drop(d *decl) {
	if l.decls[d.key] == d {
		delete(l.decls, d.key)
	}
	for _, name := range d.names {
		if l.names[name] == d {
			delete(l.names, name)
		}
	}
}

// sorted returns the declarations in a fixed order.
func (l *live) sorted() []*decl {
	keys := make([]string, 0, len(l.decls))
	for k := range l.decls {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := make([]*decl, len(keys))
	for i, k := range keys {
		out[i] = l.decls[k]
	}
	return out
}

// methodsOf returns the methods of a type.
func (l *live) methodsOf(base string) []*decl {
	var out []*decl
	for _, d := range l.sorted() {
		if d.kind == method && strings.HasPrefix(d.key, base+".") {
			out = append(out, d)
		}
	}
	return out
}
