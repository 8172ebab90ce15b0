package convexity

import (
	"context"
	"errors"
	"fmt"

	"github.com/gosaddle/saddle/lossviz/convexity/check"
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
		return check.Modulus(ctx, function, p.Dim, v.StrongConvexity, p.Inside, 3)
	}
	return fmt.Errorf("convexity: %q is no verdict", v.Kind)
}
