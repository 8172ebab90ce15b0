package spectrum

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/convexity/enclose"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/convexity/symmetry"
	"github.com/gosaddle/saddle/lossviz/internal/symmetric"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// A CriticalKind says what kind of critical point it is.
type CriticalKind string

// The kinds. A point is Degenerate if the sign of an eigenvalue is open.
const (
	Minimum    CriticalKind = "minimum"
	Maximum    CriticalKind = "maximum"
	Saddle     CriticalKind = "saddle"
	Degenerate CriticalKind = "degenerate"
)

// A CriticalPoint is a point where the gradient vanishes, or nearly does.
type CriticalPoint struct {
	Theta        []float64
	Loss         float64
	GradientNorm float64
	Kind         CriticalKind
	Index        int  // number of negative eigenvalues
	Copies       int  // how many starts ended there or at a symmetric copy
	Proved       bool // a critical point lies within Radius of Theta, and it is of this Kind and Index
	Radius       float64

	// Eigenvalues enclose those of the Hessian: at the critical point itself where it is Proved, else at
	// Theta; for an objective that has no formula they are rounded values.
	Eigenvalues []interval.Interval
}

// String describes the point in one line.
func (c CriticalPoint) String() string {
	what := string(c.Kind)
	if c.Kind == Saddle || c.Kind == Degenerate {
		what = fmt.Sprintf("%s, %d of %d eigenvalues negative", what, c.Index, len(c.Eigenvalues))
	}
	if c.Proved {
		return fmt.Sprintf("critical point (%s), loss %.6g, proved within %.1e", what, c.Loss, c.Radius)
	}
	return fmt.Sprintf("approximately critical (%s), loss %.6g, gradient norm %.1e", what, c.Loss, c.GradientNorm)
}

// CriticalSet holds the critical points that a search has found, by loss.
type CriticalSet struct {
	Points []CriticalPoint
	Starts int // how many starts were made

	dim int
	err error
}

// Err says what went wrong, or nil. After an interrupt the points found until then are kept.
func (c *CriticalSet) Err() error {
	if c == nil {
		return errNil
	}
	return c.err
}

// String lists the points.
func (c *CriticalSet) String() string {
	if err := c.Err(); err != nil && (c == nil || len(c.Points) == 0) {
		return err.Error()
	}
	s := fmt.Sprintf("%d critical points from %d starts:", len(c.Points), c.Starts)
	for i, p := range c.Points {
		if i == 20 {
			s += fmt.Sprintf("\n  ... and %d more", len(c.Points)-20)
			break
		}
		s += "\n  " + p.String()
	}
	return s
}

// MIMEBundle draws the loss against the share of negative eigenvalues.
func (c *CriticalSet) MIMEBundle() (map[string]any, error) {
	if err := c.Err(); err != nil && (c == nil || len(c.Points) == 0) {
		return nil, err
	}
	figure := chart.LossIndex{Title: "Critical points", Caption: fmt.Sprintf("%d critical points from %d starts", len(c.Points), c.Starts)}
	for _, p := range c.Points {
		figure.Index = append(figure.Index, float64(p.Index)/float64(c.dim))
		figure.Loss = append(figure.Loss, p.Loss)
	}
	return shown(figure)
}

// On marks the points on a slice: each where it projects to on the slice's plane, with its kind and, where it is
// not in the plane itself, its distance from it. Points that project to outside the slice are left out.
func (c *CriticalSet) On(s *landscape.Surface) *landscape.Surface {
	if c == nil || s == nil || len(c.Points) == 0 || len(s.X) == 0 {
		return s
	}
	out, plane := *s, s.Plane()
	out.Marks = slices.Clone(s.Marks)
	size := 0.0
	for _, x := range plane.Origin {
		size += x * x
	}
	for _, p := range c.Points {
		a, b, distance := plane.Project(p.Theta)
		if !(a >= s.X[0] && a <= s.X[len(s.X)-1] && b >= s.Y[0] && b <= s.Y[len(s.Y)-1]) {
			continue
		}
		mark := chart.Point{Name: string(p.Kind), X: a, Y: b}
		switch p.Kind {
		case Minimum:
			mark.Kind = chart.Minimum
		case Maximum:
			mark.Kind = chart.Maximum
		case Saddle:
			mark.Kind, mark.Name = chart.Saddle, fmt.Sprintf("saddle, index %d", p.Index)
		}
		if distance > 1e-9*(1+math.Sqrt(size)) {
			mark.Name += fmt.Sprintf(", %.3g from the plane", distance)
		}
		out.Marks = append(out.Marks, mark)
	}
	return &out
}

