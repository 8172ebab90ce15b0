package convexity_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

var formulas = flag.Int("formulas", 300, "random formulas for the soundness of restricted questions; 20000 for the full run")

// randomFormula draws a formula of two variables, with kinks and products of both.
func randomFormula(r *rand.Rand, variables [2]*convexity.Expr, depth int) *convexity.Expr {
	if depth == 0 || r.IntN(10) == 0 {
		if r.IntN(4) == 0 {
			return convexity.Const(float64(r.IntN(9)-4) / 4)
		}
		return variables[r.IntN(2)]
	}
	sub := func() *convexity.Expr { return randomFormula(r, variables, depth-1) }
	switch r.IntN(14) {
	case 0:
		return convexity.Sub(sub(), sub())
	case 1:
		return convexity.Product(sub(), sub())
	case 2, 3:
		return convexity.Max(sub(), sub())
	case 4:
		return convexity.Scale(float64(r.IntN(9)-4)/2, sub())
	case 5, 6:
		return convexity.Square(sub())
	case 7:
		return convexity.Abs(sub())
	case 8:
		return convexity.ReLU(sub())
	case 9:
		return convexity.Huber(0.5, sub())
	case 10:
		return convexity.Tanh(sub())
	case 11:
		return convexity.LogSumExp(sub(), sub(), convexity.Const(0))
	case 12:
		return convexity.LeakyReLU(0.25, sub())
	}
	return convexity.Sum(sub(), sub(), convexity.Scale(2, convexity.Square(variables[0])), convexity.Scale(2, convexity.Square(variables[1])))
}

// Whatever is said of a box, a point, a slice or a line, no segment of it may contradict, in exact arithmetic.
func TestRestrictedVerdictsAreSound(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 11))
	said := map[string]int{}
	for range *formulas {
		f := convexity.Function(2, randomFormula(r, [2]*convexity.Expr{convexity.Var(0), convexity.Var(1)}, 1+r.IntN(4)))
		if f.Err() != nil {
			t.Fatal(f.Err())
		}
		// A small box with round edges, often with 0 on one, and at times flat.
		lo, hi := make([]float64, 2), make([]float64, 2)
		for i := range lo {
			lo[i] = float64(r.IntN(9)-4) / 4
			hi[i] = lo[i] + []float64{0.25, 1, 0.03125, 0}[r.IntN(4)]
		}
		inside := func(lo, hi []float64) []float64 {
			p := make([]float64, 2)
			for i := range p {
				p[i] = lo[i] + (hi[i]-lo[i])*math.Round(64*r.Float64())/64
			}
			return p
		}
		// bulges is the largest certified gap of random segments of a box.
		bulges := func(lo, hi []float64) bool {
			for range 30 {
				if gap, err := convexity.Gap(f, inside(lo, hi), inside(lo, hi), 0.5); err == nil && gap.Lo > 0 {
					return true
				}
			}
			return false
		}
		if v := convexity.OnBox(f, lo, hi, convexity.Pieces(40)); v.Err() == nil {
			said["box "+string(v.Kind)]++
			if v.Kind == convexity.Convex && bulges(lo, hi) {
				t.Errorf("%v: %v, from %v to %v", f, v, lo, hi)
			}
			if v.Kind == convexity.NotConvex && v.Smallest.Lo < -1e-6 && !bulgesAt(f, v.At, lo, hi) { // weaker ones bulge by too little to be seen
				t.Errorf("%v: %v, from %v to %v", f, v, lo, hi)
			}
		}
		at := inside(lo, hi)
		if v := convexity.AtPoint(f, at); v.Kind == convexity.Convex {
			said["point "+string(v.Kind)]++
			const near = 0x1p-41
			if bulges([]float64{at[0] - near, at[1] - near}, []float64{at[0] + near, at[1] + near}) {
				t.Errorf("%v: %v, %v", f, v, at)
			}
		}
		plane := landscape.NewPlane(at, landscape.Given("x", []float64{1, 0}), landscape.Given("y", []float64{0, 1}))
		slice := convexity.OnSlice(f, plane, 1, 4)
		for i, row := range slice.Cells {
			for j, cell := range row {
				said["cell "+string(cell)]++
				corner, opposite := []float64{at[0] + slice.X[j], at[1] + slice.Y[i]}, []float64{at[0] + slice.X[j+1], at[1] + slice.Y[i+1]}
				if cell == convexity.Up && bulges(corner, opposite) {
					t.Errorf("%v around %v: a cell that is said to be convex bulges: %v to %v", f, at, corner, opposite)
				}
			}
		}
		checkLine(t, f, lo, hi, said, r)
	}
	t.Log(said)
	for _, answer := range []string{"box convex", "box not-convex", "point convex", "cell up", "cell down", "line convex", "line not-convex", "quasi convex", "quasi not-convex"} {
		if said[answer] < *formulas/200 {
			t.Errorf("only %d times %q: the test says little", said[answer], answer)
		}
	}
}

// bulgesAt looks for a certified gap of short segments around a point of a box.
func bulgesAt(f landscape.Objective, at, lo, hi []float64) bool {
	for k := range 64 {
		for _, h := range []float64{0x1p-7, 0x1p-11, 0x1p-15} {
			angle := math.Pi * float64(k) / 64
			d := []float64{math.Round(1024*math.Cos(angle)) / 1024 * h, math.Round(1024*math.Sin(angle)) / 1024 * h}
			a, b := make([]float64, 2), make([]float64, 2)
			for i := range a {
				if lo[i] == hi[i] {
					d[i] = 0
				}
				a[i], b[i] = at[i]-d[i], at[i]+d[i]
			}
			if gap, err := convexity.Gap(f, a, b, 0.5); err == nil && gap.Lo > 0 {
				return true
			}
		}
	}
	return false
}

