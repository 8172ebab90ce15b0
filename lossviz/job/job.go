// Package job reads job files and does what they ask: a network, a loss, data, weights and two directions
// in one JSON file, so that slices can be computed, checked and batched without a notebook.
//
// [Read] checks everything before anything is computed, and its errors say where in the file something is wrong. The
// format is in schema.json, which [Schema] holds; the tests keep the two the same.
//
// The package knows nothing of notebooks and figures, and computes nothing itself: that is what packages nn and
// landscape are for.
package job

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// Schema is the JSON Schema (draft 2020-12) of job files.
//
//go:embed schema.json
var Schema []byte

// A Job is what a job file says, checked.
type Job struct {
	Net     *nn.Network
	Loss    nn.Loss
	Data    *dataset.Data
	L1, L2  float64
	Weights []float64 // the network's parameters
	// DX and DY are the directions of the slice, as long as Weights. DY is nil for a line, DX too where the
	// file has no directions.
	DX, DY []float64
	// X and Y are the coordinates; nil where the file has none.
	X, Y   *landscape.Axis
	Report []string // what to compute, besides the loss
}

// What "report" may ask for.
const (
	reportLoss     = "loss"
	reportAccuracy = "accuracy"
	reportGradient = "gradient-norm"
	reportHessian  = "hessian-extremes"
)

var reports = []string{reportLoss, reportAccuracy, reportGradient, reportHessian}

// maxFile is the largest job file that is read, in bytes. Larger data belong into a .npz file.
const maxFile = 4 << 30

// Read reads and checks a job file. Files it names are relative to its folder.
func Read(path string) (*Job, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %d bytes are too many for a job file; put the data into a .npz file", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	job, err := Parse(text, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return job, nil
}

// Parse is [Read] for a text and the folder that the files it names are in.
func Parse(text []byte, folder string) (*Job, error) {
	v, err := parse(text)
	if err != nil {
		return nil, plainError{err}
	}
	r := &reader{folder: folder}
	if err := r.read(v); err != nil {
		return nil, plainError{err}
	}
	return &r.job, nil
}

// Objective is the loss as a function of the parameters.
func (j *Job) Objective() *landscape.NetworkObjective {
	return landscape.NewObjective(j.Net, j.Loss, j.Data, landscape.L1(j.L1), landscape.L2(j.L2))
}

type reader struct {
	folder string
	keys   map[string]string // for all files that have none of their own
	job    Job
}

func (r *reader) read(v value) error {
	o, err := v.object()
	if err != nil {
		return err
	}
	network, err := o.need("network")
	if err != nil {
		return err
	}
	if r.job.Net, err = readNetwork(network); err != nil {
		return err
	}
	for _, step := range []func(*object) error{r.loss, r.penalties, r.fileKeys} {
		if err := step(o); err != nil {
			return err
		}
	}
	weights, err := o.need("weights")
	if err != nil {
		return err
	}
	if r.job.Weights, err = r.weights(weights); err != nil {
		return err
	}
	for _, step := range []func(*object) error{r.data, r.directions, r.grid, r.report} {
		if err := step(o); err != nil {
			return err
		}
	}
	if err := o.done("network", "loss", "l1", "l2", "data", "weights", "keys", "directions", "x", "y", "report"); err != nil {
		return err
	}
	return r.job.Objective().Err()
}

func readNetwork(v value) (*nn.Network, error) {
	if v.kind != isObject {
		return nil, errAt(v.path, "is %v, want an object", v)
	}
	net := new(nn.Network)
	if err := net.UnmarshalJSON(v.raw); err != nil {
		return nil, errAt(v.path, "%w", err)
	}
	return net, nil
}

func (r *reader) loss(o *object) error {
	v, err := o.need("loss")
	if err != nil {
		return err
	}
	name, err := v.string()
	if err != nil {
		return err
	}
	if r.job.Loss, err = nn.ParseLoss(name); err != nil {
		return errAt(v.path, "%w", err)
	}
	return nil
}

