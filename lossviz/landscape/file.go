package landscape

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sbinet/npyio/npy"
	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/chart"
	"github.com/gosaddle/saddle/lossviz/internal/decimal"
	"github.com/gosaddle/saddle/lossviz/internal/npz"
)

// A file holds a surface or a curve; the fields of its JSON. Numbers are written so that
// they read back to the same bits; those that are not finite are the strings "NaN",
// "+Inf" and "-Inf".
//
// In a NumPy .npz file x, y, the quantities (by name) and the plane's vectors are arrays
// of float64, and everything else is the bytes of this JSON, in the array "saddle".
type file struct {
	Format  string          `json:"format"`
	Made    Provenance      `json:"made"`
	Title   string          `json:"title,omitempty"`
	Names   []string        `json:"names"`
	X       numbers         `json:"x,omitempty"`
	Y       numbers         `json:"y,omitempty"` // of a surface
	Values  map[string]rows `json:"values,omitempty"`
	Missing []int           `json:"missing,omitempty"` // tiles that are not computed
	// Computed is, for adaptive grids, a string of 0 and 1 for each row.
	Computed []string   `json:"computed,omitempty"`
	Partial  bool       `json:"partial,omitempty"` // an adaptive grid that was interrupted
	Segment  bool       `json:"segment,omitempty"` // a curve between two points
	Ends     []string   `json:"ends,omitempty"`    // their names
	Paths    []savePath `json:"paths,omitempty"`
	Points   []saveMark `json:"points,omitempty"` // marked ones
	Log      bool       `json:"log,omitempty"`    // how figures begin
	Clip     float64    `json:"clip,omitempty"`
	Origin   numbers    `json:"origin,omitempty"`
	XVector  numbers    `json:"x_vector,omitempty"`
	YVector  numbers    `json:"y_vector,omitempty"`
}

type savePath struct {
	Name      string  `json:"name"`
	A         numbers `json:"a"`
	B         numbers `json:"b"`
	Distance  numbers `json:"distance"`
	Loss      numbers `json:"loss"`
	PlaneLoss numbers `json:"plane_loss"`
}

type saveMark struct {
	Name string         `json:"name,omitempty"`
	Kind string         `json:"kind,omitempty"`
	X    decimal.Number `json:"x"`
	Y    decimal.Number `json:"y"`
}

// markKinds are the words for a mark's kind in files.
var markKinds = map[chart.PointKind]string{chart.Plain: "", chart.Minimum: "minimum", chart.Saddle: "saddle", chart.Maximum: "maximum"}

const (
	surfaceFormat = "saddle-surface-1"
	curveFormat   = "saddle-curve-1"
)

// numbers are float64 in JSON, bit for bit, the non-finite ones as strings.
type numbers = decimal.Numbers

// rows is a matrix, or for a curve a single row written as such.
type rows [][]float64

func (r rows) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, row := range r {
		if i > 0 {
			b = append(b, ',')
		}
		b = decimal.AppendAll(b, row)
	}
	return append(b, ']'), nil
}

func (r *rows) UnmarshalJSON(text []byte) error {
	var items []numbers
	if err := json.Unmarshal(text, &items); err != nil {
		return err
	}
	*r = nil
	for _, row := range items {
		*r = append(*r, row)
	}
	return nil
}

func (s *Surface) file() file {
	f := file{
		Format: surfaceFormat, Made: s.Made, Title: s.title, Names: s.Names, X: s.X, Y: s.Y,
		Missing: s.rec.missing(), Partial: s.rec.partial, Origin: s.Origin, XVector: s.XVector, YVector: s.YVector,
		Values: map[string]rows{},
	}
	for name, v := range s.Values {
		f.Values[name] = v
	}
	for _, row := range s.Computed {
		f.Computed = append(f.Computed, marks(row))
	}
	for _, p := range s.Paths {
		f.Paths = append(f.Paths, savePath{p.Name, p.A, p.B, p.Distance, p.Loss, p.PlaneLoss})
	}
	for _, m := range s.Marks {
		f.Points = append(f.Points, saveMark{m.Name, markKinds[m.Kind], decimal.Number(m.X), decimal.Number(m.Y)})
	}
	f.Log, f.Clip = s.log, s.clip
	return f
}

