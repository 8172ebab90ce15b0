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
