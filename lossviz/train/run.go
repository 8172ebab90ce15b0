package train

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// A Run is a training: where it began, how the loss went, where it ended.
type Run struct {
	name    string
	start   []float64
	end     []float64
	losses  []float64
	rates   []float64
	norms   []float64
	points  [][]float64
	steps   []int // step of each of points
	every   int
	step    int
	planned int
	batches string // how samples were drawn; "" for all at each step
	stopped string
	seconds float64

	testSteps []float64
	test      []float64
	trainAcc  []float64
	testAcc   []float64

	err error
}

// Err says why the run is not what was asked for, or nil: bad arguments, an interrupt or
// the end of its context (it then wraps context.Canceled or DeadlineExceeded), or divergence (it then wraps [ErrDiverged]). What was
// found until then is there.
func (r *Run) Err() error {
	if r == nil {
		return errors.New("train: the run is nil")
	}
	return r.err
}

// ErrDiverged is wrapped by the error of a run whose loss ceased to be finite or grew
// beyond all bounds.
var ErrDiverged = errors.New("diverged")

// Label names the run in figures, e.g. "Adam, rate 0.1".
func (r *Run) Label() string { return r.name }

// Start returns the parameters that the run began with.
func (r *Run) Start() []float64 { return r.start }

// End returns the parameters that it ended with: the last finite ones.
func (r *Run) End() []float64 { return r.end }

// Losses returns the loss before each step and after the last: Losses()[0] is the loss
// at Start. With mini-batches these are the losses of the batches, except the last,
// which is of all data.
func (r *Run) Losses() []float64 { return r.losses }

// Loss returns the loss at End.
func (r *Run) Loss() float64 {
	if len(r.losses) == 0 {
		return math.NaN()
	}
	return r.losses[len(r.losses)-1]
}

// GradientNorm returns the norm of the last gradient that was computed.
func (r *Run) GradientNorm() float64 {
	if len(r.norms) == 0 {
		return math.NaN()
	}
	return r.norms[len(r.norms)-1]
}

// Steps returns the number of steps taken.
func (r *Run) Steps() int { return r.step }

// Trajectory returns the parameters along the way, the first being Start and the last
// End. See [Keep] for how many there are; TrajectorySteps tells the step of each.
func (r *Run) Trajectory() [][]float64 { return r.points }

// TrajectorySteps returns the step of each point of the trajectory.
func (r *Run) TrajectorySteps() []int { return r.steps }

// Stopped says why the run ended, e.g. "all 500 steps taken".
func (r *Run) Stopped() string { return r.stopped }

// String gives the run's numbers in words.
func (r *Run) String() string {
	if r == nil || len(r.losses) == 0 {
		return r.Err().Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: loss %.6g -> %.6g in %d steps", r.name, r.losses[0], r.Loss(), r.step)
	if r.stopped != "" {
		fmt.Fprintf(&b, " (%s)", r.stopped)
	}
	fmt.Fprintf(&b, "\n  gradient norm %.3g; %d points of the trajectory kept", r.GradientNorm(), len(r.points))
	if n := len(r.testAcc); n > 0 && !math.IsNaN(r.testAcc[n-1]) {
		fmt.Fprintf(&b, "\n  test accuracy %.2f %%", 100*r.testAcc[n-1])
	}
	if r.err != nil {
		b.WriteString("\n  " + r.err.Error())
	}
	return b.String()
}

// Figure is the training curve, to be changed or saved.
func (r *Run) Figure() chart.TrainingCurve {
	f := chart.TrainingCurve{Title: r.name, Caption: r.caption()}
	f.Train, f.Rate = thin(r.losses), thin(r.rates)
	f.Steps = make([]float64, len(f.Train))
	stride := thinning(len(r.losses))
	for i := range f.Steps {
		f.Steps[i] = float64(min(i*stride, len(r.losses)-1))
	}
	if len(f.Rate) != len(f.Train) {
		f.Rate = nil
	}
	f.TestSteps, f.Test, f.TrainAccuracy, f.TestAccuracy = r.testSteps, r.test, r.trainAcc, r.testAcc
	return f
}

// Figures draw at most about this many points of a run.
const figurePoints = 1500

func thinning(n int) int { return max(1, (n+figurePoints-1)/figurePoints) }

// thin takes every k-th number, and the last.
func thin(v []float64) []float64 {
	k := thinning(len(v))
	if k == 1 {
		return v
	}
	out := make([]float64, 0, len(v)/k+2)
	for i := 0; i < len(v); i += k {
		out = append(out, v[i])
	}
	if (len(v)-1)%k != 0 {
		out = append(out, v[len(v)-1])
	}
	return out
}

func (r *Run) caption() string {
	if len(r.losses) == 0 {
		return ""
	}
	if r.stopped == "" { // it is still going on
		return fmt.Sprintf("Loss %.4g after %d of %d steps.", r.Loss(), r.step, r.planned)
	}
	drawn := ""
	if r.batches != "" {
		drawn = r.batches + "; "
	}
	return fmt.Sprintf("Loss %.4g after %d steps: %s; %s%.2g s.", r.Loss(), r.step, r.stopped, drawn, r.seconds)
}

// MIMEBundle shows the run in a notebook as its loss curve.
func (r *Run) MIMEBundle() (map[string]any, error) {
	if r == nil || len(r.losses) == 0 {
		return nil, r.Err()
	}
	b, err := r.Figure().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = r.String()
	return b, nil
}

// Show displays the run while a cell runs; outside a notebook it writes an HTML file and
// prints its path.
func (r *Run) Show() error {
	if r == nil || len(r.losses) == 0 {
		return r.Err()
	}
	return r.Figure().Show()
}
