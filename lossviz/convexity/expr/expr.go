// Package expr is the language in which package convexity reasons: formulas of
// the parameters, built from a few operations. Of every formula it knows
//
//   - the curvature (constant, affine, convex, concave or unknown), derived by
//     the composition rules of disciplined convex programming (Grant, Boyd and Ye,
//     2006; Boyd and Vandenberghe, Convex Optimization, section 3.2),
//   - an enclosure of all values that it can take,
//   - an enclosure of its value, of its first two derivatives along lines and
//     planes, and of its gradient and Hessian, at a point or over a whole box.
//
// A formula may hold data: numbers that differ from sample to sample. One formula
// then stands for all samples, and what is said about it holds for each.
//
// The package must not know networks or losses; package enclose writes them as
// formulas.
package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

// Op is what a formula does with its arguments.
type Op uint8

// The operations. Dot is the sum of the products of its arguments taken in
// pairs; from Exp on they take one argument.
const (
	OpConst Op = iota
	OpVar
	OpData
	OpSum
	OpDot
	OpMax
	OpLogSumExp
	OpExp
	OpLog
	OpSqrt
	OpSquare
	OpAbs
	OpReciprocal
	OpReLU
	OpLeakyReLU
	OpSigmoid
	OpTanh
	OpSoftplus
	OpGELU
	OpSiLU
	OpHuber
)

var opNames = [...]string{"const", "var", "data", "sum", "dot", "max", "logsumexp", "exp", "log", "sqrt", "square", "abs",
	"reciprocal", "relu", "leaky-relu", "sigmoid", "tanh", "softplus", "gelu", "silu", "huber"}

// String returns the operation's name.
func (o Op) String() string {
	if int(o) >= len(opNames) {
		return fmt.Sprintf("op(%d)", int(o))
	}
	return opNames[o]
}

// Curvature says how a formula bends as a function of the parameters.
type Curvature uint8

// The curvatures. A constant is affine too, and an affine function is both
// convex and concave; the narrowest that was derived is kept.
const (
	Unknown Curvature = iota
	Constant
	Affine
	Convex
	Concave
)

// String returns the curvature's name.
func (c Curvature) String() string {
	return [...]string{"unknown", "constant", "affine", "convex", "concave"}[c]
}

// IsConvex reports whether a function of this curvature is convex.
func (c Curvature) IsConvex() bool { return c == Constant || c == Affine || c == Convex }

// IsConcave reports whether a function of this curvature is concave.
func (c Curvature) IsConcave() bool { return c == Constant || c == Affine || c == Concave }

func (c Curvature) isAffine() bool { return c == Constant || c == Affine }

func (c Curvature) negated() Curvature {
	switch c {
	case Convex:
		return Concave
	case Concave:
		return Convex
	}
	return c
}

// An Expr is a formula. It is made by the functions of this package and not
// changed after. Equal pointers are the same formula, evaluated once.
type Expr struct {
	Op        Op
	Args      []*Expr
	Value     interval.Interval // of a constant, which need not be a float64: 1/3
	Index     int               // of a variable or a datum
	Param     float64           // Huber's delta, the slope of LeakyReLU
	Curvature Curvature
	Rule      string            // by which the curvature follows from that of the arguments
	Range     interval.Interval // of all values, for all parameters and samples
	Label     string            // what proofs call it; "" for its formula

	err error
}

// Err says what makes the formula meaningless, or nil.
func (e *Expr) Err() error {
	if e == nil {
		return fmt.Errorf("convexity: a part of the expression is nil")
	}
	return e.err
}

// Named gives the formula a name for proofs, and returns a copy with it.
func (e *Expr) Named(label string) *Expr {
	if e == nil {
		return e
	}
	c := *e
	c.Label = label
	return &c
}

// Const is the number c.
func Const(c float64) *Expr {
	e := ConstIn(interval.Point(c))
	if math.IsNaN(c) || math.IsInf(c, 0) {
		e.err = fmt.Errorf("convexity: the constant %v is no real number", c)
	}
	return e
}

// ConstIn is a real number known to lie in an interval.
func ConstIn(c interval.Interval) *Expr {
	return &Expr{Op: OpConst, Value: c, Range: c, Curvature: Constant, Rule: "constant"}
}

// Var is parameter number i, from 0, any real number.
func Var(i int) *Expr { return VarIn(i, math.Inf(-1), math.Inf(1)) }

