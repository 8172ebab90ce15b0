package chart

import (
	"math"
	"testing"
)

// Words at points hide neither curves, nor each other, nor the axes, where there is room that is free.
func TestWordsHideNothing(t *testing.T) {
	var alpha, bump, fall []float64
	for i := range 101 {
		a := -0.5 + float64(i)/50
		alpha, bump, fall = append(alpha, a), append(bump, 0.2+0.6*math.Exp(-16*(a-0.5)*(a-0.5))+0.35*(a-0.5)*(a-0.5)), append(fall, 0.6*math.Exp(-3*a)+0.001)
	}
	for name, f := range map[string]Interpolation{
		"a bump":    {Alpha: alpha, Train: bump, Ends: [2]string{"minimum A", "minimum B"}, Bulge: &Bulge{A: 0, B: 1, T: 0.5, LossA: bump[25], LossB: bump[75], LossT: bump[50]}},
		"a low end": {Alpha: alpha, Train: fall, NoChord: true},
	} {
		s, err := f.sheet()
		if err != nil {
			t.Fatal(err)
		}
		v := s.panels[0].(*plotView)
		w, h, to := v.area()
		var boxes []rectangle
		for _, n := range v.placed() {
			if n.text == "" {
				continue
			}
			r := v.box(n, *n.spot)
			if r.x0 < -8 || r.x1 > w+14 || r.y1 > h {
				t.Errorf("%s: %q covers an axis: %+v in %g x %g", name, n.text, r, w, h)
			}
			if c := v.crossed(r, to); c > 4 {
				t.Errorf("%s: %q covers %.0f pixels of curves", name, n.text, 4*c)
			}
			for _, q := range boxes {
				if r.meets(q) {
					t.Errorf("%s: %q covers another word", name, n.text)
				}
			}
			boxes = append(boxes, r)
		}
		if len(boxes) < 2 {
			t.Errorf("%s: there are %d words", name, len(boxes))
		}
	}
}
