package landscape

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// Provenance is what made a result: enough to make it again, and to see whether two
// results are of the same thing.
type Provenance struct {
	Version   string  `json:"version"`           // of Saddle
	Objective string  `json:"objective"`         // in one line
	Network   string  `json:"network,omitempty"` // layers, as the network draws itself
	Loss      string  `json:"loss_function,omitempty"`
	L1        float64 `json:"l1,omitempty"`
	L2        float64 `json:"l2,omitempty"`
	Data      string  `json:"data,omitempty"`
	DataHash  string  `json:"data_hash,omitempty"`
	Seed      uint64  `json:"seed,omitempty"` // of random directions
	X         string  `json:"x_direction"`
	Y         string  `json:"y_direction,omitempty"`
	XAxis     string  `json:"x_axis,omitempty"` // short names of the directions
	YAxis     string  `json:"y_axis,omitempty"`
	Code      string  `json:"code"`        // which code path computed
	Identity  string  `json:"fingerprint"` // of all of the above, the parameters and the grid
	Seconds   float64 `json:"seconds"`     // how long it took
}

// version is written into saved results.
const version = "0.1"

func provenance(obj Objective, e *evaluator, x, y string, seed uint64, rec *record, start time.Time) Provenance {
	p := Provenance{
		Version: version, Objective: describe(obj), Seed: seed, X: x, Y: y,
		Code: e.path, Identity: rec.fingerprint, Seconds: time.Since(start).Seconds(),
	}
	if o, ok := obj.(*NetworkObjective); ok {
		p.Network, p.Loss, p.L1, p.L2 = o.Net.String(), o.Loss.String(), o.L1, o.L2
		p.Data, p.DataHash = o.Data.Name, o.Data.Hash()
	}
	return p
}

// A Surface is what a [Slice] found: the loss, and other quantities, over a grid of a
// plane.
type Surface struct {
	// X and Y are the coordinates along the plane's two directions, increasing.
	X, Y []float64
	// Z is the loss: Z[i][j] at (X[i], Y[j]), len(X) rows of len(Y) numbers. Values
	// that are NaN or infinite are kept.
	Z [][]float64
	// Names lists the quantities, the loss first; Values holds each in the shape of Z.
	Names  []string
	Values map[string][][]float64
	// Computed tells, for an adaptive grid, which points were computed, in the shape
	// of Z; the others are interpolated. It is nil for a full grid.
	Computed [][]bool
	// Paths are trajectories projected onto the plane.
	Paths []Path
	// Marks are points that figures mark, such as those of a [MergeTree].
	Marks []chart.Point
	// Origin, XVector and YVector are the plane.
	Origin, XVector, YVector []float64
	// Made says what made the surface.
	Made Provenance

	title string
	log   bool
	clip  float64 // 0: none
	rec   *record
	obj   Objective
	plane *Plane
	err   error
}

// A Path is a trajectory projected onto a plane.
type Path struct {
	Name string
	// A and B are the coordinates of each point's projection.
	A, B []float64
	// Distance is how far each point is from the plane, in parameter space.
	Distance []float64
	// Loss is the true loss at each point, PlaneLoss the loss at its projection.
	// Where Distance is not small the two differ, and the picture of the path on
	// the surface is not the path's loss.
	Loss, PlaneLoss []float64
}

// Slice evaluates the objective, and the quantities asked for with [Report], at every
// point of a grid of a plane, on all cores. Interrupted, it returns what it has: the
// rest is NaN, Err says how far it came, and [Resume] goes on from there.
func Slice(obj Objective, plane *Plane, grid Grid, opts ...SliceOption) *Surface {
	s := &Surface{obj: obj, plane: plane}
	s.err = s.compute(grid, newConfig(opts))
	return s
}

