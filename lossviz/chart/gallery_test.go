package chart_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// gallery is one figure of each kind, with data like those of the course.
func gallery() map[string]chart.Figure {
	rng := rand.New(rand.NewPCG(7, 7))
	var train, test, acc, rate []float64
	for i := range 500 {
		train = append(train, 0.01+0.7*math.Exp(-float64(i)/60)*(1+0.08*rng.NormFloat64()))
		test = append(test, 0.05+0.7*math.Exp(-float64(i)/70))
		acc = append(acc, 1-0.5*math.Exp(-float64(i)/50))
		rate = append(rate, 0.1*0.5*(1+math.Cos(math.Pi*float64(i)/500)))
	}
	var alpha, loss, tloss, laccuracy []float64
	for i := range 101 {
		a := -0.5 + 2*float64(i)/100
		alpha = append(alpha, a)
		loss = append(loss, 0.2+0.6*math.Exp(-math.Pow((a-0.5)/0.25, 2))+0.35*math.Pow(a-0.5, 2))
		tloss = append(tloss, 0.3+0.55*math.Exp(-math.Pow((a-0.5)/0.27, 2))+0.35*math.Pow(a-0.5, 2))
		laccuracy = append(laccuracy, 0.97-0.4*math.Exp(-math.Pow((a-0.5)/0.25, 2)))
	}
	bulge := &chart.Bulge{A: 0, B: 1, T: 0.5, LossA: loss[25], LossB: loss[75], LossT: loss[50]}
	surface := doubleWell(101)
	wavy := doubleWell(61)
	wavy.Title = "without skips"
	smooth := doubleWell(61)
	smooth.Title, smooth.Paths, smooth.Points = "with skips", nil, nil
	for i, y := range smooth.Y {
		for j, x := range smooth.X {
			smooth.Z[i][j] = 0.15 + 1.2*(x*x+y*y)
			wavy.Z[i][j] += 0.15 * (1 + math.Sin(9*x)*math.Cos(8*y))
		}
	}
	ratio := make([][]float64, 61)
	prob := make([][]float64, 61)
	for i, y := range smooth.Y {
		for _, x := range smooth.X {
			ratio[i] = append(ratio[i], math.Pow(math.Sin(3*x)*math.Cos(2*y), 2))
			prob[i] = append(prob[i], 1/(1+math.Exp(-8*(y-0.5*math.Sin(3*x)))))
		}
	}
	var eig, dx, dy []float64
	for range 400 {
		eig = append(eig, 0.4*rng.NormFloat64())
	}
	eig = append(eig, 2.4, 3.1)
	for i := range 200 {
		x := -1.5 + 5*float64(i)/199
		dx, dy = append(dx, x), append(dy, math.Exp(-x*x/0.32)/math.Sqrt(math.Pi*0.32))
	}
	var index, iloss, px, py []float64
	var group []string
	var class []int
	for i := range 120 {
		k := rng.Float64() * 0.3
		index, iloss, group = append(index, k), append(iloss, 0.02+2*k+0.05*rng.Float64()), append(group, []string{"width 8", "width 32"}[i%2])
		x, y := 2*rng.Float64()-1, 2*rng.Float64()-1
		px, py = append(px, x), append(py, y)
		c := 0
		if y > 0.5*math.Sin(3*x)+0.1*rng.NormFloat64() {
			c = 1
		}
		class = append(class, c)
	}
	var t, path, straight []float64
	for i := range 51 {
		s := float64(i) / 50
		t, path, straight = append(t, s), append(path, 0.1+0.03*math.Sin(math.Pi*s)), append(straight, 0.1+0.8*math.Pow(math.Sin(math.Pi*s), 2))
	}
	var frames, surfaces []chart.Frame
	for k := range 5 {
		w := 4 << k
		var y []float64
		for _, a := range alpha {
			y = append(y, 0.2+0.6/float64(k+1)*math.Exp(-math.Pow((a-0.5)/0.25, 2))+0.35*math.Pow(a-0.5, 2))
		}
		frames = append(frames, chart.Frame{Label: fmt.Sprint(w), Figure: chart.Interpolation{Alpha: alpha, Train: y}})
		s := doubleWell(41)
		for i := range s.Z {
			for j := range s.Z[i] {
				s.Z[i][j] = 0.05 + s.Z[i][j]*(0.3+0.7*float64(k)/4)
			}
		}
		surfaces = append(surfaces, chart.Frame{Label: fmt.Sprint(k * 100), Figure: s})
	}
	interpolation := chart.Interpolation{Title: "Between two minima", Caption: "101 points, seed 7, 12 ms.", Alpha: alpha, Train: loss, Test: tloss, TrainAccuracy: laccuracy, Ends: [2]string{"minimum A", "minimum B"}, Bulge: bulge}
	return map[string]chart.Figure{
		"01-surface":       surface,
		"02-contour":       chart.Contour{Title: "From above", X: surface.X, Y: surface.Y, Z: surface.Z, Paths: surface.Paths, Points: surface.Points},
		"03-levels":        chart.Contour{Title: "Level lines", X: surface.X, Y: surface.Y, Z: surface.Z, Lines: true},
		"04-surfaces":      chart.Surfaces{Title: "Skips smooth the loss", Caption: "The same filter-normalized slice, seed 3.", Items: []chart.Surface{wavy, smooth}},
		"05-ratio":         chart.RatioMap{Title: "Where is it convex?", X: smooth.X, Y: smooth.Y, Ratio: ratio},
		"06-line":          chart.Line{Title: "Curves", X: chart.Axis{Name: "alpha"}, Y: chart.Axis{Name: "loss"}, Curves: []chart.Curve{{Name: "train", X: alpha, Y: loss}, {Name: "test", X: alpha, Y: tloss, Dashed: true}}},
		"07-training":      chart.TrainingCurve{Title: "Training", Caption: "Adam, 500 steps, rate 0.1, seed 7, 0.2 s.", Train: train, Test: test, TrainAccuracy: acc},
		"08-training-rate": chart.TrainingCurve{Title: "Training with a schedule", Train: train, Test: test, TrainAccuracy: acc, Rate: rate},
		"09-interpolation": interpolation,
		"10-spectrum":      chart.Spectrum{Title: "Hessian spectrum", Eigenvalues: eig, DensityX: dx, Density: dy},
		"11-index":         chart.LossIndex{Title: "Loss against index", Index: index, Loss: iloss, Group: group},
		"12-path":          chart.MinimaPath{Title: "A path between minima", T: t, Loss: path, Straight: straight},
		"13-barcode":       chart.Barcode{Title: "Persistence", Bars: []chart.Bar{{Name: "A", Birth: 0.1, Death: math.Inf(1)}, {Name: "B", Birth: 0.12, Death: 0.5}, {Name: "C", Birth: 0.3, Death: 0.36}, {Name: "D", Birth: 0.31, Death: 0.33}}},
		"14-decision":      chart.Decision{Title: "Decision boundary", X: smooth.X, Y: smooth.Y, P: prob, PointX: px, PointY: py, Class: class},
		"15-diagram":       chart.Diagram{Title: "A network", Layers: []chart.DiagramLayer{{Name: "input", Units: 2}, {Name: "dense", Detail: "tanh", Units: 8, Params: 24}, {Name: "dense", Detail: "tanh", Units: 32, Params: 288}, {Name: "dense", Units: 1, Params: 33}}, Skips: []chart.Skip{{From: 1, To: 2}}},
		"16-slider":        chart.Slider{Title: "Wider is flatter", Name: "width", Frames: frames},
		"17-slider3d":      chart.Slider{Title: "A surface while it trains", Name: "step", Frames: surfaces},
		"18-card": chart.Card{Title: "Verdict", Verdict: chart.NotConvex, Statement: "not convex: L(midpoint) = 0.613 > 0.214, certified", Formula: "L(t a + (1−t) b) ≤ t L(a) + (1−t) L(b)",
			Facts: []chart.Fact{{Name: "L(a)", Value: "0.2143817"}, {Name: "L(b)", Value: "0.2139"}, {Name: "L(½a + ½b)", Value: "0.613"}}, Why: "b is a with two hidden units swapped, so both have the same loss; the point between them does not.", Line: &interpolation},
		"19-card-plain": chart.Card{Verdict: chart.Convex, Statement: "convex: the logistic loss of a map affine in theta", Formula: "L = mean log(1 + exp(−y z))"},
	}
}
