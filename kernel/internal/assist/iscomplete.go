package assist

import (
	"go/scanner"
	"go/token"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/cell"
	"github.com/gosaddle/saddle/kernel/internal/magic"
)

// IsComplete says whether a console should run the cell or give its user another line: "complete",
// "incomplete" or "invalid". For an incomplete cell indent is the white space for the next line.
func (a *Assistant) IsComplete(code string) (status, indent string) { return IsComplete(code) }

// IsComplete is the method of the same name; it needs no Assistant.
func IsComplete(code string) (status, indent string) {
	commands := magic.Parse(code).Commands
	if n := len(commands); n > 0 {
		last := commands[n-1]
		if last.Last == 1+strings.Count(code, "\n") && strings.HasSuffix(strings.TrimRight(code, " \t"), `\`) {
			return "incomplete", "" // goes on in the next line
		}
		if last.Body != "" || strings.HasPrefix(last.Name, "%%") && last.Line == last.Last && takesBody(last.Name) {
			if strings.HasSuffix(code, "\n") {
				return "complete", ""
			}
			return "incomplete", "" // an empty line ends it
		}
	}
	code = magic.Blank(code)
	depth, open := scanOpen(code)
	if open {
		return "incomplete", strings.Repeat(indentUnit(code), depth)
	}
	if _, err := cell.Parse(token.NewFileSet(), "cell", code); err != nil {
		return "invalid", ""
	}
	return "complete", ""
}

// takesBody reports whether a command has the rest of the cell as its text.
func takesBody(name string) bool {
	switch name {
	case "%%bash", "%%sh", "%%script", "%%writefile":
		return true
	}
	return false
}

// scanOpen reports whether more lines could make the code right: an open bracket, string or comment, or
// a last token that wants an operand. depth counts the brackets open at the end, plus one for an
// expression that goes on.
func scanOpen(code string) (depth int, open bool) {
	var s scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(code))
	unterminated := false
	s.Init(file, []byte(code), func(_ token.Position, msg string) {
		unterminated = unterminated || msg == "raw string literal not terminated" || msg == "comment not terminated"
	}, 0)
	last := token.ILLEGAL
	var brackets []token.Token
	for {
		_, tok, _ := s.Scan()
		if unterminated {
			return 0, true
		}
		switch tok {
		case token.EOF:
			goesOn := last.IsOperator() && last != token.SEMICOLON && last != token.RPAREN && last != token.RBRACK && last != token.RBRACE &&
				last != token.LPAREN && last != token.LBRACK && last != token.LBRACE || last.IsKeyword()
			if goesOn && last != token.COMMA {
				return len(brackets) + 1, true
			}
			return len(brackets), goesOn || len(brackets) > 0
		case token.LPAREN, token.LBRACK, token.LBRACE:
			brackets = append(brackets, tok)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(brackets) == 0 || brackets[len(brackets)-1] != opening(tok) {
				return 0, false // no further line mends that
			}
			brackets = brackets[:len(brackets)-1]
		}
		last = tok
	}
}

func opening(closing token.Token) token.Token {
	switch closing {
	case token.RPAREN:
		return token.LPAREN
	case token.RBRACK:
		return token.LBRACK
	}
	return token.LBRACE
}

// indentUnit is what the user indents with: a tab, or the blanks of the first line that has some.
func indentUnit(code string) string {
	for line := range strings.Lines(code) {
		if n := len(line) - len(strings.TrimLeft(line, " ")); n > 0 && strings.TrimSpace(line) != "" {
			return line[:n]
		}
	}
	return "\t"
}
