package landscape

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"sort"

	"github.com/gosaddle/saddle/lossviz/internal/progress"
)

// A cell is a square of the lattice with 3 x 3 nodes: its corners, the middles of its
// sides, its centre; on a line, where the lattice has one column, 3 nodes. The biquadratic function through them predicts the values inside.
type cell struct {
	i, j, half int // lower corner, and half of the side, in lattice steps
	error      float64
}

// adaptive computes at most budget points of the lattice X x Y, whose axes have 16k+1
// points; ys is nil for a line. The result depends on nothing but the values: cells are split in rounds, the
// worst-predicted first, ties by position.
func (e *evaluator) adaptive(c *config, what string, xs, ys []float64, budget int) (*record, [][]bool, error) {
	if c.shards > 0 {
		return nil, nil, errors.New("landscape: an adaptive grid cannot be sharded: which points it takes depends on the earlier ones")
	}
	ctx, cancel := signal.NotifyContext(c.ctx, os.Interrupt)
	defer cancel()
	var bar *progress.Bar
	if !c.quiet {
		bar = progress.New(what, budget)
		defer bar.Done()
	}
	line := ys == nil
	if line {
		ys = []float64{0}
	}
	nx, ny := len(xs), len(ys)
	shortest, parts, cost := min(nx, ny)-1, 4, 16 // a square is split into 4 parts, for at most 16 points
	if line {
		shortest, parts, cost = nx-1, 2, 2
	}
	l := &lattice{e: e, c: c, ctx: ctx, bar: bar, xs: xs, ys: ys,
		values: newRecord(len(e.names), nx*ny).values, known: make([]bool, nx*ny)}
	// What is known from earlier is taken where the same questions come up again: the course, and so the result, is
	// that of a run without an interrupt.
	l.earlier = newRecord(len(e.names), nx*ny)
	l.earlier.fingerprint, l.earlier.known = e.fingerprint(xs, ys), make([]bool, nx*ny)
	if old := c.resume; old != nil {
		if err := old.resumes(l.earlier); err != nil {
			return nil, nil, err
		}
		for q := range old.values {
			copy(l.earlier.values[q], old.values[q])
		}
		copy(l.earlier.known, old.known)
	}
	keep, closeFile, err := openCheckpoint(c.checkpoint, e.names, l.earlier)
	if err != nil {
		return nil, nil, err
	}
	defer closeFile()
	l.keep = keep

	// Begin with the coarsest cells that tile the lattice and cost at most an eighth of the budget,
	// but no fewer than 2 x 2 of them: coarser ones would step over everything.
	half := 1
	for (nx-1)%(4*half) == 0 && (ny-1)%(4*half) == 0 && shortest/(4*half) >= 2 &&
		((nx-1)/half+1)*((ny-1)/half+1) > budget/8 {
		half *= 2
	}
	var leaves []cell
	for i := 0; i < nx-1; i += 2 * half {
		for j := 0; j < max(1, ny-1); j += 2 * half {
			leaves = append(leaves, cell{i: i, j: j, half: half, error: math.Inf(1)})
		}
	}
	err = l.compute(leaves)
	if err == nil && l.count > budget {
		err = fmt.Errorf("landscape: an adaptive grid of %d x %d points needs at least %d of them", nx, ny, l.count)
	}
	for err == nil {
		sort.SliceStable(leaves, func(a, b int) bool { return leaves[a].error > leaves[b].error })
		// Split the worst eighth of the cells that can be split, as far as the budget
		// goes.
		var split, keep []cell
		most := min(max(1, len(leaves)/8), (budget-l.count)/cost)
		if math.IsInf(leaves[0].error, 1) { // the first round knows nothing yet
			most = (budget - l.count) / cost
		}
		for _, leaf := range leaves {
			if len(split) < most && leaf.half > 1 && leaf.error > 0 {
				split = append(split, leaf)
			} else {
				keep = append(keep, leaf)
			}
		}
		if len(split) == 0 {
			break
		}
		var children []cell
		for _, p := range split {
			h := p.half / 2
			corners := [4][2]int{{0, 0}, {p.half, 0}, {0, p.half}, {p.half, p.half}}
			for _, d := range corners[:parts] {
				children = append(children, cell{i: p.i + d[0], j: p.j + d[1], half: h})
			}
		}
		if err = l.compute(children); err != nil {
			break
		}
		for k := range children {
			children[k].error = l.surprise(split[k/parts], children[k])
		}
		leaves = append(keep, children...)
	}
	if isStop(err) {
		err = fmt.Errorf("landscape: %s interrupted after %s points: %w", what, thousands(l.count), err)
	} else if err != nil {
		return nil, nil, err
	}
	rec := &record{values: l.values, done: make([]bool, (nx*ny+tileSize-1)/tileSize), fingerprint: l.earlier.fingerprint, known: l.known, partial: err != nil}
	for t := range rec.done {
		rec.done[t] = true
	}
	computed := make([][]bool, nx)
	for i := range computed {
		computed[i] = append([]bool(nil), l.known[i*ny:(i+1)*ny]...)
	}
	l.fillIn(half / 2)
	return rec, computed, err
}

