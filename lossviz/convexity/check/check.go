// Package check checks the verdicts of package convexity again. It shares no code with
// the search, with package interval or with the rules of package expr: it evaluates
// on math/big, layer by layer, with its own exp, log, tanh and erf, and derives
// curvature by a table of its own. From the search it takes only what is claimed.
package check

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/internal/bigreal"
)

// A Function can be evaluated to an enclosure. [NetworkLoss] and [Formula] are ones.
type Function interface {
	value(ctx context.Context, theta []real) (real, error)
}

// A CounterExample claims that f(T*A + (1-T)*B) - T*f(A) - (1-T)*f(B) is positive and lies
// in Gap.
type CounterExample struct {
	A, B []float64
	T    float64
	Gap  [2]float64
}

// NotConvex returns nil if the claim holds, and otherwise what does not, or that ctx has ended.
func NotConvex(ctx context.Context, f Function, c CounterExample) error {
	switch {
	case !(c.T > 0 && c.T < 1):
		return fmt.Errorf("check: t = %v is not between 0 and 1", c.T)
	case !(c.Gap[0] > 0) || !(c.Gap[0] <= c.Gap[1]) || math.IsInf(c.Gap[1], 0):
		return fmt.Errorf("check: [%v, %v] is not an interval of positive numbers", c.Gap[0], c.Gap[1])
	case len(c.A) != len(c.B):
		return fmt.Errorf("check: points of %d and %d parameters", len(c.A), len(c.B))
	}
	t := bigreal.Float(c.T)
	rest := bigreal.Float(1).Sub(t)
	a, b, between := make([]real, len(c.A)), make([]real, len(c.A)), make([]real, len(c.A))
	for i := range a {
		a[i], b[i] = bigreal.Float(c.A[i]), bigreal.Float(c.B[i])
		if a[i].Unknown || b[i].Unknown {
			return fmt.Errorf("check: parameter %d is not finite", i)
		}
		between[i] = t.Mul(a[i]).Add(rest.Mul(b[i]))
	}
	var at [3]real
	for i, theta := range [][]real{between, a, b} {
		var err error
		if at[i], err = f.value(ctx, theta); err != nil {
			return fmt.Errorf("check: %w", err)
		}
	}
	gap := at[0].Sub(t.Mul(at[1])).Sub(rest.Mul(at[2]))
	if sign, certain := gap.Sign(); !certain || sign <= 0 {
		lo, hi := gap.Bounds()
		return fmt.Errorf("check: the gap lies in [%v, %v]: the points do not contradict convexity", lo, hi)
	}
	if lo, hi := bigreal.Float(c.Gap[0]), bigreal.Float(c.Gap[1]); gap.Hi.Cmp(lo.Lo) < 0 || gap.Lo.Cmp(hi.Hi) > 0 {
		lo, hi := gap.Bounds()
		return fmt.Errorf("check: the gap lies in [%v, %v], not in [%v, %v]", lo, hi, c.Gap[0], c.Gap[1])
	}
	return nil
}

// A Formula is a sum of terms, each a weight in an interval times the sum of an
// expression over rows of data.
type Formula struct {
	Dim   int
	Terms []Term
}

// A Term is a part of a Formula.
type Term struct {
	Expr   *expr.Expr
	Weight [2]float64
	Rows   [][]float64
}

func (f Formula) value(ctx context.Context, theta []real) (real, error) {
	total := bigreal.Float(0)
	for _, t := range f.Terms {
		weight := between(t.Weight[0], t.Weight[1])
		for _, row := range t.Rows {
			if err := ctx.Err(); err != nil {
				return total, err
			}
			v, err := evaluate(t.Expr, theta, row, map[*expr.Expr]real{})
			if err != nil {
				return total, err
			}
			total = total.Add(weight.Mul(v))
		}
	}
	return total, nil
}

func between(lo, hi float64) real {
	return real{Lo: bigreal.Float(lo).Lo, Hi: bigreal.Float(hi).Hi}
}

