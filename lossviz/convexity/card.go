package convexity

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// MIMEBundle shows the verdict as a card: the sentence, the definition with its numbers,
// and for a counter-example the loss along the segment with its chord.
func (v *Verdict) MIMEBundle() (map[string]any, error) {
	card, err := v.Card()
	if err != nil {
		return nil, err
	}
	return bundled(card)
}

// bundled is the bundle of a figure.
func bundled(figure interface {
	MIMEBundle() (map[string]any, error)
}) (map[string]any, error) {
	bundle, err := figure.MIMEBundle()
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
	switch {
	case v.Kind == Convex:
		card.Verdict = chart.Convex
		card.Why = "Each step follows from those before by a rule that keeps convexity; nothing was sampled."
		for i, s := range v.Proof {
			fact(fmt.Sprintf("%d. %s", i+1, s.Rule), "%s: %s", s.Of, s.Is)
		}
		if v.StrongConvexity > 0 || v.penalized() { // without a penalty nobody expects more than 0
			fact("strong convexity", "modulus at least %s", atLeast(v.StrongConvexity, 6))
		}
	case v.Kind == NotConvex && v.Certificate != nil:
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
		fact("gap, at least", "%s", atLeast(c.Gap.Lo, 10))
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

// penalized tells whether the proof has a penalty among its steps.
func (v *Verdict) penalized() bool {
	return slices.ContainsFunc(v.Proof, func(s Step) bool { return strings.Contains(s.Of, "penalty") })
}

// atLeast writes a lower bound with the given digits, rounded down: what is written is a bound, too.
func atLeast(x float64, digits int) string {
	for y := x; ; y -= math.Abs(x) * math.Pow(10, float64(-digits)) / 2 {
		s := fmt.Sprintf("%.*g", digits, y)
		if z, err := strconv.ParseFloat(s, 64); err != nil || !(z > x) {
			return s
		}
	}
}

// segment is the loss along a counter-example: a at 0, b at 1.
func (v *Verdict) segment(c *Certificate) *chart.Interpolation {
	if v.subject == nil {
		return nil
	}
	line := drawn(v.subject.objective, c.A, c.B)
	line.Bulge = &chart.Bulge{A: 0, B: 1, T: 1 - c.T, LossA: c.AtA.Mid(), LossB: c.AtB.Mid(), LossT: c.Between.Mid()}
	return line
}

// drawn is the loss on the segment from a to b, for a picture.
func drawn(loss landscape.Objective, a, b []float64) *chart.Interpolation {
	const points = 101
	line := &chart.Interpolation{Ends: [2]string{"a", "b"}}
	for i := range points {
		s := float64(i) / (points - 1)
		line.Alpha = append(line.Alpha, s)
		line.Train = append(line.Train, loss.Value(between(a, b, s)))
	}
	return line
}

// between is the point (1-s) a + s b, rounded.
func between(a, b []float64, s float64) []float64 {
	theta := make([]float64, len(a))
	for i := range theta {
		theta[i] = (1-s)*a[i] + s*b[i]
	}
	return theta
}

// shownAs is a verdict as cards colour it.
func shownAs(kind Kind) chart.Verdict {
	switch kind {
	case Convex:
		return chart.Convex
	case NotConvex:
		return chart.NotConvex
	}
	return chart.Undetermined
}

// MIMEBundle draws the loss along the line with what was decided, before an interrupt too.
func (v *LineVerdict) MIMEBundle() (map[string]any, error) {
	if v.err != nil && v.Pieces == nil {
		return nil, v.err
	}
	loss := v.subject.objective
	card := chart.Card{Title: "Is it convex on this line?", Caption: v.what, Verdict: shownAs(v.Kind), Statement: v.String(),
		Formula: "f(s) = L(a + s (b − a)), 0 ≤ s ≤ 1", Line: drawn(loss, v.a, v.b)}
	card.Line.XName = "s"
	for _, p := range v.Joined() {
		how := map[Bend]string{Up: "bends up", Down: "bulges", Either: "not decided"}[p.Bend]
		card.Facts = append(card.Facts, chart.Fact{Name: how, Value: fmt.Sprintf("s from %.5g to %.5g, f″ in [%.3g, %.3g]", p.From, p.To, p.Second.Lo, p.Second.Hi)})
		if len(card.Facts) == maxFacts {
			break
		}
	}
	if v.Kind == NotConvex {
		at := func(s float64) float64 { return loss.Value(between(v.a, v.b, s)) }
		t := (v.From + v.To) / 2
		card.Line.Bulge = &chart.Bulge{A: v.From, B: v.To, T: t, LossA: at(v.From), LossB: at(v.To), LossT: at(t)}
	}
	return bundled(card)
}

// maxFacts is how many pieces or eigenvalues a card lists.
const maxFacts = 12

// MIMEBundle draws the loss along the line with where it turns, or with the three points that say that it does so twice.
func (v *QuasiVerdict) MIMEBundle() (map[string]any, error) {
	if v.err != nil {
		return nil, v.err
	}
	loss := v.subject.objective
	card := chart.Card{Title: "Is it quasi-convex on this line?", Caption: v.what, Verdict: shownAs(v.Kind), Statement: v.String(),
		Formula: "f(s) ≤ max(f(r), f(t)) for r ≤ s ≤ t, f(s) = L(a + s (b − a))", Line: drawn(loss, v.a, v.b)}
	card.Line.XName, card.Line.NoChord = "s", true
	switch v.Kind {
	case Convex:
		card.Badge = "quasi-convex"
		card.Facts = append(card.Facts, chart.Fact{Name: "turns within", Value: fmt.Sprintf("s from %.6g to %.6g", v.Turn.Lo, v.Turn.Hi)})
	case NotConvex:
		card.Badge = "not quasi-convex"
		for _, s := range v.At {
			card.Facts = append(card.Facts, chart.Fact{Name: fmt.Sprintf("f(%.4g)", s), Value: fmt.Sprintf("%.10g", loss.Value(between(v.a, v.b, s)))})
		}
		card.Facts = append(card.Facts, chart.Fact{Name: "above both, at least", Value: atLeast(v.Gap.Lo, 10)})
	}
	return bundled(card)
}

// MIMEBundle shows the enclosed eigenvalues.
func (v *PointVerdict) MIMEBundle() (map[string]any, error) {
	if v.err != nil {
		return nil, v.err
	}
	card := chart.Card{Title: "Is it convex near this point?", Caption: v.what, Verdict: shownAs(v.Kind), Statement: v.String(),
		Formula: "every eigenvalue of the Hessian of L at θ is ≥ 0",
		Facts:   []chart.Fact{{Name: "L(θ)", Value: fmt.Sprintf("in [%.10g, %.10g]", v.Value.Lo, v.Value.Hi)}}}
	for i, e := range v.Eigenvalues {
		if i == maxFacts && len(v.Eigenvalues) > maxFacts+1 {
			card.Facts = append(card.Facts, chart.Fact{Name: "and", Value: fmt.Sprintf("%d larger ones", len(v.Eigenvalues)-i)})
			break
		}
		card.Facts = append(card.Facts, chart.Fact{Name: fmt.Sprintf("eigenvalue %d", i+1), Value: fmt.Sprintf("in [%.10g, %.10g]", e.Lo, e.Hi)})
	}
	return bundled(card)
}

// MIMEBundle shows the enclosure of the smallest eigenvalue.
func (v *BoxVerdict) MIMEBundle() (map[string]any, error) {
	if v.err != nil {
		return nil, v.err
	}
	card := chart.Card{Title: "Is it convex on this box?", Caption: v.what, Verdict: shownAs(v.Kind), Statement: v.String(),
		Formula: "every eigenvalue of the Hessian of L is ≥ 0 for lo ≤ θ ≤ hi",
		Facts:   []chart.Fact{{Name: "boxes", Value: fmt.Sprint(v.Boxes)}}}
	if v.Kind != Undetermined {
		card.Facts = append(card.Facts, chart.Fact{Name: "smallest eigenvalue", Value: fmt.Sprintf("in [%.10g, %.10g]", v.Smallest.Lo, v.Smallest.Hi)})
	}
	if v.Kind == NotConvex {
		at := fmt.Sprintf("%.6g", v.At[:min(len(v.At), 6)])
		if len(v.At) > 6 {
			at += fmt.Sprintf(" and %d more", len(v.At)-6)
		}
		card.Facts = append(card.Facts, chart.Fact{Name: "at", Value: at})
	}
	return bundled(card)
}

// MIMEBundle draws the cells by what was decided: open are also those not reached before an interrupt.
func (v *SliceVerdict) MIMEBundle() (map[string]any, error) {
	if v.err != nil && v.Cells == nil {
		return nil, v.err
	}
	cells := chart.Decision{Title: "Where is the slice convex?", XName: "x", YName: "y", Classes: []string{"bulges", "open", "convex"}, Caption: v.what + ": " + v.String() + "."}
	middles := func(edges []float64) (m []float64) {
		for i := range edges[1:] {
			m = append(m, (edges[i]+edges[i+1])/2)
		}
		return m
	}
	cells.X, cells.Y = middles(v.X), middles(v.Y)
	for _, row := range v.Cells {
		var z []float64
		for _, c := range row {
			z = append(z, map[Bend]float64{Down: 0, Either: 1, Up: 2}[c])
		}
		cells.P = append(cells.P, z)
	}
	return bundled(cells)
}
