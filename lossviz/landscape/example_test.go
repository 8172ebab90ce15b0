package landscape_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// Any Go function of a vector is an objective.
func ExampleFunc() {
	bowl := landscape.Func(2, func(x []float64) float64 { return x[0]*x[0] + 3*x[1]*x[1] })
	grad := make([]float64, 2)
	fmt.Printf("value %.1f, gradient (%.3f, %.3f)\n", bowl.Gradient(grad, []float64{1, 2}), grad[0], grad[1])
	// Output: value 13.0, gradient (2.000, 12.000)
}

func ExampleInterpolate() {
	net := nn.Linear(2, 1)
	loss := landscape.NewObjective(net, nn.LogisticLoss, dataset.Moons(100, 0.1, 1))
	curve := landscape.Interpolate(loss, net.Init(1), net.Init(2))
	_, bulges := curve.Bulge()
	fmt.Println(len(curve.T), "points; bulges:", bulges)
	// Output: 101 points; bulges: false
}

func ExampleAlong() {
	x := []float64{1, 0}
	curve := landscape.Along(landscape.Saddle(), []float64{0, 0}, landscape.Given("x", x), landscape.Over(-2, 2, 5))
	fmt.Println(curve.T, curve.Z)
	// Output: [-2 -1 0 1 2] [4 1 0 1 4]
}

// A plane of an ordinary function, with its own coordinates as axes.
func ExampleSlice() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Himmelblau(), plane, landscape.Square(5, 101), landscape.Report(landscape.GradientNorm()))
	loss, x, y := surface.Min()
	fmt.Printf("lowest: %.1f at (%g, %g)\n", loss, x, y)
	fmt.Println(surface.Names)
	// Output:
	// lowest: 0.0 at (3, 2)
	// [loss gradient-norm]
}

func ExampleAdaptive() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Rosenbrock(), plane, landscape.Adaptive(landscape.Square(2, 101)))
	computed := 0
	for _, row := range surface.Computed {
		for _, c := range row {
			if c {
				computed++
			}
		}
	}
	between := surface.Interpolate(0.123, 0.456)
	truth := landscape.Rosenbrock().Value([]float64{0.123, 0.456})
	fmt.Println("at most a quarter computed:", computed <= 101*101/4)
	fmt.Println("within 0.01 between the points:", math.Abs(between-truth) < 0.01)
	// Output:
	// at most a quarter computed: true
	// within 0.01 between the points: true
}

func ExampleFilterNormalized() {
	net := nn.MLP(2, 8, 1, nn.Tanh)
	loss := landscape.NewObjective(net, nn.LogisticLoss, dataset.Moons(100, 0.1, 1))
	plane := landscape.FilterNormalized(loss, net.Init(1), 7)
	fmt.Println(plane.X.Name)
	fmt.Println("biases are left alone:", net.Blocks()[1].Of(plane.X.V)[0] == 0)
	// Output:
	// random, seed 7, filter-normalized
	// biases are left alone: true
}

// Entry by entry: each weight moves in proportion to its size.
func ExampleDirection_Normalize() {
	bowl := landscape.Func(3, func(x []float64) float64 { return x[0]*x[0] + x[1]*x[1] + x[2]*x[2] })
	theta := []float64{10, -1, 0}
	d := landscape.Given("ones", []float64{1, 1, 1})
	fmt.Println(d.Normalize(bowl, theta, landscape.Weight).V)
	fmt.Printf("%.3f\n", d.Normalize(bowl, theta, landscape.UnitLayer).V)
	// Output:
	// [10 -1 0]
	// [0.577 0.577 0.577]
}

func ExampleSurface_Save() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Saddle(), plane, landscape.Square(1, 21))
	dir, err := os.MkdirTemp("", "saddle")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "saddle.npz")
	if err := surface.Save(path); err != nil {
		fmt.Println(err)
		return
	}
	again := landscape.Load(path)
	fmt.Println(again.Made.Objective, again.Z[0][10] == surface.Z[0][10])
	// Output: the saddle x^2 - y^2 true
}

