package chart

import (
	"fmt"
	"image/color"
	"math"
)

// lineView is a panel: curves over a pair of axes.
type lineView struct {
	w, h   float64
	xs, ys scale
	curves []drawn
	marks  []Mark
	alarm  *Bulge
}

// drawn is a curve with its colour.
type drawn struct {
	Curve
	color color.RGBA
}

// newLineView checks curves and chooses axes.
func newLineView(what string, w, h float64, x, y Axis, curves []Curve, marks []Mark) (*lineView, error) {
	v := &lineView{w: w, h: h, marks: marks}
	var xs, ys [][]float64
	for k, c := range curves {
		if len(c.X) != len(c.Y) {
			return nil, fmt.Errorf("chart: %s: curve %q has %d x and %d y values", what, c.Name, len(c.X), len(c.Y))
		}
		v.curves = append(v.curves, drawn{c, lineColors[k%len(lineColors)]})
		xs, ys = append(xs, c.X), append(ys, c.Y)
	}
	axis := func(a Axis, values [][]float64, loose bool) (scale, error) {
		lo, hi, ok := finiteRange(a.Log, values...)
		if !ok {
			return scale{}, fmt.Errorf("chart: %s has no finite value to draw", what)
		}
		if a.Min != 0 || a.Max != 0 {
			lo, hi, loose = a.Min, a.Max, false
		}
		return niceScale(a.Name, lo, hi, a.Log, loose, 5), nil
	}
	var err error
	if v.xs, err = axis(x, xs, false); err != nil {
		return nil, err
	}
	if v.ys, err = axis(y, ys, true); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *lineView) size() (float64, float64) { return v.w, v.h }

// area is the plot area within the panel.
func (v *lineView) area() (x, y, w, h float64) {
	left := 22.0
	for _, l := range v.ys.labels() {
		left = max(left, face{size: 12}.width(l)+22)
	}
	return left, 40, v.w - left - 18, v.h - 40 - 52
}

func (v *lineView) paint(p pen) {
	x, y, w, h := v.area()
	q := p.at(x, y)
	paintGrid(q, w, h, v.xs, v.ys)
	paintAxes(q, w, h, v.xs, v.ys, true)
	var legend []entry
	for _, c := range v.curves {
		dash := []float64(nil)
		if c.Dashed {
			dash = []float64{6, 4}
		}
		var run []pt
		flush := func() {
			if c.Dots {
				for _, at := range run {
					q.disc(c.color, at, 2.6)
				}
			} else {
				q.line(c.color, 2, dash, run...)
			}
			run = run[:0]
		}
		for i := range c.X {
			at := pt{v.xs.at(c.X[i]) * w, h - v.ys.at(c.Y[i])*h}
			if math.IsNaN(at.x) || math.IsNaN(at.y) || math.IsInf(at.y, 0) || at.y < -1 || at.y > h+1 || at.x < -1 || at.x > w+1 {
				flush()
				continue
			}
			run = append(run, at)
		}
		flush()
		if c.Name != "" {
			legend = append(legend, entry{name: c.Name, color: c.color})
		}
	}
	if b := v.alarm; b != nil {
		to := func(a, l float64) pt { return pt{v.xs.at(a) * w, h - v.ys.at(l)*h} }
		chord := b.LossA + (b.T-b.A)/(b.B-b.A)*(b.LossB-b.LossA)
		q.line(alarm, 2, []float64{5, 4}, to(b.A, b.LossA), to(b.B, b.LossB))
		q.line(alarm, 2.5, nil, to(b.T, chord), to(b.T, b.LossT))
		for _, at := range []pt{to(b.A, b.LossA), to(b.B, b.LossB), to(b.T, b.LossT)} {
			q.disc(paper, at, 5.5)
			q.disc(alarm, at, 4)
		}
		q.halo("above the chord", face{size: 12, bold: true}, alarm, pt{to(b.T, b.LossT).x, to(b.T, b.LossT).y - 10}, 0.5, 1)
	}
	for _, m := range v.marks {
		at := pt{v.xs.at(m.X) * w, h - v.ys.at(m.Y)*h}
		q.disc(paper, at, 5)
		q.disc(ink, at, 3.4)
		q.halo(m.Name, face{size: 12, bold: true}, ink, pt{at.x, at.y - 9}, 0.5, 1)
	}
	if len(legend) > 0 {
		paintLegend(p.at(x, 4), legend, w)
	}
}

func (v *lineView) live() (map[string]any, error) {
	curves := []map[string]any{}
	for _, c := range v.curves {
		points := [][2]any{}
		for i := range c.X {
			points = append(points, [2]any{finite(c.X[i]), finite(c.Y[i])})
		}
		curves = append(curves, map[string]any{"name": c.Name, "color": hex(c.color), "dashed": c.Dashed, "dots": c.Dots, "points": points})
	}
	return map[string]any{"kind": "lines", "axes": []any{liveScale(v.xs), liveScale(v.ys)}, "names": []string{v.xs.name, v.ys.name}, "curves": curves}, nil
}

// finite returns v for JSON: rounded to what a screen can show, nil where it is no number.
func finite(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return float64(float32(v))
}

