package chart

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"sort"
)

// maxSide is how many grid lines a drawn surface keeps in each direction. With more the page grows and turning gets
// slow, and no screen shows the difference.
const maxSide = 151

// field is a checked grid of values with what is drawn over it: the common matter of surfaces and contours.
type field struct {
	x, y   []float64   // increasing
	z      [][]float64 // z[i][j] at (x[j], y[i])
	names  [3]string
	paths  []Path
	points []Point
	lin    scale  // of height and colour
	log    *scale // the same, logarithmic; nil where some z <= 0
	useLog bool
	lines  bool // level lines only
	// For decision boundaries:
	only    []float64 // level lines at these values alone
	nearest bool      // values are classes, not to be interpolated
	wash    float64   // how far colours are mixed with white, to let points stand out
	note    string    // what was done to the numbers, for the caption
}

// newField checks a grid. what names the figure in errors.
func newField(what string, x, y []float64, z [][]float64, names [3]string, paths []Path, points []Point, log bool) (*field, error) {
	if len(x) < 2 || len(y) < 2 {
		return nil, fmt.Errorf("chart: %s needs at least 2 x 2 grid points, has %d x %d", what, len(x), len(y))
	}
	if len(z) != len(y) {
		return nil, fmt.Errorf("chart: %s: Z has %d rows, Y has %d values; Z[i][j] is the value at (X[j], Y[i])", what, len(z), len(y))
	}
	for i, row := range z {
		if len(row) != len(x) {
			return nil, fmt.Errorf("chart: %s: row %d of Z has %d values, X has %d", what, i, len(row), len(x))
		}
	}
	for _, axis := range [][]float64{x, y} {
		for i, v := range axis {
			if math.IsNaN(v) || math.IsInf(v, 0) || i > 0 && v <= axis[i-1] {
				return nil, fmt.Errorf("chart: %s: grid coordinates must be finite and increasing; entry %d is %v", what, i, v)
			}
		}
	}
	for _, p := range paths {
		if len(p.X) != len(p.Y) {
			return nil, fmt.Errorf("chart: %s: path %q has %d x and %d y values", what, p.Name, len(p.X), len(p.Y))
		}
	}
	lo, hi, ok := finiteRange(false, z...)
	if !ok {
		return nil, fmt.Errorf("chart: %s has no finite value to draw", what)
	}
	for i, def := range []string{"alpha", "beta", "loss"} {
		if names[i] == "" {
			names[i] = def
		}
	}
	for i := range names {
		names[i] = brief(names[i], 32)
	}
	f := &field{x: x, y: y, z: z, names: names}
	for _, p := range points {
		p.Name = brief(p.Name, 24)
		f.points = append(f.points, p)
	}
	for _, p := range paths {
		p.Name = brief(p.Name, 24)
		f.paths = append(f.paths, f.inside(p))
	}
	f.thin()
	f.setRange(lo, hi)
	f.useLog = log && f.log != nil
	return f, nil
}

// setRange gives the field its height and colour scales; several fields share one by being given the same range.
func (f *field) setRange(lo, hi float64) {
	f.lin = niceScale(f.names[2], lo, hi, false, false, 5)
	f.log = nil
	if lo > 0 {
		l := niceScale(f.names[2], lo, hi, true, false, 5)
		f.log = &l
	}
}

func (f *field) scale() scale {
	if f.useLog {
		return *f.log
	}
	return f.lin
}

// axes are the scales of x and y.
func (f *field) axes() (x, y scale) {
	return niceScale(f.names[0], f.x[0], f.x[len(f.x)-1], false, false, 5), niceScale(f.names[1], f.y[0], f.y[len(f.y)-1], false, false, 5)
}

// levels are the values of the level lines: round ones, or evenly spaced in the logarithm.
func (f *field) levels(s scale) []float64 {
	if f.only != nil {
		return f.only
	}
	if !s.log {
		ticks, edge := niceScale("", s.lo, s.hi, false, false, 12).ticks, 1e-6*(s.hi-s.lo)
		return slices.DeleteFunc(ticks, func(t float64) bool { return t < s.lo+edge || t > s.hi-edge }) // a ground at the lowest value has a rim, which is no level line
	}
	out := make([]float64, 13)
	for i := range out {
		out[i] = s.value((float64(i) + 0.5) / 13)
	}
	return out
}

// darkBelow is the place on the colour scale below which level lines are light on dark ground.
const darkBelow = 0.38

func (f *field) levelColor(level float64) color.NRGBA {
	if f.scale().at(level) < darkBelow && f.wash == 0 {
		return color.NRGBA{255, 255, 255, 0x66}
	}
	return color.NRGBA{0x10, 0x14, 0x20, 0x6b}
}

// inside cuts a path down to the grid's rectangle, and thins it to what can be seen.
func (f *field) inside(p Path) Path {
	x0, x1, y0, y1 := f.x[0], f.x[len(f.x)-1], f.y[0], f.y[len(f.y)-1]
	out := Path{Name: p.Name}
	// Points nearer than 1/300 of the side to the last one add nothing.
	dx, dy := (x1-x0)/300, (y1-y0)/300
	for i := range p.X {
		x, y := p.X[i], p.Y[i]
		if !(x >= x0 && x <= x1 && y >= y0 && y <= y1) {
			if n := len(out.X); n > 0 && !math.IsNaN(out.X[n-1]) { // a gap
				out.X, out.Y = append(out.X, math.NaN()), append(out.Y, math.NaN())
			}
			continue
		}
		if n := len(out.X); n > 0 && i < len(p.X)-1 && math.Abs(out.X[n-1]-x) < dx && math.Abs(out.Y[n-1]-y) < dy {
			continue
		}
		out.X, out.Y = append(out.X, x), append(out.Y, y)
	}
	return out
}

