package interval

import "math"

// The functions here take their value at a point from a series with a proved
// remainder and extend it to intervals by monotonicity. Sources of the series:
// Abramowitz and Stegun 4.2.1 (exp), 4.1.27 (log), 7.1.6 (erf).

// ln2Hi holds the first 28 bits of log 2, so that k*ln2Hi is exact for |k| < 2^20.
const ln2Hi = 0x1.62e42fep-1

// Constants, enclosed. The Go constants that they are made of carry more digits
// than a float64; conversion rounds to nearest, so one step to both sides encloses.
var (
	ln2Lo  = around(math.Ln2 - ln2Hi)
	sqrt2  = around(math.Sqrt2)
	sqrtPi = around(math.SqrtPi)
	one    = Point(1)
	two    = Point(2)
	half   = Point(0.5)

	factorials = inverseFactorials() // 1/n!
	odds       = inverseOdds()       // 1/(2n+1)
)

func around(x float64) Interval { return Interval{down(x), up(x)} }

func inverseFactorials() (table [14]Interval) {
	factorial := 1.0 // exact: 13! < 2^53
	for n := range table {
		if n > 0 {
			factorial *= float64(n)
		}
		table[n] = one.Div(Point(factorial))
	}
	return table
}

func inverseOdds() (table [13]Interval) {
	for n := range table {
		table[n] = one.Div(Point(float64(2*n + 1)))
	}
	return table
}

// monotone extends a nondecreasing function from points to an interval.
func monotone(a Interval, f func(float64) Interval) Interval {
	lo := f(a.Lo)
	if a.Lo == a.Hi {
		return lo
	}
	return Interval{lo.Lo, f(a.Hi).Hi}
}

// Exp returns e^a.
func (a Interval) Exp() Interval { return monotone(a, expAt) }

// Expm1 returns e^a - 1 without cancellation near 0.
func (a Interval) Expm1() Interval { return monotone(a, expm1At) }

// expSeries encloses e^r - 1 for |r| <= 0.36, as r times the Taylor polynomial
// sum r^n/(n+1)! for n = 0..12. The rest of the series is at most
// 0.36^13/14! * 1/(1 - 0.36/15) < 2.1e-17.
func expSeries(r Interval) Interval {
	sum := factorials[13]
	for n := 12; n >= 1; n-- {
		sum = sum.Mul(r).Add(factorials[n])
	}
	return sum.Add(Interval{-3e-17, 3e-17}).Mul(r)
}

// reduce returns k and an enclosure of x - k log 2, small, for |x| < 800.
func reduce(x float64) (int, Interval) {
	k := math.RoundToEven(x / math.Ln2) // any integer is right, the nearest makes r smallest
	r := Point(x).Sub(Point(float64(k * ln2Hi)))
	return int(k), r.Sub(Point(k).Mul(ln2Lo))
}

func expAt(x float64) Interval {
	switch {
	case x < -745.2: // below log of half the smallest float64
		return Interval{0, math.SmallestNonzeroFloat64}
	case x > 709.79: // above log MaxFloat64
		return Interval{math.MaxFloat64, math.Inf(1)}
	}
	k, r := reduce(x)
	e := expSeries(r).Add(one)
	lo, hi := math.Ldexp(e.Lo, k), math.Ldexp(e.Hi, k)
	if k < -1000 { // scaling into the subnormals rounds
		lo, hi = math.Max(0, down(lo)), up(hi)
	}
	return checked(lo, hi)
}

func expm1At(x float64) Interval {
	if math.Abs(x) <= 0.35 {
		return expSeries(Point(x))
	}
	return expAt(x).Sub(one)
}

// Log returns the natural logarithms of the numbers of a that are > 0; Entire
// if there are none.
func (a Interval) Log() Interval {
	if a.Hi <= 0 {
		return Entire
	}
	return monotone(Interval{math.Max(a.Lo, 0), a.Hi}, logAt)
}

func logAt(x float64) Interval {
	switch {
	case x <= 0:
		return Interval{math.Inf(-1), -745}
	case x > math.MaxFloat64:
		return Interval{709, math.Inf(1)}
	}
	m, e := math.Frexp(x) // exact, 1/2 <= m < 1
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	k := float64(e)
	log := atanhSeries(Point(m).Sub(one).Div(Point(m).Add(one)))
	return log.Add(Point(k).Mul(ln2Lo)).Add(Point(float64(k * ln2Hi)))
}