func (s *Surface) compute(grid Grid, c *config) error {
	start := time.Now()
	if err := errors.Join(Check(s.obj), s.plane.Err()); err != nil {
		return err
	}
	if err := CheckPoint(s.obj, s.plane.Origin, "the plane's origin"); err != nil {
		return err
	}
	if err := grid.check(); err != nil {
		return err
	}
	p := s.plane
	e, err := newEvaluator(section{obj: s.obj, origin: p.Origin, x: p.X.V, y: p.Y.V}, c)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("slice of %d x %d points", grid.X.N, grid.Y.N)
	points := float64(grid.X.N) * float64(grid.Y.N)
	// Asked before the coordinates are made: they take memory too.
	if err := e.checkMemory(points, what, c); err != nil {
		return err
	}
	s.X, s.Y = grid.X.Values(), grid.Y.Values()
	s.Origin, s.XVector, s.YVector = p.Origin, p.X.V, p.Y.V
	var rec *record
	if grid.Budget > 0 {
		rec, s.Computed, err = e.adaptive(c, what, s.X, s.Y, grid.Budget)
	} else {
		a, b := make([]float64, 0, int(points)), make([]float64, 0, int(points))
		for _, x := range s.X {
			for _, y := range s.Y {
				a, b = append(a, x), append(b, y)
			}
		}
		rec, err = e.run(c, what, a, b)
	}
	if rec == nil {
		return err
	}
	s.rec = rec
	s.shape(e.names)
	s.Made = provenance(s.obj, e, p.X.Name, p.Y.Name, p.Seed, rec, start)
	s.Made.XAxis, s.Made.YAxis = p.X.Axis, p.Y.Axis
	return err
}

// shape makes the fields of the flat record.
func (s *Surface) shape(names []string) {
	s.Names = names
	s.Values = map[string][][]float64{}
	for q, name := range names {
		rows := make([][]float64, len(s.X))
		for i := range rows {
			rows[i] = s.rec.values[q][i*len(s.Y) : (i+1)*len(s.Y) : (i+1)*len(s.Y)]
		}
		s.Values[name] = rows
	}
	s.Z = s.Values[NameLoss]
}

// Resume goes on with an interrupted surface (or with one loaded from a file) where it
// stopped; objective, plane, grid and quantities must be the same.
func Resume(s *Surface) SliceOption {
	return func(c *config) {
		if s == nil || s.rec == nil {
			c.err = errors.New("landscape: there is nothing to resume: the earlier surface has no values")
			return
		}
		c.resume = s.rec
	}
}

// ResumeCurve is [Resume] for a curve.
func ResumeCurve(curve *Curve) SliceOption {
	return func(c *config) {
		if curve == nil || curve.rec == nil {
			c.err = errors.New("landscape: there is nothing to resume: the earlier curve has no values")
			return
		}
		c.resume = curve.rec
	}
}

// Merge puts the parts of a surface together that were computed with [Shard], each
// perhaps on another machine. Missing and foreign parts are refused, and so are parts
// that different code computed: their last bits may differ.
func Merge(parts ...*Surface) *Surface {
	var all []part
	for _, p := range parts {
		if p == nil {
			p = new(Surface)
		}
		all = append(all, part{p.rec, p.Made})
	}
	rec, seconds, err := merge(all)
	if err != nil {
		return &Surface{err: err}
	}
	out := *parts[0]
	out.err, out.Paths, out.rec = nil, nil, rec
	out.Made.Seconds = seconds
	out.shape(out.Names)
	return &out
}

// MergeCurves is [Merge] for the parts of a curve.
func MergeCurves(parts ...*Curve) *Curve {
	var all []part
	for _, p := range parts {
		if p == nil {
			p = new(Curve)
		}
		all = append(all, part{p.rec, p.Made})
	}
	rec, seconds, err := merge(all)
	if err != nil {
		return &Curve{err: err}
	}
	out := *parts[0]
	out.err, out.rec = nil, rec
	out.Made.Seconds = seconds
	out.shape(out.Names)
	return &out
}

