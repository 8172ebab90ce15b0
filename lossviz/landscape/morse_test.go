package landscape

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// table is the surface of given values, row by row.
func table(nx, ny int, values []float64) *Surface {
	return Slice(Func(2, func(x []float64) float64 { return values[int(x[0])*ny+int(x[1])] }),
		flat(), Rectangle(0, float64(nx-1), nx, 0, float64(ny-1), ny), Quiet())
}

func TestMorseSmaleOfKnownSurfaces(t *testing.T) {
	m := NewMorseSmale(Slice(Himmelblau(), flat(), Square(5, 101), Quiet()), 0)
	if m.Err() != nil || len(m.Minima) != 4 || len(m.Saddles) != 4 || len(m.Maxima) != 1 {
		t.Fatalf("Himmelblau: %v", m)
	}
	near := func(a, b, x, y float64) bool { return math.Hypot(a-x, b-y) < 0.08 }
	if x := m.Maxima[0]; !near(x.A, x.B, -0.270845, -0.923039) || math.Abs(x.Loss-181.617) > 0.1 {
		t.Errorf("its maximum: %+v", x)
	}
	for k, want := range [][3]float64{{3.385154, 0.073852, 13.3119}, {0.086678, 2.884255, 67.7192}, {-3.073026, -0.081353, 104.0152}, {-0.127961, -1.953715, 178.3372}} {
		// Each saddle is between two of the minima, and between the maximum and the outside.
		s := m.Saddles[k]
		if !near(s.A, s.B, want[0], want[1]) || math.Abs(s.Loss-want[2]) > 0.5 || len(s.Minima) != 2 || !slices.Equal(s.Maxima, []int{-1, 0}) || s.Multiplicity != 1 {
			t.Errorf("saddle %d: %+v, want it at (%v, %v) with loss %v", k, s, want[0], want[1], want[2])
		}
	}
	c := NewContourTree(m.surface, 0)
	if c.Err() != nil || len(c.Nodes) != 10 || len(c.Arcs) != 9 {
		t.Errorf("Himmelblau: %v", c)
	}
	if b, err := m.MIMEBundle(); err != nil || !strings.Contains(b["text/plain"].(string), "minima: 4, saddles: 4, maxima: 1") || len(m.Surface().Marks) != 9 {
		t.Errorf("shown as %v, error %v", b["text/plain"], err)
	}
	if b, err := c.MIMEBundle(); err != nil || !strings.Contains(b["text/plain"].(string), "10 nodes and 9 arcs") {
		t.Errorf("shown as %v, error %v", b["text/plain"], err)
	}

	// Of Rastrigin's 5 x 5 pits, 2 x 5 x 4 saddles and 4 x 4 peaks are inside.
	rastrigin := Slice(Rastrigin(2), flat(), Square(2.5, 101), Quiet())
	m = NewMorseSmale(rastrigin, 0.01)
	c = NewContourTree(rastrigin, 0.01)
	if len(m.Minima) != 25 || len(m.Saddles) != 40 || len(m.Maxima) != 16 || len(c.Arcs) != len(c.Nodes)-1 {
		t.Errorf("Rastrigin: %v\n%v", m, c)
	}
	saddle := NewMorseSmale(Slice(Saddle(), flat(), Square(1, 21), Quiet()), 0)
	if len(saddle.Minima) != 2 || len(saddle.Saddles) != 1 || len(saddle.Maxima) != 0 || saddle.Saddles[0].A != 0 || saddle.Saddles[0].B != 0 || !slices.Equal(saddle.Saddles[0].Maxima, []int{-1}) {
		t.Errorf("x^2 - y^2: %v", saddle)
	}
}

