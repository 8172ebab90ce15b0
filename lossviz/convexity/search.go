package convexity

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/spectrum"
)

// A search looks for a counter-example in rounded arithmetic and has each
// candidate certified; the first that is ends it.
type search struct {
	*settings
	*subject
	verdict *Verdict
	f       landscape.TwiceDifferentiable
	random  *rand.Rand
	starts  [][]float64 // random points
	trained [][]float64 // and what a descent made of them
	attempt Attempt     // the current one
}

func newSearch(set *settings, s *subject, v *Verdict) *search {
	return &search{settings: set, subject: s, verdict: v, f: landscape.Differentiate(s.objective),
		random: rand.New(rand.NewPCG(set.seed, 0xc0ffee))}
}

// run tries one way after the other.
func (s *search) run() {
	s.starts = append(s.starts, s.points...)
	s.trained = append(s.trained, s.points...)
	starts := 3 * s.effort
	for i := range starts {
		s.starts = append(s.starts, s.start(i))
	}
	for _, way := range []func() bool{s.mirrors, s.curvature, s.kinks, s.segments, s.climb} {
		if s.ctx.Err() != nil || way() {
			return
		}
	}
}

// begin opens an attempt for the record.
func (s *search) begin(format string, args ...any) {
	s.attempt = Attempt{What: fmt.Sprintf(format, args...), Gap: math.NaN(), Eigenvalue: math.NaN()}
}

// end closes it.
func (s *search) end() {
	s.verdict.Tried = append(s.verdict.Tried, s.attempt)
	if s.attempt.Gap > s.verdict.BestGap {
		s.verdict.BestGap = s.attempt.Gap
	}
	if e := s.attempt.Eigenvalue; e < s.verdict.SmallestEigenvalue || math.IsNaN(s.verdict.SmallestEigenvalue) {
		s.verdict.SmallestEigenvalue = e
	}
}

// gap is L(ta+(1-t)b) - tL(a) - (1-t)L(b), rounded.
func (s *search) gap(a, b []float64, t float64) float64 {
	between := make([]float64, len(a))
	for i := range between {
		between[i] = t*a[i] + (1-t)*b[i]
	}
	return s.objective.Value(between) - t*s.objective.Value(a) - (1-t)*s.objective.Value(b)
}

// try looks at a segment, and has it certified if it seems to be a counter-example.
func (s *search) try(a, b []float64, t float64) bool {
	g := s.gap(a, b, t)
	if math.IsNaN(g) || math.IsInf(g, 0) {
		return false
	}
	if !(g <= s.attempt.Gap) {
		s.attempt.Gap = g
	}
	if !(g > 0) || s.problem == nil || !s.problem.Inside(a) || !s.problem.Inside(b) {
		return false
	}
	c, err := s.certify(s.ctx, a, b, t)
	if err != nil || !(c.Gap.Lo > 0) || !c.Gap.Bounded() {
		return false
	}
	c.A, c.B = append([]float64(nil), a...), append([]float64(nil), b...)
	if better := s.improve(c); better != nil {
		c = better
	}
	c.How = s.attempt.What
	s.verdict.Kind, s.verdict.Certificate = NotConvex, c
	s.end()
	return true
}

// start is a random point: a network's own initialization, or a normal vector within
// the domain, of sizes from small to large.
func (s *search) start(i int) []float64 {
	if s.network != nil {
		theta := s.network.Net.Init(s.seed + uint64(i))
		if i%3 == 2 { // larger weights see more of the nonlinearity
			for j := range theta {
				theta[j] = 2*theta[j] + 0.1*s.random.NormFloat64()
			}
		}
		return theta
	}
	theta := make([]float64, s.objective.Dim())
	size := []float64{1, 3, 0.3, 10}[i%4]
	for j := range theta {
		theta[j] = size * s.random.NormFloat64()
		if s.problem != nil && s.problem.Domain != nil {
			d := s.problem.Domain[j]
			switch {
			case d.Bounded():
				theta[j] = d.Lo + (d.Hi-d.Lo)*s.random.Float64()
			case d.Lo > math.Inf(-1):
				theta[j] = d.Lo + math.Abs(theta[j])
			case d.Hi < math.Inf(1):
				theta[j] = d.Hi - math.Abs(theta[j])
			}
			theta[j] = math.Max(d.Lo, math.Min(d.Hi, theta[j]))
		}
	}
	return theta
}

