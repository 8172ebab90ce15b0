package dataset

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// generators make every synthetic set with the same arguments.
var generators = map[string]func(n int, noise float64, seed uint64) *Data{
	"moons": Moons, "circles": Circles, "spirals": Spirals, "xor": XOR, "line": Line, "sine": Sine, "step": Step,
	"blobs":     func(n int, noise float64, seed uint64) *Data { return Blobs(n, 3, noise, seed) },
	"separable": func(n int, noise float64, seed uint64) *Data { return Separable(n, 4, noise, seed) },
}

func TestGeneratorsAreReproducible(t *testing.T) {
	for name, make := range generators {
		a, b, other := make(101, 0.3, 7), make(101, 0.3, 7), make(101, 0.3, 8)
		if a.Err() != nil || a.N != 101 || len(a.X) != a.N*a.D || len(a.Y) != a.N*a.K {
			t.Errorf("%s: %v", name, a)
		}
		if a.Hash() != b.Hash() || a.Hash() == other.Hash() {
			t.Errorf("%s: hashes %s, %s with one seed, %s with another", name, a.Hash(), b.Hash(), other.Hash())
		}
		if one := make(1, 0, 1); one.Err() != nil || math.IsNaN(one.X[0]) {
			t.Errorf("%s: one sample: %v %v", name, one, one.X)
		}
		for _, bad := range []*Data{make(0, 0.1, 1), make(-3, 0.1, 1), make(1<<62, 0.1, 1), make(10, -1, 1), make(10, math.NaN(), 1), make(10, math.Inf(1), 1)} {
			if bad.Err() == nil {
				t.Errorf("%s accepts bad arguments: %v", name, bad)
			}
		}
	}
	// Notebooks quote numbers made from these streams. (Other processors fuse
	// multiplications and additions, which changes last bits.)
	if got := Moons(200, 0.15, 1).Hash(); runtime.GOARCH == "amd64" && got != "924a4572a15d8595" {
		t.Errorf("Moons(200, 0.15, 1) has hash %s", got)
	}
}

func TestShapes(t *testing.T) {
	for i, r := range []float64{1, 0.5, 1, 0.5} {
		x := Circles(4, 0, 1).Row(i)
		if math.Abs(math.Hypot(x[0], x[1])-r) > 1e-15 {
			t.Errorf("circle sample %d has radius %v", i, math.Hypot(x[0], x[1]))
		}
	}
	if got := XOR(4, 0, 1); !slices.Equal(got.X, []float64{-1, -1, -1, 1, 1, -1, 1, 1}) || !slices.Equal(got.Y, []float64{0, 1, 1, 0}) {
		t.Errorf("xor: %v %v", got.X, got.Y)
	}
	if got := Line(3, 0, 1); !slices.Equal(got.X, []float64{-1, 0, 1}) || !slices.Equal(got.Y, []float64{-3, -1, 1}) {
		t.Errorf("line: %v %v", got.X, got.Y)
	}
	if got := Blobs(10, 0, 1, 1); got.Err() == nil {
		t.Error("blobs without centers")
	}
	if got := Regression("pole", func(x float64) float64 { return 1 / x }, -1, 1, 3, 0, 1); got.Err() == nil || !strings.Contains(got.String(), "sample 1") {
		t.Errorf("a pole: %v", got)
	}
}

func TestSeparableMargin(t *testing.T) {
	for seed := range uint64(50) {
		d, margin := 1+int(seed%5), 0.5
		data := Separable(40, d, margin, seed)
		// The normal is the direction of the first draws; find it again from the sums of both
		// classes by a perceptron that must converge.
		w := make([]float64, d)
		for range 10000 {
			wrong := false
			for i := range data.N {
				along := 0.0
				for j, x := range data.Row(i) {
					along += w[j] * x
				}
				if side := 2*data.Y[i] - 1; along*side <= 0 {
					wrong = true
					for j, x := range data.Row(i) {
						w[j] += side * x
					}
				}
			}
			if !wrong {
				break
			}
		}
		length := 0.0
		for _, v := range w {
			length += v * v
		}
		for i := range data.N {
			along := 0.0
			for j, x := range data.Row(i) {
				along += w[j] * x
			}
			if along*(2*data.Y[i]-1) <= 0 {
				t.Fatalf("seed %d: sample %d is not separated", seed, i)
			}
		}
		if d == 1 {
			for i, x := range data.X {
				if math.Abs(x) < margin {
					t.Errorf("seed %d: sample %d has margin %v", seed, i, math.Abs(x))
				}
			}
		}
	}
}

