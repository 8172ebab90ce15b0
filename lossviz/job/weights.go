package job

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosaddle/saddle/lossviz/internal/npz"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// weights reads a vector as long as the parameters: {"0.weight": [[...]], ...} or {"file": "w.safetensors"}.
func (r *reader) weights(v value) ([]float64, error) {
	o, err := v.object()
	if err != nil {
		return nil, err
	}
	if file, ok := o.take("file"); ok {
		return r.weightFile(o, file)
	}
	var names []string
	var theta []float64 // grown, not made: a network is easily written larger than memory
	for _, b := range r.job.Net.Blocks() {
		names = append(names, b.Name)
		f, err := o.need(b.Name)
		if err != nil {
			return nil, err
		}
		t, err := f.numbers(len(b.Shape), "an array of "+shapeText(b.Shape)+" numbers")
		if err != nil {
			return nil, err
		}
		if !slices.Equal(t.Shape, b.Shape) {
			return nil, errAt(f.path, "is %v, want %s", f, shapeText(b.Shape))
		}
		theta = append(theta, t.Data...) // blocks lie in this order, without gaps
	}
	return theta, o.done(append(names, "file")...)
}

// weightFile reads {"file": ..., "keys": {...}, "running": true}.
func (r *reader) weightFile(o *object, file value) ([]float64, error) {
	running := false
	if v, ok := o.take("running"); ok {
		if v.kind != isBool || o.path != "weights" {
			return nil, errAt(v.path, "is %v; \"running\" is true or false, and of \"weights\" only", v)
		}
		running = v.flag
	}
	tensors, keys, err := r.file(o, file)
	if err != nil {
		return nil, err
	}
	theta, err := r.job.Net.Load(tensors, keys)
	if err == nil && running {
		r.job.Net, err = r.job.Net.LoadRunning(tensors, keys)
	}
	if err != nil {
		return nil, errAt(file.path, "%q: %w", file.text, err)
	}
	return theta, nil
}

// file reads the arrays that an object's "file" names, and its "keys", or those of the whole job.
func (r *reader) file(o *object, file value) (tensors map[string]nn.Tensor, keys map[string]string, err error) {
	if tensors, err = r.arrays(file); err != nil {
		return nil, nil, err
	}
	delete(tensors, "num_batches_tracked")
	for name := range tensors {
		if strings.HasSuffix(name, ".num_batches_tracked") { // PyTorch's batch norm counts; .npz files may hold it
			delete(tensors, name)
		}
	}
	keys = r.keys
	if v, ok := o.take("keys"); ok {
		if keys, err = readKeys(v); err != nil {
			return nil, nil, err
		}
	}
	return tensors, keys, o.done("file", "keys", "running")
}

// readKeys reads {"0": "fc1", ...}: layers of the network and their names in a file.
func readKeys(v value) (map[string]string, error) {
	o, err := v.object()
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for _, k := range o.keys {
		if keys[k], err = o.fields[k].string(); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// arrays reads a file named in the job, relative to the job's folder. All numbers are finite.
func (r *reader) arrays(file value) (map[string]nn.Tensor, error) {
	name, err := file.string()
	if err != nil {
		return nil, err
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.folder, path)
	}
	var arrays map[string]nn.Tensor
	switch filepath.Ext(path) {
	case ".npz":
		var text []byte
		var read map[string]npz.Array
		if text, err = os.ReadFile(path); err == nil {
			read, err = npz.Read(text)
		}
		arrays = map[string]nn.Tensor{}
		for name, a := range read {
			arrays[name] = nn.Tensor(a)
		}
	case ".safetensors":
		arrays, err = nn.ReadSafetensors(path)
	default:
		return nil, errAt(file.path, "%q is neither .npz nor .safetensors", name)
	}
	if err != nil {
		return nil, errAt(file.path, "%w", err)
	}
	for name, t := range arrays {
		if err := finite(fmt.Sprintf("%s: %q: array %q", file.path, file.text, name), t); err != nil {
			return nil, err
		}
	}
	return arrays, nil
}

// finite refuses NaN and infinities, which files can hold.
func finite(path string, t nn.Tensor) error {
	for i, x := range t.Data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return errAt(path+indices(i, t.Shape), "is %v; all numbers of a job must be finite", x)
		}
	}
	return nil
}

// indices writes the place of the i-th number of an array: "[3][1]".
func indices(i int, shape []int) string {
	s := ""
	for axis := len(shape) - 1; axis >= 0; axis-- {
		s = fmt.Sprintf("[%d]", i%shape[axis]) + s
		i /= shape[axis]
	}
	return s
}
