package notebooks_test

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/draw"
)

// anew writes the pictures of the README again: go test ./notebooks -run TestRun -draw
var anew = flag.Bool("draw", false, "draw the pictures of the README anew")

// picture is a figure of a notebook as the README shows it. It is made by a cell that stands behind one of the
// notebook's and uses its values, so that the two cannot show different things.
type picture struct {
	notebook string
	after    string // the id of a cell
	width    int    // in pixels
	cell     string // makes the variable figure, a chart.Figure
}

// alone makes a figure of a surface without its contour plot, title and caption.
func alone(surface string) string {
	return "figure := " + surface + `.Figure("loss")
figure.NoContour, figure.Title, figure.Caption = true, "", ""`
}

// pictures are the files in the folder images.
var pictures = map[string]picture{
	"two-minima": {"04-two-layer-net", "two-22", 560, `figure := both.Figure("loss")
figure.Title, figure.Caption = "Two minima of the same loss, and the ridge between them", ""
figure.Points = []chart.Point{{Name: "a", Kind: chart.Minimum}, {Name: "b", Kind: chart.Minimum, X: 1}}`},
	"00-start": {"00-start", "start-21", 400, alone("surface")},
	"01-convex-by-definition": {"01-convex-by-definition", "convex-04", 400, `figure := chart.Line{
	X: chart.Axis{Name: "x"}, Y: chart.Axis{Name: "sigmoid(x)"}, Curves: []chart.Curve{graph("sigmoid", sigmoid, -6, 6),
		chord("chord above", sigmoid, -4, 1), chord("chord below", sigmoid, -1, 4)}}`},
	"02-logistic-bowl": {"02-logistic-bowl", "bowl-19", 400, alone("surface")},
	"03-lines-through-loss": {"03-lines-through-loss", "lines-13", 400, `figure := chart.Line{
	X: chart.Axis{Name: "t"}, Y: chart.Axis{Name: "loss"}, Curves: []chart.Curve{
		{Name: "same start", X: near.T, Y: near.Z}, {Name: "other start", X: far.T, Y: far.Z}}}`},
	"04-two-layer-net":       {"04-two-layer-net", "two-22", 400, alone("both")},
	"05-slices-and-scale":    {"05-slices-and-scale", "scale-09", 560, `figure := lossviz.SideBySide(plain.Titled("a network"), plainTwin.Titled("the same function"))`},
	"06-saddles-and-spectra": {"06-saddles-and-spectra", "saddles-24", 400, `figure := chart.Spectrum{Eigenvalues: last, LogDensity: true}`},
	"07-the-path-of-training": {"07-the-path-of-training", "path-15", 400, `figure := common.With(sgd, momentum, adam).Contour("loss")
figure.Title, figure.Caption = "", ""`},
	"08-depth-and-skips": {"08-depth-and-skips", "depth-16", 560, `figure := lossviz.SideBySide(rough[2].Titled("32 layers"), smooth[2].Titled("with skips"))`},
	"09-between-minima":  {"09-between-minima", "minima-14", 400, alone("way.With(bent, lossviz.Points{a, b}).Clip(3)")},
	"10-your-own":        {"10-your-own", "own-17", 400, alone("energy")},
}

// withPictures is cells with one more for each picture that comes from this notebook: it saves the picture as a PNG
// into the notebook's folder.
func (n notebook) withPictures(cells []cell) (all []cell) {
	for _, c := range cells {
		all = append(all, c)
		for _, name := range slices.Sorted(maps.Keys(pictures)) {
			if p := pictures[name]; p.notebook == n.name && p.after == c.ID {
				save := fmt.Sprintf("{\n%s\nif err := figure.Save(%q); err != nil {\n\tpanic(err)\n}\n}", p.cell, name+".png")
				all = append(all, cell{Type: "code", ID: "picture-" + name, Source: text(save)})
			}
		}
	}
	return all
}

// lastPicture is the index of the last cell that a picture comes from.
func (n notebook) lastPicture() int {
	last := -1
	for _, p := range pictures {
		if p.notebook == n.name {
			last = max(last, slices.IndexFunc(n.cells, func(c cell) bool { return c.ID == p.after }))
		}
	}
	return last
}

// comparePictures holds the files in images against the pictures that a run of the notebook left in dir. They may
// differ a little: the last digits of a long training depend on the processor.
func (n notebook) comparePictures(t *testing.T, dir string) {
	for name, p := range pictures {
		if p.notebook != n.name {
			continue
		}
		whole, err := readPNG(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Errorf("%v: is there a cell %s in the notebook?", err, p.after)
			continue
		}
		size := whole.Bounds()
		drawn := image.NewRGBA(image.Rect(0, 0, p.width, size.Dy()*p.width/size.Dx()))
		draw.CatmullRom.Scale(drawn, drawn.Bounds(), whole, size, draw.Src, nil)
		path := filepath.Join("images", name+".png")
		if *anew {
			if err := writePNG(path, drawn); err != nil {
				t.Error(err)
			}
		}
		kept, err := readPNG(path)
		if err != nil {
			t.Error(err)
		} else if d := apart(kept, drawn); d > 0.03 {
			t.Errorf("%s shows something else than the notebook (they differ by %.3f): go test ./notebooks -run TestRun -draw", path, d)
		}
	}
}

// apart is the mean difference of two pictures in brightness, from 0 to 1; 1 if they are not of the same size.
func apart(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	sum, size := 0.0, a.Bounds()
	for y := range size.Dy() {
		for x := range size.Dx() {
			p, q := color.GrayModel.Convert(a.At(x, y)).(color.Gray), color.GrayModel.Convert(b.At(x, y)).(color.Gray)
			sum += math.Abs(float64(p.Y)-float64(q.Y)) / 255
		}
	}
	return sum / float64(size.Dx()*size.Dy())
}

func readPNG(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return png.Decode(file)
}

func writePNG(path string, img image.Image) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(file, img); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// Two pictures of different figures are apart, a picture and itself are not.
func TestPicturesApart(t *testing.T) {
	a, err := readPNG("images/06-saddles-and-spectra.png")
	if err != nil {
		t.Fatal(err)
	}
	b, err := readPNG("images/03-lines-through-loss.png")
	if err != nil {
		t.Fatal(err)
	}
	if d := apart(a, a); d != 0 {
		t.Errorf("a picture and itself differ by %g", d)
	}
	if d := apart(a, b); d < 0.03 {
		t.Errorf("pictures of two notebooks differ by %g only", d)
	}
}
