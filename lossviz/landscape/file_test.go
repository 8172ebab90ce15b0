package landscape

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// awkward is a surface with holes, a path, an odd quantity name, and numbers that are hard to print.
func awkward(t testing.TB) *Surface {
	t.Helper()
	obj := Func(3, func(x []float64) float64 {
		switch {
		case x[0] > 0.8:
			return math.Inf(1)
		case x[1] < -0.8:
			return math.Inf(-1)
		case x[0]*x[1] > 0.3:
			return math.NaN()
		}
		return math.Exp(300*x[0]) / 3
	}).Named(`a "function" <b>`)
	plane := NewPlane([]float64{0, 0, 1}, Given("first", []float64{1, 0, 0}), Given("second", []float64{0, 1, 0}))
	s := Slice(obj, plane, Rectangle(-1, 1, 7, -1, 1, 12), Quiet(), Report(Measure("x", norm2), Measure("quantity_1", norm2), Measure(`<&",`, norm2)))
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	s = s.With(Points{{0.1, 0.2, 3}, {0, 0, 1}}).Titled("título <1>").LogScale().Clip(1e9)
	s.Marks = []chart.Point{{Name: "here", Kind: chart.Saddle, X: 0.1, Y: math.Copysign(0, -1)}, {X: 1}}
	return s
}

func TestSaveAndLoad(t *testing.T) {
	obj, theta := moons(t, nn.Tanh)
	network := Slice(obj, FilterNormalized(obj, theta, 3), Square(1, 9), Report(Accuracy()), Quiet())
	adaptive := Slice(obj, FilterNormalized(obj, theta, 3), Adaptive(Square(1, 33)), Quiet())
	part := Slice(obj, FilterNormalized(obj, theta, 3), Square(1, 9), Shard(1, 2), Quiet())
	for _, s := range []*Surface{awkward(t), network, adaptive, part} {
		for _, ext := range []string{".json", ".npz"} {
			path := filepath.Join(t.TempDir(), "surface"+ext)
			if err := s.Save(path); err != nil {
				t.Fatal(err)
			}
			got := Load(path)
			if (got.Err() != nil) != !s.Complete() {
				t.Fatal(got.Err())
			}
			if !reflect.DeepEqual(got.Marks, s.Marks) || got.log != s.log || got.clip != s.clip {
				t.Errorf("%s: marks %v, want %v; log scale %t, clip %v", ext, got.Marks, s.Marks, got.log, got.clip)
			}
			if !reflect.DeepEqual(got.Made, s.Made) || !reflect.DeepEqual(got.Names, s.Names) || got.title != s.title {
				t.Errorf("%s: provenance %+v, want %+v", ext, got.Made, s.Made)
			}
			for _, name := range s.Names {
				requireSame(t, ext+" "+name, got.Values[name], s.Values[name])
			}
			requireSame(t, "coordinates", [][]float64{got.X, got.Y, got.Origin, got.XVector, got.YVector}, [][]float64{s.X, s.Y, s.Origin, s.XVector, s.YVector})
			if !reflect.DeepEqual(got.Computed, s.Computed) || !reflect.DeepEqual(got.rec.done, s.rec.done) || len(got.Paths) != len(s.Paths) {
				t.Errorf("%s: marks, tiles or paths differ", ext)
			}
			for i := range s.Paths {
				requireSame(t, "path", [][]float64{got.Paths[i].A, got.Paths[i].Loss}, [][]float64{s.Paths[i].A, s.Paths[i].Loss})
			}
			var a, b bytes.Buffer
			fa, fb := s.file(), got.file()
			if fa.writeNPZ(&a) != nil || fb.writeNPZ(&b) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Errorf("%s: saving what was loaded gives other bytes", ext)
			}
		}
	}
	if network.Made.DataHash == "" || network.Made.Seed != 3 || !strings.Contains(network.Made.X, "filter-normalized") || network.Made.Network == "" {
		t.Errorf("provenance %+v", network.Made)
	}
	// What was loaded goes on where it was.
	path := filepath.Join(t.TempDir(), "part.npz")
	if err := part.Save(path); err != nil {
		t.Fatal(err)
	}
	whole := Slice(obj, FilterNormalized(obj, theta, 3), Square(1, 9), Resume(Load(path)), Quiet())
	if whole.Err() != nil {
		t.Fatal(whole.Err())
	}
	requireSame(t, "resumed", whole.Z, network.Z)
}

