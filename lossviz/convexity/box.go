package convexity

import (
	"context"
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/convexity/enclose"
	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// maxEigen is the largest number of parameters for which whole Hessians are enclosed.
const maxEigen = 250

// A PointVerdict says how a function bends at one point.
type PointVerdict struct {
	// Kind is Convex if all eigenvalues of the Hessian are certainly positive, also near the point (convex on
	// a small box around it), NotConvex if one is certainly negative, else Undetermined.
	Kind        Kind
	Eigenvalues []interval.Interval // each encloses one eigenvalue, ascending; nil where none is bounded
	Gradient    []interval.Interval
	Value       interval.Interval
	Kink        bool // the function need not be twice differentiable there

	what string
	err  error
}

// Err says why there is no verdict, or nil.
func (v *PointVerdict) Err() error { return v.err }

// Index returns the number of certainly negative eigenvalues, and the number whose sign is open.
func (v *PointVerdict) Index() (negative, open int) {
	for _, e := range v.Eigenvalues {
		switch {
		case e.Negative():
			negative++
		case !e.Positive():
			open++
		}
	}
	return negative, open
}

// String is the verdict in one line.
func (v *PointVerdict) String() string {
	if v.err != nil {
		return v.err.Error()
	}
	if v.Kink {
		return "undetermined at the point: it may be a kink, where there is no Hessian"
	}
	first, last := v.Eigenvalues[0], v.Eigenvalues[len(v.Eigenvalues)-1]
	negative, open := v.Index()
	switch v.Kind {
	case Convex:
		return fmt.Sprintf("convex near the point: eigenvalues from %.6g to %.6g, enclosed", first.Lo, last.Hi)
	case NotConvex:
		return fmt.Sprintf("not convex at the point: %d of %d eigenvalues are negative, the smallest in [%.6g, %.6g]",
			negative, len(v.Eigenvalues), first.Lo, first.Hi)
	}
	return fmt.Sprintf("undetermined at the point: the signs of %d of %d eigenvalues are open, the smallest in [%.3g, %.3g]",
		open, len(v.Eigenvalues), first.Lo, first.Hi)
}

// AtPoint encloses the eigenvalues of the Hessian at theta. It is for up to 250 parameters.
func AtPoint(loss landscape.Objective, theta []float64, opts ...Option) *PointVerdict {
	v := &PointVerdict{Kind: Undetermined, what: describe(loss)}
	set, stop := newSettings(opts)
	defer stop()
	s, _, err := onLine(loss, theta, theta, set)
	if err == nil && loss.Dim() > maxEigen {
		err = fmt.Errorf("convexity: AtPoint is for up to %d parameters, not %d; ask OnLine or OnSlice", maxEigen, loss.Dim())
	}
	if err != nil {
		v.err = err
		return v
	}
	var hess []interval.Interval
	v.Value, v.Gradient, hess, err = s.problem.Hessian(set.ctx, enclose.Points(theta))
	if err != nil {
		v.err = fmt.Errorf("convexity: interrupted: %w", err)
		return v
	}
	values, ok := enclose.Eigenvalues(hess, len(theta))
	if !ok {
		v.Kink = true
		return v
	}
	v.Eigenvalues = values
	switch {
	case values[0].Positive():
		if v.Kind, err = s.around(set.ctx, theta); err != nil {
			v.err = fmt.Errorf("convexity: interrupted: %w", err)
		}
		v.Kink = v.Kind != Convex
	case values[0].Negative():
		v.Kind = NotConvex
	}
	return v
}

// around proves that a function is convex near a point where all eigenvalues are positive: on a small box. At
// the point alone a kink can hide behind a factor that is 0 just there, as in w relu(x) at 0.
func (s *subject) around(ctx context.Context, theta []float64) (Kind, error) {
	for _, size := range []float64{0x1p-20, 0x1p-30, 0x1p-40} {
		box, free := make([]interval.Interval, len(theta)), make([]int, len(theta))
		for i, x := range theta {
			r := size * (1 + math.Abs(x))
			box[i], free[i] = interval.Interval{Lo: x - r, Hi: x + r}, i
		}
		smallest, ok, err := s.smallest(ctx, box, free)
		if err != nil {
			return Undetermined, err
		}
		if ok && smallest.Positive() {
			return Convex, nil
		}
	}
	return Undetermined, nil
}

// A BoxVerdict says whether a function is convex on a box.
type BoxVerdict struct {
	Kind  Kind
	Boxes int       // how many boxes it was cut into
	At    []float64 // of NotConvex: a point of the box where the Hessian has a negative eigenvalue
	// Smallest encloses the smallest eigenvalue: over the whole box for Convex, at At for NotConvex.
	Smallest interval.Interval

	what string
	err  error
}

// Err says why there is no verdict, or nil.
func (v *BoxVerdict) Err() error { return v.err }

// String is the verdict in one line.
func (v *BoxVerdict) String() string {
	switch {
	case v.err != nil:
		return v.err.Error()
	case v.Kind == Convex:
		return fmt.Sprintf("convex on the box: proved on %d boxes, no eigenvalue below %.4g", v.Boxes, v.Smallest.Lo)
	case v.Kind == NotConvex:
		return fmt.Sprintf("not convex on the box: at a point of it an eigenvalue lies in [%.6g, %.6g]", v.Smallest.Lo, v.Smallest.Hi)
	}
	return fmt.Sprintf("undetermined on the box, cut into %d", v.Boxes)
}

// OnBox decides whether loss is convex on the box lo <= theta <= hi, by enclosing the
// Hessian over it and over its halves, cut along the widest side, in up to Pieces boxes. A parameter with
// lo = hi is fixed: the question is then about the others.
// It needs few parameters (250 at most) and narrow boxes: over a wide one nothing is certain.
func OnBox(loss landscape.Objective, lo, hi []float64, opts ...Option) *BoxVerdict {
	v := &BoxVerdict{Kind: Undetermined, what: describe(loss)}
	set, stop := newSettings(opts)
	defer stop()
	s, _, err := onLine(loss, lo, hi, set)
	if err == nil && loss.Dim() > maxEigen {
		err = fmt.Errorf("convexity: OnBox is for up to %d parameters, not %d", maxEigen, loss.Dim())
	}
	if err != nil {
		v.err = err
		return v
	}
	box, free := make([]interval.Interval, len(lo)), []int(nil)
	for i := range lo {
		if !(lo[i] <= hi[i]) {
			v.err = fmt.Errorf("convexity: the box is empty: parameter %d from %v to %v", i, lo[i], hi[i])
			return v
		}
		box[i] = interval.Interval{Lo: lo[i], Hi: hi[i]}
		if lo[i] < hi[i] {
			free = append(free, i)
		}
	}
	if free == nil {
		v.err = fmt.Errorf("convexity: the box is a single point, on which every function is convex; ask AtPoint")
		return v
	}
	v.Smallest = interval.Interval{Lo: math.Inf(1), Hi: math.Inf(1)}
	queue := [][]interval.Interval{box}
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		v.Boxes++
		smallest, ok, err := s.smallest(set.ctx, b, free)
		if err != nil {
			v.err = fmt.Errorf("convexity: interrupted after %d boxes: %w", v.Boxes, err)
			return v
		}
		if ok && smallest.Lo >= 0 {
			v.Smallest = interval.Interval{Lo: math.Min(v.Smallest.Lo, smallest.Lo), Hi: math.Min(v.Smallest.Hi, smallest.Hi)}
			continue
		}
		middle := make([]float64, len(b))
		widest := 0
		for i, x := range b {
			middle[i] = x.Mid()
			if x.Width() > b[widest].Width() {
				widest = i
			}
		}
		smallest, ok, err = s.smallest(set.ctx, enclose.Points(middle), free)
		if err == nil && ok && smallest.Negative() {
			v.Kind, v.At, v.Smallest = NotConvex, middle, smallest
			return v
		}
		if err == nil && (v.Boxes+len(queue)+2 > set.pieces || b[widest].IsPoint()) {
			v.Boxes += len(queue)
			return v
		}
		left, right := append([]interval.Interval(nil), b...), append([]interval.Interval(nil), b...)
		left[widest].Hi, right[widest].Lo = middle[widest], middle[widest]
		queue = append(queue, left, right)
	}
	v.Kind = Convex
	return v
}

