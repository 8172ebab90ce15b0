package landscape

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Volume is the loss, and other quantities, over a grid of any number of directions: at
// origin + t_1 d_1 + ... + t_n d_n for all combinations of the coordinates. It cannot be drawn; what
// it is for is to ask whether basins that a plane keeps apart are one.
type Volume struct {
	// Axes is the coordinates along each direction.
	Axes [][]float64
	// Z is the loss at each point, the last coordinate changing fastest.
	Z []float64
	// Names lists the quantities, the loss first; Values holds each, as long as Z.
	Names  []string
	Values map[string][]float64
	// Made says what made the volume.
	Made Provenance

	rec *record
	err error
}

// volume is the directions and coordinates of a Volume, its points numbered with the last coordinate changing fastest.
type volume struct{ directions, axes [][]float64 }

// index is the places on the axes of point number n.
func (v *volume) index(n int) []int {
	place := make([]int, len(v.axes))
	for k := len(v.axes) - 1; k >= 0; k-- {
		place[k] = n % len(v.axes[k])
		n /= len(v.axes[k])
	}
	return place
}

// at fills theta with point number n.
func (v *volume) at(theta, origin []float64, n int) {
	copy(theta, origin)
	for k, i := range v.index(n) {
		t := v.axes[k][i]
		for j, d := range v.directions[k] {
			theta[j] += t * d
		}
	}
}

// Scan evaluates an objective over a grid of as many directions as there are axes, usually three or four: the number
// of points is the product of the axes' numbers. The options are those of [Slice] but for grids of lines, shards and [Resume];
// with a [Checkpoint] it goes on where it was. The memory that it takes is known, and refused where it is
// too much, before it starts.
func Scan(obj Objective, origin []float64, directions []*Direction, axes []Axis, opts ...SliceOption) *Volume {
	v := &Volume{}
	v.err = v.compute(obj, origin, directions, axes, newConfig(opts))
	return v
}

func (v *Volume) compute(obj Objective, origin []float64, directions []*Direction, axes []Axis, cfg *config) error {
	start := time.Now()
	if err := CheckPoint(obj, origin, "the origin"); err != nil {
		return err
	}
	if len(directions) == 0 || len(directions) != len(axes) {
		return fmt.Errorf("landscape: a scan along %s over %d axes: give one axis for each direction, and at least one", count(len(directions), "direction"), len(axes))
	}
	if cfg.grid != nil || cfg.shards > 0 || cfg.resume != nil {
		return errors.New("landscape: a scan takes its coordinates from its axes, is not cut into shards, and goes on from a Checkpoint")
	}
	grid := &volume{}
	points := 1.0
	var names, sizes []string
	for k, d := range directions {
		if err := errors.Join(d.Err(), axes[k].check()); err != nil {
			return fmt.Errorf("direction %d of the scan: %w", k+1, err)
		}
		if len(d.V) != len(origin) {
			return fmt.Errorf("landscape: direction %s has %d numbers, the origin %d", d.Name, len(d.V), len(origin))
		}
		points *= float64(axes[k].N)
		grid.directions = append(grid.directions, d.V)
		names, sizes = append(names, d.Name), append(sizes, thousands(axes[k].N))
	}
	e, err := newEvaluator(section{obj: obj, origin: origin, volume: grid}, cfg)
	if err != nil {
		return err
	}
	what := "a scan of " + strings.Join(sizes, " x ") + " points"
	if err := e.checkMemory(points, what, cfg); err != nil {
		return err
	}
	for _, a := range axes {
		grid.axes = append(grid.axes, a.Values())
	}
	numbers := make([]float64, int(points))
	for n := range numbers {
		numbers[n] = float64(n)
	}
	rec, err := e.run(cfg, what, numbers, nil)
	if rec == nil {
		return err
	}
	v.Axes, v.rec, v.Names, v.Z = grid.axes, rec, e.names, rec.values[0]
	v.Values = map[string][]float64{}
	for q, name := range e.names {
		v.Values[name] = rec.values[q]
	}
	v.Made = provenance(obj, e, strings.Join(names, ", "), "", 0, rec, start)
	return err
}

// Err says why the volume is not what was asked for, or nil. An interrupted one holds what was computed, NaN elsewhere.
func (v *Volume) Err() error {
	if v == nil {
		return errors.New("landscape: the volume is nil")
	}
	if v.err == nil && v.rec == nil {
		return errors.New("landscape: the volume has no values: it was not made by Scan")
	}
	return v.err
}

