package nn

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/gosaddle/saddle/lossviz/dataset"
)

// An Evaluator is the loss of a network on data as a function of the parameters.
//
//	L(theta) = mean of the loss over the data + L1 sum|w| + L2/2 sum w^2
//
// with w the weights (biases and norms are not penalized). Samples are processed in chunks of a size that
// depends only on the network and the data, and summed up in their order: the bits of a result never
// depend on the number of cores.
//
// All methods are safe for concurrent use; they take memory from a pool and allocate
// only when more calls run at once than ever before (and a little to start goroutines, where large
// networks and data make it worth to use all cores for one call). A theta of another length than Dim, and
// a call when Err() is not nil, are bugs of the caller and panic.
type Evaluator struct {
	net    *Network
	loss   Loss
	data   *dataset.Data
	l1, l2 float64
	chunks []chunk
	step   int // samples of a chunk, but perhaps the last
	lanes  int // parts that may be computed at the same time
	err    error

	mu       sync.Mutex
	free     []*workspace
	partials [][]float64
}

// A chunk is some samples of the data, transposed: a feature (a target) a row.
type chunk struct {
	n    int
	x, y []float64
}

// NewEvaluator joins a network, a loss and data. Err says if they do not fit.
// The data must not be changed afterwards.
func NewEvaluator(net *Network, loss Loss, data *dataset.Data) *Evaluator {
	return NewPenalized(net, loss, data, 0, 0)
}

// NewPenalized is [NewEvaluator] with penalties: l1 times the sum of the absolute values of
// the weights and l2/2 times the sum of their squares.
func NewPenalized(net *Network, loss Loss, data *dataset.Data, l1, l2 float64) *Evaluator {
	e := &Evaluator{net: net, loss: loss, data: data, l1: l1, l2: l2}
	if e.err = e.check(); e.err != nil {
		e.err = fmt.Errorf("nn: objective: %w", e.err)
		return e
	}
	e.step = chunkSize(net, data.N)
	e.chunks = chunksOf(data, e.step)
	e.lanes = 1
	if float64(data.N)*float64(net.dim) > laneWork {
		e.lanes = min(maxLanes, len(e.chunks))
	}
	return e
}

// chunksOf cuts data into chunks of step samples, but perhaps the last.
func chunksOf(data *dataset.Data, step int) (chunks []chunk) {
	for from := 0; from < data.N; from += step {
		n := min(step, data.N-from)
		c := chunk{n: n, x: make([]float64, n*data.D), y: make([]float64, n*data.K)}
		transpose(c.x, data.X[from*data.D:(from+n)*data.D], n, data.D)
		transpose(c.y, data.Y[from*data.K:(from+n)*data.K], n, data.K)
		chunks = append(chunks, c)
	}
	return chunks
}

func (e *Evaluator) check() error {
	if err := errors.Join(e.net.Err(), e.data.Err()); err != nil {
		return err
	}
	if e.loss == nil {
		return errors.New("the loss is nil")
	}
	d := e.data
	if d.N < 1 || len(d.X) != d.N*d.D || len(d.Y) != d.N*d.K {
		return fmt.Errorf("%s: %d inputs and %d targets are not %d samples of %d and %d", d.Name, len(d.X), len(d.Y), d.N, d.D, d.K)
	}
	if d.D != e.net.in.Size() {
		return fmt.Errorf("layer 0 (%v) takes %v, but %s has %d inputs", e.net.layers[0], e.net.in, d.Name, d.D)
	}
	for _, l := range []float64{e.l1, e.l2} {
		if !(l >= 0) || math.IsInf(l, 0) {
			return fmt.Errorf("a penalty is %v; it must be finite and not negative", l)
		}
	}
	if bytes := workspaceBytes(e.net, d.N); bytes > maxWorkspace {
		return fmt.Errorf("one evaluation of this network on %d samples at once needs %.1f GiB; use fewer samples or a smaller network", chunkSize(e.net, d.N), bytes/(1<<30))
	}
	return e.loss.check(d, e.net.out.Size())
}

// workspaceBytes is the memory of one evaluation with all derivatives.
func workspaceBytes(net *Network, n int) float64 {
	width := 0
	for _, size := range net.size[1:] {
		width += size
	}
	return 8 * 5 * float64(width) * float64(chunkSize(net, n)) // val, dot, grad, gradDot; note
}

