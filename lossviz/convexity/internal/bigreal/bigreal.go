// Package bigreal computes with enclosures of real numbers on math/big: pairs
// of 160-bit floats, the lower one rounded down and the upper one up by
// big.Float's own rounding modes. It is slow and plain, made for checking what
// package interval has found, and must share no code or constant with it:
// logarithms of two and pi are computed here from rational series.
package bigreal

import (
	"math"
	"math/big"
)

// Precision is the number of bits of every bound.
const Precision = 160

// Real is an enclosure: the number lies in [Lo, Hi]. Values are never changed
// after they were made. A Real from a division by an enclosure of zero or a
// logarithm of one is Unknown, and so is everything computed from it.
type Real struct {
	Lo, Hi  *big.Float
	Unknown bool
}

func low() *big.Float  { return new(big.Float).SetPrec(Precision).SetMode(big.ToNegativeInf) }
func high() *big.Float { return new(big.Float).SetPrec(Precision).SetMode(big.ToPositiveInf) }

// Float encloses a float64, exactly. NaN and infinities are Unknown.
func Float(x float64) Real {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Real{Lo: low(), Hi: high(), Unknown: true}
	}
	return Real{Lo: low().SetFloat64(x), Hi: high().SetFloat64(x)}
}

// Ratio encloses p/q for q != 0.
func Ratio(p, q int64) Real { return Float(float64(p)).Div(Float(float64(q))) }

func unknown(a, b Real) (Real, bool) {
	if a.Unknown {
		return a, true
	}
	return b, b.Unknown
}

// Add returns a + b.
func (a Real) Add(b Real) Real {
	if u, bad := unknown(a, b); bad {
		return u
	}
	return Real{Lo: low().Add(a.Lo, b.Lo), Hi: high().Add(a.Hi, b.Hi)}
}

// Neg returns -a.
func (a Real) Neg() Real {
	return Real{Lo: low().Neg(a.Hi), Hi: high().Neg(a.Lo), Unknown: a.Unknown}
}

// Sub returns a - b.
func (a Real) Sub(b Real) Real { return a.Add(b.Neg()) }

// Mul returns a * b.
func (a Real) Mul(b Real) Real {
	if u, bad := unknown(a, b); bad {
		return u
	}
	switch {
	case a.Lo.Sign() >= 0 && b.Lo.Sign() >= 0:
		return Real{Lo: low().Mul(a.Lo, b.Lo), Hi: high().Mul(a.Hi, b.Hi)}
	case a.Hi.Sign() <= 0 && a.Lo.Sign() < 0:
		return a.Neg().Mul(b).Neg()
	case b.Hi.Sign() <= 0 && b.Lo.Sign() < 0:
		return a.Mul(b.Neg()).Neg()
	}
	var r Real
	for _, x := range []*big.Float{a.Lo, a.Hi} {
		for _, y := range []*big.Float{b.Lo, b.Hi} {
			lo, hi := low().Mul(x, y), high().Mul(x, y)
			if r.Lo == nil || lo.Cmp(r.Lo) < 0 {
				r.Lo = lo
			}
			if r.Hi == nil || hi.Cmp(r.Hi) > 0 {
				r.Hi = hi
			}
		}
	}
	return r
}

// Dot returns start + w[0]*x[0] + w[1]*x[1] + ... without making a Real of every step.
func Dot(start Real, w, x []Real) Real {
	if start.Unknown {
		return start
	}
	sum := Real{Lo: low().Set(start.Lo), Hi: high().Set(start.Hi)}
	down, up := low(), high()
	for i, a := range w {
		b := x[i]
		if u, bad := unknown(a, b); bad {
			return u
		}
		if a.Lo.Sign() < 0 && a.Hi.Sign() > 0 {
			a, b = b, a
		}
		switch {
		case a.Lo.Sign() >= 0: // the end of a that makes the product smallest, and largest
			down.Mul(pick(b.Lo.Sign() >= 0, a.Lo, a.Hi), b.Lo)
			up.Mul(pick(b.Hi.Sign() >= 0, a.Hi, a.Lo), b.Hi)
		case a.Hi.Sign() <= 0:
			down.Mul(pick(b.Hi.Sign() >= 0, a.Lo, a.Hi), b.Hi)
			up.Mul(pick(b.Lo.Sign() >= 0, a.Hi, a.Lo), b.Lo)
		default:
			p := a.Mul(b)
			down.Set(p.Lo)
			up.Set(p.Hi)
		}
		sum.Lo.Add(sum.Lo, down)
		sum.Hi.Add(sum.Hi, up)
	}
	return sum
}