// Index is the number in [Volume.Z] of the point with these places on the axes, counted from 0; -1 where there is none.
func (v *Volume) Index(place ...int) int {
	if v == nil || len(place) != len(v.Axes) {
		return -1
	}
	n := 0
	for k, i := range place {
		if i < 0 || i >= len(v.Axes[k]) {
			return -1
		}
		n = n*len(v.Axes[k]) + i
	}
	return n
}

// At is the coordinates of point number n of [Volume.Z]; nil where there is none.
func (v *Volume) At(n int) []float64 {
	if v == nil || n < 0 || n >= len(v.Z) {
		return nil
	}
	t := make([]float64, len(v.Axes))
	for k, i := range (&volume{axes: v.Axes}).index(n) {
		t[k] = v.Axes[k][i]
	}
	return t
}

// A VolumeBasin is a minimum of a volume's grid and the points around it, as a [Basin] is of a surface's.
type VolumeBasin struct {
	// At is where its minimum is, and Birth is the loss there.
	At    []float64
	Birth float64
	// Saddle is where it joins a deeper basin, and Death is the loss there: nil and +Inf for one that joins none.
	Saddle []float64
	Death  float64
	// Parent is the number of the basin that it joins, -1 if none.
	Parent int
	// Points is how many grid points drain into it.
	Points int
}

// Basins are the basins of the volume with at least the given persistence, the deepest first, each point joined to the 3^n - 1
// around it; see [NewMergeTree].
func (v *Volume) Basins(threshold float64) ([]VolumeBasin, error) {
	if v == nil || v.rec == nil {
		return nil, fmt.Errorf("landscape: basins: %w", v.Err())
	}
	if !(threshold >= 0) {
		return nil, fmt.Errorf("landscape: basins: a threshold of %v: it must not be negative", threshold)
	}
	order := ascending(v.Z)
	if len(order) == 0 {
		return nil, errors.New("landscape: basins: the volume has no finite values")
	}
	label, basins := flood(order, v.Z, (&volume{axes: v.Axes}).around)
	kept, number := keep(basins, v.Z, threshold)
	var out []VolumeBasin
	for _, b := range kept {
		low, saddle := basins[b].low, basins[b].saddle
		o := VolumeBasin{At: v.At(low), Birth: v.Z[low], Death: math.Inf(1), Parent: -1}
		if saddle >= 0 {
			o.Saddle, o.Death, o.Parent = v.At(saddle), v.Z[saddle], number[basins[b].parent]
		}
		out = append(out, o)
	}
	for _, l := range label {
		if l >= 0 {
			out[number[l]].Points++
		}
	}
	return out, nil
}

// SMAD is the saddle-minimum average distance of the volume's basins with at least the given persistence; see [MergeTree.SMAD].
func (v *Volume) SMAD(threshold float64) (mean, weighted float64, err error) {
	basins, err := v.Basins(threshold)
	if err != nil {
		return math.NaN(), math.NaN(), err
	}
	mean, weighted = smad(len(basins), func(n int) Basin {
		b := basins[n]
		return Basin{Birth: b.Birth, Death: b.Death, Parent: b.Parent, Points: b.Points}
	})
	return mean, weighted, nil
}

// around is the neighbours of point p.
func (v *volume) around(p int) []int {
	out := []int{0}
	for k, i := range v.index(p) {
		var next []int
		for _, n := range out {
			for j := max(i-1, 0); j <= min(i+1, len(v.axes[k])-1); j++ {
				next = append(next, n*len(v.axes[k])+j)
			}
		}
		out = next
	}
	return slices.DeleteFunc(out, func(q int) bool { return q == p })
}

// String gives the volume's numbers in words.
func (v *Volume) String() string {
	if v == nil || v.rec == nil {
		return v.Err().Error()
	}
	var sizes []string
	for _, a := range v.Axes {
		sizes = append(sizes, thousands(len(a)))
	}
	text := fmt.Sprintf("%s over %s points (%s)", v.Made.Objective, strings.Join(sizes, " x "), v.Made.X)
	if order := ascending(v.Z); len(order) > 0 {
		text += fmt.Sprintf("; lowest %.6g at %.4g, highest %.6g", v.Z[order[0]], v.At(order[0]), v.Z[order[len(order)-1]])
	}
	nan, inf := v.rec.holes()
	if holes := holeText(nan, inf, v.rec.points()-v.rec.finished()); holes != "" {
		text += "; " + holes
	}
	return text
}
