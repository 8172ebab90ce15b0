// Package symmetric decomposes symmetric matrices by gonum, whatever the size of their entries.
package symmetric

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Eigen returns the eigenvalues of h, ascending, and, if they are asked for, the unit eigenvectors as columns. It is
// false for a matrix that is not finite, and where the iteration does not converge.
func Eigen(h *mat.SymDense, vectors bool) (values []float64, v *mat.Dense, ok bool) {
	n := h.SymmetricDim()
	for i := range n {
		for k := i; k < n; k++ {
			if x := h.At(i, k); math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, nil, false
			}
		}
	}
	var eigen mat.EigenSym
	if !factorize(&eigen, h, vectors) {
		return nil, nil, false
	}
	if vectors {
		v = new(mat.Dense)
		eigen.VectorsTo(v)
	}
	return eigen.Values(nil), v, true
}

// factorize is eigen.Factorize. Without vectors gonum v0.17.0 takes a routine (Dsterf) that panics where a block of the
// tridiagonal matrix is below 1e-122, as Hessians of saturated losses are; with vectors it takes one that does not.
func factorize(eigen *mat.EigenSym, h *mat.SymDense, vectors bool) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = !vectors && eigen.Factorize(h, true)
		}
	}()
	return eigen.Factorize(h, vectors)
}
