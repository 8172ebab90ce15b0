// Package spectrum looks at the curvature of a loss: the eigenvalues of its Hessian and
// where they lie, its trace, and its critical points.
//
// Everything but [Hessian] works with Hessian-vector products alone, so that it also serves networks
// whose Hessian would not fit in memory. What is stated as an enclosure or as proved comes from interval
// arithmetic (package convexity/enclose); everything else is rounded, with a residual or a
// standard error beside it.
//
// It takes any [landscape.Objective] (derivatives are estimated by differences where it has none) and
// must not know verdicts or training.
package spectrum

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/internal/symmetric"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

var errNotFinite = errors.New("spectrum: the Hessian is not finite there")

// An Option changes how something is computed.
type Option func(*settings)

type settings struct {
	ctx       context.Context
	seed      uint64
	steps     int
	probes    int
	starts    int
	tolerance float64
}

// Context stops the work when ctx ends. Without it an interrupt does the same.
func Context(ctx context.Context) Option { return func(s *settings) { s.ctx = ctx } }

// Seed draws other random vectors; the default is 1.
func Seed(seed uint64) Option { return func(s *settings) { s.seed = seed } }

// Steps bounds the iterations (Lanczos steps, Newton steps, descent steps).
func Steps(n int) Option { return func(s *settings) { s.steps = n } }

// Probes sets the number of random vectors of an estimate.
func Probes(n int) Option { return func(s *settings) { s.probes = n } }

// Starts sets the number of starting points of a search.
func Starts(n int) Option { return func(s *settings) { s.starts = n } }

// Tolerance sets the residual at which an eigenvalue is good enough, relative to the largest
// eigenvalue; the default is 1e-8.
func Tolerance(x float64) Option { return func(s *settings) { s.tolerance = x } }

// prepare checks the arguments that all functions of a point share.
func prepare(obj landscape.Objective, theta []float64, opts []Option) (*settings, landscape.TwiceDifferentiable, func(), error) {
	if err := landscape.CheckPoint(obj, theta, "the point"); err != nil {
		return nil, nil, nil, fmt.Errorf("spectrum: %w", err)
	}
	return prepareSearch(obj, opts)
}

// prepareSearch is prepare for a function without a point.
func prepareSearch(obj landscape.Objective, opts []Option) (*settings, landscape.TwiceDifferentiable, func(), error) {
	s := &settings{ctx: context.Background(), seed: 1, tolerance: 1e-8}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	if err := landscape.Check(obj); err != nil {
		return nil, nil, nil, fmt.Errorf("spectrum: %w", err)
	}
	var stop func()
	s.ctx, stop = signal.NotifyContext(s.ctx, os.Interrupt)
	return s, landscape.Differentiate(obj), stop, nil
}

// maxDense is the largest number of parameters for a full Hessian: 128 MB.
const maxDense = 4000

// Hessian returns the full Hessian at theta, from one Hessian-vector product for each parameter,
// made symmetric. It is for up to 4000 parameters.
func Hessian(obj landscape.Objective, theta []float64, opts ...Option) (*mat.SymDense, error) {
	s, f, stop, err := prepare(obj, theta, opts)
	if err != nil {
		return nil, err
	}
	defer stop()
	if len(theta) > maxDense {
		return nil, fmt.Errorf("spectrum: a full Hessian of %d parameters would take %d MB; use Extremes or Density", len(theta), len(theta)*len(theta)>>17)
	}
	return hessian(s.ctx, f, theta)
}

func hessian(ctx context.Context, f landscape.TwiceDifferentiable, theta []float64) (*mat.SymDense, error) {
	n := len(theta)
	full := mat.NewDense(n, n, nil)
	products := landscape.NewCurvature(f)
	products.At(theta)
	e := make([]float64, n)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("spectrum: interrupted after %d of %d columns of the Hessian: %w", i, n, err)
		}
		e[i] = 1
		products.HessianVector(full.RawRowView(i), e)
		e[i] = 0
	}
	h := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			x := (full.At(i, j) + full.At(j, i)) / 2
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, errNotFinite
			}
			h.SetSym(i, j, x)
		}
	}
	return h, nil
}

