// Package notebooks_test holds the course to its word: what the prose of a notebook claims is asserted in the test
// file of the same number, over ten seeds that are not the notebook's.
package notebooks_test

import (
	"math"
	"testing"
)

// claim is one statement of a notebook as a number with its bounds; a bound of NaN is none.
type claim struct {
	says     string
	value    float64
	from, to float64
}

// atLeast is the claim that a value is no smaller than a bound.
func atLeast(says string, value, bound float64) claim {
	return claim{says, value, bound, math.NaN()}
}

// atMost is the claim that a value is no larger than a bound.
func atMost(says string, value, bound float64) claim {
	return claim{says, value, math.NaN(), bound}
}

func (c claim) holds() bool {
	return !math.IsNaN(c.value) && !(c.value < c.from) && !(c.value > c.to)
}

// overTenSeeds computes the claims of a notebook for the seeds 11 to 20, none left out, prints them all, and fails for
// each that does not hold.
func overTenSeeds(t *testing.T, claims func(seed uint64) []claim) {
	t.Helper()
	for seed := uint64(11); seed <= 20; seed++ {
		for _, c := range claims(seed) {
			t.Logf("seed %d: %s: %.4g", seed, c.says, c.value)
			if !c.holds() {
				t.Errorf("seed %d: %s: %.4g is not within [%.4g, %.4g]", seed, c.says, c.value, c.from, c.to)
			}
		}
	}
}
