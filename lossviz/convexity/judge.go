// Package convexity answers "is this function of theta convex?" in a way that can
// be trusted: with a proof, with a counter-example that holds in exact arithmetic, or with
// "undetermined". It never guesses.
//
// Convexity is meant by its definition, L(t a + (1-t) b) <= t L(a) + (1-t) L(b) for all a, b
// and 0 <= t <= 1, of the real-valued function that the network, the loss and the stored
// float64 data define: rounding is no part of it.
//
//   - [Judge] gives the [Verdict].
//   - [Function] makes an objective of a formula ([Var], [Square], [Exp], [Max], ...).
//   - OnLine, OnSlice, OnBox and AtPoint ask the same of a part of the domain.
//   - [Hidden] and the functions of lessons.go hold the mathematics of the question.
//
// The rooms below it: interval (arithmetic), expr (formulas and their rules), enclose
// (objectives as formulas), check (an independent checker).
package convexity

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"

	"github.com/gosaddle/saddle/lossviz/convexity/enclose"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// An Option changes how a question is answered.
type Option func(*settings)

type settings struct {
	ctx    context.Context
	seed   uint64
	effort int
	points [][]float64
	pieces int
}

// Context stops the work when ctx ends; what was found until then is returned.
// Without it, an interrupt (Ctrl-C, the notebook's stop button) does the same.
func Context(ctx context.Context) Option { return func(s *settings) { s.ctx = ctx } }

// Seed draws other starting points; the default is 1. Equal seeds give equal verdicts.
func Seed(seed uint64) Option { return func(s *settings) { s.seed = seed } }

// Effort multiplies the number of starting points of a search (default 1), up to 100.
func Effort(n int) Option { return func(s *settings) { s.effort = n } }

// From adds points, such as the end of a training, to look at first.
func From(points ...[]float64) Option {
	return func(s *settings) { s.points = append(s.points, points...) }
}

func newSettings(opts []Option) (s *settings, stop func()) {
	s = &settings{ctx: context.Background(), seed: 1, effort: 1, pieces: 400}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	s.effort = max(1, min(s.effort, 100))
	s.ctx, stop = signal.NotifyContext(s.ctx, os.Interrupt)
	return s, stop
}

// A subject is what questions are asked about.
type subject struct {
	objective landscape.Objective
	problem   *enclose.Problem // nil for a Go function, of which no formula is known
	network   *landscape.NetworkObjective
	why       string // why there is no problem
}

// newSubject writes an objective as a formula where that can be done.
func newSubject(ctx context.Context, loss landscape.Objective) (*subject, error) {
	if err := landscape.Check(loss); err != nil {
		return nil, fmt.Errorf("convexity: %w", err)
	}
	s := &subject{objective: loss}
	s.network, _ = loss.(*landscape.NetworkObjective)
	var err error
	s.problem, err = enclose.Of(ctx, loss)
	if errors.Is(err, enclose.ErrTooLarge) || errors.Is(err, enclose.ErrNoFormula) {
		s.why, err = err.Error(), nil
	}
	return s, err
}

// Judge decides whether loss is convex. It first looks for a proof by composition
// rules. Without one it looks for a counter-example, in this order: mirror points of a
// network, directions of negative curvature, kinks, random and trained segments, and climbing
// the gap itself; and certifies the first it finds by interval arithmetic.
//
// Proofs and certificates exist for a [landscape.NetworkObjective] and for a
// [FunctionObjective]; any other Go function is undetermined at best. The work is
// bounded: a second for a small network, some twenty for one of thousands of weights.
//
// On an interrupt the verdict is Undetermined, holds what was tried, and Err wraps
// the context's error.
func Judge(loss landscape.Objective, opts ...Option) *Verdict {
	v := &Verdict{Kind: Undetermined, BestGap: math.Inf(-1), SmallestEigenvalue: math.NaN()}
	set, stop := newSettings(opts)
	defer stop()
	s, err := newSubject(set.ctx, loss)
	if err != nil {
		v.err = err
		return v
	}
	for i, p := range set.points {
		if err := landscape.CheckPoint(loss, p, fmt.Sprintf("point %d of From", i)); err != nil {
			v.err = fmt.Errorf("convexity: %w", err)
			return v
		}
	}
	v.subject, v.Objective = s, describe(loss)
	if s.network != nil {
		v.blocks = s.network.Net.Blocks()
	}
	switch {
	case s.problem == nil:
		v.Tried = append(v.Tried, Attempt{What: "a proof; " + s.why, Gap: math.NaN(), Eigenvalue: math.NaN()})
	case v.prove(set.ctx, s.problem):
		return v
	}
	search := newSearch(set, s, v)
	search.run()
	if err := set.ctx.Err(); err != nil && v.Kind == Undetermined {
		v.err = fmt.Errorf("convexity: interrupted after %d attempts: %w", len(v.Tried), err)
	}
	return v
}