// Eigenvalues returns all eigenvalues of the Hessian at theta, ascending, for up to 4000 parameters.
func Eigenvalues(obj landscape.Objective, theta []float64, opts ...Option) ([]float64, error) {
	s, _, stop, err := prepare(obj, theta, opts)
	if err != nil {
		return nil, err
	}
	defer stop()
	h, err := Hessian(obj, theta, append(opts, Context(s.ctx))...)
	if err != nil {
		return nil, err
	}
	// The factorization of thousands of rows takes minutes and cannot be stopped: an interrupt leaves it behind.
	values := make(chan []float64, 1)
	go func() {
		v, _, ok := symmetric.Eigen(h, false)
		if !ok {
			close(values)
			return
		}
		values <- v
	}()
	select {
	case v, ok := <-values:
		if !ok {
			return nil, errors.New("spectrum: the eigenvalues did not converge")
		}
		return v, nil
	case <-s.ctx.Done():
		return nil, fmt.Errorf("spectrum: interrupted while the eigenvalues of a %d x %d matrix were computed: %w", len(theta), len(theta), s.ctx.Err())
	}
}

// An Extreme holds the ends of a spectrum.
type Extreme struct {
	Lowest, Highest []Pair // from the ends inwards

	dim int
	err error
}

// Err says what went wrong, or nil. After an interrupt the pairs found until then are kept.
func (e *Extreme) Err() error {
	if e == nil {
		return errNil
	}
	return e.err
}

// errNil is the error of a result that is nil.
var errNil = errors.New("spectrum: the result is nil")

// String lists the eigenvalues with the bounds that their residuals give, and what went wrong.
func (e *Extreme) String() string {
	if err := e.Err(); err != nil && e.found() == 0 {
		return err.Error()
	}
	s := fmt.Sprintf("extreme eigenvalues of a %d x %d Hessian:", e.dim, e.dim)
	for _, side := range []struct {
		name  string
		pairs []Pair
	}{{"lowest", e.Lowest}, {"highest", e.Highest}} {
		if len(side.pairs) == 0 {
			continue
		}
		s += "\n  " + side.name + ":"
		for _, p := range side.pairs {
			s += fmt.Sprintf(" %.6g (±%.1e)", p.Value, p.Residual)
		}
	}
	return noted(s, e.err)
}

// found is the number of pairs.
func (e *Extreme) found() int {
	if e == nil {
		return 0
	}
	return len(e.Lowest) + len(e.Highest)
}

// noted adds to what was found what ended the search.
func noted(s string, err error) string {
	if err == nil {
		return s
	}
	return s + "\n" + err.Error()
}

// MIMEBundle draws the eigenvalues.
func (e *Extreme) MIMEBundle() (map[string]any, error) {
	if err := e.Err(); err != nil && e.found() == 0 {
		return nil, err
	}
	figure := chart.Spectrum{Title: "Extreme Hessian eigenvalues", Caption: e.String()}
	for _, p := range append(append([]Pair(nil), e.Lowest...), e.Highest...) {
		figure.Eigenvalues = append(figure.Eigenvalues, p.Value)
	}
	return shown(figure)
}

// shown is a figure's bundle.
func shown(f interface {
	MIMEBundle() (map[string]any, error)
}) (map[string]any, error) {
	bundle, err := f.MIMEBundle()
	if err != nil {
		return nil, fmt.Errorf("spectrum: %w", err)
	}
	return bundle, nil
}

// Extremes returns the low smallest and the high largest eigenvalues of the Hessian at theta, with
// eigenvectors and residuals, by Lanczos' iteration. Each costs a few Hessian-vector products.
func Extremes(obj landscape.Objective, theta []float64, low, high int, opts ...Option) *Extreme {
	e := &Extreme{dim: len(theta)}
	s, f, stop, err := prepare(obj, theta, opts)
	if err != nil {
		e.err = err
		return e
	}
	defer stop()
	if low < 0 || high < 0 || low+high == 0 || low > len(theta) || high > len(theta) {
		e.err = fmt.Errorf("spectrum: asked for %d lowest and %d highest of %d eigenvalues", low, high, len(theta))
		return e
	}
	h := landscape.NewCurvature(f)
	h.At(theta)
	steps := s.steps
	if steps <= 0 {
		steps = min(len(theta), 60+12*(low+high))
	}
	e.Lowest, e.Highest, err = Ends(s.ctx, h.HessianVector, len(theta), low, high, s.tolerance, steps, s.seed)
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		e.err = fmt.Errorf("spectrum: interrupted, the eigenvalues have residuals: %w", err)
	case err != nil:
		e.err = err
	}
	return e
}
