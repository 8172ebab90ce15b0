package chart

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"testing"
	"time"
)

func demoSurface(n int) Surface {
	s := Surface{Title: "Two minima and the saddle between them", Caption: "Filter-normalized slice around the end of training, 101 × 101 points, seed 7, 1.3 s."}
	for i := range n {
		s.X = append(s.X, -1+2*float64(i)/float64(n-1))
	}
	s.Y = s.X
	for _, y := range s.Y {
		var row []float64
		for _, x := range s.X {
			row = append(row, 0.05+(x*x*3-1)*(x*x*3-1)*0.35+0.8*y*y+0.3*x*y+0.1*math.Sin(6*x)*math.Cos(5*y)+0.1)
		}
		s.Z = append(s.Z, row)
	}
	p := Path{Name: "Adam"}
	x, y := -0.05, 0.9
	for k := 0; k < 120; k++ {
		p.X = append(p.X, x)
		p.Y = append(p.Y, y)
		gx := 0.35*2*(x*x*3-1)*6*x + 0.3*y
		gy := 1.6*y + 0.3*x
		x -= 0.03 * gx
		y -= 0.03 * gy
	}
	s.Paths = []Path{p}
	s.Points = []Point{{"minimum", Minimum, 0.57, -0.1}, {"minimum", Minimum, -0.57, 0.1}, {"saddle", Saddle, 0, 0}}
	return s
}
func TestDemo(t *testing.T) {
	t0 := time.Now()
	sh, err := demoSurface(101).sheet()
	if err != nil {
		t.Fatal(err)
	}
	w, h, _, _, _ := sh.whole()
	img := bitmap(w, h, 1.5, sh.paint)
	t1 := time.Now()
	b, _ := encode(img)
	os.WriteFile("/tmp/chartwork/surface.png", b, 0o644)
	fmt.Println(len(b), t1.Sub(t0), time.Since(t1))
}
func TestSize(t *testing.T) {
	sh, _ := demoSurface(101).sheet()
	w, h := sh.size()
	img := bitmap(w, h, 1.5, sh.paintPanels)
	var buf bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	e.Encode(&buf, img)
	fmt.Println("rgba", buf.Len())
	r := img.(*image.RGBA)
	for i := range r.Pix {
		v := int(r.Pix[i])
		r.Pix[i] = uint8(min(255, (v+2)/4*4))
	}
	buf.Reset()
	e.Encode(&buf, img)
	fmt.Println("post4", buf.Len())
	buf.Reset()
	e.Encode(&buf, reduce(img))
	fmt.Println("pal", buf.Len())
}
