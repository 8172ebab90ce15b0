package show_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/kernel/worker/show"
)

type page struct{}

func (page) HTML() string     { return "<b>page</b>" }
func (page) Markdown() string { return "**page**" }

type broken struct{}

func (broken) Err() error { return errors.New("was never made") }

type half struct{ page }

func (half) Err() error { return fmt.Errorf("after 3 of 9 steps: %w", context.Canceled) }

type mute struct{}

func (mute) Err() error { return context.Canceled }

func TestBundleShowsWhatAnInterruptLeft(t *testing.T) {
	b, err := show.Bundle(half{})
	if err != nil || b["text/html"] != "<b>page</b>" {
		t.Errorf("a value that was interrupted shows %v, %v", b, err)
	}
	if _, err := show.Bundle(mute{}); err == nil {
		t.Error("one that cannot show itself hides that it was interrupted")
	}
}

func TestBundle(t *testing.T) {
	bar := charts.NewBar()
	bar.SetGlobalOptions(charts.WithTitleOpts(opts.Title{Title: "Bars"}))
	bar.SetXAxis([]string{"a", "b"}).AddSeries("s", []opts.BarData{{Value: 1}, {Value: 2}})
	for name, c := range map[string]struct {
		values []any
		mime   string
		has    string
	}{
		"number":   {[]any{42}, "text/plain", "42"},
		"string":   {[]any{"text"}, "text/plain", "text"},
		"several":  {[]any{1, "a", nil}, "text/plain", "1 a <nil>"},
		"nil":      {[]any{nil}, "text/plain", "<nil>"},
		"html":     {[]any{page{}}, "text/html", "<b>page</b>"},
		"markdown": {[]any{page{}}, "text/markdown", "**page**"},
		"image":    {[]any{image.NewRGBA(image.Rect(0, 0, 3, 2))}, "image/png", "iVBOR"},
		"matrix":   {[]any{mat.NewDense(2, 2, []float64{1, 2, 3, 4.5})}, "text/html", "<td style=\"text-align:right\">4.5</td>"},
		"large":    {[]any{mat.NewDense(50, 50, nil)}, "text/plain", "50 x 50"},
		"chart":    {[]any{bar}, "text/html", "Bars"},
	} {
		b, err := show.Bundle(c.values...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, _ := b[c.mime].(string); !strings.Contains(text, c.has) {
			t.Errorf("%s: %s is %.200q, want %q in it", name, c.mime, text, c.has)
		}
		if _, ok := b["text/plain"]; !ok {
			t.Errorf("%s has no text/plain", name)
		}
	}
	if b, err := show.Bundle(); b != nil || err != nil {
		t.Errorf("nothing gave %v, %v", b, err)
	}
	if _, err := show.Bundle(broken{}); err == nil {
		t.Error("a value that carries an error was shown")
	}
}
