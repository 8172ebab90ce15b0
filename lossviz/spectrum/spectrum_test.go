package spectrum_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
)

func ExampleCriticalPoints() {
	// Himmelblau's function has four minima, a maximum and four saddles.
	var starts [][]float64
	for x := -4.0; x <= 4; x++ {
		for y := -4.0; y <= 4; y++ {
			starts = append(starts, []float64{x, y})
		}
	}
	found := spectrum.CriticalPoints(landscape.Himmelblau(), starts)
	count := map[spectrum.CriticalKind]int{}
	for _, p := range found.Points {
		count[p.Kind]++
	}
	fmt.Println(count[spectrum.Minimum], count[spectrum.Saddle], count[spectrum.Maximum])
	// Output: 4 4 1
}

func ExampleExtremes() {
	loss := landscape.NewObjective(nn.MLP(2, 8, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(100, 0.15, 1))
	ends := spectrum.Extremes(loss, loss.Net.Init(1), 1, 2)
	fmt.Println(len(ends.Lowest), len(ends.Highest), ends.Highest[0].Value > ends.Highest[1].Value)
	// Output: 1 2 true
}

func small() (*landscape.NetworkObjective, []float64) {
	loss := landscape.NewObjective(nn.MLP(2, 8, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(100, 0.15, 1))
	return loss, loss.Net.Init(3)
}

func TestLanczosAgreesWithTheFullHessian(t *testing.T) {
	loss, theta := small()
	all, err := spectrum.Eigenvalues(loss, theta)
	if err != nil {
		t.Fatal(err)
	}
	h, err := spectrum.Hessian(loss, theta)
	if err != nil {
		t.Fatal(err)
	}
	n := len(all)
	ends := spectrum.Extremes(loss, theta, 3, 4, spectrum.Tolerance(1e-10))
	if ends.Err() != nil {
		t.Fatal(ends.Err())
	}
	check := func(p spectrum.Pair, want float64) {
		if math.Abs(p.Value-want) > 1e-8*all[n-1] {
			t.Errorf("eigenvalue %v, want %v", p.Value, want)
		}
		var hv mat.VecDense
		v := mat.NewVecDense(n, p.Vector)
		hv.MulVec(h, v)
		hv.AddScaledVec(&hv, -p.Value, v)
		if r := mat.Norm(&hv, 2); math.Abs(r-p.Residual) > 1e-8*all[n-1] {
			t.Errorf("residual %v is said to be %v", r, p.Residual)
		}
	}
	for i, p := range ends.Lowest {
		check(p, all[i])
	}
	for i, p := range ends.Highest {
		check(p, all[n-1-i])
	}
}

func TestDensityAndTraceAgreeWithTheFullHessian(t *testing.T) {
	loss, theta := small()
	all, err := spectrum.Eigenvalues(loss, theta)
	if err != nil {
		t.Fatal(err)
	}
	var trace, squares float64
	for _, l := range all {
		trace += l
		squares += l * l
	}
	estimate := spectrum.Trace(loss, theta, spectrum.Probes(400))
	if d := math.Abs(estimate.Value - trace); estimate.Err() != nil || d > 5*estimate.StdErr {
		t.Errorf("%v, want %v", estimate, trace)
	}
	d := spectrum.Density(loss, theta, spectrum.Probes(60))
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	n := float64(len(all))
	if m := d.Moment(1) * n; math.Abs(m-trace) > 0.25*trace {
		t.Errorf("first moment %v, want %v", m, trace)
	}
	if m := d.Moment(2) * n; math.Abs(m-squares) > 0.3*squares {
		t.Errorf("second moment %v, want %v", m, squares)
	}
	integral := 0.0
	for i := 1; i < len(d.X); i++ {
		integral += (d.X[i] - d.X[i-1]) * (d.Density[i] + d.Density[i-1]) / 2
	}
	if math.Abs(integral-1) > 1e-3 {
		t.Errorf("the density integrates to %v", integral)
	}
	if bundle, err := d.MIMEBundle(); err != nil || bundle["text/html"] == nil {
		t.Errorf("no figure: %v", err)
	}
}

// A linear network with one hidden unit, L = (1 - w v)^2: a saddle at zero and minima along w v = 1,
// where the Hessian is singular; a penalty makes them points.
func TestCriticalPointsOfALinearNetwork(t *testing.T) {
	data := dataset.New("one", []float64{1}, []float64{1}, 1)
	net := nn.New(nn.DenseLayer{In: 1, Out: 1, NoBias: true}, nn.DenseLayer{In: 1, Out: 1, NoBias: true})
	loss := landscape.NewObjective(net, nn.Squared, data, landscape.L2(0.2))
	found := spectrum.CriticalPoints(loss, [][]float64{{0.01, 0.02}})
	if found.Err() != nil {
		t.Fatal(found.Err())
	}
	// -2(1-p) v + 0.2 w = 0 with w = v: p = w^2 = 0.9. Signs flip together: one copy.
	if len(found.Points) != 2 {
		t.Fatal(found)
	}
	minimum, saddle := found.Points[0], found.Points[1]
	if !minimum.Proved || minimum.Kind != spectrum.Minimum || math.Abs(minimum.Theta[0]*minimum.Theta[0]-0.9) > 1e-10 {
		t.Error(minimum, minimum.Theta)
	}
	if !saddle.Proved || saddle.Kind != spectrum.Saddle || saddle.Index != 1 || math.Abs(saddle.Theta[0]) > 1e-10 {
		t.Error(saddle)
	}
	t.Log(found)
	run := spectrum.Escape(loss, saddle.Theta, 1e-3)
	if run.Err() != nil {
		t.Fatal(run.Err())
	}
	if math.Abs(run.Along[len(run.Along)-1]-minimum.Loss) > 1e-6 {
		t.Error("the descent does not end in the minimum", run.Along[len(run.Along)-1])
	}
	random, along := run.Left()
	if along < 1 || random >= 0 && random < along {
		t.Errorf("left after %d steps along the direction, %d at random", along, random)
	}
	if _, err := run.MIMEBundle(); err != nil {
		t.Error(err)
	}
	if run := spectrum.Escape(loss, minimum.Theta, 1e-3); run.Err() == nil {
		t.Error("left a minimum")
	}
}

// Singular Hessians are never said to be proved.
func TestDegeneratePointsAreNotProved(t *testing.T) {
	data := dataset.New("one", []float64{1}, []float64{1}, 1)
	net := nn.New(nn.DenseLayer{In: 1, Out: 1, NoBias: true}, nn.DenseLayer{In: 1, Out: 1, NoBias: true})
	loss := landscape.NewObjective(net, nn.Squared, data)
	found := spectrum.CriticalPoints(loss, nil, spectrum.Starts(10))
	for _, p := range found.Points {
		if p.Loss < 0.5 && (p.Proved || p.Kind != spectrum.Degenerate) {
			t.Error(p)
		}
	}
	t.Log(found)
}

func TestCriticalPointsOfATanhNetwork(t *testing.T) {
	loss := landscape.NewObjective(nn.MLP(2, 2, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(30, 0.2, 1), landscape.L2(0.01))
	found := spectrum.CriticalPoints(loss, nil, spectrum.Starts(12), spectrum.Steps(80))
	if found.Err() != nil {
		t.Fatal(found.Err())
	}
	proved := 0
	for _, p := range found.Points {
		if p.Proved {
			proved++
		}
	}
	t.Log(found)
	if proved == 0 {
		t.Error("none was proved")
	}
}

func TestBadArgumentsAreErrors(t *testing.T) {
	loss, theta := small()
	for _, err := range []error{
		spectrum.Extremes(loss, theta[1:], 1, 1).Err(),
		spectrum.Extremes(loss, theta, 0, 0).Err(),
		spectrum.Extremes(nil, theta, 1, 0).Err(),
		spectrum.Trace(loss, []float64{math.NaN()}).Err(),
		spectrum.CriticalPoints(loss, [][]float64{{1}}).Err(),
		spectrum.Escape(loss, theta, -1).Err(),
	} {
		if err == nil {
			t.Error("accepted")
		}
	}
}

// A stopping objective interrupts when its curvature has been asked for so many times.
type stopping struct {
	landscape.TwiceDifferentiable
	left int
	stop func()
}

func (s *stopping) HessianVector(hv, theta, v []float64) {
	if s.left--; s.left == 0 {
		s.stop()
	}
	s.TwiceDifferentiable.HessianVector(hv, theta, v)
}

// An interrupt ends all of it and keeps what was found, which can be shown.
func TestInterruptsKeepWhatWasFound(t *testing.T) {
	loss := landscape.NewObjective(nn.MLP(2, 8, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(100, 0.15, 1), landscape.L2(0.01))
	theta := loss.Net.Init(1)
	type figure interface {
		MIMEBundle() (map[string]any, error)
	}
	for name, c := range map[string]struct {
		products int
		compute  func(obj landscape.Objective, ctx spectrum.Option) (kept bool, shown figure, err error)
	}{
		"Eigenvalues": {20, func(obj landscape.Objective, ctx spectrum.Option) (bool, figure, error) {
			_, err := spectrum.Eigenvalues(obj, theta, ctx)
			return true, nil, err
		}},
		"Extremes": {20, func(obj landscape.Objective, ctx spectrum.Option) (bool, figure, error) {
			e := spectrum.Extremes(obj, theta, 10, 10, ctx)
			return len(e.Highest) > 0, e, e.Err()
		}},
		"Trace": {20, func(obj landscape.Objective, ctx spectrum.Option) (bool, figure, error) {
			e := spectrum.Trace(obj, theta, ctx, spectrum.Probes(1<<20))
			return e.Probes == 20 && strings.HasPrefix(e.String(), "trace"), nil, e.Err()
		}},
		"Density": {25, func(obj landscape.Objective, ctx spectrum.Option) (bool, figure, error) {
			e := spectrum.Density(obj, theta, ctx, spectrum.Probes(1<<20), spectrum.Steps(10))
			return e.Probes == 2, e, e.Err()
		}},
		"CriticalPoints": {20000, func(obj landscape.Objective, ctx spectrum.Option) (bool, figure, error) {
			e := spectrum.CriticalPoints(obj, nil, ctx, spectrum.Starts(1<<20))
			return len(e.Points) > 0, e, e.Err()
		}},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		kept, shown, err := c.compute(&stopping{loss, c.products, cancel}, spectrum.Context(ctx))
		if !errors.Is(err, context.Canceled) || !kept {
			t.Errorf("%s: %v, kept %v", name, err, kept)
		}
		if shown != nil {
			if _, err := shown.MIMEBundle(); err != nil {
				t.Errorf("%s shows nothing: %v", name, err)
			}
		}
	}
}

// Critical points are shown on slices: all nine of Himmelblau's function on the plane itself, and those of a network on
// the plane through three of them, which are in it.
func TestCriticalPointsOnSlices(t *testing.T) {
	f := landscape.Himmelblau()
	found := spectrum.CriticalPoints(f, nil, spectrum.Starts(60))
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	marked := found.On(landscape.Slice(f, plane, landscape.Square(5, 21), landscape.Quiet()))
	if len(marked.Marks) != len(found.Points) || len(found.Points) < 6 {
		t.Fatalf("%d marks for %v", len(marked.Marks), found)
	}
	for i, m := range marked.Marks {
		if p := found.Points[i]; math.Abs(m.X-p.Theta[0]) > 1e-12 || math.Abs(m.Y-p.Theta[1]) > 1e-12 || strings.Contains(m.Name, "plane") {
			t.Errorf("%+v for %v", m, p)
		}
	}
	loss := landscape.NewObjective(nn.MLP(2, 2, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(30, 0.2, 1), landscape.L2(0.01))
	found = spectrum.CriticalPoints(loss, nil, spectrum.Starts(12), spectrum.Steps(80))
	s := landscape.Slice(loss, found.Plane(), landscape.Rectangle(-1, 2, 9, -1, 2, 9), landscape.Quiet())
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	inside := 0
	for _, m := range found.On(s).Marks {
		if !strings.Contains(m.Name, "from the plane") {
			inside++
		}
	}
	if inside < 3 {
		t.Errorf("%d points in the plane through three of them: %+v", inside, found.On(s).Marks)
	}
	if (&spectrum.CriticalSet{}).Plane().Err() == nil {
		t.Error("a plane through no points")
	}
}
