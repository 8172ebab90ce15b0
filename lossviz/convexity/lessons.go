package convexity

import (
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gosaddle/saddle/lossviz/convexity/interval"
	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
)

// A Lesson is a statement about convexity with the verdicts that show it.
type Lesson struct {
	Statement string
	Source    string
	Parts     []LessonPart
	Facts     []string // what else was computed, a sentence each

	err error
}

// A LessonPart is one function and what was decided about it.
type LessonPart struct {
	Name    string
	Verdict *Verdict
}

// Err says what went wrong, or nil.
func (l *Lesson) Err() error { return l.err }

// String is the statement and the verdicts.
func (l *Lesson) String() string {
	if l.err != nil {
		return l.err.Error()
	}
	var s strings.Builder
	fmt.Fprintln(&s, l.Statement)
	for _, p := range l.Parts {
		fmt.Fprintf(&s, "  %s: %v\n", p.Name, p.Verdict)
	}
	for _, fact := range l.Facts {
		fmt.Fprintf(&s, "  %s\n", fact)
	}
	if l.Source != "" {
		fmt.Fprintf(&s, "(%s)\n", l.Source)
	}
	return s.String()
}

// MIMEBundle shows the statement and a card for each verdict.
func (l *Lesson) MIMEBundle() (map[string]any, error) {
	if l.err != nil {
		return nil, l.err
	}
	var page strings.Builder
	fmt.Fprintf(&page, "<p><b>%s</b></p>", html.EscapeString(l.Statement))
	bundle := map[string]any{"text/plain": l.String()}
	for _, p := range l.Parts {
		card, err := p.Verdict.MIMEBundle()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&page, "<h4>%s</h4>%v", html.EscapeString(p.Name), card["text/html"])
		if picture, ok := card["image/png"]; ok {
			bundle["image/png"] = picture
		}
	}
	for _, fact := range l.Facts {
		fmt.Fprintf(&page, "<p>%s</p>", html.EscapeString(fact))
	}
	if l.Source != "" {
		fmt.Fprintf(&page, "<p><small>%s</small></p>", html.EscapeString(l.Source))
	}
	bundle["text/html"] = page.String()
	return bundle, nil
}

// add judges a function and adds it, with the verdict it must have.
func (l *Lesson) add(name string, want Kind, loss landscape.Objective, opts []Option) {
	if l.err != nil {
		return
	}
	v := Judge(loss, opts...)
	switch {
	case v.Err() != nil:
		l.err = v.Err()
	case v.Kind != want:
		l.err = fmt.Errorf("convexity: %s: %v, which the lesson does not expect; other data may show it", name, v)
	}
	l.Parts = append(l.Parts, LessonPart{name, v})
}

// TheLossMatters shows on data with classes 0 and 1 that the same model, a sigmoid of an affine function
// without any hidden layer, has a convex loss or not depending on the loss: the logistic one is convex in the
// logit, the squared error on the sigmoid is not. Source: Boyd and Vandenberghe, Convex Optimization,
// section 7.1.1 (logistic regression); for the squared error the certificate is the proof.
func TheLossMatters(data *dataset.Data, opts ...Option) *Lesson {
	l := &Lesson{
		Statement: "No hidden layer in either: the loss decides. The logistic loss of a sigmoid model is convex, its squared error is not.",
		Source:    "Boyd and Vandenberghe, Convex Optimization (2004), section 7.1.1",
	}
	if err := data.Err(); err != nil {
		l.err = err
		return l
	}
	l.add("logistic loss", Convex, landscape.NewObjective(nn.Linear(data.D, 1), nn.LogisticLoss, data), opts)
	l.add("squared error on the sigmoid", NotConvex, landscape.NewObjective(nn.New(nn.Dense(data.D, 1, nn.Sigmoid)), nn.Squared, data), opts)
	return l
}

