package chart

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The box a surface stands in, in the units of ECharts GL, and the camera both views start from.
const (
	boxSide   = 100.0
	boxHeight = 62.0
	camAlpha  = 30.0 // degrees above the horizon
	camBeta   = 35.0 // degrees around the vertical
	camDist   = 190.0
	camLift   = -11.0 // the height the camera looks at
	camFov    = 50.0  // degrees, vertical: fixed in ECharts GL
)

type vec3 struct{ x, y, z float64 } // y is up

func (a vec3) dot(b vec3) float64 { return a.x*b.x + a.y*b.y + a.z*b.z }

// camera projects the box to a picture of w x h pixels, by the formulas of ECharts GL's orbit control.
type camera struct {
	w, h           float64
	dir, right, up vec3
}

func newCamera(w, h float64) camera {
	sa, ca := math.Sincos(camAlpha * math.Pi / 180)
	sb, cb := math.Sincos(camBeta * math.Pi / 180)
	return camera{w, h, vec3{ca * sb, sa, ca * cb}, vec3{cb, 0, -sb}, vec3{-sa * sb, ca, -sa * cb}}
}

// project returns the place in the picture and the distance from the camera.
func (c camera) project(p vec3) (q pt, depth float64) {
	p.y -= camLift
	depth = camDist - p.dot(c.dir)
	k := c.h / 2 / math.Tan(camFov/2*math.Pi/180) / depth
	return pt{c.w/2 + k*p.dot(c.right), c.h/2 - k*p.dot(c.up)}, depth
}

func (c camera) pt(p vec3) pt { q, _ := c.project(p); return q }

// place maps data to the box. Heights are not clamped.
func (f *field) place(x, y, z float64) vec3 {
	n, m := len(f.x)-1, len(f.y)-1
	return vec3{
		((x-f.x[0])/(f.x[n]-f.x[0]) - 0.5) * boxSide,
		(f.scale().at(z) - 0.5) * boxHeight,
		(0.5 - (y-f.y[0])/(f.y[m]-f.y[0])) * boxSide,
	}
}

// surfaceView is a panel: a field as a surface in its box.
type surfaceView struct {
	f    *field
	w, h float64
	head string

	textures [2]*image.RGBA // surface and floor, once drawn
}

func (v *surfaceView) size() (float64, float64) { return v.w, v.h }

func (v *surfaceView) paint(p pen) {
	f, cam := v.f, newCamera(v.w, v.h)
	v.paintBox(p, cam)
	p.image(v.raster(cam, p.dpr), 0, 0, v.w, v.h)
	for k, path := range f.paths {
		v.paintPath(p, cam, path, pathColor(k))
	}
	var marks []mark
	for _, q := range f.points {
		z := f.at(q.X, q.Y)
		if math.IsNaN(z) {
			continue
		}
		at := f.place(q.X, q.Y, z)
		at.y += 0.8
		hidden := f.hides(at, cam.dir)
		symbol(p, q.Kind, cam.pt(at), hidden)
		m := mark{cam.pt(at), q.Name, ink}
		if hidden {
			m.color = inkSoft
		}
		marks = append(marks, m)
	}
	paintMarks(p, marks, v.w, v.h)
	if v.head != "" {
		p.text(v.head, face{size: 13, bold: true}, ink, pt{v.w / 2, 6}, 0.5, 0, false)
	}
}

// symbol marks a critical point: a disc for a minimum, a cross for a saddle, a triangle for a maximum. It is faint where
// the point lies behind a hill.
func symbol(p pen, kind PointKind, at pt, faint bool) {
	a := uint8(255)
	if faint {
		a = 0x66
	}
	white, ink, alarm := color.NRGBA{255, 255, 255, a}, color.NRGBA{ink.R, ink.G, ink.B, a}, color.NRGBA{alarm.R, alarm.G, alarm.B, a}
	switch kind {
	case Saddle:
		for _, pass := range []struct {
			c color.NRGBA
			w float64
		}{{white, 5.5}, {ink, 2.6}} {
			p.line(pass.c, pass.w, nil, pt{at.x - 5, at.y - 5}, pt{at.x + 5, at.y + 5})
			p.line(pass.c, pass.w, nil, pt{at.x - 5, at.y + 5}, pt{at.x + 5, at.y - 5})
		}
	case Maximum:
		p.fill(white, pt{at.x, at.y - 8}, pt{at.x + 8, at.y + 6}, pt{at.x - 8, at.y + 6})
		p.fill(ink, pt{at.x, at.y - 5}, pt{at.x + 5.2, at.y + 4.2}, pt{at.x - 5.2, at.y + 4.2})
	case Minimum:
		p.disc(white, at, 6.5)
		p.disc(alarm, at, 4.6)
	default:
		p.disc(white, at, 5)
		p.disc(ink, at, 3.4)
	}
}

