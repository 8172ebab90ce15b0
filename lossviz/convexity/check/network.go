package check

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/gosaddle/saddle/lossviz/convexity/internal/bigreal"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

type real = bigreal.Real

// A NetworkLoss is the loss of a network over data, evaluated layer by layer.
type NetworkLoss struct {
	Net    *nn.Network
	Loss   nn.Loss
	Data   *dataset.Data
	L1, L2 float64
}

// value encloses the loss at theta.
func (n NetworkLoss) value(ctx context.Context, theta []real) (real, error) {
	if n.Data.N < 1 {
		return real{}, fmt.Errorf("there are no data")
	}
	part := 16 // samples a goroutine takes at a time
	if together(n.Net.Layers()) {
		part = n.Data.N
	}
	type sum struct {
		total real
		terms int
		err   error
	}
	sums := make([]sum, (n.Data.N+part-1)/part)
	next := make(chan int, len(sums))
	for i := range sums {
		next <- i
	}
	close(next)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				s := &sums[i]
				if s.err = ctx.Err(); s.err != nil {
					return
				}
				s.total, s.terms, s.err = n.samples(ctx, theta, i*part, min((i+1)*part, n.Data.N))
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return real{}, err
	}
	total, terms := bigreal.Float(0), 0
	for _, s := range sums {
		if s.err != nil {
			return real{}, s.err
		}
		total, terms = total.Add(s.total), terms+s.terms
	}
	total = total.Div(bigreal.Float(float64(terms)))
	for _, b := range n.Net.Blocks() {
		if b.Kind != nn.Weight {
			continue
		}
		for _, w := range theta[b.Offset : b.Offset+b.Size] {
			if n.L2 != 0 {
				total = total.Add(bigreal.Float(n.L2).Scale2(-1).Mul(w).Mul(w))
			}
			if n.L1 != 0 {
				total = total.Add(bigreal.Float(n.L1).Mul(w.Abs()))
			}
		}
	}
	return total, nil
}

// samples is the sum of the loss's terms for some samples, and their number.
func (n NetworkLoss) samples(ctx context.Context, theta []real, from, to int) (real, int, error) {
	batch := make([][]real, to-from)
	for i := range batch {
		for _, x := range n.Data.X[(from+i)*n.Data.D : (from+i+1)*n.Data.D] {
			batch[i] = append(batch[i], bigreal.Float(x))
		}
	}
	e := &evaluation{ctx: ctx, theta: theta}
	out, _, err := e.stack(n.Net.Layers(), batch, n.Net.Input())
	if err != nil {
		return real{}, 0, err
	}
	if e.next != len(theta) {
		return real{}, 0, fmt.Errorf("the layers take %d parameters, %d are given", e.next, len(theta))
	}
	total, terms := bigreal.Float(0), 0
	for i, z := range out {
		l, count, err := lossOf(n.Loss, z, n.Data.Y[(from+i)*n.Data.K:(from+i+1)*n.Data.K])
		if err != nil {
			return real{}, 0, err
		}
		total, terms = total.Add(l), terms+count
	}
	return total, terms, nil
}

// together reports whether samples depend on each other, by the statistics of a batch.
func together(layers []nn.Layer) bool {
	for _, layer := range layers {
		switch l := layer.(type) {
		case nn.BatchNormLayer:
			if l.Mean == nil {
				return true
			}
		case nn.ResidualLayer:
			if together(l.Inner) {
				return true
			}
		}
	}
	return false
}

