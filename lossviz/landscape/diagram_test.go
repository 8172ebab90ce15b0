package landscape

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// randomDiagram has up to most bars with ends among a few numbers, so that there are ties.
func randomDiagram(rng *rand.Rand, most, endless int) *Diagram {
	var bars []Bar
	for range rng.IntN(most + 1) {
		b := float64(rng.IntN(12)) / 4
		bars = append(bars, Bar{b, b + float64(rng.IntN(12))/4})
	}
	for range endless {
		bars = append(bars, Bar{float64(rng.IntN(12)) / 4, math.Inf(1)})
	}
	return NewDiagram(bars...)
}

func distance(t *testing.T, a, b *Diagram) float64 {
	t.Helper()
	d, err := Bottleneck(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// bruteBottleneck tries all matchings, by the definition.
func bruteBottleneck(a, b []Bar) float64 {
	if len(a) == 0 {
		worst := 0.0
		for _, x := range b {
			worst = max(worst, (x.Death-x.Birth)/2)
		}
		return worst
	}
	best := max((a[0].Death-a[0].Birth)/2, bruteBottleneck(a[1:], b))
	for k := range b {
		end := 0.0
		if a[0].Death != b[k].Death { // two infinities are equal
			end = math.Abs(a[0].Death - b[k].Death)
		}
		rest := append(append([]Bar(nil), b[:k]...), b[k+1:]...)
		best = min(best, max(math.Abs(a[0].Birth-b[k].Birth), end, bruteBottleneck(a[1:], rest)))
	}
	return best
}

func TestBottleneckIsTheBestMatching(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 400 {
		a, b := randomDiagram(rng, 4, rng.IntN(3)), randomDiagram(rng, 4, rng.IntN(3))
		if got, want := distance(t, a, b), bruteBottleneck(a.Bars, b.Bars); got != want {
			t.Fatalf("%v and %v: %v, the best of all matchings is %v", a.Bars, b.Bars, got, want)
		}
	}
}

func TestBottleneckIsAMetric(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	for range 200 {
		a, b, c := randomDiagram(rng, 30, 1), randomDiagram(rng, 30, 1), randomDiagram(rng, 30, 1)
		ab, bc, ac := distance(t, a, b), distance(t, b, c), distance(t, a, c)
		if ba := distance(t, b, a); ab != ba {
			t.Fatalf("%v one way, %v the other", ab, ba)
		}
		if ac > ab+bc {
			t.Fatalf("%v is more than the detour %v + %v", ac, ab, bc)
		}
		if d := distance(t, a, a); d != 0 {
			t.Fatalf("%v from itself", d)
		}
		shuffled := append([]Bar(nil), a.Bars...)
		rng.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
		// Bars of length 0 are nothing.
		if d := distance(t, a, NewDiagram(append(shuffled, Bar{2, 2})...)); d != 0 {
			t.Fatalf("%v from itself in another order, with an empty bar", d)
		}
	}
}

// No surface moves farther in the diagram than its losses do.
func TestBottleneckIsStable(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for n := range 40 {
		nx, ny := 2+rng.IntN(12), 2+rng.IntN(12)
		f, g := make([]float64, nx*ny), make([]float64, nx*ny)
		most := 0.0
		for i := range f {
			f[i] = rng.NormFloat64()
			g[i] = f[i] + rng.NormFloat64()*float64(n)/40
			most = max(most, math.Abs(f[i]-g[i]))
			if rng.IntN(15) == 0 { // the same holes
				f[i], g[i] = math.NaN(), math.NaN()
			}
		}
		tree := func(z []float64) *MergeTree {
			return NewMergeTree(Slice(Func(2, func(x []float64) float64 { return z[int(x[0])*ny+int(x[1])] }), flat(), Rectangle(0, float64(nx-1), nx, 0, float64(ny-1), ny), Quiet()), 0)
		}
		a, b := tree(f), tree(g)
		if a.Err() != nil {
			continue // only holes
		}
		d := distance(t, a.Diagram(), b.Diagram())
		if d > most {
			t.Fatalf("the diagrams differ by %v, the losses by at most %v", d, most)
		}
		if shift := distance(t, a.Diagram().Depths(), a.Diagram().Depths()); shift != 0 {
			t.Fatalf("depths differ by %v from themselves", shift)
		}
	}
	// A shift moves everything by itself, and no depth.
	s := NewMergeTree(Slice(Himmelblau(), flat(), Square(5, 41), Quiet()), 0)
	shifted := NewMergeTree(Slice(Func(2, func(x []float64) float64 { return Himmelblau().Value(x) + 8 }), flat(), Square(5, 41), Quiet()), 0)
	if d := distance(t, s.Diagram(), shifted.Diagram()); math.Abs(d-8) > 1e-12 {
		t.Errorf("shifted by 8: distance %v", d)
	}
	if d := distance(t, s.Diagram().Depths(), shifted.Diagram().Depths()); d > 1e-12 {
		t.Errorf("shifted by 8: distance of the depths %v", d)
	}
}

func TestBottleneckOfOddDiagrams(t *testing.T) {
	inf := math.Inf(1)
	none := NewDiagram()
	for name, c := range map[string]struct {
		a, b *Diagram
		want float64
	}{
		"both empty":            {none, none, 0},
		"one empty":             {none, NewDiagram(Bar{1, 4}, Bar{0, 1}), 1.5},
		"one endless":           {none, NewDiagram(Bar{1, inf}), inf},
		"endless, other births": {NewDiagram(Bar{1, inf}, Bar{5, inf}), NewDiagram(Bar{5.5, inf}, Bar{1.25, inf}), 0.5},
		"huge":                  {NewDiagram(Bar{-math.MaxFloat64, math.MaxFloat64}), none, math.MaxFloat64},
		"far apart":             {NewDiagram(Bar{-math.MaxFloat64, -math.MaxFloat64}), NewDiagram(Bar{1e308, math.MaxFloat64}), math.MaxFloat64/2 - 1e308/2},
		"tiny":                  {NewDiagram(Bar{0, 5e-324}), NewDiagram(Bar{0, 5e-324}), 0},
	} {
		if got := distance(t, c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	nan := math.NaN()
	for _, bad := range []*Diagram{
		nil, NewDiagram(Bar{nan, 1}), NewDiagram(Bar{0, nan}), NewDiagram(Bar{-inf, 0}), NewDiagram(Bar{0, -inf}), NewDiagram(Bar{2, 1}), NewDiagram(Bar{inf, inf}),
		{Bars: []Bar{{2, 1}}}, NewMergeTree(nil, 0).Diagram(), (*Volume)(nil).Diagram(0), NewMergeTree(nil, 0).Diagram().Depths(),
	} {
		if d, err := Bottleneck(bad, none); err == nil || !math.IsNaN(d) {
			t.Errorf("%v: distance %v, error %v", bad, d, err)
		}
		if _, err := Bottleneck(none, bad); err == nil {
			t.Errorf("%v as the second: no error", bad)
		}
		_, _ = bad.Figure(), bad.String()
	}
	// Many equal bars: the search for partners must not take for ever.
	var many []Bar
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1500 {
		many = append(many, Bar{rng.Float64(), 1 + rng.Float64()})
	}
	if d := distance(t, NewDiagram(many...), NewDiagram(many[1:]...)); !(d > 0 && d < 0.6) {
		t.Errorf("without one of 1,500 bars: distance %v", d)
	}
}

// Against GUDHI, as Landscaper calls it; see testdata/make_bottleneck.py.
func TestBottleneckAgainstGUDHI(t *testing.T) {
	text, err := os.ReadFile("testdata/bottleneck.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		A, B               [][]float64
		EndlessA, EndlessB []float64
		Distance, Depths   float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	diagram := func(bars [][]float64, endless []float64) *Diagram {
		var out []Bar
		for _, b := range bars {
			out = append(out, Bar{b[0], b[1]})
		}
		for _, b := range endless {
			out = append(out, Bar{b, math.Inf(1)})
		}
		return NewDiagram(out...)
	}
	for i, c := range cases {
		if got := distance(t, diagram(c.A, c.EndlessA), diagram(c.B, c.EndlessB)); math.Abs(got-c.Distance) > 1e-12 {
			t.Errorf("case %d: %v, GUDHI has %v", i, got, c.Distance)
		}
		if got := distance(t, diagram(c.A, nil).Depths(), diagram(c.B, nil).Depths()); math.Abs(got-c.Depths) > 1e-12 {
			t.Errorf("case %d: distance of the depths %v, Landscaper has %v", i, got, c.Depths)
		}
	}
}

func TestDiagramShows(t *testing.T) {
	d := NewMergeTree(Slice(Himmelblau(), flat(), Square(5, 41), Quiet()), 0).Diagram()
	for _, d := range []*Diagram{d, NewDiagram(), NewDiagram(Bar{1, math.Inf(1)}), NewDiagram(Bar{1, 1})} {
		b, err := d.MIMEBundle()
		if err != nil || b["text/plain"] == "" {
			t.Errorf("%v: %v", d, err)
		}
	}
}
