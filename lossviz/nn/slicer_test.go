package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

func sliceCase(t testing.TB, net *Network, loss Loss, n int, y func(*rand.Rand) float64, l1, l2 float64) *Evaluator {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	k := net.out.Size()
	if loss == CrossEntropy {
		k = 1
	}
	targets := make([]float64, n*k)
	for i := range targets {
		targets[i] = y(random)
	}
	e := NewPenalized(net, loss, dataset.New("random", normals(random, n*net.in.Size()), targets, net.in.Size()), l1, l2)
	if e.Err() != nil {
		t.Fatal(e.Err())
	}
	return e
}

// A slice has the values of the points it goes through, for every layer, on planes and lines, with
// accuracy and penalties.
func TestSlicerAgrees(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, net := range zoo() {
		for _, penalty := range []float64{0, 0.01} {
			k := net.out.Size()
			e := sliceCase(t, net, CrossEntropy, 300, func(r *rand.Rand) float64 { return float64(r.IntN(k)) }, penalty, 2*penalty)
			origin, x, y := normals(random, net.dim), normals(random, net.dim), normals(random, net.dim)
			for _, y := range [][]float64{y, nil} {
				s := e.Slicer(origin, x, y)
				if s == nil {
					t.Fatalf("%s: no fast slice", name)
				}
				const points = 70
				a, b := normals(random, points), normals(random, points)
				loss, accuracy := make([]float64, points), make([]float64, points)
				s.Worker()(a, b, loss, accuracy)
				theta := make([]float64, net.dim)
				for p := range points {
					for i := range theta {
						theta[i] = origin[i] + a[p]*x[i]
						if y != nil {
							theta[i] += b[p] * y[i]
						}
					}
					want, right := e.ValueAccuracy(theta)
					if math.Abs(loss[p]-want) > 1e-12*math.Abs(want) || math.Abs(accuracy[p]-right) > 1.5/300 {
						t.Fatalf("%s at (%v, %v): loss %v, accuracy %v; point by point %v, %v", name, a[p], b[p], loss[p], accuracy[p], want, right)
					}
				}
			}
		}
	}
}

// A point's bits do not depend on its companions.
func TestSlicerIsPointwise(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	net := Deep(Tanh, 3, 20, 7, 2)
	e := sliceCase(t, net, Squared, 777, func(r *rand.Rand) float64 { return r.NormFloat64() }, 0.1, 0.1)
	s := e.Slicer(normals(random, net.dim), normals(random, net.dim), normals(random, net.dim))
	a, b, all := normals(random, 100), normals(random, 100), make([]float64, 100)
	s.Worker()(a, b, all, nil)
	work := s.Worker()
	for i := range a {
		var one [1]float64
		work(a[i:i+1], b[i:i+1], one[:], nil)
		if math.Float64bits(one[0]) != math.Float64bits(all[i]) {
			t.Fatalf("point %d: %v alone, %v among others", i, one[0], all[i])
		}
	}
	if n := testing.AllocsPerRun(5, func() { work(a, b, all, nil) }); n != 0 {
		t.Errorf("%v allocations for 100 points", n)
	}
}

// A segment has the values of the points between its ends, and theirs to the bit.
func TestSegmentSlicer(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for name, net := range zoo() {
		k := net.out.Size()
		e := sliceCase(t, net, CrossEntropy, 300, func(r *rand.Rand) float64 { return float64(r.IntN(k)) }, 0.01, 0.02)
		from, to := normals(random, net.dim), normals(random, net.dim)
		s := e.SegmentSlicer(from, to)
		if s == nil {
			t.Fatalf("%s: no fast segment", name)
		}
		a, loss := []float64{0, 1, -0.5, 0.3, 1.5}, make([]float64, 5)
		s.Worker()(a, nil, loss, nil)
		if loss[0] != e.Value(from) || loss[1] != e.Value(to) {
			t.Errorf("%s: ends %v and %v, want %v and %v", name, loss[0], loss[1], e.Value(from), e.Value(to))
		}
		theta := make([]float64, net.dim)
		for p, a := range a {
			for i := range theta {
				theta[i] = (1-a)*from[i] + a*to[i]
			}
			if want := e.Value(theta); math.Abs(loss[p]-want) > 1e-12*math.Abs(want) {
				t.Errorf("%s at %v: %v, point by point %v", name, a, loss[p], want)
			}
		}
	}
}
