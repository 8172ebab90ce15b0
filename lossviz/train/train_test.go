package train

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

func moons(t testing.TB) (*landscape.NetworkObjective, []float64) {
	t.Helper()
	net := nn.MLP(2, 8, 1, nn.Tanh)
	loss := landscape.NewObjective(net, nn.LogisticLoss, dataset.Moons(200, 0.15, 1))
	if loss.Err() != nil {
		t.Fatal(loss.Err())
	}
	return loss, net.Init(7)
}

// Each method goes down to the minimum of a convex bowl.
func TestMinimum(t *testing.T) {
	data := dataset.Separable(100, 3, 0.2, 1)
	loss := landscape.NewObjective(nn.Linear(3, 1), nn.LogisticLoss, data, landscape.L2(0.1))
	start := make([]float64, loss.Dim())
	best := NewtonCG(loss, start, Quiet()).Loss()
	for _, run := range []*Run{
		GradientDescent(loss, start, Quiet(), Steps(3000), Rate(0.5)),
		GradientDescent(loss, start, Quiet(), Steps(1000), Momentum(0.9), Nesterov()),
		SGD(loss, start, Quiet(), Steps(3000), Scheduled(Cosine(0)), Batch(10)),
		Adam(loss, start, Quiet(), Steps(2000)),
		AdamW(loss, start, Quiet(), Steps(2000), WeightDecay(0)),
		LBFGS(loss, start, Quiet()),
	} {
		if run.Err() != nil || math.Abs(run.Loss()-best) > 1e-4*best {
			t.Errorf("%v\n  want %v", run, best)
		}
		if got := loss.Value(run.End()); math.Abs(got-run.Loss()) > 1e-12 {
			t.Errorf("%s: the loss at the end is %v, said to be %v", run.Label(), got, run.Loss())
		}
	}
	for _, run := range []*Run{LBFGS(loss, start, Quiet()), NewtonCG(loss, start, Quiet())} {
		if run.GradientNorm() > 1e-8 || !strings.Contains(run.Stopped(), "converged") {
			t.Errorf("%v", run)
		}
	}
}

// A figure's caption says what was done: how far, from which batches, in how long; and while it goes on, of how many steps.
func TestCaption(t *testing.T) {
	loss := landscape.NewObjective(nn.Linear(3, 1), nn.LogisticLoss, dataset.Separable(100, 3, 0.2, 1))
	start := make([]float64, loss.Dim())
	for _, c := range []struct {
		run  *Run
		want string
	}{
		{SGD(loss, start, Quiet(), Steps(5), Batch(10), Seed(3)), `^Loss \S+ after 5 steps: all 5 steps taken; batches of 10, seed 3; \S+ s\.$`},
		{Adam(loss, start, Quiet(), Steps(5)), `^Loss \S+ after 5 steps: all 5 steps taken; \S+ s\.$`},
		{&Run{losses: []float64{1, 0.5}, step: 1, planned: 9}, `^Loss 0\.5 after 1 of 9 steps\.$`},
	} {
		if got := c.run.Figure().Caption; !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("the caption is %q, want %s", got, c.want)
		}
	}
}

func TestSecondOrderOnRosenbrock(t *testing.T) {
	for _, run := range []*Run{
		LBFGS(landscape.Rosenbrock(), []float64{-1.2, 1}, Quiet()),
		NewtonCG(landscape.Rosenbrock(), []float64{-1.2, 1}, Quiet()),
	} {
		if e := run.End(); run.Err() != nil || math.Hypot(e[0]-1, e[1]-1) > 1e-6 {
			t.Errorf("%v: ends at %v", run, e)
		}
	}
}

// Adam's first steps have the size of the rate, in the direction of the gradient's signs.
func TestAdamFirstStep(t *testing.T) {
	run := Adam(landscape.Himmelblau(), []float64{1, 1}, Steps(1), Rate(0.01), Quiet())
	e := run.End()
	if math.Abs(e[0]-1.01) > 1e-9 || math.Abs(e[1]-1.01) > 1e-9 {
		t.Errorf("the first step goes to %v, want (1.01, 1.01)", e)
	}
}