// marks writes flags as a string of 0 and 1.
func marks(row []bool) string {
	b := make([]byte, len(row))
	for j, c := range row {
		b[j] = '0'
		if c {
			b[j] = '1'
		}
	}
	return string(b)
}

func (c *Curve) file() file {
	f := file{
		Format: curveFormat, Made: c.Made, Title: c.title, Names: c.Names, X: c.T,
		Missing: c.rec.missing(), Partial: c.rec.partial, Segment: c.segment, Values: map[string]rows{},
	}
	for name, v := range c.Values {
		f.Values[name] = rows{v}
	}
	if c.Computed != nil {
		f.Computed = []string{marks(c.Computed)}
	}
	if c.ends != [2]string{} {
		f.Ends = c.ends[:]
	}
	return f
}

func (r *record) missing() []int {
	var tiles []int
	for t, done := range r.done {
		if !done {
			tiles = append(tiles, t)
		}
	}
	return tiles
}

// record checks the file's numbers and makes the flat record of them.
func (f *file) record(nx, ny int) (*record, error) {
	n := nx * ny
	if nx < 1 || ny < 1 {
		return nil, fmt.Errorf("a grid of %d x %d points", nx, ny)
	}
	if len(f.Names) == 0 || f.Names[0] != NameLoss {
		return nil, errors.New("its first quantity is not the loss")
	}
	for i, name := range f.Names {
		if slices.Contains(f.Names[:i], name) {
			return nil, fmt.Errorf("quantity %q is there twice", name)
		}
		v := f.Values[name]
		flat := ny == 1 && f.Format == curveFormat
		if (flat && len(v) != 1) || (!flat && len(v) != nx) {
			return nil, fmt.Errorf("quantity %q has %d rows, want %d", name, len(v), nx)
		}
		for _, row := range v {
			want := ny
			if flat {
				want = nx
			}
			if len(row) != want {
				return nil, fmt.Errorf("quantity %q has a row of %d numbers, want %d", name, len(row), want)
			}
		}
	}
	rec := newRecord(len(f.Names), n)
	rec.fingerprint = f.Made.Identity
	for q, name := range f.Names {
		at := 0
		for _, row := range f.Values[name] {
			at += copy(rec.values[q][at:], row)
		}
	}
	for t := range rec.done {
		rec.done[t] = true
	}
	for _, t := range f.Missing {
		if t < 0 || t >= len(rec.done) {
			return nil, fmt.Errorf("there is no tile %d among %d", t, len(rec.done))
		}
		rec.done[t] = false
	}
	return rec, nil
}

// computed reads the marks of an adaptive grid.
func (f *file) computed(nx, ny int) ([][]bool, error) {
	if f.Computed == nil {
		return nil, nil
	}
	bad := errors.New("the marks of computed points do not fit the grid")
	if len(f.Computed) != nx {
		return nil, bad
	}
	var out [][]bool
	for _, row := range f.Computed {
		if len(row) != ny {
			return nil, bad
		}
		marks := make([]bool, len(row))
		for j := range row {
			marks[j] = row[j] == '1'
		}
		out = append(out, marks)
	}
	return out, nil
}

func increasing(v []float64) error {
	if err := checkFinite(v, "an axis"); err != nil {
		return err
	}
	for i := 1; i < len(v); i++ {
		if !(v[i-1] < v[i]) {
			return errors.New("the coordinates are not increasing")
		}
	}
	return nil
}