// A lattice is the values at the nodes that are known.
type lattice struct {
	e      *evaluator
	c      *config
	ctx    context.Context
	bar    *progress.Bar
	xs, ys []float64
	values [][]float64
	known  []bool
	count  int

	earlier *record // known from an interrupted run or a checkpoint
	keep    keeper
}

// width is the number of a cell's nodes along y.
func (l *lattice) width() int { return min(3, len(l.ys)) }

// compute evaluates the nodes of the cells that are not known yet.
func (l *lattice) compute(cells []cell) error {
	ny := len(l.ys)
	wanted := map[int]bool{}
	for _, c := range cells {
		for di := 0; di <= 2; di++ {
			for dj := range l.width() {
				at := (c.i+di*c.half)*ny + c.j + dj*c.half
				switch {
				case l.known[at] || wanted[at]:
				case l.earlier.known[at]:
					l.take(at, l.earlier.values, at)
					l.bar.Add(1)
				default:
					wanted[at] = true
				}
			}
		}
	}
	nodes := make([]int, 0, len(wanted))
	for at := range wanted {
		nodes = append(nodes, at)
	}
	if len(nodes) == 0 {
		return nil
	}
	sort.Ints(nodes)
	a, b := make([]float64, len(nodes)), make([]float64, len(nodes))
	for k, at := range nodes {
		a[k], b[k] = l.xs[at/ny], l.ys[at%ny]
	}
	if ny == 1 {
		b = nil
	}
	rec := newRecord(len(l.e.names), len(nodes))
	tiles := make([]int, len(rec.done))
	for t := range tiles {
		tiles[t] = t
	}
	var keep keeper
	if l.keep != nil {
		keep = func(tile int, _ []int, rows [][]float64) error {
			from, to := rec.span(tile)
			return l.keep(tile, nodes[from:to], rows)
		}
	}
	err := l.e.compute(l.ctx, l.c, a, b, rec, tiles, l.bar, keep)
	for k, at := range nodes {
		if rec.done[k/tileSize] {
			l.take(at, rec.values, k)
		}
	}
	return err
}

// take fills in a node from the k-th of these values.
func (l *lattice) take(node int, values [][]float64, k int) {
	for q := range l.values {
		l.values[q][node] = values[q][k]
	}
	l.known[node] = true
	l.count++
}