// atanhSeries encloses 2 atanh(s) = log((1+s)/(1-s)) for |s| < 0.18: 2s times
// sum s^2n/(2n+1) for n = 0..12, of which the rest is at most
// 0.18^26/27 / (1 - 0.18^2) < 1.7e-21.
func atanhSeries(s Interval) Interval {
	q := s.Sqr()
	sum := odds[12]
	for n := 11; n >= 0; n-- {
		sum = sum.Mul(q).Add(odds[n])
	}
	return sum.Add(Interval{0, 2e-21}).Mul(s).Mul(two)
}

// Log1p returns log(1 + a), without cancellation near 0, for the numbers of a
// that are > -1.
func (a Interval) Log1p() Interval {
	if a.Hi <= -1 {
		return Entire
	}
	return monotone(Interval{math.Max(a.Lo, -1), a.Hi}, log1pAt)
}

func log1pAt(x float64) Interval {
	if -0.29 < x && x < 0.41 { // then |x/(2+x)| < 0.18
		return atanhSeries(Point(x).Div(Point(x).Add(two)))
	}
	return Point(x).Add(one).Log()
}

// Tanh returns the hyperbolic tangents.
func (a Interval) Tanh() Interval { return monotone(a, tanhAt) }

func tanhAt(x float64) Interval {
	if x < 0 { // odd
		return tanhAt(-x).Neg()
	}
	if x > 20 { // 1 - tanh x < 2 e^-40 < 1e-17
		return Interval{down(1), 1}
	}
	e := expm1At(2 * x)
	t := one.Sub(two.Div(e.Add(two)))
	if x <= 0.175 {
		t = e.Div(e.Add(two))
	}
	return Interval{math.Max(0, t.Lo), math.Min(1, t.Hi)}
}

// Sigmoid returns 1/(1 + e^-a).
func (a Interval) Sigmoid() Interval { return monotone(a, sigmoidAt) }

func sigmoidAt(x float64) Interval {
	if x < 0 { // keeps relative accuracy in the tail
		e := expAt(x)
		s := e.Div(e.Add(one))
		return Interval{math.Max(0, s.Lo), math.Min(1, s.Hi)}
	}
	s := one.Div(expAt(-x).Add(one))
	return Interval{math.Max(0, s.Lo), math.Min(1, s.Hi)}
}

// Softplus returns log(1 + e^a).
func (a Interval) Softplus() Interval { return monotone(a, softplusAt) }

func softplusAt(x float64) Interval {
	switch {
	case math.IsInf(x, 1):
		return Interval{math.MaxFloat64, x}
	case x > 0:
		return Point(x).Add(expAt(-x).Log1p())
	}
	return expAt(x).Log1p()
}

// Erf returns the error function 2/sqrt(pi) times the integral of e^(-t^2) from 0.
func (a Interval) Erf() Interval { return monotone(a, erfAt) }

func erfAt(x float64) Interval {
	if x < 0 { // odd
		return erfAt(-x).Neg()
	}
	if x > 6 { // erfc(x) < e^(-x^2) / (x sqrt(pi)) < 2.2e-17
		return Interval{down(1), 1}
	}
	return erfSeries(Point(x))
}

// erfSeries encloses erf for a short interval within [0, 7], by the series of
// positive terms 2/sqrt(pi) e^(-x^2) x sum (2x^2)^n / (1*3*...*(2n+1)). From one
// term to the next the factor is 2x^2/(2n+3), decreasing in n: once it is under
// 1/2, what is left is less than the last term.
func erfSeries(x Interval) Interval {
	q := x.Sqr()
	q2 := q.Mul(two)
	sum, term := one, one
	for n := 0; ; n++ {
		factor := q2.Div(Point(float64(2*n + 3)))
		term = term.Mul(factor)
		sum = sum.Add(term)
		if factor.Hi < 0.5 && term.Hi < 1e-18*sum.Lo {
			break
		}
	}
	sum = sum.Add(Interval{0, term.Hi})
	e := sum.Mul(x).Mul(q.Neg().Exp()).Mul(two.Div(sqrtPi))
	return Interval{math.Max(0, e.Lo), math.Min(1, e.Hi)}
}

