package landscape

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// A Bar is the levels between which a part of a surface stands alone: from the loss of its minimum to
// the loss where it joins a deeper one, +Inf if it joins none.
type Bar struct{ Birth, Death float64 }

// A Diagram is the bars of a surface, its persistence diagram (of dimension 0). It forgets where the basins
// are and keeps how deep, so that surfaces of different networks, planes and grids can be compared: see [Bottleneck].
type Diagram struct {
	// Bars are sorted by persistence, the longest first.
	Bars []Bar

	what string // whose diagram it is, for figures
	err  error
}

// NewDiagram makes a diagram of bars of one's own, such as those of another program. A birth must be finite, a
// death finite or +Inf and not below the birth. No bars at all are a diagram, too.
func NewDiagram(bars ...Bar) *Diagram {
	d := &Diagram{Bars: slices.Clone(bars)}
	for i, b := range d.Bars {
		switch {
		case !finite(b.Birth) || math.IsNaN(b.Death):
			return &Diagram{err: fmt.Errorf("landscape: bar %d of the diagram is from %v to %v: its birth must be finite and its death a number or +Inf", i, b.Birth, b.Death)}
		case b.Death < b.Birth:
			return &Diagram{err: fmt.Errorf("landscape: bar %d of the diagram is from %v to %v: it dies before it is born; negate both for a diagram of maxima", i, b.Birth, b.Death)}
		}
	}
	sort.SliceStable(d.Bars, func(i, k int) bool { return d.Bars[i].half() > d.Bars[k].half() })
	return d
}

// half is half of the bar's length, its distance from the diagonal, without overflow.
func (b Bar) half() float64 { return b.Death/2 - b.Birth/2 }

// Diagram is the persistence diagram of the tree's basins. Those below the tree's threshold are not in it: take a
// threshold of 0 to compare surfaces.
func (m *MergeTree) Diagram() *Diagram {
	if err := m.Err(); err != nil {
		return &Diagram{err: err}
	}
	var bars []Bar
	for _, b := range m.Basins {
		bars = append(bars, Bar{b.Birth, b.Death})
	}
	d := NewDiagram(bars...)
	d.what = m.surface.Made.Objective
	return d
}

// Diagram is the persistence diagram of the volume's basins with at least the given persistence; see [Volume.Basins].
func (v *Volume) Diagram(threshold float64) *Diagram {
	basins, err := v.Basins(threshold)
	if err != nil {
		return &Diagram{err: err}
	}
	var bars []Bar
	for _, b := range basins {
		bars = append(bars, Bar{b.Birth, b.Death})
	}
	d := NewDiagram(bars...)
	d.what = v.Made.Objective
	return d
}

// Err says what is wrong with the diagram, or nil.
func (d *Diagram) Err() error {
	if d == nil {
		return errors.New("landscape: the diagram is nil")
	}
	return d.err
}

// Depths is the diagram with every bar moved to be born at 0: what is left is how deep the basins are, and not at which
// loss. It is what Landscaper (Vis4SciML) compares.
func (d *Diagram) Depths() *Diagram {
	if d.Err() != nil {
		return d
	}
	out := &Diagram{what: d.what}
	for _, b := range d.Bars {
		out.Bars = append(out.Bars, Bar{0, b.Death - b.Birth})
	}
	return out
}

