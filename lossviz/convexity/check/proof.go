package check

import (
	"context"
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/internal/bigreal"
)

// bend is what is known of a part: how it may bend, as two separate facts, and coarse bounds.
type bend struct {
	convex, concave bool
	lo, hi          float64
}

func (b bend) zero() bool { return b.lo == 0 && b.hi == 0 }

// Convex returns nil if every term of the formula can be derived to be convex, with a
// nonnegative weight, and otherwise the first that cannot.
func Convex(f Formula) error {
	for i, t := range f.Terms {
		if !(t.Weight[0] >= 0) {
			return fmt.Errorf("check: term %d has the weight %v", i, t.Weight[0])
		}
		r := rules{rows: t.Rows, known: map[*expr.Expr]bend{}, fixed: map[*expr.Expr]bool{}}
		b, err := r.of(t.Expr)
		if err != nil {
			return fmt.Errorf("check: term %d: %w", i, err)
		}
		if !b.convex {
			return fmt.Errorf("check: term %d, %v, cannot be derived to be convex", i, t.Expr)
		}
	}
	return nil
}

type rules struct {
	rows  [][]float64
	known map[*expr.Expr]bend
	fixed map[*expr.Expr]bool // does not depend on the parameters
}

// wider moves bounds outward by more than the rounding of a few operations.
func wider(lo, hi float64) (float64, float64) {
	if math.IsNaN(lo) {
		lo = math.Inf(-1)
	}
	if math.IsNaN(hi) {
		hi = math.Inf(1)
	}
	if lo != 0 {
		lo -= math.Abs(lo) * 1e-12
	}
	if hi != 0 {
		hi += math.Abs(hi) * 1e-12
	}
	return lo, hi
}

// of derives the curvature of a part from that of its arguments.
func (r rules) of(e *expr.Expr) (bend, error) {
	if b, ok := r.known[e]; ok {
		return b, nil
	}
	fixed := true
	args := make([]bend, len(e.Args))
	for i, a := range e.Args {
		var err error
		if args[i], err = r.of(a); err != nil {
			return bend{}, err
		}
		fixed = fixed && r.fixed[a]
	}
	b := bend{lo: math.Inf(-1), hi: math.Inf(1)}
	switch e.Op {
	case expr.OpConst:
		b = bend{true, true, e.Value.Lo, e.Value.Hi}
	case expr.OpData:
		b = bend{true, true, math.Inf(1), math.Inf(-1)}
		for _, row := range r.rows {
			if e.Index < 0 || e.Index >= len(row) {
				return b, fmt.Errorf("datum %d of %d", e.Index, len(row))
			}
			b.lo, b.hi = math.Min(b.lo, row[e.Index]), math.Max(b.hi, row[e.Index])
		}
	case expr.OpVar:
		fixed = false
		b = bend{true, true, e.Range.Lo, e.Range.Hi}
	case expr.OpSum:
		b = bend{convex: true, concave: true}
		for _, a := range args {
			b = plus(b, a)
		}
	case expr.OpDot:
		b = bend{convex: true, concave: true}
		fixed = true
		for i := 0; i+1 < len(args); i += 2 {
			fixed = fixed && (r.fixed[e.Args[i]] && r.fixed[e.Args[i+1]] || args[i].zero() || args[i+1].zero())
			b = plus(b, r.product(e.Args[i], e.Args[i+1], args[i], args[i+1]))
		}
	case expr.OpMax, expr.OpLogSumExp:
		b = bend{convex: true, lo: math.Inf(-1), hi: math.Inf(-1)}
		for _, a := range args {
			b.convex = b.convex && a.convex
			b.lo, b.hi = math.Max(b.lo, a.lo), math.Max(b.hi, a.hi)
		}
		if e.Op == expr.OpLogSumExp {
			lo, _ := logSumExpOf(args, func(a bend) float64 { return a.lo })
			_, hi := logSumExpOf(args, func(a bend) float64 { return a.hi })
			b.lo, b.hi = math.Max(b.lo, lo), hi
		}
	default:
		if len(args) != 1 {
			return b, fmt.Errorf("%v of %d arguments", e.Op, len(args))
		}
		var err error
		if b, err = compose(e, args[0]); err != nil {
			return b, err
		}
	}
	fixed = fixed || b.lo == b.hi
	if fixed { // whatever is computed from data alone is one number a sample
		b.convex, b.concave = true, true
	}
	r.fixed[e] = fixed
	r.known[e] = b
	return b, nil
}

