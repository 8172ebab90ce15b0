package nn

import "github.com/gosaddle/saddle/lossviz/internal/vec"

// The inner loops. Everything that costs time ends in vector code over []float64,
// here or by a direct call of package vec.
//
// Matrices are row-major, and a row holds one feature of all samples of a chunk:
// samples are innermost everywhere, so that each loop runs over contiguous numbers
// whatever the shape of the layer.

// matMul adds a (m x k) times x (k x n) to y (m x n).
func matMul(y, a, x []float64, m, k, n int) { vec.AddMul(y, a, x, m, n, k) }

// matMulT adds the transpose of a (m x k) times g (m x n) to y (k x n).
func matMulT(y, a, g []float64, m, k, n int) { vec.AddMulTA(y, a, g, k, n, m) }

// matMulNT adds g (m x n) times the transpose of x (k x n) to a (m x k).
//
// The vector code wants the columns of the result to lie together, so rows of x are
// transposed a tile at a time; what is left of the last tile are inner products.
func matMulNT(a, g, x []float64, m, k, n int) {
	const wide, long = 24, 64 // rows and samples of a tile: 12 KiB
	p := 0
	if k >= 8 {
		var tile [wide * long]float64
		for p+8 <= k {
			rows := min(wide, (k-p)/8*8)
			for s := 0; s < n; s += long {
				samples := min(long, n-s)
				for j := range rows {
					for i, v := range x[(p+j)*n+s : (p+j)*n+s+samples] {
						tile[i*rows+j] = v
					}
				}
				vec.AddMulStrided(a[p:], k, g[s:], n, 1, tile[:samples*rows], rows, m, rows, samples)
			}
			p += rows
		}
	}
	for ; p < k; p++ {
		for i := range m {
			a[i*k+p] += vec.Dot(g[i*n:(i+1)*n], x[p*n:(p+1)*n])
		}
	}
}

// axpy adds a*x to y; x may be longer.
func axpy(y []float64, a float64, x []float64) { vec.AddScaled(y, y, a, x[:len(y)]) }

// fill sets every element of x to v.
func fill(x []float64, v float64) {
	for i := range x {
		x[i] = v
	}
}
