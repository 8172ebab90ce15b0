// Package translate makes programs of package plain from cells that have passed the type checker, where a cell is plain.
// It is the kernel's side: it knows syntax and go/types, and where the notebook's own types and functions lie. It must not
// know what the worker holds: whether a type or symbol is there is found out when the program is prepared.
//
// Go leaves the order open in which variables are read and functions called within one statement. Where that could be
// seen, because a function might change what the statement reads beside it, the statement is translated in the order that
// the compiler chooses, or the cell is not plain.
package translate

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

// Cell is a checked cell and what must be known of the notebook.
type Cell struct {
	Name    string // as tracebacks call it
	Func    string // the function that tracebacks show
	Fset    *token.FileSet
	Info    *types.Info
	Pkg     *types.Package // the notebook
	Body    []ast.Stmt
	Values  []ast.Expr            // of the last statement, if it is an expression or a list of some
	Show    string                // what becomes of them: Show, Fail or nothing
	Mine    map[types.Object]bool // variables that the cell declares
	Unit    func(name string) string
	Export  func(name string) string
	Exposed func(name string) bool // whether code other than the cell may change the variable
	PkgName string                 // the package name of the notebook's types
}

// Program translates a cell. The error says why it is not plain. paths are the packages whose symbols it needs.
func Program(c Cell) (p *plain.Program, paths []string, err error) {
	t := &translator{Cell: c, paths: map[string]bool{}}
	local := func(v *types.Var) bool {
		return v.Pkg() == c.Pkg && !v.IsField() && !c.Mine[v] && v.Parent() != c.Pkg.Scope()
	}
	defer func() {
		if r := recover(); r != nil {
			why, ok := r.(notPlain)
			if !ok {
				panic(r)
			}
			p, err = nil, why
		}
	}()
	p = &plain.Program{Cell: c.Name, Func: c.Func}
	for i, st := range c.Body {
		t.shared = Exposes(c.Info, st, local)
		if len(c.Values) > 0 && i == len(c.Body)-1 && c.Show != "" {
			p.Body = append(p.Body, t.inOrder(func() *plain.Node {
				n := &plain.Node{Op: "show", Line: t.line(st.Pos()), Text: c.Show}
				if len(c.Values) == 1 {
					n.Args = []*plain.Node{t.root(c.Values[0])}
				} else {
					n.Args = t.list(c.Values)
				}
				return n
			}))
			continue
		}
		p.Body = append(p.Body, t.stmt(st))
	}
	for path := range t.paths {
		paths = append(paths, path)
	}
	return p, paths, nil
}

// notPlain says what a cell has that needs the compiler.
type notPlain struct{ why string }

func (n notPlain) Error() string { return n.why }

func no(format string, args ...any) { panic(notPlain{fmt.Sprintf(format, args...)}) }

type translator struct {
	Cell
	paths     map[string]bool
	statement effects
	shared    map[string]bool // variables of blocks that pointers may lead to
	hoisting  bool            // calls are done before the rest of the statement: see order.go
	temps     []*plain.Node
	held      int // number of values that temps keep
}

func (t *translator) line(pos token.Pos) int { return t.Fset.Position(pos).Line }

// Types.

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

// Expressions.

// expr translates an expression with one value.
func (t *translator) expr(x ast.Expr) *plain.Node { return t.express(x, false) }

// multi translates an expression that may have several values, or none.
func (t *translator) multi(x ast.Expr) *plain.Node { return t.express(x, false) }

// root translates the expression of a statement: its own call comes last.
func (t *translator) root(x ast.Expr) *plain.Node {
	n := t.multi(x)
	if n.Op == "held" && n.Path[0] == t.held && t.hoisting {
		n = t.temps[len(t.temps)-1].Args[0]
		t.temps = t.temps[:len(t.temps)-1]
	}
	return n
}

// pair translates the right side of a statement with two places: m[k], x.(T) and <-c have two values there.
func (t *translator) pair(x ast.Expr) *plain.Node { return t.express(x, true) }