// train goes downhill for some steps of Adam (arXiv:1412.6980, algorithm 1) and returns the best
// point seen.
func (s *search) train(theta []float64, steps int) []float64 {
	const rate, b1, b2 = 0.05, 0.9, 0.999
	x := append([]float64(nil), theta...)
	best, lowest := append([]float64(nil), theta...), math.Inf(1)
	grad, m, v := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	for step := 1; step <= steps && s.ctx.Err() == nil; step++ {
		value := s.f.Gradient(grad, x)
		if math.IsNaN(value) || math.IsInf(value, 0) {
			break
		}
		if value < lowest {
			lowest = value
			copy(best, x)
		}
		for i, g := range grad {
			m[i] = b1*m[i] + (1-b1)*g
			v[i] = b2*v[i] + (1-b2)*g*g
			x[i] -= rate * m[i] / (1 - math.Pow(b1, float64(step))) / (math.Sqrt(v[i]/(1-math.Pow(b2, float64(step)))) + 1e-8)
		}
	}
	return best
}

// mirrors: the same network with two hidden units exchanged has the same loss,
// exactly; half-way the two units are equal. The point itself may be any at all; a trained one has
// a low loss and so most often a positive gap.
func (s *search) mirrors() bool {
	if s.network == nil {
		return false
	}
	hidden := Hidden(s.network.Net)
	if len(hidden) == 0 {
		return false
	}
	for i, theta := range s.starts {
		if s.ctx.Err() != nil {
			return false
		}
		if i >= len(s.points) {
			theta = s.train(theta, s.budget(120))
			s.trained = append(s.trained, theta)
		}
		s.begin("mirror points: two hidden units exchanged, half-way (trained from start %d)", i+1)
		if a, b := s.bestMirror(hidden, theta); a != nil && s.try(a, b, 0.5) {
			return true
		}
		s.end()
	}
	return false
}

// bestMirror picks the exchange with the largest rounded gap, among 12.
func (s *search) bestMirror(hidden []HiddenLayer, theta []float64) (a, b []float64) {
	best := math.Inf(-1)
	consider := func(image []float64) {
		if g := s.gap(theta, image, 0.5); g > best {
			best, a, b = g, theta, image
		}
	}
	for range 12 {
		h := hidden[s.random.IntN(len(hidden))]
		if h.Units() > 1 {
			i := s.random.IntN(h.Units())
			j := (i + 1 + s.random.IntN(h.Units()-1)) % h.Units()
			consider(h.Swap(theta, i, j))
		}
		if h.CanFlip() {
			consider(h.Flip(theta, s.random.IntN(h.Units())))
		}
		if s.ctx.Err() != nil {
			break
		}
	}
	return a, b
}

// curvature: where the Hessian has a negative eigenvalue, a short segment along
// its eigenvector bulges.
func (s *search) curvature() bool {
	points := append(append([][]float64(nil), s.starts...), s.trained...)
	if s.network != nil && s.network.L2 > 0 { // the penalty's curvature is constant, that of the data grows with the weights
		for _, size := range []float64{3, 10, 30, 100} {
			for _, theta := range s.starts[len(s.points):] {
				large := make([]float64, len(theta))
				for i, x := range theta {
					large[i] = size * x
				}
				points = append(points, large)
			}
		}
	}
	for i, theta := range points {
		if s.ctx.Err() != nil {
			return false
		}
		s.begin("negative curvature: short segments along the lowest eigenvector (point %d)", i+1)
		h := landscape.NewCurvature(s.f)
		h.At(theta)
		low, _, err := spectrum.Ends(s.ctx, h.HessianVector, len(theta), 1, 0, 1e-3, s.budget(40), s.seed)
		if err != nil || len(low) == 0 {
			continue
		}
		s.attempt.Eigenvalue = low[0].Value
		if s.along(theta, low[0].Vector) {
			return true
		}
		s.end()
	}
	return false
}

