// Package vec is the vector arithmetic under the hot loops of lossviz: exp, tanh, sigmoid, softplus, log,
// log-sum-exp, scaled sums, dot products and small matrix products over []float64.
//
// It knows slices of numbers and nothing else: no networks, no losses, no goroutines.
//
// There are three code paths, chosen when the program starts by what the processor has: AVX-512, AVX2 with
// FMA, and plain Go. They do the same roundings in the same order, so they agree to the last bit; plain.go
// is the one to read. The elementwise functions are within 2 ulp of the true value unless they say otherwise.
//
// Nothing here allocates. Lengths that do not fit are a caller's bug and panic. A destination may be the
// same slice as a source, but must not overlap it otherwise.
package vec

//go:generate go run -C gen . -out ../vec_amd64.s -stubs ../vec_amd64.go -pkg vec

import "math"

type function int

const (
	expFunc function = iota
	tanhFunc
	sigmoidFunc
	softplusFunc
	logFunc
	normalFunc
)

// A path is a way to run the same arithmetic.
type path int

const (
	plainPath path = iota
	avx2Path
	avx512Path
)

var current = best()

// Path names the code path in use: "plain", "avx2" or "avx512". GODEBUG=cpu.avx512f=off or cpu.avx2=off
// in the environment takes a set of instructions out of the choice.
func Path() string { return [...]string{"plain", "avx2", "avx512"}[current] }

// Exp sets dst[i] to e^x[i], to +Inf where that overflows.
func Exp(dst, x []float64) { elementwise(expFunc, dst, x) }

// Tanh sets dst[i] to tanh x[i].
func Tanh(dst, x []float64) { elementwise(tanhFunc, dst, x) }

// Sigmoid sets dst[i] to 1/(1+e^-x[i]).
func Sigmoid(dst, x []float64) { elementwise(sigmoidFunc, dst, x) }

// NormalCDF sets dst[i] to the standard normal distribution function at x[i], within 8 ulp: its lower tail has
// digits, too.
func NormalCDF(dst, x []float64) { elementwise(normalFunc, dst, x) }

// Softplus sets dst[i] to log(1+e^x[i]) without overflow.
func Softplus(dst, x []float64) { elementwise(softplusFunc, dst, x) }

// Log sets dst[i] to the natural logarithm of x[i]; special cases as in math.Log.
func Log(dst, x []float64) {
	for _, v := range x {
		if !(v >= minNormal && v <= math.MaxFloat64) {
			dst = dst[:len(x)]
			for i, v := range x {
				dst[i] = log1(v)
			}
			return
		}
	}
	elementwise(logFunc, dst, x)
}

func elementwise(f function, dst, x []float64) {
	dst = dst[:len(x)]
	if current == plainPath {
		plain(f, dst, x)
		return
	}
	n := len(x) &^ 7
	if n > 0 {
		kernel(f, &dst[0], &x[0], n)
	}
	if n < len(x) {
		var pad [8]float64
		copy(pad[:], x[n:])
		kernel(f, &pad[0], &pad[0], 8)
		copy(dst[n:], pad[:])
	}
}

func plain(f function, dst, x []float64) {
	for i, v := range x {
		switch f {
		case expFunc:
			dst[i] = exp1(v)
		case tanhFunc:
			dst[i] = tanh1(v)
		case sigmoidFunc:
			dst[i] = sigmoid1(v)
		case softplusFunc:
			dst[i] = softplus1(v)
		case logFunc:
			dst[i] = log1(v)
		case normalFunc:
			dst[i] = normalCDF1(v)
		}
	}
}