// Plane is the plane through three of the points, for a slice that shows them: the lowest, the one that is
// lowest among those of another kind, and the highest.
func (c *CriticalSet) Plane() *landscape.Plane {
	if c == nil || len(c.Points) < 3 {
		return landscape.Through(nil, nil, make([]float64, 1)) // its Err says that there are no three points
	}
	first, last := c.Points[0], c.Points[len(c.Points)-1]
	middle := c.Points[1]
	for _, p := range c.Points[1 : len(c.Points)-1] {
		if p.Kind != first.Kind {
			middle = p
			break
		}
	}
	return landscape.Through(first.Theta, middle.Theta, last.Theta)
}

// maxCritical is the largest number of parameters for a search of critical points, each
// step of which takes a full Hessian.
const maxCritical = 250

// CriticalPoints looks for critical points of any index, from Starts (20) starting points: random ones of
// several sizes, most of them moved downhill for a while, and those given. From each, Newton's method on the gradient, damped so that its
// norm falls, runs for up to Steps (200) steps. Symmetric copies of one point (permuted or flipped hidden
// units) are merged. Each point is then classified by enclosures of the Hessian's eigenvalues, and proved to
// be one by an interval-Newton test (Krawczyk's operator; Moore, Kearfott and Cloud, Introduction to
// Interval Analysis, section 8.2) where that succeeds; it cannot where the Hessian is singular.
func CriticalPoints(obj landscape.Objective, given [][]float64, opts ...Option) *CriticalSet {
	c := &CriticalSet{}
	s, f, stop, err := prepareSearch(obj, opts)
	if err != nil {
		c.err = err
		return c
	}
	defer stop()
	c.dim = obj.Dim()
	if c.dim > maxCritical {
		c.err = fmt.Errorf("spectrum: CriticalPoints is for up to %d parameters, not %d", maxCritical, c.dim)
		return c
	}
	for i, p := range given {
		if err := landscape.CheckPoint(obj, p, fmt.Sprintf("given point %d", i)); err != nil {
			c.err = fmt.Errorf("spectrum: %w", err)
			return c
		}
	}
	problem, err := enclose.Of(s.ctx, obj)
	if err != nil && !errors.Is(err, enclose.ErrNoFormula) && !errors.Is(err, enclose.ErrTooLarge) {
		c.err = err
		return c
	}
	var hidden []symmetry.Layer
	network, _ := obj.(*landscape.NetworkObjective)
	if network != nil {
		hidden = symmetry.Hidden(network.Net)
	}
	starts, steps := 20, 200
	if s.starts > 0 {
		starts = s.starts
	}
	if s.steps > 0 {
		steps = s.steps
	}
	random := rand.New(rand.NewPCG(s.seed, 0xc417))
	var canonical [][]float64
	for n := range starts + len(given) {
		theta := make([]float64, c.dim)
		switch {
		case n < len(given):
			copy(theta, given[n])
		case network != nil && n%2 == 0:
			copy(theta, network.Net.Init(s.seed+uint64(n)))
		default:
			size := []float64{0.3, 1, 3}[n%3]
			for i := range theta {
				theta[i] = size * random.NormFloat64()
			}
		}
		if n >= len(given) { // low saddles and minima are reached from below the random points
			descend(s.ctx, f, theta, []int{0, 20, 200, 2000}[n%4])
		}
		theta, norm, err := flatten(s.ctx, f, theta, steps)
		if err == nil {
			err = s.ctx.Err()
		}
		if err != nil {
			if s.ctx.Err() != nil {
				c.err = fmt.Errorf("spectrum: interrupted after %d of %d starts: %w", n, starts+len(given), s.ctx.Err())
				break
			}
			c.Starts++
			continue // ran off to where nothing is finite
		}
		c.Starts++
		if norm > 1e-6 || problem != nil && !problem.Inside(theta) {
			continue
		}
		form := symmetry.Canonical(hidden, theta, 1e-5)
		if at := slices.IndexFunc(canonical, func(other []float64) bool { return near(other, form, 1e-4) }); at >= 0 {
			c.Points[at].Copies++
			continue
		}
		point, err := classify(s.ctx, f, problem, theta, norm)
		if err != nil {
			continue
		}
		canonical, c.Points = append(canonical, form), append(c.Points, point)
	}
	slices.SortStableFunc(c.Points, func(a, b CriticalPoint) int {
		switch {
		case a.Loss < b.Loss:
			return -1
		case a.Loss > b.Loss:
			return 1
		}
		return 0
	})
	return c
}

