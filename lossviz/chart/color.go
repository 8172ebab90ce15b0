package chart

import (
	"fmt"
	"image/color"
	"math"
	"sync"
)

// Colours of lines, in the order they are given out. They differ in lightness as well as in hue, so that they stay apart
// for readers who do not see some hues and in a grey print, and each has a contrast of 3 to 1 to white and to black.
var lineColors = []color.RGBA{
	{0x00, 0x6b, 0xb3, 255}, // blue
	{0xd5, 0x5e, 0x00, 255}, // vermilion
	{0x00, 0x95, 0x6d, 255}, // green
	{0xb8, 0x5c, 0x93, 255}, // purple
	{0x80, 0x6b, 0x00, 255}, // olive
	{0x6a, 0x6e, 0x7c, 255}, // grey
}

// Colours of the picture, which is always light; the live chart has the same in figure.js, and dark ones.
var (
	ink     = color.RGBA{0x1f, 0x24, 0x2b, 255} // titles, marks
	inkSoft = color.RGBA{0x55, 0x5d, 0x68, 255} // ticks, names, captions: 6.6 to 1 on white
	rule    = color.RGBA{0xe3, 0xe6, 0xea, 255} // grid lines
	frame   = color.RGBA{0x9a, 0xa1, 0xab, 255} // axis lines
	paper   = color.RGBA{255, 255, 255, 255}
	alarm   = color.RGBA{0xc4, 0x1e, 0x3a, 255} // where convexity breaks
)

const rampSize = 256

// ramp is the colour scale of loss: dark violet for the lowest value to light yellow for the highest. It runs
// through OKLab with lightness rising evenly and equal distances between neighbours, so equal steps of loss
// look equal, and lightness alone orders the values for colour-blind readers and on paper.
var ramp = sync.OnceValue(func() []color.RGBA {
	// Walk the curve finely, then pick points at equal arc length.
	const fine = 4096
	type lab struct{ l, a, b float64 }
	curve := make([]lab, fine+1)
	length := make([]float64, fine+1)
	for i := range curve {
		t := float64(i) / fine
		hue := (292 - 187*math.Pow(t, 0.92)) * math.Pi / 180
		light := 0.29 + 0.65*t
		chroma := 0.102 + 0.068*(2*t-1)*(2*t-1)
		for !inGamut(light, chroma*math.Cos(hue), chroma*math.Sin(hue)) {
			chroma *= 0.995
		}
		curve[i] = lab{light, chroma * math.Cos(hue), chroma * math.Sin(hue)}
		if i > 0 {
			p, q := curve[i-1], curve[i]
			length[i] = length[i-1] + math.Sqrt((p.l-q.l)*(p.l-q.l)+(p.a-q.a)*(p.a-q.a)+(p.b-q.b)*(p.b-q.b))
		}
	}
	colors := make([]color.RGBA, rampSize)
	at := 0
	for i := range colors {
		want := length[fine] * float64(i) / (rampSize - 1)
		for at < fine && length[at] < want {
			at++
		}
		colors[i] = fromOKLab(curve[at].l, curve[at].a, curve[at].b)
	}
	return colors
})

// linearRGB converts OKLab to linear sRGB components, which may leave [0, 1].
func linearRGB(l, a, b float64) (r, g, bl float64) {
	lc := l + 0.3963377774*a + 0.2158037573*b
	mc := l - 0.1055613458*a - 0.0638541728*b
	sc := l - 0.0894841775*a - 1.2914855480*b
	lc, mc, sc = lc*lc*lc, mc*mc*mc, sc*sc*sc
	return 4.0767416621*lc - 3.3077115913*mc + 0.2309699292*sc,
		-1.2684380046*lc + 2.6097574011*mc - 0.3413193965*sc,
		-0.0041960863*lc - 0.7034186147*mc + 1.7076147010*sc
}

func inGamut(l, a, b float64) bool {
	r, g, bl := linearRGB(l, a, b)
	return min(r, g, bl) >= 0 && max(r, g, bl) <= 1
}

func fromOKLab(l, a, b float64) color.RGBA {
	channel := func(v float64) uint8 {
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		return uint8(math.Round(255 * min(max(v, 0), 1)))
	}
	r, g, bl := linearRGB(l, a, b)
	return color.RGBA{channel(r), channel(g), channel(bl), 255}
}

// rampAt is the colour of t in [0, 1].
func rampAt(t float64) color.RGBA {
	return ramp()[int(math.Round(min(max(t, 0), 1)*(rampSize-1)))]
}

// shade makes a colour lighter (f > 1) or darker (f < 1).
func shade(c color.RGBA, f float64) color.RGBA {
	ch := func(v uint8) uint8 { return uint8(min(max(math.Round(float64(v)*f), 0), 255)) }
	return color.RGBA{ch(c.R), ch(c.G), ch(c.B), c.A}
}

// mix blends t of b into a.
func mix(a, b color.RGBA, t float64) color.RGBA {
	ch := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + t*(float64(y)-float64(x)))) }
	return color.RGBA{ch(a.R, b.R), ch(a.G, b.G), ch(a.B, b.B), ch(a.A, b.A)}
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
