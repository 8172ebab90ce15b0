package convexity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

func ExampleOnLine() {
	x := convexity.Var(0)
	// x^4 - x^2 bends down for 12 x^2 < 2, |x| < 0.408.
	f := convexity.Function(1, convexity.Sub(convexity.Square(convexity.Square(x)), convexity.Square(x)))
	v := convexity.OnLine(f, []float64{-1}, []float64{1})
	fmt.Println(v.Kind)
	fmt.Println(convexity.OnLine(f, []float64{0.5}, []float64{2}).Kind)
	fmt.Println(convexity.QuasiConvexOnLine(f, []float64{0}, []float64{2}).Kind)
	// Output:
	// not-convex
	// convex
	// convex
}

func TestOnLineEnclosesTheBulge(t *testing.T) {
	x := convexity.Var(0)
	f := convexity.Function(1, convexity.Sub(convexity.Square(convexity.Square(x)), convexity.Square(x)))
	v := convexity.OnLine(f, []float64{-1}, []float64{1}, convexity.Pieces(2000))
	edge := 1 / math.Sqrt(6)
	for _, p := range v.Pieces {
		from, to := 2*p.From-1, 2*p.To-1
		switch {
		case p.Bend == convexity.Up && from < edge && to > -edge && !(from >= edge || to <= -edge):
			t.Errorf("[%v, %v] is said to bend up", from, to)
		case p.Bend == convexity.Down && (from < -edge || to > edge):
			t.Errorf("[%v, %v] is said to bend down", from, to)
		case p.Bend == convexity.Either && to-from > 0.01:
			t.Errorf("[%v, %v] is open", from, to)
		}
	}
	t.Log(v)
}

// A kink that points up is convex, one that points down is not, and neither has a second derivative.
func TestKinksOnALine(t *testing.T) {
	x := convexity.Var(0)
	for _, c := range []struct {
		f    *convexity.Expr
		want convexity.Kind
	}{
		{convexity.Abs(x), convexity.Convex},
		{convexity.Neg(convexity.Abs(x)), convexity.NotConvex},
		{convexity.Max(x, convexity.Square(x)), convexity.Convex},
		{convexity.Sub(convexity.Square(x), convexity.Scale(0.1, convexity.ReLU(x))), convexity.NotConvex},
	} {
		f := convexity.Function(1, c.f)
		v := convexity.OnLine(f, []float64{-1.3}, []float64{1})
		if v.Err() != nil || v.Kind != c.want {
			t.Errorf("%v: %v, want %v", c.f, v, c.want)
		}
	}
}

func TestQuasiConvexity(t *testing.T) {
	x := convexity.Var(0)
	for _, c := range []struct {
		f    *convexity.Expr
		want convexity.Kind
	}{
		{convexity.Sigmoid(x), convexity.Convex},
		{convexity.Sqrt(convexity.Sum(convexity.Square(x), convexity.Const(1))), convexity.Convex},
		{convexity.Neg(convexity.Square(convexity.Sub(x, convexity.Const(1)))), convexity.NotConvex},
		{convexity.Tanh(convexity.Square(x)), convexity.Convex},
		{convexity.Sub(convexity.Square(convexity.Square(x)), convexity.Square(x)), convexity.NotConvex},
	} {
		v := convexity.QuasiConvexOnLine(convexity.Function(1, c.f), []float64{-2}, []float64{3})
		if v.Err() != nil || v.Kind != c.want {
			t.Errorf("%v: %v, want %v", c.f, v, c.want)
		}
	}
}

func TestOnBoxAndAtPoint(t *testing.T) {
	x, y := convexity.Var(0), convexity.Var(1)
	// x^2 + y^2 + x^2 y^2 has the Hessian [2+2y^2, 4xy; 4xy, 2+2x^2].
	f := convexity.Function(2, convexity.Sum(convexity.Square(x), convexity.Square(y), convexity.Square(convexity.Product(x, y))))
	if v := convexity.OnBox(f, []float64{-0.5, -0.5}, []float64{0.5, 0.5}); v.Err() != nil || v.Kind != convexity.Convex {
		t.Errorf("small box: %v", v)
	}
	if v := convexity.OnBox(f, []float64{-2, -2}, []float64{2, 2}); v.Err() != nil || v.Kind != convexity.NotConvex {
		t.Errorf("large box: %v", v)
	}
	v := convexity.AtPoint(f, []float64{1, 2})
	// [10, 8; 8, 4]: 7 +- sqrt(9 + 64).
	for i, want := range []float64{7 - math.Sqrt(73), 7 + math.Sqrt(73)} {
		if e := v.Eigenvalues[i]; e.Lo > want+1e-14 || e.Hi < want-1e-14 || e.Width() > 1e-12 {
			t.Errorf("eigenvalue %d in %v, want %v", i, e, want)
		}
	}
	if v.Kind != convexity.NotConvex {
		t.Error(v)
	}
	if v := convexity.AtPoint(convexity.Function(1, convexity.Abs(x)), []float64{0}); !v.Kink || v.Kind != convexity.Undetermined {
		t.Errorf("at the kink of |x|: %v", v)
	}
}

