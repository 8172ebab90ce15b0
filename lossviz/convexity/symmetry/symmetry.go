// Package symmetry knows which changes of a network's parameters leave what it
// computes alone: permutations of hidden units, sign flips where the activation is odd,
// and rescaling where it is positively homogeneous.
package symmetry

import (
	"fmt"
	"math"
	"slices"

	"github.com/gosaddle/saddle/lossviz/nn"
)

// A Layer is a hidden layer whose units can be exchanged without changing what the
// network computes: each unit is reached by weights of its own and read by
// weights of its own.
type Layer struct {
	Name       string
	Activation nn.Activation // Identity where there is none

	// Into[u] and From[u] are the places in theta of the weights and the bias into
	// unit u (norm parameters of the unit too), and of the weights that read it. Equal
	// positions in the lists of two units correspond.
	Into, From [][]int

	// Readers are the places of the biases of the layer that reads the units, in the order of From; nil
	// if it has none, or reads each unit at several places.
	Readers []int

	plain bool // no bias-shifting norm and no max-pooling between: signs can be flipped
	norms bool
}

// Hidden lists the hidden layers of a network whose units are exchangeable: dense and
// convolutional layers at the top level that are followed, after activations,
// pooling, flattening and norms only, by another one.
func Hidden(net *nn.Network) []Layer {
	if net == nil || net.Err() != nil {
		return nil
	}
	blocks := map[string]nn.Block{}
	for _, b := range net.Blocks() {
		blocks[b.Name] = b
	}
	var list []Layer
	layers := net.Layers()
	for i, layer := range layers {
		h := Layer{Name: fmt.Sprintf("layer %d (%v)", i, layer), plain: true}
		switch l := layer.(type) {
		case nn.DenseLayer:
			h.Activation = l.Activation
		case nn.Conv2DLayer:
			h.Activation = l.Activation
		default:
			continue
		}
		weight := blocks[fmt.Sprintf("%d.weight", i)]
		units := weight.Shape[0]
		h.Into, h.From = make([][]int, units), make([][]int, units)
		h.add(h.Into, weight, 0)
		if bias, ok := blocks[fmt.Sprintf("%d.bias", i)]; ok {
			h.add(h.Into, bias, 0)
		}
		if h.follow(layers, blocks, i+1) {
			list = append(list, h)
		}
	}
	return list
}

// add gives each unit its part of a block along an axis.
func (h *Layer) add(to [][]int, b nn.Block, axis int) {
	outer, inner := 1, 1
	for _, n := range b.Shape[:axis] {
		outer *= n
	}
	for _, n := range b.Shape[axis+1:] {
		inner *= n
	}
	each := b.Shape[axis] / len(to) // a flattened image gives each channel several
	for u := range to {
		for o := range outer {
			for e := range each {
				for i := range inner {
					to[u] = append(to[u], b.Offset+(o*b.Shape[axis]+u*each+e)*inner+i)
				}
			}
		}
	}
}

// follow looks for the layer that reads the units.
func (h *Layer) follow(layers []nn.Layer, blocks map[string]nn.Block, from int) bool {
	for i := from; i < len(layers); i++ {
		weight := blocks[fmt.Sprintf("%d.weight", i)]
		switch l := layers[i].(type) {
		case nn.ActivationLayer:
			if h.Activation != nn.Identity && l.Activation != nn.Identity {
				h.plain = false // two in a row: the symmetry of neither need hold
			} else if l.Activation != nn.Identity {
				h.Activation = l.Activation
			}
		case nn.FlattenLayer:
		case nn.PoolLayer:
			h.plain = h.plain && l.Mean
		case nn.BatchNormLayer, nn.LayerNormLayer:
			h.plain, h.norms = false, true
			if l, running := l.(nn.BatchNormLayer); running && l.Mean != nil {
				return false // each unit has statistics of its own
			}
			h.add(h.Into, weight, 0)
			h.add(h.Into, blocks[fmt.Sprintf("%d.bias", i)], 0)
		case nn.DenseLayer, nn.Conv2DLayer:
			h.add(h.From, weight, 1)
			if bias, ok := blocks[fmt.Sprintf("%d.bias", i)]; ok && bias.Size == len(h.From[0]) {
				for k := range bias.Size {
					h.Readers = append(h.Readers, bias.Offset+k)
				}
			}
			return true
		default:
			return false
		}
	}
	return false
}

