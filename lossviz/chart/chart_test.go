package chart_test

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// doubleWell is a surface with two minima, a saddle and a path.
func doubleWell(n int) chart.Surface {
	s := chart.Surface{Title: "Two minima and the saddle between them", Caption: "101 × 101 points, seed 7."}
	for i := range n {
		s.X = append(s.X, -1+2*float64(i)/float64(n-1))
	}
	s.Y = s.X
	for _, y := range s.Y {
		var row []float64
		for _, x := range s.X {
			row = append(row, 0.15+(x*x*3-1)*(x*x*3-1)*0.35+0.8*y*y+0.3*x*y)
		}
		s.Z = append(s.Z, row)
	}
	p := chart.Path{Name: "Adam"}
	for k, x, y := 0, -0.05, 0.9; k < 120; k++ {
		p.X, p.Y = append(p.X, x), append(p.Y, y)
		x, y = x-0.03*(0.35*2*(x*x*3-1)*6*x+0.3*y), y-0.03*(1.6*y+0.3*x)
	}
	s.Paths = []chart.Path{p}
	s.Points = []chart.Point{{Name: "minimum", Kind: chart.Minimum, X: 0.57, Y: -0.1}, {Name: "saddle", Kind: chart.Saddle}}
	return s
}

func bundled(t *testing.T, f chart.Figure) (page string, picture []byte, words string) {
	t.Helper()
	b, err := f.MIMEBundle()
	if err != nil {
		t.Fatal(err)
	}
	return b["text/html"].(string), b["image/png"].([]byte), b["text/plain"].(string)
}

