package landscape

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"strings"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// A Fourier is the waves that a surface is the sum of: the two-dimensional discrete
// Fourier transform of its loss (the Fourier scan of Rudolph et al., arXiv:2111.04695). A
// smooth surface is made of long waves, of low frequency; short ones are its roughness.
//
// The transform takes the grid for one period of a surface that goes on for ever. Where
// opposite edges differ, the step between them counts as roughness, too: amplitudes that
// fall slowly along the two axes of the spectrum.
type Fourier struct {
	// FX and FY are the frequencies along the plane's two directions, in waves per unit of
	// the coordinate, increasing from about -1/2 to 1/2 per step of the grid.
	FX, FY []float64
	// C is the coefficients, C[i][j] at (FX[i], FY[j]): the mean over the grid of the loss
	// times exp(-2 pi i (FX[i] x + FY[j] y)), x and y counted from the grid's first point.
	// A wave a cos(2 pi (f x + g y)) has a/2 at (f, g) and a/2 at (-f, -g). The one at
	// (0, 0) is the mean loss.
	C [][]complex128

	surface *Surface
	err     error
}

// largestTransformed is how large a loss may be: its square must have room in a float64.
const largestTransformed = 1e150

// NewFourier transforms the loss of a surface. Its grid must be full, of evenly spaced
// points and without holes.
func NewFourier(s *Surface) *Fourier {
	f := &Fourier{surface: s}
	if s == nil || s.rec == nil {
		f.err = fmt.Errorf("landscape: Fourier spectrum: %w", s.Err())
		return f
	}
	f.err = f.transform()
	return f
}

func (f *Fourier) transform() error {
	s := f.surface
	if s.Computed != nil {
		return errors.New("landscape: Fourier spectrum: most points of an adaptive grid are interpolated, which takes the roughness away; slice without Adaptive")
	}
	if h := s.holeText(); h != "" {
		return fmt.Errorf("landscape: Fourier spectrum: the surface has %s, and the transform needs a loss at every point; finish it, or slice where the loss is finite", h)
	}
	for _, row := range s.Z {
		for _, z := range row {
			if math.Abs(z) > largestTransformed {
				return fmt.Errorf("landscape: Fourier spectrum: a loss of %s is too large to square; slice a smaller piece of the plane", number(z))
			}
		}
	}
	dx, err := spacing(s.X)
	if err != nil {
		return err
	}
	dy, err := spacing(s.Y)
	if err != nil {
		return err
	}
	nx, ny := len(s.X), len(s.Y)
	x, y := fourier.NewCmplxFFT(nx), fourier.NewCmplxFFT(ny)
	c := make([][]complex128, nx)
	for i, row := range s.Z {
		c[i] = make([]complex128, ny)
		for j, z := range row {
			c[i][j] = complex(z/float64(nx)/float64(ny), 0)
		}
		y.Coefficients(c[i], c[i])
	}
	eachColumn(c, func(column []complex128) { x.Coefficients(column, column) })
	f.C = make([][]complex128, nx)
	for i := range f.C {
		f.C[i] = make([]complex128, ny)
		for j := range f.C[i] {
			f.C[i][j] = c[x.ShiftIdx(i)][y.ShiftIdx(j)]
		}
		f.FX = append(f.FX, x.Freq(x.ShiftIdx(i))/dx)
	}
	for j := range ny {
		f.FY = append(f.FY, y.Freq(y.ShiftIdx(j))/dy)
	}
	return nil
}

// spacing is the distance between the coordinates of an axis, which must all be the same.
func spacing(v []float64) (float64, error) {
	n := len(v)
	if n < 2 {
		return 0, fmt.Errorf("landscape: Fourier spectrum: an axis of %s has no frequencies; it needs at least 2", count(n, "point"))
	}
	step := (v[n-1] - v[0]) / float64(n-1)
	for i := range v {
		if math.Abs(v[i]-v[0]-float64(i)*step) > 1e-6*step {
			return 0, errors.New("landscape: Fourier spectrum: the grid's points are not evenly spaced; slice a grid with linear axes, such as Square")
		}
	}
	return step, nil
}

