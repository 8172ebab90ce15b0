package dataset

import (
	"fmt"
	"math"
)

// maxValues bounds a generated set to 1 GiB, so that a slip of the keyboard is
// an error and not a dead machine.
const maxValues = 1 << 27

// points checks what every generator takes and returns zeroed data with one target.
func points(name string, n, d int, noise float64) *Data {
	switch {
	case n < 1 || d < 1 || n > maxValues/d:
		return failed("%s: cannot make %d samples of %d inputs", name, n, d)
	case !(noise >= 0) || math.IsInf(noise, 0):
		return failed("%s: noise is %v; it must be finite and not negative", name, noise)
	}
	data := &Data{Name: name, N: n, D: d, K: 1, X: make([]float64, n*d), Y: make([]float64, n)}
	for j := range d {
		data.Features = append(data.Features, fmt.Sprintf("x%d", j+1))
	}
	return data
}

func twoClasses() []string { return []string{"0", "1"} }

// jitter adds Gaussian noise to every input.
func (d *Data) jitter(noise float64, seed uint64) *Data {
	random := newRand(seed)
	for i := range d.X {
		d.X[i] += noise * random.NormFloat64()
	}
	return d
}

// Moons makes two interleaved half circles of radius 1, the classes 0 and 1
// taking turns, with Gaussian noise of the given standard deviation.
func Moons(n int, noise float64, seed uint64) *Data {
	data := points("moons", n, 2, noise)
	if data.err != nil {
		return data
	}
	data.Classes = twoClasses()
	for i := range n {
		class, sin, cos := alternate(i, n, math.Pi)
		x := data.Row(i)
		if class == 0 {
			x[0], x[1] = cos, sin
		} else {
			x[0], x[1] = 1-cos, 0.5-sin
		}
		data.Y[i] = float64(class)
	}
	return data.jitter(noise, seed)
}

// Circles makes two concentric circles: class 0 with radius 1 around class 1
// with radius 0.5, with Gaussian noise of the given standard deviation.
func Circles(n int, noise float64, seed uint64) *Data {
	data := points("circles", n, 2, noise)
	if data.err != nil {
		return data
	}
	data.Classes = twoClasses()
	for i := range n {
		class, sin, cos := alternate(i, n+2, 2*math.Pi) // +2: the last angle is not the first again
		radius := 1 - 0.5*float64(class)
		x := data.Row(i)
		x[0], x[1] = radius*cos, radius*sin
		data.Y[i] = float64(class)
	}
	return data.jitter(noise, seed)
}

// alternate gives sample i of n its class, 0 and 1 in turn, and spreads each
// class evenly over the angles from 0 to span.
func alternate(i, n int, span float64) (class int, sin, cos float64) {
	steps := max((n-1)/2, 1)
	sin, cos = math.Sincos(span * float64(i/2) / float64(steps))
	return i % 2, sin, cos
}

// Spirals makes two arms of one and a half turns each, radius up to 1, with
// Gaussian noise of the given standard deviation.
func Spirals(n int, noise float64, seed uint64) *Data {
	data := points("spirals", n, 2, noise)
	if data.err != nil {
		return data
	}
	data.Classes = twoClasses()
	for i := range n {
		class := i % 2
		t := (float64(i/2) + 1) / float64((n+1)/2)
		sin, cos := math.Sincos(3*math.Pi*t + math.Pi*float64(class))
		x := data.Row(i)
		x[0], x[1] = t*cos, t*sin
		data.Y[i] = float64(class)
	}
	return data.jitter(noise, seed)
}

// XOR puts the samples on the corners (+-1, +-1) in turn, with Gaussian noise of
// the given standard deviation. The class is 1 where the signs of the corner differ.
func XOR(n int, noise float64, seed uint64) *Data {
	data := points("xor", n, 2, noise)
	if data.err != nil {
		return data
	}
	data.Classes = twoClasses()
	for i := range n {
		a, b := i/2%2, i%2
		x := data.Row(i)
		x[0], x[1] = float64(2*a-1), float64(2*b-1)
		data.Y[i] = float64(a ^ b)
	}
	return data.jitter(noise, seed)
}

