package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Plain cells, which are evaluated and not compiled, need the functions, variables and types of the packages they use as
// values. A table is a plugin that hands those over for a few packages. It depends on nothing but the packages
// themselves, so it is built once and kept for all kernels.

// Table returns the plugin that holds the symbols of packages, which Load has to know, in the shared folder of the
// cache. It builds it where it is not there and build is set; the path is "" where it is not.
func (w *Workspace) Table(ctx context.Context, cache string, build, idle bool, paths ...string) (string, error) {
	paths = slices.Sorted(slices.Values(paths))
	h := sha256.New()
	fmt.Fprintln(h, w.Tools.Version, w.Tools.linker, symbolsVersion)
	for _, p := range append([]string{livePath}, paths...) {
		h.Write(w.importcfg(p)) // archives have their content in their names
	}
	key := hex.EncodeToString(h.Sum(nil)[:12])
	file := filepath.Join(cache, key+".so")
	now := time.Now()
	if os.Chtimes(file, now, now) == nil { // it is there, and in use
		return file, nil
	}
	if !build {
		return "", nil
	}
	removeUnused(cache)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("building a table of symbols: %w", err)
	}
	text, err := w.symbols(paths)
	if err != nil {
		return "", err
	}
	u := Unit{Path: "saddle/table" + key, Source: text, Imports: append([]string{livePath}, paths...), Idle: idle} // wellKnown ones are reached from these
	plugin, err := w.Compile(ctx, u)
	if err != nil {
		return "", fmt.Errorf("building a table of symbols for %s: %w", strings.Join(paths, ", "), err)
	}
	w.mu.Lock()
	delete(w.archives, u.Path)
	delete(w.imports, u.Path)
	w.mu.Unlock()
	os.Remove(strings.TrimSuffix(plugin, ".so") + ".a")
	half := file + fmt.Sprint(os.Getpid())
	if err := move(plugin, half); err != nil {
		return "", fmt.Errorf("building a table of symbols: %w", err)
	}
	if err := os.Rename(half, file); err != nil { // at once, for kernels that look at the same time
		return "", fmt.Errorf("building a table of symbols: %w", err)
	}
	return file, nil
}

// unusedFor is how long a table stays that no kernel asks for: the packages it was made of may be gone.
const unusedFor = 30 * 24 * time.Hour

func removeUnused(cache string) {
	entries, _ := os.ReadDir(cache)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > unusedFor {
			os.Remove(filepath.Join(cache, e.Name()))
		}
	}
}

// move renames a file, or copies it where it goes to another file system.
func move(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	os.Remove(from)
	return os.WriteFile(to, text, 0o755)
}

// symbolsVersion changes with the text that symbols writes.
const symbolsVersion = 3

const livePath = Module + "/kernel/internal/live"

// symbols writes the source of a table.
func (w *Workspace) symbols(paths []string) (string, error) {
	imp := w.Importer(token.NewFileSet())
	var imports, body bytes.Buffer
	fmt.Fprintf(&imports, "package table\n\nimport (\n\tlive %q\n", livePath)
	body.WriteString("func init() {\n")
	ifaces, concrete := []Named{{types.Universe.Lookup("error").Type(), "error"}}, []Named{}
	for i, p := range paths {
		pkg, err := imp.Import(p)
		if err != nil {
			return "", fmt.Errorf("reading the symbols of %s: %w", p, err)
		}
		name := fmt.Sprintf("p%d", i)
		var cases bytes.Buffer
		for _, n := range pkg.Scope().Names() {
			obj := pkg.Scope().Lookup(n)
			if !obj.Exported() {
				continue
			}
			if v := SymbolOf(obj, name+"."+n); v != "" {
				fmt.Fprintf(&cases, "case %q:\nreturn %s\n", n, v)
				if t, ok := obj.(*types.TypeName); ok && !t.IsAlias() {
					concrete = append(concrete, Named{t.Type(), name + "." + n})
				}
			}
		}
		if !slices.Contains(wellKnown, p) {
			ifaces = append(ifaces, interfaces(pkg, name)...)
		}
		if cases.Len() == 0 {
			fmt.Fprintf(&imports, "\t_ %q\n", p) // constants alone: the table says that there is nothing
			fmt.Fprintf(&body, "live.Symbols(%q, func(string) any { return nil })\n", p)
			continue
		}
		fmt.Fprintf(&imports, "\t%s %q\n", name, p)
		fmt.Fprintf(&body, "live.Symbols(%q, func(name string) any {\nswitch name {\n%s}\nreturn nil\n})\n", p, &cases)
	}
	reached := map[string]bool{}
	for _, p := range paths {
		for _, q := range w.reach(p) {
			reached[q] = true
		}
	}
	for i, p := range wellKnown {
		if !reached[p] {
			continue
		}
		pkg, err := imp.Import(p)
		if err != nil {
			return "", fmt.Errorf("reading the interfaces of %s: %w", p, err)
		}
		name := fmt.Sprintf("w%d", i)
		text := Itabs("live", interfaces(pkg, name), concrete)
		if text != "" {
			fmt.Fprintf(&imports, "\t%s %q\n", name, p)
			body.WriteString(text)
		}
	}
	body.WriteString(Itabs("live", ifaces, concrete) + "}\n")
	imports.WriteString(")\n\n")
	return imports.String() + body.String(), nil
}

