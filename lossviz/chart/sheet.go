package chart

// sheet is a figure worked out: what both the live chart and the picture are made of.
type sheet struct {
	Text
	words string // text alternative: the figure's numbers
}
func (f Line) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f TrainingCurve) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Interpolation) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Surface) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Contour) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Surfaces) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f RatioMap) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Spectrum) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f LossIndex) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f MinimaPath) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Barcode) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Decision) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Diagram) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Slider) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
func (f Card) sheet() (*sheet, error) { return &sheet{Text: f.Text}, nil }