// Units is the number of units.
func (h Layer) Units() int { return len(h.Into) }

// Permute returns theta with its units in another order: unit u of the result is unit
// order[u] of theta. The network computes the same function, exactly.
func (h Layer) Permute(theta []float64, order []int) []float64 {
	out := append([]float64(nil), theta...)
	for u, from := range order {
		for k, at := range h.Into[u] {
			out[at] = theta[h.Into[from][k]]
		}
		for k, at := range h.From[u] {
			out[at] = theta[h.From[from][k]]
		}
	}
	return out
}

// Swap exchanges two units.
func (h Layer) Swap(theta []float64, i, j int) []float64 {
	order := make([]int, h.Units())
	for u := range order {
		order[u] = u
	}
	order[i], order[j] = j, i
	return h.Permute(theta, order)
}

// CanFlip reports whether the sign of a unit can be flipped: for odd activations, and for the
// sigmoid where the layer that reads it has biases.
func (h Layer) CanFlip() bool {
	if h.Activation == nn.Sigmoid {
		return h.plain && h.Readers != nil
	}
	return h.plain && (h.Activation == nn.Tanh || h.Activation == nn.Identity)
}

// Flip returns theta with the signs of all weights into and out of unit u changed. For an
// odd activation the network computes the same function, exactly. For the sigmoid, which is 1/2
// plus an odd function, v sigmoid(x) = v - v sigmoid(-x): v moves to the biases of the readers,
// and the function is the same up to the rounding of these sums.
func (h Layer) Flip(theta []float64, u int) []float64 {
	out := h.Rescale(theta, u, -1)
	if h.Activation == nn.Sigmoid {
		for k, at := range h.Readers {
			out[at] += theta[h.From[u][k]]
		}
	}
	return out
}

// CanRescale reports whether a unit can be scaled by a positive factor: for ReLU,
// leaky ReLU and the identity.
func (h Layer) CanRescale() bool {
	return !h.norms && (h.Activation == nn.ReLU || h.Activation == nn.LeakyReLU || h.Activation == nn.Identity)
}

// Rescale returns theta with the weights into unit u multiplied by c and those out of it
// divided by c. For a positively homogeneous activation and c > 0 the network computes the
// same function, exactly if c is a power of two.
func (h Layer) Rescale(theta []float64, u int, c float64) []float64 {
	out := append([]float64(nil), theta...)
	for _, at := range h.Into[u] {
		out[at] *= c
	}
	for _, at := range h.From[u] {
		out[at] /= c
	}
	return out
}

// Canonical returns one point for all that permutations and sign flips make of theta: in
// each layer the largest weight into a unit is positive where signs can be flipped, and the units are
// in the order of their weights, read with a tolerance.
func Canonical(layers []Layer, theta []float64, tolerance float64) []float64 {
	out := append([]float64(nil), theta...)
	for _, h := range layers {
		if h.CanFlip() {
			for u, into := range h.Into {
				largest := 0.0
				for _, at := range into {
					if math.Abs(out[at]) > math.Abs(largest)+tolerance {
						largest = out[at]
					}
				}
				if largest < 0 {
					out = h.Flip(out, u)
				}
			}
		}
		order := make([]int, h.Units())
		for u := range order {
			order[u] = u
		}
		slices.SortStableFunc(order, func(a, b int) int {
			for k := range h.Into[a] {
				if d := out[h.Into[a][k]] - out[h.Into[b][k]]; math.Abs(d) > tolerance {
					return int(math.Copysign(1, d))
				}
			}
			return 0
		})
		out = h.Permute(out, order)
	}
	return out
}
