// Package cell turns the text of a notebook cell into Go syntax: its imports, its declarations, and the statements
// between them, in order. It knows Go's grammar and nothing else: no types, no notebook, no files.
//
// A cell mixes declarations and statements freely, which no Go file may. Parse therefore cuts the text into chunks at
// the semicolons of its outermost level (those that Go's scanner inserts at line ends included), and hands each chunk
// to go/parser in a wrapping of its own. A line directive in the wrapping keeps every position in terms of the cell.
package cell

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"strings"
	"unicode/utf8"
)

// Chunk is the source text behind a piece of syntax: what go/parser read, wrapping included.
type Chunk struct {
	Text string
	File *token.File
}

// Slice returns the text from one position of the chunk to another.
func (c *Chunk) Slice(from, to token.Pos) string {
	return c.Text[c.Offset(from):c.Offset(to)]
}

// Offset returns where in Text a position lies.
func (c *Chunk) Offset(pos token.Pos) int { return int(pos) - c.File.Base() }

// Decl is a func, type or const declaration at the top level of a cell. A type group is split into its types;
// a const group stays whole, since iota counts within it.
type Decl struct {
	Node  ast.Decl
	Chunk *Chunk
}

// Stmt is a statement at the top level of a cell; var declarations are statements, since they run in order. A var group is
// split into its lines.
type Stmt struct {
	Node   ast.Stmt
	Chunk  *Chunk
	Values []ast.Expr // of an expression, which is one value as a rule; the last line may be several: a, b
}

// Source is a parsed cell.
type Source struct {
	Name    string // how errors and tracebacks call the cell, such as Cell[3]
	Text    string // the Go text, magic lines blanked
	Imports []*ast.ImportSpec
	Decls   []Decl
	Body    []Stmt
	Quiet   bool // the text ends in a semicolon: the last expression is not shown
}

// Error is a mistake at a position in a cell.
type Error struct {
	Pos token.Position
	Msg string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Pos, e.Msg) }

// Errors are all the mistakes found in a cell, in order of position.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Parse reads the text of a cell. Positions are added to fset and print as name:line:column.
// The error, if any, is of type Errors.
func Parse(fset *token.FileSet, name, text string) (*Source, error) {
	if !utf8.ValidString(text) {
		return nil, Errors{{token.Position{Filename: name, Line: 1, Column: 1}, "the text is not valid UTF-8"}}
	}
	src := &Source{Name: name, Text: text}
	chunks, quiet, errs := split(name, text)
	src.Quiet = quiet
	for _, c := range chunks {
		if err := src.add(fset, c); err != nil {
			errs = append(errs, err...)
		}
	}
	for i, st := range src.Body {
		if len(st.Values) > 1 && i < len(src.Body)-1 {
			errs = append(errs, &Error{fset.Position(st.Node.Pos()), "several values can be shown by the last line of a cell only: print these, with fmt.Println"})
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return src, nil
}

// span is one chunk's place in the cell's text.
type span struct {
	start, end int // byte offsets
	code       int // where its last token ends: what follows is comment
	line, col  int // of start, from 1
	decl       bool
}

// split cuts the text at the semicolons of the outermost level.
func split(name, text string) (spans []span, quiet bool, errs Errors) {
	fset := token.NewFileSet()
	file := fset.AddFile(name, -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), func(pos token.Position, msg string) {
		// Scanner errors are seen again, better placed, when the chunk is parsed; those between chunks are kept here.
		if strings.Contains(msg, "illegal character") || strings.Contains(msg, "not terminated") || strings.Contains(msg, "BOM") {
			errs = append(errs, &Error{token.Position{Filename: name, Line: pos.Line, Column: pos.Column}, msg})
		}
	}, scanner.ScanComments)
	depth := 0
	start, code := -1, 0
	var toks []token.Token
	headers := 0 // semicolons that the headers begun in this chunk may still hold: each costs a look at the chunk so far
	for {
		pos, tok, lit := s.Scan()
		off := file.Offset(pos)
		if tok == token.COMMENT {
			if strings.HasPrefix(lit, "//go:embed ") {
				at := file.Position(pos)
				errs = append(errs, &Error{token.Position{Filename: name, Line: at.Line, Column: at.Column}, "//go:embed has no effect in a cell: os.ReadFile reads the file"})
			}
			continue
		}
		if tok == token.SEMICOLON && lit == ";" && depth == 0 && start >= 0 && headers > 0 {
			headers--
			if !isStatement(text[start:off]) {
				continue // within the header of a for, if or switch
			}
		}
		if tok == token.EOF || (tok == token.SEMICOLON && depth == 0) {
			if start >= 0 {
				p := file.Position(file.Pos(start))
				spans = append(spans, span{start, off, code, p.Line, p.Column, isDecl(toks)})
				quiet = tok == token.SEMICOLON && lit == ";"
			} else if tok == token.SEMICOLON && lit == ";" {
				quiet = true
			}
			start, toks, headers = -1, toks[:0], 0
			if tok == token.EOF {
				return spans, quiet, errs
			}
			continue
		}
		if start < 0 {
			start = off
			if tok == token.FUNC || len(toks) == 0 {
				toks = toks[:0]
			}
		}
		toks = append(toks, tok)
		switch {
		case lit == "":
			code = off + len(tok.String())
		case lit != "\n": // a semicolon that is not written
			code = off + len(lit)
		}
		switch tok {
		case token.FOR, token.IF, token.SWITCH:
			if depth == 0 {
				headers += 2
			}
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			// An excess closer is the parser's to report; depth stays at the outermost level.
			depth = max(depth-1, 0)
		}
	}
}

// isStatement tells whether a text is whole: for i := 0 is not.
func isStatement(text string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", "package p;func _(){"+text+"\n}", parser.SkipObjectResolution)
	return err == nil
}

// isDecl tells a declaration from a statement by its tokens. A var is a statement: it runs in its turn.
func isDecl(toks []token.Token) bool {
	switch toks[0] {
	case token.IMPORT, token.TYPE, token.CONST, token.PACKAGE:
		return true
	case token.FUNC:
		if len(toks) > 1 && toks[1] == token.IDENT {
			return true
		}
		// func (r T) Name( is a method; func (x int) int { ... }(3) is an expression.
		depth := 0
		for i, tok := range toks[1:] {
			switch tok {
			case token.LPAREN:
				depth++
			case token.RPAREN:
				if depth--; depth == 0 {
					rest := toks[i+2:]
					return len(rest) > 1 && rest[0] == token.IDENT && rest[1] == token.LPAREN
				}
			}
		}
	}
	return false
}

// add parses one chunk into src.
func (src *Source) add(fset *token.FileSet, sp span) Errors {
	body := src.Text[sp.start:sp.end]
	if strings.HasPrefix(body, "package") && sp.decl {
		return nil // a package clause, as in a file pasted whole, says nothing here
	}
	open, closing := "package p;", "\n"
	if !sp.decl {
		open, closing = "package p;func _(){", "\n}"
	}
	text := fmt.Sprintf("%s/*line %s:%d:%d*/%s%s", open, src.Name, sp.line, sp.col, body, closing)
	const mode = parser.SkipObjectResolution | parser.ParseComments | parser.AllErrors
	f, err := parser.ParseFile(fset, src.Name, text, mode)
	if err != nil {
		if !sp.decl && src.addValues(fset, sp, mode) {
			return nil
		}
		return src.syntaxErrors(err, sp)
	}
	chunk := &Chunk{Text: text, File: fset.File(f.Pos())}
	if !sp.decl {
		for _, s := range f.Decls[0].(*ast.FuncDecl).Body.List {
			if d, ok := s.(*ast.DeclStmt); ok {
				if g, ok := d.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR && len(g.Specs) > 1 {
					for _, sp := range g.Specs {
						src.Body = append(src.Body, Stmt{Node: &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: sp.Pos(), Tok: token.VAR, Specs: []ast.Spec{sp}}}, Chunk: chunk})
					}
					continue
				}
			}
			st := Stmt{Node: s, Chunk: chunk}
			if x, ok := s.(*ast.ExprStmt); ok {
				st.Values = []ast.Expr{x.X}
			}
			src.Body = append(src.Body, st)
		}
		return nil
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		switch {
		case ok && g.Tok == token.IMPORT:
			for _, s := range g.Specs {
				src.Imports = append(src.Imports, s.(*ast.ImportSpec))
			}
		case ok && g.Tok == token.TYPE && len(g.Specs) != 1:
			for _, s := range g.Specs {
				ts := s.(*ast.TypeSpec)
				src.Decls = append(src.Decls, Decl{&ast.GenDecl{Doc: ts.Doc, TokPos: ts.Pos(), Tok: token.TYPE, Specs: []ast.Spec{ts}}, chunk})
			}
		default:
			src.Decls = append(src.Decls, Decl{d, chunk})
		}
	}
	return nil
}