// paintBox draws floor and back walls with their grid lines, ticks and names. The camera's side of the box is open.
func (v *surfaceView) paintBox(p pen, cam camera) {
	f := v.f
	s := f.scale()
	xs, ys := f.axes()
	const a, b = boxSide / 2, boxHeight / 2
	back, left := -a, -a // the walls away from the camera: it looks from +x, +z
	line := func(col color.Color, w float64, q, r vec3) { p.line(col, w, nil, cam.pt(q), cam.pt(r)) }
	small := face{size: 12}

	for k, t := range xs.ticks {
		x := (xs.at(t) - 0.5) * boxSide
		line(rule, 1, vec3{x, -b, a}, vec3{x, -b, back})
		line(rule, 1, vec3{x, -b, back}, vec3{x, b, back})
		line(frame, 1, vec3{x, -b, a}, vec3{x, -b, a + 2})
		p.text(xs.labels()[k], small, inkSoft, cam.pt(vec3{x, -b - 1, a + 5}), 0.7, 0, false)
	}
	for k, t := range ys.ticks {
		z := (0.5 - ys.at(t)) * boxSide
		line(rule, 1, vec3{a, -b, z}, vec3{left, -b, z})
		line(rule, 1, vec3{left, -b, z}, vec3{left, b, z})
		line(frame, 1, vec3{a, -b, z}, vec3{a + 2, -b, z})
		p.text(ys.labels()[k], small, inkSoft, cam.pt(vec3{a + 5, -b - 1, z}), 0.2, 0, false)
	}
	for k, t := range s.ticks {
		y := (s.at(t) - 0.5) * boxHeight
		line(rule, 1, vec3{left, y, back}, vec3{a, y, back})
		line(rule, 1, vec3{left, y, back}, vec3{left, y, a})
		line(frame, 1, vec3{left, y, a}, vec3{left, y, a + 2})
		p.text(s.labels()[k], small, inkSoft, cam.pt(vec3{left, y, a + 5}), 1, 0.5, false)
	}
	for _, e := range [][2]vec3{{{-a, -b, a}, {a, -b, a}}, {{a, -b, a}, {a, -b, -a}}, {{left, -b, a}, {left, b, a}}} {
		line(frame, 1.2, e[0], e[1])
	}
	name := face{size: 13, bold: true}
	axisName := func(s string, at pt, ax, ay float64) { // inside the panel, however long
		w := name.width(s)
		x := min(max(at.x-ax*w, 2), v.w-w-2)
		p.text(s, name, ink, pt{x, at.y}, 0, ay, false)
	}
	axisName(xs.name, cam.pt(vec3{0, -b - 4, a + 21}), 0.7, 0)
	axisName(ys.name, cam.pt(vec3{a + 19, -b - 4, 0}), 0.2, 0)
	axisName(s.title(), cam.pt(vec3{left, b + 6, a}), 0.6, 1)
}