// eachColumn lets change work on each column of c.
func eachColumn(c [][]complex128, change func(column []complex128)) {
	column := make([]complex128, len(c))
	for j := range c[0] {
		for i := range c {
			column[i] = c[i][j]
		}
		change(column)
		for i := range c {
			c[i][j] = column[i]
		}
	}
}

// Err says what is wrong with the spectrum, or nil.
func (f *Fourier) Err() error {
	if f == nil {
		return errors.New("landscape: the Fourier spectrum is nil")
	}
	if f.err == nil && f.surface == nil {
		return errors.New("landscape: the Fourier spectrum is empty: it was not made by NewFourier")
	}
	return f.err
}

// height is how high the frequency at i, j is, the higher of both directions: from 0 of
// the mean loss to 1, half a wave per step of the grid. The middle of a shifted axis is at n/2.
func (f *Fourier) height(i, j int) float64 {
	nx, ny := float64(len(f.FX)), float64(len(f.FY))
	return max(math.Abs(float64(i)-math.Floor(nx/2))/(nx/2), math.Abs(float64(j)-math.Floor(ny/2))/(ny/2))
}

// Power is the sum of the squares of all coefficients but the mean loss: the variance of the
// loss over the grid.
func (f *Fourier) Power() float64 {
	if f.Err() != nil {
		return math.NaN()
	}
	return f.above(0)
}

// above is the power at frequencies higher than cut.
func (f *Fourier) above(cut float64) float64 {
	sum := 0.0
	for i, row := range f.C {
		for j, c := range row {
			if f.height(i, j) > cut {
				sum += real(c)*real(c) + imag(c)*imag(c)
			}
		}
	}
	return sum
}

// Roughness is the share of the power, from 0 to 1, at frequencies higher than cut in one of the
// two directions. cut is a share of the highest frequency that the grid has room for, half
// a wave per step. A constant surface has no power, and a roughness of 0.
func (f *Fourier) Roughness(cut float64) float64 {
	if f.Err() != nil || math.IsNaN(cut) {
		return math.NaN()
	}
	mean := cmplx.Abs(f.C[len(f.FX)/2][len(f.FY)/2])
	all := f.Power()
	if all <= 1e-30*mean*mean { // rounding errors of a constant
		return 0
	}
	return f.above(cut) / all
}

// Truncate is the spectrum without the frequencies higher than cut, in the measure of
// [Fourier.Roughness]; [Fourier.Inverse] is the smoother surface that it stands for.
func (f *Fourier) Truncate(cut float64) *Fourier {
	if err := f.Err(); err != nil {
		return &Fourier{err: err}
	}
	out := &Fourier{FX: f.FX, FY: f.FY, surface: f.surface}
	if !(cut >= 0) {
		out.err = fmt.Errorf("landscape: Fourier spectrum truncated at %v: it must not be negative", cut)
		return out
	}
	for i, row := range f.C {
		kept := append([]complex128(nil), row...)
		for j := range kept {
			if f.height(i, j) > cut {
				kept[j] = 0
			}
		}
		out.C = append(out.C, kept)
	}
	return out
}

// Inverse is the loss that the spectrum stands for, in the shape of [Surface.Z]; nil if
// there is no spectrum.
func (f *Fourier) Inverse() [][]float64 {
	if f.Err() != nil {
		return nil
	}
	nx, ny := len(f.FX), len(f.FY)
	x, y := fourier.NewCmplxFFT(nx), fourier.NewCmplxFFT(ny)
	c := make([][]complex128, nx)
	for i := range c {
		c[i] = make([]complex128, ny)
		for j := range c[i] {
			c[i][j] = f.C[x.UnshiftIdx(i)][y.UnshiftIdx(j)]
		}
		y.Sequence(c[i], c[i])
	}
	eachColumn(c, func(column []complex128) { x.Sequence(column, column) })
	z := make([][]float64, nx)
	for i, row := range c {
		for _, v := range row {
			z[i] = append(z[i], real(v))
		}
	}
	return z
}

