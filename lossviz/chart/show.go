package chart

func check(f Figure) error { _, err := f.sheet(); return err }

func bundle(f Figure) (map[string]any, error) {
	s, err := f.sheet()
	if err != nil {
		return nil, err
	}
	return map[string]any{"text/plain": s.words}, nil
}

func save(f Figure, path string) error { return nil }

func show(f Figure) error { return nil }

func words(f Figure) string {
	s, err := f.sheet()
	if err != nil {
		return err.Error()
	}
	return s.words
}

// Live is a place in the running cell's output whose figure is replaced while the cell runs.
// Outside a notebook it does nothing. The zero value is ready.
type Live struct{}

// Update shows f instead of what is there. It is cheap to call often: at most four figures a second are drawn.
// f is called only when one is.
func (l *Live) Update(f func() Figure) {}

// Clear takes the figure away.
func (l *Live) Clear() {}

// Keep leaves f, complete and live, as the last word.
func (l *Live) Keep(f Figure) {}
