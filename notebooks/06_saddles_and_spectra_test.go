package notebooks_test

import (
	"math"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

// What 06-saddles-and-spectra says: zero is a saddle with one direction down for each unit, and is left fast; saddles
// outnumber minima, more so with more units, and go with height; bad minima exist; a training takes the negative
// eigenvalues away; most of the spectrum is near zero; a slice that looks convex is not, except close to the minimum.
func TestSaddlesAndSpectra(t *testing.T) {
	digits := dataset.Digits().Standardize()
	overTenSeeds(t, func(seed uint64) []claim {
		two := dataset.Moons(100, 0.15, seed)
		var x []float64
		for i := range two.N {
			x = append(append(x, two.Row(i)...), 1)
		}
		moons := dataset.New("moons with a 1", x, two.Y, 3)
		lossOf := func(units int) *lossviz.NetworkObjective {
			net := nn.New(
				nn.DenseLayer{In: 3, Out: units, Activation: nn.Tanh, NoBias: true},
				nn.DenseLayer{In: units, Out: 1, NoBias: true})
			return lossviz.NewObjective(net, nn.LogisticLoss, moons, lossviz.L2(0.002))
		}
		eigenvalues := func(f lossviz.Objective, theta []float64) (e []float64, negative float64) {
			e, err := spectrum.Eigenvalues(f, theta)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range e {
				if v < 0 {
					negative++
				}
			}
			return e, negative
		}
		missed := 0.0
		for _, units := range []int{2, 3, 4, 8} {
			f := lossOf(units)
			_, negative := eigenvalues(f, make([]float64, f.Dim()))
			missed += math.Abs(negative - float64(units))
		}
		three := lossOf(3)
		escape := spectrum.Escape(three, make([]float64, three.Dim()), 1e-3, spectrum.Steps(60))
		random, along := escape.Left()

		count := func(units int) (minima, saddles, correlation float64, lowest float64) {
			set := spectrum.CriticalPoints(lossOf(units), nil, spectrum.Starts(100))
			n, x, y := float64(len(set.Points)), 0.0, 0.0
			for _, p := range set.Points {
				if p.Kind == spectrum.Minimum {
					minima++
				} else if p.Kind == spectrum.Saddle {
					saddles++
				}
				x += float64(p.Index) / n
				y += p.Loss / n
			}
			xy, xx, yy := 0.0, 0.0, 0.0
			for _, p := range set.Points {
				dx, dy := float64(p.Index)-x, p.Loss-y
				xy, xx, yy = xy+dx*dy, xx+dx*dx, yy+dy*dy
			}
			return minima, saddles, xy / math.Sqrt(xx*yy), set.Points[0].Loss
		}
		minima2, saddles2, _, lowest2 := count(2)
		minima4, saddles4, correlation4, _ := count(4)
		astray, f2 := 0.0, lossOf(2)
		for start := uint64(1); start <= 20; start++ {
			if train.LBFGS(f2, f2.Net.Init(start), train.Quiet()).Loss() > lowest2+0.001 {
				astray++
			}
		}

		net := nn.MLP(64, 10, 10, nn.Tanh)
		digitLoss := lossviz.NewObjective(net, nn.CrossEntropy, digits.Select(digits.Batches(200, seed)[0]))
		run := train.Adam(digitLoss, net.Init(seed), train.Rate(0.01), train.Steps(500), train.Quiet())
		first, down0 := eigenvalues(digitLoss, run.Start())
		last, down1 := eigenvalues(digitLoss, run.End())
		n := len(last)
		bulk, sum, top := 0.0, 0.0, 0.0
		for i, v := range last {
			if math.Abs(v) < last[n-1]/100 {
				bulk++
			}
			sum += v
			if i >= n-30 {
				top += v
			}
		}

		plain := dataset.Moons(200, 0.15, seed)
		eight := nn.MLP(2, 8, 1, nn.Tanh)
		moonLoss := lossviz.NewObjective(eight, nn.LogisticLoss, plain, lossviz.L2(0.002))
		bottom := train.Adam(moonLoss, eight.Init(seed), train.Steps(3000), train.Quiet())
		plane := lossviz.FilterNormalized(moonLoss, bottom.End(), seed)
		ratio := func(radius float64, points int) (s *lossviz.Surface, mean, negative float64) {
			s = lossviz.Slice(moonLoss, plane, lossviz.Square(radius, points), lossviz.Report(lossviz.HessianExtremes()), lossviz.Quiet())
			all := float64(points * points)
			for i := range s.X {
				for j := range s.Y {
					if s.Values[landscape.NameHessianMin][i][j] < 0 {
						mean += s.Values[landscape.NameHessianRatio][i][j] / all
						negative += 1 / all
					}
				}
			}
			return s, mean, negative
		}
		whole, far, _ := ratio(1, 15)
		_, near, negative := ratio(0.1, 15)
		_, nearest, _ := ratio(0.01, 15)
		looks, is := 0.0, 0.0
		for i := 1; i+1 < len(whole.X); i++ {
			for j := 1; j+1 < len(whole.Y); j++ {
				xx := whole.Z[i+1][j] - 2*whole.Z[i][j] + whole.Z[i-1][j]
				yy := whole.Z[i][j+1] - 2*whole.Z[i][j] + whole.Z[i][j-1]
				xy := (whole.Z[i+1][j+1] - whole.Z[i+1][j-1] - whole.Z[i-1][j+1] + whole.Z[i-1][j-1]) / 4
				if xx > 0 && xx*yy > xy*xy {
					looks++
					if whole.Values[landscape.NameHessianMin][i][j] > 0 {
						is++
					}
				}
			}
		}
		return []claim{
			atMost("at zero, index minus number of units, over four widths", missed, 0),
			atLeast("steps to leave zero after a random nudge", float64(random), 1),
			atMost("steps to leave zero after a random nudge", float64(random), 25),
			atLeast("steps to leave zero along the eigenvector", float64(along), 1),
			atMost("steps to leave zero along the eigenvector", float64(along), 25),
			atLeast("4 units: saddles for each minimum", saddles4/minima4, 2),
			atLeast("saddles for each minimum, 4 units per 2", saddles4/minima4/(saddles2/minima2), 1.3),
			atLeast("4 units: correlation of index and loss", correlation4, 0.25),
			atLeast("2 units: trainings of 20 that miss the lowest minimum", astray, 15),
			atLeast("share of negative eigenvalues at the start", down0/float64(n), 0.33),
			atMost("negative eigenvalues, end per start", down1/down0, 0.6),
			atLeast("at the start, -lowest/highest eigenvalue", -first[0]/first[n-1], 0.25),
			atMost("at the end, -lowest/highest eigenvalue", -last[0]/last[n-1], 0.12),
			atMost("highest eigenvalue, end per start", last[n-1]/first[n-1], 0.3),
			atLeast("share of eigenvalues within 1 % of the largest", bulk/float64(n), 0.5),
			atLeast("share of the sum in the 30 largest, least", top/sum, 0.35),
			atMost("share of the sum in the 30 largest, most", top/sum, 0.7),
			atLeast("share of the picture that looks convex", looks/169, 0.1),
			atMost("of these, the share where the loss is convex", is/looks, 0.05),
			atLeast("mean ratio within 1", far, 0.15),
			atMost("mean ratio within 0.1 per within 1", near/far, 0.4),
			atMost("mean ratio within 0.01 per within 0.1", nearest/near, 0.4),
			atMost("mean ratio within 0.01", nearest, 0.02),
			atLeast("share of points with a negative eigenvalue within 0.1", negative, 0.5),
		}
	})
}
