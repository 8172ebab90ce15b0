package chart

import (
	"fmt"
	"math"
)

// sheet of a Surface: the surface, and beside it its contour.
func (f Surface) sheet() (*sheet, error) {
	g, err := newField("Surface", f.X, f.Y, f.Z, [3]string{f.XName, f.YName, f.ZName}, f.Paths, f.Points, f.Log)
	if err != nil {
		return nil, err
	}
	s := &sheet{title: f.Title, caption: join(f.Caption, g.note), words: g.spell("Surface"), panels: []panel{&surfaceView{f: g, w: 540, h: 420}}}
	if !f.NoContour {
		s.panels = append(s.panels, &contourView{f: g, w: 428, h: 420, bar: true})
	}
	return s, nil
}

func (f Contour) sheet() (*sheet, error) {
	g, err := newField("Contour", f.X, f.Y, f.Z, [3]string{f.XName, f.YName, f.ZName}, f.Paths, f.Points, f.Log)
	if err != nil {
		return nil, err
	}
	g.lines = f.Lines
	return &sheet{title: f.Title, caption: join(f.Caption, g.note), words: g.spell("Contour"), panels: []panel{&contourView{f: g, w: 560, h: 480, bar: true}}}, nil
}

// join puts sentences together.
func join(parts ...string) string {
	out := ""
	for _, p := range parts {
		if p != "" && out != "" {
			out += " "
		}
		out += p
	}
	return out
}

// spell says a field's numbers in words.
func (f *field) spell(what string) string {
	lo, hi, bi, bj := math.Inf(1), math.Inf(-1), 0, 0
	for i, row := range f.z {
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			if v < lo {
				lo, bi, bj = v, i, j
			}
			hi = max(hi, v)
		}
	}
	n, m := len(f.x)-1, len(f.y)-1
	return fmt.Sprintf("%s of %s over %s from %s to %s and %s from %s to %s: lowest %s at (%s, %s), highest %s.", what, f.names[2],
		f.names[0], number(f.x[0], 3), number(f.x[n], 3), f.names[1], number(f.y[0], 3), number(f.y[m], 3),
		number(lo, 4), number(f.x[bj], 3), number(f.y[bi], 3), number(hi, 4))
}
