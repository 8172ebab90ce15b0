package enclose_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/convexity/enclose"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

// Eigenvalues of random matrices within random boxes of matrices lie in their enclosures.
func TestEigenvaluesEnclose(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for n := 1; n < 9; n++ {
		for range 30 {
			radius := []float64{0, 1e-9, 1e-3, 0.1}[r.IntN(4)]
			box := make([]interval.Interval, n*n)
			inside := mat.NewSymDense(n, nil)
			for i := range n {
				for j := range i + 1 {
					x := r.NormFloat64()
					b := interval.New(x-radius, x+radius)
					box[i*n+j], box[j*n+i] = b, b
					inside.SetSym(i, j, math.Max(b.Lo, math.Min(b.Hi, x+radius*(2*r.Float64()-1))))
				}
			}
			values, ok := enclose.Eigenvalues(box, n)
			if !ok {
				t.Fatal("no enclosure")
			}
			var eigen mat.EigenSym
			eigen.Factorize(inside, false)
			for k, want := range eigen.Values(nil) {
				if want < values[k].Lo-1e-13 || want > values[k].Hi+1e-13 {
					t.Fatalf("eigenvalue %d is %v, enclosed by %v", k, want, values[k])
				}
				if values[k].Width() > 2*float64(n)*radius*1.01+1e-12 {
					t.Fatalf("eigenvalue %d is enclosed by %v, radius %v", k, values[k], radius)
				}
			}
		}
	}
	unbounded := []interval.Interval{interval.Entire}
	if _, ok := enclose.Eigenvalues(unbounded, 1); ok {
		t.Error("eigenvalues of an unknown matrix")
	}
}
