package chart

// Figure is anything this package draws.
type Figure interface {
	// Err says what is wrong with the figure's numbers, or nil.
	Err() error
	// MIMEBundle returns the figure for a notebook: "text/html" and "text/plain" as string, "image/png" as []byte.
	MIMEBundle() (map[string]any, error)
	// Save writes the figure to a file; the extension says how: .html, .png, .svg or .pdf.
	Save(path string) error
	// Show displays the figure in the running cell's output. Outside a notebook it writes an HTML file and prints its path.
	Show() error
	// String gives the figure's numbers in words.
	String() string

	sheet() (*sheet, error)
}

// Every figure has a Title, written above it, and a Caption, written below it: what was computed, from what
// seed, in how long. These and all other names are data: shown as text, whatever they hold.

// Axis describes one axis of a Line figure.
type Axis struct {
	Name     string  // what is measured, with its unit
	Log      bool    // logarithmic; values <= 0 are left out
	Min, Max float64 // range; both 0: from the data
}

// Curve is one line of numbers. X and Y have the same length; a NaN leaves a gap.
type Curve struct {
	Name   string
	X, Y   []float64
	Dashed bool
	Dots   bool // points instead of a line
}

// Mark is a labelled point.
type Mark struct {
	Name string
	X, Y float64
}

// Line draws curves over a common pair of axes.
type Line struct {
	Title, Caption string
	X, Y           Axis
	Curves         []Curve
	Marks          []Mark
}

// TrainingCurve draws how a training went: loss, and beside it accuracy and learning rate where they are given.
// All slices but Train may be nil.
type TrainingCurve struct {
	Title, Caption string
	Steps          []float64 // step of each entry of Train; nil: 0, 1, 2, ...
	Train          []float64 // loss on the training data
	TestSteps      []float64 // step of each entry of Test and the accuracies; nil: like Steps when lengths agree, else spread evenly
	Test           []float64 // loss on held-out data
	TrainAccuracy  []float64 // in [0, 1]
	TestAccuracy   []float64 // in [0, 1]
	Rate           []float64 // learning rate, one per entry of Train
	Planned        int       // steps planned: fixes the step axis while training; 0: from the data
	LinearLoss     bool      // draw the loss linearly even where a logarithmic axis would be chosen (all positive, max/min > 30)
}

// Interpolation draws the loss along a straight line in parameter space, L((1-alpha) theta0 + alpha theta1).
type Interpolation struct {
	Title, Caption              string
	Alpha                       []float64
	XName                       string    // what Alpha is called; empty: "alpha"
	Train, Test                 []float64 // loss; Test may be nil
	TrainAccuracy, TestAccuracy []float64 // in [0, 1]; may be nil
	Ends                        [2]string // names of alpha = 0 and alpha = 1; empty: "start", "end"
	Bulge                       *Bulge    // where the definition of convexity breaks; nil: nothing marked
	NoChord                     bool      // leave out the chord from alpha = 0 to alpha = 1 that is drawn when Bulge is nil
}

// Bulge is a broken chord: at T the curve lies above the segment from (A, LossA) to (B, LossB).
type Bulge struct {
	A, B, T             float64 // alpha of the two ends and of the point between them
	LossA, LossB, LossT float64
}

// Path is a polyline over the (x, y) plane of a surface, such as a training trajectory. It is draped over the surface.
type Path struct {
	Name string
	X, Y []float64
}

// PointKind says what a marked point is.
type PointKind int

// Kinds of marked points; each has its own symbol.
const (
	Plain PointKind = iota
	Minimum
	Saddle
	Maximum
)

// Point is a marked point in the (x, y) plane of a surface. Its height is the surface's.
type Point struct {
	Name string
	Kind PointKind
	X, Y float64
}

// Surface draws z over a rectangular grid as a surface that can be turned, with its contour lines beside it.
// Z[i][j] is the value at (X[j], Y[i]): len(Z) == len(Y), len(Z[i]) == len(X). NaN and infinite values leave holes.
type Surface struct {
	Title, Caption      string
	X, Y                []float64 // increasing
	Z                   [][]float64
	XName, YName, ZName string // axis names; empty: "alpha", "beta", "loss"
	Paths               []Path
	Points              []Point
	Log                 bool // start with a logarithmic height and colour scale; there is a switch where all of Z is positive
	NoContour           bool // the surface alone
}

