package vec

import "math"

// The plain path: one element at a time, with exactly the roundings of the vector code. Products are fused
// by math.FMA or not at all: a product that a compiler might fuse by itself is wrapped in float64().
//
// Coefficients: interpolation at Chebyshev nodes in 60 digits; "units" below are 2^-53.
var (
	// expm1(r) = r + r^2 (1/2 + r q(r)) for |r| <= ln(2)/2; 0.02 units.
	expm1Coef = [...]float64{
		0x1.5555555555556p-3, 0x1.5555555555555p-5, 0x1.11111111109b3p-7, 0x1.6c16c16c167e1p-10, 0x1.a01a01a7c41d5p-13,
		0x1.a01a01a47b054p-16, 0x1.71de0dae63bb3p-19, 0x1.27e4e1f48534fp-22, 0x1.af38a9b0ec855p-26, 0x1.1f66df7fca49fp-29}
	// 2 atanh(t) = 2t + t^3 q(t^2) for |t| <= 1/3; 0.06 units.
	atanhCoef = [...]float64{
		0x1.5555555555555p-1, 0x1.999999999a3ddp-2, 0x1.24924923d44c6p-2, 0x1.c71c727143318p-3, 0x1.745cf0b0e03bdp-3,
		0x1.3b18b294bebf9p-3, 0x1.10ac75dc602b1p-3, 0x1.eb905e8575054p-4, 0x1.687a6e7c95176p-4, 0x1.4b0a26c5f2aefp-3}
	// The same for |t| <= 3 - sqrt(8), which is as far as a logarithm goes; 0.04 units.
	logCoef = [...]float64{
		0x1.5555555555558p-1, 0x1.99999999952e2p-2, 0x1.2492492df148dp-2, 0x1.c71c62e5800a1p-3, 0x1.7462b4ab2ef6bp-3,
		0x1.39fe606542ddep-3, 0x1.2b584aae78a57p-3}
	// (u + 5) exp(u^2/2) Phi(-u) as a function of t = (u - 5)/(u + 5) for 0 <= u <= 39; 0.01 units.
	tailCoef = [...]float64{
		0x1.89d3abe1f95aep-1, -0x1.54ad03f27ca18p-1, 0x1.fb31653876f89p-2, -0x1.410ed5f875946p-2, 0x1.51f6329f01ba3p-3,
		-0x1.1b1c254ca42c5p-4, 0x1.54b4d4f48a95dp-6, -0x1.88590e97fa725p-9, -0x1.a2503777d193ep-11, 0x1.1daf1ad402a68p-11,
		-0x1.f214934cc2997p-15, -0x1.a1700f97933d8p-15, 0x1.17df18b48c12bp-16, 0x1.0b14870d680c8p-18, -0x1.73e13a7eebb7bp-19,
		-0x1.673ef5ca91651p-22, 0x1.d4772f5151200p-22, 0x1.592046569c07ep-25, -0x1.2d422be3e72a3p-24, -0x1.25f8b412cdb42p-27,
		0x1.72fe74371fc82p-27, 0x1.313b2a0d09987p-29, -0x1.3f1a1f1afa304p-30, -0x1.a397ed7719499p-32}
)

const (
	log2e = 0x1.71547652b82fep+0
	ln2Hi = 0x1.62e42fefa39efp-1
	ln2Lo = 0x1.abc9e3b39803fp-56
	magic = 3 << 51 // x + magic is x rounded to an integer, which sits in the low bits

	expMax  = 710  // exp overflows
	expMin  = -750 // exp is 0
	tanhMax = 22   // tanh is 1
	tailMax = 39   // the normal distribution has no tail left
	tailMid = 5

	sqrtHalfBits = 0x3fe6a09e667f3bcd
	oneBits      = 0x3ff0000000000000
	minNormal    = 0x1p-1022
)

// evenOdd is the sum of coef[i] x^i as E(x^2) + x O(x^2).
func evenOdd(coef []float64, x, x2 float64) float64 {
	n := len(coef)
	even, odd := coef[(n-1)/2*2], coef[(n-2)/2*2+1]
	for i := (n-1)/2*2 - 2; i >= 0; i -= 2 {
		even = math.FMA(even, x2, coef[i])
	}
	for i := (n-2)/2*2 - 1; i >= 0; i -= 2 {
		odd = math.FMA(odd, x2, coef[i])
	}
	return math.FMA(odd, x, even)
}

// reduce splits y = n ln 2 + r; it returns n and expm1(r).
func reduce(y float64) (n, p float64) {
	n = math.FMA(log2e, y, magic) - magic
	r := math.FMA(-n, ln2Hi, y)
	r = math.FMA(-n, ln2Lo, r)
	r2 := float64(r * r)
	q := evenOdd(expm1Coef[:], r, r2)
	return n, math.FMA(r2, math.FMA(r, q, 0.5), r)
}