// smallest encloses the smallest eigenvalue over a box, of the Hessian in the free parameters, the others
// being fixed; ok is false if nothing is known.
func (s *subject) smallest(ctx context.Context, box []interval.Interval, free []int) (value interval.Interval, ok bool, err error) {
	_, _, hess, err := s.problem.Hessian(ctx, box)
	if err != nil {
		return value, false, err
	}
	part := make([]interval.Interval, 0, len(free)*len(free))
	for _, i := range free {
		for _, j := range free {
			part = append(part, hess[i*len(box)+j])
		}
	}
	values, ok := enclose.Eigenvalues(part, len(free))
	if !ok {
		return value, false, nil
	}
	return values[0], true, nil
}

// A SliceVerdict says where a plane's slice of a function, f(x, y) = L(origin + x X + y Y), is convex.
type SliceVerdict struct {
	// Kind is Convex if f is convex on the whole rectangle, NotConvex if it certainly
	// bulges somewhere in a cell, in some direction; else Undetermined.
	Kind  Kind
	X, Y  []float64 // edges of the cells
	Cells [][]Bend  // Cells[i][j] is the cell between Y[i], Y[i+1] and X[j], X[j+1]; Down: bulges somewhere in it
	Open  int       // cells that are not decided

	what string
	err  error
}

