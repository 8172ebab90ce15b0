// Package dataset makes and reads the small data sets that landscapes are drawn
// over: synthetic clouds, two embedded classics (Iris and 8x8 digits) and CSV
// files. It knows nothing of networks, losses or figures: a [Data] is arrays
// and names.
//
// Everything random takes a seed and draws from math/rand/v2's PCG in a fixed
// order, so that equal arguments give equal bits.
//
// Functions return a single *Data. If they could not do what was asked, its
// [Data.Err] says why, and everything that takes a Data passes that error on.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Data is N samples of D inputs with K targets each.
//
// Targets are class numbers 0, 1, ... in one column, or {0, 1} (which is the
// same for two classes), or {-1, +1} for the hinge loss, or real numbers.
// Treat a Data as read-only once made: methods return new ones, and objectives rely on it.
type Data struct {
	Name     string
	X        []float64 // inputs, N x D, row-major
	Y        []float64 // targets, N x K, row-major
	N, D, K  int
	Features []string // names of the D inputs, or nil
	Classes  []string // names of the classes by number, or nil for a regression

	err error
}

// New returns the data with inputs x (n x d, row-major) and targets y (n x k,
// row-major), where n = len(x)/d and k = len(y)/n. The slices are kept, not
// copied. Sizes that do not divide, no samples, and values that are not finite
// are errors.
func New(name string, x, y []float64, d int) *Data {
	if d <= 0 || len(x) == 0 || len(x)%d != 0 {
		return failed("%s: %d input values do not make samples of %d inputs", name, len(x), d)
	}
	n := len(x) / d
	if len(y) == 0 || len(y)%n != 0 {
		return failed("%s: %d target values do not divide over %d samples", name, len(y), n)
	}
	data := &Data{Name: name, X: x, Y: y, N: n, D: d, K: len(y) / n}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return failed("%s: input %d of sample %d is %v; inputs must be finite", name, i%d, i/d, v)
		}
	}
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return failed("%s: target %d of sample %d is %v; targets must be finite", name, i%data.K, i/data.K, v)
		}
	}
	return data
}

// failed returns a Data that carries only an error.
func failed(format string, args ...any) *Data {
	return &Data{err: fmt.Errorf("dataset: "+format, args...)}
}

// Err says why the data could not be made, or nil.
func (d *Data) Err() error {
	if d == nil {
		return fmt.Errorf("dataset: the data is nil")
	}
	return d.err
}

// Row is the inputs of sample i, D values; a view, not a copy.
func (d *Data) Row(i int) []float64 { return d.X[i*d.D : (i+1)*d.D : (i+1)*d.D] }

// Target is the targets of sample i, K values; a view, not a copy.
func (d *Data) Target(i int) []float64 { return d.Y[i*d.K : (i+1)*d.K : (i+1)*d.K] }