// Bytes is the memory that each evaluation at the same time takes, at most.
func (e *Evaluator) Bytes() int64 {
	if e.err != nil {
		return 0
	}
	return int64(workspaceBytes(e.net, e.data.N)) + 16*int64(e.net.dim)
}

// maxWorkspace bounds the memory of one evaluation, in bytes. Only very wide networks, and those with
// batch norm over many samples, come near.
const maxWorkspace = 8 << 30

// Err says why the parts do not fit, or nil.
func (e *Evaluator) Err() error { return e.err }

// Dim is the number of parameters.
func (e *Evaluator) Dim() int { return e.net.Dim() }

// Value returns the loss at theta. Overflow gives +Inf or NaN, as the arithmetic does.
func (e *Evaluator) Value(theta []float64) float64 {
	return e.run(quantity{val: theta})*e.share(e.data.N) + e.penalty(theta)
}

// Accuracy returns the fraction of terms (samples, for one output or cross-entropy) that are classified
// correctly: the sign of the logit, or the greatest one. It is NaN for losses that do not classify.
func (e *Evaluator) Accuracy(theta []float64) float64 {
	_, accuracy := e.ValueAccuracy(theta)
	return accuracy
}

// ValueAccuracy returns both from one pass; the value has the bits of [Evaluator.Value].
func (e *Evaluator) ValueAccuracy(theta []float64) (value, accuracy float64) {
	e.sized(theta)
	w := e.get()
	defer e.put(w)
	w.theta = quantity{val: theta}
	total, correct := 0.0, 0
	for lane := range e.lanes {
		sum := 0.0
		for _, c := range e.lane(lane) {
			w.forward(e.net, c.x, c.n)
			sum += e.loss.value(w.last().val, c.y, c.n)
			correct += e.loss.correct(w.last().val, c.y, c.n)
		}
		total += sum
	}
	return total*e.share(e.data.N) + e.penalty(theta), e.accuracy(correct)
}

func (e *Evaluator) accuracy(correct int) float64 {
	if correct < 0 {
		return math.NaN()
	}
	return float64(correct) / (float64(e.data.N) * float64(e.loss.terms(e.net.out.Size()))) // one rounding: 3 of 5 is 0.6
}

// Gradient fills grad with the gradient at theta and returns the value there.
func (e *Evaluator) Gradient(grad, theta []float64) float64 {
	clear(grad)
	total := e.run(quantity{val: theta, grad: grad})
	return total*e.share(e.data.N) + e.penaltySlope(grad, theta)
}

// BatchGradient is [Evaluator.Gradient] for the samples with the given numbers only; there must
// be one at least.
func (e *Evaluator) BatchGradient(grad, theta []float64, samples []int) float64 {
	e.sized(theta)
	w := e.get()
	defer e.put(w)
	clear(grad)
	w.theta = quantity{val: theta, grad: grad}
	share, total := e.share(len(samples)), 0.0
	for len(samples) > 0 {
		n := min(e.step, len(samples))
		c := w.gather(e.data, samples[:n])
		total += e.chunk(w, &c, share)
		samples = samples[n:]
	}
	return total*share + e.penaltySlope(grad, theta)
}

// HessianVector fills hv with the Hessian at theta times v, exactly (up to rounding), at
// a few times the cost of a gradient. At kinks it takes the Hessian of the piece
// that the gradient is of.
func (e *Evaluator) HessianVector(hv, theta, v []float64) {
	clear(hv)
	e.run(quantity{val: theta, dot: v, gradDot: hv})
	if e.l2 != 0 {
		e.weights(func(b Block) { axpy(b.Of(hv), e.l2, b.Of(v)) })
	}
}

// run adds up the loss over all chunks, not yet scaled by share, and what theta asks for: its grad,
// or its gradDot.
func (e *Evaluator) run(theta quantity) float64 {
	e.sized(theta.val)
	if e.lanes > 1 {
		return e.runLanes(theta)
	}
	return e.runChunks(theta, e.chunks)
}

func (e *Evaluator) runChunks(theta quantity, chunks []chunk) (total float64) {
	w := e.get()
	defer e.put(w)
	w.theta = theta
	share := e.share(e.data.N)
	for i := range chunks {
		total += e.chunk(w, &chunks[i], share)
	}
	return total
}

