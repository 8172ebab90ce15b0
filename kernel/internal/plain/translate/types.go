package translate

import (
	"fmt"
	"go/types"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

func (t *translator) typ(x types.Type) *plain.Type {
	d := t.describe(x, 0)
	t.need(d)
	return d
}

// need notes the packages whose symbols hold a type's named parts.
func (t *translator) need(d *plain.Type) {
	switch d.Kind {
	case "named":
		if d.Pkg == "" {
			no("type %s is not compiled yet", d.Name)
		}
		t.paths[d.Pkg] = true
	case "other", "instance":
		no("type %s", d.Text)
	}
	for _, e := range d.Of {
		t.need(e)
	}
}

// describe describes a type as reflection sees it.
func (t *translator) describe(x types.Type, depth int) *plain.Type {
	if depth > 20 {
		no("a deep type")
	}
	of := func(list ...types.Type) []*plain.Type {
		out := make([]*plain.Type, len(list))
		for i, e := range list {
			out[i] = t.describe(e, depth+1)
		}
		return out
	}
	switch x := types.Unalias(x).(type) {
	case *types.Basic:
		b := types.Default(x).(*types.Basic)
		name := b.Name()
		switch b.Kind() {
		case types.Byte:
			name = "uint8"
		case types.Rune:
			name = "int32"
		case types.UnsafePointer, types.UntypedNil, types.Invalid:
			no("type %s", b)
		}
		return &plain.Type{Kind: "basic", Text: name}
	case *types.Named:
		obj := x.Obj()
		if obj.Pkg() == nil {
			if obj.Name() == "error" {
				return &plain.Type{Kind: "basic", Text: "error"}
			}
			no("type %s", obj.Name())
		}
		if x.TypeArgs().Len() > 0 {
			return t.instance(x)
		}
		if obj.Parent() != obj.Pkg().Scope() {
			no("local type %s", obj.Name())
		}
		if obj.Pkg() == t.Pkg {
			name := t.Export(obj.Name())
			return &plain.Type{Kind: "named", Pkg: t.Unit(obj.Name()), Name: name, Text: t.PkgName + "." + name}
		}
		return &plain.Type{Kind: "named", Pkg: obj.Pkg().Path(), Name: obj.Name(), Text: obj.Pkg().Name() + "." + obj.Name()}
	case *types.Pointer:
		d := &plain.Type{Kind: "pointer", Of: of(x.Elem())}
		d.Text = "*" + d.Of[0].Text
		return d
	case *types.Slice:
		d := &plain.Type{Kind: "slice", Of: of(x.Elem())}
		d.Text = "[]" + d.Of[0].Text
		return d
	case *types.Array:
		d := &plain.Type{Kind: "array", Of: of(x.Elem()), Len: x.Len()}
		d.Text = fmt.Sprintf("[%d]%s", x.Len(), d.Of[0].Text)
		return d
	case *types.Map:
		d := &plain.Type{Kind: "map", Of: of(x.Key(), x.Elem())}
		d.Text = "map[" + d.Of[0].Text + "]" + d.Of[1].Text
		return d
	case *types.Chan:
		d := &plain.Type{Kind: "chan", Of: of(x.Elem())}
		switch x.Dir() {
		case types.SendRecv:
			d.Text = "chan " + d.Of[0].Text
			if c, ok := x.Elem().(*types.Chan); ok && c.Dir() == types.RecvOnly {
				d.Text = "chan (" + d.Of[0].Text + ")"
			}
		case types.SendOnly:
			d.Text = "chan<- " + d.Of[0].Text
		case types.RecvOnly:
			d.Text = "<-chan " + d.Of[0].Text
		}
		return d
	case *types.Signature:
		if x.TypeParams() != nil {
			no("a generic function")
		}
		d := &plain.Type{Kind: "func", Text: "func(", In: x.Params().Len()}
		for i := range x.Params().Len() {
			p := t.describe(x.Params().At(i).Type(), depth+1)
			d.Of = append(d.Of, p)
			if i > 0 {
				d.Text += ", "
			}
			if x.Variadic() && i == x.Params().Len()-1 {
				d.Text += "..." + p.Of[0].Text
			} else {
				d.Text += p.Text
			}
		}
		d.Text += ")"
		n := x.Results().Len()
		if n > 1 {
			d.Text += " ("
		} else if n == 1 {
			d.Text += " "
		}
		for i := range n {
			r := t.describe(x.Results().At(i).Type(), depth+1)
			d.Of = append(d.Of, r)
			if i > 0 {
				d.Text += ", "
			}
			d.Text += r.Text
		}
		if n > 1 {
			d.Text += ")"
		}
		return d
	case *types.Interface:
		if x.Empty() && !x.IsComparable() {
			return &plain.Type{Kind: "basic", Text: "interface {}"}
		}
	}
	return &plain.Type{Kind: "other", Text: x.String()}
}

// instance describes an instance of a generic type, well enough to know it again.
func (t *translator) instance(x *types.Named) *plain.Type {
	obj := x.Obj()
	args := ""
	for arg := range x.TypeArgs().Types() {
		text := t.path(arg)
		if text == "" {
			no("type %s", x)
		}
		if args != "" {
			args += ","
		}
		args += text
	}
	if obj.Pkg() == t.Pkg {
		name := t.Export(obj.Name())
		return &plain.Type{Kind: "instance", Pkg: t.Unit(obj.Name()), Text: t.PkgName + "." + name + "[" + args + "]"}
	}
	return &plain.Type{Kind: "instance", Pkg: obj.Pkg().Path(), Text: obj.Pkg().Name() + "." + obj.Name() + "[" + args + "]"}
}

// path writes a type argument as the compiler names it, "" where that is not known here.
func (t *translator) path(arg types.Type) string {
	d := t.describe(arg, 0)
	switch d.Kind {
	case "basic":
		return d.Text
	case "named":
		return d.Pkg + "." + d.Name
	}
	return ""
}

func isString(x types.Type) bool {
	b, ok := x.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// plainBool tells whether a type is bool itself.
func plainBool(x types.Type) bool {
	return types.Identical(types.Default(x), types.Typ[types.Bool])
}

// through tells whether a path of fields, at whose end a method may be, leads through a pointer.
func through(typ types.Type, path []int) bool {
	for k, i := range path {
		if _, ok := typ.Underlying().(*types.Pointer); ok {
			return true
		}
		if st, ok := typ.Underlying().(*types.Struct); ok && i < st.NumFields() {
			typ = st.Field(i).Type()
		} else {
			return k < len(path)-1
		}
	}
	return false
}
