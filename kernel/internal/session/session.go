// Package session is the notebook so far: which names it has, which cell declared them, what depends on what. It checks
// each cell as the next piece of one Go package, writes the package that makes it run, and has it built and run. It
// knows Go and its types; it knows nothing of Jupyter's messages, and leaves compiling to package build and running
// to package worker.
package session

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/cell"
	"github.com/gosaddle/saddle/kernel/internal/comm"
	"github.com/gosaddle/saddle/kernel/internal/magic"
	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// Config says where a session lives.
type Config struct {
	Source   string // the root of Saddle's module
	Cache    string // a folder for what can be made again
	Notebook string // the notebook's folder: where cells run
	Kernel   string // the id under which a Jupyter server knows the kernel; "" if none has started it
	Memory   int64  // bytes that cells may use; 0: no limit
	Log      *slog.Logger
	Compile  bool // every cell, plain ones as well
}

// Session runs the cells of one notebook. Execute is called by one goroutine at a time.
type Session struct {
	Autoget   bool                                                                     // fetch modules that cells import
	Inspector func(ctx context.Context, expr string) (data map[string]any, found bool) // explains a name, for ?

	cfg  Config
	dir  string // own folder in the cache
	ws   *build.Workspace
	fset *token.FileSet
	imp  types.Importer

	catalog func() map[string][]string // packages by name, for cells that leave an import out

	magic  *magic.Runner
	comms  *comm.Hub
	ready  chan struct{} // closed when workspace and worker are there
	broken error         // why they are not

	mu sync.Mutex // guards what completion and inspection read while a cell runs
	imported
	past
	live      *live
	units     int // packages written so far
	cwd       string
	env       []string
	flags     []string
	tracked   []string
	exposed   map[string]bool // variables that code other than a cell's own statements may change
	evaluated int             // cells that needed no compiler

	tables tables
	proc   process
}

// New starts a session. It returns at once: the worker starts in the background, and the first cell waits for it.
func New(cfg Config) (*Session, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	base := filepath.Join(cfg.Cache, "sessions")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, fmt.Errorf("saddle needs a folder for compiled cells: %w", err)
	}
	sweep(base)
	dir, err := os.MkdirTemp(base, fmt.Sprintf("%d-", os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("saddle needs a folder for compiled cells: %w", err)
	}
	s := &Session{
		Autoget: true, cfg: cfg, dir: dir, fset: token.NewFileSet(), ready: make(chan struct{}),
		imported: newImported(), past: newPast(), live: newLive(), exposed: map[string]bool{}, cwd: cfg.Notebook, env: os.Environ(),
	}
	s.catalog = sync.OnceValue(func() map[string][]string { return readCatalog(s.ws.Tools.Root) })
	s.cfg.Compile = s.cfg.Compile || compileAll()
	s.tables.start()
	s.magic = magic.NewRunner(notebook{s})
	s.comms = comm.New(cfg.Kernel, s.deliverComm, s.noPage)
	go s.open()
	return s, nil
}

// sweep removes the folders of sessions whose kernels are gone.
func sweep(base string) {
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		var pid int
		if _, err := fmt.Sscanf(e.Name(), "%d-", &pid); err == nil && !alive(pid) {
			os.RemoveAll(filepath.Join(base, e.Name()))
		}
	}
}

// open prepares the workspace and starts the worker.
func (s *Session) open() {
	defer close(s.ready)
	ctx := context.Background()
	ws, path, err := prepare(ctx, s.cfg, s.dir)
	if err != nil {
		s.broken = err
		return
	}
	s.ws, s.proc.path = ws, path
	s.imp = ws.Importer(s.fset)
	s.alias(livePackage)
	if err := s.startWorker(ctx); err != nil {
		s.broken = err
		return
	}
	s.wantTables("fmt")
}

// prepare opens a workspace and makes sure of the worker program and the packages that every cell needs.
func prepare(ctx context.Context, cfg Config, dir string) (*build.Workspace, string, error) {
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return nil, "", err
	}
	ws, err := build.Open(tools, dir, cfg.Source, cfg.Notebook)
	if err != nil {
		return nil, "", err
	}
	path, err := ws.Worker(ctx, filepath.Join(cfg.Cache, "worker"), cfg.Source, workerPackages())
	if err != nil {
		return nil, "", err
	}
	return ws, path, nil
}

