package notebooks_test

import (
	"math"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

func norm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

// mix is the point (1-t) a + t b.
func mix(a, b []float64, t float64) []float64 {
	p := make([]float64, len(a))
	for i := range p {
		p[i] = (1-t)*a[i] + t*b[i]
	}
	return p
}

// climb is how much a curve goes up, all in all, from t = 0 to t = 1.
func climb(c *lossviz.Curve) (up float64) {
	for i := 1; i < len(c.T); i++ {
		if c.T[i-1] >= 0 && c.T[i] <= 1 {
			up += max(0, c.Z[i]-c.Z[i-1])
		}
	}
	return up
}

// What 03-lines-through-loss says of a small network on digits: the line from start to end is a slide, which the
// training did not take; ends from different starts have a hill between them; weight decay turns the picture of
// sharpness round; and large steps break the slide.
func TestLines(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		seen, unseen := dataset.Digits().Split(0.5, seed)
		unseen = unseen.StandardizeLike(seen)
		seen = seen.Standardize()
		net := nn.MLP(64, 16, 10, nn.ReLU)
		loss := lossviz.NewObjective(net, nn.CrossEntropy, seen)
		test := loss.On(unseen)
		epochs := func(n, batch int) train.Option { return train.Steps(n * ((seen.N + batch - 1) / batch)) }
		fit := func(start, order uint64) *train.Run {
			return train.SGD(loss, net.Init(start), train.Batch(32), epochs(20, 32), train.Seed(order), train.Quiet())
		}
		run, again, other := fit(seed, seed), fit(seed, seed+1), fit(seed+100, seed+1)
		line := func(a, b []float64) *lossviz.Curve { return lossviz.Interpolate(loss, a, b, lossviz.Quiet()) }

		slide := line(run.Start(), run.End())
		lowest, where := slide.Min()
		bulge, _ := slide.Bulge()
		long, off, farthest := 0.0, 0.0, 0
		direction := lossviz.ToPoint(run.Start(), run.End()).V
		length := norm(direction)
		path := run.Trajectory()
		for i, p := range path {
			step := lossviz.ToPoint(path[max(i-1, 0)], p).V
			long += norm(step)
			away := lossviz.ToPoint(run.Start(), p).V
			along := 0.0
			for k := range away {
				along += away[k] * direction[k] / (length * length)
			}
			if d := norm(lossviz.ToPoint(mix(run.Start(), run.End(), along), p).V) / length; d > off {
				off, farthest = d, i
			}
		}
		inside, _ := line(mix(run.Start(), run.End(), 0.5), path[farthest]).Barrier()
		near, _ := line(run.End(), again.End()).Barrier()
		far, top := line(run.End(), other.End()).Barrier()
		half := test.Accuracy(mix(run.End(), other.End(), 0.5))

		ends := func(l2 float64) (small, large, ratio float64) {
			f := lossviz.NewObjective(net, nn.CrossEntropy, seen, lossviz.L2(l2))
			end := func(batch int) []float64 {
				return train.SGD(f, net.Init(seed), train.Batch(batch), epochs(40, batch), train.Seed(seed), train.Quiet()).End()
			}
			a, b := end(8), end(128)
			lift := func(t float64) float64 {
				return (loss.Value(mix(a, b, t-0.25))+loss.Value(mix(a, b, t+0.25)))/2 - loss.Value(mix(a, b, t))
			}
			return norm(a) / norm(b), test.Accuracy(a) - test.Accuracy(b), lift(1) / lift(0)
		}
		weights, better, ratio := ends(0)
		weightsDecay, betterDecay, ratioDecay := ends(0.01)
		wild := train.Adam(loss, net.Init(seed), train.Batch(32), epochs(20, 32), train.Rate(0.2), train.Seed(seed), train.Quiet())

		return []claim{
			atLeast("accuracy on the test", test.Accuracy(run.End()), 0.92),
			atMost("climb from start to end", climb(slide), 1e-6),
			atLeast("t of the lowest point", where, 1.1),
			atLeast("what the lowest point is below the end", run.Loss()-lowest, 0.003),
			atLeast("largest gap of a chord", bulge.Gap, 1e-4),
			atLeast("length of the path, in lengths of the line", long/length, 2),
			atLeast("distance from the line", off, 0.15), atMost("distance from the line", off, 0.4),
			atMost("hill between the arch and the line", inside, 0.02),
			atMost("hill between ends of one start", near, 0.02),
			atLeast("hill between ends of two starts", far, 0.2),
			atMost("how far its top is from the middle", math.Abs(top-0.5), 0.1),
			atLeast("accuracy lost half-way", min(test.Accuracy(run.End()), test.Accuracy(other.End()))-half, 0.02),
			atLeast("lift at the large-batch end, of that at the small-batch end", ratio, 2.5),
			atMost("the same, trained with weight decay", ratioDecay, 0.8),
			atLeast("length of theta, small batch to large batch", weights, 1.1),
			atMost("the same, trained with weight decay", weightsDecay, 0.99),
			atLeast("what the small batch is better on the test", better, 0.001),
			atLeast("the same, trained with weight decay", betterDecay, 0.001),
			atMost("these, less than the paper's differences", max(better-0.037, betterDecay-0.0419), 0),
			atLeast("climb after a training with Adam at rate 0.2", climb(line(wild.Start(), wild.End())), 0.05),
		}
	})
}

// Along the slide of a small network, the loss bends downward in some direction nearly everywhere.
func TestWhatALineHides(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		net := nn.MLP(2, 8, 1, nn.Tanh)
		loss := lossviz.NewObjective(net, nn.LogisticLoss, dataset.Moons(200, 0.15, seed))
		run := train.Adam(loss, net.Init(seed), train.Steps(500), train.Quiet())
		c := lossviz.Interpolate(loss, run.Start(), run.End(), lossviz.Over(0, 1, 41), lossviz.Report(lossviz.HessianExtremes()), lossviz.Quiet())
		up, both := 0.0, 0.0
		for i := 1; i < len(c.T)-1; i++ {
			if c.Z[i-1]-2*c.Z[i]+c.Z[i+1] > 0 {
				up++
				if c.Values[landscape.NameHessianMin][i] < -1e-4 {
					both++
				}
			}
		}
		return []claim{
			atLeast("points where the curve bends upward", up, 25),
			atLeast("share of these where the loss bends downward in another direction", both/up, 0.9),
		}
	})
	valley := lossviz.Interpolate(landscape.Rosenbrock(), []float64{-1, 1}, []float64{1, 1}, lossviz.Over(0, 1, 101), lossviz.Quiet())
	if hill, _ := valley.Barrier(); hill < 50 {
		t.Errorf("the straight line over the valley's ridge climbs by %g", hill)
	}
	for n, want := range map[int]bool{11: false, 201: true} {
		if _, got := lossviz.Interpolate(landscape.Rastrigin(2), []float64{-5, -5}, []float64{5, 5}, lossviz.Over(0, 1, n), lossviz.Quiet()).Bulge(); got != want {
			t.Errorf("Rastrigin with %d samples: a broken chord: %t", n, got)
		}
	}
}
