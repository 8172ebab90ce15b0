package landscape

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"

	"gonum.org/v1/gonum/stat"

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

// flood finds the basins of the surface, each point joined to those that steps lead to.
func (m *MergeTree) flood(threshold float64, steps [][2]int) error {
	s := m.surface
	nx, ny := len(s.X), len(s.Y)
	z := s.rec.values[0]
	order := ascending(z)
	if len(order) == 0 {
		return errors.New("landscape: merge tree: the surface has no finite values")
	}
	label, basins := flood(order, z, mesh{nx: nx, ny: ny, steps: steps}.around)
	kept, number := keep(basins, z, threshold)
	for _, b := range kept {
		low, saddle := basins[b].low, basins[b].saddle
		out := Basin{A: s.X[low/ny], B: s.Y[low%ny], Birth: z[low], SaddleA: math.NaN(), SaddleB: math.NaN(), Death: math.Inf(1), Parent: -1}
		if saddle >= 0 {
			out.SaddleA, out.SaddleB, out.Death = s.X[saddle/ny], s.Y[saddle%ny], z[saddle]
			out.Parent = number[basins[b].parent]
		}
		m.Basins = append(m.Basins, out)
	}
	for i := range nx {
		row := make([]int, ny)
		for j := range row {
			row[j] = -1
			if l := label[i*ny+j]; l >= 0 {
				row[j] = number[l]
				m.Basins[row[j]].Points++
			}
		}
		m.Label = append(m.Label, row)
	}
	return nil
}

// ascending is the points with finite values in the order of these, ties by position.
func ascending(z []float64) []int {
	order := make([]int, 0, len(z))
	for p, v := range z {
		if finite(v) {
			order = append(order, p)
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return z[order[a]] < z[order[b]] })
	return order
}

// A mesh is the points of a grid, numbered row by row, and the steps from each to its neighbours.
type mesh struct {
	nx, ny int
	steps  [][2]int
	// outside joins the points of the border to one more point, number nx ny.
	outside bool
}

// around is the neighbours of point p, of the outside one of the border's that stands for all.
func (m mesh) around(p int) []int {
	if p == m.nx*m.ny {
		return []int{0}
	}
	i, j := p/m.ny, p%m.ny
	out := make([]int, 0, 8)
	for _, d := range m.steps {
		ni, nj := i+d[0], j+d[1]
		if ni >= 0 && ni < m.nx && nj >= 0 && nj < m.ny {
			out = append(out, ni*m.ny+nj)
		}
	}
	if m.outside && (i == 0 || j == 0 || i == m.nx-1 || j == m.ny-1) {
		out = append(out, m.nx*m.ny)
	}
	return out
}

// unionFind is disjoint sets of numbers: each is its own parent or has one, up to the set's root.
type unionFind []int

func newUnionFind(n int) unionFind {
	u := make(unionFind, n)
	for i := range u {
		u[i] = i
	}
	return u
}

