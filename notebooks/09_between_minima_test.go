package notebooks_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

// TestBetweenMinima has other data and other starts for each seed, and three ends where the notebook has four.
func TestBetweenMinima(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		data := dataset.Moons(200, 0.15, seed)
		net := nn.MLP(2, 16, 1, nn.Tanh)
		loss := lossviz.NewObjective(net, nn.LogisticLoss, data, lossviz.L2(0.002))
		ends := make([][]float64, 3)
		var trainings sync.WaitGroup
		for k := range ends {
			trainings.Go(func() {
				ends[k] = train.Adam(loss, net.Init(10*seed+uint64(k)), train.Steps(2000), train.Quiet()).End()
			})
		}
		trainings.Wait()

		barrier := func(p, q []float64) float64 {
			height, _ := lossviz.Interpolate(loss, p, q, lossviz.Over(0, 1, 41), landscape.Quiet()).Barrier()
			return height
		}
		between := func(points [][]float64) float64 {
			top := math.Inf(-1)
			for k := 1; k < len(points); k++ {
				for _, z := range lossviz.Interpolate(loss, points[k-1], points[k], lossviz.Over(0, 1, 11), landscape.Quiet()).Z {
					top = max(top, z)
				}
			}
			return top - max(loss.Value(points[0]), loss.Value(points[len(points)-1]))
		}
		var straight, reordered, matched, highest, changed float64
		var from, to []float64 // the pair with the highest hill on its straight line
		apart, shorter := math.Inf(1), 0.0
		pairs := 0.0
		for i := range ends {
			for j := range i {
				p, q := ends[j], ends[i]
				again, err := lossviz.Align(net, p, q)
				p2 := positive(net, p)
				q2, err2 := lossviz.Align(net, p2, positive(net, q))
				if err != nil || err2 != nil {
					t.Fatal(err, err2)
				}
				changed = max(changed, math.Abs(loss.Value(again)-loss.Value(q)), math.Abs(loss.Value(q2)-loss.Value(q)), math.Abs(loss.Value(p2)-loss.Value(p)))
				apart = min(apart, floats.Distance(p, q, 2)/floats.Norm(p, 2))
				shorter = max(shorter, floats.Distance(p, again, 2)/floats.Distance(p, q, 2))
				if hill := barrier(p, q); hill > highest {
					highest, from, to = hill, p, q
				}
				straight += barrier(p, q)
				reordered += barrier(p, again)
				matched += barrier(p2, q2)
				pairs++
			}
		}
		curve := lossviz.Bezier(loss, from, to, landscape.PathQuiet())
		band := lossviz.NEB(loss, from, to, landscape.PathSteps(1000), landscape.PathQuiet())
		claims := []claim{
			atLeast("distance between two ends over the length of one", apart, 1),
			atMost("a symmetry changes the loss by", changed, 1e-14),
			atMost("reordering shortens the way, at worst to", shorter, 1),
			atLeast("mean barrier on the straight line", straight/pairs, 0.05),
			atMost("with units reordered, as a share of it", reordered/straight, 0.8),
			atMost("with signs and order, as a share of it", matched/straight, 0.2),
			atMost("on a Bezier curve, as a share of the highest", between(curve.Points)/highest, 0.4),
			atMost("on an elastic band, as a share of the highest", between(band.Points)/highest, 0.4),
			atLeast("the band rises more between its points than at them, by", between(band.Points)-band.Barrier(), 1e-4),
		}
		return append(claims, fateClaims(seed, loss)...)
	})
}

// positive gives every unit the sign that makes its outgoing weight positive.
func positive(net *nn.Network, theta []float64) []float64 {
	out := slices.Clone(theta)
	blocks := net.Blocks()
	in, bias, outgoing := blocks[0].Of(out), blocks[1].Of(out), blocks[2].Of(out)
	for i := range outgoing {
		if outgoing[i] < 0 {
			in[2*i], in[2*i+1], bias[i], outgoing[i] = -in[2*i], -in[2*i+1], -bias[i], -outgoing[i]
		}
	}
	return out
}

// fateClaims are those of section 7: three losses that are not convex, and how many of 20 descents reach the bottom.
func fateClaims(seed uint64, loss *lossviz.NetworkObjective) []claim {
	random := rand.New(rand.NewPCG(seed, 0))
	reach := func(f lossviz.Objective, start func(k int) []float64) float64 {
		finals := make([]float64, 20)
		var descents sync.WaitGroup
		for k := range finals {
			from := start(k)
			descents.Go(func() { finals[k] = train.Adam(f, from, train.Steps(1000), train.Quiet()).Loss() })
		}
		descents.Wait()
		lowest, n := slices.Min(finals), 0.0
		for _, z := range finals {
			n += yes(z < lowest+0.02)
		}
		return n / float64(len(finals))
	}
	two := func(int) []float64 { return []float64{2 * random.NormFloat64(), 2 * random.NormFloat64()} }
	deep := convexity.DeepLinear(1)
	verdict, own := convexity.Judge(deep), convexity.Judge(loss)
	dents := landscape.Rastrigin(2)
	dip, _ := lossviz.Interpolate(dents, []float64{-1, 0}, []float64{1, 0}, landscape.Quiet()).Bulge()
	return []claim{
		atLeast("(1 - w1 w2)^2 is certified not convex", yes(verdict.Kind == convexity.NotConvex && verdict.Verify() == nil), 1),
		atLeast("so is the network's loss", yes(own.Kind == convexity.NotConvex && own.Verify() == nil), 1),
		atLeast("Rastrigin's function rises above a chord by", dip.Gap, 10),
		atLeast("share of descents that reach the bottom, (1 - w1 w2)^2", reach(deep, two), 1),
		atLeast("the same, the network's loss", reach(loss, func(k int) []float64 { return loss.Net.Init(100*seed + uint64(k)) }), 0.7),
		atMost("the same, Rastrigin's function", reach(dents, two), 0.5),
	}
}