// Bottleneck is the bottleneck distance of two diagrams, in units of the loss. The bars of one are matched with bars of
// the other, each with at most one, and those left over are shrunk to nothing; the distance is how far, at best, an end
// of any bar has to move (Edelsbrunner and Harer, Computational Topology, section VIII.2).
// It is exact up to the rounding of a difference.
//
// It is a distance of surfaces that noise cannot fool: on one grid, with threshold 0, it is at most the largest
// difference of the losses at a point (Cohen-Steiner, Edelsbrunner and Harer, Discrete Comput. Geom. 37,
// 2007). Bars without end are matched with each other; if one diagram has more of them, as a surface does that
// holes cut into parts, the distance is +Inf.
func Bottleneck(a, b *Diagram) (float64, error) {
	for i, d := range []*Diagram{a, b} {
		err := d.Err()
		if err == nil {
			err = NewDiagram(d.Bars...).err // perhaps it was not made by NewDiagram
		}
		if err != nil {
			return math.NaN(), fmt.Errorf("landscape: bottleneck distance, diagram %d: %w", i+1, err)
		}
	}
	endsA, barsA := split(a.Bars)
	endsB, barsB := split(b.Bars)
	if len(endsA) != len(endsB) {
		return math.Inf(1), nil
	}
	// In order of birth is the best matching of points on a line.
	least := 0.0
	for i := range endsA {
		least = max(least, math.Abs(endsA[i]-endsB[i]))
	}
	// With everything shrunk to nothing:
	most := least
	for _, x := range slices.Concat(barsA, barsB) {
		most = max(most, x.half())
	}
	// The distance is one of the differences of ends, so a number: the smallest one for which there is a
	// matching is found by halving the interval of the numbers' bits, which are in the order of the numbers.
	low, high := math.Float64bits(least), math.Float64bits(most)
	for low < high {
		middle := low + (high-low)/2
		if r := math.Float64frombits(middle); covers(barsA, barsB, r) && covers(barsB, barsA, r) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return math.Float64frombits(low), nil
}

// split divides bars into those without end, of which it returns the births, and the others; both in order of birth.
func split(bars []Bar) (endless []float64, others []Bar) {
	for _, b := range bars {
		if math.IsInf(b.Death, 1) {
			endless = append(endless, b.Birth)
		} else {
			others = append(others, b)
		}
	}
	slices.Sort(endless)
	sort.Slice(others, func(i, k int) bool { return others[i].Birth < others[k].Birth })
	return endless, others
}

// covers says whether all bars of a that are too long to be shrunk by r can be matched with bars of b whose ends
// are within r of theirs. If that is so for b and a as well, then one matching does both (Mendelsohn and Dulmage,
// Canad. J. Math. 10, 1958). The bars are sorted by birth.
func covers(a, b []Bar, r float64) bool {
	partner := make([]int, len(b)) // in a, -1 for none
	for k := range partner {
		partner[k] = -1
	}
	asked := make([]int, len(b)) // for which bar of a it was last asked, plus one
	// match finds a partner for bar i of a, if need be by finding other partners for those of a that have one.
	var match func(i, root int) bool
	match = func(i, root int) bool {
		x := a[i]
		from := sort.Search(len(b), func(k int) bool { return b[k].Birth >= x.Birth || x.Birth-b[k].Birth <= r })
		near := func(k int) bool { return asked[k] != root && math.Abs(b[k].Death-x.Death) <= r }
		to := from
		for ; to < len(b) && b[to].Birth-x.Birth <= r; to++ {
			if partner[to] < 0 && near(to) { // one that is free, before any that is not
				partner[to] = i
				return true
			}
		}
		for k := from; k < to; k++ {
			if near(k) {
				asked[k] = root
				if match(partner[k], root) {
					partner[k] = i
					return true
				}
			}
		}
		return false
	}
	for i, x := range a {
		if x.half() > r && !match(i, i+1) {
			return false
		}
	}
	return true
}

// String counts the bars and lists the longest.
func (d *Diagram) String() string {
	if err := d.Err(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	b.WriteString("persistence diagram of " + count(len(d.Bars), "bar"))
	for i, x := range d.Bars {
		if i == 20 {
			fmt.Fprintf(&b, "\n  and %d more", len(d.Bars)-i)
			break
		}
		fmt.Fprintf(&b, "\n  from %s to %s", number(x.Birth), number(x.Death))
	}
	return b.String()
}

// Figure is the bars as points, the death over the birth: the farther above the diagonal the deeper the basin. Those
// without end stand on a dashed line above all others.
func (d *Diagram) Figure() chart.Line {
	f := chart.Line{Title: "Persistence diagram", X: chart.Axis{Name: "birth (loss)"}, Y: chart.Axis{Name: "death (loss)"}}
	if d.Err() != nil || len(d.Bars) == 0 {
		return f
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, b := range d.Bars {
		low, high = min(low, b.Birth), max(high, b.Birth)
		if finite(b.Death) {
			high = max(high, b.Death)
		}
	}
	if low == high { // a single point has no extent
		low, high = low-0.5, high+0.5
	}
	top := high + 0.1*(high-low)
	ended, endless := chart.Curve{Name: "basins", Dots: true}, chart.Curve{Name: "without end", Dots: true}
	for _, b := range d.Bars {
		if finite(b.Death) {
			ended.X, ended.Y = append(ended.X, b.Birth), append(ended.Y, b.Death)
		} else {
			endless.X, endless.Y = append(endless.X, b.Birth), append(endless.Y, top)
		}
	}
	f.Curves = []chart.Curve{{Name: "diagonal", X: []float64{low, high}, Y: []float64{low, high}}}
	if len(ended.X) > 0 {
		f.Curves = append(f.Curves, ended)
	}
	if len(endless.X) > 0 {
		f.Curves = append(f.Curves, chart.Curve{Name: "infinity", X: []float64{low, high}, Y: []float64{top, top}, Dashed: true}, endless)
	}
	f.Caption = count(len(d.Bars), "basin")
	if d.what != "" {
		f.Caption += " of " + d.what
	}
	f.Caption += "; the height above the diagonal is the depth."
	return f
}

// MIMEBundle shows the diagram in a notebook.
func (d *Diagram) MIMEBundle() (map[string]any, error) {
	if err := d.Err(); err != nil {
		return nil, err
	}
	if len(d.Bars) == 0 {
		return map[string]any{"text/plain": d.String()}, nil
	}
	b, err := d.Figure().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = d.String()
	return b, nil
}
