package chart

import "image/color"

// paintAxes draws the frame, ticks and names of a plot area of w x h pixels whose upper left corner is p. With grid
// there are grid lines and only a base line, without there is a frame.
func paintAxes(p pen, w, h float64, xs, ys scale, grid bool) {
	small, name := face{size: 12}, face{size: 13, bold: true}
	labels := xs.labels()
	lastEnd := -1e9
	for k, t := range xs.ticks {
		x := xs.at(t) * w
		if half := small.width(labels[k]) / 2; x-half > lastEnd {
			p.text(labels[k], small, inkSoft, pt{x, h + 8}, 0.5, 0, false)
			lastEnd = x + half + 6
		}
		p.line(frame, 1, nil, pt{x, h}, pt{x, h + 5})
	}
	labels = ys.labels()
	for k, t := range ys.ticks {
		y := h - ys.at(t)*h
		p.text(labels[k], small, inkSoft, pt{-9, y}, 1, 0.5, false)
		p.line(frame, 1, nil, pt{-5, y}, pt{0, y})
	}
	p.line(frame, 1, nil, pt{0, h}, pt{w, h})
	p.line(frame, 1, nil, pt{0, 0}, pt{0, h})
	if !grid {
		p.line(frame, 1, nil, pt{0, 0}, pt{w, 0}, pt{w, h})
	}
	p.text(xs.name, name, ink, pt{w / 2, h + 26}, 0.5, 0, false)
	left := 9.0
	for _, l := range labels {
		left = max(left, small.width(l)+9)
	}
	// The name of the upright axis stands level, above its end: that reads without tilting the head.
	p.text(ys.name, name, ink, pt{-left, -9}, 0, 1, false)
}

func paintGrid(p pen, w, h float64, xs, ys scale) {
	for _, t := range xs.ticks {
		p.line(rule, 1, nil, pt{xs.at(t) * w, 0}, pt{xs.at(t) * w, h})
	}
	for _, t := range ys.ticks {
		p.line(rule, 1, nil, pt{0, h - ys.at(t)*h}, pt{w, h - ys.at(t)*h})
	}
}

// entry is one line of a legend.
type entry struct {
	name   string
	color  color.RGBA
	rimmed bool // a path over colours, drawn with a dark rim
	dashed bool
	dot    bool
}

// legend is the entries of a drawing in rows, and how far the middle of the first row is above the plot area.
type legend struct {
	rows [][]entry
	y    float64
}

const legendRow = 18.0 // from one row to the next

// wider is how much wider than ours a browser's font may be.
const wider = 1.2

// newLegend puts entries beside the name of the upright axis, where left of w pixels are free, and in rows above the name where
// that is too narrow.
func newLegend(entries []entry, free, w float64) legend {
	if len(entries) == 0 {
		return legend{}
	}
	f := face{size: 12}
	pack := func(room float64) (rows [][]entry, fits bool) {
		x := 0.0
		fits = true
		for _, e := range entries {
			width := 24 + wider*f.width(e.name)
			fits = fits && width <= room
			if len(rows) == 0 || x+16+width > room {
				rows, x = append(rows, nil), -16
			}
			rows[len(rows)-1] = append(rows[len(rows)-1], e)
			x += 16 + width
		}
		return rows, fits
	}
	if rows, fits := pack(free); fits && len(rows) == 1 {
		return legend{rows, 0}
	}
	rows, _ := pack(w)
	return legend{rows, legendRow * float64(len(rows))}
}

// paint writes the rows so that they end at p's x + w; the middle of the lowest row, or the only one, is at y without lift.
func (l legend) paint(p pen, y, w float64) {
	for k, row := range l.rows {
		paintLegend(p.at(0, y-l.y+legendRow*float64(k)-7), row, w)
	}
}

// paintLegend writes entries in a row that ends at p's x + w.
func paintLegend(p pen, entries []entry, w float64) {
	f := face{size: 12}
	total := -16.0
	for _, e := range entries {
		total += 24 + f.width(e.name) + 16
	}
	x := w - total
	for _, e := range entries {
		if e.rimmed {
			p.line(ink, 5, nil, pt{x, 7}, pt{x + 18, 7})
		}
		var dash []float64
		if e.dashed {
			dash = []float64{5, 3}
		}
		if e.dot {
			p.disc(e.color, pt{x + 11, 7}, 4)
		} else {
			p.line(e.color, 3, dash, pt{x + 0.5, 7}, pt{x + 17.5, 7})
		}
		p.text(e.name, f, inkSoft, pt{x + 24, 7}, 0, 0.5, false)
		x += 24 + f.width(e.name) + 16
	}
}
