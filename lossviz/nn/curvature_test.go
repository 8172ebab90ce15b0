package nn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Products that share their passes are those of the evaluator, for every layer, along vectors that move all layers or
// one number only, and after moving on to another point.
func TestCurvatureAgrees(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	check := func(name string, e *Evaluator) {
		c := e.NewCurvature()
		got, want := make([]float64, e.Dim()), make([]float64, e.Dim())
		for range 2 {
			theta := normals(random, e.Dim())
			c.At(theta)
			vectors := [][]float64{normals(random, e.Dim()), make([]float64, e.Dim())}
			for _, b := range e.net.Blocks() {
				v := make([]float64, e.Dim())
				v[b.Offset+random.IntN(b.Size)] = 1
				vectors = append(vectors, v)
			}
			for k, v := range vectors {
				e.HessianVector(want, theta, v)
				c.HessianVector(got, v)
				for i := range want {
					if math.Abs(got[i]-want[i]) > 1e-13*(1+math.Abs(want[i])) {
						t.Fatalf("%s, vector %d: [%d] is %v, want %v", name, k, i, got[i], want[i])
					}
				}
			}
		}
	}
	for name, net := range zoo() {
		k := net.out.Size()
		check(name, sliceCase(t, net, CrossEntropy, 300, func(r *rand.Rand) float64 { return float64(r.IntN(k)) }, 0.01, 0.02))
	}
	lanes := sliceCase(t, Deep(Tanh, 20, 30, 3), CrossEntropy, 6000, func(r *rand.Rand) float64 { return float64(r.IntN(3)) }, 0, 0)
	if lanes.lanes < 2 {
		t.Fatal("one lane only")
	}
	check("lanes", lanes)
}

func BenchmarkCurvature(b *testing.B) {
	for _, c := range []struct {
		name  string
		sizes []int
		n     int
	}{{"2-16-1", []int{2, 16, 1}, 200}, {"64-32-10", []int{64, 32, 10}, 1797}} {
		random := rand.New(rand.NewPCG(1, 1))
		net := Deep(Tanh, c.sizes...)
		e := sliceCase(b, net, Squared, c.n, func(r *rand.Rand) float64 { return r.NormFloat64() }, 0, 0)
		theta, v, hv := normals(random, net.dim), normals(random, net.dim), make([]float64, net.dim)
		one := make([]float64, net.dim)
		one[0] = 1
		k := e.NewCurvature()
		k.At(theta)
		b.Run(c.name+"/alone", func(b *testing.B) {
			for b.Loop() {
				e.HessianVector(hv, theta, v)
			}
		})
		b.Run(c.name+"/shared", func(b *testing.B) {
			for b.Loop() {
				k.HessianVector(hv, v)
			}
		})
		b.Run(c.name+"/unit vector", func(b *testing.B) {
			for b.Loop() {
				k.HessianVector(hv, one)
			}
		})
	}
}
