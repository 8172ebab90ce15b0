package chart

import (
	"image"
	"image/color"
	"math"
	"strings"
	"sync"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pt is a place in a picture: pixels of the page, y downwards, as in the browser.
type pt struct{ x, y float64 }

// pen draws on any of gonum/plot's canvases (PNG, SVG, PDF) in the browser's coordinates, so that the picture and
// the live chart can share their layout. One pixel of the page is one unit of the canvas.
type pen struct {
	c draw.Canvas
	h float64 // height of the canvas, to turn y over
	o pt      // where this pen's (0, 0) is
	// dpr is how many dots a bitmap among the drawn things has per pixel of the page.
	dpr float64
}

func (p pen) at(x, y float64) pen { p.o = pt{p.o.x + x, p.o.y + y}; return p }

func (p pen) point(q pt) vg.Point {
	return vg.Point{X: vg.Length(p.o.x + q.x), Y: vg.Length(p.h - p.o.y - q.y)}
}

func (p pen) line(col color.Color, width float64, dash []float64, pts ...pt) {
	if len(pts) < 2 {
		return
	}
	var path vg.Path
	path.Move(p.point(pts[0]))
	for _, q := range pts[1:] {
		path.Line(p.point(q))
	}
	p.c.SetColor(col)
	p.c.SetLineWidth(vg.Length(width))
	var lengths []vg.Length
	for _, d := range dash {
		lengths = append(lengths, vg.Length(d))
	}
	p.c.SetLineDash(lengths, 0)
	p.c.Stroke(path)
}

func (p pen) fill(col color.Color, pts ...pt) {
	if len(pts) < 3 {
		return
	}
	var path vg.Path
	path.Move(p.point(pts[0]))
	for _, q := range pts[1:] {
		path.Line(p.point(q))
	}
	path.Close()
	p.c.SetColor(col)
	p.c.Fill(path)
}

func (p pen) rect(col color.Color, x, y, w, h float64) {
	p.fill(col, pt{x, y}, pt{x + w, y}, pt{x + w, y + h}, pt{x, y + h})
}

func (p pen) disc(col color.Color, at pt, r float64) {
	var path vg.Path
	c := p.point(at)
	path.Move(vg.Point{X: c.X + vg.Length(r), Y: c.Y})
	path.Arc(c, vg.Length(r), 0, 2*math.Pi)
	path.Close()
	p.c.SetColor(col)
	p.c.Fill(path)
}

func (p pen) image(img image.Image, x, y, w, h float64) {
	p.c.DrawImage(vg.Rectangle{Min: p.point(pt{x, y + h}), Max: p.point(pt{x + w, y})}, img)
}

// fonts are the ones compiled in with gonum/plot: a picture is the same on every machine.
var fonts = sync.OnceValue(func() *font.Cache { return font.NewCache(liberation.Collection()) })

type face struct {
	size   float64
	bold   bool
	italic bool
}

func (f face) font() font.Font {
	fnt := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(f.size)}
	if f.bold {
		fnt.Weight = stdfont.WeightBold
	}
	if f.italic {
		fnt.Style = stdfont.StyleItalic
	}
	return fnt
}

// width of s in pixels.
func (f face) width(s string) float64 {
	w, _, _ := text.Plain{Fonts: fonts()}.Box(s, f.font())
	return float64(w)
}

// text writes one line. (ax, ay) is the part of its box that is put at q: (0, 0) the upper left corner, (0.5, 1)
// the middle of its lower edge. turned writes upwards, about q.
func (p pen) text(s string, f face, col color.Color, q pt, ax, ay float64, turned bool) {
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
	// The box of a line: ascent 0.76 and descent 0.24 of the size, about what browsers make of this font.
	left, base := -ax*f.width(s), (0.76-ay)*f.size
	fnt := fonts().Lookup(f.font(), vg.Length(f.size))
	p.c.SetColor(col)
	if !turned {
		p.c.FillString(fnt, p.point(pt{q.x + left, q.y + base}), s)
		return
	}
	p.c.Push()
	p.c.Rotate(math.Pi / 2)
	at := p.point(pt{q.x + base, q.y - left})
	p.c.FillString(fnt, vg.Point{X: at.Y, Y: -at.X}, s)
	p.c.Pop()
}

// halo writes text with a light rim, readable over colours.
func (p pen) halo(s string, f face, col color.Color, q pt, ax, ay float64) {
	rim := color.RGBA{255, 255, 255, 255}
	for i := range 8 {
		a := float64(i) * math.Pi / 4
		p.text(s, f, rim, pt{q.x + 1.3*math.Cos(a), q.y + 1.3*math.Sin(a)}, ax, ay, false)
	}
	p.text(s, f, col, q, ax, ay, false)
}

// brief cuts a name that would not fit beside others in a drawing. Titles, captions and tables have the room for it whole.
func brief(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// wrap breaks s into lines of at most width pixels.
func (f face) wrap(s string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && f.width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// segments strokes pairs of points as one path, each mapped by to.
func (p pen) segments(col color.Color, width float64, pairs []pt, to func(pt) pt) {
	if len(pairs) == 0 {
		return
	}
	var path vg.Path
	for i := 0; i+1 < len(pairs); i += 2 {
		path.Move(p.point(to(pairs[i])))
		path.Line(p.point(to(pairs[i+1])))
	}
	p.c.SetColor(col)
	p.c.SetLineWidth(vg.Length(width))
	p.c.SetLineDash(nil, 0)
	p.c.Stroke(path)
}
