package landscape

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gosaddle/saddle/lossviz/internal/progress"
)

// tileSize is the number of points of the unit in which results are kept and resumed. It is part of the file format
// of checkpoints.
const tileSize = 32

// A goroutine takes one tile at first, and more at a time while these are quick: a [Slicer] gains by rows of a
// grid that it is given together, and an interrupt must not wait for long.
const (
	maxTiles  = 256
	quickWork = 200 * time.Millisecond
)

// grace is how long an interrupted computation waits for goroutines that are inside one
// evaluation. They then end by themselves, and what they find is dropped.
const grace = 400 * time.Millisecond

// A SliceOption changes how a line or a plane is evaluated.
type SliceOption func(*config)

type config struct {
	ctx           context.Context
	quantities    []Quantity
	workers       int
	memory        int64
	checkpoint    string
	resume        *record
	shard, shards int
	plain         bool
	quiet         bool
	grid          *Axis // of a line
	budget        int   // of an adaptive line
	ends          [2]string
	err           error
}

// Report asks for more quantities than the loss, all computed in the same pass.
func Report(q ...Quantity) SliceOption {
	return func(c *config) { c.quantities = append(c.quantities, q...) }
}

// Context stops the computation when ctx ends, as an interrupt does.
func Context(ctx context.Context) SliceOption { return func(c *config) { c.ctx = ctx } }

// Workers sets the number of goroutines; the default is one for each core. Results do
// not depend on it. Use 1 for a function that is not safe for concurrent use.
func Workers(n int) SliceOption { return func(c *config) { c.workers = n } }

// MemoryLimit is the number of bytes that the computation may take. The default is what
// the machine has available. A larger job is refused before it starts.
func MemoryLimit(bytes int64) SliceOption { return func(c *config) { c.memory = bytes } }

// Checkpoint keeps finished tiles in a file, as they are finished. Run again with the
// same file, even after the process was killed, the computation goes on where it was, to
// the same bits. A file of another computation is refused.
func Checkpoint(path string) SliceOption { return func(c *config) { c.checkpoint = path } }

// Shard computes only the i-th of n equal parts (i from 1); see [Merge].
func Shard(i, n int) SliceOption {
	return func(c *config) {
		c.shard, c.shards = i, n
		if i < 1 || i > n {
			c.err = fmt.Errorf("landscape: shard %d of %d: it must be from 1 to the number of shards", i, n)
		}
	}
}

// PointByPoint switches a faster path ([SliceEvaluator]) off, to compare with.
func PointByPoint() SliceOption { return func(c *config) { c.plain = true } }

// Quiet shows no progress.
func Quiet() SliceOption { return func(c *config) { c.quiet = true } }

// Over sets the coordinates of a line; the default is 101 points from -0.5 to 1.5.
func Over(from, to float64, n int) SliceOption {
	return func(c *config) { c.grid = &Axis{From: from, To: to, N: n} }
}

// Ends names the two points of an [Interpolate] in its figure, such as "start" and "end" of a training, or two minima;
// the default is "a" and "b".
func Ends(a, b string) SliceOption { return func(c *config) { c.ends = [2]string{a, b} } }

// OverAxis is [Over] for any axis, such as a geometric one.
func OverAxis(a Axis) SliceOption { return func(c *config) { c.grid = &a } }

// OverAdaptive is [Over] with only a quarter of the points computed, where the curve
// bends, and the others interpolated; see [Adaptive].
func OverAdaptive(from, to float64, n int) SliceOption {
	g := Adaptive(Rectangle(from, to, n, from, to, n))
	return func(c *config) { c.grid, c.budget = &g.X, max(n/4, 9) }
}

func newConfig(opts []SliceOption) *config {
	c := &config{ctx: context.Background()}
	for _, o := range opts {
		o(c)
	}
	if c.workers < 1 {
		c.workers = runtime.GOMAXPROCS(0)
	}
	if c.ctx == nil {
		c.ctx = context.Background()
	}
	return c
}

