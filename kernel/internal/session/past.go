package session

import "slices"

// past is the cells that have run.
type past struct {
	ran      []ranCell
	replaced map[string]bool   // cells that were edited or run again under another number
	cellOf   map[string]string // the last cell run for each cell id of the front end
	lost     []int             // cells whose values a lost worker took along
}

// ranCell is a cell that succeeded.
type ranCell struct {
	count int
	code  string
	keys  []string // what it declared
}

func newPast() past { return past{replaced: map[string]bool{}, cellOf: map[string]string{}} }

// edited takes note that the front end's cell id has run under a name: what ran under the name it had before is replaced.
func (p *past) edited(id, name string) {
	if id == "" {
		return
	}
	if last := p.cellOf[id]; last != "" {
		p.replaced[last] = true
	}
	p.cellOf[id] = name
}

// cellsOf returns the cells that set the variables of a notebook, in the order in which they ran first: a restored cell has
// run twice.
func (p *past) cellsOf(l *live) (cells []int) {
	for _, r := range p.ran {
		for _, key := range r.keys {
			if d := l.decls[key]; d != nil && d.kind == variable && d.cell == cellName(r.count) && !slices.Contains(cells, r.count) {
				cells = append(cells, r.count)
			}
		}
	}
	return cells
}
