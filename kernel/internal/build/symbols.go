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
	u := Unit{Path: "saddle/table" + key, Source: text, Imports: append([]string{livePath}, paths...), Idle: idle}
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
const symbolsVersion = 2

const livePath = Module + "/kernel/internal/live"

// symbols writes the source of a table.
func (w *Workspace) symbols(paths []string) (string, error) {
	imp := w.Importer(token.NewFileSet())
	var imports, body bytes.Buffer
	fmt.Fprintf(&imports, "package table\n\nimport (\n\tlive %q\n", livePath)
	body.WriteString("func init() {\n")
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
			}
		}
		if cases.Len() == 0 {
			fmt.Fprintf(&imports, "\t_ %q\n", p) // constants alone: the table says that there is nothing
			fmt.Fprintf(&body, "live.Symbols(%q, func(string) any { return nil })\n", p)
			continue
		}
		fmt.Fprintf(&imports, "\t%s %q\n", name, p)
		fmt.Fprintf(&body, "live.Symbols(%q, func(name string) any {\nswitch name {\n%s}\nreturn nil\n})\n", p, &cases)
	}
	body.WriteString("}\n")
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
