// Package interval computes with closed intervals of real numbers, rounded
// outward, so that a result always contains every value that the operation can
// take on its arguments in exact arithmetic.
//
// It is what the certificates of package convexity stand on. Go has no rounding
// modes and promises no error bound for math.Exp, Log, Tanh or Erf, so:
//
//   - sums are rounded outward by the sign of their exact error (Knuth's
//     two-sum), products by the sign of the exact residual (an explicit,
//     correctly rounded math.FMA), quotients by one step of the float64 grid;
//   - elementary functions are Taylor series of a reduced argument, evaluated in
//     interval arithmetic themselves, with the remainder of the series added as
//     an interval: the proof that they enclose is the inclusion property of each
//     step, and no rounding analysis is needed.
//
// An intermediate product is never fused with a sum by the compiler: every one
// is converted explicitly to float64, which the Go specification says rounds.
//
// The package must not know what it is used for: no networks, no losses.
package interval

import (
	"fmt"
	"math"
)

// Interval is the set of real numbers x with Lo <= x <= Hi. Lo may be -Inf and
// Hi +Inf: the reals themselves are always finite, the bounds say "unknown".
// The zero value is the point 0.
type Interval struct{ Lo, Hi float64 }

// Entire is the whole real line: nothing is known.
var Entire = Interval{math.Inf(-1), math.Inf(1)}

// Point returns the interval that holds just x. A NaN or infinite x is no real
// number; nothing is known then and Entire is returned.
func Point(x float64) Interval {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Entire
	}
	return Interval{x, x}
}

// New returns the interval between two bounds in either order; a NaN bound
// gives Entire.
func New(a, b float64) Interval {
	if a > b {
		a, b = b, a
	}
	return checked(a, b)
}

// checked turns bounds that came out as NaN, or infinite on the wrong side, into
// ones that are surely valid.
func checked(lo, hi float64) Interval {
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return Entire
	}
	if lo > math.MaxFloat64 {
		lo = math.MaxFloat64
	}
	if hi < -math.MaxFloat64 {
		hi = -math.MaxFloat64
	}
	return Interval{lo, hi}
}

// String shows the bounds with the digits that they need.
func (a Interval) String() string { return fmt.Sprintf("[%v, %v]", a.Lo, a.Hi) }

// IsPoint reports whether the interval holds a single number.
func (a Interval) IsPoint() bool { return a.Lo == a.Hi }

// Bounded reports whether both bounds are finite.
func (a Interval) Bounded() bool {
	return a.Lo >= -math.MaxFloat64 && a.Hi <= math.MaxFloat64
}

// Contains reports whether x lies in the interval.
func (a Interval) Contains(x float64) bool { return a.Lo <= x && x <= a.Hi }

// Positive reports whether every number of the interval is > 0.
func (a Interval) Positive() bool { return a.Lo > 0 }

// Negative reports whether every number of the interval is < 0.
func (a Interval) Negative() bool { return a.Hi < 0 }

// Width returns Hi - Lo, rounded up.
func (a Interval) Width() float64 { return addUp(a.Hi, -a.Lo) }

// Mid returns a float64 in the interval near its middle (0 for Entire).
func (a Interval) Mid() float64 {
	switch {
	case a.Lo == a.Hi:
		return a.Lo
	case !a.Bounded():
		return math.Max(a.Lo, math.Min(a.Hi, 0))
	}
	return math.Max(a.Lo, math.Min(a.Hi, a.Lo/2+a.Hi/2))
}

// Mag returns the largest absolute value in the interval.
func (a Interval) Mag() float64 { return math.Max(-a.Lo, a.Hi) }

// Mig returns the smallest absolute value in the interval.
func (a Interval) Mig() float64 {
	if a.Lo > 0 {
		return a.Lo
	}
	if a.Hi < 0 {
		return -a.Hi
	}
	return 0
}

// Hull returns the smallest interval that holds both.
func (a Interval) Hull(b Interval) Interval {
	return Interval{math.Min(a.Lo, b.Lo), math.Max(a.Hi, b.Hi)}
}

// Intersect returns the common part, and false where there is none.
func (a Interval) Intersect(b Interval) (Interval, bool) {
	c := Interval{math.Max(a.Lo, b.Lo), math.Min(a.Hi, b.Hi)}
	return c, c.Lo <= c.Hi
}

// down returns the next float64 below x. Rounding to nearest moves a result by
// half a step at most, so a step more is surely a lower bound; below +Inf, where
// a finite result has overflowed to, lies MaxFloat64.
func down(x float64) float64 {
	switch {
	case x == 0:
		return -math.SmallestNonzeroFloat64
	case x > 0:
		return math.Float64frombits(math.Float64bits(x) - 1)
	case x < -math.MaxFloat64 || x != x:
		return math.Inf(-1)
	}
	return math.Float64frombits(math.Float64bits(x) + 1)
}

func up(x float64) float64 { return -down(-x) }

// addDown returns the sum rounded down. The two-sum error term is exact in
// rounding to nearest, underflow included; it is NaN when something overflows.
func addDown(a, b float64) float64 {
	s := a + b
	t := s - a
	if err := (a - (s - t)) + (b - t); err >= 0 {
		return s
	}
	return down(s)
}

