package spectrum

import (
	"math"
	"testing"

	"github.com/gosaddle/saddle/lossviz/landscape"
)

// No point, no Hessian and no result: each is said, and nothing panics.
func TestNastyInput(t *testing.T) {
	nan := landscape.Func(3, func([]float64) float64 { return math.NaN() })
	bowl := landscape.Func(3, func(x []float64) float64 { return x[0]*x[0] + x[1]*x[1] - x[2]*x[2] })
	for name, c := range map[string]struct {
		obj   landscape.Objective
		theta []float64
	}{"no objective": {nil, nil}, "no point": {bowl, nil}, "empty point": {bowl, []float64{}}, "short point": {bowl, []float64{1}}, "NaN point": {bowl, []float64{0, math.NaN(), 0}}, "NaN loss": {nan, make([]float64, 3)}} {
		_, hessian := Hessian(c.obj, c.theta)
		_, values := Eigenvalues(c.obj, c.theta)
		extremes, density, escape := Extremes(c.obj, c.theta, 1, 1), Density(c.obj, c.theta), Escape(c.obj, c.theta, 0.1)
		for what, err := range map[string]error{"Hessian": hessian, "Eigenvalues": values, "Extremes": extremes.Err(), "Density": density.Err(), "Escape": escape.Err(), "Trace": Trace(c.obj, c.theta).Err()} {
			if err == nil {
				t.Errorf("%s: %s has no error", name, what)
			}
		}
	}
	type result interface {
		Err() error
		String() string
		MIMEBundle() (map[string]any, error)
	}
	for _, r := range []result{(*Extreme)(nil), (*SpectralDensity)(nil), (*EscapeRun)(nil), &EscapeRun{}, (*CriticalSet)(nil)} {
		if _, err := r.MIMEBundle(); r.Err() == nil || err == nil || len(r.String()) < 10 {
			t.Errorf("%T: error %v, shown with %v", r, r.Err(), err)
		}
	}
	for _, r := range []result{&Extreme{}, &SpectralDensity{}, &CriticalSet{}} {
		if _, err := r.MIMEBundle(); err == nil {
			t.Errorf("an empty %T is shown", r)
		}
		_ = r.String()
	}
	if a, b := (*EscapeRun)(nil).Left(); a != -1 || b != -1 {
		t.Errorf("no descent leaves after %d and %d steps", a, b)
	}
	var density *SpectralDensity
	if !math.IsNaN(density.Below(0)+density.Moment(1)) || (*TraceEstimate)(nil).Err() == nil || len((*TraceEstimate)(nil).String()) < 10 {
		t.Error("nil has a value")
	}
	if (*CriticalSet)(nil).Plane().Err() == nil || (*CriticalSet)(nil).On(nil) != nil {
		t.Error("no critical points have a plane or a surface")
	}
}

// Where all eigenvalues are 0, as in a network whose ReLUs are all dead, the density is a peak at 0.
func TestDensityOfAFlatLoss(t *testing.T) {
	d := Density(landscape.Func(3, func([]float64) float64 { return 2 }), make([]float64, 3))
	if _, err := d.MIMEBundle(); d.Err() != nil || err != nil || d.Moment(2) != 0 || d.Below(0) != 0 {
		t.Errorf("%v: %v", d, err)
	}
	sum := 0.0
	for i := 1; i < len(d.X); i++ {
		sum += d.Density[i] * (d.X[i] - d.X[i-1])
	}
	if math.Abs(sum-1) > 1e-3 {
		t.Errorf("the density adds up to %v", sum)
	}
}
