package landscape

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/diff/fd"
)

// An Objective is a real function of a vector: the loss of a network as a function
// of its parameters, or any other function that one wants to look at.
//
// Value must be safe for concurrent use, must not change or keep theta, and returns
// NaN or an infinity where the function has no finite value; these are kept and
// counted as holes, never replaced. An Objective that also has a method Err() error
// refuses to be evaluated when that error is not nil.
type Objective interface {
	// Dim returns the length of the vectors that Value takes.
	Dim() int
	// Value returns the function's value at theta.
	Value(theta []float64) float64
}

// A Differentiable objective also has a gradient.
type Differentiable interface {
	Objective
	// Gradient fills grad with the gradient at theta and returns the value there.
	Gradient(grad, theta []float64) float64
}

// A TwiceDifferentiable objective also multiplies its Hessian with a vector, without
// forming the matrix.
type TwiceDifferentiable interface {
	Differentiable
	// HessianVector fills hv with H(theta) v.
	HessianVector(hv, theta, v []float64)
}

// A CurvatureEvaluator is an Objective whose Hessian-vector products at one point share work.
type CurvatureEvaluator interface {
	TwiceDifferentiable
	// Curvature returns nil when there is no faster way than HessianVector.
	Curvature() Curvature
}

// A Curvature is the Hessian at a point, for many products. It is for one goroutine at a time.
type Curvature interface {
	// At moves to theta, which must not change while products are taken there.
	At(theta []float64)
	// HessianVector fills hv with the Hessian at that point times v.
	HessianVector(hv, v []float64)
}

// NewCurvature is the objective's own Curvature, or its HessianVector if it has none.
func NewCurvature(obj TwiceDifferentiable) Curvature {
	if o, ok := obj.(CurvatureEvaluator); ok {
		if c := o.Curvature(); c != nil {
			return c
		}
	}
	return &plainCurvature{obj: obj}
}

type plainCurvature struct {
	obj   TwiceDifferentiable
	theta []float64
}

func (c *plainCurvature) At(theta []float64)            { c.theta = theta }
func (c *plainCurvature) HessianVector(hv, v []float64) { c.obj.HessianVector(hv, c.theta, v) }

// A SliceEvaluator is an Objective that can evaluate many points of one plane faster
// than one by one, because they share work: the first layer's pre-activations are
// affine in the plane's coordinates, for one. Slices use it where it is offered.
type SliceEvaluator interface {
	Objective
	// Slicer prepares what all points origin + a x + b y share; y is nil for a
	// line. It returns nil when there is no faster way for this objective.
	Slicer(origin, x, y []float64) Slicer
}

// A SegmentEvaluator is an Objective that can evaluate many points (1-a) from + a to of one segment faster than one
// by one; b is nil in the calls of the Slicer. At a = 0 and a = 1 it must give the values of the ends to the bit.
type SegmentEvaluator interface {
	Objective
	// SegmentSlicer returns nil when there is no faster way for this objective.
	SegmentSlicer(from, to []float64) Slicer
}

// A Slicer evaluates points of the plane it was prepared for.
type Slicer interface {
	// Path names the code that computes, e.g. "affine first layer, avx2". Parts of
	// one surface that were computed by different code are not mixed.
	Path() string
	// Bytes is the memory held by the shared part and by each goroutine.
	Bytes() (shared, perWorker int64)
	// Worker returns a function with scratch memory of its own, for one goroutine.
	// It fills loss[k] (and accuracy[k], unless accuracy is nil) for the points
	// (a[k], b[k]); b is nil for a line. The bits of a point's values must not
	// depend on which other points are asked for in the same call, of which there are at most 8,192.
	Worker() func(a, b, loss, accuracy []float64)
}

// A FuncObjective is a Go function seen as an objective; see [Func].
type FuncObjective struct {
	// Name is used in titles and in the provenance of what is computed from it.
	Name string

	dim  int
	f    func([]float64) float64
	grad func(grad, theta []float64)
	err  error
}

// Func makes an objective of dim variables from any Go function. Its gradient is
// estimated by central differences (gonum's diff/fd; about 1e-9 relative for smooth
// functions of moderate size), its Hessian-vector products by differences of
// gradients (about 1e-5). Use [FuncGradient] to give the exact gradient.
//
// f is called from several goroutines at once and must not keep or change its
// argument.
func Func(dim int, f func(theta []float64) float64) *FuncObjective {
	return FuncGradient(dim, f, nil)
}

