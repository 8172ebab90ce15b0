package landscape

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// A MergeTree is the basins of a surface and how they join when water rises in them
// (the 0-dimensional persistent homology of sublevel sets; Edelsbrunner, Letscher and
// Zomorodian, Discrete Comput. Geom. 28, 2002). It is about the grid's points, each
// joined to its eight neighbours (with four, a valley that runs diagonally would be a
// string of puddles): what happens between them, or off the plane, it cannot see.
type MergeTree struct {
	// Basins are sorted by persistence, the deepest first.
	Basins []Basin
	// Label tells for each grid point, in the shape of [Surface.Z], the number of the
	// basin that it drains into; -1 for holes.
	Label [][]int

	surface *Surface
	err     error
}

// A Basin is a minimum of the grid and the points around it.
type Basin struct {
	// A and B are where its minimum is, and Birth is the loss there.
	A, B, Birth float64
	// SaddleA and SaddleB are where it joins a deeper basin, and Death is the loss
	// there: +Inf, with coordinates NaN, for one that joins none.
	SaddleA, SaddleB, Death float64
	// Parent is the number of the basin that it joins, -1 if none.
	Parent int
	// Points is how many grid points drain into it.
	Points int
}

// Persistence is the basin's depth: how far water rises in it until it joins a deeper one.
func (b Basin) Persistence() float64 { return b.Death - b.Birth }

// NewMergeTree finds the basins of a surface. Basins whose persistence is less than
// threshold are noise: they are merged into those that they join.
func NewMergeTree(s *Surface, threshold float64) *MergeTree {
	m := &MergeTree{surface: s}
	if s == nil || s.rec == nil {
		m.err = fmt.Errorf("landscape: merge tree: %w", s.Err())
		return m
	}
	if !(threshold >= 0) {
		m.err = fmt.Errorf("landscape: merge tree: a threshold of %v: it must not be negative", threshold)
		return m
	}
	m.err = m.flood(threshold, neighbours[:])
	return m
}

// neighbours are the steps to the points that a point is joined to, the four next ones last.
var neighbours = [8][2]int{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}, {-1, 0}, {0, -1}, {0, 1}, {1, 0}}

// flood lets the water rise: points in the order of their loss, each joining the
// components of its neighbours that are under water already.
func (m *MergeTree) flood(threshold float64, steps [][2]int) error {
	s := m.surface
	nx, ny := len(s.X), len(s.Y)
	z := s.rec.values[0]
	order := make([]int, 0, len(z))
	for p, v := range z {
		if finite(v) {
			order = append(order, p)
		}
	}
	if len(order) == 0 {
		return errors.New("landscape: merge tree: the surface has no finite values")
	}
	sort.SliceStable(order, func(a, b int) bool { return z[order[a]] < z[order[b]] }) // ties by position

	label := make([]int, len(z)) // basin that a point drains into
	for p := range label {
		label[p] = -1
	}
	type basin struct{ low, saddle, parent int }
	var basins []basin
	var root []int // union-find over basins; a component's root is its deepest basin
	find := func(b int) int {
		for root[b] != b {
			root[b] = root[root[b]]
			b = root[b]
		}
		return b
	}
	for _, p := range order {
		i, j := p/ny, p%ny
		var around []int
		for _, d := range steps {
			ni, nj := i+d[0], j+d[1]
			if ni >= 0 && ni < nx && nj >= 0 && nj < ny && label[ni*ny+nj] >= 0 {
				around = append(around, ni*ny+nj)
			}
		}
		if len(around) == 0 {
			label[p] = len(basins)
			root = append(root, len(basins))
			basins = append(basins, basin{low: p, saddle: -1, parent: -1})
			continue
		}
		lowest := around[0]
		for _, q := range around[1:] {
			if z[q] < z[lowest] {
				lowest = q
			}
		}
		label[p] = label[lowest]
		for _, q := range around {
			// Basins are numbered as they are born, so the lower number is the deeper.
			a, b := find(label[p]), find(label[q])
			if a == b {
				continue
			}
			old, young := min(a, b), max(a, b)
			root[young] = old
			basins[young].saddle, basins[young].parent = p, old
		}
	}

	depth := func(b int) float64 {
		if basins[b].saddle < 0 {
			return math.Inf(1)
		}
		return z[basins[b].saddle] - z[basins[b].low]
	}
	// A basin below the threshold goes to its parent, which is older: in order of birth
	// the parent's own fate is known.
	fate := make([]int, len(basins))
	var kept []int
	for b := range basins {
		fate[b] = b
		if d := depth(b); d < threshold || d == 0 { // 0: part of a plateau
			fate[b] = fate[basins[b].parent]
		} else {
			kept = append(kept, b)
		}
	}
	sort.SliceStable(kept, func(a, b int) bool { return depth(kept[a]) > depth(kept[b]) })
	number := make([]int, len(basins))
	for n, b := range kept {
		number[b] = n
	}
	for _, b := range kept {
		low, saddle := basins[b].low, basins[b].saddle
		out := Basin{A: s.X[low/ny], B: s.Y[low%ny], Birth: z[low], SaddleA: math.NaN(), SaddleB: math.NaN(), Death: math.Inf(1), Parent: -1}
		if saddle >= 0 {
			out.SaddleA, out.SaddleB, out.Death = s.X[saddle/ny], s.Y[saddle%ny], z[saddle]
			out.Parent = number[fate[basins[b].parent]]
		}
		m.Basins = append(m.Basins, out)
	}
	for i := range nx {
		row := make([]int, ny)
		for j := range row {
			row[j] = -1
			if l := label[i*ny+j]; l >= 0 {
				row[j] = number[fate[l]]
				m.Basins[row[j]].Points++
			}
		}
		m.Label = append(m.Label, row)
	}
	return nil
}

