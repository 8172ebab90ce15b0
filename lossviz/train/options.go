package train

import (
	"context"
	"math"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

// An Option changes how an optimizer works.
type Option func(*config)

type config struct {
	name         string
	steps        int
	rate         float64
	schedule     Schedule
	momentum     float64
	nesterov     bool
	beta1, beta2 float64
	eps          float64
	decay        float64
	batch        int
	seed         uint64
	tolerance    float64
	patience     int
	improvement  float64
	keep         int
	every        int
	ctx          context.Context
	test         *dataset.Data
	quiet        bool
	clip         float64
}

func newConfig(opts []Option) *config {
	c := &config{
		steps: 500, rate: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8,
		keep: 400, ctx: context.Background(), seed: 1,
	}
	for _, o := range opts {
		o(c)
	}
	if c.ctx == nil {
		c.ctx = context.Background()
	}
	return c
}

// Steps sets the number of steps; the default is 500, or 100 for Newton-CG.
func Steps(n int) Option { return func(c *config) { c.steps = n } }

// Rate sets the learning rate; the default is 0.1, or 0.05 for Adam and AdamW. L-BFGS and
// Newton-CG find their steps by line search and ignore it.
func Rate(r float64) Option { return func(c *config) { c.rate = r } }

// A Schedule is the factor on the learning rate at a step: at step 0 <= step < steps.
type Schedule func(step, steps int) float64

// Scheduled multiplies the learning rate by a schedule.
func Scheduled(s Schedule) Option { return func(c *config) { c.schedule = s } }

// StepDecay multiplies the rate by factor after every so many steps.
func StepDecay(every int, factor float64) Schedule {
	return func(step, _ int) float64 { return math.Pow(factor, float64(step/max(1, every))) }
}

// ExponentialDecay multiplies the rate by factor after each step.
func ExponentialDecay(factor float64) Schedule {
	return func(step, _ int) float64 { return math.Pow(factor, float64(step)) }
}

// Cosine lets the rate fall from 1 to last along half a cosine (Loshchilov and Hutter,
// arXiv:1608.03983, without restarts).
func Cosine(last float64) Schedule {
	return func(step, steps int) float64 {
		return last + (1-last)*(1+math.Cos(math.Pi*float64(step)/float64(max(1, steps))))/2
	}
}

// Warmup lets the rate rise linearly over the first so many steps, and then follows s
// (nil: stays).
func Warmup(first int, s Schedule) Schedule {
	return func(step, steps int) float64 {
		f := 1.0
		if s != nil {
			f = s(step, steps)
		}
		if step < first {
			f *= float64(step+1) / float64(first)
		}
		return f
	}
}

// Momentum sets the momentum of SGD and gradient descent: v <- m v + g, theta <- theta -
// rate v, as PyTorch does.
func Momentum(m float64) Option { return func(c *config) { c.momentum = m } }

// Nesterov makes the momentum Nesterov's, as PyTorch does.
func Nesterov() Option { return func(c *config) { c.nesterov = true } }

// Betas sets the decay rates of Adam's moments; the defaults are 0.9 and 0.999.
func Betas(b1, b2 float64) Option { return func(c *config) { c.beta1, c.beta2 = b1, b2 } }

// WeightDecay sets the decay of AdamW, decoupled from the gradient; the default is 0.01.
// It shrinks all parameters, as PyTorch's does.
func WeightDecay(w float64) Option { return func(c *config) { c.decay = w } }

// Batch sets the number of samples in a mini-batch. The default is 32 for SGD and all
// data for the others. Each epoch goes through all samples once, in an order made from
// the seed.
func Batch(size int) Option { return func(c *config) { c.batch = size } }

// Seed sets the seed of the mini-batches; the default is 1.
func Seed(s uint64) Option { return func(c *config) { c.seed = s } }

// Tolerance ends the run when the gradient's norm is at most tol. The default is 0 for
// first-order methods, and 1e-8 for L-BFGS and Newton-CG.
func Tolerance(tol float64) Option { return func(c *config) { c.tolerance = tol } }

// EarlyStop ends the run when the loss (on the test data, if [Test] gives some) has not
// fallen by improvement for patience steps. End is then the best point seen where test
// data decide, and the last otherwise.
func EarlyStop(patience int, improvement float64) Option {
	return func(c *config) { c.patience, c.improvement = patience, improvement }
}

// Keep bounds the trajectory: at most n points are kept (default 400, and never more than
// 256 MB); where there would be more, every second one is dropped, again and again, so
// that they stay evenly spaced in steps.
func Keep(n int) Option { return func(c *config) { c.keep = n } }

// Every keeps every k-th point of the trajectory, as far as [Keep] allows.
func Every(k int) Option { return func(c *config) { c.every = k } }

// Context ends the run when ctx ends, as an interrupt does.
func Context(ctx context.Context) Option { return func(c *config) { c.ctx = ctx } }

// Test records loss and accuracy on held-out data along the way; the objective must be
// of a network.
func Test(data *dataset.Data) Option { return func(c *config) { c.test = data } }

// ClipNorm scales gradients longer than n down to n.
func ClipNorm(n float64) Option { return func(c *config) { c.clip = n } }

// Named sets the run's name in figures.
func Named(name string) Option { return func(c *config) { c.name = name } }

// Quiet shows no live curve.
func Quiet() Option { return func(c *config) { c.quiet = true } }