// chunk runs the passes that w.theta asks for.
func (e *Evaluator) chunk(w *workspace, c *chunk, share float64) float64 {
	w.need(e.net)
	w.forward(e.net, c.x, c.n)
	z := w.last()
	switch {
	case w.theta.gradDot != nil:
		w.tangent(e.net)
		e.loss.slope(z.grad, z.val, c.y, c.n, share)
		e.loss.curvature(z.gradDot, z.val, c.y, z.dot, c.n, share)
		w.backward(e.net)
		w.backwardTangent(e.net)
		return 0 // nobody asks for the value
	case w.theta.grad != nil:
		e.loss.slope(z.grad, z.val, c.y, c.n, share)
		w.backward(e.net)
	}
	return e.loss.value(z.val, c.y, c.n)
}

// Large evaluations use all cores. The chunks are dealt to a number of lanes that does
// not depend on the machine, each lane adds up its own, and the lanes are added in order.
const (
	maxLanes = 8
	laneWork = 1 << 22 // samples times parameters; about half a millisecond
)

func (e *Evaluator) runLanes(theta quantity) float64 {
	var totals [maxLanes]float64
	var parts [maxLanes]quantity
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(e.lanes, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for lane := int(next.Add(1)) - 1; lane < e.lanes; lane = int(next.Add(1)) - 1 {
				part := theta
				if theta.grad != nil {
					part.grad = e.partial()
				}
				if theta.gradDot != nil {
					part.gradDot = e.partial()
				}
				parts[lane] = part
				totals[lane] = e.runChunks(part, e.lane(lane))
			}
		})
	}
	wait.Wait()
	total := 0.0
	for lane := range e.lanes {
		total += totals[lane]
		e.collect(theta.grad, parts[lane].grad)
		e.collect(theta.gradDot, parts[lane].gradDot)
	}
	return total
}

// lane is the chunks that a lane adds up.
func (e *Evaluator) lane(i int) []chunk {
	from, to := e.laneRange(i)
	return e.chunks[from:to]
}

func (e *Evaluator) laneRange(i int) (from, to int) {
	n := len(e.chunks)
	return i * n / e.lanes, (i + 1) * n / e.lanes
}

// partial is a zeroed vector of parameters from the pool.
func (e *Evaluator) partial() []float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last := len(e.partials) - 1; last >= 0 {
		p := e.partials[last]
		e.partials = e.partials[:last]
		clear(p)
		return p
	}
	return make([]float64, e.net.dim)
}

// collect adds a lane's part to the whole and gives it back to the pool.
func (e *Evaluator) collect(whole, part []float64) {
	if part == nil {
		return
	}
	axpy(whole, 1, part)
	e.mu.Lock()
	e.partials = append(e.partials, part)
	e.mu.Unlock()
}

// sized panics, with a message that helps, if theta is not for this network.
func (e *Evaluator) sized(theta []float64) {
	if e.err != nil {
		panic(e.err)
	}
	if len(theta) != e.net.dim {
		panic(fmt.Sprintf("nn: theta has %d numbers, the network %d parameters", len(theta), e.net.dim))
	}
}

// share is what one term of the loss counts among n samples.
func (e *Evaluator) share(n int) float64 {
	return 1 / (float64(n) * float64(e.loss.terms(e.net.out.Size())))
}

func (e *Evaluator) weights(do func(b Block)) {
	for _, b := range e.net.blocks {
		if b.Kind == Weight {
			do(b)
		}
	}
}

func (e *Evaluator) penalty(theta []float64) (value float64) {
	if e.l1 == 0 && e.l2 == 0 {
		return 0
	}
	e.weights(func(b Block) {
		for _, w := range b.Of(theta) {
			value += e.l1*math.Abs(w) + 0.5*e.l2*w*w
		}
	})
	return value
}

// penaltySlope adds the gradient of the penalties to grad and returns their value.
func (e *Evaluator) penaltySlope(grad, theta []float64) float64 {
	if e.l1 == 0 && e.l2 == 0 {
		return 0
	}
	e.weights(func(b Block) {
		g := b.Of(grad)
		for i, w := range b.Of(theta) {
			g[i] += e.l1*sign(w) + e.l2*w
		}
	})
	return e.penalty(theta)
}

