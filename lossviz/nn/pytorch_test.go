package nn

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

// A pytorchCase is what testdata/make_cases.py wrote.
type pytorchCase struct {
	Name        string
	Network     *Network
	Loss        string
	L1, L2      float64
	X           [][]float64
	Y           json.RawMessage // class numbers, or rows
	Theta       []float64
	Value       float64
	Gradient    []float64
	V, HV, DY   []float64
	Eigenvalues []float64
	At          [][2]float64
	Slice       []float64
}

func (c *pytorchCase) evaluator(t *testing.T) *Evaluator {
	t.Helper()
	loss, err := ParseLoss(c.Loss)
	if err != nil {
		t.Fatal(err)
	}
	var x, y []float64
	for _, row := range c.X {
		x = append(x, row...)
	}
	if json.Unmarshal(c.Y, &y) != nil {
		var rows [][]float64
		if err := json.Unmarshal(c.Y, &rows); err != nil {
			t.Fatal(err)
		}
		y = nil
		for _, row := range rows {
			y = append(y, row...)
		}
	}
	e := NewPenalized(c.Network, loss, dataset.New(c.Name, x, y, len(c.X[0])), c.L1, c.L2)
	if err := e.Err(); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPyTorch compares with what PyTorch computes in float64.
func TestPyTorch(t *testing.T) {
	file, err := os.Open("testdata/cases.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []pytorchCase
	if err := json.NewDecoder(unzip).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			e := c.evaluator(t)
			dim := e.Dim()
			grad, hv := make([]float64, dim), make([]float64, dim)
			// Where PyTorch's value is 0 by rounding, ours may be the smaller true one.
			agree(t, "value", []float64{e.Value(c.Theta)}, []float64{c.Value}, 1e-12)
			agree(t, "value beside the gradient", []float64{e.Gradient(grad, c.Theta)}, []float64{c.Value}, 1e-12)
			agree(t, "gradient", grad, c.Gradient, 1e-9)
			e.HessianVector(hv, c.Theta, c.V)
			agree(t, "Hessian-vector product", hv, c.HV, 1e-9)
			agree(t, "Hessian eigenvalues", eigenvalues(e, c.Theta), c.Eigenvalues, 1e-9)

			direct, fast := make([]float64, len(c.At)), make([]float64, len(c.At))
			a, b := make([]float64, len(c.At)), make([]float64, len(c.At))
			for k, at := range c.At {
				a[k], b[k] = at[0], at[1]
				point := make([]float64, dim)
				for i := range point {
					point[i] = c.Theta[i] + a[k]*c.V[i] + b[k]*c.DY[i]
				}
				direct[k] = e.Value(point)
			}
			agree(t, "slice, point by point", direct, c.Slice, 1e-12)
			if s := e.Slicer(c.Theta, c.V, c.DY); s != nil {
				s.Worker()(a, b, fast, nil)
				agree(t, "slice", fast, c.Slice, 1e-12)
			}
		})
	}
}

// eigenvalues of the Hessian, ascending, from products with all unit vectors.
func eigenvalues(e *Evaluator, theta []float64) []float64 {
	dim := e.Dim()
	h := mat.NewSymDense(dim, nil)
	unit, row := make([]float64, dim), make([]float64, dim)
	for i := range dim {
		clear(unit)
		unit[i] = 1
		e.HessianVector(row, theta, unit)
		for j := i; j < dim; j++ {
			h.SetSym(i, j, row[j])
		}
	}
	var eigen mat.EigenSym
	eigen.Factorize(h, false)
	return eigen.Values(nil)
}

// agree compares relative to the largest number wanted.
func agree(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	size, worst := 0.0, 0.0
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		size = max(size, math.Abs(want[i]))
		worst = max(worst, math.Abs(got[i]-want[i])) // NaN stays NaN
	}
	if !(worst <= tolerance*max(size, 1e-300)) && worst > 1e-15 || math.IsNaN(worst) {
		t.Errorf("%s is off by %.2g of %.2g", what, worst, size)
	}
}
