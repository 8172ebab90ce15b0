package enclose

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// maxWork bounds the formula of a network, in arguments of its operations: about
// 64 bytes each.
const maxWork = 8 << 20

// ErrTooLarge says that a network is beyond maxWork.
var ErrTooLarge = errors.New("convexity: the network is too large to be enclosed")

// leakySlope is nn's leaky ReLU: the float64 nearest to 0.01.
const leakySlope = 0.01

// Network writes the mean loss of a network over data, plus l2/2 times the sum of
// squares and l1 times the sum of absolute values of the weights (no biases, no
// normalization parameters), as formulas of the parameters.
//
// When ctx ends before it is done, its error is returned.
func Network(ctx context.Context, net *nn.Network, loss nn.Loss, data *dataset.Data, l1, l2 float64) (*Problem, error) {
	if err := net.Err(); err != nil {
		return nil, fmt.Errorf("convexity: %w", err)
	}
	if err := data.Err(); err != nil {
		return nil, fmt.Errorf("convexity: %w", err)
	}
	if data.N < 1 {
		return nil, fmt.Errorf("convexity: there are no data: the mean loss of no samples is not defined")
	}
	b := &builder{ctx: ctx, vars: make([]*expr.Expr, net.Dim())}
	for i := range b.vars {
		b.vars[i] = expr.Var(i)
	}
	p := &Problem{Dim: net.Dim()}
	var err error
	if wholeBatch(net.Layers()) {
		err = b.batch(p, net, loss, data)
	} else {
		err = b.samples(p, net, loss, data)
	}
	if err != nil {
		return nil, err
	}
	p.penalty(net, b.vars, l1, l2)
	return p, p.prepare(ctx)
}

// samples makes one formula for all samples or, where targets are classes, one
// for the samples of each class: what bends up for one label may bend down for another.
func (b *builder) samples(p *Problem, net *nn.Network, loss nn.Loss, data *dataset.Data) error {
	inputs := make([]*expr.Expr, data.D)
	for j := range inputs {
		inputs[j] = expr.Data(j, column(data.X, data.D, j, 1))
	}
	out, err := b.network(net, [][]*expr.Expr{inputs})
	if err != nil {
		return err
	}
	classes := loss == nn.LogisticLoss || loss == nn.CrossEntropy || loss == nn.Hinge
	groups := map[string]*Term{}
	for i := range data.N {
		target := data.Y[i*data.K : (i+1)*data.K]
		key := ""
		if classes {
			key = fmt.Sprint(target)
		}
		term, ok := groups[key]
		if !ok {
			term = &Term{Weight: interval.Point(1).Div(interval.Point(float64(data.N))), Outputs: out[0], Loss: loss.String()}
			y := make([]*expr.Expr, data.K)
			for k := range y {
				if classes {
					y[k] = expr.Const(target[k])
				} else { // stored negated, so that the residual is a sum
					y[k] = expr.Data(data.D+k, column(data.Y, data.K, k, -1))
				}
			}
			if term.Expr, err = lossOf(loss, out[0], y); err != nil {
				return err
			}
			term.Name = fmt.Sprintf("%v loss of a sample", loss)
			if classes {
				term.Name += " with y = " + fmt.Sprint(target[0])
				if data.K > 1 {
					term.Name = fmt.Sprintf("%v loss of a sample with y = %v", loss, target)
				}
			}
			groups[key] = term
			p.Terms = append(p.Terms, term)
		}
		row := append([]float64(nil), data.X[i*data.D:(i+1)*data.D]...)
		if !classes {
			for _, t := range target {
				row = append(row, -t)
			}
		}
		term.Rows = append(term.Rows, row)
	}
	return nil
}

// batch makes one formula of all samples together, for batch norm with the
// statistics of the batch.
func (b *builder) batch(p *Problem, net *nn.Network, loss nn.Loss, data *dataset.Data) error {
	inputs := make([][]*expr.Expr, data.N)
	for i := range inputs {
		for _, x := range data.X[i*data.D : (i+1)*data.D] {
			inputs[i] = append(inputs[i], expr.Const(x))
		}
	}
	out, err := b.network(net, inputs)
	if err != nil {
		return err
	}
	var losses []*expr.Expr
	for i, z := range out {
		y := make([]*expr.Expr, data.K)
		for k := range y {
			y[k] = expr.Const(data.Y[i*data.K+k])
			if loss != nn.LogisticLoss && loss != nn.CrossEntropy && loss != nn.Hinge {
				y[k] = expr.Const(-data.Y[i*data.K+k])
			}
		}
		l, err := lossOf(loss, z, y)
		if err != nil {
			return err
		}
		losses = append(losses, l)
	}
	p.Terms = append(p.Terms, &Term{
		Name:   fmt.Sprintf("%v loss of the batch", loss),
		Expr:   expr.Sum(losses...),
		Weight: interval.Point(1).Div(interval.Point(float64(data.N))),
		Rows:   [][]float64{nil},
	})
	return nil
}

