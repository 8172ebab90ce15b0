package notebooks_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

// TestYourOwn has other starts for each seed; the data are the notebook's file.
func TestYourOwn(t *testing.T) {
	data := dataset.CSV("data/daylight.csv", "hours").Standardize()
	net := nn.MLP(2, 12, 1, nn.Tanh)
	loss := lossviz.NewObjective(net, nn.Squared, data)
	mean, variance := 0.0, 0.0
	for _, y := range data.Y {
		mean += y / float64(data.N)
	}
	for _, y := range data.Y {
		variance += (y - mean) * (y - mean) / float64(data.N)
	}

	theirs, err := nn.LoadSafetensors(net, "data/daylight.safetensors", nil)
	if err != nil {
		t.Fatal(err)
	}
	var noted struct{ Loss float64 }
	text, err := os.ReadFile("data/daylight-torch.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &noted); err != nil {
		t.Fatal(err)
	}
	// PyTorch computes the loss in 32 bits.
	if got := loss.Value(theirs); math.Abs(got-noted.Loss) > 1e-6*noted.Loss {
		t.Errorf("PyTorch's weights have the loss %v, and PyTorch says %v", got, noted.Loss)
	}
	w := convexity.Var(0)
	formula := convexity.Function(1, convexity.Sum(convexity.Softplus(w), convexity.Scale(0.5, convexity.Square(w))))
	if v := convexity.Judge(formula); v.Kind != convexity.Convex || v.Verify() != nil {
		t.Errorf("the formula: %v", v)
	}

	overTenSeeds(t, func(seed uint64) []claim {
		train4000 := func(seed uint64) *train.Run {
			return train.Adam(loss, net.Init(seed), train.Rate(0.02), train.Steps(4000), train.Quiet())
		}
		first, second := train4000(seed), train4000(seed+100)
		height, _ := lossviz.Interpolate(loss, first.End(), second.End(), lossviz.Over(0, 1, 101), landscape.Quiet()).Barrier()
		bent := lossviz.Bezier(loss, first.End(), second.End(), landscape.PathSteps(2000), landscape.PathQuiet())
		visit, _ := lossviz.Interpolate(loss, first.End(), theirs, lossviz.Over(0, 1, 101), landscape.Quiet()).Barrier()
		toTheirs := lossviz.Bezier(loss, first.End(), theirs, landscape.PathSteps(2000), landscape.PathQuiet())

		springs := func(s float64) *landscape.FuncObjective {
			return lossviz.Func(2, func(p []float64) float64 {
				left, right := math.Hypot(p[0]+1, p[1]), math.Hypot(p[0]-1, p[1])
				return ((left-s)*(left-s) + (right-s)*(right-s)) / 2
			})
		}
		from := float64(seed) / 20 // 0.55 to 1
		up := train.LBFGS(springs(1.2), []float64{0.3, from}, train.Quiet()).End()
		down := train.LBFGS(springs(1.2), []float64{0.3, -from}, train.Quiet()).End()
		rise, _ := lossviz.Interpolate(springs(1.2), up, down, landscape.Quiet()).Barrier()
		verdict, open := convexity.Judge(loss, convexity.Seed(seed)), convexity.Judge(springs(1.2), convexity.Seed(seed))
		return []claim{
			atMost("the fit, as a share of the variance", max(first.Loss(), second.Loss())/variance, 0.1),
			atLeast("Judge: not convex, and the certificate checks", yes(verdict.Kind == convexity.NotConvex && verdict.Verify() == nil), 1),
			atLeast("barrier between two trainings over the variance", height/variance, 1),
			atMost("a bent path rises, as a share of it", bent.Barrier()/height, 0.5),
			atLeast("barrier to PyTorch's end over the variance", visit/variance, 1),
			atMost("exercise 4: a bent path, as a share of it", toTheirs.Barrier()/visit, 0.5),
			{"the ball rests above", up[1], 0.66, 0.67},
			{"and below", down[1], -0.67, -0.66},
			{"and the energy rises between by", rise, 0.039, 0.041},
			atLeast("of a Go function nothing is proved", yes(open.Kind == convexity.Undetermined), 1),
		}
	})
}
