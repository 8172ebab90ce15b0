package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/lossviz/nn"
)

// A value is a piece of JSON that knows where it is. Arrays of numbers, however deep, are one flat
// slice with a shape: data and weights are most of a job.
type value struct {
	path   string // "data.x[3]"; "" at the top
	kind   kind
	text   string           // of a string
	flag   bool             // of a bool
	number nn.Tensor        // of numbers; a single number has no shape
	list   []value          // of other arrays
	fields map[string]value // of an object
	raw    []byte           // an object as it is written
	keys   []string         // its keys, in order
}

type kind int

const (
	isNull kind = iota
	isBool
	isString
	isNumbers
	isList
	isObject
)

// String says what a value is, for messages.
func (v value) String() string {
	switch v.kind {
	case isNull:
		return "null"
	case isBool:
		return strconv.FormatBool(v.flag)
	case isString:
		return strconv.Quote(v.text)
	case isNumbers:
		if len(v.number.Shape) == 0 {
			return "a number"
		}
		return "an array of " + shapeText(v.number.Shape) + " numbers"
	case isList:
		return "an array"
	}
	return "an object"
}

// maxDepth is how deep JSON may be nested; residual layers in residual layers go deepest.
const maxDepth = 64

// errAt is an error with its place in the job.
func errAt(path, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if path == "" {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// A plainError is an error in one line, without the names of the packages it came through: the place in
// the file says more.
type plainError struct{ error }

func (e plainError) Error() string {
	text := strings.ReplaceAll(e.error.Error(), "\n", "; ")
	for _, name := range []string{"nn: network: ", "nn: objective: ", "nn: load: ", "nn: ", "landscape: ", "dataset: ", "json: "} {
		text = strings.ReplaceAll(text, name, "")
	}
	return text
}

func (e plainError) Unwrap() error { return e.error }

// parse reads one JSON value. It is strict: no key twice, no ragged arrays of numbers, nothing
// afterwards.
func parse(text []byte) (value, error) {
	p := parser{dec: json.NewDecoder(bytes.NewReader(text)), text: text}
	p.dec.UseNumber()
	v, err := p.next("", 0)
	if err != nil {
		return value{}, err
	}
	if _, err := p.dec.Token(); err != io.EOF {
		return value{}, fmt.Errorf("there is something after the end of the JSON object (%s)", p.place())
	}
	return v, nil
}

type parser struct {
	dec  *json.Decoder
	text []byte
}

// place is where the decoder stands, as an editor counts.
func (p *parser) place() string {
	before := p.text[:min(int(p.dec.InputOffset()), len(p.text))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}

func (p *parser) token(path string) (json.Token, error) {
	t, err := p.dec.Token()
	if err == nil {
		return t, nil
	}
	rest := bytes.TrimLeft(p.text[min(int(p.dec.InputOffset()), len(p.text)):], " \t\r\n,:")
	for _, bad := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(rest, []byte(bad)) {
			return nil, errAt(path, "%s is no JSON number, and all numbers of a job must be finite (%s)", bad, p.place())
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends too early")
	}
	return nil, errAt(path, "not valid JSON: %w (%s)", err, p.place())
}

func (p *parser) next(path string, depth int) (value, error) {
	t, err := p.token(path)
	if err != nil {
		return value{}, err
	}
	return p.value(t, path, depth)
}

// value reads what begins with token t.
func (p *parser) value(t json.Token, path string, depth int) (value, error) {
	if depth > maxDepth {
		return value{}, errAt(path, "nested deeper than %d", maxDepth)
	}
	v := value{path: path}
	switch t := t.(type) {
	case nil:
	case bool:
		v.kind, v.flag = isBool, t
	case string:
		v.kind, v.text = isString, t
	case json.Number:
		x, err := strconv.ParseFloat(string(t), 64)
		if err != nil || math.IsInf(x, 0) {
			return value{}, errAt(path, "%s is too large for a float64", t)
		}
		v.kind, v.number.Data = isNumbers, []float64{x}
	case json.Delim:
		if t == '{' {
			return p.object(v, depth)
		}
		return p.array(v, depth)
	}
	return v, nil
}

func (p *parser) object(v value, depth int) (value, error) {
	v.kind, v.fields = isObject, map[string]value{}
	start := p.dec.InputOffset() - 1
	for {
		t, err := p.token(v.path)
		if err != nil {
			return value{}, err
		}
		key, ok := t.(string)
		if !ok { // the closing brace
			v.raw = p.text[start:p.dec.InputOffset()]
			return v, nil
		}
		if _, twice := v.fields[key]; twice {
			return value{}, errAt(v.path, "the key %q is there twice (%s)", key, p.place())
		}
		field, err := p.next(join(v.path, key), depth+1)
		if err != nil {
			return value{}, err
		}
		v.fields[key], v.keys = field, append(v.keys, key)
	}
}

// join is the path of an object's field. Keys that hold dots, like "0.weight", are quoted.
func join(path, key string) string {
	if key == "" || strings.ContainsAny(key, ". []\"") {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func (p *parser) array(v value, depth int) (value, error) {
	v.kind = isList
	var inner []int // shape of the numbers' elements
	count, numeric := 0, false
	for {
		// The path is written out only for what may need it.
		t, err := p.token(v.path)
		if err != nil {
			return value{}, p.within(err, v.path, count)
		}
		if t == json.Delim(']') {
			break
		}
		var e value
		if n, ok := t.(json.Number); ok && depth < maxDepth {
			x, err := strconv.ParseFloat(string(n), 64)
			if err != nil || math.IsInf(x, 0) {
				return value{}, errAt(element(v.path, count), "%s is too large for a float64", n)
			}
			if count == 0 {
				numeric = true
			}
			if numeric && inner == nil {
				v.number.Data = append(v.number.Data, x)
				count++
				continue
			}
			e = value{kind: isNumbers, number: nn.Tensor{Data: []float64{x}}}
		} else if e, err = p.value(t, element(v.path, count), depth+1); err != nil {
			return value{}, err
		}
		if count == 0 && e.kind == isNumbers {
			numeric, inner = true, e.number.Shape
		}
		switch {
		case !numeric:
			v.list = append(v.list, e)
		case e.kind != isNumbers:
			return value{}, errAt(element(v.path, count), "is %v among numbers", e)
		case !slices.Equal(e.number.Shape, inner):
			return value{}, errAt(element(v.path, count), "is %v, but %s is %v", e, element(v.path, 0), value{kind: isNumbers, number: nn.Tensor{Shape: inner}})
		default:
			v.number.Data = append(v.number.Data, e.number.Data...)
		}
		count++
	}
	if numeric {
		v.kind, v.number.Shape = isNumbers, append([]int{count}, inner...)
	}
	return v, nil
}

// within puts the number of the element into the path of a syntax error.
func (p *parser) within(err error, path string, i int) error {
	if path == "" {
		return err
	}
	return errors.New(strings.Replace(err.Error(), path+":", element(path, i)+":", 1))
}

func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// shapeText writes a shape as "16 x 2".
func shapeText(shape []int) string {
	if len(shape) == 0 {
		return "1"
	}
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, " x ")
}

// An object reader takes fields out of an object; what is left over is an error.
type object struct {
	value
	seen map[string]bool
}

func (v value) object() (*object, error) {
	if v.kind != isObject {
		return nil, errAt(v.path, "is %v, want an object", v)
	}
	return &object{v, map[string]bool{}}, nil
}

// take returns a field and whether it is there.
func (o *object) take(key string) (value, bool) {
	o.seen[key] = true
	v, ok := o.fields[key]
	return v, ok
}

// need returns a field that must be there.
func (o *object) need(key string) (value, error) {
	v, ok := o.take(key)
	if !ok {
		return value{}, errAt(o.path, "%q is missing", key)
	}
	return v, nil
}

// done refuses keys that nobody took: a typo must not pass for a default.
func (o *object) done(known ...string) error {
	for _, key := range o.keys {
		if !o.seen[key] {
			return errAt(o.path, "unknown key %q; there are %s", key, strings.Join(known, ", "))
		}
	}
	return nil
}

func (v value) scalar() (float64, error) {
	if v.kind != isNumbers || len(v.number.Shape) != 0 {
		return 0, errAt(v.path, "is %v, want a number", v)
	}
	return v.number.Data[0], nil
}

// numbers returns an array of numbers with the given number of axes, at least one number along each.
func (v value) numbers(axes int, what string) (nn.Tensor, error) {
	if v.kind == isList {
		for _, e := range v.list { // name the element that is no number, not the whole array
			if e.kind != isNumbers {
				if _, err := e.numbers(axes-1, what); err != nil && e.kind != isList {
					return nn.Tensor{}, errAt(e.path, "is %v, want a number", e)
				} else if err != nil {
					return nn.Tensor{}, err
				}
			}
		}
		return nn.Tensor{}, errAt(v.path, "is empty or ragged, want %s", what)
	}
	if v.kind != isNumbers || len(v.number.Shape) != axes {
		return nn.Tensor{}, errAt(v.path, "is %v, want %s", v, what)
	}
	return v.number, nil
}

func (v value) string() (string, error) {
	if v.kind != isString {
		return "", errAt(v.path, "is %v, want a string", v)
	}
	return v.text, nil
}
