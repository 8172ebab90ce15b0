package convexity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

func ExampleJudge() {
	data := dataset.Moons(100, 0.15, 1)
	logistic := landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, data)
	hidden := landscape.NewObjective(nn.MLP(2, 8, 1, nn.Tanh), nn.LogisticLoss, data)
	fmt.Println(convexity.Judge(logistic))
	fmt.Println(convexity.Judge(hidden).Kind)
	// Output:
	// convex: proved in 4 steps
	// not-convex
}

func ExampleFunction() {
	x := convexity.Var(0)
	fmt.Println(convexity.Judge(convexity.Function(1, convexity.Max(convexity.Square(x), convexity.Exp(x)))))
	fmt.Println(convexity.Judge(convexity.Function(1, convexity.Sigmoid(x))).Kind)
	// Output:
	// convex: proved in 3 steps
	// not-convex
}

func judged(t *testing.T, loss landscape.Objective, want convexity.Kind) *convexity.Verdict {
	t.Helper()
	v := convexity.Judge(loss)
	if v.Err() != nil {
		t.Fatalf("%v: %v", loss, v.Err())
	}
	if v.Kind != want {
		t.Errorf("%v: %v, want %v", loss, v.Explain(), want)
	}
	if err := v.Verify(); err != nil {
		t.Errorf("%v: %v", loss, err)
	}
	return v
}

func TestTheLossMattersNotTheActivation(t *testing.T) {
	data := dataset.Blobs(60, 2, 1, 1)
	sigmoid := nn.New(nn.Dense(2, 1, nn.Sigmoid))
	judged(t, landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, data), convexity.Convex)
	v := judged(t, landscape.NewObjective(sigmoid, nn.Squared, data), convexity.NotConvex)
	if !strings.HasPrefix(v.String(), "not convex: L(midpoint) = ") {
		t.Errorf("says %q", v)
	}
	t.Log(v.Explain())
}

func TestHiddenLayersAreNotConvex(t *testing.T) {
	data := dataset.Moons(200, 0.15, 1)
	for _, act := range []nn.Activation{nn.Identity, nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.Softplus, nn.GELU, nn.SiLU} {
		v := judged(t, landscape.NewObjective(nn.MLP(2, 8, 1, act), nn.LogisticLoss, data), convexity.NotConvex)
		t.Log(act, v)
	}
}

// A class does not wait: a second for a small network, twenty for the digits. Clocks of busy machines are no test;
// what makes it quick is that the first look decides.
var inTime = map[string]*landscape.NetworkObjective{
	"2-8-1":    landscape.NewObjective(nn.MLP(2, 8, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(200, 0.15, 1)),
	"64-32-10": landscape.NewObjective(nn.MLP(64, 32, 10, nn.Tanh), nn.CrossEntropy, dataset.Digits()),
}

func TestTheFirstLookDecides(t *testing.T) {
	for name, loss := range inTime {
		if v := convexity.Judge(loss); v.Kind != convexity.NotConvex || len(v.Tried) != 1 {
			t.Errorf("%s: %s", name, v.Explain())
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	for name, loss := range inTime {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				convexity.Judge(loss)
			}
		})
	}
}

// An objective with the name and the formula of another is not that other.
type disguised struct{ *convexity.FunctionObjective }

func (d disguised) Value(theta []float64) float64 { return -d.FunctionObjective.Value(theta) }

func TestEmbeddedFormulasProveNothing(t *testing.T) {
	f := disguised{convexity.Function(1, convexity.Square(convexity.Var(0)))}
	if v := convexity.Judge(f); v.Err() != nil || v.Kind != convexity.Undetermined {
		t.Error(v)
	}
}

// A formula with a part that occurs twice in one that occurs twice, and so on, is small; what could be made of it is not.
func TestFormulasThatShareTheirParts(t *testing.T) {
	sum, product := convexity.Square(convexity.Var(0)), convexity.VarIn(0, 0.5, 1)
	for range 100 {
		sum, product = convexity.Sum(sum, convexity.Scale(0.5, sum)), convexity.Product(product, product)
	}
	if v := judged(t, convexity.Function(1, sum), convexity.Convex); len(v.Objective) > 2000 {
		t.Errorf("%d letters", len(v.Objective))
	}
	for _, e := range []*convexity.Expr{product, convexity.Log(convexity.Sub(product, convexity.Const(1)))} {
		if v := convexity.Judge(convexity.Function(1, e)); len(v.String()) > 2000 {
			t.Errorf("%d letters", len(v.String()))
		}
	}
}
