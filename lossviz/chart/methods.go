package chart

// The methods that make each figure a Figure. They are the same for all: a figure says what it consists of in
// its sheet method, the rest of the package draws that.

// Err says what is wrong with the figure's numbers, or nil.
func (f Line) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Line) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Line) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Line) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Line) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f TrainingCurve) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f TrainingCurve) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f TrainingCurve) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f TrainingCurve) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f TrainingCurve) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Interpolation) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Interpolation) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Interpolation) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Interpolation) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Interpolation) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Surface) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Surface) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Surface) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Surface) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Surface) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Contour) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Contour) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Contour) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Contour) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Contour) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Surfaces) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Surfaces) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Surfaces) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Surfaces) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Surfaces) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f RatioMap) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f RatioMap) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f RatioMap) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f RatioMap) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f RatioMap) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Spectrum) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Spectrum) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Spectrum) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Spectrum) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Spectrum) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f LossIndex) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f LossIndex) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f LossIndex) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f LossIndex) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f LossIndex) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f MinimaPath) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f MinimaPath) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f MinimaPath) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f MinimaPath) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f MinimaPath) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Barcode) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Barcode) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Barcode) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Barcode) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Barcode) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Decision) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Decision) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Decision) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Decision) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Decision) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Diagram) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Diagram) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Diagram) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Diagram) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Diagram) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Slider) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Slider) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Slider) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Slider) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Slider) String() string { return words(f) }

// Err says what is wrong with the figure's numbers, or nil.
func (f Card) Err() error { return check(f) }

// MIMEBundle returns the figure for a notebook.
func (f Card) MIMEBundle() (map[string]any, error) { return bundle(f) }

// Save writes the figure to a .html, .png, .svg or .pdf file.
func (f Card) Save(path string) error { return save(f, path) }

// Show displays the figure, outside a notebook in an HTML file.
func (f Card) Show() error { return show(f) }

// String gives the figure's numbers in words.
func (f Card) String() string { return words(f) }