// A part is the values of a shard and what made them.
type part struct {
	rec  *record
	made Provenance
}

func merge(parts []part) (out *record, seconds float64, err error) {
	fail := func(format string, args ...any) (*record, float64, error) {
		return nil, 0, fmt.Errorf("landscape: merge: "+format, args...)
	}
	for i, p := range parts {
		first := parts[0]
		switch {
		case p.rec == nil:
			return fail("part %d has no values", i+1)
		case p.rec.known != nil:
			return fail("part %d is an adaptive grid, which has no parts", i+1)
		case p.made.Code != first.made.Code:
			return fail("part %d was computed by other code (%s) than part 1 (%s)", i+1, p.made.Code, first.made.Code)
		case p.rec.fingerprint != first.rec.fingerprint:
			return fail("part %d is of another computation than part 1", i+1)
		}
		if out == nil {
			out = newRecord(len(p.rec.values), p.rec.points())
			out.fingerprint = p.rec.fingerprint
		}
		seconds += p.made.Seconds
		for t, done := range p.rec.done {
			if !done {
				continue
			}
			from, to := p.rec.span(t)
			rows := make([][]float64, len(p.rec.values))
			for q := range rows {
				rows[q] = p.rec.values[q][from:to]
				for k, v := range rows[q] {
					if u := out.values[q][from+k]; out.done[t] && u != v && !(math.IsNaN(u) && math.IsNaN(v)) {
						return fail("part %d has other values than an earlier part at the same points", i+1)
					}
				}
			}
			out.put(t, rows)
		}
	}
	if out == nil {
		return fail("no parts")
	}
	if n, all := out.finished(), out.points(); n < all {
		return fail("parts are missing: %s of %s points are there", thousands(n), thousands(all))
	}
	return out, seconds, nil
}

// Err says what is wrong with the surface, or nil. An interrupted surface has an error
// that wraps context.Canceled, and holds the values found until then.
func (s *Surface) Err() error {
	if s == nil {
		return errors.New("landscape: the surface is nil")
	}
	if s.err == nil && s.rec == nil {
		return errors.New("landscape: the surface has no values: it was not made by Slice, Load or Merge")
	}
	return s.err
}

// copy is the surface to be changed; of nil, one with its error.
func (s *Surface) copy() *Surface {
	if s == nil {
		return &Surface{err: s.Err()}
	}
	c := *s
	return &c
}

// Complete says whether every point has been computed.
func (s *Surface) Complete() bool { return s != nil && s.rec != nil && s.rec.complete() }

// Holes counts the computed points where the loss is NaN, and where it is infinite.
func (s *Surface) Holes() (nan, inf int) {
	if s == nil || s.rec == nil {
		return 0, 0
	}
	return s.rec.holes()
}

func (r *record) holes() (nan, inf int) {
	for k, v := range r.values[0] {
		switch {
		case !r.done[k/tileSize]:
		case math.IsNaN(v):
			nan++
		case math.IsInf(v, 0):
			inf++
		}
	}
	return nan, inf
}

// Min returns the smallest finite loss on the grid and where it is; NaN if there is none.
func (s *Surface) Min() (loss, a, b float64) {
	loss, a, b = math.NaN(), math.NaN(), math.NaN()
	if s == nil {
		return loss, a, b
	}
	for i, row := range s.Z {
		for j, z := range row {
			if finite(z) && !(z >= loss) {
				loss, a, b = z, s.X[i], s.Y[j]
			}
		}
	}
	return loss, a, b
}

// Max returns the largest finite loss on the grid and where it is; NaN if there is none.
func (s *Surface) Max() (loss, a, b float64) {
	loss, a, b = math.NaN(), math.NaN(), math.NaN()
	if s == nil {
		return loss, a, b
	}
	for i, row := range s.Z {
		for j, z := range row {
			if finite(z) && !(z <= loss) {
				loss, a, b = z, s.X[i], s.Y[j]
			}
		}
	}
	return loss, a, b
}

