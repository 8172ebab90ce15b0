package convexity_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A modulus is a lower bound. A card says so, rounds it down, and is silent where it is 0 and nobody asked.
func TestCardOfAModulus(t *testing.T) {
	data := dataset.Moons(30, 0.15, 1)
	line := dataset.New("line", []float64{1, 2, 3, -1}, []float64{0, 1, 2, 0}, 1)
	modulus := func(loss landscape.Objective) (bound string, v *convexity.Verdict) {
		v = judged(t, loss, convexity.Convex)
		card, err := v.Card()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range card.Facts {
			if f.Name == "strong convexity" {
				bound = f.Value
			}
		}
		return bound, v
	}
	if got, _ := modulus(landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, data)); got != "" {
		t.Errorf("a logistic loss without a penalty: %q", got)
	}
	if got, _ := modulus(landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, data, landscape.L2(0.1))); got != "modulus at least 0" {
		t.Errorf("with a penalty, and a bias that has none: %q", got)
	}
	got, v := modulus(landscape.NewObjective(nn.New(nn.DenseLayer{In: 1, Out: 1, NoBias: true}), nn.Squared, line))
	m, err := strconv.ParseFloat(strings.TrimPrefix(got, "modulus at least "), 64)
	if err != nil || m > v.StrongConvexity || m < v.StrongConvexity*(1-1e-5) {
		t.Errorf("squared loss: %q, the modulus is at least %v", got, v.StrongConvexity)
	}
	if !strings.Contains(v.String(), "at least") {
		t.Errorf("%q sounds exact", v)
	}
}
