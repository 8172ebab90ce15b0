package chart

import (
	"image/color"
	"math"
)

// contourView is a panel: a field seen from above, with a colour bar.
type contourView struct {
	f    *field
	w, h float64
	head string
	bar  bool // draw the colour bar
	// data points, for decision boundaries
	dots []dot
	// where the axes' names and ticks differ from a loss: colour classes
	classes []string
}

type dot struct {
	x, y  float64
	class int
}

func (v *contourView) size() (float64, float64) { return v.w, v.h }

// margins of the plot area within the panel, the same in figure.js.
func (v *contourView) margins() (left, top, right, bottom float64) {
	left, top, right, bottom = 58, 34, 14, 46
	if v.bar {
		right = v.barRoom()
	}
	switch l := v.legend(); {
	case l.y > 0 && v.head != "":
		top += l.y + 16
	case l.y > 0:
		top += l.y
	case len(l.rows) > 0:
		top += 20
	}
	return
}

// barRoom is the width of the colour scale and what is written beside it, on either of its scales.
func (v *contourView) barRoom() float64 {
	f, room := face{size: 12}, 78.0
	words := v.f.lin.labels()
	if v.f.log != nil {
		words = append(words, v.f.log.labels()...)
	}
	if len(v.classes) > 2 {
		words = v.classes
	}
	for _, s := range words {
		room = max(room, 16+21+wider*f.width(s)+3)
	}
	return room
}

// legend names the paths, clear of the names of the upright axis and of the colour scale.
func (v *contourView) legend() legend {
	const left = 58 // as in margins
	right := 14.0
	if v.bar {
		right = v.barRoom()
	}
	w, strong := v.w-left-right, face{size: 13, bold: true}
	free := w - 12 - max(0, wider*strong.width(v.f.names[1])-40)
	if wider*strong.width(v.f.scale().title()) > right-2 { // it comes in over the plot area
		free = 0
	}
	return newLegend(v.f.legend(), free, 0.8*(w+40)) // a narrow page makes the panel smaller
}

func (v *contourView) paint(p pen) {
	f := v.f
	left, top, right, bottom := v.margins()
	w, h := v.w-left-right, v.h-top-bottom
	n, m := len(f.x)-1, len(f.y)-1
	xs, ys := f.axes()
	in := p.at(left, top)
	to := func(q pt) pt { return pt{xs.at(q.x) * w, (1 - ys.at(q.y)) * h} }

	s := f.scale()
	if !f.lines {
		in.image(f.colors(int(w*p.dpr), int(h*p.dpr), false), 0, 0, w, h)
	}
	for _, level := range f.levels(s) {
		if f.only != nil {
			in.segments(ink, 1.8, f.levelLine(level), to)
		} else if f.lines {
			line := f.levelLine(level)
			if s.at(level) > 0.7 { // a rim where the colour is like the paper
				in.segments(color.NRGBA{ink.R, ink.G, ink.B, 0x80}, 2.8, line, to)
			}
			in.segments(rampAt(s.at(level)), 1.6, line, to)
		} else {
			in.segments(f.levelColor(level), 0.8, f.levelLine(level), to)
		}
	}
	v.paintDots(in, w, h, to)
	for k, path := range f.paths {
		paintFlatPath(in, path, pathColor(k), to)
	}
	var marks []mark
	for _, q := range f.points {
		if q.X >= f.x[0] && q.X <= f.x[n] && q.Y >= f.y[0] && q.Y <= f.y[m] {
			symbol(in, q.Kind, to(pt{q.X, q.Y}), false)
			marks = append(marks, mark{to(pt{q.X, q.Y}), q.Name, ink})
		}
	}
	paintMarks(in, marks, w, h)
	paintAxes(in, w, h, xs, ys, false)
	if v.bar {
		v.paintBar(p.at(v.w-right+16, top), h)
	}
	v.legend().paint(p.at(left, top), -19, w)
	if v.head != "" {
		p.text(v.head, face{size: 13, bold: true}, ink, pt{left + w/2, 4}, 0.5, 0, false)
	}
}

// mark is a point with its name in a picture.
type mark struct {
	at    pt
	name  string
	color color.RGBA
}

// paintMarks writes each point's name above it or, where that would hide another point or its name, below it or beside
// it. Names stay within w x h pixels. figure.js does the same.
func paintMarks(p pen, marks []mark, w, h float64) {
	f := face{size: 12, bold: true}
	for i, r := range markBoxes(marks, w, h) {
		if marks[i].name != "" {
			p.halo(marks[i].name, f, marks[i].color, pt{r.x0, r.y0}, 0, 0)
		}
	}
}

