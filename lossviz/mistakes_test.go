package lossviz_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

// A learner's mistakes are errors that say something, and never panics: nothing where something is needed, wrong sizes,
// numbers that are none, a context that has ended.
func TestMistakesAreErrors(t *testing.T) {
	data := dataset.XOR(8, 0.1, 1)
	net := nn.MLP(2, 3, 1, nn.Tanh)
	loss := lossviz.NewObjective(net, nn.LogisticLoss, data)
	theta := net.Init(1)
	plane := lossviz.FilterNormalized(loss, theta, 1)
	grid := lossviz.Square(1, 5)
	quiet := lossviz.Quiet()
	short, bad := theta[1:], append([]float64{math.NaN()}, theta[1:]...)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	nan := dataset.New("targets", []float64{1, 2, 3, 4}, []float64{1, math.NaN()}, 2)
	var noLoss lossviz.Objective
	for name, err := range map[string]func() error{
		"no network":       func() error { return lossviz.NewObjective(nil, nn.Squared, data).Err() },
		"no loss":          func() error { return lossviz.NewObjective(net, nil, data).Err() },
		"no data":          func() error { return lossviz.NewObjective(net, nn.Squared, nil).Err() },
		"broken network":   func() error { return lossviz.NewObjective(nn.Deep(nn.Tanh, 2), nn.Squared, data).Err() },
		"broken data":      func() error { return lossviz.NewObjective(net, nn.LogisticLoss, nan).Err() },
		"negative penalty": func() error { return lossviz.NewObjective(net, nn.LogisticLoss, data, lossviz.L2(-1)).Err() },
		"no objective":     func() error { return lossviz.Slice(noLoss, plane, grid, quiet).Err() },
		"no plane":         func() error { return lossviz.Slice(loss, nil, grid, quiet).Err() },
		"plane of nothing": func() error { return lossviz.Slice(loss, &lossviz.Plane{}, grid, quiet).Err() },
		"no grid":          func() error { return lossviz.Slice(loss, plane, lossviz.Grid{}, quiet).Err() },
		"ended":            func() error { return lossviz.Slice(loss, plane, grid, quiet, lossviz.Context(ended)).Err() },
		"no memory":        func() error { return lossviz.Slice(loss, plane, grid, quiet, lossviz.MemoryLimit(1)).Err() },
		"no quantity":      func() error { return lossviz.Slice(loss, plane, grid, quiet, lossviz.Report(lossviz.Quantity{})).Err() },
		"no measure": func() error {
			return lossviz.Slice(loss, plane, grid, quiet, lossviz.Report(lossviz.Measure("m", nil))).Err()
		},
		"no test data": func() error {
			return lossviz.Slice(loss, plane, grid, quiet, lossviz.Report(lossviz.TestOn(nil))).Err()
		},
		"no shard":              func() error { return lossviz.Slice(loss, plane, grid, quiet, lossviz.Shard(0, 0)).Err() },
		"nothing to resume":     func() error { return lossviz.Slice(loss, plane, grid, quiet, lossviz.Resume(nil)).Err() },
		"small adaptive":        func() error { return lossviz.Slice(loss, plane, lossviz.Adaptive(lossviz.Square(1, 0)), quiet).Err() },
		"short point":           func() error { return lossviz.FilterNormalized(loss, short, 1).Err() },
		"bad point":             func() error { return lossviz.FilterNormalized(loss, bad, 1).Err() },
		"zero point":            func() error { return lossviz.FilterNormalized(loss, make([]float64, len(theta)), 1).Err() },
		"short line":            func() error { return lossviz.Interpolate(loss, theta, short, quiet).Err() },
		"no direction":          func() error { return lossviz.Along(loss, theta, nil, quiet).Err() },
		"short direction":       func() error { return lossviz.Along(loss, theta, lossviz.Vector("v", short), quiet).Err() },
		"bad direction":         func() error { return lossviz.Vector("v", bad).Err() },
		"no directions":         func() error { return lossviz.PlaneAlong(theta, nil, nil).Err() },
		"short plane":           func() error { return lossviz.Through(theta, short, theta).Err() },
		"same points":           func() error { return lossviz.Through(theta, theta, theta).Err() },
		"no runs":               func() error { return lossviz.PCA().Err() },
		"no run":                func() error { return lossviz.PCA((*train.Run)(nil)).Err() },
		"no trajectory":         func() error { return lossviz.PCA(nil).Err() },
		"no eigenvectors":       func() error { return lossviz.Eigenvectors(loss, short, lossviz.Top, 1)[0].Err() },
		"too many eigenvectors": func() error { return lossviz.Eigenvectors(loss, theta, lossviz.Top, 99)[0].Err() },
		"gradient of nothing":   func() error { return lossviz.GradientDirection(noLoss, theta).Err() },
		"random of nothing":     func() error { return lossviz.RandomDirection(noLoss, 1).Err() },
		"normalized nil":        func() error { return (*lossviz.Direction)(nil).Normalize(loss, theta, lossviz.Filter).Err() },
		"orthogonal to nil":     func() error { return plane.X.Orthogonal(nil).Err() },
		"merge of nothing":      func() error { return lossviz.Merge().Err() },
		"merge of nil":          func() error { return lossviz.Merge(nil).Err() },
		"no file":               func() error { return lossviz.Load("nowhere.json").Err() },
		"no curve":              func() error { return lossviz.LoadCurve("nowhere.json").Err() },
		"surface on a nil":      func() error { return (*lossviz.Surface)(nil).With(lossviz.Points{theta}).Err() },
		"path of nil":           func() error { return lossviz.Slice(loss, plane, grid, quiet).With(nil).Err() },
		"short path":            func() error { return lossviz.Slice(loss, plane, grid, quiet).With(lossviz.Points{short}).Err() },
		"save a nil":            func() error { return (*lossviz.Surface)(nil).Save("x.json") },
		"save as what":          func() error { return lossviz.Slice(loss, plane, grid, quiet).Save("x.docx") },
		"save nowhere":          func() error { return lossviz.Slice(loss, plane, grid, quiet).Save("/nowhere/at/all/x.json") },
		"tree of nil":           func() error { return lossviz.NewMergeTree(nil, 0).Err() },
		"band of nothing":       func() error { return lossviz.NEB(noLoss, theta, theta).Err() },
		"band to itself":        func() error { return lossviz.NEB(loss, theta, theta, landscape.PathQuiet()).Err() },
		"curve to a short one":  func() error { return lossviz.Bezier(loss, theta, short, landscape.PathQuiet()).Err() },
		"project nowhere":       func() error { _, err := lossviz.Project(loss, nil, nil); return err },
		"decide in 2-3-1":       func() error { _, err := lossviz.Decision(loss, short); return err },
		"decide of nil":         func() error { _, err := lossviz.Decision(nil, theta); return err },
		"align short":           func() error { _, err := lossviz.Align(net, theta, short); return err },
		"align nil":             func() error { _, err := lossviz.Align(nil, theta, theta); return err },
		"memory of nothing":     func() error { _, err := lossviz.Memory(noLoss, nil, grid); return err },
		"function nil":          func() error { return lossviz.Func(2, nil).Err() },
		"function of nothing":   func() error { return lossviz.Func(0, func([]float64) float64 { return 0 }).Err() },
		"objective of nil":      func() error { return (*lossviz.NetworkObjective)(nil).Err() },
		"slice of nil":          func() error { return lossviz.Slice((*lossviz.NetworkObjective)(nil), plane, grid, quiet).Err() },
		"train nothing":         func() error { return train.Adam(nil, theta, train.Quiet()).Err() },
		"train from short":      func() error { return train.SGD(loss, short, train.Quiet()).Err() },
		"train from NaN":        func() error { return train.LBFGS(loss, bad, train.Quiet()).Err() },
		"train at no rate":      func() error { return train.Adam(loss, theta, train.Rate(0), train.Quiet()).Err() },
		"train, ended":          func() error { return train.NewtonCG(loss, theta, train.Context(ended), train.Quiet()).Err() },
		"train, no test":        func() error { return train.Adam(loss, theta, train.Test(nan), train.Quiet()).Err() },
		"no layers":             func() error { return nn.New().Err() },
		"nil layer":             func() error { return nn.New(nil).Err() },
		"nil inner layer":       func() error { return nn.New(nn.Residual(nil)).Err() },
		"no sizes":              func() error { return nn.Deep(nn.Tanh).Err() },
		"strange activation":    func() error { return nn.MLP(2, 2, 1, nn.Activation(99)).Err() },
		"huge layer":            func() error { return nn.MLP(math.MaxInt, math.MaxInt, 1, nn.Tanh).Err() },
		"freeze":                func() error { return net.Freeze(short, nil).Err() },
		"no samples":            func() error { return dataset.Moons(0, 0, 1).Err() },
		"NaN noise":             func() error { return dataset.Blobs(9, 3, math.NaN(), 1).Err() },
		"no function":           func() error { return dataset.Regression("f", nil, 0, 1, 5, 0, 1).Err() },
		"no file of data":       func() error { return dataset.CSV("nowhere.csv").Err() },
		"select outside":        func() error { return data.Select([]int{99}).Err() },
		"select none":           func() error { return data.Select(nil).Err() },
		"standardize like nil":  func() error { return data.StandardizeLike(nil).Err() },
		"nil data":              func() error { return (*dataset.Data)(nil).Standardize().Err() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("panics: %v", p)
				}
			}()
			if e := err(); e == nil || len(fmt.Sprint(e)) < 10 {
				t.Errorf("says %v", e)
			}
		})
	}
	// What has an error shows it.
	for name, show := range map[string]func() string{
		"surface":   func() string { return lossviz.Merge().String() + fmt.Sprint((*lossviz.Surface)(nil)) },
		"curve":     func() string { return lossviz.Along(loss, nil, nil).String() + fmt.Sprint((*lossviz.Curve)(nil)) },
		"plane":     func() string { return lossviz.PCA().String() + fmt.Sprint((*lossviz.Plane)(nil)) },
		"direction": func() string { return lossviz.Vector("v", bad).String() + fmt.Sprint((*lossviz.Direction)(nil)) },
		"objective": func() string { return lossviz.NewObjective(nil, nil, nil).String() },
		"tree":      func() string { return lossviz.NewMergeTree(nil, 0).String() },
		"band":      func() string { return lossviz.NEB(noLoss, nil, nil).String() },
		"network":   func() string { return nn.New().String() + fmt.Sprint((*nn.Network)(nil)) },
		"run":       func() string { return train.Adam(nil, nil, train.Quiet()).String() + fmt.Sprint((*train.Run)(nil)) },
		"data":      func() string { return dataset.Moons(0, 0, 1).String() + fmt.Sprint((*dataset.Data)(nil)) },
	} {
		t.Run("show "+name, func(t *testing.T) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("panics: %v", p)
				}
			}()
			if s := show(); len(s) < 10 {
				t.Errorf("shows %q", s)
			}
		})
	}
}
