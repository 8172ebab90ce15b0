package landscape

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/nn"
)

func threeDirections(obj Objective) []*Direction {
	return []*Direction{Random(obj, 1), Random(obj, 2), Random(obj, 3)}
}

// A scan's planes are slices, whatever the number of cores.
func TestScan(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	d := threeDirections(obj)
	axes := []Axis{{From: -1, To: 1, N: 3}, {From: -0.5, To: 1, N: 4}, {From: -1, To: 1, N: 5}}
	v := Scan(obj, theta, d, axes, Report(GradientNorm()), Quiet())
	if v.Err() != nil || len(v.Z) != 60 {
		t.Fatal(v)
	}
	for i, a := range v.Axes[0] {
		origin := slices.Clone(theta)
		for j := range origin {
			origin[j] += a * d[0].V[j]
		}
		s := Slice(obj, NewPlane(origin, d[1], d[2]), Rectangle(-0.5, 1, 4, -1, 1, 5), Report(GradientNorm()), Quiet())
		for j := range s.X {
			for k := range s.Y {
				n := v.Index(i, j, k)
				if at := v.At(n); at[0] != a || at[1] != s.X[j] || at[2] != s.Y[k] {
					t.Fatalf("point %d is at %v", n, at)
				}
				if want := s.Z[j][k]; math.Abs(v.Z[n]-want) > 1e-12*math.Abs(want) {
					t.Errorf("at %v: %v, the slice has %v", v.At(n), v.Z[n], want)
				}
				if got, want := v.Values[NameGradientNorm][n], s.Values[NameGradientNorm][j][k]; math.Abs(got-want) > 1e-10*want {
					t.Errorf("gradient norm at %v: %v, the slice has %v", v.At(n), got, want)
				}
			}
		}
	}
	if one := Scan(obj, theta, d, axes, Workers(1), Quiet()); !slices.Equal(one.Z, v.Z) {
		t.Error("one worker computes other bits")
	}
	if v.Index(0, 0) != -1 || v.Index(3, 0, 0) != -1 {
		t.Error("places that are not there have a number")
	}
}

func TestScanCheckpoint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scan")
	axes := []Axis{{From: -3, To: 3, N: 9}, {From: -3, To: 3, N: 9}, {From: -3, To: 3, N: 9}}
	plain := Rastrigin(3)
	scan := func(ctx context.Context, f func([]float64) float64) *Volume {
		o := Func(3, f)
		return Scan(o, make([]float64, 3), []*Direction{Given("x", []float64{1, 0, 0}), Given("y", []float64{0, 1, 0}), Given("z", []float64{0, 0, 1})}, axes,
			Context(ctx), Checkpoint(file), Workers(1), Quiet())
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	half := scan(ctx, func(x []float64) float64 {
		if n++; n == 400 {
			cancel()
		}
		return plain.Value(x)
	})
	if !errors.Is(half.Err(), context.Canceled) || half.rec.finished() == 0 || !strings.Contains(half.String(), "not computed") {
		t.Fatal(half)
	}
	n = 0
	whole := scan(context.Background(), func(x []float64) float64 { n++; return plain.Value(x) })
	if whole.Err() != nil || n > 729-half.rec.finished()+1 {
		t.Fatalf("%v after %d evaluations", whole, n)
	}
	for i, z := range whole.Z {
		if z != plain.Value(whole.At(i)) {
			t.Fatalf("at %v: %v", whole.At(i), z)
		}
	}
}