func (u unionFind) find(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

// A basin is its lowest point, the point where it joins a deeper one, and which; -1 if none.
type basin struct{ low, saddle, parent int }

// flood lets the water rise: points in the given order, that of their values v, each joining the
// components of its neighbours that are under water already. It returns which basin
// each point drains into, -1 for points that are not in the order.
func flood(order []int, v []float64, around func(p int) []int) (label []int, basins []basin) {
	label = make([]int, len(v))
	for p := range label {
		label[p] = -1
	}
	var root unionFind // over basins; a component's root is its deepest basin
	for _, p := range order {
		near := around(p)
		wet := near[:0]
		for _, q := range near {
			if label[q] >= 0 {
				wet = append(wet, q)
			}
		}
		if len(wet) == 0 {
			label[p] = len(basins)
			root = append(root, len(basins))
			basins = append(basins, basin{low: p, saddle: -1, parent: -1})
			continue
		}
		lowest := wet[0]
		for _, q := range wet[1:] {
			if v[q] < v[lowest] {
				lowest = q
			}
		}
		label[p] = label[lowest]
		for _, q := range wet {
			// Basins are numbered as they are born, so the lower number is the deeper.
			a, b := root.find(label[p]), root.find(label[q])
			if a == b {
				continue
			}
			old, young := min(a, b), max(a, b)
			root[young] = old
			basins[young].saddle, basins[young].parent = p, old
		}
	}
	return label, basins
}

// keep picks the basins at least as deep as the threshold in z, the deepest first. number tells
// for every basin which of the kept ones it is, or goes to.
func keep(basins []basin, z []float64, threshold float64) (kept, number []int) {
	depth := func(b int) float64 {
		if basins[b].saddle < 0 {
			return math.Inf(1)
		}
		return math.Abs(z[basins[b].saddle] - z[basins[b].low])
	}
	// A basin below the threshold goes to its parent, which is older: in order of birth
	// the parent's own fate is known.
	fate := make([]int, len(basins))
	for b := range basins {
		fate[b] = b
		if d := depth(b); d < threshold || d == 0 { // 0: part of a plateau
			fate[b] = fate[basins[b].parent]
		} else {
			kept = append(kept, b)
		}
	}
	sort.SliceStable(kept, func(a, b int) bool { return depth(kept[a]) > depth(kept[b]) })
	place := make([]int, len(basins))
	for n, b := range kept {
		place[b] = n
	}
	number = make([]int, len(basins))
	for b := range basins {
		number[b] = place[fate[b]]
	}
	return kept, number
}

// SMAD is the saddle-minimum average distance of Landscaper (Vis4SciML), a measure of how
// rugged a surface is: the mean, over the basins, of how far water rises from the minimum until it
// meets that of any other basin. weighted is the mean of these distances times the share of the
// finite points that drain into the basin. Both are 0 for a single basin, and in units of the
// loss: divide by Max - Min of the surface to compare surfaces of different scale.
func (m *MergeTree) SMAD() (mean, weighted float64) {
	if m.Err() != nil {
		return math.NaN(), math.NaN()
	}
	return smad(len(m.Basins), func(n int) Basin { return m.Basins[n] })
}

// smad is SMAD of any basins, whose places it does not ask for.
func smad(n int, at func(n int) Basin) (mean, weighted float64) {
	meets := make([]float64, n)
	points := 0
	for n := range meets {
		meets[n] = at(n).Death
		points += at(n).Points
	}
	for n := range meets {
		if b := at(n); b.Parent >= 0 {
			meets[b.Parent] = min(meets[b.Parent], b.Death)
		}
	}
	joined := 0
	for n, meet := range meets {
		b := at(n)
		if gap := meet - b.Birth; finite(gap) {
			mean += gap
			weighted += gap * float64(b.Points) / float64(points)
			joined++
		}
	}
	if joined == 0 {
		return 0, 0
	}
	return mean / float64(joined), weighted / float64(joined)
}

// PerBasin puts one quantity of the surface, by name, into one number for each basin, in the order of Basins: f of the
// quantity's values at the points that drain into it, or their mean if f is nil. Landscaper (Vis4SciML) calls the mean of
// these numbers a basin metric. Points where the quantity is NaN are left out; f gets no empty list,
// and a basin without values has NaN.
func (m *MergeTree) PerBasin(name string, f func(values []float64) float64) ([]float64, error) {
	if err := m.Err(); err != nil {
		return nil, err
	}
	z, ok := m.surface.Values[name]
	if !ok {
		return nil, fmt.Errorf("landscape: basins: the surface has no %q, only %s; ask for it with Report", name, strings.Join(m.surface.Names, ", "))
	}
	if f == nil {
		f = func(v []float64) float64 { return stat.Mean(v, nil) }
	}
	values := make([][]float64, len(m.Basins))
	for i, row := range m.Label {
		for j, b := range row {
			if v := z[i][j]; b >= 0 && !math.IsNaN(v) {
				values[b] = append(values[b], v)
			}
		}
	}
	out := make([]float64, len(values))
	for b, v := range values {
		out[b] = math.NaN()
		if len(v) > 0 {
			out[b] = f(v)
		}
	}
	return out, nil
}

// Profile is a section through a landscape of the same basins, one loss for each finite point of
// the surface: at every level the parts of it below are as many, as wide (in points) and
// joined as the surface's (a topological landscape profile; Oesterling, Heine, Weber and
// Scheuermann, 2013). A point that joins three basins or more at once stands between each two of
// them, and NaN between parts that holes keep asunder. Basins too shallow for the tree are drawn, too.
func (m *MergeTree) Profile() []float64 {
	if m.Err() != nil {
		return nil
	}
	s := m.surface
	z := s.rec.values[0]
	around := mesh{nx: len(s.X), ny: len(s.Y), steps: neighbours[:]}.around
	// Each component under water is a chain of places from its left end to its right end, and
	// every place holds the loss of a point. A point that joins chains is the place between them, more
	// than once if they are more than two; any other lies at its chain's ends in turn.
	sets := newUnionFind(len(z))
	wet := make([]bool, len(z))
	left, right, size := make([]int, len(z)), make([]int, len(z)), make([]int, len(z))
	order := ascending(z)
	var first []int // a point of each component
	var next []int  // place to place
	var loss []float64
	place := func(p int) int {
		next, loss = append(next, -1), append(loss, z[p])
		return len(loss) - 1
	}
	for _, p := range order {
		root, joints := -1, 0
		for _, q := range around(p) {
			if !wet[q] {
				continue
			}
			r := sets.find(q)
			switch {
			case root < 0:
				root = r
			case root != r:
				between := place(p)
				next[right[root]], next[between] = between, left[r]
				right[root] = right[r]
				size[root] += size[r]
				sets[r] = root
				joints++
			}
		}
		wet[p] = true
		switch {
		case root < 0:
			root = p
			left[p] = place(p)
			right[p] = left[p]
			first = append(first, p)
		case joints > 0:
		case size[root]%2 == 0:
			end := place(p)
			next[end], left[root] = left[root], end
		default:
			end := place(p)
			next[right[root]], right[root] = end, end
		}
		sets[p] = root
		size[root]++
	}
	out := make([]float64, 0, len(order))
	for _, f := range first {
		if sets.find(f) != f {
			continue
		}
		if len(out) > 0 {
			out = append(out, math.NaN()) // components that holes keep apart
		}
		for at := left[f]; at >= 0; at = next[at] {
			out = append(out, loss[at])
		}
	}
	return out
}

// ProfileFigure is the figure of [MergeTree.Profile].
func (m *MergeTree) ProfileFigure() chart.Line {
	f := chart.Line{Title: "Profile of the basins", X: chart.Axis{Name: "points"}, Y: chart.Axis{Name: "loss"}}
	if m.Err() != nil {
		return f
	}
	y := m.Profile()
	x := make([]float64, len(y))
	for i := range x {
		x[i] = float64(i)
	}
	f.Curves = []chart.Curve{{X: x, Y: y}}
	f.Caption = fmt.Sprintf("%s of %s: at every height as many basins, as wide and as deep as on the grid of %d x %d points.", count(len(m.Basins), "basin"), m.surface.Made.Objective, len(m.surface.X), len(m.surface.Y))
	return f
}

// Err says what is wrong with the tree, or nil.
func (m *MergeTree) Err() error {
	if m == nil {
		return errors.New("landscape: the merge tree is nil")
	}
	if m.err == nil && m.surface == nil {
		return errors.New("landscape: the merge tree is empty: it was not made by NewMergeTree")
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

// TreeFigure is the tree itself over its losses: a line up from each minimum to where it joins a deeper basin, the
// basins side by side so that no lines cross. A basin that joins none ends at the surface's highest loss.
func (m *MergeTree) TreeFigure() chart.Line {
	f := chart.Line{Title: "Merge tree", X: chart.Axis{Name: "branch"}, Y: chart.Axis{Name: "loss"}}
	if m.Err() != nil {
		return f
	}
	children := make([][]int, len(m.Basins))
	var walk []int // to be placed next, the last first
	for n, b := range m.Basins {
		if b.Parent >= 0 {
			children[b.Parent] = append(children[b.Parent], n)
		} else {
			walk = append(walk, n)
		}
	}
	// A basin stands to the right of its parent, behind those that joined the parent earlier: its line to the parent
	// passes above theirs.
	x := make([]float64, len(m.Basins))
	for place := 0.0; len(walk) > 0; place++ {
		n := walk[len(walk)-1]
		walk = walk[:len(walk)-1]
		x[n] = place
		next := children[n]
		sort.SliceStable(next, func(i, k int) bool { return m.Basins[next[i]].Death > m.Basins[next[k]].Death })
		walk = append(walk, next...)
	}
	high, _, _ := m.surface.Max()
	lines := chart.Curve{Name: "basins"}
	minima, saddles := chart.Curve{Name: "minimum", Dots: true}, chart.Curve{Name: "saddle", Dots: true}
	for n, b := range m.Basins {
		minima.X, minima.Y = append(minima.X, x[n]), append(minima.Y, b.Birth)
		if b.Parent < 0 {
			lines.X, lines.Y = append(lines.X, x[n], x[n], math.NaN()), append(lines.Y, b.Birth, high, math.NaN())
			continue
		}
		lines.X, lines.Y = append(lines.X, x[n], x[n], x[b.Parent], math.NaN()), append(lines.Y, b.Birth, b.Death, b.Death, math.NaN())
		saddles.X, saddles.Y = append(saddles.X, x[b.Parent]), append(saddles.Y, b.Death)
	}
	f.Curves = []chart.Curve{lines, minima}
	if len(saddles.X) > 0 {
		f.Curves = append(f.Curves, saddles)
	}
	f.Caption = fmt.Sprintf("%s of %s, on a grid of %d x %d points.", count(len(m.Basins), "basin"), m.surface.Made.Objective, len(m.surface.X), len(m.surface.Y))
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
