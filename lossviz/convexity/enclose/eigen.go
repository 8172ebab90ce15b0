package enclose

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/internal/symmetric"
)

// Eigenvalues encloses the eigenvalues, ascending, of every symmetric matrix whose
// entries lie in those of a (n x n, row-major): the k-th of each lies in the k-th result.
// ok is false if an entry is unbounded or the eigenvalues could not be approximated.
//
// With X and D the approximate eigenvectors and eigenvalues of the middle, F = X'X - I and
// E = A - X D X': the eigenvalues of X D X' are those of D times factors in
// [1-|F|, 1+|F|] (Ostrowski), those of A differ by |E| at most (Weyl). Both norms are
// bounded by largest row sums in interval arithmetic.
func Eigenvalues(a []interval.Interval, n int) (values []interval.Interval, ok bool) {
	middle := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			both, meet := a[i*n+j].Intersect(a[j*n+i]) // of symmetric matrices
			if !meet {
				return nil, false
			}
			if !both.Bounded() {
				return nil, false
			}
			middle.SetSym(i, j, both.Mid())
		}
	}
	approx, vectors, ok := symmetric.Eigen(middle, true)
	if !ok {
		return nil, false
	}
	x := make([]interval.Interval, n*n) // X', a row an eigenvector
	scaled := make([]interval.Interval, n*n)
	for i := range n {
		for j := range n {
			v := interval.Point(vectors.At(j, i))
			x[i*n+j], scaled[i*n+j] = v, v.Scale(approx[i])
		}
	}
	columns, scaledColumns := transposed(x, n), transposed(scaled, n)
	var normE, normF float64
	for i := range n {
		var rowE, rowF interval.Interval
		for j := range n {
			e, _ := a[i*n+j].Intersect(a[j*n+i])
			rowE = rowE.Add(e.Sub(dot(columns[i*n:(i+1)*n], scaledColumns[j*n:(j+1)*n])).Abs())
			f := dot(x[i*n:(i+1)*n], x[j*n:(j+1)*n])
			if i == j {
				f = f.Sub(interval.Point(1))
			}
			rowF = rowF.Add(f.Abs())
		}
		normE, normF = math.Max(normE, rowE.Hi), math.Max(normF, rowF.Hi)
	}
	if !(normF < 0.5) || math.IsInf(normE, 0) || math.IsNaN(normE) {
		return nil, false
	}
	factor := interval.Point(1).Add(interval.Interval{Lo: -normF, Hi: normF})
	for _, v := range approx {
		values = append(values, interval.Point(v).Mul(factor).Add(interval.Interval{Lo: -normE, Hi: normE}))
	}
	return values, true
}

func transposed(a []interval.Interval, n int) []interval.Interval {
	t := make([]interval.Interval, n*n)
	for i := range n {
		for j := range n {
			t[j*n+i] = a[i*n+j]
		}
	}
	return t
}

func dot(a, b []interval.Interval) interval.Interval {
	var sum interval.Interval
	for i, x := range a {
		sum = sum.Add(x.Mul(b[i]))
	}
	return sum
}