func checkLine(t *testing.T, f *convexity.FunctionObjective, a, b []float64, said map[string]int, r *rand.Rand) {
	t.Helper()
	point := func(s float64) []float64 { return []float64{a[0] + s*(b[0]-a[0]), a[1] + s*(b[1]-a[1])} } // exact: all are dyadic
	line := convexity.OnLine(f, a, b, convexity.Pieces(32))
	said["line "+string(line.Kind)]++
	for _, p := range line.Joined() {
		for range 10 {
			s := func() float64 { return p.From + (p.To-p.From)*math.Round(64*r.Float64())/64 }
			gap, err := convexity.Gap(f, point(s()), point(s()), 0.5)
			if err != nil {
				t.Fatal(err)
			}
			if p.Bend == convexity.Up && gap.Lo > 0 || p.Bend == convexity.Down && gap.Hi < 0 {
				t.Errorf("%v from %v to %v: %v, but the gap is %v", f, a, b, p, gap)
			}
		}
	}
	if gap, err := convexity.Gap(f, point(line.From), point(line.To), 0.5); line.Kind == convexity.NotConvex && (err != nil || !(gap.Hi > 0)) {
		t.Errorf("%v from %v to %v: %v, but the gap is %v, %v", f, a, b, line, gap, err)
	}
	quasi := convexity.QuasiConvexOnLine(f, a, b, convexity.Pieces(32))
	said["quasi "+string(quasi.Kind)]++
	value := func(s float64) [2]float64 {
		v := convexity.AtPoint(f, point(s)).Value
		return [2]float64{v.Lo, v.Hi}
	}
	switch quasi.Kind {
	case convexity.Convex:
		lowest := math.Inf(1) // upper bound of the lowest value so far
		for i := range 33 {
			v := value(float64(i) / 32)
			if v[0] > lowest && value(1)[1] < v[0] {
				t.Errorf("%v from %v to %v: %v, but at %v it is above both sides", f, a, b, quasi, float64(i)/32)
			}
			lowest = math.Min(lowest, v[1])
		}
	case convexity.NotConvex:
		l, m, h := value(quasi.At[0]), value(quasi.At[1]), value(quasi.At[2])
		if !(m[1] > l[0] && m[1] > h[0] && quasi.At[0] < quasi.At[1] && quasi.At[1] < quasi.At[2]) {
			t.Errorf("%v from %v to %v: %v, but the values are %v, %v, %v", f, a, b, quasi, l, m, h)
		}
	}
}

// What is proved on a domain, with its modulus, must hold for all of its segments.
func TestVerdictsOnDomainsAreSound(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 25))
	said := map[convexity.Kind]int{}
	strong := 0
	for range *formulas {
		var lo, hi [2]float64
		var variables [2]*convexity.Expr
		for i := range variables {
			lo[i] = float64(r.IntN(9)-4) / 2
			hi[i] = lo[i] + float64(1+r.IntN(4))/2
			variables[i] = convexity.VarIn(i, lo[i], hi[i])
		}
		e := randomFormula(r, variables, 1+r.IntN(4))
		switch above := convexity.Sum(convexity.Abs(e), convexity.Const(0.5)); r.IntN(8) {
		case 0:
			e = convexity.Neg(convexity.Log(above))
		case 1:
			e = convexity.Sqrt(above)
		case 2:
			e = convexity.Reciprocal(above)
		case 3:
			e = convexity.Reciprocal(variables[0]) // an error where 0 is in the domain
		case 4:
			e = convexity.Sum(convexity.Sigmoid(convexity.Sub(e, convexity.Const(3))), convexity.Square(convexity.Sub(convexity.ReLU(e), variables[1])))
		}
		f := convexity.Function(2, e)
		if f.Err() != nil {
			continue
		}
		v := convexity.Judge(f)
		said[v.Kind]++
		if err := v.Verify(); err != nil {
			t.Errorf("%v: %v: %v", f, v, err)
		}
		if v.StrongConvexity > 0 {
			strong++
		}
		for range 40 {
			a, b, distance := make([]float64, 2), make([]float64, 2), 0.0
			for i := range a {
				a[i], b[i] = lo[i]+(hi[i]-lo[i])*float64(r.IntN(65))/64, lo[i]+(hi[i]-lo[i])*float64(r.IntN(65))/64
				distance += (b[i] - a[i]) * (b[i] - a[i]) // exact: all are dyadic
			}
			gap, err := convexity.Gap(f, a, b, 0.5)
			if err != nil {
				t.Fatal(err)
			}
			if v.Kind == convexity.Convex && gap.Lo > -v.StrongConvexity/8*distance*(1-1e-12) {
				t.Errorf("%v: %v, but from %v to %v the gap is %v", f, v, a, b, gap)
			}
		}
	}
	t.Log(said, strong, "strongly convex")
	if said[convexity.Convex] < *formulas/20 || said[convexity.NotConvex] < *formulas/20 || strong < *formulas/100 {
		t.Errorf("%v, %d strongly convex: the test says little", said, strong)
	}
}
