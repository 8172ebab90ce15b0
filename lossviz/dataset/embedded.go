package dataset

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
)

// Made by testdata/make_data.py.
var (
	//go:embed data/iris.csv
	irisCSV string
	//go:embed data/digits.bin.gz
	digitsGzip []byte
)

// Iris is R. A. Fisher's set of 150 flowers of 3 species (The use of multiple measurements in taxonomic
// problems, 1936): 4 lengths in centimetres each.
func Iris() *Data {
	data, err := ParseCSV(strings.NewReader(irisCSV), "iris", "species")
	if err != nil {
		return &Data{err: err}
	}
	return data
}

// Digits is a set of 1797 images of handwritten digits, 8 x 8 pixels with grey values from 0 to 16,
// row by row: the test part of E. Alpaydin and C. Kaynak's Optical Recognition of Handwritten Digits
// (UCI machine learning repository, 1998).
func Digits() *Data {
	const side, n = 8, 1797
	const row = side*side + 1 // the pixels, then the digit
	unzip, err := gzip.NewReader(bytes.NewReader(digitsGzip))
	if err != nil {
		return failed("digits: %w", err)
	}
	raw, err := io.ReadAll(unzip)
	if err != nil || len(raw) != n*row {
		return failed("digits: read %d of %d bytes: %w", len(raw), n*row, err)
	}
	data := &Data{Name: "digits", N: n, D: side * side, K: 1}
	for i, v := range raw {
		if i%row == row-1 {
			data.Y = append(data.Y, float64(v))
		} else {
			data.X = append(data.X, float64(v))
		}
	}
	for y := range side {
		for x := range side {
			data.Features = append(data.Features, fmt.Sprintf("pixel %d,%d", y, x))
		}
	}
	for c := range 10 {
		data.Classes = append(data.Classes, fmt.Sprint(c))
	}
	return data
}
