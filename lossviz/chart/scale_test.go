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
