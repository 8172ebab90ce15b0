package convexity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/internal/decimal"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A Kind is one of the three answers to "is it convex?".
type Kind string

// The answers.
const (
	Convex       Kind = "convex"       // proved
	NotConvex    Kind = "not-convex"   // certified by a counter-example
	Undetermined Kind = "undetermined" // neither was found
)

// A Verdict is the answer to "is this objective convex?", with what anyone needs
// to check it. It shows itself as a card in a notebook.
type Verdict struct {
	Kind            Kind
	Objective       string       // what was judged
	Proof           []Step       // of Convex, each step from those before
	StrongConvexity float64      // of Convex: L - m/2 |theta|^2 is convex for this m >= 0, certified
	Certificate     *Certificate // of NotConvex
	Tried           []Attempt    // what was looked at, in order

	// Of Undetermined: how far the search came. Both are rounded, no enclosures.
	BestGap            float64 // the largest L(ta+(1-t)b) - tL(a) - (1-t)L(b) that was seen
	SmallestEigenvalue float64 // the smallest eigenvalue of a Hessian that was seen; NaN for none

	subject *subject
	blocks  []nn.Block
	err     error
}

// A Certificate is a counter-example to the definition of convexity: the function at
// T*A + (1-T)*B is larger than T times that at A plus (1-T) times that at B, by a number
// in Gap, whose lower bound is positive. All of it holds in exact arithmetic.
type Certificate struct {
	A, B    []float64
	T       float64
	Gap     interval.Interval
	AtA     interval.Interval // L(A)
	AtB     interval.Interval
	Between interval.Interval // L(T*A + (1-T)*B)
	How     string            // how it was found
}

// An Attempt is one way of looking for a counter-example, and how far it came.
type Attempt struct {
	What       string
	Gap        float64 // the largest gap seen, rounded; NaN: none was computed
	Eigenvalue float64 // the smallest eigenvalue seen; NaN: none was computed
}

// String describes the attempt.
func (a Attempt) String() string {
	s := a.What
	if !math.IsNaN(a.Eigenvalue) {
		s += fmt.Sprintf("; smallest eigenvalue %.4g", a.Eigenvalue)
	}
	if !math.IsNaN(a.Gap) {
		s += fmt.Sprintf("; largest gap %.4g", a.Gap)
	}
	return s
}

// Err says why there is no verdict, or nil. A verdict that was interrupted carries what
// was tried until then as well.
func (v *Verdict) Err() error { return v.err }

// interrupted tells whether the search was, so that the verdict holds only what was tried until then.
func (v *Verdict) interrupted() bool {
	return errors.Is(v.err, context.Canceled) || errors.Is(v.err, context.DeadlineExceeded)
}

// String is the verdict in one sentence.
func (v *Verdict) String() string {
	if v.err != nil {
		return v.err.Error()
	}
	switch {
	case v.Kind == Convex:
		s := "convex: proved"
		if v.StrongConvexity > 0 {
			s = fmt.Sprintf("strongly convex with modulus at least %s: proved", atLeast(v.StrongConvexity, 4))
		}
		if len(v.Proof) == 1 {
			return s + " in 1 step"
		}
		return s + fmt.Sprintf(" in %d steps", len(v.Proof))
	case v.Kind == NotConvex && v.Certificate == nil:
		return "not convex, without a certificate"
	case v.Kind == NotConvex:
		c := v.Certificate
		where := "midpoint"
		if c.T != 0.5 {
			where = fmt.Sprintf("%.4g a + %.4g b", c.T, 1-c.T)
		}
		chord := c.chord()
		return fmt.Sprintf("not convex: L(%s) = %s > %s, certified", where, above(c.Between.Mid(), chord.Mid()), below(c.Between.Mid(), chord.Mid()))
	}
	if v.subject != nil && v.subject.why != "" {
		return fmt.Sprintf("undetermined: %s; the largest gap seen, in rounded arithmetic, is %.3g", v.subject.why, v.BestGap)
	}
	return fmt.Sprintf("undetermined: no proof, and no counter-example in %d attempts (largest gap %.3g)", len(v.Tried), v.BestGap)
}

