package landscape

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// ring has minima of value 0 at (-1, 0) and (1, 0), a hill of 1 between them, and around
// it two passes of height 0.2775 at (0, +-0.922).
func ring() *FuncObjective {
	return Func(2, func(x []float64) float64 {
		s := x[0]*x[0] + x[1]*x[1] - 1
		return s*s + 0.3*x[1]*x[1]
	}).Named("ring")
}

func TestPathsGoAroundTheHill(t *testing.T) {
	a, b := []float64{-1, 0}, []float64{1, 0}
	neb := NEB(ring(), a, b, PathQuiet(), PathSteps(2000))
	if neb.Err() != nil || math.Abs(neb.Barrier()-0.2775) > 1e-3 || math.Abs(neb.StraightBarrier()-1) > 0.05 {
		t.Errorf("%v", neb)
	}
	bezier := Bezier(ring(), a, b, PathQuiet(), PathSteps(2000))
	if bezier.Err() != nil || bezier.Barrier() > 0.45 || bezier.Barrier() < 0.2775 {
		t.Errorf("%v", bezier)
	}
	for _, p := range []*MinimaPath{neb, bezier} {
		if !equal(p.Points[0], a) || !equal(p.Points[20], b) || p.T[0] != 0 || p.T[20] != 1 {
			t.Errorf("%s does not go from end to end", p.Label())
		}
		if s := Slice(ring(), p.Plane(), Square(1, 5), Quiet()).With(p); s.Err() != nil || s.Paths[0].Distance[10] > 1e-9 {
			t.Errorf("%s on its plane: %v", p.Label(), s)
		}
	}
	for k := 1; k < 20; k++ { // the springs keep the points apart
		if gap := (neb.T[k+1] - neb.T[k]) * 20; gap < 0.7 || gap > 1.4 {
			t.Errorf("points %d and %d are %v of the mean distance apart", k, k+1, gap)
		}
	}
	again := NEB(ring(), a, b, PathQuiet(), PathSteps(2000))
	requireSame(t, "the same path again", again.Points, neb.Points)
}

// A band between far points of a network folds on its way; the springs must not tear it apart.
func TestBandStaysWhole(t *testing.T) {
	net := nn.MLP(2, 8, 1, nn.Tanh)
	for _, seed := range []uint64{5, 6, 8} {
		loss := NewObjective(net, nn.LogisticLoss, dataset.Moons(200, 0.15, seed), L2(0.002))
		a, b := net.Init(2*seed), net.Init(2*seed+1)
		for i := range a {
			a[i], b[i] = 3*a[i], 3*b[i]
		}
		if p := NEB(loss, a, b, PathQuiet()); p.Err() != nil || p.Barrier() > p.StraightBarrier() {
			t.Errorf("seed %d: %v", seed, p)
		}
	}
}

// A narrow ridge across the way, between two points of a coarse chain: the pivots find it.
func TestPivotsComeWhereTheChainIsCoarse(t *testing.T) {
	ridge := Func(2, func(x []float64) float64 {
		return math.Exp(-math.Pow((x[0]-0.3)/0.1, 2)) + 0.05*x[0]*x[0] + x[1]*x[1]
	})
	a, b := []float64{-1, 0}, []float64{1, 0}
	options := []PathOption{PathQuiet(), PathPoints(5), PathSteps(400)}
	coarse, fine := NEB(ridge, a, b, options...), NEB(ridge, a, b, append(options, PathPivots(8))...)
	again := NEB(ridge, a, b, append(options, PathPivots(8))...)
	if coarse.Err() != nil || fine.Err() != nil || len(coarse.Points) != 5 || len(fine.Points) < 7 || len(fine.Points) > 13 {
		t.Fatalf("%v\n%v", coarse, fine)
	}
	if coarse.Barrier() > 0.1 || fine.Barrier() < 0.7 {
		t.Errorf("barrier %v with 5 points and %v with %d; the ridge is 0.95 high", coarse.Barrier(), fine.Barrier(), len(fine.Points))
	}
	near := 0
	for k, p := range fine.Points {
		if math.Abs(p[0]-0.3) < 0.2 {
			near++
		}
		if !equal(p, again.Points[k]) {
			t.Fatal("the same search finds another path")
		}
	}
	// Four points go around a hill at its foot; with some more they find the height of the pass.
	pass := NEB(ring(), a, b, PathQuiet(), PathPoints(4), PathSteps(1000), PathPivots(8))
	if rough := NEB(ring(), a, b, PathQuiet(), PathPoints(4), PathSteps(1000)); rough.Barrier() > 0.25 || math.Abs(pass.Barrier()-0.2775) > 1e-3 || len(pass.Points) > 12 {
		t.Errorf("a pass of 0.2775: %v\n%v", rough, pass)
	}
	if near < 3 {
		t.Errorf("%d points near the ridge, want at least 3: %v", near, fine.Points)
	}
	// Where the chain is fine enough no point comes.
	if smooth := NEB(ring(), a, b, PathQuiet(), PathPivots(8)); smooth.Err() != nil || len(smooth.Points) != 21 {
		t.Errorf("around a smooth hill: %v", smooth)
	}
	if NEB(ridge, a, b, PathPivots(-1)).Err() == nil {
		t.Error("a negative number of pivots gives no error")
	}
}

