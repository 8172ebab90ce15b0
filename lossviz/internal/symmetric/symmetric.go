// Package symmetric decomposes symmetric matrices by gonum, whatever the size of their entries.
//
// gonum v0.17.0 panics where all of them are below some 1e-146, which Hessians of saturated losses are.
package symmetric

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Eigen returns the eigenvalues of h, ascending, and, if they are asked for, the unit eigenvectors as columns. It is
// false for a matrix that is not finite, and where the iteration does not converge.
func Eigen(h *mat.SymDense, vectors bool) (values []float64, v *mat.Dense, ok bool) {
	n := h.SymmetricDim()
	raw := h.RawSymmetric()
	largest := 0.0
	for i := range n {
		for _, x := range raw.Data[i*raw.Stride+i : i*raw.Stride+n] {
			largest = max(largest, math.Abs(x)) // max keeps a NaN
		}
	}
	if math.IsNaN(largest) || math.IsInf(largest, 0) {
		return nil, nil, false
	}
	exponent := 0
	if largest > 0 && (largest < 1e-100 || largest > 1e100) {
		_, exponent = math.Frexp(largest)
		scaled := mat.NewSymDense(n, nil)
		for i := range n {
			for k := i; k < n; k++ {
				scaled.SetSym(i, k, math.Ldexp(h.At(i, k), -exponent))
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
