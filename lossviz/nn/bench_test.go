package nn

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

// benchmarks are the cases that the landscapes are timed with.
func benchmarks() map[string]*Evaluator {
	random := rand.New(rand.NewPCG(3, 4))
	y := make([]float64, 5000)
	for i := range y {
		y[i] = float64(random.IntN(10))
	}
	wide := dataset.New("random", normals(random, 5000*784), y, 784)
	return map[string]*Evaluator{
		"2-16-1":      NewEvaluator(MLP(2, 16, 1, Tanh), LogisticLoss, dataset.Moons(200, 0.1, 1)),
		"2-16-1 gelu": NewEvaluator(MLP(2, 16, 1, GELU), LogisticLoss, dataset.Moons(200, 0.1, 1)),
		"64-32-10":    NewEvaluator(MLP(64, 32, 10, Tanh), CrossEntropy, dataset.Digits()),
		"784-128-10":  NewEvaluator(MLP(784, 128, 10, Tanh), CrossEntropy, wide),
		"784-10":      NewEvaluator(Linear(784, 10), CrossEntropy, wide),
	}
}

func BenchmarkEvaluator(b *testing.B) {
	for name, e := range benchmarks() {
		theta := e.net.Init(1)
		grad, hv := make([]float64, len(theta)), make([]float64, len(theta))
		b.Run(name+"/value", func(b *testing.B) {
			for b.Loop() {
				e.Value(theta)
			}
		})
		b.Run(name+"/gradient", func(b *testing.B) {
			for b.Loop() {
				e.Gradient(grad, theta)
			}
		})
		b.Run(name+"/hessian-vector", func(b *testing.B) {
			for b.Loop() {
				e.HessianVector(hv, theta, grad)
			}
		})
	}
}

// BenchmarkSlicer is one goroutine's time for a point of a plane.
func BenchmarkSlicer(b *testing.B) {
	for name, e := range benchmarks() {
		b.Run(name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 1))
			work := e.Slicer(e.net.Init(1), normals(random, e.Dim()), normals(random, e.Dim())).Worker()
			x, y := normals(random, 64), normals(random, 64)
			loss := make([]float64, 64)
			for b.Loop() {
				work(x, y, loss, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/point")
		})
	}
}

// BenchmarkScaling shows that a slice's cost is linear in its points and in the samples: the time for one of each
// stays the same over two decades of both.
func BenchmarkScaling(b *testing.B) {
	for _, c := range []struct{ samples, points int }{{200, 100}, {200, 1000}, {200, 10000}, {2000, 1000}, {20000, 1000}} {
		b.Run(fmt.Sprintf("%d samples, %d points", c.samples, c.points), func(b *testing.B) {
			e := NewEvaluator(MLP(2, 16, 1, Tanh), LogisticLoss, dataset.Moons(c.samples, 0.1, 1))
			random := rand.New(rand.NewPCG(1, 1))
			origin, dx, dy := e.net.Init(1), normals(random, e.Dim()), normals(random, e.Dim())
			x, y, loss := normals(random, c.points), normals(random, c.points), make([]float64, c.points)
			for b.Loop() {
				e.Slicer(origin, dx, dy).Worker()(x, y, loss, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.points)/float64(c.samples), "ns/point/sample")
		})
	}
}
