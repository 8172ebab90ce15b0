package landscape

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/internal/progress"
)

// A MinimaPath is a curved path between two points, usually two minima, that stays low.
type MinimaPath struct {
	// T is the position of each point on the path, the share of its length, from 0
	// to 1; Points are the points, the ends included; Loss is the loss at each.
	T      []float64
	Points [][]float64
	Loss   []float64
	// Straight is the loss on the straight line between the ends, at the same T.
	Straight []float64
	// Bend is the control point of a Bezier curve, nil for other paths.
	Bend []float64
	// Steps is the number of steps taken.
	Steps int

	name    string
	obj     Objective
	seconds float64
	err     error
}

// A PathOption changes how a path is found.
type PathOption func(*pathConfig)

type pathConfig struct {
	images, steps int
	pivots        int // that NEB may add
	from          Trajectory
	rate          float64
	seed          uint64
	ctx           context.Context
	quiet         bool
}

// PathPoints sets the number of points of the path, the ends included (default 21).
func PathPoints(n int) PathOption { return func(c *pathConfig) { c.images = n } }

// PathSteps sets the number of optimization steps (default 500).
func PathSteps(n int) PathOption { return func(c *pathConfig) { c.steps = n } }

// PathPivots lets [NEB] add up to n points where its chain is too coarse (default 0): in four rounds, spread
// evenly over its steps, a point comes into the middle of each gap where the loss is above the mean of that at
// the gap's two ends by more than a twentieth of the losses' range, the worst gaps first. The chain stays
// as much denser there (AutoNEB; Draxler et al., arXiv:1803.00885).
func PathPivots(n int) PathOption { return func(c *pathConfig) { c.pivots = n } }

// PathFrom begins [NEB] with a path that is known, such as a [Bezier] curve or an earlier band, instead of the straight line: its
// points, spread evenly along it (linearly between two of them). Its ends must be those of the path.
func PathFrom(t Trajectory) PathOption { return func(c *pathConfig) { c.from = t } }

// PathRate sets the learning rate of the optimizer, Adam (default 0.01).
func PathRate(r float64) PathOption { return func(c *pathConfig) { c.rate = r } }

// PathSeed sets the seed of the small bend that a path begins with (default 1).
func PathSeed(s uint64) PathOption { return func(c *pathConfig) { c.seed = s } }

// PathContext ends the search when ctx ends, as an interrupt does.
func PathContext(ctx context.Context) PathOption { return func(c *pathConfig) { c.ctx = ctx } }

// PathQuiet shows no progress.
func PathQuiet() PathOption { return func(c *pathConfig) { c.quiet = true } }

const bezierName = "Bezier curve"

// beginPath checks the arguments and makes the empty path.
func beginPath(name string, obj Objective, a, b []float64, opts []PathOption) (*MinimaPath, *pathConfig) {
	c := &pathConfig{images: 21, steps: 500, rate: 0.01, seed: 1, ctx: context.Background()}
	for _, o := range opts {
		o(c)
	}
	if c.ctx == nil {
		c.ctx = context.Background()
	}
	p := &MinimaPath{name: name, obj: obj}
	p.err = errors.Join(CheckPoint(obj, a, "the first end"), CheckPoint(obj, b, "the second end"))
	switch {
	case p.err != nil:
	case c.images < 3 || c.steps < 0 || !(c.rate > 0) || math.IsInf(c.rate, 0):
		p.err = fmt.Errorf("landscape: %s: %d points, %d steps and a rate of %v: there must be at least 3 points, and the rate must be positive", name, c.images, c.steps, c.rate)
	case c.pivots < 0:
		p.err = fmt.Errorf("landscape: %s: %d pivots to add: it must not be negative", name, c.pivots)
	case c.from != nil && name == bezierName:
		p.err = fmt.Errorf("landscape: %s: it has a single bend and cannot begin with a path; PathFrom is for NEB", name)
	case equal(a, b):
		p.err = fmt.Errorf("landscape: %s: the two ends are the same point", name)
	}
	return p, c
}

