package notebooks_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

// What 07-the-path-of-training says: a random plane hides a path, that of its principal components shows nearly all of
// it, and so it does of a random walk; momentum and Adam end lower than SGD; full-batch descent settles at a sharpness
// of 2/rate; SGD trembles higher with smaller batches, and ends flatter.
func TestPathOfTraining(t *testing.T) {
	digits := dataset.Digits().Standardize()
	overTenSeeds(t, func(seed uint64) []claim {
		data := digits.Select(digits.Batches(200, seed)[0])
		net := nn.MLP(64, 10, 10, nn.Tanh)
		loss := lossviz.NewObjective(net, nn.CrossEntropy, data, lossviz.L2(0.001))
		opts := func(more ...train.Option) []train.Option {
			return append(more, train.Batch(16), train.Steps(600), train.Keep(601), train.Seed(seed), train.Quiet())
		}
		sgd := train.SGD(loss, net.Init(seed), opts(train.Rate(0.1))...)
		momentum := train.SGD(loss, net.Init(seed), opts(train.Rate(0.1), train.Momentum(0.9))...)
		adam := train.Adam(loss, net.Init(seed), opts(train.Rate(0.01))...)
		random := lossviz.RandomPlane(loss, sgd.End(), seed)
		inside, all := 0.0, 0.0
		for _, p := range sgd.Trajectory() {
			_, _, off := random.Project(p)
			d := 0.0
			for i := range p {
				d += (p[i] - sgd.End()[i]) * (p[i] - sgd.End()[i])
			}
			inside, all = inside+d-off*off, all+d
		}
		own := lossviz.PCA(sgd).Variance

		r := rand.New(rand.NewPCG(seed, 0))
		p := make([]float64, net.Dim())
		walk := lossviz.Points{slices.Clone(p)}
		for range 600 {
			for i := range p {
				p[i] += r.NormFloat64()
			}
			walk = append(walk, slices.Clone(p))
		}
		drunk := lossviz.PCA(walk).Variance

		sharpness := func(f lossviz.Objective, theta []float64) float64 {
			return spectrum.Extremes(f, theta, 0, 1, spectrum.Tolerance(1e-3)).Highest[0].Value
		}
		fitter := nn.Deep(nn.Tanh, 1, 20, 20, 1)
		wave := lossviz.NewObjective(fitter, nn.Squared, dataset.Sine(40, 0, seed))
		edge := func(rate float64) (run *train.Run, start, settled float64) {
			run = train.GradientDescent(wave, fitter.Init(seed), train.Rate(rate), train.Steps(3000), train.Keep(60), train.Quiet())
			path := run.Trajectory()
			later := path[len(path)/2:]
			for _, theta := range later {
				settled += sharpness(wave, theta) / float64(len(later))
			}
			return run, sharpness(wave, path[0]), settled
		}
		ups := func(r *train.Run) (n float64) {
			for i, l := range r.Losses()[1:] {
				if l > r.Losses()[i] {
					n++
				}
			}
			return n
		}
		// ahead counts the first steps at which one run is lower than another.
		ahead := func(one, other *train.Run) (n float64) {
			for i := range 300 {
				n += yes(one.Losses()[i] < other.Losses()[i])
			}
			return n
		}
		slow, atStart, slowSharp := edge(0.05)
		_, _, middleSharp := edge(0.15)
		fast, _, fastSharp := edge(0.2)

		small := nn.MLP(2, 8, 1, nn.Tanh)
		moons := lossviz.NewObjective(small, nn.LogisticLoss, dataset.Moons(200, 0.15, seed), lossviz.L2(0.002))
		bottom := train.NewtonCG(moons, train.Adam(moons, small.Init(seed), train.Steps(3000), train.Quiet()).End(), train.Quiet())
		tremble := func(rate float64, batch int) float64 {
			later := train.SGD(moons, bottom.End(), train.Rate(rate), train.Batch(batch), train.Steps(4000), train.Seed(seed), train.Quiet()).Trajectory()
			later = later[len(later)/4:]
			sum := 0.0
			for _, p := range later {
				sum += (moons.Value(p) - bottom.Loss()) / float64(len(later))
			}
			return sum
		}
		h2, h4, h8, h20, h40 := tremble(0.2, 2), tremble(0.2, 4), tremble(0.2, 8), tremble(0.2, 20), tremble(0.2, 40)

		wide := nn.MLP(64, 16, 10, nn.Tanh)
		free := lossviz.NewObjective(wide, nn.CrossEntropy, data)
		few := train.SGD(free, wide.Init(seed), train.Rate(0.3), train.Batch(4), train.Steps(2000), train.Seed(seed), train.Quiet())
		full := train.GradientDescent(free, wide.Init(seed), train.Rate(0.3), train.Steps(2000), train.Quiet())
		return []claim{
			atMost("share of the movement in a random plane", inside/all, 0.02),
			atLeast("variance explained by two components", own[0]+own[1], 0.95),
			atLeast("variance explained by the first", own[0], 0.92),
			atLeast("random walk: by two components, least", drunk[0]+drunk[1], 0.85),
			atMost("random walk: by the first, most", drunk[0], 0.87),
			atLeast("loss of SGD minus that of momentum", sgd.Loss()-momentum.Loss(), 0.01),
			atLeast("loss of SGD minus that of Adam", sgd.Loss()-adam.Loss(), 0.01),
			atLeast("rate 0.05: sharpness in the second half per start", slowSharp/atStart, 1.2),
			atLeast("rate 0.15: sharpness in the second half times rate/2, least", middleSharp*0.075, 0.85),
			atMost("rate 0.15: sharpness in the second half times rate/2, most", middleSharp*0.075, 1.15),
			atLeast("rate 0.2: sharpness in the second half times rate/2, least", fastSharp*0.1, 0.9),
			atMost("rate 0.2: sharpness in the second half times rate/2, most", fastSharp*0.1, 1.15),
			atMost("rate 0.05: steps up", ups(slow), 0),
			atLeast("rate 0.2: steps up", ups(fast), 100),
			atLeast("of the first 300 steps, those at which rate 0.2 is lower than 0.05", ahead(fast, slow), 200),
			atLeast("loss at the end, rate 0.2 per 0.05", fast.Loss()/slow.Loss(), 1.05),
			atLeast("rate 0.2: lowest loss until step 750 per lowest from 1500", slices.Min(fast.Losses()[:750])/slices.Min(fast.Losses()[1500:]), 1.1),
			atLeast("height, batches of 2 per 4, where independent ones have 2", h2/h4, 2.1),
			atLeast("height, batches of 4 per 8, where independent ones have 2", h4/h8, 2.1),
			atLeast("height, batches of 8 per 20, where independent ones have 2.5", h8/h20, 2.6),
			atLeast("height, batches of 20 per 40, where independent ones have 2", h20/h40, 2.1),
			atLeast("height with batches of 4, rate 0.2 per 0.1", h4/tremble(0.1, 4), 2.1),
			atMost("sharpness at the end, batches of 4 per all", sharpness(free, few.End())/sharpness(free, full.End()), 0.95),
		}
	})
}