// describe is the objective in a line.
func describe(loss landscape.Objective) string {
	if loss == nil {
		return "nothing"
	}
	if s, ok := loss.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("function of %d variables", loss.Dim())
}

// prove derives convexity by the rules, and the modulus.
func (v *Verdict) prove(ctx context.Context, p *enclose.Problem) bool {
	if !p.Curvature().IsConvex() {
		return false
	}
	v.Kind = Convex
	v.Proof = proof(p)
	v.StrongConvexity = p.StrongConvexity(ctx)
	return true
}

// Verify checks the verdict again from scratch, by package check, which shares no
// code with the search: an error says what does not hold. An undetermined verdict
// claims nothing and is in order. It computes with several hundred bits, thousands of times slower than the loss itself; an interrupt, or the end of a [Context], stops it with an error.
func (v *Verdict) Verify(opts ...Option) error {
	if v.err != nil {
		return v.err
	}
	set, stop := newSettings(opts)
	defer stop()
	err := v.verify(set.ctx)
	if stopped := set.ctx.Err(); err != nil && stopped != nil {
		return fmt.Errorf("convexity: interrupted before the check was done: %w", stopped)
	}
	return err
}

// certify encloses the gap of a segment in exact arithmetic.
func (s *subject) certify(ctx context.Context, a, b []float64, t float64) (*Certificate, error) {
	c := &Certificate{A: a, B: b, T: t}
	var err error
	for _, x := range []struct {
		to *interval.Interval
		at []interval.Interval
	}{{&c.Between, enclose.Between(t, a, b)}, {&c.AtA, enclose.Points(a)}, {&c.AtB, enclose.Points(b)}} {
		if *x.to, err = s.problem.Value(ctx, x.at); err != nil {
			return nil, err
		}
	}
	c.Gap = c.Between.Sub(c.chord())
	return c, nil
}

// A FunctionObjective is a function written with the formulas of this package. It is a
// [landscape.TwiceDifferentiable], so that it can be drawn and minimized as well as judged;
// at a kink its derivatives are a number between those of both sides.
type FunctionObjective struct {
	Formula *Expr

	problem *enclose.Problem
	err     error
}

// Function is the function of dim variables that a formula defines.
//
//	x := convexity.Var(0)
//	convexity.Judge(convexity.Function(1, convexity.Max(convexity.Square(x), convexity.Exp(x))))
func Function(dim int, formula *Expr) *FunctionObjective {
	f := &FunctionObjective{Formula: formula}
	switch {
	case formula.Err() != nil:
		f.err = formula.Err()
	case dim < 1:
		f.err = fmt.Errorf("convexity: Function needs at least 1 variable, got %d", dim)
	default:
		f.problem, f.err = enclose.Function(formula, dim)
	}
	return f
}

// Problem is the function as package enclose takes it, and whose it is.
func (f *FunctionObjective) Problem() (*enclose.Problem, landscape.Objective) { return f.problem, f }

// Err says what is wrong with the formula, or nil.
func (f *FunctionObjective) Err() error {
	if f == nil {
		return errors.New("convexity: the function is nil")
	}
	return f.err
}

// Dim is the number of variables.
func (f *FunctionObjective) Dim() int {
	if f.Err() != nil {
		return 0
	}
	return f.problem.Dim
}

// Value is the function at theta, in ordinary arithmetic; NaN outside its domain.
func (f *FunctionObjective) Value(theta []float64) float64 {
	if f.err != nil || !f.problem.Inside(theta) {
		return math.NaN()
	}
	return f.problem.Float(theta)
}

// Gradient fills grad and returns the value.
func (f *FunctionObjective) Gradient(grad, theta []float64) float64 {
	value := f.Value(theta)
	if math.IsNaN(value) {
		for i := range grad {
			grad[i] = math.NaN()
		}
		return value
	}
	_, g, _ := f.problem.Gradient(context.Background(), enclose.Points(theta))
	for i := range grad {
		grad[i] = g[i].Mid()
	}
	return value
}

// HessianVector fills hv with the Hessian at theta times v.
func (f *FunctionObjective) HessianVector(hv, theta, v []float64) {
	clear(hv)
	if f.err != nil || !f.problem.Inside(theta) {
		for i := range hv {
			hv[i] = math.NaN()
		}
		return
	}
	_, _, h, _ := f.problem.Hessian(context.Background(), enclose.Points(theta))
	for i := range hv {
		for j := range v {
			hv[i] += h[i*len(v)+j].Mid() * v[j]
		}
	}
}

// String is the formula.
func (f *FunctionObjective) String() string {
	if err := f.Err(); err != nil {
		return err.Error()
	}
	return f.Formula.String()
}
