package notebooks_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

// yes is 1 for true: claims are numbers.
func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// TestLogisticBowl is about new data for each seed; nothing in the notebook should depend on its own.
func TestLogisticBowl(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		data := dataset.Blobs(200, 2, 2.5, seed)
		net := nn.Linear(2, 1)
		loss := lossviz.NewObjective(net, nn.LogisticLoss, data)
		squared := lossviz.NewObjective(nn.New(nn.Dense(2, 1, nn.Sigmoid)), nn.Squared, data)
		run := train.GradientDescent(loss, []float64{0, 0, 0}, train.Steps(5000), train.Tolerance(1e-10), train.Quiet())
		climbs := 0.0
		for i, l := range run.Losses()[1:] {
			climbs = max(climbs, l-run.Losses()[i])
		}
		best := run.End()

		random := rand.New(rand.NewPCG(seed, 0))
		draw := func(size float64) []float64 {
			return []float64{size * random.NormFloat64(), size * random.NormFloat64(), size * random.NormFloat64()}
		}
		logisticGap, squaredGap, squaredBroken := math.Inf(-1), math.Inf(-1), 0
		for range 2000 {
			a, b, s := draw(3), draw(3), random.Float64()
			m := make([]float64, 3)
			floats.AddScaledTo(m, m, s, a)
			floats.AddScaled(m, 1-s, b)
			gap := func(f lossviz.Objective) float64 { return f.Value(m) - s*f.Value(a) - (1-s)*f.Value(b) }
			logisticGap = max(logisticGap, gap(loss))
			squaredGap = max(squaredGap, gap(squared))
			if gap(squared) > 1e-12 {
				squaredBroken++
			}
		}
		_, bulges := lossviz.Interpolate(loss, draw(4), draw(4), landscape.Quiet()).Bulge()
		apart := 0.0
		for range 3 {
			end := train.GradientDescent(loss, draw(5), train.Steps(20000), train.Tolerance(1e-10), train.Quiet()).End()
			apart = max(apart, floats.Distance(end, best, 2))
		}

		opposite := make([]float64, 3)
		floats.AddScaled(opposite, -3, best)
		shelf, shelfFound := lossviz.Interpolate(squared, opposite, best, lossviz.Over(0, 1, 101), landscape.Quiet()).Bulge()
		far := make([]float64, 3)
		floats.AddScaled(far, -10, best)
		flat := floats.Norm(landscape.GradientDirection(squared, far).V, 2)
		steep := floats.Norm(landscape.GradientDirection(loss, far).V, 2)

		proof, counter := convexity.Judge(loss), convexity.Judge(squared)
		claims := []claim{
			atMost("training never climbs, by more than rounding", climbs, 1e-12),
			atMost("accuracy below 1: the clouds overlap", loss.Accuracy(best), 0.99),
			atMost("largest gap of the logistic loss", logisticGap, 1e-12),
			atMost("a bulge on a line of the logistic loss", yes(bulges), 0),
			atMost("trainings from far apart end apart", apart, 1e-6),
			atLeast("Judge proves the logistic loss convex, and the proof checks", yes(proof.Kind == convexity.Convex && proof.Verify() == nil), 1),
			atLeast("Judge certifies that the squared error is not, and the certificate checks", yes(counter.Kind == convexity.NotConvex && counter.Verify() == nil), 1),
			atLeast("largest gap of the squared error", squaredGap, 0.2),
			atLeast("broken pairs of the squared error, of 2000", float64(squaredBroken), 400),
			atLeast("height of the bulge from the opposite point", yes(shelfFound)*shelf.Gap, 0.1),
			atLeast("steepness far out, logistic over squared", steep/flat, 20),
		}
		claims = append(claims, separableClaims(seed)...)
		return append(claims, valleyClaims(data)...)
	})
}

