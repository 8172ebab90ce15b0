// Command images draws the pictures of the README with Saddle itself: the large one, and a small one for each notebook,
// of what its cells show.
//
//	go run ./notebooks/images
package main

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/image/draw"
	"gonum.org/v1/gonum/floats"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

func main() {
	for _, p := range []struct {
		name  string
		width int // in pixels
		draw  func() (chart.Figure, error)
	}{
		{"two-minima", 560, func() (chart.Figure, error) { return twoMinima(false) }},
		{"00-start", 400, start},
		{"01-convex-by-definition", 400, chords},
		{"02-logistic-bowl", 400, bowl},
		{"03-lines-through-loss", 400, line},
		{"04-two-layer-net", 400, func() (chart.Figure, error) { return twoMinima(true) }},
		{"05-slices-and-scale", 560, twins},
		{"06-saddles-and-spectra", 400, eigenvalues},
		{"07-the-path-of-training", 400, walkers},
		{"08-depth-and-skips", 560, depth},
		{"09-between-minima", 400, path},
		{"10-your-own", 400, springs},
	} {
		f, err := p.draw()
		if err == nil {
			err = save(f, filepath.Join("notebooks", "images", p.name+".png"), p.width)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", p.name, err)
			os.Exit(1)
		}
	}
}

// save writes a figure as a PNG of the given width.
func save(f chart.Figure, path string, width int) error {
	if err := f.Save(path); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	whole, err := png.Decode(file)
	if err := file.Close(); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("read %s again: %w", path, err)
	}
	size := whole.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, width, size.Dy()*width/size.Dx()))
	draw.CatmullRom.Scale(small, small.Bounds(), whole, size, draw.Src, nil)
	if file, err = os.Create(path); err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(file, small); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// alone is the figure of a surface without its contour plot, title and caption.
func alone(s *lossviz.Surface) (chart.Surface, error) {
	f := s.Figure("loss")
	f.NoContour, f.Title, f.Caption = true, "", ""
	return f, s.Err()
}

// moons is the loss that most notebooks begin with.
func moons(units int, seed uint64, options ...lossviz.Option) *lossviz.NetworkObjective {
	return lossviz.NewObjective(nn.MLP(2, units, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(200, 0.15, seed), options...)
}

func start() (chart.Figure, error) {
	loss := moons(8, 1)
	end := train.Adam(loss, loss.Net.Init(7), train.Steps(500), train.Quiet()).End()
	return alone(lossviz.Slice(loss, lossviz.FilterNormalized(loss, end, 7), lossviz.Square(1, 61), landscape.Quiet()))
}

func chords() (chart.Figure, error) {
	sigmoid := convexity.Function(1, convexity.Sigmoid(convexity.Var(0)))
	graph := chart.Curve{Name: "sigmoid"}
	for i := range 121 {
		x := float64(i)/10 - 6
		graph.X, graph.Y = append(graph.X, x), append(graph.Y, sigmoid.Value([]float64{x}))
	}
	chord := func(name string, a, b float64) chart.Curve {
		return chart.Curve{Name: name, X: []float64{a, b}, Y: []float64{sigmoid.Value([]float64{a}), sigmoid.Value([]float64{b})}, Dashed: true}
	}
	return chart.Line{X: chart.Axis{Name: "x"}, Y: chart.Axis{Name: "sigmoid(x)"},
		Curves: []chart.Curve{graph, chord("chord above", -5, 0), chord("chord below", 0, 5)}}, nil
}

func bowl() (chart.Figure, error) {
	loss := lossviz.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, dataset.Blobs(200, 2, 2.5, 1))
	best := train.NewtonCG(loss, []float64{0, 0, 0}, train.Quiet()).End()
	plane := lossviz.PlaneAlong(best, lossviz.Vector("w1", []float64{1, 0, 0}), lossviz.Vector("w2", []float64{0, 1, 0}))
	return alone(lossviz.Slice(loss, plane, lossviz.Square(4, 101), landscape.Quiet()))
}