// spell lists what the curves of a panel say, for those who do not see them.
func (v *lineView) spell() string {
	out := ""
	for _, c := range v.curves {
		lo, hi, ok := finiteRange(false, c.Y)
		if !ok {
			continue
		}
		out = join(out, fmt.Sprintf("%s: from %s to %s, between %s and %s.", c.Name, number(c.Y[0], 4), number(c.Y[len(c.Y)-1], 4), number(lo, 4), number(hi, 4)))
	}
	return out
}

func (f Line) sheet() (*sheet, error) {
	v, err := newLineView("Line", 620, 400, f.X, f.Y, f.Curves, f.Marks)
	if err != nil {
		return nil, err
	}
	return &sheet{title: f.Title, caption: f.Caption, words: v.spell(), panels: []panel{v}}, nil
}

// sheet of a training curve: the loss, and beside it what else was measured.
func (f TrainingCurve) sheet() (*sheet, error) {
	steps := f.Steps
	if steps == nil {
		steps = counting(len(f.Train), 1)
	}
	along := func(values []float64) []float64 {
		switch {
		case len(f.TestSteps) == len(values):
			return f.TestSteps
		case len(steps) == len(values):
			return steps
		case len(values) > 1 && len(steps) > 0:
			return counting(len(values), steps[len(steps)-1]/float64(len(values)-1))
		}
		return counting(len(values), 1)
	}
	loss := []Curve{{Name: "train", X: steps, Y: f.Train}}
	if f.Test != nil {
		loss = append(loss, Curve{Name: "test", X: along(f.Test), Y: f.Test, Dashed: true})
	}
	x := Axis{Name: "step"}
	if f.Planned > 0 {
		x.Max = float64(f.Planned)
	}
	lo, hi, ok := finiteRange(false, f.Train, f.Test)
	log := ok && lo > 0 && hi/lo > 30 && !f.LinearLoss
	var rest []Curve
	if f.TrainAccuracy != nil {
		rest = append(rest, Curve{Name: "train accuracy", X: along(f.TrainAccuracy), Y: f.TrainAccuracy})
	}
	if f.TestAccuracy != nil {
		rest = append(rest, Curve{Name: "test accuracy", X: along(f.TestAccuracy), Y: f.TestAccuracy, Dashed: true})
	}
	width := 620.0
	if len(rest) > 0 {
		width = 500
	}
	v, err := newLineView("TrainingCurve", width, 360, x, Axis{Name: "loss", Log: log}, loss, nil)
	if err != nil {
		return nil, err
	}
	s := &sheet{title: f.Title, caption: f.Caption, words: v.spell(), panels: []panel{v}}
	if len(rest) > 0 {
		a, err := newLineView("TrainingCurve", 420, 360, x, Axis{Name: "accuracy"}, rest, nil)
		if err != nil {
			return nil, err
		}
		s.panels, s.words = append(s.panels, a), join(s.words, a.spell())
	}
	return s, nil
}

func counting(n int, step float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i) * step
	}
	return out
}

// sheet of an interpolation: the loss with the chord between its ends, and the broken chord where there is one.
func (f Interpolation) sheet() (*sheet, error) {
	curves := []Curve{{Name: "loss", X: f.Alpha, Y: f.Train}}
	if f.Test != nil {
		curves[0].Name = "train loss"
		curves = append(curves, Curve{Name: "test loss", X: f.Alpha, Y: f.Test, Dashed: true})
	}
	at := func(alpha float64) (float64, bool) {
		for i, a := range f.Alpha {
			if math.Abs(a-alpha) < 1e-9 && i < len(f.Train) {
				return f.Train[i], !math.IsNaN(f.Train[i]) && !math.IsInf(f.Train[i], 0)
			}
		}
		return 0, false
	}
	y0, ok0 := at(0)
	y1, ok1 := at(1)
	if f.Bulge == nil && !f.NoChord && ok0 && ok1 {
		curves = append(curves, Curve{Name: "chord", X: []float64{0, 1}, Y: []float64{y0, y1}, Dashed: true})
	}
	ends := f.Ends
	for i, name := range []string{"start", "end"} {
		if ends[i] == "" {
			ends[i] = name
		}
	}
	var marks []Mark
	if ok0 && ok1 {
		marks = []Mark{{ends[0], 0, y0}, {ends[1], 1, y1}}
	}
	var accuracy []Curve
	if f.TrainAccuracy != nil {
		accuracy = append(accuracy, Curve{Name: "train accuracy", X: f.Alpha, Y: f.TrainAccuracy})
	}
	if f.TestAccuracy != nil {
		accuracy = append(accuracy, Curve{Name: "test accuracy", X: f.Alpha, Y: f.TestAccuracy, Dashed: true})
	}
	width := 620.0
	if len(accuracy) > 0 {
		width = 500
	}
	v, err := newLineView("Interpolation", width, 380, Axis{Name: "alpha"}, Axis{Name: "loss"}, curves, marks)
	if err != nil {
		return nil, err
	}
	v.alarm = f.Bulge
	s := &sheet{title: f.Title, caption: f.Caption, words: v.spell(), panels: []panel{v}}
	if len(accuracy) > 0 {
		a, err := newLineView("Interpolation", 420, 380, Axis{Name: "alpha"}, Axis{Name: "accuracy"}, accuracy, nil)
		if err != nil {
			return nil, err
		}
		s.panels, s.words = append(s.panels, a), join(s.words, a.spell())
	}
	return s, nil
}
