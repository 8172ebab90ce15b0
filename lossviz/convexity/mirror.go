package convexity

import (
	"github.com/gosaddle/saddle/lossviz/convexity/symmetry"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A HiddenLayer is a layer whose units can be exchanged without changing what the
// network computes; see package symmetry.
type HiddenLayer = symmetry.Layer

// Hidden lists the hidden layers of a network whose units are exchangeable.
func Hidden(net *nn.Network) []HiddenLayer { return symmetry.Hidden(net) }