// TheActivationDoesNot shows why "non-convex activation, hence non-convex loss" does not follow: the sigmoid is
// not convex, the logistic regression that is made of it is, and a network with one hidden layer is not, even
// with the identity for an activation. The data have classes 0 and 1.
func TheActivationDoesNot(data *dataset.Data, opts ...Option) *Lesson {
	l := &Lesson{
		Statement: "A sigmoid is not convex, a logistic regression made of it is, and one hidden layer without any activation is not: the activation does not decide.",
		Source:    "composition rules: Boyd and Vandenberghe, Convex Optimization (2004), section 3.2.4; linear networks: Baldi and Hornik, Neural Networks 2(1), 1989",
	}
	if err := data.Err(); err != nil {
		l.err = err
		return l
	}
	l.add("the sigmoid itself", NotConvex, Function(1, Sigmoid(Var(0))), opts)
	l.add("logistic regression", Convex, landscape.NewObjective(nn.Linear(data.D, 1), nn.LogisticLoss, data), opts)
	l.add("one hidden layer, identity", NotConvex, landscape.NewObjective(nn.MLP(data.D, 2, 1, nn.Identity), nn.LogisticLoss, data), opts)
	return l
}

// ReLUProduct is the function w2 * relu(w1 * x) of (w1, w2), for one x: a network with a single
// hidden unit.
func ReLUProduct(x float64) *FunctionObjective {
	return Function(2, Product(Var(1), ReLU(Scale(x, Var(0)))))
}

// ConvexInWhat answers "ReLU is convex, and so is the loss: why is their composition not?" Convex in the
// inputs is not convex in the parameters: relu(w1 x) is convex in x and in w1, but w2 * relu(w1 x) bends down along
// the line (w1, w2) = (s, -s) through zero, where it is -s relu(s x). Source: Boyd and Vandenberghe, Convex
// Optimization, sections 3.2.2 and 3.2.4, whose rules have affine arguments and nondecreasing outer functions, and none
// for a product; the certificate is the proof.
func ConvexInWhat(opts ...Option) *Lesson {
	l := &Lesson{
		Statement: "ReLU is convex, w2 relu(w1 x) is not convex in its parameters: along (s, -s) it is -s relu(s), which bends down.",
		Source:    "which compositions are convex: Boyd and Vandenberghe, Convex Optimization (2004), sections 3.2.2 and 3.2.4",
	}
	l.add("relu(w1)", Convex, Function(1, ReLU(Var(0))), opts)
	l.add("w2 relu(w1)", NotConvex, ReLUProduct(1), opts)
	l.add("(1 - w2 relu(w1))^2, its squared loss", NotConvex, Function(2, Square(Sub(Const(1), Product(Var(1), ReLU(Var(0)))))), opts)
	return l
}

// DeepLinear is (1 - theta_0 theta_1 ... theta_n)^2, the squared loss of a linear network with the given
// number of hidden layers, one unit each, on the single sample x = y = 1. It has no bad local minima and is
// not convex (Kawaguchi, arXiv:1605.07110, theorem 2.3). Zero is a critical point: a strict saddle with one
// hidden layer, while with more all second derivatives vanish there: see AtPoint.
func DeepLinear(hiddenLayers int) *FunctionObjective {
	if hiddenLayers < 0 || hiddenLayers > 50 {
		return &FunctionObjective{err: fmt.Errorf("convexity: DeepLinear has 0 to 50 hidden layers, not %d", hiddenLayers)}
	}
	product := Var(0)
	for i := 1; i <= hiddenLayers; i++ {
		product = Product(product, Var(i))
	}
	return Function(hiddenLayers+1, Square(Sub(Const(1), product)))
}

// TheDeepLinearNetwork shows what [DeepLinear] is about: without any activation, convex with no hidden layer and not
// convex with one or more; every critical point of loss above 0 is a saddle, zero among them, which is a strict one
// (with a negative eigenvalue) for one hidden layer and degenerate (no curvature at all) for more.
// Sources: Baldi and Hornik, Neural Networks 2(1), 1989, for one hidden layer; Kawaguchi, arXiv:1605.07110, theorem 2.3.
func TheDeepLinearNetwork(opts ...Option) *Lesson {
	l := &Lesson{
		Statement: "A deep linear network has no bad local minima, and yet its loss is not convex. Zero is a saddle: strict with one hidden layer, degenerate with more.",
		Source:    "Baldi and Hornik, Neural Networks 2(1), 1989; Kawaguchi, arXiv:1605.07110, theorem 2.3",
	}
	for hidden, name := range []string{"no hidden layer", "one hidden layer", "two hidden layers"} {
		want := NotConvex
		if hidden == 0 {
			want = Convex
		}
		l.add(name, want, DeepLinear(hidden), opts)
	}
	for hidden, name := range map[int]string{1: "one hidden layer", 2: "two hidden layers"} {
		zero := AtPoint(DeepLinear(hidden), make([]float64, hidden+1), opts...)
		if zero.Err() != nil {
			l.err = zero.Err()
			return l
		}
		for _, g := range zero.Gradient {
			if g.Mag() > 0 {
				l.err = fmt.Errorf("convexity: the gradient at zero is enclosed by %v only", g)
			}
		}
		first, last := zero.Eigenvalues[0], zero.Eigenvalues[hidden]
		l.Facts = append(l.Facts, fmt.Sprintf("%s, at zero: the gradient is 0, the Hessian's eigenvalues lie between %.3g and %.3g", name, first.Lo, last.Hi+0)) // + 0: no -0
	}
	slices.Sort(l.Facts)
	return l
}

