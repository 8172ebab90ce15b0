package landscape

import (
	"errors"
	"fmt"
	"math"
)

// An Axis is the increasing coordinates along one direction.
type Axis struct {
	// From and To are the ends, both included.
	From, To float64
	// N is the number of points, at least 2, or 1 where From and To are the same.
	N int
	// Smallest, if positive, spaces the points geometrically on both sides of 0,
	// beginning at this distance; 0 itself is a point, and N is odd.
	Smallest float64
}

// Values returns the coordinates. The ends are exact, and so is every coordinate that
// has a correctly rounded quotient: 0 and 1 on an axis from -0.5 to 1.5, for one.
func (a Axis) Values() []float64 {
	v := make([]float64, a.N)
	if a.N == 1 { // no spacing to divide by
		v[0] = a.From
		return v
	}
	if a.Smallest > 0 {
		half := a.N / 2
		v[half] = 0
		for i := range half {
			f := 1.0
			if half > 1 {
				f = float64(i) / float64(half-1)
			}
			x := a.Smallest * math.Pow(a.To/a.Smallest, f)
			if i == half-1 {
				x = a.To
			}
			v[half+1+i], v[half-1-i] = x, -x
		}
		return v
	}
	n := float64(a.N - 1)
	for i := range v {
		v[i] = (float64(a.N-1-i)*a.From + float64(i)*a.To) / n
	}
	v[0], v[a.N-1] = a.From, a.To
	return v
}

func (a Axis) check() error {
	switch {
	case a.N == 1 && a.From == a.To && finite(a.From) && a.Smallest == 0:
		return nil
	case !finite(a.From) || !finite(a.To) || !(a.From < a.To) || !finite(a.To-a.From):
		return fmt.Errorf("landscape: an axis from %v to %v: its ends must be finite and increasing", a.From, a.To)
	case a.N < 2:
		return fmt.Errorf("landscape: an axis of %s from %v to %v: it needs at least 2", count(a.N, "point"), a.From, a.To)
	case a.Smallest < 0 || math.IsNaN(a.Smallest):
		return fmt.Errorf("landscape: a geometric axis that begins at %v: it must be positive", a.Smallest)
	case a.Smallest > 0 && (a.From != -a.To || a.Smallest >= a.To):
		return fmt.Errorf("landscape: a geometric axis from %v to %v, beginning at %v: it must be symmetric and begin inside", a.From, a.To, a.Smallest)
	case a.Smallest > 0 && a.N%2 == 0:
		return fmt.Errorf("landscape: a geometric axis of %d points: 0 is one of them, so their number must be odd", a.N)
	case float64(a.N) > 1e9:
		return fmt.Errorf("landscape: an axis of %s", count(a.N, "point"))
	}
	return nil
}

// A Grid is the points of a plane that a slice evaluates.
type Grid struct {
	X, Y Axis
	// Budget, if positive, makes the grid adaptive: only so many of its points are
	// computed, where the surface bends most, and the others interpolated. See
	// [Adaptive].
	Budget int

	err error // why it could not be made
}

// Square is the grid of n x n points with both coordinates from -radius to radius. With
// n odd the plane's origin is one of them.
func Square(radius float64, n int) Grid {
	a := Axis{From: -radius, To: radius, N: n}
	return Grid{X: a, Y: a}
}

// Rectangle is the grid of nx x ny points over [x0, x1] x [y0, y1].
func Rectangle(x0, x1 float64, nx int, y0, y1 float64, ny int) Grid {
	return Grid{X: Axis{From: x0, To: x1, N: nx}, Y: Axis{From: y0, To: y1, N: ny}}
}

// Around is the grid of n x n points that holds the projections of trajectories onto a plane and the plane's origin, with
// a margin on every side: a share of the extent along the axis, such as 0.2. What is wrong with them is the error
// of the Slice.
func Around(plane *Plane, margin float64, n int, trajectories ...Trajectory) Grid {
	if err := plane.Err(); err != nil {
		return Grid{err: err}
	}
	if !(margin >= 0) || math.IsInf(margin, 0) || len(trajectories) == 0 {
		return Grid{err: fmt.Errorf("landscape: a grid around %d trajectories with a margin of %v: there must be a trajectory, and the margin must not be negative", len(trajectories), margin)}
	}
	var low, high [2]float64 // the origin is at 0, 0
	for _, t := range trajectories {
		points, err := pointsOf(t)
		if err != nil {
			return Grid{err: err}
		}
		for i, p := range points {
			a, b, _ := plane.Project(p)
			if !finite(a) || !finite(b) {
				return Grid{err: fmt.Errorf("landscape: a grid around a trajectory: point %d has %d numbers, the plane %d, and projects to (%v, %v)", i, len(p), len(plane.Origin), a, b)}
			}
			for k, x := range [2]float64{a, b} {
				low[k], high[k] = min(low[k], x), max(high[k], x)
			}
		}
	}
	width := max(high[0]-low[0], high[1]-low[1])
	if width == 0 {
		return Grid{err: errors.New("landscape: a grid around trajectories that do not leave the plane's origin: it has no extent")}
	}
	axis := func(k int) Axis {
		if high[k]-low[k] < 1e-9*width { // the trajectory is a line along the other axis
			return Axis{From: -width / 2, To: width / 2, N: n}
		}
		m := margin * (high[k] - low[k])
		return Axis{From: low[k] - m, To: high[k] + m, N: n}
	}
	return Grid{X: axis(0), Y: axis(1)}
}

// Geometric is the grid of n x n points, n odd, whose distances from 0 grow by a
// constant factor from smallest to radius: for a surface that is sharp in its middle
// and wide around.
func Geometric(smallest, radius float64, n int) Grid {
	a := Axis{From: -radius, To: radius, N: n, Smallest: smallest}
	if !(smallest > 0) {
		a.Smallest = math.NaN() // found by check: 0 would mean a linear axis
	}
	return Grid{X: a, Y: a}
}

// Adaptive makes the grid adaptive: at most a quarter of its points are computed. It
// begins coarse, and again and again splits the cells whose values were predicted worst
// by their neighbourhood; the other points are interpolated (by cubics) and
// marked so in [Surface.Computed]. For smooth losses the error is no larger than that
// of bilinear interpolation on the full grid.
//
// Both numbers of points are rounded down to a multiple of 16, plus 1 (and up to 33), so
// that cells can be halved, and a surface that bends the same everywhere fits into the
// budget at twice the spacing.
func Adaptive(g Grid) Grid {
	if g.check() != nil {
		return g // Slice says what is wrong
	}
	round := func(n int) int { return max(33, (n-1)/16*16+1) }
	g.Budget = g.X.N * g.Y.N / 4
	g.X.N, g.Y.N = round(g.X.N), round(g.Y.N)
	return g
}

func (g Grid) check() error {
	if g.err != nil {
		return g.err
	}
	return errors.Join(g.X.check(), g.Y.check())
}

// String describes the grid in one line.
func (g Grid) String() string {
	s := fmt.Sprintf("%d x %d points over [%g, %g] x [%g, %g]", g.X.N, g.Y.N, g.X.From, g.X.To, g.Y.From, g.Y.To)
	if g.X.Smallest > 0 {
		s += fmt.Sprintf(", geometric from %g", g.X.Smallest)
	}
	if g.Budget > 0 {
		s += fmt.Sprintf(", adaptive: %s computed", thousands(g.Budget))
	}
	return s
}
