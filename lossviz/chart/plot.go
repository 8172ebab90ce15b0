package chart

import (
	"fmt"
	"image/color"
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// maxPoints is how many points a drawn curve keeps.
const maxPoints = 900

// plotView is a panel: curves and points over a pair of axes.
type plotView struct {
	w, h   float64
	head   string
	xs, ys scale
	series []series
	notes  []note
	bare   bool // no axes: a diagram
}

// series is one curve, or a cloud of dots.
type series struct {
	name  string // in the legend; "" keeps it out
	color color.RGBA
	x, y  []float64 // a NaN leaves a gap
	width float64   // of the line; the diameter of dots
	dash  bool
	dots  bool
	area  bool // filled down to the axis
}

// note is a marked point with a word.
type note struct {
	x, y  float64
	text  string
	color color.RGBA
	size  float64 // radius; 0: the word alone
	below bool    // the word stands rather below the point
	also  []spot  // other places where the word may stand, which are liked better
	spot  *spot   // where the word stands; nil until it is placed
}

func (v *plotView) size() (float64, float64) { return v.w, v.h }

// margins of the plot area within the panel.
func (v *plotView) margins() (left, top, right, bottom float64) {
	if v.bare {
		return 12, 12, 12, 12
	}
	left = 40
	for _, l := range v.ys.labels() {
		left = max(left, face{size: 12}.width(l)+24)
	}
	top, right = 40, 20
	if l := v.legend(left, right); l.y > 0 {
		top += l.y - 8
	}
	if v.head != "" {
		top += 20
	}
	if n := len(v.xs.ticks); n > 0 && v.xs.at(v.xs.ticks[n-1]) > 0.98 { // half of the last tick's label is beyond it
		right = max(right, wider*face{size: 12}.width(v.xs.labels()[n-1])/2+2)
	}
	return left, top, right, 52
}

// legend names the curves, clear of the name of the upright axis.
func (v *plotView) legend(left, right float64) legend {
	var entries []entry
	for _, s := range v.series {
		if s.name != "" {
			entries = append(entries, entry{name: s.name, color: s.color, dashed: s.dash, dot: s.dots})
		}
	}
	w := v.w - left - right
	return newLegend(entries, w-12-max(0, wider*face{size: 13, bold: true}.width(v.ys.name)-left+12), 0.9*w)
}

// area is the size of the plot area, and how data are mapped to it.
func (v *plotView) area() (w, h float64, to func(x, y float64) pt) {
	left, top, right, bottom := v.margins()
	w, h = v.w-left-right, v.h-top-bottom
	return w, h, func(x, y float64) pt { return pt{v.xs.at(x) * w, h - v.ys.at(y)*h} }
}

func (v *plotView) paint(p pen) {
	left, top, right, _ := v.margins()
	w, h, to := v.area()
	q := p.at(left, top)
	if !v.bare {
		paintGrid(q, w, h, v.xs, v.ys)
		paintAxes(q, w, h, v.xs, v.ys, true)
	}
	for _, s := range v.series {
		var run []pt
		for i := range s.x {
			at := to(s.x[i], s.y[i])
			if math.IsNaN(at.x+at.y) || math.IsInf(at.x+at.y, 0) {
				s.paintRun(q, run, h)
				run = run[:0]
				continue
			}
			run = append(run, at)
		}
		s.paintRun(q, run, h)
	}
	for _, n := range v.placed() {
		if at := to(n.x, n.y); n.size > 0 {
			q.disc(paper, at, n.size+1.6)
			q.disc(n.color, at, n.size)
		}
		at, ax, ay := n.spot.anchor(to)
		q.halo(n.text, face{size: 12, bold: true}, n.color, at, ax, ay)
	}
	if !v.bare {
		v.legend(left, right).paint(p.at(left, top), -23, w)
	}
	if v.head != "" {
		p.text(v.head, face{size: 13, bold: true}, ink, pt{left + w/2, 4}, 0.5, 0, false)
	}
}

// paintRun draws a piece without gaps, cut to the height of the plot area.
func (s series) paintRun(p pen, run []pt, h float64) {
	if s.dots {
		for _, at := range run {
			if at.y >= -1 && at.y <= h+1 {
				p.disc(s.color, at, s.width/2)
			}
		}
		return
	}
	for _, piece := range cutBand(run, -0.5, h+0.5) {
		if s.area && len(piece) > 1 {
			soft := color.NRGBA{s.color.R, s.color.G, s.color.B, 0x38}
			p.fill(soft, append(append([]pt{}, piece...), pt{piece[len(piece)-1].x, h}, pt{piece[0].x, h})...)
		}
		var dash []float64
		if s.dash {
			dash = []float64{6, 4}
		}
		p.line(s.color, s.width, dash, piece...)
	}
}

// cutBand cuts a polyline to lo <= y <= hi.
func cutBand(run []pt, lo, hi float64) [][]pt {
	var out [][]pt
	var cur []pt
	inside := func(q pt) bool { return q.y >= lo && q.y <= hi }
	for i, q := range run {
		if i > 0 && inside(q) != inside(run[i-1]) {
			p := run[i-1]
			edge := hi
			if min(p.y, q.y) < lo {
				edge = lo
			}
			t := (edge - p.y) / (q.y - p.y)
			cur = append(cur, pt{p.x + t*(q.x-p.x), edge})
		}
		if inside(q) {
			cur = append(cur, q)
		} else if len(cur) > 0 {
			out, cur = append(out, cur), nil
		}
	}
	if len(cur) > 0 {
		out = append(out, cur)
	}
	return out
}

func (v *plotView) live(*fieldList) any {
	left, top, right, bottom := v.margins()
	c := plotChart(v.xs, v.ys, left, top, right, bottom)
	icons := map[string]string{}
	for _, s := range v.series {
		dash := "solid"
		if s.dash {
			dash = "dashed"
		}
		options := []charts.SeriesOpts{
			charts.WithItemStyleOpts(opts.ItemStyle{Color: hex(s.color)}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: hex(s.color), Width: float32(s.width), Type: dash}),
			charts.WithLineChartOpts(opts.LineChart{Symbol: "none"}),
		}
		if s.area {
			options = append(options, charts.WithAreaStyleOpts(opts.AreaStyle{Opacity: opts.Float(0.22)}))
		}
		c.AddSeries(s.name, nil, options...)
		if s.name != "" {
			icon := "path://M0 0h20v3h-20z" // ECharts' own would put a dot on the line
			if s.dash {
				icon = "path://M0 0h8v3h-8zM12 0h8v3h-8z"
			}
			if s.dots {
				icon = "circle"
			}
			icons[s.name] = icon
		}
	}
	option := axisOption(c, v.xs, v.ys, left)
	list, _ := option["series"].([]any)
	for i, s := range v.series {
		one := list[i].(map[string]any)
		if s.dots {
			one["type"], one["symbol"], one["symbolSize"] = "scatter", "circle", s.width
			one["itemStyle"].(map[string]any)["opacity"] = 1
		}
		data := make([][2]any, len(s.x))
		for k := range s.x {
			data[k] = [2]any{number6(s.x[k]), number6(s.y[k])}
		}
		one["data"], one["emphasis"], one["clip"] = data, map[string]any{"disabled": true}, true
		if s.name == "" {
			one["silent"], one["tooltip"] = true, map[string]any{"show": false}
		}
	}
	if len(v.notes) > 0 {
		var data []any
		add := func(n note, x, y, size, distance float64, text, side string) {
			data = append(data, map[string]any{"name": text, "value": [2]any{number6(x), number6(y)}, "symbolSize": 2 * size,
				"itemStyle": map[string]any{"color": hex(n.color), "borderColor": "#ffffff", "borderWidth": 1.6, "opacity": 1},
				"label":     map[string]any{"show": text != "", "position": side, "distance": distance, "formatter": "{b}", "color": hex(n.color), "fontWeight": 600, "fontSize": 12}})
		}
		for _, n := range v.placed() {
			if n.spot.x == n.x && n.spot.y == n.y {
				add(n, n.x, n.y, n.size, n.spot.gap-n.size, n.text, n.spot.side)
				continue
			}
			add(n, n.x, n.y, n.size, 0, "", above)
			add(n, n.spot.x, n.spot.y, 0, n.spot.gap, n.text, n.spot.side)
		}
		list = append(list, map[string]any{"type": "scatter", "silent": true, "data": data, "z": 5, "clip": false, "tooltip": map[string]any{"show": false}, "label": map[string]any{"show": true}, "labelLayout": map[string]any{"moveOverlap": "shiftY"}})
	}
	option["series"] = list
	if l := v.legend(left, right); len(l.rows) > 0 && !v.bare {
		var rows []any // each a legend of its own: they end at the same place, whatever the font
		for k, row := range l.rows {
			var names []any
			for _, e := range row {
				names = append(names, map[string]any{"name": e.name, "icon": icons[e.name]})
			}
			rows = append(rows, map[string]any{"data": names, "right": right, "top": top - 34 - l.y + legendRow*float64(k), "itemWidth": 20, "itemHeight": 9, "itemGap": 16, "type": "scroll"})
		}
		option["legend"] = rows
	}
	if v.bare {
		for _, k := range []string{"xAxis", "yAxis"} {
			option[k].([]any)[0].(map[string]any)["show"] = false
		}
		delete(option, "tooltip")
	}
	return struct {
		box
		Option map[string]any `json:"option"`
	}{box{"chart", v.w, v.h, v.head}, option}
}

