package nn

import "math"

// The inner loops. Everything that costs time ends in one of these functions
// over []float64, so that they can be replaced by vector code in one place.
//
// Matrices are row-major, and a row holds one feature of all samples of a chunk:
// samples are innermost everywhere, so that each loop runs over contiguous numbers
// whatever the shape of the layer.

// matMul adds a (m x k) times x (k x n) to y (m x n).
func matMul(y, a, x []float64, m, k, n int) {
	for i := range m {
		row, w := y[i*n:(i+1)*n], a[i*k:(i+1)*k]
		p := 0
		for ; p+4 <= k; p += 4 { // four rows at a time: y is loaded and stored once for four
			w0, w1, w2, w3 := w[p], w[p+1], w[p+2], w[p+3]
			x0, x1 := x[p*n:(p+1)*n], x[(p+1)*n:(p+2)*n]
			x2, x3 := x[(p+2)*n:(p+3)*n], x[(p+3)*n:(p+4)*n]
			x0, x1, x2, x3 = x0[:len(row)], x1[:len(row)], x2[:len(row)], x3[:len(row)]
			for s := range row {
				row[s] += w0*x0[s] + w1*x1[s] + w2*x2[s] + w3*x3[s]
			}
		}
		for ; p < k; p++ {
			axpy(row, w[p], x[p*n:(p+1)*n])
		}
	}
}

// matMulT adds the transpose of a (m x k) times g (m x n) to y (k x n).
func matMulT(y, a, g []float64, m, k, n int) {
	for i := range m {
		for p := range k {
			axpy(y[p*n:(p+1)*n], a[i*k+p], g[i*n:(i+1)*n])
		}
	}
}

// matMulNT adds g (m x n) times the transpose of x (k x n) to a (m x k).
func matMulNT(a, g, x []float64, m, k, n int) {
	for i := range m {
		row := g[i*n : (i+1)*n]
		for p := range k {
			a[i*k+p] += dot(row, x[p*n:(p+1)*n])
		}
	}
}

// axpy adds a*x to y.
func axpy(y []float64, a float64, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += a * x[i]
	}
}

// dot is the inner product of x and y, summed in four interleaved parts.
func dot(x, y []float64) float64 {
	var s0, s1, s2, s3 float64
	y = y[:len(x)]
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += x[i] * y[i]
		s1 += x[i+1] * y[i+1]
		s2 += x[i+2] * y[i+2]
		s3 += x[i+3] * y[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * y[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// sum adds up x in the order of dot.
func sum(x []float64) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += x[i]
		s1 += x[i+1]
		s2 += x[i+2]
		s3 += x[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// fill sets every element of x to v.
func fill(x []float64, v float64) {
	for i := range x {
		x[i] = v
	}
}

// expSlice sets y = exp(x); y and x may be the same slice, as in all of these.
func expSlice(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] = math.Exp(x[i])
	}
}

// tanhSlice sets y = tanh(x).
func tanhSlice(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] = math.Tanh(x[i])
	}
}

// sigmoidSlice sets y = 1/(1+exp(-x)).
func sigmoidSlice(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] = 1 / (1 + math.Exp(-x[i]))
	}
}

// softplusSlice sets y = log(1+exp(x)), without overflow.
func softplusSlice(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] = max(x[i], 0) + math.Log1p(math.Exp(-math.Abs(x[i])))
	}
}
