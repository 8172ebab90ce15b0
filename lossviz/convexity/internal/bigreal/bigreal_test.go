package bigreal_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity/internal/bigreal"
)

// wide encloses all numbers between two.
func wide(lo, hi float64) bigreal.Real {
	return bigreal.Real{Lo: bigreal.Float(lo).Lo, Hi: bigreal.Float(hi).Hi}
}

// What a function gives for a wide enclosure must hold what it gives within it, and be known where that is known.
func TestWideEnclosuresHoldTheirPoints(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 9))
	size := func() float64 { return math.Exp(40 * random.NormFloat64()) }
	for name, f := range map[string]struct {
		of       func(bigreal.Real) bigreal.Real
		positive bool
	}{
		"sqrt": {bigreal.Real.Sqrt, true}, "log": {bigreal.Real.Log, true},
		"tanh": {bigreal.Real.Tanh, false}, "sigmoid": {bigreal.Real.Sigmoid, false}, "softplus": {bigreal.Real.Softplus, false},
		"erf": {bigreal.Real.Erf, false}, "normal CDF": {bigreal.Real.NormalCDF, false}, "abs": {bigreal.Real.Abs, false},
	} {
		for range 500 {
			lo, hi := size(), size()
			if !f.positive {
				lo, hi = lo*float64(random.IntN(3)-1), hi*float64(random.IntN(3)-1)
			}
			lo, hi = math.Min(lo, hi), math.Max(lo, hi)
			all := f.of(wide(lo, hi))
			if all.Unknown {
				t.Fatalf("%s of [%v, %v] is unknown", name, lo, hi)
			}
			if name == "sqrt" && all.Lo.Sign() <= 0 {
				t.Fatalf("the root of [%v, %v] may be 0", lo, hi)
			}
			for _, x := range []float64{lo, hi, lo/2 + hi/2} {
				if at := f.of(bigreal.Float(x)); at.Unknown || at.Hi.Cmp(all.Lo) < 0 || at.Lo.Cmp(all.Hi) > 0 {
					t.Fatalf("%s(%v) lies in [%v, %v], that of [%v, %v] in [%v, %v]", name, x, at.Lo, at.Hi, lo, hi, all.Lo, all.Hi)
				}
			}
		}
	}
}
