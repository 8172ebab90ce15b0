package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/sbinet/npyio/npz"

	"github.com/gosaddle/saddle/lossviz/nn"
)

const network = `{"layers": [{"type": "dense", "in": 2, "out": 3, "activation": "tanh"}, {"type": "dense", "in": 3, "out": 1}]}`

const weights = `{"0.weight": [[1, 2], [3, 4], [-5, 6]], "0.bias": [0.1, 0.2, 0.3], "1.weight": [[0.5, -1, 2]], "1.bias": [0.25]}`

// fields are those of a job that is right.
func fields() map[string]string {
	return map[string]string{
		"network": network, "loss": `"logistic"`, "l2": "0.01",
		"data":       `{"x": [[1, 2], [0.5, -1], [3, -2], [-1, -1]], "y": [1, 0, 0, 1]}`,
		"weights":    weights,
		"directions": `{"x": ` + weights + `, "y": {"0.weight": [[0, 1], [1, 0], [1, -1]], "0.bias": [1, 2, -1], "1.weight": [[1, 1, 1]], "1.bias": [-1]}}`,
		"x":          "[-1, 1, 11]", "y": "[-0.5, 0.5, 9]",
		"report": `["loss", "accuracy", "gradient-norm", "hessian-extremes"]`,
	}
}

func text(fields map[string]string) []byte {
	var parts []string
	for _, key := range []string{"network", "loss", "l1", "l2", "data", "weights", "keys", "directions", "x", "y", "report", "extra"} {
		if v, ok := fields[key]; ok && v != "" {
			parts = append(parts, fmt.Sprintf("%q: %s", key, v))
		}
	}
	return []byte("{" + strings.Join(parts, ",\n") + "}")
}

// with changes fields of the right job; "" leaves one out.
func with(changes ...string) []byte {
	f := fields()
	for i := 0; i < len(changes); i += 2 {
		f[changes[i]] = changes[i+1]
	}
	return text(f)
}