// kinks: where the slope drops at once, a segment that is short enough bulges, whatever the curvature beside it. A
// random interval is halved towards the half in which the slope rises less, as long as that finds a drop.
func (s *search) kinks() bool {
	if s.problem == nil || !s.problem.Kinked() {
		return false
	}
	points := append(append([][]float64(nil), s.starts...), s.trained...)
	s.begin("kinks: intervals halved towards a drop of the slope")
	direction, grad := make([]float64, len(points[0])), make([]float64, len(points[0]))
	for n := range s.budget(200) * s.effort {
		theta := points[s.random.IntN(len(points))]
		clear(direction)
		if n%2 == 0 { // a single parameter meets few kinks, a random direction all
			direction[s.random.IntN(len(direction))] = 1
		} else {
			for i := range direction {
				direction[i] = s.random.NormFloat64()
			}
		}
		slope := func(x float64) float64 {
			s.f.Gradient(grad, moved(theta, direction, x))
			return dot(grad, direction)
		}
		middle, half := 2*s.random.NormFloat64(), math.Ldexp(1, -s.random.IntN(8))
		l, r := middle-half, middle+half
		left, right := slope(l), slope(r)
		for range 30 {
			if s.ctx.Err() != nil {
				return false
			}
			m := l/2 + r/2
			at := slope(m)
			if at-left < right-at {
				r, right = m, at
			} else {
				l, left = m, at
			}
			if right < left && s.try(moved(theta, direction, l), moved(theta, direction, r), 0.5) {
				return true
			}
		}
	}
	s.end()
	return false
}

