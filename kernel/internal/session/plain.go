package session

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/cell"
	"github.com/gosaddle/saddle/kernel/internal/plain"
	"github.com/gosaddle/saddle/kernel/internal/plain/translate"
	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// A plain cell goes to the worker as a program of package plain. What that needs of packages comes from tables, plugins
// of symbols: where one is not there yet, the cell is compiled, and the table is built while nobody waits, for the next.

// evaluate runs a cell that needs no compiler. Where the worker has not all that it takes, done is false, nothing has
// happened, and the cell is to be compiled.
func (s *Session) evaluate(ctx context.Context, c Cell, p *plan, code program, out Output) (o *worker.Outcome, done bool, err error) {
	if p.program == nil || code.tests != nil {
		return &worker.Outcome{}, false, nil
	}
	text, err := json.Marshal(p.program)
	if err != nil {
		return nil, false, err
	}
	o, err = s.proc.run(ctx, worker.Request{Program: text, Cell: p.src.Name, ID: c.ID, Args: code.args, NoInput: !c.AllowStdin}, out)
	if err != nil {
		return nil, false, err
	}
	s.ws.Opened(p.tabled...)
	if f := o.Failure; f != nil && f.Kind == "refused" {
		s.cfg.Log.Debug("not plain", "cell", p.src.Name, "why", f.Message)
		return &worker.Outcome{}, false, nil
	}
	s.mu.Lock()
	s.evaluated++
	s.mu.Unlock()
	return o, true, nil
}

// Evaluated returns how many cells have run without the compiler.
func (s *Session) Evaluated() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.evaluated
}

// translate makes a program of a cell that has statements only and for which nothing is made again. It returns nil where
// the cell needs the compiler, or a table that is not there yet.
func (s *Session) translate(w *world, p *plan, mine map[types.Object]bool, show showMode) *plain.Program {
	if s.cfg.Compile || len(p.src.Body) == 0 {
		return nil
	}
	exposed := map[string]bool{}
	for _, d := range p.live.decls {
		if (d.kind == function || d.kind == method) && looksAtCallers(d.node) {
			s.cfg.Log.Debug("not plain", "cell", p.src.Name, "why", d.key+" looks at its callers")
			return nil
		}
		if d.kind != variable {
			for key := range d.uses {
				exposed[key] = true // the body of a function may set it
			}
		}
	}
	c := translate.Cell{Name: p.src.Name, Func: runName, Fset: s.fset, Info: w.info, Pkg: w.pkg, Show: string(show), Mine: mine,
		Export: export, PkgName: worker.Private + "main",
		Unit: func(name string) string {
			if d := p.live.names[name]; d != nil {
				return d.unit
			}
			return ""
		},
		Exposed: func(name string) bool { return exposed[name] || p.exposed[name] || s.exposed[name] },
	}
	for _, st := range p.src.Body {
		c.Body = append(c.Body, st.Node)
		c.Values = st.Values
	}
	program, paths, err := translate.Program(c)
	if err != nil {
		s.cfg.Log.Debug("not plain", "cell", p.src.Name, "why", err)
		return nil
	}
	for _, path := range paths {
		if strings.HasPrefix(path, worker.UnitPrefix) {
			continue
		}
		file := s.table(path)
		if file == "" {
			s.cfg.Log.Debug("not plain", "cell", p.src.Name, "why", "no table for "+path)
			s.wantTables(path)
			return nil
		}
		if !slices.Contains(program.Tables, file) {
			program.Tables = append(program.Tables, file)
			p.tabled = append(p.tabled, knownOf(s.ws, tableGroup(path))...)
		}
	}
	return program
}

// looksAtCallers tells whether a function may ask where it was called: by the names of those that tell.
func looksAtCallers(fn ast.Decl) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		if x, ok := n.(*ast.SelectorExpr); ok {
			switch x.Sel.Name {
			case "Caller", "Callers", "Stack", "PrintStack":
				found = true
			}
		}
		return !found
	})
	return found
}

// exposes returns the variables that a cell lets other code change.
func exposes(w *world, src *cell.Source, mine map[types.Object]bool) map[string]bool {
	all := map[string]bool{}
	nodes := make([]ast.Node, 0, len(src.Body)+len(src.Decls))
	for _, st := range src.Body {
		nodes = append(nodes, st.Node)
	}
	for _, n := range nodes {
		for name := range translate.Exposes(w.info, n, func(v *types.Var) bool { return mine[v] || v.Parent() == w.pkg.Scope() }) {
			all[name] = true
		}
	}
	return all
}

// tables knows the tables of the session's packages, and builds those that are wanted, one after the other.
type tables struct {
	mu     sync.Mutex
	files  map[string]string // by package path; "" for one that cannot be had
	forgot int               // the workspace's count that files belong to
	wanted map[string]bool
	queue  chan string
	stop   context.CancelFunc
	ctx    context.Context
	done   sync.WaitGroup
}

func (t *tables) start() {
	t.files, t.wanted, t.queue = map[string]string{}, map[string]bool{}, make(chan string, 1)
	t.ctx, t.stop = context.WithCancel(context.Background())
}

func (t *tables) close() {
	t.stop()
	t.done.Wait()
}