// The enclosed Hessian of a network holds what its exact Hessian-vector products give.
func TestAtPointAgreesWithHessianVectorProducts(t *testing.T) {
	for _, act := range []nn.Activation{nn.Sigmoid, nn.Tanh, nn.Softplus, nn.GELU, nn.SiLU} {
		loss := landscape.NewObjective(nn.MLP(2, 4, 1, act), nn.LogisticLoss, dataset.Moons(20, 0.1, 1), landscape.L2(0.1))
		theta := loss.Net.Init(3)
		v := convexity.AtPoint(loss, theta)
		if v.Err() != nil {
			t.Fatal(v.Err())
		}
		var trace, lo, hi float64
		e, hv := make([]float64, len(theta)), make([]float64, len(theta))
		for i := range theta {
			e[i] = 1
			loss.HessianVector(hv, theta, e)
			trace += hv[i]
			e[i] = 0
		}
		for _, x := range v.Eigenvalues {
			lo, hi = lo+x.Lo, hi+x.Hi
		}
		if trace < lo-1e-9 || trace > hi+1e-9 || hi-lo > 1e-9 {
			t.Errorf("%v: trace %v, eigenvalues add up to [%v, %v]", act, trace, lo, hi)
		}
		grad := make([]float64, len(theta))
		value := loss.Gradient(grad, theta)
		if math.Abs(v.Value.Mid()-value) > 1e-12 {
			t.Errorf("%v: value in %v, want %v", act, v.Value, value)
		}
		for i, g := range grad {
			if math.Abs(v.Gradient[i].Mid()-g) > 1e-12 {
				t.Errorf("%v: slope %d in %v, want %v", act, i, v.Gradient[i], g)
			}
		}
	}
}

func TestOnSlice(t *testing.T) {
	data := dataset.Moons(40, 0.1, 1)
	convex := landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, data)
	hidden := landscape.NewObjective(nn.MLP(2, 4, 1, nn.Tanh), nn.LogisticLoss, data)
	for _, c := range []struct {
		loss *landscape.NetworkObjective
		want convexity.Kind
	}{{convex, convexity.Convex}, {hidden, convexity.NotConvex}} {
		theta := c.loss.Net.Init(1)
		plane := landscape.FilterNormalized(c.loss, theta, 3)
		v := convexity.OnSlice(c.loss, plane, 1, 12)
		if v.Err() != nil || v.Kind != c.want {
			t.Errorf("%v: %v", c.loss, v)
		}
		if bundle, err := v.MIMEBundle(); err != nil || bundle["text/html"] == nil {
			t.Errorf("no figure: %v", err)
		}
		t.Log(v)
	}
}

// An interrupt in the middle keeps what was tried, found and shown until then.
func TestInterruptKeepsWhatWasFound(t *testing.T) {
	calls := 0
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	bowl := landscape.FuncGradient(2, func(x []float64) float64 {
		if calls++; calls == 2000 {
			cancel()
		}
		return x[0]*x[0] + x[1]*x[1]
	}, func(grad, x []float64) { grad[0], grad[1] = 2*x[0], 2*x[1] })
	v := convexity.Judge(bowl, convexity.Context(ctx), convexity.Effort(100))
	if !errors.Is(v.Err(), context.Canceled) || v.Kind != convexity.Undetermined || len(v.Tried) == 0 {
		t.Errorf("%v: %v", v, v.Explain())
	}
	var read struct {
		Verdict convexity.Kind
		Tried   []string
	}
	if text, err := json.Marshal(v); err != nil || json.Unmarshal(text, &read) != nil || read.Verdict != convexity.Undetermined || len(read.Tried) != len(v.Tried) {
		t.Errorf("written as %s, %v", text, err)
	}
	if bundle, err := v.MIMEBundle(); err != nil || !strings.Contains(fmt.Sprint(bundle["text/html"]), "before the interrupt") {
		t.Errorf("shows no card: %v", err)
	}
	// Of a slice the cells that are done.
	x, y := convexity.Var(0), convexity.Var(1)
	f := convexity.Function(2, convexity.Product(x, y))
	s := convexity.OnSlice(f, landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1})), 1, 3, convexity.Context(ctx))
	if !errors.Is(s.Err(), context.Canceled) || len(s.Cells) != 3 || s.Open != 9 {
		t.Errorf("%v: %v", s, s.Cells)
	}
	if l := convexity.OnLine(f, []float64{0, 0}, []float64{1, 1}, convexity.Context(ctx)); !errors.Is(l.Err(), context.Canceled) {
		t.Error(l)
	}
}

