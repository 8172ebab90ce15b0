package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/gosaddle/saddle/lossviz/internal/decimal"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// A Result is the values of a job's quantities at its points, or at a shard of them.
type Result struct {
	X, Y   []float64 // coordinates; Y is nil for a line
	Names  []string  // quantities, in the order of the output
	Values [][]float64
	// Code is the code path that computed, Identity a hash of everything that the values depend on.
	Code, Identity string
	// From and To is the range of points that are computed: X[i], Y[j] is point i*len(Y)+j. Values[q] holds these.
	From, To int
}

// null marks quantities that mean nothing for the job; their values are nil.
func null(values []float64) bool { return values == nil }

func (r *Result) points() int { return len(r.X) * max(1, len(r.Y)) }

// A Shard is one of N parts of a job. The zero value is the whole job.
type Shard struct{ I, N int }

// ParseShard reads "I/N". I counts from 1 to N, or, as job arrays do, from 0 to N-1: shard 0
// and shard N are the same.
func ParseShard(s string) (Shard, error) {
	var shard Shard
	n, err := fmt.Sscanf(s, "%d/%d", &shard.I, &shard.N)
	if n != 2 || err != nil || fmt.Sprintf("%d/%d", shard.I, shard.N) != s || shard.N < 1 || shard.I < 0 || shard.I > shard.N {
		return Shard{}, fmt.Errorf("shard %q: want I/N, I from 1 to N or from 0 to N-1", s)
	}
	if shard.I == 0 {
		shard.I = shard.N
	}
	return shard, nil
}

// Slice computes a job, or a shard of it. With a checkpoint, a file's name, finished tiles are kept in
// that file, and computed no more if it is run again.
func (j *Job) Slice(ctx context.Context, shard Shard, checkpoint string) (*Result, error) {
	if j.X == nil {
		return nil, errors.New("a slice needs \"directions\" and \"x\": [from, to, points]")
	}
	opts := []landscape.SliceOption{landscape.Context(ctx), landscape.Quiet(), landscape.Checkpoint(checkpoint)}
	names, meaningless := []string{landscape.NameLoss}, []string(nil)
	for _, report := range j.Report {
		switch report {
		case reportAccuracy:
			if !classifies(j.Loss) {
				meaningless = append(meaningless, landscape.NameAccuracy)
				continue
			}
			opts, names = append(opts, landscape.Report(landscape.Accuracy())), append(names, landscape.NameAccuracy)
		case reportGradient:
			opts, names = append(opts, landscape.Report(landscape.GradientNorm())), append(names, landscape.NameGradientNorm)
		case reportHessian:
			opts = append(opts, landscape.Report(landscape.HessianExtremes()))
			names = append(names, landscape.NameHessianMin, landscape.NameHessianMax)
		}
	}
	if shard.N > 0 {
		opts = append(opts, landscape.Shard(shard.I, shard.N))
	}
	r := &Result{Names: names}
	var finished func(point int) bool
	var value func(name string, point int) float64
	dx, objective := landscape.Given("x", j.DX), j.Objective()
	if j.Y == nil {
		c := landscape.Along(objective, j.Weights, dx, append(opts, landscape.OverAxis(*j.X))...)
		if err := c.Err(); err != nil {
			return nil, plainError{err}
		}
		r.X, r.Code, r.Identity = c.T, c.Made.Code, c.Made.Identity
		finished, value = c.Finished, func(name string, point int) float64 { return c.Values[name][point] }
	} else {
		// No NewPlane: it refuses parallel directions, which are no plane to look at. Here the formula says what is meant.
		plane := &landscape.Plane{Origin: j.Weights, X: dx, Y: landscape.Given("y", j.DY)}
		s := landscape.Slice(objective, plane, landscape.Grid{X: *j.X, Y: *j.Y}, opts...)
		if err := s.Err(); err != nil {
			return nil, plainError{err}
		}
		r.X, r.Y, r.Code, r.Identity = s.X, s.Y, s.Made.Code, s.Made.Identity
		n := len(s.Y)
		finished = func(point int) bool { return s.Finished(point/n, point%n) }
		value = func(name string, point int) float64 { return s.Values[name][point/n][point%n] }
	}
	// A shard is a range of points, perhaps an empty one.
	for r.From < r.points() && !finished(r.From) {
		r.From++
	}
	for r.To = r.From; r.To < r.points() && finished(r.To); r.To++ {
	}
	for _, name := range names {
		values := make([]float64, r.To-r.From)
		for i := range values {
			values[i] = value(name, r.From+i)
		}
		r.Values = append(r.Values, values)
	}
	for _, name := range meaningless {
		r.Names, r.Values = append(r.Names, name), append(r.Values, nil)
	}
	return r, nil
}

// classifies tells losses that have an accuracy.
func classifies(l nn.Loss) bool {
	return l == nn.LogisticLoss || l == nn.CrossEntropy || l == nn.Hinge
}

