package chart

import (
	"math"
	"strconv"
	"strings"
)

// scale maps data to [0, 1] along an axis or a colour range, and knows its ticks. Picture and live chart are
// given the same lo, hi and ticks, so that they agree.
type scale struct {
	name   string
	lo, hi float64 // data at 0 and 1; both positive if log
	log    bool
	ticks  []float64
	step   float64  // distance of linear ticks
	names  []string // of the ticks, where they are not numbers
}

// title is the scale's name, which says where it is logarithmic.
func (s scale) title() string {
	if s.log {
		return s.name + " (log)"
	}
	return s.name
}

// at maps v to [0, 1] (outside for v outside of lo..hi).
func (s scale) at(v float64) float64 {
	if s.log {
		return math.Log(v/s.lo) / math.Log(s.hi/s.lo)
	}
	return (v - s.lo) / (s.hi - s.lo)
}

// value is the inverse of at.
func (s scale) value(t float64) float64 {
	if s.log {
		return s.lo * math.Pow(s.hi/s.lo, t)
	}
	return s.lo + t*(s.hi-s.lo)
}

// narrowest is the least width of a range, as a share of its numbers. A narrower one holds only rounding errors and
// is drawn as a constant: ticks within it would have no different float64s.
const narrowest = 1e-12

// An axis ends at these: beyond, the width of a range overflows or its ticks have no digits. What lies there is drawn at the edge
// or outside.
const (
	largest  = math.MaxFloat64 / 8
	smallest = 1e-305
)

// niceScale covers lo..hi with about n ticks at round numbers. With loose its ends are ticks, otherwise they
// are lo and hi.
func niceScale(name string, lo, hi float64, log, loose bool, n int) scale {
	if !(lo <= hi) { // NaN or empty
		lo, hi = 0, 1
		if log {
			lo = 0.1
		}
	}
	lo, hi = min(max(lo, -largest), largest), min(max(hi, -largest), largest)
	if log {
		lo = max(lo, smallest, 1e-300*hi) // or hi/lo overflows
		hi = max(lo, hi)
	}
	if hi-lo <= max(smallest, narrowest*max(math.Abs(lo), math.Abs(hi))) {
		pad := math.Abs(lo) / 10
		if pad < smallest {
			pad = 1
		}
		if log {
			pad = lo / 2
		}
		lo, hi = lo-pad, hi+pad
	}
	s := scale{name: name, lo: lo, hi: hi, log: log}
	if log {
		s.logTicks(loose, n)
		return s
	}
	s.linearTicks(loose, n)
	return s
}

func (s *scale) linearTicks(loose bool, n int) {
	s.ticks, s.step = nil, niceStep((s.hi-s.lo)/float64(n))
	eps := s.step * 1e-9
	if loose {
		s.lo = math.Floor((s.lo+eps)/s.step) * s.step
		s.hi = math.Ceil((s.hi-eps)/s.step) * s.step
	}
	for k := math.Ceil((s.lo - eps) / s.step); k*s.step <= s.hi+eps; k++ {
		s.ticks = append(s.ticks, k*s.step+0) // + 0 turns -0 into 0
	}
}

// logTicks puts ticks at powers of ten, or at 1, 2, 5 times these where there are few.
func (s *scale) logTicks(loose bool, n int) {
	mantissas := []float64{1}
	decades := math.Log10(s.hi / s.lo)
	skip := 1
	switch {
	case decades < 1:
		mantissas = []float64{1, 1.5, 2, 3, 4, 5, 6, 8}
	case decades < 2.5:
		mantissas = []float64{1, 2, 5}
	case decades > float64(n):
		skip = int(math.Ceil(decades / float64(n)))
	}
	first, last := int(math.Floor(math.Log10(s.lo))), int(math.Ceil(math.Log10(s.hi)))
	var all []float64
	for e := first; e <= last; e++ {
		if e%skip != 0 {
			continue
		}
		for _, m := range mantissas {
			all = append(all, m*math.Pow(10, float64(e)))
		}
	}
	if loose {
		lo, hi := s.lo, s.hi
		for _, t := range all {
			if t <= lo*(1+1e-9) {
				s.lo = t
			}
			if t >= hi*(1-1e-9) {
				s.hi = t
				break
			}
		}
	}
	for _, t := range all {
		if t >= s.lo*(1-1e-9) && t <= s.hi*(1+1e-9) {
			s.ticks = append(s.ticks, t)
		}
	}
	if len(s.ticks) < 2 { // a narrow range, where a logarithm is as good as linear
		s.linearTicks(false, n)
	}
}

// niceStep is 1, 2, 2.5 or 5 times a power of ten, about as large as raw.
func niceStep(raw float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*p >= raw*0.78 {
			return m * p
		}
	}
	return 10 * p
}

// labels writes the ticks, all with the same number of decimals if linear, and with as many digits as it takes to tell them apart.
func (s scale) labels() []string {
	if s.names != nil {
		return s.names
	}
	out := make([]string, len(s.ticks))
	decimals, digits := -1, 3
	if s.step > 0 {
		big := max(math.Abs(s.lo), math.Abs(s.hi))
		if big < 1e5 && s.step >= 1e-4 {
			decimals = 0
			for x := s.step; decimals < 6 && math.Abs(x-math.Round(x)) > 1e-6*x; x *= 10 {
				decimals++
			}
		}
		if x := s.step / math.Pow(10, math.Floor(math.Log10(s.step))); big > 0 { // 2.5 takes a digit more than 2
			digits = max(digits, 1+int(math.Floor(math.Log10(big)))-int(math.Floor(math.Log10(s.step))))
			if math.Abs(x-math.Round(x)) > 1e-6 {
				digits++
			}
			digits = min(digits, 15)
		}
	}
	for i, t := range s.ticks {
		if decimals >= 0 {
			out[i] = minus(strconv.FormatFloat(t, 'f', decimals, 64))
		} else {
			out[i] = number(t, digits)
		}
	}
	return out
}

// number writes v with the given significant digits, short: 0.0213, 1.2e−5, 12 300.
func number(v float64, digits int) string {
	switch {
	case math.IsNaN(v):
		return "not a number"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	case v == 0:
		return "0"
	}
	a := math.Abs(v)
	if a < 1e-4 || a >= 1e6 {
		s := strconv.FormatFloat(v, 'e', digits-1, 64)
		mantissa, exponent, _ := strings.Cut(s, "e")
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		e, _ := strconv.Atoi(exponent)
		return minus(mantissa + "e" + strconv.Itoa(e))
	}
	s := strconv.FormatFloat(v, 'g', digits, 64)
	if strings.Contains(s, "e") { // more digits before the point than asked for
		s = strconv.FormatFloat(v, 'f', 0, 64)
	}
	return minus(s)
}

// minus uses the typographic minus sign, as wide as a digit.
func minus(s string) string { return strings.ReplaceAll(s, "-", "−") }

// finiteRange is the smallest and largest finite value, of the positive ones if positive. ok is false where there is none.
func finiteRange(positive bool, values ...[]float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, vs := range values {
		for _, v := range vs {
			if math.IsNaN(v) || math.IsInf(v, 0) || positive && v <= 0 {
				continue
			}
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi, lo <= hi
}