func near(a, b []float64, tolerance float64) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > tolerance*(1+math.Abs(a[i])) {
			return false
		}
	}
	return true
}

// descend goes downhill from theta, in place, by gradient steps whose length doubles while they
// succeed and halves when one does not.
func descend(ctx context.Context, f landscape.TwiceDifferentiable, theta []float64, steps int) {
	grad, next, trial := make([]float64, len(theta)), make([]float64, len(theta)), make([]float64, len(theta))
	value, rate := f.Gradient(grad, theta), 0.1
	for range steps {
		if ctx.Err() != nil || rate < 1e-12 {
			return
		}
		copy(trial, theta)
		axpy(trial, -rate, grad)
		if v := f.Gradient(next, trial); v < value {
			copy(theta, trial)
			grad, next, value, rate = next, grad, v, rate*1.5
		} else {
			rate *= 0.5
		}
	}
}

// flatten goes to where the gradient g vanishes, by Levenberg-Marquardt steps on |g|^2/2: with the
// eigenpairs (l, v) of the Hessian, -sum l/(l^2+mu) (v.g) v, which for mu = 0 is Newton's.
func flatten(ctx context.Context, f landscape.TwiceDifferentiable, theta []float64, steps int) ([]float64, float64, error) {
	n := len(theta)
	grad, trial := make([]float64, n), make([]float64, n)
	f.Gradient(grad, theta)
	norm := math.Sqrt(dot(grad, grad))
	mu := 1e-2
	for range steps {
		if norm < 1e-13 || !(norm < math.Inf(1)) {
			break
		}
		h, err := hessian(ctx, f, theta)
		if err != nil {
			return theta, norm, err
		}
		values, vectors, ok := symmetric.Eigen(h, true)
		if !ok {
			return theta, norm, errNotFinite
		}
		scale := math.Max(math.Abs(values[0]), math.Abs(values[n-1]))
		if scale == 0 {
			break
		}
		along := make([]float64, n)
		for k := range n {
			for i := range n {
				along[k] += vectors.At(i, k) * grad[i]
			}
		}
		improved := false
		for range 12 {
			copy(trial, theta)
			for k, l := range values {
				step := -l / (l*l + mu*scale*scale) * along[k]
				for i := range n {
					trial[i] += step * vectors.At(i, k)
				}
			}
			g := make([]float64, n)
			f.Gradient(g, trial)
			if next := math.Sqrt(dot(g, g)); next < norm {
				theta, trial, grad = trial, theta, g
				improved = next < norm*(1-1e-6) || next < 1e-12
				norm, mu = next, math.Max(mu*0.1, 1e-18)
				break
			}
			mu = math.Max(mu*4, 1e-16)
		}
		if !improved {
			break
		}
	}
	if !(norm < math.Inf(1)) {
		return theta, norm, errNotFinite
	}
	return append([]float64(nil), theta...), norm, nil
}