func (r *reader) penalties(o *object) error {
	for _, p := range []struct {
		key string
		to  *float64
	}{{"l1", &r.job.L1}, {"l2", &r.job.L2}} {
		v, ok := o.take(p.key)
		if !ok {
			continue
		}
		x, err := v.scalar()
		if err != nil {
			return err
		}
		if x < 0 {
			return errAt(v.path, "is %v; a penalty is not negative", x)
		}
		*p.to = x
	}
	return nil
}

func (r *reader) fileKeys(o *object) error {
	v, ok := o.take("keys")
	if !ok {
		return nil
	}
	var err error
	r.keys, err = readKeys(v)
	return err
}

// data reads {"x": [[...], ...], "y": [...]} or {"file": "d.npz"} with arrays x and y.
func (r *reader) data(o *object) error {
	v, err := o.need("data")
	if err != nil {
		return err
	}
	d, err := v.object()
	if err != nil {
		return err
	}
	var x, y nn.Tensor
	at := func(name string) string { return join(v.path, name) }
	if file, ok := d.take("file"); ok {
		arrays, err := r.arrays(file)
		if err != nil {
			return err
		}
		at = func(name string) string { return fmt.Sprintf("%s (file %q): %s", v.path, file.text, name) }
		for _, p := range []struct {
			name string
			to   *nn.Tensor
		}{{"x", &x}, {"y", &y}} {
			a, ok := arrays[p.name]
			if !ok {
				return errAt(file.path, "%q has no array %q", file.text, p.name)
			}
			*p.to = a
		}
	} else {
		for _, p := range []struct {
			name string
			to   *nn.Tensor
		}{{"x", &x}, {"y", &y}} {
			f, err := d.need(p.name)
			if err != nil {
				return err
			}
			if f.kind != isNumbers {
				what := "an array of samples, each an array of numbers"
				if p.name == "y" {
					what = "an array of targets"
				}
				if f.kind == isList && len(f.list) == 0 {
					return errAt(f.path, "is empty, want %s", what)
				}
				_, err := f.numbers(2, what)
				return err
			}
			*p.to = f.number
		}
	}
	if err := d.done("x", "y", "file"); err != nil {
		return err
	}
	return r.checkData(x, y, at)
}

func (r *reader) checkData(x, y nn.Tensor, at func(string) string) error {
	inputs := r.job.Net.Input().Size()
	switch {
	case len(x.Shape) < 2:
		return errAt(at("x"), "has shape %s, want samples x %d", shapeText(x.Shape), inputs)
	case len(y.Shape) != 1 && len(y.Shape) != 2:
		return errAt(at("y"), "has shape %s, want a target (or an array of targets) for each sample", shapeText(y.Shape))
	case len(x.Data) == 0:
		return errAt(at("x"), "has shape %s: there are no samples", shapeText(x.Shape))
	case x.Shape[0] != y.Shape[0]:
		return errAt(at("y"), "has %d targets for %d samples", y.Shape[0], x.Shape[0])
	}
	n := x.Shape[0]
	if size := len(x.Data) / n; size != inputs {
		return errAt(at("x"), "samples have %d numbers, but the network's layer 0 takes %v", size, r.job.Net.Input())
	}
	if len(y.Data) == 0 {
		return errAt(at("y"), "has shape %s: there are no targets", shapeText(y.Shape))
	}
	for _, a := range []struct {
		name string
		nn.Tensor
	}{{"x", x}, {"y", y}} {
		if err := finite(at(a.name), a.Tensor); err != nil {
			return err
		}
	}
	r.job.Data = dataset.New("data", x.Data, y.Data, inputs)
	if err := r.job.Data.Err(); err != nil {
		return errAt(at("x"), "%w", err)
	}
	// What is left to go wrong is targets that do not fit the loss.
	if err := r.job.Objective().Err(); err != nil {
		return errAt(at("y"), "%w", err)
	}
	return nil
}