func markBoxes(marks []mark, w, h float64) []rectangle {
	f := face{size: 12, bold: true}
	boxes := make([]rectangle, len(marks))
	for i, m := range marks {
		if m.name == "" {
			continue
		}
		wide := f.width(m.name)
		spots := []rectangle{{x0: m.at.x - wide/2, y0: m.at.y - 9 - f.size}, {x0: m.at.x - wide/2, y0: m.at.y + 9}, {x0: m.at.x + 11, y0: m.at.y - f.size/2}, {x0: m.at.x - 11 - wide, y0: m.at.y - f.size/2}}
		for k, r := range spots {
			if k < 2 {
				r.x0 = min(max(r.x0, 2), w-wide-2)
			}
			r.x1, r.y1 = r.x0+wide, r.y0+f.size
			free := r.x0 >= 0 && r.x1 <= w && r.y0 >= 0 && r.y1 <= h
			for j, o := range marks {
				free = free && (j == i || !r.meets(rectangle{o.at.x - 7, o.at.y - 7, o.at.x + 7, o.at.y + 7}))
				free = free && (j >= i || !r.meets(boxes[j]))
			}
			if k == 0 || free {
				boxes[i] = r
			}
			if free {
				break
			}
		}
	}
	return boxes
}

func (v *contourView) paintDots(p pen, w, h float64, to func(pt) pt) {
	for _, d := range v.dots {
		at := to(pt{d.x, d.y})
		if at.x < 0 || at.x > w || at.y < 0 || at.y > h {
			continue
		}
		p.disc(ink, at, 3.9)
		p.disc(classColor(d.class, len(v.classes)), at, 2.9)
	}
}

// classColor is the ramp's colour of a class: with two classes that of the probabilities 0 and 1.
func classColor(class, classes int) color.RGBA {
	if classes < 2 {
		classes = 2
	}
	return rampAt(float64(class) / float64(classes-1))
}

// paintFlatPath draws a path with a dark rim, arrows that show its direction, and a dot at its start.
func paintFlatPath(p pen, path Path, col color.RGBA, to func(pt) pt) {
	var run []pt
	for i := range path.X {
		if math.IsNaN(path.X[i]) {
			strokePath(p, run, col)
			run = run[:0]
			continue
		}
		run = append(run, to(pt{path.X[i], path.Y[i]}))
	}
	strokePath(p, run, col)
}

func strokePath(p pen, run []pt, col color.RGBA) {
	if len(run) < 2 {
		return
	}
	p.line(ink, 4, nil, run...)
	p.line(col, 2.2, nil, run...)
	total := 0.0
	for i := 1; i < len(run); i++ {
		total += math.Hypot(run[i].x-run[i-1].x, run[i].y-run[i-1].y)
	}
	// Arrows at a third, two thirds and the end.
	walked, next := 0.0, 1
	for i := 1; i < len(run) && next <= 3; i++ {
		dx, dy := run[i].x-run[i-1].x, run[i].y-run[i-1].y
		step := math.Hypot(dx, dy)
		walked += step
		if step == 0 || walked < total*float64(next)/3*(1-1e-9) {
			continue
		}
		for walked >= total*float64(next)/3*(1-1e-9) && next <= 3 {
			next++
		}
		dx, dy = dx/step, dy/step
		tip := run[i]
		for _, a := range []struct {
			c color.RGBA
			r float64
		}{{ink, 8}, {col, 5.5}} {
			q := pt{tip.x + dx*a.r*0.5, tip.y + dy*a.r*0.5}
			p.fill(a.c, q, pt{q.x - dx*a.r - dy*a.r*0.55, q.y - dy*a.r + dx*a.r*0.55}, pt{q.x - dx*a.r + dy*a.r*0.55, q.y - dy*a.r - dx*a.r*0.55})
		}
	}
	p.disc(ink, run[0], 4.2)
	p.disc(col, run[0], 2.8)
}

// legend names the paths where there are names.
func (f *field) legend() []entry {
	var out []entry
	for k, p := range f.paths {
		if p.Name != "" {
			out = append(out, entry{name: p.Name, color: pathColor(k), rimmed: true})
		}
	}
	return out
}

// paintBar draws the colour scale with its ticks, p at its upper left corner.
func (v *contourView) paintBar(p pen, h float64) {
	s := v.f.scale()
	if len(v.classes) > 2 { // patches instead of a scale
		for c, name := range v.classes {
			p.rect(classColor(c, len(v.classes)), 0, float64(c)*20, 12, 12)
			p.text(name, face{size: 12}, inkSoft, pt{17, float64(c)*20 + 6}, 0, 0.5, false)
		}
		return
	}
	const steps = 128
	for k := range steps {
		t := (float64(k) + 0.5) / steps
		p.rect(rampAt(t), 0, h*(1-float64(k+1)/steps)-0.3, 14, h/steps+0.6)
	}
	for k, t := range s.ticks {
		y := h * (1 - s.at(t))
		p.line(frame, 1, nil, pt{14, y}, pt{18, y})
		p.text(s.labels()[k], face{size: 12}, inkSoft, pt{21, y}, 0, 0.5, false)
	}
	name := s.title()
	strong := face{size: 13, bold: true}
	p.text(name, strong, ink, pt{min(0, 60-strong.width(name)), -9}, 0, 1, false)
}