// VarIn is parameter number i where the function is looked at only for
// lo <= theta[i] <= hi.
func VarIn(i int, lo, hi float64) *Expr {
	e := &Expr{Op: OpVar, Index: i, Range: interval.New(lo, hi), Curvature: Affine, Rule: "variable"}
	switch {
	case i < 0:
		e.err = fmt.Errorf("convexity: variable number %d is negative", i)
	case !(lo <= hi):
		e.err = fmt.Errorf("convexity: variable %d has the empty range from %v to %v", i, lo, hi)
	}
	return e
}

// Data is number i of a sample's data, known to lie in a range for all samples.
func Data(i int, all interval.Interval) *Expr {
	return &Expr{Op: OpData, Index: i, Range: all, Curvature: Constant, Rule: "constant"}
}

// Sum is the sum of the terms.
func Sum(terms ...*Expr) *Expr {
	e := &Expr{Op: OpSum, Args: terms, Curvature: Constant, Rule: "sum"}
	if !e.inherit() {
		return e
	}
	for _, t := range terms {
		e.Range = e.Range.Add(t.Range)
		e.Curvature = sumCurvature(e.Curvature, t.Curvature)
	}
	return e
}

func sumCurvature(a, b Curvature) Curvature {
	switch {
	case a == Constant:
		return b
	case b == Constant || a == b:
		return a
	case a.IsConvex() && b.IsConvex():
		return Convex
	case a.IsConcave() && b.IsConcave():
		return Concave
	}
	return Unknown
}

// Dot is u[0]*v[0] + u[1]*v[1] + ...; u and v must be equally long.
func Dot(u, v []*Expr) *Expr {
	e := &Expr{Op: OpDot, Curvature: Constant, Rule: "sum of products"}
	if len(u) != len(v) {
		e.err = fmt.Errorf("convexity: a product of %d numbers with %d", len(u), len(v))
		return e
	}
	for i := range u {
		e.Args = append(e.Args, u[i], v[i])
	}
	if !e.inherit() {
		return e
	}
	rule := ""
	for i, a := range u {
		var c Curvature
		var r string
		c, r = productCurvature(a, v[i])
		if a == v[i] {
			e.Range = e.Range.Add(a.Range.Sqr())
		} else {
			e.Range = e.Range.Add(a.Range.Mul(v[i].Range))
		}
		if rule == "" || rule == r {
			rule = r
		} else if r != "constant" {
			rule = "sum and " + r
		}
		e.Curvature = sumCurvature(e.Curvature, c)
	}
	if e.Curvature.isAffine() {
		rule = "affine map"
	}
	if rule != "" {
		e.Rule = rule
	}
	return e
}

// productCurvature derives the curvature of a product of two formulas.
func productCurvature(a, b *Expr) (Curvature, string) {
	if a == b {
		c, rule := unaryCurvature(OpSquare, 0, a)
		return c, rule
	}
	zero := interval.Interval{}
	if a.Range == zero || b.Range == zero {
		return Constant, "constant"
	}
	if a.Curvature != Constant {
		a, b = b, a
	}
	switch {
	case a.Curvature != Constant:
		return Unknown, "product of two functions of the parameters: no rule"
	case b.Curvature.isAffine():
		return b.Curvature, "affine map"
	case a.Range.Lo >= 0:
		return b.Curvature, "nonnegative scaling"
	case a.Range.Hi <= 0:
		return b.Curvature.negated(), "nonpositive scaling"
	}
	return Unknown, "scaling by a factor of either sign: no rule"
}

// Product is a * b.
func Product(a, b *Expr) *Expr { return Dot([]*Expr{a}, []*Expr{b}) }

// Scale is c * a.
func Scale(c float64, a *Expr) *Expr { return Product(Const(c), a) }

// Neg is -a.
func Neg(a *Expr) *Expr { return Scale(-1, a) }

// Sub is a - b.
func Sub(a, b *Expr) *Expr { return Sum(a, Neg(b)) }

// Max is the largest of its arguments, of which there must be one at least.
func Max(args ...*Expr) *Expr {
	e := &Expr{Op: OpMax, Args: args, Rule: "maximum"}
	if !e.inherit() {
		return e
	}
	e.joinConvex()
	e.Range = args[0].Range
	for _, a := range args[1:] {
		e.Range = e.Range.Max(a.Range)
	}
	return e
}

// LogSumExp is log(exp(args[0]) + exp(args[1]) + ...), of one argument at least.
func LogSumExp(args ...*Expr) *Expr {
	e := &Expr{Op: OpLogSumExp, Args: args, Rule: "composition with a nondecreasing convex function (log-sum-exp)"}
	if !e.inherit() {
		return e
	}
	e.joinConvex()
	ranges := make([]interval.Interval, len(args))
	for i, a := range args {
		ranges[i] = a.Range
	}
	e.Range = logSumExp(ranges)
	return e
}

