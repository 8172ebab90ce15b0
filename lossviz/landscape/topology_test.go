package landscape

import (
	"math"
	"math/rand/v2"
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
