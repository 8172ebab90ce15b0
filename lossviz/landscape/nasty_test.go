package landscape

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
)

// nasty are surfaces that nobody wants, on grids down to a single point.
func nasty() map[string]*Surface {
	nan, inf := math.NaN(), math.Inf(1)
	out := map[string]*Surface{}
	for _, size := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {1, 5}, {5, 1}, {2, 2}, {3, 3}, {5, 7}} {
		nx, ny := size[0], size[1]
		for name, f := range map[string]func(i, j int) float64{
			"constant":      func(i, j int) float64 { return 1 },
			"zero":          func(i, j int) float64 { return 0 },
			"NaN":           func(i, j int) float64 { return nan },
			"infinite":      func(i, j int) float64 { return -inf },
			"holes":         func(i, j int) float64 { return []float64{nan, inf, -inf, 1, 2}[(i*3+j)%5] },
			"huge":          func(i, j int) float64 { return []float64{math.MaxFloat64, -math.MaxFloat64}[(i+j)%2] },
			"tiny":          func(i, j int) float64 { return []float64{5e-324, 0}[(i+j)%2] },
			"checkerboard":  func(i, j int) float64 { return float64((i + j) % 2) },
			"plateaus":      func(i, j int) float64 { return float64(i % 2) },
			"equal minima":  func(i, j int) float64 { return math.Abs(float64(i-1)) * math.Abs(float64(i-3)) },
			"negative zero": func(i, j int) float64 { return math.Copysign(0, float64(i%2)*2-1) },
		} {
			axis := func(n int) Axis { return Axis{From: 0, To: float64(n - 1), N: n} }
			obj := Func(2, func(x []float64) float64 { return f(int(x[0]), int(x[1])) })
			out[fmt.Sprintf("%s, %d x %d", name, nx, ny)] = Slice(obj, flat(), Grid{X: axis(nx), Y: axis(ny)}, Quiet())
		}
	}
	return out
}

// What the numbers of any surface must fulfil.
func TestNastySurfaces(t *testing.T) {
	dir := t.TempDir()
	for name, s := range nasty() {
		t.Run(name, func(t *testing.T) {
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
			values := slices.Concat(s.Z...)
			usable := ascending(values)
			nans, infs := s.Holes()
			if nans+infs+len(usable) != len(values) {
				t.Errorf("%d NaN, %d infinite and %d finite of %d", nans, infs, len(usable), len(values))
			}
			low, _, _ := s.Min()
			high, _, _ := s.Max()
			if len(usable) > 0 && (low != values[usable[0]] || high != values[usable[len(usable)-1]]) || len(usable) == 0 && !math.IsNaN(low+high) {
				t.Errorf("lowest %v, highest %v of %v", low, high, values)
			}
			for _, threshold := range []float64{0, 0.5, math.Inf(1)} {
				m := NewMergeTree(s, threshold)
				if (m.Err() == nil) != (len(usable) > 0) {
					t.Fatalf("merge tree of %v: %v", values, m.Err())
				}
				if m.Err() == nil {
					points := 0
					for _, b := range m.Basins {
						points += b.Points
					}
					mean, weighted := m.SMAD()
					if points != len(usable) || !(mean >= 0 && weighted >= 0 && weighted <= mean) || len(m.Profile()) < len(usable) {
						t.Errorf("threshold %v: %d points in basins, SMAD %v and %v, profile %v", threshold, points, mean, weighted, m.Profile())
					}
					if d, err := Bottleneck(m.Diagram(), m.Diagram()); d != 0 || err != nil {
						t.Errorf("the diagram is %v from itself (%v)", d, err)
					}
				}
				ms, ct := NewMorseSmale(s, threshold), NewContourTree(s, threshold)
				disk := len(s.X) > 1 && len(s.Y) > 1 && nans+infs == 0
				if (ms.Err() == nil) != disk || (ct.Err() == nil) != disk {
					t.Errorf("disk: %v, Morse-Smale complex: %v, contour tree: %v", disk, ms.Err(), ct.Err())
				}
				if disk {
					euler := len(ms.Minima) + len(ms.Maxima)
					for _, p := range ms.Saddles {
						euler -= p.Multiplicity
					}
					if euler != 1 || len(ct.Nodes) != len(ct.Arcs)+1 {
						t.Errorf("Euler characteristic %d; %d nodes, %d arcs", euler, len(ct.Nodes), len(ct.Arcs))
					}
				}
				_, _, _, _, _ = m.String(), m.Figure(), m.Surface().String(), ms.String(), ct.String()
			}
			f := NewFourier(s)
			if r := f.Roughness(0.5); f.Err() == nil && finite(f.Power()) && !(r >= 0 && r <= 1) {
				t.Errorf("roughness %v", r)
			}
			if !math.IsNaN(f.Roughness(math.NaN())) || f.Truncate(math.NaN()).Err() == nil {
				t.Error("a cut of NaN is taken")
			}
			for _, ext := range []string{".json", ".npz"} {
				path := filepath.Join(dir, "surface"+ext)
				if err := s.Save(path); err != nil {
					t.Fatal(err)
				}
				again := slices.Concat(Load(path).Z...)
				if !slices.EqualFunc(values, again, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }) {
					t.Errorf("%s: saved %v, loaded %v", ext, values, again)
				}
			}
			_, _, _ = s.String(), s.Interpolate(0, 0), s.With(nil, Points{{1, 2}}, Points{{1}}).String()
		})
	}
}