func equal(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// NEB finds a path between a and b by the nudged elastic band (Draxler et al.,
// arXiv:1803.00885): a chain of points, each moved down the gradient's part across the
// chain, while springs along it keep them apart. The band begins as the straight line
// with a small random bend, without which it could not leave a ridge of symmetry.
func NEB(obj Objective, a, b []float64, opts ...PathOption) *MinimaPath {
	p, c := beginPath("nudged elastic band", obj, a, b, opts)
	if p.err != nil {
		return p
	}
	n, dim := c.images, len(a)
	bend := Random(obj, c.seed).V
	size := 0.05 * norm2(subtract(b, a)) / norm2(bend)
	band := make([][]float64, n)
	for k := range band {
		t := float64(k) / float64(n-1)
		band[k] = make([]float64, dim)
		for i := range band[k] {
			band[k][i] = (1-t)*a[i] + t*b[i] + size*math.Sin(math.Pi*t)*bend[i]
		}
	}
	if c.from != nil {
		points, err := pointsOf(c.from)
		if err == nil {
			band, err = spread(points, n, a, b)
		}
		if err != nil {
			p.err = fmt.Errorf("landscape: nudged elastic band: the path to begin with: %w", err)
			return p
		}
	}
	copy(band[0], a)
	copy(band[n-1], b)

	d := Differentiate(obj)
	losses := make([]float64, n)
	grads := make([][]float64, n)
	for k := range grads {
		grads[k] = make([]float64, dim)
	}
	step := make([]adam, n)
	gap := make([]float64, n) // how wide the one before each point is to be, beside the others
	fill(gap, 1)
	refine := func(most int) error {
		worst, middles, err := p.coarse(band, most)
		for _, k := range worst { // from the end, so that the numbers stay right
			band = slices.Insert(band, k, middles[k])
			losses, grads, step = slices.Insert(losses, k, 0), slices.Insert(grads, k, make([]float64, dim)), slices.Insert(step, k, adam{})
			gap[k] /= 2
			gap = slices.Insert(gap, k, gap[k])
		}
		n = len(band)
		return err
	}
	tangent, back, pull := make([]float64, dim), make([]float64, dim), make([]float64, dim)
	losses[0], losses[n-1] = safeValue(obj, a), safeValue(obj, b)
	p.optimize(c, func(s int) error {
		if every := c.steps / (pivotRounds + 1); c.pivots > 0 && s > 0 && every > 0 && s%every == 0 && s/every <= pivotRounds {
			left := c.images + c.pivots - n
			rounds := pivotRounds + 1 - s/every
			if err := refine((left + rounds - 1) / rounds); err != nil {
				return err
			}
		}
		if err := each(1, n-1, func(k int) { losses[k] = d.Gradient(grads[k], band[k]) }); err != nil {
			return err
		}
		for k := 1; k < n-1; k++ {
			if !finite(losses[k]) || !finite(normInf(grads[k])) {
				return fmt.Errorf("the loss at point %d of the path is %v", k, losses[k])
			}
			for i := range tangent {
				tangent[i] = band[k+1][i] - band[k][i]
				back[i] = band[k][i] - band[k-1][i]
				pull[i] = 2 * (gap[k]*tangent[i] - gap[k+1]*back[i]) / (gap[k] + gap[k+1])
			}
			// The tangent points to the higher neighbour (Henkelman and Jonsson, J.
			// Chem. Phys. 113, 2000): it keeps the chain free of kinks.
			if losses[k-1] > losses[k+1] {
				copy(tangent, back)
			}
			length := norm2(tangent)
			if length == 0 {
				continue
			}
			along := dot(grads[k], tangent) / (length * length)
			for i := range grads[k] {
				grads[k][i] -= along * tangent[i]
			}
			step[k].move(band[k], grads[k], c.rate)
			// The springs act at once: the point slides along the chain until it is
			// half as far off its place, at first the middle, as it was. Off is measured along the tangent:
			// with the difference of the two distances, as where the chain is straight,
			// a chain that has folded would be torn apart.
			off := dot(pull, tangent) / (length * length)
			for i := range tangent {
				band[k][i] += 0.25 * off * tangent[i]
			}
		}
		return nil
	})
	p.finish(band)
	return p
}

// spread puts n points evenly along the chain of points from a to b.
func spread(points [][]float64, n int, a, b []float64) ([][]float64, error) {
	if len(points) < 2 {
		return nil, fmt.Errorf("it has %s, and needs at least 2", count(len(points), "point"))
	}
	at := make([]float64, len(points)) // the length of the chain up to each point
	for k, p := range points {
		if len(p) != len(a) {
			return nil, fmt.Errorf("point %d has %d numbers, the ends of the path %d", k, len(p), len(a))
		}
		if err := checkFinite(p, fmt.Sprintf("point %d", k)); err != nil {
			return nil, err
		}
		if k > 0 {
			at[k] = at[k-1] + norm2(subtract(p, points[k-1]))
		}
	}
	last := len(points) - 1
	if !equal(points[0], a) || !equal(points[last], b) {
		return nil, errors.New("its ends are not those of the path that is asked for")
	}
	out := make([][]float64, n)
	for k := range out {
		s := at[last] * float64(k) / float64(n-1)
		i := below(at, s)
		w := 0.0
		if at[i+1] > at[i] {
			w = (s - at[i]) / (at[i+1] - at[i])
		}
		out[k] = make([]float64, len(a))
		for j := range out[k] {
			out[k][j] = (1-w)*points[i][j] + w*points[i+1][j]
		}
	}
	return out, nil
}

// pivotRounds is how often points are added to a chain, and coarseness the share of the losses' range by which
// the loss in the middle of a gap must be above the mean of its ends.
const (
	pivotRounds = 4
	coarseness  = 0.05
)

// coarse finds the gaps of a chain that need a point in their middle, at most so many, from the last to the
// first, and the middles of all gaps, each at the number of the gap's second point.
func (p *MinimaPath) coarse(band [][]float64, most int) (worst []int, middles [][]float64, err error) {
	n := len(band)
	middles = make([][]float64, n)
	at, between := make([]float64, n), make([]float64, n)
	err = each(0, n, func(k int) {
		at[k] = p.obj.Value(band[k])
		if k == 0 {
			return
		}
		middles[k] = make([]float64, len(band[k]))
		for i := range middles[k] {
			middles[k][i] = (band[k-1][i] + band[k][i]) / 2
		}
		between[k] = p.obj.Value(middles[k])
	})
	if err != nil {
		return nil, nil, err
	}
	rises := func(k int) float64 { return between[k] - (at[k-1]+at[k])/2 }
	limit := coarseness * (slices.Max(at) - slices.Min(at))
	for k := 1; k < n; k++ {
		if rises(k) > limit {
			worst = append(worst, k)
		}
	}
	sort.SliceStable(worst, func(i, k int) bool { return rises(worst[i]) > rises(worst[k]) })
	worst = worst[:min(most, len(worst))]
	slices.Sort(worst)
	slices.Reverse(worst)
	return worst, middles, nil
}

// Bezier finds a path between a and b as a quadratic Bezier curve whose bend is trained to
// lower the mean loss along it (Garipov et al., arXiv:1802.10026, section 3).
func Bezier(obj Objective, a, b []float64, opts ...PathOption) *MinimaPath {
	p, c := beginPath(bezierName, obj, a, b, opts)
	if p.err != nil {
		return p
	}
	dim := len(a)
	noise := Random(obj, c.seed).V
	size := 0.1 * norm2(subtract(b, a)) / norm2(noise)
	p.Bend = make([]float64, dim)
	for i := range p.Bend {
		p.Bend[i] = (a[i]+b[i])/2 + size*noise[i]
	}
	at := func(out []float64, t float64) {
		for i := range out {
			out[i] = (1-t)*(1-t)*a[i] + 2*t*(1-t)*p.Bend[i] + t*t*b[i]
		}
	}
	const samples = 8 // one in each eighth of the curve, anew in every step
	d := Differentiate(obj)
	rng := rand.New(rand.NewPCG(c.seed, 2))
	ts := make([]float64, samples)
	losses := make([]float64, samples)
	points, grads := make([][]float64, samples), make([][]float64, samples)
	for k := range points {
		points[k], grads[k] = make([]float64, dim), make([]float64, dim)
	}
	sum := make([]float64, dim)
	var step adam
	p.optimize(c, func(s int) error {
		for k := range ts {
			ts[k] = (float64(k) + rng.Float64()) / samples
		}
		if err := each(0, samples, func(k int) {
			at(points[k], ts[k])
			losses[k] = d.Gradient(grads[k], points[k])
		}); err != nil {
			return err
		}
		fill(sum, 0)
		for k, t := range ts {
			if !finite(losses[k]) {
				return fmt.Errorf("the loss at %v of the curve is %v", t, losses[k])
			}
			for i := range sum {
				sum[i] += 2 * t * (1 - t) * grads[k][i] / samples
			}
		}
		step.move(p.Bend, sum, c.rate)
		return nil
	})
	curve := make([][]float64, c.images)
	for k := range curve {
		curve[k] = make([]float64, dim)
		at(curve[k], float64(k)/float64(c.images-1))
	}
	copy(curve[0], a)
	copy(curve[c.images-1], b)
	p.finish(curve)
	return p
}

// adam is the optimizer's state for one point (Kingma and Ba, arXiv:1412.6980).
type adam struct {
	m, v  []float64
	steps int
}

func (a *adam) move(x, grad []float64, rate float64) {
	if a.m == nil {
		a.m, a.v = make([]float64, len(x)), make([]float64, len(x))
	}
	a.steps++
	c1, c2 := 1-math.Pow(0.9, float64(a.steps)), 1-math.Pow(0.999, float64(a.steps))
	for i, g := range grad {
		a.m[i] = 0.9*a.m[i] + 0.1*g
		a.v[i] = 0.999*a.v[i] + 0.001*g*g
		x[i] -= rate * (a.m[i] / c1) / (math.Sqrt(a.v[i]/c2) + 1e-8)
	}
}

// each calls f(from), ..., f(to-1) on all cores and returns a panic of one of them as an
// error.
func each(from, to int, f func(k int)) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for k := from; k < to; k++ {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() {
				if p := recover(); p != nil {
					mu.Lock()
					failed = fmt.Errorf("the objective panicked: %v", p)
					mu.Unlock()
				}
				<-slots
				wg.Done()
			}()
			f(k)
		}()
	}
	wg.Wait()
	return failed
}

