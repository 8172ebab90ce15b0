// Package show renders a Go value as a MIME bundle, the way a notebook shows the last expression of a cell. It knows
// values by the methods they have, not by the packages they come from, and nothing of cells or kernels.
package show

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"image"
	"image/png"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Bundle returns what to show for the results of an expression, by MIME type, ready for JSON: binary types in base64.
// It is nil where there is nothing to show. An error is one that a value carries or that came of rendering it; a value that
// was interrupted and can show what it has is shown.
func Bundle(values ...any) (map[string]any, error) {
	if len(values) == 0 {
		return nil, nil
	}
	if len(values) > 1 {
		parts := make([]string, len(values))
		for i, v := range values {
			parts[i] = fmt.Sprint(v)
		}
		return map[string]any{"text/plain": strings.Join(parts, " ")}, nil
	}
	v := values[0]
	if isNil(v) {
		return map[string]any{"text/plain": fmt.Sprint(v)}, nil
	}
	carried := Err(v)
	if carried != nil && !Unfinished(carried) {
		return nil, carried
	}
	data, err := rich(v)
	if err != nil {
		return nil, fmt.Errorf("showing a %T: %w", v, err)
	}
	if data == nil {
		if carried != nil {
			return nil, carried
		}
		data = map[string]any{}
	}
	if _, ok := data["text/plain"]; !ok {
		data["text/plain"] = plain(v)
	}
	for mime, value := range data {
		if b, ok := value.([]byte); ok {
			if strings.HasPrefix(mime, "text/") || mime == "image/svg+xml" {
				data[mime] = string(b)
			} else {
				data[mime] = base64.StdEncoding.EncodeToString(b)
			}
		}
	}
	return data, nil
}

// Err returns the error that a value carries in its Err method. A context's Err says that it was cancelled, which is no
// mistake of the value.
func Err(v any) error {
	if _, ok := v.(context.Context); ok {
		return nil
	}
	if e, ok := v.(interface{ Err() error }); ok && !isNil(v) {
		return e.Err()
	}
	return nil
}

// Unfinished tells whether an error that a value carries says that it was interrupted: what it holds so far can be shown.
func Unfinished(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// rich asks a value to show itself.
func rich(v any) (map[string]any, error) {
	switch v := v.(type) {
	case interface {
		MIMEBundle() (map[string]any, error)
	}:
		return v.MIMEBundle()
	case interface{ MIMEBundle() map[string]any }:
		return v.MIMEBundle(), nil
	}
	data := map[string]any{}
	if s, ok := v.(interface{ HTML() string }); ok {
		data["text/html"] = s.HTML()
	}
	switch s := v.(type) {
	case interface{ SVG() string }:
		data["image/svg+xml"] = s.SVG()
	case interface{ SVG() []byte }:
		data["image/svg+xml"] = s.SVG()
	}
	if s, ok := v.(interface{ PNG() []byte }); ok {
		data["image/png"] = s.PNG()
	}
	if s, ok := v.(interface{ Markdown() string }); ok {
		data["text/markdown"] = s.Markdown()
	}
	if len(data) > 0 {
		return data, nil
	}
	switch v := v.(type) {
	case image.Image:
		var b bytes.Buffer
		if err := png.Encode(&b, v); err != nil {
			return nil, err
		}
		size := v.Bounds().Size()
		return map[string]any{"image/png": b.Bytes(), "text/plain": fmt.Sprintf("%T %d x %d", v, size.X, size.Y)}, nil
	case snippeter:
		return echartsBundle(v), nil
	case matrix:
		return matrixBundle(v), nil
	}
	return nil, nil
}

func plain(v any) (text string) {
	return fmt.Sprint(v)
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return r.IsNil()
	}
	return false
}

// matrix is what gonum's matrices have in common.
type matrix interface {
	Dims() (r, c int)
	At(i, j int) float64
}

// A matrix is shown with at most this many rows and columns, half from each end.
const matrixShown = 12