// chord encloses T L(A) + (1-T) L(B).
func (c *Certificate) chord() interval.Interval {
	t := interval.Point(c.T)
	return t.Mul(c.AtA).Add(interval.Point(1).Sub(t).Mul(c.AtB))
}

// above and below write two numbers with as many digits as it takes to see them differ.
func above(x, y float64) string { s, _ := distinct(x, y); return s }
func below(x, y float64) string { _, s := distinct(x, y); return s }

func distinct(x, y float64) (string, string) {
	for digits := 3; digits < 17; digits++ {
		a, b := fmt.Sprintf("%.*g", digits, x), fmt.Sprintf("%.*g", digits, y)
		if a != b {
			return a, b
		}
	}
	return fmt.Sprint(x), fmt.Sprint(y)
}

// Explain is the whole verdict as text: the proof, or the counter-example, or what was tried.
func (v *Verdict) Explain() string {
	var s strings.Builder
	fmt.Fprintln(&s, v)
	for i, step := range v.Proof {
		fmt.Fprintf(&s, "%3d. %s is %s: %s\n", i+1, step.Of, step.Is, step.Rule)
	}
	if c := v.Certificate; c != nil {
		fmt.Fprintf(&s, "L(t a + (1-t) b) - t L(a) - (1-t) L(b) lies in %v for t = %v\n", c.Gap, c.T)
		fmt.Fprintf(&s, "found by: %s\n", c.How)
	}
	for _, a := range v.Tried {
		fmt.Fprintf(&s, "  tried: %v\n", a)
	}
	return s.String()
}

// MarshalJSON writes the verdict as `saddle judge` prints it. Numbers read back to the
// same bits. The points of a certificate are objects of named weights for a network
// and plain arrays for other functions. All keys are always there: strong_convexity is null but for a
// proof, certificate is null without one. A verdict that was interrupted is written as the undetermined one that it is.
func (v *Verdict) MarshalJSON() ([]byte, error) {
	if v.err != nil && !v.interrupted() {
		return nil, v.err
	}
	type certificate struct {
		A   any             `json:"a"`
		B   any             `json:"b"`
		T   decimal.Number  `json:"t"`
		Gap decimal.Numbers `json:"gap"`
	}
	out := struct {
		Verdict         Kind            `json:"verdict"`
		Proof           []Step          `json:"proof"`
		StrongConvexity *decimal.Number `json:"strong_convexity"`
		Certificate     *certificate    `json:"certificate"`
		Tried           []string        `json:"tried"`
	}{Verdict: v.Kind, Proof: append([]Step{}, v.Proof...), Tried: []string{}}
	if v.Kind == Convex {
		out.StrongConvexity = (*decimal.Number)(&v.StrongConvexity)
	}
	if c := v.Certificate; c != nil {
		out.Certificate = &certificate{weights(v.blocks, c.A), weights(v.blocks, c.B), decimal.Number(c.T), decimal.Numbers{c.Gap.Lo, c.Gap.Hi}}
	}
	for _, a := range v.Tried {
		out.Tried = append(out.Tried, a.String())
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // layers are written with ->
	err := encoder.Encode(out)
	return text.Bytes(), err
}

// weights is theta as a map of nested arrays with the keys of job files.
func weights(blocks []nn.Block, theta []float64) any {
	if blocks == nil {
		return decimal.Numbers(theta)
	}
	m := map[string]any{}
	for _, b := range blocks {
		m[b.Name] = nested(b.Shape, b.Of(theta))
	}
	return m
}

func nested(shape []int, x []float64) any {
	if len(shape) <= 1 {
		return decimal.Numbers(x)
	}
	rows := make([]any, shape[0])
	size := len(x) / shape[0]
	for i := range rows {
		rows[i] = nested(shape[1:], x[i*size:(i+1)*size])
	}
	return rows
}
