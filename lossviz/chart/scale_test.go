package chart

import (
	"math"
	"testing"
)

// A loss that is constant but for rounding errors once asked for more ticks than there are numbers between its ends.
func TestRangeOfRoundingErrors(t *testing.T) {
	for _, v := range []float64{0.1, -3, 1e9, 1e-300} {
		next := math.Nextafter(v, math.Inf(1))
		for _, log := range []bool{false, v > 0} {
			s := niceScale("loss", v, next, log, false, 5)
			if !(s.lo < v && next < s.hi) || len(s.ticks) > 20 {
				t.Errorf("%v and the next number, log %v: scale from %v to %v with %d ticks", v, log, s.lo, s.hi, len(s.ticks))
			}
		}
		f := Surface{X: []float64{0, 1}, Y: []float64{0, 1}, Z: [][]float64{{v, next}, {next, v}}}
		if _, err := f.MIMEBundle(); err != nil {
			t.Errorf("%v and the next number: %v", v, err)
		}
	}
}

// Ranges as wide as float64 goes, and as narrow, have an axis too.
func TestExtremeRanges(t *testing.T) {
	for _, r := range [][2]float64{{-math.MaxFloat64, 0.5}, {-math.MaxFloat64, math.MaxFloat64}, {0, math.MaxFloat64}, {0, 5e-324}, {5e-324, 1e-320}, {5e-324, math.MaxFloat64}, {1e-306, 1e-300}} {
		for _, log := range []bool{false, r[0] > 0} {
			s := niceScale("loss", r[0], r[1], log, true, 5)
			if !(s.lo < s.hi) || math.IsInf(s.hi-s.lo, 0) || len(s.ticks) < 2 || len(s.ticks) > 20 {
				t.Errorf("%v, log %v: scale from %v to %v with ticks %v", r, log, s.lo, s.hi, s.ticks)
			}
		}
		f := Surface{X: []float64{0, 1}, Y: []float64{0, 1}, Z: [][]float64{{r[0], r[1]}, {r[1], r[0]}}}
		if _, err := f.MIMEBundle(); err != nil {
			t.Errorf("surface of %v: %v", r, err)
		}
		l := Line{X: Axis{Name: "x"}, Y: Axis{Name: "y"}, Curves: []Curve{{Name: "s", X: []float64{0, 1}, Y: r[:]}}}
		if _, err := l.MIMEBundle(); err != nil {
			t.Errorf("line of %v: %v", r, err)
		}
	}
}

// Ticks of a range that is narrow for its numbers are written with the digits that differ, and there are some on a
// logarithmic scale, too.
func TestTicksDiffer(t *testing.T) {
	for _, r := range [][2]float64{{0.69314, 0.693143}, {1e6, 1e6 + 3}, {-2.5e-7, 2.5e-7}, {3, 3 + 1e-9}, {0, 1}, {0.1, 0.1 + 1e-11}} {
		for _, log := range []bool{false, true} {
			if log && r[0] <= 0 {
				continue
			}
			s := niceScale("loss", r[0], r[1], log, false, 5)
			seen := map[string]bool{}
			for _, l := range s.labels() {
				if seen[l] {
					t.Errorf("%v, log %v: two ticks read %s", r, log, l)
				}
				seen[l] = true
			}
			if len(seen) < 2 {
				t.Errorf("%v, log %v: %d ticks", r, log, len(seen))
			}
		}
	}
}