func ExampleMerge() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	part := func(i int) *landscape.Surface {
		return landscape.Slice(landscape.Beale(), plane, landscape.Square(4, 41), landscape.Shard(i, 3))
	}
	fmt.Println(landscape.Merge(part(1), part(2), part(3)).Complete())
	fmt.Println(landscape.Merge(part(1), part(3)).Err())
	// Output:
	// true
	// landscape: merge: parts are missing: 1,105 of 1,681 points are there
}

func ExampleNewMergeTree() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Himmelblau(), plane, landscape.Square(5, 101))
	tree := landscape.NewMergeTree(surface, 1)
	fmt.Println(len(tree.Basins), "basins")
	// Output: 4 basins
}

func ExampleMergeTree_SMAD() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Himmelblau(), plane, landscape.Square(5, 101))
	mean, _ := landscape.NewMergeTree(surface, 0).SMAD()
	fmt.Printf("from a minimum to its first saddle: %.0f on average\n", mean)
	// Output: from a minimum to its first saddle: 50 on average
}

func ExampleNewMorseSmale() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Himmelblau(), plane, landscape.Square(5, 201))
	regions := landscape.NewMorseSmale(surface, 1)
	fmt.Println(len(regions.Minima), "minima,", len(regions.Saddles), "saddles,", len(regions.Maxima), "maximum")
	low := regions.Saddles[0]
	fmt.Printf("the lowest saddle: %.1f, between minima %d and %d\n", low.Loss, low.Minima[0], low.Minima[1])
	// Output:
	// 4 minima, 4 saddles, 1 maximum
	// the lowest saddle: 13.3, between minima 0 and 3
}

// Two wells: their level lines join at the saddle, and end at the border.
func ExampleNewContourTree() {
	wells := landscape.Func(2, func(x []float64) float64 { return (x[0]*x[0]-1)*(x[0]*x[0]-1) + 0.1*x[0] + x[1]*x[1] })
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	fmt.Println(landscape.NewContourTree(landscape.Slice(wells, plane, landscape.Square(2, 41)), 0))
	// Output:
	// contour tree of 4 nodes and 3 arcs, on a grid of 41 x 41 points
	//   0: minimum -0.1 at (-1, 0), up to 2
	//   1: minimum 0.1 at (1, 0), up to 2
	//   2: saddle 1 at (0, 0), up to 3
	//   3: outside
}

// A long wave and short ripples: the ripples are the rough part.
func ExampleNewFourier() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	ripples := landscape.Func(2, func(x []float64) float64 { return 2 + math.Cos(2*math.Pi*x[0]) + 0.1*math.Sin(8*math.Pi*x[1]) })
	surface := landscape.Slice(ripples, plane, landscape.Rectangle(0, 0.95, 20, 0, 0.95, 20)) // one period, without its last line
	spectrum := landscape.NewFourier(surface)
	fx, fy, amplitude := spectrum.Strongest()
	fmt.Printf("strongest: %.0f wave along x, %.0f along y, amplitude %.1f\n", fx, fy, amplitude)
	fmt.Printf("above a quarter of the highest frequency: %.1f %%\n", 100*spectrum.Roughness(0.25))
	fmt.Printf("smoothed: %.1f at the corner\n", spectrum.Truncate(0.25).Inverse()[0][0])
	// Output:
	// strongest: 1 wave along x, 0 along y, amplitude 1.0
	// above a quarter of the highest frequency: 1.0 %
	// smoothed: 3.0 at the corner
}

// Two minima with a hill between them, and the way around it.
func ExampleNEB() {
	ring := landscape.Func(2, func(x []float64) float64 {
		s := x[0]*x[0] + x[1]*x[1] - 1
		return s*s + 0.3*x[1]*x[1]
	})
	path := landscape.NEB(ring, []float64{-1, 0}, []float64{1, 0}, landscape.PathSteps(1000))
	fmt.Printf("straight %.1f, around %.2f\n", path.StraightBarrier(), path.Barrier())
	// Output: straight 1.0, around 0.28
}

