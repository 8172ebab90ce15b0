package convexity

import (
	"fmt"

	"github.com/gosaddle/saddle/lossviz/convexity/enclose"
	"github.com/gosaddle/saddle/lossviz/convexity/expr"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

// A Step is one line of a proof.
type Step struct {
	Rule string `json:"rule"`      // the composition rule
	Of   string `json:"of"`        // what it is applied to
	Is   string `json:"curvature"` // what follows: constant, affine or convex (or concave on the way)
}

// proof writes down why a problem that is convex by the rules is so.
func proof(p *enclose.Problem) []Step {
	w := &proofWriter{seen: map[string]bool{}}
	single := len(p.Terms) == 1
	samples := 0
	for _, t := range p.Terms {
		switch {
		case t.Outputs != nil && allAffine(t.Outputs):
			for _, z := range t.Outputs {
				w.layers(z)
			}
			w.add("convex in logits", t.Loss+" loss of a sample, as a function of the outputs z", expr.Convex)
			samples += len(t.Rows)
			continue
		case t.Penalty:
			w.add("convex function of an affine one", t.Expr.String(), t.Expr.Curvature)
			w.add("nonnegative scaling", fmt.Sprintf("%s, %.4g times that sum", t.Name, t.Weight.Mid()), t.Expr.Curvature)
		default:
			w.rules(t.Expr)
		}
		if n := len(t.Rows); n > 1 {
			w.add("sum", fmt.Sprintf("%s, over %d samples", t.Name, n), t.Expr.Curvature)
		} else if single && t.Weight == interval.Point(1) {
			return w.steps
		}
	}
	if samples > 0 {
		w.add("sum", fmt.Sprintf("the losses of %d samples", samples), expr.Convex)
	}
	w.add("nonnegative scaling and sum", "L", p.Curvature())
	return w.steps
}

func allAffine(list []*expr.Expr) bool {
	for _, e := range list {
		if !e.Curvature.IsConvex() || !e.Curvature.IsConcave() {
			return false
		}
	}
	return true
}

type proofWriter struct {
	steps []Step
	seen  map[string]bool
}

// add adds a step, once: the outputs of a layer go by one name.
func (w *proofWriter) add(rule, of string, is expr.Curvature) {
	step := Step{Rule: rule, Of: of, Is: is.String()}
	if key := fmt.Sprint(step); !w.seen[key] {
		w.seen[key] = true
		w.steps = append(w.steps, step)
	}
}

// layers lists the layers below an output.
func (w *proofWriter) layers(z *expr.Expr) {
	done := map[*expr.Expr]bool{}
	var walk func(e *expr.Expr)
	walk = func(e *expr.Expr) {
		if done[e] {
			return
		}
		done[e] = true
		for _, a := range e.Args {
			walk(a)
		}
		if e.Label == "" {
			return
		}
		if e.Curvature == expr.Constant {
			w.add("constant", e.Label+", which only sees the data", e.Curvature)
		} else {
			w.add("affine map", e.Label, e.Curvature)
		}
	}
	walk(z)
}

// rules lists the rule of every part of a formula, arguments first.
func (w *proofWriter) rules(e *expr.Expr) {
	done := map[*expr.Expr]bool{}
	var walk func(e *expr.Expr)
	walk = func(e *expr.Expr) {
		if done[e] {
			return
		}
		done[e] = true
		for _, a := range e.Args {
			walk(a)
		}
		if e.Op != expr.OpVar && (e.Curvature != expr.Constant || e.Label != "") {
			w.add(e.Rule, e.String(), e.Curvature)
		}
	}
	walk(e)
	if len(w.steps) == 0 { // a constant, or a variable alone
		w.add(e.Rule, e.String(), e.Curvature)
	}
}
