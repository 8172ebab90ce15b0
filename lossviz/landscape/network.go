package landscape

import (
	"errors"
	"fmt"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A NetworkObjective is the loss of a network on data, as a function of the network's
// parameters: the mean loss, plus L1 times the sum of the absolute values of the
// weights and L2/2 times the sum of their squares (weights only: biases and norms are
// left out).
//
// Treat the fields as read-only. Its derivatives are exact; see [nn.Evaluator].
type NetworkObjective struct {
	Net    *nn.Network
	Loss   nn.Loss
	Data   *dataset.Data
	L1, L2 float64

	eval *nn.Evaluator
	err  error
}

// An Option changes an objective made by [NewObjective].
type Option func(*NetworkObjective)

// L1 adds l times the sum of the absolute values of the weights.
func L1(l float64) Option { return func(o *NetworkObjective) { o.L1 = l } }

// L2 adds l/2 times the sum of the squares of the weights.
func L2(l float64) Option { return func(o *NetworkObjective) { o.L2 = l } }

// NewObjective joins a network, a loss and data. Whether they fit is said by Err,
// naming the layer and both shapes where they do not.
func NewObjective(net *nn.Network, loss nn.Loss, data *dataset.Data, opts ...Option) *NetworkObjective {
	o := &NetworkObjective{Net: net, Loss: loss, Data: data}
	for _, opt := range opts {
		opt(o)
	}
	switch {
	case net == nil:
		o.err = errors.New("landscape: NewObjective: the network is nil")
	case data == nil:
		o.err = errors.New("landscape: NewObjective: the data are nil")
	default:
		o.eval = nn.NewPenalized(net, loss, data, o.L1, o.L2)
		o.err = o.eval.Err()
	}
	return o
}

// On returns the same objective on other data, such as a test set.
func (o *NetworkObjective) On(data *dataset.Data) *NetworkObjective {
	return NewObjective(o.Net, o.Loss, data, L1(o.L1), L2(o.L2))
}

// Err says what is wrong with the objective, or nil.
func (o *NetworkObjective) Err() error {
	if o == nil {
		return errors.New("landscape: the objective is nil")
	}
	return o.err
}

// Dim returns the number of parameters.
func (o *NetworkObjective) Dim() int {
	if o.Err() != nil {
		return 0
	}
	return o.eval.Dim()
}

// Blocks returns the named parts of theta, in order.
func (o *NetworkObjective) Blocks() []nn.Block {
	if o.err != nil {
		return nil
	}
	return o.Net.Blocks()
}

// Value returns the loss at theta.
func (o *NetworkObjective) Value(theta []float64) float64 { return o.eval.Value(theta) }

// Gradient fills grad with the gradient at theta and returns the loss there.
func (o *NetworkObjective) Gradient(grad, theta []float64) float64 {
	return o.eval.Gradient(grad, theta)
}

// HessianVector fills hv with the Hessian at theta times v.
func (o *NetworkObjective) HessianVector(hv, theta, v []float64) {
	o.eval.HessianVector(hv, theta, v)
}

// maxCurvature is the most memory that each user of a [Curvature] may take.
const maxCurvature = 1 << 28

// Curvature shares the passes over the data that products with one Hessian have in common; see [nn.Curvature].
func (o *NetworkObjective) Curvature() Curvature {
	if o.err != nil || o.eval.CurvatureBytes() > maxCurvature {
		return nil
	}
	return o.eval.NewCurvature()
}

// Accuracy returns the fraction of samples classified correctly, in [0, 1]. It is NaN
// for losses that do not classify.
func (o *NetworkObjective) Accuracy(theta []float64) float64 { return o.eval.Accuracy(theta) }

// ValueAccuracy returns the loss and the accuracy from one pass over the data.
func (o *NetworkObjective) ValueAccuracy(theta []float64) (value, accuracy float64) {
	return o.eval.ValueAccuracy(theta)
}

// Samples returns the number of samples.
func (o *NetworkObjective) Samples() int {
	if o.err != nil {
		return 0
	}
	return o.Data.N
}

// BatchGradient is Gradient for the loss on the samples with the given numbers only.
func (o *NetworkObjective) BatchGradient(grad, theta []float64, samples []int) float64 {
	return o.eval.BatchGradient(grad, theta, samples)
}

// String describes the objective in one line.
func (o *NetworkObjective) String() string {
	if err := o.Err(); err != nil {
		return err.Error()
	}
	s := fmt.Sprintf("%v loss on %s, %s", o.Loss, o.Data.Name, count(o.Dim(), "parameter"))
	if o.L1 != 0 {
		s += fmt.Sprintf(", L1 %g", o.L1)
	}
	if o.L2 != 0 {
		s += fmt.Sprintf(", L2 %g", o.L2)
	}
	return s
}
