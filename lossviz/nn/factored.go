package nn

import (
	"cmp"
	"math"
	"slices"

	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// A factoring gives the activations of a first layer on a plane without an exponential at each point. For tanh and
// the sigmoid,
//
//	f(z) = shift + scale/(1 + e^(rate z)),   e^(rate (z0 + a zx + b zy)) = e^(rate (z0 + a zx)) e^(rate b zy),
//
// and the points of a grid share the few values of a and of b. The hidden values are exact to a unit in
// the last place of 1; whether a point is computed so depends on the point and the plane only.
type factoring struct {
	rate, scale, shift float64
	units              int // of the first layer
	out                int // the node of the activations
	rows               int // values of a, and of b, whose exponentials are kept at the same time
	single             *product

	// The largest magnitudes of rate z0, rate zx, rate zy, and of the parameters behind the first layer.
	z, theta [3]float64
}

const (
	// maxExponent bounds rate (z0 + a zx) and rate b zy, so that 1 + e^(rate z) is finite.
	maxExponent = 350
	// maxSingleExponent does so for the product of four of these, for vec.FactoredDot.
	maxSingleExponent = 86
	// maxFactoredWeight bounds what the last place of a hidden value is multiplied with.
	maxFactoredWeight = 1 << 10
	// maxFactoredUnits: beyond, too few exponentials fit the cache to be shared.
	maxFactoredUnits = 512
	factoredCache    = 96 << 10 // numbers: exponentials kept at the same time, for the second-level cache
)

// factor says how to share exponentials after the product s.first, or returns nil.
func (s *Slicer) factor() *factoring {
	net := s.e.net
	after := net.operations[s.first+1:]
	if s.y == nil || net.wholeBatch || len(after) == 0 || net.size[s.first+1] > maxFactoredUnits {
		return nil
	}
	act, ok := after[0].(*pointwise)
	if !ok {
		return nil
	}
	f := &factoring{units: net.size[s.first+1], out: act.out}
	switch act.Activation {
	case Tanh:
		f.rate, f.scale, f.shift = 2, -2, 1
	case Sigmoid:
		f.rate, f.scale, f.shift = -1, 1, 0
	default:
		return nil
	}
	skipped := false // by a residual block, which reads the activations once more
	for _, op := range after[1:] {
		if p, ok := op.(*plus); ok && p.skip == s.first+1 {
			return nil // it reads what is not computed
		} else if ok && p.skip == act.out {
			skipped = true
		}
	}
	if len(after) > 1 && !skipped {
		if p, ok := after[1].(*product); ok && p.kernel == (kernel(dense{in: f.units, out: 1})) {
			f.single = p
		}
	}
	return f
}

// chunkSize is the number of samples whose exponentials, for many points, stay in cache.
func (f *factoring) chunkSize(n int) int {
	const lane = 24
	step := max(lane, min(10*lane, factoredCache/32/f.units/lane*lane))
	parts := max(1, (n+step/2)/step) // of nearly one size: a short one costs as many calls as a long one
	return min(n, (n+8*parts-1)/(8*parts)*8)
}

// measure finds the bounds that fits needs, when the shared part is there.
func (f *factoring) measure(s *Slicer) {
	for _, c := range s.affine {
		for i, v := range [][]float64{c.origin, c.x, c.y} {
			f.z[i] = max(f.z[i], largest(v))
		}
	}
	behind := s.e.net.operations[s.first].(*product)
	from := max(behind.weight+behind.size, behind.bias+behind.channels)
	for i, v := range [][]float64{s.origin, s.x, s.y} {
		f.theta[i] = largest(v[from:])
	}
}

// largest magnitude, NaN if there is one.
func largest(v []float64) (m float64) {
	for _, x := range v {
		m = max(m, math.Abs(x))
	}
	return m
}

// A method is how a point is computed.
type method byte

const (
	direct       method = iota // f(z0 + a zx + b zy)
	shared                     // from shared exponentials
	sharedSingle               // the same, and the activations of one output's sum are never stored
)

// method says whether the exponentials at a point are far from overflow, and the weights behind them moderate.
func (f *factoring) method(a, b float64) method {
	a, b = math.Abs(a), math.Abs(b)
	largest := max(f.z[0]+a*f.z[1], b*f.z[2])
	switch {
	case !(f.theta[0]+a*f.theta[1]+b*f.theta[2] <= maxFactoredWeight) || !(largest <= maxExponent):
		return direct
	case f.single != nil && largest <= maxSingleExponent:
		return sharedSingle
	}
	return shared
}

// A factoredScratch is a goroutine's memory for it.
type factoredScratch struct {
	order       []int // of the points of a call
	row, column []int // by point: which of the kept values its a and b are
	methods     []method
	a, b        []float64 // the kept values
	u, v        []float64 // the exponentials of a's and b's part: value, unit, sample
	zeros       []float64
	weights     []float64
}

func newFactoredScratch(f *factoring, step, group int) *factoredScratch {
	size := f.units * step
	return &factoredScratch{
		methods: make([]method, group),
		a:       make([]float64, 0, f.rows), b: make([]float64, 0, f.rows),
		u: make([]float64, f.rows*size), v: make([]float64, f.rows*size),
		zeros: make([]float64, size), weights: make([]float64, f.units),
	}
}

// factored fills loss and accuracy at any points. They are taken in blocks of few values of a and of b.
func (s *Slicer) factored(scratch *sliceScratch, a, b, loss, accuracy []float64) {
	t := scratch.factored
	t.order = t.order[:0]
	if len(t.row) < len(a) {
		t.row, t.column = make([]int, len(a)), make([]int, len(a))
	}
	for k := range a {
		t.order = append(t.order, k)
	}
	slices.SortFunc(t.order, func(i, j int) int { return cmp.Or(cmp.Compare(b[i], b[j]), cmp.Compare(a[i], a[j])) })
	for band := t.order; len(band) > 0; {
		n := runs(band, b, t.column, &t.b, s.factoring.rows, len(band))
		points := band[:n]
		band = band[n:]
		slices.SortFunc(points, func(i, j int) int { return cmp.Or(cmp.Compare(a[i], a[j]), cmp.Compare(b[i], b[j])) })
		for len(points) > 0 {
			n := runs(points, a, t.row, &t.a, s.factoring.rows, s.group)
			s.block(scratch, points[:n], a, b, loss, accuracy)
			points = points[n:]
		}
	}
}

// runs takes points, sorted by their value, while they have at most `most` values; it collects these
// and says for each point which it has.
func runs(points []int, value []float64, which []int, values *[]float64, most, limit int) int {
	*values = (*values)[:0]
	for n, k := range points {
		if n == limit {
			return n
		}
		if last := len(*values); last == 0 || math.Float64bits((*values)[last-1]) != math.Float64bits(value[k]) {
			if last == most {
				return n
			}
			*values = append(*values, value[k])
		}
		which[k] = len(*values) - 1
	}
	return len(points)
}

// block evaluates some points whose values of a and b are all in the scratch.
func (s *Slicer) block(scratch *sliceScratch, points []int, a, b, loss, accuracy []float64) {
	f, t, w := s.factoring, scratch.factored, scratch.w
	ops := s.e.net.operations
	for k, point := range points {
		s.prepareSums(scratch, k, point, a, b)
		t.methods[k] = f.method(a[point], b[point])
	}
	for i := range s.chunks {
		c, part := &s.chunks[i], &s.affine[i]
		s.begin(w, c)
		size := f.units * c.n
		for j, value := range t.a {
			u := t.u[j*size : (j+1)*size]
			vec.AddScaled(u, part.origin, value, part.x)
			vec.Exp(u, u)
		}
		for j, value := range t.b {
			v := t.v[j*size : (j+1)*size]
			vec.AddScaled(v, t.zeros[:size], value, part.y)
			vec.Exp(v, v)
		}
		for k, point := range points {
			w.theta.val = scratch.point(k)
			u, v := t.u[t.row[point]*size:][:size], t.v[t.column[point]*size:][:size]
			next := s.first + 2
			switch t.methods[k] {
			case direct:
				z := w.node[s.first+1].val
				s.point(z, part.origin, part.x, part.y, point, a, b)
				for i := range z {
					z[i] *= 1 / f.rate // exact: 1/2 or -1
				}
				ops[s.first+1].forward(w)
			case shared:
				vec.FactoredSigmoid(w.node[f.out].val, u, v, f.scale, f.shift)
			case sharedSingle:
				f.output(w, t.weights, u, v)
				next++
			}
			for _, op := range ops[next:] {
				op.forward(w)
			}
			s.addLoss(scratch, k, c, accuracy != nil)
		}
	}
	for k, point := range points {
		s.finish(scratch, k, point, loss, accuracy)
	}
}

// output computes the single output behind the first layer, without the activations between.
func (f *factoring) output(w *workspace, scaled, u, v []float64) {
	start := 0.0
	for h, weight := range f.single.weights(w.theta.val) {
		scaled[h] = f.scale * weight
		start += weight
	}
	start *= f.shift
	if f.single.bias >= 0 {
		start += w.theta.val[f.single.bias]
	}
	z := w.node[f.single.out].val
	fill(z, start)
	vec.FactoredDot(z, scaled, u, v)
}
