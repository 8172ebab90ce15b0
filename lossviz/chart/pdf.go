package chart

import (
	"image"
	"image/color"
	pixels "image/draw"

	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgpdf"
)

// pdfCanvas is gonum/plot's PDF canvas, but shows what its other canvases show. That one takes translucent colours for darker
// ones, draws images upside down, and writes Western European letters only: no minus sign, no Greek.
type pdfCanvas struct{ *vgpdf.Canvas }

func (c pdfCanvas) SetColor(col color.Color) {
	if col != nil {
		col = straight(color.NRGBAModel.Convert(col).(color.NRGBA))
	}
	c.Canvas.SetColor(col)
}

// straight is a colour whose parts are not multiplied with its opacity.
type straight color.NRGBA

func (c straight) RGBA() (r, g, b, a uint32) {
	return 0x101 * uint32(c.R), 0x101 * uint32(c.G), 0x101 * uint32(c.B), 0x101 * uint32(c.A)
}

func (c pdfCanvas) DrawImage(rect vg.Rectangle, img image.Image) {
	c.Canvas.DrawImage(rect, upsideDown(img))
}

func upsideDown(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		pixels.Draw(out, image.Rect(0, b.Dy()-1-y, b.Dx(), b.Dy()-y), img, image.Pt(b.Min.X, b.Min.Y+y), pixels.Src)
	}
	return out
}

func (c pdfCanvas) FillString(fnt font.Face, at vg.Point, s string) {
	c.Fill(outlines(fnt, at, s))
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