// evaluate encloses an expression; done holds what was already computed.
func evaluate(e *expr.Expr, theta []real, row []float64, done map[*expr.Expr]real) (real, error) {
	if v, ok := done[e]; ok {
		return v, nil
	}
	args := make([]real, len(e.Args))
	for i, a := range e.Args {
		var err error
		if args[i], err = evaluate(a, theta, row, done); err != nil {
			return real{}, err
		}
	}
	v := bigreal.Float(0)
	switch e.Op {
	case expr.OpConst:
		v = between(e.Value.Lo, e.Value.Hi)
	case expr.OpVar:
		if e.Index < 0 || e.Index >= len(theta) {
			return v, fmt.Errorf("variable %d of %d", e.Index, len(theta))
		}
		v = theta[e.Index]
	case expr.OpData:
		if e.Index < 0 || e.Index >= len(row) {
			return v, fmt.Errorf("datum %d of %d", e.Index, len(row))
		}
		v = bigreal.Float(row[e.Index])
	case expr.OpSum:
		for _, a := range args {
			v = v.Add(a)
		}
	case expr.OpDot:
		for i := 0; i+1 < len(args); i += 2 {
			v = v.Add(args[i].Mul(args[i+1]))
		}
	case expr.OpMax:
		v = args[0]
		for _, a := range args[1:] {
			v = v.Max(a)
		}
	case expr.OpLogSumExp:
		v = logSumExp(args)
	case expr.OpExp:
		v = args[0].Exp()
	case expr.OpLog:
		v = args[0].Log()
	case expr.OpSqrt:
		v = args[0].Sqrt()
	case expr.OpSquare:
		v = args[0].Mul(args[0])
	case expr.OpAbs:
		v = args[0].Abs()
	case expr.OpReciprocal:
		v = bigreal.Float(1).Div(args[0])
	case expr.OpReLU:
		v = args[0].Max(bigreal.Float(0))
	case expr.OpLeakyReLU:
		v = args[0].Max(bigreal.Float(e.Param).Mul(args[0]))
	case expr.OpSigmoid:
		v = args[0].Sigmoid()
	case expr.OpTanh:
		v = args[0].Tanh()
	case expr.OpSoftplus:
		v = args[0].Softplus()
	case expr.OpGELU:
		v = args[0].Mul(args[0].NormalCDF())
	case expr.OpSiLU:
		v = args[0].Mul(args[0].Sigmoid())
	case expr.OpHuber:
		v = huber(e.Param, args[0])
	default:
		return v, fmt.Errorf("unknown operation %v", e.Op)
	}
	done[e] = v
	return v, nil
}

// logSumExp takes the greatest argument out of the sum. Where that leaves nothing
// known, it lies between the greatest and that plus log n < n.
func logSumExp(args []real) real {
	top, greatest := 0, args[0]
	for i, a := range args {
		if a.Unknown {
			return a
		}
		if a.Lo.Cmp(args[top].Lo) > 0 {
			top = i
		}
		greatest = greatest.Max(a)
	}
	sum := bigreal.Float(1)
	for i, a := range args {
		if i != top {
			sum = sum.Add(a.Sub(args[top]).Exp())
		}
	}
	if sum.Unknown {
		return real{Lo: greatest.Lo, Hi: greatest.Add(bigreal.Float(float64(len(args)))).Hi}
	}
	return args[top].Add(sum.Log())
}

// Same compares a formula with the function that it is said to be, at n random
// points: enclosures of both that do not meet are an error.
func Same(ctx context.Context, f Formula, g Function, n int, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 7))
	for range n {
		theta := make([]real, f.Dim)
		for i := range theta {
			theta[i] = bigreal.Float(random.NormFloat64())
		}
		x, err := f.value(ctx, theta)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		y, err := g.value(ctx, theta)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		if x.Unknown || y.Unknown || x.Hi.Cmp(y.Lo) < 0 || y.Hi.Cmp(x.Lo) < 0 {
			return fmt.Errorf("check: the formula of the proof is not the function: %v and %v at a random point", x.Lo, y.Lo)
		}
	}
	return nil
}
