package chart

import (
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

//go:embed figure.js
var figureJS string

// script is figure.js with its constants filled in and its comments and indentation left out.
var script = sync.OnceValue(func() string {
	var stops strings.Builder
	for i := range 64 {
		stops.WriteString(hex(rampAt(float64(i) / 63))[1:])
	}
	camera := fmt.Sprintf("{alpha:%g,beta:%g,distance:%g}", camAlpha, camBeta, camDist)
	code := strings.NewReplacer("@RAMP@", stops.String(), "@CAMERA@", camera,
		"@SIDE@", fmt.Sprint(boxSide), "@HEIGHT@", fmt.Sprint(boxHeight), "@FOV@", fmt.Sprint(camFov), "@DARK@", fmt.Sprint(darkBelow), "@ROW@", fmt.Sprint(legendRow), "@LIFT@", fmt.Sprintf("(%g)", camLift),
	).Replace(figureJS)
	if name := os.Getenv("SADDLE_KERNEL_NAME"); kernelName.MatchString(name) { // the kernelspec that has the libraries
		code = strings.ReplaceAll(code, "kernelspecs/saddle/", "kernelspecs/"+name+"/")
	}
	var b strings.Builder
	for line := range strings.Lines(code) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") {
			b.WriteString(line + "\n")
		}
	}
	h := fnv.New32a()
	h.Write([]byte(b.String()))
	return strings.Replace(strings.TrimSpace(b.String()), "@VERSION@", strconv.FormatUint(uint64(h.Sum32()), 36), 1)
})

var kernelName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

// Names in the following types are read by figure.js.

type liveFigure struct {
	Words  string      `json:"words"`
	Fields []liveField `json:"fields"`
	Panels []any       `json:"panels"`
	Frames []liveFrame `json:"frames,omitempty"`
	Name   string      `json:"name,omitempty"` // of the slider
}

type liveFrame struct {
	Label  string      `json:"label"`
	Fields []liveField `json:"fields"`
	Panels []any       `json:"panels"`
}

type liveField struct {
	X      []float64   `json:"x"`
	Y      []float64   `json:"y"`
	Z      packed      `json:"z"`
	Names  [3]string   `json:"names"`
	XS     liveScale   `json:"xs"`
	YS     liveScale   `json:"ys"`
	Lin    liveScale   `json:"lin"`
	Log    *liveScale  `json:"log"`
	UseLog bool        `json:"useLog"`
	Paths  []livePath  `json:"paths"`
	Points []livePoint `json:"points"`
	Wash   float64     `json:"wash,omitempty"`    // how far colours are mixed with the ground
	Near   bool        `json:"nearest,omitempty"` // values are classes: no interpolation of colours
	Bold   bool        `json:"bold,omitempty"`    // heavy level lines
}

type liveScale struct {
	Lo     float64   `json:"lo"`
	Hi     float64   `json:"hi"`
	Log    bool      `json:"log"`
	Ticks  []float64 `json:"ticks"`
	Labels []string  `json:"labels"`
	Levels []float64 `json:"levels,omitempty"`
}

type livePath struct {
	Name string `json:"name"`
	X    []any  `json:"x"` // null is a gap
	Y    []any  `json:"y"`
}

type livePoint struct {
	Name string    `json:"name"`
	Kind PointKind `json:"kind"`
	X    float64   `json:"x"`
	Y    float64   `json:"y"`
}

