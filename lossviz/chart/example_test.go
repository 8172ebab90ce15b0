package chart_test

import (
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// In a notebook a figure is shown by being a cell's last expression, or by Show. Everywhere its numbers can be read.
func ExampleSurface() {
	x := []float64{-1, -0.5, 0, 0.5, 1}
	f := chart.Surface{Title: "A saddle", X: x, Y: x, ZName: "height",
		Points: []chart.Point{{Name: "saddle", Kind: chart.Saddle}}}
	for _, b := range x {
		var row []float64
		for _, a := range x {
			row = append(row, 2+a*a-b*b)
		}
		f.Z = append(f.Z, row)
	}
	fmt.Println(f)
	// Output:
	// A saddle
	// Surface of height over alpha from −1 to 1 and beta from −1 to 1: lowest 1 at (0, −1), highest 3.
}

// Where the loss between two points lies above the chord, the definition of convexity breaks.
func ExampleInterpolation() {
	f := chart.Interpolation{
		Alpha: []float64{0, 0.25, 0.5, 0.75, 1},
		Train: []float64{0.1, 0.4, 0.6, 0.5, 0.2},
		Bulge: &chart.Bulge{A: 0, B: 1, T: 0.5, LossA: 0.1, LossB: 0.2, LossT: 0.6},
	}
	fmt.Println(f)
	// Output:
	// loss: from 0.1 to 0.2, between 0.1 and 0.6. At alpha = 0.5 the loss is 0.6, above the chord from alpha = 0 to 1, which is at 0.15 there: the definition of convexity breaks by 0.45.
}

func ExampleTrainingCurve() {
	f := chart.TrainingCurve{Title: "Training", Caption: "SGD, rate 0.5, seed 1.", Train: []float64{0.7, 0.35, 0.2}, TrainAccuracy: []float64{0.5, 0.8, 0.95}}
	fmt.Println(f)
	// Output:
	// Training
	// train: from 0.7 to 0.2, between 0.2 and 0.7. train accuracy: from 0.5 to 0.95, between 0.5 and 0.95.
	// SGD, rate 0.5, seed 1.
}

func ExampleSpectrum() {
	f := chart.Spectrum{Eigenvalues: []float64{-0.2, 0, 0.1, 0.4, 3}}
	fmt.Println(f)
	// Output:
	// 5 eigenvalues from −0.2 to 3, 1 of them negative.
}

func ExampleBarcode() {
	f := chart.Barcode{Bars: []chart.Bar{{Name: "A", Birth: 0.1, Death: math.Inf(1)}, {Name: "B", Birth: 0.2, Death: 0.5}}}
	fmt.Println(f)
	// Output:
	// 2 basins. A from 0.1 to ∞. B from 0.2 to 0.5.
}

// A slider moves through figures of the same kind, which share their axes and colours. It works in an exported file.
func ExampleSlider() {
	f := chart.Slider{Title: "Wider", Name: "width"}
	for _, width := range []int{4, 8} {
		f.Frames = append(f.Frames, chart.Frame{
			Label:  fmt.Sprint(width),
			Figure: chart.Interpolation{Alpha: []float64{0, 0.5, 1}, Train: []float64{0.1, 2 / float64(width), 0.1}, NoChord: true},
		})
	}
	fmt.Println(f)
	// Output:
	// Wider
	// width 4: loss: from 0.1 to 0.1, between 0.1 and 0.5. width 8: loss: from 0.1 to 0.1, between 0.1 and 0.25.
}

// A card states a verdict with its numbers.
func ExampleCard() {
	f := chart.Card{
		Verdict:   chart.NotConvex,
		Statement: "L(midpoint) = 0.613 > 0.214",
		Formula:   "L(t a + (1−t) b) ≤ t L(a) + (1−t) L(b)",
		Facts:     []chart.Fact{{Name: "L(a)", Value: "0.214"}, {Name: "L(b)", Value: "0.214"}},
	}
	fmt.Println(f)
	// Output:
	// not convex: L(midpoint) = 0.613 > 0.214
	// L(t a + (1−t) b) ≤ t L(a) + (1−t) L(b)
	// L(a): 0.214
	// L(b): 0.214
}

// Err says what is wrong with a figure's numbers before it is drawn.
func ExampleContour() {
	f := chart.Contour{X: []float64{0, 1}, Y: []float64{0, 1}, Z: [][]float64{{1, 2}, {3}}}
	fmt.Println(f.Err())
	// Output:
	// chart: Contour: row 1 of Z has 1 values, X has 2
}
