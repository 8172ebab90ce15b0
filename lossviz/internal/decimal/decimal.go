// Package decimal writes float64 as decimal text, and in JSON, so that reading it gives the same bits back, in Go
// and in every other language that reads decimals correctly. It knows numbers only.
package decimal

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Append writes x as JSON: NaN and the infinities, which JSON has no numbers for, as the strings "NaN", "+Inf" and
// "-Inf". Negative zero is -0.0: many readers take a bare -0 for an integer, which loses the sign.
func Append(b []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(append(append(b, '"'), String(x)...), '"')
	}
	return append(b, String(x)...)
}

// String is x in the fewest digits that read back to it; NaN, +Inf and -Inf where it is not finite.
func String(x float64) string {
	if x == 0 && math.Signbit(x) {
		return "-0.0"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// A Number is a float64 in JSON.
type Number float64

// MarshalJSON writes the number.
func (x Number) MarshalJSON() ([]byte, error) { return Append(nil, float64(x)), nil }

// UnmarshalJSON reads what MarshalJSON writes, and every other JSON number that a float64 can hold.
func (x *Number) UnmarshalJSON(text []byte) error {
	v, err := parse(text)
	if err == nil {
		*x = Number(v)
	}
	return err
}

// Numbers are float64 in JSON, one array.
type Numbers []float64

// MarshalJSON writes the numbers.
func (v Numbers) MarshalJSON() ([]byte, error) { return AppendAll(nil, v), nil }

// AppendAll writes a JSON array of numbers.
func AppendAll(b []byte, v []float64) []byte {
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = Append(b, x)
	}
	return append(b, ']')
}

// UnmarshalJSON reads the numbers.
func (v *Numbers) UnmarshalJSON(text []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return err
	}
	out := make(Numbers, len(items))
	for i, item := range items {
		x, err := parse(item)
		if err != nil {
			return fmt.Errorf("number %d: %w", i, err)
		}
		out[i] = x
	}
	*v = out
	return nil
}

func parse(text []byte) (float64, error) {
	s := string(text)
	switch s {
	case `"NaN"`:
		return math.NaN(), nil
	case `"+Inf"`:
		return math.Inf(1), nil
	case `"-Inf"`:
		return math.Inf(-1), nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40s is no number that a float64 can hold", s)
	}
	return x, nil
}