// number6 is a number for JSON, short; nil where there is none.
func number6(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return short(v, 6)
}

// thinned keeps at most maxPoints of a curve: of each stretch the ends, the lowest and the highest point, so that
// no spike is lost.
func thinned(x, y []float64) ([]float64, []float64, bool) {
	if len(x) <= maxPoints {
		return x, y, false
	}
	buckets := maxPoints / 3
	var tx, ty []float64
	for b := range buckets {
		from, to := b*len(x)/buckets, (b+1)*len(x)/buckets
		lo, hi := from, from
		for i := from; i < to; i++ {
			if y[i] < y[lo] {
				lo = i
			}
			if y[i] > y[hi] || math.IsNaN(y[hi]) {
				hi = i
			}
		}
		last := -1
		for _, i := range []int{from, min(lo, hi), max(lo, hi)} {
			if i > last {
				tx, ty, last = append(tx, x[i]), append(ty, y[i]), i
			}
		}
	}
	return append(tx, x[len(x)-1]), append(ty, y[len(y)-1]), true
}

// newPlot makes a panel of curves: checks them, thins them and chooses the axes. The second result is a word on what
// was thinned.
func newPlot(what string, w, h float64, x, y Axis, curves []series) (*plotView, string, error) {
	v := &plotView{w: w, h: h}
	text := ""
	var xs, ys [][]float64
	for _, s := range curves {
		if len(s.x) != len(s.y) {
			return nil, "", fmt.Errorf("chart: %s: curve %q has %d x and %d y values", what, s.name, len(s.x), len(s.y))
		}
		if s.width == 0 {
			s.width = 2
			if s.dots {
				s.width = 6
			}
		}
		xs, ys = append(xs, s.x), append(ys, s.y)
		s.name = brief(s.name, 32)
		n := len(s.x)
		if tx, ty, cut := thinned(s.x, s.y); cut && !s.dots {
			s.x, s.y = tx, ty
			text = fmt.Sprintf("Drawn with %d of %d points, spikes kept.", len(tx), n)
		}
		v.series = append(v.series, s)
	}
	axis := func(a Axis, values [][]float64, loose bool) (scale, error) {
		lo, hi, ok := finiteRange(a.Log, values...)
		if !ok {
			return scale{}, fmt.Errorf("chart: %s has no finite value to draw along %q", what, a.Name)
		}
		if a.Min != 0 || a.Max != 0 {
			lo, hi, loose = a.Min, a.Max, false
			if !(lo < hi) || a.Log && lo <= 0 {
				return scale{}, fmt.Errorf("chart: %s: the axis %q cannot go from %v to %v", what, a.Name, lo, hi)
			}
		}
		return niceScale(brief(a.Name, 48), lo, hi, a.Log, loose, 5), nil
	}
	var err error
	if v.xs, err = axis(x, xs, false); err != nil {
		return nil, "", err
	}
	if v.ys, err = axis(y, ys, true); err != nil {
		return nil, "", err
	}
	return v, text, nil
}