func TestSameBitsAgain(t *testing.T) {
	loss, start := moons(t)
	a := SGD(loss, start, Steps(50), Seed(3), Momentum(0.5), Quiet())
	b := SGD(loss, start, Steps(50), Seed(3), Momentum(0.5), Quiet())
	c := SGD(loss, start, Steps(50), Seed(4), Momentum(0.5), Quiet())
	if !equal(a.End(), b.End()) || !equal(a.Losses(), b.Losses()) {
		t.Error("the same run twice gives different bits")
	}
	if equal(a.End(), c.End()) {
		t.Error("the seed changes nothing")
	}
}

func TestTrajectoryIsBounded(t *testing.T) {
	loss, start := moons(t)
	for _, steps := range []int{0, 1, 5, 63, 64, 999} {
		run := GradientDescent(loss, start, Steps(steps), Keep(20), Quiet())
		points, at := run.Trajectory(), run.TrajectorySteps()
		if len(points) > 21 || len(points) != len(at) || len(run.Losses()) != steps+1 {
			t.Fatalf("%d steps: %d points, %d losses", steps, len(points), len(run.Losses()))
		}
		if !equal(points[0], run.Start()) || !equal(points[len(points)-1], run.End()) || at[len(at)-1] != steps {
			t.Errorf("%d steps: the trajectory does not go from start to end: %v", steps, at)
		}
		for i, p := range points {
			if loss.Value(p) != run.Losses()[at[i]] && math.Abs(loss.Value(p)-run.Losses()[at[i]]) > 1e-12 {
				t.Errorf("point %d is not that of step %d", i, at[i])
			}
			if i > 1 && i < len(at)-1 && at[i]-at[i-1] != at[1] {
				t.Errorf("%d steps: unevenly spaced: %v", steps, at)
			}
		}
	}
	run := GradientDescent(loss, start, Steps(10), Every(4), Quiet())
	if s := run.TrajectorySteps(); len(s) != 4 || s[1] != 4 || s[2] != 8 || s[3] != 10 {
		t.Errorf("every fourth of 10 steps: %v", s)
	}
}

func TestDivergence(t *testing.T) {
	run := GradientDescent(landscape.Rosenbrock(), []float64{-1.2, 1}, Rate(0.1), Quiet())
	if !errors.Is(run.Err(), ErrDiverged) || len(run.End()) != 2 || math.IsNaN(run.End()[0]) {
		t.Errorf("%v ends at %v", run, run.End())
	}
	if run := GradientDescent(landscape.Rosenbrock(), []float64{-1.2, 1}, Rate(0.01), ClipNorm(1), Quiet()); run.Err() != nil {
		t.Errorf("clipped: %v", run.Err())
	}
}

func TestInterrupt(t *testing.T) {
	cancel, n := func() {}, 0
	loss := landscape.FuncGradient(2, landscape.Rosenbrock().Value, func(g, x []float64) {
		if n++; n == 30 {
			cancel()
		}
		landscape.Rosenbrock().Gradient(g, x)
	})
	for _, train := range []func(landscape.Objective, []float64, ...Option) *Run{GradientDescent, Adam, LBFGS, NewtonCG} {
		n = 0
		ctx, stop := context.WithCancel(context.Background())
		cancel = stop
		run := train(loss, []float64{-1.2, 1}, Rate(1e-4), Steps(100000), Context(ctx), Tolerance(0), Quiet())
		if run.Err() == nil && n < 30 {
			stop()
			continue // a second-order method may well be there before
		}
		if !errors.Is(run.Err(), context.Canceled) || run.Steps() > 31 || len(run.Trajectory()) == 0 {
			t.Errorf("%v", run)
		}
		stop()
		ctx, stop = context.WithDeadline(context.Background(), time.Unix(0, 0))
		if run := train(loss, []float64{-1.2, 1}, Context(ctx), Quiet()); !errors.Is(run.Err(), context.DeadlineExceeded) {
			t.Errorf("out of time: %v", run.Err())
		}
		stop()
	}
}

