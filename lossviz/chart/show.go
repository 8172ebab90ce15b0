package chart

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

//go:embed figure.js
var figureScript string

func check(f Figure) error { _, err := f.sheet(); return err }

// words are the figure's numbers in a few sentences.
func words(f Figure) string {
	s, err := f.sheet()
	if err != nil {
		return err.Error()
	}
	return s.text()
}

func (s *sheet) text() string {
	var parts []string
	for _, p := range []string{s.title, s.words, s.caption} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "\n")
}

// picture returns the still figure as PNG.
func (s *sheet) picture(dots float64) ([]byte, error) {
	w, h, _, _, _ := s.whole()
	return encode(bitmap(w, h, dots, func(p pen) {
		p.rect(paper, 0, 0, w, h)
		s.paint(p)
	}))
}

// bundle is the figure for a notebook: live, still, and in words.
func bundle(f Figure) (map[string]any, error) {
	s, err := f.sheet()
	if err != nil {
		return nil, err
	}
	png, err := s.picture(notebookDots)
	if err != nil {
		return nil, err
	}
	page, err := s.html(png)
	if err != nil {
		return nil, err
	}
	return map[string]any{"text/html": page, "image/png": png, "text/plain": s.text()}, nil
}

// livePanel is a panel that has a live chart: area is the part it covers, data what figure.js draws there.
type livePanel interface {
	panel
	area() (x, y, w, h float64)
	live() (map[string]any, error)
}

// html is the picture, and the script that lays live charts over its panels.
func (s *sheet) html(png []byte) (string, error) {
	w, h, top, _, _ := s.whole()
	var boxes strings.Builder
	var panels []map[string]any
	left := 0.0
	for _, p := range s.panels {
		pw, _ := p.size()
		if l, ok := p.(livePanel); ok {
			data, err := l.live()
			if err != nil {
				return "", err
			}
			x, y, aw, ah := l.area()
			fmt.Fprintf(&boxes, `<div class="saddle-panel" style="position:absolute;left:%.3f%%;top:%.3f%%;width:%.3f%%;height:%.3f%%;visibility:hidden;outline-offset:2px"></div>`,
				100*(left+x)/w, 100*(top+y)/h, 100*aw/w, 100*ah/h)
			panels = append(panels, data)
		}
		left += pw + gap
	}
	sum := sha256.Sum256(png)
	id := fmt.Sprintf("%x", sum[:6])
	var b strings.Builder
	fmt.Fprintf(&b, `<div class="saddle-figure" data-figure="%s" style="position:relative;max-width:%.0fpx;background:#fff;border-radius:4px;overflow:hidden">`, id, w)
	fmt.Fprintf(&b, `<img src="data:image/png;base64,%s" alt="%s" style="display:block;width:100%%;max-width:none;height:auto;margin:0">`,
		base64.StdEncoding.EncodeToString(png), html.EscapeString(s.text()))
	b.WriteString(boxes.String() + "</div>")
	if len(panels) > 0 {
		text, err := json.Marshal(panels) // escapes <, > and & : labels cannot end the script
		if err != nil {
			return "", fmt.Errorf("chart: writing the figure's numbers: %w", err)
		}
		b.WriteString("<script>" + strings.NewReplacer("FIGURE_ID", `"`+id+`"`, "FIGURE_PANELS", string(text)).Replace(figureScript) + "</script>")
	}
	return b.String(), nil
}

