package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParseCSV(t *testing.T) {
	data, err := ParseCSV(strings.NewReader("\ufeff a, b ,kind\n1, 2.5,cat\n\n-3e2,4,\"dog, big\"\n5,6,cat\n"), "pets")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(data.X, []float64{1, 2.5, -300, 4, 5, 6}) || !slices.Equal(data.Y, []float64{0, 1, 0}) ||
		!slices.Equal(data.Classes, []string{"cat", "dog, big"}) || !slices.Equal(data.Features, []string{"a", "b"}) {
		t.Errorf("%+v", data)
	}
	data, err = ParseCSV(strings.NewReader("u,x,v\n1,2,3\n4,5,6\n"), "two targets", "v", "u")
	if err != nil || !slices.Equal(data.Y, []float64{3, 1, 6, 4}) || !slices.Equal(data.X, []float64{2, 5}) || data.Classes != nil {
		t.Errorf("%+v %v", data, err)
	}
}

func TestParseCSVErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "empty",
		"a,b\n":                              "no line of data",
		"a\n1\n":                             "no input column",
		"a,b\n1,2\nx,3\n1\n4,5\nNaN,1\n":     `line 3 column "a": "x" is not a number; line 4 has 1 values for 2 columns; line 6 column "a": "NaN" is not finite`,
		"a,b\n1,\n":                          `line 2 column "b" is empty`,
		"a,b\n1,2\n1,Inf\n":                  `line 3 column "b": "Inf" is not finite`,
		"a,b\n1,\"2\n":                       "line 2",
		"a,b\n" + strings.Repeat("x,1\n", 9): "line 6 column \"a\": \"x\" is not a number; and 4 more",
	} {
		if _, err := ParseCSV(strings.NewReader(text), "f.csv"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for _, targets := range [][]string{{"c"}, {"b", "b"}, {"a", "b"}} {
		if _, err := ParseCSV(strings.NewReader("a,b\n1,2\n"), "f.csv", targets...); err == nil {
			t.Errorf("targets %q accepted", targets)
		}
	}
}

// FuzzParseCSV: whatever the bytes, there is either an error or data that hold together.
func FuzzParseCSV(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("a,b,c\n1,2,x\n3,4,\"y\"\n")
	f.Add("a,b\r\n1,2,3\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		data, err := ParseCSV(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		if data.Err() != nil || data.N < 1 || len(data.X) != data.N*data.D || len(data.Y) != data.N*data.K || len(data.Features) != data.D {
			t.Fatalf("%+v", data)
		}
		for _, v := range append(slices.Clone(data.X), data.Y...) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%v passed", v)
			}
		}
	})
}
