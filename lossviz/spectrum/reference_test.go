package spectrum_test

import (
	"cmp"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
)

// Hessians, their eigenvalues and the enclosures of both against PyTorch's exact
// ones in float64 (testdata/make_hessians.py).
func TestAgainstPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/hessians.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Sizes            []int
			Activation, Loss string
			X, Y, Theta      []float64
			Value            float64
			Hessian          []float64
			Eigenvalues      []float64
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	peers := pyhessian(t)
	for k, c := range file.Cases {
		act, err := nn.ParseActivation(c.Activation)
		if err != nil {
			t.Fatal(err)
		}
		lossName, err := nn.ParseLoss(c.Loss)
		if err != nil {
			t.Fatal(err)
		}
		loss := landscape.NewObjective(nn.Deep(act, c.Sizes...), lossName, dataset.New("reference", c.X, c.Y, c.Sizes[0]))
		if loss.Err() != nil {
			t.Fatal(loss.Err())
		}
		h, err := spectrum.Hessian(loss, c.Theta)
		if err != nil {
			t.Fatal(err)
		}
		n := len(c.Theta)
		largest := math.Max(math.Abs(c.Eigenvalues[0]), math.Abs(c.Eigenvalues[n-1]))
		for i := range n {
			for j := range n {
				if d := math.Abs(h.At(i, j) - c.Hessian[i*n+j]); d > 1e-9*largest {
					t.Fatalf("%v %s: entry %d, %d differs by %v", c.Sizes, c.Activation, i, j, d)
				}
			}
		}
		values, err := spectrum.Eigenvalues(loss, c.Theta)
		if err != nil {
			t.Fatal(err)
		}
		enclosed := convexity.AtPoint(loss, c.Theta)
		if enclosed.Err() != nil || enclosed.Kink {
			t.Fatal(enclosed)
		}
		for i, want := range c.Eigenvalues {
			if d := math.Abs(values[i] - want); d > 1e-7*largest {
				t.Errorf("%v %s: eigenvalue %d differs by %v", c.Sizes, c.Activation, i, d)
			}
			if e := enclosed.Eigenvalues[i]; want < e.Lo-1e-12*largest || want > e.Hi+1e-12*largest || e.Width() > 1e-9*largest {
				t.Errorf("%v %s: eigenvalue %d, %v, is enclosed by %v", c.Sizes, c.Activation, i, want, e)
			}
		}
		if !(enclosed.Value.Lo-1e-14 <= c.Value && c.Value <= enclosed.Value.Hi+1e-14) {
			t.Errorf("%v %s: value %v is enclosed by %v", c.Sizes, c.Activation, c.Value, enclosed.Value)
		}
		// pyhessian finds those of largest size, by power iteration, and estimates the trace as Trace does.
		bySize := slices.Clone(values)
		slices.SortFunc(bySize, func(a, b float64) int { return cmp.Compare(math.Abs(b), math.Abs(a)) })
		for i, want := range peers[k].Values {
			if math.Abs(bySize[i]-want) > 1e-5*largest {
				t.Errorf("%v %s: eigenvalues of largest size %v, pyhessian has %v", c.Sizes, c.Activation, bySize[:2], peers[k].Values)
			}
		}
		trace := spectrum.Trace(loss, c.Theta, spectrum.Probes(1000))
		density := spectrum.Density(loss, c.Theta)
		if apart := math.Abs(trace.Value - peers[k].Trace); apart > 5*math.Hypot(trace.StdErr, peers[k].Error)+1e-9*largest {
			t.Errorf("%v %s: %v, pyhessian has %v +- %v", c.Sizes, c.Activation, trace, peers[k].Trace, peers[k].Error)
		}
		if mean := trace.Value / float64(n); math.Abs(density.Moment(1)-mean) > largest/2 {
			t.Errorf("%v %s: mean eigenvalue %v by the density, %v by the trace", c.Sizes, c.Activation, density.Moment(1), mean)
		}
		ends := spectrum.Extremes(loss, c.Theta, 2, 2)
		for k := range 2 {
			if math.Abs(ends.Lowest[k].Value-c.Eigenvalues[k]) > 1e-7*largest || math.Abs(ends.Highest[k].Value-c.Eigenvalues[n-1-k]) > 1e-7*largest {
				t.Errorf("%v %s: %v", c.Sizes, c.Activation, ends)
			}
		}
	}
}

// pyhessian is what testdata/make_pyhessian.py wrote, case by case.
func pyhessian(t *testing.T) (found []struct {
	Values       []float64
	Trace, Error float64
}) {
	t.Helper()
	text, err := os.ReadFile("testdata/pyhessian.json")
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}