// Titled returns the surface with another title on its figures.
func (s *Surface) Titled(title string) *Surface { c := s.copy(); c.title = title; return c }

// LogScale returns the surface with figures that begin with a logarithmic scale. Values
// are not changed.
func (s *Surface) LogScale() *Surface { c := s.copy(); c.log = true; return c }

// Clip returns the surface with figures that are cut off above z: what is higher is drawn
// at z, and the caption says so. Values are not changed.
func (s *Surface) Clip(z float64) *Surface { c := s.copy(); c.clip = z; return c }

// With returns the surface with trajectories projected onto its plane, each with its
// distance from the plane and both its true loss and the plane's own. Runs of package
// train are trajectories. A surface loaded from a file takes the objective from
// [Surface.Bind].
func (s *Surface) With(trajectories ...Trajectory) *Surface {
	if s == nil || s.rec == nil {
		return &Surface{err: s.Err()}
	}
	out := *s
	out.Paths = append([]Path(nil), s.Paths...)
	plane := s.Plane()
	for _, t := range trajectories {
		points, err := pointsOf(t)
		var path Path
		if err == nil {
			path, err = Project(s.obj, plane, points)
		}
		if err != nil {
			out.err = errors.Join(out.err, err)
			return &out
		}
		path.Name = fmt.Sprintf("run %d", len(out.Paths)+1)
		if n, ok := t.(interface{ Label() string }); ok && n.Label() != "" {
			path.Name = n.Label()
		}
		out.Paths = append(out.Paths, path)
	}
	return &out
}

// Bind returns the surface with its objective known again, which a file cannot hold.
func (s *Surface) Bind(obj Objective) *Surface {
	out := s.copy()
	if out.rec == nil {
		return out
	}
	if err := CheckPoint(obj, s.Origin, "the surface's origin"); err != nil {
		out.err = err
		return out
	}
	out.obj = obj
	return out
}

// Plane returns the plane that the surface is over.
func (s *Surface) Plane() *Plane {
	if s == nil {
		return badPlane(s.Err())
	}
	if s.plane != nil {
		return s.plane
	}
	p := NewPlane(s.Origin, Given(s.Made.X, s.XVector), Given(s.Made.Y, s.YVector))
	if p.Err() == nil {
		p.X.Axis, p.Y.Axis = s.Made.XAxis, s.Made.YAxis
	}
	p.Seed = s.Made.Seed
	return p
}

// Project projects points onto a plane. The losses are NaN when obj is nil.
func Project(obj Objective, plane *Plane, points [][]float64) (Path, error) {
	if err := plane.Err(); err != nil {
		return Path{}, err
	}
	var path Path
	theta := make([]float64, len(plane.Origin))
	for i, p := range points {
		if len(p) != len(plane.Origin) {
			return Path{}, fmt.Errorf("landscape: point %d of the trajectory has %d numbers, the plane %d", i, len(p), len(plane.Origin))
		}
		a, b, d := plane.Project(p)
		loss, planeLoss := math.NaN(), math.NaN()
		if obj != nil {
			combine(theta, plane.Origin, plane.X.V, plane.Y.V, a, b)
			loss, planeLoss = safeValue(obj, p), safeValue(obj, theta)
		}
		path.A, path.B = append(path.A, a), append(path.B, b)
		path.Distance = append(path.Distance, d)
		path.Loss, path.PlaneLoss = append(path.Loss, loss), append(path.PlaneLoss, planeLoss)
	}
	return path, nil
}

