package convexity

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gosaddle/saddle/lossviz/convexity/enclose"
	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/landscape"
)

// A Bend says how a function bends on a part of its domain.
type Bend string

// The ways to bend.
const (
	Up     Bend = "up"     // convex there: proved
	Down   Bend = "down"   // strictly concave there (or along some direction): proved
	Either Bend = "either" // not decided at this resolution
)

// A Piece of a line, From <= s <= To, with an enclosure of the second derivative in s. An
// upper bound of +Inf (a lower one of -Inf) stands for a kink, where the slope may jump.
type Piece struct {
	From, To float64
	Bend     Bend
	Second   interval.Interval
}

// A LineVerdict says where f(s) = L(a + s (b - a)), 0 <= s <= 1, bulges.
type LineVerdict struct {
	Kind   Kind
	Pieces []Piece // in order, covering 0 to 1

	// Of NotConvex: f at (From + To)/2 is above the chord from f(From) to f(To), by a number in Gap.
	From, To float64
	Gap      interval.Interval

	a, b    []float64
	subject *subject
	what    string
	err     error
}

// Err says why there is no verdict, or nil.
func (v *LineVerdict) Err() error { return v.err }

// String is the verdict in one line, and the pieces that bulge.
func (v *LineVerdict) String() string {
	if v.err != nil {
		return v.err.Error()
	}
	switch v.Kind {
	case Convex:
		pieces := "pieces"
		if len(v.Pieces) == 1 {
			pieces = "piece"
		}
		return fmt.Sprintf("convex on the line: proved on %d %s", len(v.Pieces), pieces)
	case NotConvex:
		var where []string
		for _, p := range joined(v.Pieces) {
			if p.Bend == Down {
				where = append(where, fmt.Sprintf("%.4g to %.4g", p.From, p.To))
			}
		}
		s := fmt.Sprintf("not convex on the line: at s = %.4g it is %.4g above the chord from %.4g to %.4g, certified",
			(v.From+v.To)/2, v.Gap.Lo, v.From, v.To)
		if len(where) > 0 {
			s += "; bulges for s from " + strings.Join(where, ", ")
		}
		return s
	}
	open := 0.0
	for _, p := range v.Pieces {
		if p.Bend == Either {
			open += p.To - p.From
		}
	}
	return fmt.Sprintf("undetermined on the line: %.3g %% of it could not be decided", 100*open)
}

// joined merges neighbours that bend alike.
func joined(pieces []Piece) []Piece {
	var list []Piece
	for _, p := range pieces {
		if n := len(list); n > 0 && list[n-1].Bend == p.Bend {
			list[n-1].To, list[n-1].Second = p.To, list[n-1].Second.Hull(p.Second)
			continue
		}
		list = append(list, p)
	}
	return list
}

// Joined is the pieces with neighbours that bend alike made one.
func (v *LineVerdict) Joined() []Piece { return joined(v.Pieces) }

// Pieces sets how many pieces a line (or a box) may be cut into; the default is 400.
func Pieces(n int) Option { return func(s *settings) { s.pieces = max(1, n) } }

// onLine prepares a question about the segment from a to b.
func onLine(loss landscape.Objective, a, b []float64, set *settings) (*subject, [][]interval.Interval, error) {
	s, err := newSubject(set.ctx, loss)
	if err != nil {
		return nil, nil, err
	}
	for i, p := range [][]float64{a, b} {
		if err := landscape.CheckPoint(loss, p, [...]string{"the first point", "the second point"}[i]); err != nil {
			return nil, nil, fmt.Errorf("convexity: %w", err)
		}
		if s.problem != nil && !s.problem.Inside(p) {
			return nil, nil, fmt.Errorf("convexity: the %s point is outside the function's domain", [...]string{"first", "second"}[i])
		}
	}
	if s.problem == nil {
		return nil, nil, fmt.Errorf("convexity: nothing can be enclosed: %s", s.why)
	}
	return s, [][]interval.Interval{enclose.Difference(b, a)}, nil
}

