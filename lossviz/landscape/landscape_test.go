package landscape

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gonum.org/v1/gonum/diff/fd"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// moons is a small network objective and a point.
func moons(t testing.TB, act nn.Activation) (*NetworkObjective, []float64) {
	t.Helper()
	net := nn.MLP(2, 8, 1, act)
	o := NewObjective(net, nn.LogisticLoss, dataset.Moons(200, 0.15, 1), L2(1e-3))
	if err := o.Err(); err != nil {
		t.Fatal(err)
	}
	return o, net.Init(7)
}

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

func requireSame(t *testing.T, what string, a, b [][]float64) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%s: %d and %d rows", what, len(a), len(b))
	}
	for i := range a {
		for j := range a[i] {
			if !sameBits(a[i][j], b[i][j]) && !(math.IsNaN(a[i][j]) && math.IsNaN(b[i][j])) {
				t.Fatalf("%s: [%d][%d] is %v and %v", what, i, j, a[i][j], b[i][j])
			}
		}
	}
}

func TestExampleFunctions(t *testing.T) {
	minima := []struct {
		f *FuncObjective
		x []float64
	}{
		{Rosenbrock(), []float64{1, 1}},
		{Himmelblau(), []float64{3, 2}},
		{Rastrigin(3), []float64{0, 0, 0}},
		{Beale(), []float64{3, 0.5}},
	}
	for _, m := range minima {
		if v := m.f.Value(m.x); math.Abs(v) > 1e-12 {
			t.Errorf("%s at its minimum is %v", m.f.Name, v)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, f := range []*FuncObjective{Rosenbrock(), Himmelblau(), Saddle(), Rastrigin(4), Beale()} {
		for range 20 {
			x := make([]float64, f.Dim())
			v := make([]float64, f.Dim())
			for i := range x {
				x[i], v[i] = 2*rng.NormFloat64(), rng.NormFloat64()
			}
			got := make([]float64, len(x))
			f.Gradient(got, x)
			want := fd.Gradient(nil, f.Value, x, &fd.Settings{Formula: fd.Central})
			scale := 1 + normInf(got)
			for i := range got {
				if math.Abs(got[i]-want[i]) > 1e-5*scale {
					t.Errorf("%s at %v: gradient %v, want %v", f.Name, x, got, want)
				}
			}
			hv := make([]float64, len(x))
			f.HessianVector(hv, x, v)
			// The same without the exact gradient, by nested differences.
			plain := make([]float64, len(x))
			Func(f.Dim(), f.Value).HessianVector(plain, x, v)
			for i := range hv {
				if math.Abs(hv[i]-plain[i]) > 1e-2*(1+normInf(hv)) {
					t.Errorf("%s at %v: H v = %v, by differences of values %v", f.Name, x, hv, plain)
				}
			}
		}
	}
}

func TestNormalize(t *testing.T) {
	net := nn.New(
		nn.Conv2DLayer{In: 1, Out: 3, Kernel: 3, Height: 8, Width: 8, Activation: nn.ReLU},
		nn.FlattenLayer{},
		nn.Dense(3*6*6, 5, nn.Identity),
	)
	if err := net.Err(); err != nil {
		t.Fatal(err)
	}
	data := dataset.New("noise", Random(Func(2*64, func([]float64) float64 { return 0 }), 3).V, []float64{0, 4}, 64)
	obj := NewObjective(net, nn.CrossEntropy, data)
	if err := obj.Err(); err != nil {
		t.Fatal(err)
	}
	theta := Random(obj, 5).V
	d := Random(obj, 6)
	closeTo := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-12*max(1, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	filter := d.Normalize(obj, theta, Filter)
	layer := d.Normalize(obj, theta, Layer)
	model := d.Normalize(obj, theta, Model)
	all := d.NormalizeAll(obj, theta, Layer)
	weight, allWeights := d.Normalize(obj, theta, Weight), d.NormalizeAll(obj, theta, Weight)
	unitFilter, unitLayer := d.Normalize(obj, theta, UnitFilter), d.Normalize(obj, theta, UnitLayer)
	for i, v := range d.V {
		closeTo("entry by weight, biases kept", allWeights.V[i], v*theta[i])
	}
	for _, b := range obj.Blocks() {
		at := b.Of(theta)
		if b.Kind != nn.Weight {
			closeTo(b.Name, norm2(b.Of(filter.V))+norm2(b.Of(layer.V))+norm2(b.Of(model.V)), 0)
			closeTo(b.Name, norm2(b.Of(weight.V))+norm2(b.Of(unitFilter.V))+norm2(b.Of(unitLayer.V)), 0)
			closeTo(b.Name+" kept", norm2(b.Of(all.V)), norm2(at))
			continue
		}
		closeTo(b.Name+" by layer", norm2(b.Of(layer.V)), norm2(at))
		closeTo(b.Name+" to length 1", norm2(b.Of(unitLayer.V)), 1)
		for i, v := range b.Of(weight.V) {
			closeTo(b.Name+" by weight", v, b.Of(d.V)[i]*at[i])
		}
		step := b.Size / b.Shape[0]
		for k := 0; k < b.Size; k += step {
			closeTo(b.Name+" filters to length 1", norm2(b.Of(unitFilter.V)[k:k+step]), 1)
			closeTo(b.Name+" by filter", norm2(b.Of(filter.V)[k:k+step]), norm2(at[k:k+step]))
			closeTo(b.Name+" keeps its direction", cosine(b.Of(filter.V)[k:k+step], b.Of(d.V)[k:k+step]), 1)
		}
	}
	closeTo("by model", norm2(model.V), norm2(theta))

	if d := d.Normalize(obj, make([]float64, obj.Dim()), Filter); d.Err() == nil {
		t.Error("normalizing to zero weights gives no error")
	}
	for _, n := range []Normalization{Filter, Layer, Model, Weight, UnitFilter, UnitLayer} {
		if got := d.Normalize(obj, theta, n); !strings.Contains(got.Name, n.String()+"-normalized") {
			t.Errorf("%v: the direction is called %q", n, got.Name)
		}
	}
	if d := d.Normalize(obj, theta, UnitLayer+1); d.Err() == nil {
		t.Error("an unknown normalization gives no error")
	}
}

func TestOrthogonal(t *testing.T) {
	obj := Rastrigin(50)
	a, b, c := Random(obj, 1), Random(obj, 2), Random(obj, 3)
	d := c.Orthogonal(a, b)
	if d.Err() != nil || math.Abs(Cosine(d, a)) > 1e-14 || math.Abs(Cosine(d, b)) > 1e-14 {
		t.Errorf("cosines %v and %v, error %v", Cosine(d, a), Cosine(d, b), d.Err())
	}
	if table := Cosines(a, b, nil, d); table.Cosine[0][0] < 1-1e-15 || table.Cosine[1][0] != Cosine(a, b) || !math.IsNaN(table.Cosine[2][1]) ||
		strings.Count(table.String(), "\n") != 3 || !strings.Contains(table.String(), "random, seed 2") {
		t.Errorf("cosines:\n%v", table)
	}
	if a.Scale(2).Orthogonal(a).Err() == nil {
		t.Error("a direction orthogonal to itself has no error")
	}
}

func TestPlaneProject(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 50 {
		obj := Rastrigin(3 + rng.IntN(20))
		p := NewPlane(Random(obj, rng.Uint64()).V, Random(obj, rng.Uint64()), Random(obj, rng.Uint64()))
		a, b := rng.NormFloat64(), rng.NormFloat64()
		n := Random(obj, rng.Uint64()).Orthogonal(p.X, p.Y)
		theta := p.At(a, b)
		for i := range theta {
			theta[i] += n.V[i]
		}
		ga, gb, d := p.Project(theta)
		if math.Abs(ga-a) > 1e-10 || math.Abs(gb-b) > 1e-10 || math.Abs(d-norm2(n.V)) > 1e-10 {
			t.Errorf("(%v, %v) at distance %v projects to (%v, %v) at %v", a, b, norm2(n.V), ga, gb, d)
		}
	}
}

func TestPCA(t *testing.T) {
	// Points of a plane in 30 dimensions, with little noise: PCA finds the plane.
	obj := Rastrigin(30)
	true_ := NewPlane(Random(obj, 1).V, Random(obj, 2), Random(obj, 3))
	rng := rand.New(rand.NewPCG(5, 5))
	var points Points
	for i := range 40 {
		p := true_.At(3*rng.NormFloat64(), rng.NormFloat64())
		p[i%30] += 1e-6 * rng.NormFloat64()
		points = append(points, p)
	}
	p := PCA(points)
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	if v := p.Variance[0] + p.Variance[1]; v < 1-1e-10 || v > 1+1e-12 || p.Variance[0] < p.Variance[1] {
		t.Errorf("variance explained %v", p.Variance)
	}
	for _, q := range points {
		if _, _, d := p.Project(q); d > 1e-5 {
			t.Errorf("a point is %v from the plane of all", d)
		}
	}
	if math.Abs(norm2(p.X.V)-1) > 1e-12 || math.Abs(p.Cosine()) > 1e-12 {
		t.Errorf("axes have length %v and cosine %v", norm2(p.X.V), p.Cosine())
	}
	if q := PrincipalPlane(2, 1, points); q.Variance != [2]float64{p.Variance[1], p.Variance[0]} || !slices.Equal(q.X.V, p.Y.V) {
		t.Errorf("components 2 and 1 have variances %v, 1 and 2 %v", q.Variance, p.Variance)
	}
	for _, bad := range [][2]int{{0, 1}, {1, 1}, {1, 31}} {
		if PrincipalPlane(bad[0], bad[1], points).Err() == nil {
			t.Errorf("components %v have no error", bad)
		}
	}
	if PCA(points[:2]).Err() == nil {
		t.Error("PCA of two points has no error")
	}
}

func TestThrough(t *testing.T) {
	obj, a := moons(t, nn.Tanh)
	b, c := obj.Net.Init(8), obj.Net.Init(9)
	s := Slice(obj, Through(a, b, c), Rectangle(0, 1, 3, 0, 1, 3), Quiet())
	for _, x := range []struct{ got, want float64 }{{s.Z[0][0], obj.Value(a)}, {s.Z[2][0], obj.Value(b)}, {s.Z[0][2], obj.Value(c)}} {
		if math.Abs(x.got-x.want) > 1e-12*x.want {
			t.Errorf("%v, want %v", x.got, x.want)
		}
	}
	if err := Through(a, a, c).Err(); err == nil {
		t.Error("a plane through twice the same point has no error")
	}
	if err := Through(a, b, b).Err(); err == nil || !strings.Contains(err.Error(), "parallel") {
		t.Errorf("a plane through a line: %v", err)
	}
}

// quadratic objective x' A x / 2 with known eigenvalues, in a rotated basis.
func spectral(values []float64, seed uint64) (*FuncObjective, [][]float64) {
	n := len(values)
	rng := rand.New(rand.NewPCG(seed, 0))
	basis := make([][]float64, n)
	for i := range basis {
		v := make([]float64, n)
		for k := range v {
			v[k] = rng.NormFloat64()
		}
		reject(v, basis[:i])
		l := norm2(v)
		for k := range v {
			v[k] /= l
		}
		basis[i] = v
	}
	times := func(out, x []float64) {
		fill(out, 0)
		for i, b := range basis {
			c := values[i] * dot(b, x)
			for k := range out {
				out[k] += c * b[k]
			}
		}
	}
	return FuncGradient(n, func(x []float64) float64 {
		out := make([]float64, n)
		times(out, x)
		return dot(out, x) / 2
	}, times), basis
}

func TestEigenvectors(t *testing.T) {
	for _, n := range []int{5, 90, 250} {
		values := make([]float64, n)
		for i := range values {
			values[i] = -1 + 0.01*float64(i)
		}
		values[0], values[1], values[n-2], values[n-1] = -9, -7, 12, 20
		obj, basis := spectral(values, 3)
		theta := make([]float64, n)
		low, high := hessianExtremes(NewCurvature(obj), theta, nil)
		// The Hessian of a FuncObjective is a difference of gradients: 1e-8 at best.
		if math.Abs(low+9) > 1e-6 || math.Abs(high-20) > 1e-6 {
			t.Errorf("n = %d: extremes %v and %v, want -9 and 20", n, low, high)
		}
		for i, d := range Eigenvectors(obj, theta, Top, 2) {
			if c := cosine(d.V, basis[n-1-i]); math.Abs(c) < 1-1e-8 {
				t.Errorf("n = %d: top eigenvector %d: cosine %v", n, i, c)
			}
		}
		for i, d := range Eigenvectors(obj, theta, Bottom, 2) {
			if c := cosine(d.V, basis[i]); math.Abs(c) < 1-1e-8 {
				t.Errorf("n = %d: bottom eigenvector %d: cosine %v", n, i, c)
			}
		}
	}
}

func TestSliceHoldsItsPoint(t *testing.T) {
	for _, act := range []nn.Activation{nn.Tanh, nn.ReLU, nn.GELU} {
		obj, theta := moons(t, act)
		s := Slice(obj, FilterNormalized(obj, theta, 3), Square(1, 11), Report(Accuracy()), Quiet())
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		value, accuracy := obj.ValueAccuracy(theta)
		if got := s.Z[5][5]; math.Abs(got-value) > 1e-13*value {
			t.Errorf("%v: %v in the middle, want %v", act, got, value)
		}
		if got := s.Values[NameAccuracy][5][5]; got != accuracy {
			t.Errorf("%v: accuracy %v, want %v", act, got, accuracy)
		}
	}
}

func TestFastPathAgrees(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	fast := Slice(obj, plane, Square(2, 23), Report(Accuracy(), GradientNorm()), Quiet())
	slow := Slice(obj, plane, Square(2, 23), Report(Accuracy(), GradientNorm()), Quiet(), PointByPoint())
	for i := range fast.Z {
		for j := range fast.Z[i] {
			if f, s := fast.Z[i][j], slow.Z[i][j]; math.Abs(f-s) > 1e-12*s {
				t.Fatalf("[%d][%d]: %v fast, %v point by point", i, j, f, s)
			}
		}
	}
	requireSame(t, "gradient norm", fast.Values[NameGradientNorm], slow.Values[NameGradientNorm])
	requireSame(t, "accuracy", fast.Values[NameAccuracy], slow.Values[NameAccuracy])
}

func TestSameBitsOnAnyCores(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	report := Report(Accuracy(), GradientNorm(), HessianExtremes(), Measure("length", norm2))
	for _, opt := range []SliceOption{Quiet(), PointByPoint()} {
		one := Slice(obj, plane, Square(1, 8), report, Quiet(), opt, Workers(1))
		for _, n := range []int{2, 5} {
			other := Slice(obj, plane, Square(1, 8), report, Quiet(), opt, Workers(n))
			for _, name := range one.Names {
				requireSame(t, name, one.Values[name], other.Values[name])
			}
		}
	}
	grid := Adaptive(Square(1, 41))
	requireSame(t, "adaptive", Slice(obj, plane, grid, Quiet(), Workers(1)).Z, Slice(obj, plane, grid, Quiet(), Workers(3)).Z)
}

func TestInterpolationEnds(t *testing.T) {
	obj, a := moons(t, nn.Tanh)
	b := obj.Net.Init(99)
	c := Interpolate(obj, a, b, Quiet(), Report(Accuracy(), Test(dataset.Moons(50, 0.15, 2))))
	if c.Err() != nil || c.T[25] != 0 || c.T[75] != 1 || c.T[0] != -0.5 || c.T[100] != 1.5 {
		t.Fatalf("%v; t = %v", c.Err(), c.T)
	}
	if c.Z[25] != obj.Value(a) || c.Z[75] != obj.Value(b) {
		t.Errorf("ends are %v and %v, want %v and %v to the bit", c.Z[25], c.Z[75], obj.Value(a), obj.Value(b))
	}
	if !strings.HasPrefix(c.Made.Code, "affine first layer") {
		t.Errorf("a segment is computed by %q", c.Made.Code)
	}
	slow := Interpolate(obj, a, b, Quiet(), PointByPoint())
	for i, z := range slow.Z {
		if math.Abs(z-c.Z[i]) > 1e-12*z {
			t.Errorf("at %v: %v, point by point %v", c.T[i], c.Z[i], z)
		}
	}
	if f := c.Figure(); f.Ends != [2]string{"a", "b"} {
		t.Errorf("ends are named %q", f.Ends)
	}
	if f := Interpolate(obj, a, b, Quiet(), Ends("start", "end")).Figure(); f.Ends != [2]string{"start", "end"} {
		t.Errorf("ends are named %q", f.Ends)
	}
	if len(c.Values[NameTestLoss]) != 101 || len(c.Values[NameTestAccuracy]) != 101 {
		t.Error("no test loss")
	}
}

func TestAxes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for range 200 {
		a := Axis{From: -rng.Float64() * 5, To: rng.Float64()*5 + 0.1, N: 2 + rng.IntN(300)}
		if rng.IntN(2) == 0 {
			a = Axis{From: -a.To, To: a.To, N: 2*rng.IntN(50) + 5, Smallest: a.To / (2 + 1000*rng.Float64())}
		}
		if err := a.check(); err != nil {
			t.Fatal(err)
		}
		v := a.Values()
		if v[0] != a.From || v[len(v)-1] != a.To {
			t.Errorf("%+v: ends %v and %v", a, v[0], v[len(v)-1])
		}
		if err := increasing(v); err != nil {
			t.Errorf("%+v: %v", a, err)
		}
	}
	for _, g := range []Grid{Square(-1, 5), Square(1, 1), Square(math.NaN(), 5), Square(math.Inf(1), 5), Geometric(0, 1, 5), Geometric(0.1, 1, 4), Geometric(2, 1, 5), {}} {
		if Slice(Saddle(), RandomPlane(Saddle(), []float64{0, 0}, 1), g).Err() == nil {
			t.Errorf("grid %v has no error", g)
		}
	}
}

// Uniform sampling with bilinear interpolation against the adaptive grid, at points
// between the nodes of both.
func TestAdaptiveNeedsAQuarter(t *testing.T) {
	net, theta := moons(t, nn.Tanh)
	sharp := Func(2, func(x []float64) float64 {
		return math.Hypot(x[0], x[1]) + 1/(0.01+x[0]*x[0]+x[1]*x[1])
	})
	identity := func(o Objective) *Plane {
		return NewPlane(make([]float64, 2), Given("x", []float64{1, 0}), Given("y", []float64{0, 1}))
	}
	for _, c := range []struct {
		name   string
		obj    Objective
		plane  *Plane
		radius float64
	}{
		{"rosenbrock", Rosenbrock(), identity(nil), 2},
		{"himmelblau", Himmelblau(), identity(nil), 5},
		{"rastrigin", Rastrigin(2), identity(nil), 2},
		{"beale", Beale(), identity(nil), 4},
		{"spike", sharp, identity(nil), 1},
		{"network", net, FilterNormalized(net, theta, 1), 2},
	} {
		const n = 101
		full := Slice(c.obj, c.plane, Square(c.radius, n), Quiet())
		some := Slice(c.obj, c.plane, Adaptive(Square(c.radius, n)), Quiet())
		if err := some.Err(); err != nil {
			t.Fatal(err)
		}
		computed := 0
		for _, row := range some.Computed {
			for _, is := range row {
				if is {
					computed++
				}
			}
		}
		if computed > n*n/4 {
			t.Errorf("%s: %d points computed, more than a quarter of %d", c.name, computed, n*n)
		}
		rng := rand.New(rand.NewPCG(1, 1))
		var fullMax, someMax, fullSum, someSum float64
		for range 4000 {
			a, b := c.radius*(2*rng.Float64()-1), c.radius*(2*rng.Float64()-1)
			truth := c.obj.Value(c.plane.At(a, b))
			f, s := math.Abs(full.Interpolate(a, b)-truth), math.Abs(some.Interpolate(a, b)-truth)
			fullMax, someMax = max(fullMax, f), max(someMax, s)
			fullSum, someSum = fullSum+f*f, someSum+s*s
		}
		t.Logf("%-10s %5d points: greatest error %.3g (full grid %.3g), root mean square %.3g (%.3g)", c.name, computed, someMax, fullMax, math.Sqrt(someSum/4000), math.Sqrt(fullSum/4000))
		if someMax > fullMax || someSum > fullSum {
			t.Errorf("%s: the adaptive grid is worse", c.name)
		}
	}
}

func TestAdaptiveLine(t *testing.T) {
	net, theta := moons(t, nn.Tanh)
	for _, c := range []struct {
		obj  Objective
		a, b []float64
	}{
		{net, theta, net.Net.Init(8)},
		{Beale(), []float64{-4, -3}, []float64{4, 4}},
		{Func(1, func(x []float64) float64 { return 1 / (0.01 + x[0]*x[0]) }), []float64{-2}, []float64{2}},
	} {
		const n = 101
		full := Interpolate(c.obj, c.a, c.b, Over(0, 1, n), Quiet())
		some := Interpolate(c.obj, c.a, c.b, OverAdaptive(0, 1, n), Quiet())
		fine := Interpolate(c.obj, c.a, c.b, Over(0, 1, 96*50+1), Quiet())
		if some.Err() != nil || some.T[0] != 0 || some.T[len(some.T)-1] != 1 {
			t.Fatal(some.Err())
		}
		computed := 0
		for i, is := range some.Computed {
			if is {
				computed++
				if some.Z[i] != fine.Z[i*50] && math.Abs(some.Z[i]-fine.Z[i*50]) > 1e-9*math.Abs(some.Z[i]) {
					t.Errorf("a computed point is %v, want %v", some.Z[i], fine.Z[i*50])
				}
			}
		}
		var fullMax, someMax float64
		for i, x := range fine.T {
			k, w := four(some.T, x)
			z := 0.0
			for m := range w {
				z += w[m] * some.Z[k+m]
			}
			someMax = max(someMax, math.Abs(z-fine.Z[i]))
			k = below(full.T, x)
			u := (x - full.T[k]) / (full.T[k+1] - full.T[k])
			fullMax = max(fullMax, math.Abs((1-u)*full.Z[k]+u*full.Z[k+1]-fine.Z[i]))
		}
		t.Logf("%d points: greatest error %.3g (all points %.3g)", computed, someMax, fullMax)
		if computed > n/4 || someMax > fullMax {
			t.Errorf("%s: the adaptive line is worse", describe(c.obj))
		}
	}
}

// Ctrl-C while a slice runs.
func TestInterruptSignal(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	var calls atomic.Int64
	signal := Measure("signal", func([]float64) float64 {
		if calls.Add(1) == 200 {
			if p, err := os.FindProcess(os.Getpid()); err == nil {
				p.Signal(os.Interrupt)
			}
		}
		return 0
	})
	start := time.Now()
	s := Slice(obj, FilterNormalized(obj, theta, 3), Square(1, 1001), Report(signal, HessianExtremes()), Quiet())
	if !errors.Is(s.Err(), context.Canceled) || s.rec.finished() == 0 {
		t.Errorf("%d points after %v: %v", s.rec.finished(), time.Since(start), s.Err())
	}
}

func TestHoles(t *testing.T) {
	obj := Func(2, func(x []float64) float64 {
		switch {
		case x[0] > 0.5:
			return math.NaN()
		case x[1] > 0.5:
			return math.Inf(1)
		}
		return x[0] + x[1]
	})
	plane := NewPlane([]float64{0, 0}, Given("x", []float64{1, 0}), Given("y", []float64{0, 1}))
	s := Slice(obj, plane, Square(1, 9), Quiet())
	if nan, inf := s.Holes(); s.Err() != nil || nan != 2*9 || inf != 7*2 {
		t.Errorf("%d NaN and %d infinite, error %v; want 18 and 14", nan, inf, s.Err())
	}
	if !math.IsNaN(s.Z[8][0]) || !math.IsInf(s.Z[0][8], 1) {
		t.Error("holes are not kept as they are")
	}
	if !strings.Contains(s.String(), "32 holes (18 NaN, 14 infinite)") {
		t.Errorf("the text does not count the holes: %v", s)
	}
}

func TestMemoryRefused(t *testing.T) {
	start := time.Now()
	s := Slice(Saddle(), RandomPlane(Saddle(), []float64{0, 0}, 1), Square(1, 900_000_000))
	if s.Err() == nil || !strings.Contains(s.Err().Error(), "TB of memory") {
		t.Errorf("a slice beyond memory: %v", s.Err())
	}
	s = Slice(Saddle(), RandomPlane(Saddle(), []float64{0, 0}, 1), Square(1, 101), MemoryLimit(1000))
	if s.Err() == nil || !strings.Contains(s.Err().Error(), "1 kB are allowed") {
		t.Errorf("a slice beyond the limit: %v", s.Err())
	}
	if time.Since(start) > time.Minute {
		t.Error("refusing took long")
	}
}

func TestInterruptKeepsWhatWasFound(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	want := Slice(obj, plane, Square(1, 31), Quiet())
	ctx, cancel := context.WithCancel(context.Background())
	var calls atomic.Int64
	slow := Measure("count", func([]float64) float64 {
		if calls.Add(1) == 300 {
			cancel()
		}
		return 0
	})
	part := Slice(obj, plane, Square(1, 31), Quiet(), Context(ctx), Report(slow), Workers(2))
	if !errors.Is(part.Err(), context.Canceled) || part.Complete() {
		t.Fatalf("complete: %t, error %v", part.Complete(), part.Err())
	}
	found := 0
	for i := range part.Z {
		for j, z := range part.Z[i] {
			if !math.IsNaN(z) {
				found++
				if !sameBits(z, want.Z[i][j]) {
					t.Fatalf("[%d][%d] is %v, want %v", i, j, z, want.Z[i][j])
				}
			}
		}
	}
	if found < 100 || found > 500 {
		t.Errorf("%d points found", found)
	}
	before := calls.Load()
	whole := Slice(obj, plane, Square(1, 31), Quiet(), Report(slow), Resume(part))
	if whole.Err() != nil || !whole.Complete() {
		t.Fatal(whole.Err())
	}
	requireSame(t, "resumed", whole.Z, want.Z)
	if again := calls.Load() - before; again != int64(31*31-found) {
		t.Errorf("%d points computed after resuming, want %d", again, 31*31-found)
	}
	if s := Slice(obj, plane, Square(1, 33), Quiet(), Report(slow), Resume(part)); s.Err() == nil {
		t.Error("resuming on another grid has no error")
	}
}

// A function that does not return must not keep an interrupt waiting.
func TestInterruptInsideAnEvaluation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	defer close(release)
	obj := Func(2, func(x []float64) float64 {
		cancel()
		<-release
		return 0
	})
	// The fingerprint evaluates once as well, before any worker does.
	var first atomic.Bool
	f := obj.f
	obj.f = func(x []float64) float64 {
		if first.CompareAndSwap(false, true) {
			return 0
		}
		return f(x)
	}
	start := time.Now()
	s := Slice(obj, RandomPlane(obj, []float64{0, 0}, 1), Square(1, 11), Context(ctx), Quiet())
	if !errors.Is(s.Err(), context.Canceled) || time.Since(start) > time.Minute {
		t.Errorf("after %v: %v", time.Since(start), s.Err())
	}
}

func TestPanicIsAnError(t *testing.T) {
	obj := Func(2, func(x []float64) float64 {
		if x[0] > 0.3 {
			panic("no value here")
		}
		return 1
	})
	s := Slice(obj, NewPlane([]float64{0, 0}, Given("x", []float64{1, 0}), Given("y", []float64{0, 1})), Square(1, 21), Quiet())
	if s.Err() == nil || !strings.Contains(s.Err().Error(), "no value here") {
		t.Errorf("error %v", s.Err())
	}
}

func TestShards(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	want := Slice(obj, plane, Square(1, 21), Quiet())
	dir := t.TempDir()
	for _, n := range []int{1, 2, 3, 7, 40} {
		var parts []*Surface
		for i := 1; i <= n; i++ {
			p := Slice(obj, plane, Square(1, 21), Quiet(), Shard(i, n))
			if p.Err() != nil {
				t.Fatal(p.Err())
			}
			path := filepath.Join(dir, "part"+[]string{".json", ".npz"}[i%2])
			if err := p.Save(path); err != nil {
				t.Fatal(err)
			}
			parts = append(parts, Load(path))
		}
		whole := Merge(parts...)
		if whole.Err() != nil {
			t.Fatal(whole.Err())
		}
		requireSame(t, "merged", whole.Z, want.Z)
		if n > 1 && n < 10 {
			if err := Merge(parts[1:]...).Err(); err == nil || !strings.Contains(err.Error(), "missing") {
				t.Errorf("a missing part: %v", err)
			}
		}
	}
	line := func(o ...SliceOption) *Curve {
		return Along(obj, theta, plane.X, append(o, Over(-1, 1, 100), Quiet())...)
	}
	if c := MergeCurves(line(Shard(2, 2)), line(Shard(1, 2))); c.Err() != nil || !slices.Equal(c.Z, line().Z) {
		t.Errorf("parts of a curve: %v", c.Err())
	}
	for _, c := range []*Curve{MergeCurves(), MergeCurves(nil), MergeCurves(line(Shard(1, 2))), MergeCurves(line(), line(Report(GradientNorm())))} {
		if c.Err() == nil {
			t.Error("bad parts of a curve have no error")
		}
	}
	foreign := Slice(obj, FilterNormalized(obj, theta, 4), Square(1, 21), Quiet())
	if Merge(want, foreign).Err() == nil {
		t.Error("a foreign part has no error")
	}
	if other := Slice(obj, plane, Square(1, 21), Quiet(), PointByPoint()); Merge(want, other).Err() == nil && other.Made.Code != want.Made.Code {
		t.Error("a part by other code has no error")
	}
}

func TestCheckpoint(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	path := filepath.Join(t.TempDir(), "slice.checkpoint")
	var calls atomic.Int64
	counting := Report(Measure("count", func([]float64) float64 { return float64(0 * calls.Add(1)) }))
	want := Slice(obj, plane, Square(1, 21), Quiet(), counting, Checkpoint(path))
	if want.Err() != nil {
		t.Fatal(want.Err())
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Cut anywhere, as a kill would, or damaged at the end: the rest is computed, to the same bits.
	rng := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		cut := rng.IntN(len(whole) + 1)
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		tiles := max(0, strings.Count(string(whole[:cut]), "\n")-1)
		calls.Store(0)
		got := Slice(obj, plane, Square(1, 21), Quiet(), counting, Checkpoint(path))
		if got.Err() != nil {
			t.Fatal(got.Err())
		}
		requireSame(t, "continued", got.Z, want.Z)
		if n := int(calls.Load()); n > 441-tileSize*tiles+tileSize {
			t.Errorf("cut after %d tiles: %d points computed again", tiles, n)
		}
	}
	if s := Slice(obj, plane, Square(1, 23), Quiet(), Checkpoint(path)); s.Err() == nil {
		t.Error("a checkpoint of another slice has no error")
	}
	if err := os.WriteFile(path, []byte("my thesis\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s := Slice(obj, plane, Square(1, 21), Quiet(), Checkpoint(path)); s.Err() == nil {
		t.Error("a foreign file has no error")
	}
	if text, _ := os.ReadFile(path); string(text) != "my thesis\n" {
		t.Error("a foreign file was changed")
	}
}

func TestBulge(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		n := 3 + rng.IntN(12)
		c := &Curve{T: Axis{From: -1, To: 1, N: n}.Values(), Z: make([]float64, n)}
		convex := rng.IntN(3) == 0
		for i, x := range c.T {
			c.Z[i] = rng.NormFloat64()
			if convex {
				c.Z[i] = x*x + math.Abs(x)
			}
		}
		want := 0.0
		for i := range n {
			for j := i + 1; j < n; j++ {
				for k := j + 1; k < n; k++ {
					w := (c.T[j] - c.T[i]) / (c.T[k] - c.T[i])
					want = max(want, c.Z[j]-((1-w)*c.Z[i]+w*c.Z[k]))
				}
			}
		}
		b, ok := c.Bulge()
		if ok != (want > 1e-11) || math.Abs(b.Gap-want) > 1e-11 {
			t.Fatalf("%v: bulge %+v %t, want a gap of %v", c.Z, b, ok, want)
		}
	}
}

func TestTrajectoriesOnASurface(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	inside := plane.At(0.25, -0.5)
	outside := obj.Net.Init(5)
	s := Slice(obj, plane, Square(1, 11), Quiet()).With(Points{inside, outside}, Points{theta})
	if s.Err() != nil || len(s.Paths) != 2 {
		t.Fatal(s.Err())
	}
	p := s.Paths[0]
	if math.Abs(p.A[0]-0.25) > 1e-12 || math.Abs(p.B[0]+0.5) > 1e-12 || p.Distance[0] > 1e-12 {
		t.Errorf("a point of the plane projects to (%v, %v) at %v", p.A[0], p.B[0], p.Distance[0])
	}
	if math.Abs(p.Loss[0]-p.PlaneLoss[0]) > 1e-12 || p.Loss[1] != obj.Value(outside) || p.Distance[1] < 0.1 || p.Loss[1] == p.PlaneLoss[1] {
		t.Errorf("losses %v, on the plane %v, distances %v", p.Loss, p.PlaneLoss, p.Distance)
	}
	if s.With(Points{{1, 2}}).Err() == nil {
		t.Error("a trajectory of another dimension has no error")
	}
}

func TestErrorsAreSticky(t *testing.T) {
	bad := NewObjective(nn.MLP(3, 8, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(20, 0.1, 1))
	if bad.Err() == nil {
		t.Fatal("a network with 3 inputs takes data with 2")
	}
	theta := []float64{1}
	for what, err := range map[string]error{
		"plane":         FilterNormalized(bad, theta, 1).Err(),
		"slice":         Slice(bad, nil, Square(1, 3)).Err(),
		"interpolation": Interpolate(bad, theta, theta).Err(),
		"line":          Along(bad, theta, nil).Err(),
		"eigenvectors":  Eigenvectors(bad, theta, Top, 1)[0].Err(),
		"nil":           Slice(nil, nil, Grid{}).Err(),
		"nil network":   NewObjective(nil, nil, nil).Err(),
		"nil function":  Func(2, nil).Err(),
		"gradient":      GradientDirection(bad, theta).Err(),
		"short theta":   FilterNormalized(Saddle(), theta, 1).Err(),
		"twice":         Slice(Saddle(), RandomPlane(Saddle(), []float64{0, 0}, 1), Square(1, 3), Report(GradientNorm(), GradientNorm())).Err(),
		"accuracy":      Slice(Saddle(), RandomPlane(Saddle(), []float64{0, 0}, 1), Square(1, 3), Report(Accuracy())).Err(),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// Axes are called as the directions are, where these have names that are short and differ.
func TestAxesAreNamed(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	u, v := Random(obj, 1).V, Random(obj, 2).V
	for _, c := range []struct {
		plane *Plane
		x, y  string
	}{
		{FilterNormalized(obj, theta, 3), "alpha", "beta"},
		{NewPlane(theta, Given("width", u), Given("depth", v)), "width", "depth"},
		{NewPlane(theta, Given("width", u), Random(obj, 2)), "width", "beta"},
		{NewPlane(theta, Given("the same", u), Given("the same", v)), "alpha", "beta"},
		{NewPlane(theta, Given(strings.Repeat("long ", 9), u), Given("depth", v)), "alpha", "depth"},
		{Through(theta, u, v), "to the second point", "to the third point"},
		{PCA(Points{u, v, theta}), "PC 1, ", "PC 2, "},
	} {
		s := Slice(obj, c.plane, Square(1, 3), Quiet())
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		path := filepath.Join(t.TempDir(), "s.json")
		if err := s.Save(path); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Surface{s, Load(path)} {
			if f := s.Figure(""); !strings.HasPrefix(f.XName, c.x) || !strings.HasPrefix(f.YName, c.y) {
				t.Errorf("%v: axes %q and %q, want %q and %q", c.plane, f.XName, f.YName, c.x, c.y)
			}
		}
	}
}

// What a slice holds stays below what Memory said before, and is not far from it.
func TestMemoryIsKnownBefore(t *testing.T) {
	net := nn.MLP(64, 32, 10, nn.Tanh)
	data, _ := dataset.Digits().Split(0.05, 1)
	plane := FilterNormalized(NewObjective(net, nn.CrossEntropy, data), net.Init(1), 1)
	for name, c := range map[string]struct {
		grid   Grid
		report []Quantity
	}{
		"loss":     {Square(1, 2), nil},
		"points":   {Square(1, 201), nil},
		"Hessian":  {Square(1, 2), []Quantity{HessianExtremes()}},
		"gradient": {Square(1, 5), []Quantity{GradientNorm(), Accuracy()}},
	} {
		obj := NewObjective(net, nn.CrossEntropy, data) // its pool is empty
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var mu sync.Mutex
		most, calls := uint64(0), 0
		live := Measure("live", func([]float64) float64 {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%10000 <= 2 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
			return 0
		})
		opts := []SliceOption{Quiet(), Workers(2), Report(append(c.report, live)...)}
		bytes, err := Memory(obj, plane, c.grid, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if s := Slice(obj, plane, c.grid, opts...); s.Err() != nil {
			t.Fatal(s.Err())
		}
		held := int64(most) - int64(before.HeapAlloc)
		t.Logf("%s: said %s, held %s", name, bytesText(float64(bytes)), bytesText(float64(held)))
		if name == "Hessian" {
			held = min(bytes, 20*held) // Lanczos' iteration mostly ends long before its bound
		}
		if held > bytes+1<<18 || bytes > 6*held+1<<20 {
			t.Errorf("%s: Memory said %s, the slice held %s", name, bytesText(float64(bytes)), bytesText(float64(held)))
		}
	}
}

// An adaptive grid goes on after an interrupt, from memory, from a file or from a checkpoint, to the same bits and
// without computing a point twice.
func TestAdaptiveGridsResume(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	grid := Adaptive(Square(1, 65))
	var calls atomic.Int64
	measure := func(stop int64, cancel func()) Quantity {
		return Measure("calls", func([]float64) float64 {
			if calls.Add(1) == stop {
				cancel()
			}
			return 1
		})
	}
	want := Slice(obj, plane, grid, Quiet(), Report(measure(0, nil)))
	all := calls.Load()
	wantLine := Along(obj, theta, plane.X, OverAdaptive(-1, 1, 257), Quiet())
	if want.Err() != nil || wantLine.Err() != nil {
		t.Fatal(want.Err(), wantLine.Err())
	}
	for _, stop := range []int64{1, all / 3, all - 40} {
		dir := t.TempDir()
		interrupted := func(opts ...SliceOption) (*Surface, int64) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			calls.Store(0)
			s := Slice(obj, plane, grid, append(opts, Quiet(), Workers(2), Context(ctx), Report(measure(stop, cancel)))...)
			if !errors.Is(s.Err(), context.Canceled) || s.Complete() {
				t.Fatalf("after %d points: complete %t, error %v", stop, s.Complete(), s.Err())
			}
			kept := int64(0)
			for _, row := range s.Computed {
				for _, c := range row {
					if c {
						kept++
					}
				}
			}
			return s, kept
		}
		part, kept := interrupted()
		path := filepath.Join(dir, "checkpoint")
		_, _ = interrupted(Checkpoint(path))
		resumed := map[string]SliceOption{"memory": Resume(part), "checkpoint": Checkpoint(path)}
		for _, ext := range []string{".json", ".npz"} {
			path := filepath.Join(dir, "part"+ext)
			if err := part.Save(path); err != nil {
				t.Fatal(err)
			}
			loaded := Load(path)
			if loaded.Err() == nil || loaded.Complete() {
				t.Errorf("%s: an interrupted grid loads as a complete one", ext)
			}
			resumed[ext] = Resume(loaded)
		}
		for how, opt := range resumed {
			calls.Store(0)
			got := Slice(obj, plane, grid, Quiet(), Report(measure(0, nil)), opt)
			if got.Err() != nil || !got.Complete() {
				t.Fatal(how, got.Err())
			}
			requireSame(t, how, got.Z, want.Z)
			if n := calls.Load(); how != "checkpoint" && n != all-kept || n > all {
				t.Errorf("%s: %d points computed, %d of %d were known", how, n, kept, all)
			}
		}
		if s := Slice(obj, plane, Adaptive(Square(2, 65)), Quiet(), Report(measure(0, nil)), Resume(part)); s.Err() == nil {
			t.Error("resuming on another grid has no error")
		}
		if s := Slice(obj, plane, Square(1, 65), Quiet(), Report(measure(0, nil)), Resume(part)); s.Err() == nil {
			t.Error("a full grid resumes an adaptive one")
		}
	}
	path := filepath.Join(t.TempDir(), "line")
	for range 2 {
		line := Along(obj, theta, plane.X, OverAdaptive(-1, 1, 257), Quiet(), Checkpoint(path))
		requireSame(t, "line", [][]float64{line.Z}, [][]float64{wantLine.Z})
	}
	line := Along(obj, theta, plane.X, OverAdaptive(-1, 1, 257), Quiet(), ResumeCurve(wantLine))
	requireSame(t, "line", [][]float64{line.Z}, [][]float64{wantLine.Z})
}

// In a bowl x^2/2 every step of length r rises by r^2/2 from its middle, and by at most r^2/2 + r |x| from x.
func TestPerturbations(t *testing.T) {
	bowl := Func(7, func(x []float64) float64 { return dot(x, x) / 2 }).Named("bowl")
	at := func(opts ...SliceOption) *Curve {
		return Along(bowl, make([]float64, 7), Random(bowl, 3), append(opts, Over(-1, 1, 5), Quiet())...)
	}
	c := at(Report(Perturbations(0.3, 50, 1)))
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	for i, x := range c.T {
		mean, largest := c.Values[NameMeanRise][i], c.Values[NameLargestRise][i]
		length := math.Abs(x) * norm2(Random(bowl, 3).V)
		if x == 0 && (math.Abs(mean-0.045) > 1e-15 || math.Abs(largest-0.045) > 1e-15) {
			t.Errorf("from the middle: %v and %v", mean, largest)
		}
		if !(mean <= largest+1e-15) || largest > 0.045+0.3*length+1e-12 {
			t.Errorf("at %v: %v and %v", x, mean, largest)
		}
	}
	if other := at(Report(Perturbations(0.3, 50, 2))); other.Made.Identity == c.Made.Identity {
		t.Error("other directions are taken for the same")
	}
	for _, q := range []Quantity{Perturbations(0, 5, 1), Perturbations(1, 0, 1), Perturbations(1, -1, 1), Perturbations(math.NaN(), 1, 1)} {
		if at(Report(q)).Err() == nil {
			t.Errorf("%v has no error", q.identity)
		}
	}
	if lines := c.Lines(NameMeanRise, NameLargestRise); lines.Err() != nil || len(lines.Curves) != 2 || len(at().Lines().Curves) != 1 || c.Lines("nothing").Err() == nil {
		t.Errorf("the figure of quantities along a line: %v", lines.Err())
	}
}

// A surface's test values are of its test data: others are not taken for them when it is resumed.
func TestResumeKnowsTheTestData(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	with := func(seed uint64, opts ...SliceOption) *Curve {
		return Along(obj, theta, Random(obj, 1), append(opts, Over(-1, 1, 40), Quiet(), Report(Test(dataset.Moons(20, 0.1, seed))))...)
	}
	first := with(1)
	if err := with(1, ResumeCurve(first)).Err(); err != nil {
		t.Error(err)
	}
	if with(2, ResumeCurve(first)).Err() == nil {
		t.Error("resumed on other test data")
	}
}
