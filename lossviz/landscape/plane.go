package landscape

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/nn"
)

// A Plane is the points Origin + a X + b Y of parameter space.
type Plane struct {
	Origin []float64
	X, Y   *Direction
	// Variance is, for PCA planes, the share of the trajectory's variance that X
	// and Y explain, each in [0, 1]; otherwise zero.
	Variance [2]float64
	// Seed is the seed of random directions.
	Seed uint64

	err error
}

// NewPlane is the plane through origin along x and y, which need not be orthogonal but
// must not be parallel.
func NewPlane(origin []float64, x, y *Direction) *Plane {
	p := &Plane{Origin: clone(origin), X: x, Y: y}
	p.err = p.check()
	return p
}

func badPlane(err error) *Plane { return &Plane{err: err} }

func (p *Plane) check() error {
	if err := p.fits(); err != nil {
		return err
	}
	for _, d := range []*Direction{p.X, p.Y} {
		if norm2(d.V) == 0 {
			return fmt.Errorf("landscape: direction %s is zero", d.Name)
		}
	}
	if c := cosine(p.X.V, p.Y.V); math.Abs(c) > 1-1e-14 {
		return fmt.Errorf("landscape: directions %s and %s are parallel (cosine %v): they span a line, not a plane", p.X.Name, p.Y.Name, c)
	}
	return nil
}

// fits says whether points of the plane can be computed at all.
func (p *Plane) fits() error {
	if err := errors.Join(p.X.Err(), p.Y.Err()); err != nil {
		return err
	}
	if err := checkFinite(p.Origin, "the plane's origin"); err != nil {
		return err
	}
	for _, d := range []*Direction{p.X, p.Y} {
		if len(d.V) != len(p.Origin) {
			return fmt.Errorf("landscape: direction %s has %d numbers, the plane's origin %d", d.Name, len(d.V), len(p.Origin))
		}
		if err := checkFinite(d.V, "direction "+d.Name); err != nil {
			return err
		}
	}
	return nil
}

// Err says what is wrong with the plane, or nil.
func (p *Plane) Err() error {
	if p == nil {
		return errors.New("landscape: the plane is nil")
	}
	if p.err != nil {
		return p.err
	}
	return p.fits() // perhaps it was not made by NewPlane
}

// String describes the plane: its directions, their lengths and cosine.
func (p *Plane) String() string {
	if err := p.Err(); err != nil {
		return err.Error()
	}
	s := fmt.Sprintf("plane through a point of %s\n  x: %v\n  y: %v\n  cosine between them: %.4f",
		count(len(p.Origin), "parameter"), p.X, p.Y, p.Cosine())
	if p.Variance != [2]float64{} {
		s += fmt.Sprintf("\n  variance explained: %.1f %% + %.1f %%", 100*p.Variance[0], 100*p.Variance[1])
	}
	return s
}

// Cosine returns the cosine of the angle between X and Y.
func (p *Plane) Cosine() float64 {
	if p.Err() != nil {
		return math.NaN()
	}
	return Cosine(p.X, p.Y)
}

// At returns the point Origin + a X + b Y.
func (p *Plane) At(a, b float64) []float64 {
	if p.Err() != nil {
		return nil
	}
	theta := make([]float64, len(p.Origin))
	combine(theta, p.Origin, p.X.V, p.Y.V, a, b)
	return theta
}

// Orthogonal returns the plane with Y made orthogonal to X: the same points, other
// coordinates.
func (p *Plane) Orthogonal() *Plane {
	if p.Err() != nil {
		return p
	}
	out := *p
	out.Y = p.Y.Orthogonal(p.X)
	out.err = out.check()
	return &out
}

