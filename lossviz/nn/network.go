// Package nn describes small neural networks and evaluates their losses exactly: value,
// gradient and Hessian-vector product in float64, for any parameters.
//
// A [Network] is layers and shapes and holds no parameters: these are one []float64,
// called theta, that every function takes. It is laid out as PyTorch does: layer after layer,
// the weight (out x in, row-major) and then the bias; [Network.Blocks] names the
// parts. So a loss is a plain function of a vector, which is what a landscape is.
//
// An [Evaluator] joins a network, a [Loss] and data. How it computes is in three
// files that are meant to be read: operation.go (the four passes through each kind
// of layer), evaluator.go (the loop over samples), kernels.go (the inner loops).
//
// The package knows nothing of directions, optimizers or figures.
package nn

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

// A Network is a stack of layers with checked shapes. It is immutable and safe for concurrent use.
type Network struct {
	layers     []Layer
	in, out    Shape
	blocks     []Block
	dim        int
	operations []operation // operation i writes node i+1
	size       []int
	live       []bool
	noted      map[int]bool
	wholeBatch bool
	lines      []line
	err        error
}

// A Kind says what a block of parameters is for.
type Kind int

// The kinds of blocks. Penalties and filter normalization are about weights only.
const (
	Weight Kind = iota // a weight matrix or the filters of a convolution
	Bias               // a bias
	Norm               // scale or shift of a batch or layer norm
)