// get takes a workspace from the pool. A list under a lock, not a sync.Pool: that one
// forgets at each garbage collection.
func (e *Evaluator) get() *workspace {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last := len(e.free) - 1; last >= 0 {
		w := e.free[last]
		e.free = e.free[:last]
		return w
	}
	return newWorkspace(e.net, e.step)
}

func (e *Evaluator) put(w *workspace) {
	w.theta = quantity{}
	e.mu.Lock()
	e.free = append(e.free, w)
	e.mu.Unlock()
}

// chunkSize is the number of samples processed at once: as many as keep what flows
// through the network in the processor's cache, and all of
// them if samples depend on each other (batch norm).
func chunkSize(net *Network, n int) int {
	if net.wholeBatch {
		return n
	}
	const cache = 32 << 10 // numbers: 256 KiB
	const lane = 24        // three of the widest vectors: what the matrix product likes
	width := 0
	for _, size := range net.size[1:] {
		width += size
	}
	return min(n, max(lane, min(10*lane, cache/max(width, 1)/lane*lane)))
}

func newWorkspace(net *Network, capacity int) *workspace {
	w := &workspace{node: make([]quantity, len(net.size)), note: make([][]int32, len(net.size))}
	for i, size := range net.size {
		if i > 0 {
			w.node[i].val = make([]float64, size*capacity)
		}
		if net.noted[i] {
			w.note[i] = make([]int32, size*capacity)
		}
	}
	return w
}

// need makes room for the derivatives that theta asks for.
func (w *workspace) need(net *Network) {
	if w.theta.grad == nil && w.theta.gradDot == nil {
		return
	}
	for i := range w.node {
		if !net.live[i] {
			continue
		}
		q := &w.node[i]
		if q.grad == nil {
			q.grad = make([]float64, cap(q.val))
		}
		if w.theta.gradDot != nil && q.dot == nil {
			q.dot, q.gradDot = make([]float64, cap(q.val)), make([]float64, cap(q.val))
		}
	}
}

// gather copies samples into a chunk of the workspace's own.
func (w *workspace) gather(data *dataset.Data, samples []int) chunk {
	n := len(samples)
	if cap(w.x) < n*data.D || cap(w.y) < n*data.K {
		w.x, w.y = make([]float64, n*data.D), make([]float64, n*data.K)
	}
	c := chunk{n: n, x: w.x[:n*data.D], y: w.y[:n*data.K]}
	for s, sample := range samples {
		for j, v := range data.Row(sample) {
			c.x[j*n+s] = v
		}
		for j, v := range data.Target(sample) {
			c.y[j*n+s] = v
		}
	}
	return c
}

// last is the network's output.
func (w *workspace) last() *quantity { return &w.node[len(w.node)-1] }

// forward runs the network for n samples x.
func (w *workspace) forward(net *Network, x []float64, n int) {
	w.resize(net, x, n)
	for _, op := range net.operations {
		op.forward(w)
	}
}

// resize sets the input, n samples x, and the lengths of what follows.
func (w *workspace) resize(net *Network, x []float64, n int) {
	w.n = n
	w.node[0].val = x
	for i := 1; i < len(w.node); i++ {
		q := &w.node[i]
		size := net.size[i] * n
		q.val = q.val[:size]
		if q.grad != nil {
			q.grad = q.grad[:size]
		}
		if q.dot != nil {
			q.dot, q.gradDot = q.dot[:size], q.gradDot[:size]
		}
	}
}

// tangent carries the direction theta.dot through the network, after forward.
func (w *workspace) tangent(net *Network) {
	for i, op := range net.operations {
		if net.live[i+1] {
			op.tangent(w)
		}
	}
}

// backward carries the last node's grad back to the parameters.
func (w *workspace) backward(net *Network) {
	for i := range net.operations {
		clear(w.node[i].grad)
	}
	for i := len(net.operations) - 1; i >= 0; i-- {
		if net.live[i+1] {
			net.operations[i].backward(w)
		}
	}
}

// backwardTangent carries the last node's gradDot back to the parameters, after all others.
func (w *workspace) backwardTangent(net *Network) {
	for i := range net.operations {
		clear(w.node[i].gradDot)
	}
	for i := len(net.operations) - 1; i >= 0; i-- {
		if net.live[i+1] {
			net.operations[i].backwardTangent(w)
		}
	}
}