// A section is a line or plane through parameter space with the objective on it.
type section struct {
	obj     Objective
	origin  []float64
	x, y    []float64 // y is nil for a line
	segment bool      // the points are (1-a) origin + a x: both ends exact
	volume  *volume   // the points are a volume's, and a is their number
}

// at fills theta with the section's point at (a, b).
func (s *section) at(theta []float64, a, b float64) {
	if s.volume != nil {
		s.volume.at(theta, s.origin, int(a))
		return
	}
	if s.segment {
		for i := range theta {
			theta[i] = (1-a)*s.origin[i] + a*s.x[i]
		}
		return
	}
	combine(theta, s.origin, s.x, s.y, a, b)
}

// An evaluator computes all quantities asked for at points of a section.
type evaluator struct {
	section
	names   []string
	path    string // which code computes
	slicer  Slicer
	extra   []func(*point, []float64)
	widths  []int
	wantAcc bool
	scratch int      // numbers that the quantities keep for each goroutine
	also    []string // identities of the quantities
}

func newEvaluator(s section, c *config) (*evaluator, error) {
	if c.err != nil {
		return nil, c.err
	}
	e := &evaluator{section: s, names: []string{NameLoss}, path: "point by point"}
	seen := map[string]bool{NameLoss: true}
	for _, q := range c.quantities {
		if q.prepare == nil {
			return nil, errors.New("landscape: an empty quantity: take one of Accuracy, Test, GradientNorm, HessianExtremes, Perturbations, Measure")
		}
		f, err := q.prepare(s.obj)
		if err != nil {
			return nil, err
		}
		for _, name := range q.Names {
			if seen[name] {
				return nil, fmt.Errorf("landscape: quantity %q is asked for twice", name)
			}
			seen[name] = true
			e.wantAcc = e.wantAcc || name == NameAccuracy
		}
		e.names = append(e.names, q.Names...)
		e.extra, e.also = append(e.extra, f), append(e.also, q.identity)
		if q.scratch != nil {
			e.scratch += q.scratch(s.obj.Dim())
		}
		e.widths = append(e.widths, len(q.Names))
	}
	if c.plain || s.volume != nil {
		return e, nil
	}
	if s.segment {
		if o, ok := s.obj.(SegmentEvaluator); ok {
			e.slicer = o.SegmentSlicer(s.origin, s.x)
		}
	} else if o, ok := s.obj.(SliceEvaluator); ok {
		e.slicer = o.Slicer(s.origin, s.x, s.y)
	}
	if e.slicer != nil {
		e.path = e.slicer.Path()
	}
	return e, nil
}

// bytes is the memory that n points will take.
func (e *evaluator) bytes(n float64, workers int) float64 {
	points := n * 8 * float64(2*len(e.names)+2) // values, their copies in figures, coordinates
	perWorker := float64(8 * (2*e.obj.Dim() + maxTiles*tileSize*(len(e.names)+6) + e.scratch))
	shared := 0.0
	if o, ok := e.obj.(*NetworkObjective); ok && (e.slicer == nil || len(e.extra) > 0) {
		perWorker += float64(o.eval.Bytes())
		if b := o.eval.CurvatureBytes(); e.scratch > 0 && b <= maxCurvature {
			perWorker += float64(b)
		}
	}
	if e.slicer != nil {
		s, w := e.slicer.Bytes()
		shared, perWorker = float64(s), perWorker+float64(w)
	}
	return points + shared + float64(workers)*perWorker
}

// Memory is the number of bytes that [Slice] with the same arguments takes at most, beside what the program holds
// already (the data, the plane). Slice compares it with what is allowed, or else with what the machine has available,
// before it starts.
func Memory(obj Objective, plane *Plane, grid Grid, opts ...SliceOption) (bytes int64, err error) {
	if err := errors.Join(Check(obj), plane.Err(), grid.check()); err != nil {
		return 0, err
	}
	if err := CheckPoint(obj, plane.Origin, "the plane's origin"); err != nil {
		return 0, err
	}
	c := newConfig(opts)
	e, err := newEvaluator(section{obj: obj, origin: plane.Origin, x: plane.X.V, y: plane.Y.V}, c)
	if err != nil {
		return 0, err
	}
	return int64(e.bytes(float64(grid.X.N)*float64(grid.Y.N), c.workers)), nil
}

