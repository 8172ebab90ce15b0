package notebooks_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity"
)

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// chords tries random chords of f between lo and hi: the share that breaks the definition, and the largest gap.
func chords(f func(float64) float64, lo, hi float64, seed uint64) (share, largest float64) {
	const n = 10000
	random := rand.New(rand.NewPCG(seed, 0))
	largest = math.Inf(-1)
	for range n {
		a, b, t := lo+(hi-lo)*random.Float64(), lo+(hi-lo)*random.Float64(), random.Float64()
		gap := f(t*a+(1-t)*b) - (t*f(a) + (1-t)*f(b))
		if gap > 1e-12 {
			share += 1.0 / n
		}
		largest = max(largest, gap)
	}
	return share, largest
}

// What 01-convex-by-definition says of chords: none breaks for the convex functions, half do for the sigmoid, few for
// the bowl with a dent; and no committee does worse than its members.
func TestChords(t *testing.T) {
	quartic := func(x float64) float64 { return (x*x - 1) * (x*x - 1) }
	minimum := func(x float64) float64 { return min(1-x, x/2, 2*x-4) }
	maximum := func(x float64) float64 { return max(1-x, x/2, 2*x-4) }
	overTenSeeds(t, func(seed uint64) (claims []claim) {
		for _, convex := range []struct {
			name string
			f    func(float64) float64
		}{
			{"x^2", func(x float64) float64 { return x * x }}, {"|x|", math.Abs}, {"softplus", softplus}, {"maximum of lines", maximum},
			{"relu", func(x float64) float64 { return max(x, 0) }}, {"x^4", func(x float64) float64 { return x * x * x * x }},
			{"softplus + |x|", func(x float64) float64 { return softplus(x) + math.Abs(x) }},
		} {
			share, _ := chords(convex.f, -5, 5, seed)
			claims = append(claims, atMost("broken chords of "+convex.name, share, 0))
		}
		few, gap := chords(quartic, -5, 5, seed)
		half, _ := chords(sigmoid, -5, 5, seed)
		sine, _ := chords(math.Sin, -5, 5, seed)
		hill, _ := chords(minimum, -2, 5, seed)
		difference, _ := chords(func(x float64) float64 { return softplus(x) - math.Abs(x) }, -5, 5, seed)
		cube, _ := chords(func(x float64) float64 { return x * x * x }, -5, 5, seed)
		random := rand.New(rand.NewPCG(seed, 0))
		closest, spread := math.Inf(1), 0.0
		for range 10000 {
			p, q, r := 10*random.Float64(), 10*random.Float64(), 10*random.Float64()
			if d := (p+q+r)/3 - math.Cbrt(p*q*r); d < closest {
				closest, spread = d, max(p, q, r)-min(p, q, r)
			}
		}
		fails := 0.0
		for range 1000 {
			z, mean := 0.0, 0.0
			for range 5 {
				opinion := 1 + 3*random.NormFloat64()
				z += opinion / 5
				mean += softplus(-opinion) / 5
			}
			if softplus(-z) > mean+1e-12 {
				fails++
			}
		}
		return append(claims,
			atLeast("broken chords of (x^2-1)^2", few, 0.02), atMost("broken chords of (x^2-1)^2", few, 0.1), atLeast("its largest gap", gap, 0.5),
			atLeast("broken chords of the sigmoid", half, 0.4), atLeast("broken chords of sin", sine, 0.4),
			atLeast("broken chords of the minimum of lines", hill, 0.3),
			atLeast("broken chords of softplus - |x|", difference, 0.05), atLeast("broken chords of x^3", cube, 0.3),
			atLeast("arithmetic less geometric mean", closest, -1e-12), atMost("spread of the three numbers that come closest", spread, 1),
			atMost("committees that do worse than their average member", fails, 0))
	})
}

// The judge's list does not depend on where its search begins.
func TestDozen(t *testing.T) {
	x := convexity.Var(0)
	one := convexity.Const(1)
	dozen := []struct {
		formula *convexity.Expr
		kind    convexity.Kind
	}{
		{convexity.Square(x), convexity.Convex},
		{convexity.Abs(x), convexity.Convex},
		{convexity.ReLU(x), convexity.Convex},
		{convexity.Softplus(x), convexity.Convex},
		{convexity.Huber(1, x), convexity.Convex},
		{convexity.Neg(convexity.Log(convexity.VarIn(0, 0.001, 1000))), convexity.Convex},
		{convexity.LogSumExp(x, convexity.Neg(x)), convexity.Convex},
		{convexity.Max(convexity.Sub(one, x), convexity.Scale(0.5, x)), convexity.Convex},
		{convexity.Exp(convexity.Square(x)), convexity.Convex},
		{convexity.Sigmoid(x), convexity.NotConvex},
		{convexity.Tanh(x), convexity.NotConvex},
		{convexity.SiLU(x), convexity.NotConvex},
		{convexity.Exp(convexity.Neg(convexity.Square(x))), convexity.NotConvex},
		{convexity.Square(convexity.Sub(convexity.Square(x), one)), convexity.NotConvex},
		{convexity.Sum(convexity.Square(x), convexity.Sigmoid(x)), convexity.Undetermined},
		{convexity.Log(convexity.Sum(one, convexity.Exp(x))), convexity.Undetermined},
	}
	overTenSeeds(t, func(seed uint64) (claims []claim) {
		for _, d := range dozen {
			v := convexity.Judge(convexity.Function(1, d.formula), convexity.Seed(seed))
			wrong := 0.0
			if v.Kind != d.kind || v.Verify() != nil {
				wrong = 1
			}
			claims = append(claims, atMost(d.formula.String()+" is "+string(d.kind)+", and that can be verified: wrong", wrong, 0))
			if v.Certificate != nil {
				claims = append(claims, atLeast(d.formula.String()+": the gap", v.Certificate.Gap.Lo, 1e-6))
			}
		}
		return claims
	})
	mixed := convexity.Function(1, convexity.Sum(convexity.Square(x), convexity.Sigmoid(x)))
	if v := convexity.OnLine(mixed, []float64{-50}, []float64{50}); v.Kind != convexity.Convex {
		t.Errorf("x^2 + sigmoid on a line: %v", v)
	}
	for formula, want := range map[*convexity.Expr]convexity.Kind{
		convexity.Sigmoid(x): convexity.Convex, convexity.SiLU(x): convexity.Convex,
		convexity.Exp(convexity.Neg(convexity.Square(x))): convexity.NotConvex,
	} {
		if v := convexity.QuasiConvexOnLine(convexity.Function(1, formula), []float64{-10}, []float64{10}); v.Kind != want {
			t.Errorf("quasi-convex: %v: %v", formula, v)
		}
	}
}