// Strongest is the wave with the largest amplitude: its frequencies and half the distance
// from its troughs to its crests. Of its two coefficients it names the one to the right.
func (f *Fourier) Strongest() (fx, fy, amplitude float64) {
	if f.Err() != nil {
		return math.NaN(), math.NaN(), math.NaN()
	}
	nx, ny := len(f.FX), len(f.FY)
	for i, row := range f.C {
		for j, c := range row {
			// The mirror image, at the negative of both frequencies. With n even the first of
			// an axis is its own.
			mi, mj := (2*(nx/2)-i)%nx, (2*(ny/2)-j)%ny
			if i == nx/2 && j == ny/2 || mi > i || mi == i && mj > j {
				continue
			}
			a := cmplx.Abs(c)
			if mi != i || mj != j {
				a *= 2
			}
			if a > amplitude {
				fx, fy, amplitude = f.FX[i], f.FY[j], a
			}
		}
	}
	return fx, fy, amplitude
}

// String gives the spectrum's numbers in words.
func (f *Fourier) String() string {
	if err := f.Err(); err != nil {
		return err.Error()
	}
	x, y := f.surface.axes()
	var b strings.Builder
	fmt.Fprintf(&b, "Fourier spectrum of %s, %d x %d frequencies", f.surface.Made.Objective, len(f.FX), len(f.FY))
	fx, fy, a := f.Strongest()
	fmt.Fprintf(&b, "\n  mean loss %s; strongest wave of amplitude %s, %s times per unit of %s and %s of %s", number(real(f.C[len(f.FX)/2][len(f.FY)/2])), number(a), number(fx), x, number(fy), y)
	fmt.Fprintf(&b, "\n  power %s, of it %.3g %% above a quarter of the highest frequency and %.3g %% above half", number(f.Power()), 100*f.Roughness(0.25), 100*f.Roughness(0.5))
	return b.String()
}

// faintest is the smallest amplitude that a figure shows, as a share of the largest.
const faintest = 1e-6

// Figure is the amplitude at each frequency, on a logarithmic scale.
func (f *Fourier) Figure() chart.Contour {
	g := chart.Contour{Title: "Fourier spectrum", XName: "waves along alpha", YName: "waves along beta", ZName: "amplitude", Log: true}
	if f.Err() != nil {
		return g
	}
	x, y := f.surface.axes()
	g.X, g.Y, g.XName, g.YName = f.FX, f.FY, "waves along "+x, "waves along "+y
	top := 0.0
	for _, row := range f.C {
		for _, c := range row {
			top = max(top, cmplx.Abs(c))
		}
	}
	for j := range f.FY {
		row := make([]float64, len(f.FX))
		for i := range row {
			row[i] = max(cmplx.Abs(f.C[i][j]), faintest*top)
		}
		g.Z = append(g.Z, row)
	}
	g.Caption = fmt.Sprintf("%s, %d x %d points; frequencies in waves per unit; amplitudes below %s of the largest are drawn as that.", f.surface.Made.Objective, len(f.FX), len(f.FY), number(faintest))
	return g
}

// InverseFigure is the figure of [Fourier.Inverse].
func (f *Fourier) InverseFigure() chart.Surface {
	if f.Err() != nil {
		return chart.Surface{Title: "Fourier spectrum"}
	}
	g := f.surface.Figure("")
	g.Z = f.surface.transposed(f.Inverse())
	g.Caption = "The sum of the waves of a Fourier spectrum. " + g.Caption
	return g
}

// MIMEBundle shows the spectrum in a notebook.
func (f *Fourier) MIMEBundle() (map[string]any, error) {
	if err := f.Err(); err != nil {
		return nil, err
	}
	b, err := f.Figure().MIMEBundle()
	if err != nil {
		return nil, err
	}
	b["text/plain"] = f.String()
	return b, nil
}
