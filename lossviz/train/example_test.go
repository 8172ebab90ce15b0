package train_test

import (
	"errors"
	"fmt"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

func ExampleAdam() {
	net := nn.MLP(2, 8, 1, nn.Tanh)
	loss := landscape.NewObjective(net, nn.LogisticLoss, dataset.Moons(200, 0.15, 1))
	run := train.Adam(loss, net.Init(7), train.Steps(500))
	fmt.Println(run.Steps(), "steps; both moons apart:", loss.Accuracy(run.End()) > 0.95)
	// Output: 500 steps; both moons apart: true
}

func ExampleLBFGS() {
	run := train.LBFGS(landscape.Rosenbrock(), []float64{-1.2, 1})
	fmt.Printf("ends at (%.4f, %.4f), error %v\n", run.End()[0], run.End()[1], run.Err())
	// Output: ends at (1.0000, 1.0000), error <nil>
}

// A rate that is too large is said, and the last finite point kept.
func ExampleGradientDescent() {
	run := train.GradientDescent(landscape.Rosenbrock(), []float64{-1.2, 1}, train.Rate(0.01))
	fmt.Println(errors.Is(run.Err(), train.ErrDiverged), len(run.End()))
	// Output: true 2
}
