package notebooks_test

import (
	"math"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

// What 00-start says of its network: training lowers the loss, the lowest point of the surface is where the training
// ended, a training with a bound ends by itself, and two hidden units do worse than eight.
func TestStart(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		data := dataset.Moons(200, 0.15, seed)
		fit := func(hidden int, opts ...train.Option) (*lossviz.NetworkObjective, *train.Run) {
			net := nn.MLP(2, hidden, 1, nn.Tanh)
			loss := lossviz.NewObjective(net, nn.LogisticLoss, data)
			return loss, train.Adam(loss, net.Init(seed), append(opts, train.Quiet())...)
		}
		loss, run := fit(8, train.Steps(500))
		_, patient := fit(8, train.Steps(20000), train.Tolerance(0.001))
		_, narrow := fit(2, train.Steps(500))
		surface := lossviz.Slice(loss, lossviz.FilterNormalized(loss, run.End(), seed), lossviz.Square(1, 31), lossviz.Quiet())
		_, x, y := surface.Min()
		return []claim{
			atMost("loss with eight units, of that at the start", run.Loss()/run.Losses()[0], 0.2),
			atLeast("accuracy with eight units", loss.Accuracy(run.End()), 0.95),
			atMost("distance of the lowest point from the middle", max(math.Abs(x), math.Abs(y)), 0.2),
			atMost("steps until the gradient is below 0.001", float64(patient.Steps()), 15000),
			atMost("its gradient", patient.GradientNorm(), 0.001),
			atLeast("loss with two units, less that with eight", narrow.Loss()-run.Loss(), 0.05),
		}
	})
}