// LogSumExp works on a matrix z of `classes` rows that lie stride numbers apart, one column per sample. For
// each column i it sets top[i] to the largest number and sum[i] to the log of the sum of exp(z - top[i]),
// so that top[i]+sum[i] is the log of the sum of exp(z). The two are apart because a caller that subtracts
// one of the numbers loses less if it takes that from top[i] first.
func LogSumExp(top, sum, z []float64, classes, stride int) {
	sum = sum[:len(top)]
	z = z[:(classes-1)*stride+len(top)]
	n := len(top) &^ 7
	if current == plainPath {
		n = 0
	}
	if n > 0 {
		logSumExpKernel(&top[0], &sum[0], &z[0], classes, 8*stride, n)
	}
	if n < len(top) {
		logSumExpPlain(top[n:], sum[n:], z[n:], classes, stride)
	}
}

// AddScaled sets dst[i] to a[i] + s*b[i], rounded once.
func AddScaled(dst, a []float64, s float64, b []float64) {
	dst, b = dst[:len(a)], b[:len(a)]
	n := len(a) &^ 7
	if current == plainPath {
		n = 0
	}
	if n > 0 {
		addScaledKernel(&dst[0], &a[0], &b[0], s, n)
	}
	for i := n; i < len(a); i++ {
		dst[i] = math.FMA(b[i], s, a[i])
	}
}

// Combine sets dst[i] to (o[i] + a*x[i]) + b*y[i], each product rounded together with its sum: a point of
// the plane through o along x and y.
func Combine(dst, o []float64, a float64, x []float64, b float64, y []float64) {
	dst, x, y = dst[:len(o)], x[:len(o)], y[:len(o)]
	n := len(o) &^ 7
	if current == plainPath {
		n = 0
	}
	if n > 0 {
		combineKernel(&dst[0], &o[0], &x[0], &y[0], a, b, n)
	}
	for i := n; i < len(o); i++ {
		dst[i] = math.FMA(y[i], b, math.FMA(x[i], a, o[i]))
	}
}