// Project returns the coordinates of the plane's point that is nearest to theta, and
// theta's distance from it. All are NaN if theta does not fit.
func (p *Plane) Project(theta []float64) (a, b, distance float64) {
	if p.Err() != nil || len(theta) != len(p.Origin) {
		return math.NaN(), math.NaN(), math.NaN()
	}
	// Least squares in an orthonormal basis of the plane: normal equations would
	// square the condition number of two nearly parallel directions.
	nx := norm2(p.X.V)
	ex := clone(p.X.V)
	for i := range ex {
		ex[i] /= nx
	}
	ey := clone(p.Y.V)
	reject(ey, [][]float64{ex})
	ny := norm2(ey)
	for i := range ey {
		ey[i] /= ny
	}
	rest := subtract(theta, p.Origin)
	u, v := dot(rest, ex), dot(rest, ey)
	b = v / ny
	a = (u - b*dot(p.Y.V, ex)) / nx
	reject(rest, [][]float64{ex, ey})
	return a, b, norm2(rest)
}

// RandomPlane is the plane through theta along two random directions, not scaled.
func RandomPlane(obj Objective, theta []float64, seed uint64) *Plane {
	if err := CheckPoint(obj, theta, "theta"); err != nil {
		return badPlane(err)
	}
	p := NewPlane(theta, randomStream(obj, seed, 1), randomStream(obj, seed, 2))
	p.Seed = seed
	return p
}

// NormalizedPlane is the plane through theta along two random directions, normalized.
func NormalizedPlane(obj Objective, theta []float64, seed uint64, n Normalization) *Plane {
	if err := CheckPoint(obj, theta, "theta"); err != nil {
		return badPlane(err)
	}
	p := NewPlane(theta,
		randomStream(obj, seed, 1).Normalize(obj, theta, n),
		randomStream(obj, seed, 2).Normalize(obj, theta, n))
	p.Seed = seed
	return p
}

// FilterNormalized is the plane of Li et al. (arXiv:1712.09913, section 4): through
// theta, along two random directions whose filters are as long as theta's. Surfaces of
// different networks drawn so can be compared.
func FilterNormalized(obj Objective, theta []float64, seed uint64) *Plane {
	return NormalizedPlane(obj, theta, seed, Filter)
}

// Through is the affine plane through three points: a is at (0, 0), b at (1, 0), c at
// (0, 1).
func Through(a, b, c []float64) *Plane {
	if len(a) != len(b) || len(a) != len(c) {
		return badPlane(fmt.Errorf("landscape: the three points have %d, %d and %d numbers", len(a), len(b), len(c)))
	}
	x, y := ToPoint(a, b), ToPoint(a, c)
	x.Name, y.Name = "from the first point to the second", "from the first point to the third"
	x.Axis, y.Axis = "to the second point", "to the third point"
	return NewPlane(a, x, y)
}

// A Trajectory is the points that a training went through, in order. A run of package
// train is one.
type Trajectory interface {
	Trajectory() [][]float64
}

// pointsOf are the points of a trajectory. A run that is nil, or that failed before it began, has none but an error.
func pointsOf(t Trajectory) ([][]float64, error) {
	if t == nil {
		return nil, errors.New("landscape: the trajectory is nil")
	}
	e, ok := t.(interface{ Err() error })
	if v := reflect.ValueOf(t); v.Kind() == reflect.Pointer && v.IsNil() {
		if ok && e.Err() != nil {
			return nil, e.Err()
		}
		return nil, errors.New("landscape: the trajectory is nil")
	}
	points := t.Trajectory()
	if ok && e.Err() != nil && len(points) == 0 {
		return nil, e.Err()
	}
	return points, nil
}

// Points is a trajectory given by its points.
type Points [][]float64

// Trajectory returns the points.
func (p Points) Trajectory() [][]float64 { return p }

// WeightsOnly is a trajectory with the biases, and the parameters of batch and layer norms, of every point put to those
// of the last: a [PCA] of it has directions that leave them alone, as [Direction.Normalize] does ("biasbn" in the
// code of Li et al.). Of a trajectory that does not fit the objective it keeps what there is, and PCA says so.
func WeightsOnly(obj Objective, t Trajectory) Points {
	points, err := pointsOf(t)
	o, ok := obj.(interface{ Blocks() []nn.Block })
	if err != nil || !ok || Check(obj) != nil || len(points) == 0 {
		return points
	}
	last := points[len(points)-1]
	out := make(Points, len(points))
	for i, p := range points {
		out[i] = clone(p)
		if len(p) != obj.Dim() || len(last) != obj.Dim() {
			continue
		}
		for _, b := range o.Blocks() {
			if b.Kind != nn.Weight {
				copy(out[i][b.Offset:b.Offset+b.Size], last[b.Offset:])
			}
		}
	}
	return out
}