func (e *evaluator) checkMemory(n float64, what string, c *config) error {
	limit, where := float64(c.memory), "allowed"
	if c.memory <= 0 {
		limit, where = availableMemory(), "available"
	}
	if need := e.bytes(n, c.workers); need > limit {
		return fmt.Errorf("landscape: %s needs %s of memory, and %s are %s: take fewer points or quantities", what, bytesText(need), bytesText(limit), where)
	}
	return nil
}

// worker returns a function for one goroutine that fills out[q][k] for the points
// (a[k], b[k]). It returns false when it was stopped before the end.
func (e *evaluator) worker(stop func() bool) func(a, b []float64, out [][]float64) bool {
	p := &point{theta: make([]float64, e.obj.Dim()), grad: make([]float64, e.obj.Dim()), stop: stop}
	acc, _ := e.obj.(accurate)
	var fast func(a, b, loss, accuracy []float64)
	var accuracy []float64
	if e.slicer != nil {
		fast = e.slicer.Worker()
		if e.wantAcc {
			accuracy = make([]float64, maxTiles*tileSize)
		}
	}
	results := make([]float64, 8)
	return func(a, b []float64, out [][]float64) bool {
		if fast != nil {
			if accuracy != nil {
				fast(a, b, out[0], accuracy[:len(a)])
			} else {
				fast(a, b, out[0], nil)
			}
		}
		for k := range a {
			if stop() {
				return false
			}
			if fast != nil && len(e.extra) == 0 {
				continue
			}
			bk := 0.0
			if b != nil {
				bk = b[k]
			}
			e.at(p.theta, a[k], bk)
			switch {
			case fast != nil:
				if accuracy != nil {
					p.accuracy = accuracy[k]
				}
			case e.wantAcc:
				out[0][k], p.accuracy = acc.ValueAccuracy(p.theta)
			default:
				out[0][k] = e.obj.Value(p.theta)
			}
			row := 1
			for i, f := range e.extra {
				r := results[:e.widths[i]]
				f(p, r)
				for _, v := range r {
					out[row][k] = v
					row++
				}
			}
		}
		return !stop()
	}
}

// A record is the values of an evaluator's quantities at points, and which tiles of
// them are finished.
type record struct {
	fingerprint string
	values      [][]float64 // one row of all points for each quantity; NaN where not finished
	done        []bool      // by tile
	known       []bool      // of an adaptive grid: the points that are computed; the others are interpolated
	partial     bool        // an adaptive grid that was interrupted
}

func newRecord(quantities, points int) *record {
	r := &record{values: make([][]float64, quantities), done: make([]bool, (points+tileSize-1)/tileSize)}
	for i := range r.values {
		r.values[i] = make([]float64, points)
		fill(r.values[i], math.NaN())
	}
	return r
}

func (r *record) points() int { return len(r.values[0]) }

// resumes refuses an earlier record of something else than rec.
func (r *record) resumes(rec *record) error {
	if r.fingerprint != rec.fingerprint || (r.known == nil) != (rec.known == nil) {
		return errors.New("landscape: cannot resume: the earlier result is of another objective, plane, grid or list of quantities")
	}
	return nil
}

// span is the range of points of a tile.
func (r *record) span(tile int) (from, to int) {
	return tile * tileSize, min((tile+1)*tileSize, r.points())
}

// put stores a tile: one row for each quantity.
func (r *record) put(tile int, rows [][]float64) {
	from, to := r.span(tile)
	for q := range rows {
		copy(r.values[q][from:to], rows[q][:to-from])
	}
	r.done[tile] = true
}

// finished counts the points of finished tiles.
func (r *record) finished() int {
	n := 0
	for t, done := range r.done {
		if done {
			from, to := r.span(t)
			n += to - from
		}
	}
	return n
}