// directions reads {"x": {...}, "y": {...}}, or {"file": ...} with arrays named "x.0.weight" and so on.
func (r *reader) directions(o *object) error {
	v, ok := o.take("directions")
	if !ok {
		return nil
	}
	d, err := v.object()
	if err != nil {
		return err
	}
	if file, ok := d.take("file"); ok {
		return r.directionFile(d, file)
	}
	for _, p := range []struct {
		key string
		to  *[]float64
	}{{"x", &r.job.DX}, {"y", &r.job.DY}} {
		f, ok := d.take(p.key)
		if !ok {
			continue
		}
		if *p.to, err = r.weights(f); err != nil {
			return err
		}
	}
	if r.job.DX == nil {
		return errAt(v.path, "\"x\" is missing")
	}
	return d.done("x", "y", "file")
}

// directionFile reads both directions from one file, where names begin with "x." and "y.".
func (r *reader) directionFile(d *object, file value) error {
	tensors, keys, err := r.file(d, file)
	if err != nil {
		return err
	}
	parts := map[string]map[string]nn.Tensor{}
	for name, t := range tensors {
		which, rest, _ := strings.Cut(name, ".")
		if which != "x" && which != "y" {
			return errAt(file.path, "%q: array %q: names of directions begin with \"x.\" or \"y.\"", file.text, name)
		}
		if parts[which] == nil {
			parts[which] = map[string]nn.Tensor{}
		}
		parts[which][rest] = t
	}
	if parts["x"] == nil {
		return errAt(file.path, "%q has no arrays \"x.*\"", file.text)
	}
	if r.job.DX, err = r.job.Net.Load(parts["x"], keys); err == nil && parts["y"] != nil {
		r.job.DY, err = r.job.Net.Load(parts["y"], keys)
	}
	if err != nil {
		return errAt(file.path, "%q: %w", file.text, err)
	}
	return nil
}

// grid reads "x" and "y": [from, to, points].
func (r *reader) grid(o *object) error {
	for _, p := range []struct {
		key       string
		to        **landscape.Axis
		direction []float64
	}{{"x", &r.job.X, r.job.DX}, {"y", &r.job.Y, r.job.DY}} {
		v, ok := o.take(p.key)
		if !ok {
			continue
		}
		a, err := v.numbers(1, "[from, to, points]")
		if err != nil {
			return err
		}
		if len(a.Data) != 3 {
			return errAt(v.path, "is %v, want [from, to, points]", v)
		}
		from, to, n := a.Data[0], a.Data[1], a.Data[2]
		switch {
		case n != math.Trunc(n) || n < 1 || n > 1e9:
			return errAt(v.path+"[2]", "is %v points, want a whole number from 1 to 1e9", strconv.FormatFloat(n, 'f', -1, 64))
		case n > 1 && (!(from < to) || math.IsInf(to-from, 0)):
			return errAt(v.path, "goes from %v to %v; the ends must increase", from, to)
		case p.direction == nil:
			return errAt(v.path, "there is no direction %q for this axis in \"directions\"", p.key)
		}
		if n == 1 { // as NumPy's and PyTorch's linspace
			to = from
		}
		*p.to = &landscape.Axis{From: from, To: to, N: int(n)}
	}
	if r.job.Y != nil && r.job.X == nil {
		return errors.New("\"x\" is missing: [from, to, points] along directions.x")
	}
	if r.job.X != nil && r.job.DY != nil && r.job.Y == nil {
		return errors.New("\"y\" is missing: [from, to, points] along directions.y; for a line leave directions.y out")
	}
	return nil
}

func (r *reader) report(o *object) error {
	v, ok := o.take("report")
	if !ok {
		return nil
	}
	if v.kind != isList {
		return errAt(v.path, "is %v, want an array of %s", v, strings.Join(reports, ", "))
	}
	for _, e := range v.list {
		name, err := e.string()
		if err != nil {
			return err
		}
		switch {
		case !slices.Contains(reports, name):
			return errAt(e.path, "nothing is called %q; there are %s", name, strings.Join(reports, ", "))
		case slices.Contains(r.job.Report, name):
			return errAt(e.path, "%q is there twice", name)
		}
		r.job.Report = append(r.job.Report, name)
	}
	return nil
}
