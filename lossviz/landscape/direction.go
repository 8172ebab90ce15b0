package landscape

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/gosaddle/saddle/lossviz/internal/vec"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A Direction is a vector in parameter space, and how it was made.
type Direction struct {
	// Name says how it was made, e.g. "random, filter-normalized, seed 7".
	Name string
	// Axis is a short name for the axis of a figure; alpha or beta if it is empty.
	Axis string
	// V is the vector, of the objective's dimension.
	V []float64

	err error
}

// Err says what is wrong with the direction, or nil.
func (d *Direction) Err() error {
	if d == nil {
		return errors.New("landscape: the direction is nil")
	}
	return d.err
}

// String names the direction and gives its length.
func (d *Direction) String() string {
	if err := d.Err(); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s (%s, length %s)", d.Name, count(len(d.V), "parameter"), number(norm2(d.V)))
}

func badDirection(err error) *Direction { return &Direction{err: err} }

// longestAxis is how many letters an axis of a figure has room for.
const longestAxis = 24

// Given makes a direction of a vector of one's own. The vector is copied. A short name becomes that of the axis, too.
func Given(name string, v []float64) *Direction {
	if err := checkFinite(v, "direction "+name); err != nil {
		return badDirection(err)
	}
	d := &Direction{Name: name, V: clone(v)}
	if utf8.RuneCountInString(name) <= longestAxis {
		d.Axis = name
	}
	return d
}

// Random draws a direction with independent standard normal entries. Equal seeds give
// equal bits.
func Random(obj Objective, seed uint64) *Direction { return randomStream(obj, seed, 1) }

// randomStream draws the stream-th of the directions that one seed stands for.
func randomStream(obj Objective, seed, stream uint64) *Direction {
	if err := Check(obj); err != nil {
		return badDirection(err)
	}
	rng := rand.New(rand.NewPCG(seed, stream))
	v := make([]float64, obj.Dim())
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return &Direction{Name: fmt.Sprintf("random, seed %d", seed), V: v}
}

// ToPoint is the direction from one point to another: b - a.
func ToPoint(a, b []float64) *Direction {
	if len(a) != len(b) {
		return badDirection(fmt.Errorf("landscape: the points have %d and %d numbers", len(a), len(b)))
	}
	return Given("between two points", subtract(b, a))
}

// GradientDirection is the gradient of obj at theta.
func GradientDirection(obj Objective, theta []float64) *Direction {
	if err := CheckPoint(obj, theta, "theta"); err != nil {
		return badDirection(err)
	}
	grad := make([]float64, len(theta))
	Differentiate(obj).Gradient(grad, theta)
	return Given("gradient", grad)
}

// Normalization says to what a direction's parts are scaled.
type Normalization int

const (
	// Filter scales each filter to the length of the same filter of theta: each
	// neuron's incoming weights, each output channel of a convolution (Li et al.,
	// arXiv:1712.09913, section 4).
	Filter Normalization = iota
	// Layer scales each weight as a whole.
	Layer
	// Model scales the direction as a whole.
	Model
	// Weight multiplies each entry by the weight that it moves, d <- d theta: a step of
	// Gaussian entries is then a relative one. Weights of 0 do not move.
	Weight
	// UnitFilter and UnitLayer scale each filter, or each weight as a whole, to length 1
	// whatever theta is: "dfilter" and "dlayer" in the code of Li et al., who have
	// Weight there, too.
	UnitFilter
	UnitLayer
)

// String names the normalization: "filter", "layer", "model", "weight", "unit filter" or "unit layer".
func (n Normalization) String() string {
	switch n {
	case Filter:
		return "filter"
	case Layer:
		return "layer"
	case Model:
		return "model"
	case Weight:
		return "weight"
	case UnitFilter:
		return "unit filter"
	case UnitLayer:
		return "unit layer"
	}
	return fmt.Sprintf("Normalization(%d)", int(n))
}

// Normalize returns the direction scaled part by part to the lengths of theta's
// parts: d <- d / |d| * |theta|, or as [Weight] and [UnitFilter] say. Biases and the parameters of batch and layer norms
// become 0; see [Direction.NormalizeAll] to keep them. Parts of length 0 become 0.
//
// An objective without named blocks, such as a [Func], is one single part.
func (d *Direction) Normalize(obj Objective, theta []float64, n Normalization) *Direction {
	return d.normalize(obj, theta, n, false)
}

// NormalizeAll is [Direction.Normalize] with biases and norms kept, each bias and each
// norm parameter block scaled as one part ([Weight]: entry by entry, too).
func (d *Direction) NormalizeAll(obj Objective, theta []float64, n Normalization) *Direction {
	return d.normalize(obj, theta, n, true)
}

func (d *Direction) normalize(obj Objective, theta []float64, n Normalization, all bool) *Direction {
	if err := d.Err(); err != nil {
		return d
	}
	if err := CheckPoint(obj, theta, "theta"); err != nil {
		return badDirection(err)
	}
	if len(d.V) != len(theta) {
		return badDirection(fmt.Errorf("landscape: direction %s has %d numbers, theta %d", d.Name, len(d.V), len(theta)))
	}
	if n < Filter || n > UnitLayer {
		return badDirection(fmt.Errorf("landscape: there is no %v; see Filter, Layer, Model, Weight, UnitFilter and UnitLayer", n))
	}
	name := fmt.Sprintf("%s, %v-normalized", d.Name, n)
	if all {
		name += " with biases"
	}
	out := &Direction{Name: name, Axis: d.Axis, V: clone(d.V)}
	blocks := []nn.Block{{Size: len(theta), Shape: []int{1, len(theta)}}}
	if o, ok := obj.(interface{ Blocks() []nn.Block }); ok {
		blocks = o.Blocks()
	}
	for _, b := range blocks {
		part := out.V[b.Offset : b.Offset+b.Size]
		at := theta[b.Offset : b.Offset+b.Size]
		if b.Kind != nn.Weight && !all {
			fill(part, 0)
			continue
		}
		filter := b.Size
		if b.Kind == nn.Weight && len(b.Shape) > 0 && b.Shape[0] > 0 {
			filter = b.Size / b.Shape[0]
		}
		switch n {
		case Filter, UnitFilter:
			for from := 0; from < b.Size; from += filter {
				to := from + filter
				rescale(part[from:to], length(n, at[from:to]))
			}
		case Layer, UnitLayer:
			rescale(part, length(n, at))
		case Weight:
			for i := range part {
				part[i] *= at[i]
			}
		}
	}
	if n == Model {
		rescale(out.V, norm2(theta))
	}
	if norm2(out.V) == 0 {
		out.err = fmt.Errorf("landscape: direction %s is zero: the weights of theta, or the direction's entries at them, are all 0, so there is nothing to scale", name)
	}
	return out
}

