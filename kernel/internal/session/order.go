package session

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/gosaddle/saddle/kernel/internal/cell"
)

// Statements run in their order. But var declarations that follow one upon the other are what Go has outside functions, a file
// pasted into a cell for instance: there a variable is set before those that depend on it, through functions too.

// orderVars puts each run of var declarations of a cell into the order in which Go sets them.
func (s *Session) orderVars(src *cell.Source) {
	for from := 0; from < len(src.Body); {
		to := from
		for to < len(src.Body) && varOf(src.Body[to]) != nil {
			to++
		}
		if to-from > 1 {
			s.orderRun(src, src.Body[from:to])
		}
		from = max(to, from+1)
	}
}

// orderRun orders one run. Names that lie in other cells are not known here, and do not matter.
func (s *Session) orderRun(src *cell.Source, run []cell.Stmt) {
	file := &ast.File{Name: ast.NewIdent(notebookPath)}
	turn := map[ast.Expr]int{}
	for _, d := range src.Decls {
		file.Decls = append(file.Decls, d.Node)
	}
	for _, st := range run {
		file.Decls = append(file.Decls, varOf(st))
	}
	info := &types.Info{}
	conf := types.Config{Error: func(error) {}, Importer: nothingToImport{}}
	conf.Check(notebookPath, s.fset, []*ast.File{file}, info)
	for i, x := range info.InitOrder {
		turn[x.Rhs] = i + 1
	}
	last := func(st cell.Stmt) (n int) {
		for _, x := range varOf(st).Specs[0].(*ast.ValueSpec).Values {
			if turn[x] == 0 {
				return -1
			}
			n = max(n, turn[x])
		}
		return n
	}
	for _, st := range run {
		if last(st) < 0 {
			return // it is a mistake, which is told in another place
		}
	}
	slices.SortStableFunc(run, func(a, b cell.Stmt) int { return last(a) - last(b) })
}

type nothingToImport struct{}

func (nothingToImport) Import(path string) (*types.Package, error) {
	return types.NewPackage(path, ""), nil
}

// varOf returns the var declaration that a statement is, or nil.
func varOf(st cell.Stmt) *ast.GenDecl {
	if d, ok := st.Node.(*ast.DeclStmt); ok {
		if g, ok := d.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR && len(g.Specs) == 1 {
			return g
		}
	}
	return nil
}
