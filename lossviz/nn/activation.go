package nn

import (
	"fmt"
	"math"
	"strings"

	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// An Activation is a function applied to each number a layer gives. The zero
// value is [Identity].
type Activation int

// The activations, f(x) for a real x. Where f has a kink the derivative there is
// the one PyTorch takes: 0 for ReLU, 0.01 for leaky ReLU.
const (
	Identity  Activation = iota // x
	Sigmoid                     // 1/(1+exp(-x))
	Tanh                        // tanh(x)
	ReLU                        // max(x, 0)
	LeakyReLU                   // x for x > 0, else 0.01 x
	Softplus                    // log(1+exp(x)), exact also where PyTorch rounds to x (x > 20)
	GELU                        // x Phi(x), Phi the normal distribution function (the erf form)
	SiLU                        // x/(1+exp(-x)), also called swish
)

var activationNames = [...]string{"identity", "sigmoid", "tanh", "relu", "leaky-relu", "softplus", "gelu", "silu"}

const leak = 0.01

// String returns the activation's name as job files write it.
func (a Activation) String() string {
	if !a.known() {
		return fmt.Sprintf("activation(%d)", int(a))
	}
	return activationNames[a]
}

func (a Activation) known() bool { return a >= 0 && int(a) < len(activationNames) }

// ParseActivation is the inverse of [Activation.String].
func ParseActivation(name string) (Activation, error) {
	for i, s := range activationNames {
		if s == name {
			return Activation(i), nil
		}
	}
	return 0, fmt.Errorf("nn: no activation is called %q; there are %s", name, strings.Join(activationNames[:], ", "))
}

// MarshalText writes the name, so that JSON holds it.
func (a Activation) MarshalText() ([]byte, error) {
	if !a.known() {
		return nil, fmt.Errorf("nn: unknown %v", a)
	}
	return []byte(a.String()), nil
}

// UnmarshalText reads the name.
func (a *Activation) UnmarshalText(text []byte) error {
	parsed, err := ParseActivation(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}

// value sets y = f(x); y and x do not overlap.
func (a Activation) value(y, x []float64) {
	x = x[:len(y)]
	switch a {
	case Identity:
		copy(y, x)
	case Sigmoid:
		vec.Sigmoid(y, x)
	case Tanh:
		vec.Tanh(y, x)
	case ReLU:
		for i, v := range x {
			y[i] = max(v, 0)
		}
	case LeakyReLU:
		for i, v := range x {
			y[i] = max(v, leak*v)
		}
	case Softplus:
		vec.Softplus(y, x)
	case GELU:
		vec.NormalCDF(y, x)
		for i, v := range x {
			y[i] *= v
		}
	case SiLU:
		vec.Sigmoid(y, x)
		for i, v := range x {
			y[i] *= v
		}
	}
}

// slope sets d = f'(x), given y = f(x) as well.
func (a Activation) slope(d, x, y []float64) {
	x, y = x[:len(d)], y[:len(d)]
	switch a {
	case Identity:
		fill(d, 1)
	case Sigmoid:
		for i, f := range y {
			d[i] = f * (1 - f)
		}
	case Tanh:
		for i, f := range y {
			d[i] = 1 - f*f
		}
	case ReLU, LeakyReLU:
		low := 0.0
		if a == LeakyReLU {
			low = leak
		}
		for i, v := range x {
			if d[i] = low; v > 0 {
				d[i] = 1
			}
		}
	case Softplus:
		vec.Sigmoid(d, x)
	case GELU:
		vec.NormalCDF(d, x)
		var scratch [block]float64
		for from := 0; from < len(x); from += block {
			for i, p := range densities(&scratch, x[from:]) {
				d[from+i] += x[from+i] * p
			}
		}
	case SiLU:
		vec.Sigmoid(d, x)
		for i, s := range d {
			d[i] = s * (1 + x[i]*(1-s))
		}
	}
}

// curvature sets c = f"(x), given y = f(x) as well.
func (a Activation) curvature(c, x, y []float64) {
	x, y = x[:len(c)], y[:len(c)]
	switch a {
	case Identity, ReLU, LeakyReLU:
		clear(c)
	case Sigmoid:
		for i, f := range y {
			c[i] = f * (1 - f) * (1 - 2*f)
		}
	case Tanh:
		for i, f := range y {
			c[i] = -2 * f * (1 - f*f)
		}
	case Softplus:
		vec.Sigmoid(c, x)
		for i, s := range c {
			c[i] = s * (1 - s)
		}
	case GELU:
		var scratch [block]float64
		for from := 0; from < len(x); from += block {
			for i, p := range densities(&scratch, x[from:]) {
				v := x[from+i]
				c[from+i] = p * (2 - v*v)
			}
		}
	case SiLU:
		vec.Sigmoid(c, x)
		for i, s := range c {
			c[i] = s * (1 - s) * (2 + x[i]*(1-2*s))
		}
	}
}

// densities are the standard normal densities at the first numbers of x, as many as fit.
func densities(scratch *[block]float64, x []float64) []float64 {
	p := scratch[:min(len(x), block)]
	for i := range p {
		p[i] = -0.5 * x[i] * x[i]
	}
	vec.Exp(p, p)
	for i := range p {
		p[i] *= 1 / math.SqrtPi / math.Sqrt2
	}
	return p
}