// MirrorPoints are points where a network has the same loss as at theta.
type MirrorPoints struct {
	Points  [][]float64
	Names   []string  // what was done to get there
	Barrier []float64 // how far the loss rises above the larger end on the straight line from theta, at 21 points of it

	loss  *landscape.NetworkObjective
	theta []float64
	err   error
}

// Between is the barrier between two of the points, by number; -1 stands for theta itself. It is NaN for other numbers.
func (m *MirrorPoints) Between(i, j int) float64 {
	a, b := m.at(i), m.at(j)
	if a == nil || b == nil {
		return math.NaN()
	}
	return barrier(m.loss, a, b)
}

// Around is a path from theta to point i that stays low where the straight line climbs over the barrier: a nudged
// elastic band (Draxler et al., arXiv:1803.00885).
func (m *MirrorPoints) Around(i int, opts ...landscape.PathOption) *landscape.MinimaPath {
	b := m.at(i)
	if b == nil {
		return landscape.NEB(nil, nil, nil) // its Err says that there is nothing
	}
	return landscape.NEB(m.loss, m.theta, b, opts...)
}

func (m *MirrorPoints) at(i int) []float64 {
	switch {
	case i == -1:
		return m.theta
	case i >= 0 && i < len(m.Points):
		return m.Points[i]
	}
	return nil
}

// barrier is how far the loss rises above the larger end on a straight line, at 21 points of it.
func barrier(loss landscape.Objective, a, b []float64) float64 {
	ends := math.Max(loss.Value(a), loss.Value(b))
	height := 0.0
	between := make([]float64, len(a))
	for k := 1; k < 20; k++ {
		s := float64(k) / 20
		for i := range between {
			between[i] = (1-s)*a[i] + s*b[i]
		}
		height = math.Max(height, loss.Value(between)-ends)
	}
	return height
}

// Err says what went wrong, or nil.
func (m *MirrorPoints) Err() error { return m.err }

// String lists the points with their barriers.
func (m *MirrorPoints) String() string {
	if m.err != nil && len(m.Points) == 0 {
		return m.err.Error()
	}
	s := fmt.Sprintf("%d mirror points with the same loss:", len(m.Points))
	for i, name := range m.Names {
		if i == 12 {
			return s + fmt.Sprintf("\n  ... and %d more", len(m.Names)-12)
		}
		s += fmt.Sprintf("\n  %s: barrier %.4g", name, m.Barrier[i])
	}
	return s
}

// Mirrors lists points that have the same loss as theta by the symmetries of the network (Hecht-Nielsen, 1990;
// Chen, Lu and Hecht-Nielsen, Neural Computation 5(6), 1993): permutations of the units of each hidden layer (all of
// them up to 8 units, otherwise 100 drawn at random), sign flips where the activation is odd (or a sigmoid), and a
// rescaling by 2 where it is positively homogeneous; at most limit points.
func Mirrors(loss *landscape.NetworkObjective, theta []float64, limit int, opts ...Option) *MirrorPoints {
	m := &MirrorPoints{}
	set, stop := newSettings(opts)
	defer stop()
	if err := landscape.CheckPoint(loss, theta, "the point"); err != nil {
		m.err = fmt.Errorf("convexity: %w", err)
		return m
	}
	hidden := Hidden(loss.Net)
	if len(hidden) == 0 {
		m.err = fmt.Errorf("convexity: the network has no hidden layer whose units could be exchanged")
		return m
	}
	m.loss, m.theta = loss, slices.Clone(theta)
	add := func(name string, point []float64) bool {
		if len(m.Points) >= limit || set.ctx.Err() != nil {
			return false
		}
		m.Points, m.Names, m.Barrier = append(m.Points, point), append(m.Names, name), append(m.Barrier, barrier(loss, theta, point))
		return true
	}
	defer func() {
		if err := set.ctx.Err(); err != nil {
			m.err = fmt.Errorf("convexity: interrupted after %d mirror points: %w", len(m.Points), err)
		}
	}()
	for _, h := range hidden {
		for u := range h.Units() {
			if h.CanFlip() && !add(fmt.Sprintf("%s: sign of unit %d flipped", h.Name, u), h.Flip(theta, u)) {
				return m
			}
			if h.CanRescale() && !add(fmt.Sprintf("%s: unit %d scaled by 2", h.Name, u), h.Rescale(theta, u, 2)) {
				return m
			}
		}
		for _, order := range orders(h.Units(), set.seed) {
			if !add(fmt.Sprintf("%s: units in the order %v", h.Name, order), h.Permute(theta, order)) {
				return m
			}
		}
	}
	return m
}

