package landscape

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/internal/symmetric"
)

// End says which end of the spectrum of a Hessian is meant.
type End int

const (
	// Top is the largest eigenvalues.
	Top End = iota
	// Bottom is the smallest (most negative) ones.
	Bottom
)

// denseLimit is the dimension up to which a Hessian is formed and decomposed whole for its
// eigenvectors, which is exact to rounding; denseExtremes that for the two outermost eigenvalues alone, on which Lanczos
// is faster than that from some 30 on.
const (
	denseLimit    = 96
	denseExtremes = 24
)

// Eigenvectors returns the k eigenvectors of the Hessian of obj at theta that belong to
// its largest or smallest eigenvalues, each of length 1, outermost first. Their names
// hold the eigenvalues. Where something is wrong, there are still k directions, each
// with the error.
func Eigenvectors(obj Objective, theta []float64, end End, k int) []*Direction {
	k = max(1, k)
	out := make([]*Direction, k)
	fail := func(err error) []*Direction {
		for i := range out {
			out[i] = badDirection(err)
		}
		return out
	}
	if err := CheckPoint(obj, theta, "theta"); err != nil {
		return fail(err)
	}
	if k > obj.Dim() {
		return fail(fmt.Errorf("landscape: %d eigenvectors asked of a Hessian of %s", k, count(obj.Dim(), "dimension")))
	}
	values, vectors, ok := eigenpairs(Differentiate(obj), theta, k, end, nil)
	if !ok {
		return fail(fmt.Errorf("landscape: no eigenvalues: the Hessian of %s has entries that are not finite there", describe(obj)))
	}
	for i := range out {
		side := "largest"
		if end == Bottom {
			side = "smallest"
		}
		if i > 0 {
			side = fmt.Sprintf("%d. %s", i+1, side)
		}
		out[i] = &Direction{Name: fmt.Sprintf("eigenvector of the %s Hessian eigenvalue, %s", side, number(values[i])),
			Axis: "eigenvector of " + number(values[i]), V: vectors[i]}
	}
	return out
}

// mostSteps bounds the Krylov space of an eigenvalue.
const mostSteps = 400

// hessianScratch is the numbers that one run of hessianExtremes keeps.
func hessianScratch(dim int) int {
	if dim <= denseExtremes {
		return 4 * dim * dim
	}
	most := min(dim, mostSteps)
	return (most+2)*dim + 3*most*most
}

// hessianExtremes returns the smallest and the largest eigenvalue of the Hessian, NaN
// where it is not finite or stop becomes true.
func hessianExtremes(h Curvature, theta []float64, stop func() bool) (low, high float64) {
	h.At(theta)
	if len(theta) <= denseExtremes {
		values, _, ok := denseEigen(h, len(theta), false, stop)
		if !ok {
			return math.NaN(), math.NaN()
		}
		return values[0], values[len(values)-1]
	}
	l := newLanczos(h, len(theta), stop)
	if !l.run(func() bool { return l.accurate(0) && l.accurate(l.size()-1) }) {
		return math.NaN(), math.NaN()
	}
	return l.values[0], l.values[l.size()-1]
}

// eigenpairs returns k eigenvalues and unit eigenvectors from one end of the spectrum.
func eigenpairs(obj TwiceDifferentiable, theta []float64, k int, end End, stop func() bool) ([]float64, [][]float64, bool) {
	values := make([]float64, k)
	vectors := make([][]float64, k)
	h := NewCurvature(obj)
	h.At(theta)
	if obj.Dim() <= denseLimit {
		all, v, ok := denseEigen(h, obj.Dim(), true, stop)
		if !ok {
			return nil, nil, false
		}
		for i := range k {
			at := i
			if end == Top {
				at = len(all) - 1 - i
			}
			values[i], vectors[i] = all[at], signed(mat.Col(nil, at, v))
		}
		return values, vectors, true
	}
	l := newLanczos(h, obj.Dim(), stop)
	index := func(i int) int {
		if end == Top {
			return l.size() - 1 - i
		}
		return i
	}
	ok := l.run(func() bool {
		if l.size() < k {
			return false
		}
		for i := range k {
			if !l.settled(index(i)) {
				return false
			}
		}
		return true
	})
	if !ok || l.size() < k {
		return nil, nil, false
	}
	for i := range k {
		values[i], vectors[i] = l.values[index(i)], signed(l.vector(index(i)))
	}
	return values, vectors, true
}

// signed makes the entry of largest size positive: the sign of an eigenvector is
// arbitrary, and results must not be.
func signed(v []float64) []float64 {
	big := 0
	for i := range v {
		if math.Abs(v[i]) > math.Abs(v[big]) {
			big = i
		}
	}
	if v[big] < 0 {
		for i := range v {
			v[i] = -v[i]
		}
	}
	return v
}

