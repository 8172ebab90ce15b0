package nn

import (
	"runtime"
	"sync"

	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// A Slicer evaluates the loss at many points origin + a x + b y of one plane (or origin + a x of a line, or
// (1-a) origin + a x of a segment) faster than one by one.
//
// The first operation with parameters is affine in them and its input is the same everywhere, so what it
// gives is affine in (a, b): it is computed once for origin, x and y, and each point costs a
// combination of the three instead of a matrix product; on a plane, with tanh or the sigmoid behind it, the
// points of a grid share exponentials as well, see [factoring]. What follows runs chunk by chunk, on points in
// small groups, so that it stays in cache.
//
// The bits of a point's values depend on the point and the plane only, neither on the other
// points nor on the number of cores. They differ from [Evaluator.Value]'s in rounding.
type Slicer struct {
	e            *Evaluator
	origin, x, y []float64 // y is nil for a line
	first        int       // operations before this one do not depend on the parameters
	rest         int       // parameters from here on are needed at each point
	group        int       // points of a group
	zeros        []float64 // of a segment, else nil
	chunks       []chunk
	step         int // samples of a chunk
	factoring    *factoring

	shared sync.Once // fills affine, when the first worker begins
	affine []affine  // for each chunk
}

// An affine is what the first operation with parameters gives for a chunk, at origin and along x and y.
type affine struct{ origin, x, y []float64 }

type sliceScratch struct {
	w        *workspace
	theta    []float64 // parameters from rest on, of each point of the group, behind each other
	dim      int
	tail     int // numbers of a point in theta
	loss     []float64
	right    []int
	factored *factoredScratch
}

// point is the k-th point's parameter vector; only the numbers from rest on mean something.
func (s *sliceScratch) point(k int) []float64 { return s.theta[k*s.tail : k*s.tail+s.dim] }

// maxShared is the most memory, in numbers (1 GiB), that a slicer keeps; beyond, points are evaluated one by one.
const maxShared = 1 << 27

// Slicer describes a plane, or a line if y is nil; nothing is computed before the first [Slicer.Worker]. The vectors have length Dim and must not
// change afterwards. It returns nil if there is no faster way than [Evaluator.Value]: for networks and
// data so large that what is shared does not fit 1 GiB, and if e has an error.
func (e *Evaluator) Slicer(origin, x, y []float64) *Slicer {
	if e.err != nil {
		return nil
	}
	s := &Slicer{e: e, origin: origin, x: x, y: y}
	for !e.net.live[s.first+1] {
		s.first++
	}
	op, ok := e.net.operations[s.first].(*product)
	if !ok || s.directions()*e.net.size[op.out] > maxShared/e.data.N {
		return nil
	}
	s.rest = max(op.weight+op.size, op.bias+op.channels)
	if e.l1 != 0 || e.l2 != 0 {
		s.rest = 0
	}
	s.chunks, s.step = e.chunks, e.step
	if s.factoring = s.factor(); s.factoring != nil {
		f := s.factoring
		if s.step = f.chunkSize(e.data.N); s.step != e.step {
			s.chunks = chunksOf(e.data, s.step)
		}
		f.rows = max(2, min(16, factoredCache/2/(f.units*s.step)))
		s.group = min(f.rows*f.rows, max(4, 1<<17/max(1, e.net.dim-s.rest)))
		return s
	}
	// Enough points for the shared part of a chunk to be used often while it is in cache, but their
	// parameters must stay there, too.
	s.group = min(64, max(4, 1<<16/max(1, e.net.dim-s.rest)))
	return s
}

// SegmentSlicer is [Evaluator.Slicer] for the points (1-a) from + a to: at a = 0 and a = 1 the values have the bits of
// [Evaluator.Value] at from and to.
func (e *Evaluator) SegmentSlicer(from, to []float64) *Slicer {
	s := e.Slicer(from, to, nil)
	if s != nil {
		s.zeros = make([]float64, max(e.net.dim, e.net.size[s.first+1]*e.step))
	}
	return s
}

func (s *Slicer) directions() int {
	if s.y == nil {
		return 2
	}
	return 3
}

// prepare runs the first operation for every chunk, on all cores.
func (s *Slicer) prepare() {
	op := s.e.net.operations[s.first].(*product)
	s.affine = make([]affine, len(s.chunks))
	todo := make(chan int)
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(s.affine)) {
		wait.Go(func() {
			w := newWorkspace(s.e.net, s.step)
			for i := range todo {
				s.begin(w, &s.chunks[i])
				run := func(theta []float64) []float64 {
					w.theta.val = theta
					op.forward(w)
					return append([]float64(nil), w.node[op.out].val...)
				}
				s.affine[i] = affine{origin: run(s.origin), x: run(s.x)}
				if s.y != nil {
					s.affine[i].y = run(s.y)
				}
				if s.factoring != nil {
					for _, v := range [][]float64{s.affine[i].origin, s.affine[i].x, s.affine[i].y} {
						for j := range v {
							v[j] *= s.factoring.rate
						}
					}
				}
			}
		})
	}
	for i := range s.affine {
		todo <- i
	}
	close(todo)
	wait.Wait()
	if s.factoring != nil {
		s.factoring.measure(s)
	}
}