// classify encloses the eigenvalues and tries to prove that a critical point is near.
func classify(ctx context.Context, f landscape.TwiceDifferentiable, problem *enclose.Problem, theta []float64, norm float64) (CriticalPoint, error) {
	c := CriticalPoint{Theta: theta, Loss: f.Value(theta), GradientNorm: norm, Copies: 1}
	h, err := hessian(ctx, f, theta)
	if err != nil {
		return c, err
	}
	if problem == nil {
		values, _, ok := symmetric.Eigen(h, false)
		if !ok {
			return c, errNotFinite
		}
		open := 1e-6 * math.Max(math.Abs(values[0]), math.Abs(values[len(values)-1]))
		for _, v := range values {
			c.Eigenvalues = append(c.Eigenvalues, interval.New(v-open, v+open))
		}
	} else {
		box, ok, err := krawczyk(ctx, problem, h, theta)
		if err != nil {
			return c, err
		}
		at := enclose.Points(theta)
		if ok {
			at = box
			for i, b := range box {
				c.Radius = math.Max(c.Radius, math.Max(theta[i]-b.Lo, b.Hi-theta[i]))
			}
		}
		_, _, hess, err := problem.Hessian(ctx, at)
		if err != nil {
			return c, err
		}
		c.Eigenvalues, c.Proved = nil, ok
		if c.Eigenvalues, ok = enclose.Eigenvalues(hess, len(theta)); !ok {
			c.Kind, c.Proved = Degenerate, false // a kink
			return c, nil
		}
	}
	open := 0
	for _, e := range c.Eigenvalues {
		switch {
		case e.Negative():
			c.Index++
		case !e.Positive():
			open++
		}
	}
	switch {
	case open > 0:
		c.Kind, c.Proved = Degenerate, false
	case c.Index == 0:
		c.Kind = Minimum
	case c.Index == len(theta):
		c.Kind = Maximum
	default:
		c.Kind = Saddle
	}
	return c, nil
}

// krawczyk returns a box around theta that holds exactly one critical point. With C about
// the inverse of the Hessian and X the box, K = theta - C g(theta) + (I - C H(X)) (X - theta): if K lies in the
// interior of X there is one and only one zero of g in X, and it lies in K.
func krawczyk(ctx context.Context, p *enclose.Problem, h *mat.SymDense, theta []float64) (box []interval.Interval, ok bool, err error) {
	n := len(theta)
	var inverse mat.Dense
	if inverse.Inverse(h) != nil {
		return nil, false, nil
	}
	_, grad, err := p.Gradient(ctx, enclose.Points(theta))
	if err != nil {
		return nil, false, err
	}
	step := make([]interval.Interval, n) // -C g(theta)
	size := 0.0
	for i := range n {
		for j, g := range grad {
			step[i] = step[i].Sub(g.Scale(inverse.At(i, j)))
		}
		size = math.Max(size, step[i].Mag())
	}
	if !(size < 1e-3) {
		return nil, false, nil
	}
	for _, factor := range []float64{4, 100, 1e4} {
		radius := math.Max(size*factor, 1e-14)
		x := make([]interval.Interval, n)
		for i := range x {
			x[i] = interval.Point(theta[i]).Add(interval.Interval{Lo: -radius, Hi: radius})
		}
		if !p.Holds(x) {
			return nil, false, nil
		}
		_, _, hess, err := p.Hessian(ctx, x)
		if err != nil {
			return nil, false, err
		}
		k := make([]interval.Interval, n)
		inside := true
		for i := range n {
			k[i] = interval.Point(theta[i]).Add(step[i])
			for j := range n {
				m := interval.Point(0)
				if i == j {
					m = interval.Point(1)
				}
				for l := range n {
					m = m.Sub(hess[l*n+j].Scale(inverse.At(i, l)))
				}
				k[i] = k[i].Add(m.Mul(x[j].Sub(interval.Point(theta[j]))))
			}
			inside = inside && k[i].Lo > x[i].Lo && k[i].Hi < x[i].Hi
		}
		if inside {
			return k, true, nil
		}
	}
	return nil, false, nil
}