func line() (chart.Figure, error) {
	loss := moons(16, 1, lossviz.L2(0.002))
	run := train.Adam(loss, loss.Net.Init(10), train.Steps(2000), train.Quiet())
	other := train.Adam(loss, loss.Net.Init(13), train.Steps(2000), train.Quiet())
	curve := lossviz.Interpolate(loss, run.End(), other.End(), landscape.Quiet())
	f := curve.Figure()
	f.Title, f.Caption, f.Ends = "", "", [2]string{"one end", "another"}
	return f, curve.Err()
}

// twoMinima is the slice of notebook 04: a minimum, its mirror image, and the ridge between them.
func twoMinima(small bool) (chart.Figure, error) {
	loss := moons(4, 1, lossviz.L2(0.002))
	a := train.Adam(loss, loss.Net.Init(1), train.Steps(3000), train.Quiet()).End()
	b := slices.Clone(a)
	const in, units = 2, 4
	for k := range in {
		b[1*in+k], b[2*in+k] = b[2*in+k], b[1*in+k]
	}
	for _, block := range []int{in * units, in*units + units} { // biases, outgoing weights
		b[block+1], b[block+2] = b[block+2], b[block+1]
	}
	half := make([]float64, len(a))
	floats.AddScaledTo(half, a, 1, b)
	floats.Scale(0.5, half)
	slope := landscape.GradientDirection(loss, half)
	down := slope.Scale(-floats.Distance(a, b, 2) / floats.Norm(slope.V, 2))
	s := lossviz.Slice(loss, lossviz.PlaneAlong(a, landscape.ToPoint(a, b), down), lossviz.Rectangle(-0.5, 1.5, 101, -0.5, 1, 101), landscape.Quiet())
	if small {
		return alone(s)
	}
	f := s.Figure("loss")
	f.Title, f.Caption = "Two minima of the same loss, and the ridge between them", ""
	f.Points = []chart.Point{{Name: "a", Kind: chart.Minimum}, {Name: "b", Kind: chart.Minimum, X: 1}}
	return f, s.Err()
}

func twins() (chart.Figure, error) {
	loss := lossviz.NewObjective(nn.MLP(2, 16, 1, nn.ReLU), nn.LogisticLoss, dataset.Moons(200, 0.15, 7))
	theta := train.Adam(loss, loss.Net.Init(7), train.Steps(500), train.Rate(0.02), train.Quiet()).End()
	twin := slices.Clone(theta)
	for i, block := range loss.Blocks()[:3] {
		floats.Scale([]float64{10, 10, 0.1}[i], block.Of(twin))
	}
	items := make([]chart.Surface, 2)
	for i, p := range [][]float64{theta, twin} {
		s, err := alone(lossviz.Slice(loss, lossviz.RandomPlane(loss, p, 3), lossviz.Square(1, 61), landscape.Quiet()))
		if err != nil {
			return nil, err
		}
		s.Title = []string{"a network", "the same function"}[i]
		items[i] = s
	}
	return chart.Surfaces{Items: items}, nil
}

func eigenvalues() (chart.Figure, error) {
	digits := dataset.Digits().Standardize()
	loss := lossviz.NewObjective(nn.MLP(64, 10, 10, nn.Tanh), nn.CrossEntropy, digits.Select(digits.Batches(200, 1)[0]))
	end := train.Adam(loss, loss.Net.Init(1), train.Rate(0.01), train.Steps(500), train.Quiet()).End()
	all, err := spectrum.Eigenvalues(loss, end)
	return chart.Spectrum{Eigenvalues: all, LogDensity: true}, err
}

