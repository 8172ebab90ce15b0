package landscape

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// A Curve is the loss, and other quantities, along a line.
type Curve struct {
	// T is the coordinates along the line, increasing.
	T []float64
	// Z is the loss at each.
	Z []float64
	// Names lists the quantities, the loss first; Values holds each, as long as T.
	Names  []string
	Values map[string][]float64
	// Computed tells, for an adaptive line, which points were computed; the others are
	// interpolated. It is nil otherwise.
	Computed []bool
	// Made says what made the curve.
	Made Provenance

	title   string
	segment bool // T = 0 and T = 1 are two given points
	ends    [2]string
	rec     *record
	err     error
}

// Interpolate is the loss on the straight line through two points, L((1-t) a + t b)
// (Goodfellow et al., arXiv:1412.6544). By default t takes 101 values from -0.5 to 1.5;
// [Over] changes that. At t = 0 and t = 1 the points are a and b to the bit.
func Interpolate(obj Objective, a, b []float64, opts ...SliceOption) *Curve {
	c := &Curve{segment: true}
	if err := errors.Join(CheckPoint(obj, a, "the first point"), CheckPoint(obj, b, "the second point")); err != nil {
		c.err = err
		return c
	}
	c.err = c.compute(section{obj: obj, origin: a, x: b, segment: true}, "through two points", Axis{From: -0.5, To: 1.5, N: 101}, newConfig(opts))
	return c
}

// Along is the loss along a direction, L(theta + t d). By default t takes 101 values from
// -1 to 1; [Over] changes that.
func Along(obj Objective, theta []float64, d *Direction, opts ...SliceOption) *Curve {
	c := &Curve{}
	if err := errors.Join(CheckPoint(obj, theta, "theta"), d.Err()); err != nil {
		c.err = err
		return c
	}
	if len(d.V) != len(theta) {
		c.err = fmt.Errorf("landscape: direction %s has %d numbers, theta %d", d.Name, len(d.V), len(theta))
		return c
	}
	c.err = c.compute(section{obj: obj, origin: theta, x: d.V}, d.Name, Axis{From: -1, To: 1, N: 101}, newConfig(opts))
	return c
}

func (c *Curve) compute(s section, direction string, axis Axis, cfg *config) error {
	start := time.Now()
	c.ends = cfg.ends
	if cfg.grid != nil {
		axis = *cfg.grid
	}
	if err := axis.check(); err != nil {
		return err
	}
	e, err := newEvaluator(s, cfg)
	if err != nil {
		return err
	}
	what := "line of " + count(axis.N, "point")
	if err := e.checkMemory(float64(axis.N), what, cfg); err != nil {
		return err
	}
	c.T = axis.Values()
	var rec *record
	if cfg.budget > 0 {
		var computed [][]bool
		rec, computed, err = e.adaptive(cfg, what, c.T, nil, cfg.budget)
		for _, row := range computed {
			c.Computed = append(c.Computed, row[0])
		}
	} else {
		rec, err = e.run(cfg, what, c.T, nil)
	}
	if rec == nil {
		return err
	}
	c.rec = rec
	c.shape(e.names)
	c.Made = provenance(s.obj, e, direction, "", 0, rec, start)
	return err
}

func (c *Curve) shape(names []string) {
	c.Names = names
	c.Values = map[string][]float64{}
	for q, name := range names {
		c.Values[name] = c.rec.values[q]
	}
	c.Z = c.Values[NameLoss]
}

// Err says what is wrong with the curve, or nil. An interrupted curve has an error that
// wraps context.Canceled, and holds the values found until then.
func (c *Curve) Err() error {
	if c == nil {
		return errors.New("landscape: the curve is nil")
	}
	if c.err == nil && c.rec == nil {
		return errors.New("landscape: the curve has no values: it was not made by Along, Interpolate, LoadCurve or MergeCurves")
	}
	return c.err
}

// Holes counts the computed points where the loss is NaN, and where it is infinite.
func (c *Curve) Holes() (nan, inf int) {
	if c == nil || c.rec == nil {
		return 0, 0
	}
	return c.rec.holes()
}

// Min returns the smallest finite loss and where it is; NaN if there is none.
func (c *Curve) Min() (loss, t float64) {
	loss, t = math.NaN(), math.NaN()
	if c == nil {
		return loss, t
	}
	for i, z := range c.Z {
		if finite(z) && !(z >= loss) {
			loss, t = z, c.T[i]
		}
	}
	return loss, t
}

// A Bulge is a broken chord: L at T lies by Gap above the chord from A to B. By the
// definition, a convex function has none.
type Bulge struct {
	A, B, T             float64
	LossA, LossB, LossT float64
	Gap                 float64 // LossT minus the chord's height at T
}

