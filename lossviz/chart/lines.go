package chart

import (
	"fmt"
	"math"
)

// The figures that are curves over a pair of axes.

func (f Line) sheet() (*sheet, error) {
	var curves []series
	for k, c := range f.Curves {
		curves = append(curves, series{name: c.Name, color: lineColors[k%len(lineColors)], x: c.X, y: c.Y, dash: c.Dashed, dots: c.Dots})
	}
	v, note, err := newPlot("Line", 640, 380, f.X, f.Y, curves)
	if err != nil {
		return nil, err
	}
	for _, m := range f.Marks {
		v.notes = append(v.notes, note1(m.X, m.Y, m.Name))
	}
	return &sheet{title: f.Title, caption: join(f.Caption, note), words: spell(curves), panels: []panel{v}}, nil
}

func note1(x, y float64, text string) note {
	return note{x: x, y: y, text: brief(text, 40), color: ink, size: 4}
}

// spell says what curves do, for readers who do not see them.
func spell(curves []series) string {
	out := ""
	for _, c := range curves {
		lo, hi, ok := finiteRange(false, c.y)
		if !ok || c.name == "" {
			continue
		}
		out = join(out, fmt.Sprintf("%s: from %s to %s, between %s and %s.", c.name, number(c.y[0], 4), number(c.y[len(c.y)-1], 4), number(lo, 4), number(hi, 4)))
	}
	return out
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
	x := Axis{Name: "step"}
	if f.Planned > 0 {
		x.Max = float64(f.Planned)
	}
	lo, hi, ok := finiteRange(false, f.Train, f.Test)
	y := Axis{Name: "loss", Log: ok && lo > 0 && hi/lo > 30 && !f.LinearLoss}

	loss := []series{{name: "train", color: lineColors[0], x: steps, y: f.Train}}
	if f.Test != nil {
		loss = append(loss, series{name: "test", color: lineColors[1], x: along(f.Test), y: f.Test, dash: true})
	}
	var accuracy, rate []series
	if f.TrainAccuracy != nil {
		accuracy = append(accuracy, series{name: "train", color: lineColors[0], x: along(f.TrainAccuracy), y: f.TrainAccuracy})
	}
	if f.TestAccuracy != nil {
		accuracy = append(accuracy, series{name: "test", color: lineColors[1], x: along(f.TestAccuracy), y: f.TestAccuracy, dash: true})
	}
	if f.Rate != nil && varies(f.Rate) {
		rate = []series{{color: lineColors[2], x: along(f.Rate), y: f.Rate}}
	}

	s := &sheet{title: f.Title, caption: f.Caption, words: spell(loss)}
	width := 640.0
	if accuracy != nil || rate != nil {
		width = 520
	}
	if accuracy != nil && rate != nil {
		width = 400
	}
	add := func(y Axis, curves []series, w float64) error {
		v, note, err := newPlot("TrainingCurve", w, 340, x, y, curves)
		if err == nil {
			s.panels, s.caption = append(s.panels, v), join(s.caption, note)
		}
		return err
	}
	if err := add(y, loss, width); err != nil {
		return nil, err
	}
	side := min(width, 420) - 60*float64(min(len(rate), 1))
	if accuracy != nil {
		if err := add(Axis{Name: "accuracy"}, accuracy, side); err != nil {
			return nil, err
		}
		for i := range accuracy {
			accuracy[i].name += " accuracy"
		}
		s.words = join(s.words, spell(accuracy))
	}
	if rate != nil {
		if err := add(Axis{Name: "learning rate"}, rate, min(side, 300)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func varies(vs []float64) bool {
	lo, hi, ok := finiteRange(false, vs)
	return ok && lo < hi
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
	along := f.XName
	if along == "" {
		along = "alpha"
	}
	loss := []series{{name: "loss", color: lineColors[0], x: f.Alpha, y: f.Train, width: 2.4}}
	if f.Test != nil {
		loss[0].name = "train"
		loss = append(loss, series{name: "test", color: lineColors[1], x: f.Alpha, y: f.Test, dash: true})
	}
	words := spell(loss)
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
	var notes []note
	if ok0 && ok1 {
		ends := f.Ends
		for i, name := range []string{"start", "end"} {
			if ends[i] == "" {
				ends[i] = name
			}
		}
		notes = []note{note1(0, y0, ends[0]), note1(1, y1, ends[1])}
		for i := range notes {
			notes[i].below = true
		}
	}
	switch b := f.Bulge; {
	case b != nil && b.A == b.B:
		return nil, fmt.Errorf("chart: Interpolation: a chord needs two ends, Bulge.A and Bulge.B are both %v", b.A)
	case b != nil:
		chord := b.LossA + (b.T-b.A)/(b.B-b.A)*(b.LossB-b.LossA)
		gap := b.LossT - chord
		loss = append(loss,
			series{name: "chord", color: alarm, x: []float64{b.A, b.B}, y: []float64{b.LossA, b.LossB}, dash: true},
			series{color: alarm, x: []float64{b.T, b.T}, y: []float64{chord, b.LossT}, width: 3})
		notes = append(notes, note{x: b.T, y: b.LossT, text: "above the chord by " + number(gap, 3), color: alarm, size: 4.5, also: []spot{{b.T, chord, 5, below}, {b.T, chord, 20, below}, {b.T, (chord + b.LossT) / 2, 8, right}, {b.T, (chord + b.LossT) / 2, 8, left}}},
			note{x: b.A, y: b.LossA, color: alarm, size: 4.5}, note{x: b.B, y: b.LossB, color: alarm, size: 4.5})
		words = join(words, fmt.Sprintf("At %s = %s the loss is %s, above the chord from %s = %s to %s, which is at %s there: the definition of convexity breaks by %s.",
			along, number(b.T, 4), number(b.LossT, 6), along, number(b.A, 4), number(b.B, 4), number(chord, 6), number(gap, 4)))
	case !f.NoChord && ok0 && ok1:
		loss = append(loss, series{name: "chord", color: inkSoft, x: []float64{0, 1}, y: []float64{y0, y1}, dash: true, width: 1.5})
	}
	var accuracy []series
	if f.TrainAccuracy != nil {
		accuracy = append(accuracy, series{name: "train", color: lineColors[0], x: f.Alpha, y: f.TrainAccuracy})
	}
	if f.TestAccuracy != nil {
		accuracy = append(accuracy, series{name: "test", color: lineColors[1], x: f.Alpha, y: f.TestAccuracy, dash: true})
	}
	width := 640.0
	if accuracy != nil {
		width = 560
	}
	v, note, err := newPlot("Interpolation", width, 380, Axis{Name: along}, Axis{Name: "loss"}, loss)
	if err != nil {
		return nil, err
	}
	v.notes = notes
	s := &sheet{title: f.Title, caption: join(f.Caption, note), words: words, panels: []panel{v}}
	if accuracy != nil {
		a, _, err := newPlot("Interpolation", 390, 380, Axis{Name: along}, Axis{Name: "accuracy"}, accuracy)
		if err != nil {
			return nil, err
		}
		for i := range accuracy {
			accuracy[i].name += " accuracy"
		}
		s.panels, s.words = append(s.panels, a), join(s.words, spell(accuracy))
	}
	return s, nil
}

// sheet of a spectrum: a histogram of the eigenvalues with their density over it.
func (f Spectrum) sheet() (*sheet, error) {
	lo, hi, ok := finiteRange(false, f.Eigenvalues, f.DensityX)
	if !ok {
		return nil, fmt.Errorf("chart: Spectrum has no finite eigenvalue to draw")
	}
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	var curves []series
	words := ""
	if n := len(f.Eigenvalues); n > 0 {
		bins := min(max(int(math.Sqrt(float64(n))*2.5), 12), 80)
		counts := make([]float64, bins)
		negative := 0
		for _, l := range f.Eigenvalues {
			if math.IsNaN(l) || math.IsInf(l, 0) {
				continue
			}
			if l < 0 {
				negative++
			}
			counts[min(int((l-lo)/(hi-lo)*float64(bins)), bins-1)]++
		}
		width := (hi - lo) / float64(bins)
		s := series{name: fmt.Sprintf("%d eigenvalues", n), color: lineColors[0], area: true, width: 1.4}
		floor := 0.0
		if f.LogDensity {
			floor = math.NaN() // a logarithm has no zero
		}
		for b, c := range counts {
			y := c / float64(n) / width
			if c == 0 {
				y = floor
			}
			x0, x1 := lo+float64(b)*width, lo+float64(b+1)*width
			s.x, s.y = append(s.x, x0, x1), append(s.y, y, y)
		}
		curves = append(curves, s)
		words = fmt.Sprintf("%d eigenvalues from %s to %s, %d of them negative.", n, number(lo, 4), number(hi, 4), negative)
	}
	if f.Density != nil {
		curves = append(curves, series{name: "density", color: lineColors[1], x: f.DensityX, y: f.Density, width: 2})
		words = join(words, spell(curves[len(curves)-1:]))
	}
	y := Axis{Name: "density", Log: f.LogDensity}
	v, note, err := newPlot("Spectrum", 640, 360, Axis{Name: "eigenvalue"}, y, curves)
	if err != nil {
		return nil, err
	}
	low, top, _ := finiteRange(f.LogDensity, ys(curves)...)
	if f.LogDensity { // Gaussians fall off without end: what is a millionth of the top is nothing
		low = max(low, top*1e-6)
	} else {
		low = 0
	}
	v.ys = niceScale(y.Name, low, top, f.LogDensity, true, 5)
	if lo < 0 && hi > 0 { // where curvature changes its sign
		v.series = append(v.series, series{color: frame, x: []float64{0, 0}, y: []float64{v.ys.lo, v.ys.hi}, width: 1.2, dash: true})
	}
	return &sheet{title: f.Title, caption: join(f.Caption, note), words: words, panels: []panel{v}}, nil
}

func ys(curves []series) [][]float64 {
	var out [][]float64
	for _, c := range curves {
		out = append(out, c.y)
	}
	return out
}

func (f LossIndex) sheet() (*sheet, error) {
	if len(f.Index) != len(f.Loss) || f.Group != nil && len(f.Group) != len(f.Loss) {
		return nil, fmt.Errorf("chart: LossIndex: %d indices, %d losses and %d groups do not belong together", len(f.Index), len(f.Loss), len(f.Group))
	}
	var curves []series
	place := map[string]int{}
	for i := range f.Loss {
		name := "critical points"
		if f.Group != nil {
			name = f.Group[i]
		}
		k, ok := place[name]
		if !ok {
			k = len(curves)
			place[name] = k
			curves = append(curves, series{name: name, color: lineColors[k%len(lineColors)], dots: true, width: 8})
		}
		curves[k].x, curves[k].y = append(curves[k].x, f.Index[i]), append(curves[k].y, f.Loss[i])
	}
	lo, hi, ok := finiteRange(false, f.Loss)
	_, most, _ := finiteRange(false, f.Index)
	most = max(most*1.03, 0.05)
	v, note, err := newPlot("LossIndex", 600, 380, Axis{Name: "index (share of negative eigenvalues)", Max: most}, Axis{Name: "loss", Log: ok && lo > 0 && hi/lo > 100}, curves)
	if err != nil {
		return nil, err
	}
	v.xs.lo = -0.02 * most // room for the many points of index 0
	return &sheet{title: f.Title, caption: join(f.Caption, note), words: fmt.Sprintf("%d critical points, loss from %s to %s.", len(f.Loss), number(lo, 4), number(hi, 4)), panels: []panel{v}}, nil
}

// sheet of a path between minima: the loss along it, and the barrier of the straight line.
func (f MinimaPath) sheet() (*sheet, error) {
	curves := []series{{name: "path", color: lineColors[2], x: f.T, y: f.Loss, width: 2.6}}
	if f.Straight != nil {
		curves = append(curves, series{name: "straight line", color: lineColors[1], x: f.T, y: f.Straight, dash: true})
	}
	v, note, err := newPlot("MinimaPath", 640, 360, Axis{Name: "position on the path"}, Axis{Name: "loss"}, curves)
	if err != nil {
		return nil, err
	}
	words := spell(curves)
	for i, c := range curves {
		top := 0
		for k := range c.y {
			if c.y[k] > c.y[top] {
				top = k
			}
		}
		barrier := c.y[top] - max(c.y[0], c.y[len(c.y)-1])
		if !(barrier > 0) {
			continue
		}
		n := note1(c.x[top], c.y[top], "barrier "+number(barrier, 3))
		n.below = i == 0
		v.notes = append(v.notes, n)
		words = join(words, fmt.Sprintf("Barrier of the %s: %s.", c.name, number(barrier, 4)))
	}
	return &sheet{title: f.Title, caption: join(f.Caption, note), words: words, panels: []panel{v}}, nil
}

// sheet of a barcode: the deepest basin below, each bar from its minimum to where the basin joins another.
func (f Barcode) sheet() (*sheet, error) {
	if len(f.Bars) == 0 {
		return nil, fmt.Errorf("chart: Barcode has no bars")
	}
	var values []float64
	for _, b := range f.Bars {
		if b.Death < b.Birth {
			return nil, fmt.Errorf("chart: Barcode: the bar %q dies at %v before its birth at %v", b.Name, b.Death, b.Birth)
		}
		values = append(values, b.Birth, b.Death)
	}
	lo, hi, ok := finiteRange(false, values)
	if !ok {
		return nil, fmt.Errorf("chart: Barcode has no finite value to draw")
	}
	name := brief(f.ZName, 48)
	if name == "" {
		name = "loss"
	}
	pad := max((hi-lo)*0.12, 1e-12)
	v := &plotView{w: 640, h: min(110+float64(len(f.Bars))*26, 520), xs: niceScale(name, lo-pad/3, hi+pad, false, false, 6)}
	n := len(f.Bars)
	v.ys = scale{lo: -0.7, hi: float64(n) - 0.3, names: []string{}}
	finite := series{name: "joins a deeper basin", color: lineColors[0], width: 8}
	forever := series{name: "the deepest basin", color: lineColors[1], width: 8}
	words := ""
	for k, b := range f.Bars {
		row := float64(n - 1 - k)
		s, end := &finite, b.Death
		if math.IsInf(end, 1) {
			s, end = &forever, v.xs.hi
		}
		s.x, s.y = append(s.x, b.Birth, end, math.NaN()), append(s.y, row, row, math.NaN())
		if n <= 24 {
			label := b.Name
			if label == "" {
				label = fmt.Sprint(k + 1)
			}
			v.ys.ticks, v.ys.names = append(v.ys.ticks, row), append(v.ys.names, brief(label, 16))
		}
		if k < 8 {
			words = join(words, fmt.Sprintf("%s from %s to %s.", b.Name, number(b.Birth, 4), number(b.Death, 4)))
		}
	}
	for _, s := range []series{finite, forever} {
		if s.x != nil {
			v.series = append(v.series, s)
		}
	}
	return &sheet{title: f.Title, caption: f.Caption, words: join(fmt.Sprintf("%d basins.", n), words), panels: []panel{v}}, nil
}
