package interval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity/internal/bigreal"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

// The functions, each beside the same function on math/big, which shares no
// code with it, and the range of arguments to draw from. rel is the width allowed,
// relative to the result or, below 1, absolute.
var functions = []struct {
	name     string
	of       func(interval.Interval) interval.Interval
	want     func(bigreal.Real) bigreal.Real
	min, max float64
	rel      float64
}{
	{"exp", interval.Interval.Exp, bigreal.Real.Exp, -760, 720, 1e-14},
	{"expm1", interval.Interval.Expm1, func(x bigreal.Real) bigreal.Real { return x.Exp().Sub(bigreal.Float(1)) }, -50, 50, 1e-14},
	{"log", interval.Interval.Log, bigreal.Real.Log, 0, 1e6, 1e-14},
	{"log1p", interval.Interval.Log1p, func(x bigreal.Real) bigreal.Real { return x.Add(bigreal.Float(1)).Log() }, -0.999, 50, 1e-14},
	{"sqrt", interval.Interval.Sqrt, bigreal.Real.Sqrt, 0, 1e6, 1e-15},
	{"tanh", interval.Interval.Tanh, bigreal.Real.Tanh, -25, 25, 1e-14},
	{"sigmoid", interval.Interval.Sigmoid, bigreal.Real.Sigmoid, -760, 60, 1e-14},
	{"softplus", interval.Interval.Softplus, bigreal.Real.Softplus, -760, 760, 1e-14},
	{"erf", interval.Interval.Erf, bigreal.Real.Erf, -7, 7, 2e-13},
	{"normal CDF", interval.Interval.NormalCDF, bigreal.Real.NormalCDF, -10, 10, 2e-13},
	{"gelu", interval.Interval.GELU, func(x bigreal.Real) bigreal.Real { return x.Mul(x.NormalCDF()) }, -10, 10, 2e-12},
	{"silu", interval.Interval.SiLU, func(x bigreal.Real) bigreal.Real { return x.Mul(x.Sigmoid()) }, -760, 60, 1e-12},
}

// draw mixes uniform arguments with tiny ones, integers and the ends.
func draw(random *rand.Rand, min, max float64) float64 {
	x := min + (max-min)*random.Float64()
	switch random.IntN(8) {
	case 0:
		x = math.Ldexp(random.Float64()-0.5, -random.IntN(1070))
	case 1:
		x = math.Round(x)
	case 2:
		x = 2*random.Float64() - 1
	case 3:
		x = (2*random.Float64() - 1) * 8
	}
	return math.Max(min, math.Min(max, x))
}

func TestElementaryFunctionsEncloseAtPoints(t *testing.T) {
	for _, f := range functions {
		random := rand.New(rand.NewPCG(1, 2))
		for range 1000 {
			x := draw(random, f.min, f.max)
			got := f.of(interval.Point(x))
			want := f.want(bigreal.Float(x))
			if want.Unknown {
				continue
			}
			lo, hi := want.Bounds()
			if hi < got.Lo || lo > got.Hi || !(got.Lo <= got.Hi) {
				t.Fatalf("%s(%v) = %v, but it lies in [%v, %v]", f.name, x, got, lo, hi)
			}
			if wide := got.Width(); wide > f.rel*math.Max(1, math.Abs(lo)) && wide > 1e-320 && hi < 1e300 {
				t.Fatalf("%s(%v) = %v is %g wide, allowed %g", f.name, x, got, wide, f.rel)
			}
		}
	}
}

// An interval result must hold the value at any point of the argument.
func TestElementaryFunctionsEncloseOnIntervals(t *testing.T) {
	for _, f := range functions {
		random := rand.New(rand.NewPCG(3, 4))
		for range 1000 {
			a := interval.New(draw(random, f.min, f.max), draw(random, f.min, f.max))
			if random.IntN(2) == 0 {
				a.Hi = math.Min(f.max, a.Lo+random.Float64()*0.01)
			}
			x := a.Lo + (a.Hi-a.Lo)*random.Float64()
			if !a.Contains(x) {
				continue
			}
			lo, hi := f.want(bigreal.Float(x)).Bounds()
			if got := f.of(a); hi < got.Lo || lo > got.Hi {
				t.Fatalf("%s(%v) = %v misses %v at %v", f.name, a, got, lo, x)
			}
		}
	}
}