// PCA is the plane through the last point of a trajectory along the two first principal
// components of theta_i - theta_n, not centred (Li et al., arXiv:1712.09913, section
// 7.2). X and Y have length 1, and Variance is the share of the sum of squares that each
// explains. Several trajectories share one plane, through the last point of the first.
func PCA(trajectories ...Trajectory) *Plane { return PrincipalPlane(1, 2, trajectories...) }

// PrincipalPlane is [PCA] along any two of the principal components, which count from 1.
func PrincipalPlane(first, second int, trajectories ...Trajectory) *Plane {
	if first < 1 || second < 1 || first == second {
		return badPlane(fmt.Errorf("landscape: PCA: components %d and %d: they must be two, counted from 1", first, second))
	}
	var rows [][]float64
	var origin []float64
	for _, t := range trajectories {
		points, err := pointsOf(t)
		if err != nil {
			return badPlane(err)
		}
		if origin == nil && len(points) > 0 {
			origin = points[len(points)-1]
		}
		for _, p := range points {
			if len(p) != len(origin) {
				return badPlane(fmt.Errorf("landscape: PCA: points of %d and %d numbers", len(p), len(origin)))
			}
			if err := checkFinite(p, "a point of the trajectory"); err != nil {
				return badPlane(err)
			}
			if d := subtract(p, origin); norm2(d) > 0 {
				rows = append(rows, d)
			}
		}
	}
	if len(rows) < 2 {
		return badPlane(fmt.Errorf("landscape: PCA needs a trajectory of at least 3 different points, got %d", len(rows)+1))
	}
	if len(origin) < 2 {
		return badPlane(errors.New("landscape: PCA needs at least 2 parameters"))
	}
	m := mat.NewDense(len(rows), len(origin), nil)
	for i, r := range rows {
		m.SetRow(i, r)
	}
	var svd mat.SVD
	if !svd.Factorize(m, mat.SVDThinV) {
		return badPlane(errors.New("landscape: PCA: the singular value decomposition did not converge"))
	}
	values := svd.Values(nil)
	if most := max(first, second); most > len(values) {
		return badPlane(fmt.Errorf("landscape: PCA: there is no component %d among %d", most, len(values)))
	}
	var v mat.Dense
	svd.VTo(&v)
	total := 0.0 // of squares, in units of the first: they may underflow
	for _, s := range values {
		total += s / values[0] * (s / values[0])
	}
	p := &Plane{Origin: clone(origin)}
	axis := func(at, k int) *Direction {
		d := &Direction{Name: fmt.Sprintf("principal component %d of the trajectory", k+1), V: mat.Col(nil, k, &v)}
		// The sign of a singular vector is arbitrary: the largest entry is made
		// positive, so that the plane is the same everywhere.
		big := 0
		for i := range d.V {
			if math.Abs(d.V[i]) > math.Abs(d.V[big]) {
				big = i
			}
		}
		if d.V[big] < 0 {
			for i := range d.V {
				d.V[i] = -d.V[i]
			}
		}
		p.Variance[at] = values[k] / values[0] * (values[k] / values[0]) / total
		d.Axis = fmt.Sprintf("PC %d, %.3g %% of variance", k+1, 100*p.Variance[at])
		return d
	}
	p.X, p.Y = axis(0, first-1), axis(1, second-1)
	p.err = p.check()
	return p
}

// HessianPlane is the plane through theta along two eigenvectors of the Hessian there:
// of its largest and its smallest eigenvalue, so that it shows the steepest bend and,
// where there is one, the way down from a saddle.
func HessianPlane(obj Objective, theta []float64) *Plane {
	top := Eigenvectors(obj, theta, Top, 1)
	bottom := Eigenvectors(obj, theta, Bottom, 1)
	return NewPlane(theta, top[0], bottom[0])
}