// logSumExpOf bounds log-sum-exp of one end of each range; it is nondecreasing in all of them.
func logSumExpOf(args []bend, end func(bend) float64) (lo, hi float64) {
	ends := make([]real, len(args))
	for i, a := range args {
		if ends[i] = bigreal.Float(end(a)); ends[i].Unknown {
			return math.Inf(-1), math.Inf(1)
		}
	}
	return logSumExp(ends).Bounds()
}

func plus(a, b bend) bend {
	lo, _ := sum(a.lo, b.lo)
	_, hi := sum(a.hi, b.hi)
	return bend{a.convex && b.convex, a.concave && b.concave, lo, hi}
}

// sum bounds x + y: by itself where it is exact (Knuth's two-sum leaves nothing), so that bounds meant to touch 0 do.
func sum(x, y float64) (lo, hi float64) {
	s := x + y
	t := s - x
	if (x-(s-t))+(y-t) == 0 {
		return s, s
	}
	return wider(s, s)
}

// times bounds x * y, 0 times infinity being 0.
func times(x, y float64) (lo, hi float64) {
	p := float64(x * y)
	switch {
	case x == 0 || y == 0:
		return 0, 0
	case math.Abs(p) < 1e-280: // an underflow must not hide a sign
		return -1e-280, 1e-280
	case math.FMA(x, y, -p) == 0:
		return p, p
	}
	return wider(p, p)
}

func (r rules) product(x, y *expr.Expr, a, b bend) bend {
	p := bend{lo: math.Inf(1), hi: math.Inf(-1)}
	for _, u := range []float64{a.lo, a.hi} {
		for _, v := range []float64{b.lo, b.hi} {
			lo, hi := times(u, v)
			p.lo, p.hi = math.Min(p.lo, lo), math.Max(p.hi, hi)
		}
	}
	if x == y {
		p.lo = math.Max(p.lo, 0)
		if a.convex && a.concave || a.convex && a.lo >= 0 || a.concave && a.hi <= 0 {
			p.convex = true
		}
		return p
	}
	if !r.fixed[x] {
		x, y, a, b = y, x, b, a
	}
	switch {
	case a.zero() || b.zero():
		p.convex, p.concave = true, true
	case !r.fixed[x]:
	case r.fixed[y], b.convex && b.concave:
		p.convex, p.concave = true, true
	case a.lo >= 0:
		p.convex, p.concave = b.convex, b.concave
	case a.hi <= 0:
		p.convex, p.concave = b.concave, b.convex
	}
	return p
}