// denseEigen forms the Hessian column by column and decomposes it.
func denseEigen(hessian Curvature, n int, vectors bool, stop func() bool) ([]float64, *mat.Dense, bool) {
	h := make([]float64, n*n)
	unit := make([]float64, n)
	for i := range n {
		if stop != nil && stop() {
			return nil, nil, false
		}
		unit[i] = 1
		hessian.HessianVector(h[i*n:(i+1)*n], unit)
		unit[i] = 0
	}
	sym := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			sym.SetSym(i, j, (h[i*n+j]+h[j*n+i])/2)
		}
	}
	return symmetric.Eigen(sym, vectors)
}

// lanczos builds an orthonormal basis of the Krylov space of the Hessian with full
// reorthogonalization, in which the Hessian is tridiagonal; that matrix's outer
// eigenvalues converge first.
type lanczos struct {
	hessian Curvature
	dim     int
	stop    func() bool

	basis       [][]float64
	alpha, beta []float64  // diagonal, and what couples basis vector j to j+1
	values      []float64  // eigenvalues of the tridiagonal matrix, ascending
	ritz        *mat.Dense // and its eigenvectors
	exhausted   bool       // the space is invariant: eigenvalues are exact
}

func newLanczos(h Curvature, dim int, stop func() bool) *lanczos {
	rng := rand.New(rand.NewPCG(1, uint64(dim))) // any fixed start will do
	v := make([]float64, dim)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	n := norm2(v)
	for i := range v {
		v[i] /= n
	}
	return &lanczos{hessian: h, dim: dim, stop: stop, basis: [][]float64{v}}
}

func (l *lanczos) size() int { return len(l.values) }

// run extends the space until done says so or the space is as large as it gets. It is
// false if the Hessian is not finite or stop became true.
func (l *lanczos) run(done func() bool) bool {
	w := make([]float64, l.dim)
	most := min(l.dim, mostSteps)
	for j := 0; ; j++ {
		if l.stop != nil && l.stop() {
			return false
		}
		l.hessian.HessianVector(w, l.basis[j])
		if !finite(normInf(w)) {
			return false
		}
		l.alpha = append(l.alpha, dot(w, l.basis[j]))
		reject(w, l.basis)
		b := norm2(w)
		l.beta = append(l.beta, b)
		scale := 0.0
		for i := range l.alpha {
			scale = max(scale, math.Abs(l.alpha[i]))
			if i > 0 {
				scale = max(scale, l.beta[i-1])
			}
		}
		l.exhausted = b <= 1e-14*scale || b == 0
		last := l.exhausted || j+1 == most
		// The small problem costs j^3: it is solved now and then only.
		if last || (j >= 8 && j%8 == 0) {
			if !l.solve() {
				return false
			}
			if last || done() {
				return true
			}
		}
		next := make([]float64, len(w))
		for i := range w {
			next[i] = w[i] / b
		}
		l.basis = append(l.basis, next)
	}
}

func (l *lanczos) solve() bool {
	n := len(l.alpha)
	t := mat.NewSymDense(n, nil)
	for i := range n {
		t.SetSym(i, i, l.alpha[i])
		if i > 0 {
			t.SetSym(i-1, i, l.beta[i-1])
		}
	}
	var ok bool
	l.values, l.ritz, ok = symmetric.Eigen(t, true)
	return ok
}

// settled says whether the i-th eigenpair has converged. Its residual is the last
// entry of its Ritz vector times beta; the eigenvalue's error is of the order of the
// residual's square over the gap to its neighbours.
func (l *lanczos) settled(i int) bool {
	n := l.size()
	if l.exhausted {
		return true
	}
	if i < 0 || i >= n {
		return false
	}
	scale := max(math.Abs(l.values[0]), math.Abs(l.values[n-1]))
	return l.beta[n-1]*math.Abs(l.ritz.At(n-1, i)) <= 1e-8*scale
}

// accurate says whether the i-th eigenvalue is, where its vector is not asked for: its error is at most the residual r,
// and about r^2/gap with the gap to the next eigenvalue (Parlett, The Symmetric Eigenvalue Problem, section 11.7).
func (l *lanczos) accurate(i int) bool {
	if l.settled(i) {
		return true
	}
	n := l.size()
	if n < 3 {
		return false
	}
	scale := max(math.Abs(l.values[0]), math.Abs(l.values[n-1]))
	r, gap := l.beta[n-1]*math.Abs(l.ritz.At(n-1, i)), math.Inf(1)
	if i > 0 {
		gap = l.values[i] - l.values[i-1]
	}
	if i < n-1 {
		gap = min(gap, l.values[i+1]-l.values[i])
	}
	return r < gap/10 && r*r/gap <= max(1e-9*math.Abs(l.values[i]), 1e-13*scale)
}

func (l *lanczos) vector(i int) []float64 {
	v := make([]float64, l.dim)
	for j := range l.size() {
		c := l.ritz.At(j, i)
		for k, x := range l.basis[j] {
			v[k] += c * x
		}
	}
	n := norm2(v)
	for k := range v {
		v[k] /= n
	}
	return v
}
