package chart

import (
	"math"
	"slices"
)

// Sides of a point on which its word may stand, as ECharts calls them.
const (
	above = "top"
	below = "bottom"
	left  = "left"
	right = "right"
)

// spot is where a word stands: on a side of a place in the data, clear of it by gap pixels.
type spot struct {
	x, y, gap float64
	side      string
}

// anchor is the place in the picture, and the part of the word's box that is put there.
func (s spot) anchor(to func(x, y float64) pt) (at pt, ax, ay float64) {
	at = to(s.x, s.y)
	switch s.side {
	case below:
		return pt{at.x, at.y + s.gap}, 0.5, 0
	case left:
		return pt{at.x - s.gap, at.y}, 1, 0.5
	case right:
		return pt{at.x + s.gap, at.y}, 0, 0.5
	}
	return pt{at.x, at.y - s.gap}, 0.5, 1
}

// rectangle is a part of a picture, with y downwards.
type rectangle struct{ x0, y0, x1, y1 float64 }

func (r rectangle) meets(q rectangle) bool {
	return r.x0 < q.x1 && q.x0 < r.x1 && r.y0 < q.y1 && q.y0 < r.y1
}

func (r rectangle) holds(q pt) bool { return q.x > r.x0 && q.x < r.x1 && q.y > r.y0 && q.y < r.y1 }

// placed are the notes with a spot for each word: of the places around its point, the one that hides the least of the
// curves, the points, the other words and the axes. It is the same in the picture and in the live chart.
func (v *plotView) placed() []note {
	w, h, to := v.area()
	var taken []rectangle
	for _, n := range v.notes {
		at := to(n.x, n.y)
		taken = append(taken, rectangle{at.x - n.size, at.y - n.size, at.x + n.size, at.y + n.size})
	}
	out := make([]note, len(v.notes))
	for i, n := range v.notes {
		gap := n.size + 4
		sides := []string{above, below, right, left}
		if n.below {
			sides = []string{below, above, right, left}
		}
		spots := slices.Clone(n.also)
		for _, side := range sides {
			spots = append(spots, spot{n.x, n.y, gap, side})
		}
		if v.bare { // a diagram has laid out its words itself
			spots = []spot{{n.x, n.y, gap, sides[0]}}
		}
		best := math.Inf(1)
		for k, s := range spots {
			r := v.box(n, s)
			cost := 0.2 * float64(k) // the first are liked better
			if r.x0 < -8 || r.x1 > w+14 || r.y0 < -12 || r.y1 > h-1 {
				cost += 200 // the ticks of an axis, the legend
			}
			for j, q := range taken {
				if j != i && r.meets(q) {
					cost += 100
				}
			}
			cost += v.crossed(r, to)
			if cost < best {
				best, n.spot = cost, &spots[k]
			}
		}
		if n.text != "" {
			taken = append(taken, v.box(n, *n.spot))
		}
		out[i] = n
	}
	return out
}

// box is the room of a note's word on a spot. A browser's font may be a quarter wider than ours.
func (v *plotView) box(n note, s spot) rectangle {
	_, _, to := v.area()
	f := face{size: 12, bold: true}
	w, h := f.width(n.text)*1.25+4, f.size+2
	at, ax, ay := s.anchor(to)
	return rectangle{at.x - ax*w, at.y - ay*h, at.x + (1-ax)*w, at.y + (1-ay)*h}
}

// crossed is the length of all curves in a rectangle, in units of four pixels.
func (v *plotView) crossed(r rectangle, to func(x, y float64) pt) float64 {
	sum := 0.0
	for _, s := range v.series {
		for i := range s.x {
			q := to(s.x[i], s.y[i])
			if s.dots {
				if r.holds(q) {
					sum++
				}
				continue
			}
			if i == 0 {
				continue
			}
			p := to(s.x[i-1], s.y[i-1])
			d := math.Hypot(q.x-p.x, q.y-p.y)
			if math.IsNaN(d) || math.IsInf(d, 0) || !r.meets(rectangle{min(p.x, q.x) - 1, min(p.y, q.y) - 1, max(p.x, q.x) + 1, max(p.y, q.y) + 1}) {
				continue
			}
			n := math.Ceil(d / 4)
			for k := 0.0; k < n; k++ {
				t := (k + 0.5) / n
				if r.holds(pt{p.x + t*(q.x-p.x), p.y + t*(q.y-p.y)}) {
					sum += d / n / 4
				}
			}
		}
	}
	return sum
}
