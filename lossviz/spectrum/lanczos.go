package spectrum

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/internal/symmetric"
	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// A Product fills hv with a symmetric matrix times v.
type Product func(hv, v []float64)

// tridiagonal is the result of Lanczos' iteration: basis'*H*basis is the
// tridiagonal matrix of alpha and beta (Golub and Van Loan, Matrix Computations,
// section 10.1), basis orthonormal by full reorthogonalization.
type tridiagonal struct {
	alpha, beta []float64 // beta[i] couples i and i+1; the last one is the residual's norm
	basis       [][]float64
}

// step adds one vector; false when the Krylov space is exhausted.
func (t *tridiagonal) step(h Product) bool {
	n := len(t.alpha)
	v := t.basis[n]
	w := make([]float64, len(v))
	h(w, v)
	a := dot(w, v)
	for range 2 { // twice is enough (Parlett, The Symmetric Eigenvalue Problem, section 6.9)
		for _, u := range t.basis {
			axpy(w, -dot(w, u), u)
		}
	}
	b := math.Sqrt(dot(w, w))
	t.alpha, t.beta = append(t.alpha, a), append(t.beta, b)
	scale := math.Abs(a)
	for i := range t.beta[:n] {
		scale = math.Max(scale, math.Abs(t.alpha[i])+t.beta[i])
	}
	if !(b > 1e-13*scale) || len(t.alpha) == len(v) {
		t.beta[n] = 0
		return false
	}
	for i := range w {
		w[i] /= b
	}
	t.basis = append(t.basis, w)
	return true
}

// restart continues an exhausted Krylov space, which holds one eigenvector of each
// eigenvalue only, with a random vector that is orthogonal to it; false when there is none left.
func (t *tridiagonal) restart(seed uint64) bool {
	dim := len(t.basis[0])
	for try := range uint64(3) {
		if len(t.basis) == dim {
			return false
		}
		v := start(dim, seed+uint64(len(t.basis))+try<<32)
		for range 2 {
			for _, u := range t.basis {
				axpy(v, -dot(v, u), u)
			}
		}
		if norm := math.Sqrt(dot(v, v)); norm > 1e-8 {
			for i := range v {
				v[i] /= norm
			}
			t.basis = append(t.basis, v)
			return true
		}
	}
	return false
}

// eigen returns the eigenvalues of the tridiagonal matrix, ascending, and its
// eigenvectors as columns; ok is false if it holds NaN or Inf.
func (t *tridiagonal) eigen() (values []float64, vectors *mat.Dense, ok bool) {
	k := len(t.alpha)
	s := mat.NewSymDense(k, nil)
	for i, a := range t.alpha {
		if math.IsNaN(a) || math.IsInf(a, 0) || math.IsNaN(t.beta[i]) || math.IsInf(t.beta[i], 0) {
			return nil, nil, false
		}
		s.SetSym(i, i, a)
		if i+1 < k {
			s.SetSym(i, i+1, t.beta[i])
		}
	}
	return symmetric.Eigen(s, true)
}

// start is a random unit vector, the same for the same seed.
func start(dim int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 0x5add1e))
	v := make([]float64, dim)
	for i := range v {
		v[i] = random.NormFloat64()
	}
	norm := math.Sqrt(dot(v, v))
	for i := range v {
		v[i] /= norm
	}
	return v
}

func dot(a, b []float64) float64 { return vec.Dot(a, b) }

func axpy(y []float64, a float64, x []float64) { vec.AddScaled(y, y, a, x) }

// A Pair is an approximate eigenvalue with its eigenvector, of norm 1. An
// eigenvalue of the (exactly symmetric) matrix lies within Residual = |Hv - value v| of Value.
type Pair struct {
	Value    float64
	Vector   []float64
	Residual float64
}

// Ends returns the low smallest and the high largest eigenvalues of a symmetric matrix
// of size dim, with eigenvectors, by Lanczos' iteration with full reorthogonalization. It stops
// when the wanted pairs have residuals below tolerance times the largest
// eigenvalue in size, after at most steps products (0: dim), or when ctx ends; then
// what was found is returned with the context's error.
func Ends(ctx context.Context, h Product, dim, low, high int, tolerance float64, steps int, seed uint64) (lowest, highest []Pair, err error) {
	if steps <= 0 || steps > dim {
		steps = dim
	}
	t := &tridiagonal{basis: [][]float64{start(dim, seed)}}
	block := 0 // where the current Krylov space began
	for n := 1; n <= steps; n++ {
		more := t.step(h)
		if !more && t.restart(seed) {
			more, block = true, n
		}
		err = ctx.Err()
		last := !more || n == steps || err != nil
		if !last && (n < low+high+2 || n < block+20 || n%5 != 0) {
			continue
		}
		values, vectors, ok := t.eigen()
		if !ok {
			return nil, nil, errNotFinite
		}
		scale := math.Max(math.Abs(values[0]), math.Abs(values[n-1]))
		residual := func(i int) float64 { return t.beta[n-1] * math.Abs(vectors.At(n-1, i)) }
		converged := true
		for i := range n {
			if (i < low || i >= n-high) && residual(i) > tolerance*scale {
				converged = false
			}
		}
		if converged || last {
			pair := func(i int) Pair {
				v := make([]float64, dim)
				for j := range n {
					axpy(v, vectors.At(j, i), t.basis[j])
				}
				return Pair{values[i], v, residual(i)}
			}
			for i := range min(low, n) {
				lowest = append(lowest, pair(i))
			}
			for i := n - 1; i >= max(0, n-high); i-- {
				highest = append(highest, pair(i))
			}
			break
		}
	}
	return lowest, highest, err
}
