package landscape

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"testing"
)

// flat is the plane of a function of two variables.
func flat() *Plane {
	return NewPlane([]float64{0, 0}, Given("x", []float64{1, 0}), Given("y", []float64{0, 1}))
}

func TestMergeTreeOfKnownSurfaces(t *testing.T) {
	m := NewMergeTree(Slice(Himmelblau(), flat(), Square(5, 201), Quiet()), 0)
	if m.Err() != nil || len(m.Basins) != 4 {
		t.Fatalf("Himmelblau: %v", m)
	}
	// Its saddles: 67.72, 104.0 and 178.3, and 13.31 (the lowest between (3, 2) and (3.58, -1.85)).
	var deaths []float64
	for _, b := range m.Basins {
		if b.Parent >= 0 {
			deaths = append(deaths, b.Death)
		}
	}
	sort.Float64s(deaths)
	for i, want := range []float64{13.3119, 67.7192, 104.0152} {
		if math.Abs(deaths[i]-want) > 0.5 {
			t.Errorf("Himmelblau's basins join at %v, want near 13.31, 67.72, 104.02", deaths)
			break
		}
	}
	m = NewMergeTree(Slice(Rastrigin(2), flat(), Square(2.5, 101), Quiet()), 0)
	if len(m.Basins) != 25 {
		t.Errorf("Rastrigin on [-2.5, 2.5]^2 has %d basins, want 25", len(m.Basins))
	}
	if b := m.Basins[0]; b.Parent != -1 || b.A != 0 || b.B != 0 || !math.IsInf(b.Persistence(), 1) {
		t.Errorf("the deepest basin is %+v", b)
	}
	if m = NewMergeTree(Slice(Rastrigin(2), flat(), Square(2.5, 101), Quiet()), 1000); len(m.Basins) != 1 || m.Basins[0].Points != 101*101 {
		t.Errorf("above a high threshold: %v", m)
	}
}

// Against the definition: components of {z <= level} counted by flooding, at every level.
func TestMergeTreeCountsComponents(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 60 {
		nx, ny := 2+rng.IntN(7), 2+rng.IntN(7)
		values := make([]float64, nx*ny)
		for i := range values {
			values[i] = float64(rng.IntN(12)) // many ties
			if rng.IntN(9) == 0 {
				values[i] = math.NaN()
			}
		}
		s := Slice(Func(2, func(x []float64) float64 {
			return values[int(x[0])*ny+int(x[1])]
		}), flat(), Rectangle(0, float64(nx-1), nx, 0, float64(ny-1), ny), Quiet())
		m := NewMergeTree(s, 0)
		if m.Err() != nil {
			continue // only holes
		}
		for level := 0.0; level <= 12; level++ {
			seen := make([]bool, nx*ny)
			components := 0
			var visit func(i, j int)
			visit = func(i, j int) {
				if i < 0 || j < 0 || i >= nx || j >= ny || seen[i*ny+j] || !(values[i*ny+j] <= level) {
					return
				}
				seen[i*ny+j] = true
				for di := -1; di <= 1; di++ {
					for dj := -1; dj <= 1; dj++ {
						visit(i+di, j+dj)
					}
				}
			}
			for i := range nx {
				for j := range ny {
					if !seen[i*ny+j] && values[i*ny+j] <= level {
						components++
						visit(i, j)
					}
				}
			}
			alive := 0
			for _, b := range m.Basins {
				if b.Birth <= level && level < b.Death {
					alive++
				}
			}
			if alive != components {
				t.Fatalf("%v (%d x %d): %d basins alive at %v, %d components", values, nx, ny, alive, level, components)
			}
		}
		// Simplifying removes exactly the shallow ones.
		deep := 0
		for _, b := range m.Basins {
			if b.Persistence() >= 3 {
				deep++
			}
		}
		if got := len(NewMergeTree(s, 3).Basins); got != deep {
			t.Fatalf("%d basins at threshold 3, want %d", got, deep)
		}
	}
}

