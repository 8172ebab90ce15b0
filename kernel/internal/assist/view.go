package assist

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/magic"
)

// view is a cell as gopls sees it: a Go file. What Go has at the top level of a file stands there; all the
// rest is, in its order, the body of one function, which gives `:=` the meaning it has in a cell except
// in functions; for those, hoisted copies of these variables stand in the second file.
//
// Every byte of the cell's Go text is in the file exactly once, so positions map both ways.
type view struct {
	code     string // the cell, commands blanked
	cursor   int    // byte offset in it
	chunks   []chunk
	text     string // the file
	segments []segment
}

// segment is a part of the cell that the file has verbatim.
type segment struct{ cell, doc, n int }

type kind int

const (
	statement kind = iota
	declaration
	importDecl
)

// chunk is one declaration or statement of the cell's outermost level, complete or not.
type chunk struct {
	start, end int // byte offsets in the cell
	kind       kind
	tokens     []lexeme
	closers    string // brackets that it leaves open
}

type lexeme struct {
	tok token.Token
	off int
	lit string
}

func newView(cell string, cursor int) *view {
	v := &view{code: magic.Blank(cell), cursor: cursor}
	v.chunks = split(v.code)
	return v
}

// split cuts a cell at the semicolons of its outermost level. It reads what is being typed, so brackets may be
// open: a line that begins with a declaration ends a chunk too.
func split(code string) []chunk {
	var tokens []lexeme
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), func(token.Position, string) {}, 0)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		tokens = append(tokens, lexeme{tok, file.Offset(pos), lit})
	}
	var chunks []chunk
	var open []token.Token
	first := 0
	flush := func(last, end int) { // tokens[first:last] are a chunk
		if last > first {
			c := chunk{start: tokens[first].off, end: end, tokens: tokens[first:last]}
			c.kind = kindOf(c.tokens)
			for _, tok := range slices.Backward(open) {
				c.closers += map[token.Token]string{token.LPAREN: ")", token.LBRACK: "]", token.LBRACE: "\n}"}[tok]
			}
			chunks = append(chunks, c)
		}
		open = open[:0]
	}
	for i, t := range tokens {
		switch t.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			open = append(open, t.tok)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case token.SEMICOLON:
			if len(open) == 0 {
				flush(i, t.off)
				first = i + 1
			}
		case token.FUNC, token.TYPE, token.IMPORT:
			atMargin := t.off == 0 || code[t.off-1] == '\n'
			if atMargin && i > first && i+1 < len(tokens) && (tokens[i+1].tok == token.IDENT || tokens[i+1].tok == token.STRING) {
				flush(i, t.off)
				first = i
			}
		}
	}
	flush(len(tokens), len(code))
	return chunks
}

// kindOf tells by its tokens what a chunk is.
func kindOf(tokens []lexeme) kind {
	switch tokens[0].tok {
	case token.IMPORT, token.PACKAGE:
		return importDecl
	case token.TYPE, token.CONST:
		return declaration
	case token.FUNC:
		if len(tokens) < 2 || tokens[1].tok == token.IDENT {
			return declaration
		}
		// A method, or a literal that is called: after the first brackets a method has its name.
		depth := 0
		for i, t := range tokens[1:] {
			switch t.tok {
			case token.LPAREN:
				depth++
			case token.RPAREN:
				if depth--; depth == 0 {
					rest := tokens[i+2:]
					if len(rest) > 1 && rest[0].tok == token.IDENT && (rest[1].tok == token.LPAREN || rest[1].tok == token.LBRACK) {
						return declaration
					}
					return statement
				}
			}
		}
	}
	return statement
}

// packageName of the files shown to gopls.
const packageName = "saddlecells"

// cellFile writes the file with the cell. Names that the cell or the notebook declares hide imports.
func (v *view) cellFile(imports []Import, d declared, vars []Var) string {
	var b strings.Builder
	b.WriteString("package " + packageName + "\n")
	emit := func(start, end int) {
		v.segments = append(v.segments, segment{start, b.Len(), end - start})
		b.WriteString(v.code[start:end])
	}
	own := map[string]bool{}
	for _, c := range v.chunks {
		if c.kind != importDecl {
			continue
		}
		if c.tokens[0].tok == token.PACKAGE { // of a file pasted whole: kept in place, as a comment
			b.WriteString("//")
		}
		emit(c.start, c.end)
		b.WriteString(c.closers + "\n")
		for _, imp := range importsOf(c) {
			own[imp.Name] = true
		}
	}
	names := v.declaredNames()
	for name := range d.names {
		names[name] = true
	}
	for _, x := range vars {
		names[x.Name] = true
	}
	for name := range v.hoisted() {
		names[name] = true
	}
	writeImports(&b, imports, func(name string) bool { return own[name] || names[name] })
	for _, c := range v.chunks {
		if c.kind == declaration {
			emit(c.start, c.end)
			b.WriteString(c.closers + "\n")
		}
	}
	b.WriteString("func _() {\n")
	at := 0
	for _, c := range v.chunks {
		emit(at, c.start)
		if c.kind == statement {
			emit(c.start, c.end)
			b.WriteString(c.closers)
		} else {
			b.WriteString("\n") // the chunk was cut out; what is left and right of it must not meet
		}
		at = c.end
	}
	emit(at, len(v.code))
	b.WriteString("\n}\n")
	v.text = b.String()
	return v.text
}