// Err says why there is no verdict, or nil.
func (v *SliceVerdict) Err() error { return v.err }

// String is the verdict in one line.
func (v *SliceVerdict) String() string {
	if v.err != nil {
		return v.err.Error()
	}
	up, down, _ := v.count()
	all := up + down + v.Open
	switch v.Kind {
	case Convex:
		return fmt.Sprintf("convex on the slice: proved on all %d cells", all)
	case NotConvex:
		return fmt.Sprintf("not convex on the slice: %d of %d cells bulge, certified; %d are convex, proved; %d open", down, all, up, v.Open)
	}
	return fmt.Sprintf("undetermined on the slice: %d of %d cells are convex, proved; %d open", up, all, v.Open)
}

// OnSlice decides where the slice of loss along plane is convex, for x and y from -radius to radius in
// cells x cells cells, by enclosing its 2 x 2 Hessian over each.
func OnSlice(loss landscape.Objective, plane *landscape.Plane, radius float64, cells int, opts ...Option) *SliceVerdict {
	v := &SliceVerdict{Kind: Undetermined, what: describe(loss)}
	set, stop := newSettings(opts)
	defer stop()
	if err := plane.Err(); err != nil {
		v.err = fmt.Errorf("convexity: %w", err)
		return v
	}
	if !(radius > 0) || math.IsInf(radius, 0) || cells < 1 || cells > 1000 {
		v.err = fmt.Errorf("convexity: a slice needs a positive radius and 1 to 1000 cells a side, got %v and %d", radius, cells)
		return v
	}
	s, _, err := onLine(loss, plane.Origin, plane.Origin, set)
	if err != nil {
		v.err = err
		return v
	}
	for i := range cells + 1 {
		v.X = append(v.X, radius*(2*float64(i)/float64(cells)-1))
	}
	v.Y = v.X
	for k := range 4 { // the domain is a box: it holds the rectangle if it holds the corners
		corner := make([]float64, len(plane.Origin))
		for i := range corner {
			corner[i] = plane.Origin[i] + radius*(float64(k%2*2-1)*plane.X.V[i]+float64(k/2*2-1)*plane.Y.V[i])
		}
		if !s.problem.Inside(corner) {
			v.err = fmt.Errorf("convexity: the slice leaves the function's domain; make the radius smaller")
			return v
		}
	}
	directions := [][]interval.Interval{enclose.Points(plane.X.V), enclose.Points(plane.Y.V)}
	v.Cells = make([][]Bend, cells)
	everywhere := s.problem.Curvature().IsConvex() // then no cell needs a look
	for i := range v.Cells {
		v.Cells[i] = make([]Bend, cells)
		for j := range v.Cells[i] {
			v.Cells[i][j] = Either
		}
	}
	for i := range cells * cells {
		row, column := i/cells, i%cells
		bend := Up
		if !everywhere {
			cell := [2]interval.Interval{{Lo: v.X[column], Hi: v.X[column+1]}, {Lo: v.Y[row], Hi: v.Y[row+1]}}
			if bend, err = s.cell(set.ctx, plane.Origin, directions, cell, 1); err != nil {
				v.err = fmt.Errorf("convexity: interrupted after %d of %d cells: %w", i, cells*cells, err)
				break
			}
		}
		v.Cells[row][column] = bend
	}
	_, down, open := v.count()
	switch v.Open = open; {
	case down > 0:
		v.Kind = NotConvex
	case open == 0:
		v.Kind = Convex
	}
	return v
}

