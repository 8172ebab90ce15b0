package magic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Error is a command that failed.
type Error struct {
	Line    int // of the cell, counted from 1
	Command string
	Err     error
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s: %v", e.Line, e.Command, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Runner executes the commands of one notebook's cells.
type Runner struct {
	notebook Notebook
	shells   shells
}

// NewRunner returns a Runner for a notebook.
func NewRunner(n Notebook) *Runner { return &Runner{notebook: n} }

// Close ends what ! lines left running in the background.
func (r *Runner) Close() error { return r.shells.close() }

// Run executes the commands of a cell in order and returns what they ask of its Go part. It stops at
// the first that fails, with an *Error; one that ctx ends wraps ctx.Err(). A shell command's exit status
// is only reported on stderr, as in IPython, but that of a %%bash or %%script cell is an error.
func (r *Runner) Run(ctx context.Context, cell Cell, out Output) (Options, error) {
	run := run{Runner: r, ctx: ctx, out: out}
	for _, cmd := range cell.Commands {
		if err := run.command(cmd); err != nil {
			if run.opts.Capture != nil {
				run.opts.Capture.Close()
			}
			return Options{}, &Error{Line: cmd.Line, Command: cmd.Name, Err: err}
		}
	}
	return run.opts, nil
}

// run is the state of one Run.
type run struct {
	*Runner
	ctx   context.Context
	out   Output
	opts  Options
	input input // how the next shell command gets its input
}

func (r *run) command(cmd Command) error {
	if err := context.Cause(r.ctx); err != nil {
		return err
	}
	def := lookup(cmd.Name)
	if def == nil {
		return unknown(cmd.Name)
	}
	if def.body && !cmd.first {
		return errors.New("must be the first line of its cell")
	}
	return def.run(r, cmd)
}

func (r *run) printf(format string, args ...any) {
	r.out.Stream("stdout", fmt.Sprintf(format, args...))
}

// path resolves a file name as a user types it: ~, $NAME and ${NAME}, relative to the notebook's directory.
func (r *run) path(name string) (string, error) {
	env := environment(r.notebook.Environ())
	if name == "~" || strings.HasPrefix(name, "~/") {
		home := env["HOME"]
		if home == "" {
			return "", errors.New("~ has no meaning: HOME is not set")
		}
		name = home + name[1:]
	}
	name = os.Expand(name, func(key string) string { return env[key] })
	if name == "" {
		return "", errors.New("the file name is empty")
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.notebook.Dir(), name)
	}
	return name, nil
}

// environment makes a map of an environment in the form of os.Environ.
func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

func (r *run) help(cmd Command) error {
	page, err := HelpPage(cmd.Rest)
	if err != nil {
		return err
	}
	r.opts.Pages = append(r.opts.Pages, page)
	return nil
}

func (r *run) inspect(cmd Command) error {
	if cmd.Rest == "" || strings.HasPrefix(cmd.Rest, "%") || strings.HasPrefix(cmd.Rest, "!") {
		return r.help(cmd)
	}
	page, err := r.notebook.Inspect(r.ctx, cmd.Rest)
	if err != nil {
		return err
	}
	r.opts.Pages = append(r.opts.Pages, page)
	return nil
}

func (r *run) main(cmd Command) error {
	if args := cmd.Args(); len(args) > 0 {
		r.opts.Args = args
	}
	return nil
}

func (r *run) args(cmd Command) error {
	r.opts.Args = cmd.Args()
	return nil
}

func (r *run) exec(cmd Command) error {
	args := cmd.Args()
	if len(args) == 0 {
		return errors.New("name the function to call: %exec f")
	}
	if len(args) > 1 {
		r.opts.Args = args[1:]
	}
	return nil
}

func (r *run) test(cmd Command) error {
	r.opts.Test, r.opts.Flags = true, nil
	for _, flag := range cmd.Args() {
		if r.opts.Flags == nil {
			r.opts.Flags = []string{} // %test "" asks for no flags at all, which is not the default
		}
		if flag != "" {
			r.opts.Flags = append(r.opts.Flags, flag)
		}
	}
	return nil
}

func (r *run) timeit(cmd Command) error {
	_, err := parseTimeit(cmd.Rest)
	return err
}