// Four points are too few to see the pass; NEB adds some where they are needed.
func ExamplePathPivots() {
	ring := landscape.Func(2, func(x []float64) float64 {
		s := x[0]*x[0] + x[1]*x[1] - 1
		return s*s + 0.3*x[1]*x[1]
	})
	path := landscape.NEB(ring, []float64{-1, 0}, []float64{1, 0}, landscape.PathPoints(4), landscape.PathPivots(8), landscape.PathSteps(1000), landscape.PathQuiet())
	fmt.Printf("points added: %v; around %.2f\n", len(path.Points) > 4, path.Barrier())
	// Output: points added: true; around 0.28
}

// A parabola with one bend goes around the same hill, not quite as low as a chain of points.
func ExampleBezier() {
	ring := landscape.Func(2, func(x []float64) float64 {
		s := x[0]*x[0] + x[1]*x[1] - 1
		return s*s + 0.3*x[1]*x[1]
	})
	path := landscape.Bezier(ring, []float64{-1, 0}, []float64{1, 0}, landscape.PathSteps(1000), landscape.PathQuiet())
	fmt.Printf("straight %.1f, around less than half of it: %v\n", path.StraightBarrier(), path.Barrier() < 0.5)
	// Output: straight 1.0, around less than half of it: true
}

func ExampleAlign() {
	net := nn.MLP(2, 4, 1, nn.Tanh)
	a := net.Init(1)
	b, err := landscape.PermuteUnits(net, a, 0, []int{2, 0, 3, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := landscape.Align(net, a, b)
	fmt.Println("the permutation is undone:", c[0] == a[0] && c[3] == a[3], err)
	// Output: the permutation is undone: true <nil>
}

// Two basins that a plane keeps apart are one basin in space.
func ExampleScan() {
	f := landscape.Func(3, func(x []float64) float64 { // low on a ring around the third axis
		return math.Abs(math.Hypot(x[0], x[1])-1) + x[2]*x[2]
	})
	x, z := landscape.Given("x", []float64{1, 0, 0}), landscape.Given("z", []float64{0, 0, 1})
	y := landscape.Given("y", []float64{0, 1, 0})
	axis := landscape.Axis{From: -1.5, To: 1.5, N: 31}
	plane, _ := landscape.Scan(f, make([]float64, 3), []*landscape.Direction{x, z}, []landscape.Axis{axis, axis}, landscape.Quiet()).Basins(0.5)
	space, _ := landscape.Scan(f, make([]float64, 3), []*landscape.Direction{x, y, z}, []landscape.Axis{axis, axis, axis}, landscape.Quiet()).Basins(0.5)
	fmt.Println(len(plane), len(space))
	// Output: 2 1
}

// Two wells, and the same two with one of them a quarter less deep.
func ExampleBottleneck() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	wells := func(depth float64) *landscape.Diagram {
		f := landscape.Func(2, func(x []float64) float64 {
			return x[1]*x[1] + min(4*(x[0]-1)*(x[0]-1), 4*(x[0]+1)*(x[0]+1)+1-depth)
		})
		return landscape.NewMergeTree(landscape.Slice(f, plane, landscape.Square(2, 41), landscape.Quiet()), 0).Diagram()
	}
	d, err := landscape.Bottleneck(wells(0.75), wells(0.5))
	fmt.Println(d, err)
	// Output: 0.25 <nil>
}

// Bars of another program: a long one has to move, a short one may as well vanish.
func ExampleNewDiagram() {
	a := landscape.NewDiagram(landscape.Bar{Birth: 0, Death: 10}, landscape.Bar{Birth: 3, Death: 3.5})
	b := landscape.NewDiagram(landscape.Bar{Birth: 0.5, Death: 11})
	d, _ := landscape.Bottleneck(a, b)
	fmt.Println(d)
	fmt.Println(landscape.NewDiagram(landscape.Bar{Birth: math.NaN(), Death: 1}).Err() != nil)
	// Output:
	// 1
	// true
}

// How steep the surface is, on average, in each basin.
func ExampleMergeTree_PerBasin() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	wells := landscape.Func(2, func(x []float64) float64 { return min(3*math.Abs(x[0]+1), math.Abs(x[0]-1)+1) })
	surface := landscape.Slice(wells, plane, landscape.Square(2, 41), landscape.Report(landscape.GradientNorm()), landscape.Quiet())
	slopes, err := landscape.NewMergeTree(surface, 0.1).PerBasin(landscape.NameGradientNorm, nil)
	fmt.Printf("%.0f %v\n", slopes, err)
	// Output: [3 1] <nil>
}