// lossOf is the sum of the loss's terms for one sample, and their number.
func lossOf(loss nn.Loss, z []real, y []float64) (real, int, error) {
	sum := bigreal.Float(0)
	if loss == nn.CrossEntropy {
		differences := make([]real, len(z))
		for j, v := range z {
			if differences[j] = bigreal.Float(0); j != int(y[0]) {
				differences[j] = v.Sub(z[int(y[0])])
			}
		}
		return logSumExp(differences), 1, nil
	}
	if len(y) != len(z) {
		return sum, 0, fmt.Errorf("%d outputs, %d targets", len(z), len(y))
	}
	for k, v := range z {
		target := bigreal.Float(y[k])
		r := v.Sub(target)
		switch l := loss.(type) {
		case nn.StandardLoss:
			switch l {
			case nn.LogisticLoss:
				if y[k] == 1 {
					v = v.Neg()
				}
				sum = sum.Add(v.Softplus())
			case nn.Squared:
				sum = sum.Add(r.Mul(r))
			case nn.Hinge:
				sum = sum.Add(bigreal.Float(1).Sub(target.Mul(v)).Max(bigreal.Float(0)))
			case nn.Absolute:
				sum = sum.Add(r.Abs())
			default:
				return sum, 0, fmt.Errorf("unknown loss %v", loss)
			}
		case nn.Huber:
			sum = sum.Add(huber(float64(l), r))
		default:
			return sum, 0, fmt.Errorf("unknown loss %v", loss)
		}
	}
	return sum, len(z), nil
}

// huber is min(|r|, d) * (|r| - min(|r|, d)/2).
func huber(delta float64, r real) real {
	a := r.Abs()
	m := a.Neg().Max(bigreal.Float(-delta)).Neg()
	return m.Mul(a.Sub(m.Scale2(-1)))
}

type evaluation struct {
	ctx   context.Context
	theta []real
	next  int
}

func (e *evaluation) take(n int) []real {
	if e.next+n > len(e.theta) { // a wrong length is reported at the end
		e.next += n
		return make([]real, n)
	}
	e.next += n
	return e.theta[e.next-n : e.next]
}