// paintPath drapes a path over the surface; parts behind a hill are dotted.
func (v *surfaceView) paintPath(p pen, cam camera, path Path, col color.RGBA) {
	type vertex struct {
		at     pt
		hidden bool
	}
	var run []vertex
	flush := func() {
		for i := 0; i+1 < len(run); {
			k := i + 1
			for k+1 < len(run) && run[k].hidden == run[i].hidden {
				k++
			}
			var pts []pt
			for _, q := range run[i : k+1] {
				pts = append(pts, q.at)
			}
			if run[i].hidden {
				p.line(ink, 1.2, []float64{2, 3}, pts...)
			} else {
				p.line(ink, 4, nil, pts...)
				p.line(col, 2.2, nil, pts...)
			}
			i = k
		}
		run = run[:0]
	}
	f := v.f
	for _, q := range drape(path, f) {
		z := f.at(q.x, q.y)
		if math.IsNaN(z) {
			flush()
			continue
		}
		at := f.place(q.x, q.y, z)
		at.y += 0.5
		run = append(run, vertex{cam.pt(at), f.hides(at, cam.dir)})
	}
	flush()
}

// drape puts points between those of a path so that it follows the surface.
func drape(path Path, f *field) []pt {
	var out []pt
	side := f.x[len(f.x)-1] - f.x[0]
	other := f.y[len(f.y)-1] - f.y[0]
	for i := range path.X {
		if i > 0 {
			dx, dy := path.X[i]-path.X[i-1], path.Y[i]-path.Y[i-1]
			if steps := 60 * max(math.Abs(dx)/side, math.Abs(dy)/other); !math.IsNaN(steps) {
				n := int(math.Ceil(steps))
				for k := 1; k < n; k++ {
					t := float64(k) / float64(n)
					out = append(out, pt{path.X[i-1] + t*dx, path.Y[i-1] + t*dy})
				}
			}
		}
		out = append(out, pt{path.X[i], path.Y[i]})
	}
	return out
}

// hides tells whether the surface lies between a point of the box and the camera far away in direction dir.
func (f *field) hides(from vec3, dir vec3) bool {
	n, m := len(f.x)-1, len(f.y)-1
	for d := 2.0; d < 150; d += 1.5 {
		q := vec3{from.x + d*dir.x, from.y + d*dir.y, from.z + d*dir.z}
		if math.Abs(q.x) > boxSide/2 || math.Abs(q.z) > boxSide/2 || q.y > boxHeight/2 {
			return false
		}
		x := f.x[0] + (q.x/boxSide+0.5)*(f.x[n]-f.x[0])
		y := f.y[0] + (0.5-q.z/boxSide)*(f.y[m]-f.y[0])
		if z := f.at(x, y); f.place(x, y, z).y > q.y+0.8 {
			return true
		}
	}
	return false
}

// texture is the field with its level lines, as laid over surface and floor.
func (f *field) texture(n int, floor bool) *image.RGBA {
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(n), vg.Length(n)), vgimg.UseDPI(72), vgimg.UseBackgroundColor(color.Transparent))
	img := canvas.Image().(*image.RGBA)
	copy(img.Pix, f.colors(n, n, true).Pix)
	p := pen{c: draw.New(canvas), h: float64(n)}
	width := 1.6 * float64(n) / 1024
	for _, level := range f.levels(f.scale()) {
		col := f.levelColor(level)
		if floor { // it is washed out: only dark lines show
			col, width = color.NRGBA{0x10, 0x14, 0x20, 0xc8}, 2.2*float64(n)/1024
		}
		p.segments(col, width, f.levelLine(level), func(q pt) pt {
			return pt{float64(n) * (q.x - f.x[0]) / (f.x[len(f.x)-1] - f.x[0]), float64(n) * (f.y[len(f.y)-1] - q.y) / (f.y[len(f.y)-1] - f.y[0])}
		})
	}
	return img
}

// texture is drawn once for the pictures of all sizes.
func (v *surfaceView) texture(floor bool) *image.RGBA {
	which, side := 0, 1024
	if floor {
		which, side = 1, 512
	}
	if v.textures[which] == nil {
		v.textures[which] = v.f.texture(side, floor)
	}
	return v.textures[which]
}