// count is how many cells bend up, how many bulge, and how many are open.
func (v *SliceVerdict) count() (up, down, open int) {
	for _, row := range v.Cells {
		for _, c := range row {
			switch c {
			case Up:
				up++
			case Down:
				down++
			default:
				open++
			}
		}
	}
	return up, down, open
}

// cell decides one cell of a slice: Down if it bulges at its middle, Up if it is
// convex on all of it, cut into quarters up to depth times to prove that.
func (s *subject) cell(ctx context.Context, origin []float64, directions [][]interval.Interval, cell [2]interval.Interval, depth int) (Bend, error) {
	x, y := cell[0].Mid(), cell[1].Mid()
	jet, err := s.problem.Jet(ctx, origin, directions, []interval.Interval{interval.Point(x), interval.Point(y)})
	if err != nil || bendOf(jet) != Up {
		return bendOf(jet), err
	}
	jet, err = s.problem.Jet(ctx, origin, directions, cell[:])
	if bend := bendOf(jet); err != nil || bend != Either || depth == 0 {
		return bend, err
	}
	for _, quarter := range [][2]interval.Interval{
		{{Lo: cell[0].Lo, Hi: x}, {Lo: cell[1].Lo, Hi: y}}, {{Lo: x, Hi: cell[0].Hi}, {Lo: cell[1].Lo, Hi: y}},
		{{Lo: cell[0].Lo, Hi: x}, {Lo: y, Hi: cell[1].Hi}}, {{Lo: x, Hi: cell[0].Hi}, {Lo: y, Hi: cell[1].Hi}},
	} {
		if bend, err := s.cell(ctx, origin, directions, quarter, depth-1); err != nil || bend != Up {
			return bend, err
		}
	}
	return Up, nil
}

// bendOf reads the signs of a 2 x 2 Hessian. It is positive semidefinite where the diagonal
// and the determinant are not negative, and has a negative direction where one of them is.
func bendOf(jet expr.Jet) Bend {
	xx, xy, yy := jet.Hess[0], jet.Hess[1], jet.Hess[2]
	if !xx.Bounded() || !xy.Bounded() || !yy.Bounded() {
		return Either // a kink may lie there
	}
	det := xx.Mul(yy).Sub(xy.Sqr())
	switch {
	case xx.Lo >= 0 && yy.Lo >= 0 && det.Lo >= 0:
		return Up
	case xx.Hi < 0 || yy.Hi < 0 || det.Hi < 0:
		return Down
	}
	return Either
}
