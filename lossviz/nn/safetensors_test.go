package nn

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSafetensorsOfPyTorch reads what testdata/make_cases.py saved.
func TestSafetensorsOfPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/safetensors.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Sequential, Named, BatchNorm []float64
		X, Forward                   [][]float64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	mlp := MLP(2, 3, 1, Tanh)
	load := func(net *Network, file string, keys map[string]string) []float64 {
		t.Helper()
		theta, err := LoadSafetensors(net, filepath.Join("testdata", file), keys)
		if err != nil {
			t.Fatal(err)
		}
		return theta
	}
	if got := load(mlp, "sequential.safetensors", nil); !slices.Equal(got, want.Sequential) {
		t.Errorf("a Sequential: %v, want %v", got, want.Sequential)
	}
	for _, keys := range []map[string]string{nil, {"0": "fc1", "1": "fc2"}, {"1": "fc2"}} {
		if got := load(mlp, "named_float32.safetensors", keys); !slices.Equal(got, want.Named) {
			t.Errorf("float32 with keys %v: %v, want %v", keys, got, want.Named)
		}
	}
	conv := New(Conv2DLayer{In: 1, Out: 2, Kernel: 3, Height: 4, Width: 4}, BatchNormLayer{Features: 2}, FlattenLayer{}, Dense(8, 2, Identity))
	theta := load(conv, "batchnorm.safetensors", nil)
	if !slices.Equal(theta, want.BatchNorm) {
		t.Errorf("batch norm: %v, want %v", theta, want.BatchNorm)
	}
	tensors, err := ReadSafetensors("testdata/batchnorm.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	running, err := conv.LoadRunning(tensors, nil)
	if err != nil {
		t.Fatal(err)
	}
	agree(t, "running statistics", running.Forward(theta, slices.Concat(want.X...), len(want.X)), slices.Concat(want.Forward...), 1e-14)

	for _, c := range []struct {
		net  *Network
		keys map[string]string
		want string
	}{
		{MLP(2, 4, 1, Tanh), nil, `tensor "fc1.weight" is 3x2, but block 0.weight is 4x2`},
		{Linear(2, 3), nil, "no place for fc2.weight, fc2.bias"},
		{Deep(Tanh, 2, 3, 1, 1), nil, "no tensor is left for block 2.weight (1x1)"},
		{mlp, map[string]string{"0": "fc3"}, `no tensor "fc3.weight" for block 0.weight; there are fc1.weight, fc1.bias, fc2.weight, fc2.bias`},
		{mlp, map[string]string{"7": "fc1"}, `keys name layer "7"`},
		{mlp, map[string]string{"0": "fc1", "1": "fc1"}, `tensor "fc1.weight" to two layers`},
		{Linear(1, -1), nil, "Out is -1"},
	} {
		if _, err := LoadSafetensors(c.net, "testdata/named_float32.safetensors", c.keys); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if _, err := LoadSafetensors(mlp, "testdata/none", nil); err == nil {
		t.Error("a file that does not exist was read")
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	for name, net := range zoo() {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		theta := net.Init(3)
		theta[0] = math.Copysign(0, -1)
		if err := SaveSafetensors(net, theta, path); err != nil {
			t.Fatal(err)
		}
		back, err := LoadSafetensors(net, path, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range theta {
			if math.Float64bits(back[i]) != math.Float64bits(theta[i]) {
				t.Fatalf("%s: number %d is %v, was %v", name, i, back[i], theta[i])
			}
		}
	}
}

func TestNarrowNumbers(t *testing.T) {
	header := `{"h":{"dtype":"F16","shape":[7],"data_offsets":[0,14]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[14,18]},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`
	file := append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...)
	file = append(file, 0x00, 0x3c, 0x01, 0x00, 0xff, 0x7b, 0x00, 0xfc, 0x00, 0xc0, 0x55, 0x35, 0x00, 0x80, 0x80, 0x3f, 0x49, 0xc0)
	tensors, err := ParseSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tensors["h"].Data, []float64{1, 0x1p-24, 65504, math.Inf(-1), -2, 0.333251953125, 0}; !slices.Equal(got, want) {
		t.Errorf("half: %v, want %v", got, want)
	}
	if got, want := tensors["b"].Data, []float64{1, -3.140625}; !slices.Equal(got, want) {
		t.Errorf("bfloat16: %v, want %v", got, want)
	}
	if len(tensors) != 2 {
		t.Errorf("%d tensors", len(tensors))
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"2.0.weight", "2.weight", "2.bias", "10.bias", "block1.conv2.weight", "block1.conv10.weight", "fc.weight", "fc.bias"}
	tensors := map[string]Tensor{}
	for _, name := range want {
		tensors[name] = Tensor{}
	}
	if got := naturalOrder(tensors); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// FuzzParseSafetensors: any bytes give an error or tensors whose numbers fit their shapes, and
// those come back when written.
func FuzzParseSafetensors(f *testing.F) {
	for _, name := range []string{"sequential", "named_float32", "batchnorm"} {
		file, err := os.ReadFile("testdata/" + name + ".safetensors")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
		f.Add(file[:len(file)-3])
	}
	f.Add([]byte("\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":{\"dtype\":\"F64\",\"shape\":[0,4611686018427387904,8],\"data_offsets\":[0,0]}}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, err := ParseSafetensors(file)
		if err != nil {
			return
		}
		for name, tensor := range tensors {
			if Shape(tensor.Shape).Size() != len(tensor.Data) {
				t.Fatalf("%q has shape %v and %d numbers", name, tensor.Shape, len(tensor.Data))
			}
		}
		var out bytes.Buffer
		if err := WriteSafetensors(&out, tensors); err != nil {
			t.Fatal(err)
		}
		back, err := ParseSafetensors(out.Bytes())
		if err != nil || len(back) != len(tensors) {
			t.Fatalf("%d tensors came back of %d: %v", len(back), len(tensors), err)
		}
		_, _ = MLP(2, 3, 1, Tanh).Load(tensors, nil)
	})
}
