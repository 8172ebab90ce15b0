package nn

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A Tensor is an array of numbers with its shape, row-major. No shape at all is one number.
type Tensor struct {
	Shape []int
	Data  []float64
}

// LoadSafetensors reads parameters that PyTorch saved. See [ReadSafetensors] for the format
// and [Network.Load] for keys, which may be nil.
func LoadSafetensors(net *Network, path string, keys map[string]string) ([]float64, error) {
	tensors, err := ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	theta, err := net.Load(tensors, keys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return theta, nil
}

// ReadSafetensors reads the tensors of a safetensors file by name. Numbers of types F64, F32, F16 and BF16 are
// widened to float64, exactly; tensors of integers and booleans (counters, masks) are left out.
func ReadSafetensors(path string) (map[string]Tensor, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("nn: read safetensors: %w", err)
	}
	tensors, err := ParseSafetensors(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, nil
}

// An entry is what a file's header says about one tensor.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // of the numbers, counted from the end of the header
}

// ParseSafetensors is [ReadSafetensors] of a file's bytes: the header's length in 8 bytes, little
// end first; a JSON header; the numbers.
func ParseSafetensors(file []byte) (map[string]Tensor, error) {
	if len(file) < 8 {
		return nil, fmt.Errorf("nn: safetensors: the file has %d bytes; it is not a safetensors file", len(file))
	}
	length := binary.LittleEndian.Uint64(file)
	if length > uint64(len(file)-8) {
		return nil, fmt.Errorf("nn: safetensors: a header of %d bytes does not fit in a file of %d; it is cut off or not a safetensors file", length, len(file))
	}
	header, numbers := file[8:8+length], file[8+length:]
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, fmt.Errorf("nn: safetensors: header: %w", err)
	}
	tensors := map[string]Tensor{}
	for _, name := range slices.Sorted(maps.Keys(entries)) { // sorted: the same error every time
		if name == "__metadata__" {
			continue
		}
		var e entry
		if err := json.Unmarshal(entries[name], &e); err != nil {
			return nil, fmt.Errorf("nn: safetensors: tensor %q: %w", name, err)
		}
		data, err := e.read(numbers)
		if err != nil {
			return nil, fmt.Errorf("nn: safetensors: tensor %q: %w", name, err)
		}
		if data != nil {
			tensors[name] = Tensor{e.Shape, data}
		}
	}
	return tensors, nil
}

// read widens a tensor's numbers; nil if they are integers.
func (e entry) read(numbers []byte) ([]float64, error) {
	var width int64
	switch e.DType {
	case "F64":
		width = 8
	case "F32":
		width = 4
	case "F16", "BF16":
		width = 2
	case "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL":
		return nil, nil
	default:
		return nil, fmt.Errorf("type %q is not among F64, F32, F16, BF16", e.DType)
	}
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to < from || to > int64(len(numbers)) {
		return nil, fmt.Errorf("its bytes %d to %d are not in the %d of the file", from, to, len(numbers))
	}
	count := int64(1)
	for _, n := range e.Shape {
		if n < 0 || (n > 0 && count > int64(len(numbers))/int64(n)) {
			return nil, fmt.Errorf("shape %v is impossible in a file of this size", e.Shape)
		}
		count *= int64(n)
	}
	if count*width != to-from {
		return nil, fmt.Errorf("shape %v of %s needs %d bytes, there are %d", e.Shape, e.DType, count*width, to-from)
	}
	raw := numbers[from:to]
	data := make([]float64, count)
	for i := range data {
		switch e.DType {
		case "F64":
			data[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		case "F32":
			data[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
		case "F16":
			data[i] = half(binary.LittleEndian.Uint16(raw[2*i:]))
		case "BF16": // the upper half of a float32
			data[i] = float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16))
		}
	}
	return data, nil
}

// half widens an IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits.
func half(b uint16) float64 {
	exponent, fraction := int(b>>10&31), float64(b&1023)
	v := math.Ldexp(1024+fraction, exponent-25)
	switch {
	case exponent == 0:
		v = math.Ldexp(fraction, -24)
	case exponent == 31 && fraction == 0:
		v = math.Inf(1)
	case exponent == 31:
		v = math.NaN()
	}
	if b>>15 == 1 {
		return -v
	}
	return v
}