// FactoredSigmoid sets dst[i] to shift + scale/(1+u[i]*v[i]): with u and v the exponentials of two terms this is a
// sigmoid or tanh of their sum. Its absolute error is a unit in the last place of scale and shift.
func FactoredSigmoid(dst, u, v []float64, scale, shift float64) {
	u, v = u[:len(dst)], v[:len(dst)]
	n := len(dst) &^ 7
	if current == plainPath {
		n = 0
	}
	if n > 0 {
		factoredSigmoidKernel(&dst[0], &u[0], &v[0], scale, shift, n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = scale/math.FMA(u[i], v[i], 1) + shift
	}
}

// FactoredDot adds to dst[i] the sum over h of w[h]/(1+u[h][i]*v[h][i]), for u and v of len(w) rows of len(dst) numbers
// without gaps. The products u*v must be between 0 and 1e75: four fractions are brought to one denominator.
func FactoredDot(dst, w, u, v []float64) {
	stride := len(dst)
	u, v = u[:len(w)*stride], v[:len(w)*stride]
	quads, n := len(w)/4, len(dst)&^7
	if current == plainPath || quads == 0 {
		n = 0
	}
	if n > 0 {
		factoredDotKernel(&dst[0], &w[0], &u[0], &v[0], quads, 8*stride, n)
	}
	if n < len(dst) {
		factoredDotPlain(dst, w[:4*quads], u, v, n)
	}
	for h := 4 * quads; h < len(w); h++ {
		uh, vh := u[h*stride:][:len(dst)], v[h*stride:][:len(dst)]
		for i := range dst {
			dst[i] += w[h] / math.FMA(uh[i], vh[i], 1)
		}
	}
}

// Dot is the sum of a[i]*b[i]: over 16 lanes i mod 16 first, then over the lanes in pairs.
func Dot(a, b []float64) float64 {
	b = b[:len(a)]
	var lanes [16]float64
	n := len(a) &^ 15
	if current == plainPath {
		n = 0
	}
	if n > 0 {
		dotKernel(&lanes, &a[0], &b[0], n)
	}
	for i := n; i < len(a); i++ {
		lanes[i&15] = math.FMA(a[i], b[i], lanes[i&15])
	}
	return pairwise(&lanes)
}

// Sum is the sum of x[i]: over 16 lanes i mod 16 first, then over the lanes in pairs.
func Sum(x []float64) float64 {
	var lanes [16]float64
	for len(x) >= 16 {
		for i, v := range x[:16] {
			lanes[i] += v
		}
		x = x[16:]
	}
	for i, v := range x {
		lanes[i] += v
	}
	return pairwise(&lanes)
}

func pairwise(lanes *[16]float64) float64 {
	for w := 8; w > 0; w /= 2 {
		for i := range w {
			lanes[i] += lanes[i+w]
		}
	}
	return lanes[0]
}

// AddMul adds the matrix product A B to C. A is m x k, B is k x n, C is m x n, all in rows without gaps.
func AddMul(c, a, b []float64, m, n, k int) { AddMulStrided(c, n, a, k, 1, b, n, m, n, k) }

// AddMulTA adds the matrix product A^T B to C. A is k x m, B is k x n, C is m x n, all in rows without gaps.
func AddMulTA(c, a, b []float64, m, n, k int) { AddMulStrided(c, n, a, 1, m, b, n, m, n, k) }

// AddMulStrided adds the matrix product A B to C where
//
//	C[i][j] is c[i*ldc+j], A[i][p] is a[i*aRow+p*aCol], B[p][j] is b[p*ldb+j], i < m, j < n, p < k.
//
// Each element is summed in the order of p, every step rounded once, so a product split into pieces of k
// has the same bits as the whole.
func AddMulStrided(c []float64, ldc int, a []float64, aRow, aCol int, b []float64, ldb, m, n, k int) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	// The kernels take addresses: here is the bounds check.
	c = c[:(m-1)*ldc+n]
	a = a[:(m-1)*aRow+(k-1)*aCol+1]
	b = b[:(k-1)*ldb+n]
	j := 0
	if current != plainPath {
		w := lanes()
		// A row alone has nothing else to do while a sum waits for the last step: 8 vectors.
		for ; m < 4 && j+8*w <= n; j += 8 * w {
			mulPanel(c[j:], ldc, a, aRow, aCol, b[j:], ldb, m, k, 8)
		}
		// 3 vectors by 4 rows keep the multipliers busy; the panel of B stays in cache over the rows.
		for ; j+3*w <= n; j += 3 * w {
			mulPanel(c[j:], ldc, a, aRow, aCol, b[j:], ldb, m, k, 3)
		}
		for ; j+w <= n; j += w {
			mulPanel(c[j:], ldc, a, aRow, aCol, b[j:], ldb, m, k, 1)
		}
	}
	if j < n {
		addMulPlain(c[j:], ldc, a, aRow, aCol, b[j:], ldb, m, n-j, k)
	}
}

// mulPanel runs the kernels down the rows of a panel of `cols` vectors.
func mulPanel(c []float64, ldc int, a []float64, aRow, aCol int, b []float64, ldb, m, k, cols int) {
	i := 0
	for ; i+4 <= m; i += 4 {
		mulKernel(4, cols, &c[i*ldc], &a[i*aRow], &b[0], k, 8*ldc, 8*aRow, 8*aCol, 8*ldb)
	}
	for ; i < m; i++ {
		mulKernel(1, cols, &c[i*ldc], &a[i*aRow], &b[0], k, 8*ldc, 8*aRow, 8*aCol, 8*ldb)
	}
}

// Transpose sets dst, n x m, to the transpose of src, m x n, both in rows without gaps.
func Transpose(dst, src []float64, m, n int) {
	dst, src = dst[:m*n], src[:m*n]
	const tile = 16 // two tiles of 2 KB
	for i0 := 0; i0 < m; i0 += tile {
		for j0 := 0; j0 < n; j0 += tile {
			for i := i0; i < min(i0+tile, m); i++ {
				for j := j0; j < min(j0+tile, n); j++ {
					dst[j*m+i] = src[i*n+j]
				}
			}
		}
	}
}