// writeImports writes import declarations. Hidden ones are imported without a name: that keeps their package
// loaded, and out of the way.
func writeImports(b *strings.Builder, imports []Import, hidden func(name string) bool) {
	seen := map[string]bool{}
	for _, imp := range imports {
		name := imp.Name
		if hidden(name) || seen[name] {
			name = "_"
		}
		seen[imp.Name] = true
		b.WriteString("import " + name + " " + strconv.Quote(imp.Path) + "\n")
	}
}

// notebookFile writes the file with all that earlier cells declared and this one does not declare anew, and
// with the variables that this cell makes, for the use of its functions.
func (v *view) notebookFile(d declared, s Snapshot) string {
	var b strings.Builder
	b.WriteString("package " + packageName + "\n")
	writeImports(&b, s.Imports, func(string) bool { return false })
	names, hoisted := v.declaredNames(), v.hoisted()
	for _, decl := range d.decls {
		if !slices.ContainsFunc(decl.names, func(n string) bool { return names[n] || hoisted[n] != "" }) {
			b.WriteString(decl.text + "\n")
		}
	}
	for _, x := range s.Vars {
		if !names[x.Name] && hoisted[x.Name] == "" {
			b.WriteString("var " + x.Name + " " + x.Type + "\n")
		}
	}
	texts := map[string]bool{}
	for _, text := range hoisted {
		texts[text] = true
	}
	sorted := make([]string, 0, len(texts))
	for text := range texts {
		sorted = append(sorted, text)
	}
	sort.Strings(sorted)
	for _, text := range sorted {
		b.WriteString(text + "\n")
	}
	return b.String()
}

// declaredNames are the names that the cell's own types, constants and functions have; methods as "T.m".
func (v *view) declaredNames() map[string]bool {
	names := map[string]bool{}
	for _, c := range v.chunks {
		if c.kind != declaration {
			continue
		}
		for _, decl := range parseDeclared(v.code[c.start:c.end] + c.closers).decls {
			for _, name := range decl.names {
				names[name] = true
			}
		}
	}
	return names
}

// hoisted returns, for variables that statements of the cell make with := or var, a declaration that
// functions of the cell can see. There is none for the statement being typed, and none for `x := f(x)`,
// where the x of an earlier cell must stay.
func (v *view) hoisted() map[string]string {
	texts := map[string]string{}
	if !slices.ContainsFunc(v.chunks, func(c chunk) bool { return c.kind == declaration && c.tokens[0].tok == token.FUNC }) {
		return texts
	}
	for _, c := range v.chunks {
		if c.kind != statement || c.closers != "" || c.start <= v.cursor && v.cursor <= c.end {
			continue
		}
		var names []string
		text := ""
		if c.tokens[0].tok == token.VAR {
			for _, decl := range parseDeclared(v.code[c.start:c.end]).decls {
				names = append(names, decl.names...)
			}
			text = v.code[c.start:c.end]
		} else if i := slices.IndexFunc(c.tokens, func(t lexeme) bool { return t.tok != token.IDENT && t.tok != token.COMMA }); i > 0 && c.tokens[i].tok == token.DEFINE {
			for _, t := range c.tokens[:i] {
				if t.tok == token.IDENT {
					names = append(names, t.lit)
				}
			}
			text = "var " + v.code[c.start:c.tokens[i].off] + "=" + v.code[c.tokens[i].off+2:c.end]
			if slices.ContainsFunc(c.tokens[i:], func(t lexeme) bool { return t.tok == token.IDENT && slices.Contains(names, t.lit) }) {
				continue
			}
		}
		for _, name := range names {
			if name != "_" && texts[name] == "" {
				texts[name] = text
			}
		}
	}
	return texts
}

