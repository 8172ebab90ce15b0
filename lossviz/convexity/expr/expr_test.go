package expr_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity/check"
	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

func ExampleExpr() {
	x, y := expr.Var(0), expr.Var(1)
	for _, e := range []*expr.Expr{
		expr.Exp(expr.Sub(x, y)),
		expr.Max(expr.Square(x), expr.Abs(y)),
		expr.Product(x, y),
		expr.Neg(expr.Softplus(x)),
		expr.Square(expr.ReLU(x)),
		expr.Sigmoid(x),
	} {
		fmt.Printf("%v: %v\n", e, e.Curvature)
	}
	// Output:
	// exp(x0 - x1): convex
	// max(square(x0), abs(x1)): convex
	// x0*x1: unknown
	// -softplus(x0): concave
	// square(relu(x0)): convex
	// sigmoid(x0): unknown
}

func TestCurvatureRules(t *testing.T) {
	x := expr.Var(0)
	positive := expr.VarIn(0, 0.5, 4)
	negative := expr.VarIn(0, -4, -0.5)
	for _, c := range []struct {
		e    *expr.Expr
		want expr.Curvature
	}{
		{expr.Const(3), expr.Constant},
		{expr.Sum(x, expr.Const(1)), expr.Affine},
		{expr.Scale(0, expr.Sigmoid(x)), expr.Constant},
		{expr.Scale(-2, expr.Square(x)), expr.Concave},
		{expr.Sum(expr.Square(x), expr.Neg(expr.Abs(x))), expr.Unknown},
		{expr.Square(expr.Square(x)), expr.Convex},
		{expr.Square(expr.Sub(expr.Square(x), expr.Const(1))), expr.Unknown},
		{expr.Square(expr.Sum(expr.Square(x), expr.Const(1))), expr.Convex},
		{expr.Square(expr.Neg(expr.Exp(x))), expr.Convex},
		{expr.Log(positive), expr.Concave},
		{expr.Neg(expr.Log(positive)), expr.Convex},
		{expr.Reciprocal(positive), expr.Convex},
		{expr.Reciprocal(negative), expr.Concave},
		{expr.Sigmoid(positive), expr.Concave},
		{expr.Tanh(negative), expr.Convex},
		{expr.ReLU(positive), expr.Affine},
		{expr.ReLU(negative), expr.Constant},
		{expr.LogSumExp(x, expr.Square(x)), expr.Convex},
		{expr.Max(x, expr.Neg(expr.Square(x))), expr.Unknown},
		{expr.Huber(1, x), expr.Convex},
		{expr.GELU(x), expr.Unknown},
		{expr.Product(x, x), expr.Convex},
		{expr.Product(expr.Data(0, interval.New(-1, 1)), x), expr.Affine},
		{expr.Product(expr.Data(0, interval.New(-1, 1)), expr.Square(x)), expr.Unknown},
		{expr.Product(expr.Data(0, interval.New(0, 1)), expr.Square(x)), expr.Convex},
	} {
		if c.e.Err() != nil || c.e.Curvature != c.want {
			t.Errorf("%v is %v, want %v (%v)", c.e, c.e.Curvature, c.want, c.e.Err())
		}
	}
}

func TestMeaninglessFormulasAreErrors(t *testing.T) {
	x := expr.Var(0)
	for _, e := range []*expr.Expr{
		nil, expr.Log(x), expr.Sqrt(expr.Square(x)), expr.Reciprocal(x), expr.Max(), expr.LogSumExp(),
		expr.Var(-1), expr.VarIn(0, 2, 1), expr.Const(math.NaN()), expr.Huber(0, x), expr.LeakyReLU(2, x),
		expr.Dot([]*expr.Expr{x}, nil), expr.Sum(x, nil), expr.Exp(expr.Log(x)), expr.Apply(expr.OpSum, x),
	} {
		if e.Err() == nil {
			t.Errorf("%v was accepted", e)
		}
	}
}

// random builds a formula of two variables.
func random(r *rand.Rand, depth int) *expr.Expr {
	if depth == 0 || r.IntN(8) == 0 {
		switch r.IntN(4) {
		case 0:
			return expr.Const(float64(r.IntN(9)-4) / 2)
		default:
			return expr.Var(r.IntN(2))
		}
	}
	sub := func() *expr.Expr { return random(r, depth-1) }
	switch r.IntN(18) {
	case 0:
		return expr.Sum(sub(), sub())
	case 1:
		return expr.Sub(sub(), sub())
	case 2:
		return expr.Product(sub(), sub())
	case 3:
		return expr.Max(sub(), sub())
	case 4:
		return expr.LogSumExp(sub(), sub(), expr.Const(0))
	case 5:
		return expr.Scale(r.NormFloat64(), sub())
	case 6:
		return expr.Exp(expr.Tanh(sub()))
	case 7:
		return expr.Square(sub())
	case 8:
		return expr.Abs(sub())
	case 9:
		return expr.ReLU(sub())
	case 10:
		return expr.LeakyReLU(0.25, sub())
	case 11:
		return expr.Sigmoid(sub())
	case 12:
		return expr.Softplus(sub())
	case 13:
		return expr.GELU(sub())
	case 14:
		return expr.SiLU(sub())
	case 15:
		return expr.Huber(0.75, sub())
	case 16:
		return expr.Sqrt(expr.Sum(expr.Square(sub()), expr.Const(0.5)))
	}
	return expr.Reciprocal(expr.Sum(expr.Abs(sub()), expr.Const(1)))
}

