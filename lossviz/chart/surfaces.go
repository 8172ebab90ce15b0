package chart

import (
	"fmt"
	"math"
)

// The figures that are fields of values.

// sheet of a Surface: the surface, and beside it its contour.
func (f Surface) sheet() (*sheet, error) {
	g, err := newField("Surface", f.X, f.Y, f.Z, [3]string{f.XName, f.YName, f.ZName}, f.Paths, f.Points, f.Log)
	if err != nil {
		return nil, err
	}
	s := &sheet{title: f.Title, caption: join(f.Caption, g.note), words: g.spell("Surface"), panels: []panel{&surfaceView{f: g, w: 540, h: 420}}}
	if !f.NoContour {
		s.panels = append(s.panels, contourOf(g, 428, 420))
	}
	return s, nil
}

// contourOf is a panel of about w x h pixels. Where both axes have one length, it is square: in a plane of
// orthogonal directions of one scale, angles are what they are.
func contourOf(g *field, w, h float64) *contourView {
	v := &contourView{f: g, w: w, h: h, bar: true}
	dx, dy := g.x[len(g.x)-1]-g.x[0], g.y[len(g.y)-1]-g.y[0]
	if math.Abs(dx-dy) < 1e-6*dx {
		for range 2 { // the legend's rows depend on the width
			left, top, right, bottom := v.margins()
			v.w = left + right + v.h - top - bottom
		}
	}
	return v
}

func (f Contour) sheet() (*sheet, error) {
	g, err := newField("Contour", f.X, f.Y, f.Z, [3]string{f.XName, f.YName, f.ZName}, f.Paths, f.Points, f.Log)
	if err != nil {
		return nil, err
	}
	g.lines = f.Lines
	return &sheet{title: f.Title, caption: join(f.Caption, g.note), words: g.spell("Contour"), panels: []panel{contourOf(g, 560, 480)}}, nil
}

// sheet of several surfaces: the same heights and colours for all.
func (f Surfaces) sheet() (*sheet, error) {
	if len(f.Items) == 0 {
		return nil, fmt.Errorf("chart: Surfaces has no surfaces")
	}
	s := &sheet{title: f.Title, caption: f.Caption}
	var fields []*field
	lo, hi := math.Inf(1), math.Inf(-1)
	log := false
	for i, item := range f.Items {
		g, err := newField(fmt.Sprintf("surface %d", i+1), item.X, item.Y, item.Z, [3]string{item.XName, item.YName, item.ZName}, item.Paths, item.Points, item.Log)
		if err != nil {
			return nil, err
		}
		l, h, _ := finiteRange(false, g.z...)
		lo, hi, log = min(lo, l), max(hi, h), log || item.Log
		fields = append(fields, g)
	}
	w := 470.0
	if len(fields) > 2 {
		w = 380
	}
	for i, g := range fields {
		g.setRange(lo, hi)
		g.useLog = log && g.log != nil
		head := brief(f.Items[i].Title, 48)
		s.panels = append(s.panels, &surfaceView{f: g, w: w, h: w * 0.86, head: head})
		what := "Surface"
		if head != "" {
			what = head + ": surface"
		}
		s.words, s.caption = join(s.words, g.spell(what)), join(s.caption, g.note)
	}
	return s, nil
}

func (f RatioMap) sheet() (*sheet, error) {
	g, err := newField("RatioMap", f.X, f.Y, f.Ratio, [3]string{f.XName, f.YName, "|λmin/λmax|"}, f.Paths, f.Points, false)
	if err != nil {
		return nil, err
	}
	_, hi, _ := finiteRange(false, g.z...)
	g.setRange(0, max(hi, 1e-12))
	g.log = nil
	return &sheet{title: f.Title, caption: join(f.Caption, g.note), words: g.spell("Ratio map"), panels: []panel{contourOf(g, 580, 480)}}, nil
}

func (f Decision) sheet() (*sheet, error) {
	if len(f.PointX) != len(f.PointY) || len(f.PointX) != len(f.Class) {
		return nil, fmt.Errorf("chart: Decision: %d x, %d y and %d classes of points do not belong together", len(f.PointX), len(f.PointY), len(f.Class))
	}
	classes := f.Classes
	if len(classes) == 0 {
		classes = []string{"class 0", "class 1"}
	}
	names := [3]string{f.XName, f.YName, "P(" + classes[len(classes)-1] + ")"}
	for i, def := range []string{"x1", "x2"} {
		if names[i] == "" {
			names[i] = def
		}
	}
	if len(classes) > 2 {
		names[2] = "class"
	}
	g, err := newField("Decision", f.X, f.Y, f.P, names, nil, nil, false)
	if err != nil {
		return nil, err
	}
	g.setRange(0, float64(max(len(classes), 2)-1))
	g.log, g.wash = nil, 0.45
	g.nearest = len(classes) > 2
	g.only = []float64{0.5}
	for c := 1; c+1 < len(classes); c++ {
		g.only = append(g.only, float64(c)+0.5)
	}
	v := &contourView{f: g, w: 580, h: 460, bar: true}
	for _, c := range classes {
		v.classes = append(v.classes, brief(c, 16))
	}
	for i := range f.PointX {
		if f.Class[i] < 0 || f.Class[i] >= len(classes) {
			return nil, fmt.Errorf("chart: Decision: point %d has class %d, there are classes 0 to %d", i, f.Class[i], len(classes)-1)
		}
		v.dots = append(v.dots, dot{f.PointX[i], f.PointY[i], f.Class[i]})
	}
	right, n := 0, 0
	for _, d := range v.dots {
		if p := g.at(d.x, d.y); !math.IsNaN(p) {
			n++
			if int(math.Round(p)) == d.class {
				right++
			}
		}
	}
	words := f.share(classes)
	if len(v.dots) > 0 {
		words = fmt.Sprintf("Decision regions of %d classes with %d points, %d of the %d in view on the side of their class.", len(classes), len(v.dots), right, n)
	}
	return &sheet{title: f.Title, caption: join(f.Caption, g.note), words: words, panels: []panel{v}}, nil
}

// share says how much of the grid is of each class.
func (f Decision) share(classes []string) string {
	count, all := make([]int, len(classes)), 0
	for _, row := range f.P {
		for _, p := range row {
			if k := math.Round(p); k >= 0 && k < float64(len(classes)) {
				count[int(k)]++
				all++
			}
		}
	}
	words := ""
	for k, name := range classes {
		words = join(words, fmt.Sprintf("%s: %d of %d grid points.", name, count[k], all))
	}
	return words
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