// toDocument maps an offset in the cell to one in the file. At the border of two segments the
// earlier one counts: a name being typed belongs to what is before the cursor.
func (v *view) toDocument(offset int) int {
	best := -1
	for i, s := range v.segments {
		if s.cell <= offset && offset <= s.cell+s.n && (best < 0 || s.cell < v.segments[best].cell) {
			best = i
		}
	}
	if best < 0 {
		return 0
	}
	return v.segments[best].doc + offset - v.segments[best].cell
}

// toCell is the inverse of toDocument; false for what the cell does not have.
func (v *view) toCell(offset int) (int, bool) {
	for _, s := range v.segments {
		if s.doc <= offset && offset <= s.doc+s.n {
			return s.cell + offset - s.doc, true
		}
	}
	return 0, false
}

// declared are the declarations of earlier cells.
type declared struct {
	text  string
	decls []decl
	names map[string]bool
}

type decl struct {
	text  string
	names []string // methods as "T.m"
}

// parseDeclared takes declarations apart. What does not parse is left out.
func parseDeclared(text string) declared {
	const header = "package p\n"
	d := declared{text: text, names: map[string]bool{}}
	fset := token.NewFileSet()
	file, _ := parser.ParseFile(fset, "", header+text, parser.SkipObjectResolution|parser.ParseComments)
	if file == nil {
		return d
	}
	base := fset.File(file.Pos())
	for _, node := range file.Decls {
		one := decl{}
		start := node.Pos()
		switch n := node.(type) {
		case *ast.FuncDecl:
			name := n.Name.Name
			if n.Recv != nil && len(n.Recv.List) > 0 {
				name = receiver(n.Recv.List[0].Type) + "." + name
			}
			one.names = []string{name}
			if n.Doc != nil {
				start = n.Doc.Pos()
			}
		case *ast.GenDecl:
			if n.Doc != nil {
				start = n.Doc.Pos()
			}
			for _, spec := range n.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					one.names = append(one.names, s.Name.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						one.names = append(one.names, id.Name)
					}
				}
			}
		}
		if len(one.names) == 0 {
			continue
		}
		end := min(base.Offset(node.End()), len(header)+len(text))
		one.text = (header + text)[base.Offset(start):end]
		d.decls = append(d.decls, one)
		for _, name := range one.names {
			d.names[name] = true
		}
	}
	return d
}

// receiver is the name of a method's type.
func receiver(x ast.Expr) string {
	switch t := x.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.ParenExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// importsOf reads an import declaration by its tokens, so that an unfinished one will do.
func importsOf(c chunk) []Import {
	var imports []Import
	name := ""
	for _, t := range c.tokens {
		switch t.tok {
		case token.IDENT:
			name = t.lit
		case token.PERIOD:
			name = "."
		case token.STRING:
			if p, err := strconv.Unquote(t.lit); err == nil && p != "" {
				imports = append(imports, Import{importName(Import{name, p}), p})
			}
			name = ""
		}
	}
	return imports
}

// importName is the name of an import, guessed from the path where it has none.
func importName(imp Import) string {
	if imp.Name != "" {
		return imp.Name
	}
	base := path.Base(imp.Path)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" && path.Dir(imp.Path) != "." {
		base = path.Base(path.Dir(imp.Path))
	}
	return strings.TrimPrefix(base, "go-")
}

// learnImports adds the packages that the cell or the notebook mentions to those shown to gopls. They
// stay: loading a package is slow, an unused import costs nothing here.
func (a *Assistant) learnImports(v *view, s Snapshot) {
	known := map[string]int{} // by name
	for i, imp := range a.imports {
		known[imp.Name] = i
	}
	learn := func(imp Import) {
		imp.Name = importName(imp)
		if i, ok := known[imp.Name]; !ok {
			known[imp.Name] = len(a.imports)
			a.imports = append(a.imports, imp)
		} else if a.imports[i].Path != imp.Path {
			a.imports[i].Path = imp.Path // the notebook says what the name means
		}
	}
	for _, imp := range s.Imports {
		if imp.Name != "." && imp.Name != "_" {
			learn(imp)
		}
	}
	local := map[string]bool{}
	for _, x := range s.Vars {
		local[x.Name] = true
	}
	for _, c := range v.chunks {
		for i, t := range c.tokens {
			if t.tok != token.IDENT || i+1 >= len(c.tokens) || c.tokens[i+1].tok != token.PERIOD || i > 0 && c.tokens[i-1].tok == token.PERIOD {
				continue
			}
			if _, ok := known[t.lit]; ok || local[t.lit] || a.declared.names[t.lit] {
				continue
			}
			if p := a.config.Package(t.lit); p != "" {
				learn(Import{t.lit, p})
			}
		}
	}
}
