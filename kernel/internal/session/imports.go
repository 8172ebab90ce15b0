package session

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/cell"
)

// imported is what cells have imported, and how the packages are called in what is compiled.
type imported struct {
	imports    map[string]string // import names of cells
	known      map[string]string // these, and those that cells left out
	dotImports []string
	aliases    map[string]string // canonical import names by path
	aliasPath  map[string]string // and back
}

func newImported() imported {
	return imported{imports: map[string]string{}, known: map[string]string{}, aliases: map[string]string{}, aliasPath: map[string]string{}}
}

// ownPackages are imported by their last name without being asked for.
var ownPackages = []string{
	build.Module + "/lossviz", build.Module + "/lossviz/dataset", build.Module + "/lossviz/nn", build.Module + "/lossviz/train",
	build.Module + "/lossviz/landscape", build.Module + "/lossviz/convexity", build.Module + "/lossviz/spectrum", build.Module + "/lossviz/chart",
	build.Module + "/lossviz/job",
	"gonum.org/v1/gonum/mat", "gonum.org/v1/gonum/stat", "gonum.org/v1/gonum/floats", "gonum.org/v1/gonum/optimize",
	"gonum.org/v1/gonum/stat/distuv", "gonum.org/v1/gonum/diff/fd", "gonum.org/v1/gonum/integrate",
	"github.com/go-echarts/go-echarts/v2/charts", "github.com/go-echarts/go-echarts/v2/opts", "github.com/go-echarts/go-echarts/v2/components",
	"github.com/janpfeifer/gonb/gonbui", "github.com/janpfeifer/gonb/gonbui/widgets", "github.com/janpfeifer/gonb/gonbui/dom",
	"github.com/janpfeifer/gonb/gonbui/comms", "gonum.org/v1/plot", "gonum.org/v1/plot/plotter", "gonum.org/v1/plot/vg",
	build.Module + "/kernel/display",
}

// preferred settles names that several packages of the standard library bear.
var preferred = map[string]string{"rand": "math/rand", "template": "text/template", "scanner": "text/scanner", "pprof": "runtime/pprof", "json": "encoding/json"}

// readCatalog finds the packages that go without saying, Go's own and those of ownPackages, by name.
func readCatalog(goroot string) map[string][]string {
	byName := map[string][]string{}
	add := func(p string) {
		name := path.Base(p)
		if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p))
		}
		byName[name] = append(byName[name], p)
	}
	for _, p := range ownPackages {
		add(p)
	}
	src := filepath.Join(goroot, "src")
	filepath.WalkDir(src, func(file string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		switch d.Name() {
		case "internal", "vendor", "cmd", "testdata", "builtin":
			return filepath.SkipDir
		}
		if rel, err := filepath.Rel(src, file); err == nil && rel != "." {
			if matches, _ := filepath.Glob(filepath.Join(file, "*.go")); len(matches) > 0 {
				add(filepath.ToSlash(rel))
			}
		}
		return nil
	})
	for name, paths := range byName {
		sort.SliceStable(paths, func(i, j int) bool { return paths[i] == preferred[name] && paths[j] != preferred[name] })
	}
	return byName
}

// fileImports are the imports that a cell sees: name to path.
type fileImports struct {
	named map[string]string
	dot   []string
	blank []string
}