// matrixBundle shows a matrix as a table, the middle of a large one left out.
func matrixBundle(m matrix) map[string]any {
	r, c := m.Dims()
	rows, cols := shown(r), shown(c)
	var text, table strings.Builder
	fmt.Fprintf(&text, "%T %d x %d\n", m, r, c)
	table.WriteString(`<table>`)
	for _, i := range rows {
		table.WriteString("<tr>")
		for k, j := range cols {
			cell := "⋯"
			switch {
			case i >= 0 && j >= 0:
				cell = number(m.At(i, j))
			case i < 0:
				cell = "⋮"
			}
			if k > 0 {
				text.WriteByte(' ')
			}
			fmt.Fprintf(&text, "%10s", cell)
			fmt.Fprintf(&table, `<td style="text-align:right">%s</td>`, cell)
		}
		text.WriteByte('\n')
		table.WriteString("</tr>")
	}
	fmt.Fprintf(&table, `</table><small>%s, %d × %d</small>`, html.EscapeString(fmt.Sprintf("%T", m)), r, c)
	return map[string]any{"text/html": table.String(), "text/plain": text.String()}
}

// shown returns the indices to print of n, with -1 for those left out.
func shown(n int) []int {
	var out []int
	for i := range n {
		switch {
		case n <= matrixShown || i < matrixShown/2 || i >= n-matrixShown/2:
			out = append(out, i)
		case i == matrixShown/2:
			out = append(out, -1)
		}
	}
	return out
}

func number(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}

// Brief renders a value in a line or a few, for inspection. It reads memory that a running cell may be writing, so it
// gives up rather than wait, and survives what that can do.
func Brief(v reflect.Value, limit time.Duration) string {
	done := make(chan string, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Sprintf("(cannot be shown: %v)", r)
			}
		}()
		if !v.CanInterface() {
			done <- "(not accessible)"
			return
		}
		switch v.Kind() {
		case reflect.Slice, reflect.Array, reflect.Map:
			if v.Len() > 50 {
				if v.Kind() != reflect.Map {
					done <- fmt.Sprintf("%d elements: %v ...", v.Len(), firstOf(v, 10))
					return
				}
				done <- fmt.Sprintf("%d entries", v.Len())
				return
			}
		}
		text := fmt.Sprint(v.Interface())
		if len(text) > 2000 {
			text = strings.ToValidUTF8(text[:2000], "") + " ..."
		}
		done <- text
	}()
	select {
	case text := <-done:
		return text
	case <-time.After(limit):
		return "(takes too long to show)"
	}
}

func firstOf(v reflect.Value, n int) string {
	parts := make([]string, n)
	for i := range n {
		parts[i] = fmt.Sprint(v.Index(i).Interface())
	}
	return strings.Join(parts, " ")
}

// Size estimates the bytes a value takes, what it refers to included, to a bounded depth and number of elements.
func Size(v reflect.Value) int64 {
	budget := 100000
	return size(v, map[uintptr]bool{}, &budget)
}

func size(v reflect.Value, seen map[uintptr]bool, budget *int) int64 {
	if *budget--; *budget < 0 || !v.IsValid() {
		return 0
	}
	total := int64(v.Type().Size())
	switch v.Kind() {
	case reflect.String:
		total += int64(v.Len())
	case reflect.Pointer:
		if p := v.Pointer(); p != 0 && !seen[p] {
			seen[p] = true
			total += size(v.Elem(), seen, budget)
		}
	case reflect.Interface:
		if !v.IsNil() {
			total += size(v.Elem(), seen, budget)
		}
	case reflect.Slice:
		if p := v.Pointer(); p == 0 || seen[p] {
			return total
		} else {
			seen[p] = true
		}
		elem := v.Type().Elem()
		total += int64(v.Cap()) * int64(elem.Size())
		if refers(elem) {
			for i := 0; i < v.Len() && *budget > 0; i++ {
				total += size(v.Index(i), seen, budget) - int64(elem.Size())
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if refers(v.Type().Field(i).Type) {
				total += size(v.Field(i), seen, budget) - int64(v.Type().Field(i).Type.Size())
			}
		}
	case reflect.Map:
		t := v.Type()
		total += int64(v.Len()) * int64(t.Key().Size()+t.Elem().Size())
	}
	return total
}

// refers tells whether values of a type may refer to further memory.
func refers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.String, reflect.Struct, reflect.Array:
		return true
	}
	return false
}
