package spectrum

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// A SpectralDensity estimates how the eigenvalues of a Hessian are spread: Density at X integrates to 1, so
// that Density times the number of parameters counts eigenvalues.
type SpectralDensity struct {
	X, Density, Error []float64 // Error is one standard error, from the spread over probes
	Width             float64   // of the Gaussian that each eigenvalue is smeared with
	Probes, Steps     int

	// Nodes and Weights are the quadrature itself: a probe a row, the weights of each adding up to 1.
	Nodes, Weights [][]float64

	err error
}

// Err says what went wrong, or nil.
func (d *SpectralDensity) Err() error {
	if d == nil {
		return errNil
	}
	return d.err
}

// String describes the estimate.
func (d *SpectralDensity) String() string {
	if err := d.Err(); err != nil && (d == nil || d.X == nil) {
		return err.Error()
	}
	mean, second := d.Moment(1), d.Moment(2)
	return noted(fmt.Sprintf("spectral density from %d probes of %d steps: mean eigenvalue %.4g, root mean square %.4g, share below zero %.3g",
		d.Probes, d.Steps, mean, math.Sqrt(second), d.Below(0)), d.err)
}

// Moment estimates the mean k-th power of the eigenvalues; quadrature makes it exact for each
// probe up to twice the number of steps.
func (d *SpectralDensity) Moment(k int) float64 {
	if d == nil {
		return math.NaN()
	}
	sum := 0.0
	for p, nodes := range d.Nodes {
		for i, x := range nodes {
			sum += d.Weights[p][i] * math.Pow(x, float64(k))
		}
	}
	return sum / float64(len(d.Nodes))
}

// Below estimates the share of eigenvalues below x.
func (d *SpectralDensity) Below(x float64) float64 {
	if d == nil {
		return math.NaN()
	}
	sum := 0.0
	for p, nodes := range d.Nodes {
		for i, node := range nodes {
			if node < x {
				sum += d.Weights[p][i]
			}
		}
	}
	return sum / float64(len(d.Nodes))
}

// MIMEBundle draws the density.
func (d *SpectralDensity) MIMEBundle() (map[string]any, error) {
	if err := d.Err(); err != nil && (d == nil || d.X == nil) {
		return nil, err
	}
	return shown(chart.Spectrum{Title: "Hessian spectral density", Caption: d.String(), DensityX: d.X, Density: d.Density, LogDensity: true})
}

// Density estimates the spectral density of the Hessian at theta by stochastic Lanczos quadrature
// (Ghorbani, Krishnan and Xiao, arXiv:1901.10159, section 2; Ubaru, Chen and Saad, SIAM J. Matrix
// Anal. Appl. 38(4), 2017): Probes (10) random vectors, Steps (60) Lanczos steps each, and a
// Gaussian of 1 % of the spectrum's width around each node.
func Density(obj landscape.Objective, theta []float64, opts ...Option) *SpectralDensity {
	d := &SpectralDensity{}
	s, f, stop, err := prepare(obj, theta, opts)
	if err != nil {
		d.err = err
		return d
	}
	defer stop()
	probes, steps := 10, 60
	if s.probes > 0 {
		probes = s.probes
	}
	if s.steps > 0 {
		steps = s.steps
	}
	steps = min(steps, len(theta))
	h := landscape.NewCurvature(f)
	h.At(theta)
	for p := range probes {
		t := &tridiagonal{basis: [][]float64{start(len(theta), s.seed+uint64(p)*7919)}}
		for range steps {
			more := t.step(h.HessianVector)
			if err := s.ctx.Err(); err != nil {
				d.err = fmt.Errorf("spectrum: interrupted after %d of %d probes: %w", p, probes, err)
				break
			}
			if !more {
				break
			}
		}
		if d.err != nil {
			break
		}
		values, vectors, ok := t.eigen()
		if !ok {
			d.err = errNotFinite
			return d
		}
		weights := make([]float64, len(values))
		for i := range weights {
			weights[i] = vectors.At(0, i) * vectors.At(0, i)
		}
		d.Nodes, d.Weights = append(d.Nodes, values), append(d.Weights, weights)
	}
	d.Probes, d.Steps = len(d.Nodes), steps
	if d.Probes > 0 {
		d.smear()
	}
	return d
}

