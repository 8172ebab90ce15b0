package convexity

import "github.com/gosaddle/saddle/lossviz/convexity/expr"

// An Expr is a formula of the parameters; see package expr. Its curvature is
// derived as it is built: fmt.Println(convexity.Exp(x).Curvature).
type Expr = expr.Expr

// Var is parameter number i, from 0, any real number.
func Var(i int) *Expr { return expr.Var(i) }

// VarIn is parameter number i on the domain lo <= theta[i] <= hi: the function is judged there.
func VarIn(i int, lo, hi float64) *Expr { return expr.VarIn(i, lo, hi) }

// Const is the number c.
func Const(c float64) *Expr { return expr.Const(c) }

// Sum is the sum of the terms.
func Sum(terms ...*Expr) *Expr { return expr.Sum(terms...) }

// Sub is a - b.
func Sub(a, b *Expr) *Expr { return expr.Sub(a, b) }

// Neg is -a.
func Neg(a *Expr) *Expr { return expr.Neg(a) }

// Scale is c * a.
func Scale(c float64, a *Expr) *Expr { return expr.Scale(c, a) }

// Product is a * b. No rule makes the product of two functions of the parameters convex,
// except a square.
func Product(a, b *Expr) *Expr { return expr.Product(a, b) }

// Dot is u[0]*v[0] + u[1]*v[1] + ...
func Dot(u, v []*Expr) *Expr { return expr.Dot(u, v) }

// Max is the largest of its arguments.
func Max(args ...*Expr) *Expr { return expr.Max(args...) }

// LogSumExp is log(exp(args[0]) + exp(args[1]) + ...).
func LogSumExp(args ...*Expr) *Expr { return expr.LogSumExp(args...) }

// Exp is e^a.
func Exp(a *Expr) *Expr { return expr.Exp(a) }

// Log is the natural logarithm of an argument known to be positive (see VarIn).
func Log(a *Expr) *Expr { return expr.Log(a) }

// Sqrt is the square root of an argument known to be positive.
func Sqrt(a *Expr) *Expr { return expr.Sqrt(a) }

// Square is a^2.
func Square(a *Expr) *Expr { return expr.Square(a) }

// Abs is |a|.
func Abs(a *Expr) *Expr { return expr.Abs(a) }

// Reciprocal is 1/a of an argument known to have one sign.
func Reciprocal(a *Expr) *Expr { return expr.Reciprocal(a) }

// ReLU is max(a, 0).
func ReLU(a *Expr) *Expr { return expr.ReLU(a) }

// LeakyReLU is a for a > 0 and slope*a elsewhere, 0 <= slope <= 1.
func LeakyReLU(slope float64, a *Expr) *Expr { return expr.LeakyReLU(slope, a) }

// Sigmoid is 1/(1 + e^-a).
func Sigmoid(a *Expr) *Expr { return expr.Sigmoid(a) }

// Tanh is the hyperbolic tangent.
func Tanh(a *Expr) *Expr { return expr.Tanh(a) }

// Softplus is log(1 + e^a).
func Softplus(a *Expr) *Expr { return expr.Softplus(a) }

// GELU is a times the normal distribution function of a.
func GELU(a *Expr) *Expr { return expr.GELU(a) }

// SiLU is a times the sigmoid of a.
func SiLU(a *Expr) *Expr { return expr.SiLU(a) }

// Huber is a^2/2 for |a| <= delta and delta(|a| - delta/2) beyond.
func Huber(delta float64, a *Expr) *Expr { return expr.Huber(delta, a) }
