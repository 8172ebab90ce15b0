package spectrum

import (
	"errors"
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// An EscapeRun compares two descents from beside a saddle: one that starts with a random step of
// length Nudge, and one that starts with a step of that length along the direction of most negative curvature.
type EscapeRun struct {
	Lowest        Pair      // the smallest eigenvalue at the saddle and its direction
	Random, Along []float64 // the losses, step by step
	End           []float64 // where the second one ended
	Nudge         float64

	err error
}

// Err says what went wrong, or nil.
func (e *EscapeRun) Err() error {
	if e == nil {
		return errNil
	}
	if e.err == nil && len(e.Along) == 0 {
		return errors.New("spectrum: there are no descents: they were not made by Escape")
	}
	return e.err
}

// Left returns after how many steps each run was below the saddle by a tenth of what it gained in the end, -1 for never.
func (e *EscapeRun) Left() (random, along int) {
	if e == nil || len(e.Random) == 0 || len(e.Along) == 0 {
		return -1, -1
	}
	left := func(losses []float64) int {
		target := losses[0] - 0.1*(losses[0]-e.Along[len(e.Along)-1])
		for i, l := range losses {
			if l < target {
				return i
			}
		}
		return -1
	}
	return left(e.Random), left(e.Along)
}

// String is the comparison in one line.
func (e *EscapeRun) String() string {
	if err := e.Err(); err != nil {
		return err.Error()
	}
	random, along := e.Left()
	return fmt.Sprintf("saddle with smallest eigenvalue %.4g: gradient descent leaves it after %d steps along the negative direction, after %d from a random step of the same length (-1: not yet)",
		e.Lowest.Value, along, random)
}

// MIMEBundle draws both descents.
func (e *EscapeRun) MIMEBundle() (map[string]any, error) {
	if err := e.Err(); err != nil {
		return nil, err
	}
	steps := make([]float64, len(e.Along))
	for i := range steps {
		steps[i] = float64(i)
	}
	return shown(chart.Line{Title: "Leaving a saddle", Caption: e.String(),
		X:      chart.Axis{Name: "step"},
		Y:      chart.Axis{Name: "loss"},
		Curves: []chart.Curve{{Name: "from a random step", X: steps, Y: e.Random}, {Name: "along the negative direction", X: steps, Y: e.Along}}})
}

// Escape runs gradient descent for Steps (200) steps from beside saddle, with the rate 1/L for the largest eigenvalue
// size L there: once after a random step of length nudge, once after one of that length
// along the eigenvector of the smallest eigenvalue. Where that is not negative there is nothing to follow, an error.
func Escape(obj landscape.Objective, saddle []float64, nudge float64, opts ...Option) *EscapeRun {
	e := &EscapeRun{Nudge: nudge}
	s, f, stop, err := prepare(obj, saddle, opts)
	if err != nil {
		e.err = err
		return e
	}
	defer stop()
	if !(nudge > 0) || math.IsInf(nudge, 0) {
		e.err = fmt.Errorf("spectrum: Escape needs a positive step, got %v", nudge)
		return e
	}
	h := landscape.NewCurvature(f)
	h.At(saddle)
	low, high, err := Ends(s.ctx, h.HessianVector, len(saddle), 1, 1, s.tolerance, 0, s.seed)
	if err != nil {
		e.err = fmt.Errorf("spectrum: Escape: %w", err)
		return e
	}
	e.Lowest = low[0]
	if !(e.Lowest.Value < -e.Lowest.Residual) {
		e.err = fmt.Errorf("spectrum: the smallest eigenvalue there is %.4g: no negative direction to leave along", e.Lowest.Value)
		return e
	}
	rate := 1 / math.Max(math.Abs(low[0].Value), math.Abs(high[0].Value))
	steps := 200
	if s.steps > 0 {
		steps = s.steps
	}
	descend := func(direction []float64) (losses, end []float64) {
		x, g := append([]float64(nil), saddle...), make([]float64, len(saddle))
		axpy(x, nudge, direction)
		for range steps {
			losses = append(losses, f.Gradient(g, x))
			axpy(x, -rate, g)
			if s.ctx.Err() != nil {
				break
			}
		}
		return append(losses, f.Value(x)), x
	}
	e.Random, _ = descend(start(len(saddle), s.seed+1))
	e.Along, e.End = descend(e.Lowest.Vector)
	if err := s.ctx.Err(); err != nil {
		e.err = fmt.Errorf("spectrum: interrupted after %d steps: %w", len(e.Along), err)
	}
	return e
}
