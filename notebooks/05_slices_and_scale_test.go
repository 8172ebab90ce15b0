package notebooks_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

// rescale multiplies what comes into hidden unit i by c[i], and divides what goes out of it by c[i].
func rescale(net *nn.Network, theta, c []float64) []float64 {
	out := slices.Clone(theta)
	blocks := net.Blocks()
	in, bias, outgoing := blocks[0].Of(out), blocks[1].Of(out), blocks[2].Of(out)
	n := len(in) / len(bias)
	for i := range bias {
		for k := range n {
			in[i*n+k] *= c[i]
		}
		bias[i] *= c[i]
		outgoing[i] /= c[i]
	}
	return out
}

// rise is how much higher than its middle a surface is, on average.
func rise(s *lossviz.Surface) float64 {
	sum := 0.0
	for _, row := range s.Z {
		for _, z := range row {
			sum += z
		}
	}
	return sum/float64(len(s.X)*len(s.Y)) - s.Z[len(s.X)/2][len(s.Y)/2]
}

// differ is the largest difference between two surfaces over the same grid.
func differ(s, t *lossviz.Surface) (most float64) {
	for i := range s.X {
		for j := range s.Y {
			most = max(most, math.Abs(s.Z[i][j]-t.Z[i][j]))
		}
	}
	return most
}

// What 05-slices-and-scale says of a rescaled ReLU network: the same function, another picture along plain directions,
// the same one along filter-normalized directions, and again another one if each unit has a factor of its own.
func TestSlicesAndScale(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		net := nn.MLP(2, 16, 1, nn.ReLU)
		loss := lossviz.NewObjective(net, nn.LogisticLoss, dataset.Moons(200, 0.15, seed))
		theta := train.Adam(loss, net.Init(seed), train.Steps(500), train.Rate(0.02), train.Quiet()).End()
		every := func(c float64) []float64 { return rescale(net, theta, slices.Repeat([]float64{c}, 16)) }
		twin := every(10)
		random := rand.New(rand.NewPCG(seed, 0))
		factors := make([]float64, 16)
		for i := range factors {
			factors[i] = math.Exp(1.5 * random.NormFloat64())
		}
		cousin := rescale(net, theta, factors)
		cut := func(plane *lossviz.Plane) *lossviz.Surface {
			return lossviz.Slice(loss, plane, lossviz.Square(1, 31), lossviz.Quiet())
		}
		plain, plainTwin := cut(lossviz.RandomPlane(loss, theta, seed)), cut(lossviz.RandomPlane(loss, twin, seed))
		filtered, filteredTwin := cut(lossviz.FilterNormalized(loss, theta, seed)), cut(lossviz.FilterNormalized(loss, twin, seed))
		filteredCousin := cut(lossviz.FilterNormalized(loss, cousin, seed))
		layered, layeredTwin := cut(lossviz.LayerNormalized(loss, theta, seed)), cut(lossviz.LayerNormalized(loss, twin, seed))
		sharpness := func(point []float64) float64 { return spectrum.Extremes(loss, point, 0, 1).Highest[0].Value }
		least := math.Inf(1)
		for k := range 21 {
			least = min(least, sharpness(every(math.Pow(10, float64(k-10)/10))))
		}
		low, high, aside := math.Inf(1), 0.0, 0.0
		for k := range uint64(6) {
			s := cut(lossviz.FilterNormalized(loss, theta, seed+k))
			low, high = min(low, rise(s)), max(high, rise(s))
			_, x, y := s.Min()
			aside = max(aside, math.Abs(x), math.Abs(y))
		}
		wide := lossviz.NewObjective(nn.MLP(2, 4096, 1, nn.ReLU), nn.LogisticLoss, dataset.Moons(20, 0.15, seed))
		cosine := 0.0
		for k := range uint64(20) {
			cosine += math.Abs(lossviz.Cosine(lossviz.RandomDirection(wide, 100*seed+k), lossviz.RandomDirection(wide, 100*seed+k+50))) / 20
		}
		return []claim{
			atMost("mean cosine of random directions, in units of 1/sqrt(dimensions)", cosine*math.Sqrt(float64(wide.Dim())), 1.5),
			atMost("what the twin's loss differs by", math.Abs(loss.Value(theta)-loss.Value(twin)), 1e-12),
			atLeast("rise around the twin, of that around theta", rise(plainTwin)/rise(plain), 4),
			atLeast("largest eigenvalue at c = 10, of the least", sharpness(twin)/least, 8),
			atLeast("largest eigenvalue at c = 0.1, of the least", sharpness(every(0.1))/least, 8),
			atMost("difference of the filter-normalized surfaces", differ(filtered, filteredTwin), 1e-9),
			atMost("difference of the layer-normalized surfaces", differ(layered, layeredTwin), 1e-9),
			atLeast("difference of the plain surfaces", differ(plain, plainTwin), 10),
			atLeast("difference of the filter-normalized surfaces when units differ", differ(filtered, filteredCousin), 1),
			atLeast("rise around the cousin, of that around theta", rise(filteredCousin)/rise(filtered), 1.2),
			atMost("how far the lowest point of six planes is from the middle", aside, 0.4),
			atLeast("rise in the steepest of six planes, of that in the flattest", high/low, 1.5),
		}
	})
}

