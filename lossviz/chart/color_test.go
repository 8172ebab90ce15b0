package chart

import (
	"image/color"
	"math"
	"testing"
)

// linear is the colour's share of red, green and blue light.
func linear(c color.RGBA) [3]float64 {
	var out [3]float64
	for i, v := range []uint8{c.R, c.G, c.B} {
		s := float64(v) / 255
		if s <= 0.04045 {
			out[i] = s / 12.92
		} else {
			out[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return out
}

// cielab is a second opinion on what ramp made in OKLab: CIE 1976 lightness, a and b under D65.
func cielab(rgb [3]float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124564*rgb[0] + 0.3575761*rgb[1] + 0.1804375*rgb[2]) / 0.95047)
	y := f(0.2126729*rgb[0] + 0.7151522*rgb[1] + 0.0721750*rgb[2])
	z := f((0.0193339*rgb[0] + 0.1191920*rgb[1] + 0.9503041*rgb[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// Dichromats' views of a colour in linear light, by the matrices of Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009,
// at full severity.
var blindness = map[string][3][3]float64{
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

func seen(c color.RGBA, m [3][3]float64) [3]float64 {
	v := linear(c)
	var out [3]float64
	for i := range m {
		for k := range v {
			out[i] += m[i][k] * v[k]
		}
		out[i] = min(max(out[i], 0), 1)
	}
	return cielab(out)
}

func apart(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// Lightness alone orders the losses, in every kind of sight, and steps along the scale are about equal.
func TestRampIsUniform(t *testing.T) {
	views := map[string][3][3]float64{"full sight": {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}
	for name, m := range blindness {
		views[name] = m
	}
	const step = 8
	for name, m := range views {
		least, most := math.Inf(1), 0.0
		for i := step; i < rampSize; i += step {
			a, b := seen(ramp()[i-step], m), seen(ramp()[i], m)
			if b[0] <= a[0] {
				t.Errorf("%s: colour %d is not lighter than colour %d", name, i, i-step)
			}
			d := apart(a, b)
			least, most = min(least, d), max(most, d)
		}
		if name == "full sight" && most > 3*least {
			t.Errorf("steps of the scale are between %.1f and %.1f apart", least, most)
		}
	}
}

// The first four line colours, more than most figures have, stay apart for dichromats. Curves differ in dashes and
// names as well.
func TestLineColorsStayApart(t *testing.T) {
	for name, m := range blindness {
		for i, a := range lineColors[:4] {
			for _, b := range lineColors[:i] {
				if d := apart(seen(a, m), seen(b, m)); d < 12 {
					t.Errorf("%s: %s and %s are only %.1f apart", name, hex(a), hex(b), d)
				}
			}
		}
	}
}