func walkers() (chart.Figure, error) {
	digits := dataset.Digits().Standardize()
	loss := lossviz.NewObjective(nn.MLP(64, 10, 10, nn.Tanh), nn.CrossEntropy, digits.Select(digits.Batches(200, 1)[0]), lossviz.L2(0.001))
	same := func(name string, more ...train.Option) []train.Option {
		return append(more, train.Named(name), train.Batch(16), train.Steps(600), train.Keep(601), train.Quiet())
	}
	from := loss.Net.Init(1)
	sgd := train.SGD(loss, from, same("SGD", train.Rate(0.1))...)
	momentum := train.SGD(loss, from, same("momentum", train.Rate(0.1), train.Momentum(0.9))...)
	adam := train.Adam(loss, from, same("Adam", train.Rate(0.01))...)
	plane := lossviz.PCA(sgd, momentum, adam)
	x0, x1, y0, y1 := 0.0, 0.0, 0.0, 0.0
	for _, run := range []*train.Run{sgd, momentum, adam} {
		for _, p := range run.Trajectory() {
			x, y, _ := plane.Project(p)
			x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
		}
	}
	grid := lossviz.Rectangle(x0-0.2*(x1-x0), x1+0.2*(x1-x0), 61, y0-0.4*(y1-y0), y1+0.4*(y1-y0), 61)
	s := lossviz.Slice(loss, plane, grid, landscape.Quiet()).With(sgd, momentum, adam)
	f := s.Contour("loss")
	f.Title, f.Caption = "", ""
	return f, s.Err()
}

func depth() (chart.Figure, error) {
	digits := dataset.Digits()
	data := digits.Select(digits.Batches(150, 1)[0]).Standardize()
	const width = 10
	block := []nn.Layer{nn.BatchNormLayer{Features: width}, nn.ActivationLayer{Activation: nn.Tanh}, nn.Dense(width, width, nn.Identity)}
	items := make([]chart.Surface, 2)
	for i, skip := range []bool{false, true} {
		layers := []nn.Layer{nn.Dense(64, width, nn.Identity)}
		for range 15 {
			layers = append(layers, nn.ResidualLayer{Inner: slices.Concat(block, block), Skip: skip})
		}
		net := nn.New(append(layers, nn.ActivationLayer{Activation: nn.Tanh}, nn.Dense(width, 10, nn.Identity))...)
		loss := lossviz.NewObjective(net, nn.CrossEntropy, data)
		end := train.Adam(loss, net.Init(1), train.Rate(0.005), train.Scheduled(train.Cosine(0.01)), train.Steps(600), train.Quiet()).End()
		s, err := alone(lossviz.Slice(loss, lossviz.FilterNormalized(loss, end, 1), lossviz.Square(1, 41), landscape.Quiet()))
		if err != nil {
			return nil, err
		}
		s.Title = []string{"32 layers", "with skips"}[i]
		items[i] = s
	}
	return chart.Surfaces{Items: items}, nil
}

func path() (chart.Figure, error) {
	loss := moons(16, 1, lossviz.L2(0.002))
	end := func(seed uint64) []float64 {
		return train.Adam(loss, loss.Net.Init(seed), train.Steps(2000), train.Quiet()).End()
	}
	a, b := end(11), end(12)
	bent := lossviz.Bezier(loss, a, b, landscape.PathQuiet())
	s := lossviz.Slice(loss, bent.Plane(), lossviz.Rectangle(-0.3, 1.3, 101, -0.6, 1.6, 101), landscape.Quiet()).With(bent, lossviz.Points{a, b})
	return alone(s.Clip(3))
}

func springs() (chart.Figure, error) {
	energy := lossviz.Func(2, func(p []float64) float64 {
		left, right := dist(p, -1)-1.2, dist(p, 1)-1.2
		return (left*left + right*right) / 2
	})
	plane := lossviz.PlaneAlong([]float64{0, 0}, lossviz.Vector("x", []float64{1, 0}), lossviz.Vector("y", []float64{0, 1}))
	f, err := alone(lossviz.Slice(energy, plane, lossviz.Square(1.6, 121), landscape.Quiet()))
	f.ZName = "energy"
	return f, err
}

// dist is how far p is from the point (x, 0).
func dist(p []float64, x float64) float64 { return floats.Distance(p, []float64{x, 0}, 2) }
