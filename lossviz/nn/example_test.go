package nn_test

import (
	"encoding/json"
	"fmt"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

func ExampleNew() {
	net := nn.New(
		nn.Conv2DLayer{In: 1, Out: 4, Kernel: 3, Padding: 1, Height: 8, Width: 8, Activation: nn.ReLU},
		nn.MaxPool(2),
		nn.Residual(nn.Conv2DLayer{In: 4, Out: 4, Kernel: 3, Padding: 1, Activation: nn.Tanh}),
		nn.FlattenLayer{},
		nn.Dense(64, 10, nn.Identity),
	)
	fmt.Println(net)
	// Output:
	// input                                       1x8x8
	// 0  conv2d 1 -> 4, 3x3, padding 1, relu      4x8x8      40
	// 1  max-pool 2x2                             4x4x4
	// 2  residual                                 4x4x4     148
	//   2.0  conv2d 4 -> 4, 3x3, padding 1, tanh  4x4x4     148
	// 3  flatten                                     64
	// 4  dense 64 -> 10                              10     650
	// output                                         10     838 parameters
}

func ExampleNew_mistake() {
	fmt.Println(nn.New(nn.Dense(2, 16, nn.Tanh), nn.Dense(8, 1, nn.Identity)))
	// Output: error: nn: layer 1 (dense 8 -> 1) takes 8, but gets 16
}

func ExampleNewEvaluator() {
	data := dataset.XOR(4, 0, 1)
	net := nn.MLP(2, 2, 1, nn.Tanh)
	loss := nn.NewEvaluator(net, nn.LogisticLoss, data)
	theta := make([]float64, net.Dim())
	grad := make([]float64, net.Dim())
	fmt.Printf("%.4f, gradient %v, accuracy %v\n", loss.Gradient(grad, theta), grad, loss.Accuracy(theta))
	// Output: 0.6931, gradient [0 0 0 0 0 0 0 0 0], accuracy 0.5
}

func ExampleNetwork_Blocks() {
	for _, b := range nn.MLP(2, 8, 1, nn.Tanh).Blocks() {
		fmt.Println(b.Name, b.Shape, b.Kind, "at", b.Offset)
	}
	// Output:
	// 0.weight [8 2] weight at 0
	// 0.bias [8] bias at 16
	// 1.weight [1 8] weight at 24
	// 1.bias [1] bias at 32
}

func ExampleNetwork_MarshalJSON() {
	text, err := json.Marshal(nn.MLP(2, 8, 1, nn.Tanh))
	fmt.Println(string(text), err)
	// Output: {"layers":[{"type":"dense","in":2,"out":8,"activation":"tanh"},{"type":"dense","in":8,"out":1}]} <nil>
}

func ExampleLoadSafetensors() {
	net := nn.MLP(2, 3, 1, nn.Tanh)
	theta, err := nn.LoadSafetensors(net, "testdata/named_float32.safetensors", map[string]string{"0": "fc1", "1": "fc2"})
	fmt.Println(len(theta), err)
	// Output: 13 <nil>
}
