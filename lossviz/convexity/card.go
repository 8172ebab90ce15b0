package convexity

import (
	"fmt"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// MIMEBundle shows the verdict as a card: the sentence, the definition with its numbers,
// and for a counter-example the loss along the segment with its chord.
func (v *Verdict) MIMEBundle() (map[string]any, error) {
	card, err := v.Card()
	if err != nil {
		return nil, err
	}
	bundle, err := card.MIMEBundle()
	if err != nil {
		return nil, fmt.Errorf("convexity: %w", err)
	}
	return bundle, nil
}

// Show writes the card to an HTML file and prints its path, for programs outside a notebook.
func (v *Verdict) Show() error {
	card, err := v.Card()
	if err != nil {
		return err
	}
	return card.Show()
}

// Card is the verdict as a figure. One that was interrupted shows what was tried until then.
func (v *Verdict) Card() (chart.Card, error) {
	if v.err != nil && !v.interrupted() {
		return chart.Card{}, v.err
	}
	card := chart.Card{
		Title:     "Is it convex?",
		Caption:   v.Objective,
		Statement: v.String(),
		Formula:   "L(t a + (1−t) b) ≤ t L(a) + (1−t) L(b)",
	}
	fact := func(name, format string, args ...any) {
		card.Facts = append(card.Facts, chart.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	switch v.Kind {
	case Convex:
		card.Verdict = chart.Convex
		card.Why = "Each step follows from those before by a rule that keeps convexity; nothing was sampled."
		for i, s := range v.Proof {
			fact(fmt.Sprintf("%d. %s", i+1, s.Rule), "%s: %s", s.Of, s.Is)
		}
		fact("strong convexity", "modulus %.6g", v.StrongConvexity)
	case NotConvex:
		c := v.Certificate
		card.Verdict = chart.NotConvex
		card.Formula = "L(t a + (1−t) b) > t L(a) + (1−t) L(b)"
		card.Why = "Two points break the definition, in exact arithmetic: the numbers are enclosed by intervals that were rounded outward. Found by " + c.How + "."
		chord := c.chord()
		fact("t", "%v", c.T)
		fact("L(a)", "%.10g", c.AtA.Mid())
		fact("L(b)", "%.10g", c.AtB.Mid())
		fact("t L(a) + (1−t) L(b)", "%.10g", chord.Mid())
		fact("L(t a + (1−t) b)", "%.10g", c.Between.Mid())
		fact("gap, at least", "%.10g", c.Gap.Lo)
		card.Line = v.segment(c)
	default:
		card.Verdict = chart.Undetermined
		card.Why = "No rule proves it, and no counter-example was found. That is no evidence either way."
		if v.interrupted() {
			card.Why = "No rule proves it, and no counter-example was found before the interrupt. That is no evidence either way."
		}
		for _, a := range v.Tried {
			fact("tried", "%v", a)
		}
	}
	return card, nil
}

// segment is the loss along a counter-example: a at 0, b at 1.
func (v *Verdict) segment(c *Certificate) *chart.Interpolation {
	if v.subject == nil {
		return nil
	}
	const points = 61
	line := &chart.Interpolation{Ends: [2]string{"a", "b"}, Bulge: &chart.Bulge{
		A: 0, B: 1, T: 1 - c.T, LossA: c.AtA.Mid(), LossB: c.AtB.Mid(), LossT: c.Between.Mid(),
	}}
	theta := make([]float64, len(c.A))
	for i := range points {
		s := float64(i) / (points - 1)
		for j := range theta {
			theta[j] = (1-s)*c.A[j] + s*c.B[j]
		}
		line.Alpha = append(line.Alpha, s)
		line.Train = append(line.Train, v.subject.objective.Value(theta))
	}
	return line
}