// Values that nothing made, and nil: each method says so or gives nothing, none panics.
func TestNothingDoesNotPanic(t *testing.T) {
	for name, s := range map[string]*Surface{"nil": nil, "empty": {}, "of an error": Slice(nil, nil, Grid{}, Quiet())} {
		low, _, _ := s.Min()
		high, _, _ := s.Max()
		nan, inf := s.Holes()
		if s.Err() == nil || !math.IsNaN(low+high+s.Interpolate(0, 0)) || nan+inf != 0 || s.Complete() || s.Finished(0, 0) {
			t.Errorf("surface, %s: %v, lowest %v, highest %v, %d holes", name, s.Err(), low, high, nan+inf)
		}
		for _, e := range []interface {
			Err() error
			String() string
		}{s.Titled("t"), s.Clip(1), s.LogScale(), s.Bind(Himmelblau()), s.With(Points{{1, 2}}), Merge(s), s.Plane(),
			NewMergeTree(s, 0), NewMorseSmale(s, 0), NewContourTree(s, 0), NewFourier(s), NewMergeTree(s, 0).Diagram(), NewMergeTree(s, 0).Surface()} {
			if e.Err() == nil || len(e.String()) < 10 {
				t.Errorf("surface, %s: %T has the error %v", name, e, e.Err())
			}
		}
		for what, show := range map[string]func() (map[string]any, error){
			"surface": s.MIMEBundle, "figure": s.Figure("").MIMEBundle, "contour": s.Contour("").MIMEBundle, "ratio": s.RatioMap().MIMEBundle, "side": SideBySide(s).MIMEBundle,
		} {
			if _, err := show(); err == nil {
				t.Errorf("surface, %s: the %s is shown", name, what)
			}
		}
		if s.Save(filepath.Join(t.TempDir(), "a.json")) == nil || s.WriteCSV(nil) == nil || s.WriteVTP(nil) == nil {
			t.Errorf("surface, %s: it is written", name)
		}
	}
	for name, c := range map[string]*Curve{"nil": nil, "empty": {}, "of an error": Along(nil, nil, nil, Quiet())} {
		low, _ := c.Min()
		high, _ := c.Barrier()
		nan, inf := c.Holes()
		_, bulges := c.Bulge()
		if c.Err() == nil || !math.IsNaN(low+high) || nan+inf != 0 || bulges || c.Finished(0) || len(c.String()) < 10 || c.Titled("t").Err() == nil {
			t.Errorf("curve, %s: %v", name, c)
		}
		_, err := c.MIMEBundle()
		_, err2 := c.Figure().MIMEBundle()
		_, err3 := c.Lines().MIMEBundle()
		if err == nil || err2 == nil || err3 == nil || c.Save("a.json") == nil || c.WriteCSV(nil) == nil {
			t.Errorf("curve, %s: it is shown or written (%v, %v, %v)", name, err, err2, err3)
		}
	}
	for name, p := range map[string]*MinimaPath{"nil": nil, "empty": {}, "of an error": NEB(nil, nil, nil)} {
		_, err := p.MIMEBundle()
		_, err2 := p.Figure().MIMEBundle()
		if p.Err() == nil || err == nil || err2 == nil || !math.IsNaN(p.Barrier()+p.StraightBarrier()) || len(p.String()) < 10 || p.Plane().Err() == nil || PCA(p).Err() == nil {
			t.Errorf("path, %s: %v, %v, %v", name, p, err, err2)
		}
		_ = p.Label()
	}
	for name, v := range map[string]*Volume{"nil": nil, "empty": {}, "of an error": Scan(nil, nil, nil, nil)} {
		if _, err := v.Basins(0); v.Err() == nil || err == nil || len(v.String()) < 10 || v.At(0) != nil || v.Index(0) != -1 {
			t.Errorf("volume, %s: %v", name, v)
		}
	}
	for _, e := range []interface {
		Err() error
		String() string
	}{&MergeTree{}, &MorseSmale{}, &ContourTree{}, &Fourier{}, (*Diagram)(nil), (*MergeTree)(nil), (*MorseSmale)(nil), (*ContourTree)(nil), (*Fourier)(nil)} {
		if e.Err() == nil || len(e.String()) < 10 {
			t.Errorf("%T: %v", e, e)
		}
	}
	s := Slice(Himmelblau(), flat(), Square(1, 3), Quiet())
	if s.Finished(-1, 0) || s.Finished(0, 3) || !s.Finished(2, 2) {
		t.Error("points outside the grid are finished, or the last one is not")
	}
}

func TestDegeneratePlanes(t *testing.T) {
	zero, x := Given("zero", []float64{0, 0}), Given("x", []float64{1, 0})
	for name, p := range map[string]*Plane{
		"a zero direction": NewPlane([]float64{0, 0}, zero, x), "parallel": NewPlane([]float64{0, 0}, x, x.Scale(-3)),
		"nil directions": NewPlane([]float64{0, 0}, nil, nil), "NaN origin": NewPlane([]float64{math.NaN(), 0}, x, x),
		"one point": Through([]float64{1, 2}, []float64{1, 2}, []float64{1, 2}), "no points": Through(nil, nil, nil), "PCA of one point": PCA(Points{{1, 2}, {1, 2}, {1, 2}}),
		"nil":           nil,
		"by hand, zero": {Origin: []float64{0, 0}, X: zero, Y: x}, "by hand, empty": {},
	} {
		a, b, d := p.Project([]float64{1, 1})
		if s := Slice(Himmelblau(), p, Square(1, 3), Quiet()); name != "by hand, zero" && (s.Err() == nil || !math.IsNaN(a+b+d)) {
			t.Errorf("%s: the slice has no error, (1, 1) is at %v, %v, %v away", name, a, b, d)
		}
		_, _, _ = p.String(), p.At(1, 1), p.Orthogonal().Err()
	}
}
