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
	temps     []*plain.Node   // what is done before
	held      int             // number of values that temps keep
}

func (t *translator) line(pos token.Pos) int { return t.Fset.Position(pos).Line }

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
