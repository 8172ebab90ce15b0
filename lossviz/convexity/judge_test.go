package convexity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// A class does not wait: a second for a small network, twenty for the digits.
func TestVerdictsComeInTime(t *testing.T) {
	for _, c := range []struct {
		loss *landscape.NetworkObjective
		most time.Duration
	}{
		{landscape.NewObjective(nn.MLP(2, 8, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(200, 0.15, 1)), time.Second},
		{landscape.NewObjective(nn.MLP(64, 32, 10, nn.Tanh), nn.CrossEntropy, dataset.Digits()), 20 * time.Second},
	} {
		start := time.Now()
		v := convexity.Judge(c.loss)
		if took := time.Since(start); v.Kind != convexity.NotConvex || took > c.most {
			t.Errorf("%v: %v after %v", c.loss, v, took)
		} else {
			t.Logf("%v: %v after %v", c.loss, v, took)
		}
	}
}
