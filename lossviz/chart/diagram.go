package chart

import (
	"fmt"
	"math"
)

// maxUnits is how many units of a layer are drawn; of more, the first and the last ones with dots between.
const maxUnits = 9

// sheet of a network: layers from left to right, a disc for each unit.
func (f Diagram) sheet() (*sheet, error) {
	if len(f.Layers) == 0 {
		return nil, fmt.Errorf("chart: Diagram has no layers")
	}
	for _, s := range f.Skips {
		if s.From < 0 || s.To >= len(f.Layers) || s.From >= s.To {
			return nil, fmt.Errorf("chart: Diagram: a skip from layer %d to layer %d, layers are 0 to %d", s.From, s.To, len(f.Layers)-1)
		}
	}
	const col, row = 132.0, 27.0
	height := 40.0
	for _, l := range f.Layers {
		height = max(height, row*float64(min(max(l.Units, 1), maxUnits)))
	}
	skipRoom := 0.0
	if len(f.Skips) > 0 {
		skipRoom = 46
	}
	v := &plotView{bare: true, w: col*float64(len(f.Layers)) + 24, h: height + skipRoom + 96 + 24}
	v.xs, v.ys = scale{lo: 0, hi: v.w - 24}, scale{lo: 0, hi: v.h - 24}
	middle := 72 + height/2

	wires := series{color: frame, width: 0.6}
	units := series{color: lineColors[0], dots: true, width: 15}
	more := series{color: inkSoft, dots: true, width: 3}
	places := make([][]pt, len(f.Layers))
	words := ""
	total := 0
	for k, l := range f.Layers {
		x := col * (float64(k) + 0.5)
		n := min(max(l.Units, 1), maxUnits)
		for u := range n {
			y := middle + row*(float64(n-1)/2-float64(u))
			if l.Units > maxUnits && u == n/2 { // what is left out
				for d := -1.0; d <= 1; d++ {
					more.x, more.y = append(more.x, x), append(more.y, y+6*d)
				}
				continue
			}
			places[k] = append(places[k], pt{x, y})
			units.x, units.y = append(units.x, x), append(units.y, y)
		}
		if k > 0 {
			for _, a := range places[k-1] {
				for _, b := range places[k] {
					wires.x, wires.y = append(wires.x, a.x+7, b.x-7, math.NaN()), append(wires.y, a.y, b.y, math.NaN())
				}
			}
		}
		size := fmt.Sprint(l.Units)
		if l.Units == 0 {
			size = "–"
		}
		v.notes = append(v.notes, note{x: x, y: 54, text: brief(l.Name, 18), color: ink, below: true}, note{x: x, y: 36, text: brief(join(size, l.Detail), 20), color: inkSoft, below: true})
		if l.Params > 0 {
			v.notes = append(v.notes, note{x: x, y: 18, text: fmt.Sprintf("%d parameters", l.Params), color: inkSoft, below: true})
		}
		total += l.Params
		words = join(words, fmt.Sprintf("%s: %s.", l.Name, join(size, l.Detail)))
	}
	v.series = []series{wires, units, more}
	for _, s := range f.Skips {
		arc := series{color: lineColors[1], width: 2.2}
		x0, x1 := col*(float64(s.From)+0.5), col*(float64(s.To)+0.5)
		y0, y1, top := places[s.From][0].y+12, places[s.To][0].y+12, middle+height/2+skipRoom*0.9 // from the first unit to the first unit
		for i := 0; i <= 24; i++ {
			t := float64(i) / 24
			base := y0 + t*(y1-y0)
			arc.x, arc.y = append(arc.x, x0+t*(x1-x0)), append(arc.y, base+(top-base)*math.Sin(math.Pi*t))
		}
		// An arrow, along the last piece.
		n := len(arc.x)
		dx, dy := arc.x[n-1]-arc.x[n-3], arc.y[n-1]-arc.y[n-3]
		d := math.Hypot(dx, dy) / 8
		dx, dy = dx/d, dy/d
		arc.x = append(arc.x, math.NaN(), x1-dx-0.5*dy, x1, x1-dx+0.5*dy)
		arc.y = append(arc.y, math.NaN(), y1-dy+0.5*dx, y1, y1-dy-0.5*dx)
		v.series = append(v.series, arc)
		words = join(words, fmt.Sprintf("A skip from layer %d to layer %d.", s.From, s.To))
	}
	words = join(words, fmt.Sprintf("%d parameters in all.", total))
	return &sheet{title: f.Title, caption: f.Caption, words: words, panels: []panel{v}}, nil
}