func (e *evaluation) stack(layers []nn.Layer, x [][]real, shape []int) (y [][]real, out []int, err error) {
	for i, layer := range layers {
		if x, shape, err = e.layer(layer, x, shape); err != nil {
			return nil, nil, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	return x, shape, nil
}

func size(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

// layer maps all samples through one layer; images lie channel by channel, row by row.
func (e *evaluation) layer(layer nn.Layer, batch [][]real, in []int) ([][]real, []int, error) {
	out := make([][]real, len(batch))
	switch l := layer.(type) {
	case nn.DenseLayer:
		w := e.take(l.In * l.Out)
		bias := e.bias(l.Out, l.NoBias)
		for s, x := range batch {
			if err := e.ctx.Err(); err != nil {
				return nil, nil, err
			}
			for o := range l.Out {
				sum := bigreal.Dot(bias[o], w[o*l.In:(o+1)*l.In], x)
				out[s] = append(out[s], activate(l.Activation, sum))
			}
		}
		return out, []int{l.Out}, nil
	case nn.Conv2DLayer:
		stride := max(1, l.Stride)
		c, h, w := in[0], in[1], in[2]
		oh, ow := (h+2*l.Padding-l.Kernel)/stride+1, (w+2*l.Padding-l.Kernel)/stride+1
		weight := e.take(l.Out * c * l.Kernel * l.Kernel)
		bias := e.bias(l.Out, l.NoBias)
		for s, x := range batch {
			if err := e.ctx.Err(); err != nil {
				return nil, nil, err
			}
			for f := range l.Out {
				for y := range oh {
					for z := range ow {
						sum, at := bias[f], f*c*l.Kernel*l.Kernel
						for channel := range c {
							for dy := range l.Kernel {
								for dx := range l.Kernel {
									row, col := y*stride+dy-l.Padding, z*stride+dx-l.Padding
									if 0 <= row && row < h && 0 <= col && col < w {
										sum = sum.Add(weight[at].Mul(x[channel*h*w+row*w+col]))
									}
									at++
								}
							}
						}
						out[s] = append(out[s], activate(l.Activation, sum))
					}
				}
			}
		}
		return out, []int{l.Out, oh, ow}, nil
	case nn.PoolLayer:
		stride := l.Stride
		if stride == 0 {
			stride = l.Size
		}
		c, h, w := in[0], in[1], in[2]
		oh, ow := (h-l.Size)/stride+1, (w-l.Size)/stride+1
		for s, x := range batch {
			for channel := range c {
				for y := range oh {
					for z := range ow {
						var window []real
						for dy := range l.Size {
							for dx := range l.Size {
								window = append(window, x[channel*h*w+(y*stride+dy)*w+z*stride+dx])
							}
						}
						v := window[0]
						for _, u := range window[1:] {
							if l.Mean {
								v = v.Add(u)
							} else {
								v = v.Max(u)
							}
						}
						if l.Mean {
							v = v.Div(bigreal.Float(float64(len(window))))
						}
						out[s] = append(out[s], v)
					}
				}
			}
		}
		return out, []int{c, oh, ow}, nil
	case nn.FlattenLayer:
		return batch, []int{size(in)}, nil
	case nn.ActivationLayer:
		for s, x := range batch {
			for _, v := range x {
				out[s] = append(out[s], activate(l.Activation, v))
			}
		}
		return out, in, nil
	case nn.ResidualLayer:
		inner, shape, err := e.stack(l.Inner, batch, in)
		if err != nil || !l.Skip {
			return inner, shape, err
		}
		for s, x := range batch {
			for i, v := range x {
				out[s] = append(out[s], v.Add(inner[s][i]))
			}
		}
		return out, shape, nil
	case nn.BatchNormLayer:
		return e.batchNorm(l, batch, in)
	case nn.LayerNormLayer:
		w, b := e.take(l.Features), e.take(l.Features)
		for s, x := range batch {
			mean, r := moments(x, l.Eps)
			for i, v := range x {
				out[s] = append(out[s], v.Sub(mean).Mul(r).Mul(w[i]).Add(b[i]))
			}
		}
		return out, in, nil
	}
	return nil, nil, fmt.Errorf("unknown layer %v", layer)
}

func (e *evaluation) bias(n int, none bool) []real {
	if !none {
		return e.take(n)
	}
	zero := make([]real, n)
	for i := range zero {
		zero[i] = bigreal.Float(0)
	}
	return zero
}

// moments returns the mean and 1/sqrt(variance + eps).
func moments(x []real, eps float64) (mean, r real) {
	n := bigreal.Float(float64(len(x)))
	mean, variance := bigreal.Float(0), bigreal.Float(0)
	for _, v := range x {
		mean = mean.Add(v)
	}
	mean = mean.Div(n)
	for _, v := range x {
		d := v.Sub(mean).Abs()
		variance = variance.Add(d.Mul(d))
	}
	return mean, inverseRoot(variance.Div(n), eps)
}

func inverseRoot(variance real, eps float64) real {
	if eps == 0 {
		eps = 1e-5
	}
	return bigreal.Float(1).Div(variance.Add(bigreal.Float(eps)).Sqrt())
}

func (e *evaluation) batchNorm(l nn.BatchNormLayer, batch [][]real, in []int) ([][]real, []int, error) {
	w, b := e.take(l.Features), e.take(l.Features)
	area := size(in) / l.Features
	out := make([][]real, len(batch))
	for s := range out {
		out[s] = make([]real, size(in))
	}
	for c := range l.Features {
		var mean, r real
		if l.Mean != nil {
			mean, r = bigreal.Float(l.Mean[c]), inverseRoot(bigreal.Float(l.Variance[c]), l.Eps)
		} else {
			var all []real
			for _, x := range batch {
				all = append(all, x[c*area:(c+1)*area]...)
			}
			mean, r = moments(all, l.Eps)
		}
		for s, x := range batch {
			for i := c * area; i < (c+1)*area; i++ {
				out[s][i] = x[i].Sub(mean).Mul(r).Mul(w[c]).Add(b[c])
			}
		}
	}
	return out, in, nil
}

func activate(a nn.Activation, x real) real {
	switch a {
	case nn.Identity:
		return x
	case nn.Sigmoid:
		return x.Sigmoid()
	case nn.Tanh:
		return x.Tanh()
	case nn.ReLU:
		return x.Max(bigreal.Float(0))
	case nn.LeakyReLU: // the float64 nearest to 0.01
		return x.Max(bigreal.Float(0.01).Mul(x))
	case nn.Softplus:
		return x.Softplus()
	case nn.GELU:
		return x.Mul(x.NormalCDF())
	case nn.SiLU:
		return x.Mul(x.Sigmoid())
	}
	return bigreal.Float(0).Div(bigreal.Float(0)) // unknown
}
