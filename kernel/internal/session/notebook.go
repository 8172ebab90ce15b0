package session

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

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
	n.s.runMu.Lock()
	proc := n.s.proc
	n.s.runMu.Unlock()
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
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	var out []magic.Declaration
	for name, path := range n.s.imports {
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
			out = append(out, magic.Declaration{Kind: kind, Name: name, Detail: d.sig, Cell: cellNumber(d.cell)})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func (n notebook) Variables() []magic.Variable {
	values := map[string]worker.Variable{}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	n.s.runMu.Lock()
	proc := n.s.proc
	n.s.runMu.Unlock()
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
		v := magic.Variable{Name: d.key, Type: d.sig, Size: -1, Cell: cellNumber(d.cell), Note: d.stale}
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
		n.s.runMu.Lock()
		proc := n.s.proc
		n.s.runMu.Unlock()
		if proc != nil {
			proc.Tell(worker.Request{Op: "remove", Names: []string{name}})
		}
	}
	return kind, nil
}

func (n notebook) Reset(ctx context.Context) error {
	s := n.s
	s.mu.Lock()
	s.live, s.imports, s.dotImports, s.ran, s.lost = newLive(), map[string]string{}, nil, nil, nil
	s.mu.Unlock()
	s.runMu.Lock()
	proc := s.proc
	s.proc = nil
	s.runMu.Unlock()
	if proc != nil {
		proc.Close()
	}
	return s.startWorker(ctx)
}

func (n notebook) ResetModule(ctx context.Context) error {
	if err := n.s.ws.Reset(); err != nil {
		return err
	}
	n.s.imp = n.s.ws.Importer(n.s.fset)
	return n.Reset(ctx)
}

func (n notebook) Restore(ctx context.Context, cells []int) error {
	s := n.s
	if len(cells) == 0 {
		cells = append(cells, s.lost...)
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
		s.out.Stream("stderr", fmt.Sprintf("restoring Cell[%d]\n", k))
		if err := s.runGo(ctx, Cell{Code: text, Count: k}, magic.Parse(text).Go, nil, nil, s.out); err != nil {
			return fmt.Errorf("running Cell[%d] again: %w", k, err)
		}
	}
	s.lost = nil
	return nil
}

func (n notebook) BuildFlags() []string {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	return n.s.flags
}

func (n notebook) SetBuildFlags(flags []string) error {
	for _, f := range flags {
		name := strings.TrimLeft(f, "-")
		name, _, _ = strings.Cut(name, "=")
		switch name {
		case "tags", "gcflags", "asmflags", "ldflags", "cover", "covermode", "coverpkg", "race", "x", "v", "work", "p", "a":
		default:
			return fmt.Errorf("go build has no flag %s that a cell could use; %%goflags takes flags such as -tags=NAME", f)
		}
	}
	n.s.mu.Lock()
	n.s.flags = flags
	n.s.mu.Unlock()
	<-n.s.ready
	n.s.ws.SetFlags(flags)
	return nil
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
	if len(keep) == len(n.s.tracked) {
		return fmt.Errorf("%s is not followed", path)
	}
	n.s.tracked = keep
	return nil
}

func (n notebook) Tracked() []string {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	return append([]string(nil), n.s.tracked...)
}

func (n notebook) Inspect(ctx context.Context, expr string) (map[string]any, error) {
	if n.s.Inspector == nil {
		return nil, fmt.Errorf("inspection is not available in this kernel")
	}
	data, found := n.s.Inspector(ctx, expr)
	if !found {
		return nil, fmt.Errorf("nothing is known of %s", expr)
	}
	return data, nil
}
