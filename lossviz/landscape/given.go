package landscape

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// GivenSurface makes a surface of numbers from elsewhere, such as another program's landscape or the difference of two
// surfaces: z[i][j] at (x[i], y[j]), in len(x) rows of len(y) numbers, with increasing coordinates. NaN and infinities
// are holes. It has all that a [Slice] has but an objective; its plane is that of its own two coordinates. The
// numbers are copied.
func GivenSurface(name string, x, y []float64, z [][]float64) *Surface {
	fail := func(err error) *Surface {
		return &Surface{err: fmt.Errorf("landscape: given surface %s: %w", name, err)}
	}
	if err := errors.Join(increasing(x), increasing(y)); err != nil {
		return fail(err)
	}
	if len(x) == 0 || len(y) == 0 || len(z) != len(x) {
		return fail(fmt.Errorf("%d coordinates x, %d coordinates y and %s of numbers; give at least one of each, and a row for each x", len(x), len(y), count(len(z), "row")))
	}
	rec := newRecord(1, len(x)*len(y))
	for i, row := range z {
		if len(row) != len(y) {
			return fail(fmt.Errorf("row %d has %s, want one for each of %d coordinates y", i, count(len(row), "number"), len(y)))
		}
		copy(rec.values[0][i*len(y):], row)
	}
	for t := range rec.done {
		rec.done[t] = true
	}
	h := sha256.New()
	fmt.Fprintf(h, "given|%d|%d|", len(x), len(y))
	for _, v := range [][]float64{x, y, rec.values[0]} {
		hashFloats(h, v)
	}
	rec.fingerprint = hex.EncodeToString(h.Sum(nil)[:16])
	s := &Surface{X: clone(x), Y: clone(y), Origin: []float64{0, 0}, XVector: []float64{1, 0}, YVector: []float64{0, 1}, rec: rec}
	s.shape([]string{NameLoss})
	s.Made = Provenance{Version: version, Objective: name, X: "x", Y: "y", XAxis: "x", YAxis: "y", Code: "given", Identity: rec.fingerprint}
	return s
}

// Negated returns the surface upside down, with minus the loss: the basins of its [MergeTree] are the peaks of s, its
// merge tree of superlevel sets (each point joined to eight neighbours, where [MorseSmale] joins what is
// above a level to four). Other quantities are as they were; marks and paths are left out, and so is the objective.
func (s *Surface) Negated() *Surface {
	if s == nil || s.rec == nil {
		return &Surface{err: s.Err()}
	}
	out := *s
	rec := *s.rec
	rec.values = slices.Clone(s.rec.values)
	rec.values[0] = clone(s.rec.values[0])
	for k := range rec.values[0] {
		rec.values[0][k] = -rec.values[0][k]
	}
	rec.fingerprint += "-negated" // not to be resumed or merged with what it was made of
	out.rec, out.obj, out.Paths, out.Marks, out.clip, out.log = &rec, nil, nil, nil, 0, false
	out.Made.Objective, out.Made.Identity = "minus "+s.Made.Objective, rec.fingerprint
	out.plane = s.Plane()
	out.shape(s.Names)
	return &out
}
