package charttest

import (
	"image"
	"math"
)

// Apart is the mean difference of two pictures, 0 to 1, seen from afar: as 24 x 24 fields of mean colour. Fonts and
// edges differ between Go and a browser, what is where and in which colour must not.
func Apart(a, b image.Image) float64 {
	const n = 24
	field := func(img image.Image, i, j int) (s [3]float64) {
		r := img.Bounds()
		x0, x1 := r.Min.X+r.Dx()*i/n, r.Min.X+r.Dx()*(i+1)/n
		y0, y1 := r.Min.Y+r.Dy()*j/n, r.Min.Y+r.Dy()*(j+1)/n
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				r, g, b, _ := img.At(x, y).RGBA()
				s[0], s[1], s[2] = s[0]+float64(r), s[1]+float64(g), s[2]+float64(b)
			}
		}
		for c := range s {
			s[c] /= 65535 * float64(max((x1-x0)*(y1-y0), 1))
		}
		return s
	}
	sum := 0.0
	for i := range n {
		for j := range n {
			p, q := field(a, i, j), field(b, i, j)
			for c := range p {
				sum += math.Abs(p[c] - q[c])
			}
		}
	}
	return sum / (3 * n * n)
}

// Colours counts the distinct colours of a picture, as a blank one has few.
func Colours(img image.Image) int {
	seen := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 3 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 3 {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}