// length is what a part of a direction is scaled to where theta's part is at.
func length(n Normalization, at []float64) float64 {
	if n == UnitFilter || n == UnitLayer {
		return 1
	}
	return norm2(at)
}

// rescale gives d a length. One of length 0 has no direction, and stays as it is.
func rescale(d []float64, length float64) {
	old := norm2(d)
	if old == 0 {
		return
	}
	scale := length / old
	for i := range d {
		d[i] *= scale
	}
}

// Cosine returns the cosine of the angle between two directions, NaN if one of them is
// zero or they do not fit.
func Cosine(a, b *Direction) float64 {
	if a.Err() != nil || b.Err() != nil || len(a.V) != len(b.V) {
		return math.NaN()
	}
	return cosine(a.V, b.V)
}

// Angles are the cosines of the angles between directions, each with each.
type Angles struct {
	Names  []string
	Cosine [][]float64 // [i][k] between directions i and k; NaN where they do not fit
}

// Cosines compares all of the directions with each other; printed, it is a table.
func Cosines(directions ...*Direction) Angles {
	var a Angles
	for _, d := range directions {
		name := "no direction"
		if d.Err() == nil {
			name = d.Name
		}
		a.Names = append(a.Names, name)
		var row []float64
		for _, e := range directions {
			row = append(row, Cosine(d, e))
		}
		a.Cosine = append(a.Cosine, row)
	}
	return a
}

// String writes a line for each direction: its number, its cosines with those before it and itself, its name.
func (a Angles) String() string {
	var s strings.Builder
	for i, row := range a.Cosine {
		fmt.Fprintf(&s, "%2d", i)
		for _, c := range row[:i+1] {
			fmt.Fprintf(&s, " %8.4f", c)
		}
		s.WriteString(strings.Repeat(" ", 9*(len(row)-1-i)) + "  " + a.Names[i] + "\n")
	}
	return strings.TrimSuffix(s.String(), "\n")
}

func cosine(a, b []float64) float64 {
	na, nb := norm2(a), norm2(b)
	if na == 0 || nb == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i := range a {
		sum += a[i] / na * (b[i] / nb)
	}
	return max(-1, min(1, sum))
}

// Orthogonal returns d without its components along the others, which need not be
// orthogonal to each other.
func (d *Direction) Orthogonal(others ...*Direction) *Direction {
	if err := d.Err(); err != nil {
		return d
	}
	out := &Direction{Name: d.Name + ", orthogonalized", Axis: d.Axis, V: clone(d.V)}
	var basis [][]float64
	for _, o := range others {
		if err := o.Err(); err != nil {
			return badDirection(err)
		}
		if len(o.V) != len(d.V) {
			return badDirection(fmt.Errorf("landscape: directions %s and %s have %d and %d numbers", d.Name, o.Name, len(d.V), len(o.V)))
		}
		v := clone(o.V)
		reject(v, basis)
		if n := norm2(v); n > 1e-12*norm2(o.V) {
			for i := range v {
				v[i] /= n
			}
			basis = append(basis, v)
		}
	}
	reject(out.V, basis)
	if norm2(out.V) <= 1e-12*norm2(d.V) {
		out.err = fmt.Errorf("landscape: direction %s lies in the span of the others", d.Name)
	}
	return out
}

// reject takes from v its components along the orthonormal basis, twice, because once
// leaves rounding errors behind.
func reject(v []float64, basis [][]float64) {
	for range 2 {
		for _, b := range basis {
			vec.AddScaled(v, v, -dot(v, b), b)
		}
	}
}

// Project returns the t for which origin + t d is nearest to theta, and theta's distance from there: where on the line of
// [Along] a point stands. Both are NaN if the points do not fit, or the direction is zero.
func (d *Direction) Project(origin, theta []float64) (t, distance float64) {
	if d.Err() != nil || len(origin) != len(d.V) || len(theta) != len(d.V) || norm2(d.V) == 0 {
		return math.NaN(), math.NaN()
	}
	length := norm2(d.V)
	e := clone(d.V)
	for i := range e {
		e[i] /= length
	}
	rest := subtract(theta, origin)
	t = dot(rest, e) / length
	reject(rest, [][]float64{e})
	return t, norm2(rest)
}

// Scale returns the direction times s.
func (d *Direction) Scale(s float64) *Direction {
	if d.Err() != nil {
		return d
	}
	out := &Direction{Name: fmt.Sprintf("%s, times %s", d.Name, number(s)), Axis: d.Axis, V: clone(d.V)}
	for i := range out.V {
		out.V[i] *= s
	}
	if !finite(s) {
		out.err = fmt.Errorf("landscape: direction %s scaled by %v", d.Name, s)
	}
	return out
}
