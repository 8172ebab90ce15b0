package chart_test

import "testing"

// BenchmarkSurface makes the bundle of a 101 x 101 surface: what a cell waits for when it shows one.
func BenchmarkSurface(b *testing.B) {
	f := doubleWell(101)
	for b.Loop() {
		if _, err := f.MIMEBundle(); err != nil {
			b.Fatal(err)
		}
	}
}
