package landscape

import (
	"fmt"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// SideBySide is the figure of several surfaces that turn together and share their
// colours, such as those of a network with and without skip connections. Their titles
// ([Surface.Titled]) stand below them. What cannot be drawn is said by its Err.
func SideBySide(surfaces ...*Surface) chart.Surfaces {
	var f chart.Surfaces
	for _, s := range surfaces {
		if s == nil || s.rec == nil {
			continue
		}
		f.Items = append(f.Items, s.Figure(""))
	}
	return f
}

// Overlay is the figure of one quantity ("loss" if empty) along several lines in one pair of axes, such as several random
// directions from one minimum, or all of its Hessian's eigenvectors. Their titles ([Curve.Titled]) are
// the names of the lines, else their directions'. What cannot be drawn is said by its Err.
func Overlay(name string, curves ...*Curve) chart.Line {
	if name == "" {
		name = NameLoss
	}
	f := chart.Line{Title: "The " + name + " along lines", X: chart.Axis{Name: "alpha"}, Y: chart.Axis{Name: name}}
	for _, c := range curves {
		if c == nil || c.Values[name] == nil {
			continue
		}
		label := c.title
		if label == "" {
			label = c.Made.X
		}
		f.Curves = append(f.Curves, chart.Curve{Name: label, X: c.T, Y: c.Values[name]})
	}
	f.Caption = count(len(f.Curves), "line")
	if left := len(curves) - len(f.Curves); left > 0 {
		f.Caption += fmt.Sprintf("; %s without %q left out", count(left, "line"), name)
	}
	f.Caption += "."
	return f
}

// decisionPoints is the number of points of a decision figure along each axis.
const decisionPoints = 81

// Decision is the figure of what a classifier with two inputs decides over their plane,
// with the data: the probability of class 1, or with more classes the likeliest one.
func Decision(obj *NetworkObjective, theta []float64) (chart.Decision, error) {
	if err := CheckPoint(obj, theta, "theta"); err != nil {
		return chart.Decision{}, err
	}
	d, outputs := obj.Data, obj.Net.Output().Size()
	if d.D != 2 || d.K != 1 || (outputs == 1) != (obj.Loss == nn.LogisticLoss) || (outputs > 1 && obj.Loss != nn.CrossEntropy) {
		return chart.Decision{}, fmt.Errorf("landscape: a decision boundary needs two inputs and a logistic or cross-entropy loss; here are %s and the %v loss", count(d.D, "input"), obj.Loss)
	}
	f := chart.Decision{Title: "Decision boundary", XName: "x0", YName: "x1", Classes: d.Classes}
	if len(d.Features) == 2 {
		f.XName, f.YName = d.Features[0], d.Features[1]
	}
	classes := max(2, outputs)
	for c := len(f.Classes); c < classes; c++ {
		f.Classes = append(f.Classes[:c:c], fmt.Sprint(c))
	}
	low, high := [2]float64{d.X[0], d.X[1]}, [2]float64{d.X[0], d.X[1]}
	for i := range d.N {
		x := d.Row(i)
		f.PointX, f.PointY = append(f.PointX, x[0]), append(f.PointY, x[1])
		f.Class = append(f.Class, int(d.Target(i)[0]))
		for k := range 2 {
			low[k], high[k] = min(low[k], x[k]), max(high[k], x[k])
		}
	}
	axis := func(k int) []float64 {
		margin := 0.1*(high[k]-low[k]) + 1e-3
		return Axis{From: low[k] - margin, To: high[k] + margin, N: decisionPoints}.Values()
	}
	f.X, f.Y = axis(0), axis(1)
	inputs := make([]float64, 0, 2*len(f.X)*len(f.Y))
	for _, y := range f.Y {
		for _, x := range f.X {
			inputs = append(inputs, x, y)
		}
	}
	z := obj.Net.Forward(theta, inputs, len(f.X)*len(f.Y))
	for i := range f.Y {
		row := make([]float64, len(f.X))
		for j := range row {
			at := z[(i*len(f.X)+j)*outputs : (i*len(f.X)+j+1)*outputs]
			if outputs == 1 {
				row[j] = sigmoid(at[0])
				continue
			}
			best := 0
			for c := range at {
				if at[c] > at[best] {
					best = c
				}
			}
			row[j] = float64(best)
		}
		f.P = append(f.P, row)
	}
	f.Caption = fmt.Sprintf("%s, accuracy %.1f %%.", d.Name, 100*obj.Accuracy(theta))
	return f, nil
}