func TestPathErrors(t *testing.T) {
	a, b := []float64{-1, 0}, []float64{1, 0}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if p := NEB(ring(), a, b, PathContext(ctx), PathQuiet()); !errors.Is(p.Err(), context.Canceled) || len(p.Points) != 21 {
		t.Errorf("interrupted: %v", p)
	}
	bad := Func(2, func(x []float64) float64 { panic("nothing here") })
	for what, p := range map[string]*MinimaPath{
		"same ends":   NEB(ring(), a, a),
		"short end":   Bezier(ring(), a, b[:1]),
		"two points":  NEB(ring(), a, b, PathPoints(2)),
		"rate":        Bezier(ring(), a, b, PathRate(math.NaN())),
		"panic":       NEB(bad, a, b, PathQuiet()),
		"nil":         Bezier(nil, a, b),
		"bad numbers": NEB(ring(), []float64{math.NaN(), 0}, b),
	} {
		if p.Err() == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestAssign(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		n := 1 + rng.IntN(6)
		cost := make([][]float64, n)
		for i := range cost {
			cost[i] = make([]float64, n)
			for j := range cost[i] {
				cost[i][j] = math.Round(10 * rng.NormFloat64())
			}
		}
		best := math.Inf(1)
		var try func(i int, used int, sum float64)
		try = func(i, used int, sum float64) {
			if i == n {
				best = min(best, sum)
				return
			}
			for j := range n {
				if used&(1<<j) == 0 {
					try(i+1, used|1<<j, sum+cost[i][j])
				}
			}
		}
		try(0, 0, 0)
		got := 0.0
		for i, j := range assign(cost) {
			got += cost[i][j]
		}
		if got != best {
			t.Fatalf("%v: cost %v, want %v", cost, got, best)
		}
	}
}

func TestAlignUndoesPermutations(t *testing.T) {
	net := nn.Deep(nn.Tanh, 2, 7, 6, 1)
	loss := NewObjective(net, nn.LogisticLoss, dataset.Moons(100, 0.1, 1))
	rng := rand.New(rand.NewPCG(6, 6))
	recovered := 0
	for seed := range uint64(20) {
		a := net.Init(seed)
		for i := range a { // biases too, or they would be zero
			a[i] += 0.1 * rng.NormFloat64()
		}
		b := a
		for hidden, units := range []int{7, 6} {
			var err error
			if b, err = PermuteUnits(net, b, hidden, rng.Perm(units)); err != nil {
				t.Fatal(err)
			}
		}
		if va, vb := loss.Value(a), loss.Value(b); math.Abs(va-vb) > 1e-13 {
			t.Fatalf("permuting units changes the loss from %v to %v", va, vb)
		}
		c, err := Align(net, a, b)
		if err != nil {
			t.Fatal(err)
		}
		if va, vc := loss.Value(a), loss.Value(c); math.Abs(va-vc) > 1e-13 {
			t.Fatalf("aligning changes the loss from %v to %v", va, vc)
		}
		if norm2(subtract(a, c)) > norm2(subtract(a, b)) {
			t.Error("aligned, the points are farther apart")
		}
		if equal(a, c) {
			recovered++
		}
	}
	if recovered < 15 { // coordinate descent can end in a local optimum
		t.Errorf("%d of 20 permutations undone", recovered)
	}
	if _, err := Align(nn.New(nn.BatchNormLayer{Features: 2}), nil, nil); err == nil || !strings.Contains(err.Error(), "layer 0") {
		t.Errorf("aligning a batch norm: %v", err)
	}
}

func TestPathFromAKnownPath(t *testing.T) {
	ring := Func(2, func(x []float64) float64 {
		s := x[0]*x[0] + x[1]*x[1] - 1
		return s*s + 0.3*x[1]*x[1]
	})
	a, b := []float64{-1, 0}, []float64{1, 0}
	// Without a step it is the given chain, spread evenly.
	corner := Points{a, {-1, 1}, {-1, 1}, {1, 1}, b}
	p := NEB(ring, a, b, PathFrom(corner), PathPoints(9), PathSteps(0), PathQuiet())
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	for k, want := range [][]float64{{-1, 0}, {-1, 0.5}, {-1, 1}, {-0.5, 1}, {0, 1}, {0.5, 1}, {1, 1}, {1, 0.5}, {1, 0}} {
		if norm2(subtract(p.Points[k], want)) > 1e-12 {
			t.Errorf("point %d is %v, want %v", k, p.Points[k], want)
		}
	}
	// A band that begins below stays below, where the default one goes above, or the other way round.
	for _, side := range []float64{1, -1} {
		p := NEB(ring, a, b, PathFrom(Points{a, {0, side}, b}), PathSteps(300), PathQuiet())
		if p.Err() != nil || p.Points[10][1]*side < 0.9 || math.Abs(p.Barrier()-0.2775) > 0.01 {
			t.Errorf("beginning on side %v: middle %v, barrier %v (%v)", side, p.Points[10], p.Barrier(), p.Err())
		}
	}
	// In two halves it goes as low as at once.
	half := NEB(ring, a, b, PathSteps(300), PathQuiet())
	whole := NEB(ring, a, b, PathFrom(half), PathSteps(300), PathQuiet())
	if whole.Err() != nil || whole.Barrier() > half.Barrier()+1e-3 {
		t.Errorf("%v, then %v", half, whole)
	}
	for name, from := range map[string]Trajectory{
		"one point": Points{a}, "other ends": Points{b, a}, "long points": Points{{1, 2, 3}, {1, 2, 3}}, "NaN": Points{a, {math.NaN(), 0}, b}, "none": Points{}, "nil path": (*MinimaPath)(nil),
	} {
		if p := NEB(ring, a, b, PathFrom(from), PathQuiet()); p.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if p := Bezier(ring, a, b, PathFrom(corner), PathQuiet()); p.Err() == nil {
		t.Error("a Bezier curve begins with a path")
	}
}