// The basins of a volume with two axes are those of the surface, and Rastrigin's function has 5^3 minima.
func TestScanBasins(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	xy := []*Direction{Given("x", []float64{1, 0}), Given("y", []float64{0, 1})}
	for range 20 {
		a, b, c := r.Float64()*3, r.Float64()*3, r.Float64()*6
		f := Func(2, func(x []float64) float64 { return math.Sin(a*x[0]+c) * math.Cos(b*x[1]-c) * (1 + 0.3*x[0]) })
		s := Slice(f, NewPlane([]float64{0, 0}, xy[0], xy[1]), Square(3, 21), Quiet())
		v := Scan(f, []float64{0, 0}, xy, []Axis{{From: -3, To: 3, N: 21}, {From: -3, To: 3, N: 21}}, Quiet())
		basins, err := v.Basins(0.05)
		tree := NewMergeTree(s, 0.05)
		if err != nil || len(basins) != len(tree.Basins) {
			t.Fatalf("%d basins, %d of the surface: %v", len(basins), len(tree.Basins), err)
		}
		for i, b := range basins {
			if w := tree.Basins[i]; b.Birth != w.Birth || b.Death != w.Death || b.Parent != w.Parent || b.Points != w.Points || b.At[0] != w.A || b.At[1] != w.B {
				t.Errorf("basin %d is %v, of the surface %v", i, b, w)
			}
		}
	}
	axis := Axis{From: -2.5, To: 2.5, N: 21}
	v := Scan(Rastrigin(3), make([]float64, 3), []*Direction{Given("x", []float64{1, 0, 0}), Given("y", []float64{0, 1, 0}), Given("z", []float64{0, 0, 1})}, []Axis{axis, axis, axis}, Quiet())
	basins, err := v.Basins(1)
	if err != nil || len(basins) != 125 || !slices.Equal(basins[0].At, []float64{0, 0, 0}) {
		t.Errorf("%d basins, the deepest at %v: %v", len(basins), basins[0].At, err)
	}
}

func TestScanMistakes(t *testing.T) {
	obj := Saddle()
	x, y := Given("x", []float64{1, 0}), Given("y", []float64{0, 1})
	axis := Axis{From: -1, To: 1, N: 3}
	for says, v := range map[string]*Volume{
		"one axis for each": Scan(obj, []float64{0, 0}, []*Direction{x, y}, []Axis{axis}, Quiet()),
		"at least one":      Scan(obj, []float64{0, 0}, nil, nil, Quiet()),
		"origin":            Scan(obj, []float64{0}, []*Direction{x}, []Axis{axis}, Quiet()),
		"3 numbers":         Scan(obj, []float64{0, 0}, []*Direction{Given("z", []float64{1, 2, 3})}, []Axis{axis}, Quiet()),
		"direction 2":       Scan(obj, []float64{0, 0}, []*Direction{x, y}, []Axis{axis, {From: 1, To: 2, N: 0}}, Quiet()),
		"memory":            Scan(obj, []float64{0, 0}, []*Direction{x, y, x, y}, []Axis{{-1, 1, 9999, 0}, {-1, 1, 9999, 0}, {-1, 1, 9999, 0}, {-1, 1, 9999, 0}}, Quiet()),
		"coordinates":       Scan(obj, []float64{0, 0}, []*Direction{x}, []Axis{axis}, Over(0, 1, 3), Quiet()),
		"nil":               nil,
	} {
		if v.Err() == nil || !strings.Contains(v.Err().Error(), says) || !strings.Contains(fmt.Sprint(v), says) {
			t.Errorf("%v does not say %q", v.Err(), says)
		}
		if _, err := v.Basins(0); err == nil {
			t.Errorf("%q has basins", says)
		}
	}
}

// A volume of two directions is a surface.
func TestVolumeMeasuresAreTheSurfaces(t *testing.T) {
	s := NewMergeTree(Slice(Himmelblau(), flat(), Square(5, 41), Quiet()), 1)
	axis := Axis{From: -5, To: 5, N: 41}
	v := Scan(Himmelblau(), []float64{0, 0}, []*Direction{flat().X, flat().Y}, []Axis{axis, axis}, Quiet())
	mean, weighted := s.SMAD()
	vMean, vWeighted, err := v.SMAD(1)
	if err != nil || math.Abs(vMean-mean) > 1e-12*mean || math.Abs(vWeighted-weighted) > 1e-12*weighted {
		t.Errorf("SMAD of the volume %v, %v (%v), of the surface %v, %v", vMean, vWeighted, err, mean, weighted)
	}
	if d, err := Bottleneck(s.Diagram(), v.Diagram(1)); d != 0 || err != nil {
		t.Errorf("the diagrams differ by %v (%v)", d, err)
	}
	if _, _, err := (*Volume)(nil).SMAD(0); err == nil {
		t.Error("no volume, no error")
	}
	if _, _, err := v.SMAD(math.NaN()); err == nil {
		t.Error("a threshold of NaN is taken")
	}
}
