package browsertest

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/gosaddle/saddle/lossviz/chart"
)

// figures are the bundles of a saved notebook's figures: a surface twice and once more, curves, a slider, a card.
var figures = sync.OnceValues(func() (all []map[string]any, err error) {
	var grid []float64
	for i := range 31 {
		grid = append(grid, float64(i)/15-1)
	}
	surface := chart.Surface{Title: "A bowl", X: grid, Y: grid}
	for _, y := range grid {
		var row []float64
		for _, x := range grid {
			row = append(row, 0.1+x*x+2*y*y)
		}
		surface.Z = append(surface.Z, row)
	}
	curve := chart.TrainingCurve{Title: "Training", Train: []float64{1, 0.5, 0.3, 0.2, 0.15}}
	steeper := chart.TrainingCurve{Title: "Training", Train: []float64{1, 0.3, 0.2, 0.1, 0.05}}
	slider := chart.Slider{Title: "Two rates", Name: "rate", Frames: []chart.Frame{{Label: "0.1", Figure: curve}, {Label: "0.2", Figure: steeper}}}
	card := chart.Card{Title: "A verdict", Verdict: chart.Convex, Statement: "convex", Line: &chart.Interpolation{Alpha: []float64{0, 0.5, 1}, Train: []float64{1, 0.2, 1}}}
	for _, f := range []chart.Figure{surface, curve, slider, card, surface, surface} {
		bundle, err := f.MIMEBundle()
		if err != nil {
			return nil, err
		}
		all = append(all, bundle)
	}
	return all, nil
})

// saved is a notebook as it lies on the disk after its cells were run, in another order than they stand: a title, and
// six cells with a figure each, the last of which is collapsed.
func saved(t *testing.T, title string) []byte {
	t.Helper()
	all, err := figures()
	if err != nil {
		t.Fatal(err)
	}
	cells := []any{map[string]any{"cell_type": "markdown", "id": "head", "metadata": map[string]any{}, "source": "# " + title}}
	for i, bundle := range all {
		metadata := map[string]any{}
		if i == 5 {
			metadata["jupyter"] = map[string]any{"outputs_hidden": true}
			metadata["collapsed"] = true
		}
		cells = append(cells, map[string]any{"cell_type": "code", "id": fmt.Sprint("cell", i), "metadata": metadata, "source": "figure", "execution_count": 6 - i,
			"outputs": []any{map[string]any{"output_type": "execute_result", "execution_count": 6 - i, "metadata": map[string]any{}, "data": bundle}}})
	}
	return written(t, cells)
}

// code is a notebook that was never run.
func code(t *testing.T, sources ...string) []byte {
	t.Helper()
	var cells []any
	for i, source := range sources {
		cells = append(cells, map[string]any{"cell_type": "code", "id": fmt.Sprint("cell", i), "metadata": map[string]any{}, "source": source, "execution_count": nil, "outputs": []any{}})
	}
	return written(t, cells)
}

func written(t *testing.T, cells []any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{
		"kernelspec": map[string]any{"name": "saddle", "display_name": "Go (Saddle)", "language": "go"}, "language_info": map[string]any{"name": "go"}}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
