package notebooks_test

import (
	"math"
	"slices"
	"sync"
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

// swapUnits exchanges two hidden units of a network with one hidden layer.
func swapUnits(net *nn.Network, theta []float64, i, j int) []float64 {
	out := slices.Clone(theta)
	blocks := net.Blocks()
	w, bias, outgoing := blocks[0].Of(out), blocks[1].Of(out), blocks[2].Of(out)
	n := blocks[0].Size / blocks[0].Filters()
	for k := range n {
		w[i*n+k], w[j*n+k] = w[j*n+k], w[i*n+k]
	}
	bias[i], bias[j] = bias[j], bias[i]
	outgoing[i], outgoing[j] = outgoing[j], outgoing[i]
	return out
}

// midpoint is half-way between two points.
func midpoint(a, b []float64) []float64 {
	m := make([]float64, len(a))
	floats.AddTo(m, a, b)
	floats.Scale(0.5, m)
	return m
}

// TestTwoLayerNet has other data and another start for each seed.
func TestTwoLayerNet(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		data := dataset.Moons(200, 0.15, seed)
		net := nn.MLP(2, 4, 1, nn.Tanh)
		loss := lossviz.NewObjective(net, nn.LogisticLoss, data, lossviz.L2(0.002))
		run := train.LBFGS(loss, train.Adam(loss, net.Init(seed), train.Steps(1500), train.Quiet()).End(), train.Tolerance(1e-10), train.Steps(2000), train.Quiet())
		a := run.End()

		difference, widest := 0.0, math.Inf(-1)
		var b []float64
		for i := range 4 {
			for j := i + 1; j < 4; j++ {
				mirror := swapUnits(net, a, i, j)
				difference = max(difference, math.Abs(loss.Value(mirror)-loss.Value(a)))
				if gap := loss.Value(midpoint(a, mirror)) - loss.Value(a); gap > widest {
					widest, b = gap, mirror
				}
			}
		}
		certain, err := convexity.Gap(loss, a, b, 0.5)
		if err != nil {
			certain.Lo = math.NaN()
		}
		verdict := convexity.Judge(loss)
		half := midpoint(a, b)
		height, top := lossviz.Interpolate(loss, a, b, landscape.Quiet()).Barrier()
		ends, middle := smallestEigenvalue(loss, a), smallestEigenvalue(loss, half)

		// Section 6: the pass is lower than the top of the straight line.
		down := landscape.GradientDirection(loss, half)
		down = down.Scale(-floats.Distance(a, b, 2) / floats.Norm(down.V, 2))
		pass := math.Inf(1)
		for _, z := range lossviz.Along(loss, half, down, lossviz.Over(-0.5, 1, 151), landscape.Quiet()).Z {
			pass = min(pass, z)
		}
		_, _, away := lossviz.FilterNormalized(loss, a, seed).Project(b)

		claims := []claim{
			atMost("a is a critical point: gradient", run.GradientNorm(), 1e-6),
			atMost("mirror images: the loss differs by", difference, 1e-14),
			atLeast("the widest gap half-way", widest, 0.05),
			atLeast("the same, certified", certain.Lo, 0.05),
			atLeast("Judge: not convex, and the certificate checks", yes(verdict.Kind == convexity.NotConvex && verdict.Verify() == nil), 1),
			atLeast("the barrier", height, 0.05),
			{"where it is highest", top, 0.2, 0.8},
			atLeast("smallest eigenvalue at the minimum", ends, 1e-5),
			atMost("smallest eigenvalue half-way", middle, -1e-3),
			atLeast("the pass is lower than the straight line's top, by", loss.Value(half)-pass, 0.02),
			atLeast("the pass is higher than the minima, by", pass-loss.Value(a), 0.005),
			atLeast("the mirror minimum is off a random plane by", away, 1),
		}
		return append(append(claims, zeroClaims(data)...), widthClaims(seed)...)
	})
}

func smallestEigenvalue(f lossviz.Objective, theta []float64) float64 {
	all, err := spectrum.Eigenvalues(f, theta)
	if err != nil {
		return math.NaN()
	}
	return all[0]
}