func pick(first bool, a, b *big.Float) *big.Float {
	if first {
		return a
	}
	return b
}

// Div returns a / b, Unknown if b may be 0.
func (a Real) Div(b Real) Real {
	if u, bad := unknown(a, b); bad {
		return u
	}
	if b.Lo.Sign() <= 0 && b.Hi.Sign() >= 0 {
		return Float(math.NaN())
	}
	one := big.NewFloat(1)
	return a.Mul(Real{Lo: low().Quo(one, b.Hi), Hi: high().Quo(one, b.Lo)})
}

// Scale2 returns a * 2^k.
func (a Real) Scale2(k int) Real {
	return Real{Lo: low().SetMantExp(a.Lo, k), Hi: high().SetMantExp(a.Hi, k), Unknown: a.Unknown}
}

// Sign returns 1 or -1 where the sign is certain (0 for an exact zero), and false
// where it is not.
func (a Real) Sign() (int, bool) {
	if a.Unknown || a.Lo.Sign() != a.Hi.Sign() {
		return 0, false
	}
	return a.Lo.Sign(), true
}

// Max returns the larger of a and b.
func (a Real) Max(b Real) Real {
	if u, bad := unknown(a, b); bad {
		return u
	}
	r := a
	if b.Lo.Cmp(r.Lo) > 0 {
		r.Lo = b.Lo
	}
	if b.Hi.Cmp(r.Hi) > 0 {
		r.Hi = b.Hi
	}
	return r
}

// Abs returns |a|.
func (a Real) Abs() Real { return a.Max(a.Neg()).Max(Float(0)) }

// Sqrt returns the square root, Unknown if a may be negative.
func (a Real) Sqrt() Real {
	if a.Unknown || a.Lo.Sign() < 0 {
		return Float(math.NaN())
	}
	// big.Float.Sqrt rounds to nearest by its own account; a step outward at each end encloses.
	step := new(big.Float).SetMantExp(big.NewFloat(1), -Precision+4)
	lo, hi := low().Sqrt(a.Lo), high().Sqrt(a.Hi)
	return Real{Lo: lo.Sub(lo, low().Mul(lo, step)), Hi: hi.Add(hi, high().Mul(hi, step))}
}

// small reports whether a is below 2^-(Precision+8) in absolute value.
func small(a Real) bool {
	for _, x := range []*big.Float{a.Lo, a.Hi} {
		if x.Sign() != 0 && x.MantExp(nil) > -Precision-8 {
			return false
		}
	}
	return true
}

// Exp returns e^a: Taylor's series at a/2^k, |a/2^k| < 2^-7, squared k times.
// Arguments above 10^5 are Unknown, below -10^5 they give [0, 2^-1000].
func (a Real) Exp() Real {
	if a.Unknown {
		return a
	}
	if a.Hi.Cmp(big.NewFloat(1e5)) > 0 {
		return Float(math.NaN())
	}
	if a.Lo.Cmp(big.NewFloat(-1e5)) < 0 {
		return Real{Lo: low(), Hi: a.above()}
	}
	k := 0
	for _, x := range []*big.Float{a.Lo, a.Hi} {
		if x.Sign() != 0 {
			k = max(k, x.MantExp(nil)+7)
		}
	}
	r := a.Scale2(-k)
	sum, term := Float(1), Float(1)
	for n := int64(1); ; n++ {
		term = term.Mul(r).Div(Float(float64(n)))
		sum = sum.Add(term)
		if small(term) { // the rest is a geometric series of ratio < 1/2: less than the last term
			rest := term.Abs()
			sum = sum.Add(Real{Lo: low().Neg(rest.Hi), Hi: rest.Hi})
			break
		}
	}
	for range k {
		sum = sum.Mul(sum)
	}
	return sum
}