func TestSplitSelectBatches(t *testing.T) {
	data := Iris()
	train, test := data.Split(0.8, 3)
	if train.N != 120 || test.N != 30 {
		t.Fatalf("split into %d and %d", train.N, test.N)
	}
	total := func(d *Data) (s float64) {
		for _, x := range d.X {
			s += x
		}
		return s
	}
	if a, b := total(train)+total(test), total(data); math.Abs(a-b) > 1e-9 {
		t.Errorf("the parts sum to %v, the whole to %v", a, b)
	}
	for _, frac := range []float64{0, 1, -1, 2, 1e-9, math.NaN()} {
		if a, b := data.Split(frac, 1); a.Err() == nil || b.Err() == nil {
			t.Errorf("split at %v", frac)
		}
	}
	seen := make([]int, data.N)
	batches := data.Batches(32, 1)
	for _, batch := range batches {
		for _, i := range batch {
			seen[i]++
		}
	}
	if len(batches) != 5 || len(batches[4]) != 22 || slices.Max(seen) != 1 || slices.Min(seen) != 1 {
		t.Errorf("batches: %d, last %d", len(batches), len(batches[4]))
	}
	if data.Select([]int{150}).Err() == nil || data.Batches(0, 1) != nil {
		t.Error("bad arguments accepted")
	}
}

func TestTargets(t *testing.T) {
	one := Blobs(5, 3, 1, 1).OneHot()
	if one.K != 3 || !slices.Equal(one.Y, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0}) {
		t.Errorf("one-hot: %v", one.Y)
	}
	if s := XOR(4, 0, 1).Signed(); !slices.Equal(s.Y, []float64{-1, 1, 1, -1}) {
		t.Errorf("signed: %v", s.Y)
	}
	if Iris().Signed().Err() == nil || Sine(4, 0.1, 1).OneHot().Err() == nil || one.OneHot().Err() == nil {
		t.Error("targets that cannot be changed are")
	}
}

func TestErrorsStick(t *testing.T) {
	bad := CSV("testdata/no such file.csv")
	a, b := bad.Split(0.5, 1)
	for _, d := range []*Data{bad, bad.Standardize(), Iris().StandardizeLike(bad), bad.OneHot(), bad.Signed(), bad.Select(nil), a, b} {
		if d.Err() == nil || !strings.Contains(d.String(), "no such file") {
			t.Errorf("lost the error: %v", d)
		}
	}
	if (*Data)(nil).Err() == nil {
		t.Error("nil has no error")
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []*Data{
		New("a", []float64{1, 2, 3}, []float64{1}, 2), New("a", nil, nil, 1), New("a", []float64{1}, nil, 1),
		New("a", []float64{1}, []float64{1}, 0), New("a", []float64{1, 2}, []float64{1, 2, 3}, 1),
		New("a", []float64{math.NaN()}, []float64{1}, 1), New("a", []float64{1}, []float64{math.Inf(1)}, 1),
	} {
		if bad.Err() == nil {
			t.Errorf("accepted: %v", bad)
		}
	}
}

// TestEmbedded compares with scikit-learn, which testdata/make_data.py asked.
func TestEmbedded(t *testing.T) {
	iris, digits := Iris(), Digits()
	if got := iris.String(); got != "iris: 150 samples, 4 inputs, 3 classes" {
		t.Error(got)
	}
	if got := digits.String(); got != "digits: 1797 samples, 64 inputs, 10 classes" {
		t.Error(got)
	}
	if got := digits.Y[:10]; !slices.Equal(got, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Error(got)
	}
	raw, err := os.ReadFile("testdata/standardize.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Iris   [][]float64
		Digits []float64
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got := iris.Standardize()
	for k, i := range []int{0, 75, 149} {
		compare(t, got.Row(i), want.Iris[k])
	}
	compare(t, digits.Standardize().Row(1000), want.Digits)
}

func compare(t *testing.T, got, want []float64) {
	t.Helper()
	for j := range want {
		if math.Abs(got[j]-want[j]) > 1e-12 {
			t.Errorf("input %d is %v, want %v", j, got[j], want[j])
		}
	}
}