// OnLine decides whether loss is convex on the segment from a to b, and encloses where it
// bulges. The segment is cut in halves until the sign of the second derivative, enclosed by
// interval arithmetic over the whole piece, is certain; kinks count as jumps of the slope.
func OnLine(loss landscape.Objective, a, b []float64, opts ...Option) *LineVerdict {
	v := &LineVerdict{Kind: Undetermined, what: describe(loss)}
	set, stop := newSettings(opts)
	defer stop()
	s, direction, err := onLine(loss, a, b, set)
	if err != nil {
		v.err = err
		return v
	}
	v.subject, v.a, v.b = s, append([]float64(nil), a...), append([]float64(nil), b...)
	err = subdivide(set.ctx, set.pieces, func(p interval.Interval) (settled bool, err error) {
		jet, err := s.problem.Jet(set.ctx, a, direction, []interval.Interval{p})
		if err != nil {
			return false, err
		}
		piece := Piece{p.Lo, p.Hi, Either, jet.Hess[0]}
		switch {
		case piece.Second.Lo >= 0:
			piece.Bend = Up
		case piece.Second.Hi < 0:
			piece.Bend = Down
		}
		v.Pieces = append(v.Pieces, piece)
		return piece.Bend != Either, nil
	}, func() { v.Pieces = v.Pieces[:len(v.Pieces)-1] })
	if err != nil {
		v.err = fmt.Errorf("convexity: interrupted after %d pieces: %w", len(v.Pieces), err)
		return v
	}
	v.Kind = Convex
	for _, p := range v.Pieces {
		if p.Bend != Up {
			v.Kind = Undetermined
		}
	}
	if v.Kind == Undetermined {
		v.contradict(set.ctx, direction)
		if err := set.ctx.Err(); err != nil && v.Kind == Undetermined {
			v.err = fmt.Errorf("convexity: interrupted while its %d pieces were compared: %w", len(v.Pieces), err)
		}
	}
	return v
}