// raster draws floor and surface with a depth buffer, at four samples per device pixel.
func (v *surfaceView) raster(cam camera, dpr float64) image.Image {
	const super = 2
	w, h := int(v.w*dpr*super), int(v.h*dpr*super)
	r := &rasterizer{w: w, h: h, depth: make([]float64, w*h), img: image.NewRGBA(image.Rect(0, 0, w, h))}
	f := v.f
	n, m := len(f.x), len(f.y)
	vertex := func(i, j int, z float64) corner {
		at := f.place(f.x[j], f.y[i], z)
		q, d := cam.project(at)
		k := dpr * super
		return corner{q.x * k, q.y * k, d, (f.x[j] - f.x[0]) / (f.x[n-1] - f.x[0]), 1 - (f.y[i]-f.y[0])/(f.y[m-1]-f.y[0])}
	}
	bottom := f.scale().lo
	for _, floor := range []bool{true, false} {
		r.wash, r.back, r.tex = 0, 1, v.texture(floor)
		if floor { // behind a surface that touches it: what lies in one plane shimmers
			r.wash, r.back = 0.55, 1.004
		}
		for i := 0; i+1 < m; i++ {
			for j := 0; j+1 < n; j++ {
				var c [4]corner
				whole := true
				for k, at := range [4][2]int{{i, j}, {i, j + 1}, {i + 1, j + 1}, {i + 1, j}} {
					z := f.z[at[0]][at[1]]
					whole = whole && !math.IsNaN(z) && !math.IsInf(z, 0)
					if floor {
						z = bottom
					}
					c[k] = vertex(at[0], at[1], z)
				}
				if whole {
					r.triangle(c[0], c[1], c[2])
					r.triangle(c[0], c[2], c[3])
				}
			}
		}
	}
	return downsample(r.img, super)
}

type corner struct{ x, y, depth, u, v float64 }

type rasterizer struct {
	w, h  int
	depth []float64 // 1/distance, the larger the nearer
	img   *image.RGBA
	tex   *image.RGBA
	wash  float64 // how much white is mixed in
	back  float64 // factor of the distance in the depth buffer
}

// triangle fills a textured triangle with perspective correction.
func (r *rasterizer) triangle(a, b, c corner) {
	area := (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x)
	if area == 0 {
		return
	}
	x0, x1 := int(min(a.x, b.x, c.x)), int(math.Ceil(max(a.x, b.x, c.x)))
	y0, y1 := int(min(a.y, b.y, c.y)), int(math.Ceil(max(a.y, b.y, c.y)))
	n := r.tex.Bounds().Dx()
	for y := max(y0, 0); y < min(y1, r.h); y++ {
		for x := max(x0, 0); x < min(x1, r.w); x++ {
			px, py := float64(x)+0.5, float64(y)+0.5
			wa := ((b.x-px)*(c.y-py) - (b.y-py)*(c.x-px)) / area
			wb := ((c.x-px)*(a.y-py) - (c.y-py)*(a.x-px)) / area
			wc := 1 - wa - wb
			if wa < -1e-9 || wb < -1e-9 || wc < -1e-9 {
				continue
			}
			wa, wb, wc = wa/a.depth, wb/b.depth, wc/c.depth
			inv := wa + wb + wc
			if inv/r.back <= r.depth[y*r.w+x] {
				continue
			}
			u, v := (wa*a.u+wb*b.u+wc*c.u)/inv, (wa*a.v+wb*b.v+wc*c.v)/inv
			col := r.tex.RGBAAt(min(int(u*float64(n)), n-1), min(int(v*float64(n)), n-1))
			r.depth[y*r.w+x] = inv / r.back
			r.img.SetRGBA(x, y, mix(color.RGBA{col.R, col.G, col.B, 255}, paper, r.wash))
		}
	}
}

// downsample averages k x k pixels; colours are premultiplied by alpha, so edges blend into what is below.
func downsample(src *image.RGBA, k int) *image.RGBA {
	w, h := src.Bounds().Dx()/k, src.Bounds().Dy()/k
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var sum [4]int
			for dy := range k {
				for dx := range k {
					o := src.PixOffset(x*k+dx, y*k+dy)
					for c := range 4 {
						sum[c] += int(src.Pix[o+c])
					}
				}
			}
			o := dst.PixOffset(x, y)
			for c := range 4 {
				dst.Pix[o+c] = uint8((sum[c] + k*k/2) / (k * k))
			}
		}
	}
	return dst
}