// SymbolOf returns the expression that a table holds for a package-level object, which expr names: what live.Symbols
// asks for. It is empty for what has no value, constants and generics.
func SymbolOf(obj types.Object, expr string) string {
	switch obj := obj.(type) {
	case *types.Func:
		if obj.Signature().TypeParams() != nil {
			return ""
		}
		return expr
	case *types.Var:
		return "&" + expr
	case *types.TypeName:
		t := obj.Type()
		if a, ok := t.(*types.Alias); ok {
			if a.TypeParams() != nil {
				return ""
			}
			t = types.Unalias(t)
		}
		if n, ok := t.(*types.Named); ok && n.TypeParams() != nil {
			return ""
		}
		if i, ok := t.Underlying().(*types.Interface); ok && !i.IsMethodSet() {
			return "" // a constraint
		}
		// A cell is likely to make lists and pointers of a type.
		return fmt.Sprintf("[]any{(*%[1]s)(nil), (*[]%[1]s)(nil), (*[]*%[1]s)(nil), (*map[string]%[1]s)(nil)}", expr)
	}
	return ""
}

// Compiled code knows a value in an interface by its method table, which the linker makes for each type and interface that
// the code puts together. Where a program has none, the runtime makes one; a plugin that is opened later and brings its own
// would not know the value again. So each table, and each cell, brings those of its types at once.

// Named is a type and the expression for it.
type Named struct {
	Type types.Type
	Expr string
}

// wellKnown are packages whose interfaces others implement.
var wellKnown = []string{"context", "encoding", "encoding/json", "flag", "fmt", "hash", "image", "image/color", "io", "sort", "sync"}

// WellKnown returns the interfaces that many types implement, of the packages that importing finds. name gives the name that a
// package goes by.
func WellKnown(importing types.Importer, known func(path string) bool, name func(path string) string) []Named {
	list := []Named{{types.Universe.Lookup("error").Type(), "error"}}
	for _, p := range wellKnown {
		if !known(p) {
			continue
		}
		if pkg, err := importing.Import(p); err == nil {
			list = append(list, interfaces(pkg, name(p))...)
		}
	}
	return list
}

// interfaces returns the interfaces that a package exports.
func interfaces(pkg *types.Package, name string) (list []Named) {
	for _, n := range pkg.Scope().Names() {
		if t, ok := pkg.Scope().Lookup(n).(*types.TypeName); ok && t.Exported() && HasMethods(t.Type()) {
			list = append(list, Named{t.Type(), name + "." + n})
		}
	}
	return list
}

// HasMethods tells whether a type is an interface that values can be converted to and that has methods.
func HasMethods(t types.Type) bool {
	if n, ok := t.(*types.Named); ok && n.TypeParams().Len() > n.TypeArgs().Len() {
		return false
	}
	i, ok := t.Underlying().(*types.Interface)
	return ok && i.IsMethodSet() && i.NumMethods() > 0
}

// Itabs writes statements, never run, for which the linker makes the method tables of types for the interfaces that they
// implement. live is what package live is called.
func Itabs(live string, ifaces, concrete []Named) string {
	var b strings.Builder
	for _, i := range ifaces {
		iface := i.Type.Underlying().(*types.Interface)
		var values []string
		for _, t := range concrete {
			switch pointer := types.NewPointer(t.Type); {
			case types.IsInterface(t.Type):
			case types.Implements(t.Type, iface):
				values = append(values, "*new("+t.Expr+")", "new("+t.Expr+")")
			case types.Implements(pointer, iface):
				values = append(values, "new("+t.Expr+")")
			}
		}
		if len(values) > 0 {
			fmt.Fprintf(&b, "if %[1]s.Never {\n%[1]s.Keep([]%[2]s{%[3]s})\n}\n", live, i.Expr, strings.Join(values, ", "))
		}
	}
	return b.String()
}
