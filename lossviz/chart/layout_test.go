package chart

import (
	"fmt"
	"testing"
)

// Long legends stand clear of the name of the upright axis and of the colour scale, in the picture; the live figure has the
// same rows.
func TestLegendsHideNothing(t *testing.T) {
	names := []string{"Adam, rate 0.1, seed 7", "SGD with momentum 0.9", "L-BFGS", "gradient descent 0.01"}
	grid := []float64{-1, 0, 1}
	contour := Contour{X: grid, Y: grid, Z: [][]float64{{1, 2, 3}, {2, 1, 2}, {3, 2, 1}}, YName: "first principal component"}
	line := Line{Y: Axis{Name: "loss of the network"}}
	for k := range 9 {
		line.Curves = append(line.Curves, Curve{Name: fmt.Sprintf("width %d, %s", 4<<k, names[k%4]), X: grid, Y: grid})
	}
	for n := range names {
		contour.Paths = append(contour.Paths, Path{Name: names[n], X: grid, Y: grid})
		for what, f := range map[string]Figure{"contour": contour, "line": line} {
			s, err := f.sheet()
			if err != nil {
				t.Fatal(err)
			}
			var l legend
			var left, top, right, y float64
			var axis string
			switch v := s.panels[0].(type) {
			case *contourView:
				left, top, right, _ = v.margins()
				l, y, axis = v.legend(), -19, v.f.names[1]
			case *plotView:
				left, top, right, _ = v.margins()
				l, y, axis = v.legend(left, right), -23, v.ys.name
			}
			width, _ := s.panels[0].size()
			w := width - left - right
			name := rectangle{-left, -22, -left + 9 + (face{size: 13, bold: true}).width(axis), -9}
			for k, row := range l.rows {
				x0 := w
				for i, e := range row {
					if x0 -= 24 + (face{size: 12}).width(e.name); i > 0 {
						x0 -= 16
					}
				}
				middle := y - l.y + legendRow*float64(k)
				r := rectangle{x0, middle - 7, w, middle + 7}
				if r.meets(name) {
					t.Errorf("%s, %d paths: row %d, %+v, covers the name of the axis, %+v", what, n+1, k, r, name)
				}
				if top+r.y0 < 0 || left+r.x0 < 0 {
					t.Errorf("%s, %d paths: row %d, %+v, leaves the picture", what, n+1, k, r)
				}
			}
			if len(l.rows) == 0 {
				t.Errorf("%s: no legend", what)
			}
		}
	}
}

// Names of points that lie close together do not hide each other or the points.
func TestNamesOfNearPoints(t *testing.T) {
	marks := []mark{{at: pt{100, 100}, name: "minimum 1"}, {at: pt{118, 102}, name: "saddle 0"}, {at: pt{110, 130}, name: "minimum 0"}, {at: pt{2, 2}, name: "a corner"}}
	boxes := markBoxes(marks, 300, 200)
	for i, r := range boxes {
		if r.x0 < 0 || r.y0 < 0 || r.x1 > 300 || r.y1 > 200 {
			t.Errorf("%q is cut off: %+v", marks[i].name, r)
		}
		for j, q := range boxes {
			if j < i && r.meets(q) {
				t.Errorf("%q covers %q", marks[i].name, marks[j].name)
			}
			if at := marks[j].at; j != i && r.holds(at) {
				t.Errorf("%q covers the point %q", marks[i].name, marks[j].name)
			}
		}
	}
}

// A path or a slice in a plane of one scale is drawn in true angles.
func TestSquareContour(t *testing.T) {
	grid := []float64{-1, 0, 1}
	for _, paths := range [][]Path{nil, {{Name: "Adam", X: grid, Y: grid}}} {
		s, err := Surface{X: grid, Y: grid, Z: [][]float64{{1, 2, 3}, {2, 1, 2}, {3, 2, 1}}, Paths: paths}.sheet()
		if err != nil {
			t.Fatal(err)
		}
		v := s.panels[1].(*contourView)
		left, top, right, bottom := v.margins()
		if w, h := v.w-left-right, v.h-top-bottom; w != h {
			t.Errorf("a square slice is drawn as %g x %g", w, h)
		}
	}
}