// WriteSafetensors writes tensors as float64, in natural order of their names.
func WriteSafetensors(w io.Writer, tensors map[string]Tensor) error {
	entries := map[string]entry{}
	var numbers bytes.Buffer
	names := naturalOrder(tensors)
	for _, name := range names {
		t := tensors[name]
		if Shape(t.Shape).Size() != len(t.Data) || name == "__metadata__" {
			return fmt.Errorf("nn: write safetensors: tensor %q has shape %v and %d numbers", name, t.Shape, len(t.Data))
		}
		from := int64(numbers.Len())
		for _, v := range t.Data {
			numbers.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		entries[name] = entry{"F64", shape, [2]int64{from, int64(numbers.Len())}}
	}
	header, err := json.Marshal(entries)
	if err != nil {
		return fmt.Errorf("nn: write safetensors: %w", err)
	}
	for len(header)%8 != 0 { // the format wants the numbers aligned
		header = append(header, ' ')
	}
	for _, part := range [][]byte{binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header, numbers.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("nn: write safetensors: %w", err)
		}
	}
	return nil
}

// SaveSafetensors writes parameters to a file that PyTorch, too, can load.
func SaveSafetensors(net *Network, theta []float64, path string) error {
	if err := net.Err(); err != nil {
		return err
	}
	if len(theta) != net.dim {
		return fmt.Errorf("nn: save: the network has %d parameters, theta %d", net.dim, len(theta))
	}
	var file bytes.Buffer
	if err := WriteSafetensors(&file, net.Tensors(theta)); err != nil {
		return err
	}
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		return fmt.Errorf("nn: save: %w", err)
	}
	return nil
}

// Tensors cuts theta into the network's blocks by name; the data are views of theta.
func (net *Network) Tensors(theta []float64) map[string]Tensor {
	tensors := map[string]Tensor{}
	for _, b := range net.blocks {
		tensors[b.Name] = Tensor{slices.Clone(b.Shape), b.Of(theta)}
	}
	return tensors
}

// Load puts tensors together to parameters of the network.
//
// keys maps layers to the names they have among the tensors, {"0": "fc1", "2.1": "block.conv"}: block
// "0.weight" is then tensor "fc1.weight". Layers that keys does not name, or all without keys, take the tensors that
// are left in natural order ("fc2" before "fc10", a weight before its bias), as PyTorch's Sequential numbers them:
// activations count there, so its "2.weight" may be the network's "1.weight". All shapes are
// checked, and every tensor must find its block, except for running statistics of batch norms (see [Network.LoadRunning]).
func (net *Network) Load(tensors map[string]Tensor, keys map[string]string) ([]float64, error) {
	names, err := net.match(tensors, keys)
	if err != nil {
		return nil, err
	}
	theta := make([]float64, net.dim)
	for i, b := range net.blocks {
		copy(b.Of(theta), tensors[names[i]].Data)
	}
	return theta, nil
}

// LoadRunning returns the network with the running statistics that PyTorch saved beside the parameters of its
// batch norms ("running_mean" and "running_var"); tensors and keys are as for [Network.Load].
func (net *Network) LoadRunning(tensors map[string]Tensor, keys map[string]string) (*Network, error) {
	names, err := net.match(tensors, keys)
	if err != nil {
		return nil, err
	}
	module := map[string]string{} // the tensors' prefix, by layer
	for i, b := range net.blocks {
		module[layerOf(b.Name)] = layerOf(names[i])
	}
	var load func(layers []Layer, path string) ([]Layer, error)
	load = func(layers []Layer, path string) ([]Layer, error) {
		out := slices.Clone(layers)
		for i, layer := range out {
			here := path + strconv.Itoa(i)
			switch l := layer.(type) {
			case ResidualLayer:
				if l.Inner, err = load(l.Inner, here+"."); err != nil {
					return nil, err
				}
				out[i] = l
			case BatchNormLayer:
				mean, ok := tensors[module[here]+".running_mean"]
				variance, ok2 := tensors[module[here]+".running_var"]
				if !ok || !ok2 {
					return nil, fmt.Errorf("nn: load: layer %s has no %s.running_mean and running_var", here, module[here])
				}
				l.Mean, l.Variance = mean.Data, variance.Data
				out[i] = l
			}
		}
		return out, nil
	}
	layers, err := load(net.layers, "")
	if err != nil {
		return nil, err
	}
	built := New(layers...)
	return built, built.Err()
}