// With filter-normalized directions the large-batch end is the sharper one near by, with weight decay and without; and
// random directions see the mean bend, never the deepest one.
func TestBatchesAndBends(t *testing.T) {
	overTenSeeds(t, func(seed uint64) []claim {
		seen, _ := dataset.Digits().Split(0.5, seed)
		seen = seen.Standardize()
		net := nn.MLP(64, 16, 10, nn.ReLU)
		loss := lossviz.NewObjective(net, nn.CrossEntropy, seen)
		end := func(batch int, l2 float64) []float64 {
			f := lossviz.NewObjective(net, nn.CrossEntropy, seen, lossviz.L2(l2))
			steps := train.Steps(40 * ((seen.N + batch - 1) / batch))
			return train.SGD(f, net.Init(seed), train.Batch(batch), steps, train.Seed(seed), train.Quiet()).End()
		}
		walk := func(point []float64, h float64) float64 {
			sum := 0.0
			for k := range uint64(10) {
				d := lossviz.RandomDirection(loss, k).Normalize(loss, point, landscape.Filter)
				there := lossviz.PlaneAlong(point, d, lossviz.RandomDirection(loss, k+10))
				sum += loss.Value(there.At(h, 0)) + loss.Value(there.At(-h, 0))
			}
			return sum/20 - loss.Value(point)
		}
		small, large := end(8, 0), end(128, 0)
		start := net.Init(seed)
		extremes := spectrum.Extremes(loss, start, 1, 1)
		hv := make([]float64, loss.Dim())
		lowest, average := math.Inf(1), 0.0
		for k := range uint64(200) {
			d := lossviz.RandomDirection(loss, k).V
			loss.HessianVector(hv, start, d)
			bend := 0.0
			for i := range hv {
				bend += hv[i] * d[i]
			}
			bend /= norm(d) * norm(d)
			lowest = min(lowest, bend)
			average += bend / 200
		}
		mean := spectrum.Trace(loss, start).Value / float64(loss.Dim())
		return []claim{
			atLeast("large batch to small batch at 0.25", walk(large, 0.25)/walk(small, 0.25), 1.3),
			atLeast("the same with weight decay", walk(end(128, 0.01), 0.25)/walk(end(8, 0.01), 0.25), 1.15),
			atMost("large batch to small batch at 1", walk(large, 1)/walk(small, 1), 0.85),
			atMost("smallest eigenvalue at the start", extremes.Lowest[0].Value, -0.1),
			atLeast("lowest bend of 200 random directions", lowest, 0),
			atMost("mean bend less mean eigenvalue, as a share", math.Abs(average/mean-1), 0.1),
		}
	})
}
