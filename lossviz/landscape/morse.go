package landscape

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// A MorseSmale is a surface divided by where water runs: every point runs down to a minimum
// and, against the stream, up to a maximum, and saddles are where these regions meet (the
// Morse-Smale complex; Edelsbrunner, Harer and Zomorodian, Discrete Comput. Geom. 30, 2003).
//
// It is about the surface of triangles over the grid whose cells are each cut along the diagonal
// through their lowest corner: points below a level are then joined to eight neighbours, as in
// a [MergeTree], and points above it to four. Only the order of the losses matters, equal ones
// being ordered by their place. What is beyond the border is taken for one more point, higher
// than all others and a neighbour of the whole border: of what climbs out there is no maximum.
//
// With it, the number of minima - saddles + maxima is 1 at every threshold, a saddle counted with its
// multiplicity: the Euler characteristic of a disk.
type MorseSmale struct {
	// Minima and Maxima are sorted by persistence, the most prominent first.
	Minima, Maxima []Extremum
	// Saddles are sorted by their loss.
	Saddles []SaddlePoint
	// Minimum and Maximum tell for each grid point, in the shape of [Surface.Z], the
	// number of the minimum that it runs down to and of the maximum that it climbs to; -1 for
	// those that climb out of the grid.
	Minimum, Maximum [][]int

	surface *Surface
	err     error
}

// An Extremum is a minimum or maximum of a grid and the points around it.
type Extremum struct {
	// A and B are where it is, and Loss is the loss there.
	A, B, Loss float64
	// Persistence is how far it is from the saddle where it joins a more prominent one,
	// +Inf for the lowest minimum.
	Persistence float64
	// Points is how many grid points run to it.
	Points int
}

// A SaddlePoint is a point of a grid where the surface goes down on two or more sides and up
// between them.
type SaddlePoint struct {
	// A and B are where it is, and Loss is the loss there.
	A, B, Loss float64
	// Minima and Maxima are the numbers, increasing, of those on its sides; -1 stands for the outside.
	// A side may lead to the same one as another.
	Minima, Maxima []int
	// Multiplicity is 1, and more where several saddles coincide.
	Multiplicity int
}

// terrain is the finite surface that complexes are made of: the mesh from below and from above,
// and the order of its points.
type terrain struct {
	nx, ny      int
	z           []float64
	order       []int     // ascending, then the outside
	rank        []float64 // place in the order
	below, over mesh
}

// newTerrain checks that a surface is one. what names the result in errors.
func newTerrain(what string, s *Surface) (*terrain, error) {
	if s == nil || s.rec == nil {
		return nil, fmt.Errorf("landscape: %s: %w", what, s.Err())
	}
	nx, ny := len(s.X), len(s.Y)
	if nx < 2 || ny < 2 {
		return nil, fmt.Errorf("landscape: %s: a grid of %d x %d points is a line; it needs at least 2 x 2", what, nx, ny)
	}
	if h := s.holeText(); h != "" {
		return nil, fmt.Errorf("landscape: %s: the surface has %s, around which it is no longer a disk; finish it, or slice where the loss is finite", what, h)
	}
	t := &terrain{nx: nx, ny: ny, z: append(slices.Clone(s.rec.values[0]), math.Inf(1))}
	t.order = append(ascending(t.z), nx*ny)
	t.rank = make([]float64, len(t.z))
	for k, p := range t.order {
		t.rank[p] = float64(k)
	}
	t.below = mesh{nx: nx, ny: ny, steps: neighbours[:]}
	t.over = mesh{nx: nx, ny: ny, steps: neighbours[4:], outside: true}
	return t, nil
}

// turn is the steps to the eight neighbours of a point, once around it; the even ones are diagonals.
var turn = [8][2]int{{-1, -1}, {-1, 0}, {-1, 1}, {0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}}

// link is the neighbours of point p on the triangles, once around it.
func (t *terrain) link(p int) []int {
	i, j := p/t.ny, p%t.ny
	outside := t.nx * t.ny
	out := make([]int, 0, 8)
	for k, d := range turn {
		ni, nj := i+d[0], j+d[1]
		if ni < 0 || ni >= t.nx || nj < 0 || nj >= t.ny {
			if !slices.Contains(out, outside) {
				out = append(out, outside)
			}
			continue
		}
		q := ni*t.ny + nj
		if k%2 == 0 { // across the cell: only if its cut goes here
			lower := min(t.rank[p], t.rank[q])
			if t.rank[i*t.ny+nj] < lower || t.rank[ni*t.ny+j] < lower {
				continue
			}
		}
		out = append(out, q)
	}
	return out
}

// sides divides the neighbours of p into runs that are lower and runs that are higher, and
// returns the lowest and the highest point of each.
func (t *terrain) sides(p int) (lows, highs []int) {
	link := t.link(p)
	higher := func(k int) bool { return t.rank[link[k%len(link)]] > t.rank[p] }
	start := 0
	for start < len(link) && higher(start) == higher(start+len(link)-1) {
		start++
	}
	if start == len(link) { // no change: an extremum
		return nil, nil
	}
	for k := start; k < start+len(link); {
		up, best := higher(k), link[k%len(link)]
		for ; k < start+len(link) && higher(k) == up; k++ {
			if q := link[k%len(link)]; (t.rank[q] > t.rank[best]) == up {
				best = q
			}
		}
		if up {
			highs = append(highs, best)
		} else {
			lows = append(lows, best)
		}
	}
	return lows, highs
}

