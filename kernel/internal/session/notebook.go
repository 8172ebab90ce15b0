package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/magic"
	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// notebook is what commands may ask of the session.
type notebook struct{ s *Session }

func (n notebook) Dir() string {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	return n.s.cwd
}

func (n notebook) Chdir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("no such folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is a file, not a folder", dir)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	n.s.mu.Lock()
	n.s.cwd = dir
	n.s.mu.Unlock()
	return n.tell(worker.Request{Op: "chdir", Dir: dir})
}

func (n notebook) Environ() []string {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	return append(append([]string(nil), n.s.env...), "GONB_DIR="+n.s.cwd, "GONB_TMP_DIR="+n.s.dir)
}

func (n notebook) Setenv(name, value string) error {
	n.s.mu.Lock()
	n.s.env = slices.DeleteFunc(slices.Clone(n.s.env), func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	n.s.env = append(n.s.env, name+"="+value)
	n.s.mu.Unlock()
	return n.tell(worker.Request{Op: "setenv", Env: []string{name + "=" + value}})
}

func (n notebook) tell(r worker.Request) error {
	<-n.s.ready
	proc := n.s.proc.now()
	if proc == nil {
		return nil
	}
	select {
	case <-proc.Gone():
		return nil // the next worker starts with it
	default:
		return proc.Tell(r)
	}
}

func (n notebook) Workspace() string {
	<-n.s.ready
	if n.s.ws != nil {
		n.s.writeProgram()
		return n.s.ws.ModuleDir()
	}
	return n.s.dir
}

// cellNumber returns the number in Cell[3].
func cellNumber(name string) int {
	var k int
	fmt.Sscanf(name, "Cell[%d]", &k)
	return k
}

func (n notebook) Declarations() []magic.Declaration {
	s := n.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []magic.Declaration
	for name, path := range s.imports {
		out = append(out, magic.Declaration{Kind: "import", Name: name, Detail: path})
	}
	for _, d := range n.s.live.sorted() {
		kind := d.kind.String()
		if d.kind == method {
			kind = "func"
		}
		names := d.names
		if d.kind == method {
			names = []string{d.key}
		}
		for _, name := range names {
			out = append(out, magic.Declaration{Kind: kind, Name: name, Detail: s.detail(d, name), Cell: cellNumber(d.cell)})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// detail is what %list says of a declaration.
func (s *Session) detail(d *decl, name string) string {
	text := s.plain(d.sig)
	switch d.kind {
	case constants: // "a untyped int = 1;b untyped int = 2;"
		for part := range strings.SplitSeq(text, ";") {
			if rest, ok := strings.CutPrefix(part, name+" "); ok {
				text = strings.TrimPrefix(rest, "untyped ")
				if _, value, ok := strings.Cut(rest, "= "); ok && strings.HasPrefix(rest, "untyped ") {
					text = value
				}
			}
		}
	case typeName: // its methods are listed by themselves
		if base, _, ok := strings.Cut(text, "; "+name+"."); ok {
			text = base
		}
	case method: // "*T func() int"
		if i := strings.Index(text, " func("); i >= 0 {
			text = text[i+1:]
		}
	}
	return text
}

// plain gives the packages in a type or signature the names that they have in Go.
func (s *Session) plain(expr string) string {
	return canonicalName.ReplaceAllStringFunc(expr, func(alias string) string {
		if name, ok := s.ws.PackageName(s.aliasPath[alias]); ok {
			return name
		}
		return strings.TrimPrefix(alias, "ⱟ")
	})
}

func (n notebook) Variables() []magic.Variable {
	values := map[string]worker.Variable{}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	proc := n.s.proc.now()
	if proc != nil {
		if vars, err := proc.Text(ctx); err == nil {
			for _, v := range vars {
				values[v.Name] = v
			}
		}
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	var out []magic.Variable
	for _, d := range n.s.live.sorted() {
		if d.kind != variable {
			continue
		}
		v := magic.Variable{Name: d.key, Type: n.s.plain(d.sig), Size: -1, Cell: cellNumber(d.cell), Note: d.stale}
		if w, ok := values[d.key]; ok {
			v.Type, v.Size = w.Type, w.Size
		}
		if v.Note == "" && n.s.replaced[d.cell] {
			v.Note = "the code it came from has been edited or run again since"
		}
		out = append(out, v)
	}
	return out
}

func (n notebook) Remove(name string) (string, error) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if _, ok := n.s.imports[name]; ok {
		delete(n.s.imports, name)
		return "import", nil
	}
	d := n.s.live.names[name]
	if d == nil {
		d = n.s.live.decls[name]
	}
	if d == nil {
		return "", fmt.Errorf("the notebook has no %s; %%list shows what it has", name)
	}
	kind := d.kind.String()
	next := n.s.live.clone()
	if d.kind == method {
		next.drop(d)
	} else {
		next.dropName(name)
		for _, m := range next.methodsOf(name) {
			if d.kind == typeName {
				next.drop(m)
			}
		}
	}
	n.s.live = next
	if d.kind == variable {
		proc := n.s.proc.now()
		if proc != nil {
			proc.Tell(worker.Request{Op: "remove", Names: []string{name}})
		}
	}
	return kind, nil
}

func (n notebook) Reset(ctx context.Context) error {
	s := n.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live, s.imported, s.past = newLive(), newImported(), newPast()
	s.alias(livePackage)
	var conflict *build.ConflictError
	if err := s.ws.Reset(ctx); errors.As(err, &conflict) {
		if err := s.ws.Accept(ctx); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return s.renewWorker(ctx)
}

func (n notebook) ResetModule(ctx context.Context) error {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	err := n.s.ws.Reset(ctx)
	var conflict *build.ConflictError
	if errors.As(err, &conflict) && n.s.hasValues() {
		n.s.ws.Refuse()
		return fmt.Errorf("%w; %%reset forgets all values and starts with the first go.mod", err)
	}
	return n.s.changedModules(ctx, true, err)
}

func (n notebook) SyncModule(ctx context.Context) error {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	err := n.s.syncModules(ctx)
	var conflict *build.ConflictError
	if err != nil && !errors.As(err, &conflict) && ctx.Err() == nil {
		n.s.proc.out.Stream("stderr", err.Error()+"\n") // the command has done what it was asked
		return nil
	}
	return err
}

func (n notebook) Restore(ctx context.Context, cells []int) error {
	s := n.s
	if len(cells) == 0 {
		cells = s.unrestored()
	}
	if len(cells) == 0 {
		return fmt.Errorf("there is nothing to restore: no values were lost. %%restore 3 5 runs those cells again")
	}
	sort.Ints(cells)
	s.mu.Lock()
	code := map[int]string{}
	for _, r := range s.ran {
		code[r.count] = r.code
	}
	s.mu.Unlock()
	for _, k := range cells {
		text, ok := code[k]
		if !ok {
			return fmt.Errorf("no cell [%d] has run in this session", k)
		}
		s.proc.out.Stream("stderr", fmt.Sprintf("restoring Cell[%d]\n", k))
		commands := magic.Parse(text)
		if err := s.runGo(ctx, Cell{Code: text, Count: k}, program{text: commands.Go, mainLine: commands.MainLine}, s.proc.out); err != nil {
			return fmt.Errorf("running Cell[%d] again: %w", k, err)
		}
	}
	return nil
}

// unrestored returns the cells whose values a lost worker took along and no cell has made since.
func (s *Session) unrestored() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var cells []int
	for _, d := range s.live.sorted() {
		if k := cellNumber(d.cell); d.kind == variable && d.stale != "" && slices.Contains(s.lost, k) && !slices.Contains(cells, k) {
			cells = append(cells, k)
		}
	}
	return cells
}

func (n notebook) BuildFlags() []string {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	return n.s.flags
}

// buildFlags says what becomes of a go build flag.
var buildFlags = map[string]struct{ value, used bool }{
	"tags": {true, true}, "gcflags": {true, true}, "ldflags": {true, true},
	"asmflags": {true, false}, "cover": {}, "covermode": {true, false}, "coverpkg": {true, false},
	"x": {}, "v": {}, "work": {}, "p": {true, false}, "a": {}, "n": {},
}

func (n notebook) SetBuildFlags(ctx context.Context, flags []string) (unused []string, err error) {
	var build build.Flags
	for i := 0; i < len(flags); i++ {
		name, value, given := strings.Cut(strings.TrimLeft(flags[i], "-"), "=")
		def, ok := buildFlags[name]
		switch {
		case name == "race" || name == "msan" || name == "asan":
			return nil, fmt.Errorf("%s would have to hold for the process with the notebook's values, too; a package on the disk is tested with !go test %[1]s", flags[i])
		case !ok:
			return nil, fmt.Errorf("go build has no flag %s that a cell could use; %%goflags takes flags such as -tags=NAME and -gcflags=-m", flags[i])
		case !def.used:
			unused = append(unused, flags[i])
		}
		if def.value && !given && i+1 < len(flags) {
			i++
			value = flags[i]
			if !def.used {
				unused = append(unused, value)
			}
		}
		switch name {
		case "tags":
			build.Packages = append(build.Packages, "-tags="+value)
		case "gcflags":
			build.Compile = append(build.Compile, strings.Fields(value)...)
		case "ldflags":
			build.Link = append(build.Link, strings.Fields(value)...)
		}
	}
	<-n.s.ready
	if n.s.broken != nil {
		return nil, n.s.broken
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if err := n.s.ws.SetFlags(ctx, build); err != nil {
		return nil, err
	}
	n.s.imp = n.s.ws.Importer(n.s.fset)
	n.s.flags = flags
	return unused, nil
}

func (n notebook) SetAutoGet(on bool) { n.s.Autoget = on }

func (n notebook) Track(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("cannot follow %s: %w", path, err)
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	n.s.tracked = append(n.s.tracked, path)
	return nil
}

func (n notebook) Untrack(path string) error {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	prefix, all := strings.CutSuffix(path, "...")
	var keep []string
	for _, p := range n.s.tracked {
		if p != path && !(all && strings.HasPrefix(p, prefix)) {
			keep = append(keep, p)
		}
	}
	if len(keep) == len(n.s.tracked) && !all {
		return fmt.Errorf("%s is not followed", path)
	}
	n.s.tracked = keep
	return nil
}

func (n notebook) Tracked() []string {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	tracked := append([]string(nil), n.s.tracked...)
	if n.s.ws != nil { // modules that are worked on beside the notebook are followed unasked
		for _, dir := range n.s.ws.Replaced() {
			if !slices.Contains(tracked, dir) {
				tracked = append(tracked, dir)
			}
		}
	}
	return tracked
}

// inspectTime bounds the wait for an explanation that a cell asks for. It is long: gopls may still be loading packages.
const inspectTime = 2 * time.Minute

func (n notebook) Inspect(ctx context.Context, expr string) (map[string]any, error) {
	if n.s.Inspector == nil {
		return nil, fmt.Errorf("inspection is not available in this kernel")
	}
	ctx, cancel := context.WithTimeout(ctx, inspectTime)
	defer cancel()
	data, found := n.s.Inspector(ctx, expr)
	switch {
	case !found && ctx.Err() != nil:
		return nil, fmt.Errorf("%s could not be looked up: %w; run the cell again", expr, ctx.Err())
	case !found:
		return nil, fmt.Errorf("nothing is known of %s", expr)
	}
	return data, nil
}
