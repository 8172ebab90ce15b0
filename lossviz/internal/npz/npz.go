// Package npz reads NumPy's .npz and .npy files: real arrays of any dtype, as float64. It trusts nothing that a
// file says of itself: damaged ones are errors and take no more memory than their bytes ask for.
//
// It knows the format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) and nothing of what
// the arrays are for. Files are written with npyio, whose reader panics on damaged ones.
package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// An Array is numbers in row-major order: as many as the product of Shape, one for an empty shape.
type Array struct {
	Shape []int
	Data  []float64
}

// maxBytes is the most that one file may unpack to: a few bytes can stand for very many zeros.
const maxBytes = 1 << 33

// Read reads the arrays of a .npz file by name, without the ending .npy.
func Read(text []byte) (map[string]Array, error) {
	file, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, fmt.Errorf("the zip file cannot be read: %w", err)
	}
	arrays := map[string]Array{}
	left := uint64(maxBytes)
	for _, f := range file.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if _, twice := arrays[name]; twice {
			return nil, fmt.Errorf("array %q is there twice", name)
		}
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("array %q: the file unpacks to more than %d GB", name, maxBytes>>30)
		}
		left -= f.UncompressedSize64
		a, err := readNPY(f)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		arrays[name] = a
	}
	return arrays, nil
}

func readNPY(f *zip.File) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	h, err := readHeader(r)
	if err != nil {
		return Array{}, err
	}
	decode, size, err := dtype(h.dtype)
	if err != nil {
		return Array{}, err
	}
	count := uint64(1)
	for _, n := range h.shape {
		if n < 0 || n != 0 && count > f.UncompressedSize64/uint64(n) {
			return Array{}, fmt.Errorf("its shape %v does not fit its %d bytes", h.shape, f.UncompressedSize64)
		}
		count *= uint64(n)
	}
	if count > f.UncompressedSize64/uint64(size) {
		return Array{}, fmt.Errorf("its shape %v does not fit its %d bytes", h.shape, f.UncompressedSize64)
	}
	raw, err := io.ReadAll(io.LimitReader(r, int64(count)*int64(size)))
	if err != nil {
		return Array{}, err
	}
	if len(raw) != int(count)*size {
		return Array{}, errors.New("it ends too early")
	}
	a := Array{Shape: h.shape, Data: make([]float64, count)}
	for i := range a.Data {
		a.Data[i] = decode(raw[i*size:])
	}
	if h.fortran {
		a.Data = rowMajor(a.Data, h.shape)
	}
	return a, nil
}

// A header is what a .npy file says about its array.
type header struct {
	dtype   string
	fortran bool
	shape   []int
}

// headerText is the Python dict of a header; NumPy writes its keys in this order.
var headerText = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), \}\s*$`)

// readHeader reads what comes before the numbers.
func readHeader(r io.Reader) (header, error) {
	start := make([]byte, 8)
	if _, err := io.ReadFull(r, start); err != nil || string(start[:6]) != "\x93NUMPY" {
		return header{}, errors.New("it is not a NumPy array")
	}
	length := make([]byte, 4)
	if start[6] == 1 {
		length = length[:2]
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return header{}, errors.New("its header ends too early")
	}
	size := uint32(binary.LittleEndian.Uint16(length))
	if len(length) == 4 {
		size = binary.LittleEndian.Uint32(length)
	}
	if size > 1<<16 {
		return header{}, fmt.Errorf("its header of %d bytes is damaged", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, errors.New("its header ends too early")
	}
	m := headerText.FindSubmatch(text)
	if m == nil {
		return header{}, fmt.Errorf("its header %.80q is not understood", text)
	}
	h := header{dtype: string(m[1]), fortran: string(m[2]) == "True"}
	for _, n := range strings.FieldsFunc(string(m[3]), func(c rune) bool { return c == ',' || c == ' ' }) {
		size, err := strconv.Atoi(n)
		if err != nil {
			return header{}, fmt.Errorf("its shape (%s) is not understood", m[3])
		}
		h.shape = append(h.shape, size)
	}
	return h, nil
}

// dtype returns a decoder for one number, and its size in bytes.
func dtype(name string) (func([]byte) float64, int, error) {
	bad := fmt.Errorf("its dtype %q is not a real one that is supported (f4, f8, i1 to i8, u1 to u8, b1)", name)
	if len(name) < 3 {
		return nil, 0, bad
	}
	var order binary.ByteOrder = binary.LittleEndian
	if name[0] == '>' {
		order = binary.BigEndian
	}
	size, err := strconv.Atoi(name[2:])
	if err != nil {
		return nil, 0, bad
	}
	switch name[1:] {
	case "f8":
		return func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }, size, nil
	case "f4":
		return func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }, size, nil
	case "i8":
		return func(b []byte) float64 { return float64(int64(order.Uint64(b))) }, size, nil
	case "i4":
		return func(b []byte) float64 { return float64(int32(order.Uint32(b))) }, size, nil
	case "i2":
		return func(b []byte) float64 { return float64(int16(order.Uint16(b))) }, size, nil
	case "i1":
		return func(b []byte) float64 { return float64(int8(b[0])) }, size, nil
	case "u8":
		return func(b []byte) float64 { return float64(order.Uint64(b)) }, size, nil
	case "u4":
		return func(b []byte) float64 { return float64(order.Uint32(b)) }, size, nil
	case "u2":
		return func(b []byte) float64 { return float64(order.Uint16(b)) }, size, nil
	case "u1", "b1":
		return func(b []byte) float64 { return float64(b[0]) }, size, nil
	}
	return nil, 0, bad
}

// rowMajor reorders numbers that lie with the first axis innermost.
func rowMajor(data []float64, shape []int) []float64 {
	out := make([]float64, len(data))
	index := make([]int, len(shape))
	for i := range out {
		at, step := 0, 1
		for axis, n := range shape {
			at += index[axis] * step
			step *= n
		}
		out[i] = data[at]
		for axis := len(shape) - 1; axis >= 0; axis-- {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
	}
	return out
}