// NormalCDF returns the standard normal distribution function,
// (1 + erf(a/sqrt 2))/2.
func (a Interval) NormalCDF() Interval { return monotone(a, normalCDFAt) }

func normalCDFAt(x float64) Interval {
	z := Point(x).Div(sqrt2)
	switch {
	case x > 9: // 1 - CDF < 1.2e-19
		return Interval{down(1), 1}
	case x < -9:
		return Interval{0, 1.2e-19}
	case x < 0:
		p := one.Sub(erfSeries(z.Neg())).Mul(half)
		return Interval{math.Max(0, p.Lo), p.Hi}
	}
	p := one.Add(erfSeries(z)).Mul(half)
	return Interval{p.Lo, math.Min(1, p.Hi)}
}

// NormalPDF returns e^(-a^2/2)/sqrt(2 pi).
func (a Interval) NormalPDF() Interval {
	return a.Sqr().Mul(half).Neg().Exp().Div(sqrtPi.Mul(sqrt2))
}

// GELU returns x CDF(x), the Gaussian error linear unit in its erf form
// (arXiv:1606.08415, section 2). It is not monotone: its derivative
// CDF(x) + x PDF(x) has the derivative PDF(x) (2 - x^2), so it falls from 0 to a
// negative value at -sqrt 2, then rises to a positive one at sqrt 2 and falls to 1:
// one zero, near -0.75, where GELU has its minimum.
func (a Interval) GELU() Interval {
	return valley(a, geluTurn, geluMin, geluAt)
}

func geluAt(x float64) Interval {
	if x < -9 { // -x CDF(x) < PDF(x) < PDF(9) < 1.1e-18
		return Interval{-1.1e-18, 0}
	}
	return Point(x).Mul(normalCDFAt(x))
}

// GELUPrime returns the derivative of GELU.
func (a Interval) GELUPrime() Interval { return a.NormalCDF().Add(a.Mul(a.NormalPDF())) }

// SiLU returns x sigmoid(x) (arXiv:1702.03118, section 2). It is not monotone:
// its derivative is sigmoid(x) (1 + x sigmoid(-x)), and where x < 0 the last
// factor increases: one zero, near -1.28, where SiLU has its minimum.
func (a Interval) SiLU() Interval {
	return valley(a, siluTurn, siluMin, func(x float64) Interval { return Point(x).Mul(sigmoidAt(x)) })
}

// SiLUPrime returns the derivative of SiLU.
func (a Interval) SiLUPrime() Interval {
	return a.Sigmoid().Mul(one.Add(a.Mul(a.Neg().Sigmoid())))
}

// The turning points lie within these: the derivative is negative at the lower
// end and positive at the upper one, which a test checks. The minimum is enclosed by
// the mean value theorem from the lower end.
var (
	geluTurn = Interval{-0.7517916, -0.7517915}
	siluTurn = Interval{-1.2784646, -1.2784645}
	geluMin  = meanValue(geluTurn, Point(geluTurn.Lo).Mul(normalCDFAt(geluTurn.Lo)), Interval.GELUPrime)
	siluMin  = meanValue(siluTurn, Point(siluTurn.Lo).Mul(sigmoidAt(siluTurn.Lo)), Interval.SiLUPrime)
)

func meanValue(a, atLo Interval, derivative func(Interval) Interval) Interval {
	return atLo.Add(derivative(a).Mul(a.Sub(Point(a.Lo))))
}

// valley extends a function that falls before turn and rises after it.
func valley(a, turn, min Interval, f func(float64) Interval) Interval {
	at := func(x float64) Interval {
		if x < -math.MaxFloat64 { // both functions tend to 0 from below
			return Interval{-math.SmallestNonzeroFloat64, 0}
		}
		if x > math.MaxFloat64 {
			return Interval{math.MaxFloat64, x}
		}
		return f(x)
	}
	lo, hi := at(a.Lo), at(a.Hi)
	switch {
	case a.Lo == a.Hi:
		return lo
	case a.Lo >= turn.Hi:
		return Interval{lo.Lo, hi.Hi}
	case a.Hi <= turn.Lo:
		return Interval{hi.Lo, lo.Hi}
	}
	return Interval{math.Min(min.Lo, math.Min(lo.Lo, hi.Lo)), math.Max(lo.Hi, hi.Hi)}
}
