package convexity_test

import (
	"encoding/json"
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

var problems = flag.Int("problems", 150, "random problems for the soundness test; 10000 for the full run")

var activations = []nn.Activation{nn.Identity, nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.Softplus, nn.GELU, nn.SiLU}

// A randomProblem is an objective with what is known about it beforehand.
type randomProblem struct {
	loss    *landscape.NetworkObjective
	affine  bool // in the parameters, with a convex loss: surely convex
	generic bool // hidden layers and generic data: surely not
	from    [][]float64
}

func draw(random *rand.Rand) randomProblem {
	d, out := 1+random.IntN(4), 1+random.IntN(3)
	n := []int{1, 2, 3, 10, 30}[random.IntN(5)]
	generic := n >= 10
	losses := []nn.Loss{nn.LogisticLoss, nn.CrossEntropy, nn.Squared, nn.Hinge, nn.Absolute, nn.Huber(0.5 + random.Float64())}
	loss := losses[random.IntN(len(losses))]
	if loss == nn.CrossEntropy {
		out = 2 + random.IntN(2)
	}
	x, k := make([]float64, n*d), out
	if loss == nn.CrossEntropy {
		k = 1
	}
	y := make([]float64, n*k)
	for i := range x {
		x[i] = random.NormFloat64()
	}
	for i := range y {
		switch loss {
		case nn.LogisticLoss:
			y[i] = float64(random.IntN(2))
		case nn.CrossEntropy:
			y[i] = float64(random.IntN(out))
		case nn.Hinge:
			y[i] = float64(2*random.IntN(2) - 1)
		default:
			y[i] = random.NormFloat64()
		}
	}
	switch random.IntN(6) { // degenerate data
	case 0: // equal columns
		for i := range n {
			for j := 1; j < d; j++ {
				x[i*d+j] = x[i*d]
			}
		}
		generic = false
	case 1: // a column of zeros, or all
		for i := range n {
			x[i*d] = 0
		}
		generic = false
	case 2: // huge or tiny
		for i := range x {
			x[i] *= []float64{1e8, 1e-8, 1e150}[random.IntN(3)]
		}
		generic = false
	}
	act := activations[random.IntN(len(activations))]
	noBias := random.IntN(3) == 0
	dense := func(in, out int, act nn.Activation) nn.Layer {
		return nn.DenseLayer{In: in, Out: out, Activation: act, NoBias: noBias}
	}
	var layers []nn.Layer
	hidden := random.IntN(3)
	affine := false
	switch hidden {
	case 0:
		affine = act == nn.Identity || random.IntN(2) == 0
		if affine {
			act = nn.Identity
		}
		layers = []nn.Layer{dense(d, out, act)}
		generic = false
	case 1:
		h := 2 + random.IntN(4)
		layers = []nn.Layer{dense(d, h, act), dense(h, out, nn.Identity)}
	default:
		h := 2 + random.IntN(3)
		layers = []nn.Layer{dense(d, h, act), middle(random, h, act), dense(h, out, nn.Identity)}
	}
	var opts []landscape.Option
	if random.IntN(3) == 0 {
		opts = append(opts, landscape.L2(math.Exp(4*random.NormFloat64())))
		generic = false // a strong penalty can win
	}
	if random.IntN(4) == 0 {
		opts = append(opts, landscape.L1(random.Float64()))
		generic = false
	}
	data := dataset.New("random", x, y, d)
	p := randomProblem{loss: landscape.NewObjective(nn.New(layers...), loss, data, opts...), affine: affine, generic: generic}
	switch from := make([]float64, p.loss.Dim()); random.IntN(4) {
	case 0: // zero weights
		p.from = append(p.from, from)
	case 1: // dead ReLUs
		for i := range from {
			from[i] = -math.Abs(random.NormFloat64())
		}
		p.from = append(p.from, from)
	}
	return p
}

// middle is a layer from h to h numbers with a nonlinearity.
func middle(random *rand.Rand, h int, act nn.Activation) nn.Layer {
	square := nn.Dense(h, h, act)
	switch random.IntN(5) {
	case 0:
		return nn.Residual(square, nn.Dense(h, h, nn.Identity))
	case 1:
		return nn.ResidualLayer{Inner: []nn.Layer{nn.BatchNormLayer{Features: h}, square}, Skip: random.IntN(2) == 0}
	case 2:
		return nn.Residual(nn.LayerNormLayer{Features: h}, square)
	}
	return square
}

// Over random problems, no verdict may be wrong: what is certified must pass the
// independent checker, what is proved must do so too and must not be contradicted by
// sampling. And most must be decided.
func TestSoundnessOnRandomProblems(t *testing.T) {
	var affine, proved, generic, certified, undetermined int
	for i := range *problems {
		random := rand.New(rand.NewPCG(2024, uint64(i))) // each problem can be drawn again
		p := draw(random)
		if p.loss.Err() != nil {
			t.Fatal(p.loss.Err())
		}
		v := convexity.Judge(p.loss, convexity.Seed(uint64(i)), convexity.From(p.from...))
		if v.Err() != nil {
			t.Fatalf("problem %d, %v: %v", i, p.loss, v.Err())
		}
		if err := v.Verify(); err != nil {
			t.Errorf("problem %d, %v\n%v: %v: %v", i, p.loss, p.loss.Net, v, err)
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("problem %d: %v", i, err)
		}
		switch v.Kind {
		case convexity.Convex:
			contradict(t, p.loss, v, random)
		case convexity.NotConvex:
			if p.affine {
				t.Errorf("problem %d, %v is convex, but: %v", i, p.loss, v.Explain())
			}
		default:
			undetermined++
		}
		if p.affine {
			affine++
			if v.Kind == convexity.Convex {
				proved++
			} else {
				t.Logf("problem %d not proved: %v\n%v\n%v", i, p.loss, p.loss.Net, v.Explain())
			}
		}
		if p.generic {
			generic++
			if v.Kind == convexity.NotConvex {
				certified++
			} else {
				t.Logf("problem %d not certified: %v\n%v\n%v", i, p.loss, p.loss.Net, v.Explain())
			}
		}
	}
	t.Logf("affine: %d of %d proved; generic hidden layers: %d of %d certified; %d of all %d undetermined",
		proved, affine, certified, generic, undetermined, *problems)
	if float64(proved) < 0.99*float64(affine) {
		t.Errorf("only %d of %d networks affine in their parameters were proved convex", proved, affine)
	}
	if float64(certified) < 0.95*float64(generic) {
		t.Errorf("only %d of %d networks with hidden layers and generic data were certified", certified, generic)
	}
}

// contradict samples segments of a function that is said to be convex, with its modulus.
func contradict(t *testing.T, loss landscape.Objective, v *convexity.Verdict, random *rand.Rand) {
	t.Helper()
	n := loss.Dim()
	a, b, c := make([]float64, n), make([]float64, n), make([]float64, n)
	for range 20 {
		size, distance := math.Exp(2*random.NormFloat64()), 0.0
		for i := range a {
			a[i], b[i] = size*random.NormFloat64(), size*random.NormFloat64()
			c[i] = (a[i] + b[i]) / 2
			distance += (a[i] - b[i]) * (a[i] - b[i])
		}
		la, lb, lc := loss.Value(a), loss.Value(b), loss.Value(c)
		if excess := lc - (la+lb)/2 + v.StrongConvexity/8*distance; excess > 1e-9*(math.Abs(la)+math.Abs(lb)+math.Abs(lc)) {
			t.Errorf("%v is said to be convex with modulus %v, but a segment bulges by %v", loss, v.StrongConvexity, excess)
		}
	}
}

func TestForgedCertificatesAreRejected(t *testing.T) {
	loss := landscape.NewObjective(nn.MLP(2, 4, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(30, 0.15, 1))
	fresh := func() *convexity.Verdict {
		v := convexity.Judge(loss)
		if v.Kind != convexity.NotConvex {
			t.Fatal(v.Explain())
		}
		return v
	}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 40 {
		v := fresh()
		c := v.Certificate
		what := ""
		switch i % 6 {
		case 0:
			what = "gap raised"
			c.Gap.Lo, c.Gap.Hi = c.Gap.Lo*1.0001, c.Gap.Hi*1.0001
		case 1:
			what = "gap lowered"
			c.Gap.Lo, c.Gap.Hi = c.Gap.Lo*0.5, c.Gap.Lo*0.999
		case 2:
			what = "t changed"
			c.T = 0.3 + 0.1*random.Float64()
		case 3:
			what = "a weight of a changed"
			c.A[random.IntN(len(c.A))] += 0.01
		case 4:
			what = "a weight of b changed"
			c.B[random.IntN(len(c.B))] -= 1e-6
		case 5:
			what = "points exchanged for one"
			c.B = c.A
		}
		if v.Verify() == nil {
			t.Errorf("a certificate with %s passed", what)
		}
	}
	v := convexity.Judge(landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, dataset.Moons(30, 0.15, 1), landscape.L2(0.1)))
	if v.StrongConvexity != 0 {
		t.Errorf("with an unpenalized bias the modulus is 0, not %v", v.StrongConvexity)
	}
	v.StrongConvexity = 0.1
	if v.Verify() == nil {
		t.Error("a forged modulus passed")
	}
	// Squared error whose flattest direction is no axis, and a domain with little room.
	tilted := dataset.New("tilted", []float64{1, 1, 1, 0.9, -1, -1.1}, []float64{0, 1, 2}, 2)
	x := convexity.VarIn(0, 1, 2)
	for _, loss := range []landscape.Objective{
		landscape.NewObjective(nn.New(nn.DenseLayer{In: 2, Out: 1, NoBias: true}), nn.Squared, tilted),
		convexity.Function(1, convexity.Sum(convexity.Scale(3, convexity.Square(x)), convexity.Neg(convexity.Log(convexity.Scale(1e-3, x))))),
	} {
		v := judged(t, loss, convexity.Convex)
		if v.StrongConvexity *= 1.3; !(v.StrongConvexity > 0) || v.Verify() == nil {
			t.Errorf("%v: a forged modulus of %v passed", loss, v.StrongConvexity)
		}
	}
}

func TestStrongConvexity(t *testing.T) {
	data := dataset.Moons(30, 0.15, 1)
	noBias := nn.New(nn.DenseLayer{In: 2, Out: 1, NoBias: true})
	if v := judged(t, landscape.NewObjective(noBias, nn.LogisticLoss, data, landscape.L2(0.1)), convexity.Convex); v.StrongConvexity != 0.1 {
		t.Errorf("logistic loss without bias, l2 = 0.1: modulus %v", v.StrongConvexity)
	}
	// Squared loss on x = 1, 2 without bias: L = mean (w x - y)^2, L” = 2 mean x^2 = 5.
	line := dataset.New("line", []float64{1, 2}, []float64{0, 1}, 1)
	one := nn.New(nn.DenseLayer{In: 1, Out: 1, NoBias: true})
	if v := judged(t, landscape.NewObjective(one, nn.Squared, line), convexity.Convex); math.Abs(v.StrongConvexity-5) > 1e-12 || v.StrongConvexity > 5 {
		t.Errorf("squared loss: modulus %v, want just below 5", v.StrongConvexity)
	}
}

// A modulus is one on the domain: there relu(x - 1) - x = -1, and its square is constant.
func TestStrongConvexityOnADomain(t *testing.T) {
	x := convexity.VarIn(0, 2, 3)
	flat := convexity.Function(1, convexity.Square(convexity.Sub(convexity.ReLU(convexity.Sub(x, convexity.Const(1))), x)))
	if v := judged(t, flat, convexity.Convex); v.StrongConvexity != 0 {
		t.Errorf("a constant has the modulus %v", v.StrongConvexity)
	}
	steep := convexity.Function(1, convexity.Square(convexity.Sub(convexity.Scale(2, convexity.ReLU(convexity.Sub(x, convexity.Const(1)))), x)))
	if v := judged(t, steep, convexity.Convex); v.StrongConvexity != 2 {
		t.Errorf("(x - 2)^2 has the modulus %v", v.StrongConvexity)
	}
}

// Penalties are on weights, of which a network of norms alone has none.
func TestPenaltyWithoutWeights(t *testing.T) {
	loss := landscape.NewObjective(nn.New(nn.BatchNormLayer{Features: 2}), nn.Squared, dataset.New("two", []float64{1, 2, 3, 5}, []float64{1, 0, 0, 1}, 2),
		landscape.L2(1), landscape.L1(1))
	judged(t, loss, convexity.Convex)
}

func TestJSONReadsBackToTheSameBits(t *testing.T) {
	loss := landscape.NewObjective(nn.MLP(2, 3, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(30, 0.15, 1))
	v := convexity.Judge(loss)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	back := convexity.Read(text, loss)
	if back.Err() != nil {
		t.Fatal(back.Err())
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if want := v.Certificate; back.Certificate.T != want.T || back.Certificate.Gap != want.Gap ||
		!slices.Equal(back.Certificate.A, want.A) || !slices.Equal(back.Certificate.B, want.B) {
		t.Errorf("read back %s, was %s", again, text)
	}
	if err := back.Verify(); err != nil {
		t.Error(err)
	}
	forged := strings.Replace(string(text), `"t":0.5`, `"t":0.25`, 1)
	if forged == string(text) || convexity.Read([]byte(forged), loss).Verify() == nil {
		t.Error("a forged t passed")
	}
	for _, bad := range []string{"", "{}", `{"verdict": "maybe"}`, `{"verdict": "not-convex"}`, `{"verdict": "not-convex", "certificate": {"a": {}, "b": {}, "t": 0.5, "gap": [1, 2]}}`} {
		if convexity.Read([]byte(bad), loss).Err() == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	loss := landscape.NewObjective(nn.MLP(1, 2, 1, nn.Tanh), nn.LogisticLoss, dataset.New("two", []float64{-1, 1}, []float64{0, 1}, 1))
	v := convexity.Judge(loss)
	text, err := json.Marshal(v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"verdict": "convex", "strong_convexity": 1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v := convexity.Read(text, loss)
		if err := v.Verify(); err == nil && v.Kind == convexity.Convex {
			t.Errorf("%s proves a network with a hidden layer convex", text)
		}
	})
}

// Negative zeros keep their sign, also for readers that take -0 for an integer.
func TestNegativeZeroIsWritten(t *testing.T) {
	f := convexity.Function(2, convexity.Neg(convexity.Square(convexity.Var(0))))
	v := convexity.Judge(f, convexity.From([]float64{1, math.Copysign(0, -1)}))
	if v.Kind != convexity.NotConvex {
		t.Fatal(v.Explain())
	}
	v.Certificate.A[1], v.Certificate.B[1] = math.Copysign(0, -1), 0
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "-0.0]") {
		t.Errorf("no -0.0 in %s", text)
	}
	if back := convexity.Read(text, f); !math.Signbit(back.Certificate.A[1]) || math.Signbit(back.Certificate.B[1]) || back.Verify() != nil {
		t.Errorf("%s reads back with %v and %v: %v", text, back.Certificate.A, back.Certificate.B, back.Verify())
	}
}
