package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// CSV reads a CSV file for a notebook: [ReadCSV] with the error kept in the data.
func CSV(path string, targets ...string) *Data {
	data, err := ReadCSV(path, targets...)
	if err != nil {
		return &Data{err: err}
	}
	return data
}

// ReadCSV reads a CSV file with a header; see [ParseCSV].
func ReadCSV(path string, targets ...string) (*Data, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: read csv: %w", err)
	}
	defer file.Close()
	return ParseCSV(file, filepath.Base(path), targets...)
}

// ParseCSV reads comma-separated values with a header line. The named columns are the targets; with no names, the
// last column is. All other columns are inputs and must be finite numbers.
// A target column of numbers is taken as it is. If there is one target column and
// a value in it is no number, its values are names of classes, numbered
// in order of appearance.
//
// The error names the line and the column of what cannot be read, for up to five lines.
func ParseCSV(r io.Reader, name string, targets ...string) (*Data, error) {
	rows := csv.NewReader(skipBOM(r))
	rows.ReuseRecord = true
	rows.TrimLeadingSpace = true
	fail := func(err error) (*Data, error) { return nil, fmt.Errorf("dataset: %s: %w", name, err) }

	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return fail(errors.New("the file is empty; its first line must name the columns"))
	}
	if err != nil {
		return fail(err)
	}
	header = slices.Clone(header)
	inputs, outputs, err := columns(header, targets)
	if err != nil {
		return fail(err)
	}

	data := &Data{Name: name, D: len(inputs), K: len(outputs)}
	for _, j := range inputs {
		data.Features = append(data.Features, header[j])
	}
	var bad badRows
	var labels []string
	var lines []int // of each sample, to name a target found wrong later
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := rows.FieldPos(0)
			bad.add(line, fmt.Sprintf("has %d values for %d columns", len(row), len(header)))
			continue
		}
		if err != nil {
			return fail(err) // names the line; nothing can be read beyond it
		}
		for _, j := range inputs {
			v, err := number(row[j])
			if err != nil {
				line, _ := rows.FieldPos(j)
				bad.add(line, fmt.Sprintf("column %q: %v", header[j], err))
				break
			}
			data.X = append(data.X, v)
		}
		for _, j := range outputs {
			labels = append(labels, strings.TrimSpace(row[j]))
			line, _ := rows.FieldPos(j)
			lines = append(lines, line)
		}
	}
	data.readTargets(labels, lines, &bad, header, outputs)
	if err := bad.err(); err != nil {
		return fail(err)
	}
	if data.N = len(labels) / data.K; data.N == 0 {
		return fail(errors.New("there is no line of data below the header"))
	}
	return data, nil
}

// columns tells input columns from targets.
func columns(header, targets []string) (inputs, outputs []int, err error) {
	for j, name := range header {
		header[j] = strings.TrimSpace(name)
	}
	if len(targets) == 0 {
		outputs = []int{len(header) - 1}
	}
	for _, t := range targets {
		j := slices.Index(header, t)
		if j < 0 || slices.Contains(outputs, j) {
			return nil, nil, fmt.Errorf("no column %q left for a target; the header has %q", t, header)
		}
		outputs = append(outputs, j)
	}
	for j := range header {
		if !slices.Contains(outputs, j) {
			inputs = append(inputs, j)
		}
	}
	if len(inputs) == 0 {
		return nil, nil, fmt.Errorf("there is no input column beside the target; the header has %q", header)
	}
	return inputs, outputs, nil
}

// readTargets makes targets of labels: numbers, or else names of classes.
func (d *Data) readTargets(labels []string, lines []int, bad *badRows, header []string, outputs []int) {
	numeric := d.K > 1 || !slices.ContainsFunc(labels, func(s string) bool {
		_, err := strconv.ParseFloat(s, 64)
		return err != nil
	})
	class := map[string]int{}
	for i, label := range labels {
		column := header[outputs[i%d.K]]
		if numeric {
			v, err := number(label)
			if err != nil {
				bad.add(lines[i], fmt.Sprintf("column %q: %v", column, err))
			}
			d.Y = append(d.Y, v)
			continue
		}
		if label == "" {
			bad.add(lines[i], fmt.Sprintf("column %q is empty", column))
			continue
		}
		c, ok := class[label]
		if !ok {
			c = len(class)
			class[label] = c
			d.Classes = append(d.Classes, label)
		}
		d.Y = append(d.Y, float64(c))
	}
}

func number(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not finite", s)
	}
	return v, nil
}

// badRows collects what is wrong, by line.
type badRows struct {
	messages []string
	more     int
}

func (b *badRows) add(line int, what string) {
	if len(b.messages) == 5 {
		b.more++
		return
	}
	b.messages = append(b.messages, fmt.Sprintf("line %d %s", line, what))
}

func (b *badRows) err() error {
	if len(b.messages) == 0 {
		return nil
	}
	s := strings.Join(b.messages, "; ")
	if b.more > 0 {
		s += fmt.Sprintf("; and %d more", b.more)
	}
	return errors.New(s)
}

// skipBOM leaves out the mark that spreadsheets put at the beginning of UTF-8 files.
func skipBOM(r io.Reader) io.Reader {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3)
	}
	return buffered
}