// above returns an upper bound of e^a for a reaching below -10^5: that of its upper end.
func (a Real) above() *big.Float {
	if a.Hi.Cmp(big.NewFloat(-1e5)) < 0 {
		return high().SetMantExp(big.NewFloat(1), -1000)
	}
	top := Real{Lo: low().Set(a.Hi), Hi: a.Hi}.Exp()
	return high().Add(top.Hi, high().SetMantExp(big.NewFloat(1), -1000))
}

// atanh2 returns 2 atanh(s) = log((1+s)/(1-s)) for |s| <= 1/2, by its series.
func atanh2(s Real) Real {
	q := s.Mul(s)
	sum, power := s, s
	for n := int64(3); ; n += 2 {
		power = power.Mul(q)
		term := power.Div(Float(float64(n)))
		sum = sum.Add(term)
		if small(term) { // ratio below 1/4: the rest is less than the last term
			rest := term.Abs()
			sum = sum.Add(Real{Lo: low().Neg(rest.Hi), Hi: rest.Hi})
			break
		}
	}
	return sum.Scale2(1)
}

var ln2 = atanh2(Ratio(1, 3))

// Log returns the natural logarithm, Unknown if a may be <= 0.
func (a Real) Log() Real {
	if a.Unknown || a.Lo.Sign() <= 0 {
		return Float(math.NaN())
	}
	k := a.Hi.MantExp(nil)
	m := a.Scale2(-k) // Hi in [1/2, 1)
	if f, _ := m.Hi.Float64(); f < 0.7 {
		m, k = m.Scale2(1), k-1
	}
	s := m.Sub(Float(1)).Div(m.Add(Float(1)))
	if s.Unknown || s.Abs().Hi.Cmp(big.NewFloat(0.5)) > 0 { // a wide enclosure: take the ends apart
		lo := Real{Lo: a.Lo, Hi: high().Set(a.Lo)}.Log()
		hi := Real{Lo: low().Set(a.Hi), Hi: a.Hi}.Log()
		return Real{Lo: lo.Lo, Hi: hi.Hi}
	}
	return atanh2(s).Add(ln2.Mul(Float(float64(k))))
}

// Tanh returns the hyperbolic tangent, by e^(-2|a|) so that nothing overflows.
func (a Real) Tanh() Real {
	if a.Unknown {
		return a
	}
	if sign, ok := a.Sign(); ok && sign < 0 {
		return a.Neg().Tanh().Neg()
	}
	e := a.Scale2(1).Neg().Exp()
	if e.Unknown {
		return Real{Lo: low().SetInt64(-1), Hi: high().SetInt64(1)}
	}
	return Float(1).Sub(e).Div(Float(1).Add(e))
}

// Sigmoid returns 1/(1 + e^-a).
func (a Real) Sigmoid() Real {
	if a.Unknown {
		return a
	}
	if sign, ok := a.Sign(); ok && sign < 0 {
		e := a.Exp()
		return e.Div(Float(1).Add(e))
	}
	e := a.Neg().Exp()
	if e.Unknown {
		return Real{Lo: low(), Hi: high().SetInt64(1)}
	}
	return Float(1).Div(Float(1).Add(e))
}

