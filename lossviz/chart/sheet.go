package chart

// sheet is a figure worked out: what both the live chart and the picture are made of.
type sheet struct {
	title, caption string
	words          string // text alternative: the figure's numbers
	card           *Card  // words above the panels
	panels         []panel
	slider         string // what the frames differ in
	frames         []frameSheet
}

// frameSheet is one position of a slider.
type frameSheet struct {
	label  string
	panels []panel
}

// panel is one drawing of a sheet. A sheet's panels stand in a row.
type panel interface {
	size() (w, h float64) // in pixels of the page
	paint(p pen)          // the picture
	live(*fieldList) any  // the same for figure.js, as a value for JSON
}