// optimize calls step until all steps are taken, one fails, or an interrupt.
func (p *MinimaPath) optimize(c *pathConfig, step func(s int) error) {
	start := time.Now()
	ctx, cancel := signal.NotifyContext(c.ctx, os.Interrupt)
	defer cancel()
	var bar *progress.Bar
	if !c.quiet {
		bar = progress.New(p.name, c.steps)
		defer bar.Done()
	}
	for s := 0; s < c.steps; s++ {
		if ctx.Err() != nil {
			p.err = fmt.Errorf("landscape: %s: interrupted after %d of %d steps: %w", p.name, s, c.steps, context.Canceled)
			break
		}
		if err := step(s); err != nil {
			p.err = fmt.Errorf("landscape: %s: step %d: %w", p.name, s, err)
			break
		}
		p.Steps = s + 1
		bar.Add(1)
	}
	p.seconds = time.Since(start).Seconds()
}

// finish computes positions and losses of the points found.
func (p *MinimaPath) finish(points [][]float64) {
	n := len(points)
	p.Points, p.T = points, make([]float64, n)
	for k := 1; k < n; k++ {
		p.T[k] = p.T[k-1] + norm2(subtract(points[k], points[k-1]))
	}
	for k := range p.T {
		p.T[k] /= p.T[n-1]
	}
	p.T[n-1] = 1
	p.Loss, p.Straight = make([]float64, n), make([]float64, n)
	a, b := points[0], points[n-1]
	err := each(0, n, func(k int) {
		p.Loss[k] = p.obj.Value(points[k])
		x := make([]float64, len(a))
		for i := range x {
			x[i] = (1-p.T[k])*a[i] + p.T[k]*b[i]
		}
		p.Straight[k] = p.obj.Value(x)
	})
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("landscape: %s: %w", p.name, err)
	}
}

