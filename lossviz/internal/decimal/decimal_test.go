package decimal_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gosaddle/saddle/lossviz/internal/decimal"
)

func TestReadsBackToTheSameBits(t *testing.T) {
	v := decimal.Numbers{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1, 1e21, -3}
	random := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		if x := math.Float64frombits(random.Uint64()); !math.IsNaN(x) {
			v = append(v, x)
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back decimal.Numbers
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	for i, x := range v {
		var one decimal.Number
		if err := json.Unmarshal(decimal.Append(nil, x), &one); err != nil {
			t.Fatal(err)
		}
		for _, y := range []float64{back[i], float64(one)} {
			if math.Float64bits(x) != math.Float64bits(y) && !math.IsNaN(x) {
				t.Errorf("%v reads back as %v", x, y)
			}
		}
	}
	if got := string(decimal.Append(nil, math.Copysign(0, -1))); got != "-0.0" {
		t.Errorf("negative zero is %s, which Python reads as an integer", got)
	}
	for _, bad := range []string{`["x"]`, `[1e999]`, `[true]`, `[null]`, `[0x10]`, `1`} {
		if json.Unmarshal([]byte(bad), &back) == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