func (f *file) surface() (*Surface, error) {
	if f.Format != surfaceFormat {
		return nil, fmt.Errorf("this is not a surface but %q", f.Format)
	}
	if err := errors.Join(increasing(f.X), increasing(f.Y)); err != nil {
		return nil, err
	}
	rec, err := f.record(len(f.X), len(f.Y))
	if err != nil {
		return nil, err
	}
	if len(f.XVector) != len(f.Origin) || len(f.YVector) != len(f.Origin) {
		return nil, fmt.Errorf("the plane's vectors have %d, %d and %d numbers", len(f.Origin), len(f.XVector), len(f.YVector))
	}
	s := &Surface{X: f.X, Y: f.Y, Origin: f.Origin, XVector: f.XVector, YVector: f.YVector, Made: f.Made, title: f.Title, rec: rec}
	s.shape(f.Names)
	if s.Computed, err = f.computed(len(f.X), len(f.Y)); err != nil {
		return nil, err
	}
	for _, p := range f.Paths {
		n := len(p.A)
		if len(p.B) != n || len(p.Distance) != n || len(p.Loss) != n || len(p.PlaneLoss) != n {
			return nil, fmt.Errorf("path %q has columns of different lengths", p.Name)
		}
		s.Paths = append(s.Paths, Path{p.Name, p.A, p.B, p.Distance, p.Loss, p.PlaneLoss})
	}
	for _, m := range f.Points {
		mark := chart.Point{Name: m.Name, X: float64(m.X), Y: float64(m.Y)}
		for kind, word := range markKinds {
			if m.Kind == word {
				mark.Kind = kind
			}
		}
		s.Marks = append(s.Marks, mark)
	}
	s.log, s.clip = f.Log, f.Clip
	for _, row := range s.Computed {
		rec.known = append(rec.known, row...)
	}
	rec.partial = f.Partial
	s.err = rec.part("surface")
	return s, nil
}

func (f *file) curve() (*Curve, error) {
	if f.Format != curveFormat {
		return nil, fmt.Errorf("this is not a curve but %q", f.Format)
	}
	if err := increasing(f.X); err != nil {
		return nil, err
	}
	rec, err := f.record(len(f.X), 1)
	if err != nil {
		return nil, err
	}
	c := &Curve{T: f.X, Made: f.Made, title: f.Title, segment: f.Segment, rec: rec}
	copy(c.ends[:], f.Ends)
	c.shape(f.Names)
	computed, err := f.computed(1, len(f.X))
	if err != nil {
		return nil, err
	}
	if computed != nil {
		c.Computed = computed[0]
	}
	rec.known, rec.partial = c.Computed, f.Partial
	c.err = rec.part("curve")
	return c, nil
}

// Save writes the surface to a file; the extension says how. Values that can be loaded
// again, with everything that made them: .json, .npz. The numbers: .csv, .vtp (for
// ParaView). The figure: .png, .svg, .pdf, .html. A file is written whole or not at all.
func (s *Surface) Save(path string) error {
	if s == nil || s.rec == nil {
		return s.Err()
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".csv":
		return writeFile(path, s.WriteCSV)
	case ".vtp":
		return writeFile(path, s.WriteVTP)
	case ".json", ".npz":
		f := s.file()
		return saveValues(path, ext, &f)
	}
	return s.Figure("").Save(path)
}

// Save writes the curve to a file; the extension says how: .json and .npz can be loaded
// again, .csv has the numbers, .png, .svg, .pdf and .html the figure.
func (c *Curve) Save(path string) error {
	if c == nil || c.rec == nil {
		return c.Err()
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".csv":
		return writeFile(path, c.WriteCSV)
	case ".json", ".npz":
		f := c.file()
		return saveValues(path, ext, &f)
	}
	return c.Figure().Save(path)
}