// smear turns the nodes into a density on a grid.
func (d *SpectralDensity) smear() {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, nodes := range d.Nodes {
		lo, hi = math.Min(lo, nodes[0]), math.Max(hi, nodes[len(nodes)-1])
	}
	size := math.Max(math.Abs(lo), math.Abs(hi))
	if size < 1e-290 { // a Hessian of zeros has no scale of its own, and so narrow a density no finite height
		size = 1
	}
	d.Width = math.Max(0.01*(hi-lo), 1e-12*size)
	const points = 401
	from, to := lo-4*d.Width, hi+4*d.Width
	for i := range points {
		x := from + (to-from)*float64(i)/(points-1)
		var sum, squares float64
		for p, nodes := range d.Nodes {
			y := 0.0
			for k, node := range nodes {
				z := (x - node) / d.Width
				y += d.Weights[p][k] * math.Exp(-z*z/2) / (d.Width * math.Sqrt(2*math.Pi))
			}
			sum += y
			squares += y * y
		}
		n := float64(d.Probes)
		mean := sum / n
		d.X, d.Density = append(d.X, x), append(d.Density, mean)
		d.Error = append(d.Error, standardError(squares, mean, n))
	}
}

// standardError of a mean of n numbers with this sum of squares; NaN for one number.
func standardError(squares, mean, n float64) float64 {
	if n < 2 {
		return math.NaN()
	}
	return math.Sqrt(math.Max(0, squares/n-mean*mean) / (n - 1))
}

// A TraceEstimate is an estimate of a Hessian's trace, the sum of its eigenvalues.
type TraceEstimate struct {
	Value    float64
	Variance float64 // of a single probe
	StdErr   float64 // of Value
	Probes   int

	err error
}

// Err says what went wrong, or nil.
func (t *TraceEstimate) Err() error {
	if t == nil {
		return errNil
	}
	return t.err
}

// String is the estimate with its standard error.
func (t *TraceEstimate) String() string {
	if err := t.Err(); err != nil && (t == nil || t.Probes == 0) {
		return err.Error()
	}
	return noted(fmt.Sprintf("trace of the Hessian: %.6g ± %.2g (%d probes)", t.Value, t.StdErr, t.Probes), t.err)
}

// Trace estimates the trace of the Hessian at theta by Hutchinson's method (Communications in
// Statistics 18(3), 1989): the mean of v'Hv over Probes (100) vectors v of random signs.
func Trace(obj landscape.Objective, theta []float64, opts ...Option) *TraceEstimate {
	t := &TraceEstimate{}
	s, f, stop, err := prepare(obj, theta, opts)
	if err != nil {
		t.err = err
		return t
	}
	defer stop()
	probes := 100
	if s.probes > 0 {
		probes = s.probes
	}
	random := rand.New(rand.NewPCG(s.seed, 0x7ace))
	v, hv := make([]float64, len(theta)), make([]float64, len(theta))
	h := landscape.NewCurvature(f)
	h.At(theta)
	m2 := 0.0 // Welford's sum of squares about the mean
	for range probes {
		if err := s.ctx.Err(); err != nil {
			t.err = fmt.Errorf("spectrum: interrupted after %d of %d probes: %w", t.Probes, probes, err)
			break
		}
		for i := range v {
			v[i] = float64(2*random.IntN(2) - 1)
		}
		h.HessianVector(hv, v)
		x := dot(v, hv)
		t.Probes++
		delta := x - t.Value
		t.Value += delta / float64(t.Probes)
		m2 += delta * (x - t.Value)
	}
	if math.IsNaN(t.Value) || math.IsInf(t.Value, 0) {
		t.err = errNotFinite
	}
	if t.Probes > 1 {
		t.Variance = m2 / float64(t.Probes-1)
		t.StdErr = math.Sqrt(t.Variance / float64(t.Probes))
	}
	if math.IsNaN(t.Value) || math.IsInf(t.Value, 0) {
		t.err = errNotFinite
	}
	return t
}