// joinConvex sets the curvature of a convex function that is nondecreasing in
// every argument.
func (e *Expr) joinConvex() {
	e.Curvature = Constant
	for _, a := range e.Args {
		if !a.Curvature.IsConvex() {
			e.Curvature, e.Rule = Unknown, "no rule: an argument is not known to be convex"
			return
		}
		if a.Curvature != Constant {
			e.Curvature = Convex
		}
	}
	if len(e.Args) == 1 && e.Args[0].Curvature == Affine {
		e.Curvature = Affine
	}
}

// inherit passes the first argument's error on, and reports whether there is none.
func (e *Expr) inherit() bool {
	if len(e.Args) == 0 && (e.Op == OpMax || e.Op == OpLogSumExp) {
		e.err = fmt.Errorf("convexity: %v of nothing", e.Op)
	}
	for _, a := range e.Args {
		if err := a.Err(); err != nil && e.err == nil {
			e.err = err
		}
	}
	if e.err != nil {
		e.Curvature, e.Range = Unknown, interval.Entire
	}
	return e.err == nil
}

// Apply is the operation op, one of those with a single argument, of a.
func Apply(op Op, a *Expr) *Expr { return applied(op, 0, a) }

// Exp is e^a.
func Exp(a *Expr) *Expr { return Apply(OpExp, a) }

// Log is the natural logarithm; the argument must be known to be positive.
func Log(a *Expr) *Expr { return Apply(OpLog, a) }

// Sqrt is the square root; the argument must be known to be positive.
func Sqrt(a *Expr) *Expr { return Apply(OpSqrt, a) }

// Square is a^2.
func Square(a *Expr) *Expr { return Apply(OpSquare, a) }

// Abs is |a|.
func Abs(a *Expr) *Expr { return Apply(OpAbs, a) }

// Reciprocal is 1/a; the argument must be known to have one sign.
func Reciprocal(a *Expr) *Expr { return Apply(OpReciprocal, a) }

// ReLU is max(a, 0).
func ReLU(a *Expr) *Expr { return Apply(OpReLU, a) }

// LeakyReLU is a for a > 0, else slope*a, with 0 <= slope <= 1.
func LeakyReLU(slope float64, a *Expr) *Expr { return applied(OpLeakyReLU, slope, a) }

// Sigmoid is 1/(1 + e^-a).
func Sigmoid(a *Expr) *Expr { return Apply(OpSigmoid, a) }

// Tanh is the hyperbolic tangent.
func Tanh(a *Expr) *Expr { return Apply(OpTanh, a) }

// Softplus is log(1 + e^a).
func Softplus(a *Expr) *Expr { return Apply(OpSoftplus, a) }

// GELU is a times the normal distribution function of a.
func GELU(a *Expr) *Expr { return Apply(OpGELU, a) }

// SiLU is a times the sigmoid of a.
func SiLU(a *Expr) *Expr { return Apply(OpSiLU, a) }

// Huber is a^2/2 for |a| <= delta and delta(|a| - delta/2) beyond, delta > 0.
func Huber(delta float64, a *Expr) *Expr { return applied(OpHuber, delta, a) }

func applied(op Op, param float64, a *Expr) *Expr {
	e := &Expr{Op: op, Args: []*Expr{a}, Param: param}
	if !e.inherit() {
		return e
	}
	switch {
	case op < OpExp || op > OpHuber:
		e.err = fmt.Errorf("convexity: %v does not take one argument", op)
	case (op == OpLog || op == OpSqrt) && !(a.Range.Lo > 0):
		e.err = fmt.Errorf("convexity: %v(%v) needs a positive argument, and this may be as low as %v; use a variable with bounds", op, a, a.Range.Lo)
	case op == OpReciprocal && a.Range.Contains(0):
		e.err = fmt.Errorf("convexity: 1/(%v) may divide by zero; use a variable with bounds", a)
	case op == OpHuber && !(param > 0 && param <= math.MaxFloat64):
		e.err = fmt.Errorf("convexity: Huber needs a positive finite delta, got %v", param)
	case op == OpLeakyReLU && !(param >= 0 && param <= 1):
		e.err = fmt.Errorf("convexity: LeakyReLU needs a slope from 0 to 1, got %v", param)
	}
	if e.err != nil {
		e.Curvature, e.Range = Unknown, interval.Entire
		return e
	}
	e.Curvature, e.Rule = unaryCurvature(op, param, a)
	e.Range = applyInterval(op, param, a.Range)
	return e
}