// String describes the data in a line, or says its error.
func (d *Data) String() string {
	if err := d.Err(); err != nil {
		return "error: " + err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d samples, %s, ", d.Name, d.N, count(d.D, "input"))
	if len(d.Classes) > 0 {
		fmt.Fprintf(&b, "%d classes", len(d.Classes))
	} else {
		b.WriteString(count(d.K, "target"))
	}
	return b.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Hash identifies the contents: 16 hexadecimal digits of the SHA-256 of the
// shape and of every bit of X and Y. Names do not count.
func (d *Data) Hash() string {
	h := sha256.New()
	var b [8]byte
	put := func(v uint64) {
		binary.LittleEndian.PutUint64(b[:], v)
		h.Write(b[:])
	}
	put(uint64(d.N))
	put(uint64(d.D))
	put(uint64(d.K))
	for _, values := range [][]float64{d.X, d.Y} {
		for _, v := range values {
			put(math.Float64bits(v))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Select returns the samples with the given numbers, in that order, as a copy.
func (d *Data) Select(rows []int) *Data {
	if d.Err() != nil {
		return d
	}
	if len(rows) == 0 {
		return failed("%s: no samples are selected", d.Name)
	}
	out := d.like(len(rows))
	for i, r := range rows {
		if r < 0 || r >= d.N {
			return failed("%s: no sample %d among %d", d.Name, r, d.N)
		}
		copy(out.Row(i), d.Row(r))
		copy(out.Target(i), d.Target(r))
	}
	return out
}

// like returns zeroed data of n samples with everything else as in d.
func (d *Data) like(n int) *Data {
	out := *d
	out.N, out.X, out.Y = n, make([]float64, n*d.D), make([]float64, n*d.K)
	return &out
}

// Split shuffles the samples and gives the first frac of them (rounded; 0 < frac
// < 1) to train and the others to test. Both must get at least one.
func (d *Data) Split(frac float64, seed uint64) (train, test *Data) {
	if d.Err() != nil {
		return d, d
	}
	n := int(math.Round(frac * float64(d.N)))
	if !(frac > 0 && frac < 1) || n == 0 || n == d.N {
		bad := failed("%s: cannot split %d samples at %v; both parts need a sample", d.Name, d.N, frac)
		return bad, bad
	}
	order := newRand(seed).Perm(d.N)
	train, test = d.Select(order[:n]), d.Select(order[n:])
	train.Name += " (train)"
	test.Name += " (test)"
	return train, test
}

// Standardize shifts and scales every input to mean 0 and variance 1 (dividing by N).
// An input that is constant becomes 0. To treat test data as the training data
// were, use [Data.StandardizeLike].
func (d *Data) Standardize() *Data { return d.StandardizeLike(d) }

// StandardizeLike standardizes d with the means and variances of ref.
func (d *Data) StandardizeLike(ref *Data) *Data {
	if d.Err() != nil {
		return d
	}
	if err := ref.Err(); err != nil {
		return &Data{err: fmt.Errorf("dataset: standardize %s: %w", d.Name, err)}
	}
	if d.D != ref.D {
		return failed("%s has %d inputs, %s has %d: cannot standardize one like the other", d.Name, d.D, ref.Name, ref.D)
	}
	out := d.like(d.N)
	copy(out.Y, d.Y)
	for j := range d.D {
		mean, variance := 0.0, 0.0
		for i := range ref.N {
			mean += ref.X[i*d.D+j]
		}
		mean /= float64(ref.N)
		for i := range ref.N {
			c := ref.X[i*d.D+j] - mean
			variance += c * c
		}
		scale := 1 / math.Sqrt(variance/float64(ref.N))
		if math.IsInf(scale, 0) {
			scale = 0
		}
		for i := range d.N {
			out.X[i*d.D+j] = (d.X[i*d.D+j] - mean) * scale
		}
	}
	return out
}

// OneHot replaces class numbers (one column) by K = number of classes columns of
// 0 and 1, as the squared loss of a classifier takes them.
func (d *Data) OneHot() *Data {
	if d.Err() != nil {
		return d
	}
	classes, err := d.classCount()
	if err != nil {
		return &Data{err: err}
	}
	out := *d
	out.K = classes
	out.Y = make([]float64, d.N*classes)
	for i, c := range d.Y {
		out.Y[i*classes+int(c)] = 1
	}
	return &out
}

// Signed replaces the targets 0 and 1 by -1 and +1, as the hinge loss takes them.
func (d *Data) Signed() *Data {
	if d.Err() != nil {
		return d
	}
	out := *d
	out.Y = make([]float64, len(d.Y))
	for i, y := range d.Y {
		if y != 0 && y != 1 {
			return failed("%s: sample %d has target %v; only 0 and 1 can be signed", d.Name, i/d.K, y)
		}
		out.Y[i] = 2*y - 1
	}
	return &out
}

// maxClasses bounds what OneHot makes of one bad number.
const maxClasses = 1 << 16

func (d *Data) classCount() (int, error) {
	if d.K != 1 {
		return 0, fmt.Errorf("dataset: %s has %d targets a sample; class numbers are one column", d.Name, d.K)
	}
	classes := max(len(d.Classes), 1)
	for i, y := range d.Y {
		if y < 0 || y != math.Trunc(y) || y >= maxClasses {
			return 0, fmt.Errorf("dataset: %s: sample %d has target %v, which is no class number", d.Name, i, y)
		}
		classes = max(classes, int(y)+1)
	}
	return classes, nil
}

// Batches shuffles the sample numbers and cuts them into mini-batches of size;
// the last may be smaller. Give every epoch its own seed.
func (d *Data) Batches(size int, seed uint64) [][]int {
	if d.Err() != nil || size < 1 {
		return nil
	}
	return slices.Collect(slices.Chunk(newRand(seed).Perm(d.N), size))
}

// newRand is the only source of chance here. The second word is an arbitrary
// constant: it sets these streams apart from other users of the same seed.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x5add1e)) }