// resolveImports decides which imports a cell sees: those it writes, those of earlier cells, and those it left out.
func (s *Session) resolveImports(ctx context.Context, src *cell.Source, declared map[string]bool) (*fileImports, error) {
	fi := &fileImports{named: map[string]string{}, dot: append([]string(nil), s.dotImports...)}
	var errs cell.Errors
	for _, spec := range src.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		if p == "C" {
			errs = append(errs, &cell.Error{Pos: s.fset.Position(spec.Path.Pos()), Msg: "a cell cannot hold C code: put it into a Go package of its own, and import that"})
			continue
		}
		if err := s.load(ctx, p); err != nil {
			errs = append(errs, &cell.Error{Pos: s.fset.Position(spec.Path.Pos()), Msg: err.Error()})
			continue
		}
		name := ""
		if spec.Name != nil {
			name = spec.Name.Name
		}
		switch name {
		case "_":
			fi.blank = append(fi.blank, p)
		case ".":
			fi.dot = append(fi.dot, p)
		case "":
			name, _ = s.ws.PackageName(p)
			fallthrough
		default:
			fi.named[name] = p
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	for name, sels := range qualifiers(src) {
		if _, ok := fi.named[name]; ok || declared[name] {
			continue
		}
		if s.live.names[name] != nil {
			continue
		}
		if p, ok := s.imports[name]; ok && s.load(ctx, p) == nil {
			fi.named[name] = p
			continue
		}
		p, err := s.guess(ctx, name, sels)
		if err != nil {
			return nil, err
		}
		if p != "" {
			fi.named[name] = p
		}
	}
	return fi, nil
}

// load makes a package importable, getting its module where that is allowed.
func (s *Session) load(ctx context.Context, p string) error {
	err := s.ws.Load(ctx, p)
	if err == nil {
		return nil
	}
	if !strings.Contains(strings.Split(p, "/")[0], ".") {
		return err
	}
	if !s.Autoget {
		if missing := (*build.MissingError)(nil); errors.As(err, &missing) && missing.Path == p && strings.Contains(missing.Msg, "module providing package") {
			return fmt.Errorf("no module of the notebook has the package %s, and %%noautoget is set: !*go get %s adds one; with %%autoget that is done by itself", p, p)
		}
		return err
	}
	if err := s.changedModules(ctx, true, s.ws.Get(ctx, p, s.env)); err != nil {
		return err
	}
	return s.ws.Load(ctx, p)
}

// guess finds the package that a cell means by a name it does not import: the first of that name that has all that the
// cell selects from it.
func (s *Session) guess(ctx context.Context, name string, sels map[string]bool) (string, error) {
	best, bestHits := "", -1
	var broken error
	for _, p := range s.candidates(ctx, name) {
		if err := s.ws.Load(ctx, p); err != nil {
			broken = fmt.Errorf("%s seems to mean the package %s, which cannot be used: %w", name, p, err)
			continue
		}
		pkg, err := s.imp.Import(p)
		if err != nil || pkg.Name() != name {
			continue
		}
		hits := 0
		for sel := range sels {
			if obj := pkg.Scope().Lookup(sel); obj != nil && obj.Exported() {
				hits++
			}
		}
		if hits > bestHits {
			best, bestHits = p, hits
		}
		if hits == len(sels) {
			break
		}
	}
	if best == "" {
		return "", broken
	}
	return best, nil
}

// candidates are the packages that a name may mean: well-known ones, those of the notebook's own module, and only if there
// are none of these, those of the modules it requires.
func (s *Session) candidates(ctx context.Context, name string) []string {
	paths := append(append([]string(nil), s.catalog()[name]...), s.ws.Local(ctx, name)...)
	if len(paths) == 0 {
		paths = s.ws.Find(ctx, name)
	}
	return paths
}

// qualifiers returns the identifiers that a cell selects from, with what it selects.
func qualifiers(src *cell.Source) map[string]map[string]bool {
	found := map[string]map[string]bool{}
	visit := func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				if found[id.Name] == nil {
					found[id.Name] = map[string]bool{}
				}
				found[id.Name][sel.Sel.Name] = true
			}
		}
		return true
	}
	for _, d := range src.Decls {
		ast.Inspect(d.Node, visit)
	}
	for _, st := range src.Body {
		ast.Inspect(st.Node, visit)
	}
	return found
}

// alias returns the name under which cells' packages import a path, whatever the user calls it: two cells may call
// different packages by one name.
func (m *imported) alias(p string) string {
	if a, ok := m.aliases[p]; ok {
		return a
	}
	a := "ⱟ" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, p)
	for n := 2; m.aliasPath[a] != ""; n++ {
		a = fmt.Sprintf("%s_%d", strings.TrimRight(a, "0123456789_"), n)
	}
	m.aliases[p], m.aliasPath[a] = a, p
	return a
}

// qualify prints package names in type expressions: none for the notebook's own.
func (s *Session) qualify(p *types.Package) string {
	if p.Path() == notebookPath {
		return ""
	}
	return s.alias(p.Path())
}