// String gives the surface's numbers in words.
func (s *Surface) String() string {
	if s == nil || s.rec == nil {
		return s.Err().Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "surface of %s, %d x %d points", s.Made.Objective, len(s.X), len(s.Y))
	if low, x, y := s.Min(); !math.IsNaN(low) {
		high, hx, hy := s.Max()
		fmt.Fprintf(&b, "\n  lowest  %s at (%s, %s)\n  highest %s at (%s, %s)", number(low), number(x), number(y), number(high), number(hx), number(hy))
	}
	if c := cosine(s.XVector, s.YVector); !math.IsNaN(c) {
		fmt.Fprintf(&b, "\n  cosine between the directions %.4f", c)
	}
	if h := s.holeText(); h != "" {
		b.WriteString("\n  " + h)
	}
	for _, p := range s.Paths {
		if n := len(p.A); n > 0 {
			fmt.Fprintf(&b, "\n  %s: %s, up to %s from the plane; ends at (%s, %s)", p.Name, count(n, "point"), number(largest(p.Distance)), number(p.A[n-1]), number(p.B[n-1]))
		}
	}
	if s.err != nil {
		b.WriteString("\n  " + s.err.Error())
	}
	return b.String()
}

func largest(v []float64) float64 {
	m := math.Inf(-1)
	for _, x := range v {
		m = max(m, x)
	}
	return m
}

func (s *Surface) holeText() string {
	nan, inf := s.Holes()
	return holeText(nan, inf, s.rec.points()-s.rec.finished())
}

func holeText(nan, inf, missing int) string {
	var parts []string
	if nan+inf > 0 {
		parts = append(parts, fmt.Sprintf("%s (%s NaN, %s infinite)", count(nan+inf, "hole"), thousands(nan), thousands(inf)))
	}
	if missing > 0 {
		parts = append(parts, fmt.Sprintf("%s not computed", count(missing, "point")))
	}
	return strings.Join(parts, ", ")
}

func (s *Surface) caption(name string) string {
	parts := []string{fmt.Sprintf("The %s at %d x %d points of a plane", name, len(s.X), len(s.Y))}
	if s.Made.X == s.Made.Y {
		parts = append(parts, "both directions "+s.Made.X)
	} else {
		x, y := s.axes()
		for _, axis := range [][2]string{{x, s.Made.X}, {y, s.Made.Y}} {
			if axis[0] != axis[1] {
				parts = append(parts, axis[0]+": "+axis[1])
			}
		}
	}
	if c := cosine(s.XVector, s.YVector); math.Abs(c) >= 1e-3 {
		parts = append(parts, fmt.Sprintf("cosine of the directions %.2g", c))
	}
	if s.Computed != nil {
		n := 0
		for _, row := range s.Computed {
			for _, c := range row {
				if c {
					n++
				}
			}
		}
		parts = append(parts, fmt.Sprintf("%s computed, the others interpolated", count(n, "point")))
	}
	if h := s.holeText(); h != "" {
		parts = append(parts, h)
	}
	if s.clip != 0 {
		parts = append(parts, "cut off above "+number(s.clip))
	}
	for _, p := range s.Paths {
		parts = append(parts, fmt.Sprintf("%s is up to %s from the plane", p.Name, number(largest(p.Distance))))
	}
	parts = append(parts, seconds(s.Made.Seconds))
	return strings.Join(parts, "; ") + "."
}

func seconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.0f ms", 1000*s)
	}
	return fmt.Sprintf("%.1f s", s)
}

// axes names the axes of figures: as the directions are called, where they have short names that differ.
func (s *Surface) axes() (x, y string) {
	x, y = s.Made.XAxis, s.Made.YAxis
	if x == y {
		return "alpha", "beta"
	}
	if x == "" {
		x = "alpha"
	}
	if y == "" {
		y = "beta"
	}
	return x, y
}

// transposed is the values as chart wants them, rows along y, cut off where asked.
func (s *Surface) transposed(z [][]float64) [][]float64 {
	out := make([][]float64, len(s.Y))
	for j := range out {
		out[j] = make([]float64, len(s.X))
		for i := range s.X {
			v := z[i][j]
			if s.clip != 0 && v > s.clip {
				v = s.clip
			}
			out[j][i] = v
		}
	}
	return out
}

