package chart

import (
	"fmt"
	"math"
)

// sheet of a slider. Its picture shows the first, a middle and the last position side by side.
func (f Slider) sheet() (*sheet, error) {
	if len(f.Frames) == 0 {
		return nil, fmt.Errorf("chart: Slider has no frames")
	}
	s := &sheet{title: f.Title, caption: f.Caption, slider: f.Name}
	var fields []*field
	for i, frame := range f.Frames {
		if frame.Figure == nil {
			return nil, fmt.Errorf("chart: Slider: frame %d has no figure", i)
		}
		one, err := frame.Figure.sheet()
		if err != nil {
			return nil, fmt.Errorf("frame %d (%s): %w", i, frame.Label, err)
		}
		if len(one.frames) > 0 || len(one.panels) == 0 {
			return nil, fmt.Errorf("chart: Slider: frame %d is a figure that cannot be slid over", i)
		}
		for _, p := range one.panels {
			if g := fieldOf(p); g != nil && !contains(fields, g) {
				fields = append(fields, g)
			}
		}
		s.frames = append(s.frames, frameSheet{frame.Label, one.panels})
		s.words = join(s.words, f.Name+" "+frame.Label+": "+one.words)
	}
	share(fields)
	sharePlots(s.frames)
	n := len(s.frames)
	shown := []int{0}
	if n > 2 {
		shown = append(shown, n/2)
	}
	if n > 1 {
		shown = append(shown, n-1)
	}
	for _, i := range shown {
		if p := shrunk(s.frames[i].panels[0], brief(join(f.Name, s.frames[i].label), 36)); p != nil {
			s.panels = append(s.panels, p)
		}
	}
	return s, nil
}

// share gives all fields one scale: the same colour for the same value at every position.
func share(fields []*field) {
	var all [][]float64
	for _, g := range fields {
		if g.only != nil { // a decision boundary has the scale of its classes
			return
		}
		all = append(all, g.z...)
	}
	lo, hi, ok := finiteRange(false, all...)
	if !ok {
		return
	}
	for _, g := range fields {
		g.setRange(lo, hi)
		g.useLog = g.useLog && g.log != nil
	}
}

// sharePlots gives the curves of all frames the same axes.
func sharePlots(frames []frameSheet) {
	for i := range frames[0].panels {
		var views []*plotView
		for _, f := range frames {
			if i < len(f.panels) {
				if v, ok := f.panels[i].(*plotView); ok && !v.bare && v.ys.names == nil {
					views = append(views, v)
				}
			}
		}
		for _, axis := range []func(*plotView) *scale{func(v *plotView) *scale { return &v.xs }, func(v *plotView) *scale { return &v.ys }} {
			lo, hi, log := math.Inf(1), math.Inf(-1), false
			for _, v := range views {
				s := axis(v)
				lo, hi, log = min(lo, s.lo), max(hi, s.hi), log || s.log
			}
			for _, v := range views {
				*axis(v) = niceScale(axis(v).name, lo, hi, log && lo > 0, false, 5)
			}
		}
	}
}

func contains(fields []*field, g *field) bool {
	for _, h := range fields {
		if h == g {
			return true
		}
	}
	return false
}

func fieldOf(p panel) *field {
	switch v := p.(type) {
	case *surfaceView:
		return v.f
	case *contourView:
		return v.f
	}
	return nil
}

// shrunk is a smaller copy of a panel under a heading.
func shrunk(p panel, head string) panel {
	switch v := p.(type) {
	case *surfaceView:
		c := *v
		c.w, c.h, c.head = 330, 280, head
		return &c
	case *contourView:
		c := *v
		c.w, c.h, c.head = 340, 300, head
		return &c
	case *plotView:
		c := *v
		if !c.bare {
			c.w, c.h = 330, 290
		}
		c.head = head
		return &c
	}
	return nil
}
