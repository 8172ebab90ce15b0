package translate

import (
	"go/ast"
	"go/constant"
	"go/types"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

// literal translates a composite literal.
func (t *translator) literal(x *ast.CompositeLit) *plain.Node {
	typ := t.Info.TypeOf(x)
	under := typ.Underlying()
	if p, ok := under.(*types.Pointer); ok { // &T elided
		n := &plain.Node{Op: "addr", Type: t.typ(typ)}
		n.Args = []*plain.Node{t.elements(x, p.Elem())}
		return n
	}
	return t.elements(x, typ)
}

func (t *translator) elements(x *ast.CompositeLit, typ types.Type) *plain.Node {
	n := &plain.Node{Op: "lit", Line: t.line(x.Lbrace), Type: t.typ(typ)}
	switch u := typ.Underlying().(type) {
	case *types.Struct:
		for i, e := range x.Elts {
			k, v := field(t.Info, u, i, e)
			if k < 0 {
				no("field %d of %s", i, typ)
			}
			n.Path = append(n.Path, k)
			n.Args = append(n.Args, t.operand(v))
		}
	case *types.Slice, *types.Array:
		if a, ok := u.(*types.Array); ok && a.Len() > 1<<16 {
			no("a large array")
		}
		k := 0
		for _, e := range x.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				v, exact := constant.Int64Val(constant.ToInt(t.Info.Types[kv.Key].Value))
				if !exact || v > 1<<16 {
					no("element %s", kv.Key)
				}
				k, e = int(v), kv.Value
			}
			n.Path = append(n.Path, k)
			n.Args = append(n.Args, t.operand(e))
			k++
		}
	case *types.Map:
		// As the compiler does, what is constant comes first: a key that turns out to be the same prevails.
		if t.hoisting && len(x.Elts) > 0 {
			no("the order of calls within a map's literal is the compiler's to choose")
		}
		for _, first := range []bool{true, false} {
			for _, e := range x.Elts {
				if kv := e.(*ast.KeyValueExpr); (t.static(kv.Key, u.Key()) && t.static(kv.Value, u.Elem())) == first {
					n.Args = append(n.Args, t.expr(kv.Key), t.expr(kv.Value))
				}
			}
		}
	default:
		no("literal of %s", typ)
	}
	return n
}

// static tells whether an element of a map literal is made of constants, none of them in an interface.
func (t *translator) static(x ast.Expr, place types.Type) bool {
	tv := t.Info.Types[x]
	if tv.IsNil() {
		return true
	}
	if types.IsInterface(place) {
		return false
	}
	lit, ok := ast.Unparen(x).(*ast.CompositeLit)
	if tv.Value != nil || !ok {
		return tv.Value != nil
	}
	switch u := t.Info.TypeOf(lit).Underlying().(type) {
	case *types.Struct:
		for i, e := range lit.Elts {
			k, v := field(t.Info, u, i, e)
			if k < 0 || !t.static(v, u.Field(k).Type()) {
				return false
			}
		}
		return true
	case *types.Array:
		for _, e := range lit.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			if !t.static(e, u.Elem()) {
				return false
			}
		}
		return true
	}
	return false
}

// field returns the number and the value of the field that element i of a struct's literal sets; -1 if there is none.
func field(info *types.Info, u *types.Struct, i int, e ast.Expr) (int, ast.Expr) {
	kv, ok := e.(*ast.KeyValueExpr)
	if !ok {
		return i, e
	}
	v, _ := info.Uses[kv.Key.(*ast.Ident)].(*types.Var)
	for k := range u.NumFields() {
		if u.Field(k) == v || v != nil && u.Field(k).Id() == v.Id() {
			return k, kv.Value
		}
	}
	return -1, kv.Value
}
