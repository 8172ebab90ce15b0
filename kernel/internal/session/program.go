package session

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/cell"
	"github.com/gosaddle/saddle/kernel/internal/magic"
)

// writeProgram writes the notebook as main.go beside its go.mod, for go commands of !* lines: its declarations, its
// variables without their values, and the last cell's statements as main. In a module of the user's own nothing is written.
func (s *Session) writeProgram() {
	if s.ws.ModuleDir() != s.dir {
		return
	}
	snap := s.Snapshot()
	var b strings.Builder
	b.WriteString("\n" + snap.Decls + "\n")
	for _, v := range snap.Vars {
		fmt.Fprintf(&b, "var %s %s\n", v.Name, v.Type)
	}
	b.WriteString("\nfunc main() {\n" + s.lastStatements() + "}\n")
	text := b.String()
	used := map[string]bool{}
	if f, err := parser.ParseFile(token.NewFileSet(), "main.go", "package main\n"+text, parser.SkipObjectResolution); err == nil {
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := sel.X.(*ast.Ident); ok {
					used[id.Name] = true
				}
			}
			return true
		})
	}
	head := "package main\n\nimport (\n"
	for _, i := range snap.Imports {
		if used[i.Name] {
			head += fmt.Sprintf("\t%s %q\n", i.Name, i.Path)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "main.go"), []byte(head+")\n"+text), 0o644); err != nil {
		s.cfg.Log.Warn("main.go for !* lines", "err", err)
	}
}

// lastStatements returns the statements of the last cell that had any.
func (s *Session) lastStatements() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.ran) - 1; i >= 0; i-- {
		src, err := cell.Parse(token.NewFileSet(), "", magic.Parse(s.ran[i].code).Go)
		if err != nil || len(src.Body) == 0 {
			continue
		}
		var b strings.Builder
		for _, st := range src.Body {
			b.WriteByte('\t')
			if g := varOf(st); g != nil && g.TokPos == g.Specs[0].Pos() { // a line of a group
				b.WriteString("var ")
			}
			b.WriteString(st.Chunk.Slice(st.Node.Pos(), st.Node.End()) + "\n")
		}
		return b.String()
	}
	return ""
}