// column encloses sign times column j of a matrix with d columns.
func column(x []float64, d, j int, sign float64) interval.Interval {
	all := interval.Point(sign * x[j])
	for i := j; i < len(x); i += d {
		all = all.Hull(interval.Point(sign * x[i]))
	}
	return all
}

func wholeBatch(layers []nn.Layer) bool {
	for _, layer := range layers {
		switch l := layer.(type) {
		case nn.BatchNormLayer:
			if l.Mean == nil {
				return true
			}
		case nn.ResidualLayer:
			if wholeBatch(l.Inner) {
				return true
			}
		}
	}
	return false
}

// penalty adds the L1 and L2 terms.
func (p *Problem) penalty(net *nn.Network, vars []*expr.Expr, l1, l2 float64) {
	var weights, sizes []*expr.Expr
	for _, block := range net.Blocks() {
		if block.Kind != nn.Weight {
			continue
		}
		for i := block.Offset; i < block.Offset+block.Size; i++ {
			weights = append(weights, vars[i])
			if l1 != 0 {
				sizes = append(sizes, expr.Abs(vars[i]))
			}
		}
	}
	if weights == nil { // norms alone
		return
	}
	rows := [][]float64{nil}
	if l2 != 0 {
		squares := expr.Dot(weights, weights).Named("sum of squares of the weights")
		p.Terms = append(p.Terms, &Term{Name: "L2 penalty", Expr: squares,
			Weight: interval.Point(l2).Scale(0.5), Rows: rows, Penalty: true})
	}
	if l1 != 0 {
		p.Terms = append(p.Terms, &Term{Name: "L1 penalty", Expr: expr.Sum(sizes...).Named("sum of absolute values of the weights"),
			Weight: interval.Point(l1), Rows: rows, Penalty: true})
	}
}

// A builder writes the layers of a network; it takes the parameters in order.
type builder struct {
	ctx  context.Context
	vars []*expr.Expr
	next int
	work int
}

func (b *builder) take(n int) []*expr.Expr {
	b.next += n
	return b.vars[b.next-n : b.next]
}

func (b *builder) spend(n int) error {
	if b.work += n; b.work > maxWork {
		return fmt.Errorf("%w: its formula has more than %d operations", ErrTooLarge, maxWork)
	}
	if err := b.ctx.Err(); err != nil {
		return stopped(err)
	}
	return nil
}

func (b *builder) network(net *nn.Network, batch [][]*expr.Expr) ([][]*expr.Expr, error) {
	out, _, err := b.stack(net.Layers(), "", batch, net.Input())
	return out, err
}

func (b *builder) stack(layers []nn.Layer, path string, batch [][]*expr.Expr, shape nn.Shape) ([][]*expr.Expr, nn.Shape, error) {
	for i, layer := range layers {
		here := fmt.Sprintf("%s%d", path, i)
		next, out, err := b.layer(layer, here, batch, shape)
		if err != nil {
			return nil, nil, err
		}
		if _, flat := layer.(nn.FlattenLayer); !flat {
			name := fmt.Sprintf("layer %s (%v)", here, layer)
			for _, sample := range next {
				for k := range sample {
					sample[k] = sample[k].Named(name)
				}
			}
		}
		batch, shape = next, out
	}
	return batch, shape, nil
}

