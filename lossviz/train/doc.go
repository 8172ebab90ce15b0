// Package train finds minima of objectives, and keeps the way there.
//
// Every optimizer takes an objective, a start and options, and returns a [Run]: the
// losses, the end and the trajectory (bounded in memory), for figures and for PCA planes.
// A run stops early when it has converged, when it is interrupted, and when it diverges,
// and says which.
//
// The package knows objectives (package landscape) but no networks. Runs depend only on
// their arguments, to the bit.
package train
