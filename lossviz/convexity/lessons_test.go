package convexity_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

func ExampleTheLossMatters() {
	lesson := convexity.TheLossMatters(dataset.Moons(60, 0.15, 1))
	for _, p := range lesson.Parts {
		fmt.Printf("%s: %s\n", p.Name, p.Verdict.Kind)
	}
	// Output:
	// logistic loss: convex
	// squared error on the sigmoid: not-convex
}

func TestLessons(t *testing.T) {
	data := dataset.Moons(60, 0.15, 1)
	for _, l := range []*convexity.Lesson{convexity.TheLossMatters(data), convexity.TheActivationDoesNot(data), convexity.ConvexInWhat(), convexity.TheDeepLinearNetwork()} {
		if l.Err() != nil {
			t.Error(l.Err())
			continue
		}
		t.Log(l)
		if l.Statement == "" || l.Source == "" {
			t.Errorf("no statement or source: %v", l)
		}
		for _, p := range l.Parts {
			if err := p.Verdict.Verify(); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
		if bundle, err := l.MIMEBundle(); err != nil || bundle["text/html"] == nil {
			t.Errorf("no figure: %v", err)
		}
	}
}

func TestZeroIsASaddleOfADeepLinearNetwork(t *testing.T) {
	one := convexity.AtPoint(convexity.DeepLinear(1), []float64{0, 0})
	if one.Kind != convexity.NotConvex || math.Abs(one.Eigenvalues[0].Mid()+2) > 1e-12 {
		t.Errorf("one hidden layer: %v", one)
	}
	two := convexity.AtPoint(convexity.DeepLinear(2), []float64{0, 0, 0})
	if two.Kind != convexity.Undetermined || two.Eigenvalues[2].Mag() > 1e-300 {
		t.Errorf("two hidden layers: %v", two)
	}
	for n := range 4 {
		want := convexity.NotConvex
		if n == 0 {
			want = convexity.Convex
		}
		judged(t, convexity.DeepLinear(n), want)
	}
}

// The symmetries leave the loss alone, for every activation that has them.
func TestMirrorsHaveTheSameLoss(t *testing.T) {
	data := dataset.Moons(30, 0.1, 1)
	for _, net := range []*nn.Network{
		nn.MLP(2, 3, 1, nn.Tanh), nn.MLP(2, 3, 1, nn.Sigmoid), nn.MLP(2, 3, 1, nn.ReLU), nn.MLP(2, 3, 1, nn.SiLU),
		nn.Deep(nn.Tanh, 2, 3, 3, 1),
		nn.New(nn.Dense(2, 4, nn.Tanh), nn.LayerNormLayer{Features: 4}, nn.Dense(4, 1, nn.Identity)),
		nn.New(nn.Dense(2, 4, nn.ReLU), nn.BatchNormLayer{Features: 4}, nn.Dense(4, 1, nn.Identity)),
	} {
		loss := landscape.NewObjective(net, nn.LogisticLoss, data)
		theta := net.Init(2)
		for i := range theta { // norms begin as ones and zeros: make units differ
			theta[i] += 0.1 * math.Sin(float64(i))
		}
		m := convexity.Mirrors(loss, theta, 50)
		if m.Err() != nil || len(m.Points) < 5 {
			t.Fatalf("%v: %v", net, m)
		}
		for i, p := range m.Points {
			if d := math.Abs(loss.Value(p) - loss.Value(theta)); d > 1e-13 {
				t.Errorf("%s changes the loss by %v", m.Names[i], d)
			}
		}
	}
	if m := convexity.Mirrors(landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, data), make([]float64, 3), 10); m.Err() == nil {
		t.Error("a network without hidden layers has mirror points")
	}
}

// The straight line between mirror minima climbs over a barrier, between any two of them; the way around does not.
func TestTheWayAroundABarrier(t *testing.T) {
	net := nn.MLP(2, 6, 1, nn.Tanh)
	loss := landscape.NewObjective(net, nn.LogisticLoss, dataset.Moons(60, 0.15, 1), landscape.L2(1e-3))
	theta := train.Adam(loss, net.Init(3), train.Steps(400), train.Rate(0.05), train.Quiet()).End()
	m := convexity.Mirrors(loss, theta, 40)
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	high := 0
	for i, b := range m.Barrier {
		if b != m.Between(-1, i) {
			t.Errorf("barrier %d is %v and %v", i, b, m.Between(-1, i))
		}
		if b > m.Barrier[high] {
			high = i
		}
	}
	if b := m.Between(high, (high+1)%len(m.Points)); !(b >= 0) || !math.IsNaN(m.Between(0, 1000)) {
		t.Errorf("barrier between two images %v; of none %v", b, m.Between(0, 1000))
	}
	way := m.Around(high, landscape.PathQuiet(), landscape.PathSteps(300))
	if way.Err() != nil || !(way.Barrier() < 0.5*m.Barrier[high]) {
		t.Errorf("straight barrier %v, around it %v: %v", m.Barrier[high], way.Barrier(), way.Err())
	}
	if m.Around(1000).Err() == nil {
		t.Error("a way to no point")
	}
}

