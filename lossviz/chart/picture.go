package chart

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Dots of a bitmap per pixel of the page. A saved picture is sharp on dense screens and on paper; the one in a
// notebook is smaller, as the file holds it twice and the live chart takes its place.
const (
	savedDots    = 2
	notebookDots = 1.25
)

// gap is the space between two panels, as in figure.js.
const gap = 12.0

// width and height of the panels in a row.
func (s *sheet) size() (w, h float64) {
	for i, v := range s.panels {
		pw, ph := v.size()
		if i > 0 {
			w += gap
		}
		w, h = w+pw, max(h, ph)
	}
	return w, h
}

func (s *sheet) paintPanels(p pen) {
	x := 0.0
	for _, v := range s.panels {
		v.paint(p.at(x, 0))
		w, _ := v.size()
		x += w + gap
	}
}

// liveWidth is the width of the widest row of panels the live figure shows.
func (s *sheet) liveWidth() float64 {
	w, _ := s.size()
	for _, f := range s.frames {
		one := sheet{panels: f.panels}
		fw, _ := one.size()
		w = max(w, fw)
	}
	return w
}

// cardWidth is the room a card's words want.
func (s *sheet) cardWidth() float64 {
	if s.card == nil {
		return 0
	}
	return 640
}

// whole is the size of the picture with title and caption, and the lines these take.
func (s *sheet) whole() (w, h, top float64, title, caption []string) {
	w, h = s.size()
	if s.card != nil {
		w = max(w, s.cardWidth())
		h += s.card.paintCard(pen{}, w)
	}
	title = face{size: 16, bold: true}.wrap(s.title, w-16)
	caption = face{size: 12}.wrap(s.caption, w-16)
	top = float64(len(title)) * 21
	if len(title) > 0 {
		top += 12
	}
	h += top
	if len(caption) > 0 {
		h += float64(len(caption))*17 + 14
	}
	return w, h, top, title, caption
}

// paint draws the whole figure, title and caption included.
func (s *sheet) paint(p pen) {
	w, h, top, title, caption := s.whole()
	for i, line := range title {
		p.text(line, face{size: 16, bold: true}, ink, pt{8, 8 + float64(i)*21}, 0, 0, false)
	}
	if s.card != nil {
		top += s.card.paintCard(p.at(0, top), w)
	}
	s.paintPanels(p.at(0, top))
	y := h - float64(len(caption))*17 - 6
	for i, line := range caption {
		p.text(line, face{size: 12}, inkSoft, pt{8, y + float64(i)*17}, 0, 0, false)
	}
}

// bitmap draws a picture of w x h pixels.
func bitmap(w, h, dpr float64, paint func(pen)) image.Image {
	c := vgimg.NewWith(vgimg.UseWH(vg.Length(w), vg.Length(h)), vgimg.UseDPI(int(72*dpr)))
	paint(pen{c: draw.New(c), h: h, dpr: dpr})
	return c.Image()
}

func encode(img image.Image) ([]byte, error) {
	var buf bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&buf, reduce(img)); err != nil {
		return nil, fmt.Errorf("chart: writing the picture: %w", err)
	}
	return buf.Bytes(), nil
}

// writeVector draws the whole figure as SVG or PDF.
func (s *sheet) writeVector(w io.Writer, format string) error {
	width, height, _, _, _ := s.whole()
	var c interface {
		vg.CanvasSizer
		io.WriterTo
	}
	if format == "svg" {
		c = vgsvg.NewWith(vgsvg.UseWH(vg.Length(width), vg.Length(height)), vgsvg.EmbedFonts(true))
	} else {
		c = pdfCanvas{vgpdf.New(vg.Length(width), vg.Length(height))}
	}
	p := pen{c: draw.New(c), h: height, dpr: savedDots}
	p.rect(paper, 0, 0, width, height)
	s.paint(p)
	_, err := c.WriteTo(w)
	return err
}
