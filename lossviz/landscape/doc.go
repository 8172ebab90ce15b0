// Package landscape looks at a function of many variables, usually the loss of a
// network, along lines and planes and between its minima.
//
// An [Objective] is the function. A [Direction] is a vector with a name that says how
// it was made; two of them and an origin are a [Plane]. [Slice] evaluates a plane on a
// [Grid] and gives a [Surface], [Interpolate] and [Along] give a [Curve]: values that
// show, save, load and resume themselves, and that carry what made them. Paths
// between minima ([NEB]) and what a surface is made of are here too: its basins ([MergeTree]),
// its critical points and regions ([MorseSmale]), its level lines ([ContourTree]) and its
// waves ([Fourier]).
//
// Results never depend on the number of cores: every point is computed alone, in the
// same order of operations, and only then put in its place.
//
// The package knows networks (package nn) only as one kind of objective. It must not
// know how parameters were found (package train), nor judge what it draws (package
// convexity).
//
// Constructors return one value that carries its error; what is made from a value with
// an error has that error too. Ask Err.
package landscape