// Contour draws z over a rectangular grid as level lines, filled with colour unless Lines is set. Fields as in Surface.
type Contour struct {
	Title, Caption      string
	X, Y                []float64
	Z                   [][]float64
	XName, YName, ZName string
	Paths               []Path
	Points              []Point
	Log                 bool
	Lines               bool // level lines only
}

// Surfaces draws two or more surfaces side by side that turn together and share one colour scale.
// The caption of each is its Title.
type Surfaces struct {
	Title, Caption string
	Items          []Surface
}

// RatioMap draws |lambda_min / lambda_max| of the Hessian at each point of a slice (arXiv:1712.09913, section 6):
// near 0 the loss is convex there, towards 1 it is not, however smooth the slice looks. Fields as in Surface.
type RatioMap struct {
	Title, Caption string
	X, Y           []float64
	Ratio          [][]float64
	XName, YName   string
	Paths          []Path
	Points         []Point
}

// Spectrum draws the eigenvalues of a Hessian as a histogram or single lines, and their density where it is given.
type Spectrum struct {
	Title, Caption string
	Eigenvalues    []float64
	DensityX       []float64 // eigenvalue axis of the density; may be nil
	Density        []float64 // density at DensityX, integrating to 1
	LogDensity     bool
}

// LossIndex draws the loss of critical points against their index, the share of negative Hessian eigenvalues.
type LossIndex struct {
	Title, Caption string
	Index          []float64 // in [0, 1]
	Loss           []float64
	Group          []string // names the run each point is from; nil: one group
}

// MinimaPath draws the loss along a curved path between two minima and, where given, along the straight line.
type MinimaPath struct {
	Title, Caption string
	T              []float64 // position on the path, in [0, 1]
	Loss           []float64
	Straight       []float64 // loss on the segment at the same T; may be nil
}

// Bar is one interval of a persistence barcode: a basin born at a minimum with loss Birth that joins a
// deeper one at loss Death, or never (+Inf).
type Bar struct {
	Name         string
	Birth, Death float64
}

// Barcode draws the 0-dimensional persistence of a loss: each minimum with its depth.
type Barcode struct {
	Title, Caption string
	Bars           []Bar
	ZName          string // empty: "loss"
}

// Decision draws a classifier's output over the plane of its two inputs, with the data.
// P[i][j] is its output at (X[j], Y[i]): with two classes the probability of class 1, with more the class number.
type Decision struct {
	Title, Caption string
	X, Y           []float64
	P              [][]float64
	XName, YName   string
	PointX         []float64 // the data
	PointY         []float64
	Class          []int    // class of each point, from 0
	Classes        []string // names; their number says how many classes there are (at least 2)
}

// DiagramLayer is one layer of a Diagram.
type DiagramLayer struct {
	Name   string // such as "dense"
	Detail string // such as "tanh"
	Units  int    // how many units the layer has; 0: drawn as a box without units
	Params int    // trainable parameters of the step into this layer
}

// Skip is a connection of a Diagram that goes around layers, from the output of one to the output of another.
type Skip struct{ From, To int }

// Diagram draws a network: layers from left to right, units, connections, skips.
type Diagram struct {
	Title, Caption string
	Layers         []DiagramLayer // the input first
	Skips          []Skip
}

// Frame is one position of a Slider.
type Frame struct {
	Label  string
	Figure Figure
}

// Slider shows one of several figures of the same kind, chosen by a slider that also works in an exported file.
type Slider struct {
	Title, Caption string
	Name           string // what changes, such as "width"
	Frames         []Frame
}

// Verdict is the outcome a Card states.
type Verdict int

// Outcomes of a judgement about convexity.
const (
	Undetermined Verdict = iota
	Convex
	NotConvex
)

// Fact is a named value on a Card.
type Fact struct{ Name, Value string }

// Card states a verdict with its formula and its numbers.
type Card struct {
	Title, Caption string
	Verdict        Verdict
	Badge          string         // instead of the verdict's name, where the question is another: "quasi-convex"
	Statement      string         // one sentence: "not convex: L(midpoint) = 0.613 > 0.214"
	Formula        string         // in plain text with Unicode: "L(t a + (1-t) b) <= t L(a) + (1-t) L(b)"
	Facts          []Fact         // numbers, in order
	Why            string         // the argument, in a sentence or two
	Line           *Interpolation // drawn beside the numbers; may be nil
}
