// Package spectrum looks at the curvature of a loss: eigenvalues of its Hessian
// and where they lie, its trace, and its critical points.
//
// It takes any [landscape.Objective] and must not know verdicts (package
// convexity) or training.
package spectrum

import "errors"

var errNotFinite = errors.New("spectrum: the Hessian is not finite there")
