package convexity_test

import (
	"encoding/json"
	"fmt"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
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

func ExampleQuasiConvexOnLine() {
	x := convexity.Var(0)
	bump := convexity.Function(1, convexity.Sub(convexity.Square(convexity.Square(x)), convexity.Square(x)))
	fmt.Println(convexity.QuasiConvexOnLine(bump, []float64{-1}, []float64{1}))
	// Output: not quasi-convex on the line: at s = 0.5 it is at least 0.25 above both s = 0.1484 and s = 0.8516, certified
}

func ExampleOnSlice() {
	x, y := convexity.Var(0), convexity.Var(1)
	f := convexity.Function(2, convexity.Sum(convexity.Square(x), convexity.Square(y), convexity.Product(x, y)))
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	fmt.Println(convexity.OnSlice(f, plane, 2, 4))
	// Output: convex on the slice: proved on all 16 cells
}

func ExampleConvexInWhat() {
	for _, p := range convexity.ConvexInWhat().Parts {
		fmt.Printf("%s: %s\n", p.Name, p.Verdict.Kind)
	}
	// Output:
	// relu(w1): convex
	// w2 relu(w1): not-convex
	// (1 - w2 relu(w1))^2, its squared loss: not-convex
}

func ExampleTheActivationDoesNot() {
	for _, p := range convexity.TheActivationDoesNot(dataset.Moons(60, 0.15, 1)).Parts {
		fmt.Printf("%s: %s\n", p.Name, p.Verdict.Kind)
	}
	// Output:
	// the sigmoid itself: not-convex
	// logistic regression: convex
	// one hidden layer, identity: not-convex
}

func ExampleTheDeepLinearNetwork() {
	lesson := convexity.TheDeepLinearNetwork()
	for _, fact := range lesson.Facts {
		fmt.Println(fact)
	}
	// Output:
	// one hidden layer, at zero: the gradient is 0, the Hessian's eigenvalues lie between -2 and 2
	// two hidden layers, at zero: the gradient is 0, the Hessian's eigenvalues lie between 0 and 0
}

func ExampleIndexAgainstLoss() {
	study := convexity.IndexAgainstLoss(landscape.Himmelblau(), spectrum.Starts(60)) // 4 minima, 4 saddles, 1 maximum
	fmt.Println(study.Correlation > 0.8)
	// Output: true
}