// complete says whether every point has its value, computed or, of an adaptive grid, interpolated.
func (r *record) complete() bool { return !r.partial && r.finished() == r.points() }

// part says how much of a loaded record is there, nil for all of it.
func (r *record) part(what string) error {
	switch n, all := r.finished(), r.points(); {
	case r.partial:
		return fmt.Errorf("landscape: the loaded %s is a part: its adaptive grid was interrupted", what)
	case n < all:
		return fmt.Errorf("landscape: the loaded %s is a part: %s of %s points are computed", what, thousands(n), thousands(all))
	}
	return nil
}

// compute fills the unfinished ones of the given tiles of rec on all cores. keep, if not
// nil, is told of each finished tile. It ends early, with an error, when ctx ends or a
// function panics.
func (e *evaluator) compute(ctx context.Context, c *config, a, b []float64, rec *record, tiles []int, bar *progress.Bar, keep keeper) error {
	type result struct {
		tile int
		rows [][]float64
		err  error
	}
	var (
		next    atomic.Int64
		results = make(chan result)
		abandon = make(chan struct{}) // closed when nobody reads results any more
		halt    atomic.Bool
		stop    = func() bool { return halt.Load() || ctx.Err() != nil }
	)
	defer close(abandon)
	defer halt.Store(true)
	send := func(r result) {
		select {
		case results <- r:
		case <-abandon:
		}
	}
	running := max(1, min(c.workers, len(tiles)))
	// claim takes some of the tiles that nobody has taken: wanted, or fewer where the end is near.
	claim := func(wanted int) []int {
		for {
			from := next.Load()
			left := len(tiles) - int(from)
			if left <= 0 {
				return nil
			}
			n := max(1, min(wanted, left/(2*running)))
			if next.CompareAndSwap(from, from+int64(n)) {
				return tiles[from : int(from)+n]
			}
		}
	}
	work := func() {
		var mine []int
		defer func() {
			if p := recover(); p != nil {
				near := 0
				if len(mine) > 0 {
					near = mine[0] * tileSize
				}
				send(result{tile: -1, err: fmt.Errorf("landscape: the objective panicked near point %d: %v", near, p)})
				return
			}
			send(result{tile: -1})
		}()
		eval := e.worker(stop)
		var as, bs []float64
		wanted := 1
		for !stop() {
			if mine = claim(wanted); mine == nil {
				return
			}
			as, bs = as[:0], bs[:0]
			for _, tile := range mine {
				from, to := rec.span(tile)
				as = append(as, a[from:to]...)
				if b != nil {
					bs = append(bs, b[from:to]...)
				}
			}
			rows := make([][]float64, len(e.names))
			for q := range rows {
				rows[q] = make([]float64, len(as))
			}
			start := time.Now()
			if !eval(as, bs, rows) {
				return
			}
			if e.slicer != nil {
				quick := float64(len(mine)) * quickWork.Seconds() / max(1e-6, time.Since(start).Seconds())
				wanted = int(max(1, min(quick, float64(8*wanted), maxTiles)))
			}
			for _, tile := range mine {
				from, to := rec.span(tile)
				part := make([][]float64, len(rows))
				for q := range rows {
					part[q], rows[q] = rows[q][:to-from], rows[q][to-from:]
				}
				send(result{tile: tile, rows: part})
			}
		}
	}
	for range running {
		go work()
	}
	var late <-chan time.Time
	done := ctx.Done()
	var failed error
	for running > 0 {
		select {
		case r := <-results:
			if r.tile < 0 {
				running--
				if r.err != nil && failed == nil {
					failed = r.err
					halt.Store(true)
				}
				continue
			}
			rec.put(r.tile, r.rows)
			from, to := rec.span(r.tile)
			bar.Add(to - from)
			if keep != nil && failed == nil {
				if failed = keep(r.tile, nil, r.rows); failed != nil {
					halt.Store(true)
				}
			}
		case <-done:
			done = nil
			timer := time.NewTimer(grace)
			defer timer.Stop()
			late = timer.C
		case <-late:
			running = 0
		}
	}
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// run evaluates all points (or the shard of them), resuming what is known.
func (e *evaluator) run(c *config, what string, a, b []float64) (*record, error) {
	n := len(a)
	if err := e.checkMemory(float64(n), what, c); err != nil {
		return nil, err
	}
	rec := newRecord(len(e.names), n)
	rec.fingerprint = e.fingerprint(a, b)
	if old := c.resume; old != nil {
		if err := old.resumes(rec); err != nil {
			return nil, err
		}
		for t, done := range old.done {
			if done {
				from, to := rec.span(t)
				rows := make([][]float64, len(e.names))
				for q := range rows {
					rows[q] = old.values[q][from:to]
				}
				rec.put(t, rows)
			}
		}
	}
	keep, closeFile, err := openCheckpoint(c.checkpoint, e.names, rec)
	if err != nil {
		return nil, err
	}
	defer closeFile()
	first, last := 0, len(rec.done)
	if c.shards > 0 {
		first, last = last*(c.shard-1)/c.shards, last*c.shard/c.shards
	}
	var tiles []int
	for t := first; t < last; t++ {
		if !rec.done[t] {
			tiles = append(tiles, t)
		}
	}
	ctx, cancel := signal.NotifyContext(c.ctx, os.Interrupt)
	defer cancel()
	var bar *progress.Bar
	if !c.quiet {
		bar = progress.New(what, n)
		defer bar.Done()
		bar.Add(rec.finished())
	}
	err = e.compute(ctx, c, a, b, rec, tiles, bar, keep)
	if isStop(err) {
		err = fmt.Errorf("landscape: %s interrupted after %s of %s points: %w", what, thousands(rec.finished()), thousands(n), err)
	}
	return rec, err
}

func isStop(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// fingerprint identifies what is computed: the objective, the section, the points, the
// quantities, and the code path.
func (e *evaluator) fingerprint(a, b []float64) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s|%s|%v|%q|%d|", e.path, describe(e.obj), e.segment, e.names, tileSize)
	if o, ok := e.obj.(*NetworkObjective); ok {
		fmt.Fprintf(h, "%v|%v|%s|%x|%x|", o.Net, o.Loss, o.Data.Hash(), math.Float64bits(o.L1), math.Float64bits(o.L2))
	}
	fmt.Fprintf(h, "%q|", e.also)
	for _, v := range [][]float64{e.origin, e.x, e.y, a, b} {
		hashFloats(h, v)
	}
	if e.volume != nil {
		for _, v := range slices.Concat(e.volume.directions, e.volume.axes) {
			hashFloats(h, v)
		}
	}
	// A Go function has no identity that could be compared; its value at the origin
	// at least tells most of them apart.
	if _, ok := e.obj.(*NetworkObjective); !ok {
		hashFloats(h, []float64{safeValue(e.obj, e.origin)})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// safeValue is the objective's value, NaN where it panics.
func safeValue(obj Objective, theta []float64) (v float64) {
	defer func() {
		if recover() != nil {
			v = math.NaN()
		}
	}()
	return obj.Value(theta)
}

func hashFloats(h hash.Hash, v []float64) {
	buf := make([]byte, 0, 8*512)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(len(v)))
	for _, x := range v {
		buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(x))
		if len(buf) > 8*500 {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	h.Write(buf)
}

// availableMemory is what the system could give a program now, in bytes.
func availableMemory() float64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemAvailable:" {
				if kb, err := strconv.ParseFloat(f[1], 64); err == nil {
					return kb * 1024
				}
			}
		}
	}
	return 8 << 30 // no such file (macOS): a cautious guess
}

func bytesText(b float64) string {
	for _, u := range []string{"B", "kB", "MB", "GB"} {
		if b < 1000 {
			return fmt.Sprintf("%.3g %s", b, u)
		}
		b /= 1000
	}
	return fmt.Sprintf("%.3g TB", b)
}
