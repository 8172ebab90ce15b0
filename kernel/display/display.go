// Package display is what cells may ask of the notebook's page, beside what gonbui offers. Cells need not import it.
// It knows nothing of Jupyter; outside a notebook its calls do nothing.
package display

import "github.com/gosaddle/saddle/kernel/internal/live"

// Clear takes away what the running cell has shown so far. With wait the old output stays until the next is there,
// which does not flicker.
func Clear(wait bool) {
	if live.OnClear != nil {
		live.ClearOutput(wait)
	}
}
