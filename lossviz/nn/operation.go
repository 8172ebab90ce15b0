package nn

import (
	"math"

	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// A quantity is a number array with what differentiation attaches to it:
//
//	val      the value
//	dot      its derivative along the direction v in parameter space (forward mode)
//	grad     the derivative of the loss with respect to it            (reverse mode)
//	gradDot  the derivative of grad along v                (forward over reverse mode)
//
// The parameters are such a quantity too: there dot is v itself, grad the gradient and
// gradDot the product of the Hessian with v.
//
// A dot that is nil stands for zeros: nothing before has moved.
//
// slope and bend are kept by a [Curvature] for the output of an activation f: f' at its input, and f" there times grad.
type quantity struct{ val, dot, grad, gradDot, slope, bend []float64 }

// An operation is one step of a network: it reads the quantity at node in and writes
// the one at node out. A layer is built of one or two of them, see [Layer].
//
// Each method is one of the four passes. forward and tangent overwrite what out
// holds; backward and backwardTangent add to what in and the parameters hold, since
// others may read the same node. Pearlmutter (Neural Computation 6(1), 1994) is the
// source of the four passes as a scheme.
type operation interface {
	forward(w *workspace)
	tangent(w *workspace)
	backward(w *workspace)
	backwardTangent(w *workspace)
}

// A workspace is the memory of one evaluation over a chunk of n samples.
type workspace struct {
	n     int
	theta quantity
	node  []quantity // node[i].val: size[i] x n, samples innermost
	note  [][]int32  // what an operation remembers of its forward pass, by its out node
	x, y  []float64  // samples gathered for a mini-batch
}

// product is an operation that is linear in its input and linear in its weights,
// plus a bias: dense layers, convolutions and the scale of a normalization.
// With the bilinear map B, y = B(w, x) + b, all four passes come from the three functions of a kernel.
type product struct {
	kernel
	in, out        int // nodes
	weight, bias   int // offsets in the parameters; bias is -1 without one
	size           int // number of weights
	channels, area int // one bias is shared by area outputs
}

// A kernel is a bilinear map B(w, x) for n samples. All three add to their first argument.
type kernel interface {
	apply(y, w, x []float64, n int)    // y += B(w, x)
	toInput(gx, w, g []float64, n int) // gx += the transpose of B(w, .) applied to g
	toWeight(gw, x, g []float64, n int)
}

func (p *product) forward(w *workspace) {
	p.setBias(w.node[p.out].val, w.theta.val, w.n)
	p.apply(w.node[p.out].val, p.weights(w.theta.val), w.node[p.in].val, w.n)
}

func (p *product) tangent(w *workspace) {
	in, dot := w.node[p.in], w.node[p.out].dot
	p.setBias(dot, w.theta.dot, w.n)
	if !zero(p.weights(w.theta.dot)) {
		p.apply(dot, p.weights(w.theta.dot), in.val, w.n)
	}
	if in.dot != nil {
		p.apply(dot, p.weights(w.theta.val), in.dot, w.n)
	}
}

func (p *product) backward(w *workspace) {
	in, grad := w.node[p.in], w.node[p.out].grad
	if w.theta.grad != nil {
		p.addBias(w.theta.grad, grad, w.n)
		p.toWeight(p.weights(w.theta.grad), in.val, grad, w.n)
	}
	if in.grad != nil {
		p.toInput(in.grad, p.weights(w.theta.val), grad, w.n)
	}
}

func (p *product) backwardTangent(w *workspace) {
	in, out := w.node[p.in], w.node[p.out]
	p.addBias(w.theta.gradDot, out.gradDot, w.n)
	p.toWeight(p.weights(w.theta.gradDot), in.val, out.gradDot, w.n)
	if in.gradDot == nil {
		return
	}
	if in.dot != nil {
		p.toWeight(p.weights(w.theta.gradDot), in.dot, out.grad, w.n)
	}
	p.toInput(in.gradDot, p.weights(w.theta.val), out.gradDot, w.n)
	if !zero(p.weights(w.theta.dot)) {
		p.toInput(in.gradDot, p.weights(w.theta.dot), out.grad, w.n)
	}
}

// zero says whether all numbers are: directions often move some layers only.
func zero(v []float64) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

func (p *product) weights(theta []float64) []float64 { return theta[p.weight : p.weight+p.size] }

// setBias starts the output with the bias, or with zero.
func (p *product) setBias(y, theta []float64, n int) {
	if p.bias < 0 {
		clear(y)
		return
	}
	for c, b := range theta[p.bias : p.bias+p.channels] {
		fill(y[c*p.area*n:(c+1)*p.area*n], b)
	}
}

func (p *product) addBias(grad, g []float64, n int) {
	if p.bias < 0 {
		return
	}
	for c := range p.channels {
		grad[p.bias+c] += vec.Sum(g[c*p.area*n : (c+1)*p.area*n])
	}
}

// dense is y = W x.
type dense struct{ in, out int }

func (d dense) apply(y, w, x []float64, n int)     { matMul(y, w, x, d.out, d.in, n) }
func (d dense) toInput(gx, w, g []float64, n int)  { matMulT(gx, w, g, d.out, d.in, n) }
func (d dense) toWeight(gw, x, g []float64, n int) { matMulNT(gw, g, x, d.out, d.in, n) }

// scale multiplies each channel with a number of its own.
type scale struct{ channels, area int }

func (k scale) apply(y, w, x []float64, n int) {
	for c, row := range w {
		part := y[c*k.area*n : (c+1)*k.area*n]
		axpy(part, row, x[c*k.area*n:])
	}
}

func (k scale) toInput(gx, w, g []float64, n int) { k.apply(gx, w, g, n) } // symmetric

func (k scale) toWeight(gw, x, g []float64, n int) {
	for c := range gw {
		gw[c] += vec.Dot(x[c*k.area*n:(c+1)*k.area*n], g[c*k.area*n:(c+1)*k.area*n])
	}
}

// conv is a 2D cross-correlation, what networks call convolution: weights are (out
// channel, in channel, row, column), images (channel, row, column).
type conv struct {
	c, h, w        int // input
	f, oh, ow      int // output
	kernel, stride int
	padding        int
}

func (k conv) apply(y, w, x []float64, n int) {
	k.rows(n, func(weight, out, in, length int) { axpy(y[out:out+length], w[weight], x[in:in+length]) })
}

func (k conv) toInput(gx, w, g []float64, n int) {
	k.rows(n, func(weight, out, in, length int) { axpy(gx[in:in+length], w[weight], g[out:out+length]) })
}

func (k conv) toWeight(gw, x, g []float64, n int) {
	k.rows(n, func(weight, out, in, length int) { gw[weight] += vec.Dot(x[in:in+length], g[out:out+length]) })
}

// rows calls do for each weight and each stretch of numbers that it connects: length
// outputs from out on with as many inputs from in on. Inputs outside the image
// are zero and left out.
func (k conv) rows(n int, do func(weight, out, in, length int)) {
	for f := range k.f {
		for c := range k.c {
			for ky := range k.kernel {
				for kx := range k.kernel {
					weight := ((f*k.c+c)*k.kernel+ky)*k.kernel + kx
					// Columns ox whose input ox*stride+kx-padding is inside.
					first := max(0, (k.padding-kx+k.stride-1)/k.stride)
					last := min(k.ow-1, floorDiv(k.w-1+k.padding-kx, k.stride))
					for oy := range k.oh {
						iy := oy*k.stride + ky - k.padding
						if iy < 0 || iy >= k.h || first > last {
							continue
						}
						out := ((f*k.oh+oy)*k.ow + first) * n
						in := ((c*k.h+iy)*k.w + first*k.stride + kx - k.padding) * n
						if k.stride == 1 {
							do(weight, out, in, (last-first+1)*n) // a whole row lies together
							continue
						}
						for range last - first + 1 {
							do(weight, out, in, n)
							out += n
							in += k.stride * n
						}
					}
				}
			}
		}
	}
}

// floorDiv rounds down also for negative a.
func floorDiv(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// pointwise applies an activation to every number.
type pointwise struct {
	Activation
	in, out int
}

func (p *pointwise) forward(w *workspace) { p.value(w.node[p.out].val, w.node[p.in].val) }

func (p *pointwise) tangent(w *workspace) {
	in, out := w.node[p.in], w.node[p.out]
	if in.dot == nil {
		clear(out.dot)
		return
	}
	if out.slope != nil {
		for i, d := range in.dot {
			out.dot[i] = out.slope[i] * d
		}
		return
	}
	p.slope(out.dot, in.val, out.val)
	for i, d := range in.dot {
		out.dot[i] *= d
	}
}

func (p *pointwise) backward(w *workspace) {
	in, out := w.node[p.in], w.node[p.out]
	var scratch [block]float64
	for from := 0; from < len(in.val); from += block {
		to := min(from+block, len(in.val))
		d := scratch[:to-from]
		p.slope(d, in.val[from:to], out.val[from:to])
		grad, g := in.grad[from:to], out.grad[from:to]
		for i, slope := range d {
			grad[i] += slope * g[i]
		}
	}
}

// keep fills slope and bend, after the backward pass.
func (p *pointwise) keep(w *workspace) {
	in, out := w.node[p.in], w.node[p.out]
	p.slope(out.slope, in.val, out.val)
	p.curvature(out.bend, in.val, out.val)
	for i, g := range out.grad {
		out.bend[i] *= g
	}
}

func (p *pointwise) backwardTangent(w *workspace) {
	in, out := w.node[p.in], w.node[p.out]
	if out.slope != nil {
		gradDot, gDot, slope := in.gradDot, out.gradDot[:len(in.gradDot)], out.slope[:len(in.gradDot)]
		if in.dot == nil {
			for i := range gradDot {
				gradDot[i] += slope[i] * gDot[i]
			}
			return
		}
		bend, dot := out.bend[:len(gradDot)], in.dot[:len(gradDot)]
		for i := range gradDot {
			gradDot[i] += slope[i]*gDot[i] + bend[i]*dot[i]
		}
		return
	}
	var first, second [block]float64
	for from := 0; from < len(in.val); from += block {
		to := min(from+block, len(in.val))
		d, c := first[:to-from], second[:to-from]
		p.slope(d, in.val[from:to], out.val[from:to])
		gradDot, gDot := in.gradDot[from:to], out.gradDot[from:to]
		if in.dot == nil {
			for i := range d {
				gradDot[i] += d[i] * gDot[i]
			}
			continue
		}
		p.curvature(c, in.val[from:to], out.val[from:to])
		dot, g := in.dot[from:to], out.grad[from:to]
		for i := range d {
			gradDot[i] += d[i]*gDot[i] + c[i]*dot[i]*g[i]
		}
	}
}

// plus adds the input of a residual block to its output.
type plus struct{ in, skip, out int }

func (p *plus) forward(w *workspace) {
	y := w.node[p.out].val
	copy(y, w.node[p.in].val)
	axpy(y, 1, w.node[p.skip].val)
}

func (p *plus) tangent(w *workspace) {
	y := w.node[p.out].dot
	clear(y)
	for _, x := range [][]float64{w.node[p.in].dot, w.node[p.skip].dot} {
		if x != nil {
			axpy(y, 1, x)
		}
	}
}

func (p *plus) backward(w *workspace) {
	for _, x := range [][]float64{w.node[p.in].grad, w.node[p.skip].grad} {
		if x != nil {
			axpy(x, 1, w.node[p.out].grad)
		}
	}
}

func (p *plus) backwardTangent(w *workspace) {
	for _, x := range [][]float64{w.node[p.in].gradDot, w.node[p.skip].gradDot} {
		if x != nil {
			axpy(x, 1, w.node[p.out].gradDot)
		}
	}
}

// pool takes the maximum or the mean of each window. Once it is known which input
// is the maximum, both are linear. Of equal inputs the first counts, as in PyTorch.
type pool struct {
	mean           bool
	in, out        int
	c, h, w        int // input
	oh, ow         int // output
	window, stride int
}

func (p *pool) forward(w *workspace) {
	x, y, n := w.node[p.in].val, w.node[p.out].val, w.n
	if p.mean {
		p.apply(y, x, n)
		return
	}
	note := w.note[p.out]
	p.windows(n, func(out, in int, first bool) {
		for s := range n {
			if v := x[in+s]; first || v > y[out+s] || math.IsNaN(v) {
				y[out+s], note[out+s] = v, int32(in+s)
			}
		}
	})
}

func (p *pool) tangent(w *workspace) {
	x, y := w.node[p.in].dot, w.node[p.out].dot
	if x == nil {
		clear(y)
		return
	}
	if p.mean {
		p.apply(y, x, w.n)
		return
	}
	for o, i := range w.note[p.out][:len(y)] {
		y[o] = x[i]
	}
}

func (p *pool) backward(w *workspace) {
	p.transpose(w, w.node[p.in].grad, w.node[p.out].grad)
}

func (p *pool) backwardTangent(w *workspace) {
	p.transpose(w, w.node[p.in].gradDot, w.node[p.out].gradDot)
}

func (p *pool) apply(y, x []float64, n int) {
	clear(y)
	part := 1 / float64(p.window*p.window)
	p.windows(n, func(out, in int, _ bool) { axpy(y[out:out+n], part, x[in:in+n]) })
}

func (p *pool) transpose(w *workspace, gx, g []float64) {
	n, part := w.n, 1/float64(p.window*p.window)
	if p.mean {
		p.windows(n, func(out, in int, _ bool) { axpy(gx[in:in+n], part, g[out:out+n]) })
		return
	}
	for o, i := range w.note[p.out][:len(g)] {
		gx[i] += g[o]
	}
}

// windows calls do for each output and each input in its window, first for the first of these.
func (p *pool) windows(n int, do func(out, in int, first bool)) {
	for c := range p.c {
		for oy := range p.oh {
			for ox := range p.ow {
				for k := range p.window * p.window {
					iy, ix := oy*p.stride+k/p.window, ox*p.stride+k%p.window
					do(((c*p.oh+oy)*p.ow+ox)*n, ((c*p.h+iy)*p.w+ix)*n, k == 0)
				}
			}
		}
	}
}

// normalize shifts and scales groups of numbers to mean 0 and variance 1:
// u = (x - mean) r, r = 1/sqrt(variance + eps), the variance dividing by the
// number of numbers. Batch norm has a group for each channel, over all samples of the
// chunk (which therefore must be the batch); layer norm one for each sample.
type normalize struct {
	in, out        int
	perSample      bool // layer norm
	channels, area int
	eps            float64
	mean, variance []float64 // of running statistics; nil: those of the group itself
}

// groups calls do with the numbers of each group: count of them from start on, step apart.
func (p *normalize) groups(n int, do func(group, start, step, count int)) {
	if p.perSample {
		for s := range n {
			do(s, s, n, p.channels*p.area)
		}
		return
	}
	for c := range p.channels {
		do(c, c*p.area*n, 1, p.area*n)
	}
}

func (p *normalize) forward(w *workspace) {
	x, u := w.node[p.in].val, w.node[p.out].val
	p.groups(w.n, func(group, start, step, count int) {
		mean, variance := p.statistics(x, group, start, step, count)
		r := 1 / math.Sqrt(variance+p.eps)
		for i := range count {
			j := start + i*step
			u[j] = (x[j] - mean) * r
		}
	})
}

func (p *normalize) statistics(x []float64, group, start, step, count int) (mean, variance float64) {
	if p.mean != nil {
		return p.mean[group], p.variance[group]
	}
	for i := range count {
		mean += x[start+i*step]
	}
	mean /= float64(count)
	for i := range count {
		c := x[start+i*step] - mean
		variance += c * c
	}
	return mean, variance / float64(count)
}

// With running statistics the Jacobian of a group is r times the identity. With its own it
// is J = r (I - 11'/m - uu'/m), symmetric, so that tangent and backward are the same
// map. Along a direction, r changes by -r^2 mean(u dx) and u by du = J dx.

func (p *normalize) tangent(w *workspace) {
	in, out := w.node[p.in], w.node[p.out]
	clear(out.dot)
	if in.dot != nil {
		p.jacobian(w, out.dot, in.dot)
	}
}

func (p *normalize) backward(w *workspace) {
	p.jacobian(w, w.node[p.in].grad, w.node[p.out].grad)
}

func (p *normalize) backwardTangent(w *workspace) {
	in, out := w.node[p.in], w.node[p.out]
	p.jacobian(w, in.gradDot, out.gradDot)
	if p.mean != nil || in.dot == nil {
		return
	}
	// The change of J applied to g: (dr/r) J g - r (du mean(u g) + u mean(du g)).
	p.groups(w.n, func(group, start, step, count int) {
		_, variance := p.statistics(in.val, group, start, step, count)
		r, share := 1/math.Sqrt(variance+p.eps), 1/float64(count)
		var ux, g, ug, dug float64 // means over the group
		for i := range count {
			j := start + i*step
			ux += out.val[j] * in.dot[j]
			g += out.grad[j]
			ug += out.val[j] * out.grad[j]
			dug += out.dot[j] * out.grad[j]
		}
		ux, g, ug, dug = ux*share, g*share, ug*share, dug*share
		for i := range count {
			j := start + i*step
			jg := r * (out.grad[j] - g - out.val[j]*ug)
			in.gradDot[j] -= r * (ux*jg + out.dot[j]*ug + out.val[j]*dug)
		}
	})
}

// jacobian adds J v to y, group by group.
func (p *normalize) jacobian(w *workspace, y, v []float64) {
	x, u := w.node[p.in].val, w.node[p.out].val
	p.groups(w.n, func(group, start, step, count int) {
		_, variance := p.statistics(x, group, start, step, count)
		r, share := 1/math.Sqrt(variance+p.eps), 1/float64(count)
		var mean, along float64
		if p.mean == nil {
			for i := range count {
				j := start + i*step
				mean += v[j]
				along += u[j] * v[j]
			}
			mean, along = mean*share, along*share
		}
		for i := range count {
			j := start + i*step
			y[j] += r * (v[j] - mean - u[j]*along)
		}
	})
}
