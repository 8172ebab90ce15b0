package enclose

import (
	"context"
	"math"
	"slices"

	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

// maxDense is the largest dimension for which a full Hessian of the data's part is worth
// having for the modulus.
const maxDense = 64

// StrongConvexity returns a certified m >= 0 such that L - m/2 |theta|^2 is convex, for an L
// that is convex by the rules. It is the smallest eigenvalue, rounded down, of the constant Hessian of
// those terms that are quadratic; the other terms are convex and count as 0. So an
// unpenalized bias of a logistic loss gives 0.
func (p *Problem) StrongConvexity(ctx context.Context) float64 {
	q := &Problem{Dim: p.Dim}
	diagonal := make([]interval.Interval, p.Dim)
	onlySquares := true
	for _, t := range p.Terms {
		for _, part := range addends(t.Expr, t.Weight) {
			if !quadratic(part.Expr) || !part.Expr.Curvature.IsConvex() || part.Weight.Lo < 0 {
				continue
			}
			if len(t.Rows) == 1 && squares(part.Expr, part.Weight, diagonal) {
				continue
			}
			onlySquares = false
			part.Name, part.Rows = t.Name, t.Rows
			q.Terms = append(q.Terms, part)
		}
	}
	least := math.Inf(1)
	for _, d := range diagonal {
		least = math.Min(least, d.Lo)
	}
	if onlySquares || p.Dim > maxDense {
		return math.Max(0, least)
	}
	if q.prepare(ctx) != nil {
		return math.Max(0, least)
	}
	_, _, hess, err := q.Hessian(ctx, Points(p.Inner())) // the same everywhere in the domain
	if err != nil {
		return math.Max(0, least)
	}
	for i, d := range diagonal {
		hess[i*p.Dim+i] = hess[i*p.Dim+i].Add(d)
	}
	if values, ok := Eigenvalues(hess, p.Dim); ok {
		least = math.Max(least, values[0].Lo)
	}
	return math.Max(0, least)
}

// Inner is a point within the domain, off its edges where it has an inside.
func (p *Problem) Inner() []float64 {
	theta := make([]float64, p.Dim)
	for i, d := range p.Domain {
		switch {
		case d.Bounded():
			theta[i] = d.Mid()
		case d.Lo > math.Inf(-1):
			theta[i] = d.Lo + 1
		case d.Hi < math.Inf(1):
			theta[i] = d.Hi - 1
		}
	}
	return theta
}

// maxAddends bounds the terms that a sum is split into: a part that occurs twice in one that occurs twice, and so
// on, makes more than there is room for.
const maxAddends = 1 << 16

// addends splits a formula into the terms of its sum, each with its factor, where the rules allow
// to say that each is convex; nil if there are too many.
func addends(e *expr.Expr, weight interval.Interval) []*Term {
	var list []*Term
	parts := 0
	var split func(e *expr.Expr, weight interval.Interval)
	split = func(e *expr.Expr, weight interval.Interval) {
		switch parts++; {
		case parts > maxAddends:
		case e.Op == expr.OpSum:
			for _, a := range e.Args {
				split(a, weight)
			}
		case e.Op == expr.OpDot && (len(e.Args) > 2 || len(e.Args) == 2 && nonnegative(e.Args[0])):
			for k := 0; k < len(e.Args); k += 2 {
				u, v := e.Args[k], e.Args[k+1]
				if nonnegative(u) {
					split(v, weight.Mul(u.Value))
				} else {
					list = append(list, &Term{Expr: expr.Product(u, v), Weight: weight})
				}
			}
		default:
			list = append(list, &Term{Expr: e, Weight: weight})
		}
	}
	split(e, weight)
	if parts > maxAddends {
		return nil
	}
	return list
}

// nonnegative tells whether a formula is a constant that is not negative.
func nonnegative(e *expr.Expr) bool { return e.Op == expr.OpConst && e.Value.Lo >= 0 }

// quadratic reports whether a formula is a polynomial of degree 2 at most.
func quadratic(e *expr.Expr) bool {
	known := map[*expr.Expr]bool{}
	var of func(e *expr.Expr) bool
	of = func(e *expr.Expr) bool {
		if is, ok := known[e]; ok {
			return is
		}
		is := affine(e)
		switch {
		case is:
		case e.Op == expr.OpSum:
			is = !slices.ContainsFunc(e.Args, func(a *expr.Expr) bool { return !of(a) })
		case e.Op == expr.OpSquare:
			is = affine(e.Args[0])
		case e.Op == expr.OpDot:
			is = true
			for k := 0; k < len(e.Args); k += 2 {
				u, v := e.Args[k], e.Args[k+1]
				constant := u.Curvature == expr.Constant && of(v) || v.Curvature == expr.Constant && of(u)
				is = is && (constant || affine(u) && affine(v))
			}
		}
		known[e] = is
		return is
	}
	return of(e)
}

func affine(e *expr.Expr) bool {
	return e.Curvature == expr.Constant || e.Curvature == expr.Affine
}

// squares adds weight times the second derivatives of a sum of squares of single
// variables to diagonal; false, and nothing added, if the formula is anything else.
func squares(e *expr.Expr, weight interval.Interval, diagonal []interval.Interval) bool {
	add := func(v *expr.Expr) {
		diagonal[v.Index] = diagonal[v.Index].Add(weight.Scale(2))
	}
	switch {
	case affine(e):
		return true
	case e.Op == expr.OpSquare && e.Args[0].Op == expr.OpVar:
		add(e.Args[0])
		return true
	case e.Op == expr.OpDot:
		for k := 0; k < len(e.Args); k += 2 {
			if e.Args[k] != e.Args[k+1] || e.Args[k].Op != expr.OpVar {
				return false
			}
		}
		for k := 0; k < len(e.Args); k += 2 {
			add(e.Args[k])
		}
		return true
	}
	return false
}
