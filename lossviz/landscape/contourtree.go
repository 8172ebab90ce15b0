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

// A ContourTree is how the level lines of a surface appear, join, part and vanish as the level
// rises: its nodes are the critical points, its arcs the families of lines between them
// (Carr, Snoeyink and Axen, Computational Geometry 24, 2003). It is a tree, with one arc less than nodes.
// Triangles, order and outside are as in [MorseSmale].
type ContourTree struct {
	// Nodes are sorted by their loss. The last is the outside, where the border's lines end.
	Nodes []ContourNode
	// Arcs lead up from one node to another.
	Arcs []ContourArc

	surface *Surface
	err     error
}

// A ContourNode is a critical point of a surface.
type ContourNode struct {
	// A and B are where it is, and Loss is the loss there; NaN, NaN and +Inf for the outside.
	A, B, Loss float64
	// Down and Up are how many arcs lead to it from below and from it above: 0 and 1 at a
	// minimum, 1 and 0 at a maximum, and in all at least 3 at a saddle.
	Down, Up int
}

// A ContourArc is a family of level lines between two critical points.
type ContourArc struct {
	// From and To are the numbers of the lower and of the higher node.
	From, To int
	// Points is how many grid points lie between them.
	Points int
}

// NewContourTree finds the contour tree of a surface without holes. Leaves shorter than threshold, and
// those of length 0, which only plateaus have, are noise: they are cut off, the shortest
// first, but none that is the last one on its side of a saddle.
func NewContourTree(s *Surface, threshold float64) *ContourTree {
	c := &ContourTree{surface: s}
	t, err := newTerrain("contour tree", s)
	switch {
	case err != nil:
		c.err = err
	case !(threshold >= 0):
		c.err = fmt.Errorf("landscape: contour tree: a threshold of %v: it must not be negative", threshold)
	default:
		up, down := joinAndSplit(t)
		c.contract(t, up, down)
		c.prune(threshold)
	}
	return c
}

// An augmented tree has all points for nodes: each leads to one parent, and has children.
type augmented struct {
	parent   []int // -1 at the root
	children []int // how many
	sum      []int // of the children: of a single one, its number
}

// sweep makes the tree of the components of points in the given order: join or split tree.
func sweep(order []int, around func(p int) []int) augmented {
	n := len(order)
	t := augmented{parent: make([]int, n), children: make([]int, n), sum: make([]int, n)}
	sets := newUnionFind(n) // the root of a component is the point that came last
	seen := make([]bool, n)
	for _, p := range order {
		seen[p], t.parent[p] = true, -1
		for _, q := range around(p) {
			if !seen[q] {
				continue
			}
			if child := sets.find(q); child != p {
				t.parent[child] = p
				t.children[p]++
				t.sum[p] += child
				sets[child] = p
			}
		}
	}
	return t
}

// remove takes p out, which has at most one child: the child goes to p's parent.
func (t augmented) remove(p int) {
	parent := t.parent[p]
	if t.children[p] == 0 {
		if parent >= 0 {
			t.children[parent]--
			t.sum[parent] -= p
		}
		return
	}
	child := t.sum[p]
	t.parent[child] = parent
	if parent >= 0 {
		t.sum[parent] += child - p
	}
}

// joinAndSplit makes the contour tree of all points from join and split tree: it takes off leaves, each
// with the arc that one of the trees knows. up lists the points that each leads up to.
func joinAndSplit(t *terrain) (up [][]int, down []int) {
	n := len(t.order)
	falling := slices.Clone(t.order)
	slices.Reverse(falling)
	join, split := sweep(t.order, t.below.around), sweep(falling, t.over.around)
	up, down = make([][]int, n), make([]int, n)
	gone := make([]bool, n)
	leaf := func(p int) bool { return !gone[p] && join.children[p]+split.children[p] == 1 }
	var leaves []int
	for _, p := range t.order {
		if leaf(p) {
			leaves = append(leaves, p)
		}
	}
	for len(leaves) > 0 {
		p := leaves[len(leaves)-1]
		leaves = leaves[:len(leaves)-1]
		if !leaf(p) {
			continue
		}
		var q int
		if split.children[p] == 0 { // nothing above it: its arc leads down
			q = split.parent[p]
			up[q] = append(up[q], p)
			down[p]++
		} else {
			q = join.parent[p]
			up[p] = append(up[p], q)
			down[q]++
		}
		join.remove(p)
		split.remove(p)
		gone[p] = true
		if leaf(q) {
			leaves = append(leaves, q)
		}
	}
	return up, down
}