func addUp(a, b float64) float64 { return -addDown(-a, -b) }

// tiny is far above the threshold under which the residual of a product or a
// quotient could be subnormal, and so inexact.
const tiny = 0x1p-900

// mulDown returns the product rounded down. 0 times an unbounded end is 0: the
// numbers themselves are finite.
func mulDown(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	p := float64(a * b)
	if (p > tiny || p < -tiny) && math.FMA(a, b, -p) >= 0 {
		return p
	}
	return down(p)
}

func mulUp(a, b float64) float64 { return -mulDown(-a, b) }

// divDown returns the quotient rounded down, for b != 0.
func divDown(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	q := a / b
	if (q > tiny || q < -tiny) && (a > tiny || a < -tiny) && math.FMA(q, b, -a) == 0 {
		return q
	}
	return down(q)
}

func divUp(a, b float64) float64 { return -divDown(-a, b) }

// Neg returns -a.
func (a Interval) Neg() Interval { return Interval{-a.Hi, -a.Lo} }

// Add returns a + b.
func (a Interval) Add(b Interval) Interval {
	return Interval{addDown(a.Lo, b.Lo), addUp(a.Hi, b.Hi)}
}

// Sub returns a - b.
func (a Interval) Sub(b Interval) Interval {
	return Interval{addDown(a.Lo, -b.Hi), addUp(a.Hi, -b.Lo)}
}

// Mul returns a * b.
func (a Interval) Mul(b Interval) Interval {
	switch {
	case b.Lo >= 0:
		return mulNonnegative(a, b)
	case a.Lo >= 0:
		return mulNonnegative(b, a)
	case b.Hi <= 0:
		return mulNonnegative(a.Neg(), b.Neg())
	case a.Hi <= 0:
		return mulNonnegative(b.Neg(), a.Neg())
	}
	return Interval{
		math.Min(mulDown(a.Lo, b.Hi), mulDown(a.Hi, b.Lo)),
		math.Max(mulUp(a.Lo, b.Lo), mulUp(a.Hi, b.Hi)),
	}
}

// mulNonnegative returns a * b for b >= 0.
func mulNonnegative(a, b Interval) Interval {
	lo, hi := b.Lo, b.Hi
	if a.Lo < 0 {
		lo = b.Hi
	}
	if a.Hi < 0 {
		hi = b.Lo
	}
	return Interval{mulDown(a.Lo, lo), mulUp(a.Hi, hi)}
}

// Scale returns c * a.
func (a Interval) Scale(c float64) Interval { return a.Mul(Point(c)) }

// Div returns a / b, Entire if b holds 0.
func (a Interval) Div(b Interval) Interval {
	if b.Lo <= 0 && b.Hi >= 0 {
		return Entire
	}
	if b.Hi < 0 {
		a, b = a.Neg(), b.Neg()
	}
	lo, hi := b.Hi, b.Lo
	if a.Lo < 0 {
		lo = b.Lo
	}
	if a.Hi < 0 {
		hi = b.Hi
	}
	return Interval{divDown(a.Lo, lo), divUp(a.Hi, hi)}
}

// Sqr returns the square of a: never negative, unlike a.Mul(a).
func (a Interval) Sqr() Interval {
	lo, hi := a.Mig(), a.Mag()
	return Interval{mulDown(lo, lo), mulUp(hi, hi)}
}

// Sqrt returns the square roots of the numbers of a that are >= 0; Entire if
// there are none. math.Sqrt is correctly rounded, one step more encloses.
func (a Interval) Sqrt() Interval {
	if a.Hi < 0 {
		return Entire
	}
	lo, hi := math.Sqrt(math.Max(a.Lo, 0)), math.Sqrt(a.Hi)
	if lo > 0 && mulDown(lo, lo) > a.Lo || mulUp(lo, lo) > a.Lo {
		lo = math.Max(0, down(lo))
	}
	if mulDown(hi, hi) < a.Hi {
		hi = up(hi)
	}
	return Interval{math.Max(0, lo), hi}
}

// Abs returns the absolute values.
func (a Interval) Abs() Interval { return Interval{a.Mig(), a.Mag()} }

// Max returns the larger of two numbers, one of each interval.
func (a Interval) Max(b Interval) Interval {
	return Interval{math.Max(a.Lo, b.Lo), math.Max(a.Hi, b.Hi)}
}

// Min returns the smaller of two numbers, one of each interval.
func (a Interval) Min(b Interval) Interval {
	return Interval{math.Min(a.Lo, b.Lo), math.Min(a.Hi, b.Hi)}
}

// ReLU returns max(a, 0).
func (a Interval) ReLU() Interval { return Interval{math.Max(a.Lo, 0), math.Max(a.Hi, 0)} }

// Combine encloses t*x + (1-t)*y for exact float64 t, x and y.
func Combine(t, x, y float64) Interval {
	if x == y {
		return Point(x)
	}
	return Point(t).Mul(Point(x)).Add(Point(1).Sub(Point(t)).Mul(Point(y)))
}