// surprise is how badly the parent predicted the child's new nodes: the largest error,
// in the loss. A cell with some holes counts as predicted as badly as its finite values
// spread, so that the edge of the holes is followed; one with holes only not at all.
func (l *lattice) surprise(parent, child cell) float64 {
	ny := len(l.ys)
	worst, low, high := 0.0, math.Inf(1), math.Inf(-1)
	holes := false
	for di := 0; di <= 2; di++ {
		for dj := range l.width() {
			i, j := child.i+di*child.half, child.j+dj*child.half
			z := l.values[0][i*ny+j]
			if !finite(z) {
				holes = true
				continue
			}
			low, high = min(low, z), max(high, z)
			if p := l.predict(parent, 0, i, j); finite(p) {
				worst = max(worst, math.Abs(z-p))
			} else {
				holes = true
			}
		}
	}
	if holes && high >= low {
		worst = max(worst, high-low)
	}
	return worst
}

// predict is the biquadratic function through the cell's nodes at lattice point (i, j).
func (l *lattice) predict(c cell, quantity, i, j int) float64 {
	u := quadratic(l.xs[c.i], l.xs[c.i+c.half], l.xs[c.i+2*c.half], l.xs[i])
	v := [3]float64{1}
	if l.width() == 3 {
		v = quadratic(l.ys[c.j], l.ys[c.j+c.half], l.ys[c.j+2*c.half], l.ys[j])
	}
	ny := len(l.ys)
	sum := 0.0
	for di := 0; di <= 2; di++ {
		for dj := range l.width() {
			if w := u[di] * v[dj]; w != 0 { // a node is exactly its own value, whatever its neighbours are
				sum += w * l.values[quantity][(c.i+di*c.half)*ny+c.j+dj*c.half]
			}
		}
	}
	return sum
}

// quadratic is Lagrange's three weights at x for nodes at a < b < c.
func quadratic(a, b, c, x float64) [3]float64 {
	return [3]float64{
		(x - b) * (x - c) / ((a - b) * (a - c)),
		(x - a) * (x - c) / ((b - a) * (b - c)),
		(x - a) * (x - b) / ((c - a) * (c - b)),
	}
}

// fillIn interpolates every quantity at the points that are not known. All points at
// multiples of 2 half are (at least five in a row); the spacing is halved again and again, each new point being
// interpolated in one coordinate from four around it, known or interpolated before.
func (l *lattice) fillIn(half int) {
	nx, ny := len(l.xs), len(l.ys)
	for s := half; s >= 1; s /= 2 {
		for i := s; i < nx; i += 2 * s {
			at, w := stencil(l.xs, i, s)
			for j := 0; j < ny; j += 2 * s {
				l.fillPoint(i*ny+j, at, w, ny, j)
			}
		}
		for j := s; j < ny; j += 2 * s {
			at, w := stencil(l.ys, j, s)
			for i := 0; i < nx; i += s {
				l.fillPoint(i*ny+j, at, w, 1, i*ny)
			}
		}
	}
}

// stencil is the four points at odd distances s around point i, shifted inwards at the
// ends, and Lagrange's weights for them.
func stencil(v []float64, i, s int) (at [4]int, w [4]float64) {
	first := max(0, min(i-3*s, len(v)-1-6*s))
	for k := range at {
		at[k] = first + 2*s*k
	}
	return at, cubic(v, at, v[i])
}

// cubic is Lagrange's weights at x for the nodes v[at[0]], ..., v[at[3]].
func cubic(v []float64, at [4]int, x float64) (w [4]float64) {
	for k := range w {
		w[k] = 1
		for m := range at {
			if m != k {
				w[k] *= (x - v[at[m]]) / (v[at[k]] - v[at[m]])
			}
		}
	}
	return w
}

// fillPoint interpolates at one point, unless it is known, from the points
// base + at[k] * stride.
func (l *lattice) fillPoint(point int, at [4]int, w [4]float64, stride, base int) {
	if l.known[point] {
		return
	}
	for _, v := range l.values {
		sum := 0.0
		for k := range at {
			sum += w[k] * v[base+at[k]*stride]
		}
		v[point] = sum // holes spread to the points that are interpolated from them
	}
}
