package notebooks_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

// What 08-depth-and-skips says: without skips depth turns one valley into many dips, with them there is one valley at
// every depth; the same in the same plane before training; a deep plain net is sharper, its gradients hold less far,
// and it is wrong more often on new images; the smooth deep net's neighbourhood is less convex than the shallow one's.
func TestDepthAndSkips(t *testing.T) {
	deep := func(depth int, skip bool) *nn.Network {
		const width = 10
		layer := []nn.Layer{nn.BatchNormLayer{Features: width}, nn.ActivationLayer{Activation: nn.Tanh}, nn.Dense(width, width, nn.Identity)}
		layers := []nn.Layer{nn.Dense(64, width, nn.Identity)}
		for range (depth - 2) / 2 {
			layers = append(layers, nn.ResidualLayer{Inner: slices.Concat(layer, layer), Skip: skip})
		}
		return nn.New(append(layers, nn.ActivationLayer{Activation: nn.Tanh}, nn.Dense(width, 10, nn.Identity))...)
	}
	digits := dataset.Digits()
	overTenSeeds(t, func(seed uint64) []claim {
		batches := digits.Batches(150, seed)
		data := digits.Select(batches[0]).Standardize()
		held := digits.Select(slices.Concat(batches[1], batches[2])).StandardizeLike(digits.Select(batches[0]))
		type numbers struct{ loss, aside, dips, down, lows, sharp, newly, before, agree, ratio float64 }
		measure := func(depth int, skip bool) (n numbers) {
			net := deep(depth, skip)
			loss := lossviz.NewObjective(net, nn.CrossEntropy, data)
			start := net.Init(seed)
			end := train.Adam(loss, start, train.Rate(0.005), train.Scheduled(train.Cosine(0.01)), train.Steps(600), train.Quiet()).End()
			plane := lossviz.FilterNormalized(loss, end, seed)
			surface := lossviz.Slice(loss, plane, lossviz.Square(1, 41), lossviz.Quiet())
			line := lossviz.Along(loss, end, plane.X, lossviz.Over(-1, 1, 201), lossviz.Quiet())
			for i := 1; i+1 < len(line.Z); i++ {
				if line.Z[i] < line.Z[i-1] && line.Z[i] < line.Z[i+1] {
					n.lows++
				}
			}
			n.loss = loss.Value(end)
			n.aside = line.Z[110] // at 0.1
			n.dips = float64(len(lossviz.NewMergeTree(surface, 0.1).Basins))
			n.down = bentDown(surface)
			n.newly = lossviz.NewObjective(net.Freeze(end, data), nn.CrossEntropy, held).Accuracy(end)
			n.sharp = spectrum.Extremes(loss, end, 0, 1, spectrum.Tolerance(1e-4)).Highest[0].Value
			untrained := lossviz.FilterNormalized(loss, start, seed)
			n.agree = lossviz.Cosine(lossviz.GradientDirection(loss, start), lossviz.GradientDirection(loss, untrained.At(0.05, 0)))
			if depth == 32 {
				before := lossviz.Slice(loss, untrained, lossviz.Square(1, 41), lossviz.Quiet())
				n.before = float64(len(lossviz.NewMergeTree(before, 0.1).Basins))
			}
			if depth != 16 && skip {
				// Nine points instead of the notebook's forty-nine: the Hessians are what takes the time.
				near := lossviz.Slice(loss, plane, lossviz.Square(0.2, 3), lossviz.Quiet(), lossviz.Report(lossviz.HessianExtremes()))
				for i := range near.X {
					for j := range near.Y {
						if near.Values[landscape.NameHessianMin][i][j] < 0 {
							n.ratio += min(1, near.Values[landscape.NameHessianRatio][i][j]) / 9
						}
					}
				}
			}
			return n
		}
		plain4, plain16, plain32 := measure(4, false), measure(16, false), measure(32, false)
		skip4, skip16, skip32 := measure(4, true), measure(16, true), measure(32, true)
		return []claim{
			atMost("loss at the end, the highest of the five but the deep plain net", max(plain4.loss, plain16.loss, skip4.loss, skip16.loss, skip32.loss), 0.06),
			atMost("loss at the end of the deep plain net", plain32.loss, 0.4),
			atMost("depth 4: right on new images, with skips minus without", math.Abs(skip4.newly-plain4.newly), 0.12),
			atLeast("depth 32: right on new images, with skips minus without", skip32.newly-plain32.newly, 0.12),
			atMost("low points on a line, depth 4 without skips", plain4.lows, 2),
			atMost("low points on a line, depth 32 with skips", skip32.lows, 3),
			atLeast("low points on a line, depth 32 without skips", plain32.lows, 15),
			atLeast("loss at 0.1 on a line, depth 32 without skips", plain32.aside, 1.3),
			atMost("loss at 0.1 on a line, depth 32 with skips", skip32.aside, 0.5),
			atMost("dips with skips, the most of three depths", max(skip4.dips, skip16.dips, skip32.dips), 2),
			atMost("dips without skips, depth 4", plain4.dips, 2),
			atLeast("dips without skips, depth 16", plain16.dips, 6),
			atLeast("dips without skips, depth 32 per those at depth 16", plain32.dips/plain16.dips, 1.4),
			atMost("bent down, depth 4 with skips", skip4.down, 0.45),
			atLeast("bent down, depth 32 with skips", skip32.down, 0.5),
			atMost("bent down, depth 32 with and without skips: the difference", math.Abs(skip32.down-plain32.down), 0.15),
			atLeast("sharpness, depth 32, without skips per with", plain32.sharp/skip32.sharp, 20),
			atLeast("sharpness, depth 16, without skips per with", plain16.sharp/skip16.sharp, 5),
			atLeast("untrained dips, depth 32, without skips minus with", plain32.before-skip32.before, 2),
			atLeast("gradients agree at a step of 0.05, depth 32 with skips", skip32.agree, 0.7),
			atMost("gradients agree at a step of 0.05, depth 32 without", plain32.agree, 0.6),
			atLeast("gradients agree at a step of 0.05, depth 4 without", plain4.agree, 0.95),
			atLeast("mean ratio, depth 32 with skips per depth 4 with", skip32.ratio/skip4.ratio, 1.2),
			atLeast("mean ratio, depth 32 with skips", skip32.ratio, 0.3),
		}
	})
}

// bentDown is the share of a surface's inner grid points where, by second differences, it curves downward in some
// direction of the plane.
func bentDown(s *lossviz.Surface) float64 {
	down, all := 0, 0
	for i := 1; i+1 < len(s.X); i++ {
		for j := 1; j+1 < len(s.Y); j++ {
			xx := s.Z[i+1][j] - 2*s.Z[i][j] + s.Z[i-1][j]
			yy := s.Z[i][j+1] - 2*s.Z[i][j] + s.Z[i][j-1]
			xy := (s.Z[i+1][j+1] - s.Z[i+1][j-1] - s.Z[i-1][j+1] + s.Z[i-1][j-1]) / 4
			if (xx+yy)/2-math.Hypot((xx-yy)/2, xy) < 0 {
				down++
			}
			all++
		}
	}
	return float64(down) / float64(all)
}