// pow2 is 2^n for an integer n in -1022..1023.
func pow2(n float64) float64 { return math.Float64frombits(math.Float64bits(n+magic)<<52 + oneBits) }

func exp1(x float64) float64 {
	if x > expMax {
		x = expMax
	}
	if x < expMin {
		x = expMin
	}
	n, p := reduce(x)
	half := math.FMA(0.5, n, magic) - magic
	return float64((p+1)*pow2(half)) * pow2(n-half) // only the second product can round
}

func tanh1(x float64) float64 {
	y := math.Abs(x)
	if y > tanhMax {
		y = tanhMax
	}
	n, p := reduce(y + y)
	s := pow2(n)
	m := math.FMA(s, p, s-1) // expm1(2|x|)
	return math.Copysign(m/(m+2), x)
}

func sigmoid1(x float64) float64 {
	u := exp1(-math.Abs(x))
	num := 1.0
	if math.Signbit(x) {
		num = u
	}
	return num / (1 + u)
}

func normalCDF1(x float64) float64 {
	u := math.Abs(x)
	if u > tailMax {
		u = tailMax
	}
	inv := 1 / (u + tailMid)
	t := float64((u - tailMid) * inv)
	q := float64(evenOdd(tailCoef[:], t, float64(t*t)) * inv)
	h := float64(u * u)
	low := math.FMA(u, u, -h) // u^2 = h + low: the exponent needs more digits than a float64 has
	e := exp1(float64(-0.5 * h))
	e = math.FMA(e, float64(-0.5*low), e)
	tail := float64(q * e)
	if math.Signbit(x) {
		return tail
	}
	return 1 - tail
}

func softplus1(x float64) float64 {
	u := exp1(-math.Abs(x))
	t := u / (u + 2)
	z := float64(t * t)
	q := float64(evenOdd(atanhCoef[:], z, float64(z*z)) * z)
	q = math.FMA(q, t, t+t) // log1p(u) = 2 atanh(u/(2+u))
	if x > 0 {
		q += x
	}
	return q
}

func log1(x float64) float64 {
	shift := 0.0
	switch {
	case !(x > 0 && x <= math.MaxFloat64):
		return math.Log(x)
	case x < minNormal:
		x *= 0x1p54
		shift = 54
	}
	bits := math.Float64bits(x)
	e := (bits + oneBits - sqrtHalfBits) >> 52
	m := math.Float64frombits(bits - e<<52 + oneBits) // in [sqrt(1/2), sqrt(2))
	k := float64(e) - 1023 - shift
	f := m - 1
	s := f / (m + 1)
	z := float64(s * s)
	q := float64(evenOdd(logCoef[:], z, float64(z*z)) * z)
	q = float64(s * (f - q)) // log m = f - s (f - q)
	q = math.FMA(-k, ln2Lo, q)
	return math.FMA(ln2Hi, k, f-q)
}

func logSumExpPlain(top, sum, z []float64, classes, stride int) {
	for i := range top {
		m := z[i]
		for c := range classes {
			if v := z[c*stride+i]; !(v < m) {
				m = v
			}
		}
		s := 0.0
		for c := range classes {
			s += exp1(z[c*stride+i] - m)
		}
		top[i] = m
		sum[i] = log1(s)
	}
}

// factoredDotPlain is FactoredDot from dst[first] on; len(w) is a multiple of 4.
func factoredDotPlain(dst, w, u, v []float64, first int) {
	stride := len(dst)
	for i := first; i < len(dst); i++ {
		var num, den [2]float64
		for h := 0; h < len(w); h += 4 {
			for pair := range num {
				j := h + 2*pair
				a := math.FMA(u[j*stride+i], v[j*stride+i], 1)
				b := math.FMA(u[(j+1)*stride+i], v[(j+1)*stride+i], 1)
				num[pair] = math.FMA(a, w[j+1], float64(b*w[j]))
				den[pair] = a * b
			}
			n := math.FMA(den[0], num[1], float64(num[0]*den[1]))
			dst[i] += n / float64(den[0]*den[1])
		}
	}
}

func addMulPlain(c []float64, ldc int, a []float64, aRow, aCol int, b []float64, ldb, rows, cols, k int) {
	for i := range rows {
		ci := c[i*ldc:][:cols]
		for p := range k {
			x := a[i*aRow+p*aCol]
			bp := b[p*ldb:][:cols]
			for j := range ci {
				ci[j] = math.FMA(bp[j], x, ci[j])
			}
		}
	}
}