// separableClaims are those of sections 6 and 7.
func separableClaims(seed uint64) []claim {
	net, zero := nn.Linear(2, 1), []float64{0, 0, 0}
	data := dataset.Separable(60, 2, 0.5, seed)
	loss := lossviz.NewObjective(net, nn.LogisticLoss, data)
	short := train.GradientDescent(loss, zero, train.Rate(1), train.Steps(1000), train.Quiet())
	long := train.GradientDescent(loss, zero, train.Rate(1), train.Steps(10000), train.Quiet())
	double := slices.Clone(long.End())
	floats.Scale(2, double)

	penalized := lossviz.NewObjective(net, nn.LogisticLoss, data, lossviz.L2(0.01))
	from := func(start ...float64) []float64 {
		return train.GradientDescent(penalized, start, train.Rate(0.5), train.Steps(50000), train.Tolerance(1e-10), train.Quiet()).End()
	}
	left, right := from(5, 5, 0), from(-5, -5, 0)
	priced := convexity.Judge(penalized)
	bias := func(b float64) float64 { return penalized.Value([]float64{left[0], left[1], b}) }
	return []claim{
		atLeast("separable: ten times the steps, theta longer by", floats.Norm(long.End(), 2)-floats.Norm(short.End(), 2), 1),
		atMost("separable: the loss at the double of theta, as a share of that at theta", loss.Value(double)/long.Loss(), 0.1),
		atLeast("separable: accuracy", loss.Accuracy(long.End()), 1),
		atMost("with L2: two ends apart", floats.Distance(left, right, 2), 1e-6),
		atLeast("with L2: proved convex", yes(priced.Kind == convexity.Convex && priced.Verify() == nil), 1),
		atMost("with L2: the modulus, since the bias has no price", priced.StrongConvexity, 0),
		atMost("with L2: curvature along the bias at 20", bias(19)-2*bias(20)+bias(21), 1e-3),
		atMost("with L2: length of the minimum over that without, still growing", floats.Norm(left, 2)/floats.Norm(long.End(), 2), 0.6),
	}
}

// valleyClaims are those of section 8.
func valleyClaims(data *dataset.Data) []claim {
	stretched := func(c float64) *dataset.Data {
		x := slices.Clone(data.X)
		for i := range data.N {
			x[2*i+1] *= c
		}
		return dataset.New("stretched", x, data.Y, 2)
	}
	bottom := func(d *dataset.Data) (f *lossviz.NetworkObjective, minimum, curvatures []float64) {
		f = lossviz.NewObjective(nn.New(nn.DenseLayer{In: 2, Out: 1, NoBias: true}), nn.LogisticLoss, d)
		minimum = train.NewtonCG(f, []float64{0, 0}, train.Quiet()).End()
		curvatures, err := spectrum.Eigenvalues(f, minimum)
		if err != nil {
			curvatures = []float64{math.NaN(), math.NaN()}
		}
		return f, minimum, curvatures
	}
	descend := func(d *dataset.Data) (steps, condition float64) {
		f, minimum, h := bottom(d)
		run := train.GradientDescent(f, []float64{minimum[0] - 1.2, minimum[1] + 0.35}, train.Rate(1/h[1]), train.Steps(200000), train.Tolerance(1e-6), train.Quiet())
		return float64(run.Steps()), h[1] / h[0]
	}
	narrow, low, h := bottom(stretched(5))
	ground, err := spectrum.Eigenvalues(narrow, []float64{low[0] + 0.3, low[1]})
	if err != nil {
		return []claim{atLeast("eigenvalues: "+err.Error(), math.NaN(), 0)}
	}
	way := train.GradientDescent(narrow, []float64{low[0] + 0.3, low[1] + 0.15}, train.Rate(1.9/ground[1]), train.Steps(20), train.Quiet()).Trajectory()
	turns := 0
	for i := 1; i < len(way); i++ {
		if (way[i][1]-low[1])*(way[i-1][1]-low[1]) < 0 {
			turns++
		}
	}
	fourSteps, fourCondition := descend(stretched(4))
	eightSteps, eightCondition := descend(stretched(8))
	goodSteps, goodCondition := descend(stretched(16).Standardize())
	return []claim{
		atLeast("valley: condition number, second input times 5", h[1]/h[0], 15),
		atLeast("valley: crossings in 20 steps", float64(turns), 6),
		{"valley: steps per condition number, times 8 over times 4", (eightSteps / eightCondition) / (fourSteps / fourCondition), 0.85, 1.15},
		atMost("valley: condition number of standardized data", goodCondition, 12),
		atMost("valley: steps on standardized data, as a share", goodSteps/eightSteps, 0.2),
	}
}
