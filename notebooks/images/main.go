// Command images draws the pictures of the README with Saddle itself:
//
//	go run ./notebooks/images
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

func main() {
	if err := twoMinima(filepath.Join("notebooks", "images", "two-minima.png")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// twoMinima is the slice of notebook 04: a minimum, its mirror image, and the ridge between them.
func twoMinima(path string) error {
	data := dataset.Moons(200, 0.15, 1)
	net := nn.MLP(2, 4, 1, nn.Tanh)
	loss := lossviz.NewObjective(net, nn.LogisticLoss, data, lossviz.L2(0.002))
	a := train.Adam(loss, net.Init(1), train.Steps(3000), train.Quiet()).End()
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
	if err := s.Err(); err != nil {
		return err
	}
	f := s.Figure("loss")
	f.Title = "Two minima of the same loss, and the ridge between them"
	f.Points = []chart.Point{{Name: "a", Kind: chart.Minimum}, {Name: "b", Kind: chart.Minimum, X: 1}}
	return f.Save(path)
}