// floats packs numbers for figure.js: 32 bits are more than a screen shows.
func floats(rows [][]float64) string {
	var b []byte
	for _, row := range rows {
		for _, v := range row {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
	}
	return base64.StdEncoding.EncodeToString(b)
}

// liveScale is an axis for figure.js.
func liveScale(s scale) map[string]any { return map[string]any{"lo": s.lo, "hi": s.hi, "log": s.log} }

func (v *surfaceView) area() (x, y, w, h float64) { return 0, 0, v.w, v.h }

func (v *surfaceView) live() (map[string]any, error) {
	f := v.f
	s := f.scale()
	n, m := len(f.x)-1, len(f.y)-1
	colors := make([]string, 33)
	for i := range colors {
		colors[i] = hex6(float64(i) / 32)
	}
	lift := 0.012 * (s.hi - s.lo)
	paths := []map[string]any{}
	for k, p := range f.paths {
		var points [][3]float64
		for i := range p.X {
			if z := f.at(p.X[i], p.Y[i]); !math.IsNaN(z) && !math.IsInf(z, 0) {
				points = append(points, [3]float64{p.X[i], p.Y[i], z + lift})
			}
		}
		paths = append(paths, map[string]any{"name": p.Name, "color": hex(pathColor(k)), "points": points})
	}
	points := []map[string]any{}
	for _, q := range f.points {
		if z := f.at(q.X, q.Y); !math.IsNaN(z) && !math.IsInf(z, 0) {
			points = append(points, map[string]any{"name": q.Name, "at": [3]float64{q.X, q.Y, z + lift}})
		}
	}
	return map[string]any{
		"kind": "surface", "x": f.x, "y": f.y, "z": floats(f.z), "names": f.names, "colors": colors,
		"axes":  []any{map[string]any{"lo": f.x[0], "hi": f.x[n]}, map[string]any{"lo": f.y[0], "hi": f.y[m]}, liveScale(s)},
		"scale": liveScale(s), "camera": []float64{camAlpha, camBeta, camDist, camLift}, "paths": paths, "points": points,
	}, nil
}

func hex6(t float64) string { return hex(rampAt(t)) }

// save writes a figure to a file whose extension says how.
func save(f Figure, path string) error {
	s, err := f.sheet()
	if err != nil {
		return err
	}
	write := func(data []byte) error {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("chart: saving the figure: %w", err)
		}
		return nil
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		png, err := s.picture(savedDots)
		if err != nil {
			return err
		}
		return write(png)
	case ".svg", ".pdf":
		var b strings.Builder
		if err := s.writeVector(&b, ext[1:]); err != nil {
			return fmt.Errorf("chart: drawing %s: %w", path, err)
		}
		return write([]byte(b.String()))
	case ".html":
		png, err := s.picture(notebookDots)
		if err != nil {
			return err
		}
		body, err := s.html(png)
		if err != nil {
			return err
		}
		return write([]byte("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>" + html.EscapeString(s.title) + "</title></head><body>" + body + "</body></html>\n"))
	default:
		return fmt.Errorf("chart: %s: the extension must be .png, .svg, .pdf or .html", path)
	}
}

// show displays a figure in the running cell, or outside a notebook writes it to a file.
func show(f Figure) error {
	if !gonbui.IsNotebook {
		file, err := os.CreateTemp("", "saddle-*.html")
		if err != nil {
			return fmt.Errorf("chart: writing the figure: %w", err)
		}
		file.Close()
		if err := save(f, file.Name()); err != nil {
			return err
		}
		fmt.Println("figure:", file.Name())
		return nil
	}
	data, err := bundle(f)
	if err != nil {
		return err
	}
	gonbui.SendData(display(data, ""))
	return nil
}

// display is a bundle in gonbui's form.
func display(data map[string]any, id string) *protocol.DisplayData {
	d := &protocol.DisplayData{Data: map[protocol.MIMEType]any{}, DisplayID: id}
	for mime, v := range data {
		d.Data[protocol.MIMEType(mime)] = v
	}
	return d
}

// Live is a place in the running cell's output whose figure is replaced while the cell runs.
// Outside a notebook it does nothing. The zero value is ready.
type Live struct {
	mu   sync.Mutex
	id   string
	last time.Time
}

// liveInterval is the least time between two drawings.
const liveInterval = 250 * time.Millisecond

// Update shows f instead of what is there. It is cheap to call often: at most four figures a second are drawn.
// f is called only when one is.
func (l *Live) Update(f func() Figure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !gonbui.IsNotebook || time.Since(l.last) < liveInterval {
		return
	}
	s, err := f().sheet()
	if err != nil {
		return // an incomplete figure is not worth a word while it grows
	}
	png, err := s.picture(1)
	if err != nil {
		return
	}
	// The picture alone: a live chart that is replaced four times a second is of no use to anyone.
	l.put(map[string]any{"text/html": `<img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(png) + `" alt="` + html.EscapeString(s.text()) + `">`})
	l.last = time.Now()
}

func (l *Live) put(data map[string]any) {
	if l.id == "" {
		l.id = gonbui.UniqueId()
	}
	gonbui.SendData(display(data, l.id))
}

// Clear takes the figure away.
func (l *Live) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gonbui.IsNotebook && l.id != "" {
		l.put(map[string]any{"text/html": "", "text/plain": ""})
	}
}

// Keep leaves f, complete and live, as the last word.
func (l *Live) Keep(f Figure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !gonbui.IsNotebook {
		return
	}
	if data, err := bundle(f); err == nil {
		l.put(data)
	}
}
