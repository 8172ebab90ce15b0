package nn

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/internal/vec"
)

// A Loss compares a network's outputs z with targets y. Losses are comparable
// values: loss == nn.Squared tells which one it is.
//
// A loss is a mean: over the samples, and over the outputs as well where there
// are several (cross-entropy takes all outputs of a sample together).
type Loss interface {
	// String returns the loss's name as job files write it.
	String() string

	// check says why the data's targets do not fit the loss and the outputs.
	check(data *dataset.Data, outputs int) error
	// terms is the number of terms of the mean that a sample gives.
	terms(outputs int) int
	// value is the sum of the loss over the n samples of a chunk; z and y hold an output
	// (a target) a row and a sample a column.
	value(z, y []float64, n int) float64
	// slope sets g to scale times the gradient of value with respect to z.
	slope(g, z, y []float64, n int, scale float64)
	// curvature sets h to scale times the Hessian of value with respect to z, times dz.
	curvature(h, z, y, dz []float64, n int, scale float64)
	// correct counts the terms that are classified correctly; -1 if that means nothing.
	correct(z, y []float64, n int) int
}

// A StandardLoss is a [Loss] without parameters.
type StandardLoss int

// The losses of one term z (an output) and y (its target), and of a sample for CrossEntropy.
const (
	LogisticLoss StandardLoss = iota // log(1+exp(-z)) for y = 1, log(1+exp(z)) for y = 0: z is a logit
	CrossEntropy                     // log(sum_j exp(z_j)) - z_y for the class number y: z are logits
	Squared                          // (z-y)^2, without a factor 1/2, as PyTorch's MSELoss
	Hinge                            // max(0, 1-yz) for y in {-1, +1}
	Absolute                         // |z-y|
)

var lossNames = [...]string{"logistic", "cross-entropy", "squared", "hinge", "absolute"}

// String returns the loss's name.
func (l StandardLoss) String() string {
	if l < 0 || int(l) >= len(lossNames) {
		return fmt.Sprintf("loss(%d)", int(l))
	}
	return lossNames[l]
}

// Huber is the loss r^2/2 for |r| <= delta and delta(|r| - delta/2) beyond, r = z-y,
// with delta > 0 the value itself: nn.Huber(1.5).
type Huber float64

// String returns the loss's name with its delta.
func (h Huber) String() string { return fmt.Sprintf("huber(%g)", float64(h)) }

// ParseLoss is the inverse of a loss's String. A plain "huber" has delta 1.
func ParseLoss(name string) (Loss, error) {
	for i, s := range lossNames {
		if s == name {
			return StandardLoss(i), nil
		}
	}
	if name == "huber" {
		return Huber(1), nil
	}
	if text, ok := strings.CutPrefix(name, "huber("); ok && strings.HasSuffix(text, ")") && strings.Trim(text, "0123456789.eE+-") == ")" {
		if delta, err := strconv.ParseFloat(strings.TrimSuffix(text, ")"), 64); err == nil && delta > 0 {
			return Huber(delta), nil
		}
	}
	return nil, fmt.Errorf("nn: no loss is called %q; there are logistic, cross-entropy, squared, hinge, absolute, huber(delta)", name)
}

func (l StandardLoss) check(data *dataset.Data, outputs int) error {
	if l < 0 || int(l) >= len(lossNames) {
		return fmt.Errorf("unknown %v", l)
	}
	if l == CrossEntropy {
		if data.K != 1 {
			return fmt.Errorf("cross-entropy takes one column of class numbers, %s has %d targets a sample", data.Name, data.K)
		}
		if outputs < 2 {
			return fmt.Errorf("cross-entropy needs an output for each class, the network has %d; for two classes and one output use LogisticLoss", outputs)
		}
	} else if err := sameWidth(l, data, outputs); err != nil {
		return err
	}
	for i, y := range data.Y {
		switch {
		case l == LogisticLoss && y != 0 && y != 1:
			return fmt.Errorf("logistic loss takes targets 0 and 1, sample %d of %s has %v", i/data.K, data.Name, y)
		case l == Hinge && y != -1 && y != 1:
			return fmt.Errorf("hinge loss takes targets -1 and +1, sample %d of %s has %v; (*Data).Signed makes them of 0 and 1", i/data.K, data.Name, y)
		case l == CrossEntropy && !(y >= 0 && y < float64(outputs) && y == math.Trunc(y)):
			return fmt.Errorf("cross-entropy takes class numbers 0 to %d (the network's outputs), sample %d of %s has %v", outputs-1, i, data.Name, y)
		}
	}
	return nil
}

func (h Huber) check(data *dataset.Data, outputs int) error {
	if !(h > 0) || math.IsInf(float64(h), 0) {
		return fmt.Errorf("huber's delta must be positive and finite, is %v", float64(h))
	}
	return sameWidth(h, data, outputs)
}

func sameWidth(l Loss, data *dataset.Data, outputs int) error {
	if data.K != outputs {
		return fmt.Errorf("%v loss compares each output with its target: the network gives %d, %s has %d", l, outputs, data.Name, data.K)
	}
	return nil
}

func (l StandardLoss) terms(outputs int) int {
	if l == CrossEntropy {
		return 1
	}
	return outputs
}

func (h Huber) terms(outputs int) int { return outputs }

// block is how many numbers the losses and activations take at a time: scratch
// memory of this size lives on the stack and in the first-level cache.
const block = 128