// zeroClaims are those of section 7: strict on the moons, degenerate on balanced XOR and with two hidden layers.
func zeroClaims(data *dataset.Data) []claim {
	one, two := nn.MLP(2, 4, 1, nn.Tanh), nn.Deep(nn.Tanh, 2, 4, 4, 1)
	at0 := func(net *nn.Network, data *dataset.Data) (*lossviz.NetworkObjective, []float64) {
		return lossviz.NewObjective(net, nn.LogisticLoss, data), make([]float64, net.Dim())
	}
	moons, zero := at0(one, data)
	verdict := convexity.AtPoint(moons, zero)
	negative, _ := verdict.Index()
	xor, _ := at0(one, dataset.XOR(200, 0, 1))
	deeper, deepZero := at0(two, data)
	// fall is how much lower than at zero the loss is at h times the signs.
	fall := func(f *lossviz.NetworkObjective, h float64, signs ...[]float64) float64 {
		p := make([]float64, f.Dim())
		copy(p, slices.Concat(signs...))
		floats.Scale(h, p)
		return math.Log(2) - f.Value(p)
	}
	ones, none := []float64{1, 1, 1, 1}, make([]float64, 4)
	together := [][]float64{{1, 1, -1, -1, 1, -1, -1, 1}, ones, {1, 1, -1, -1}}
	alike := [][]float64{{1, -1, 1, -1, 1, -1, 1, -1}, none, ones, ones, ones, ones, none, ones}
	down := spectrum.Extremes(moons, zero, 1, 1).Lowest[0].Vector
	nudged := slices.Clone(down)
	floats.Scale(0.01, nudged)
	return []claim{
		atMost("gradient at zero", floats.Norm(landscape.GradientDirection(moons, zero).V, 2), 1e-15),
		atMost("smallest eigenvalue at zero, moons", smallestEigenvalue(moons, zero), -0.1),
		{"certified negative eigenvalues, one for each unit", float64(negative), 4, 4},
		atLeast("smallest eigenvalue at zero, XOR", smallestEigenvalue(xor, zero), -1e-12),
		atLeast("smallest eigenvalue at zero, two hidden layers", smallestEigenvalue(deeper, deepZero), -1e-12),
		atLeast("XOR: lower than at zero, near it, by", fall(xor, 0.05, together...), 1e-6),
		{"the same at twice the distance, as a multiple", fall(xor, 0.1, together...) / fall(xor, 0.05, together...), 14, 18},
		atLeast("two hidden layers: lower than at zero, near it, by", fall(deeper, 0.05, alike...), 1e-6),
		{"the same at twice the distance, as a multiple", fall(deeper, 0.1, alike...) / fall(deeper, 0.05, alike...), 7, 9},
		atMost("exercise 4: the loss after leaving the saddle", train.GradientDescent(moons, nudged, train.Rate(1), train.Steps(300), train.Quiet()).Loss(), 0.5),
	}
}

// widthClaims are those of section 9, with half of its trainings.
func widthClaims(seed uint64) []claim {
	data := dataset.XOR(200, 0.3, seed)
	ends := func(width int) []float64 {
		f := lossviz.NewObjective(nn.MLP(2, width, 1, nn.Tanh), nn.LogisticLoss, data, lossviz.L2(0.002))
		found := make([]float64, 20)
		var trainings sync.WaitGroup
		for k := range found {
			trainings.Go(func() {
				found[k] = train.Adam(f, f.Net.Init(100*seed+uint64(k)), train.Steps(600), train.Quiet()).Loss()
			})
		}
		trainings.Wait()
		slices.Sort(found)
		return found
	}
	stuck := func(ends []float64) float64 {
		n := 0.0
		for _, end := range ends {
			n += yes(end > 1.5*ends[0])
		}
		return n / float64(len(ends))
	}
	two, eight := ends(2), ends(8)
	return []claim{
		atLeast("share of trainings that get stuck, width 2", stuck(two), 0.2),
		atMost("the same, width 8", stuck(eight), 0.1),
		atMost("the best loss at width 8 over that at width 2", eight[0]/two[0], 1),
	}
}
