package translate

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

// Go leaves it open whether a variable is read before or after a call in the same statement that changes it. The compiler
// (cmd/compile/internal/walk/order.go) first makes all calls of a statement, and some other operations, in the order of the
// text, each into a variable of its own; what is left, reading and arithmetic, comes then. A statement in which the order
// matters is translated in the same way; what is less clear in the compiler is refused.

// inOrder translates a statement, by way of temporary variables if the order of what it does is open.
func (t *translator) inOrder(translate func() *plain.Node) *plain.Node {
	temps, statement := t.temps, t.statement // of a statement around, as an if has
	defer func() { t.temps, t.statement = temps, statement }()
	t.statement = effects{}
	n := translate()
	if !t.open() {
		return n
	}
	t.statement, t.temps, t.hoisting = effects{}, nil, true
	n = translate()
	t.hoisting = false
	return &plain.Node{Op: "ordered", Args: append(t.temps, n)}
}

// hoist has an operation done before the rest of the statement, where the order matters.
func (t *translator) hoist(n *plain.Node) *plain.Node {
	if !t.hoisting {
		return n
	}
	t.held++
	t.temps = append(t.temps, &plain.Node{Op: "temp", Path: []int{t.held}, Args: []*plain.Node{n}})
	return &plain.Node{Op: "held", Path: []int{t.held}}
}

// unclear refuses an operation, where the order matters, if it reads what a call may change: since names an earlier count
// of the statement's reads.
func (t *translator) unclear(since int, what string) {
	if t.hoisting && len(t.statement.read) > since {
		no("the order of a call and of reading what it may change is the compiler's to choose: %s", what)
	}
}

// operand translates an expression that may be put into an interface. The compiler does so early or late, by the type and
// by whether the operand has an address.
func (t *translator) operand(x ast.Expr) *plain.Node {
	reads := len(t.statement.read)
	n := t.multi(x)
	if !t.addressable(x) && !late(t.Info.TypeOf(x)) {
		t.unclear(reads, "a copy")
	}
	return n
}

// addressable tells whether an operand is a variable.
func (t *translator) addressable(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		_, ok := t.Info.Uses[x].(*types.Var)
		return ok
	case *ast.StarExpr:
		return true
	case *ast.SelectorExpr:
		s := t.Info.Selections[x]
		return s == nil || s.Kind() == types.FieldVal && (through(s.Recv(), s.Index()) || t.addressable(x.X))
	case *ast.IndexExpr:
		switch t.Info.TypeOf(x.X).Underlying().(type) {
		case *types.Slice, *types.Pointer:
			return true
		case *types.Array:
			return t.addressable(x.X)
		}
	}
	return false
}

// late tells of types whose values are put into an interface when all calls are done.
func late(typ types.Type) bool {
	switch u := typ.Underlying().(type) {
	case *types.Basic:
		switch u.Kind() {
		case types.Bool, types.UntypedBool, types.Int8, types.Uint8, types.Complex64, types.Complex128, types.UntypedComplex:
			return false
		}
		return true
	case *types.Slice, *types.Interface:
		return true
	}
	return false
}

// direct tells of types whose values an interface holds as they are, for sure: pointers.
func direct(typ types.Type) bool {
	_, ok := typ.Underlying().(*types.Pointer)
	return ok
}

// logical translates && and ||. Where the order matters, the compiler has the whole of it done before what is left of the
// statement, the right side only if it is needed: so there must be no call within.
func (t *translator) logical(x *ast.BinaryExpr) []*plain.Node {
	hoisting, calls := t.hoisting, len(t.statement.called)
	t.hoisting = false
	args := []*plain.Node{t.expr(x.X), t.expr(x.Y)}
	t.hoisting = hoisting
	if hoisting && len(t.statement.called) > calls {
		no("the order of calls within %s is the compiler's to choose", x.Op)
	}
	return args
}

// spreads tells whether the arguments of a call are the results of another.
func (t *translator) spreads(args []ast.Expr) bool {
	if len(args) != 1 {
		return false
	}
	_, ok := t.Info.TypeOf(args[0]).(*types.Tuple)
	return ok
}

// settled refuses left sides, where the order matters, that are read before or after the results of the right one come.
func (t *translator) settled(left []ast.Expr, right []ast.Expr, tok token.Token) {
	if t.hoisting && tok == token.ASSIGN && len(left) != len(right) {
		no("the order of a call and of reading what it may change is the compiler's to choose: several results")
	}
}