// Figure is the figure of one quantity, by name ("loss" if empty), to be changed or
// saved.
func (s *Surface) Figure(name string) chart.Surface {
	if name == "" {
		name = NameLoss
	}
	if s == nil {
		return chart.Surface{ZName: name}
	}
	title := s.title
	if title == "" {
		title = s.Made.Objective
	}
	f := chart.Surface{Title: title, X: s.X, Y: s.Y, ZName: name, Log: s.log}
	f.XName, f.YName = s.axes()
	if s.rec == nil || s.Values[name] == nil {
		return f
	}
	f.Caption = s.caption(name)
	f.Z = s.transposed(s.Values[name])
	f.Points = s.Marks
	for _, p := range s.Paths {
		f.Paths = append(f.Paths, chart.Path{Name: p.Name, X: p.A, Y: p.B})
	}
	return f
}

// Contour is the figure of one quantity as filled contours.
func (s *Surface) Contour(name string) chart.Contour {
	f := s.Figure(name)
	return chart.Contour{Title: f.Title, Caption: f.Caption, X: f.X, Y: f.Y, Z: f.Z, XName: f.XName, YName: f.YName, ZName: f.ZName, Paths: f.Paths, Points: f.Points, Log: f.Log}
}

// RatioMap is the figure of Li's Hessian ratio; the surface must report
// [HessianExtremes].
func (s *Surface) RatioMap() chart.RatioMap {
	f := s.Figure(NameHessianRatio)
	return chart.RatioMap{Title: f.Title, Caption: f.Caption, X: f.X, Y: f.Y, Ratio: f.Z, XName: f.XName, YName: f.YName, Paths: f.Paths, Points: f.Points}
}

// MIMEBundle shows the surface in a notebook.
func (s *Surface) MIMEBundle() (map[string]any, error) {
	if s == nil || s.rec == nil {
		return nil, s.Err()
	}
	b, err := s.Figure("").MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = s.String()
	return b, nil
}

// Show displays the surface while a cell runs; outside a notebook it writes an HTML file
// and prints its path.
func (s *Surface) Show() error {
	if s == nil || s.rec == nil {
		return s.Err()
	}
	return s.Figure("").Show()
}

// Interpolate returns the loss at (a, b), interpolated between the grid's points:
// bilinearly, or, on an adaptive grid, by cubics in both coordinates. It is NaN
// outside the grid.
func (s *Surface) Interpolate(a, b float64) float64 {
	if s == nil || s.rec == nil || !(a >= s.X[0] && a <= s.X[len(s.X)-1] && b >= s.Y[0] && b <= s.Y[len(s.Y)-1]) {
		return math.NaN()
	}
	if s.Computed != nil {
		i, u := four(s.X, a)
		j, v := four(s.Y, b)
		sum := 0.0
		for di := range u {
			for dj := range v {
				sum += u[di] * v[dj] * s.Z[i+di][j+dj]
			}
		}
		return sum
	}
	i, k, u := between(s.X, a)
	j, l, v := between(s.Y, b)
	return (1-u)*((1-v)*s.Z[i][j]+v*s.Z[i][l]) + u*((1-v)*s.Z[k][j]+v*s.Z[k][l])
}

// between is the coordinates around x, and the weight of the second.
func between(v []float64, x float64) (i, k int, weight float64) {
	if len(v) == 1 {
		return 0, 0, 0
	}
	i = below(v, x)
	return i, i + 1, (x - v[i]) / (v[i+1] - v[i])
}

// below is the interval of v that x lies in: v[i] <= x <= v[i+1].
func below(v []float64, x float64) int {
	return max(0, min(len(v)-2, sort.SearchFloat64s(v, x)-1))
}

// four is the first of four coordinates around x, and the weights of the cubic through
// them.
func four(v []float64, x float64) (int, [4]float64) {
	i := max(0, min(len(v)-4, below(v, x)-1))
	return i, cubic(v, [4]int{i, i + 1, i + 2, i + 3}, x)
}
