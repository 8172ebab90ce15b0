// Package progress shows how far a long computation has come: one bar that is
// updated in place, in a notebook through gonbui, elsewhere as text on stderr.
//
// It knows nothing of what is computed. Short computations show nothing: the bar
// appears only after [patience], so that quick cells stay clean.
package progress

import (
	"fmt"
	"html"
	"os"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
)

const (
	patience = 400 * time.Millisecond // nothing is shown before this
	interval = 100 * time.Millisecond // between two updates in a notebook or a terminal
	logEvery = 5 * time.Second        // between two lines in a log file
)

// A Bar counts finished units of work. Its methods may be called from several
// goroutines. The nil Bar is silent.
type Bar struct {
	mu    sync.Mutex
	what  string
	total int
	done  int
	start time.Time
	last  time.Time
	shown bool
	id    string
	tty   bool
}

// New starts a bar for total units of the named work.
func New(what string, total int) *Bar {
	info, err := os.Stderr.Stat()
	return &Bar{
		what: what, total: total, start: time.Now(),
		tty: err == nil && info.Mode()&os.ModeCharDevice != 0,
	}
}

// Add counts n more finished units, and redraws when it is time to.
func (b *Bar) Add(n int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += n
	now := time.Now()
	pause := interval
	if !gonbui.IsNotebook && !b.tty {
		pause = logEvery
	}
	if now.Sub(b.start) < patience || now.Sub(b.last) < pause {
		return
	}
	b.last = now
	b.draw(now)
}

// Done ends the bar: it is replaced by one line that says what was done and how
// long it took. In a notebook it goes without one where all units were finished:
// nothing stays above a figure, whose caption says what was computed and in how long.
func (b *Bar) Done() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.shown {
		return
	}
	line := fmt.Sprintf("%s: %d of %d in %s", b.what, b.done, b.total, time.Since(b.start).Round(10*time.Millisecond))
	switch {
	case gonbui.IsNotebook && b.done >= b.total:
		gonbui.UpdateHTML(b.id, "") // the figure's caption says the rest
	case gonbui.IsNotebook:
		gonbui.UpdateHTML(b.id, `<small>`+html.EscapeString(line)+`</small>`)
	case b.tty:
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s\n", line)
	default:
		fmt.Fprintln(os.Stderr, line)
	}
}

// draw shows the present state. The caller holds the lock.
func (b *Bar) draw(now time.Time) {
	fraction := 0.0
	if b.total > 0 {
		fraction = min(1, float64(b.done)/float64(b.total))
	}
	left := ""
	if fraction > 0 && fraction < 1 {
		spent := now.Sub(b.start)
		rest := time.Duration(float64(spent) * (1 - fraction) / fraction)
		left = ", " + rest.Round(time.Second).String() + " left"
	}
	line := fmt.Sprintf("%s: %d of %d (%.0f %%%s)", b.what, b.done, b.total, 100*fraction, left)
	switch {
	case gonbui.IsNotebook:
		if b.id == "" {
			b.id = "saddle_progress_" + gonbui.UniqueId()
		}
		gonbui.UpdateHTML(b.id, fmt.Sprintf(`<progress value="%d" max="%d" aria-label="%s"></progress> <small>%s</small>`,
			b.done, b.total, html.EscapeString(b.what), html.EscapeString(line)))
	case b.tty:
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s", line)
	default:
		fmt.Fprintln(os.Stderr, line)
	}
	b.shown = true
}
