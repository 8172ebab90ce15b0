package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"

	"github.com/janpfeifer/gonb/gonbui"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/internal/progress"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// trajectoryBytes bounds the memory of a run's trajectory.
const trajectoryBytes = 256 << 20

// A recorder watches an optimizer: it keeps losses and trajectory, shows the live curve,
// and says when to stop.
type recorder struct {
	run    *Run
	c      *config
	ctx    context.Context
	cancel func()
	began  time.Time
	live   chart.Live
	bar    *progress.Bar
	keep   int

	test      classified
	train     classified
	best      float64
	bestStep  int
	bestTheta []float64
}

// classified is an objective that also has an accuracy.
type classified interface {
	ValueAccuracy(theta []float64) (value, accuracy float64)
}

func begin(loss landscape.Objective, start []float64, c *config, name string) *recorder {
	if c.name != "" {
		name = c.name
	}
	run := &Run{name: name, planned: c.steps, every: max(1, c.every)}
	if c.batch > 0 {
		run.batches = fmt.Sprintf("batches of %d, seed %d", c.batch, c.seed)
	}
	r := &recorder{run: run, c: c, began: time.Now(), best: math.Inf(1)}
	r.ctx, r.cancel = signal.NotifyContext(c.ctx, os.Interrupt)
	if err := landscape.CheckPoint(loss, start, "the start"); err != nil {
		run.err = fmt.Errorf("train: %s: %w", name, err)
		return r
	}
	if err := c.check(); err != nil {
		run.err = fmt.Errorf("train: %s: %w", name, err)
		return r
	}
	run.start = append([]float64(nil), start...)
	run.end = run.start
	r.keep = max(3, min(c.keep, trajectoryBytes/8/len(start)))
	if c.test != nil {
		o, ok := loss.(interface {
			On(*dataset.Data) *landscape.NetworkObjective
		})
		if !ok {
			run.err = fmt.Errorf("train: %s: test data need the objective of a network", name)
			return r
		}
		test := o.On(c.test)
		if err := test.Err(); err != nil {
			run.err = fmt.Errorf("train: %s: test data: %w", name, err)
			return r
		}
		r.test = test
		r.train, _ = loss.(classified)
	}
	if !c.quiet && !gonbui.IsNotebook { // there the live curve shows how far it is
		r.bar = progress.New(name, c.steps)
	}
	return r
}

func (c *config) check() error {
	switch {
	case c.steps < 0:
		return fmt.Errorf("%d steps: the number must not be negative", c.steps)
	case !(c.rate > 0) || math.IsInf(c.rate, 0):
		return fmt.Errorf("a learning rate of %v: it must be positive", c.rate)
	case c.batch < 0:
		return fmt.Errorf("batches of %d samples: the number must be positive", c.batch)
	case !(c.momentum >= 0 && c.momentum < 1):
		return fmt.Errorf("a momentum of %v: it must be in [0, 1)", c.momentum)
	case !(c.beta1 >= 0 && c.beta1 < 1 && c.beta2 >= 0 && c.beta2 < 1):
		return fmt.Errorf("betas %v and %v: they must be in [0, 1)", c.beta1, c.beta2)
	case !(c.decay >= 0) || math.IsInf(c.decay, 0):
		return fmt.Errorf("a weight decay of %v: it must not be negative", c.decay)
	}
	return nil
}

// guard runs f and turns a panic of the objective into the run's error.
func (r *recorder) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			r.run.err = fmt.Errorf("train: %s: the objective panicked at step %d: %v", r.run.name, r.run.step, p)
		}
	}()
	f()
}

