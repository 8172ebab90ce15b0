package chart

// sheet is a figure worked out: what both the live chart and the picture are made of.
type sheet struct {
	title, caption string
	words          string // text alternative: the figure's numbers
	panels         []panel
}

// panel is one drawing of a sheet. A sheet's panels stand in a row.
type panel interface {
	size() (w, h float64) // in pixels of the page
	paint(p pen)          // the picture
}
