package lossviz_test

import (
	"fmt"
	"math"

	"github.com/gosaddle/saddle/lossviz"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/train"
)

// The whole way, from data to surface.
func Example() {
	data := dataset.Moons(200, 0.15, 1)
	net := nn.MLP(2, 8, 1, nn.Tanh)
	loss := lossviz.NewObjective(net, nn.LogisticLoss, data)
	run := train.Adam(loss, net.Init(7), train.Steps(500))
	fmt.Printf("trained to less than a fifth: %t\n", run.Loss() < run.Losses()[0]/5)

	line := lossviz.Interpolate(loss, run.Start(), run.End())
	fmt.Printf("a line of %d points\n", len(line.T))

	plane := lossviz.FilterNormalized(loss, run.End(), 7)
	surface := lossviz.Slice(loss, plane, lossviz.Square(1, 21))
	fmt.Printf("in the middle of the surface is the run's end: %t\n", math.Abs(surface.Z[10][10]-run.Loss()) < 1e-12)
	fmt.Println("errors:", run.Err(), line.Err(), surface.Err())
	// Output:
	// trained to less than a fifth: true
	// a line of 101 points
	// in the middle of the surface is the run's end: true
	// errors: <nil> <nil> <nil>
}