// tableGroups are packages that come in one table, since they are used together: fewer plugins take less memory.
var tableGroups = [][]string{
	{"bufio", "bytes", "context", "errors", "fmt", "io", "math", "math/bits", "math/cmplx", "math/rand", "math/rand/v2", "os", "path/filepath", "sort", "strconv",
		"strings", "sync", "time", "unicode", "unicode/utf8"},
	{build.Module + "/lossviz", build.Module + "/lossviz/dataset", build.Module + "/lossviz/nn", build.Module + "/lossviz/train", build.Module + "/lossviz/landscape",
		build.Module + "/lossviz/convexity", build.Module + "/lossviz/convexity/expr", build.Module + "/lossviz/spectrum", build.Module + "/lossviz/chart", build.Module + "/lossviz/job"},
	{"gonum.org/v1/gonum/mat", "gonum.org/v1/gonum/stat", "gonum.org/v1/gonum/floats", "gonum.org/v1/gonum/optimize", "gonum.org/v1/gonum/stat/distuv",
		"gonum.org/v1/gonum/diff/fd", "gonum.org/v1/gonum/integrate"},
	{"gonum.org/v1/plot", "gonum.org/v1/plot/plotter", "gonum.org/v1/plot/vg"},
	{"github.com/janpfeifer/gonb/gonbui", "github.com/janpfeifer/gonb/gonbui/widgets", "github.com/janpfeifer/gonb/gonbui/dom", "github.com/janpfeifer/gonb/gonbui/comms"},
	{"github.com/go-echarts/go-echarts/v2/charts", "github.com/go-echarts/go-echarts/v2/opts", "github.com/go-echarts/go-echarts/v2/components", "github.com/go-echarts/go-echarts/v2/types"},
}

func tableGroup(path string) []string {
	for _, g := range tableGroups {
		if slices.Contains(g, path) {
			return g
		}
	}
	return []string{path}
}

// knownOf returns those of a group that the workspace can import.
func knownOf(ws *build.Workspace, group []string) []string {
	var out []string
	for _, p := range group {
		if ok, _ := ws.Known(p); ok {
			out = append(out, p)
		}
	}
	return out
}

// table returns the table that holds a package, "" if there is none yet.
func (s *Session) table(path string) string {
	known, forgot := s.ws.Known(path)
	if !known {
		return ""
	}
	s.tables.mu.Lock()
	defer s.tables.mu.Unlock()
	if s.tables.forgot != forgot {
		s.tables.files, s.tables.wanted, s.tables.forgot = map[string]string{}, map[string]bool{}, forgot
	}
	if file, ok := s.tables.files[path]; ok {
		return file
	}
	file, err := s.ws.Table(s.tables.ctx, s.tableCache(), false, false, knownOf(s.ws, tableGroup(path))...)
	if err != nil || file == "" {
		return ""
	}
	s.tables.files[path] = file
	return file
}

func (s *Session) tableCache() string { return tableCache(s.cfg) }

func tableCache(cfg Config) string { return filepath.Join(cfg.Cache, "tables") }

// warmTables builds the tables of the packages that cells use most.
func warmTables(ctx context.Context, cfg Config, ws *build.Workspace) error {
	built := map[string]bool{}
	for _, p := range append([]string{"fmt"}, ownPackages...) {
		group := knownOf(ws, tableGroup(p))
		if len(group) == 0 || built[group[0]] {
			continue
		}
		built[group[0]] = true
		if _, err := ws.Table(ctx, tableCache(cfg), true, false, group...); err != nil {
			return err
		}
	}
	return nil
}

// wantTables sees to the table of a package: it is built if need be, and opened in the worker. It returns at once.
func (s *Session) wantTables(path string) {
	if s.cfg.Compile {
		return
	}
	t := &s.tables
	t.mu.Lock()
	defer t.mu.Unlock()
	group := tableGroup(path)
	if t.wanted[group[0]] || t.ctx.Err() != nil {
		return
	}
	t.wanted[group[0]] = true
	t.done.Add(1)
	go func() {
		defer t.done.Done()
		s.makeTable(path, group)
	}()
}

// loadGroup makes a group's packages known; one that does not load is left out.
func (s *Session) loadGroup(group []string) {
	if s.ws.Load(s.tables.ctx, group...) == nil { // in one go, which takes as long as a single package
		return
	}
	for _, p := range group {
		s.ws.Load(s.tables.ctx, p)
	}
}

// WaitTables returns when no table is being built: cells that are plain are evaluated from now on.
func (s *Session) WaitTables() {
	<-s.ready
	s.tables.done.Wait()
}

// makeTable builds a table, one at a time, and has the worker open it.
func (s *Session) makeTable(path string, group []string) {
	t := &s.tables
	file := s.table(path)
	if file == "" {
		t.queue <- path // one at a time
		defer func() { <-t.queue }()
		s.loadGroup(group)
		if len(knownOf(s.ws, []string{path})) == 0 {
			return
		}
		if _, err := s.ws.Table(t.ctx, s.tableCache(), true, true, knownOf(s.ws, group)...); err != nil {
			if t.ctx.Err() == nil { // else the session has ended
				s.cfg.Log.Warn("cells that use "+path+" are compiled, also plain ones", "err", err)
			}
			return
		}
		if file = s.table(path); file == "" {
			return
		}
	}
	proc := s.proc.now()
	if proc != nil {
		s.ws.Opened(knownOf(s.ws, group)...)
		proc.Tell(worker.Request{Op: "tables", Tables: []string{file}})
	}
}

// compileAll tells that plain cells are to be compiled like the others.
func compileAll() bool { return os.Getenv("SADDLE_PLAIN") == "off" }