// What is said of random formulas must not be contradicted by sampling them: curvature,
// range, enclosures of values, and of derivatives by differences and by the convexity they imply.
func TestRandomFormulasAreSound(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	count := map[expr.Curvature]int{}
	refused := 0
	for range 2000 {
		e := random(r, 1+r.IntN(4))
		if e.Err() != nil {
			t.Fatalf("%v: %v", e, e.Err())
		}
		count[e.Curvature]++
		tape, err := expr.Compile(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		m := new(expr.Memory)
		if e.Curvature == expr.Convex {
			err := check.Convex(check.Formula{Dim: 2, Terms: []check.Term{{Expr: e, Weight: [2]float64{1, 1}, Rows: [][]float64{nil}}}})
			if err != nil {
				refused++
			}
		}
		for range 10 {
			a := []float64{3 * r.NormFloat64(), 3 * r.NormFloat64()}
			b := []float64{3 * r.NormFloat64(), 3 * r.NormFloat64()}
			value := func(x []float64) interval.Interval {
				return tape.Value(m, []interval.Interval{interval.Point(x[0]), interval.Point(x[1])}, nil)
			}
			va, vb := value(a), value(b)
			vm := tape.Value(m, []interval.Interval{interval.Combine(0.5, a[0], b[0]), interval.Combine(0.5, a[1], b[1])}, nil)
			if !va.Bounded() || !vb.Bounded() || !vm.Bounded() {
				continue
			}
			if f := tape.Float(m, a, nil); !(f >= va.Lo-1e-9*math.Abs(f)-1e-9 && f <= va.Hi+1e-9*math.Abs(f)+1e-9) {
				t.Fatalf("%v at %v is %v, enclosed by %v", e, a, f, va)
			}
			if va.Hi < e.Range.Lo || va.Lo > e.Range.Hi {
				t.Fatalf("%v at %v is %v, but its range is %v", e, a, va, e.Range)
			}
			gap := vm.Sub(va.Add(vb).Scale(0.5))
			if e.Curvature.IsConvex() && gap.Positive() || e.Curvature.IsConcave() && gap.Negative() {
				t.Fatalf("%v is said to be %v, but the gap between %v and %v is %v", e, e.Curvature, a, b, gap)
			}
			// The whole segment at once, and its curvature.
			direction := [][]interval.Interval{{interval.Point(b[0]).Sub(interval.Point(a[0])), interval.Point(b[1]).Sub(interval.Point(a[1]))}}
			w := math.Ldexp(1, -r.IntN(8))
			jet := tape.Jet(m, a, direction, []interval.Interval{{Lo: 0, Hi: w}}, nil)
			at := func(s float64) interval.Interval {
				return tape.Jet(m, a, direction, []interval.Interval{interval.Point(s)}, nil).Value
			}
			v0, v1, vh := at(0), at(w), at(w/2)
			for _, v := range []interval.Interval{v0, v1, vh} {
				if v.Lo > jet.Value.Hi || v.Hi < jet.Value.Lo {
					t.Fatalf("%v on a segment: %v outside %v", e, v, jet.Value)
				}
			}
			slope := v1.Sub(v0).Div(interval.Point(w)) // a mean of slopes
			if slope.Lo > jet.Grad[0].Hi || slope.Hi < jet.Grad[0].Lo {
				t.Fatalf("%v on a segment: mean slope %v outside %v", e, slope, jet.Grad[0])
			}
			second := v0.Add(v1).Sub(vh.Scale(2)).Div(interval.Point(w * w / 4)) // a mean of second derivatives
			if second.Lo > jet.Hess[0].Hi || second.Hi < jet.Hess[0].Lo {
				t.Fatalf("%v on a segment: mean second derivative %v outside %v", e, second, jet.Hess[0])
			}
			// The reverse sweep over a box around a must agree with the jets at a.
			const h = 1e-3
			box := []interval.Interval{interval.New(a[0]-h, a[0]+h), interval.New(a[1]-h, a[1]+h)}
			grad, hess := make([]interval.Interval, 2), make([]interval.Interval, 4)
			all := tape.Hessian(t.Context(), m, hess, grad, box, nil, interval.Point(1))
			if va.Lo > all.Hi || va.Hi < all.Lo {
				t.Fatalf("%v: %v outside %v over a box", e, va, all)
			}
			for i := range 2 {
				axis := [][]interval.Interval{{{}, {}}}
				axis[0][i] = interval.Point(1)
				j := tape.Jet(m, a, axis, []interval.Interval{{}}, nil)
				if _, ok := j.Grad[0].Intersect(grad[i]); !ok {
					t.Fatalf("%v at %v: slope %d is %v along a line, %v over a box", e, a, i, j.Grad[0], grad[i])
				}
				if _, ok := j.Hess[0].Intersect(hess[3*i]); !ok {
					t.Fatalf("%v at %v: second derivative %d is %v along a line, %v over a box", e, a, i, j.Hess[0], hess[3*i])
				}
			}
		}
	}
	t.Log(count, refused, "proofs were beyond the checker")
	if refused > count[expr.Convex]/20 {
		t.Errorf("the checker could not follow %d of %d derivations", refused, count[expr.Convex])
	}
}