// Softplus returns log(1 + e^a).
func (a Real) Softplus() Real {
	if a.Unknown {
		return a
	}
	if sign, ok := a.Sign(); ok && sign > 0 {
		return a.Add(Float(1).Add(a.Neg().Exp()).Log())
	}
	e := a.Exp()
	if e.Unknown { // max(a, 0) < softplus(a) < max(a, 0) + 1
		m := a.Max(Float(0))
		return Real{Lo: m.Lo, Hi: m.Add(Float(1)).Hi}
	}
	return Float(1).Add(e).Log()
}

// arctanInverse returns atan(1/n) by its series.
func arctanInverse(n int64) Real {
	x := Ratio(1, n)
	q := x.Mul(x).Neg()
	sum, power := x, x
	for k := int64(3); ; k += 2 {
		power = power.Mul(q)
		term := power.Div(Float(float64(k)))
		sum = sum.Add(term)
		if small(term) {
			rest := term.Abs()
			return sum.Add(Real{Lo: low().Neg(rest.Hi), Hi: rest.Hi})
		}
	}
}

// pi by Machin's formula, 4 (4 atan(1/5) - atan(1/239)).
var pi = arctanInverse(5).Scale2(2).Sub(arctanInverse(239)).Scale2(2)

var twoOverSqrtPi = Float(2).Div(pi.Sqrt())

// Erf returns the error function, by the series of terms of one sign
// 2/sqrt(pi) e^(-x^2) sum x (2x^2)^n / (3*5*...*(2n+1)).
func (a Real) Erf() Real {
	if a.Unknown {
		return a
	}
	size, _ := a.Abs().Hi.Float64()
	if size > 9 {
		sign, ok := a.Sign()
		lo, _ := a.Abs().Lo.Float64()
		if !ok || lo < 8.9 {
			return Real{Lo: low().SetInt64(-1), Hi: high().SetInt64(1)}
		}
		// 0 < 1 - erf(x) < exp(-x^2) for x > 1.
		near := Real{Lo: low().Sub(big.NewFloat(1), a.Mul(a).Neg().Exp().Hi), Hi: high().SetInt64(1)}
		if sign < 0 {
			return near.Neg()
		}
		return near
	}
	if a.Lo.Cmp(a.Hi) != 0 { // rising: the ends are enough
		lo, hi := Real{Lo: a.Lo, Hi: high().Set(a.Lo)}.Erf(), Real{Lo: low().Set(a.Hi), Hi: a.Hi}.Erf()
		return Real{Lo: lo.Lo, Hi: hi.Hi}
	}
	q := a.Mul(a).Scale2(1)
	sum, term := a, a
	for n := int64(1); ; n++ {
		term = term.Mul(q).Div(Float(float64(2*n + 1)))
		sum = sum.Add(term)
		if float64(n) > 4*size*size+4 && small(term) { // ratio below 1/2: the rest is less than the last term
			rest := term.Abs()
			sum = sum.Add(Real{Lo: low().Neg(rest.Hi), Hi: rest.Hi})
			return sum.Mul(a.Mul(a).Neg().Exp()).Mul(twoOverSqrtPi)
		}
	}
}

// NormalCDF returns (1 + erf(a/sqrt 2))/2.
func (a Real) NormalCDF() Real {
	if a.Unknown {
		return a
	}
	if a.Hi.Cmp(big.NewFloat(-12)) < 0 { // the tail: 0 < CDF(x) < exp(-x^2/2)
		return Real{Lo: low(), Hi: a.Mul(a).Scale2(-1).Neg().Exp().Hi}
	}
	return a.Div(Float(2).Sqrt()).Erf().Add(Float(1)).Scale2(-1)
}

// Bounds returns float64 bounds of the enclosure.
func (a Real) Bounds() (lo, hi float64) {
	if a.Unknown {
		return math.Inf(-1), math.Inf(1)
	}
	lo, accuracy := a.Lo.Float64()
	if accuracy == big.Above {
		lo = math.Nextafter(lo, math.Inf(-1))
	}
	hi, accuracy = a.Hi.Float64()
	if accuracy == big.Below {
		hi = math.Nextafter(hi, math.Inf(1))
	}
	return lo, hi
}
