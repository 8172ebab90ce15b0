package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// MarshalJSON writes the network as job files do: {"layers": [{"type": "dense", "in": 2, "out": 16,
// "activation": "tanh"}, ...]}. The types are dense, conv2d, max-pool, avg-pool, flatten,
// activation, residual (with "inner": [...] and "skip": true or false), batch-norm and layer-norm.
func (net *Network) MarshalJSON() ([]byte, error) {
	if err := net.Err(); err != nil {
		return nil, err
	}
	layers, err := marshalLayers(net.layers)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Layers []json.RawMessage `json:"layers"`
	}{layers})
}

// UnmarshalJSON reads what MarshalJSON writes and builds the network. Unknown types and fields are errors.
func (net *Network) UnmarshalJSON(text []byte) error {
	var file struct {
		Layers []json.RawMessage `json:"layers"`
	}
	if err := strict(text, &file); err != nil {
		return fmt.Errorf("nn: network: %w", err)
	}
	layers, err := parseLayers(file.Layers, "layers")
	if err != nil {
		return fmt.Errorf("nn: network: %w", err)
	}
	built := New(layers...)
	if built.err == nil {
		*net = *built
	}
	return built.err
}

// A residual layer in JSON, where the inner layers have types as well.
type residual struct {
	Type  string            `json:"type"`
	Skip  bool              `json:"skip"`
	Inner []json.RawMessage `json:"inner"`
}

func marshalLayers(layers []Layer) ([]json.RawMessage, error) {
	var texts []json.RawMessage
	for _, layer := range layers {
		text, err := marshalLayer(layer)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

func marshalLayer(layer Layer) ([]byte, error) {
	switch l := layer.(type) {
	case DenseLayer:
		return tagged("dense", l)
	case Conv2DLayer:
		return tagged("conv2d", l)
	case PoolLayer:
		if l.Mean {
			return tagged("avg-pool", l)
		}
		return tagged("max-pool", l)
	case FlattenLayer:
		return tagged("flatten", l)
	case ActivationLayer:
		return tagged("activation", l)
	case BatchNormLayer:
		return tagged("batch-norm", l)
	case LayerNormLayer:
		return tagged("layer-norm", l)
	case ResidualLayer:
		inner, err := marshalLayers(l.Inner)
		if err != nil {
			return nil, err
		}
		return json.Marshal(residual{"residual", l.Skip, inner})
	}
	return nil, fmt.Errorf("nn: a %T has no JSON", layer)
}

// tagged is the JSON object of a layer with its type in front.
func tagged(name string, layer any) ([]byte, error) {
	text, err := json.Marshal(layer)
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf(`{"type":%q`, name)
	if string(text) != "{}" {
		head += ","
	}
	return append([]byte(head), text[1:]...), nil
}

func parseLayers(texts []json.RawMessage, where string) ([]Layer, error) {
	var layers []Layer
	for i, text := range texts {
		here := fmt.Sprintf("%s[%d]", where, i)
		layer, err := parseLayer(text, here)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	return layers, nil
}

func parseLayer(text []byte, where string) (layer Layer, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, fmt.Errorf(`%s: is no object; a layer is {"type": ..., ...}`, where)
	}
	var name string
	if err := json.Unmarshal(fields["type"], &name); err != nil || name == "" {
		return nil, fmt.Errorf(`%s: needs a "type", a string`, where)
	}
	delete(fields, "type")
	rest, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	switch name {
	case "dense":
		layer, err = parse[DenseLayer](rest)
	case "conv2d":
		layer, err = parse[Conv2DLayer](rest)
	case "max-pool":
		layer, err = parse[PoolLayer](rest)
	case "avg-pool":
		var l PoolLayer
		err = strict(rest, &l)
		l.Mean = true
		layer = l
	case "flatten":
		layer, err = parse[FlattenLayer](rest)
	case "activation":
		layer, err = parse[ActivationLayer](rest)
	case "batch-norm":
		layer, err = parse[BatchNormLayer](rest)
	case "layer-norm":
		layer, err = parse[LayerNormLayer](rest)
	case "residual":
		r := residual{Skip: true}
		if err := strict(rest, &r); err != nil {
			return nil, fmt.Errorf("%s (residual): %w", where, err)
		}
		inner, err := parseLayers(r.Inner, where+".inner")
		return ResidualLayer{Inner: inner, Skip: r.Skip}, err
	default:
		return nil, fmt.Errorf("%s: unknown type %q; there are dense, conv2d, max-pool, avg-pool, flatten, activation, residual, batch-norm, layer-norm", where, name)
	}
	// In Go a zero Eps is the default; in a file 0 would mean 0.
	if eps, ok := fields["eps"]; ok && err == nil {
		if zero, _ := strconv.ParseFloat(string(eps), 64); zero == 0 {
			err = errors.New(`"eps" is 0; it must be positive`)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s (%s): %w", where, name, err)
	}
	return layer, nil
}

func parse[T Layer](text []byte) (Layer, error) {
	var layer T
	err := strict(text, &layer)
	return layer, err
}

// strict decodes a JSON object. Go's own decoder takes names in any case, and null for anything; a job's reader must
// not: a typo would pass for a default.
func strict(text []byte, v any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		var kind *json.UnmarshalTypeError
		if err == nil || errors.As(err, &kind) {
			return errors.New("is no object")
		}
		return err
	}
	known := map[string]string{} // what each field wants
	for field := range reflect.TypeOf(v).Elem().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "-" {
			known[name] = wanted(field.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		want, ok := known[name]
		if !ok {
			return fmt.Errorf("unknown field %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if string(fields[name]) == "null" {
			return fmt.Errorf("%q is null, want %s", name, want)
		}
	}
	err := json.Unmarshal(text, v)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		name, _, _ := strings.Cut(kind.Field, ".")
		return fmt.Errorf("%q is a JSON %s, want %s", name, kind.Value, known[name])
	}
	return err
}

// wanted says in words what a field takes.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Activation]():
		return "the name of an activation"
	case t == reflect.TypeFor[[]json.RawMessage]():
		return "an array of layers"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "an array of numbers"
	}
	return "a " + t.Kind().String()
}
