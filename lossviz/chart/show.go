package chart

import (
	"encoding/base64"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

func check(f Figure) error { _, err := f.sheet(); return err }

// words are the figure's numbers in a few sentences.
func words(f Figure) string {
	s, err := f.sheet()
	if err != nil {
		return err.Error()
	}
	return s.text()
}

func (s *sheet) text() string {
	var parts []string
	for _, p := range []string{s.title, s.words, s.caption} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "\n")
}

// picture returns the whole figure as PNG, with dots dots per pixel of the page.
func (s *sheet) picture(dots float64) ([]byte, error) {
	w, h, _, _, _ := s.whole()
	return encode(bitmap(w, h, dots, s.paint))
}

// bundle is the figure for a notebook: live, still, and in words.
func bundle(f Figure) (map[string]any, error) {
	s, err := f.sheet()
	if err != nil {
		return nil, err
	}
	page, err := s.html()
	if err != nil {
		return nil, err
	}
	png, err := s.picture(1)
	if err != nil {
		return nil, err
	}
	return map[string]any{"text/html": page, "image/png": png, "text/plain": s.text()}, nil
}

// save writes a figure to a file whose extension says how.
func save(f Figure, path string) error {
	s, err := f.sheet()
	if err != nil {
		return err
	}
	write := func(data []byte) error {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("chart: saving the figure: %w", err)
		}
		return nil
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		png, err := s.picture(savedDots)
		if err != nil {
			return err
		}
		return write(png)
	case ".svg", ".pdf":
		var b strings.Builder
		if err := s.writeVector(&b, ext[1:]); err != nil {
			return fmt.Errorf("chart: drawing %s: %w", path, err)
		}
		return write([]byte(b.String()))
	case ".html":
		page, err := s.page()
		if err != nil {
			return err
		}
		return write([]byte(page))
	default:
		return fmt.Errorf("chart: %s: the extension must be .png, .svg, .pdf or .html", path)
	}
}

// show displays a figure in the running cell, or outside a notebook writes it to a file.
func show(f Figure) error {
	if !gonbui.IsNotebook {
		file, err := os.CreateTemp("", "saddle-*.html")
		if err != nil {
			return fmt.Errorf("chart: writing the figure: %w", err)
		}
		file.Close()
		if err := save(f, file.Name()); err != nil {
			return err
		}
		fmt.Println("figure:", file.Name())
		return nil
	}
	data, err := bundle(f)
	if err != nil {
		return err
	}
	gonbui.SendData(display(data, ""))
	return nil
}

// display is a bundle in gonbui's form.
func display(data map[string]any, id string) *protocol.DisplayData {
	d := &protocol.DisplayData{Data: map[protocol.MIMEType]any{}, DisplayID: id}
	for mime, v := range data {
		d.Data[protocol.MIMEType(mime)] = v
	}
	return d
}

// Live is a place in the running cell's output whose figure is replaced while the cell runs.
// Outside a notebook it does nothing. The zero value is ready.
type Live struct {
	mu   sync.Mutex
	id   string
	last time.Time
}

// liveInterval is the least time between two drawings.
const liveInterval = 250 * time.Millisecond

// Update shows f instead of what is there. It is cheap to call often: at most four figures a second are drawn.
// f is called only when one is.
func (l *Live) Update(f func() Figure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !gonbui.IsNotebook || time.Since(l.last) < liveInterval {
		return
	}
	s, err := f().sheet()
	if err != nil {
		return // an incomplete figure is not worth a word while it grows
	}
	png, err := s.picture(1)
	if err != nil {
		return
	}
	// The picture alone: a live chart that is replaced four times a second is of no use to anyone.
	l.put(map[string]any{"text/html": `<img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(png) + `" alt="` + html.EscapeString(s.text()) + `">`})
	l.last = time.Now()
}

func (l *Live) put(data map[string]any) {
	if l.id == "" {
		l.id = gonbui.UniqueId()
	}
	gonbui.SendData(display(data, l.id))
}

// Clear takes the figure away.
func (l *Live) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gonbui.IsNotebook && l.id != "" {
		l.put(map[string]any{"text/html": "", "text/plain": ""})
	}
}

// Keep leaves f, complete and live, as the last word.
func (l *Live) Keep(f Figure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !gonbui.IsNotebook {
		return
	}
	if data, err := bundle(f); err == nil {
		l.put(data)
	}
}