// The basins of other people's code on the same grids; see testdata/make_trees.py. It knows four neighbours only.
func TestMergeTreeAgainstLandscaper(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "trees.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name   string
		Z      [][]float64
		Basins []struct {
			Minimum, Saddle []int
			Birth           float64
			Death           *float64
		}
		Means []struct {
			Minimum []int
			Points  int
			Mean    float64
		}
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		nx, ny := len(c.Z), len(c.Z[0])
		s := Slice(Func(2, func(x []float64) float64 { return c.Z[int(x[0])][int(x[1])] }), flat(), Rectangle(0, float64(nx-1), nx, 0, float64(ny-1), ny), Quiet())
		m := &MergeTree{surface: s}
		if err := m.flood(0, neighbours[4:]); err != nil {
			t.Fatal(err)
		}
		if len(m.Basins) != len(c.Basins) {
			t.Errorf("%s: %d basins, landscaper has %d", c.Name, len(m.Basins), len(c.Basins))
		}
		for _, want := range c.Basins {
			at := slices.IndexFunc(m.Basins, func(b Basin) bool { return int(b.A) == want.Minimum[0] && int(b.B) == want.Minimum[1] })
			if at < 0 {
				t.Errorf("%s: no basin at %v", c.Name, want.Minimum)
				continue
			}
			b := m.Basins[at]
			if b.Birth != want.Birth || (want.Death == nil) != (b.Parent < 0) {
				t.Errorf("%s: basin %+v, landscaper has %+v", c.Name, b, want)
			} else if want.Death != nil && (b.Death != *want.Death || int(b.SaddleA) != want.Saddle[0] || int(b.SaddleB) != want.Saddle[1]) {
				t.Errorf("%s: basin %+v ends elsewhere than landscaper's, at %v with %v", c.Name, b, want.Saddle, *want.Death)
			}
		}
		means, err := m.PerBasin(NameLoss, nil)
		if err != nil || len(means) != len(c.Means) {
			t.Fatalf("%s: means of %d basins, landscaper has %d: %v", c.Name, len(means), len(c.Means), err)
		}
		for _, want := range c.Means {
			at := slices.IndexFunc(m.Basins, func(b Basin) bool { return int(b.A) == want.Minimum[0] && int(b.B) == want.Minimum[1] })
			if at < 0 || m.Basins[at].Points != want.Points || math.Abs(means[at]-want.Mean) > 1e-12*math.Abs(want.Mean) {
				t.Errorf("%s: the basin at %v has mean %v, landscaper has %+v", c.Name, want.Minimum, means[max(at, 0)], want)
			}
		}
	}
}

func TestPerBasin(t *testing.T) {
	// Two wells of different width, with a hole in the left one.
	s := Slice(Func(1, func(x []float64) float64 { return 0 }), nil, Grid{}, Quiet())
	if _, err := NewMergeTree(s, 0).PerBasin(NameLoss, nil); err == nil {
		t.Error("no tree, no error")
	}
	wells := Func(2, func(x []float64) float64 { return min(math.Abs(x[0]+2), 0.5+math.Abs(x[0]-1)) + math.Abs(x[1]) })
	s = Slice(wells, flat(), Rectangle(-3, 3, 7, 0, 1, 2), Quiet(), Report(Measure("side", func(x []float64) float64 {
		if x[0] == -3 {
			return math.NaN()
		}
		return x[0]
	})))
	m := NewMergeTree(s, 0)
	for b, want := range map[string][]float64{"mean": {-1.5, 1.5}, "count": {4, 8}} {
		f := map[string]func([]float64) float64{"count": func(v []float64) float64 { return float64(len(v)) }}[b]
		got, err := m.PerBasin("side", f)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s of each basin: %v, want %v (%v)", b, got, want, err)
		}
	}
	// The means, weighted with the basins' points, are the mean of the whole.
	means, err := m.PerBasin(NameLoss, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum, all := 0.0, 0.0
	for b, mean := range means {
		sum += mean * float64(m.Basins[b].Points)
	}
	for _, row := range s.Z {
		for _, z := range row {
			all += z
		}
	}
	if math.Abs(sum-all) > 1e-12 {
		t.Errorf("the basins have %v in all, the surface %v", sum, all)
	}
	nan, err := m.PerBasin("side", func(v []float64) float64 { return slices.Min(v) })
	if err != nil || nan[0] != -2 {
		t.Errorf("least of each basin: %v, %v", nan, err)
	}
	if _, err := m.PerBasin("depth", nil); err == nil || len(err.Error()) < 20 {
		t.Errorf("an unknown quantity: %v", err)
	}
}

// The tree's figure has a line for each basin, up from its minimum, and no two cross.
func TestTreeFigure(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 30 {
		z := make([][]float64, 12)
		axis := make([]float64, 12)
		for i := range z {
			axis[i] = float64(i)
			z[i] = make([]float64, 12)
			for j := range z[i] {
				z[i][j] = rng.Float64()
			}
		}
		m := NewMergeTree(GivenSurface("noise", axis, axis, z), 0)
		f := m.TreeFigure()
		line := f.Curves[0]
		var up, across [][4]float64 // x, x, y, y
		for k := 0; k+1 < len(line.X); k++ {
			x0, x1, y0, y1 := line.X[k], line.X[k+1], line.Y[k], line.Y[k+1]
			switch {
			case math.IsNaN(x0 + x1):
			case x0 == x1:
				up = append(up, [4]float64{x0, x1, y0, y1})
			case y0 == y1 && x1 < x0:
				across = append(across, [4]float64{x1, x0, y0, y1})
			default:
				t.Fatalf("a line from (%v, %v) to (%v, %v)", x0, y0, x1, y1)
			}
		}
		if len(up) != len(m.Basins) || len(across) != len(m.Basins)-1 {
			t.Fatalf("%d lines up and %d across of %d basins", len(up), len(across), len(m.Basins))
		}
		for _, u := range up {
			for _, a := range across {
				if a[0] < u[0] && u[0] < a[1] && u[2] < a[2] && a[2] < u[3] {
					t.Fatalf("the line across %v crosses the line up %v", a, u)
				}
			}
		}
	}
	if (&MergeTree{}).TreeFigure().Err() == nil {
		t.Error("no tree is drawn")
	}
}