// Critical points counted by the components of their lower and upper links, on the triangles.
func TestMorseSmaleOfNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 3))
	for round := range 150 {
		nx, ny := 2+rng.IntN(8), 2+rng.IntN(8)
		values := make([]float64, nx*ny)
		for i, v := range rng.Perm(nx * ny) {
			values[i] = float64(v)
		}
		s := table(nx, ny, values)
		m, c, tree := NewMorseSmale(s, 0), NewContourTree(s, 0), NewMergeTree(s, 0)
		if m.Err() != nil || c.Err() != nil {
			t.Fatal(m.Err(), c.Err())
		}
		minima, maxima, saddles := map[float64]bool{}, map[float64]bool{}, map[float64]int{}
		terrain, err := newTerrain("test", s)
		if err != nil {
			t.Fatal(err)
		}
		for p, z := range values {
			lower, changes := 0, 0
			link := terrain.link(p)
			for k, q := range link {
				if terrain.rank[q] < terrain.rank[p] {
					lower++
				}
				if before := link[(k+len(link)-1)%len(link)]; (terrain.rank[before] < terrain.rank[p]) != (terrain.rank[q] < terrain.rank[p]) {
					changes++
				}
			}
			switch {
			case lower == 0:
				minima[z] = true
			case lower == len(link):
				maxima[z] = true
			case changes > 2:
				saddles[z] = changes/2 - 1
			}
		}
		of := func(all []Extremum) map[float64]bool {
			out := map[float64]bool{}
			for _, e := range all {
				out[e.Loss] = true
			}
			return out
		}
		same := func(a, b map[float64]bool) bool {
			for z := range a {
				if !b[z] {
					return false
				}
			}
			return len(a) == len(b)
		}
		many := 0
		for _, p := range m.Saddles {
			many += p.Multiplicity
			if saddles[p.Loss] != p.Multiplicity {
				t.Fatalf("round %d: %+v, by its link of multiplicity %d", round, p, saddles[p.Loss])
			}
			for _, k := range p.Minima {
				if m.Minima[k].Loss >= p.Loss {
					t.Fatalf("round %d: %+v is above minimum %d", round, p, k)
				}
			}
		}
		if !same(of(m.Minima), minima) || !same(of(m.Maxima), maxima) || len(m.Saddles) != len(saddles) || len(minima)-many+len(maxima) != 1 {
			t.Fatalf("round %d: %v\nby links: %d minima, %d saddles, %d maxima", round, m, len(minima), len(saddles), len(maxima))
		}
		// Contour tree: a tree whose leaves are the extrema and the outside, whose other nodes are the saddles,
		// and whose arcs and nodes hold every point.
		leaves, inside := 0, 0
		for k, n := range c.Nodes {
			switch {
			case n.Up+n.Down == 1:
				leaves++
				if k < len(c.Nodes)-1 && !minima[n.Loss] && !maxima[n.Loss] {
					t.Fatalf("round %d: a leaf at %v is no extremum", round, n.Loss)
				}
			case n.Up+n.Down-2 != saddles[n.Loss]:
				t.Fatalf("round %d: node %+v, by its link of multiplicity %d", round, n, saddles[n.Loss])
			}
		}
		joined := newUnionFind(len(c.Nodes))
		for _, a := range c.Arcs {
			inside += a.Points
			if joined.find(a.From) == joined.find(a.To) || a.From >= a.To {
				t.Fatalf("round %d: the arcs make a ring: %v", round, c)
			}
			joined[joined.find(a.From)] = joined.find(a.To)
		}
		if leaves != len(minima)+len(maxima)+1 || len(c.Arcs) != len(c.Nodes)-1 || inside+len(c.Nodes)-1 != nx*ny {
			t.Fatalf("round %d: %d leaves, %d points on arcs of %d: %v", round, leaves, inside, nx*ny, c)
		}
		// Basins are those of the merge tree.
		for i := range s.X {
			for j := range s.Y {
				if m.Minima[m.Minimum[i][j]].Loss != tree.Basins[tree.Label[i][j]].Birth {
					t.Fatalf("round %d: point %d, %d runs elsewhere than in the merge tree", round, i, j)
				}
				if k := m.Maximum[i][j]; k >= 0 && m.Maxima[k].Loss < s.Z[i][j] {
					t.Fatalf("round %d: point %d, %d climbs down", round, i, j)
				}
			}
		}
		// At any threshold: fewer of each, Euler's characteristic the same.
		for _, threshold := range []float64{1.5, 4.5, 20} {
			simple, pruned := NewMorseSmale(s, threshold), NewContourTree(s, threshold)
			left := 0
			for _, p := range simple.Saddles {
				left += p.Multiplicity
			}
			deep := 0
			for _, e := range m.Minima {
				if e.Persistence >= threshold {
					deep++
				}
			}
			if len(simple.Minima)-left+len(simple.Maxima) != 1 || len(simple.Minima) != deep || len(pruned.Arcs) != len(pruned.Nodes)-1 {
				t.Fatalf("round %d at threshold %v: %v\n%v", round, threshold, simple, pruned)
			}
		}
		// Another scale with the same order changes nothing but the losses.
		bent := make([]float64, len(values))
		for i, v := range values {
			bent[i] = math.Exp(v/10) - 40
		}
		other, otherTree := NewMorseSmale(table(nx, ny, bent), 0), NewContourTree(table(nx, ny, bent), 0)
		place := func(m *MorseSmale, labels [][]int, of []Extremum) (out [][2]float64) {
			for _, row := range labels {
				for _, k := range row {
					if k < 0 {
						out = append(out, [2]float64{-1, -1})
					} else {
						out = append(out, [2]float64{of[k].A, of[k].B})
					}
				}
			}
			return out
		}
		if !slices.Equal(place(m, m.Minimum, m.Minima), place(other, other.Minimum, other.Minima)) || !slices.Equal(place(m, m.Maximum, m.Maxima), place(other, other.Maximum, other.Maxima)) ||
			!slices.Equal(c.Arcs, otherTree.Arcs) {
			t.Fatalf("round %d: exp changes the complex", round)
		}
	}
}

