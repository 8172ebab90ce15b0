package chart

import (
	"fmt"
	"html"
	"image/color"
	"strings"
)

// color says the verdict at a glance; the word is there as well.
func (v Verdict) color() color.RGBA {
	switch v {
	case Convex:
		return color.RGBA{0x00, 0x7a, 0x59, 255} // white stands out on it by 5.3 to 1
	case NotConvex:
		return alarm
	}
	return inkSoft
}

// String names the verdict.
func (v Verdict) String() string {
	switch v {
	case Convex:
		return "convex"
	case NotConvex:
		return "not convex"
	}
	return "undetermined"
}

// badge is what stands beside the statement.
func (f Card) badge() string {
	if f.Badge != "" {
		return f.Badge
	}
	return f.Verdict.String()
}

func (f Card) sheet() (*sheet, error) {
	for _, end := range []string{": ", " "} { // the badge says it
		f.Statement = strings.TrimPrefix(f.Statement, f.badge()+end)
	}
	s := &sheet{title: f.Title, caption: f.Caption, card: &f, words: f.words()}
	if f.Line != nil {
		line, err := f.Line.sheet()
		if err != nil {
			return nil, err
		}
		s.panels = line.panels
	}
	return s, nil
}

func (f Card) words() string {
	lines := []string{f.badge()}
	if f.Statement != "" {
		lines[0] += ": " + f.Statement
	}
	if f.Formula != "" {
		lines = append(lines, f.Formula)
	}
	for _, x := range f.Facts {
		lines = append(lines, x.Name+": "+x.Value)
	}
	if f.Why != "" {
		lines = append(lines, f.Why)
	}
	return strings.Join(lines, "\n")
}

// html is the card as text of the page: it can be read, copied and searched, whether scripts run or not.
func (f Card) html() string {
	esc := html.EscapeString
	var b strings.Builder
	fmt.Fprintf(&b, `<div style="font:14px/1.5 %s;border-left:5px solid %s;padding:2px 0 2px 14px;margin:2px 8px 10px;max-width:720px">`, pageFont, hex(f.Verdict.color()))
	fmt.Fprintf(&b, `<div><span style="background:%s;color:#fff;font-weight:600;border-radius:3px;padding:2px 9px;margin-right:8px;white-space:nowrap">%s</span><span dir="auto">%s</span></div>`, hex(f.Verdict.color()), esc(f.badge()), esc(f.Statement))
	if f.Formula != "" {
		fmt.Fprintf(&b, `<div style="font:15px/1.6 'STIX Two Math','Cambria Math',Georgia,serif;margin:7px 0 5px">%s</div>`, esc(f.Formula))
	}
	if len(f.Facts) > 0 {
		b.WriteString(`<table style="border-collapse:collapse;margin:4px 0;font-size:13px">`)
		for _, x := range f.Facts {
			fmt.Fprintf(&b, `<tr style="background:none"><td style="text-align:left;padding:1px 18px 1px 0;opacity:.8;white-space:nowrap;vertical-align:top">%s</td><td style="text-align:left;padding:1px 0;font-variant-numeric:tabular-nums">%s</td></tr>`, esc(x.Name), esc(x.Value))
		}
		b.WriteString(`</table>`)
	}
	if f.Why != "" {
		fmt.Fprintf(&b, `<div dir="auto" style="margin-top:5px;font-size:13px;opacity:.85">%s</div>`, esc(f.Why))
	}
	b.WriteString("</div>\n")
	return b.String()
}

// paintCard draws the same into a picture of the given width, and returns its height; with a nil canvas it only measures.
func (f Card) paintCard(p pen, width float64) float64 {
	draws := p.c.Canvas != nil
	write := func(s string, fc face, c color.RGBA, x, y float64) {
		if draws {
			p.text(s, fc, c, pt{x, y}, 0, 0, false)
		}
	}
	y, x := 6.0, 24.0
	badge := face{size: 13, bold: true}
	bw := badge.width(f.badge()) + 18
	if draws {
		p.rect(f.Verdict.color(), x, y, bw, 22)
	}
	write(f.badge(), badge, paper, x+9, y+5)
	body := face{size: 14}
	for i, line := range body.wrap(f.Statement, width-x-bw-20) {
		write(line, body, ink, x+bw+10, y+4+float64(i)*20)
		if i > 0 {
			y += 20
		}
	}
	y += 32
	for _, line := range (face{size: 15, italic: true}).wrap(f.Formula, width-x-8) {
		write(line, face{size: 15, italic: true}, ink, x, y)
		y += 24
	}
	small := face{size: 13}
	left := 0.0
	for _, fact := range f.Facts {
		left = max(left, small.width(fact.Name))
	}
	for _, fact := range f.Facts {
		write(fact.Name, small, inkSoft, x, y)
		for _, line := range small.wrap(fact.Value, width-x-left-28) {
			write(line, small, ink, x+left+20, y)
			y += 20
		}
	}
	for _, line := range small.wrap(f.Why, width-x-8) {
		write(line, small, inkSoft, x, y+3)
		y += 19
	}
	if draws {
		p.rect(f.Verdict.color(), 8, 4, 5, y-2)
	}
	return y + 8
}