func TestEarlyStop(t *testing.T) {
	data := dataset.Moons(60, 0.4, 1)
	training, test := data.Split(0.3, 1)
	loss := landscape.NewObjective(nn.MLP(2, 30, 1, nn.Tanh), nn.LogisticLoss, training)
	run := Adam(loss, loss.Net.Init(1), Steps(5000), Test(test), EarlyStop(100, 0), Quiet())
	if run.Err() != nil || run.Steps() == 5000 || !strings.Contains(run.Stopped(), "no better for 100 steps") {
		t.Fatalf("%v", run)
	}
	f := run.Figure()
	best := math.Inf(1)
	for _, v := range f.Test {
		best = math.Min(best, v)
	}
	if got := loss.On(test).Value(run.End()); math.Abs(got-best) > 1e-12 {
		t.Errorf("ends with test loss %v, the best was %v", got, best)
	}
	if len(f.TestAccuracy) != len(f.Test) || len(f.TrainAccuracy) != len(f.Test) {
		t.Error("no accuracies")
	}
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Schedule
		step int
		want float64
	}{
		{"step decay", StepDecay(10, 0.5), 25, 0.25},
		{"exponential", ExponentialDecay(0.9), 2, 0.81},
		{"cosine begins", Cosine(0.1), 0, 1},
		{"cosine middle", Cosine(0), 50, 0.5},
		{"warmup", Warmup(4, nil), 1, 0.5},
		{"after warmup", Warmup(4, ExponentialDecay(0.5)), 4, 0.0625},
	} {
		if got := c.s(c.step, 100); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v at step %d, want %v", c.name, got, c.step, c.want)
		}
	}
}

func TestBatchesCoverTheData(t *testing.T) {
	next := batcher(10, 4, 7)
	for epoch := range 3 {
		seen := map[int]bool{}
		for k := range 3 {
			for _, i := range next(3*epoch + k) {
				if seen[i] {
					t.Errorf("sample %d twice in epoch %d", i, epoch)
				}
				seen[i] = true
			}
		}
		if len(seen) != 10 {
			t.Errorf("epoch %d has %d samples", epoch, len(seen))
		}
	}
}

func TestBadArguments(t *testing.T) {
	loss, start := moons(t)
	panics := landscape.Func(1, func([]float64) float64 { panic("no value") })
	for what, run := range map[string]*Run{
		"nil":            Adam(nil, start, Quiet()),
		"short start":    Adam(loss, start[1:], Quiet()),
		"rate":           Adam(loss, start, Rate(-1), Quiet()),
		"NaN rate":       Adam(loss, start, Rate(math.NaN()), Quiet()),
		"steps":          Adam(loss, start, Steps(-1), Quiet()),
		"momentum":       SGD(loss, start, Momentum(1), Quiet()),
		"batches":        SGD(landscape.Saddle(), []float64{1, 1}, Quiet()),
		"test data":      Adam(landscape.Saddle(), []float64{1, 1}, Test(loss.Data), Quiet()),
		"L-BFGS batches": LBFGS(loss, start, Batch(3), Quiet()),
		"NaN start":      Adam(landscape.Saddle(), []float64{1, math.NaN()}, Quiet()),
		"panic":          Adam(panics, []float64{1}, Quiet()),
		"L-BFGS panic":   LBFGS(panics, []float64{1}, Quiet()),
		"Newton panic":   NewtonCG(panics, []float64{1}, Quiet()),
	} {
		if run.Err() == nil {
			t.Errorf("%s: no error", what)
		}
		_ = run.String()
	}
}

// Against PyTorch's optimizers; see testdata/make_reference.py.
func TestAgainstPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][][]float64
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	f, start := landscape.Rosenbrock(), []float64{-1.2, 1}
	with := func(o ...Option) []Option { return append(o, Steps(30), Quiet()) }
	for name, run := range map[string]*Run{
		"gradient descent": GradientDescent(f, start, with(Rate(1e-3))...),
		"momentum":         GradientDescent(f, start, with(Rate(1e-4), Momentum(0.9))...),
		"nesterov":         GradientDescent(f, start, with(Rate(1e-4), Momentum(0.9), Nesterov())...),
		"adam":             Adam(f, start, with(Rate(0.02))...),
		"adam betas":       Adam(f, start, with(Rate(0.02), Betas(0.8, 0.95))...),
		"adamw":            AdamW(f, start, with(Rate(0.02), WeightDecay(0.1))...),
	} {
		points := run.Trajectory()
		if len(points) != 31 || len(want[name]) != 31 {
			t.Fatalf("%s: %d points, want %d", name, len(points), len(want[name]))
		}
		for k, p := range points {
			if math.Hypot(p[0]-want[name][k][0], p[1]-want[name][k][1]) > 1e-10 {
				t.Errorf("%s: after %d steps at %v, want %v", name, k, p, want[name][k])
				break
			}
		}
	}
}