func (f *field) thin() {
	ny, nx := len(f.y), len(f.x)
	if nx <= maxSide && ny <= maxSide {
		return
	}
	keep := func(n int) []int {
		m := min(n, maxSide)
		idx := make([]int, m)
		for k := range idx {
			idx[k] = int(math.Round(float64(k) * float64(n-1) / float64(m-1)))
		}
		return idx
	}
	pick := func(v []float64, idx []int) []float64 {
		out := make([]float64, len(idx))
		for k, i := range idx {
			out[k] = v[i]
		}
		return out
	}
	xi, yi := keep(nx), keep(ny)
	z := make([][]float64, len(yi))
	for k, i := range yi {
		z[k] = pick(f.z[i], xi)
	}
	f.x, f.y, f.z = pick(f.x, xi), pick(f.y, yi), z
	f.note = fmt.Sprintf("Drawn with %d × %d of the %d × %d points.", len(xi), len(yi), nx, ny)
}

// at is the bilinear interpolation of z at (x, y), of classes the nearest one; NaN outside and next to holes.
func (f *field) at(x, y float64) float64 {
	j, u := cell(f.x, x)
	i, v := cell(f.y, y)
	if j < 0 || i < 0 {
		return math.NaN()
	}
	a, b := f.z[i][j], f.z[i][j+1]
	c, d := f.z[i+1][j], f.z[i+1][j+1]
	if f.nearest {
		u, v = math.Round(u), math.Round(v)
	}
	z := (1-v)*((1-u)*a+u*b) + v*((1-u)*c+u*d)
	if math.IsInf(z, 0) {
		return math.NaN()
	}
	return z
}

// cell finds the grid interval that holds v, and the place in it; -1 outside.
func cell(grid []float64, v float64) (int, float64) {
	n := len(grid)
	if !(v >= grid[0] && v <= grid[n-1]) {
		return -1, 0
	}
	i := min(max(sort.SearchFloat64s(grid, v)-1, 0), n-2)
	return i, (v - grid[i]) / (grid[i+1] - grid[i])
}

// levelLine returns the segments of the line z = level, by marching squares, as pairs of points.
func (f *field) levelLine(level float64) []pt {
	var out []pt
	cut := func(x0, y0, z0, x1, y1, z1 float64) pt {
		t := (level - z0) / (z1 - z0)
		return pt{x0 + t*(x1-x0), y0 + t*(y1-y0)}
	}
	for i := 0; i+1 < len(f.y); i++ {
		for j := 0; j+1 < len(f.x); j++ {
			a, b, c, d := f.z[i][j], f.z[i][j+1], f.z[i+1][j+1], f.z[i+1][j]
			if sum := a + b + c + d; math.IsNaN(sum) || math.IsInf(sum, 0) {
				continue
			}
			x0, x1, y0, y1 := f.x[j], f.x[j+1], f.y[i], f.y[i+1]
			var cuts []pt // on the edges in turn
			for _, e := range [4][6]float64{{x0, y0, a, x1, y0, b}, {x1, y0, b, x1, y1, c}, {x1, y1, c, x0, y1, d}, {x0, y1, d, x0, y0, a}} {
				if (e[2] > level) != (e[5] > level) {
					cuts = append(cuts, cut(e[0], e[1], e[2], e[3], e[4], e[5]))
				}
			}
			if len(cuts) == 4 && (a > level) != ((a+b+c+d)/4 > level) {
				cuts[1], cuts[3] = cuts[3], cuts[1] // a saddle: its centre says which pairs belong together
			}
			out = append(out, cuts...)
		}
	}
	return out
}

// colors is the field as a picture of w x h pixels, y upwards as in a plot. relief shades slopes as if lit from the
// upper left; flat ground keeps the exact colour of its value.
func (f *field) colors(w, h int, relief bool) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	s := f.scale()
	x0, x1, y0, y1 := f.x[0], f.x[len(f.x)-1], f.y[0], f.y[len(f.y)-1]
	height := make([]float64, w*h)
	for r := range h {
		y := y1 + (y0-y1)*(float64(r)+0.5)/float64(h)
		for c := range w {
			x := x0 + (x1-x0)*(float64(c)+0.5)/float64(w)
			height[r*w+c] = s.at(f.at(x, y))
		}
	}
	for r := range h {
		for c := range w {
			t := height[r*w+c]
			if math.IsNaN(t) {
				continue
			}
			col := mix(rampAt(t), paper, f.wash)
			if relief && r > 0 && r < h-1 && c > 0 && c < w-1 {
				gx := (height[r*w+c+1] - height[r*w+c-1]) * float64(w) / 2
				gy := (height[(r-1)*w+c] - height[(r+1)*w+c]) * float64(h) / 2
				col = shade(col, relieved(gx, gy))
			}
			img.SetRGBA(c, r, col)
		}
	}
	return img
}

// relieved is the brightness of a slope (gx, gy) in heights per side, 1 for flat ground.
func relieved(gx, gy float64) float64 {
	if math.IsNaN(gx + gy) {
		return 1
	}
	const k = boxHeight / boxSide
	gx, gy = gx*k, gy*k
	n := math.Sqrt(1 + gx*gx + gy*gy)
	light := (0.45*gx-0.35*gy+0.82)/n - 0.82
	return min(max(1+0.34*light, 0.74), 1.16)
}

// pathColor is the colour of the k-th path over the ramp, with a dark rim.
func pathColor(k int) color.RGBA {
	colors := []color.RGBA{{255, 255, 255, 255}, {0xff, 0x8a, 0x5c, 255}, {0xff, 0xb8, 0xe0, 255}, {0x9f, 0xe8, 0xff, 255}}
	return colors[k%len(colors)]
}