func (r *run) time(Command) error {
	r.opts.Time = true
	return nil
}

func (r *run) cd(cmd Command) error {
	args := cmd.Args()
	if len(args) > 1 {
		return fmt.Errorf("takes one directory, not %d; put a name with blanks in double quotes", len(args))
	}
	if len(args) == 1 {
		dir, err := r.path(args[0])
		if err != nil {
			return err
		}
		if err := r.notebook.Chdir(dir); err != nil {
			return err
		}
		if err := r.notebook.Setenv("GONB_DIR", r.notebook.Dir()); err != nil {
			return err
		}
	}
	r.printf("%s\n", r.notebook.Dir())
	return nil
}

func (r *run) env(cmd Command) error {
	name, value := cutWord(cmd.Rest)
	given := value != ""
	if before, _, ok := strings.Cut(name, "="); ok {
		name, value, given = before, strings.TrimSpace(strings.TrimPrefix(cmd.Rest, before+"=")), true
	}
	if name == "" {
		if given {
			return errors.New("a variable needs a name: %env NAME=value")
		}
		environ := environment(r.notebook.Environ())
		for _, name := range slices.Sorted(maps.Keys(environ)) {
			r.printf("%s=%s\n", name, environ[name])
		}
		return nil
	}
	if !given {
		value, ok := environment(r.notebook.Environ())[name]
		if !ok {
			return fmt.Errorf("%s is not set; set it with: %%env %s=value", name, name)
		}
		r.printf("%s=%q\n", name, value)
		return nil
	}
	if args := splitArgs(value); len(args) == 1 {
		value = args[0] // takes double quotes off
	}
	if err := r.notebook.Setenv(name, value); err != nil {
		return err
	}
	r.printf("%s=%q\n", name, value)
	return nil
}

func (r *run) goflags(cmd Command) error {
	if args := cmd.Args(); len(args) > 0 {
		args = slices.DeleteFunc(args, func(a string) bool { return a == "" })
		unused, err := r.notebook.SetBuildFlags(r.ctx, args)
		if err != nil {
			return err
		}
		if len(unused) > 0 {
			r.out.Stream("stderr", fmt.Sprintf("%s: kept, and without effect on cells, which are compiled one by one\n", strings.Join(unused, " ")))
		}
	}
	r.printf("%%goflags=%q\n", r.notebook.BuildFlags())
	return nil
}

func (r *run) autoget(cmd Command) error {
	r.notebook.SetAutoGet(cmd.Name == "%autoget")
	return nil
}

func (r *run) list(Command) error {
	decls := r.notebook.Declarations()
	if len(decls) == 0 {
		r.printf("nothing is declared yet\n")
		return nil
	}
	r.out.Stream("stdout", table(func(w *tabwriter.Writer) {
		for _, kind := range []string{"import", "const", "type", "var", "func"} {
			for _, d := range decls {
				if d.Kind == kind {
					from := ""
					if d.Cell > 0 {
						from = fmt.Sprintf("Cell[%d]", d.Cell)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Kind, d.Name, oneLine(d.Detail), from)
				}
			}
		}
	}))
	return nil
}

func (r *run) who(cmd Command) error {
	vars := r.notebook.Variables()
	if len(vars) == 0 {
		r.printf("there are no variables yet\n")
		return nil
	}
	if names := cmd.Args(); len(names) > 0 {
		for _, name := range names {
			if !slices.ContainsFunc(vars, func(v Variable) bool { return v.Name == name }) {
				return fmt.Errorf("there is no variable %s", name)
			}
		}
		vars = slices.DeleteFunc(vars, func(v Variable) bool { return !slices.Contains(names, v.Name) })
	}
	r.out.Stream("stdout", table(func(w *tabwriter.Writer) {
		fmt.Fprint(w, "Variable\tType\tSize\tFrom\t\n")
		for _, v := range vars {
			fmt.Fprintf(w, "%s\t%s\t%s\tCell[%d]\t%s\n", v.Name, oneLine(v.Type), formatSize(v.Size), v.Cell, v.Note)
		}
	}))
	return nil
}