// Convolutional channels can be exchanged as well, through pooling and flattening.
func TestMirrorsOfAConvolution(t *testing.T) {
	x := make([]float64, 5*36)
	for i := range x {
		x[i] = math.Sin(float64(i * i))
	}
	data := dataset.New("images", x, []float64{0, 1, 0, 1, 1}, 36)
	net := nn.New(nn.Conv2DLayer{In: 1, Out: 3, Kernel: 3, Height: 6, Width: 6, Activation: nn.ReLU}, nn.MaxPool(2), nn.FlattenLayer{}, nn.Dense(12, 1, nn.Identity))
	loss := landscape.NewObjective(net, nn.LogisticLoss, data)
	if loss.Err() != nil {
		t.Fatal(loss.Err())
	}
	theta := net.Init(1)
	m := convexity.Mirrors(loss, theta, 20)
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	for i, p := range m.Points {
		if d := math.Abs(loss.Value(p) - loss.Value(theta)); d > 1e-13 {
			t.Errorf("%s changes the loss by %v", m.Names[i], d)
		}
	}
	judged(t, loss, convexity.NotConvex)
}

func TestIndexAgainstLoss(t *testing.T) {
	loss := landscape.NewObjective(nn.MLP(2, 2, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(30, 0.2, 1), landscape.L2(0.01))
	s := convexity.IndexAgainstLoss(loss, spectrum.Starts(12), spectrum.Steps(80))
	if s.Err() != nil || !(s.Correlation > 0) {
		t.Error(s)
	}
}

// Every kind of layer is written as a formula that has the value nn computes.
func TestFormulasOfAllLayers(t *testing.T) {
	x := make([]float64, 4*72)
	for i := range x {
		x[i] = math.Sin(float64(i*i + 1))
	}
	images := func(y ...float64) *dataset.Data { return dataset.New("images", x, y, 72) }
	conv := nn.Conv2DLayer{In: 2, Out: 3, Kernel: 3, Stride: 2, Padding: 1, Height: 6, Width: 6, Activation: nn.Tanh}
	for _, c := range []struct {
		net  *nn.Network
		loss nn.Loss
		data *dataset.Data
	}{
		{nn.New(conv, nn.MaxPool(2), nn.FlattenLayer{}, nn.Dense(3, 2, nn.Identity)), nn.CrossEntropy, images(0, 1, 1, 0)},
		{nn.New(conv, nn.AvgPool(3), nn.FlattenLayer{}, nn.Dense(3, 1, nn.Identity)), nn.Squared, images(0.5, 1, -1, 0)},
		{nn.New(conv, nn.BatchNormLayer{Features: 3}, nn.FlattenLayer{}, nn.Dense(27, 1, nn.Identity)), nn.Absolute, images(0.5, 1, -1, 0)},
		{nn.New(nn.Dense(72, 4, nn.GELU), nn.Residual(nn.Dense(4, 4, nn.SiLU)), nn.Dense(4, 1, nn.Identity)), nn.Huber(0.7), images(0.5, 1, -1, 0)},
		{nn.New(nn.Dense(72, 4, nn.LeakyReLU), nn.LayerNormLayer{Features: 4}, nn.Dense(4, 1, nn.Identity)), nn.Hinge, images(-1, 1, -1, 1)},
	} {
		loss := landscape.NewObjective(c.net, c.loss, c.data, landscape.L2(0.3), landscape.L1(0.1))
		if loss.Err() != nil {
			t.Fatal(loss.Err())
		}
		theta := c.net.Init(5)
		for i := range theta {
			theta[i] += 0.1 * math.Cos(float64(i))
		}
		gap, err := convexity.Gap(loss, theta, theta, 0.5)
		if err != nil || !gap.Contains(0) || gap.Width() > 1e-10 {
			t.Errorf("%v: gap %v of a point with itself, %v", c.net, gap, err)
		}
		v := judged(t, loss, convexity.NotConvex)
		if v.Certificate == nil {
			continue
		}
		if d := math.Abs(v.Certificate.AtA.Mid() - loss.Value(v.Certificate.A)); d > 1e-9*math.Abs(loss.Value(v.Certificate.A)) {
			t.Errorf("%v: the formula differs from the network by %v", c.net, d)
		}
	}
}
