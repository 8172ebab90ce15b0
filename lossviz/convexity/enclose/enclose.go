// Package enclose writes objectives as formulas and encloses, in exact
// arithmetic, the values, slopes and Hessians of the real-valued function that they
// stand for: the mean loss L(theta) of the stored float64 data, plus penalties.
//
// It serves the verdicts of package convexity and the critical points of package
// spectrum, and must not know either.
package enclose

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// A Term is one part of an objective: Weight times the sum of a formula over
// rows of data.
type Term struct {
	Name    string
	Expr    *expr.Expr
	Weight  interval.Interval
	Rows    [][]float64
	Penalty bool         // an L1 or L2 penalty
	Outputs []*expr.Expr // of a network, from which Expr is the loss; nil for none
	Loss    string       // its name

	tape *expr.Tape
}

// A Problem is an objective as a sum of terms.
type Problem struct {
	Dim    int
	Domain []interval.Interval // of each parameter; nil: all real numbers
	Terms  []*Term
}

// Function is the problem of a single formula in dim variables.
func Function(e *expr.Expr, dim int) (*Problem, error) {
	if err := e.Err(); err != nil {
		return nil, err
	}
	p := &Problem{Dim: dim, Terms: []*Term{{Name: e.String(), Expr: e, Weight: interval.Point(1), Rows: [][]float64{nil}}}}
	if err := p.findDomain(e); err != nil {
		return nil, err
	}
	return p, p.prepare(context.Background())
}

// ErrNoFormula says that an objective is a Go function, of which nothing can be enclosed.
var ErrNoFormula = errors.New("it is a Go function, of which no formula is known: rounded values prove nothing (write it with convexity.Function)")

// Of writes an objective as formulas: a [landscape.NetworkObjective], or one that has its formulas already. When ctx
// ends before, its error is returned.
func Of(ctx context.Context, loss landscape.Objective) (*Problem, error) {
	switch l := loss.(type) {
	case *landscape.NetworkObjective:
		return Network(ctx, l.Net, l.Loss, l.Data, l.L1, l.L2)
	case interface {
		Problem() (*Problem, landscape.Objective)
	}:
		if p, of := l.Problem(); of == loss { // not a type that embeds it, whose values may be others
			return p, nil
		}
	}
	return nil, ErrNoFormula
}

// findDomain collects the ranges of the variables of a formula.
func (p *Problem) findDomain(e *expr.Expr) error {
	seen := map[*expr.Expr]bool{}
	var look func(e *expr.Expr) error
	look = func(e *expr.Expr) error {
		if seen[e] {
			return nil
		}
		seen[e] = true
		if e.Op == expr.OpVar {
			if e.Index >= p.Dim {
				return fmt.Errorf("convexity: variable x%d, but there are %d parameters", e.Index, p.Dim)
			}
			if err := p.restrict(e); err != nil {
				return err
			}
		}
		for _, a := range e.Args {
			if err := look(a); err != nil {
				return err
			}
		}
		return nil
	}
	return look(e)
}

// restrict makes the domain that of a variable as well.
func (p *Problem) restrict(variable *expr.Expr) error {
	if variable.Range == interval.Entire {
		return nil
	}
	if p.Domain == nil {
		p.Domain = make([]interval.Interval, p.Dim)
		for i := range p.Domain {
			p.Domain[i] = interval.Entire
		}
	}
	known := &p.Domain[variable.Index]
	common, ok := known.Intersect(variable.Range)
	if !ok {
		return fmt.Errorf("convexity: the bounds of x%d contradict each other: %v and %v", variable.Index, *known, variable.Range)
	}
	*known = common
	return nil
}