func TestBundleIsSmallAndWhole(t *testing.T) {
	page, picture, words := bundled(t, doubleWell(101))
	if n := len(page) + len(picture)*4/3; n > 300_000 {
		t.Errorf("a 101 x 101 surface adds %d bytes to a notebook, want less than 300,000", n)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	for y := 0; y < img.Bounds().Dy(); y += 3 {
		for x := 0; x < img.Bounds().Dx(); x += 3 {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	if len(seen) < 50 {
		t.Errorf("the picture has %d colours: it is as good as blank", len(seen))
	}
	for _, want := range []string{"lowest", "alpha", "beta", "loss"} {
		if !strings.Contains(words, want) {
			t.Errorf("the words do not mention %q: %s", want, words)
		}
	}
	if !strings.Contains(page, "data:image/png;base64,") {
		t.Error("the HTML holds no picture")
	}
}

// A surface of many points is thinned, and says so: 151 x 151 is what a page can be expected to turn without a pause.
func TestLargeSurfaceIsThinned(t *testing.T) {
	s := doubleWell(501)
	page, picture, words := bundled(t, s)
	if !strings.Contains(page, "Drawn with 151 × 151 of the 501 × 501 points.") || !strings.Contains(words, "151 × 151") {
		t.Error("a surface of 501 x 501 points does not say that it is thinned")
	}
	if n := len(page) + len(picture)*4/3; n > 400_000 {
		t.Errorf("a 501 x 501 surface adds %d bytes to a notebook", n)
	}
}

// Words and numbers in a figure stand out from their ground by 4.5 to 1, lines by 3 to 1. figure.js has the colours.
func TestContrast(t *testing.T) {
	script, err := os.ReadFile("figure.js")
	if err != nil {
		t.Fatal(err)
	}
	light := func(hex string) float64 {
		v, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		lin := func(c uint64) float64 {
			s := float64(c&255) / 255
			if s <= 0.03928 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*lin(v>>16) + 0.7152*lin(v>>8) + 0.0722*lin(v)
	}
	contrast := func(a, b string) float64 {
		x, y := light(a), light(b)
		return (max(x, y) + 0.05) / (min(x, y) + 0.05)
	}
	for _, theme := range []string{"LIGHT", "DARK"} {
		line := regexp.MustCompile(`const ` + theme + ` = \{.*`).FindString(string(script))
		colour := func(name string) string {
			m := regexp.MustCompile(name + `: '#(\w{6})'`).FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("%s has no colour %s", theme, name)
			}
			return m[1]
		}
		for _, name := range []string{"ink", "soft", "alarm"} {
			if c := contrast(colour(name), colour("paper")); c < 4.5 {
				t.Errorf("%s: %s stands out by %.1f to 1", theme, name, c)
			}
		}
	}
	line := regexp.MustCompile(`const ON_DARK = \{.*`).FindString(string(script))
	for _, pair := range regexp.MustCompile(`'#(\w{6})': '#(\w{6})'`).FindAllStringSubmatch(line, -1)[2:9] {
		if a, b := contrast(pair[1], "ffffff"), contrast(pair[2], "16181c"); a < 3 || b < 3 {
			t.Errorf("the line colour %s stands out by %.1f to 1, in the dark theme by %.1f to 1", pair[1], a, b)
		}
	}
}

func TestLabelsAreText(t *testing.T) {
	evil := `</script><script>alert(1)</script>"'<b>`
	s := doubleWell(11)
	s.Title, s.Caption, s.XName, s.Paths[0].Name, s.Points[0].Name = evil, evil, evil, evil, evil
	page, _, _ := bundled(t, s)
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<b>") || strings.Count(page, "</script>") != 1 {
		t.Error("a label got out of its place in the HTML")
	}
	line := chart.Line{Title: evil, Curves: []chart.Curve{{Name: evil, X: []float64{0, 1}, Y: []float64{1, 2}}}}
	page, _, _ = bundled(t, line)
	if strings.Contains(page, "<script>alert") || strings.Count(page, "</script>") != 1 {
		t.Error("a curve's name got out of its place in the HTML")
	}
}

func TestHolesAndMistakes(t *testing.T) {
	s := doubleWell(11)
	s.Z[3][4], s.Z[5][5] = math.NaN(), math.Inf(1)
	if _, _, words := bundled(t, s); !strings.Contains(words, "lowest") {
		t.Error("a surface with holes has no words")
	}
	for name, f := range map[string]chart.Figure{
		"no points":      chart.Surface{},
		"ragged":         chart.Surface{X: []float64{0, 1}, Y: []float64{0, 1}, Z: [][]float64{{1, 2}, {3}}},
		"decreasing":     chart.Surface{X: []float64{1, 0}, Y: []float64{0, 1}, Z: [][]float64{{1, 2}, {3, 4}}},
		"no finite":      chart.Line{Curves: []chart.Curve{{X: []float64{0, 1}, Y: []float64{math.NaN(), math.NaN()}}}},
		"uneven curve":   chart.Line{Curves: []chart.Curve{{X: []float64{0, 1}, Y: []float64{1}}}},
		"empty training": chart.TrainingCurve{},
	} {
		if f.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	if keep := os.Getenv("SADDLE_ARTIFACTS"); keep != "" {
		dir = keep
	}
	steps := []float64{0, 1, 2, 3, 4, 5}
	figures := map[string]chart.Figure{
		"surface":       doubleWell(101),
		"contour":       chart.Contour{X: doubleWell(41).X, Y: doubleWell(41).X, Z: doubleWell(41).Z},
		"line":          chart.Line{Title: "A line", X: chart.Axis{Name: "alpha"}, Y: chart.Axis{Name: "loss"}, Curves: []chart.Curve{{Name: "a", X: steps, Y: []float64{3, 2, 1, 1, 2, 3}}, {Name: "b", X: steps, Y: []float64{1, 2, 2, 3, 3, 3}, Dashed: true}}},
		"training":      chart.TrainingCurve{Title: "Training", Train: []float64{1, .3, .1, .05, .02, .01}, TrainAccuracy: []float64{.5, .7, .8, .9, 1, 1}},
		"interpolation": chart.Interpolation{Title: "Between two minima", Alpha: []float64{0, .25, .5, .75, 1}, Train: []float64{.1, .5, .9, .4, .1}, Bulge: &chart.Bulge{A: 0, B: 1, T: .5, LossA: .1, LossB: .1, LossT: .9}},
	}
	for name, f := range figures {
		for _, ext := range []string{".png", ".svg", ".pdf", ".html"} {
			path := filepath.Join(dir, name+ext)
			if err := f.Save(path); err != nil {
				t.Errorf("%s%s: %v", name, ext, err)
			} else if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
				t.Errorf("%s%s was not written whole: %v", name, ext, err)
			}
		}
		if err := f.Save(filepath.Join(dir, name+".doc")); err == nil {
			t.Errorf("%s: .doc was accepted", name)
		}
	}
}
