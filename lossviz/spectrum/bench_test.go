package spectrum_test

import (
	"testing"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
)

// Ten extreme eigenpairs of a 64-32-10 network on 1,797 digits, to residuals of 1e-4.
func BenchmarkTenEigenpairs(b *testing.B) {
	loss := landscape.NewObjective(nn.MLP(64, 32, 10, nn.Tanh), nn.CrossEntropy, dataset.Digits())
	theta := loss.Net.Init(1)
	for b.Loop() {
		if e := spectrum.Extremes(loss, theta, 0, 10, spectrum.Tolerance(1e-4)); e.Err() != nil {
			b.Fatal(e.Err())
		} else if e.Highest[9].Residual > 1e-4*e.Highest[0].Value {
			b.Fatal(e)
		}
	}
}
