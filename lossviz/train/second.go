package train

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/optimize"

	"github.com/gosaddle/saddle/lossviz/landscape"
)

// LBFGS is the limited-memory quasi-Newton method with a line search (gonum's
// optimize.LBFGS). It ends when the gradient's norm is 1e-8 ([Tolerance] changes that),
// and uses all data in each step.
func LBFGS(loss landscape.Objective, start []float64, opts ...Option) *Run {
	c := newConfig(append([]Option{Tolerance(1e-8)}, opts...))
	rec := begin(loss, start, c, "L-BFGS")
	defer rec.finish()
	if rec.run.err != nil {
		return rec.run
	}
	if c.batch > 0 {
		rec.run.err = errors.New("train: L-BFGS: its line search needs the same loss at every step: no mini-batches")
		return rec.run
	}
	obj := landscape.Differentiate(loss)
	// gonum asks for value and gradient one after the other, at the same point, in
	// goroutines of its own: a panic there could not be caught here.
	var panicked any
	at := make([]float64, len(start))
	grad := make([]float64, len(start))
	value, known := 0.0, false
	evaluate := func(x []float64) {
		defer func() {
			if p := recover(); p != nil {
				panicked = p
				value = math.NaN()
			}
		}()
		if known && equal(at, x) {
			return
		}
		copy(at, x)
		known = true
		value = obj.Gradient(grad, x)
	}
	evaluate(start)
	if panicked != nil {
		rec.run.err = fmt.Errorf("train: L-BFGS: the objective panicked at the start: %v", panicked)
		return rec.run
	}
	if !rec.add(0, start, value, length(grad), c.rate) {
		return rec.run
	}
	problem := optimize.Problem{
		Func: func(x []float64) float64 { evaluate(x); return value },
		Grad: func(g, x []float64) { evaluate(x); copy(g, grad) },
		Status: func() (optimize.Status, error) {
			if panicked != nil {
				return optimize.Failure, fmt.Errorf("the objective panicked: %v", panicked)
			}
			if rec.ctx.Err() != nil {
				return optimize.Failure, errStopped
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := &optimize.Settings{
		GradientThreshold: math.NaN(), // the recorder decides
		Converger:         optimize.NeverTerminate{},
		Recorder: recorderFunc(func(l *optimize.Location, op optimize.Operation, _ *optimize.Stats) error {
			if op != optimize.MajorIteration || equal(l.X, rec.run.end) {
				return nil
			}
			step := rec.run.step + 1
			if !rec.add(step, l.X, l.F, length(l.Gradient), c.rate) {
				return errStopped
			}
			if step >= c.steps {
				rec.run.stopped = fmt.Sprintf("all %d steps taken", c.steps)
				return errStopped
			}
			return nil
		}),
	}
	if c.steps == 0 {
		rec.run.stopped = "all 0 steps taken"
		return rec.run
	}
	_, err := optimize.Minimize(problem, start, settings, &optimize.LBFGS{})
	run := rec.run
	switch {
	case panicked != nil:
		run.err = fmt.Errorf("train: L-BFGS: the objective panicked after step %d: %v", run.step, panicked)
	case rec.ctx.Err() != nil && run.err == nil:
		rec.interrupted()
	case run.stopped != "" || run.err != nil:
	case err != nil && !errors.Is(err, errStopped):
		// The line search cannot improve: at a minimum to rounding, at a kink, or where
		// the loss is not finite. It is the end of the way, not a failure.
		run.stopped = fmt.Sprintf("no lower point along the search direction (%v); gradient norm %.3g", err, run.GradientNorm())
	}
	return run
}

// errStopped ends gonum's loop from the recorder.
var errStopped = errors.New("stopped")

type recorderFunc func(*optimize.Location, optimize.Operation, *optimize.Stats) error

func (recorderFunc) Init() error { return nil }

func (f recorderFunc) Record(l *optimize.Location, op optimize.Operation, s *optimize.Stats) error {
	return f(l, op, s)
}

func equal(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// NewtonCG is Newton's method with the step found by conjugate gradients from exact
// Hessian-vector products, truncated as in Nocedal and Wright (Numerical Optimization,
// 2nd ed., algorithm 7.1), and a backtracking line search. Where the curvature is
// negative it goes down along that direction. It ends when the gradient's norm is 1e-8
// ([Tolerance] changes that), and uses all data in each step.
func NewtonCG(loss landscape.Objective, start []float64, opts ...Option) *Run {
	c := newConfig(append([]Option{Tolerance(1e-8), Steps(100)}, opts...))
	rec := begin(loss, start, c, "Newton-CG")
	defer rec.finish()
	if rec.run.err != nil {
		return rec.run
	}
	if c.batch > 0 {
		rec.run.err = errors.New("train: Newton-CG: it needs the same loss at every step: no mini-batches")
		return rec.run
	}
	obj := landscape.Differentiate(loss)
	n := len(start)
	theta := append([]float64(nil), start...)
	grad, next := make([]float64, n), make([]float64, n)
	rec.guard(func() {
		for step := 0; ; step++ {
			value := obj.Gradient(grad, theta)
			if !rec.add(step, theta, value, length(grad), c.rate) {
				return
			}
			if step == c.steps {
				rec.run.stopped = fmt.Sprintf("all %d steps taken", c.steps)
				return
			}
			d, ok := newtonDirection(obj, theta, grad, func() bool { return rec.ctx.Err() != nil })
			if !ok {
				rec.interrupted()
				return
			}
			slope := inner(grad, d)
			t, found := 1.0, false
			for range 60 {
				for i := range next {
					next[i] = theta[i] + t*d[i]
				}
				if v := obj.Value(next); v <= value+1e-4*t*slope {
					found = true
					break
				}
				t /= 2
			}
			if !found || equal(next, theta) {
				rec.run.stopped = fmt.Sprintf("no lower point along Newton's direction; gradient norm %.3g", length(grad))
				return
			}
			copy(theta, next)
		}
	})
	return rec.run
}

// newtonDirection solves H d = -grad approximately. It is a descent direction whatever H
// is, and false if stop became true.
func newtonDirection(obj landscape.TwiceDifferentiable, theta, grad []float64, stop func() bool) ([]float64, bool) {
	n := len(grad)
	d, r, p, hp := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	h := landscape.NewCurvature(obj)
	h.At(theta)
	norm := length(grad)
	tol := min(0.5, math.Sqrt(norm)) * norm // superlinear convergence
	for i, g := range grad {
		r[i], p[i] = g, -g
	}
	rr := inner(r, r)
	for j := 0; j < 2*n; j++ {
		if stop() {
			return nil, false
		}
		h.HessianVector(hp, p)
		curvature := inner(p, hp)
		if !(curvature > 1e-16*inner(p, p)) { // negative, none, or NaN
			if j == 0 {
				copy(d, p) // steepest descent
			}
			return d, true
		}
		a := rr / curvature
		for i := range d {
			d[i] += a * p[i]
			r[i] += a * hp[i]
		}
		old := rr
		rr = inner(r, r)
		if math.Sqrt(rr) <= tol {
			break
		}
		for i := range p {
			p[i] = -r[i] + rr/old*p[i]
		}
	}
	return d, true
}

func inner(a, b []float64) float64 {
	s := 0.0
	for i, x := range a {
		s += x * b[i]
	}
	return s
}