// table aligns rows of tab-separated columns.
func table(write func(w *tabwriter.Writer)) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	write(w)
	w.Flush()
	var lines strings.Builder
	for line := range strings.Lines(b.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return lines.String()
}

// oneLine keeps a type or signature within a row: its line breaks become blanks, its tail is cut.
func oneLine(s string) string {
	const limit = 80
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit-1]) + "…"
	}
	return s
}

func formatSize(n int64) string {
	switch {
	case n < 0:
		return "?"
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 999_950:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 999_950_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

func (r *run) remove(cmd Command) error {
	names := cmd.Args()
	if len(names) == 0 {
		return errors.New("name what to forget; %list shows the names")
	}
	for _, name := range names {
		// One name that is not there must not keep the others: forget those, and say so.
		kind, err := r.notebook.Remove(name)
		if err != nil {
			r.out.Stream("stderr", fmt.Sprintf("%s: %v\n", name, err))
			continue
		}
		r.printf("removed %s %s\n", kind, name)
	}
	return nil
}

func (r *run) reset(cmd Command) error {
	switch cmd.Rest {
	case "":
		if err := r.notebook.Reset(r.ctx); err != nil {
			return err
		}
		r.printf("all declarations and values are forgotten, go.mod is new\n")
		return nil
	case "go.mod":
		if err := r.notebook.ResetModule(r.ctx); err != nil {
			return err
		}
		r.printf("go.mod is new\n")
		return nil
	}
	return fmt.Errorf("takes nothing or go.mod, not %q", cmd.Rest)
}

func (r *run) restore(cmd Command) error {
	var cells []int
	for _, arg := range cmd.Args() {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 {
			return fmt.Errorf("takes the numbers of cells, as in %%restore 3 5; %q is none", arg)
		}
		cells = append(cells, n)
	}
	return r.notebook.Restore(r.ctx, cells)
}

func (r *run) track(cmd Command) error {
	for _, arg := range cmd.Args() {
		path, err := r.path(arg)
		if err != nil {
			return err
		}
		if cmd.Name == "%track" {
			err = r.notebook.Track(path)
		} else {
			err = r.notebook.Untrack(path)
		}
		if err != nil {
			return err
		}
	}
	tracked := r.notebook.Tracked()
	if len(tracked) == 0 {
		r.printf("no files or directories are tracked\n")
	}
	for _, path := range tracked {
		r.printf("tracking %s\n", path)
	}
	return nil
}

func (r *run) goworkfix(Command) error {
	r.printf("%%goworkfix is not needed: go.work files are honoured as they are\n")
	return r.notebook.SyncModule(r.ctx)
}

func (r *run) widgets(Command) error {
	r.printf("%%widgets is not needed: widgets connect by themselves\n")
	return nil
}

func (r *run) wasm(Command) error {
	return errors.New("cells do not compile to WebAssembly here, because the values of other cells live in a native process that a page cannot reach")
}

func (r *run) capture(cmd Command) error {
	if r.opts.Capture != nil {
		return errors.New("the output is being captured already by a line above")
	}
	file, _, err := r.create(cmd.Args())
	if err != nil {
		return err
	}
	r.opts.Capture = file
	return nil
}

func (r *run) writefile(cmd Command) error {
	file, appended, err := r.create(cmd.Args())
	if err != nil {
		return err
	}
	body := cmd.Body
	if body != "" && !strings.HasSuffix(body, "\n") {
		body += "\n"
	}
	_, err = file.WriteString(body)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	verb := "wrote"
	if appended {
		verb = "appended"
	}
	r.printf("%s %d bytes to %s\n", verb, len(body), file.Name())
	return nil
}

// create opens the file that `[-a] FILE` names for writing, at its end with -a.
func (r *run) create(args []string) (file *os.File, appended bool, err error) {
	mode := os.O_TRUNC
	if len(args) > 0 && args[0] == "-a" {
		args, mode, appended = args[1:], os.O_APPEND, true
	}
	if len(args) != 1 {
		return nil, false, fmt.Errorf("takes [-a] and one file name, not %d; put a name with blanks in double quotes", len(args))
	}
	name, err := r.path(args[0])
	if err != nil {
		return nil, false, err
	}
	file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|mode, 0o644)
	return file, appended, err
}