// writeFile writes through a temporary file beside path, so that a crash leaves the old
// file or the new one.
func writeFile(path string, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("landscape: save: %w", err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
			err = fmt.Errorf("landscape: save %s: %w", path, err)
		}
	}()
	if err := write(tmp); err != nil {
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func saveValues(path, ext string, f *file) error {
	return writeFile(path, func(w io.Writer) error {
		if ext == ".npz" {
			return f.writeNPZ(w)
		}
		text, err := json.Marshal(f)
		if err == nil {
			_, err = w.Write(append(text, '\n'))
		}
		return err
	})
}

// Load reads a surface that [Surface.Save] wrote as JSON or NPZ. One that is only a part
// has an Err that says so, and can be resumed or merged.
func Load(path string) *Surface {
	f, err := readFile(path)
	if err == nil {
		var s *Surface
		if s, err = f.surface(); err == nil {
			return s
		}
	}
	return &Surface{err: fmt.Errorf("landscape: load %s: %w", path, err)}
}

// LoadCurve reads a curve that [Curve.Save] wrote as JSON or NPZ.
func LoadCurve(path string) *Curve {
	f, err := readFile(path)
	if err == nil {
		var c *Curve
		if c, err = f.curve(); err == nil {
			return c
		}
	}
	return &Curve{err: fmt.Errorf("landscape: load %s: %w", path, err)}
}

func readFile(path string) (*file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseFile(text)
}

// parseFile reads either format, told apart by the zip magic.
func parseFile(text []byte) (*file, error) {
	if bytes.HasPrefix(text, []byte("PK")) {
		return parseNPZ(text)
	}
	f := new(file)
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("the JSON cannot be read: %w", err)
	}
	return f, nil
}

// arrays names the numbers of a file that are arrays of their own in an .npz. Quantities
// whose names others have taken, or that are no file names, are numbered.
func (f *file) arrays() map[string]*numbers {
	return map[string]*numbers{"x": &f.X, "y": &f.Y, "origin": &f.Origin, "x_vector": &f.XVector, "y_vector": &f.YVector}
}

func (f *file) arrayName(quantity int) string {
	name := f.Names[quantity]
	if _, taken := f.arrays()[name]; taken || name == "" || name == "saddle" || strings.ContainsAny(name, "/\\:") || strings.HasPrefix(name, "quantity_") {
		return fmt.Sprintf("quantity_%d", quantity)
	}
	return name
}

func (f *file) writeNPZ(w io.Writer) error {
	z := zip.NewWriter(w)
	put := func(name string, v any) error {
		// No time in the header: equal values make equal files.
		entry, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Deflate})
		if err == nil {
			err = npy.Write(entry, v)
		}
		return err
	}
	rest := *f
	rest.Values = nil
	for _, name := range []string{"x", "y", "origin", "x_vector", "y_vector"} {
		if v := *f.arrays()[name]; len(v) > 0 {
			if err := put(name, []float64(v)); err != nil {
				return err
			}
		}
		*rest.arrays()[name] = nil
	}
	for q, name := range f.Names {
		v := f.Values[name]
		var flat []float64
		for _, row := range v {
			flat = append(flat, row...)
		}
		var err error
		if f.Format == curveFormat {
			err = put(f.arrayName(q), flat)
		} else {
			err = put(f.arrayName(q), mat.NewDense(len(v), len(v[0]), flat))
		}
		if err != nil {
			return err
		}
	}
	text, err := json.Marshal(&rest)
	if err != nil {
		return err
	}
	if err := put("saddle", text); err != nil {
		return err
	}
	return z.Close()
}

func parseNPZ(text []byte) (*file, error) {
	arrays, err := npz.Read(text)
	if err != nil {
		return nil, err
	}
	meta, ok := arrays["saddle"]
	if !ok {
		return nil, errors.New("array \"saddle\", which says what the others are, is missing")
	}
	words := make([]byte, len(meta.Data))
	for i, x := range meta.Data {
		words[i] = byte(x)
	}
	f := new(file)
	if err := json.Unmarshal(words, f); err != nil {
		return nil, fmt.Errorf("array \"saddle\" cannot be read: %w", err)
	}
	for name, v := range f.arrays() {
		*v = arrays[name].Data
	}
	f.Values = map[string]rows{}
	for q, name := range f.Names {
		a, ok := arrays[f.arrayName(q)]
		if !ok {
			return nil, fmt.Errorf("array %q is missing", f.arrayName(q))
		}
		switch len(a.Shape) {
		case 1:
			f.Values[name] = rows{a.Data}
		case 2:
			r := make(rows, a.Shape[0])
			for i := range r {
				r[i] = a.Data[i*a.Shape[1] : (i+1)*a.Shape[1]]
			}
			f.Values[name] = r
		default:
			return nil, fmt.Errorf("array %q has %d axes, want 1 or 2", name, len(a.Shape))
		}
	}
	return f, nil
}