// subdivide calls look for [0, 1] and, where that is not settled, for its halves, from
// left to right, as long as there are less than pieces in all. drop takes back the last look when
// it is replaced by its halves.
func subdivide(ctx context.Context, pieces int, look func(interval.Interval) (bool, error), drop func()) error {
	// All leaves of a depth are cut before deeper ones would use up the budget: the depth
	// grows only as far as the budget reaches.
	depth := 0
	for n := 1; n*2 <= pieces; n *= 2 {
		depth++
	}
	var walk func(p interval.Interval, depth int) error
	walk = func(p interval.Interval, left int) error {
		settled, err := look(p)
		if err != nil || settled || left == 0 {
			return err
		}
		middle := p.Lo/2 + p.Hi/2
		if middle <= p.Lo || middle >= p.Hi {
			return nil
		}
		drop()
		if err := walk(interval.Interval{Lo: p.Lo, Hi: middle}, left-1); err != nil {
			return err
		}
		return walk(interval.Interval{Lo: middle, Hi: p.Hi}, left-1)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return walk(interval.Interval{Lo: 0, Hi: 1}, depth)
}

// contradict certifies a bulge: over the runs of pieces that bend down, or between any of the
// ends of pieces where only kinks bulge.
func (v *LineVerdict) contradict(ctx context.Context, direction [][]interval.Interval) {
	value := func(s float64) (interval.Interval, bool) {
		jet, err := v.subject.problem.Jet(ctx, v.a, direction, []interval.Interval{interval.Point(s)})
		return jet.Value, err == nil
	}
	try := func(from, to float64) bool {
		middle := from/2 + to/2 // exact where the ends are dyadic, as those of pieces are
		if interval.Point(from).Add(interval.Point(to)).Scale(0.5) != interval.Point(middle) {
			return false
		}
		l, ok1 := value(from)
		m, ok2 := value(middle)
		r, ok3 := value(to)
		gap := m.Sub(l.Add(r).Scale(0.5))
		if ok1 && ok2 && ok3 && gap.Lo > 0 && (v.Kind != NotConvex || gap.Lo > v.Gap.Lo) {
			v.Kind, v.From, v.To, v.Gap = NotConvex, from, to, gap
		}
		return v.Kind == NotConvex
	}
	for _, p := range joined(v.Pieces) {
		if p.Bend == Down {
			try(p.From, p.To)
		}
	}
	for _, p := range joined(v.Pieces) { // too weak to be seen in the values: f" <= c on a width w bulges by -c w^2/8
		width := interval.Point(p.To).Sub(interval.Point(p.From))
		if gap := p.Second.Neg().Mul(width.Sqr()).Scale(0.125); v.Kind != NotConvex && p.Bend == Down && gap.Lo > 0 {
			v.Kind, v.From, v.To, v.Gap = NotConvex, p.From, p.To, gap
		}
	}
	if v.Kind == NotConvex {
		return
	}
	for _, p := range joined(v.Pieces) { // a kink lies somewhere in an undecided run
		if p.Bend == Either {
			for _, wide := range []float64{0, 1.0 / 64, 1.0 / 8} {
				try(math.Max(0, p.From-wide), math.Min(1, p.To+wide))
			}
		}
	}
	for _, n := range []int{1, 2, 4, 8} {
		for i := range n {
			try(float64(i)/float64(n), float64(i+1)/float64(n))
		}
	}
}

// A QuasiVerdict says whether f(s) = L(a + s (b - a)) is quasi-convex on 0 <= s <= 1: it
// falls, then rises; equivalently, no value between two points is above both.
type QuasiVerdict struct {
	Kind Kind // Convex stands for quasi-convex

	// Of Convex: f falls up to Turn.Lo, is convex within Turn, and rises from Turn.Hi on.
	Turn interval.Interval

	// Of NotConvex: f(At[1]) is larger than f(At[0]) and f(At[2]) by a number in Gap.
	At  [3]float64
	Gap interval.Interval

	a, b    []float64
	subject *subject
	what    string
	err     error
}

// Err says why there is no verdict, or nil.
func (v *QuasiVerdict) Err() error { return v.err }

// String is the verdict in one line.
func (v *QuasiVerdict) String() string {
	switch {
	case v.err != nil:
		return v.err.Error()
	case v.Kind == Convex:
		return fmt.Sprintf("quasi-convex on the line: falls, turns within s = [%.6g, %.6g], rises: proved", v.Turn.Lo, v.Turn.Hi)
	case v.Kind == NotConvex:
		return fmt.Sprintf("not quasi-convex on the line: at s = %.4g it is at least %.4g above both s = %.4g and s = %.4g, certified",
			v.At[1], v.Gap.Lo, v.At[0], v.At[2])
	}
	return "undetermined: whether it is quasi-convex on the line"
}

// QuasiConvexOnLine decides whether loss is quasi-convex on the segment from a to b.
func QuasiConvexOnLine(loss landscape.Objective, a, b []float64, opts ...Option) *QuasiVerdict {
	v := &QuasiVerdict{Kind: Undetermined, what: describe(loss)}
	set, stop := newSettings(opts)
	defer stop()
	s, direction, err := onLine(loss, a, b, set)
	if err != nil {
		v.err = err
		return v
	}
	v.subject, v.a, v.b = s, slices.Clone(a), slices.Clone(b)
	type part struct {
		at                    interval.Interval
		falls, rises, bendsUp bool
	}
	var parts []part
	jet := func(p interval.Interval) (slope, second interval.Interval, err error) {
		j, err := s.problem.Jet(set.ctx, a, direction, []interval.Interval{p})
		return j.Grad[0], j.Hess[0], err
	}
	err = subdivide(set.ctx, set.pieces, func(at interval.Interval) (bool, error) {
		slope, second, err := jet(at)
		p := part{at, slope.Hi <= 0, slope.Lo >= 0, second.Lo >= 0}
		// Where the slope is monotone its signs at the ends are enough.
		if up, down := p.bendsUp, second.Hi <= 0; err == nil && (up || down) {
			var left, right interval.Interval
			if left, _, err = jet(interval.Point(at.Lo)); err == nil {
				right, _, err = jet(interval.Point(at.Hi))
			}
			p.falls = p.falls || up && right.Hi <= 0 || down && left.Hi <= 0
			p.rises = p.rises || up && left.Lo >= 0 || down && right.Lo >= 0
		}
		parts = append(parts, p)
		return p.falls || p.rises || p.bendsUp, err
	}, func() { parts = parts[:len(parts)-1] })
	if err != nil {
		v.err = fmt.Errorf("convexity: interrupted after %d pieces: %w", len(parts), err)
		return v
	}
	// Falling pieces, then convex ones, then rising ones: a convex function is quasi-convex, and
	// what falls before it and rises after it keeps that.
	first, last := 0, len(parts)
	for first < last && parts[first].falls {
		first++
	}
	for last > first && parts[last-1].rises {
		last--
	}
	convex := true
	for _, p := range parts[first:last] {
		convex = convex && p.bendsUp
	}
	if convex {
		v.Kind, v.Turn = Convex, interval.Interval{Lo: 1, Hi: 1}
		if first < len(parts) {
			v.Turn.Lo = parts[first].at.Lo
		}
		if last < len(parts) {
			v.Turn.Hi = math.Max(v.Turn.Lo, parts[last].at.Lo)
		}
		return v
	}
	// Otherwise look for a point above both a lower one to its left and one to its right.
	const n = 128
	var values [n + 1]interval.Interval
	for i := range values {
		jet, err := s.problem.Jet(set.ctx, a, direction, []interval.Interval{interval.Point(float64(i) / n)})
		if err != nil {
			v.err = fmt.Errorf("convexity: interrupted: %w", err)
			return v
		}
		values[i] = jet.Value
	}
	for i := 1; i < n; i++ {
		l, r := lowest(values[:i]), i+1+lowest(values[i+1:])
		gap := values[i].Sub(values[l].Max(values[r]))
		if gap.Lo > 0 && (v.Kind != NotConvex || gap.Lo > v.Gap.Lo) {
			v.Kind, v.Gap = NotConvex, gap
			v.At = [3]float64{float64(l) / n, float64(i) / n, float64(r) / n}
		}
	}
	return v
}

func lowest(values []interval.Interval) int {
	best := 0
	for i, v := range values {
		if v.Hi < values[best].Hi {
			best = i
		}
	}
	return best
}
