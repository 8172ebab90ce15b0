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
// sides, its centre. Inside, the surface is the biquadratic function through them.
type cell struct {
	i, j, half int // lower corner, and half of the side, in lattice steps
	error      float64
}

// adaptive computes at most budget points of the lattice X x Y, whose axes have 4k+1
// points. The result depends on nothing but the values: cells are split in rounds, the
// worst-predicted first, ties by position.
func (e *evaluator) adaptive(c *config, what string, xs, ys []float64, budget int) (*record, [][]bool, error) {
	if c.checkpoint != "" || c.resume != nil || c.shards > 0 {
		return nil, nil, errors.New("landscape: an adaptive grid cannot be resumed, sharded or checkpointed: which points it takes depends on the earlier ones")
	}
	ctx, cancel := signal.NotifyContext(c.ctx, os.Interrupt)
	defer cancel()
	var bar *progress.Bar
	if !c.quiet {
		bar = progress.New(what, budget)
		defer bar.Done()
	}
	nx, ny := len(xs), len(ys)
	l := &lattice{e: e, c: c, ctx: ctx, bar: bar, xs: xs, ys: ys,
		values: newRecord(len(e.names), nx*ny).values, known: make([]bool, nx*ny)}

	// Begin with the coarsest cells that tile the lattice and cost at most an eighth of the budget,
	// but no fewer than 2 x 2 of them: coarser ones would step over everything.
	half := 1
	for (nx-1)%(4*half) == 0 && (ny-1)%(4*half) == 0 && min(nx-1, ny-1)/(4*half) >= 2 &&
		((nx-1)/half+1)*((ny-1)/half+1) > budget/8 {
		half *= 2
	}
	var leaves []cell
	for i := 0; i < nx-1; i += 2 * half {
		for j := 0; j < ny-1; j += 2 * half {
			leaves = append(leaves, cell{i: i, j: j, half: half, error: math.Inf(1)})
		}
	}
	err := l.compute(leaves)
	if err == nil && l.count > budget {
		err = fmt.Errorf("landscape: an adaptive grid of %d x %d points needs at least %d of them", nx, ny, l.count)
	}
	for err == nil {
		sort.SliceStable(leaves, func(a, b int) bool { return leaves[a].error > leaves[b].error })
		// Split the worst eighth of the cells that can be split, as far as the budget
		// goes; a split costs at most 16 points.
		var split, keep []cell
		most := min(max(1, len(leaves)/8), (budget-l.count)/16)
		if math.IsInf(leaves[0].error, 1) { // the first round knows nothing yet
			most = (budget - l.count) / 16
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
			for _, d := range [4][2]int{{0, 0}, {0, p.half}, {p.half, 0}, {p.half, p.half}} {
				children = append(children, cell{i: p.i + d[0], j: p.j + d[1], half: h})
			}
		}
		if err = l.compute(children); err != nil {
			break
		}
		for k := range children {
			children[k].error = l.surprise(split[k/4], children[k])
		}
		leaves = append(keep, children...)
	}
	if isStop(err) {
		err = fmt.Errorf("landscape: %s interrupted after %s points: %w", what, thousands(l.count), err)
	} else if err != nil {
		return nil, nil, err
	}
	rec := &record{values: l.values, done: make([]bool, (nx*ny+tileSize-1)/tileSize), fingerprint: e.fingerprint(xs, ys)}
	for t := range rec.done {
		rec.done[t] = true
	}
	computed := make([][]bool, nx)
	for i := range computed {
		computed[i] = append([]bool(nil), l.known[i*ny:(i+1)*ny]...)
	}
	// Small cells last, so that where cells of two sizes meet the finer one counts.
	sort.SliceStable(leaves, func(a, b int) bool { return leaves[a].half > leaves[b].half })
	for _, leaf := range leaves {
		l.fillIn(leaf)
	}
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
}

// compute evaluates the nodes of the cells that are not known yet.
func (l *lattice) compute(cells []cell) error {
	ny := len(l.ys)
	wanted := map[int]bool{}
	for _, c := range cells {
		for di := 0; di <= 2; di++ {
			for dj := 0; dj <= 2; dj++ {
				if at := (c.i+di*c.half)*ny + c.j + dj*c.half; !l.known[at] {
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
	rec := newRecord(len(l.e.names), len(nodes))
	tiles := make([]int, len(rec.done))
	for t := range tiles {
		tiles[t] = t
	}
	err := l.e.compute(l.ctx, l.c, a, b, rec, tiles, l.bar, nil)
	for k, at := range nodes {
		if rec.done[k/tileSize] {
			for q := range l.values {
				l.values[q][at] = rec.values[q][k]
			}
			l.known[at] = true
			l.count++
		}
	}
	return err
}

// surprise is how badly the parent predicted the child's new nodes: the largest error,
// in the loss. A cell with some holes counts as predicted as badly as its finite values
// spread, so that the edge of the holes is followed; one with holes only not at all.
func (l *lattice) surprise(parent, child cell) float64 {
	ny := len(l.ys)
	worst, low, high := 0.0, math.Inf(1), math.Inf(-1)
	holes := false
	for di := 0; di <= 2; di++ {
		for dj := 0; dj <= 2; dj++ {
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
	v := quadratic(l.ys[c.j], l.ys[c.j+c.half], l.ys[c.j+2*c.half], l.ys[j])
	ny := len(l.ys)
	sum := 0.0
	for di := 0; di <= 2; di++ {
		for dj := 0; dj <= 2; dj++ {
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

// fillIn interpolates every quantity at the cell's lattice points that are not known.
func (l *lattice) fillIn(c cell) {
	ny := len(l.ys)
	for i := c.i; i <= c.i+2*c.half; i++ {
		for j := c.j; j <= c.j+2*c.half; j++ {
			if at := i*ny + j; !l.known[at] {
				for q := range l.values {
					l.values[q][at] = l.predict(c, q, i, j)
				}
			}
		}
	}
}