// packed is a grid of values in 16 bits each: place between lo and hi, of the logarithm if Log. 65535 is a hole. That
// keeps four digits, more than a drawing shows, in a tenth of the bytes of JSON numbers.
type packed struct {
	Base64 string  `json:"b"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
	Log    bool    `json:"log,omitempty"`
}

func pack(z [][]float64) packed {
	lo, hi, _ := finiteRange(false, z...)
	if lo == hi {
		hi = lo + max(math.Abs(lo), 1)
	}
	s := scale{lo: lo, hi: hi, log: lo > 0}
	var raw []byte
	for _, row := range z {
		for _, v := range row {
			q := uint16(65535)
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				q = uint16(math.Round(65534 * min(max(s.at(v), 0), 1)))
			}
			raw = binary.LittleEndian.AppendUint16(raw, q)
		}
	}
	return packed{base64.StdEncoding.EncodeToString(raw), lo, hi, s.log}
}

// short rounds to the given number of significant digits, so that JSON writes few.
func short(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func shorts(vs []float64, digits int) []float64 {
	out := make([]float64, len(vs))
	for i, v := range vs {
		out[i] = short(v, digits)
	}
	return out
}

// holes is vs for JSON, which has no NaN: null instead.
func holes(vs []float64) []any {
	out := make([]any, len(vs))
	for i, v := range vs {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out[i] = short(v, 5)
		}
	}
	return out
}

func (s scale) live() liveScale {
	return liveScale{Lo: s.lo, Hi: s.hi, Log: s.log, Ticks: shorts(s.ticks, 9), Labels: s.labels()}
}

func (f *field) live() liveField {
	xs, ys := f.axes()
	l := liveField{X: shorts(f.x, 7), Y: shorts(f.y, 7), Z: pack(f.z), Names: f.names, XS: xs.live(), YS: ys.live(),
		Lin: f.lin.live(), UseLog: f.useLog, Paths: []livePath{}, Points: []livePoint{}, Wash: f.wash, Near: f.nearest, Bold: f.only != nil}
	l.Lin.Levels = shorts(f.levels(f.lin), 6)
	if f.log != nil {
		s := f.log.live()
		s.Levels = shorts(f.levels(*f.log), 6)
		l.Log = &s
	}
	for _, p := range f.paths {
		l.Paths = append(l.Paths, livePath{p.Name, holes(p.X), holes(p.Y)})
	}
	for _, p := range f.points {
		l.Points = append(l.Points, livePoint{p.Name, p.Kind, short(p.X, 6), short(p.Y, 6)})
	}
	return l
}

// box is what every panel says of itself.
type box struct {
	Kind string  `json:"kind"` // which painter of figure.js draws it
	W    float64 `json:"w"`
	H    float64 `json:"h"`
	Head string  `json:"head,omitempty"`
}

func (v *surfaceView) live(fields *fieldList) any {
	hidden := opts.Bool(false)
	c := charts.NewSurface3D()
	c.SetGlobalOptions(
		charts.WithGrid3DOpts(opts.Grid3D{Show: hidden, BoxWidth: boxSide, BoxDepth: boxSide}),
		charts.WithXAxis3DOpts(opts.XAxis3D{Show: hidden, Type: "value"}),
		charts.WithYAxis3DOpts(opts.YAxis3D{Show: hidden, Type: "value"}),
		charts.WithZAxis3DOpts(opts.ZAxis3D{Show: hidden, Type: "value"}),
	)
	all := plain(c.JSON())
	option := map[string]any{}
	for _, k := range []string{"grid3D", "xAxis3D", "yAxis3D", "zAxis3D"} {
		option[k] = all[k]
		if axis, ok := all[k].(map[string]any); ok && k != "grid3D" { // 0 as a minimum is left out by go-echarts
			axis["min"], axis["max"] = 0, 1
		}
	}
	grid := option["grid3D"].(map[string]any)
	grid["boxHeight"] = boxHeight
	grid["viewControl"] = map[string]any{"center": []float64{0, camLift, 0}, "minDistance": 90, "maxDistance": 400, "zoomSensitivity": 0, "panSensitivity": 0, "animation": false}
	return struct {
		box
		Field  int            `json:"field"`
		Option map[string]any `json:"option"`
	}{box{"surface", v.w, v.h, v.head}, fields.index(v.f), option}
}

// plain turns typed options into maps, for what go-echarts has no field for.
func plain(v any) map[string]any {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var m map[string]any
	if json.Unmarshal(b, &m) != nil {
		return nil
	}
	return m
}

func (v *contourView) live(fields *fieldList) any {
	left, top, right, bottom := v.margins()
	xs, ys := v.f.axes()
	option := axisOption(plotChart(xs, ys, left, top, right, bottom), xs, ys, left)
	for _, k := range []string{"xAxis", "yAxis"} {
		option[k].([]any)[0].(map[string]any)["splitLine"] = map[string]any{"show": false}
	}
	option["series"] = []any{}
	delete(option, "tooltip")
	l, rows := v.legend(), []int{}
	for _, row := range l.rows {
		rows = append(rows, len(row))
	}
	var dots [][3]float64
	for _, d := range v.dots {
		dots = append(dots, [3]float64{short(d.x, 5), short(d.y, 5), float64(d.class)})
	}
	return struct {
		box
		Field   int            `json:"field"`
		Margins [4]float64     `json:"margins"`
		Bar     bool           `json:"bar"`
		Legend  []int          `json:"legend"` // how many named paths are in each row
		Lift    float64        `json:"lift"`   // of the first row
		Lines   bool           `json:"lines"`
		Dots    [][3]float64   `json:"dots,omitempty"`
		Classes []string       `json:"classes,omitempty"`
		Option  map[string]any `json:"option"`
	}{box{"contour", v.w, v.h, v.head}, fields.index(v.f), [4]float64{left, top, right, bottom}, v.bar, rows, l.y, v.f.lines, dots, v.classes, option}
}

func px(v float64) string { return strconv.Itoa(int(v)) + "px" }

// fieldList gives each field of a figure its number; views of one field share it.
type fieldList struct{ all []*field }

func (l *fieldList) index(f *field) int {
	for i, g := range l.all {
		if g == f {
			return i
		}
	}
	l.all = append(l.all, f)
	return len(l.all) - 1
}

func (l *fieldList) live() []liveField {
	out := []liveField{}
	for _, f := range l.all {
		out = append(out, f.live())
	}
	return out
}

// live is the figure as figure.js wants it.
func (s *sheet) live() liveFigure {
	out := liveFigure{Words: s.words}
	var list fieldList
	out.Panels = livePanels(s.panels, &list)
	out.Fields = list.live()
	for _, f := range s.frames {
		var list fieldList
		panels := livePanels(f.panels, &list)
		out.Frames = append(out.Frames, liveFrame{f.label, list.live(), panels})
	}
	if len(s.frames) > 0 { // the sheet's own panels are for the picture
		out.Panels, out.Fields, out.Name = []any{}, []liveField{}, s.slider
	}
	return out
}

func livePanels(panels []panel, list *fieldList) []any {
	out := []any{}
	for _, v := range panels {
		out = append(out, v.live(list))
	}
	return out
}
