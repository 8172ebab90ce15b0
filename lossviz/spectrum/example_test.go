package spectrum_test

import (
	"fmt"

	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/spectrum"
)

func ExampleEigenvalues() {
	values, err := spectrum.Eigenvalues(landscape.Saddle(), []float64{1, 2})
	fmt.Printf("%.4f %v\n", values, err)
	// Output: [-2.0000 2.0000] <nil>
}

func ExampleHessian() {
	h, err := spectrum.Hessian(landscape.Saddle(), []float64{1, 2})
	fmt.Printf("%.3f %.3f %.3f %v\n", h.At(0, 0), h.At(0, 1)+1, h.At(1, 1), err)
	// Output: 2.000 1.000 -2.000 <nil>
}

func ExampleTrace() {
	// The trace of x^2 - y^2's Hessian is 0; with random signs every probe is exact for a diagonal matrix.
	t := spectrum.Trace(landscape.Saddle(), []float64{0, 0}, spectrum.Probes(10))
	fmt.Printf("%.3f\n", t.Value+1)
	// Output: 1.000
}

func ExampleDensity() {
	d := spectrum.Density(landscape.Saddle(), []float64{0, 0}, spectrum.Probes(200))
	fmt.Println(d.Below(0) > 0.4, d.Below(0) < 0.6)
	// Output: true true
}

func ExampleEscape() {
	run := spectrum.Escape(landscape.Saddle(), []float64{0, 0}, 1e-6, spectrum.Steps(30))
	random, along := run.Left()
	fmt.Println(run.Err(), along <= random)
	// Output: <nil> true
}