// The difference of two surfaces is a surface, too.
func ExampleGivenSurface() {
	x, y := []float64{0, 1, 2}, []float64{0, 1}
	difference := landscape.GivenSurface("the difference", x, y, [][]float64{{0, 1}, {-2, 3}, {0, 1}})
	fmt.Println(difference.Min())
	fmt.Println(len(landscape.NewMergeTree(difference, 0).Basins), "basin")
	// Output:
	// -2 1 0
	// 1 basin
}

// The peaks of a surface are the basins of the same surface upside down.
func ExampleSurface_Negated() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Saddle(), plane, landscape.Square(1, 21), landscape.Quiet())
	for _, peak := range landscape.NewMergeTree(surface.Negated(), 0.5).Basins {
		fmt.Printf("%g at (%g, %g)\n", -peak.Birth, peak.A, peak.B)
	}
	// Output:
	// 1 at (-1, 0)
	// 1 at (1, 0)
}

// A grid that a training fits into.
func ExampleAround() {
	run := landscape.Points{{4, 3}, {2, 1}, {0, 0}}
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	fmt.Println(landscape.Around(plane, 0.5, 51, run))
	// Output: 51 x 51 points over [-2, 6] x [-1.5, 4.5]
}

// The loss along two directions from one point.
func ExampleOverlay() {
	origin := []float64{0, 0}
	x := landscape.Along(landscape.Saddle(), origin, landscape.Given("up", []float64{1, 0}))
	y := landscape.Along(landscape.Saddle(), origin, landscape.Given("down", []float64{0, 1}))
	for _, c := range landscape.Overlay("", x, y).Curves {
		fmt.Println(c.Name, c.Y[0])
	}
	// Output:
	// up 1
	// down -1
}

// Around the hill on the side that one chooses.
func ExamplePathFrom() {
	ring := landscape.Func(2, func(x []float64) float64 {
		s := x[0]*x[0] + x[1]*x[1] - 1
		return s*s + 0.3*x[1]*x[1]
	})
	a, b := []float64{-1, 0}, []float64{1, 0}
	path := landscape.NEB(ring, a, b, landscape.PathFrom(landscape.Points{a, {0, -1}, b}), landscape.PathQuiet())
	fmt.Printf("below: %v, barrier %.2f\n", path.Points[10][1] < -0.9, path.Barrier())
	// Output: below: true, barrier 0.28
}

// A point two steps along a line and one beside it.
func ExampleDirection_Project() {
	d := landscape.Given("d", []float64{5, 0})
	fmt.Println(d.Project([]float64{1, 1}, []float64{11, 2}))
	// Output: 2 1
}

// Principal directions that leave the biases alone.
func ExampleWeightsOnly() {
	net := nn.Linear(2, 1)
	loss := landscape.NewObjective(net, nn.LogisticLoss, dataset.Moons(20, 0.1, 1))
	run := landscape.Points{{0, 0, 0}, {1, 2, 9}, {3, 3, 1}}
	fmt.Println(landscape.WeightsOnly(loss, run))
	// Output: [[0 0 1] [1 2 1] [3 3 1]]
}

func ExampleMergeTree_TreeFigure() {
	plane := landscape.NewPlane([]float64{0, 0}, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
	surface := landscape.Slice(landscape.Himmelblau(), plane, landscape.Square(5, 101), landscape.Quiet())
	figure := landscape.NewMergeTree(surface, 1).TreeFigure()
	fmt.Println(figure.Title, figure.Curves[1].Name, len(figure.Curves[1].X))
	// Output: Merge tree minimum 4
}
