package notebooks_test

import (
	"math"
	"testing"
)

func TestClaimsCanFail(t *testing.T) {
	for _, c := range []claim{atLeast("", 1, 2), atMost("", 2, 1), atLeast("", math.NaN(), 0), atMost("", math.NaN(), 0)} {
		if c.holds() {
			t.Errorf("%+v holds", c)
		}
	}
	if !atLeast("", 2, 1).holds() || !atMost("", 1, 2).holds() {
		t.Error("a true claim does not hold")
	}
}
