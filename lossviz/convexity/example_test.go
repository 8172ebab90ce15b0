package convexity_test

import (
	"encoding/json"
	"fmt"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A verdict can be written, read by someone else, and checked by code that shares nothing with the search.
func ExampleVerdict_Verify() {
	loss := landscape.NewObjective(nn.MLP(2, 4, 1, nn.Tanh), nn.LogisticLoss, dataset.XOR(40, 0.1, 1))
	text, err := json.Marshal(convexity.Judge(loss))
	fmt.Println(err)
	read := convexity.Read(text, loss)
	fmt.Println(read.Kind, read.Verify())
	read.Certificate.T = 0.9
	fmt.Println(read.Verify() != nil)
	// Output:
	// <nil>
	// not-convex <nil>
	// true
}

func ExampleAtPoint() {
	// (1 - uv)^2: zero is a saddle, with the eigenvalues -2 and 2.
	v := convexity.AtPoint(convexity.DeepLinear(1), []float64{0, 0})
	fmt.Println(v.Kind)
	fmt.Printf("%.6f %.6f\n", v.Eigenvalues[0].Mid(), v.Eigenvalues[1].Mid())
	// Output:
	// not-convex
	// -2.000000 2.000000
}

func ExampleOnBox() {
	x, y := convexity.Var(0), convexity.Var(1)
	f := convexity.Function(2, convexity.Sum(convexity.Exp(x), convexity.Square(y), convexity.Scale(0.1, convexity.Product(x, y))))
	fmt.Println(convexity.OnBox(f, []float64{-1, -1}, []float64{1, 1}).Kind)
	// Output: convex
}

func ExampleGap() {
	// w2 relu(w1) at (1, -1), (-1, 1) and half-way: 0 - (-1 + 0)/2.
	gap, err := convexity.Gap(convexity.ReLUProduct(1), []float64{1, -1}, []float64{-1, 1}, 0.5)
	fmt.Println(gap, err)
	// Output: [0.5, 0.5] <nil>
}

func ExampleMirrors() {
	loss := landscape.NewObjective(nn.MLP(2, 3, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(40, 0.1, 1))
	m := convexity.Mirrors(loss, loss.Net.Init(1), 100)
	fmt.Println(len(m.Points)) // 3 sign flips and 3! - 1 permutations
	// Output: 8
}
