package landscape

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestFourierOfPlaneWaves(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for range 40 {
		// A grid of nx x ny steps, not all of one length, and a wave that fits into its period.
		nx, ny := 4+rng.IntN(17), 4+rng.IntN(17)
		dx, dy := 0.1+rng.Float64(), 0.1+rng.Float64()
		k, l := 1+rng.IntN((nx-1)/2), rng.IntN((ny-1)/2+1)
		if rng.IntN(2) == 0 {
			l = -l
		}
		fx, fy := float64(k)/(float64(nx)*dx), float64(l)/(float64(ny)*dy)
		amplitude, phase, mean := 0.5+rng.Float64(), 7*rng.Float64(), 10*rng.NormFloat64()
		s := Slice(Func(2, func(x []float64) float64 {
			return mean + amplitude*math.Cos(2*math.Pi*(fx*x[0]+fy*x[1])+phase)
		}), flat(), Rectangle(-1, -1+float64(nx-1)*dx, nx, 3, 3+float64(ny-1)*dy, ny), Quiet())
		f := NewFourier(s)
		if f.Err() != nil {
			t.Fatal(f.Err())
		}
		gx, gy, a := f.Strongest()
		if math.Abs(gx-fx) > 1e-9 || math.Abs(gy-fy) > 1e-9 || math.Abs(a-amplitude) > 1e-9 {
			t.Fatalf("%d x %d: found a wave (%v, %v) of %v, want (%v, %v) of %v", nx, ny, gx, gy, a, fx, fy, amplitude)
		}
		if c := f.C[nx/2][ny/2]; math.Abs(real(c)-mean) > 1e-9 || f.FX[nx/2] != 0 || f.FY[ny/2] != 0 {
			t.Fatalf("%d x %d: mean %v at (%v, %v), want %v", nx, ny, c, f.FX[nx/2], f.FY[ny/2], mean)
		}
		// All of the power is at the wave's own height: none above it, all above what is lower.
		height := max(2*float64(k)/float64(nx), 2*math.Abs(float64(l))/float64(ny))
		if low, high := f.Roughness(height-1e-9), f.Roughness(height+1e-9); math.Abs(low-1) > 1e-9 || high > 1e-9 {
			t.Fatalf("%d x %d, wave (%d, %d): roughness %v below and %v above its frequency", nx, ny, k, l, low, high)
		}
		if math.Abs(f.Power()-amplitude*amplitude/2) > 1e-9 {
			t.Fatalf("power %v of a wave of amplitude %v", f.Power(), amplitude)
		}
	}
}

// Against the definition, Parseval's identity, and there and back.
func TestFourierOfNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for range 25 {
		nx, ny := 2+rng.IntN(9), 2+rng.IntN(9)
		values := make([]float64, nx*ny)
		for i := range values {
			values[i] = rng.NormFloat64()
		}
		s := Slice(Func(2, func(x []float64) float64 { return values[int(x[0])*ny+int(x[1])] }),
			flat(), Rectangle(0, float64(nx-1), nx, 0, float64(ny-1), ny), Quiet())
		f := NewFourier(s)
		if f.Err() != nil {
			t.Fatal(f.Err())
		}
		mean, squares, power, top := 0.0, 0.0, 0.0, 0.0
		for i, fx := range f.FX {
			for j, fy := range f.FY {
				var want complex128
				for x := range nx {
					for y := range ny {
						want += complex(values[x*ny+y]/float64(nx*ny), 0) * cmplx.Exp(complex(0, -2*math.Pi*(fx*float64(x)+fy*float64(y))))
					}
				}
				if cmplx.Abs(f.C[i][j]-want) > 1e-12 {
					t.Fatalf("%d x %d: coefficient at (%v, %v) is %v, want %v", nx, ny, fx, fy, f.C[i][j], want)
				}
				power += real(want * cmplx.Conj(want))
				top = max(top, max(math.Abs(fx), math.Abs(fy)))
			}
		}
		for _, v := range values {
			mean += v / float64(nx*ny)
			squares += v * v / float64(nx*ny)
		}
		if math.Abs(power-squares) > 1e-12*squares || math.Abs(f.Power()-(squares-mean*mean)) > 1e-12*squares || top > 0.5 {
			t.Fatalf("%d x %d: the coefficients' squares are %v, the losses' %v; power %v; highest frequency %v", nx, ny, power, squares, f.Power(), top)
		}
		requireRows := func(what string, got [][]float64, want func(i, j int) float64) {
			t.Helper()
			for i := range s.X {
				for j := range s.Y {
					if math.Abs(got[i][j]-want(i, j)) > 1e-12 {
						t.Fatalf("%s of %d x %d: %v at %d, %d, want %v", what, nx, ny, got[i][j], i, j, want(i, j))
					}
				}
			}
		}
		requireRows("there and back", f.Inverse(), func(i, j int) float64 { return s.Z[i][j] })
		requireRows("all of it", f.Truncate(1).Inverse(), func(i, j int) float64 { return s.Z[i][j] })
		requireRows("the mean", f.Truncate(0).Inverse(), func(int, int) float64 { return mean })
		// What is cut off is the roughness, and what is left stays real.
		half := f.Truncate(0.5)
		if got, want := 1-half.Power()/f.Power(), f.Roughness(0.5); math.Abs(got-want) > 1e-12 || half.Roughness(0.5) != 0 {
			t.Fatalf("%d x %d: cut at half, %v of the power is lost, and the roughness was %v", nx, ny, got, want)
		}
		variance := 0.0
		for _, row := range half.Inverse() {
			for _, v := range row {
				variance += (v - mean) * (v - mean) / float64(nx*ny)
			}
		}
		if math.Abs(variance-half.Power()) > 1e-12 {
			t.Fatalf("%d x %d: the cut surface has variance %v, its spectrum power %v", nx, ny, variance, half.Power())
		}
	}
}

