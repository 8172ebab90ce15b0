package landscape

import (
	"bufio"
	"encoding/csv"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/lossviz/internal/decimal"
)

// WriteCSV writes a line for each point: x, y, and the quantities, with a header.
func (s *Surface) WriteCSV(w io.Writer) error {
	if s == nil || s.rec == nil {
		return s.Err()
	}
	out := csv.NewWriter(w)
	line := append([]string{"x", "y"}, s.Names...)
	if err := out.Write(line); err != nil {
		return err
	}
	for i, x := range s.X {
		for j, y := range s.Y {
			line = append(line[:0], decimal.String(x), decimal.String(y))
			for _, name := range s.Names {
				line = append(line, decimal.String(s.Values[name][i][j]))
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// WriteCSV writes a line for each point: t and the quantities, with a header.
func (c *Curve) WriteCSV(w io.Writer) error {
	if c == nil || c.rec == nil {
		return c.Err()
	}
	out := csv.NewWriter(w)
	line := append([]string{"t"}, c.Names...)
	if err := out.Write(line); err != nil {
		return err
	}
	for i, t := range c.T {
		line = append(line[:0], decimal.String(t))
		for _, name := range c.Names {
			line = append(line, decimal.String(c.Values[name][i]))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteVTP writes the surface as VTK PolyData (XML, ASCII), for ParaView: quadrilaterals
// whose height is the loss, with every quantity at their corners. Points where the loss
// is not finite are left out, and so are the quadrilaterals that need them. Each path is
// a second piece, a polyline whose height is its true loss.
func (s *Surface) WriteVTP(w io.Writer) error {
	if s == nil || s.rec == nil {
		return s.Err()
	}
	out := bufio.NewWriter(w)
	v := &vtp{out: out}
	v.text(`<?xml version="1.0"?>` + "\n" + `<VTKFile type="PolyData" version="0.1" byte_order="LittleEndian">` + "\n<PolyData>\n")

	ny := len(s.Y)
	number := make([]int, len(s.X)*ny) // of each grid point among those written, -1 for holes
	var where [][2]int
	for i := range s.X {
		for j := range s.Y {
			number[i*ny+j] = -1
			if finite(s.Z[i][j]) {
				number[i*ny+j] = len(where)
				where = append(where, [2]int{i, j})
			}
		}
	}
	var corners []int
	for i := 0; i+1 < len(s.X); i++ {
		for j := 0; j+1 < ny; j++ {
			q := [4]int{number[i*ny+j], number[(i+1)*ny+j], number[(i+1)*ny+j+1], number[i*ny+j+1]}
			if min(q[0], q[1], q[2], q[3]) >= 0 {
				corners = append(corners, q[:]...)
			}
		}
	}
	v.piece(len(where), 0, len(corners)/4)
	v.text(`<PointData Scalars="loss">` + "\n")
	for _, name := range s.Names {
		v.array("Float64", name, 1, func() {
			for _, p := range where {
				v.float(s.Values[name][p[0]][p[1]])
			}
		})
	}
	v.text("</PointData>\n<Points>\n")
	v.array("Float64", "points", 3, func() {
		for _, p := range where {
			v.float(s.X[p[0]])
			v.float(s.Y[p[1]])
			v.float(s.Z[p[0]][p[1]])
		}
	})
	v.text("</Points>\n<Polys>\n")
	v.cells(corners, 4)
	v.text("</Polys>\n</Piece>\n")

	for _, p := range s.Paths {
		var keep []int
		for k := range p.A {
			if finite(p.A[k]) && finite(p.B[k]) && finite(p.Loss[k]) {
				keep = append(keep, k)
			}
		}
		if len(keep) == 0 {
			continue
		}
		v.piece(len(keep), 1, 0)
		v.text(`<PointData Scalars="loss">` + "\n")
		column := func(name string, values []float64) {
			v.array("Float64", name, 1, func() {
				for _, k := range keep {
					v.float(values[k])
				}
			})
		}
		column("loss", p.Loss)
		column("plane-loss", p.PlaneLoss)
		column("distance", p.Distance)
		v.text("</PointData>\n<Points>\n")
		v.array("Float64", "points", 3, func() {
			for _, k := range keep {
				v.float(p.A[k])
				v.float(p.B[k])
				v.float(p.Loss[k])
			}
		})
		v.text("</Points>\n<Lines>\n")
		line := make([]int, len(keep))
		for k := range line {
			line[k] = k
		}
		v.cells(line, len(line))
		v.text("</Lines>\n</Piece>\n")
	}
	v.text("</PolyData>\n</VTKFile>\n")
	return out.Flush()
}

// A vtp writes the parts of a VTK file; the buffered writer keeps the first error.
type vtp struct{ out *bufio.Writer }

func (v *vtp) text(s string)   { v.out.WriteString(s) }
func (v *vtp) float(x float64) { v.out.WriteString(decimal.String(x)); v.out.WriteByte(' ') }
func (v *vtp) int(n int)       { v.out.WriteString(strconv.Itoa(n)); v.out.WriteByte(' ') }

func (v *vtp) piece(points, lines, polys int) {
	v.text(`<Piece NumberOfPoints="` + strconv.Itoa(points) + `" NumberOfVerts="0" NumberOfLines="` + strconv.Itoa(lines) +
		`" NumberOfStrips="0" NumberOfPolys="` + strconv.Itoa(polys) + `">` + "\n")
}

func (v *vtp) array(kind, name string, components int, body func()) {
	var escaped strings.Builder
	xml.EscapeText(&escaped, []byte(name)) // a strings.Builder never fails
	v.text(`<DataArray type="` + kind + `" Name="` + escaped.String() + `" NumberOfComponents="` + strconv.Itoa(components) + `" format="ascii">` + "\n")
	body()
	v.text("\n</DataArray>\n")
}

// cells writes cells of size corners each.
func (v *vtp) cells(corners []int, size int) {
	v.array("Int64", "connectivity", 1, func() {
		for _, c := range corners {
			v.int(c)
		}
	})
	v.array("Int64", "offsets", 1, func() {
		for at := size; at <= len(corners); at += size {
			v.int(at)
		}
	})
}
