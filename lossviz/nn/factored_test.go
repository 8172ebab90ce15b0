package nn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Shared exponentials give what the evaluator gives, for one output and for several, with any number of units, near
// and far, where they fit and where they would overflow; and the same bits in any company.
func TestFactored(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for _, act := range []Activation{Tanh, Sigmoid} {
		for _, c := range []struct {
			sizes []int
			n     int
			loss  Loss
		}{
			{[]int{2, 16, 1}, 200, LogisticLoss}, {[]int{2, 1, 1}, 3, Squared}, {[]int{3, 7, 1}, 1001, Absolute},
			{[]int{5, 33, 4}, 777, CrossEntropy}, {[]int{4, 130, 8, 2}, 50, Squared}, {[]int{2, 512, 1}, 30, LogisticLoss},
		} {
			net := Deep(act, c.sizes...)
			k := net.out.Size()
			target := func(r *rand.Rand) float64 { return float64(r.IntN(2)) }
			if c.loss == CrossEntropy {
				target = func(r *rand.Rand) float64 { return float64(r.IntN(k)) }
			}
			for _, penalty := range []float64{0, 0.01} {
				e := sliceCase(t, net, c.loss, c.n, target, penalty, penalty)
				origin, x, y := normals(random, net.dim), normals(random, net.dim), normals(random, net.dim)
				s := e.Slicer(origin, x, y)
				if s == nil || s.factoring == nil || (s.factoring.single != nil) != (len(c.sizes) == 3 && k == 1) {
					t.Fatalf("%v %v: %+v", act, c.sizes, s)
				}
				var a, b []float64
				for i := range 19 {
					for j := range 37 {
						a, b = append(a, float64(i-9)/6), append(b, float64(j-18)/12)
					}
				}
				a, b = append(a, 0, math.Copysign(0, -1), 1e3, 1e9, 3, 1e300), append(b, 0, 1e-9, -1e3, 0.5, 1e9, 1e300)
				loss, accuracy := make([]float64, len(a)), make([]float64, len(a))
				s.Worker()(a, b, loss, accuracy)
				count := map[method]int{}
				theta := make([]float64, net.dim)
				for p := range a {
					count[s.factoring.method(a[p], b[p])]++
					for i := range theta {
						theta[i] = math.FMA(y[i], b[p], math.FMA(x[i], a[p], origin[i]))
					}
					want, right := e.ValueAccuracy(theta)
					if math.IsNaN(want) != math.IsNaN(loss[p]) || math.Abs(loss[p]-want) > 1e-12*math.Abs(want) || math.Abs(accuracy[p]-right) > 1.5/float64(c.n) {
						t.Fatalf("%v %v at (%v, %v): loss %v, accuracy %v; point by point %v, %v", act, c.sizes, a[p], b[p], loss[p], accuracy[p], want, right)
					}
				}
				if single := s.factoring.single != nil; count[direct] < 4 || count[direct] > len(a)/2 || (count[sharedSingle] > len(a)/2) != single {
					t.Errorf("%v %v: %v", act, c.sizes, count)
				}
				// In another order, in calls of other lengths.
				work := s.Worker()
				order := random.Perm(len(a))
				for len(order) > 0 {
					n := min(len(order), 1+random.IntN(90))
					var as, bs []float64
					for _, p := range order[:n] {
						as, bs = append(as, a[p]), append(bs, b[p])
					}
					again := make([]float64, n)
					work(as, bs, again, nil)
					for i, p := range order[:n] {
						if math.Float64bits(again[i]) != math.Float64bits(loss[p]) && !math.IsNaN(again[i]) {
							t.Fatalf("%v %v at (%v, %v): %v, in other company %v", act, c.sizes, a[p], b[p], loss[p], again[i])
						}
					}
					order = order[n:]
				}
			}
		}
	}
}

// Networks whose first layer cannot be shared so are not.
func TestNotFactored(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	for name, net := range map[string]*Network{
		"relu":       Deep(ReLU, 2, 4, 2),
		"wide":       Deep(Tanh, 2, maxFactoredUnits+1, 2),
		"linear":     Deep(Tanh, 2, 2),
		"batch norm": New(Dense(3, 4, Tanh), BatchNormLayer{Features: 4}, Dense(4, 2, Identity)),
	} {
		e := sliceCase(t, net, CrossEntropy, 20, func(r *rand.Rand) float64 { return float64(r.IntN(2)) }, 0, 0)
		s := e.Slicer(normals(random, net.dim), normals(random, net.dim), normals(random, net.dim))
		if s == nil || s.factoring != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