// Err says what is wrong with the path, or nil. An interrupted path has an error and the
// points found until then.
func (p *MinimaPath) Err() error {
	if p == nil {
		return errors.New("landscape: the path is nil")
	}
	if p.err == nil && len(p.Loss) == 0 {
		return errors.New("landscape: the path has no points: it was not made by NEB or Bezier")
	}
	return p.err
}

// Barrier is how far the path rises above the higher one of its ends, at its points.
func (p *MinimaPath) Barrier() float64 {
	if p == nil {
		return math.NaN()
	}
	return rise(p.Loss)
}

// StraightBarrier is the same for the straight line.
func (p *MinimaPath) StraightBarrier() float64 {
	if p == nil {
		return math.NaN()
	}
	return rise(p.Straight)
}

func rise(loss []float64) float64 {
	if len(loss) == 0 {
		return math.NaN()
	}
	return max(0, largest(loss)-max(loss[0], loss[len(loss)-1]))
}

// Trajectory returns the points, so that a path can be drawn on surfaces and be given to
// [PCA].
func (p *MinimaPath) Trajectory() [][]float64 {
	if p == nil {
		return nil
	}
	return p.Points
}

// Label names the path in figures.
func (p *MinimaPath) Label() string {
	if p == nil {
		return ""
	}
	return p.name
}

