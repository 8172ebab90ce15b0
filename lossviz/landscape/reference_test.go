package landscape

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// Against PyTorch; see testdata/make_reference.py.
func TestAgainstPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Activation, Loss string
		Sizes                  []int
		X, Y, Theta, Layer     []float64
		Raw, Filter            [][]float64
		Values                 map[string][][]float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		act, err := nn.ParseActivation(c.Activation)
		if err != nil {
			t.Fatal(err)
		}
		loss, err := nn.ParseLoss(c.Loss)
		if err != nil {
			t.Fatal(err)
		}
		obj := NewObjective(nn.Deep(act, c.Sizes...), loss, dataset.New(c.Name, c.X, c.Y, c.Sizes[0]))
		if obj.Err() != nil {
			t.Fatal(obj.Err())
		}
		var d [2]*Direction
		for k := range d {
			d[k] = Given("raw", c.Raw[k]).Normalize(obj, c.Theta, Filter)
			requireClose(t, c.Name+" filter-normalized direction", d[k].V, c.Filter[k], 1e-12)
		}
		requireClose(t, c.Name+" layer-normalized direction", Given("raw", c.Raw[0]).Normalize(obj, c.Theta, Layer).V, c.Layer, 1e-12)
		for _, path := range []SliceOption{Quiet(), PointByPoint()} {
			s := Slice(obj, NewPlane(c.Theta, d[0], d[1]), Square(1, 5), Report(Accuracy(), GradientNorm(), HessianExtremes()), Quiet(), path)
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
			for name, tolerance := range map[string]float64{NameLoss: 1e-10, NameAccuracy: 1e-15, NameGradientNorm: 1e-9, NameHessianMin: 1e-7, NameHessianMax: 1e-7} {
				for i := range s.X {
					requireClose(t, c.Name+" "+name, s.Values[name][i], c.Values[name][i], tolerance)
				}
			}
		}
	}
}

func requireClose(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tolerance*math.Abs(want[i])) {
			t.Errorf("%s [%d]: %v, want %v (off by %.1e relative)", what, i, got[i], want[i], math.Abs(got[i]-want[i])/math.Abs(want[i]))
			return
		}
	}
}