// match finds the tensor for each block.
func (net *Network) match(tensors map[string]Tensor, keys map[string]string) ([]string, error) {
	if err := net.Err(); err != nil {
		return nil, err
	}
	names := make([]string, len(net.blocks))
	used, known := map[string]bool{}, map[string]bool{}
	for i, b := range net.blocks {
		layer := layerOf(b.Name)
		known[layer] = true
		if key, ok := keys[layer]; ok {
			names[i] = key + strings.TrimPrefix(b.Name, layer)
			if _, ok := tensors[names[i]]; !ok {
				return nil, fmt.Errorf("nn: load: no tensor %q for block %s; there are %s", names[i], b.Name, strings.Join(naturalOrder(tensors), ", "))
			}
			if used[names[i]] {
				return nil, fmt.Errorf("nn: load: keys give tensor %q to two layers", names[i])
			}
			used[names[i]] = true
		}
	}
	for _, layer := range slices.Sorted(maps.Keys(keys)) {
		if !known[layer] {
			return nil, fmt.Errorf("nn: load: keys name layer %q, which has no parameters or does not exist", layer)
		}
	}
	var left []string
	for _, name := range naturalOrder(tensors) {
		if !used[name] && !strings.HasSuffix(name, "running_mean") && !strings.HasSuffix(name, "running_var") {
			left = append(left, name)
		}
	}
	for i, b := range net.blocks {
		if names[i] == "" {
			if len(left) == 0 {
				return nil, fmt.Errorf("nn: load: no tensor is left for block %s (%v); there are %s", b.Name, Shape(b.Shape), strings.Join(naturalOrder(tensors), ", "))
			}
			names[i], left = left[0], left[1:]
		}
		t := tensors[names[i]]
		// A layer norm of images has the image's shape in PyTorch.
		if same := Shape(t.Shape).equal(b.Shape) || (b.Kind == Norm && Shape(t.Shape).Size() == b.Size); !same || len(t.Data) != b.Size {
			return nil, fmt.Errorf("nn: load: tensor %q is %v, but block %s is %v", names[i], Shape(t.Shape), b.Name, Shape(b.Shape))
		}
	}
	if len(left) > 0 {
		return nil, errors.New("nn: load: the network has no place for " + strings.Join(left, ", "))
	}
	return names, nil
}

// layerOf is a block's or tensor's name without its last part.
func layerOf(name string) string {
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return name[:dot]
	}
	return ""
}

// naturalOrder sorts names part by part, numbers by their value, and a weight before what else a layer has.
func naturalOrder(tensors map[string]Tensor) []string {
	names := slices.Collect(maps.Keys(tensors))
	type key struct {
		text   string
		number int
	}
	split := func(name string) (keys []key) {
		if layer := layerOf(name); strings.TrimPrefix(name, layer) == ".weight" || name == "weight" {
			name = layer + ".\x00"
		}
		for len(name) > 0 {
			end := strings.IndexFunc(name, func(r rune) bool { return '0' <= r && r <= '9' })
			if end < 0 {
				end = len(name)
			}
			k := key{text: name[:end], number: -1}
			name = name[end:]
			digits := 0
			for digits < len(name) && '0' <= name[digits] && name[digits] <= '9' {
				digits++
			}
			if n, err := strconv.Atoi(name[:digits]); err == nil {
				k.number = n
			}
			name = name[digits:]
			keys = append(keys, k)
		}
		return keys
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(slices.CompareFunc(split(a), split(b), func(x, y key) int {
			return cmp.Or(cmp.Compare(x.text, y.text), cmp.Compare(x.number, y.number))
		}), cmp.Compare(a, b))
	})
	return names
}
