//go:build ignore

// Draw makes the kernel's logos: the saddle z = x² - y², once as SVG and in the two sizes Jupyter wants as PNG.
// Run it with "go generate" after changing it.
package main

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"math"
	"os"
	"slices"
	"strings"

	"golang.org/x/image/vector"
)

const (
	size  = 64.0 // of the drawing; PNGs are scaled
	cells = 10   // of the surface, along each side
)

type patch struct {
	x, y  [4]float64
	depth float64
	fill  color.RGBA
}

func main() {
	patches := surface()
	check(os.WriteFile("logo-svg.svg", []byte(svg(patches)), 0o644))
	for _, pixels := range []int{32, 64} {
		f, err := os.Create(fmt.Sprintf("logo-%dx%d.png", pixels, pixels))
		check(err)
		check(png.Encode(f, raster(patches, pixels)))
		check(f.Close())
	}
}

// surface projects the patches and sorts them from back to front.
func surface() []patch {
	var patches []patch
	for i := range cells {
		for j := range cells {
			var p patch
			mean := 0.0
			for k, corner := range [4][2]int{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
				u := 2*float64(i+corner[0])/cells - 1
				v := 2*float64(j+corner[1])/cells - 1
				z := u*u - v*v
				// Seen from a little aside and a little above.
				const turn, tilt = 0.6, 0.55
				across, away := u*math.Cos(turn)-v*math.Sin(turn), u*math.Sin(turn)+v*math.Cos(turn)
				p.x[k] = size/2 + 22.5*across
				p.y[k] = size/2 - 22.5*(away*math.Sin(tilt)+z*0.7*math.Cos(tilt))
				p.depth += away
				mean += z / 4
			}
			p.fill = shade((mean + 1) / 2)
			patches = append(patches, p)
		}
	}
	slices.SortStableFunc(patches, func(a, b patch) int { return cmp.Compare(b.depth, a.depth) })
	return patches
}

// shade goes from blue over teal to amber.
func shade(t float64) color.RGBA {
	stops := [][3]float64{{46, 64, 138}, {0, 133, 160}, {92, 190, 150}, {250, 196, 84}}
	at := min(max(t, 0), 0.9999) * float64(len(stops)-1)
	i := int(at)
	mix := func(k int) uint8 { return uint8(stops[i][k] + (at-float64(i))*(stops[i+1][k]-stops[i][k])) }
	return color.RGBA{mix(0), mix(1), mix(2), 255}
}

func svg(patches []patch) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" stroke-linejoin="round" stroke-width="0.5">`+"\n", size, size)
	for _, p := range patches {
		b.WriteString(`<path d="M`)
		for k := range p.x {
			fmt.Fprintf(&b, "%.1f %.1f ", p.x[k], p.y[k])
		}
		hex := fmt.Sprintf("#%02x%02x%02x", p.fill.R, p.fill.G, p.fill.B)
		fmt.Fprintf(&b, `Z" fill="%s" stroke="%s"/>`+"\n", hex, hex)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func raster(patches []patch, pixels int) image.Image {
	const fine = 8 // drawn so many times larger, then averaged: no seams between patches
	n := pixels * fine
	big := image.NewRGBA(image.Rect(0, 0, n, n))
	scale := float32(float64(n) / size)
	for _, p := range patches {
		r := vector.NewRasterizer(n, n)
		r.MoveTo(float32(p.x[0])*scale, float32(p.y[0])*scale)
		for k := 1; k < 4; k++ {
			r.LineTo(float32(p.x[k])*scale, float32(p.y[k])*scale)
		}
		r.ClosePath()
		r.DrawOp = draw.Over
		r.Draw(big, big.Bounds(), image.NewUniform(p.fill), image.Point{})
	}
	out := image.NewNRGBA(image.Rect(0, 0, pixels, pixels))
	for y := range pixels {
		for x := range pixels {
			var sum [4]float64
			for dy := range fine {
				for dx := range fine {
					c := big.RGBAAt(x*fine+dx, y*fine+dy)
					for k, v := range [4]uint8{c.R, c.G, c.B, c.A} {
						sum[k] += float64(v)
					}
				}
			}
			if a := sum[3]; a > 0 {
				part := func(k int) uint8 { return uint8(math.Round(sum[k] / a * 255)) }
				out.SetNRGBA(x, y, color.NRGBA{part(0), part(1), part(2), uint8(math.Round(a / (fine * fine)))})
			}
		}
	}
	return out
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
