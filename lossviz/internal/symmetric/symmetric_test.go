package symmetric

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// A power of two as a factor of the matrix is one of the eigenvalues, to rounding, and changes no vector.
func TestScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 12; n++ {
		unit := mat.NewSymDense(n, nil)
		for i := range n {
			for k := i; k < n; k++ {
				unit.SetSym(i, k, rng.NormFloat64())
			}
		}
		scaled := func(exponent int) *mat.SymDense {
			h := mat.NewSymDense(n, nil)
			for i := range n {
				for k := i; k < n; k++ {
					h.SetSym(i, k, math.Ldexp(unit.At(i, k), exponent))
				}
			}
			return h
		}
		want, vectors, _ := Eigen(scaled(0), true)
		for _, exponent := range []int{-1000, -700, -480, -20, 300, 480, 1000} {
			got, v, ok := Eigen(scaled(exponent), true)
			if !ok {
				t.Fatalf("n = %d, 2^%d: no eigenvalues", n, exponent)
			}
			for i := range got {
				if math.Abs(math.Ldexp(got[i], -exponent)-want[i]) > 1e-12*float64(n) {
					t.Errorf("n = %d, 2^%d: eigenvalue %d is %v, want %v", n, exponent, i, math.Ldexp(got[i], -exponent), want[i])
				}
			}
			if !mat.EqualApprox(v, vectors, 1e-9) {
				t.Errorf("n = %d, 2^%d: other vectors", n, exponent)
			}
			if only, _, ok := Eigen(scaled(exponent), false); !ok || !near(only, got) {
				t.Errorf("n = %d, 2^%d: without vectors %v, with %v", n, exponent, only, got)
			}
		}
	}
}

func near(a, b []float64) bool {
	size := max(math.Abs(b[0]), math.Abs(b[len(b)-1]))
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= 1e-12*size) {
			return false
		}
	}
	return len(a) == len(b)
}

// A matrix of blocks, of which one is tiny: a network with a saturated unit.
func TestTinyBlock(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2, 3}, {2, 3, 0, 1}, {0, 2, 1, 3}} {
		block := []float64{2, 1, 0, 0, 1, 2, 0, 0, 0, 0, 3e-200, 1e-200, 0, 0, 1e-200, 3e-200}
		h := mat.NewSymDense(4, nil)
		for i, a := range order {
			for k, b := range order[:i+1] {
				h.SetSym(i, k, block[4*a+b])
			}
		}
		for _, vectors := range []bool{false, true} {
			if values, _, ok := Eigen(h, vectors); !ok || !near(values, []float64{0, 0, 1, 3}) {
				t.Errorf("order %v: %v", order, values)
			}
		}
	}
}

func TestNotFinite(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, _, ok := Eigen(mat.NewSymDense(2, []float64{1, bad, bad, 1}), false); ok {
			t.Errorf("a matrix with %v has eigenvalues", bad)
		}
	}
	if values, _, ok := Eigen(mat.NewSymDense(2, []float64{0, 0, 0, 0}), true); !ok || values[0] != 0 || values[1] != 0 {
		t.Errorf("zero: %v", values)
	}
}