func TestFourierRefuses(t *testing.T) {
	hole := Func(2, func(x []float64) float64 {
		if x[0] == 0 && x[1] == 0 {
			return math.NaN()
		}
		return x[0]
	})
	huge := Func(2, func(x []float64) float64 { return 1e200 * x[0] })
	for what, c := range map[string]struct {
		s    *Surface
		says string
	}{
		"no surface":       {nil, "nil"},
		"a failed surface": {Slice(nil, flat(), Square(1, 5), Quiet()), "Fourier"},
		"a hole":           {Slice(hole, flat(), Square(1, 5), Quiet()), "1 hole (1 NaN, 0 infinite)"},
		"geometric axes":   {Slice(Rosenbrock(), flat(), Geometric(0.1, 1, 9), Quiet()), "evenly spaced"},
		"adaptive":         {Slice(Rosenbrock(), flat(), Adaptive(Square(1, 65)), Quiet()), "interpolated"},
		"one line":         {Slice(Rosenbrock(), flat(), Rectangle(0, 0, 1, -1, 1, 5), Quiet()), "at least 2"},
		"huge":             {Slice(huge, flat(), Square(1, 5), Quiet()), "too large"},
	} {
		f := NewFourier(c.s)
		if f.Err() == nil || !strings.Contains(f.String(), c.says) {
			t.Errorf("%s: error %v, want one with %q", what, f.Err(), c.says)
		}
		if _, err := f.MIMEBundle(); err == nil || !math.IsNaN(f.Roughness(0.5)) || f.Inverse() != nil || f.Truncate(1).Err() == nil {
			t.Errorf("%s: a spectrum is shown", what)
		}
	}
	if (*Fourier)(nil).Err() == nil {
		t.Error("a nil spectrum has no error")
	}
	flatSurface := NewFourier(Slice(Func(2, func([]float64) float64 { return 0.1 }), flat(), Square(1, 7), Quiet()))
	if r := flatSurface.Roughness(0.1); r != 0 {
		t.Errorf("a constant surface has roughness %v", r)
	}
	if flatSurface.Truncate(-1).Err() == nil {
		t.Error("a negative cut gives no error")
	}
	for _, s := range []*Surface{Slice(Rastrigin(2), flat(), Square(2, 41), Quiet()), flatSurface.surface} {
		f := NewFourier(s)
		if b, err := f.MIMEBundle(); err != nil || len(b) < 2 {
			t.Errorf("not shown: %v", err)
		}
		if _, err := f.Truncate(0.3).InverseFigure().MIMEBundle(); err != nil {
			t.Errorf("the smoothed surface is not shown: %v", err)
		}
	}
}