func TestBadQuestionsAreErrors(t *testing.T) {
	data := dataset.Moons(10, 0.1, 1)
	loss := landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, data)
	var noNetwork *landscape.NetworkObjective
	var noFunction *convexity.FunctionObjective
	for _, nothing := range []landscape.Objective{nil, noNetwork, noFunction, landscape.NewObjective(nil, nil, nil), convexity.Function(1, nil)} {
		for what, err := range map[string]error{
			"Judge": convexity.Judge(nothing).Err(), "OnLine": convexity.OnLine(nothing, nil, nil).Err(), "OnBox": convexity.OnBox(nothing, nil, nil).Err(),
			"AtPoint": convexity.AtPoint(nothing, nil).Err(), "OnSlice": convexity.OnSlice(nothing, nil, 1, 1).Err(),
			"QuasiConvexOnLine": convexity.QuasiConvexOnLine(nothing, nil, nil).Err(), "Read": convexity.Read([]byte("{}"), nothing).Err(),
			"IndexAgainstLoss": convexity.IndexAgainstLoss(nothing).Err(),
		} {
			if err == nil {
				t.Errorf("%s about %v was accepted", what, nothing)
			}
		}
	}
	for _, err := range []error{
		convexity.Judge(landscape.NewObjective(nn.Linear(3, 1), nn.LogisticLoss, data)).Err(),
		convexity.Judge(landscape.NewObjective(nn.Linear(2, 1), nn.LogisticLoss, &dataset.Data{D: 2, K: 1})).Err(),
		convexity.Judge(convexity.Function(1, convexity.Var(1))).Err(),
		convexity.Judge(convexity.Function(1, convexity.Log(convexity.Var(0)))).Err(),
		convexity.Judge(loss, convexity.From([]float64{1})).Err(),
		convexity.OnLine(loss, []float64{1}, []float64{1, 2, 3}).Err(),
		convexity.OnBox(loss, []float64{1, 1, 1}, []float64{0, 2, 2}).Err(),
		convexity.AtPoint(loss, []float64{math.NaN(), 0, 0}).Err(),
	} {
		if err == nil {
			t.Error("accepted")
		} else {
			t.Log(err)
		}
	}
}

