package train

import (
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz/landscape"
)

// GradientDescent takes steps theta <- theta - rate * gradient, with [Momentum] if asked.
func GradientDescent(loss landscape.Objective, start []float64, opts ...Option) *Run {
	c := newConfig(opts)
	return descend(loss, start, c, fmt.Sprintf("gradient descent, rate %.4g", c.rate), c.momentumRule())
}

// SGD is gradient descent on mini-batches of 32 samples ([Batch] changes that).
func SGD(loss landscape.Objective, start []float64, opts ...Option) *Run {
	c := newConfig(append([]Option{Batch(32)}, opts...))
	return descend(loss, start, c, fmt.Sprintf("SGD, rate %.4g, momentum %.4g, batches of %d", c.rate, c.momentum, c.batch), c.momentumRule())
}

// Adam is the method of Kingma and Ba (arXiv:1412.6980, algorithm 1); its default rate is
// 0.05.
func Adam(loss landscape.Objective, start []float64, opts ...Option) *Run {
	c := newConfig(append([]Option{Rate(0.05)}, opts...))
	return descend(loss, start, c, fmt.Sprintf("Adam, rate %.4g", c.rate), c.adamRule())
}

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101,
// algorithm 2); its default rate is 0.05 and its default decay 0.01.
func AdamW(loss landscape.Objective, start []float64, opts ...Option) *Run {
	c := newConfig(append([]Option{Rate(0.05), WeightDecay(0.01)}, opts...))
	rule := c.adamRule()
	decayed := func(theta, grad []float64, rate float64, step int) {
		for i := range theta {
			theta[i] -= rate * c.decay * theta[i]
		}
		rule(theta, grad, rate, step)
	}
	return descend(loss, start, c, fmt.Sprintf("AdamW, rate %.4g, decay %.4g", c.rate, c.decay), decayed)
}

// A rule changes theta in place, given the gradient there.
type rule func(theta, grad []float64, rate float64, step int)

func (c *config) momentumRule() rule {
	var v []float64
	return func(theta, grad []float64, rate float64, _ int) {
		if v == nil {
			v = make([]float64, len(theta))
		}
		for i, g := range grad {
			v[i] = c.momentum*v[i] + g
			d := v[i]
			if c.nesterov {
				d = g + c.momentum*v[i]
			}
			theta[i] -= rate * d
		}
	}
}

func (c *config) adamRule() rule {
	var m, v []float64
	return func(theta, grad []float64, rate float64, step int) {
		if m == nil {
			m, v = make([]float64, len(theta)), make([]float64, len(theta))
		}
		t := float64(step + 1)
		correct1, correct2 := 1-math.Pow(c.beta1, t), 1-math.Pow(c.beta2, t)
		for i, g := range grad {
			m[i] = c.beta1*m[i] + (1-c.beta1)*g
			v[i] = c.beta2*v[i] + (1-c.beta2)*g*g
			theta[i] -= rate * (m[i] / correct1) / (math.Sqrt(v[i]/correct2) + c.eps)
		}
	}
}

// sampled is what mini-batches need of an objective.
type sampled interface {
	Samples() int
	BatchGradient(grad, theta []float64, samples []int) float64
}

func descend(loss landscape.Objective, start []float64, c *config, name string, update rule) *Run {
	rec := begin(loss, start, c, name)
	defer rec.finish()
	if rec.run.err != nil {
		return rec.run
	}
	obj := landscape.Differentiate(loss)
	gradient := func(grad, theta []float64, _ int) float64 { return obj.Gradient(grad, theta) }
	batched := false
	if c.batch > 0 {
		s, ok := loss.(sampled)
		switch {
		case !ok:
			rec.run.err = fmt.Errorf("train: %s: mini-batches need an objective with samples", name)
			return rec.run
		case c.batch < s.Samples():
			batches := batcher(s.Samples(), c.batch, c.seed)
			gradient = func(grad, theta []float64, step int) float64 { return s.BatchGradient(grad, theta, batches(step)) }
			batched = true
		}
	}
	theta := append([]float64(nil), start...)
	grad := make([]float64, len(theta))
	rec.guard(func() {
		for step := 0; ; step++ {
			last := step == c.steps
			var value float64
			if last && batched {
				value = obj.Gradient(grad, theta)
			} else {
				value = gradient(grad, theta, step)
			}
			norm := length(grad)
			rate := c.rate
			if c.schedule != nil {
				rate *= c.schedule(min(step, c.steps-1), c.steps)
			}
			if !rec.add(step, theta, value, norm, rate) {
				return
			}
			if last {
				rec.run.stopped = fmt.Sprintf("all %d steps taken", c.steps)
				return
			}
			if c.clip > 0 && norm > c.clip {
				for i := range grad {
					grad[i] *= c.clip / norm
				}
			}
			update(theta, grad, rate, step)
		}
	})
	return rec.run
}

func length(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x * x
	}
	return math.Sqrt(s)
}