// prepare compiles the terms.
func (p *Problem) prepare(ctx context.Context) error {
	for _, t := range p.Terms {
		if err := t.Expr.Err(); err != nil {
			return err
		}
		for _, row := range t.Rows {
			if !finite(row) {
				return fmt.Errorf("convexity: the data hold numbers that are not finite")
			}
		}
		var err error
		if t.tape, err = expr.Compile(ctx, t.Expr); err != nil {
			return stopped(err)
		}
	}
	return nil
}

// stopped says what an interrupt stopped.
func stopped(err error) error {
	return fmt.Errorf("convexity: interrupted while the loss was written as a formula: %w", err)
}

// Work estimates the cost of one evaluation: operations over all samples.
func (p *Problem) Work() int {
	work := 0
	for _, t := range p.Terms {
		work += t.tape.Work() * len(t.Rows)
	}
	return work
}

// Kinked reports whether the objective may have kinks.
func (p *Problem) Kinked() bool {
	return slices.ContainsFunc(p.Terms, func(t *Term) bool { return t.tape.Kinked() })
}

// Points returns theta as intervals.
func Points(theta []float64) []interval.Interval {
	box := make([]interval.Interval, len(theta))
	for i, x := range theta {
		box[i] = interval.Point(x)
	}
	return box
}

// Difference encloses each coordinate of b - a.
func Difference(b, a []float64) []interval.Interval {
	d := make([]interval.Interval, len(a))
	for i := range a {
		d[i] = interval.Point(b[i]).Sub(interval.Point(a[i]))
	}
	return d
}

// Between encloses each coordinate of t*a + (1-t)*b.
func Between(t float64, a, b []float64) []interval.Interval {
	box := make([]interval.Interval, len(a))
	for i := range a {
		box[i] = interval.Combine(t, a[i], b[i])
	}
	return box
}

// groups is how many sums the rows are split into, whatever the number of cores:
// that and the order within them fix every bit of a result.
const groups = 16

// each calls do for all rows of all terms, in groups: rows of one group come
// one after the other and with the same memory. It stops early when ctx ends.
func (p *Problem) each(ctx context.Context, do func(group int, m *expr.Memory, t *Term, row []float64)) error {
	rows := 0
	for _, t := range p.Terms {
		rows += len(t.Rows)
	}
	next := make(chan int, groups)
	for g := range groups {
		next <- g
	}
	close(next)
	work := func() {
		m := new(expr.Memory)
		for g := range next {
			from, to := g*rows/groups, (g+1)*rows/groups
			for _, t := range p.Terms {
				for i := max(0, from); i < min(to, len(t.Rows)); i++ {
					if ctx.Err() != nil {
						return
					}
					do(g, m, t, t.Rows[i])
				}
				from, to = from-len(t.Rows), to-len(t.Rows)
			}
		}
	}
	workers := min(runtime.GOMAXPROCS(0), groups)
	if p.Work() < 2000 { // not worth starting goroutines
		workers = 1
	}
	var all sync.WaitGroup
	for range workers - 1 {
		all.Go(work)
	}
	work()
	all.Wait()
	return ctx.Err()
}

// Value encloses L over all parameters in theta. The error is that of ctx.
func (p *Problem) Value(ctx context.Context, theta []interval.Interval) (interval.Interval, error) {
	var parts [groups]interval.Interval
	err := p.each(ctx, func(g int, m *expr.Memory, t *Term, row []float64) {
		parts[g] = parts[g].Add(t.tape.Value(m, theta, row).Mul(t.Weight))
	})
	var total interval.Interval
	for _, part := range parts {
		total = total.Add(part)
	}
	return total, err
}

// Float is L(theta) in ordinary rounded arithmetic.
func (p *Problem) Float(theta []float64) float64 {
	m := new(expr.Memory)
	total := 0.0
	for _, t := range p.Terms {
		part := 0.0
		for _, row := range t.Rows {
			part += t.tape.Float(m, theta, row)
		}
		total += part * t.Weight.Mid()
	}
	return total
}

