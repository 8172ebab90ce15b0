package landscape

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A surface of a slice's numbers is the same surface to everything that looks at numbers.
func TestGivenSurfaceIsLikeASlice(t *testing.T) {
	s := Slice(Himmelblau(), flat(), Square(5, 41), Quiet())
	g := GivenSurface("numbers", s.X, s.Y, s.Z)
	if g.Err() != nil || !g.Complete() {
		t.Fatal(g.Err())
	}
	d, err := Bottleneck(NewMergeTree(s, 0).Diagram(), NewMergeTree(g, 0).Diagram())
	if d != 0 || err != nil || len(NewContourTree(g, 0).Nodes) != len(NewContourTree(s, 0).Nodes) || NewFourier(g).Power() != NewFourier(s).Power() {
		t.Errorf("the diagrams are %v apart (%v)", d, err)
	}
	for _, name := range []string{"a.json", "a.npz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := g.Save(path); err != nil {
			t.Fatal(err)
		}
		if again := Load(path); again.Err() != nil || !slices.Equal(slices.Concat(again.Z...), slices.Concat(s.Z...)) || again.Made.Objective != "numbers" {
			t.Errorf("%s: %v", name, again)
		}
	}
	if a, b, away := g.Plane().Project([]float64{3, 2}); a != 3 || b != 2 || away != 0 {
		t.Errorf("(3, 2) is at (%v, %v), %v away", a, b, away)
	}
	g.Z[0][0] = 7
	if s.Z[0][0] == 7 {
		t.Error("the numbers are shared")
	}
	if Slice(Himmelblau(), flat(), Square(5, 41), Resume(GivenSurface("", s.X, s.Y, s.Z)), Quiet()).Err() == nil {
		t.Error("a slice goes on from given numbers")
	}
	if _, err := g.MIMEBundle(); err != nil {
		t.Error(err)
	}
	nan := math.NaN()
	for want, bad := range map[string]*Surface{
		"not increasing": GivenSurface("a", []float64{1, 1}, []float64{0}, [][]float64{{1}, {2}}),
		"axis":           GivenSurface("b", []float64{nan}, []float64{0}, [][]float64{{1}}),
		"1 row of":       GivenSurface("c", []float64{0, 1}, []float64{0}, [][]float64{{1}}),
		"row 1 has":      GivenSurface("d", []float64{0, 1}, []float64{0}, [][]float64{{1}, {}}),
		"at least one":   GivenSurface("e", nil, nil, nil),
	} {
		if err := bad.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if nan, inf := GivenSurface("holes", []float64{0}, []float64{0, 1, 2}, [][]float64{{nan, math.Inf(1), 1}}).Holes(); nan != 1 || inf != 1 {
		t.Errorf("%d NaN, %d infinite", nan, inf)
	}
}

func TestNegatedSurface(t *testing.T) {
	s := Slice(Himmelblau(), flat(), Square(3, 61), Quiet(), Report(GradientNorm()))
	up := s.Negated()
	low, a, b := up.Min()
	high, ha, hb := s.Max()
	if low != -high || a != ha || b != hb || up.Values[NameGradientNorm][3][4] != s.Values[NameGradientNorm][3][4] {
		t.Errorf("the lowest point %v at (%v, %v), the highest was %v at (%v, %v)", low, a, b, high, ha, hb)
	}
	// Himmelblau's one maximum inside, about 181.6 at (-0.27, -0.92), and four corners.
	peaks := NewMergeTree(up, 1)
	if at := slices.IndexFunc(peaks.Basins, func(p Basin) bool { return math.Hypot(p.A+0.27, p.B+0.92) < 0.1 }); at < 0 || math.Abs(peaks.Basins[at].Birth+181.6) > 0.1 {
		t.Errorf("peaks: %v", peaks)
	}
	if twice := up.Negated(); !slices.Equal(slices.Concat(twice.Z...), slices.Concat(s.Z...)) {
		t.Error("negated twice it is another surface")
	}
	if Merge(s, up).Err() == nil || (*Surface)(nil).Negated().Err() == nil {
		t.Error("a negated surface is merged with the other, or there is one of nil")
	}
}