// moved is theta + x direction.
func moved(theta, direction []float64, x float64) []float64 {
	out := make([]float64, len(theta))
	for i := range out {
		out[i] = theta[i] + x*direction[i]
	}
	return out
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// along tries segments of several lengths around a point, first the one whose gap is clearest beside the
// values themselves; of about equal ones that of a length nearest to 1.
func (s *search) along(theta, direction []float64) bool {
	ends := func(h float64) (a, b []float64) { return moved(theta, direction, h), moved(theta, direction, -h) }
	type segment struct{ h, clear float64 }
	var found []segment
	best, middle := 0.0, s.objective.Value(theta)
	for h := 0x1p-10; h < 100; h *= 2 {
		a, b := ends(h)
		va, vb := s.objective.Value(a), s.objective.Value(b)
		g := middle - va/2 - vb/2
		if math.IsNaN(g) || math.IsInf(g, 0) {
			continue
		}
		if !(g <= s.attempt.Gap) {
			s.attempt.Gap = g
		}
		if size := math.Abs(middle) + math.Abs(va) + math.Abs(vb); g > 1e-15*size {
			found = append(found, segment{h, g / size})
			best = math.Max(best, g/size)
		}
	}
	slices.SortStableFunc(found, func(x, y segment) int {
		order := func(s segment) float64 {
			if s.clear > 0.9*best {
				return math.Abs(math.Log(s.h)) - 1e6
			}
			return -s.clear
		}
		return cmp.Compare(order(x), order(y))
	})
	for _, f := range found[:min(3, len(found))] {
		if a, b := ends(f.h); s.try(a, b, 0.5) {
			return true
		}
	}
	return false
}

// segments: between random points, trained ones, and one of each, with the weights
// 1/2, 1/4 and 3/4.
func (s *search) segments() bool {
	for i := len(s.trained) - len(s.points); i < min(len(s.starts)-len(s.points), 3); i++ {
		s.trained = append(s.trained, s.train(s.starts[len(s.points)+i], s.budget(120)))
	}
	points := append(append([][]float64(nil), s.starts...), s.trained...)
	s.begin("segments between random and trained points")
	for n := range s.budget(200) * s.effort {
		if s.ctx.Err() != nil {
			break
		}
		if n%20 == 19 && len(points) < 60 {
			points = append(points, s.start(n))
		}
		a, b := points[s.random.IntN(len(points))], points[s.random.IntN(len(points))]
		if s.try(a, b, []float64{0.5, 0.25, 0.75}[n%3]) {
			return true
		}
		// Beyond the ends and towards zero, symmetric about a point.
		d := make([]float64, len(a))
		for i := range d {
			d[i] = (b[i] - a[i]) * s.random.Float64() * 2
		}
		if n%4 == 0 && s.along(a, d) {
			return true
		}
	}
	s.end()
	return false
}

// improve climbs from a counter-example whose gap is hard to see to a clearer one; nil if there is none.
func (s *search) improve(c *Certificate) *Certificate {
	clear := func(c *Certificate) float64 { return c.Gap.Lo / (math.Abs(c.Between.Mid()) + c.Gap.Lo) }
	if c.T != 0.5 || clear(c) > 0.1 {
		return nil
	}
	a, b := append([]float64(nil), c.A...), append([]float64(nil), c.B...)
	distance := 0.0
	for i := range a {
		distance = math.Max(distance, math.Abs(a[i]-b[i]))
	}
	s.uphill(a, b, 0.1*distance, s.budget(60), func(int) bool { return false })
	if !s.problem.Inside(a) || !s.problem.Inside(b) || !(s.gap(a, b, 0.5) > c.Gap.Hi) {
		return nil
	}
	better, err := s.certify(s.ctx, a, b, 0.5)
	if err != nil || !better.Gap.Bounded() || !(better.Gap.Lo > 0) || clear(better) < clear(c) {
		return nil
	}
	s.attempt.Gap = math.Max(s.attempt.Gap, better.Gap.Mid())
	return better
}

// climb goes uphill on the gap as a function of both ends.
func (s *search) climb() bool {
	for i := range min(len(s.starts), 4*s.effort) {
		a := append([]float64(nil), s.starts[i]...)
		b := append([]float64(nil), s.starts[(i+1)%len(s.starts)]...)
		s.begin("climbing the gap from segment %d", i+1)
		if s.uphill(a, b, 0.1, s.budget(150), func(step int) bool { return step%10 == 9 && s.try(a, b, 0.5) }) {
			return true
		}
		if s.ctx.Err() != nil {
			return false
		}
		s.end()
	}
	return false
}

// uphill moves both ends of a segment, in place, along the gradient of its gap; it stops
// when found says so, and returns that.
func (s *search) uphill(a, b []float64, rate float64, steps int, found func(step int) bool) bool {
	n := len(a)
	between, ga, gb, gm := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for step := range steps {
		if s.ctx.Err() != nil {
			return false
		}
		for j := range between {
			between[j] = 0.5*a[j] + 0.5*b[j]
		}
		s.f.Gradient(ga, a)
		s.f.Gradient(gb, b)
		s.f.Gradient(gm, between)
		norm := 0.0
		for j := range gm {
			ga[j], gb[j] = 0.5*gm[j]-0.5*ga[j], 0.5*gm[j]-0.5*gb[j]
			norm += ga[j]*ga[j] + gb[j]*gb[j]
		}
		norm = math.Sqrt(norm)
		if !(norm > 1e-14) || math.IsInf(norm, 0) {
			return false
		}
		for j := range a {
			a[j] += rate * ga[j] / norm
			b[j] += rate * gb[j] / norm
		}
		if found(step) {
			return true
		}
		rate *= 0.995
	}
	return false
}

// budget is a number of steps, fewer where each is expensive.
func (s *search) budget(steps int) int {
	work := 1
	if s.problem != nil {
		work = s.problem.Work()
	}
	switch {
	case work > 100e6:
		return max(2, steps/10)
	case work > 10e6:
		return max(2, steps/4)
	}
	return steps
}
