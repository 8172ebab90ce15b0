package expr

import (
	"context"
	"math"
	"slices"

	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

// A Tape is a formula made ready to be evaluated: its parts in an order in which
// arguments come first. It is safe for concurrent use; scratch memory is in a
// [Memory], one for each goroutine.
type Tape struct {
	code []step
	args []int32 // of all steps, one after the other
}

type step struct {
	op       Op
	from, to int32 // its arguments: args[from:to]
	index    int   // variable or datum
	param    float64
	constant iv
}

// Compile makes a formula ready. The formula's Err must be nil. The error is that of ctx, if it ends before.
func Compile(ctx context.Context, e *Expr) (*Tape, error) {
	t := &Tape{}
	place := map[*Expr]int32{}
	type key struct {
		op    Op
		index int
	}
	leaves := map[key]int32{} // each variable has one step, however often it was made
	var add func(e *Expr) int32
	add = func(e *Expr) int32 {
		if at, ok := place[e]; ok {
			return at
		}
		if e.Op == OpVar || e.Op == OpData {
			if at, ok := leaves[key{e.Op, e.Index}]; ok {
				place[e] = at
				return at
			}
		}
		args := make([]int32, len(e.Args))
		for i, a := range e.Args {
			if ctx.Err() != nil {
				return 0
			}
			args[i] = add(a)
		}
		s := step{op: e.Op, index: e.Index, param: e.Param, constant: e.Value, from: int32(len(t.args))}
		t.args = append(t.args, args...)
		s.to = int32(len(t.args))
		t.code = append(t.code, s)
		at := int32(len(t.code) - 1)
		place[e] = at
		if e.Op == OpVar || e.Op == OpData {
			leaves[key{e.Op, e.Index}] = at
		}
		return at
	}
	add(e)
	return t, ctx.Err()
}

// Len is the number of steps.
func (t *Tape) Len() int { return len(t.code) }

// Work is the number of arguments of all steps: what one evaluation costs.
func (t *Tape) Work() int { return len(t.args) + len(t.code) }

// Kinked reports whether a step has a kink.
func (t *Tape) Kinked() bool {
	return slices.ContainsFunc(t.code, func(s step) bool {
		return s.op == OpMax || s.op == OpAbs || s.op == OpReLU || s.op == OpLeakyReLU
	})
}

// A Memory holds what one evaluation needs, so that the next does not allocate.
type Memory struct {
	val, dot, bar, barDot []iv
	first, second         []iv
	jets, scratch         []iv
	floats                []float64
}

func grow(s []iv, n int) []iv {
	if cap(s) < n {
		return make([]iv, n)
	}
	return s[:n]
}

// Value encloses the formula's values for all parameters in theta, at the
// sample with these data.
func (t *Tape) Value(m *Memory, theta []iv, data []float64) iv {
	t.forward(m, theta, data)
	return m.val[len(t.code)-1]
}

func (t *Tape) forward(m *Memory, theta []iv, data []float64) {
	m.val = grow(m.val, len(t.code))
	for i, s := range t.code {
		args := t.args[s.from:s.to]
		var y iv
		switch s.op {
		case OpConst:
			y = s.constant
		case OpVar:
			y = theta[s.index]
		case OpData:
			y = interval.Point(data[s.index])
		case OpSum:
			for _, a := range args {
				y = y.Add(m.val[a])
			}
		case OpDot:
			for k := 0; k < len(args); k += 2 {
				if args[k] == args[k+1] {
					y = y.Add(m.val[args[k]].Sqr())
				} else {
					y = y.Add(m.val[args[k]].Mul(m.val[args[k+1]]))
				}
			}
		case OpMax:
			y = m.val[args[0]]
			for _, a := range args[1:] {
				y = y.Max(m.val[a])
			}
		case OpLogSumExp:
			y = logSumExp(t.gather(m, args))
		default:
			y = applyInterval(s.op, s.param, m.val[args[0]])
		}
		m.val[i] = y
	}
}

func (t *Tape) gather(m *Memory, args []int32) []iv {
	m.scratch = grow(m.scratch, len(args))
	for i, a := range args {
		m.scratch[i] = m.val[a]
	}
	return m.scratch
}

// Float is the formula's value in ordinary rounded arithmetic, for pictures and searches.
func (t *Tape) Float(m *Memory, theta, data []float64) float64 {
	if cap(m.floats) < len(t.code) {
		m.floats = make([]float64, len(t.code))
	}
	v := m.floats[:len(t.code)]
	for i, s := range t.code {
		args := t.args[s.from:s.to]
		y := 0.0
		switch s.op {
		case OpConst:
			y = s.constant.Mid()
		case OpVar:
			y = theta[s.index]
		case OpData:
			y = data[s.index]
		case OpSum:
			for _, a := range args {
				y += v[a]
			}
		case OpDot:
			for k := 0; k < len(args); k += 2 {
				y += v[args[k]] * v[args[k+1]]
			}
		case OpMax:
			y = v[args[0]]
			for _, a := range args[1:] {
				y = max(y, v[a])
			}
		case OpLogSumExp:
			top := math.Inf(-1)
			for _, a := range args {
				top = max(top, v[a])
			}
			for _, a := range args {
				y += math.Exp(v[a] - top)
			}
			y = top + math.Log(y)
		default:
			y = applyFloat(s.op, s.param, v[args[0]])
		}
		v[i] = y
	}
	return v[len(v)-1]
}

// A Jet encloses a value with its first and second derivatives in k directions:
// Grad has k of them, Hess k(k+1)/2, in the order 00, 01, 11, 02, 12, 22, ...
//
// Second derivatives are measures where a kink is met: an upper end of +Inf says
// that the slope may jump upwards there, a lower end of -Inf that it may jump downwards.
type Jet struct {
	Value      iv
	Grad, Hess []iv
}

// Jet encloses the formula at origin + sum s_i directions_i for all s in the
// box at, with its derivatives in s. Directions are enclosures, too: b - a need not be a float64.
func (t *Tape) Jet(m *Memory, origin []float64, directions [][]iv, at []iv, data []float64) Jet {
	k := len(directions)
	h := k * (k + 1) / 2
	m.val, m.jets = grow(m.val, len(t.code)), grow(m.jets, len(t.code)*(k+h))
	part := func(i int32) (grad, hess []iv) {
		from := int(i) * (k + h)
		return m.jets[from : from+k], m.jets[from+k : from+k+h]
	}
	for i, s := range t.code {
		args := t.args[s.from:s.to]
		grad, hess := part(int32(i))
		clear(grad)
		clear(hess)
		var y iv
		switch s.op {
		case OpConst:
			y = s.constant
		case OpData:
			y = interval.Point(data[s.index])
		case OpVar:
			y = interval.Point(origin[s.index])
			for j, d := range directions {
				grad[j] = d[s.index]
				y = y.Add(grad[j].Mul(at[j]))
			}
		case OpSum:
			for _, a := range args {
				g, w := part(a)
				y = y.Add(m.val[a])
				addTo(grad, g, one)
				addTo(hess, w, one)
			}
		case OpDot:
			for p := 0; p < len(args); p += 2 {
				u, v := m.val[args[p]], m.val[args[p+1]]
				gu, hu := part(args[p])
				gv, hv := part(args[p+1])
				if args[p] == args[p+1] {
					y = y.Add(u.Sqr())
				} else {
					y = y.Add(u.Mul(v))
				}
				addTo(grad, gu, v)
				addTo(grad, gv, u)
				addTo(hess, hu, v)
				addTo(hess, hv, u)
				addCross(hess, gu, gv, one)
				addCross(hess, gv, gu, one)
			}
		case OpMax:
			y = t.jetMax(m, args, grad, hess, part)
		case OpLogSumExp:
			values := t.gather(m, args)
			y = logSumExp(values)
			// Hess = sum p_i (H_i + (g_i - mean g)(g_i - mean g)'), the mean being weighted by p.
			p := softmax(values)
			for j, a := range args {
				g, _ := part(a)
				addTo(grad, g, p[j])
			}
			centred := make([]iv, k)
			for j, a := range args {
				g, w := part(a)
				addTo(hess, w, p[j])
				for l := range g {
					centred[l] = g[l].Sub(grad[l])
				}
				addCross(hess, centred, centred, p[j])
			}
		default:
			x := m.val[args[0]]
			g, w := part(args[0])
			y = applyInterval(s.op, s.param, x)
			first, second := slopes(s.op, s.param, x, y)
			addTo(grad, g, first)
			addTo(hess, w, first)
			addCross(hess, g, g, second)
		}
		m.val[i] = y
	}
	last := int32(len(t.code) - 1)
	grad, hess := part(last)
	return Jet{Value: m.val[last], Grad: append([]iv(nil), grad...), Hess: append([]iv(nil), hess...)}
}

// jetMax: the derivatives are those of the arguments that may be largest; where
// there are several, the slope may jump upwards.
func (t *Tape) jetMax(m *Memory, args []int32, grad, hess []iv, part func(int32) (grad, hess []iv)) iv {
	y := m.val[args[0]]
	for _, a := range args[1:] {
		y = y.Max(m.val[a])
	}
	n := 0
	for _, a := range args {
		if m.val[a].Hi < y.Lo {
			continue
		}
		g, w := part(a)
		for i := range grad {
			if n == 0 {
				grad[i] = g[i]
			} else {
				grad[i] = grad[i].Hull(g[i])
			}
		}
		for i := range hess {
			if n == 0 {
				hess[i] = w[i]
			} else {
				hess[i] = hess[i].Hull(w[i])
			}
		}
		n++
	}
	if n > 1 {
		if len(hess) == 1 {
			hess[0].Hi = inf
		} else { // a jump across an unknown line says little about single entries
			for i := range hess {
				hess[i] = interval.Entire
			}
		}
	}
	return y
}

// addTo adds c*x to y.
func addTo(y, x []iv, c iv) {
	for i, v := range x {
		if v != zero {
			y[i] = y[i].Add(v.Mul(c))
		}
	}
}

// addCross adds c*g_i*h_j to the entries i <= j of a packed matrix; g = h gives squares.
func addCross(hess, g, h []iv, c iv) {
	if c == zero {
		return
	}
	same := len(g) > 0 && &g[0] == &h[0]
	n := 0
	for j := range g {
		for i := 0; i <= j; i++ {
			var p iv
			if same && i == j {
				p = g[i].Sqr()
			} else {
				p = g[i].Mul(h[j])
			}
			if p != zero {
				hess[n] = hess[n].Add(p.Mul(c))
			}
			n++
		}
	}
}

// Gradient adds c times the enclosure of the formula's gradient to grad and returns that of
// the value.
func (t *Tape) Gradient(m *Memory, grad, theta []iv, data []float64, c iv) iv {
	t.forward(m, theta, data)
	t.derivatives(m, false)
	t.backward(m, c)
	for i, s := range t.code {
		if s.op == OpVar {
			grad[s.index] = grad[s.index].Add(m.bar[i])
		}
	}
	return m.val[len(t.code)-1]
}

// derivatives fills first and second for the steps of one argument; for
// log-sum-exp, first of its arguments is computed where it is needed.
func (t *Tape) derivatives(m *Memory, twice bool) {
	m.first, m.second = grow(m.first, len(t.code)), grow(m.second, len(t.code))
	for i, s := range t.code {
		if s.op >= OpExp {
			m.first[i], m.second[i] = slopes(s.op, s.param, m.val[t.args[s.from]], m.val[i])
		}
	}
}

// weights encloses the derivatives of a step of several arguments by each.
func (t *Tape) weights(m *Memory, s step, y iv) []iv {
	args := t.args[s.from:s.to]
	if s.op == OpLogSumExp {
		return softmax(t.gather(m, args))
	}
	w := make([]iv, len(args)) // Max
	n := 0
	for i, a := range args {
		if m.val[a].Hi >= y.Lo {
			w[i] = iv{Lo: 0, Hi: 1}
			n++
		}
	}
	if n == 1 {
		for i := range w {
			w[i].Lo = w[i].Hi
		}
	}
	return w
}

// backward fills bar, the derivatives of c times the formula by each step.
func (t *Tape) backward(m *Memory, c iv) {
	m.bar = grow(m.bar, len(t.code))
	clear(m.bar)
	m.bar[len(t.code)-1] = c
	for i := len(t.code) - 1; i >= 0; i-- {
		s, bar := t.code[i], m.bar[i]
		if bar == zero {
			continue
		}
		args := t.args[s.from:s.to]
		switch s.op {
		case OpConst, OpVar, OpData:
		case OpSum:
			for _, a := range args {
				m.bar[a] = m.bar[a].Add(bar)
			}
		case OpDot:
			for k := 0; k < len(args); k += 2 {
				u, v := args[k], args[k+1]
				m.bar[u] = m.bar[u].Add(bar.Mul(m.val[v]))
				m.bar[v] = m.bar[v].Add(bar.Mul(m.val[u]))
			}
		case OpMax, OpLogSumExp:
			for k, w := range t.weights(m, s, m.val[i]) {
				m.bar[args[k]] = m.bar[args[k]].Add(bar.Mul(w))
			}
		default:
			m.bar[args[0]] = m.bar[args[0]].Add(bar.Mul(m.first[i]))
		}
	}
}

// Hessian adds c times the enclosure of the formula's Hessian to hess (dim x
// dim, row-major, both triangles) and returns that of the value. Entries are
// unbounded where a kink may lie.
//
// It is forward over reverse: for each parameter, the derivative of the gradient
// along it (Pearlmutter, Neural Computation 6(1), 1994), in interval arithmetic.
//
// When ctx ends it stops half-way.
func (t *Tape) Hessian(ctx context.Context, m *Memory, hess, grad, theta []iv, data []float64, c iv) iv {
	dim := len(theta)
	value := t.Gradient(m, grad, theta, data, c)
	m.dot, m.barDot = grow(m.dot, len(t.code)), grow(m.barDot, len(t.code))
	for _, variable := range t.code {
		if variable.op != OpVar {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		t.tangent(m, variable.index)
		t.backwardTangent(m)
		for i, s := range t.code {
			if s.op == OpVar {
				at := variable.index*dim + s.index
				hess[at] = hess[at].Add(m.barDot[i])
			}
		}
	}
	return value
}

// tangent fills dot, the derivatives of each step along one parameter.
func (t *Tape) tangent(m *Memory, variable int) {
	for i, s := range t.code {
		args := t.args[s.from:s.to]
		var y iv
		switch s.op {
		case OpConst, OpData:
		case OpVar:
			if s.index == variable {
				y = one
			}
		case OpSum:
			for _, a := range args {
				y = y.Add(m.dot[a])
			}
		case OpDot:
			for k := 0; k < len(args); k += 2 {
				u, v := args[k], args[k+1]
				if m.dot[u] != zero {
					y = y.Add(m.dot[u].Mul(m.val[v]))
				}
				if m.dot[v] != zero {
					y = y.Add(m.dot[v].Mul(m.val[u]))
				}
			}
		case OpMax, OpLogSumExp:
			for k, w := range t.weights(m, s, m.val[i]) {
				y = y.Add(w.Mul(m.dot[args[k]]))
			}
		default:
			y = m.first[i].Mul(m.dot[args[0]])
		}
		m.dot[i] = y
	}
}

// mayCross reports whether two of the arguments of a maximum that may be largest, those of
// weights other than 0, may change places along the parameter that dot is the derivative by: their
// derivatives are not one and the same number. Equal enclosures are not enough for that.
func mayCross(dot []iv, args []int32, w []iv) bool {
	var first *iv
	for k, a := range args {
		switch d := &dot[a]; {
		case w[k] == zero:
		case first == nil:
			first = d
		case *d != *first || !d.IsPoint():
			return true
		}
	}
	return false
}

// backwardTangent fills barDot, the derivatives of bar along that parameter.
func (t *Tape) backwardTangent(m *Memory) {
	clear(m.barDot)
	for i := len(t.code) - 1; i >= 0; i-- {
		s, bar, barDot := t.code[i], m.bar[i], m.barDot[i]
		args := t.args[s.from:s.to]
		add := func(a int32, x iv) { m.barDot[a] = m.barDot[a].Add(x) }
		switch s.op {
		case OpConst, OpVar, OpData:
		case OpSum:
			for _, a := range args {
				add(a, barDot)
			}
		case OpDot:
			for k := 0; k < len(args); k += 2 {
				u, v := args[k], args[k+1]
				if m.dot[v] != zero {
					add(u, bar.Mul(m.dot[v]))
				}
				if m.dot[u] != zero {
					add(v, bar.Mul(m.dot[u]))
				}
				if barDot != zero {
					add(u, barDot.Mul(m.val[v]))
					add(v, barDot.Mul(m.val[u]))
				}
			}
		case OpLogSumExp: // the softmax p changes by p_i (dot_i - sum_j p_j dot_j)
			p := t.weights(m, s, m.val[i])
			for k, w := range p {
				rate := w.Mul(m.dot[args[k]].Sub(m.dot[i]))
				add(args[k], bar.Mul(rate).Add(barDot.Mul(w)))
			}
		case OpMax:
			w := t.weights(m, s, m.val[i])
			kink := mayCross(m.dot, args, w)
			for k := range w {
				if kink && w[k] != zero {
					add(args[k], bar.Mul(interval.Entire))
				}
				add(args[k], barDot.Mul(w[k]))
			}
		default:
			x := args[0]
			if m.dot[x] != zero {
				second := m.second[i]
				if !second.Bounded() {
					second = interval.Entire
				}
				add(x, bar.Mul(second.Mul(m.dot[x])))
			}
			if barDot != zero {
				add(x, barDot.Mul(m.first[i]))
			}
		}
	}
}
