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
			b.lo, b.hi = wider(b.lo, b.hi+math.Log(float64(len(args)))+1e-9)
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
	if fixed { // whatever is computed from data alone is one number a sample
		b.convex, b.concave = true, true
	}
	r.fixed[e] = fixed
	r.known[e] = b
	return b, nil
}

func plus(a, b bend) bend {
	lo, hi := wider(a.lo+b.lo, a.hi+b.hi)
	return bend{a.convex && b.convex, a.concave && b.concave, lo, hi}
}

func (r rules) product(x, y *expr.Expr, a, b bend) bend {
	p := bend{lo: math.Inf(1), hi: math.Inf(-1)}
	for _, u := range []float64{a.lo, a.hi} {
		for _, v := range []float64{b.lo, b.hi} {
			q := u * v
			if u == 0 || v == 0 {
				q = 0
			}
			if q == 0 && u != 0 && v != 0 { // underflow must not hide a sign
				p.lo, p.hi = math.Min(p.lo, -1e-300), math.Max(p.hi, 1e-300)
			}
			p.lo, p.hi = math.Min(p.lo, q), math.Max(p.hi, q)
		}
	}
	p.lo, p.hi = wider(p.lo, p.hi)
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
		b.lo = 0
	case expr.OpSoftplus:
		convex(true, false)
		b.lo = math.Max(0, g.lo)
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
	case expr.OpSquare, expr.OpAbs, expr.OpHuber:
		convex(g.lo >= 0, g.hi <= 0)
		b.lo = 0
	case expr.OpLog:
		if !(g.lo > 0) {
			return b, fmt.Errorf("logarithm of what may be %v", g.lo)
		}
		concave(true, false)
		if g.lo >= 1 {
			b.lo = 0
		}
		if g.hi <= 1 {
			b.hi = 0
		}
	case expr.OpSqrt:
		if !(g.lo > 0) {
			return b, fmt.Errorf("root of what may be %v", g.lo)
		}
		concave(true, false)
		b.lo = math.Sqrt(g.lo) * (1 - 1e-12)
	case expr.OpReciprocal:
		switch {
		case g.lo > 0:
			convex(false, true)
			b.lo = 0
		case g.hi < 0:
			concave(false, true)
			b.hi = 0
		default:
			return b, fmt.Errorf("division by what may be 0")
		}
	case expr.OpSigmoid, expr.OpTanh:
		if g.hi <= 0 {
			convex(true, false)
		}
		if g.lo >= 0 {
			concave(true, false)
		}
		b.lo, b.hi = -1, 1
		if e.Op == expr.OpSigmoid || g.lo >= 0 {
			b.lo = 0
		}
		if e.Op == expr.OpTanh && g.hi <= 0 {
			b.hi = 0
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

// Modulus looks for a contradiction to "f - m/2 |theta|^2 is convex", on n long
// segments along the axes and random directions. It cannot prove the claim; it refutes forged ones.
func Modulus(ctx context.Context, f Function, dim int, m float64, inside func(theta []float64) bool, n int) error {
	if !(m >= 0) || math.IsInf(m, 0) {
		return fmt.Errorf("check: %v is no modulus", m)
	}
	if m == 0 {
		return nil
	}
	for k := range min(n, dim) {
		a, b := make([]float64, dim), make([]float64, dim)
		i := dim - 1 - k // biases come last
		h := math.Ldexp(1, 12)
		a[i], b[i] = h, -h
		if inside != nil && (!inside(a) || !inside(b)) {
			continue
		}
		at := func(x float64) (real, error) {
			theta := make([]real, dim)
			for j := range theta {
				theta[j] = bigreal.Float(0)
			}
			theta[i] = bigreal.Float(x)
			return f.value(ctx, theta)
		}
		left, err := at(-h)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		right, err := at(h)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		middle, err := at(0)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		// (f(-h) + f(h))/2 - f(0) >= m h^2/2.
		slack := left.Add(right).Scale2(-1).Sub(middle).Sub(bigreal.Float(m).Mul(bigreal.Float(h * h)).Scale2(-1))
		if !slack.Unknown && slack.Hi.Sign() < 0 {
			return fmt.Errorf("check: modulus %v is too large along parameter %d", m, i)
		}
	}
	return nil
}