// Write writes a complete result as JSON: {"x": [...], "y": [...], "loss": [[...]], ...}, value [i][j] at
// x[i], y[j]; for a line flat arrays and no y.
func (r *Result) Write(w io.Writer) error {
	if r.From != 0 || r.To != r.points() {
		return fmt.Errorf("points %d to %d of %d are no whole slice", r.From, r.To, r.points())
	}
	out := append([]byte(`{"x": `), appendNumbers(nil, r.X)...)
	if r.Y != nil {
		out = appendNumbers(append(out, ",\n\"y\": "...), r.Y)
	}
	for q, name := range r.Names {
		out = append(out, ",\n"+strconv.Quote(name)+": "...)
		switch {
		case null(r.Values[q]):
			out = append(out, "null"...)
		case r.Y == nil:
			out = appendNumbers(out, r.Values[q])
		default:
			out = appendRows(out, r.Values[q], len(r.Y))
		}
	}
	_, err := w.Write(append(out, "}\n"...))
	return err
}

func appendRows(out []byte, values []float64, columns int) []byte {
	out = append(out, '[')
	for i := 0; i < len(values); i += columns {
		if i > 0 {
			out = append(out, ",\n "...)
		}
		out = appendNumbers(out, values[i:i+columns])
	}
	return append(out, ']')
}

// appendNumbers writes an array of numbers; see [decimal.Append].
func appendNumbers(out []byte, values []float64) []byte {
	out = append(out, '[')
	for i, x := range values {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = decimal.Append(out, x)
	}
	return append(out, ']')
}

// A part is the file of a shard. Values are the bytes of little-endian float64 (base64 in JSON).
type part struct {
	Format   string            `json:"format"`
	Shard    string            `json:"shard"`
	Code     string            `json:"code"`
	Identity string            `json:"identity"`
	X        []float64         `json:"x"`
	Y        []float64         `json:"y,omitempty"`
	From     int               `json:"from"`
	To       int               `json:"to"`
	Names    []string          `json:"names"`
	Values   map[string][]byte `json:"values"` // null for what means nothing
}

const partFormat = "saddle-part-1"

// WritePart writes the result of a shard, for [Merge].
func (r *Result) WritePart(w io.Writer, s Shard) error {
	p := part{Format: partFormat, Shard: fmt.Sprintf("%d/%d", s.I, s.N), Code: r.Code, Identity: r.Identity,
		X: r.X, Y: r.Y, From: r.From, To: r.To, Names: r.Names, Values: map[string][]byte{}}
	for q, name := range r.Names {
		if !null(r.Values[q]) {
			p.Values[name] = bytesOf(r.Values[q])
		}
	}
	return json.NewEncoder(w).Encode(p)
}

// Merge joins the parts of one job, in any order. Missing parts, parts of another job or of the same job
// on another code path, and damaged files are refused.
func Merge(paths ...string) (*Result, error) {
	if len(paths) == 0 {
		return nil, errors.New("no parts to merge")
	}
	var out *Result
	var done []bool
	for _, path := range paths {
		r, err := readPart(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if out == nil {
			out = &Result{X: r.X, Y: r.Y, Names: r.Names, Code: r.Code, Identity: r.Identity}
			out.To = out.points()
			done = make([]bool, out.To)
			for q := range r.Names {
				var values []float64
				if !null(r.Values[q]) {
					values = make([]float64, out.To)
				}
				out.Values = append(out.Values, values)
			}
		}
		switch {
		case r.Code != out.Code:
			return nil, fmt.Errorf("%s: it was computed by other code (%s) than %s (%s); their bits may differ", path, r.Code, paths[0], out.Code)
		case r.Identity != out.Identity || !slices.Equal(r.Names, out.Names) || !slices.Equal(r.X, out.X) || !slices.Equal(r.Y, out.Y):
			return nil, fmt.Errorf("%s: it is part of another job than %s", path, paths[0])
		}
		for i := r.From; i < r.To; i++ {
			if done[i] {
				return nil, fmt.Errorf("%s: it has points that an earlier part has, too", path)
			}
			done[i] = true
		}
		for q, values := range r.Values {
			if null(values) != null(out.Values[q]) {
				return nil, fmt.Errorf("%s: it is part of another job than %s", path, paths[0])
			}
			if !null(values) {
				copy(out.Values[q][r.From:r.To], values)
			}
		}
	}
	missing := 0
	for _, d := range done {
		if !d {
			missing++
		}
	}
	if missing > 0 {
		return nil, fmt.Errorf("parts are missing: they hold %d of %d points", len(done)-missing, len(done))
	}
	return out, nil
}

// readPart reads and checks a part.
func readPart(path string) (*Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var p part
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("it is no part of a job: %w", err)
	}
	r := &Result{X: p.X, Y: p.Y, Names: p.Names, Code: p.Code, Identity: p.Identity, From: p.From, To: p.To}
	switch {
	case p.Format != partFormat:
		return nil, fmt.Errorf("it is no part of a job: its format is %q, not %q", p.Format, partFormat)
	case p.From < 0 || p.To < p.From || p.To > r.points():
		return nil, fmt.Errorf("it is damaged: points %d to %d of %d", p.From, p.To, r.points())
	}
	for _, name := range p.Names {
		raw, ok := p.Values[name]
		if !ok {
			r.Values = append(r.Values, nil)
			continue
		}
		if len(raw) != 8*(p.To-p.From) {
			return nil, fmt.Errorf("it is damaged: %d bytes of %s for %d points", len(raw), name, p.To-p.From)
		}
		r.Values = append(r.Values, floatsOf(raw))
	}
	return r, nil
}

// WriteFile makes a file of what write writes, all or nothing: a reader never sees a half of it, and
// nothing is left behind when something goes wrong.
func WriteFile(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // no longer there once it is renamed
	err = write(file)
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
