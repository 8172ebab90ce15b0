package landscape

import (
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

// A Quantity is something to compute at each point of a line or plane, beside the loss.
type Quantity struct {
	// Names are the results that it gives, in order; most give one.
	Names []string

	// prepare binds it to the objective of a slice. The function it returns fills
	// one number for each name and is called from several goroutines.
	prepare func(obj Objective) (func(p *point, out []float64), error)
	// identity is what else, beside the names, tells it from another: values of the two are not mixed.
	identity string
	// scratch is the numbers that it keeps for each goroutine, beside one evaluation of the objective.
	scratch func(dim int) int
}

// A point is where quantities are computed, with what they share there.
type point struct {
	theta []float64
	stop  func() bool // becomes true when the computation is interrupted

	// Filled by the evaluator, because it comes with the loss for free.
	accuracy float64
	grad     []float64 // scratch
	hessian  Curvature // scratch, made when it is first asked for
}

// accurate is what the accuracy quantity needs of an objective.
type accurate interface {
	ValueAccuracy(theta []float64) (value, accuracy float64)
}

// Names of the built-in quantities, as keys of [Surface.Values] and in job files.
const (
	NameLoss         = "loss"
	NameAccuracy     = "accuracy"
	NameTestLoss     = "test-loss"
	NameTestAccuracy = "test-accuracy"
	NameGradientNorm = "gradient-norm"
	NameHessianMin   = "hessian-min"
	NameHessianMax   = "hessian-max"
	NameHessianRatio = "hessian-ratio"
	NameMeanRise     = "mean-rise"
	NameLargestRise  = "largest-rise"
)

// Accuracy is the fraction of samples classified correctly, on the objective's own data.
func Accuracy() Quantity {
	return Quantity{Names: []string{NameAccuracy}, prepare: func(obj Objective) (func(*point, []float64), error) {
		if _, ok := obj.(accurate); !ok {
			return nil, fmt.Errorf("landscape: %s has no accuracy", describe(obj))
		}
		return func(p *point, out []float64) { out[0] = p.accuracy }, nil
	}}
}

// Test is loss and accuracy on other data, such as a test set.
func Test(data *dataset.Data) Quantity {
	identity := ""
	if data.Err() == nil {
		identity = data.Hash()
	}
	return Quantity{Names: []string{NameTestLoss, NameTestAccuracy}, identity: identity, prepare: func(obj Objective) (func(*point, []float64), error) {
		o, ok := obj.(interface {
			On(*dataset.Data) *NetworkObjective
		})
		if !ok {
			return nil, fmt.Errorf("landscape: %s has no data, so no test loss", describe(obj))
		}
		test := o.On(data)
		if err := test.Err(); err != nil {
			return nil, fmt.Errorf("landscape: test data: %w", err)
		}
		return func(p *point, out []float64) { out[0], out[1] = test.ValueAccuracy(p.theta) }, nil
	}}
}

// GradientNorm is the Euclidean norm of the whole gradient, not only of its part in the
// plane.
func GradientNorm() Quantity {
	return Quantity{Names: []string{NameGradientNorm}, prepare: func(obj Objective) (func(*point, []float64), error) {
		d := Differentiate(obj)
		return func(p *point, out []float64) {
			d.Gradient(p.grad, p.theta)
			out[0] = norm2(p.grad)
		}, nil
	}}
}

// HessianExtremes is the smallest and the largest eigenvalue of the whole Hessian, and
// Li's ratio |min / max| of them (arXiv:1712.09913, section 6): near 0 a point's
// neighbourhood is really convex, near 1 it only looks so. The ratio of a zero Hessian
// is NaN.
func HessianExtremes() Quantity {
	return Quantity{Names: []string{NameHessianMin, NameHessianMax, NameHessianRatio}, scratch: hessianScratch, prepare: func(obj Objective) (func(*point, []float64), error) {
		d := Differentiate(obj)
		return func(p *point, out []float64) {
			if p.hessian == nil {
				p.hessian = NewCurvature(d)
			}
			out[0], out[1] = hessianExtremes(p.hessian, p.theta, p.stop)
			out[2] = math.Abs(out[0] / out[1])
		}, nil
	}}
}

// Perturbations is how much the loss rises, on average and at most, at n points around each point: at the given distance
// in random directions, which are the same everywhere (compare Wang and others, arXiv:1811.11214, and sharpness in
// Keskar and others, arXiv:1609.04836, section 2.2).
func Perturbations(distance float64, n int, seed uint64) Quantity {
	return Quantity{
		Names:    []string{NameMeanRise, NameLargestRise},
		identity: fmt.Sprintf("%x, %d, %d", math.Float64bits(distance), n, seed),
		scratch:  func(dim int) int { return max(0, n) * dim },
		prepare: func(obj Objective) (func(*point, []float64), error) {
			if !(distance > 0) || math.IsInf(distance, 0) || n < 1 {
				return nil, fmt.Errorf("landscape: Perturbations at distance %v in %s: the distance must be positive and finite, and there must be a direction", distance, count(n, "direction"))
			}
			steps := make([][]float64, n)
			for i := range steps {
				steps[i] = randomStream(obj, seed, uint64(i+1)).V
				length := norm2(steps[i])
				for k := range steps[i] {
					steps[i][k] *= distance / length
				}
			}
			return func(p *point, out []float64) {
				here := obj.Value(p.theta)
				mean, largest := 0.0, math.Inf(-1)
				for _, step := range steps {
					for k, d := range step {
						p.grad[k] = p.theta[k] + d
					}
					rise := obj.Value(p.grad) - here
					mean += rise / float64(n)
					largest = max(largest, rise)
				}
				out[0], out[1] = mean, largest
			}, nil
		},
	}
}

// Measure is any function of the parameters, under a name of one's own. f is called from
// several goroutines at once.
func Measure(name string, f func(theta []float64) float64) Quantity {
	return Quantity{Names: []string{name}, prepare: func(Objective) (func(*point, []float64), error) {
		if f == nil {
			return nil, fmt.Errorf("landscape: Measure %s: the function is nil", name)
		}
		return func(p *point, out []float64) { out[0] = f(p.theta) }, nil
	}}
}
