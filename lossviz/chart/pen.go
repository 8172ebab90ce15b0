package chart

import (
	"image"
	"image/color"
	pixels "image/draw"
	"math"
	"strings"
	"sync"

	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
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
	// pdf: gonum/plot's PDF canvas writes Western European letters only, no minus sign and no Greek, draws images upside down, and
	// takes translucent colours for darker ones.
	pdf bool
}

func (p pen) at(x, y float64) pen { p.o = pt{p.o.x + x, p.o.y + y}; return p }

func (p pen) point(q pt) vg.Point {
	return vg.Point{X: vg.Length(p.o.x + q.x), Y: vg.Length(p.h - p.o.y - q.y)}
}

func (p pen) ink(col color.Color) {
	if p.pdf {
		col = straight(color.NRGBAModel.Convert(col).(color.NRGBA))
	}
	p.c.SetColor(col)
}

// straight is a colour whose parts are not multiplied with its opacity.
type straight color.NRGBA

func (c straight) RGBA() (r, g, b, a uint32) {
	return 0x101 * uint32(c.R), 0x101 * uint32(c.G), 0x101 * uint32(c.B), 0x101 * uint32(c.A)
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
	p.ink(col)
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
	p.ink(col)
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
	p.ink(col)
	p.c.Fill(path)
}

func (p pen) image(img image.Image, x, y, w, h float64) {
	if p.pdf {
		img = upsideDown(img)
	}
	p.c.DrawImage(vg.Rectangle{Min: p.point(pt{x, y + h}), Max: p.point(pt{x + w, y})}, img)
}

func upsideDown(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		pixels.Draw(out, image.Rect(0, b.Dy()-1-y, b.Dx(), b.Dy()-y), img, image.Pt(b.Min.X, b.Min.Y+y), pixels.Src)
	}
	return out
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
	write := func(at vg.Point) {
		if p.pdf {
			p.c.Fill(outlines(fnt, at, s))
		} else {
			p.c.FillString(fnt, at, s)
		}
	}
	p.ink(col)
	if !turned {
		write(p.point(pt{q.x + left, q.y + base}))
		return
	}
	p.c.Push()
	p.c.Rotate(math.Pi / 2)
	at := p.point(pt{q.x + base, q.y - left})
	write(vg.Point{X: at.Y, Y: -at.X})
	p.c.Pop()
}

// outlines are the shapes of a line of text that begins at a point.
func outlines(fnt font.Face, at vg.Point, s string) vg.Path {
	var path vg.Path
	var buf sfnt.Buffer
	em := fixed.Int26_6(fnt.Face.UnitsPerEm()) // lengths are units of the font then
	scale := fnt.Font.Size / vg.Length(em)
	var before sfnt.GlyphIndex
	for i, r := range s {
		glyph, err := fnt.Face.GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		if i > 0 {
			if kern, err := fnt.Face.Kern(&buf, before, glyph, em, stdfont.HintingNone); err == nil {
				at.X += vg.Length(kern) * scale
			}
		}
		before = glyph
		if segments, err := fnt.Face.LoadGlyph(&buf, glyph, em, nil); err == nil {
			path = appendGlyph(path, segments, at, scale)
		}
		if advance, err := fnt.Face.GlyphAdvance(&buf, glyph, em, stdfont.HintingNone); err == nil {
			at.X += vg.Length(advance) * scale
		}
	}
	return path
}

// appendGlyph adds a glyph's shape. Quadratic curves become cubic ones, which is all that PDF has.
func appendGlyph(path vg.Path, segments sfnt.Segments, at vg.Point, scale vg.Length) vg.Path {
	place := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: at.X + vg.Length(p.X)*scale, Y: at.Y - vg.Length(p.Y)*scale}
	}
	toward := func(a, b vg.Point) vg.Point { return a.Add(b.Sub(a).Scale(2. / 3)) }
	var last vg.Point
	for i, s := range segments {
		p := [3]vg.Point{place(s.Args[0]), place(s.Args[1]), place(s.Args[2])}
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			path.Move(p[0])
			last = p[0]
		case sfnt.SegmentOpLineTo:
			path.Line(p[0])
			last = p[0]
		case sfnt.SegmentOpQuadTo:
			path.CubeTo(toward(last, p[0]), toward(p[1], p[0]), p[1])
			last = p[1]
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(p[0], p[1], p[2])
			last = p[2]
		}
	}
	if len(segments) > 0 {
		path.Close()
	}
	return path
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
	p.ink(col)
	p.c.SetLineWidth(vg.Length(width))
	p.c.SetLineDash(nil, 0)
	p.c.Stroke(path)
}