func TestAround(t *testing.T) {
	run := Points{{-2, 1}, {4, 2}, {0, 0}}
	g := Around(flat(), 0.5, 11, run)
	if g.X != (Axis{From: -5, To: 7, N: 11}) || g.Y != (Axis{From: -1, To: 3, N: 11}) {
		t.Errorf("%v", g)
	}
	s := Slice(Himmelblau(), flat(), g, Quiet()).With(run)
	for k, a := range s.Paths[0].A {
		if math.IsNaN(s.Interpolate(a, s.Paths[0].B[k])) {
			t.Errorf("point %d is outside", k)
		}
	}
	if line := Around(flat(), 0.1, 5, Points{{0, 0}, {2, 0}}); line.check() != nil || line.Y.From != -1 {
		t.Errorf("around a line: %v, %v", line, line.check())
	}
	for name, g := range map[string]Grid{
		"no plane": Around(nil, 0.1, 5, run), "no run": Around(flat(), 0.1, 5), "nil run": Around(flat(), 0.1, 5, nil), "NaN margin": Around(flat(), math.NaN(), 5, run),
		"long point": Around(flat(), 0.1, 5, Points{{1, 2, 3}}), "NaN point": Around(flat(), 0.1, 5, Points{{1, math.NaN()}}), "one point": Around(flat(), 0.1, 5, Points{{0, 0}}), "no points": Around(flat(), 0.1, 0, run),
	} {
		s := Slice(Himmelblau(), flat(), g, Quiet())
		if a := Adaptive(g); s.Err() == nil || a.check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOverlay(t *testing.T) {
	x := Along(Saddle(), []float64{0, 0}, Given("x", []float64{1, 0}), Quiet())
	y := Along(Saddle(), []float64{0, 0}, Given("y", []float64{0, 1}), Quiet(), Report(GradientNorm())).Titled("up and down")
	f := Overlay("", x, nil, y)
	if f.Err() != nil || len(f.Curves) != 2 || f.Curves[0].Name != "x" || f.Curves[1].Name != "up and down" || !strings.Contains(f.Caption, "left out") {
		t.Errorf("%+v, %v", f, f.Err())
	}
	if f := Overlay(NameGradientNorm, x, y); len(f.Curves) != 1 {
		t.Errorf("%d lines have a gradient", len(f.Curves))
	}
	if Overlay("").Err() == nil {
		t.Error("no lines are drawn")
	}
}

func TestProjectOntoALine(t *testing.T) {
	d := Given("d", []float64{0, 3, 4})
	if at, away := d.Project([]float64{1, 1, 1}, []float64{3, 7, 9}); math.Abs(at-2) > 1e-15 || math.Abs(away-2) > 1e-15 {
		t.Errorf("at %v, %v away, want 2 and 2", at, away)
	}
	for _, c := range []struct {
		d             *Direction
		origin, theta []float64
	}{{nil, nil, nil}, {d, nil, nil}, {d, []float64{1, 1, 1}, []float64{1}}, {Given("0", []float64{0}), []float64{1}, []float64{1}}} {
		if at, away := c.d.Project(c.origin, c.theta); !math.IsNaN(at) || !math.IsNaN(away) {
			t.Errorf("%v: at %v, %v away", c.d, at, away)
		}
	}
}

func TestWeightsOnly(t *testing.T) {
	net := nn.MLP(2, 3, 1, nn.Tanh)
	loss := NewObjective(net, nn.LogisticLoss, dataset.Moons(20, 0.1, 1))
	var run Points
	for seed := range uint64(5) {
		run = append(run, Random(loss, seed).V)
	}
	before := run[0][8]
	plane := PCA(WeightsOnly(loss, run))
	if plane.Err() != nil {
		t.Fatal(plane.Err())
	}
	for _, b := range net.Blocks() {
		if moves := norm2(b.Of(plane.X.V)) > 1e-12; moves != (b.Kind == nn.Weight) {
			t.Errorf("block %v moves: %v", b, moves)
		}
	}
	if run[0][8] != before || !slices.Equal(plane.Origin, run[4]) {
		t.Error("the trajectory itself was changed, or its end")
	}
	for name, p := range map[string]*Plane{"nil": PCA(WeightsOnly(loss, nil)), "short": PCA(WeightsOnly(loss, Points{{1}, run[0]})), "no objective": PCA(WeightsOnly(nil, nil))} {
		if p.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