func parsed(t *testing.T, text []byte, folder string) *Job {
	t.Helper()
	j, err := Parse(text, folder)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func sliced(t *testing.T, j *Job, s Shard, checkpoint string) *Result {
	t.Helper()
	r, err := j.Slice(context.Background(), s, checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func output(t *testing.T, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func schema(t testing.TB) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(Schema, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func conforms(t testing.TB, s *jsonschema.Resolved, text []byte) error {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	return s.Validate(v)
}

// Every layer, loss and penalty has its JSON, and the schema knows it.
func TestEverythingHasJSON(t *testing.T) {
	s := schema(t)
	x := `"x": [[1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 8, 7, 6, 5, 4, 3, 2, 0], [1, 0, 1, 0, 2, 0, 1, 0, 3]]`
	nets := map[string]string{
		"conv": `{"layers": [{"type": "conv2d", "in": 1, "out": 2, "kernel": 2, "stride": 1, "padding": 1, "height": 3, "width": 3, "activation": "gelu", "no-bias": true},
			{"type": "max-pool", "size": 2, "stride": 1}, {"type": "avg-pool", "size": 3}, {"type": "flatten"}, {"type": "dense", "in": 2, "out": 2}]}`,
		"norms": `{"layers": [{"type": "dense", "in": 9, "out": 4}, {"type": "batch-norm", "features": 4, "eps": 0.001}, {"type": "activation", "activation": "silu"},
			{"type": "residual", "inner": [{"type": "dense", "in": 4, "out": 4, "activation": "leaky-relu"}], "skip": false},
			{"type": "layer-norm", "features": 4}, {"type": "batch-norm", "features": 4, "mean": [0, 0, 0, 1], "variance": [1, 1, 2, 1]}, {"type": "dense", "in": 4, "out": 2}]}`,
	}
	targets := map[string]string{"logistic": "[[1, 0], [0, 1], [0, 0]]", "cross-entropy": "[1, 0, 1]", "squared": "[[1.5, 2], [3, 1], [0, -1]]",
		"hinge": "[[1, -1], [-1, 1], [1, 1]]", "absolute": "[[1, 2], [3, 4], [5, 6]]", "huber": "[[1, 2], [3, 4], [5, 6]]", "huber(0.5)": "[[1, 2], [3, 4], [5, 6]]"}
	random := rand.New(rand.NewPCG(1, 2))
	for name, net := range nets {
		for loss, y := range targets {
			var n nn.Network
			if err := json.Unmarshal([]byte(net), &n); err != nil {
				t.Fatal(err)
			}
			f := map[string]string{"network": net, "loss": fmt.Sprintf("%q", loss), "l1": "0.1", "l2": "0.2", "data": "{" + x + `, "y": ` + y + "}",
				"weights": randomWeights(&n, random), "x": "[-1, 1, 5]", "report": `["accuracy"]`}
			f["directions"] = `{"x": ` + randomWeights(&n, random) + `}`
			if err := conforms(t, s, text(f)); err != nil {
				t.Fatalf("%s, %s: the schema refuses it: %v", name, loss, err)
			}
			j := parsed(t, text(f), "")
			out := output(t, sliced(t, j, Shard{}, ""))
			meaningful := loss == "logistic" || loss == "cross-entropy" || loss == "hinge"
			if strings.Contains(out, `"accuracy": null`) == meaningful {
				t.Errorf("%s, %s: %s", name, loss, out)
			}
			if in, err := j.Inspect(context.Background()); err != nil || in.Loss != j.Objective().Value(j.Weights) || len(in.Eigenvalues) != n.Dim() {
				t.Errorf("%s, %s: inspection %v, %v", name, loss, in, err)
			}
		}
	}
}

func randomWeights(net *nn.Network, random *rand.Rand) string {
	out := []byte("{")
	for i, b := range net.Blocks() {
		values := make([]float64, b.Size)
		for k := range values {
			values[k] = random.NormFloat64()
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = appendNested(append(out, fmt.Sprintf("%q: ", b.Name)...), values, b.Shape)
	}
	return string(out) + "}"
}

// A bad job is told in one line that says where.
func TestBadJobs(t *testing.T) {
	s := schema(t)
	for _, c := range []struct {
		name     string
		text     []byte
		contains []string
		schema   bool // the schema finds it, too
	}{
		{"bare NaN", with("data", `{"x": [[1, NaN]], "y": [1]}`), []string{"data.x[0][1]", "NaN", "line 4, column"}, true},
		{"NaN string", with("data", `{"x": [[1, "NaN"]], "y": [1]}`), []string{"data.x[0][1]", `"NaN"`}, true},
		{"only NaN", with("data", `{"x": [["NaN", "NaN"]], "y": [1]}`), []string{"data.x[0][0]"}, true},
		{"huge number", with("data", `{"x": [[1, 1e999]], "y": [1]}`), []string{"data.x[0][1]", "1e999"}, true},
		{"no samples", with("data", `{"x": [], "y": []}`), []string{"data.x", "empty"}, true},
		{"empty samples", with("data", `{"x": [[], []], "y": [1, 0]}`), []string{"data.x[0]"}, false},
		{"ragged", with("data", `{"x": [[1, 2], [3]], "y": [1, 0]}`), []string{"data.x[1]", "data.x[0]"}, false},
		{"flat data", with("data", `{"x": [1, 2], "y": [1, 0]}`), []string{"data.x"}, false},
		{"wide data", with("data", `{"x": [[1, 2, 3]], "y": [1]}`), []string{"data.x", "3", "2"}, false},
		{"targets missing", with("data", `{"x": [[1, 2], [3, 4]], "y": [1]}`), []string{"data.y", "1 targets for 2 samples"}, false},
		{"wrong label", with("data", `{"x": [[1, 2], [3, 4]], "y": [1, 2]}`), []string{"data.y", "sample 1"}, false},
		{"null data", with("data", `null`), []string{"data", "null"}, true},
		{"no data", with("data", ""), []string{`"data" is missing`}, true},
		{"no x", with("data", `{"y": [1]}`), []string{`data: "x" is missing`}, true},
		{"no network", with("network", ""), []string{`"network" is missing`}, true},
		{"network number", with("network", "3"), []string{"network", "a number"}, true},
		{"no layers", with("network", `{"layers": []}`), []string{"network", "layer"}, true},
		{"unknown layer", with("network", `{"layers": [{"type": "densse", "in": 2, "out": 1}]}`), []string{"network", "layers[0]", "densse"}, true},
		{"unknown activation", with("network", `{"layers": [{"type": "dense", "in": 2, "out": 1, "activation": "tan"}]}`), []string{"layers[0]", `"tan"`}, true},
		{"typo", with("network", `{"layers": [{"type": "dense", "in": 2, "outt": 1}]}`), []string{"layers[0]", "outt"}, true},
		{"another case", with("network", `{"layers": [{"type": "dense", "in": 2, "out": 1, "IN": 3}]}`), []string{"layers[0]", `"IN"`}, true},
		{"null activation", with("network", `{"layers": [{"type": "dense", "in": 2, "out": 1, "activation": null}]}`), []string{"layers[0]", `"activation" is null`}, true},
		{"size in quotes", with("network", `{"layers": [{"type": "dense", "in": "2", "out": 1}]}`), []string{"layers[0]", `"in" is a JSON string, want a whole number`}, true},
		{"layer number", with("network", `{"layers": [[2], [1]]}`), []string{"layers[0]", "no object"}, true},
		{"layers number", with("network", `{"layers": 2}`), []string{"network", `"layers" is a JSON number, want an array of layers`}, true},
		{"eps 0", with("network", `{"layers": [{"type": "layer-norm", "features": 2, "eps": 0}]}`), []string{"layers[0]", `"eps" is 0`}, true},
		{"mean alone", with("network", `{"layers": [{"type": "batch-norm", "features": 2, "mean": [1, 2]}]}`), []string{"layer 0", "2 running means and 0 variances"}, true},
		{"no match", with("network", `{"layers": [{"type": "dense", "in": 2, "out": 3}, {"type": "dense", "in": 4, "out": 1}]}`), []string{"layer 1", "4", "3"}, false},
		{"unknown loss", with("loss", `"logistics"`), []string{"loss", `"logistics"`}, true},
		{"loss number", with("loss", `3`), []string{"loss", "string"}, true},
		{"negative penalty", with("l2", `-1`), []string{"l2"}, true},
		{"weight missing", with("weights", `{"0.weight": [[1, 2], [3, 4], [-5, 6]], "0.bias": [0.1, 0.2, 0.3], "1.weight": [[0.5, -1, 2]]}`), []string{"weights", "1.bias"}, false},
		{"weight shape", with("weights", strings.Replace(weights, "[0.25]", "[0.25, 1]", 1)), []string{`weights."1.bias"`, "2 numbers", "want 1"}, false},
		{"weight axes", with("weights", strings.Replace(weights, "[[0.5, -1, 2]]", "[0.5, -1, 2]", 1)), []string{`weights."1.weight"`, "1 x 3"}, false},
		{"unknown weight", with("weights", strings.Replace(weights, "{", `{"2.bias": [1], `, 1)), []string{"weights", "2.bias"}, false},
		{"weight twice", with("weights", strings.Replace(weights, "{", `{"1.bias": [1], `, 1)), []string{"weights", `"1.bias" is there twice`}, false},
		{"no file", with("weights", `{"file": "nowhere.npz"}`), []string{"weights.file", "nowhere.npz"}, false},
		{"file type", with("weights", `{"file": "w.pt"}`), []string{"weights.file", "w.pt"}, true},
		{"direction shape", with("directions", `{"x": `+strings.Replace(weights, "[0.25]", "0.25", 1)+`}`), []string{`directions.x."1.bias"`}, true},
		{"no direction", with("directions", ""), []string{"x", "directions"}, false},
		{"only y", with("directions", `{"y": `+weights+`}`), []string{"directions", `"x" is missing`}, true},
		{"no y axis", with("y", ""), []string{`"y" is missing`}, false},
		{"short axis", with("x", "[0, 1]"), []string{"x", "2 numbers"}, true},
		{"falling axis", with("x", "[1, 0, 5]"), []string{"x", "increase"}, false},
		{"no point", with("x", "[0, 1, 0]"), []string{"x[2]"}, true},
		{"half a point", with("x", "[0, 1, 2.5]"), []string{"x[2]"}, true},
		{"unknown report", with("report", `["los"]`), []string{"report[0]", `"los"`}, true},
		{"report twice", with("report", `["loss", "loss"]`), []string{"report[1]", "twice"}, true},
		{"unknown key", with("extra", "1"), []string{`"extra"`}, true},
		{"not JSON", []byte("hello"), []string{"line 1, column"}, true},
		{"cut off", with()[:100], []string{"ends too early"}, true},
		{"two values", append(with(), '1'), []string{"after the end"}, true},
		{"array", []byte("[1]"), []string{"object"}, true},
		{"deep", []byte(strings.Repeat("[", 100000)), []string{"nested"}, true},
	} {
		_, err := Parse(c.text, t.TempDir())
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, part := range c.contains {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", c.name, err, part)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q has several lines", c.name, err)
		}
		if refused := conforms(t, s, c.text) != nil; refused != c.schema {
			t.Errorf("%s: refused by the schema: %v", c.name, refused)
		}
	}
	if err := conforms(t, s, with()); err != nil {
		t.Errorf("the schema refuses a right job: %v", err)
	}
}

// A slice holds the loss at weights + x directions.x + y directions.y, and reads back to the same bits.
func TestSlice(t *testing.T) {
	j := parsed(t, with(), "")
	r := sliced(t, j, Shard{}, "")
	var out map[string]json.RawMessage
	if err := json.Unmarshal([]byte(output(t, r)), &out); err != nil {
		t.Fatal(err)
	}
	var x, y []float64
	values := map[string][][]float64{}
	for key, text := range out {
		switch key {
		case "x":
			_ = json.Unmarshal(text, &x)
		case "y":
			_ = json.Unmarshal(text, &y)
		default:
			var v [][]float64
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			values[key] = v
		}
	}
	o := j.Objective()
	theta, grad := make([]float64, o.Dim()), make([]float64, o.Dim())
	for i, a := range x {
		for k, b := range y {
			for p := range theta {
				theta[p] = j.Weights[p] + a*j.DX[p] + b*j.DY[p]
			}
			loss, accuracy := o.ValueAccuracy(theta)
			o.Gradient(grad, theta)
			norm := 0.0
			for _, g := range grad {
				norm = math.Hypot(norm, g)
			}
			for name, want := range map[string]float64{"loss": loss, "accuracy": accuracy, "gradient-norm": norm} {
				if got := values[name][i][k]; math.Abs(got-want) > 1e-12*math.Abs(want) {
					t.Errorf("%s at (%v, %v) = %v, want %v", name, a, b, got, want)
				}
			}
			if math.Float64bits(values["loss"][i][k]) != math.Float64bits(r.Values[0][i*len(y)+k]) {
				t.Errorf("loss at (%v, %v) does not read back to the same bits", a, b)
			}
		}
	}
	if len(values) != 5 || len(values["hessian-min"]) != 11 || len(values["hessian-max"][0]) != 9 {
		t.Errorf("quantities: %v", r.Names)
	}
}

// A line has flat arrays; without "report" there is the loss alone.
func TestLine(t *testing.T) {
	j := parsed(t, with("directions", `{"x": `+weights+`}`, "y", "", "report", ""), "")
	var out map[string][]float64
	if err := json.Unmarshal([]byte(output(t, sliced(t, j, Shard{}, ""))), &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != 2 || len(out["x"]) != 11 || len(out["loss"]) != 11 {
		t.Errorf("%v", out)
	}
}

// A direction may be zero, two may be parallel, and an axis may be one point: the formula still says what is meant.
func TestDegenerate(t *testing.T) {
	zero := `{"0.weight": [[0, 0], [0, 0], [0, 0]], "0.bias": [0, 0, 0], "1.weight": [[0, 0, 0]], "1.bias": [0]}`
	s := schema(t)
	at := func(j *Job, a, b float64) float64 {
		theta := make([]float64, len(j.Weights))
		for i := range theta {
			theta[i] = j.Weights[i] + a*j.DX[i] + b*j.DY[i]
		}
		return j.Objective().Value(theta)
	}
	for name, text := range map[string][]byte{
		"zero":      with("directions", `{"x": `+weights+`, "y": `+zero+`}`),
		"all zero":  with("directions", `{"x": `+zero+`, "y": `+zero+`}`),
		"parallel":  with("directions", `{"x": `+weights+`, "y": `+weights+`}`),
		"one x":     with("x", "[-1, 1, 1]"),
		"one y":     with("y", "[0.5, 0.5, 1]"),
		"one point": with("x", "[0, 0, 1]", "y", "[0, 0, 1]"),
	} {
		if err := conforms(t, s, text); err != nil {
			t.Errorf("%s: the schema refuses it: %v", name, err)
		}
		j := parsed(t, text, "")
		r := sliced(t, j, Shard{}, "")
		for i, x := range r.X {
			for k, y := range r.Y {
				want := at(j, x, y)
				if got := r.Values[0][i*len(r.Y)+k]; math.Abs(got-want) > 1e-12*want {
					t.Errorf("%s: %v at (%v, %v), want %v", name, got, x, y, want)
				}
			}
		}
		if merged, err := Merge(writeParts(t, j, 3)...); err != nil || output(t, merged) != output(t, r) {
			t.Errorf("%s: merged: %v", name, err)
		}
	}
	j := parsed(t, with("directions", `{"x": `+weights+`}`, "x", "[-2, 5, 1]", "y", "", "report", ""), "")
	if out := output(t, sliced(t, j, Shard{}, "")); !strings.HasPrefix(out, `{"x": [-2],`) {
		t.Error(out)
	}
}

func TestNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := []float64{0, math.Copysign(0, -1), 1e21, 5e-324, math.MaxFloat64}
	for range 1000 {
		if x := math.Float64frombits(random.Uint64()); !math.IsNaN(x) && !math.IsInf(x, 0) {
			values = append(values, x)
		}
	}
	var back []float64
	if err := json.Unmarshal(appendNumbers(nil, values), &back); err != nil {
		t.Fatal(err)
	}
	for i := range values {
		if math.Float64bits(values[i]) != math.Float64bits(back[i]) {
			t.Errorf("%v reads back as %v", values[i], back[i])
		}
	}
	if s := string(appendNumbers(nil, []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)})); s != `["NaN", "+Inf", "-Inf", -0.0]` {
		t.Error(s)
	}
}

// Overflow stays what it is.
func TestOverflow(t *testing.T) {
	j := parsed(t, with("loss", `"squared"`, "x", "[-1e200, 1e200, 3]", "report", ""), "")
	if out := output(t, sliced(t, j, Shard{}, "")); !strings.Contains(out, `"+Inf"`) {
		t.Error(out)
	}
}

func writeParts(t *testing.T, j *Job, n int) (paths []string) {
	t.Helper()
	folder := t.TempDir()
	for i := range n {
		s := Shard{i + 1, n}
		path := filepath.Join(folder, fmt.Sprintf("%d.json", i))
		r := sliced(t, j, s, "")
		if err := WriteFile(path, func(w io.Writer) error { return r.WritePart(w, s) }); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// Parts make the whole, to the bit, in any number and order; the wrong ones are refused.
func TestMerge(t *testing.T) {
	j := parsed(t, with(), "")
	whole := output(t, sliced(t, j, Shard{}, ""))
	for _, n := range []int{1, 2, 3, 7, 20} {
		paths := writeParts(t, j, n)
		rand.New(rand.NewPCG(1, uint64(n))).Shuffle(n, func(i, k int) { paths[i], paths[k] = paths[k], paths[i] })
		r, err := Merge(paths...)
		if err != nil {
			t.Fatalf("%d parts: %v", n, err)
		}
		if output(t, r) != whole {
			t.Errorf("%d parts make something else", n)
		}
	}
	paths := writeParts(t, j, 3)
	foreign := writeParts(t, parsed(t, with("l2", "0.02"), ""), 3)
	other := filepath.Join(t.TempDir(), "other.json")
	text, _ := os.ReadFile(paths[1])
	var p part
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	p.Code += " of another machine"
	changed, _ := json.Marshal(p)
	_ = os.WriteFile(other, changed, 0o644)
	p.To++
	damaged := filepath.Join(t.TempDir(), "damaged.json")
	changed, _ = json.Marshal(p)
	_ = os.WriteFile(damaged, changed, 0o644)
	out := filepath.Join(t.TempDir(), "out.json")
	_ = os.WriteFile(out, []byte(whole), 0o644)
	for name, c := range map[string]struct {
		paths []string
		say   string
	}{
		"missing":   {paths[:2], "missing"},
		"foreign":   {[]string{paths[0], foreign[1], paths[2]}, "another job"},
		"mixture":   {[]string{paths[0], other, paths[2]}, "other code"},
		"twice":     {[]string{paths[0], paths[1], paths[1], paths[2]}, "earlier part"},
		"damaged":   {[]string{damaged}, "damaged"},
		"no part":   {[]string{out}, "no part"},
		"no file":   {[]string{"nowhere"}, "nowhere"},
		"no parts":  {nil, "no parts"},
		"cut short": {[]string{short(t, paths[0])}, "no part"},
	} {
		if _, err := Merge(c.paths...); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func short(t *testing.T, path string) string {
	text, _ := os.ReadFile(path)
	out := filepath.Join(t.TempDir(), "short.json")
	_ = os.WriteFile(out, text[:len(text)/2], 0o644)
	return out
}

// What a killed run has left behind is not computed again, and the result has the same bits.
func TestRestart(t *testing.T) {
	j := parsed(t, with("x", "[-1, 1, 80]", "y", "[-1, 1, 80]"), "")
	want := output(t, sliced(t, j, Shard{}, ""))
	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := j.Slice(ctx, Shard{}, checkpoint); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	sliced(t, j, Shard{1, 3}, checkpoint) // stands for the part that was finished
	text, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(checkpoint, text[:len(text)-10], 0o644); err != nil { // a torn last line
		t.Fatal(err)
	}
	if output(t, sliced(t, j, Shard{}, checkpoint)) != want {
		t.Error("other bits after a restart")
	}
	if _, err := parsed(t, with(), "").Slice(context.Background(), Shard{}, checkpoint); err == nil {
		t.Error("took the checkpoint of another job")
	}
}

func TestParseShard(t *testing.T) {
	for s, want := range map[string]Shard{"1/4": {1, 4}, "4/4": {4, 4}, "0/4": {4, 4}, "0/1": {1, 1}} {
		if got, err := ParseShard(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "1", "5/4", "-1/4", "1/0", "1/4x", "a/b", "1/ 4"} {
		if got, err := ParseShard(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// Files hold the same as JSON does.
func TestFiles(t *testing.T) {
	folder := t.TempDir()
	j := parsed(t, with(), "")
	write := func(name string, arrays map[string]any) {
		w, err := npz.Create(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		for key, a := range arrays {
			if err := w.Write(key, a); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("d.npz", map[string]any{"x": [4][2]float32{{1, 2}, {0.5, -1}, {3, -2}, {-1, -1}}, "y": []int64{1, 0, 0, 1}})
	if err := nn.SaveSafetensors(j.Net, j.Weights, filepath.Join(folder, "w.safetensors")); err != nil {
		t.Fatal(err)
	}
	directions := map[string]any{}
	renamed := map[string]nn.Tensor{}
	for name, w := range j.Net.Tensors(j.DX) {
		directions["x."+name] = w.Data
		if len(w.Shape) == 2 {
			directions["x."+name] = matrix(w)
		}
		layer, last, _ := strings.Cut(name, ".")
		renamed[map[string]string{"0": "z", "1": "a"}[layer]+"."+last] = w
	}
	for name, w := range j.Net.Tensors(j.DY) {
		directions["y."+name] = w.Data
		if len(w.Shape) == 2 {
			directions["y."+name] = matrix(w)
		}
	}
	write("dir.npz", directions)
	var b bytes.Buffer
	if err := nn.WriteSafetensors(&b, renamed); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "renamed.safetensors"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	want := output(t, sliced(t, j, Shard{}, ""))
	s := schema(t)
	for _, job := range [][]byte{
		with("data", `{"file": "d.npz"}`, "weights", `{"file": "w.safetensors"}`, "directions", `{"file": "dir.npz"}`),
		with("directions", strings.Replace(fields()["directions"], weights, `{"file": "renamed.safetensors", "keys": {"0": "z", "1": "a"}}`, 1)),
		with("keys", `{"0": "z", "1": "a"}`, "directions", strings.Replace(fields()["directions"], weights, `{"file": "renamed.safetensors"}`, 1)),
	} {
		if err := conforms(t, s, job); err != nil {
			t.Error(err)
		}
		if got := output(t, sliced(t, parsed(t, job, folder), Shard{}, "")); got != want {
			t.Error("a slice from files differs")
		}
	}
	write("nan.npz", map[string]any{"x": [1][2]float64{{1, math.NaN()}}, "y": []float64{1}})
	if _, err := Parse(with("data", `{"file": "nan.npz"}`), folder); err == nil || !strings.Contains(err.Error(), `"x"[0][1]`) {
		t.Errorf("NaN in a file: %v", err)
	}
	if _, err := Parse(with("data", `{"file": "w.safetensors"}`), folder); err == nil || !strings.Contains(err.Error(), `no array "x"`) {
		t.Errorf("no x in a file: %v", err)
	}
}

func matrix(t nn.Tensor) any {
	if t.Shape[0] == 3 {
		return [3][2]float64{{t.Data[0], t.Data[1]}, {t.Data[2], t.Data[3]}, {t.Data[4], t.Data[5]}}
	}
	return [1][3]float64{{t.Data[0], t.Data[1], t.Data[2]}}
}

// What PyTorch's Sequential saves loads as it is.
func TestSequential(t *testing.T) {
	j, err := Parse(with("weights", `{"file": "sequential.safetensors"}`, "directions", "", "x", "", "y", ""), filepath.Join("..", "nn", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Slice(context.Background(), Shard{}, ""); err == nil {
		t.Error("a slice without directions")
	}
	if in, err := j.Inspect(context.Background()); err != nil || len(in.Eigenvalues) != 13 {
		t.Errorf("%v, %v", in, err)
	}
}

func TestWriteFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out.json")
	if err := WriteFile(path, func(w io.Writer) error { _, _ = w.Write([]byte("half")); return errors.New("stopped") }); err == nil {
		t.Error("no error")
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func ExampleParse() {
	j, err := Parse([]byte(`{
		"network": {"layers": [{"type": "dense", "in": 1, "out": 1}]},
		"loss": "squared",
		"data": {"x": [[0], [1]], "y": [0, 1]},
		"weights": {"0.weight": [[1]], "0.bias": [0]},
		"directions": {"x": {"0.weight": [[1]], "0.bias": [0]}},
		"x": [-1, 1, 3]}`), ".")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := j.Slice(context.Background(), Shard{}, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.X, r.Values[0])
	// Output: [-1 0 1] [0.5 0 0.5]
}

func FuzzParse(f *testing.F) {
	f.Add(with())
	f.Add(with("directions", `{"file": "x.npz"}`))
	f.Add([]byte(`{"network": {"layers": [{"type": "conv2d", "in": 1, "out": 1, "kernel": 1, "height": 1, "width": 1}]}, "loss": "huber(2)", "data": {"x": [[[[1]]]], "y": [[1]]}, "weights": {"0.weight": [[[[1]]]], "0.bias": [1]}}`))
	s := schema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		j, err := Parse(text, "testdata")
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has several lines", err)
			}
			return
		}
		if err := conforms(t, s, text); err != nil {
			t.Errorf("accepted, but the schema says %v", err)
		}
		if j.Objective().Err() != nil || j.Data.N*j.Net.Dim() > 1e5 {
			return
		}
		_ = j.Objective().Value(j.Weights)
	})
}

func FuzzPart(f *testing.F) {
	var b bytes.Buffer
	r := &Result{X: []float64{1, 2}, Y: []float64{1, 2}, Names: []string{"loss"}, Values: [][]float64{{1, 2, 3, 4}}, To: 4}
	if err := r.WritePart(&b, Shard{1, 1}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "part.json")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if r, err := Merge(path); err == nil {
			output(t, r)
		}
	})
}
