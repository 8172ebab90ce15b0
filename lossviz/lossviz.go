// Package lossviz is what notebook cells call most: objectives, lines, planes and
// surfaces of loss landscapes, under short names.
//
//	data := dataset.Moons(200, 0.15, 1)
//	net := nn.MLP(2, 8, 1, nn.Tanh)
//	loss := lossviz.NewObjective(net, nn.LogisticLoss, data)
//	run := train.Adam(loss, net.Init(7), train.Steps(500))
//	lossviz.Interpolate(loss, run.Start(), run.End())
//	plane := lossviz.FilterNormalized(loss, run.End(), 7)
//	surface := lossviz.Slice(loss, plane, lossviz.Square(1, 101))
//
// It is a thin face: everything is done by the packages below it, mostly by package
// landscape, whose documentation tells the details. It holds no logic of its own.
package lossviz

import (
	"context"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// The types of package landscape that cells name.
type (
	// Objective is a real function of a vector.
	Objective = landscape.Objective
	// NetworkObjective is the loss of a network on data.
	NetworkObjective = landscape.NetworkObjective
	// Direction is a vector in parameter space with a name.
	Direction = landscape.Direction
	// Plane is an origin and two directions.
	Plane = landscape.Plane
	// Grid is the points of a plane that a slice evaluates.
	Grid = landscape.Grid
	// Surface is the loss over a grid of a plane.
	Surface = landscape.Surface
	// Volume is the loss over a grid of more than two directions.
	Volume = landscape.Volume
	// Curve is the loss along a line.
	Curve = landscape.Curve
	// Trajectory is the points that a training went through.
	Trajectory = landscape.Trajectory
	// Points is a trajectory given by its points.
	Points = landscape.Points
	// Quantity is something to compute beside the loss.
	Quantity = landscape.Quantity
	// Option changes an objective.
	Option = landscape.Option
	// SliceOption changes how a line or plane is evaluated.
	SliceOption = landscape.SliceOption
	// Axis is the coordinates of a grid along one direction.
	Axis = landscape.Axis
	// Path is a trajectory projected onto a plane.
	Path = landscape.Path
	// MergeTree is the basins of a surface.
	MergeTree = landscape.MergeTree
	// MorseSmale is a surface divided by where water runs.
	MorseSmale = landscape.MorseSmale
	// Diagram is the bars of a surface, without their places.
	Diagram = landscape.Diagram
	// Bar is the levels between which a part of a surface stands alone.
	Bar = landscape.Bar
	// ContourTree is how the level lines of a surface join and part.
	ContourTree = landscape.ContourTree
	// Fourier is the waves that a surface is the sum of.
	Fourier = landscape.Fourier
	// MinimaPath is a curved path between two minima.
	MinimaPath = landscape.MinimaPath
	// PathOption changes how a path is found.
	PathOption = landscape.PathOption
	// Normalization says to what a direction's parts are scaled.
	Normalization = landscape.Normalization
)

// What a direction's parts are scaled to, for [Direction.Normalize].
const (
	Filter     = landscape.Filter
	Layer      = landscape.Layer
	Model      = landscape.Model
	Weight     = landscape.Weight
	UnitFilter = landscape.UnitFilter
	UnitLayer  = landscape.UnitLayer
)

// The ends of a spectrum, for [Eigenvectors].
const (
	Top    = landscape.Top
	Bottom = landscape.Bottom
)

// NewObjective is the loss of a network on data, as a function of its parameters; see
// [landscape.NewObjective].
func NewObjective(net *nn.Network, loss nn.Loss, data *dataset.Data, opts ...Option) *NetworkObjective {
	return landscape.NewObjective(net, loss, data, opts...)
}

// L1 adds l times the sum of the absolute values of the weights to an objective.
func L1(l float64) Option { return landscape.L1(l) }

// L2 adds l/2 times the sum of the squares of the weights to an objective.
func L2(l float64) Option { return landscape.L2(l) }

// Func makes an objective of dim variables from any Go function; see [landscape.Func].
func Func(dim int, f func(theta []float64) float64) *landscape.FuncObjective {
	return landscape.Func(dim, f)
}

// FuncGradient is [Func] with the exact gradient; see [landscape.FuncGradient].
func FuncGradient(dim int, f func(theta []float64) float64, gradient func(grad, theta []float64)) *landscape.FuncObjective {
	return landscape.FuncGradient(dim, f, gradient)
}

// Rosenbrock is the curved valley (1-x)^2 + 100 (y-x^2)^2.
func Rosenbrock() *landscape.FuncObjective { return landscape.Rosenbrock() }

// Himmelblau is a function with four minima.
func Himmelblau() *landscape.FuncObjective { return landscape.Himmelblau() }

// SaddleFunction is x^2 - y^2.
func SaddleFunction() *landscape.FuncObjective { return landscape.Saddle() }

// Rastrigin is a bowl full of dents.
func Rastrigin(dim int) *landscape.FuncObjective { return landscape.Rastrigin(dim) }

// Beale is flat around its minimum and steep in its corners.
func Beale() *landscape.FuncObjective { return landscape.Beale() }

// Interpolate is the loss on the line through a (at 0) and b (at 1), by default from -0.5
// to 1.5; see [landscape.Interpolate].
func Interpolate(loss Objective, a, b []float64, opts ...SliceOption) *Curve {
	return landscape.Interpolate(loss, a, b, opts...)
}

// Along is the loss along a direction from theta; see [landscape.Along].
func Along(loss Objective, theta []float64, d *Direction, opts ...SliceOption) *Curve {
	return landscape.Along(loss, theta, d, opts...)
}

// Slice is the loss over a grid of a plane; see [landscape.Slice].
func Slice(loss Objective, plane *Plane, grid Grid, opts ...SliceOption) *Surface {
	return landscape.Slice(loss, plane, grid, opts...)
}

// Scan is the loss over a grid of as many directions as there are axes; see [landscape.Scan].
func Scan(loss Objective, origin []float64, directions []*Direction, axes []Axis, opts ...SliceOption) *Volume {
	return landscape.Scan(loss, origin, directions, axes, opts...)
}

// FilterNormalized is the plane through theta along two random directions whose filters
// are as long as theta's (arXiv:1712.09913); see [landscape.FilterNormalized].
func FilterNormalized(loss Objective, theta []float64, seed uint64) *Plane {
	return landscape.FilterNormalized(loss, theta, seed)
}

// LayerNormalized is the plane through theta along two random directions whose layers are
// as long as theta's.
func LayerNormalized(loss Objective, theta []float64, seed uint64) *Plane {
	return landscape.NormalizedPlane(loss, theta, seed, landscape.Layer)
}

// ModelNormalized is the plane through theta along two random directions as long as theta.
func ModelNormalized(loss Objective, theta []float64, seed uint64) *Plane {
	return landscape.NormalizedPlane(loss, theta, seed, landscape.Model)
}

// WeightNormalized is the plane through theta along two random directions whose entries
// are each multiplied by theta's.
func WeightNormalized(loss Objective, theta []float64, seed uint64) *Plane {
	return landscape.NormalizedPlane(loss, theta, seed, landscape.Weight)
}

// RandomPlane is the plane through theta along two Gaussian directions.
func RandomPlane(loss Objective, theta []float64, seed uint64) *Plane {
	return landscape.RandomPlane(loss, theta, seed)
}

// Through is the plane through three points, at (0, 0), (1, 0) and (0, 1).
func Through(a, b, c []float64) *Plane { return landscape.Through(a, b, c) }

// PCA is the plane of the first two principal components of trajectories; see
// [landscape.PCA].
func PCA(runs ...Trajectory) *Plane { return landscape.PCA(runs...) }

// WeightsOnly is a trajectory whose biases stand still, for [PCA].
func WeightsOnly(loss Objective, run Trajectory) Points { return landscape.WeightsOnly(loss, run) }

// PrincipalPlane is [PCA] along any two principal components, which count from 1.
func PrincipalPlane(first, second int, runs ...Trajectory) *Plane {
	return landscape.PrincipalPlane(first, second, runs...)
}

// HessianPlane is the plane through theta along the eigenvectors of the largest and the
// smallest Hessian eigenvalue.
func HessianPlane(loss Objective, theta []float64) *Plane {
	return landscape.HessianPlane(loss, theta)
}

// PlaneAlong is the plane through origin along two directions of one's own.
func PlaneAlong(origin []float64, x, y *Direction) *Plane { return landscape.NewPlane(origin, x, y) }

// Vector is a direction given by its numbers.
func Vector(name string, v []float64) *Direction { return landscape.Given(name, v) }

// ToPoint is the direction from one point to another.
func ToPoint(from, to []float64) *Direction { return landscape.ToPoint(from, to) }

// RandomDirection is a direction with normally distributed entries.
func RandomDirection(loss Objective, seed uint64) *Direction { return landscape.Random(loss, seed) }

// GradientDirection is the gradient at theta, as a direction.
func GradientDirection(loss Objective, theta []float64) *Direction {
	return landscape.GradientDirection(loss, theta)
}

// Eigenvectors are directions along the k outermost Hessian eigenvectors at theta, from
// one end of the spectrum: landscape.Top or landscape.Bottom.
func Eigenvectors(loss Objective, theta []float64, end landscape.End, k int) []*Direction {
	return landscape.Eigenvectors(loss, theta, end, k)
}

// Cosine is the cosine of the angle between two directions.
func Cosine(a, b *Direction) float64 { return landscape.Cosine(a, b) }

// Cosines is the table of the cosines between directions, each with each.
func Cosines(directions ...*Direction) landscape.Angles { return landscape.Cosines(directions...) }

// Square is the grid of n x n points from -radius to radius.
func Square(radius float64, n int) Grid { return landscape.Square(radius, n) }

// Rectangle is the grid of nx x ny points over [x0, x1] x [y0, y1].
func Rectangle(x0, x1 float64, nx int, y0, y1 float64, ny int) Grid {
	return landscape.Rectangle(x0, x1, nx, y0, y1, ny)
}

// Around is the grid of n x n points around trajectories on a plane; see [landscape.Around].
func Around(plane *Plane, margin float64, n int, runs ...Trajectory) Grid {
	return landscape.Around(plane, margin, n, runs...)
}

// Geometric is the grid of n x n points whose distances from 0 grow by a constant factor.
func Geometric(smallest, radius float64, n int) Grid { return landscape.Geometric(smallest, radius, n) }

// Adaptive makes a grid compute at most a quarter of its points, where the surface bends.
func Adaptive(g Grid) Grid { return landscape.Adaptive(g) }

// Report asks a slice or line for more quantities than the loss.
func Report(q ...Quantity) SliceOption { return landscape.Report(q...) }

// Over sets the coordinates of a line.
func Over(from, to float64, n int) SliceOption { return landscape.Over(from, to, n) }

// OverAdaptive sets the coordinates of a line of which a quarter is computed, where it
// bends.
func OverAdaptive(from, to float64, n int) SliceOption { return landscape.OverAdaptive(from, to, n) }

// OverAxis sets the coordinates of a line to those of any axis.
func OverAxis(a Axis) SliceOption { return landscape.OverAxis(a) }

// Ends names the two points of an [Interpolate] in its figure.
func Ends(a, b string) SliceOption { return landscape.Ends(a, b) }

// Quiet shows no progress.
func Quiet() SliceOption { return landscape.Quiet() }

// Workers sets the number of goroutines, 1 for a function that must not be called twice at once.
func Workers(n int) SliceOption { return landscape.Workers(n) }

// MemoryLimit is the number of bytes that a slice may take.
func MemoryLimit(bytes int64) SliceOption { return landscape.MemoryLimit(bytes) }

// Memory is the number of bytes that a slice will take; see [landscape.Memory].
func Memory(loss Objective, plane *Plane, grid Grid, opts ...SliceOption) (bytes int64, err error) {
	return landscape.Memory(loss, plane, grid, opts...)
}

// Shard computes only the i-th of n equal parts of a slice, for [Merge].
func Shard(i, n int) SliceOption { return landscape.Shard(i, n) }

// Merge puts the parts of a surface together that were computed with [Shard].
func Merge(parts ...*Surface) *Surface { return landscape.Merge(parts...) }

// MergeCurves puts the parts of a curve together that were computed with [Shard].
func MergeCurves(parts ...*Curve) *Curve { return landscape.MergeCurves(parts...) }

// Checkpoint keeps finished tiles in a file and goes on from it.
func Checkpoint(path string) SliceOption { return landscape.Checkpoint(path) }

// Resume goes on with an interrupted surface.
func Resume(s *Surface) SliceOption { return landscape.Resume(s) }

// ResumeCurve goes on with an interrupted curve.
func ResumeCurve(c *Curve) SliceOption { return landscape.ResumeCurve(c) }

// Context stops a slice when ctx ends.
func Context(ctx context.Context) SliceOption { return landscape.Context(ctx) }

// Accuracy reports the fraction of samples classified correctly.
func Accuracy() Quantity { return landscape.Accuracy() }

// TestOn reports loss and accuracy on other data.
func TestOn(data *dataset.Data) Quantity { return landscape.Test(data) }

// GradientNorm reports the norm of the gradient.
func GradientNorm() Quantity { return landscape.GradientNorm() }

// HessianExtremes reports the smallest and largest eigenvalue of the Hessian, and Li's
// ratio of them.
func HessianExtremes() Quantity { return landscape.HessianExtremes() }

// Perturbations reports how much the loss rises at n points around, at a distance in random directions.
func Perturbations(distance float64, n int, seed uint64) Quantity {
	return landscape.Perturbations(distance, n, seed)
}

// Measure reports any function of the parameters.
func Measure(name string, f func(theta []float64) float64) Quantity {
	return landscape.Measure(name, f)
}

// Load reads a surface that was saved as JSON or NPZ.
func Load(path string) *Surface { return landscape.Load(path) }

// LoadCurve reads a curve that was saved as JSON or NPZ.
func LoadCurve(path string) *Curve { return landscape.LoadCurve(path) }

// Project projects points onto a plane, with their distance from it and both losses.
func Project(loss Objective, plane *Plane, points [][]float64) (Path, error) {
	return landscape.Project(loss, plane, points)
}

// Overlay is the figure of one quantity along several lines.
func Overlay(name string, curves ...*Curve) chart.Line { return landscape.Overlay(name, curves...) }

// GivenSurface is a surface of numbers from elsewhere; see [landscape.GivenSurface].
func GivenSurface(name string, x, y []float64, z [][]float64) *Surface {
	return landscape.GivenSurface(name, x, y, z)
}

// SideBySide is the figure of several surfaces that turn together.
func SideBySide(surfaces ...*Surface) chart.Surfaces { return landscape.SideBySide(surfaces...) }

// Decision is the figure of what a classifier with two inputs decides.
func Decision(loss *NetworkObjective, theta []float64) (chart.Decision, error) {
	return landscape.Decision(loss, theta)
}

// NewMergeTree finds the basins of a surface, without those less deep than threshold.
func NewMergeTree(s *Surface, threshold float64) *landscape.MergeTree {
	return landscape.NewMergeTree(s, threshold)
}

// NewDiagram is a persistence diagram of bars of one's own.
func NewDiagram(bars ...Bar) *Diagram { return landscape.NewDiagram(bars...) }

// Bottleneck is how far two surfaces' basins differ; see [landscape.Bottleneck].
func Bottleneck(a, b *Diagram) (float64, error) { return landscape.Bottleneck(a, b) }

// NewMorseSmale finds minima, saddles and maxima of a surface and the regions between, without those
// less prominent than threshold.
func NewMorseSmale(s *Surface, threshold float64) *MorseSmale {
	return landscape.NewMorseSmale(s, threshold)
}

// NewContourTree finds how the level lines of a surface join and part, without arcs shorter than threshold.
func NewContourTree(s *Surface, threshold float64) *ContourTree {
	return landscape.NewContourTree(s, threshold)
}

// NewFourier is the Fourier spectrum of a surface.
func NewFourier(s *Surface) *Fourier { return landscape.NewFourier(s) }

// NEB is a path between two minima that stays low, by the nudged elastic band.
func NEB(loss Objective, a, b []float64, opts ...landscape.PathOption) *landscape.MinimaPath {
	return landscape.NEB(loss, a, b, opts...)
}

// Bezier is a path between two minima that stays low, as a trained Bezier curve.
func Bezier(loss Objective, a, b []float64, opts ...landscape.PathOption) *landscape.MinimaPath {
	return landscape.Bezier(loss, a, b, opts...)
}

// PathPoints sets the number of points of a path.
func PathPoints(n int) PathOption { return landscape.PathPoints(n) }

// PathPivots lets NEB add up to n points where its chain is too coarse.
func PathPivots(n int) PathOption { return landscape.PathPivots(n) }

// PathFrom lets NEB begin with a path that is known.
func PathFrom(t Trajectory) PathOption { return landscape.PathFrom(t) }

// PathSteps sets the number of steps that look for a path.
func PathSteps(n int) PathOption { return landscape.PathSteps(n) }

// Align permutes the hidden units of b to fit those of a; see [landscape.Align].
func Align(net *nn.Network, a, b []float64) ([]float64, error) { return landscape.Align(net, a, b) }