// Whatever is asked, an interrupt ends it, with an error that says so: each of these would run for minutes at least.
func TestInterruptsEndEveryQuestion(t *testing.T) {
	digits := landscape.NewObjective(nn.MLP(64, 32, 10, nn.GELU), nn.CrossEntropy, dataset.Digits())
	deep := landscape.NewObjective(nn.Deep(nn.Tanh, 2, 12, 12, 1), nn.LogisticLoss, dataset.Moons(200, 0.1, 1))
	formulaless := landscape.FuncGradient(digits.Dim(), digits.Value, func(grad, theta []float64) { digits.Gradient(grad, theta) })
	a, b, theta := digits.Net.Init(1), digits.Net.Init(2), deep.Net.Init(1)
	low, high := make([]float64, len(theta)), make([]float64, len(theta))
	for i, x := range theta {
		low[i], high[i] = x-0.01, x+0.01
	}
	verdict := convexity.Judge(landscape.NewObjective(nn.MLP(64, 32, 10, nn.Tanh), nn.CrossEntropy, dataset.Digits()))
	for name, ask := range map[string]func(ctx convexity.Option) error{
		"Judge": func(ctx convexity.Option) error {
			return convexity.Judge(formulaless, ctx, convexity.Effort(100)).Err()
		},
		"Verify": func(ctx convexity.Option) error { return verdict.Verify(ctx) },
		"OnLine": func(ctx convexity.Option) error {
			return convexity.OnLine(digits, a, b, ctx, convexity.Pieces(1<<20)).Err()
		},
		"QuasiConvexOnLine": func(ctx convexity.Option) error {
			return convexity.QuasiConvexOnLine(digits, a, b, ctx, convexity.Pieces(1<<20)).Err()
		},
		"OnSlice": func(ctx convexity.Option) error {
			return convexity.OnSlice(digits, landscape.FilterNormalized(digits, a, 1), 1, 300, ctx).Err()
		},
		"OnBox": func(ctx convexity.Option) error {
			return convexity.OnBox(deep, low, high, ctx, convexity.Pieces(1<<20)).Err()
		},
		"Mirrors": func(ctx convexity.Option) error { return convexity.Mirrors(digits, a, 1<<20, ctx).Err() },
	} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		if err := ask(convexity.Context(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where a verdict would be easy to get wrong. What is said must hold; "undetermined" is no mistake.
func TestTrapsForRestrictedQuestions(t *testing.T) {
	x, y := convexity.Var(0), convexity.Var(1)
	square := convexity.Square(x)
	// A maximum whose arguments change places, of slopes with equal enclosures: the slope drops at sqrt(0.2).
	drop := convexity.Function(1, convexity.Sub(convexity.Scale(10, square), convexity.Scale(5, convexity.Max(convexity.Sub(convexity.Scale(0.5, square), convexity.Const(0.1)), convexity.Const(0)))))
	if v := convexity.OnBox(drop, []float64{0}, []float64{1}); v.Err() != nil || v.Kind == convexity.Convex {
		t.Error(v)
	}
	// 10^6 - 10^-12 x^2 bulges by less than the values can tell.
	weak := convexity.Function(1, convexity.Sub(convexity.Const(1e6), convexity.Scale(1e-12, square)))
	if v := convexity.OnLine(weak, []float64{0}, []float64{1}); v.Kind != convexity.NotConvex || !v.Gap.Contains(2.5e-13) || v.Gap.Width() > 1e-26 {
		t.Error(v, v.Gap)
	}
	// x^2 - y^2 is convex on the flat box y = 0.
	saddle := convexity.Function(2, convexity.Sub(square, convexity.Square(y)))
	if v := convexity.OnBox(saddle, []float64{0, 0}, []float64{1, 0}); v.Err() != nil || v.Kind != convexity.Convex {
		t.Error(v)
	}
	if v := convexity.OnBox(saddle, []float64{0, 1}, []float64{0, 1}); v.Err() == nil {
		t.Errorf("a single point: %v", v)
	}
	// (1 - v relu(w))^2 + 5 v^2 + 5 w^2 at 0: the slope of w drops at w = 0 wherever v > 0.
	net := nn.New(nn.DenseLayer{In: 1, Out: 1, Activation: nn.ReLU, NoBias: true}, nn.DenseLayer{In: 1, Out: 1, NoBias: true})
	loss := landscape.NewObjective(net, nn.Squared, dataset.New("one", []float64{1}, []float64{1}, 1), landscape.L2(10))
	if v := convexity.AtPoint(loss, []float64{0, 0}); v.Err() != nil || v.Kind == convexity.Convex {
		t.Error(v)
	}
	if v := convexity.AtPoint(loss, []float64{-0.5, 0.5}); v.Kind != convexity.Convex {
		t.Error(v)
	}
}

// Every answer shows itself.
func TestAnswersAreFigures(t *testing.T) {
	loss := landscape.NewObjective(nn.MLP(2, 4, 1, nn.Tanh), nn.LogisticLoss, dataset.Moons(20, 0.1, 1))
	a, b := loss.Net.Init(1), loss.Net.Init(2)
	low, high := make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		low[i], high[i] = math.Min(a[i], b[i]), math.Max(a[i], b[i])
	}
	for _, v := range []interface {
		Err() error
		String() string
		MIMEBundle() (map[string]any, error)
	}{
		convexity.Judge(loss), convexity.OnLine(loss, a, b), convexity.QuasiConvexOnLine(loss, a, b), convexity.AtPoint(loss, a),
		convexity.OnBox(loss, low, high, convexity.Pieces(3)), convexity.OnSlice(loss, landscape.FilterNormalized(loss, a, 1), 1, 3),
	} {
		bundle, err := v.MIMEBundle()
		if v.Err() != nil || err != nil || bundle["text/html"] == nil || bundle["image/png"] == nil {
			t.Errorf("%T: %v, %v", v, v, err)
		}
	}
}