func (b *builder) layer(layer nn.Layer, path string, batch [][]*expr.Expr, in nn.Shape) ([][]*expr.Expr, nn.Shape, error) {
	each := func(out nn.Shape, f func(x []*expr.Expr) ([]*expr.Expr, error)) ([][]*expr.Expr, nn.Shape, error) {
		next := make([][]*expr.Expr, len(batch))
		for i, x := range batch {
			y, err := f(x)
			if err != nil {
				return nil, nil, err
			}
			next[i] = y
		}
		return next, out, nil
	}
	switch l := layer.(type) {
	case nn.DenseLayer:
		weight, bias := b.take(l.Out*l.In), []*expr.Expr(nil)
		if !l.NoBias {
			bias = b.take(l.Out)
		}
		return each(nn.Shape{l.Out}, func(x []*expr.Expr) ([]*expr.Expr, error) {
			y := make([]*expr.Expr, l.Out)
			for o := range y {
				y[o] = weighted(weight[o*l.In:(o+1)*l.In], x, bias, o)
			}
			return b.activate(l.Activation, y), b.spend(2 * l.In * l.Out)
		})
	case nn.Conv2DLayer:
		k, stride := l.Kernel, max(l.Stride, 1)
		height, width := (in[1]+2*l.Padding-k)/stride+1, (in[2]+2*l.Padding-k)/stride+1
		weight, bias := b.take(l.Out*in[0]*k*k), []*expr.Expr(nil)
		if !l.NoBias {
			bias = b.take(l.Out)
		}
		return each(nn.Shape{l.Out, height, width}, func(x []*expr.Expr) ([]*expr.Expr, error) {
			if err := b.spend(2 * l.Out * height * width * in[0] * k * k); err != nil {
				return nil, err
			}
			var y []*expr.Expr
			for f := range l.Out {
				for oy := range height {
					for ox := range width {
						var w, v []*expr.Expr
						for c := range in[0] {
							for i := range k * k {
								iy, ix := oy*stride+i/k-l.Padding, ox*stride+i%k-l.Padding
								if iy >= 0 && iy < in[1] && ix >= 0 && ix < in[2] {
									w = append(w, weight[(f*in[0]+c)*k*k+i])
									v = append(v, x[(c*in[1]+iy)*in[2]+ix])
								}
							}
						}
						y = append(y, weighted(w, v, bias, f))
					}
				}
			}
			return b.activate(l.Activation, y), nil
		})
	case nn.PoolLayer:
		stride := l.Stride
		if stride == 0 {
			stride = l.Size
		}
		height, width := (in[1]-l.Size)/stride+1, (in[2]-l.Size)/stride+1
		part := expr.ConstIn(interval.Point(1).Div(interval.Point(float64(l.Size * l.Size))))
		return each(nn.Shape{in[0], height, width}, func(x []*expr.Expr) ([]*expr.Expr, error) {
			var y []*expr.Expr
			for c := range in[0] {
				for o := range height * width {
					var window []*expr.Expr
					for i := range l.Size * l.Size {
						iy, ix := o/width*stride+i/l.Size, o%width*stride+i%l.Size
						window = append(window, x[(c*in[1]+iy)*in[2]+ix])
					}
					if l.Mean {
						y = append(y, expr.Product(part, expr.Sum(window...)))
					} else {
						y = append(y, expr.Max(window...))
					}
				}
			}
			return y, b.spend(len(y) * l.Size * l.Size)
		})
	case nn.FlattenLayer:
		return batch, nn.Shape{in.Size()}, nil
	case nn.ActivationLayer:
		return each(in, func(x []*expr.Expr) ([]*expr.Expr, error) {
			return b.activate(l.Activation, x), b.spend(len(x))
		})
	case nn.ResidualLayer:
		inner, out, err := b.stack(l.Inner, path+".", batch, in)
		if err != nil || !l.Skip {
			return inner, out, err
		}
		next := make([][]*expr.Expr, len(batch))
		for i, x := range batch {
			for j := range x {
				next[i] = append(next[i], expr.Sum(inner[i][j], x[j]))
			}
		}
		return next, out, nil
	case nn.BatchNormLayer:
		return b.batchNorm(l, batch, in)
	case nn.LayerNormLayer:
		weight, bias := b.take(l.Features), b.take(l.Features)
		return each(in, func(x []*expr.Expr) ([]*expr.Expr, error) {
			u := normalized(x, epsilon(l.Eps))
			for i := range u {
				u[i] = expr.Sum(expr.Product(weight[i], u[i]), bias[i])
			}
			return u, b.spend(8 * len(x))
		})
	}
	return nil, nil, fmt.Errorf("convexity: no formula is known for the layer %v", layer)
}

// weighted is w.x + bias[o], without bias if that is nil.
func weighted(w, x, bias []*expr.Expr, o int) *expr.Expr {
	y := expr.Dot(w, x)
	if bias == nil {
		return y
	}
	return expr.Sum(y, bias[o])
}

func (b *builder) activate(a nn.Activation, x []*expr.Expr) []*expr.Expr {
	y := make([]*expr.Expr, len(x))
	for i, v := range x {
		switch a {
		case nn.Identity:
			y[i] = v
		case nn.Sigmoid:
			y[i] = expr.Sigmoid(v)
		case nn.Tanh:
			y[i] = expr.Tanh(v)
		case nn.ReLU:
			y[i] = expr.ReLU(v)
		case nn.LeakyReLU:
			y[i] = expr.LeakyReLU(leakySlope, v)
		case nn.Softplus:
			y[i] = expr.Softplus(v)
		case nn.GELU:
			y[i] = expr.GELU(v)
		case nn.SiLU:
			y[i] = expr.SiLU(v)
		default:
			y[i] = expr.Apply(expr.OpConst, v) // carries an error
		}
	}
	return y
}

