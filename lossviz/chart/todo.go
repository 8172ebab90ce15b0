package chart

func (f Surfaces) sheet() (*sheet, error)   { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f RatioMap) sheet() (*sheet, error)   { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f Spectrum) sheet() (*sheet, error)   { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f LossIndex) sheet() (*sheet, error)  { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f MinimaPath) sheet() (*sheet, error) { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f Barcode) sheet() (*sheet, error)    { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f Decision) sheet() (*sheet, error)   { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f Diagram) sheet() (*sheet, error)    { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f Slider) sheet() (*sheet, error)     { return &sheet{title: f.Title, caption: f.Caption}, nil }
func (f Card) sheet() (*sheet, error)       { return &sheet{title: f.Title, caption: f.Caption}, nil }
