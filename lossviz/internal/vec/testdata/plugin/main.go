// Command plugin is built as a plugin by the tests of package vec.
package main

import "github.com/gosaddle/saddle/lossviz/internal/vec"

// Tanh is a symbol to look up.
func Tanh(x []float64) { vec.Tanh(x, x) }

func main() {}