// orders lists the permutations of n things but the identity: all of them for n <= 8, else 100 at random.
func orders(n int, seed uint64) [][]int {
	first := make([]int, n)
	for i := range first {
		first[i] = i
	}
	var list [][]int
	if n > 8 {
		random := rand.New(rand.NewPCG(seed, 8))
		for range 100 {
			list = append(list, random.Perm(n))
		}
		return list
	}
	var permute func(order []int, from int)
	permute = func(order []int, from int) {
		if from == n {
			if !slices.IsSorted(order) {
				list = append(list, slices.Clone(order))
			}
			return
		}
		for i := from; i < n; i++ {
			order[from], order[i] = order[i], order[from]
			permute(order, from+1)
			order[from], order[i] = order[i], order[from]
		}
	}
	permute(first, 0)
	return list
}

// IndexStudy relates the index of critical points to their loss.
type IndexStudy struct {
	*spectrum.CriticalSet
	// Correlation is Spearman's rank correlation between loss and share of negative eigenvalues; NaN for fewer
	// than 3 points or no spread.
	Correlation float64
}

// String is the correlation and the points.
func (s *IndexStudy) String() string {
	if s.Err() != nil && len(s.Points) == 0 {
		return s.Err().Error()
	}
	return fmt.Sprintf("rank correlation of loss and index: %.3f\n%v", s.Correlation, s.CriticalSet)
}

// IndexAgainstLoss finds critical points and tells how the share of negative Hessian eigenvalues grows with the
// loss (Dauphin et al., arXiv:1406.2572, section 3: at high loss almost all critical points are saddles).
func IndexAgainstLoss(loss landscape.Objective, opts ...spectrum.Option) *IndexStudy {
	s := &IndexStudy{CriticalSet: spectrum.CriticalPoints(loss, nil, opts...), Correlation: math.NaN()}
	var losses, indices []float64
	for _, p := range s.Points {
		losses, indices = append(losses, p.Loss), append(indices, float64(p.Index))
	}
	if len(losses) >= 3 {
		s.Correlation = correlation(ranks(losses), ranks(indices))
	}
	return s
}

// ranks gives equal numbers the mean of their places.
func ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case x[a] < x[b]:
			return -1
		case x[a] > x[b]:
			return 1
		}
		return 0
	})
	r := make([]float64, len(x))
	for i := 0; i < len(x); {
		j := i
		for j < len(x) && x[order[j]] == x[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			r[order[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return r
}

func correlation(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx += x[i] / n
		my += y[i] / n
	}
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
		xy += (x[i] - mx) * (y[i] - my)
	}
	return xy / math.Sqrt(xx*yy)
}

// Gap encloses L(t a + (1-t) b) - t L(a) - (1-t) L(b) in exact arithmetic for one segment: positive
// where the definition of convexity breaks. It is what a lecture computes at the board.
func Gap(loss landscape.Objective, a, b []float64, t float64, opts ...Option) (interval.Interval, error) {
	set, stop := newSettings(opts)
	defer stop()
	s, _, err := onLine(loss, a, b, set)
	if err != nil {
		return interval.Entire, err
	}
	if !(t >= 0 && t <= 1) {
		return interval.Entire, fmt.Errorf("convexity: t = %v is not between 0 and 1", t)
	}
	c, err := s.certify(set.ctx, a, b, t)
	if err != nil {
		return interval.Entire, fmt.Errorf("convexity: interrupted: %w", err)
	}
	return c.Gap, nil
}