// contract keeps the critical points of the tree of all points, and the arcs between them.
func (c *ContourTree) contract(t *terrain, up [][]int, down []int) {
	s := c.surface
	node := make([]int, len(t.order))
	var at []int
	for _, p := range t.order {
		node[p] = -1
		if len(up[p]) == 1 && down[p] == 1 {
			continue
		}
		node[p] = len(c.Nodes)
		n := ContourNode{A: math.NaN(), B: math.NaN(), Loss: t.z[p], Down: down[p], Up: len(up[p])}
		if p < t.nx*t.ny {
			n.A, n.B = s.X[p/t.ny], s.Y[p%t.ny]
		}
		c.Nodes, at = append(c.Nodes, n), append(at, p)
	}
	for from, p := range at {
		for _, q := range up[p] {
			points := 0
			for ; node[q] < 0; q = up[q][0] {
				points++
			}
			c.Arcs = append(c.Arcs, ContourArc{From: from, To: node[q], Points: points})
		}
	}
}

// prune cuts off leaves, and joins the two arcs that are left at a node that is no saddle any longer.
func (c *ContourTree) prune(threshold float64) {
	for {
		shortest, at := math.Inf(1), -1
		for k, a := range c.Arcs {
			from, to := c.Nodes[a.From], c.Nodes[a.To]
			pit, peak := from.Down == 0 && from.Up == 1 && to.Down > 1, to.Up == 0 && to.Down == 1 && from.Up > 1
			if length := to.Loss - from.Loss; (pit || peak) && (length < threshold || length == 0) && length < shortest {
				shortest, at = length, k
			}
		}
		if at < 0 {
			break
		}
		a := c.Arcs[at]
		c.Arcs = slices.Delete(c.Arcs, at, at+1)
		c.Nodes[a.From].Up--
		c.Nodes[a.To].Down--
		for _, n := range []int{a.From, a.To} {
			if c.Nodes[n].Up != 1 || c.Nodes[n].Down != 1 {
				continue
			}
			below := slices.IndexFunc(c.Arcs, func(b ContourArc) bool { return b.To == n })
			above := slices.IndexFunc(c.Arcs, func(b ContourArc) bool { return b.From == n })
			c.Arcs[below].To = c.Arcs[above].To
			c.Arcs[below].Points += c.Arcs[above].Points + 1
			c.Arcs = slices.Delete(c.Arcs, above, above+1)
			c.Nodes[n] = ContourNode{}
		}
	}
	// The nodes that are left keep their order.
	place := make([]int, len(c.Nodes))
	var left []ContourNode
	for n, x := range c.Nodes {
		place[n] = len(left)
		if x.Up+x.Down > 0 {
			left = append(left, x)
		}
	}
	c.Nodes = left
	for k, a := range c.Arcs {
		c.Arcs[k].From, c.Arcs[k].To = place[a.From], place[a.To]
	}
	sort.Slice(c.Arcs, func(i, k int) bool {
		a, b := c.Arcs[i], c.Arcs[k]
		return a.From < b.From || a.From == b.From && a.To < b.To
	})
}

// Err says what is wrong with the tree, or nil.
func (c *ContourTree) Err() error {
	if c == nil {
		return errors.New("landscape: the contour tree is nil")
	}
	if c.err == nil && c.surface == nil {
		return errors.New("landscape: the contour tree is empty: it was not made by NewContourTree")
	}
	return c.err
}

