package nn

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

func TestShapeErrors(t *testing.T) {
	image := Conv2DLayer{In: 1, Out: 2, Kernel: 3, Height: 6, Width: 6}
	for want, net := range map[string]*Network{
		"needs a layer": New(),
		"layer 1 (dense 5 -> 1) takes 5, but gets 4":                          New(Dense(2, 4, Tanh), Dense(5, 1, Identity)),
		"layer 1 (dense 32 -> 1) takes 32, but gets 2x4x4 images; put a Flat": New(image, Dense(32, 1, Identity)),
		"layer 1 (max-pool 2x2) takes images":                                 New(Dense(2, 4, Tanh), MaxPool(2)),
		"a 5x5 window does not fit in 2x4x4":                                  New(image, MaxPool(5)),
		"a 9x9 kernel does not fit in 1x6x6 images with padding 1":            New(Conv2DLayer{In: 1, Out: 1, Kernel: 9, Padding: 1, Height: 6, Width: 6}),
		"layer 1 (conv2d 3 -> 1, 1x1) takes 3x4x4, but gets 2x4x4":            New(image, Conv2DLayer{In: 3, Out: 1, Kernel: 1}),
		"layer 0 (residual) adds its input to its output, but the input is 2": New(Residual(Dense(2, 3, Tanh))),
		"layer 1.0 (dense 7 -> 3, tanh) takes 7, but gets 4":                  New(Dense(2, 4, Tanh), Residual(Dense(7, 3, Tanh))),
		"has no inner layers":                                                 New(Dense(2, 4, Tanh), Residual()),
		"layer 1 (batch-norm 3) takes 3 channels, but gets 4":                 New(Dense(2, 4, Tanh), BatchNormLayer{Features: 3}),
		"2 running means and 0 variances":                                     New(BatchNormLayer{Features: 2, Mean: []float64{0, 0}}),
		"layer 1 (layer-norm 3) takes 3, but gets 4":                          New(Dense(2, 4, Tanh), LayerNormLayer{Features: 3}),
		"has Eps -1":                             New(LayerNormLayer{Features: 3, Eps: -1}),
		"In is 0":                                New(Dense(1, 2, Tanh), Dense(0, 2, Tanh)),
		"Out is -1":                              Linear(3, -1),
		"weights are more than":                  Linear(1<<20, 1<<20),
		"unknown activation(99)":                 New(Dense(1, 2, 99)),
		"the first layer (flatten) does not say": New(FlattenLayer{}, Dense(2, 2, Tanh)),
		"layer 1 is nil":                         New(Dense(1, 2, Tanh), nil),
		"more than 134217728 numbers":            New(Conv2DLayer{In: 1, Out: 1, Kernel: 1, Height: 1 << 40, Width: 1 << 40}),
		"larger than 134217728 numbers":          New(Conv2DLayer{In: 1, Out: 1 << 20, Kernel: 1, Height: 1 << 10, Width: 1 << 10}),
		"at least two sizes":                     Deep(Tanh, 2),
		"the network is nil":                     nil,
	} {
		if err := net.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	bad := Linear(2, -1)
	if bad.Init(1) != nil || bad.Forward(nil, nil, 1) != nil || !strings.HasPrefix(bad.String(), "error: ") {
		t.Error("a network with an error can be used")
	}
	if err := NewEvaluator(bad, Squared, dataset.XOR(4, 0, 1)).Err(); err == nil || !strings.Contains(err.Error(), "Out is -1") {
		t.Errorf("the evaluator lost the error: %v", err)
	}
}

func TestObjectiveErrors(t *testing.T) {
	xor, blobs := dataset.XOR(8, 0.1, 1), dataset.Blobs(9, 3, 1, 1)
	for want, e := range map[string]*Evaluator{
		"layer 0 (dense 3 -> 1) takes 3, but xor has 2 inputs": NewEvaluator(Linear(3, 1), LogisticLoss, xor),
		"logistic loss takes targets 0 and 1, sample 2":        NewEvaluator(Linear(2, 1), LogisticLoss, blobs),
		"hinge loss takes targets -1 and +1, sample 0 of xor":  NewEvaluator(Linear(2, 1), Hinge, xor),
		"class numbers 0 to 1":                                 NewEvaluator(Linear(2, 2), CrossEntropy, blobs),
		"an output for each class, the network has 1":          NewEvaluator(Linear(2, 1), CrossEntropy, xor),
		"one column of class numbers":                          NewEvaluator(Linear(2, 3), CrossEntropy, blobs.OneHot()),
		"the network gives 2, xor has 1":                       NewEvaluator(Linear(2, 2), Squared, xor),
		"the network gives 3, xor has 1":                       NewEvaluator(Linear(2, 3), Huber(1), xor),
		"delta must be positive":                               NewEvaluator(Linear(2, 1), Huber(0), xor),
		"unknown loss(17)":                                     NewEvaluator(Linear(2, 1), StandardLoss(17), xor),
		"the loss is nil":                                      NewEvaluator(Linear(2, 1), nil, xor),
		"a penalty is -1":                                      NewPenalized(Linear(2, 1), Squared, xor, 0, -1),
		"the data is nil":                                      NewEvaluator(Linear(2, 1), Squared, nil),
		"0 samples of 2 and 1":                                 NewEvaluator(Linear(2, 1), Squared, &dataset.Data{Name: "none", D: 2, K: 1, X: []float64{1}}),
		"at once needs 18.6 GiB":                               NewEvaluator(New(Dense(1, 1000, Tanh), BatchNormLayer{Features: 1000}, Dense(1000, 1, Identity)), Squared, dataset.Line(125000, 0, 1)),
		"cannot make -1 samples":                               NewEvaluator(Linear(2, 1), Squared, dataset.XOR(-1, 0, 1)),
	} {
		if err := e.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, a := range everyActivation {
		if got, err := ParseActivation(a.String()); got != a || err != nil {
			t.Errorf("%v: %v %v", a, got, err)
		}
	}
	for _, l := range []Loss{LogisticLoss, CrossEntropy, Squared, Hinge, Absolute, Huber(0.25), Huber(1e-9)} {
		if got, err := ParseLoss(l.String()); got != l || err != nil {
			t.Errorf("%v: %v %v", l, got, err)
		}
	}
	for name, want := range map[string]Loss{"huber": Huber(1), "huber(1.0)": Huber(1), "huber(0.50)": Huber(0.5), "huber(2E-1)": Huber(0.2)} {
		if got, err := ParseLoss(name); got != want || err != nil {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	for _, name := range []string{"", "mse", "huber(", "huber(x)", "huber(1)x", "huber(1", "huber(0)", "huber(-1)", "huber(Inf)", "huber(1e999)", "huber(0x1p1)"} {
		if l, err := ParseLoss(name); err == nil {
			t.Errorf("%q is %v", name, l)
		}
	}
	if _, err := ParseActivation("Tanh"); err == nil {
		t.Error("Tanh is a name")
	}
}

// TestJSON: every network comes back as it was.
func TestJSON(t *testing.T) {
	for name, net := range zoo() {
		text, err := json.Marshal(net)
		if err != nil {
			t.Fatal(err)
		}
		var back Network
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%s: %v in %s", name, err, text)
		}
		if back.String() != net.String() {
			t.Errorf("%s: wrote\n%v\nread\n%v", name, net, &back)
		}
		theta, x := net.Init(3), normals(rand.New(rand.NewPCG(1, 1)), 2*net.in.Size())
		agree(t, name, back.Forward(theta, x, 2), net.Forward(theta, x, 2), 0)
	}
	for text, want := range map[string]string{
		`{"layers": [{"type": "dense", "in": 2, "out": 1, "activatoin": "tanh"}]}`: `layers[0] (dense): unknown field "activatoin"`,
		`{"layers": [{"type": "dense", "in": 2, "Out": 1}]}`:                       `layers[0] (dense): unknown field "Out"`,
		`{"layers": [{"type": "dense", "in": 2, "out": null}]}`:                    `layers[0] (dense): "out" is null, want a whole number`,
		`{"layers": [{"type": "batch-norm", "features": 2, "eps": 0.0}]}`:          `layers[0] (batch-norm): "eps" is 0`,
		`{"layers": [{"type": "dense", "in": 2, "out": 1}, {"type": "dens"}]}`:     `layers[1]: unknown type "dens"`,
		`{"layers": [{"in": 2}]}`: `layers[0]: needs a "type"`,
		`{"layers": [{"type": "dense", "in": 2, "out": 1, "activation": "tan"}]}`:     `no activation is called "tan"`,
		`{"layers": [{"type": "residual", "inner": [{"type": "dense", "in": "2"}]}]}`: `layers[0].inner[0] (dense): "in" is a JSON string, want a whole number`,
		`{"layers": []}`:  "needs a layer",
		`{"layers": [3]}`: "layers[0]: is no object",
		`{"layer": []}`:   `unknown field "layer"`,
		`{"layers": [{"type": "dense", "in": 2, "out": 4}, {"type": "dense", "in": 5, "out":1}]}`: "takes 5, but gets 4",
	} {
		var net Network
		if err := json.Unmarshal([]byte(text), &net); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzNetworkJSON(f *testing.F) {
	f.Add([]byte(`{"layers": [{"type": "residual", "inner": [{"type": "dense", "in": 2, "out": 2}]}]}`))
	f.Add([]byte(`{"layers": [{"type": "conv2d", "in": 1, "out": 2, "kernel": 3, "height": 4, "width": 4}, {"type": "flatten"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var net Network
		if json.Unmarshal(text, &net) != nil {
			return
		}
		again, err := json.Marshal(&net)
		if err != nil {
			t.Fatal(err)
		}
		var back Network
		if err := json.Unmarshal(again, &back); err != nil || back.String() != net.String() {
			t.Fatalf("%s\nbecame %s: %v", text, again, err)
		}
	})
}

// Properties that hold for every theta: hidden units and samples may be permuted, and a
// constant column can be absorbed into the bias.
func TestSymmetries(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		h, n := 2+random.IntN(5), 1+random.IntN(600)
		net := MLP(2, h, 1, Tanh)
		data := dataset.Moons(n, 0.2, seed)
		e := NewEvaluator(net, LogisticLoss, data)
		theta := normals(random, net.dim)
		want := e.Value(theta)

		perm := random.Perm(h)
		swapped := make([]float64, net.dim)
		copy(swapped, theta)
		for to, from := range perm {
			copy(swapped[2*to:2*to+2], theta[2*from:2*from+2]) // incoming weights
			swapped[2*h+to] = theta[2*h+from]                  // biases
			swapped[3*h+to] = theta[3*h+from]                  // outgoing weights
		}
		agree(t, "permuted units", []float64{e.Value(swapped)}, []float64{want}, 1e-13)

		shuffled := NewEvaluator(net, LogisticLoss, data.Select(random.Perm(n)))
		agree(t, "permuted samples", []float64{shuffled.Value(theta)}, []float64{want}, 1e-13)

		c := random.NormFloat64()
		wide := make([]float64, 0, 3*n)
		for i := range n {
			wide = append(wide, data.X[2*i], data.X[2*i+1], c)
		}
		more := MLP(3, h, 1, Tanh)
		var absorbed []float64
		biases := append([]float64(nil), theta[2*h:3*h]...)
		for i := range h {
			w := random.NormFloat64()
			absorbed = append(absorbed, theta[2*i], theta[2*i+1], w)
			biases[i] -= w * c
		}
		absorbed = append(append(absorbed, biases...), theta[3*h:]...)
		f := NewEvaluator(more, LogisticLoss, dataset.New("wide", wide, data.Y, 3))
		agree(t, "constant column", []float64{f.Value(absorbed)}, []float64{want}, 1e-12)
	}
}

// TestResidual: the same parameters with and without the skip connection, and their difference is the input.
func TestResidual(t *testing.T) {
	inner := []Layer{Dense(3, 4, Tanh), Dense(4, 3, Identity)}
	on, off := New(ResidualLayer{inner, true}), New(ResidualLayer{inner, false})
	theta, x := on.Init(1), normals(rand.New(rand.NewPCG(1, 1)), 3*5)
	if on.Dim() != off.Dim() || on.Blocks()[0].Name != "0.0.weight" {
		t.Error("the parameters differ")
	}
	a, b := on.Forward(theta, x, 5), off.Forward(theta, x, 5)
	for i := range b {
		b[i] += x[i]
	}
	agree(t, "skip", a, b, 1e-15)
}

// TestFreeze: with the statistics of the very data, running and batch mode are the same function at
// that point, and of other data each sample counts alone.
func TestFreeze(t *testing.T) {
	net := New(Dense(3, 4, Tanh), Residual(LayerNormLayer{Features: 4}, BatchNormLayer{Features: 4}, Dense(4, 4, GELU)), BatchNormLayer{Features: 4}, Dense(4, 2, Identity))
	random := rand.New(rand.NewPCG(2, 2))
	x := normals(random, 3*50)
	theta := normals(random, net.Dim())
	frozen := net.Freeze(theta, dataset.New("x", x, make([]float64, 50), 3))
	if err := frozen.Err(); err != nil {
		t.Fatal(err)
	}
	y := frozen.Forward(theta, x, 50)
	agree(t, "frozen", y, net.Forward(theta, x, 50), 1e-12)
	agree(t, "one sample", frozen.Forward(theta, x[:3], 1), y[:2], 1e-12)
	if net.Freeze(theta[1:], dataset.XOR(4, 0, 1)).Err() == nil || net.Freeze(theta, dataset.CSV("none")).Err() == nil {
		t.Error("bad arguments accepted")
	}
}

// TestSaturated: logits of +-1e4 and more have finite losses and derivatives.
func TestSaturated(t *testing.T) {
	for _, scale := range []float64{1, 40, 800, 1e4, 1e150} {
		for _, loss := range []Loss{LogisticLoss, CrossEntropy} {
			k := 1
			if loss == CrossEntropy {
				k = 3
			}
			data := dataset.Blobs(30, 2, 1, 1)
			e := NewEvaluator(Linear(2, k), loss, data)
			theta := normals(rand.New(rand.NewPCG(1, 2)), e.Dim())
			for i := range theta {
				theta[i] *= scale
			}
			grad, hv := make([]float64, e.Dim()), make([]float64, e.Dim())
			value := e.Gradient(grad, theta)
			e.HessianVector(hv, theta, grad)
			for _, v := range append(append([]float64{value}, grad...), hv...) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%v at scale %g: value %v, gradient %v, product %v", loss, scale, value, grad, hv)
				}
			}
		}
	}
	// What is not a number is never replaced by one.
	e := NewEvaluator(Linear(2, 3), CrossEntropy, dataset.Blobs(9, 3, 1, 1))
	theta := make([]float64, e.Dim())
	theta[0] = math.NaN()
	if v, a := e.ValueAccuracy(theta); !math.IsNaN(v) || a != 0 {
		t.Errorf("loss %v, accuracy %v with a NaN among the parameters", v, a)
	}
	far := NewEvaluator(Linear(2, 1), Squared, dataset.XOR(4, 0, 1))
	if v := far.Value([]float64{1e200, 0, 0}); !math.IsInf(v, 1) {
		t.Errorf("overflow gives %v", v)
	}
}

func TestAccuracy(t *testing.T) {
	x := []float64{-2, -1, 1, 2}
	logits := []float64{1, 0} // z = x
	for _, c := range []struct {
		loss Loss
		y    []float64
		want float64
	}{
		{LogisticLoss, []float64{0, 1, 1, 1}, 0.75},
		{Hinge, []float64{-1, -1, 1, -1}, 0.75},
		{Squared, []float64{0, 0, 1, 1}, math.NaN()},
		{Huber(1), []float64{0, 0, 1, 1}, math.NaN()},
	} {
		got := NewEvaluator(Linear(1, 1), c.loss, dataset.New("x", x, c.y, 1)).Accuracy(logits)
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v: %v, want %v", c.loss, got, c.want)
		}
	}
	e := NewEvaluator(Linear(1, 3), CrossEntropy, dataset.New("x", x, []float64{0, 0, 2, 1}, 1))
	if got := e.Accuracy([]float64{-1, 0, 1, 0, 0, 0}); got != 0.75 {
		t.Errorf("cross-entropy: %v", got)
	}
	if got := e.Accuracy(make([]float64, 6)); got != 0.5 { // all equal: the first class is the answer
		t.Errorf("ties: %v", got)
	}
}

// TestBatchGradient: the gradients of mini-batches average to the gradient of all.
func TestBatchGradient(t *testing.T) {
	data := dataset.Digits().Standardize()
	net := MLP(64, 12, 10, ReLU)
	e := NewPenalized(net, CrossEntropy, data, 0.01, 0.02)
	theta := net.Init(1)
	grad, part, total := make([]float64, net.dim), make([]float64, net.dim), make([]float64, net.dim)
	want, value := e.Gradient(grad, theta), 0.0
	for _, batch := range data.Batches(1000, 1) {
		share := float64(len(batch)) / float64(data.N)
		value += share * e.BatchGradient(part, theta, batch)
		axpy(total, share, part)
	}
	agree(t, "value", []float64{value}, []float64{want}, 1e-13)
	agree(t, "gradient", total, grad, 1e-12)
}

// TestConcurrentUse: one evaluator, many goroutines, the same bits. Run with -race.
func TestConcurrentUse(t *testing.T) {
	net := New(Conv2DLayer{In: 1, Out: 2, Kernel: 3, Height: 8, Width: 8, Activation: Tanh}, MaxPool(2), FlattenLayer{}, Dense(18, 10, Identity))
	e := NewEvaluator(net, CrossEntropy, dataset.Digits().Select(dataset.Digits().Batches(300, 1)[0]))
	if err := e.Err(); err != nil {
		t.Fatal(err)
	}
	theta := net.Init(1)
	grad, hv := make([]float64, net.dim), make([]float64, net.dim)
	value := e.Gradient(grad, theta)
	e.HessianVector(hv, theta, grad)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			g, h := make([]float64, net.dim), make([]float64, net.dim)
			for range 5 {
				v := e.Gradient(g, theta)
				e.HessianVector(h, theta, grad)
				if v != value || v != e.Value(theta) {
					t.Errorf("value %v, alone %v", v, value)
				}
				for i := range g {
					if g[i] != grad[i] || h[i] != hv[i] {
						t.Errorf("derivative %d differs", i)
						return
					}
				}
			}
		})
	}
	wait.Wait()
}

// TestCores: large evaluations use all cores, and their bits do not depend on how many there are.
func TestCores(t *testing.T) {
	net := MLP(64, 60, 10, Tanh)
	e := NewPenalized(net, CrossEntropy, dataset.Digits().Standardize(), 0, 0.1)
	if e.lanes < 2 {
		t.Fatalf("%d lanes", e.lanes)
	}
	theta, v := net.Init(1), normals(rand.New(rand.NewPCG(1, 2)), net.dim)
	var first [3][]float64
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for cores := 1; cores <= 5; cores++ {
		runtime.GOMAXPROCS(cores)
		grad, hv := make([]float64, net.dim), make([]float64, net.dim)
		value := e.Gradient(grad, theta)
		e.HessianVector(hv, theta, v)
		same, _ := e.ValueAccuracy(theta)
		got := [3][]float64{{value, e.Value(theta), same}, grad, hv}
		if cores == 1 {
			first = got
			if value != got[0][1] || value != same {
				t.Fatalf("three ways to the value: %v", got[0])
			}
			single := NewPenalized(net, CrossEntropy, e.data, 0, 0.1)
			single.lanes = 1
			single.Gradient(grad, theta)
			agree(t, "gradient without lanes", grad, first[1], 1e-13)
			single.HessianVector(hv, theta, v)
			agree(t, "product without lanes", hv, first[2], 1e-13)
			e.Gradient(first[1], theta)
			e.HessianVector(first[2], theta, v)
			continue
		}
		for k := range got {
			for i := range got[k] {
				if math.Float64bits(got[k][i]) != math.Float64bits(first[k][i]) {
					t.Fatalf("%d cores: number %d of result %d is %v, was %v on one", cores, i, k, got[k][i], first[k][i])
				}
			}
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	for name, net := range zoo() {
		random := rand.New(rand.NewPCG(1, 2))
		e := NewPenalized(net, Squared, dataset.New("x", normals(random, 50*net.in.Size()), normals(random, 150), net.in.Size()), 0.1, 0.1)
		theta, v := normals(random, net.dim), normals(random, net.dim)
		grad := make([]float64, net.dim)
		batch := []int{3, 1, 4, 1, 5}
		for what, f := range map[string]func(){
			"value":    func() { e.Value(theta) },
			"gradient": func() { e.Gradient(grad, theta) },
			"batch":    func() { e.BatchGradient(grad, theta, batch) },
			"product":  func() { e.HessianVector(grad, theta, v) },
		} {
			if n := testing.AllocsPerRun(10, f); n != 0 {
				t.Errorf("%s, %s: %v allocations", name, what, n)
			}
		}
	}
}

// Fractions are rounded once: 3 of 5 is the number 0.6.
func TestAccuracyIsRoundedOnce(t *testing.T) {
	x := []float64{1, 2, 3, -4, -5}
	data := dataset.New("five", x, []float64{1, 1, 1, 1, 1}, 1)
	e := NewEvaluator(New(DenseLayer{In: 1, Out: 1, NoBias: true}), LogisticLoss, data)
	if got := e.Accuracy([]float64{1}); got != 0.6 {
		t.Errorf("3 of 5 right is %v", got)
	}
	loss, accuracy := []float64{0}, []float64{0}
	e.Slicer([]float64{1}, []float64{1}, nil).Worker()([]float64{0}, nil, loss, accuracy)
	if accuracy[0] != 0.6 {
		t.Errorf("3 of 5 right is %v on a slice", accuracy[0])
	}
}