// Bulge returns the largest violation of convexity among all triples of the curve's
// points, and whether there is one that exceeds rounding (1e-12 relative). It is
// evidence in floating point, not a certificate: package convexity gives those.
func (c *Curve) Bulge() (Bulge, bool) {
	// For a fixed middle point the worst chord has its ends on the lower convex hull
	// of the points left and right of it; the largest gap overall is over the hull of
	// all points, because lowering a chord's ends only widens the gap.
	if c == nil {
		return Bulge{}, false
	}
	var hull []int
	for i, z := range c.Z {
		if !finite(z) {
			continue
		}
		for len(hull) >= 2 {
			a, b := hull[len(hull)-2], hull[len(hull)-1]
			if (c.Z[b]-c.Z[a])*(c.T[i]-c.T[a]) < (z-c.Z[a])*(c.T[b]-c.T[a]) {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, i)
	}
	var worst Bulge
	found := false
	for k := 1; k < len(hull); k++ {
		a, b := hull[k-1], hull[k]
		for i := a + 1; i < b; i++ {
			if !finite(c.Z[i]) {
				continue
			}
			w := (c.T[i] - c.T[a]) / (c.T[b] - c.T[a])
			gap := c.Z[i] - ((1-w)*c.Z[a] + w*c.Z[b])
			size := max(math.Abs(c.Z[i]), math.Abs(c.Z[a]), math.Abs(c.Z[b]))
			if gap > 1e-12*size && gap > worst.Gap {
				worst = Bulge{c.T[a], c.T[b], c.T[i], c.Z[a], c.Z[b], c.Z[i], gap}
				found = true
			}
		}
	}
	return worst, found
}

// Barrier returns how far the loss between t = 0 and t = 1 rises above the chord between
// those two points, at most, and where: the height of the barrier between two minima. It
// is 0 where the curve stays below the chord, NaN where 0 or 1 is no point of the curve.
func (c *Curve) Barrier() (height, t float64) {
	if c == nil {
		return math.NaN(), math.NaN()
	}
	at := func(x float64) float64 {
		for i, v := range c.T {
			if v == x {
				return c.Z[i]
			}
		}
		return math.NaN()
	}
	z0, z1 := at(0), at(1)
	if !finite(z0) || !finite(z1) {
		return math.NaN(), math.NaN()
	}
	for i, x := range c.T {
		if x > 0 && x < 1 && finite(c.Z[i]) {
			if h := c.Z[i] - ((1-x)*z0 + x*z1); h > height {
				height, t = h, x
			}
		}
	}
	return height, t
}

// Titled returns the curve with another title on its figure.
func (c *Curve) Titled(title string) *Curve {
	if c == nil {
		return &Curve{err: c.Err()}
	}
	d := *c
	d.title = title
	return &d
}

// String gives the curve's numbers in words.
func (c *Curve) String() string {
	if c == nil || c.rec == nil {
		return c.Err().Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s on a line (%s), %s from %g to %g", c.Made.Objective, c.Made.X, count(len(c.T), "point"), c.T[0], c.T[len(c.T)-1])
	if low, t := c.Min(); !math.IsNaN(low) {
		fmt.Fprintf(&b, "\n  lowest %s at %s", number(low), number(t))
	}
	if c.segment {
		if h, t := c.Barrier(); h > 0 {
			fmt.Fprintf(&b, "\n  rises %s above the chord at %s", number(h), number(t))
		}
	}
	if bulge, ok := c.Bulge(); ok {
		fmt.Fprintf(&b, "\n  bulges: at %s it is %s above its chord from %s to %s", number(bulge.T), number(bulge.Gap), number(bulge.A), number(bulge.B))
	}
	if h := c.holeText(); h != "" {
		b.WriteString("\n  " + h)
	}
	if c.err != nil {
		b.WriteString("\n  " + c.err.Error())
	}
	return b.String()
}

func (c *Curve) holeText() string {
	nan, inf := c.rec.holes()
	return holeText(nan, inf, c.rec.points()-c.rec.finished())
}

// Figure is the curve's figure, to be changed or saved.
func (c *Curve) Figure() chart.Interpolation {
	if c == nil {
		return chart.Interpolation{}
	}
	title := c.title
	if title == "" {
		title = c.Made.Objective
	}
	f := chart.Interpolation{Title: title, Alpha: c.T, NoChord: !c.segment}
	if c.rec == nil {
		return f
	}
	f.Train, f.Test = c.Z, c.Values[NameTestLoss]
	f.TrainAccuracy, f.TestAccuracy = c.Values[NameAccuracy], c.Values[NameTestAccuracy]
	f.Ends = [2]string{"a", "b"}
	if !c.segment {
		f.Ends = [2]string{"0", "1"}
	}
	for i, name := range c.ends {
		if name != "" {
			f.Ends[i] = name
		}
	}
	if b, ok := c.Bulge(); ok {
		f.Bulge = &chart.Bulge{A: b.A, B: b.B, T: b.T, LossA: b.LossA, LossB: b.LossB, LossT: b.LossT}
	}
	parts := []string{fmt.Sprintf("%s of the line %s", count(len(c.T), "point"), c.Made.X)}
	if !c.segment {
		parts[0] = fmt.Sprintf("%s along a direction (%s)", count(len(c.T), "point"), c.Made.X)
	}
	if h := c.holeText(); h != "" {
		parts = append(parts, h)
	}
	f.Caption = strings.Join(append(parts, seconds(c.Made.Seconds)), "; ") + "."
	return f
}

// Lines is the figure of quantities along the line, by name, in one pair of axes: all of them if none is named.
// Set its Y.Log for a logarithmic scale.
func (c *Curve) Lines(names ...string) chart.Line {
	f := c.Figure()
	l := chart.Line{Title: f.Title, Caption: f.Caption, X: chart.Axis{Name: "alpha"}}
	if c == nil {
		return l
	}
	if len(names) == 0 {
		names = c.Names
	}
	for _, name := range names {
		l.Curves = append(l.Curves, chart.Curve{Name: name, X: c.T, Y: c.Values[name]})
	}
	if len(names) == 1 {
		l.Y.Name = names[0]
	}
	return l
}

// MIMEBundle shows the curve in a notebook.
func (c *Curve) MIMEBundle() (map[string]any, error) {
	if c == nil || c.rec == nil {
		return nil, c.Err()
	}
	b, err := c.Figure().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = c.String()
	return b, nil
}

// Show displays the curve while a cell runs; outside a notebook it writes an HTML file
// and prints its path.
func (c *Curve) Show() error {
	if c == nil || c.rec == nil {
		return c.Err()
	}
	return c.Figure().Show()
}