// Warm does ahead of time what the first session would: it builds the worker and compiles the packages that cells
// import, the standard library's common ones among them.
func Warm(ctx context.Context, cfg Config, progress func(string)) error {
	if err := os.MkdirAll(cfg.Cache, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(cfg.Cache, "warm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	progress("building the worker")
	cfg.Notebook = ""
	ws, _, err := prepare(ctx, cfg, dir)
	if err != nil {
		return err
	}
	progress("compiling the packages that cells import")
	common := []string{"fmt", "math", "math/rand", "math/rand/v2", "strings", "strconv", "sort", "slices", "maps", "time", "os", "errors",
		"sync", "bytes", "bufio", "io", "encoding/json", "context", "image", "image/color", "image/png", "regexp", "net/http", "html/template", "log", "testing", "flag"}
	for _, p := range append(common, ownPackages...) {
		if err := ws.Load(ctx, p); err != nil {
			var missing *build.MissingError
			if errors.As(err, &missing) && strings.HasPrefix(p, build.Module) {
				continue // a package of a later version
			}
			return fmt.Errorf("compiling %s: %w", p, err)
		}
	}
	progress("compiling the symbols of packages for cells that need no compiler")
	if err := warmTables(ctx, cfg, ws); err != nil {
		return err
	}
	return ws.Remember(filepath.Join(cfg.Cache, "worker"), cfg.Source)
}

func (s *Session) startWorker(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.startWorkerLocked(ctx)
}

func (s *Session) startWorkerLocked(ctx context.Context) error {
	cwd, env := s.cwd, append(append([]string(nil), s.env...),
		"GONB_PIPE="+filepath.Join(s.dir, "gonbui"), "GONB_PIPE_BACK="+filepath.Join(s.dir, "gonbui_back"),
		"GONB_DIR="+s.cwd, "GONB_TMP_DIR="+s.dir)
	return s.proc.start(ctx, worker.Config{Dir: cwd, Env: env, Page: s.comms, Memory: s.cfg.Memory})
}

// discard is the output before any cell.
type discard struct{}

func (discard) Stream(string, string)              {}
func (discard) Display(Display)                    {}
func (discard) Result(Display)                     {}
func (discard) Clear(bool)                         {}
func (discard) Comm(string, map[string]any)        {}
func (discard) Page(Display)                       {}
func (discard) Input(string, bool) (string, error) { return "", errors.New("no cell is running") }

// Comm takes a comm message of the front end. It reports whether it knows the comm.
func (s *Session) Comm(msgType string, content map[string]any, _ Output) bool {
	return s.comms.FromPage(msgType, content)
}

// noPage ends a cell that waits for widgets which nobody will see, if its front end has no user: else the user may still open
// the page, or interrupt the cell.
func (s *Session) noPage(message string, out Output) {
	s.proc.mu.Lock()
	proc, attended := s.proc.worker, s.proc.attended
	s.proc.mu.Unlock()
	if proc != nil && !attended {
		proc.Fail(message, out)
	}
}

// deliverComm gives a value of the page to the cells.
func (s *Session) deliverComm(address string, value any) {
	if proc := s.proc.now(); proc != nil {
		proc.Tell(worker.Request{Op: "comm", Comm: &worker.Comm{Address: address, Value: value}})
	}
}

// Interrupt stops the running cell, its commands and its compiling included.
func (s *Session) Interrupt() {
	s.comms.Interrupt()
	s.proc.interrupt()
}

// TempDir is a folder that goes with the session: what the tools leave there when they are killed does, too.
func (s *Session) TempDir() string { return filepath.Join(s.dir, "tmp") }

// Close ends the worker and removes what the session made.
func (s *Session) Close() error {
	s.tables.close()
	s.proc.close()
	s.magic.Close()
	sweep(filepath.Dir(s.dir)) // once more: processes of a killed kernel may have written on for a moment
	return os.RemoveAll(s.dir)
}

// Execute runs a cell.
func (s *Session) Execute(ctx context.Context, c Cell, out Output) Result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.proc.begin(cancel, out, c.AllowStdin)
	defer s.proc.end()
	err := s.awaitReady(ctx)
	if err == nil {
		err = s.execute(ctx, c, out)
	}
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = &worker.Failure{Kind: "interrupted", Message: "the cell was interrupted before it ran; nothing has changed"}
		}
		return s.failed(c, err)
	}
	return Result{}
}

