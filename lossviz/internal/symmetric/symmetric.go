// Package symmetric decomposes symmetric matrices by gonum, whatever the size of their entries.
//
// gonum v0.17.0 (lapack/gonum, Dsterf and Dsteqr) panics, or gives eigenvalues like 1e119, where a block of the
// tridiagonal matrix is below 1e-122: a scale is not undone. Hessians of saturated networks have such blocks.
package symmetric

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// negligible is what an entry is, next to the largest one, to become zero: it is far below the rounding of
// any eigenvalue.
const negligible = 1e-60

// Eigen returns the eigenvalues of h, ascending, and, if they are asked for, the unit eigenvectors as columns. It is
// false for a matrix that is not finite, and where the iteration does not converge.
func Eigen(h *mat.SymDense, vectors bool) (values []float64, v *mat.Dense, ok bool) {
	n := h.SymmetricDim()
	smallest, largest := math.Inf(1), 0.0
	for i := range n {
		for k := i; k < n; k++ {
			x := math.Abs(h.At(i, k))
			largest = max(largest, x) // max keeps a NaN
			if x > 0 {
				smallest = min(smallest, x)
			}
		}
	}
	if math.IsNaN(largest) || math.IsInf(largest, 0) {
		return nil, nil, false
	}
	exponent := 0
	if largest > 0 && (smallest < negligible*largest || largest < 1e-30 || largest > 1e30) {
		_, exponent = math.Frexp(largest)
		scaled := mat.NewSymDense(n, nil)
		for i := range n {
			for k := i; k < n; k++ {
				if x := math.Ldexp(h.At(i, k), -exponent); math.Abs(x) >= negligible {
					scaled.SetSym(i, k, x)
				}
			}
		}
		h = scaled
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(h, vectors) {
		return nil, nil, false
	}
	values = eigen.Values(nil)
	for i := range values {
		values[i] = math.Ldexp(values[i], exponent)
	}
	if vectors {
		v = new(mat.Dense)
		eigen.VectorsTo(v)
	}
	return values, v, true
}
