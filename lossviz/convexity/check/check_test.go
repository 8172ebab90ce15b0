package check_test

import (
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity/check"
	"github.com/gosaddle/saddle/lossviz/convexity/expr"
)

func formula(e *expr.Expr) check.Formula {
	return check.Formula{Dim: 1, Terms: []check.Term{{Expr: e, Weight: [2]float64{1, 1}, Rows: [][]float64{nil}}}}
}

// -x^2 at -1, 0, 1: the gap is exactly 1.
func TestNotConvex(t *testing.T) {
	f := formula(expr.Neg(expr.Square(expr.Var(0))))
	good := check.CounterExample{A: []float64{-1}, B: []float64{1}, T: 0.5, Gap: [2]float64{0.999, 1.001}}
	if err := check.NotConvex(t.Context(), f, good); err != nil {
		t.Error(err)
	}
	for name, forge := range map[string]func(*check.CounterExample){
		"no gap":            func(c *check.CounterExample) { c.Gap = [2]float64{0, 1} },
		"gap too small":     func(c *check.CounterExample) { c.Gap = [2]float64{0.5, 0.99} },
		"gap too large":     func(c *check.CounterExample) { c.Gap = [2]float64{1.01, 2} },
		"gap inside out":    func(c *check.CounterExample) { c.Gap = [2]float64{1.1, 0.9} },
		"t outside":         func(c *check.CounterExample) { c.T = 1 },
		"t changed":         func(c *check.CounterExample) { c.T = 0.4 },
		"one point":         func(c *check.CounterExample) { c.B = c.A },
		"different lengths": func(c *check.CounterExample) { c.B = []float64{1, 2} },
	} {
		c := good
		forge(&c)
		if check.NotConvex(t.Context(), f, c) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConvex(t *testing.T) {
	x := expr.Var(0)
	for _, e := range []*expr.Expr{expr.Square(x), expr.Exp(x), expr.Max(x, expr.Abs(x)), expr.Square(expr.Softplus(x))} {
		if err := check.Convex(formula(e)); err != nil {
			t.Error(err)
		}
	}
	for _, e := range []*expr.Expr{expr.Neg(expr.Square(x)), expr.Sigmoid(x), expr.GELU(x), expr.Product(x, expr.Exp(x)),
		expr.Square(expr.Sub(expr.Square(x), expr.Const(1)))} {
		if check.Convex(formula(e)) == nil {
			t.Errorf("%v was derived to be convex", e)
		}
		// A forged curvature does not help: the checker derives its own.
		forged := *e
		forged.Curvature = expr.Convex
		if check.Convex(formula(&forged)) == nil {
			t.Errorf("%v was believed to be convex", e)
		}
	}
	negative := formula(expr.Square(x))
	negative.Terms[0].Weight = [2]float64{-1, -1}
	if check.Convex(negative) == nil {
		t.Error("a negative weight passed")
	}
}

func TestModulus(t *testing.T) {
	f := formula(expr.Scale(1.5, expr.Square(expr.Var(0)))) // second derivative 3
	segments := [][2][]float64{{{-1}, {3}}}
	if err := check.Modulus(t.Context(), f, 3, segments); err != nil {
		t.Error(err)
	}
	if check.Modulus(t.Context(), f, 3.001, segments) == nil {
		t.Error("too large a modulus passed")
	}
}
