package nn

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A Curvature multiplies the Hessian at one theta with many vectors. What all these products share, the forward and
// the first backward pass, is computed once and kept. It is for one goroutine at a time.
type Curvature struct {
	e      *Evaluator
	theta  []float64
	chunks []*workspace // val, grad, slope and bend of each
	lanes  []laneScratch
}

// A laneScratch is what the products need beside that, for the chunks of a lane one after the other.
type laneScratch struct {
	dot, gradDot [][]float64 // by node
	hv           []float64   // of a lane when there are several
}

// NewCurvature makes room for the passes over the data: see [Evaluator.CurvatureBytes]. Call [Curvature.At] first.
func (e *Evaluator) NewCurvature() *Curvature { return &Curvature{e: e} }

// CurvatureBytes is the memory that a [Curvature] takes.
func (e *Evaluator) CurvatureBytes() int64 {
	if e.err != nil {
		return 0
	}
	width := 0
	for _, size := range e.net.size[1:] {
		width += size
	}
	return 8 * int64(width) * (4*int64(e.data.N) + 2*int64(e.lanes)*int64(e.step))
}

// At moves to theta, which must not change while products are taken.
func (c *Curvature) At(theta []float64) {
	e := c.e
	e.sized(theta)
	c.theta = theta
	if c.chunks == nil {
		c.chunks = make([]*workspace, len(e.chunks))
		for i := range e.chunks {
			w := newWorkspace(e.net, e.chunks[i].n)
			for k := range w.node {
				if q := &w.node[k]; e.net.live[k] {
					size := cap(q.val)
					q.grad = make([]float64, size)
					if _, ok := e.net.operations[k-1].(*pointwise); ok {
						q.slope, q.bend = make([]float64, size), make([]float64, size)
					}
				}
			}
			c.chunks[i] = w
		}
		c.lanes = make([]laneScratch, e.lanes)
		for i := range c.lanes {
			l := &c.lanes[i]
			l.dot, l.gradDot = make([][]float64, len(e.net.size)), make([][]float64, len(e.net.size))
			for k, size := range e.net.size {
				if e.net.live[k] {
					l.dot[k], l.gradDot[k] = make([]float64, size*e.step), make([]float64, size*e.step)
				}
			}
			if e.lanes > 1 {
				l.hv = make([]float64, e.net.dim)
			}
		}
	}
	share := e.share(e.data.N)
	c.each(func(lane int) {
		from, to := e.laneRange(lane)
		for i := from; i < to; i++ {
			w, data := c.chunks[i], &e.chunks[i]
			w.theta = quantity{val: theta}
			w.forward(e.net, data.x, data.n)
			e.loss.slope(w.last().grad, w.last().val, data.y, data.n, share)
			w.backward(e.net)
			for k, op := range e.net.operations {
				if p, ok := op.(*pointwise); ok && e.net.live[k+1] {
					p.keep(w)
				}
			}
		}
	})
}

// HessianVector fills hv with the Hessian at the theta of the last [Curvature.At] times v, as
// [Evaluator.HessianVector] does.
func (c *Curvature) HessianVector(hv, v []float64) {
	e := c.e
	e.sized(v)
	// Where v is zero up to some layer, nothing has moved before it.
	first := 0
	for first < len(e.net.operations)-1 && !moves(e.net.operations[first], v) {
		first++
	}
	share := e.share(e.data.N)
	clear(hv)
	c.each(func(lane int) {
		l := &c.lanes[lane]
		sum := hv
		if l.hv != nil {
			sum = l.hv
			clear(sum)
		}
		from, to := e.laneRange(lane)
		for i := from; i < to; i++ {
			w, data := c.chunks[i], &e.chunks[i]
			w.theta = quantity{val: c.theta, dot: v, gradDot: sum}
			for k := range w.node {
				if !e.net.live[k] {
					continue
				}
				q, size := &w.node[k], e.net.size[k]*data.n
				q.dot, q.gradDot = nil, l.gradDot[k][:size]
				if k > first {
					q.dot = l.dot[k][:size]
				}
			}
			for k := first; k < len(e.net.operations); k++ {
				if e.net.live[k+1] {
					e.net.operations[k].tangent(w)
				}
			}
			z := w.last()
			e.loss.curvature(z.gradDot, z.val, data.y, z.dot, data.n, share)
			w.backwardTangent(e.net)
		}
	})
	for i := range c.lanes {
		if l := &c.lanes[i]; l.hv != nil {
			axpy(hv, 1, l.hv)
		}
	}
	if e.l2 != 0 {
		e.weights(func(b Block) { axpy(b.Of(hv), e.l2, b.Of(v)) })
	}
}

// each runs do for every lane, on all cores if there are several.
func (c *Curvature) each(do func(lane int)) {
	if c.e.lanes == 1 {
		do(0)
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(c.e.lanes, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for lane := int(next.Add(1)) - 1; lane < c.e.lanes; lane = int(next.Add(1)) - 1 {
				do(lane)
			}
		})
	}
	wait.Wait()
}

// moves says whether an operation has parameters along which v is not zero.
func moves(op operation, v []float64) bool {
	p, ok := op.(*product)
	return ok && (!zero(p.weights(v)) || p.bias >= 0 && !zero(v[p.bias:p.bias+p.channels]))
}