// String returns "weight", "bias" or "norm".
func (k Kind) String() string {
	if k < Weight || k > Norm {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return [...]string{"weight", "bias", "norm"}[k]
}

// A Block is a named part of the parameters: theta[Offset : Offset+Size].
type Block struct {
	Name   string // layer number and name, "0.weight"; inside a residual layer "2.0.weight"
	Shape  []int  // row-major; a weight's first axis counts its filters
	Offset int
	Size   int // the product of Shape
	Kind   Kind
}

// Of is the block's part of theta, as a view.
func (b Block) Of(theta []float64) []float64 {
	return theta[b.Offset : b.Offset+b.Size : b.Offset+b.Size]
}

// Filters is the number of filters: rows of a dense layer's weight (one for each neuron: what
// comes in), output channels of a convolution. They lie one after the other, Size/Filters
// numbers each. A bias or norm counts as one filter for each number.
func (b Block) Filters() int { return b.Shape[0] }

// New builds a network of layers and checks that they fit. If they do not, [Network.Err]
// names the layer and both shapes.
func New(layers ...Layer) *Network {
	net := &Network{layers: slices.Clone(layers)}
	if len(layers) == 0 {
		return &Network{err: errors.New("nn: a network needs a layer")}
	}
	for _, layer := range layers { // the first layer that knows its input; activations before it keep its shape
		if layer == nil {
			break
		}
		if net.in = layer.input(); net.in != nil {
			break
		}
		if _, ok := layer.(ActivationLayer); !ok {
			break
		}
	}
	if net.in == nil {
		return &Network{err: fmt.Errorf("nn: the first layer (%v) does not say the size of its input", layers[0])}
	}
	if net.in.Size() > maxParameters {
		return &Network{err: fmt.Errorf("nn: the first layer (%v) takes %v, more than %d numbers", layers[0], net.in, maxParameters)}
	}
	b := &builder{size: []int{net.in.Size()}, live: []bool{false}, noted: map[int]bool{}}
	out, err := b.stack(layers, net.in)
	if err != nil {
		return &Network{err: fmt.Errorf("nn: %w", err)}
	}
	net.out, net.blocks, net.dim, net.operations = out, b.blocks, b.dim, b.operations
	net.size, net.live, net.noted, net.wholeBatch, net.lines = b.size, b.live, b.noted, b.wholeBatch, b.lines
	return net
}

// Deep is a network of dense layers with the given sizes, input first. The last layer
// has no activation: it gives logits or predictions.
func Deep(act Activation, sizes ...int) *Network {
	if len(sizes) < 2 {
		return &Network{err: fmt.Errorf("nn: a network needs at least two sizes, input and output; got %v", sizes)}
	}
	var layers []Layer
	for i := range len(sizes) - 1 {
		if i == len(sizes)-2 {
			act = Identity
		}
		layers = append(layers, Dense(sizes[i], sizes[i+1], act))
	}
	return New(layers...)
}

// MLP is a network with one hidden layer.
func MLP(in, hidden, out int, act Activation) *Network { return Deep(act, in, hidden, out) }

// Linear is a network of one dense layer without activation: linear, logistic or softmax regression, by the loss.
func Linear(in, out int) *Network { return Deep(Identity, in, out) }

// Err says why the network could not be built, or nil.
func (net *Network) Err() error {
	if net == nil {
		return errors.New("nn: the network is nil")
	}
	return net.err
}

// Dim is the number of parameters, 0 for a network with an error.
func (net *Network) Dim() int {
	if net == nil {
		return 0
	}
	return net.dim
}

// Layers returns the layers, as given to [New].
func (net *Network) Layers() []Layer { return slices.Clone(net.layers) }

// Blocks returns the parts of the parameters, in order.
func (net *Network) Blocks() []Block { return slices.Clone(net.blocks) }

// Input and Output are the shapes of a sample before and after the network.
func (net *Network) Input() Shape { return slices.Clone(net.in) }

// Output is the shape of what the network gives for a sample.
func (net *Network) Output() Shape { return slices.Clone(net.out) }

// String draws the network: a line for each layer with the shape it gives and its parameters.
func (net *Network) String() string {
	if err := net.Err(); err != nil {
		return "error: " + err.Error()
	}
	width := [2]int{len("input"), len(net.in.String())}
	label := func(l line) string {
		return strings.Repeat("  ", strings.Count(l.path, ".")) + l.path + "  " + l.layer
	}
	for _, l := range net.lines {
		width[0], width[1] = max(width[0], len(label(l))), max(width[1], len(l.out.String()))
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%-*s  %*v\n", width[0], "input", width[1], net.in)
	for _, l := range net.lines {
		fmt.Fprintf(&s, "%-*s  %*v", width[0], label(l), width[1], l.out)
		if l.parameters > 0 {
			fmt.Fprintf(&s, "  %6d", l.parameters)
		}
		s.WriteByte('\n')
	}
	fmt.Fprintf(&s, "%-*s  %*v  %6d parameters", width[0], "output", width[1], net.out, net.dim)
	return s.String()
}

// Init draws parameters to begin training with: weights uniform with the variance of Glorot and
// Bengio (AISTATS 2010), 2/(in + out), or of He et al. (arXiv:1502.01852, section 2.2), 2/in, before
// ReLU and its kin (every activation but identity, sigmoid and tanh); biases 0; norms
// scale by 1 and shift by 0. Equal seeds give equal bits. It returns nil for a network with an error.
func (net *Network) Init(seed uint64) []float64 {
	if net.Err() != nil {
		return nil
	}
	theta := make([]float64, net.dim)
	random := rand.New(rand.NewPCG(seed, 0x1417))
	for i, op := range net.operations {
		p, ok := op.(*product)
		if !ok {
			continue
		}
		w := p.weights(theta)
		if _, norm := p.kernel.(scale); norm {
			fill(w, 1)
			continue
		}
		fanIn := float64(p.size / p.channels)
		variance := 2 / (fanIn + float64(p.size)/fanIn*kernelArea(p))
		if i+1 < len(net.operations) {
			if next, ok := net.operations[i+1].(*pointwise); ok && next.Activation >= ReLU {
				variance = 2 / fanIn
			}
		}
		limit := math.Sqrt(3 * variance) // a uniform number in [-a, a] has variance a^2/3
		for j := range w {
			w[j] = limit * (2*random.Float64() - 1)
		}
	}
	return theta
}

// kernelArea is the number of places of an image that a filter looks at at once; 1 for dense layers.
func kernelArea(p *product) float64 {
	if k, ok := p.kernel.(conv); ok {
		return float64(k.kernel * k.kernel)
	}
	return 1
}

// Forward returns the network's outputs, n rows of Output().Size(), for the n rows of x.
// It returns nil if the network has an error or the lengths do not fit.
func (net *Network) Forward(theta, x []float64, n int) []float64 {
	if net.Err() != nil || len(theta) != net.dim || n < 1 || len(x) != n*net.in.Size() {
		return nil
	}
	step := chunkSize(net, n)
	w := newWorkspace(net, step)
	w.theta.val = theta
	in, out := net.in.Size(), net.out.Size()
	y := make([]float64, n*out)
	columns := make([]float64, step*in)
	for from := 0; from < n; from += step {
		size := min(step, n-from)
		transpose(columns[:size*in], x[from*in:(from+size)*in], size, in)
		w.forward(net, columns[:size*in], size)
		transpose(y[from*out:(from+size)*out], w.last().val, out, size)
	}
	return y
}

// transpose sets y to the transpose of x (rows x columns).
func transpose(y, x []float64, rows, columns int) {
	for i := range rows {
		for j := range columns {
			y[j*rows+i] = x[i*columns+j]
		}
	}
}

// Freeze returns the network with the statistics of every batch norm fixed to those that
// data has at theta, as PyTorch's eval mode has those of training (there as a running mean; here exact, with
// the variance dividing by the number of values).
func (net *Network) Freeze(theta []float64, data *dataset.Data) *Network {
	if err := errors.Join(net.Err(), data.Err()); err != nil {
		return &Network{err: fmt.Errorf("nn: freeze: %w", err)}
	}
	if len(theta) != net.dim || data.D != net.in.Size() {
		return &Network{err: fmt.Errorf("nn: freeze: the network takes %d parameters and %d inputs, got %d and %d", net.dim, net.in.Size(), len(theta), data.D)}
	}
	if !net.wholeBatch {
		return net
	}
	w := newWorkspace(net, data.N)
	w.theta.val = theta
	columns := make([]float64, len(data.X))
	transpose(columns, data.X, data.N, data.D)
	w.forward(net, columns, data.N)
	next := 0
	return New(net.freeze(net.layers, w, &next)...)
}

// freeze copies layers, taking the statistics of batch norms from w; next counts
// the operations seen, since batch norms and their operations come in one order.
func (net *Network) freeze(layers []Layer, w *workspace, next *int) []Layer {
	out := slices.Clone(layers)
	for i, layer := range out {
		switch l := layer.(type) {
		case ResidualLayer:
			l.Inner = net.freeze(l.Inner, w, next)
			out[i] = l
		case BatchNormLayer:
			for {
				p, ok := net.operations[*next].(*normalize)
				*next++
				if !ok || p.perSample {
					continue
				}
				l.Mean, l.Variance = make([]float64, l.Features), make([]float64, l.Features)
				p.groups(w.n, func(group, start, step, count int) {
					l.Mean[group], l.Variance[group] = p.statistics(w.node[p.in].val, group, start, step, count)
				})
				out[i] = l
				break
			}
		}
	}
	return out
}