func TestSaveCurve(t *testing.T) {
	obj, a := moons(t, nn.Tanh)
	c := Interpolate(obj, a, obj.Net.Init(8), Quiet(), Report(Accuracy()))
	for _, ext := range []string{".json", ".npz"} {
		path := filepath.Join(t.TempDir(), "curve"+ext)
		if err := c.Save(path); err != nil {
			t.Fatal(err)
		}
		got := LoadCurve(path)
		if got.Err() != nil {
			t.Fatal(got.Err())
		}
		requireSame(t, ext, [][]float64{got.T, got.Z, got.Values[NameAccuracy]}, [][]float64{c.T, c.Z, c.Values[NameAccuracy]})
		if got.String() != c.String() {
			t.Errorf("%s: %v\nwant %v", ext, got, c)
		}
		if Load(path).Err() == nil {
			t.Error("a curve loads as a surface")
		}
	}
}

func TestCSV(t *testing.T) {
	s := awkward(t)
	var b bytes.Buffer
	if err := s.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(lines) != 1+7*12 || strings.Join(lines[0], "|") != `x|y|loss|x|quantity_1|<&",` {
		t.Fatalf("%d lines, header %q, %v", len(lines), lines[0], err)
	}
	for k, line := range lines[1:] {
		i, j := k/12, k%12
		for c, want := range []float64{s.X[i], s.Y[j], s.Z[i][j]} {
			got, err := strconv.ParseFloat(line[c], 64)
			if err != nil || (!sameBits(got, want) && !(math.IsNaN(got) && math.IsNaN(want))) {
				t.Fatalf("line %d: %s, want %v", k, line[c], want)
			}
		}
	}
}

func TestVTP(t *testing.T) {
	s := awkward(t)
	var b bytes.Buffer
	if err := s.WriteVTP(&b); err != nil {
		t.Fatal(err)
	}
	type array struct {
		Name string `xml:",attr"`
		Text string `xml:",chardata"`
	}
	var doc struct {
		Type     string `xml:"type,attr"`
		PolyData struct {
			Piece []struct {
				NumberOfPoints, NumberOfPolys, NumberOfLines int `xml:",attr"`

				PointData struct{ DataArray []array }
				Points    struct{ DataArray array }
				Polys     struct{ DataArray []array }
				Lines     struct{ DataArray []array }
			}
		}
	}
	if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Type != "PolyData" || len(doc.PolyData.Piece) != 2 {
		t.Fatalf("%+v", doc)
	}
	p := doc.PolyData.Piece[0]
	nan, inf := s.Holes()
	if want := 7*12 - nan - inf; nan+inf == 0 || p.NumberOfPoints != want || len(strings.Fields(p.Points.DataArray.Text)) != 3*want {
		t.Errorf("%d points, want %d", p.NumberOfPoints, want)
	}
	if len(p.PointData.DataArray) != 4 || p.PointData.DataArray[3].Name != `<&",` || len(strings.Fields(p.PointData.DataArray[3].Text)) != p.NumberOfPoints {
		t.Error("quantities do not fit the points")
	}
	corners := strings.Fields(p.Polys.DataArray[0].Text)
	if len(corners) != 4*p.NumberOfPolys || p.NumberOfPolys == 0 || len(strings.Fields(p.Polys.DataArray[1].Text)) != p.NumberOfPolys {
		t.Errorf("%d corners of %d quadrilaterals", len(corners), p.NumberOfPolys)
	}
	for _, c := range corners {
		if n, err := strconv.Atoi(c); err != nil || n < 0 || n >= p.NumberOfPoints {
			t.Fatalf("corner %s of %d points", c, p.NumberOfPoints)
		}
	}
	if q := doc.PolyData.Piece[1]; q.NumberOfLines != 1 || q.NumberOfPoints != 2 {
		t.Errorf("the path is %+v", q)
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ text, want string }{
		{"", "JSON"},
		{"{", "JSON"},
		{"{}", "not a surface"},
		{`{"format":"saddle-surface-1","names":["loss"],"x":[0,1],"y":[0,1],"values":{"loss":[[1,2]]}}`, "1 rows, want 2"},
		{`{"format":"saddle-surface-1","names":["loss"],"x":[0,1],"y":[0,0],"values":{"loss":[[1,2],[3,4]]}}`, "not increasing"},
		{`{"format":"saddle-surface-1","names":["loss"],"x":[0,1],"y":[0,1],"values":{"loss":[[1,2],[3,null]]}}`, "number 1"},
		{`{"format":"saddle-surface-1","names":["loss"],"x":[0,1],"y":[0,1],"values":{"loss":[[1,2],[3,4]]},"missing":[9]}`, "tile 9"},
		{"PK\x03\x04", "zip"},
	} {
		path := filepath.Join(dir, "file.json")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := Load(path).Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want ... %s ...", c.text, err, c.want)
		}
	}
	if Load(filepath.Join(dir, "none")).Err() == nil {
		t.Error("no file, no error")
	}
	s := awkward(t)
	if err := s.Save(filepath.Join(dir, "no", "such", "folder.json")); err == nil {
		t.Error("saving into no folder has no error")
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("files left behind: %v", entries)
	}
}