// addValues adds a chunk that is a list of several expressions, as no Go statement is: it is read as the arguments of a call.
// It reports whether the chunk is one.
func (src *Source) addValues(fset *token.FileSet, sp span, mode parser.Mode) bool {
	text := fmt.Sprintf("package p;func _(){_(/*line %s:%d:%d*/%s,)}", src.Name, sp.line, sp.col, src.Text[sp.start:sp.code])
	f, err := parser.ParseFile(fset, src.Name, text, mode)
	if err != nil || len(f.Decls) != 1 { // more, where the text closes the brackets around it
		return false
	}
	fn, ok := f.Decls[0].(*ast.FuncDecl)
	if !ok || len(fn.Body.List) != 1 {
		return false
	}
	x, ok := fn.Body.List[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := x.X.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 || call.Ellipsis.IsValid() {
		return false
	}
	// The statement lies where its values do.
	call.Fun, call.Lparen, call.Rparen = &ast.Ident{NamePos: call.Args[0].Pos(), Name: "_"}, call.Args[0].Pos(), call.Args[len(call.Args)-1].End()-1
	src.Body = append(src.Body, Stmt{Node: x, Chunk: &Chunk{Text: text, File: fset.File(f.Pos())}, Values: call.Args})
	return true
}

// syntaxErrors translates go/parser's errors, which may lie in the wrapping's last line, back into the cell.
func (src *Source) syntaxErrors(err error, sp span) Errors {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return Errors{{token.Position{Filename: src.Name, Line: sp.line, Column: sp.col}, err.Error()}}
	}
	list.RemoveMultiples() // what follows on the line of a mistake follows from it
	last := sp.line + strings.Count(src.Text[sp.start:sp.code], "\n")
	var errs Errors
	for _, e := range list {
		pos := e.Pos
		pos.Filename = src.Name
		if pos.Line > last {
			pos.Line = last
			pos.Column = sp.code - strings.LastIndexByte(src.Text[:sp.code], '\n')
			e.Msg = strings.NewReplacer("'EOF'", "end of the cell", "found '}'", "found end of the cell").Replace(e.Msg)
		}
		errs = append(errs, &Error{pos, e.Msg})
	}
	if len(errs) > 10 {
		errs = errs[:10]
	}
	return errs
}