func TestMorseSmaleOfPlateaus(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 4))
	for range 100 {
		nx, ny := 2+rng.IntN(7), 2+rng.IntN(7)
		values := make([]float64, nx*ny)
		for i := range values {
			values[i] = float64(rng.IntN(4))
		}
		s := table(nx, ny, values)
		m, c := NewMorseSmale(s, 0), NewContourTree(s, 0)
		many := 0
		for _, p := range m.Saddles {
			many += p.Multiplicity
		}
		if len(m.Minima)-many+len(m.Maxima) != 1 || len(c.Arcs) != len(c.Nodes)-1 {
			t.Fatalf("%v: %v\n%v", values, m, c)
		}
	}
	constant := table(4, 5, make([]float64, 20))
	if m, c := NewMorseSmale(constant, 0), NewContourTree(constant, 0); len(m.Minima) != 1 || len(m.Saddles)+len(m.Maxima) != 0 || len(c.Nodes) != 2 {
		t.Errorf("a plain: %v\n%v", m, c)
	} else if _, err := c.MIMEBundle(); err != nil {
		t.Errorf("a plain: %v", err)
	}
}

func TestComplexesRefuse(t *testing.T) {
	values := []float64{1, 2, 3, 4, math.NaN(), 6, 7, 8, 9}
	for what, s := range map[string]*Surface{
		"no surface": nil,
		"a hole":     table(3, 3, values),
		"a line":     table(1, 9, make([]float64, 9)),
	} {
		if NewMorseSmale(s, 0).Err() == nil || NewContourTree(s, 0).Err() == nil {
			t.Errorf("%s: no error", what)
		}
	}
	whole := table(3, 3, make([]float64, 9))
	if NewMorseSmale(whole, -1).Err() == nil || NewContourTree(whole, math.NaN()).Err() == nil {
		t.Error("a bad threshold: no error")
	}
}

func TestSMAD(t *testing.T) {
	// Three pits in a valley: 0, 3 and 1, with sills of 5 (joins 3 to 0) and 8 (joins 1 to both).
	s := table(1, 7, []float64{9, 0, 5, 3, 8, 1, 9})
	mean, weighted := NewMergeTree(s, 0).SMAD()
	if want := (5.0 + 2 + 7) / 3; math.Abs(mean-want) > 1e-12 {
		t.Errorf("mean distance %v, want %v", mean, want)
	}
	// 9, 0, 5 run into the first pit, 3 and 8's lowest neighbour is 1.
	if want := (5*3.0 + 2*1 + 7*3) / 7 / 3; math.Abs(weighted-want) > 1e-12 {
		t.Errorf("weighted %v, want %v", weighted, want)
	}
	if mean, weighted := NewMergeTree(table(1, 4, []float64{3, 1, 2, 5}), 0).SMAD(); mean != 0 || weighted != 0 {
		t.Errorf("a single basin: %v, %v", mean, weighted)
	}
	if mean, _ := NewMergeTree(nil, 0).SMAD(); !math.IsNaN(mean) {
		t.Errorf("no surface: %v", mean)
	}
}

// Below every level, the profile has parts of the same sizes as the surface.
func TestProfile(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 5))
	sizes := func(s *Surface, level float64) (out []int) {
		nx, ny := len(s.X), len(s.Y)
		seen := map[int]bool{}
		var visit func(p int) int
		visit = func(p int) int {
			if seen[p] || !(s.Z[p/ny][p%ny] <= level) {
				return 0
			}
			seen[p] = true
			n := 1
			for _, q := range (mesh{nx: nx, ny: ny, steps: neighbours[:]}).around(p) {
				n += visit(q)
			}
			return n
		}
		for p := range nx * ny {
			if n := visit(p); n > 0 {
				out = append(out, n)
			}
		}
		slices.Sort(out)
		return out
	}
	compared := 0
	for range 80 {
		nx, ny := 1+rng.IntN(8), 2+rng.IntN(7)
		values := make([]float64, nx*ny)
		for i := range values {
			values[i] = float64(rng.IntN(30))
			if rng.IntN(10) == 0 {
				values[i] = math.Inf(1)
			}
		}
		s := table(nx, ny, values)
		m := NewMergeTree(s, 0)
		if m.Err() != nil {
			continue // only holes
		}
		profile := m.Profile()
		line := table(1, len(profile), profile)
		finites, places := 0, 0
		for _, v := range values {
			if finite(v) {
				finites++
			}
		}
		for _, v := range profile {
			if finite(v) {
				places++
			}
		}
		exact := places == finites // no point joins three parts
		if exact {
			compared++
		}
		if places < finites {
			t.Fatalf("%v: a profile of %d points", values, places)
		}
		for level := range 31 {
			got, want := sizes(line, float64(level)), sizes(s, float64(level))
			if len(got) != len(want) || exact && !slices.Equal(got, want) {
				t.Fatalf("%v below %d: parts of %v points, the surface's of %v", values, level, got, want)
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d profiles have the surface's points", compared)
	}
	m := NewMergeTree(Slice(Himmelblau(), flat(), Square(5, 41), Quiet()), 0)
	if f := m.ProfileFigure(); f.Err() != nil || len(f.Curves[0].Y) != 41*41 {
		t.Errorf("not drawn: %v", f.Err())
	}
	if NewMergeTree(nil, 0).Profile() != nil {
		t.Error("no surface has a profile")
	}
}
