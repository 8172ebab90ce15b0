package convexity

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// Read reads a verdict that was written as JSON, by `saddle judge` or json.Marshal, about loss. Nothing in it
// is believed: call Verify to check it against the loss. Text that is no such verdict, or whose weights do not
// have the loss's keys and shapes, is an error of the result.
func Read(text []byte, loss landscape.Objective) *Verdict {
	v := &Verdict{Kind: Undetermined, BestGap: math.Inf(-1), SmallestEigenvalue: math.NaN()}
	s, err := newSubject(context.Background(), loss)
	if err != nil {
		v.err = err
		return v
	}
	v.subject, v.Objective = s, describe(loss)
	if s.network != nil {
		v.blocks = s.network.Net.Blocks()
	}
	var file struct {
		Verdict         Kind
		Proof           []Step
		StrongConvexity float64 `json:"strong_convexity"`
		Certificate     *struct {
			A, B json.RawMessage
			T    float64
			Gap  [2]float64
		}
		Tried []string
	}
	if err := json.Unmarshal(text, &file); err != nil {
		v.err = fmt.Errorf("convexity: reading a verdict: %w", err)
		return v
	}
	switch {
	case file.Verdict != Convex && file.Verdict != NotConvex && file.Verdict != Undetermined:
		v.err = fmt.Errorf("convexity: reading a verdict: %q is none of convex, not-convex, undetermined", file.Verdict)
		return v
	case file.Verdict == NotConvex && file.Certificate == nil:
		v.err = fmt.Errorf("convexity: reading a verdict: not-convex without a certificate")
		return v
	}
	v.Kind, v.Proof, v.StrongConvexity = file.Verdict, file.Proof, file.StrongConvexity
	for _, what := range file.Tried {
		v.Tried = append(v.Tried, Attempt{What: what, Gap: math.NaN(), Eigenvalue: math.NaN()})
	}
	if c := file.Certificate; c != nil {
		v.Certificate = &Certificate{T: c.T, Gap: interval.Interval{Lo: c.Gap[0], Hi: c.Gap[1]}, How: "read from a file"}
		for name, x := range map[string]struct {
			from json.RawMessage
			to   *[]float64
		}{"a": {c.A, &v.Certificate.A}, "b": {c.B, &v.Certificate.B}} {
			if *x.to, err = readWeights(x.from, v.blocks, loss.Dim()); err != nil {
				v.err = fmt.Errorf("convexity: reading a verdict: point %s: %w", name, err)
				return v
			}
		}
		v.fill()
	}
	return v
}

// fill computes the values at the points of a certificate that was read, for showing it.
func (v *Verdict) fill() {
	if v.subject.problem == nil || !v.subject.problem.Inside(v.Certificate.A) || !v.subject.problem.Inside(v.Certificate.B) {
		return
	}
	set, stop := newSettings(nil)
	defer stop()
	c, err := v.subject.certify(set.ctx, v.Certificate.A, v.Certificate.B, v.Certificate.T)
	if err != nil {
		v.err = fmt.Errorf("convexity: interrupted: %w", err)
		return
	}
	v.Certificate.AtA, v.Certificate.AtB, v.Certificate.Between = c.AtA, c.AtB, c.Between
}

// readWeights is the inverse of weights.
func readWeights(text json.RawMessage, blocks []nn.Block, dim int) ([]float64, error) {
	if blocks == nil {
		var theta []float64
		if err := json.Unmarshal(text, &theta); err != nil {
			return nil, err
		}
		if len(theta) != dim {
			return nil, fmt.Errorf("%d numbers for %d variables", len(theta), dim)
		}
		return theta, nil
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal(text, &named); err != nil {
		return nil, err
	}
	theta := make([]float64, dim)
	for _, b := range blocks {
		part, ok := named[b.Name]
		if !ok {
			return nil, fmt.Errorf("no %q", b.Name)
		}
		if err := unnest(part, b.Shape, b.Of(theta)); err != nil {
			return nil, fmt.Errorf("%q: %w", b.Name, err)
		}
		delete(named, b.Name)
	}
	for name := range named {
		return nil, fmt.Errorf("the network has no %q", name)
	}
	return theta, nil
}

// unnest reads nested arrays of the given shape into x.
func unnest(text json.RawMessage, shape []int, x []float64) error {
	if len(shape) == 0 {
		return json.Unmarshal(text, &x[0])
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil {
		return err
	}
	if len(rows) != shape[0] {
		return fmt.Errorf("%d entries where the shape is %v", len(rows), shape)
	}
	size := len(x) / shape[0]
	for i, row := range rows {
		if err := unnest(row, shape[1:], x[i*size:(i+1)*size]); err != nil {
			return err
		}
	}
	return nil
}
