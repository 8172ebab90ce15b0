package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// everyActivation is in the order of their constants.
var everyActivation = []Activation{Identity, Sigmoid, Tanh, ReLU, LeakyReLU, Softplus, GELU, SiLU}

// zoo is a network for every layer and every activation.
func zoo() map[string]*Network {
	nets := map[string]*Network{
		"no bias":     New(DenseLayer{In: 3, Out: 4, Activation: Tanh, NoBias: true}, DenseLayer{In: 4, Out: 3, NoBias: true}),
		"act layers":  New(ActivationLayer{Tanh}, Dense(3, 5, Identity), ActivationLayer{Softplus}, ActivationLayer{Identity}, Dense(5, 3, Identity)),
		"layer norm":  New(Dense(3, 5, Tanh), LayerNormLayer{Features: 5}, Dense(5, 3, Identity)),
		"batch norm":  New(Dense(3, 5, Tanh), BatchNormLayer{Features: 5}, Dense(5, 3, Identity)),
		"norms first": New(BatchNormLayer{Features: 3}, LayerNormLayer{Features: 3, Eps: 1e-2}, Dense(3, 3, Identity)),
		"running": New(Dense(3, 4, Sigmoid),
			BatchNormLayer{Features: 4, Mean: []float64{0.1, 0.2, 0.3, 0.4}, Variance: []float64{1, 0.5, 2, 0.1}}, Dense(4, 3, Identity)),
		"residual":       New(Dense(3, 4, Tanh), Residual(Dense(4, 6, GELU), Residual(Dense(6, 6, Tanh)), Dense(6, 4, Identity)), ActivationLayer{SiLU}, Dense(4, 3, Identity)),
		"residual first": New(Residual(Dense(3, 3, Tanh)), Dense(3, 3, Identity)),
		"skip off":       New(Dense(3, 4, Tanh), ResidualLayer{Inner: []Layer{Dense(4, 4, GELU)}}, Dense(4, 3, Identity)),
		"conv": New(Conv2DLayer{In: 2, Out: 3, Kernel: 3, Padding: 1, Height: 5, Width: 6, Activation: Tanh}, MaxPool(2),
			Conv2DLayer{In: 3, Out: 2, Kernel: 2, Activation: Sigmoid, NoBias: true}, FlattenLayer{}, Dense(4, 3, Identity)),
		"conv stride": New(Conv2DLayer{In: 1, Out: 2, Kernel: 3, Stride: 2, Padding: 2, Height: 10, Width: 6, Activation: SiLU},
			BatchNormLayer{Features: 2}, PoolLayer{Size: 2, Stride: 1, Mean: true}, FlattenLayer{}, LayerNormLayer{Features: 30}, Dense(30, 3, Identity)),
		"pool first": New(Conv2DLayer{In: 1, Out: 1, Kernel: 1, Height: 10, Width: 6}, PoolLayer{Size: 3, Stride: 2}, AvgPool(2), FlattenLayer{}, Dense(2, 3, Identity)),
	}
	for _, a := range everyActivation {
		nets[a.String()] = Deep(a, 3, 5, 4, 3)
	}
	return nets
}

// losses gives every loss with targets for n samples of k outputs.
func losses(random *rand.Rand, n, k int) map[Loss][]float64 {
	targets := map[Loss][]float64{}
	for _, l := range []Loss{LogisticLoss, CrossEntropy, Squared, Hinge, Absolute, Huber(0.4)} {
		y := make([]float64, n*k)
		for i := range y {
			switch l {
			case LogisticLoss:
				y[i] = float64(random.IntN(2))
			case Hinge:
				y[i] = float64(2*random.IntN(2) - 1)
			case CrossEntropy:
				y[i] = float64(random.IntN(k))
			default:
				y[i] = random.NormFloat64()
			}
		}
		if l == CrossEntropy {
			y = y[:n]
		}
		targets[l] = y
	}
	return targets
}

func normals(random *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = random.NormFloat64()
	}
	return x
}

// TestDerivatives compares gradients and Hessian-vector products with central
// differences, for every layer and activation under every loss.
func TestDerivatives(t *testing.T) {
	const n, h = 21, 1e-5
	for name, net := range zoo() {
		if err := net.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		d := net.Input().Size()
		x := normals(random, n*d)
		for loss, y := range losses(random, n, 3) {
			t.Run(fmt.Sprint(name, "/", loss), func(t *testing.T) {
				e := NewPenalized(net, loss, dataset.New("random", x, y, d), 0.01, 0.02)
				if err := e.Err(); err != nil {
					t.Fatal(err)
				}
				e.step = min(e.step, 8) // several chunks, the last of another size
				if net.wholeBatch {
					e.step = n
				}
				e.chunks = rechunk(e)
				theta, v := normals(random, net.Dim()), normals(random, net.Dim())
				grad, hv := make([]float64, net.Dim()), make([]float64, net.Dim())
				value := e.Gradient(grad, theta)
				if again := e.Value(theta); again != value {
					t.Errorf("Gradient's value is %v, Value %v", value, again)
				}
				e.HessianVector(hv, theta, v)

				at := func(s float64) []float64 {
					p := make([]float64, len(theta))
					for i := range p {
						p[i] = theta[i] + s*v[i]
					}
					return p
				}
				near(t, "gradient", vec.Dot(grad, v), (e.Value(at(h))-e.Value(at(-h)))/(2*h), 1e-6)
				up, down := make([]float64, net.Dim()), make([]float64, net.Dim())
				e.Gradient(up, at(h))
				e.Gradient(down, at(-h))
				worst, size := 0.0, 0.0
				for i := range up {
					fd := (up[i] - down[i]) / (2 * h)
					worst, size = max(worst, math.Abs(fd-hv[i])), max(size, math.Abs(fd))
				}
				if worst > 1e-6*max(size, 1) {
					t.Errorf("Hessian-vector product is off by %.2g of %.2g", worst, size)
				}
			})
		}
	}
}

// rechunk cuts the data anew after step was changed.
func rechunk(e *Evaluator) []chunk {
	var chunks []chunk
	w := &workspace{}
	for from := 0; from < e.data.N; from += e.step {
		var rows []int
		for i := from; i < min(from+e.step, e.data.N); i++ {
			rows = append(rows, i)
		}
		*w = workspace{}
		chunks = append(chunks, w.gather(e.data, rows))
	}
	return chunks
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(math.Abs(want), 1)) {
		t.Errorf("%s is %v, want %v (off by %.2g)", what, got, want, math.Abs(got-want))
	}
}