// Jet encloses L on origin + sum s_i directions_i, s in the box at, with its derivatives in s.
func (p *Problem) Jet(ctx context.Context, origin []float64, directions [][]interval.Interval, at []interval.Interval) (expr.Jet, error) {
	k := len(directions)
	empty := func() expr.Jet {
		return expr.Jet{Grad: make([]interval.Interval, k), Hess: make([]interval.Interval, k*(k+1)/2)}
	}
	var parts [groups]expr.Jet
	for g := range parts {
		parts[g] = empty()
	}
	err := p.each(ctx, func(g int, m *expr.Memory, t *Term, row []float64) {
		addJet(&parts[g], t.tape.Jet(m, origin, directions, at, row), t.Weight)
	})
	total := empty()
	for _, part := range parts {
		addJet(&total, part, interval.Point(1))
	}
	return total, err
}

func addJet(sum *expr.Jet, j expr.Jet, weight interval.Interval) {
	sum.Value = sum.Value.Add(j.Value.Mul(weight))
	addScaled(sum.Grad, j.Grad, weight)
	addScaled(sum.Hess, j.Hess, weight)
}

func addScaled(sum, x []interval.Interval, weight interval.Interval) {
	for i, v := range x {
		sum[i] = sum[i].Add(v.Mul(weight))
	}
}

// Gradient encloses the value and the gradient over all parameters in theta.
func (p *Problem) Gradient(ctx context.Context, theta []interval.Interval) (value interval.Interval, grad []interval.Interval, err error) {
	value, grad, _, err = p.derivatives(ctx, theta, 0)
	return value, grad, err
}

// Hessian encloses the value, the gradient and the Hessian (Dim x Dim, row-major)
// over all parameters in theta. Entries are unbounded where a kink may lie.
func (p *Problem) Hessian(ctx context.Context, theta []interval.Interval) (value interval.Interval, grad, hess []interval.Interval, err error) {
	return p.derivatives(ctx, theta, p.Dim*p.Dim)
}

func (p *Problem) derivatives(ctx context.Context, theta []interval.Interval, entries int) (value interval.Interval, grad, hess []interval.Interval, err error) {
	var values [groups]interval.Interval
	var grads, hesses [groups][]interval.Interval
	err = p.each(ctx, func(g int, m *expr.Memory, t *Term, row []float64) {
		if grads[g] == nil {
			grads[g], hesses[g] = make([]interval.Interval, p.Dim), make([]interval.Interval, entries)
		}
		var v interval.Interval
		if entries > 0 {
			v = t.tape.Hessian(ctx, m, hesses[g], grads[g], theta, row, t.Weight)
		} else {
			v = t.tape.Gradient(m, grads[g], theta, row, t.Weight)
		}
		values[g] = values[g].Add(v.Mul(t.Weight))
	})
	grad, hess = make([]interval.Interval, p.Dim), make([]interval.Interval, entries)
	for g := range groups {
		value = value.Add(values[g])
		addScaled(grad, grads[g], interval.Point(1))
		addScaled(hess, hesses[g], interval.Point(1))
	}
	return value, grad, hess, err
}

// Curvature is that of the whole objective, by the rules.
func (p *Problem) Curvature() expr.Curvature {
	terms := make([]*expr.Expr, len(p.Terms))
	for i, t := range p.Terms {
		terms[i] = expr.Product(expr.ConstIn(t.Weight), t.Expr)
	}
	return expr.Sum(terms...).Curvature
}

// Inside reports whether theta lies in the problem's domain.
func (p *Problem) Inside(theta []float64) bool {
	for i, d := range p.Domain {
		if !d.Contains(theta[i]) {
			return false
		}
	}
	for _, x := range theta {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// Holds reports whether all of a box lies in the problem's domain.
func (p *Problem) Holds(box []interval.Interval) bool {
	for i, d := range p.Domain {
		if box[i].Lo < d.Lo || box[i].Hi > d.Hi {
			return false
		}
	}
	return true
}
