package convexity

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/convexity/check"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/spectrum"
)

func (v *Verdict) verify(ctx context.Context) error {
	if v.Kind == Undetermined {
		return nil
	}
	if v.subject == nil || v.subject.problem == nil {
		return errors.New("convexity: the verdict does not say what it is about; judge again")
	}
	p := v.subject.problem
	formula := check.Formula{Dim: p.Dim}
	for _, t := range p.Terms {
		formula.Terms = append(formula.Terms, check.Term{Expr: t.Expr, Weight: [2]float64{t.Weight.Lo, t.Weight.Hi}, Rows: t.Rows})
	}
	var function check.Function = formula
	if n := v.subject.network; n != nil {
		function = check.NetworkLoss{Net: n.Net, Loss: n.Loss, Data: n.Data, L1: n.L1, L2: n.L2}
	}
	switch v.Kind {
	case NotConvex:
		c := v.Certificate
		if c == nil {
			return errors.New("convexity: no certificate")
		}
		if len(c.A) != p.Dim || len(c.B) != p.Dim {
			return fmt.Errorf("convexity: the certificate's points have %d and %d parameters, not %d", len(c.A), len(c.B), p.Dim)
		}
		if !p.Inside(c.A) || !p.Inside(c.B) {
			return errors.New("convexity: a point of the certificate is outside the function's domain")
		}
		return check.NotConvex(ctx, function, check.CounterExample{A: c.A, B: c.B, T: c.T, Gap: [2]float64{c.Gap.Lo, c.Gap.Hi}})
	case Convex:
		if err := check.Convex(formula); err != nil {
			return err
		}
		if v.subject.network != nil {
			if err := check.Same(ctx, formula, function, 1, 1); err != nil {
				return err
			}
		}
		return check.Modulus(ctx, function, v.StrongConvexity, v.subject.flat(ctx))
	}
	return fmt.Errorf("convexity: %q is no verdict", v.Kind)
}

// flat lists segments on which a strongly convex function may bend up the least, long ones where the domain has room: along
// the last parameters, which are biases, and along the eigenvectors of the smallest Hessian eigenvalues near 0 and far out.
func (s *subject) flat(ctx context.Context) [][2][]float64 {
	const long = 4096
	p := s.problem
	middle := p.Inner()
	var segments [][2][]float64
	add := func(direction []float64) {
		h := float64(long)
		for i, d := range p.Domain { // to 63/64 of the way to its edges, for the rounding of both ends
			if direction[i] != 0 {
				h = math.Min(h, math.Min(middle[i]-d.Lo, d.Hi-middle[i])/math.Abs(direction[i])*(63.0/64))
			}
		}
		a, b := moved(middle, direction, -h), moved(middle, direction, h)
		if p.Inside(a) && p.Inside(b) {
			segments = append(segments, [2][]float64{a, b})
		}
	}
	for i := max(0, p.Dim-3); i < p.Dim; i++ {
		axis := make([]float64, p.Dim)
		axis[i] = 1
		add(axis)
	}
	far := make([]float64, p.Dim)
	for i := range far {
		far[i] = long * math.Cos(float64(i*i+1))
	}
	h := landscape.NewCurvature(landscape.Differentiate(s.objective))
	for _, at := range [][]float64{middle, far} {
		if !p.Inside(at) {
			continue
		}
		h.At(at)
		if low, _, err := spectrum.Ends(ctx, h.HessianVector, p.Dim, 1, 0, 1e-6, 60, 1); err == nil && len(low) > 0 {
			add(low[0].Vector)
		}
	}
	return segments
}