// plotChart is a go-echarts chart with axes like those of paintAxes and nothing in it yet.
func plotChart(xs, ys scale, left, top, right, bottom float64) *charts.Line {
	kind := func(s scale) string {
		if s.log {
			return "log"
		}
		return "value"
	}
	c := charts.NewLine()
	c.SetGlobalOptions(
		charts.WithXAxisOpts(opts.XAxis{Type: kind(xs), Name: xs.name, NameLocation: "middle", NameGap: 30, Min: xs.lo, Max: xs.hi}),
		charts.WithYAxisOpts(opts.YAxis{Type: kind(ys), Name: ys.name, NameLocation: "end", NameGap: 9, Min: ys.lo, Max: ys.hi}),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithGridOpts(opts.Grid{Left: px(left), Top: px(top), Right: px(right), Bottom: px(bottom), ContainLabel: opts.Bool(false)}),
	)
	return c
}

// axisOption is the chart's option, with what go-echarts has no field for: the ticks of the picture, in its words.
func axisOption(c *charts.Line, xs, ys scale, left float64) map[string]any {
	option := plain(c.JSON())
	for k, s := range map[string]scale{"xAxis": xs, "yAxis": ys} {
		axis := option[k].([]any)[0].(map[string]any)
		axis["ticks"], axis["labels"] = shorts(s.ticks, 9), s.labels()
		delete(axis, "data")
	}
	option["yAxis"].([]any)[0].(map[string]any)["nameTextStyle"] = map[string]any{"align": "left", "padding": []float64{0, 0, 0, 12 - left}}
	for _, k := range []string{"title", "toolbox", "legend", "dataZoom", "visualMap", "color"} {
		delete(option, k)
	}
	return option
}
