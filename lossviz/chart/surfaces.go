package chart

// sheet of a Surface: the surface, and beside it its contour.
func (f Surface) sheet() (*sheet, error) {
	g, err := newField("Surface", f.X, f.Y, f.Z, [3]string{f.XName, f.YName, f.ZName}, f.Paths, f.Points, f.Log)
	if err != nil {
		return nil, err
	}
	s := &sheet{title: f.Title, caption: join(f.Caption, g.note), panels: []panel{&surfaceView{f: g, w: 540, h: 420}}}
	if !f.NoContour {
		s.panels = append(s.panels, &contourView{f: g, w: 428, h: 420, bar: true})
	}
	return s, nil
}

func (f Contour) sheet() (*sheet, error) {
	g, err := newField("Contour", f.X, f.Y, f.Z, [3]string{f.XName, f.YName, f.ZName}, f.Paths, f.Points, f.Log)
	if err != nil {
		return nil, err
	}
	g.lines = f.Lines
	return &sheet{title: f.Title, caption: join(f.Caption, g.note), panels: []panel{&contourView{f: g, w: 560, h: 480, bar: true}}}, nil
}

// join puts sentences together.
func join(parts ...string) string {
	out := ""
	for _, p := range parts {
		if p != "" && out != "" {
			out += " "
		}
		out += p
	}
	return out
}