func TestElementaryFunctionsAtTheEnds(t *testing.T) {
	inf := math.Inf(1)
	for _, f := range functions {
		for _, a := range []interval.Interval{interval.Entire, {Lo: 0, Hi: inf}, {Lo: -inf, Hi: 0},
			{Lo: math.MaxFloat64, Hi: inf}, {Lo: -inf, Hi: -math.MaxFloat64}, interval.Point(math.MaxFloat64),
			interval.Point(-math.MaxFloat64), interval.Point(math.SmallestNonzeroFloat64), {}} {
			got := f.of(a)
			if !(got.Lo <= got.Hi) || math.IsInf(got.Lo, 1) || math.IsInf(got.Hi, -1) {
				t.Errorf("%s(%v) = %v is no interval", f.name, a, got)
			}
		}
	}
	if got := interval.Entire.Tanh(); got != (interval.Interval{Lo: -1, Hi: 1}) {
		t.Errorf("tanh of the real line = %v", got)
	}
	if got := (interval.Interval{Lo: -inf, Hi: inf}).GELU(); got.Lo > -0.169971 || got.Lo < -0.169972 {
		t.Errorf("gelu of the real line = %v", got)
	}
	if got := (interval.Interval{Lo: -inf, Hi: inf}).SiLU(); got.Lo > -0.278464 || got.Lo < -0.278465 {
		t.Errorf("silu of the real line = %v", got)
	}
}

// The proof that GELU and SiLU turn once needs the signs of their derivatives
// at the ends of the enclosures of the turning points.
func TestTurningPointsAreEnclosed(t *testing.T) {
	for _, x := range []struct {
		name   string
		slope  func(interval.Interval) interval.Interval
		lo, hi float64
	}{
		{"gelu", interval.Interval.GELUPrime, -0.7517916, -0.7517915},
		{"silu", interval.Interval.SiLUPrime, -1.2784646, -1.2784645},
	} {
		if a, b := x.slope(interval.Point(x.lo)), x.slope(interval.Point(x.hi)); !a.Negative() || !b.Positive() {
			t.Errorf("%s has slopes %v and %v beside its minimum", x.name, a, b)
		}
	}
}

func TestArithmeticEncloses(t *testing.T) {
	operations := []struct {
		name string
		of   func(a, b interval.Interval) interval.Interval
		want func(a, b bigreal.Real) bigreal.Real
	}{
		{"add", interval.Interval.Add, bigreal.Real.Add},
		{"sub", interval.Interval.Sub, bigreal.Real.Sub},
		{"mul", interval.Interval.Mul, bigreal.Real.Mul},
		{"div", interval.Interval.Div, bigreal.Real.Div},
		{"max", interval.Interval.Max, bigreal.Real.Max},
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 40000 {
		a, b := interval.New(anyFloat(random), anyFloat(random)), interval.New(anyFloat(random), anyFloat(random))
		if random.IntN(3) == 0 {
			a = interval.Point(a.Lo)
		}
		x, y := a.Lo, b.Hi
		if random.IntN(2) == 0 {
			x, y = a.Hi, b.Lo
		}
		for _, o := range operations {
			lo, hi := o.want(bigreal.Float(x), bigreal.Float(y)).Bounds()
			if got := o.of(a, b); hi < got.Lo || lo > got.Hi {
				if math.IsInf(lo, -1) && math.IsInf(hi, 1) {
					continue
				}
				t.Fatalf("%s(%v, %v) = %v misses [%v, %v] at %v, %v", o.name, a, b, got, lo, hi, x, y)
			}
		}
	}
}

// anyFloat draws finite numbers of all sizes, with extremes often.
func anyFloat(random *rand.Rand) float64 {
	switch random.IntN(6) {
	case 0:
		return []float64{0, 1, -1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 0x1p-1022, 0.1, -3}[random.IntN(9)]
	case 1:
		for {
			if x := math.Float64frombits(random.Uint64()); !math.IsNaN(x) && !math.IsInf(x, 0) {
				return x
			}
		}
	}
	return random.NormFloat64()
}

func FuzzArithmetic(f *testing.F) {
	f.Add(1.0, 2.0, -0.1, 3e-320)
	f.Fuzz(func(t *testing.T, p, q, r, s float64) {
		for _, x := range []float64{p, q, r, s} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Skip()
			}
		}
		a, b := interval.New(p, q), interval.New(r, s)
		for _, c := range []struct {
			got  interval.Interval
			want bigreal.Real
		}{
			{a.Add(b), bigreal.Float(p).Add(bigreal.Float(s))},
			{a.Mul(b), bigreal.Float(q).Mul(bigreal.Float(r))},
			{a.Sqr(), bigreal.Float(p).Mul(bigreal.Float(p))},
			{a.Div(b), bigreal.Float(q).Div(bigreal.Float(s))},
			{a.Tanh(), bigreal.Float(p).Tanh()},
		} {
			lo, hi := c.want.Bounds()
			if !c.want.Unknown && (hi < c.got.Lo || lo > c.got.Hi) {
				t.Fatalf("%v and %v: %v misses [%v, %v]", a, b, c.got, lo, hi)
			}
		}
	})
}

func TestCombineIsExactWhereItCan(t *testing.T) {
	if got := interval.Combine(0.5, 1, 3); got != interval.Point(2) {
		t.Errorf("half-way between 1 and 3 = %v", got)
	}
	if got := interval.Combine(0.1, 7.3, 7.3); got != interval.Point(7.3) {
		t.Errorf("between 7.3 and itself = %v", got)
	}
}