func (l StandardLoss) value(z, y []float64, n int) float64 {
	if l == CrossEntropy {
		return crossEntropy(z, y, n)
	}
	total := 0.0
	var scratch [block]float64
	for len(z) > 0 {
		b := min(block, len(z))
		t := scratch[:b]
		switch l {
		case LogisticLoss:
			y, t := y[:b], t[:b] // of one length, so that the loop checks none
			for i, v := range z[:b] {
				t[i] = (1 - 2*y[i]) * v // -z for y = 1: no difference of large numbers
			}
			vec.Softplus(t, t)
		case Squared:
			for i, v := range z[:b] {
				r := v - y[i]
				t[i] = r * r
			}
		case Hinge:
			for i, v := range z[:b] {
				t[i] = max(0, 1-y[i]*v)
			}
		case Absolute:
			for i, v := range z[:b] {
				t[i] = math.Abs(v - y[i])
			}
		}
		total += vec.Sum(t)
		z, y = z[b:], y[b:]
	}
	return total
}

func (l StandardLoss) slope(g, z, y []float64, n int, scale float64) {
	switch l {
	case CrossEntropy:
		softmax(g, z, n)
		for s, class := range y { // with the rounding that PyTorch has where p is nearly 1
			g[int(class)*n+s]--
		}
		for i := range g {
			g[i] *= scale
		}
	case LogisticLoss:
		for i, v := range z {
			g[i] = (1 - 2*y[i]) * v
		}
		vec.Sigmoid(g, g) // of -z for y = 1: keeps its digits where 1-sigmoid(z) loses them
		for i := range g {
			g[i] *= scale * (1 - 2*y[i])
		}
	case Squared:
		for i, v := range z {
			g[i] = 2 * scale * (v - y[i])
		}
	case Hinge:
		for i, v := range z {
			if g[i] = 0; y[i]*v < 1 {
				g[i] = -scale * y[i]
			}
		}
	case Absolute:
		for i, v := range z {
			g[i] = scale * sign(v-y[i])
		}
	}
}

func (l StandardLoss) curvature(h, z, y, dz []float64, n int, scale float64) {
	switch l {
	case CrossEntropy: // p_i (dz_i - sum_j p_j dz_j)
		softmax(h, z, n)
		for s := range n {
			mean := 0.0
			for i := s; i < len(h); i += n {
				mean += h[i] * dz[i]
			}
			for i := s; i < len(h); i += n {
				h[i] *= scale * (dz[i] - mean)
			}
		}
	case LogisticLoss:
		for i, v := range z {
			h[i] = -math.Abs(v) // even in z; on this side both factors keep their digits
		}
		vec.Sigmoid(h, h)
		for i, p := range h {
			h[i] = scale * p * (1 - p) * dz[i]
		}
	case Squared:
		for i, v := range dz {
			h[i] = 2 * scale * v
		}
	case Hinge, Absolute: // flat pieces
		clear(h)
	}
}

func (l StandardLoss) correct(z, y []float64, n int) int {
	count := 0
	switch l {
	case LogisticLoss, Hinge:
		for i, v := range z {
			if (v > 0) == (y[i] > 0) && !math.IsNaN(v) {
				count++
			}
		}
	case CrossEntropy:
		for s, class := range y {
			best := z[int(class)*n+s]
			right := !math.IsNaN(best)
			for i := s; i < len(z) && right; i += n {
				// The first of equal outputs is the network's answer.
				right = z[i] < best || i/n == int(class) || (z[i] == best && i/n > int(class))
			}
			if right {
				count++
			}
		}
	default:
		return -1
	}
	return count
}

func (h Huber) value(z, y []float64, n int) float64 {
	total, d := 0.0, float64(h)
	for i, v := range z {
		if r := math.Abs(v - y[i]); r <= d {
			total += 0.5 * r * r
		} else {
			total += d * (r - 0.5*d)
		}
	}
	return total
}

func (h Huber) slope(g, z, y []float64, n int, scale float64) {
	d := float64(h)
	for i, v := range z {
		g[i] = scale * max(-d, min(v-y[i], d))
	}
}

func (h Huber) curvature(hz, z, y, dz []float64, n int, scale float64) {
	for i, v := range z {
		if hz[i] = 0; math.Abs(v-y[i]) < float64(h) {
			hz[i] = scale * dz[i]
		}
	}
}

func (h Huber) correct(z, y []float64, n int) int { return -1 }

// crossEntropy adds up log(sum_j exp(z_j)) - z_y over n samples. The greatest logit
// is taken out of the sum, so that nothing overflows.
func crossEntropy(z, y []float64, n int) float64 {
	total := 0.0
	var top, logs [block]float64
	for from := 0; from < n; from += block {
		b := min(block, n-from)
		top, logs := top[:b], logs[:b]
		vec.LogSumExp(top, logs, z[from:], len(z)/n, n)
		for s := range logs {
			logs[s] += top[s] - z[int(y[from+s])*n+from+s]
		}
		total += vec.Sum(logs)
	}
	return total
}

// softmax sets p to the class probabilities of the logits z.
func softmax(p, z []float64, n int) {
	var top, logs [block]float64
	for from := 0; from < n; from += block {
		b := min(block, n-from)
		top, logs := top[:b], logs[:b]
		vec.LogSumExp(top, logs, z[from:], len(z)/n, n)
		for i := from; i < len(z); i += n {
			row := p[i : i+b]
			for s, v := range z[i : i+b] {
				row[s] = (v - top[s]) - logs[s]
			}
			vec.Exp(row, row)
		}
	}
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 and NaN
}