// The seeds are small: the fuzzer shortens whatever it finds interesting, byte by byte.
func FuzzLoad(f *testing.F) {
	s := &file{Format: surfaceFormat, Names: []string{NameLoss}, X: numbers{0, 1}, Y: numbers{0, 1}, Values: map[string]rows{NameLoss: {{1, math.NaN()}, {3, 4}}},
		Origin: numbers{0}, XVector: numbers{1}, YVector: numbers{2}, Points: []saveMark{{Name: "m"}}, Paths: []savePath{{Name: "p"}}}
	var npz bytes.Buffer
	if err := s.writeNPZ(&npz); err != nil {
		f.Fatal(err)
	}
	f.Add(npz.Bytes())
	text, err := json.Marshal(s)
	if err != nil {
		f.Fatal(err)
	}
	if got, err := parseFile(text); err != nil {
		f.Fatal(err)
	} else if _, err := got.surface(); err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":"saddle-curve-1","names":["loss"],"x":[0,1],"values":{"loss":[[1,"NaN"]]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parseFile(text)
		if err != nil {
			return
		}
		if s, err := file.surface(); err == nil {
			_ = s.String()
			_, _ = s.Holes()
			_ = Merge(s).Err()
		}
		if c, err := file.curve(); err == nil {
			_ = c.String()
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(`{"format":"saddle-checkpoint-1","fingerprint":"f","names":["loss"],"points":40}` + "\n" + `{"tile":1,"values":"AAAAAAAAAAA=","crc":1696784233}` + "\n"))
	f.Add([]byte(`{"format":"saddle-checkpoint-1","fingerprint":"f","names":["loss"],"points":40}` + "\n" + `{"tile":0,"points":[7],"values":"AAAAAAAAAAA=","crc":0}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		adaptive := newRecord(1, 40)
		adaptive.known = make([]bool, 40)
		_, _ = readCheckpoint(bytes.NewReader(text), checkpointHeader{checkpointFormat, "f", []string{"loss"}, 40}, adaptive)
		rec := newRecord(1, 40)
		good, err := readCheckpoint(bytes.NewReader(text), checkpointHeader{checkpointFormat, "f", []string{"loss"}, 40}, rec)
		if err == nil && (good < 0 || good > int64(len(text))) {
			t.Errorf("%d good bytes of %d", good, len(text))
		}
	})
}

// A process that is killed loses no finished tile, and what is computed after has the same bits.
func TestCheckpointSurvivesAKill(t *testing.T) {
	if path := os.Getenv("SADDLE_TEST_CHECKPOINT"); path != "" {
		obj, theta := moons(t, nn.Tanh)
		Slice(obj, FilterNormalized(obj, theta, 3), Square(1, 21), Report(HessianExtremes()), Checkpoint(path), Quiet())
		select {} // the parent kills this process
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	child := exec.Command(os.Args[0], "-test.run=^TestCheckpointSurvivesAKill$")
	child.Env = append(os.Environ(), "SADDLE_TEST_CHECKPOINT="+path)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	tiles := func() int {
		text, _ := os.ReadFile(path)
		return bytes.Count(text, []byte("\n")) - 1
	}
	for deadline := time.Now().Add(5 * time.Minute); tiles() < 4; {
		if time.Now().After(deadline) {
			t.Error("no tiles within 30 s")
			break
		}
	}
	child.Process.Kill()
	child.Wait()
	kept := tiles()
	obj, theta := moons(t, nn.Tanh)
	plane := FilterNormalized(obj, theta, 3)
	got := Slice(obj, plane, Square(1, 21), Report(HessianExtremes()), Checkpoint(path), Quiet())
	want := Slice(obj, plane, Square(1, 21), Report(HessianExtremes()), Quiet())
	if got.Err() != nil {
		t.Fatal(got.Err())
	}
	for _, name := range want.Names {
		requireSame(t, name, got.Values[name], want.Values[name])
	}
	text, _ := os.ReadFile(path)
	if total := len(want.rec.done); kept < total && bytes.Count(text, []byte("\n"))-1 != total {
		t.Errorf("the checkpoint has %d tiles of %d: finished ones were computed again", bytes.Count(text, []byte("\n"))-1, total)
	}
}