func (t *translator) express(x ast.Expr, two bool) *plain.Node {
	tv, ok := t.Info.Types[x]
	if ok && tv.Value != nil {
		return t.constant(tv, x)
	}
	switch x := x.(type) {
	case *ast.ParenExpr:
		return t.express(x.X, two)
	case *ast.Ident:
		return t.ident(x)
	case *ast.SelectorExpr:
		return t.selector(x)
	case *ast.CallExpr:
		return t.call(x)
	case *ast.IndexExpr:
		return t.index(x, two)
	case *ast.SliceExpr:
		n := &plain.Node{Op: "slice", Line: t.line(x.Lbrack), Args: []*plain.Node{t.expr(x.X)}}
		for _, b := range []ast.Expr{x.Low, x.High, x.Max} {
			if b == nil {
				n.Args = append(n.Args, nil)
			} else {
				n.Args = append(n.Args, t.expr(b))
			}
		}
		return t.hoist(n)
	case *ast.StarExpr:
		n := &plain.Node{Op: "deref", Line: t.line(x.Star), Args: []*plain.Node{t.expr(x.X)}}
		t.statement.reads(x)
		return n
	case *ast.UnaryExpr:
		return t.unary(x, two)
	case *ast.BinaryExpr:
		return t.binary(x)
	case *ast.TypeAssertExpr:
		op := "assert"
		if two {
			op = "assert2"
		}
		n := &plain.Node{Op: op, Line: t.line(t.dot(x.X)), Type: t.typ(t.Info.TypeOf(x.Type)), Args: []*plain.Node{t.expr(x.X)}}
		if two || direct(t.Info.TypeOf(x.Type)) {
			t.statement.reads(x) // or panics
			return n
		}
		return t.hoist(n)
	case *ast.CompositeLit:
		return t.literal(x)
	}
	no("%T", x)
	return nil
}

// dot returns the position of the dot behind an expression: a line can end in one, not begin.
func (t *translator) dot(x ast.Expr) token.Pos { return x.End() }