// FuncGradient is [Func] with the exact gradient: gradient fills grad, of length dim.
func FuncGradient(dim int, f func(theta []float64) float64, gradient func(grad, theta []float64)) *FuncObjective {
	o := &FuncObjective{Name: "function", dim: dim, f: f, grad: gradient}
	switch {
	case f == nil:
		o.err = errors.New("landscape: Func needs a function, got nil")
	case dim < 1:
		o.err = fmt.Errorf("landscape: Func needs at least 1 variable, got %d", dim)
	}
	return o
}

// Named returns the same objective under another name.
func (o *FuncObjective) Named(name string) *FuncObjective {
	c := *o
	c.Name = name
	return &c
}

// Err says what is wrong with the objective, or nil.
func (o *FuncObjective) Err() error { return o.err }

// Dim returns the number of variables.
func (o *FuncObjective) Dim() int { return o.dim }

// Value calls the function. It is NaN for an objective with an error.
func (o *FuncObjective) Value(theta []float64) float64 {
	if o.err != nil {
		return math.NaN()
	}
	return o.f(theta)
}

// Gradient fills grad and returns the value.
func (o *FuncObjective) Gradient(grad, theta []float64) float64 {
	value := o.Value(theta)
	switch {
	case o.err != nil:
		fill(grad, math.NaN())
	case o.grad != nil:
		o.grad(grad, theta)
	default:
		fd.Gradient(grad, o.f, theta, &fd.Settings{Formula: fd.Central})
	}
	return value
}

// HessianVector fills hv with a central difference of gradients along v.
func (o *FuncObjective) HessianVector(hv, theta, v []float64) {
	// With exact gradients the best step balances eps/h against h^2; where the
	// gradients are differences themselves their noise asks for a larger one.
	step := 1e-5
	if o.grad == nil {
		step = 1e-3
	}
	differenceHessian(o.Gradient, step, hv, theta, v)
}

// String describes the objective in one line.
func (o *FuncObjective) String() string {
	if o.err != nil {
		return o.err.Error()
	}
	return fmt.Sprintf("%s of %s", o.Name, count(o.dim, "variable"))
}

// differenceHessian fills hv with (g(theta + h u) - g(theta - h u)) |v| / 2h, u = v/|v|.
func differenceHessian(gradient func(grad, theta []float64) float64, step float64, hv, theta, v []float64) {
	norm := norm2(v)
	if norm == 0 {
		fill(hv, 0)
		return
	}
	h := step * max(1, normInf(theta))
	point := make([]float64, len(theta))
	back := make([]float64, len(theta))
	for i := range point {
		point[i] = theta[i] + h/norm*v[i]
	}
	gradient(hv, point)
	for i := range point {
		point[i] = theta[i] - h/norm*v[i]
	}
	gradient(back, point)
	for i := range hv {
		hv[i] = (hv[i] - back[i]) * (norm / (2 * h))
	}
}

// Differentiate returns obj itself where it can differentiate twice, and otherwise
// obj with the missing derivatives estimated by differences, as [Func] does.
func Differentiate(obj Objective) TwiceDifferentiable {
	switch o := obj.(type) {
	case TwiceDifferentiable:
		return o
	case Differentiable:
		f := FuncGradient(o.Dim(), o.Value, func(grad, theta []float64) { o.Gradient(grad, theta) })
		f.Name, f.err = describe(obj), Check(obj)
		return f
	}
	f := Func(obj.Dim(), obj.Value)
	f.Name, f.err = describe(obj), Check(obj)
	return f
}

// Check returns what makes obj unusable: a nil objective, its own error, or no
// parameters.
func Check(obj Objective) error {
	if obj == nil {
		return errors.New("landscape: the objective is nil")
	}
	if e, ok := obj.(interface{ Err() error }); ok && e.Err() != nil {
		return e.Err()
	}
	if obj.Dim() < 1 {
		return errors.New("landscape: the objective has no parameters")
	}
	return nil
}

// CheckPoint returns an error unless theta is a point of obj's domain: of its
// length, and finite. what names the point in the message.
func CheckPoint(obj Objective, theta []float64, what string) error {
	if err := Check(obj); err != nil {
		return err
	}
	if len(theta) != obj.Dim() {
		return fmt.Errorf("landscape: %s has %d numbers, but the objective has %s",
			what, len(theta), count(obj.Dim(), "parameter"))
	}
	return checkFinite(theta, what)
}

func checkFinite(v []float64, what string) error {
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("landscape: %s is not finite: number %d is %v", what, i, x)
		}
	}
	return nil
}

// describe names an objective for titles and provenance.
func describe(obj Objective) string {
	switch o := obj.(type) {
	case *FuncObjective:
		return o.Name
	case fmt.Stringer:
		return o.String()
	}
	return fmt.Sprintf("%T", obj)
}