// compose derives f(g): convex where f is convex on the range of g and g is affine, or
// convex with f rising, or concave with f falling; concave likewise.
func compose(e *expr.Expr, g bend) (bend, error) {
	affine := g.convex && g.concave
	b := bend{lo: math.Inf(-1), hi: math.Inf(1)}
	convex := func(rising, falling bool) { b.convex = affine || rising && g.convex || falling && g.concave }
	concave := func(rising, falling bool) { b.concave = affine || rising && g.concave || falling && g.convex }
	switch e.Op {
	case expr.OpExp:
		convex(true, false)
		b.lo, b.hi = g.rising(real.Exp, 0, math.Inf(1))
	case expr.OpSoftplus:
		convex(true, false)
		b.lo, b.hi = g.rising(real.Softplus, 0, math.Inf(1))
	case expr.OpReLU:
		convex(true, false)
		b.concave = g.hi <= 0 || g.lo >= 0 && g.concave
		b.convex = b.convex || g.hi <= 0
		b.lo, b.hi = math.Max(0, g.lo), math.Max(0, g.hi)
	case expr.OpLeakyReLU:
		if !(0 <= e.Param && e.Param <= 1) {
			return b, fmt.Errorf("a leaky ReLU of slope %v", e.Param)
		}
		convex(true, false)
		b.concave = (g.lo >= 0 || e.Param == 1) && g.concave
		b.lo, b.hi = math.Min(g.lo, 0), math.Max(0, g.hi)
		if g.lo > 0 {
			b.lo = g.lo
		}
	case expr.OpSquare:
		convex(g.lo >= 0, g.hi <= 0)
		b.lo, b.hi = g.sizes().rising(func(x real) real { return x.Mul(x) }, 0, math.Inf(1))
	case expr.OpAbs:
		convex(g.lo >= 0, g.hi <= 0)
		b.lo, b.hi = g.sizes().lo, g.sizes().hi
	case expr.OpHuber:
		convex(g.lo >= 0, g.hi <= 0)
		b.lo, b.hi = g.sizes().rising(func(x real) real { return huber(e.Param, x) }, 0, math.Inf(1))
	case expr.OpLog:
		if !(g.lo > 0) {
			return b, fmt.Errorf("logarithm of what may be %v", g.lo)
		}
		concave(true, false)
		b.lo, b.hi = g.rising(real.Log, math.Inf(-1), math.Inf(1))
	case expr.OpSqrt:
		if !(g.lo > 0) {
			return b, fmt.Errorf("root of what may be %v", g.lo)
		}
		concave(true, false)
		b.lo, b.hi = g.rising(real.Sqrt, 0, math.Inf(1))
	case expr.OpReciprocal:
		switch {
		case g.lo > 0:
			convex(false, true)
		case g.hi < 0:
			concave(false, true)
		default:
			return b, fmt.Errorf("division by what may be 0")
		}
		falling := func(x real) real { return bigreal.Float(-1).Div(x) }
		lo, hi := g.rising(falling, 0, 0)
		b.lo, b.hi = -hi, -lo
	case expr.OpSigmoid, expr.OpTanh:
		if g.hi <= 0 {
			convex(true, false)
		}
		if g.lo >= 0 {
			concave(true, false)
		}
		if e.Op == expr.OpSigmoid {
			b.lo, b.hi = g.rising(real.Sigmoid, 0, 1)
		} else {
			b.lo, b.hi = g.rising(real.Tanh, -1, 1)
		}
	case expr.OpGELU, expr.OpSiLU:
		if b.lo = -0.3; g.lo >= 0 {
			b.lo = 0
		}
		b.hi = math.Max(0, g.hi)
	default:
		return b, fmt.Errorf("unknown operation %v", e.Op)
	}
	return b, nil
}

// rising bounds a nondecreasing function on the range of g by its ends; first and last are its limits at -Inf and +Inf, and
// what it is between.
func (g bend) rising(f func(real) real, first, last float64) (lo, hi float64) {
	lo, hi = first, last
	if g.lo > -math.MaxFloat64 && g.lo < math.Inf(1) {
		at, _ := f(bigreal.Float(g.lo)).Bounds()
		lo = math.Max(lo, at)
	}
	if g.hi < math.MaxFloat64 && g.hi > math.Inf(-1) {
		_, at := f(bigreal.Float(g.hi)).Bounds()
		hi = math.Min(hi, at)
	}
	return lo, hi
}

// sizes is the range of |g|.
func (g bend) sizes() bend {
	return bend{lo: math.Max(0, math.Max(g.lo, -g.hi)), hi: math.Max(-g.lo, g.hi)}
}

// Modulus looks for a contradiction to "f - m/2 |theta|^2 is convex" on the given segments. It cannot prove the claim; it
// refutes forged ones.
func Modulus(ctx context.Context, f Function, m float64, segments [][2][]float64) error {
	if !(m >= 0) || math.IsInf(m, 0) {
		return fmt.Errorf("check: %v is no modulus", m)
	}
	if m == 0 {
		return nil
	}
	for _, segment := range segments {
		a, b, middle, square := exact(segment[0]), exact(segment[1]), make([]real, len(segment[0])), bigreal.Float(0)
		for i := range middle {
			middle[i] = a[i].Add(b[i]).Scale2(-1)
			d := b[i].Sub(a[i]).Abs()
			square = square.Add(d.Mul(d))
		}
		// (f(a) + f(b))/2 - f((a + b)/2) >= m/8 |b - a|^2.
		slack := bigreal.Float(m).Mul(square).Scale2(-3).Neg()
		for _, part := range []struct {
			at     []real
			factor float64
		}{{a, 0.5}, {b, 0.5}, {middle, -1}} {
			value, err := f.value(ctx, part.at)
			if err != nil {
				return fmt.Errorf("check: %w", err)
			}
			slack = slack.Add(value.Mul(bigreal.Float(part.factor)))
		}
		if !slack.Unknown && slack.Hi.Sign() < 0 {
			return fmt.Errorf("check: the modulus %v is too large", m)
		}
	}
	return nil
}

func exact(theta []float64) []real {
	out := make([]real, len(theta))
	for i, x := range theta {
		out[i] = bigreal.Float(x)
	}
	return out
}
