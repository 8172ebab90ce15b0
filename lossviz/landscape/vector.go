package landscape

import (
	"fmt"
	"math"
	"strconv"

	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// dot has the same bits on every machine; see package vec.
func dot(a, b []float64) float64 { return vec.Dot(a, b[:len(a)]) }

// norm2 is the Euclidean norm, scaled only where squares would overflow or vanish.
func norm2(v []float64) float64 {
	s := dot(v, v)
	if s > 1e-280 && s < 1e280 {
		return math.Sqrt(s)
	}
	m := normInf(v)
	if m == 0 || math.IsInf(m, 0) || math.IsNaN(m) {
		return m
	}
	s = 0
	for _, x := range v {
		s += (x / m) * (x / m)
	}
	return m * math.Sqrt(s)
}

func normInf(v []float64) float64 {
	m := 0.0
	for _, x := range v {
		m = max(m, math.Abs(x)) // max keeps a NaN
	}
	return m
}

func fill(v []float64, x float64) {
	for i := range v {
		v[i] = x
	}
}

// combine fills out with o + a x + b y; y may be nil.
func combine(out, o, x, y []float64, a, b float64) {
	if y == nil {
		for i := range out {
			out[i] = o[i] + a*x[i]
		}
		return
	}
	for i := range out {
		out[i] = o[i] + a*x[i] + b*y[i]
	}
}

func subtract(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}

func clone(v []float64) []float64 { return append([]float64(nil), v...) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// count writes a number with thousands separated, and its noun: "10,201 points".
func count(n int, noun string) string {
	s := thousands(n) + " " + noun
	if n != 1 {
		s += "s"
	}
	return s
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// number writes x with four digits, for people.
func number(x float64) string { return fmt.Sprintf("%.4g", x) }

// sigmoid is 1/(1+exp(-x)) without overflow.
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}