// add records the state before a step and says whether to go on.
func (r *recorder) add(step int, theta []float64, value, norm, rate float64) bool {
	run := r.run
	run.step = step
	run.losses = append(run.losses, value)
	run.norms = append(run.norms, norm)
	run.rates = append(run.rates, rate)
	if math.IsNaN(value) || math.IsInf(value, 0) || math.IsNaN(norm) || math.IsInf(norm, 0) {
		run.stopped = fmt.Sprintf("diverged at step %d", step)
		run.err = fmt.Errorf("train: %s: %w at step %d: the loss is %v and the gradient's norm %v; take a smaller learning rate, or clip (train.ClipNorm)", run.name, ErrDiverged, step, value, norm)
		return false
	}
	if first := run.losses[0]; value > 1e12*max(1, math.Abs(first)) {
		run.stopped = fmt.Sprintf("diverged at step %d", step)
		run.err = fmt.Errorf("train: %s: %w at step %d: the loss has grown from %.3g to %.3g; take a smaller learning rate", run.name, ErrDiverged, step, first, value)
		return false
	}
	r.store(step, theta)
	if step > 0 {
		r.bar.Add(1)
	}
	judged := value
	if r.test != nil && (step%max(1, r.c.steps/200) == 0 || step == r.c.steps) {
		v, acc := r.test.ValueAccuracy(theta)
		run.testSteps = append(run.testSteps, float64(step))
		run.test, run.testAcc = append(run.test, v), append(run.testAcc, acc)
		if r.train != nil {
			_, acc := r.train.ValueAccuracy(theta)
			run.trainAcc = append(run.trainAcc, acc)
		}
	}
	if r.test != nil {
		judged = run.test[len(run.test)-1]
	}
	if !r.c.quiet {
		r.live.Update(func() chart.Figure {
			f := r.run.Figure()
			f.Planned = r.run.planned // the axis stands still while the curve grows
			return f
		})
	}
	if r.c.patience > 0 {
		if judged < r.best-r.c.improvement {
			r.best, r.bestStep = judged, step
			if r.test != nil {
				r.bestTheta = append(r.bestTheta[:0], theta...)
			}
		} else if step-r.bestStep >= r.c.patience {
			run.stopped = fmt.Sprintf("no better for %d steps", r.c.patience)
			return false
		}
	}
	if norm <= r.c.tolerance {
		run.stopped = fmt.Sprintf("converged: gradient norm %.3g", norm)
		return false
	}
	if r.ctx.Err() != nil {
		r.interrupted()
		return false
	}
	return true
}

// interrupted makes the run's error that of an interrupt.
func (r *recorder) interrupted() {
	r.run.stopped = "interrupted"
	r.run.err = fmt.Errorf("train: %s: interrupted after %d of %d steps: %w", r.run.name, r.run.step, r.c.steps, r.ctx.Err())
}

// store keeps theta in the trajectory: the present point is always the last one, and
// those before are at multiples of run.every.
func (r *recorder) store(step int, theta []float64) {
	run := r.run
	if n := len(run.steps); n > 1 && run.steps[n-1]%run.every != 0 {
		run.points, run.steps = run.points[:n-1], run.steps[:n-1]
	}
	run.points = append(run.points, append([]float64(nil), theta...))
	run.steps = append(run.steps, step)
	run.end = run.points[len(run.points)-1]
	if len(run.steps) <= r.keep {
		return
	}
	run.every *= 2
	points, steps := run.points[:0:0], run.steps[:0:0]
	for i, s := range run.steps {
		if s%run.every == 0 || i == len(run.steps)-1 {
			points, steps = append(points, run.points[i]), append(steps, s)
		}
	}
	run.points, run.steps = points, steps
}

func (r *recorder) finish() {
	r.cancel()
	r.bar.Done()
	run := r.run
	run.seconds = time.Since(r.began).Seconds()
	if !r.c.quiet {
		r.live.Clear() // the cell's last expression shows the finished curve
	}
	if run.end == nil && len(run.points) > 0 {
		run.end = run.points[len(run.points)-1]
	}
	if r.bestTheta != nil && r.c.patience > 0 && run.err == nil {
		run.end = r.bestTheta
		run.stopped += fmt.Sprintf("; the best test loss was at step %d", r.bestStep)
	}
	if run.stopped == "" && run.err != nil && !errors.Is(run.err, context.Canceled) {
		run.stopped = "failed"
	}
}

// batcher returns the samples of each step: every epoch a permutation of its own, cut
// into batches. Steps must be asked for in order.
func batcher(samples, size int, seed uint64) func(step int) []int {
	per := (samples + size - 1) / size
	epoch := -1
	var order []int
	return func(step int) []int {
		if e := step / per; e != epoch {
			epoch = e
			order = rand.New(rand.NewPCG(seed, uint64(e))).Perm(samples)
		}
		from := step % per * size
		return order[from:min(from+size, samples)]
	}
}