// Err says what is wrong with the tree, or nil.
func (m *MergeTree) Err() error {
	if m == nil {
		return errors.New("landscape: the merge tree is nil")
	}
	return m.err
}

// String lists the basins.
func (m *MergeTree) String() string {
	if err := m.Err(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s on a grid of %d x %d points", count(len(m.Basins), "basin"), len(m.surface.X), len(m.surface.Y))
	for n, x := range m.Basins {
		if n == 20 {
			fmt.Fprintf(&b, "\n  and %d more", len(m.Basins)-n)
			break
		}
		fmt.Fprintf(&b, "\n  %d: lowest %s at (%s, %s), %s", n, number(x.Birth), number(x.A), number(x.B), count(x.Points, "point"))
		if x.Parent >= 0 {
			fmt.Fprintf(&b, "; joins basin %d at loss %s, %s deep", x.Parent, number(x.Death), number(x.Persistence()))
		}
	}
	return b.String()
}

// Figure is the barcode of the tree.
func (m *MergeTree) Figure() chart.Barcode {
	f := chart.Barcode{Title: "Basins of the surface"}
	if m.Err() != nil {
		return f
	}
	f.Caption = fmt.Sprintf("%s of %s, on a grid of %d x %d points.", count(len(m.Basins), "basin"), m.surface.Made.Objective, len(m.surface.X), len(m.surface.Y))
	for n, b := range m.Basins {
		f.Bars = append(f.Bars, chart.Bar{Name: fmt.Sprint("basin ", n), Birth: b.Birth, Death: b.Death})
	}
	return f
}

// MIMEBundle shows the tree in a notebook as its barcode.
func (m *MergeTree) MIMEBundle() (map[string]any, error) {
	if err := m.Err(); err != nil {
		return nil, err
	}
	b, err := m.Figure().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = m.String()
	return b, nil
}

// Surface is the surface with the tree's minima and saddles marked.
func (m *MergeTree) Surface() *Surface {
	if err := m.Err(); err != nil {
		return &Surface{err: err}
	}
	out := *m.surface
	out.Marks = append([]chart.Point(nil), out.Marks...)
	for n, b := range m.Basins {
		out.Marks = append(out.Marks, chart.Point{Name: fmt.Sprint("basin ", n), Kind: chart.Minimum, X: b.A, Y: b.B})
		if b.Parent >= 0 {
			out.Marks = append(out.Marks, chart.Point{Name: fmt.Sprintf("%d joins %d", n, b.Parent), Kind: chart.Saddle, X: b.SaddleA, Y: b.SaddleB})
		}
	}
	return &out
}