func epsilon(eps float64) *expr.Expr {
	if eps == 0 {
		eps = 1e-5
	}
	return expr.Const(eps)
}

// normalized shifts and scales x to mean 0 and variance 1, eps being added to the variance.
func normalized(x []*expr.Expr, eps *expr.Expr) []*expr.Expr {
	part := expr.ConstIn(interval.Point(1).Div(interval.Point(float64(len(x)))))
	mean := expr.Product(part, expr.Sum(x...))
	centred, squares := make([]*expr.Expr, len(x)), make([]*expr.Expr, len(x))
	for i, v := range x {
		centred[i] = expr.Sub(v, mean)
		squares[i] = expr.Square(centred[i])
	}
	r := expr.Reciprocal(expr.Sqrt(expr.Sum(expr.Product(part, expr.Sum(squares...)), eps)))
	for i := range centred {
		centred[i] = expr.Product(centred[i], r)
	}
	return centred
}

func (b *builder) batchNorm(l nn.BatchNormLayer, batch [][]*expr.Expr, in nn.Shape) ([][]*expr.Expr, nn.Shape, error) {
	weight, bias := b.take(l.Features), b.take(l.Features)
	area := in.Size() / in[0]
	next := make([][]*expr.Expr, len(batch))
	for i := range next {
		next[i] = make([]*expr.Expr, in.Size())
	}
	for c := range l.Features {
		var group, u []*expr.Expr
		for _, x := range batch {
			group = append(group, x[c*area:(c+1)*area]...)
		}
		if l.Mean == nil {
			u = normalized(group, epsilon(l.Eps))
		} else {
			r := expr.Reciprocal(expr.Sqrt(expr.Sum(expr.Const(l.Variance[c]), epsilon(l.Eps))))
			for _, x := range group {
				u = append(u, expr.Product(r, expr.Sum(x, expr.Const(-l.Mean[c]))))
			}
		}
		for i := range next {
			for k := range area {
				next[i][c*area+k] = expr.Sum(expr.Product(weight[c], u[i*area+k]), bias[c])
			}
		}
	}
	return next, in, b.spend(8 * len(batch) * in.Size())
}

// lossOf writes the loss of one sample with outputs z. Of the losses that
// compare numbers, y holds the negated targets.
func lossOf(loss nn.Loss, z, y []*expr.Expr) (*expr.Expr, error) {
	if loss == nn.CrossEntropy {
		class := int(y[0].Value.Lo)
		if class < 0 || class >= len(z) {
			return nil, fmt.Errorf("convexity: class %d, but the network has %d outputs", class, len(z))
		}
		differences := make([]*expr.Expr, len(z)) // log sum exp(z_j - z_y): no cancellation
		for j := range z {
			if differences[j] = expr.Const(0); j != class {
				differences[j] = expr.Sub(z[j], z[class])
			}
		}
		return expr.LogSumExp(differences...), nil
	}
	if len(y) != len(z) {
		return nil, fmt.Errorf("convexity: the network has %d outputs, the data have %d targets", len(z), len(y))
	}
	terms := make([]*expr.Expr, len(z))
	for k := range z {
		switch l := loss.(type) {
		case nn.StandardLoss:
			switch l {
			case nn.LogisticLoss:
				if terms[k] = expr.Softplus(z[k]); y[k].Value.Lo == 1 {
					terms[k] = expr.Softplus(expr.Neg(z[k]))
				}
			case nn.Squared:
				terms[k] = expr.Square(expr.Sum(z[k], y[k]))
			case nn.Hinge:
				terms[k] = expr.ReLU(expr.Sum(expr.Const(1), expr.Scale(-y[k].Value.Lo, z[k])))
			case nn.Absolute:
				terms[k] = expr.Abs(expr.Sum(z[k], y[k]))
			default:
				return nil, fmt.Errorf("convexity: no formula is known for the loss %v", loss)
			}
		case nn.Huber:
			terms[k] = expr.Huber(float64(l), expr.Sum(z[k], y[k]))
		default:
			return nil, fmt.Errorf("convexity: no formula is known for the loss %v", loss)
		}
	}
	if len(terms) == 1 {
		return terms[0], nil
	}
	mean := expr.ConstIn(interval.Point(1).Div(interval.Point(float64(len(terms)))))
	return expr.Product(mean, expr.Sum(terms...)), terms[0].Err()
}

// finite reports whether all numbers are.
func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