// Blobs makes one Gaussian cloud a class, of standard deviation spread, around
// centers placed evenly on a circle of radius 3. Samples take the classes in turn.
func Blobs(n, centers int, spread float64, seed uint64) *Data {
	data := points("blobs", n, 2, spread)
	if data.err != nil {
		return data
	}
	if centers < 1 || centers > maxClasses {
		return failed("blobs: %d centers; at least 1 and at most %d", centers, maxClasses)
	}
	for c := range centers {
		data.Classes = append(data.Classes, fmt.Sprint(c))
	}
	for i := range n {
		class := i % centers
		sin, cos := math.Sincos(2 * math.Pi * float64(class) / float64(centers))
		x := data.Row(i)
		x[0], x[1] = 3*cos, 3*sin
		data.Y[i] = float64(class)
	}
	return data.jitter(spread, seed)
}

// Separable makes n samples of d inputs that a hyperplane through the origin
// separates with at least the given margin: Gaussian clouds, class 1 pushed
// along a random unit normal and class 0 against it. Logistic loss without a
// penalty has no minimum on such data.
func Separable(n, d int, margin float64, seed uint64) *Data {
	data := points("separable", n, d, 0)
	if data.err != nil {
		return data
	}
	if !(margin >= 0) || math.IsInf(margin, 0) {
		return failed("separable: the margin is %v; it must be finite and not negative", margin)
	}
	data.Classes = twoClasses()
	random := newRand(seed)
	normal := make([]float64, d)
	length := 0.0
	for length == 0 {
		for j := range normal {
			normal[j] = random.NormFloat64()
			length += normal[j] * normal[j]
		}
	}
	for j := range normal {
		normal[j] /= math.Sqrt(length)
	}
	for i := range n {
		class := i % 2
		side := float64(2*class - 1)
		x := data.Row(i)
		along := 0.0
		for j := range x {
			x[j] = random.NormFloat64()
			along += x[j] * normal[j]
		}
		// Move the sample along the normal only: from where it is to its own side,
		// as far from the plane as it was and the margin on top. The factor
		// keeps the margin when the sum rounds down.
		shift := side*(math.Abs(along)+margin*(1+1e-12)) - along
		for j := range x {
			x[j] += shift * normal[j]
		}
		data.Y[i] = float64(class)
	}
	return data
}

// Regression samples y = f(x) + noise at n even steps of x from lo to hi.
func Regression(name string, f func(x float64) float64, lo, hi float64, n int, noise float64, seed uint64) *Data {
	data := points(name, n, 1, noise)
	if data.err != nil {
		return data
	}
	if f == nil {
		return failed("%s: the function is nil", name)
	}
	random := newRand(seed)
	for i := range n {
		t := float64(i) / float64(max(n-1, 1))
		x := (1-t)*lo + t*hi
		data.X[i] = x
		data.Y[i] = f(x) + noise*random.NormFloat64()
	}
	data.Features = []string{"x"}
	return New(name, data.X, data.Y, 1).named(data.Features)
}

func (d *Data) named(features []string) *Data {
	d.Features = features
	return d
}

// Line samples y = 2x - 1 for x from -1 to 1: least squares with a known answer.
func Line(n int, noise float64, seed uint64) *Data {
	return Regression("line", func(x float64) float64 { return 2*x - 1 }, -1, 1, n, noise, seed)
}

// Sine samples y = sin(pi x) for x from -1 to 1.
func Sine(n int, noise float64, seed uint64) *Data {
	return Regression("sine", func(x float64) float64 { return math.Sin(math.Pi * x) }, -1, 1, n, noise, seed)
}

// Step samples y = -1 for x < 0 and +1 elsewhere, for x from -1 to 1.
func Step(n int, noise float64, seed uint64) *Data {
	return Regression("step", func(x float64) float64 {
		if x < 0 {
			return -1
		}
		return 1
	}, -1, 1, n, noise, seed)
}
