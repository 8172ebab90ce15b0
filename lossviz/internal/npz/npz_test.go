package npz_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npy"

	"github.com/gosaddle/saddle/lossviz/internal/npz"
)

// What NumPy itself writes: row- and column-major, both byte orders, every kind of number.
func TestReadsWhatNumPyWrites(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "numpy.npz")) // np.savez of the values below
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]npz.Array{
		"x":      {Shape: []int{3, 2}, Data: []float64{0, 1, 2, 3, 4, 5}},
		"y":      {Shape: []int{3}, Data: []float64{1, 0, 1}},
		"big":    {Shape: []int{2, 2, 2}, Data: []float64{1, 1, 1, 1, 1, 1, 1, 1}},
		"scalar": {Data: []float64{3}},
		"flag":   {Shape: []int{2}, Data: []float64{1, 0}},
	} {
		if got := arrays[name]; !slices.Equal(got.Shape, want.Shape) || !slices.Equal(got.Data, want.Data) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// archive is a zip file of one entry, a.npy.
func archive(t testing.TB, entry []byte) []byte {
	t.Helper()
	var text bytes.Buffer
	z := zip.NewWriter(&text)
	w, err := z.Create("a.npy")
	if err == nil {
		_, err = w.Write(entry)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func entry(dict string, data string) []byte {
	return []byte("\x93NUMPY\x01\x00" + string([]byte{byte(len(dict)), byte(len(dict) >> 8)}) + dict + data)
}

func TestDamagedFilesAreErrors(t *testing.T) {
	shape := func(s string) string {
		return fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }\n", s)
	}
	good := entry(shape("2,"), strings.Repeat("\x00", 16))
	if _, err := npz.Read(archive(t, good)); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string][]byte{
		"no zip":             good,
		"a cut zip":          archive(t, good)[:80],
		"an empty entry":     archive(t, nil),
		"no header":          archive(t, good[:9]),
		"half a header":      archive(t, good[:30]),
		"half of the data":   archive(t, good[:len(good)-8]),
		"too large a shape":  archive(t, entry(shape("999999999999999, 999999999999999"), "12345678")),
		"an overflow":        archive(t, entry(shape("99999999999999999999999"), "12345678")),
		"more than is there": archive(t, entry(shape("3,"), "12345678")),
		"complex numbers":    archive(t, entry(strings.Replace(shape("1,"), "<f8", "<c16", 1), "1234567812345678")),
		"objects":            archive(t, entry(strings.Replace(shape("1,"), "<f8", "|O", 1), "12345678")),
	} {
		if a, err := npz.Read(text); err == nil {
			t.Errorf("%s: no error, but %v", what, a)
		}
	}
}

func FuzzRead(f *testing.F) {
	var entry bytes.Buffer
	if err := npy.Write(&entry, [2][2]float64{{1, 2}, {3, 4}}); err != nil {
		f.Fatal(err)
	}
	f.Add(archive(f, entry.Bytes()))
	f.Fuzz(func(t *testing.T, text []byte) {
		arrays, err := npz.Read(text)
		for name, a := range arrays {
			size := 1
			for _, n := range a.Shape {
				size *= n
			}
			if err == nil && size != len(a.Data) {
				t.Errorf("%s: shape %v, %d numbers", name, a.Shape, len(a.Data))
			}
		}
	})
}