// NewMorseSmale divides a surface without holes. Minima and maxima whose persistence is less than threshold
// are noise: they are merged into those that they join, and the saddles between are left out.
func NewMorseSmale(s *Surface, threshold float64) *MorseSmale {
	m := &MorseSmale{surface: s}
	t, err := newTerrain("Morse-Smale complex", s)
	switch {
	case err != nil:
		m.err = err
	case !(threshold >= 0):
		m.err = fmt.Errorf("landscape: Morse-Smale complex: a threshold of %v: it must not be negative", threshold)
	default:
		m.divide(t, threshold)
	}
	return m
}

func (m *MorseSmale) divide(t *terrain, threshold float64) {
	s := m.surface
	points := t.nx * t.ny
	down, pits := flood(t.order[:points], t.rank, t.below.around)
	// The same from above: water that rises in the surface upside down, from the outside on.
	falling := slices.Clone(t.order)
	slices.Reverse(falling)
	depth := make([]float64, len(t.rank))
	for p, r := range t.rank {
		depth[p] = -r
	}
	up, peaks := flood(falling, depth, t.over.around)

	saddles := map[int]int{} // point to multiplicity
	extrema := func(basins []basin, kept []int, label, number []int) []Extremum {
		out := make([]Extremum, len(kept))
		for n, b := range kept {
			low, saddle := basins[b].low, basins[b].saddle
			if low == points {
				continue // the outside
			}
			out[n] = Extremum{A: s.X[low/t.ny], B: s.Y[low%t.ny], Loss: t.z[low], Persistence: math.Inf(1)}
			if saddle >= 0 {
				out[n].Persistence = math.Abs(t.z[saddle] - t.z[low])
				saddles[saddle]++
			}
		}
		for p := range points {
			out[number[label[p]]].Points++
		}
		return out
	}
	keptPits, pitOf := keep(pits, t.z, threshold)
	keptPeaks, peakOf := keep(peaks, t.z, threshold)
	m.Minima = extrema(pits, keptPits, down, pitOf)
	m.Maxima = extrema(peaks, keptPeaks, up, peakOf)[1:] // without the outside, the first
	minimum := func(p int) int { return pitOf[down[p]] }
	maximum := func(p int) int { return peakOf[up[p]] - 1 }
	for i := range t.nx {
		low, high := make([]int, t.ny), make([]int, t.ny)
		for j := range low {
			low[j], high[j] = minimum(i*t.ny+j), maximum(i*t.ny+j)
		}
		m.Minimum, m.Maximum = append(m.Minimum, low), append(m.Maximum, high)
	}
	each := func(points []int, label func(p int) int) []int {
		var out []int
		for _, p := range points {
			out = append(out, label(p))
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	for _, p := range t.order[:points] {
		if saddles[p] > 0 {
			lows, highs := t.sides(p)
			m.Saddles = append(m.Saddles, SaddlePoint{
				A: s.X[p/t.ny], B: s.Y[p%t.ny], Loss: t.z[p], Multiplicity: saddles[p],
				Minima: each(lows, minimum), Maxima: each(highs, maximum),
			})
		}
	}
}

// Err says what is wrong with the complex, or nil.
func (m *MorseSmale) Err() error {
	if m == nil {
		return errors.New("landscape: the Morse-Smale complex is nil")
	}
	if m.err == nil && m.surface == nil {
		return errors.New("landscape: the Morse-Smale complex is empty: it was not made by NewMorseSmale")
	}
	return m.err
}

// String lists minima, saddles and maxima.
func (m *MorseSmale) String() string {
	if err := m.Err(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Morse-Smale complex on a grid of %d x %d points; minima: %d, saddles: %d, maxima: %d", len(m.surface.X), len(m.surface.Y), len(m.Minima), len(m.Saddles), len(m.Maxima))
	const most = 20
	more := func(n int) bool {
		if n == most {
			b.WriteString("\n  and more")
		}
		return n >= most
	}
	list := func(kind string, all []Extremum) {
		for n, e := range all {
			if more(n) {
				break
			}
			fmt.Fprintf(&b, "\n  %s %d: %s at (%s, %s), %s, persistence %s", kind, n, number(e.Loss), number(e.A), number(e.B), count(e.Points, "point"), number(e.Persistence))
		}
	}
	list("minimum", m.Minima)
	for n, s := range m.Saddles {
		if more(n) {
			break
		}
		fmt.Fprintf(&b, "\n  saddle %d: %s at (%s, %s) between minima %s", n, number(s.Loss), number(s.A), number(s.B), strings.Trim(fmt.Sprint(s.Minima), "[]"))
	}
	list("maximum", m.Maxima)
	return b.String()
}

// Surface is the surface with minima, saddles and maxima marked.
func (m *MorseSmale) Surface() *Surface {
	if err := m.Err(); err != nil {
		return &Surface{err: err}
	}
	out := *m.surface
	out.Marks = slices.Clone(out.Marks)
	for n, e := range m.Minima {
		out.Marks = append(out.Marks, chart.Point{Name: fmt.Sprint("minimum ", n), Kind: chart.Minimum, X: e.A, Y: e.B})
	}
	for n, p := range m.Saddles {
		out.Marks = append(out.Marks, chart.Point{Name: fmt.Sprint("saddle ", n), Kind: chart.Saddle, X: p.A, Y: p.B})
	}
	for n, e := range m.Maxima {
		out.Marks = append(out.Marks, chart.Point{Name: fmt.Sprint("maximum ", n), Kind: chart.Maximum, X: e.A, Y: e.B})
	}
	return &out
}

// MIMEBundle shows the complex in a notebook as the marked surface.
func (m *MorseSmale) MIMEBundle() (map[string]any, error) {
	if err := m.Err(); err != nil {
		return nil, err
	}
	b, err := m.Surface().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = m.String()
	return b, nil
}