// begin computes what does not depend on the parameters.
func (s *Slicer) begin(w *workspace, c *chunk) {
	w.resize(s.e.net, c.x, c.n)
	for _, op := range s.e.net.operations[:s.first] {
		op.forward(w)
	}
}

// Path names the code that computes. Values of one surface come from one path only.
func (s *Slicer) Path() string {
	if s.factoring != nil {
		return "affine first layer, shared exponentials, " + vec.Path()
	}
	return "affine first layer, " + vec.Path()
}

// Bytes is the memory held by the shared part and by each goroutine that evaluates.
func (s *Slicer) Bytes() (shared, perWorker int64) {
	e := s.e
	shared = 8 * int64(s.directions()) * int64(e.net.size[s.first+1]) * int64(e.data.N)
	width := 0
	for _, size := range e.net.size[1:] {
		width += size
	}
	shared += 8 * int64(len(s.zeros))
	perWorker = 8 * (int64(width)*int64(s.step) + int64(s.group)*int64(e.net.dim-s.rest) + int64(s.rest))
	if f := s.factoring; f != nil {
		if s.step != e.step {
			shared += 8 * int64(e.data.N) * int64(e.data.D+e.data.K)
		}
		perWorker += 8 * int64(2*f.rows+1) * int64(f.units) * int64(s.step)
	}
	return shared, perWorker
}

// Worker returns a function with memory of its own, for one goroutine. It fills loss[k], and accuracy[k]
// unless accuracy is nil, with the values at the points origin + a[k] x + b[k] y; b is ignored
// for a line. It does not allocate, but for lists of points that grow with the longest call. Many points of
// a grid in one call, whole rows of it, take less time than a few.
func (s *Slicer) Worker() func(a, b, loss, accuracy []float64) {
	s.shared.Do(s.prepare)
	scratch := &sliceScratch{
		w:     newWorkspace(s.e.net, s.step),
		dim:   s.e.net.dim,
		tail:  s.e.net.dim - s.rest,
		loss:  make([]float64, s.group),
		right: make([]int, s.group),
	}
	scratch.theta = make([]float64, (s.group-1)*scratch.tail+scratch.dim)
	if s.factoring != nil {
		scratch.factored = newFactoredScratch(s.factoring, s.step, s.group)
		return func(a, b, loss, accuracy []float64) { s.factored(scratch, a, b, loss, accuracy) }
	}
	return func(a, b, loss, accuracy []float64) {
		for from := 0; from < len(a); from += s.group {
			to := min(from+s.group, len(a))
			var bs, right []float64
			if s.y != nil {
				bs = b[from:to]
			}
			if accuracy != nil {
				right = accuracy[from:to]
			}
			s.evaluate(scratch, a[from:to], bs, loss[from:to], right)
		}
	}
}

func (s *Slicer) evaluate(scratch *sliceScratch, a, b, loss, accuracy []float64) {
	w := scratch.w
	for k := range a {
		s.prepareSums(scratch, k, k, a, b)
	}
	after := s.e.net.operations[s.first+1:]
	for i := range s.chunks {
		c, shared := &s.chunks[i], &s.affine[i]
		s.begin(w, c)
		for k := range a {
			s.point(w.node[s.first+1].val, shared.origin, shared.x, shared.y, k, a, b)
			w.theta.val = scratch.point(k)
			for _, op := range after {
				op.forward(w)
			}
			s.addLoss(scratch, k, c, accuracy != nil)
		}
	}
	for k := range a {
		s.finish(scratch, k, k, loss, accuracy)
	}
}

// prepareSums begins with the k-th point of a group: its parameters, and sums that are zero.
func (s *Slicer) prepareSums(scratch *sliceScratch, k, point int, a, b []float64) {
	s.point(scratch.point(k)[s.rest:], s.origin[s.rest:], tail(s.x, s.rest), tail(s.y, s.rest), point, a, b)
	scratch.loss[k], scratch.right[k] = 0, 0
}

// addLoss adds what a chunk contributes, when its outputs are there.
func (s *Slicer) addLoss(scratch *sliceScratch, k int, c *chunk, accuracy bool) {
	z := scratch.w.last().val
	scratch.loss[k] += s.e.loss.value(z, c.y, c.n)
	if accuracy {
		scratch.right[k] += s.e.loss.correct(z, c.y, c.n)
	}
}

// finish stores the k-th point's values when all chunks have been added.
func (s *Slicer) finish(scratch *sliceScratch, k, point int, loss, accuracy []float64) {
	loss[point] = scratch.loss[k]*s.e.share(s.e.data.N) + s.e.penalty(scratch.point(k))
	if accuracy != nil {
		accuracy[point] = s.e.accuracy(scratch.right[k])
	}
}

// point fills dst with origin + a[k] x + b[k] y, or what the line or segment has instead.
func (s *Slicer) point(dst, origin, x, y []float64, k int, a, b []float64) {
	switch {
	case s.zeros != nil:
		vec.Combine(dst, s.zeros[:len(dst)], 1-a[k], origin, a[k], x)
	case y == nil:
		vec.AddScaled(dst, origin, a[k], x)
	default:
		vec.Combine(dst, origin, a[k], x, b[k], y)
	}
}

// tail is v from i on; nil stays nil.
func tail(v []float64, i int) []float64 {
	if v == nil {
		return nil
	}
	return v[i:]
}