// String lists the nodes, with where their arcs lead up to.
func (c *ContourTree) String() string {
	if err := c.Err(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "contour tree of %s and %s, on a grid of %d x %d points", count(len(c.Nodes), "node"), count(len(c.Arcs), "arc"), len(c.surface.X), len(c.surface.Y))
	next := 0
	for n, x := range c.Nodes {
		if n == 40 {
			fmt.Fprintf(&b, "\n  and %d more", len(c.Nodes)-n)
			break
		}
		fmt.Fprintf(&b, "\n  %d: %s", n, x.kind())
		if finite(x.Loss) {
			fmt.Fprintf(&b, " %s at (%s, %s)", number(x.Loss), number(x.A), number(x.B))
		}
		for before := next; next < len(c.Arcs) && c.Arcs[next].From == n; next++ {
			if next == before {
				b.WriteString(", up to")
			}
			fmt.Fprintf(&b, " %d", c.Arcs[next].To)
		}
	}
	return b.String()
}

// kind names what a node is.
func (n ContourNode) kind() string {
	switch {
	case !finite(n.Loss):
		return "outside"
	case n.Down == 0:
		return "minimum"
	case n.Up == 0:
		return "maximum"
	}
	return "saddle"
}

// Figure is the tree over its losses: nodes at their height, side by side in the order of a walk
// through the tree.
func (c *ContourTree) Figure() chart.Line {
	f := chart.Line{Title: "Contour tree", Y: chart.Axis{Name: "loss"}, X: chart.Axis{Name: "branch"}}
	if c.Err() != nil {
		return f
	}
	f.Caption = fmt.Sprintf("%s of %s, on a grid of %d x %d points; the arc to the outside is left out.", count(len(c.Nodes), "node"), c.surface.Made.Objective, len(c.surface.X), len(c.surface.Y))
	x := c.places()
	arcs := chart.Curve{Name: "arcs"}
	for _, a := range c.Arcs {
		from, to := c.Nodes[a.From], c.Nodes[a.To]
		if finite(to.Loss) {
			arcs.X = append(arcs.X, x[a.From], x[a.To], math.NaN())
			arcs.Y = append(arcs.Y, from.Loss, to.Loss, math.NaN())
		}
	}
	if len(arcs.X) > 0 {
		f.Curves = append(f.Curves, arcs)
	}
	for _, kind := range []string{"minimum", "saddle", "maximum"} {
		dots := chart.Curve{Name: kind, Dots: true}
		for n, node := range c.Nodes {
			if node.kind() == kind {
				dots.X, dots.Y = append(dots.X, x[n]), append(dots.Y, node.Loss)
			}
		}
		if len(dots.X) > 0 {
			f.Curves = append(f.Curves, dots)
		}
	}
	return f
}

// places puts the leaves side by side, and every other node amid those that the walk from the outside
// finds behind it.
func (c *ContourTree) places() []float64 {
	near := make([][]int, len(c.Nodes))
	for _, a := range c.Arcs {
		near[a.From], near[a.To] = append(near[a.From], a.To), append(near[a.To], a.From)
	}
	x := make([]float64, len(c.Nodes))
	from := make([]int, len(c.Nodes))
	root := len(c.Nodes) - 1
	from[root] = -1
	walk := []int{root}
	var order []int
	for len(walk) > 0 {
		n := walk[len(walk)-1]
		walk = walk[:len(walk)-1]
		order = append(order, n)
		for _, m := range near[n] {
			if m != from[n] {
				from[m] = n
				walk = append(walk, m)
			}
		}
	}
	leaves := 0.0
	for _, n := range order {
		if len(near[n]) == 1 && n != root {
			x[n] = leaves
			leaves++
		}
	}
	for _, n := range slices.Backward(order) {
		behind := 0
		sum := 0.0
		for _, m := range near[n] {
			if m != from[n] {
				sum += x[m]
				behind++
			}
		}
		if behind > 0 {
			x[n] = sum / float64(behind)
		}
	}
	return x
}

// MIMEBundle shows the tree in a notebook.
func (c *ContourTree) MIMEBundle() (map[string]any, error) {
	if err := c.Err(); err != nil {
		return nil, err
	}
	b, err := c.Figure().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = c.String()
	return b, nil
}