// Plane is the plane through the ends and the path's middle: of a Bezier curve, the plane
// that it lies in.
func (p *MinimaPath) Plane() *Plane {
	if p == nil || len(p.Points) == 0 {
		return badPlane(p.Err())
	}
	middle := p.Bend
	if middle == nil {
		middle = p.Points[len(p.Points)/2]
	}
	return Through(p.Points[0], p.Points[len(p.Points)-1], middle)
}

// String gives the path's numbers in words.
func (p *MinimaPath) String() string {
	if p == nil || len(p.Loss) == 0 {
		return p.Err().Error()
	}
	s := fmt.Sprintf("%s between two points, %s, %d steps\n  rises %s above the higher end; the straight line rises %s", p.name, count(len(p.Points), "point"), p.Steps, number(p.Barrier()), number(p.StraightBarrier()))
	if p.err != nil {
		s += "\n  " + p.err.Error()
	}
	return s
}

// Figure is the loss along the path, with the straight line's.
func (p *MinimaPath) Figure() chart.MinimaPath {
	if p == nil || p.name == "" {
		return chart.MinimaPath{}
	}
	return chart.MinimaPath{
		Title:   strings.ToUpper(p.name[:1]) + p.name[1:],
		Caption: fmt.Sprintf("%d points after %d steps; %s.", len(p.Points), p.Steps, seconds(p.seconds)),
		T:       p.T, Loss: p.Loss, Straight: p.Straight,
	}
}

// MIMEBundle shows the path in a notebook.
func (p *MinimaPath) MIMEBundle() (map[string]any, error) {
	if p == nil || len(p.Loss) == 0 {
		return nil, p.Err()
	}
	b, err := p.Figure().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = p.String()
	return b, nil
}