// awaitReady waits for the first worker.
func (s *Session) awaitReady(ctx context.Context) error {
	select {
	case <-s.ready:
		return s.broken
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Session) execute(ctx context.Context, c Cell, out Output) error {
	s.noteLoss(out)
	commands := magic.Parse(c.Code)
	start := time.Now()
	opts, err := s.magic.Run(ctx, commands, out)
	if err != nil {
		return err
	}
	for _, page := range opts.Pages {
		out.Page(Display{Data: page})
	}
	if opts.Capture != nil {
		defer opts.Capture.Close()
		out = tee{out, opts.Capture}
	}
	code := program{text: commands.Go, mainLine: commands.MainLine, args: opts.Args}
	if opts.Test {
		err = s.test(ctx, c, code, opts.Flags, out)
	} else {
		err = s.runGo(ctx, c, code, out)
	}
	if opts.Time {
		out.Stream("stdout", fmt.Sprintf("time: %v\n", time.Since(start).Round(time.Microsecond)))
	}
	return err
}

// cellName is how errors and tracebacks call a cell.
func cellName(count int) string { return fmt.Sprintf("Cell[%d]", count) }

// program is the Go part of a cell.
type program struct {
	text     string
	mainLine int      // of %%: init functions run there, where the program's main would begin; 0: at the end
	args     []string // os.Args[1:]
	tests    []string // where not nil, the last value is tests, to be run with these flags
}

// runGo runs the Go part of a cell. Where the worker turns out to have died before the cell began, a fresh one runs it.
func (s *Session) runGo(ctx context.Context, c Cell, code program, out Output) error {
	err := s.runGoOnce(ctx, c, code, out)
	if errors.Is(err, worker.ErrLost) {
		err = s.runGoOnce(ctx, c, code, out)
	}
	return err
}

func (s *Session) runGoOnce(ctx context.Context, c Cell, code program, out Output) error {
	src, err := cell.Parse(s.fset, cellName(c.Count), code.text)
	if err != nil {
		return err
	}
	if len(src.Imports)+len(src.Decls)+len(src.Body) == 0 {
		return nil
	}
	s.orderVars(src)
	if err := s.needWorker(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	err = s.syncModules(ctx)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	p, err := s.planLocked(ctx, src, c.ID, code.mainLine)
	if err != nil {
		return err
	}
	for _, note := range p.notes {
		out.Stream("stderr", note+"\n")
	}
	outcome, done, err := s.evaluate(ctx, c, p, code, out)
	if err != nil {
		return err
	}
	if !done && p.unit.Path != "" {
		if os.Getenv("SADDLE_DEBUG_UNITS") != "" {
			s.cfg.Log.Info("unit", "path", p.unit.Path, "source", p.unit.Source)
		}
		plugin, err := s.ws.Compile(ctx, p.unit)
		if err != nil && ctx.Err() == nil && s.ws.Repair(ctx) {
			plugin, err = s.ws.Compile(ctx, p.unit) // the build cache had been cleaned away
		}
		if err != nil {
			return err
		}
		unit := p.unit.Path
		if !p.hasBody {
			unit = ""
		}
		request := worker.Request{Plugin: plugin, Unit: unit, Cell: src.Name, ID: c.ID, Args: code.args, Tests: code.tests, NoInput: !c.AllowStdin}
		if outcome, err = s.proc.run(ctx, request, out); err != nil {
			return err
		}
	}
	s.commit(p, c, outcome)
	s.tellBoxed(ctx, p, out)
	for _, path := range p.named {
		s.wantTables(path)
	}
	if f := outcome.Failure; f != nil {
		return f
	}
	return nil
}

// tellBoxed tells of interfaces that hold values of a type which the cell has made anew: they keep the type they have.
func (s *Session) tellBoxed(ctx context.Context, p *plan, out Output) {
	proc := s.proc.now()
	if len(p.remade) == 0 || len(p.boxes) == 0 || proc == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	vars, err := proc.Text(ctx, p.boxes...)
	if err != nil {
		return // the worker is gone, and its values with it
	}
	for _, v := range vars {
		for _, t := range v.Boxed {
			if d, name := p.live.decls[v.Name], p.remade[t]; name != "" && d.stale == "" {
				out.Stream("stderr", fmt.Sprintf("%s holds, in an interface, a value of the type %s from before this cell, which is another type now: run %s again to set it anew.\n", v.Name, name, d.cell))
			}
		}
	}
}

// planLocked checks a cell while nobody reads the notebook.
func (s *Session) planLocked(ctx context.Context, src *cell.Source, id string, mainLine int) (*plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan(ctx, src, id, mainLine)
}

// needWorker starts a new worker where the last one is gone.
func (s *Session) needWorker(ctx context.Context) error {
	proc := s.proc.now()
	if proc != nil {
		select {
		case <-proc.Gone():
			s.noteLoss(s.proc.out) // it went away just now
		default:
			return nil
		}
	}
	return s.startWorker(ctx)
}

// noteLoss tells of a worker that went away while no cell was running.
func (s *Session) noteLoss(out Output) {
	proc := s.proc.lost()
	if proc == nil {
		return
	}
	s.mu.Lock()
	s.loseValuesLocked()
	lost := s.lost
	s.mu.Unlock()
	s.proc.mourn()
	note := fmt.Sprintf("[saddle: %s since the last cell; all values are lost, and this cell runs in a fresh worker", proc.Lost().Message)
	if len(lost) > 0 {
		note += "; %restore runs again the cells that made them"
	}
	out.Stream("stderr", note+"]\n")
}

// commit makes a cell's plan the notebook, as far as the cell came.
func (s *Session) commit(p *plan, c Cell, outcome *worker.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if outcome.Dir != "" {
		s.cwd = outcome.Dir
	}
	if outcome.Env != nil {
		s.env = outcome.Env
	}
	if f := outcome.Failure; f != nil && f.Kind == "load" {
		return // the plugin was not opened: nothing of it is there
	}
	declared := map[string]bool{}
	for _, name := range outcome.Declared {
		declared[name] = true
	}
	for _, d := range p.vars {
		if declared[d.key] {
			continue
		}
		// The cell failed before it set this variable: what was there before still is.
		p.live.drop(p.live.decls[d.key])
		if old := s.live.decls[d.key]; old != nil {
			p.live.put(old)
		}
	}
	ran := ranCell{count: c.Count, code: c.Code}
	for _, d := range p.live.decls {
		d.carry = false // done when the package was loaded
		if d.cell == p.src.Name {
			ran.keys = append(ran.keys, d.key)
		}
	}
	s.edited(c.ID, p.src.Name)
	s.live = p.live
	for name := range p.exposed {
		s.exposed[name] = true
	}
	for name, path := range p.imports {
		s.imports[name] = path
	}
	for name, path := range p.named {
		s.known[name] = path
	}
	s.dotImports = p.dot
	if outcome.Failure == nil {
		s.ran = append(s.ran, ran)
	}
	if f := outcome.Failure; f != nil && f.Kind == "lost" {
		s.loseValuesLocked()
		s.proc.mourn()
	}
}

// loseValuesLocked is what a lost worker leaves: declarations, which the next cell compiles anew, and no values.
func (s *Session) loseValuesLocked() {
	s.lost = s.cellsOf(s.live)
	next := newLive()
	for _, d := range s.live.sorted() {
		c := *d
		c.unit, c.carry = "", false
		if d.kind == variable {
			c.stale = fmt.Sprintf("its value was lost with the worker process. Run %s again, or %%restore", d.cell)
		}
		next.put(&c)
	}
	s.live = next
}

// tee copies a cell's output to a file, as text.
type tee struct {
	Output
	w io.Writer
}

func (t tee) Display(d Display) {
	t.write(d)
	t.Output.Display(d)
}

func (t tee) Result(d Display) {
	t.write(d)
	t.Output.Result(d)
}

// write writes a figure's source where it is text that somebody wrote, and else its plain text.
func (t tee) write(d Display) {
	for _, mime := range []string{"text/markdown", "text/html", "text/latex", "text/plain"} {
		text, ok := d.Data[mime].(string)
		if _, drawn := d.Data["image/png"]; !ok || drawn && mime != "text/plain" {
			continue
		}
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		io.WriteString(t.w, text)
		return
	}
}

func (t tee) Stream(name, text string) {
	io.WriteString(t.w, text)
	t.Output.Stream(name, text)
}

// WorkerPid returns the process id of the worker, 0 if there is none yet.
func (s *Session) WorkerPid() int {
	if proc := s.proc.now(); proc != nil {
		return proc.Pid()
	}
	return 0
}