// shape says how a function of one variable bends, and in which direction it
// goes, on an interval: +1 up, -1 down, 0 either.
func shape(op Op, on interval.Interval) (c Curvature, direction int) {
	sign := 0
	if on.Lo >= 0 {
		sign = 1
	} else if on.Hi <= 0 {
		sign = -1
	}
	switch op {
	case OpExp, OpSoftplus, OpReLU, OpLeakyReLU:
		return Convex, 1
	case OpLog, OpSqrt: // their arguments are positive
		return Concave, 1
	case OpSquare, OpAbs, OpHuber:
		return Convex, sign
	case OpReciprocal:
		if sign > 0 {
			return Convex, -1
		}
		return Concave, -1
	case OpSigmoid, OpTanh: // turn from convex to concave at 0
		switch sign {
		case 1:
			return Concave, 1
		case -1:
			return Convex, 1
		}
		return Unknown, 1
	}
	return Unknown, 0
}

// unaryCurvature is the composition rule: f(g) is convex where f is convex and
// g affine, or f nondecreasing and g convex, or f nonincreasing and g concave, f
// being looked at on an interval that holds all values of g. It is concave where -f(g) is convex.
func unaryCurvature(op Op, param float64, a *Expr) (Curvature, string) {
	if a.Curvature == Constant {
		return Constant, "constant"
	}
	if op == OpReLU && a.Range.Lo >= 0 || op == OpLeakyReLU && (a.Range.Lo >= 0 || param == 1) {
		return a.Curvature, "equal to its argument, which is not negative"
	}
	if op == OpReLU && a.Range.Hi <= 0 {
		return Constant, "equal to 0: its argument is not positive"
	}
	f, direction := shape(op, a.Range)
	name := fmt.Sprintf(" (%v)", op)
	switch {
	case f == Unknown:
		return Unknown, fmt.Sprintf("no rule: %v is neither convex nor concave there", op)
	case a.Curvature == Affine:
		return f, f.String() + " function of an affine one" + name
	case direction > 0 && (f == Convex && a.Curvature == Convex || f == Concave && a.Curvature == Concave):
		return f, "composition with a nondecreasing " + f.String() + " function" + name
	case direction < 0 && (f == Convex && a.Curvature == Concave || f == Concave && a.Curvature == Convex):
		return f, "composition with a nonincreasing " + f.String() + " function" + name
	}
	return Unknown, fmt.Sprintf("no rule: %v of a %v function", op, a.Curvature)
}

// String writes the formula: "square(x0 - 1) + exp(x1)". Parts of a large one are left out.
func (e *Expr) String() string {
	w := writer{left: maxParts}
	return w.named(e)
}

// maxParts is how many parts of a formula are written: one in which a part occurs twice, and in that a part
// twice, and so on, has more of them than there are atoms.
const maxParts = 200

// A writer writes formulas.
type writer struct{ left int }

// named is the formula's name, or else the formula.
func (w *writer) named(e *Expr) string {
	switch w.left--; {
	case e == nil:
		return "?"
	case e.Label != "":
		return e.Label
	case w.left < 0:
		return "..."
	}
	switch e.Op {
	case OpConst:
		if e.Value.IsPoint() {
			return strconv.FormatFloat(e.Value.Lo, 'g', -1, 64)
		}
		return fmt.Sprintf("%.6g", e.Value.Mid())
	case OpVar:
		return fmt.Sprintf("x%d", e.Index)
	case OpData:
		return fmt.Sprintf("d%d", e.Index)
	case OpSum:
		return join(" + ", len(e.Args), func(i int) string { return w.named(e.Args[i]) })
	case OpDot:
		return join(" + ", len(e.Args)/2, func(i int) string {
			a, b := e.Args[2*i], e.Args[2*i+1]
			if a.Op == OpConst && a.Value == interval.Point(-1) {
				return "-" + w.factor(b)
			}
			return w.factor(a) + "*" + w.factor(b)
		})
	}
	return e.Op.String() + "(" + join(", ", len(e.Args), func(i int) string { return w.named(e.Args[i]) }) + ")"
}

func (w *writer) factor(e *Expr) string {
	s := w.named(e)
	if e.Label == "" && (e.Op == OpSum || e.Op == OpDot && len(e.Args) > 2) {
		return "(" + s + ")"
	}
	return s
}

// join writes n parts, or the first 6 of many.
func join(separator string, n int, part func(int) string) string {
	const most = 6
	var parts []string
	for i := range n {
		if i == most && n > most+1 {
			parts = append(parts, fmt.Sprintf("... (%d in all)", n))
			break
		}
		parts = append(parts, part(i))
	}
	if n == 0 {
		return "0"
	}
	return strings.ReplaceAll(strings.Join(parts, separator), "+ -", "- ")
}
