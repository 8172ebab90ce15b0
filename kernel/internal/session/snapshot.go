package session

import (
	"context"
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/assist"
)

var canonicalName = regexp.MustCompile(`ⱟ[A-Za-z0-9_]+`)

// Snapshot returns the notebook as it stands between two cells, for completion. It may be called while a cell runs.
func (s *Session) Snapshot() assist.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths := maps.Clone(s.known)
	// A package goes by the name that cells know it by, unless a variable or another package has that name now.
	packageName := func(alias string) string {
		path := s.aliasPath[alias]
		for _, name := range slices.Sorted(maps.Keys(paths)) {
			if paths[name] == path && s.live.names[name] == nil {
				return name
			}
		}
		name, ok := s.ws.PackageName(path)
		if !ok {
			name = strings.TrimPrefix(alias, "ⱟ")
		}
		for paths[name] != "" || s.live.names[name] != nil {
			name += "_"
		}
		paths[name] = path
		return name
	}
	plain := func(expr string) string { return canonicalName.ReplaceAllStringFunc(expr, packageName) }
	code := map[string]string{}
	for _, r := range s.ran {
		code[cellName(r.count)] = r.code
	}
	var snap assist.Snapshot
	var decls strings.Builder
	for _, d := range s.live.sorted() {
		switch {
		case d.kind == variable && d.stale == "" && d.typeExpr != "":
			snap.Vars = append(snap.Vars, assist.Var{Name: d.key, Type: plain(d.typeExpr)})
		case d.chunk != nil:
			decls.WriteString(docAbove(code[d.cell], s.fset.Position(d.node.Pos()).Line))
			var edits edits
			ast.Inspect(d.node, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && s.aliasPath[id.Name] != "" {
					from := d.chunk.Offset(id.Pos())
					edits.replace(from, identEnd(d.chunk.Text, from), packageName(id.Name))
				}
				return true
			})
			decls.WriteString(edits.apply(d.chunk.Text, d.chunk.Offset(d.node.Pos()), d.chunk.Offset(d.node.End())))
			decls.WriteByte('\n')
		}
	}
	snap.Decls = decls.String()
	for name, path := range paths {
		if s.live.names[name] == nil {
			snap.Imports = append(snap.Imports, assist.Import{Name: name, Path: path})
		}
	}
	sort.Slice(snap.Imports, func(i, j int) bool { return snap.Imports[i].Name < snap.Imports[j].Name })
	return snap
}

// docAbove returns the comment lines that stand directly above a declaration: chunks begin at its first token.
func docAbove(text string, line int) string {
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) { // of a cell whose text is not kept
		return ""
	}
	first := line - 1
	for first > 0 && strings.HasPrefix(lines[first-1], "//") {
		first--
	}
	if first == line-1 {
		return ""
	}
	return strings.Join(lines[first:line-1], "\n") + "\n"
}

// Value returns a live variable's value as text.
func (s *Session) Value(ctx context.Context, name string) (string, bool) {
	proc := s.proc.now()
	if proc == nil {
		return "", false
	}
	vars, err := proc.Text(ctx, name)
	if err != nil || len(vars) == 0 {
		return "", false
	}
	return vars[0].Text, true
}

// Package returns the path that a package name stands for in a cell that does not import it.
func (s *Session) Package(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.known[name]; ok {
		return p
	}
	if s.ws == nil {
		return ""
	}
	if paths := s.catalog()[name]; len(paths) > 0 {
		return paths[0]
	}
	return ""
}

// Ready is closed when the workspace is there.
func (s *Session) Ready() <-chan struct{} { return s.ready }

// Workspace returns the folder and the flags with which go commands see the notebook's module; empty before Ready.
func (s *Session) Workspace() (dir string, flags []string) {
	select {
	case <-s.ready:
	default:
		return "", nil
	}
	if s.ws == nil {
		return "", nil
	}
	return s.ws.ModuleDir(), s.ws.ModuleFlags()
}

// Dir returns the folder that cells and ! lines run in.
func (s *Session) Dir() string { return notebook{s}.Dir() }

// Environ returns the environment of cells and ! lines.
func (s *Session) Environ() []string { return notebook{s}.Environ() }

// Tracked returns the files and folders that %track named.
func (s *Session) Tracked() []string { return notebook{s}.Tracked() }