func (t *translator) constant(tv types.TypeAndValue, x ast.Expr) *plain.Node {
	n := &plain.Node{Op: "const", Type: t.typ(tv.Type)}
	b, ok := types.Default(tv.Type).Underlying().(*types.Basic)
	if !ok {
		no("constant of type %s", tv.Type)
	}
	v := tv.Value
	real := func(v constant.Value, single bool) string {
		if single {
			f, _ := constant.Float32Val(v)
			return strconv.FormatFloat(float64(f), 'g', -1, 64)
		}
		f, _ := constant.Float64Val(v)
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	switch info := b.Info(); {
	case info&types.IsBoolean != 0:
		n.Text = strconv.FormatBool(constant.BoolVal(v))
	case info&types.IsString != 0:
		n.Text = strconv.Quote(constant.StringVal(v))
	case info&types.IsInteger != 0:
		n.Text = constant.ToInt(v).ExactString()
	case info&types.IsFloat != 0:
		n.Text = real(constant.ToFloat(v), b.Kind() == types.Float32)
	case info&types.IsComplex != 0:
		single := b.Kind() == types.Complex64
		n.Text = real(constant.Real(v), single) + " " + real(constant.Imag(v), single)
	default:
		no("constant of type %s", tv.Type)
	}
	return n
}

func (t *translator) ident(x *ast.Ident) *plain.Node {
	switch obj := t.Info.Uses[x].(type) {
	case *types.Nil:
		return &plain.Node{Op: "nil"}
	case *types.Var:
		switch {
		case t.Mine[obj] || obj.Parent() == t.Pkg.Scope():
			if t.Exposed(obj.Name()) {
				t.statement.reads(x)
			}
			return &plain.Node{Op: "var", Name: obj.Name(), Type: t.describe(obj.Type(), 0)}
		case obj.Pkg() != t.Pkg:
			return t.packageVar(obj, x)
		}
		if t.shared[obj.Name()] {
			t.statement.reads(x)
		}
		return &plain.Node{Op: "local", Name: obj.Name()}
	case *types.Func:
		return t.function(obj)
	}
	no("%s", x.Name)
	return nil
}

func (t *translator) packageVar(obj *types.Var, x ast.Expr) *plain.Node {
	t.paths[obj.Pkg().Path()] = true
	t.statement.reads(x)
	return &plain.Node{Op: "pkgvar", Pkg: obj.Pkg().Path(), Name: obj.Name()}
}

func (t *translator) function(obj *types.Func) *plain.Node {
	if obj.Signature().TypeParams() != nil {
		no("a generic function")
	}
	if obj.Pkg() == t.Pkg {
		return &plain.Node{Op: "pkgvar", Pkg: t.unit(obj.Name()), Name: t.Export(obj.Name())}
	}
	if readsStack(obj.Pkg().Path()) {
		no("%s looks at its callers", obj.FullName())
	}
	if obj.Pkg().Path() == "flag" {
		no("%s: a compiled cell may define its flags again", obj.FullName())
	}
	t.paths[obj.Pkg().Path()] = true
	return &plain.Node{Op: "func", Pkg: obj.Pkg().Path(), Name: obj.Name()}
}

// unit returns the package that a name of the notebook lies in.
func (t *translator) unit(name string) string {
	u := t.Unit(name)
	if u == "" {
		no("%s is not compiled yet", name)
	}
	t.paths[u] = true
	return u
}

// readsStack names packages whose functions tell where they were called.
func readsStack(path string) bool {
	switch path {
	case "runtime", "runtime/debug", "runtime/pprof", "log", "log/slog", "testing", "reflect", "unsafe", "plugin", "syscall", "k8s.io/klog/v2":
		return true
	}
	return false
}

func (t *translator) selector(x *ast.SelectorExpr) *plain.Node {
	sel := t.Info.Selections[x]
	if sel == nil { // a member of a package
		switch obj := t.Info.Uses[x.Sel].(type) {
		case *types.Var:
			return t.packageVar(obj, x)
		case *types.Func:
			return t.function(obj)
		}
		no("%s", x.Sel.Name)
	}
	if sel.Kind() != types.FieldVal {
		no("a method that is not called")
	}
	n := &plain.Node{Op: "field", Line: t.line(t.dot(x.X)), Path: sel.Index(), Args: []*plain.Node{t.expr(x.X)}}
	if through(sel.Recv(), sel.Index()) {
		t.statement.reads(x)
	}
	return n
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

func (t *translator) index(x *ast.IndexExpr, two bool) *plain.Node {
	if tv := t.Info.Types[x.Index]; tv.IsType() {
		no("an instance of a generic")
	}
	base := t.Info.TypeOf(x.X)
	op := "index"
	switch u := base.Underlying().(type) {
	case *types.Map:
		if two {
			op = "index2"
		}
		t.statement.reads(x)
	case *types.Array, *types.Basic:
		if t.Info.Types[x.Index].Value == nil {
			t.statement.reads(x) // or panics
		}
	case *types.Slice, *types.Pointer:
		t.statement.reads(x)
	default:
		no("index of %s", u)
	}
	from := t.expr(x.X)
	reads := len(t.statement.read)
	key := t.expr(x.Index)
	if _, ok := base.Underlying().(*types.Map); ok {
		t.unclear(reads, "a key")
	}
	return &plain.Node{Op: op, Line: t.line(x.Lbrack), Args: []*plain.Node{from, key}}
}

func (t *translator) unary(x *ast.UnaryExpr, two bool) *plain.Node {
	switch x.Op {
	case token.AND:
		inner := ast.Unparen(x.X)
		return &plain.Node{Op: "addr", Type: t.typ(t.Info.TypeOf(x)), Args: []*plain.Node{t.variable(inner)}}
	case token.ARROW:
		op := "recv"
		if two {
			op = "recv2"
		}
		t.statement.calls(x)
		n := &plain.Node{Op: op, Line: t.line(x.OpPos), Args: []*plain.Node{t.expr(x.X)}}
		if two {
			return n
		}
		return t.hoist(n)
	case token.ADD, token.SUB, token.XOR, token.NOT:
		return &plain.Node{Op: "unary", Name: x.Op.String(), Args: []*plain.Node{t.expr(x.X)}}
	}
	no("%s", x.Op)
	return nil
}

func (t *translator) binary(x *ast.BinaryExpr) *plain.Node {
	n := &plain.Node{Op: "binary", Name: x.Op.String(), Line: t.line(x.OpPos)}
	result := t.Info.TypeOf(x)
	switch x.Op {
	case token.LAND, token.LOR:
		n.Op = map[token.Token]string{token.LAND: "and", token.LOR: "or"}[x.Op]
		if !plainBool(result) {
			n.Type = t.typ(result)
		}
		n.Args = t.logical(x)
		return t.hoist(n)
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		n.Op = "compare"
		if !plainBool(result) {
			n.Type = t.typ(result)
		}
	case token.SHL, token.SHR:
		n.Op = "shift"
		fallthrough
	case token.QUO, token.REM:
		if t.Info.Types[x.Y].Value == nil {
			t.statement.reads(x) // or panics
		}
	}
	reads := len(t.statement.read)
	n.Args = []*plain.Node{t.expr(x.X), t.expr(x.Y)}
	if n.Op == "compare" {
		switch t.Info.TypeOf(x.X).Underlying().(type) {
		case *types.Struct, *types.Array, *types.Interface:
			t.unclear(reads, "a comparison")
		}
		if types.IsInterface(t.Info.TypeOf(x.Y)) {
			t.unclear(reads, "a comparison")
		}
	}
	return n
}

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

// readsElements tells whether a conversion reads the elements of a slice.
func (t *translator) readsElements(x *ast.CallExpr) bool {
	_, fromSlice := t.Info.TypeOf(x.Args[0]).Underlying().(*types.Slice)
	_, toSlice := t.Info.TypeOf(x).Underlying().(*types.Slice)
	return fromSlice && !toSlice
}

func (t *translator) list(xs []ast.Expr) []*plain.Node {
	out := make([]*plain.Node, len(xs))
	for i, x := range xs {
		out[i] = t.operand(x)
	}
	return out
}

func (t *translator) call(x *ast.CallExpr) *plain.Node {
	fun := ast.Unparen(x.Fun)
	line := t.line(x.Lparen)
	if tv := t.Info.Types[fun]; tv.IsType() {
		if t.readsElements(x) {
			t.statement.reads(x)
		}
		n := &plain.Node{Op: "conv", Line: line, Type: t.typ(tv.Type), Args: []*plain.Node{t.operand(x.Args[0])}}
		if _, toSlice := tv.Type.Underlying().(*types.Slice); toSlice && isString(t.Info.TypeOf(x.Args[0])) {
			return t.hoist(n)
		}
		return n
	}
	if id, ok := fun.(*ast.Ident); ok {
		if b, ok := t.Info.Uses[id].(*types.Builtin); ok {
			return t.builtin(x, b.Name())
		}
	}
	t.effect(x)
	if t.hoisting && t.spreads(x.Args) {
		no("the order of a call and of reading what it may change is the compiler's to choose: several results")
	}
	spread := x.Ellipsis.IsValid()
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		if s := t.Info.Selections[sel]; s != nil && s.Kind() == types.MethodVal {
			return t.method(x, sel, s)
		} else if fn, ok := t.Info.Uses[sel.Sel].(*types.Func); ok && fn.FullName() == "time.Sleep" {
			return &plain.Node{Op: "sleep", Line: line, Args: []*plain.Node{t.expr(x.Args[0])}}
		}
	}
	return t.called(x, &plain.Node{Op: "call", Line: line, Flag: spread, Args: append([]*plain.Node{t.expr(fun)}, t.list(x.Args)...)})
}

func (t *translator) method(x *ast.CallExpr, sel *ast.SelectorExpr, s *types.Selection) *plain.Node {
	fn := s.Obj().(*types.Func)
	if fn.Pkg() != nil && readsStack(fn.Pkg().Path()) {
		no("%s looks at its callers", fn.FullName())
	}
	path := s.Index()
	path = path[:len(path)-1]
	n := &plain.Node{Op: "method", Line: t.line(x.Lparen), Name: t.Export(fn.Name()), Flag: x.Ellipsis.IsValid()}
	recv := fn.Signature().Recv().Type()
	// Methods are promoted from embedded fields, an interface perhaps. Such a field is read where it holds a pointer or the
	// receiver is a copy.
	holder := t.Info.TypeOf(sel.X)
	through, loaded := false, false
	for k, i := range path {
		if p, ok := holder.Underlying().(*types.Pointer); ok {
			through, loaded = true, loaded || k > 0
			holder = p.Elem()
		}
		holder = holder.Underlying().(*types.Struct).Field(i).Type()
	}
	_, isPointer := holder.Underlying().(*types.Pointer)
	_, wantsPointer := types.Unalias(recv).(*types.Pointer)
	var from *plain.Node
	if wantsPointer && !isPointer {
		from = t.variable(sel.X)
	} else {
		from = t.expr(sel.X)
	}
	dot := t.line(t.dot(sel.X))
	if len(path) > 0 {
		from = &plain.Node{Op: "field", Line: dot, Path: path, Args: []*plain.Node{from}}
	}
	if isPointer && !wantsPointer && !types.IsInterface(holder) {
		from = &plain.Node{Op: "deref", Line: dot, Args: []*plain.Node{from}}
	}
	n.Args = append([]*plain.Node{from}, t.list(x.Args)...)
	if through && (loaded || isPointer || !wantsPointer) {
		t.statement.reads(sel.X)
	}
	switch {
	case types.IsInterface(holder):
		n.Text = "interface"
	case wantsPointer:
		n.Text = "pointer"
		if !isPointer {
			n.Type = t.typ(types.NewPointer(holder))
		}
	default:
		n.Text = "value"
		if isPointer {
			t.statement.reads(sel.X)
		}
	}
	switch fn.FullName() {
	case "(*sync.WaitGroup).Wait", "(*sync.Cond).Wait":
		n.Op = "wait"
	case "(*sync.Mutex).Lock", "(*sync.RWMutex).Lock", "(*sync.RWMutex).RLock":
		n.Op = "lock"
	}
	return t.called(x, n)
}

// called hoists a call that has one result.
func (t *translator) called(x *ast.CallExpr, n *plain.Node) *plain.Node {
	if tv := t.Info.Types[x]; tv.IsValue() {
		if _, several := tv.Type.(*types.Tuple); !several {
			return t.hoist(n)
		}
	}
	return n
}

func (t *translator) builtin(x *ast.CallExpr, name string) *plain.Node {
	n := &plain.Node{Op: "builtin", Name: name, Line: t.line(x.Lparen), Flag: x.Ellipsis.IsValid()}
	args := x.Args
	switch name {
	case "len", "cap":
		switch u := t.Info.TypeOf(args[0]).Underlying().(type) {
		case *types.Map:
			t.statement.reads(x) // another function may change it
		case *types.Pointer:
			no("%s of %s", name, u)
		}
	case "append", "copy", "delete", "clear", "close", "panic", "print", "println":
		t.statement.calls(x)
	case "min", "max":
	case "complex", "real", "imag":
		n.Type = t.typ(t.Info.TypeOf(x))
	case "make":
		n.Type = t.typ(t.Info.TypeOf(args[0]))
		args = args[1:]
	case "new":
		if !t.Info.Types[args[0]].IsType() {
			no("new of a value")
		}
		n.Type = t.typ(t.Info.TypeOf(x))
		args = nil
	default:
		no("%s", name)
	}
	n.Args = t.list(args)
	switch name {
	case "delete", "clear", "close", "panic", "print", "println":
		return n
	}
	return t.hoist(n)
}
