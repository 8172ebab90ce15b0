// Package magic understands the lines of a cell that are not Go: `%` commands, `!` shell lines
// and the trailing `?` that asks for help.
//
// Parse separates them from the Go text. A Runner executes them, before the Go text runs, through
// the Notebook interface, which says what a command may ask of the session. The package must not
// know how cells are compiled, nor anything of the Jupyter protocol.
package magic

import (
	"fmt"
	"go/token"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cell is the text of a cell after its commands have been taken out.
type Cell struct {
	// Go is what is left for the compiler. It has the lines of the original: a command's line is
	// empty, or holds what the command means in Go (%timeit, %time and %% with arguments). Only
	// %exec adds lines, at the end.
	Go       string
	Commands []Command // in the order of their lines
	MainLine int       // the line of %% or %main, counted from 1; 0 if there is none
}

// Command is one command of a cell.
type Command struct {
	Line int    // where it begins, counted from 1
	Last int    // its last line: continued lines belong to it, and the body
	Name string // as written, with its sign: "%cd", "%%bash", "%%", "!", "!*", "?"
	Rest string // the text after the name, continued lines joined, outer blanks removed
	Body string // the rest of the cell, for the commands that take it whole (%%writefile, %%bash, ...)

	first bool // nothing but blank lines before it
}

// Args splits the command's text at blanks. A part in double quotes may hold blanks, and there a
// backslash escapes the next character (\n and \t are newline and tab).
func (c Command) Args() []string { return splitArgs(c.Rest) }

// prefix lets a command hide in a Go comment, which pleases editors that know only Go.
const prefix = "//gonb:"

// inquiry matches a name followed by one or two question marks. No Go line looks like that.
var inquiry = regexp.MustCompile(`^([\pL_][\pL\pN_]*(?:\.[\pL_][\pL\pN_]*)*)\s*\?\??$`)

// Parse takes the commands out of a cell. It never fails: what is wrong with a command is said
// when it is run.
func Parse(text string) Cell {
	lines := strings.Split(text, "\n")
	var cell Cell
	var lex lexer
	var tail []string
	first := true // no line with any text so far
	for i := 0; i < len(lines); i++ {
		line, ok := lex.command(lines[i])
		if !ok {
			lex.scan(lines[i])
			first = first && strings.TrimSpace(lines[i]) == ""
			continue
		}
		start, written := i, lines[i]
		lines[i] = ""
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + " " + strings.TrimPrefix(strings.TrimRight(lines[i], "\r"), prefix)
			lines[i] = ""
		}
		cmd := parseCommand(line)
		cmd.Line, cmd.Last, cmd.first = start+1, i+1, first
		first = false
		if def := lookup(cmd.Name); def != nil && def.body && cmd.first {
			cmd.Body = strings.Join(lines[i+1:], "\n")
			cmd.Last = len(lines)
			cell.Commands = append(cell.Commands, cmd)
			clear(lines[i+1:])
			break
		}
		switch cmd.Name {
		case "%%", "%main":
			cell.MainLine = cmd.Line
			if cmd.Rest != "" {
				lines[start] = "flag.Parse()"
			}
		case "%time", "%%time":
			if cmd.Rest != "" {
				lines[start] = place(cmd.Line, written, cmd.Rest) + cmd.Rest
			}
		case "%exec":
			// The function may be declared below its %exec, with variables it needs: call it last.
			if args := cmd.Args(); len(args) > 0 {
				call := place(cmd.Line, written, args[0]) + args[0] + "()"
				if len(args) > 1 {
					call = "flag.Parse(); " + call
				}
				tail = append(tail, call)
			}
		case "%timeit":
			if t, err := parseTimeit(cmd.Rest); err == nil {
				lines[start] = t.code(place(cmd.Line, written, t.written))
			}
		}
		lex.scan(lines[start])
		cell.Commands = append(cell.Commands, cmd)
	}
	cell.Go = strings.Join(append(lines, tail...), "\n")
	return cell
}

// place is a directive that gives the code of a command the position where the user wrote it, in the line as written.
func place(line int, written, code string) string {
	first, _, _ := strings.Cut(code, "\n")
	return fmt.Sprintf("/*line :%d:%d*/", line, max(0, strings.LastIndex(written, first))+1)
}

// Blank returns the text with each command replaced by blanks, so that what is left is Go at its old
// place. The code that %timeit and %time measure stays.
func Blank(text string) string {
	cell := Parse(text)
	if len(cell.Commands) == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for _, cmd := range cell.Commands {
		for i := cmd.Line - 1; i < cmd.Last; i++ {
			code := len(lines[i])
			if strings.Contains(cmd.Name, "%time") {
				_, rest, _ := strings.Cut(lines[i], "%time")
				rest = strings.TrimLeft(strings.TrimPrefix(rest, "it"), " \t")
				code -= len(rest)
			}
			lines[i] = strings.Repeat(" ", code) + lines[i][code:]
		}
	}
	return strings.Join(lines, "\n")
}

// parseCommand splits a command line into name and rest.
func parseCommand(line string) Command {
	switch {
	case strings.HasPrefix(line, "!*"):
		return Command{Name: "!*", Rest: strings.TrimSpace(line[2:])}
	case strings.HasPrefix(line, "!"):
		return Command{Name: "!", Rest: strings.TrimSpace(line[1:])}
	case strings.HasPrefix(line, "?"):
		return Command{Name: "?", Rest: strings.Trim(line, "? \t")}
	case inquiry.MatchString(line):
		return Command{Name: "?", Rest: inquiry.FindStringSubmatch(line)[1]}
	}
	sign := line[:1]
	if strings.HasPrefix(line, "%%") {
		sign = "%%"
	}
	rest := strings.TrimPrefix(line, sign)
	if sign == "%" {
		rest = strings.TrimLeft(rest, " \t") // "% cd" is "%cd"; "%% x" is %% with an argument
	}
	name, rest := cutWord(rest)
	if strings.TrimRight(name, "?") != name && rest == "" { // "%cd?"
		return Command{Name: "?", Rest: sign + strings.TrimRight(name, "?")}
	}
	return Command{Name: sign + name, Rest: rest}
}

// cutWord splits s at its first blank; the rest comes without outer blanks.
func cutWord(s string) (word, rest string) {
	i := strings.IndexFunc(s, unicode.IsSpace)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

func splitArgs(s string) []string {
	var args []string
	var arg strings.Builder
	started, quoted := false, false
	flush := func() {
		if started {
			args = append(args, arg.String())
		}
		arg.Reset()
		started = false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"':
			quoted = !quoted
			started = true // "" is an argument too
			continue
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			flush()
			continue
		case quoted && c == '\\' && i+1 < len(s):
			i++
			switch c = s[i]; c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			}
		}
		arg.WriteByte(c)
		started = true
	}
	flush()
	return args
}

// lexer knows, at the start of a line, whether that line can be a command: not inside a raw string
// or comment, and for `!`, which Go has too, only where a new statement of the cell begins.
type lexer struct {
	raw, comment bool
	depth        int    // open brackets of all kinds
	last         byte   // last byte of code that is neither blank nor comment; 0: none yet
	word         string // the identifier or keyword that ends the code so far, if one does
}

// command returns the line as a command, without blanks around it and without prefix.
func (l *lexer) command(line string) (string, bool) {
	if l.raw || l.comment {
		return "", false
	}
	bare := strings.TrimRight(line, " \t\r")
	if hidden, ok := strings.CutPrefix(bare, prefix); ok {
		hidden = strings.TrimSpace(hidden)
		return hidden, hidden != "" && (hidden[0] == '%' || hidden[0] == '!')
	}
	// No Go line can begin with % or ?, wherever it stands: commands made of them may be indented.
	trimmed := strings.TrimLeft(bare, " \t")
	if strings.HasPrefix(trimmed, "%") || strings.HasPrefix(trimmed, "?") || inquiry.MatchString(trimmed) {
		return trimmed, true
	}
	return bare, strings.HasPrefix(bare, "!") && !l.continues()
}

// continues reports whether Go reads the next line as part of what came before.
func (l *lexer) continues() bool {
	if l.depth > 0 {
		return true
	}
	switch l.word {
	case "break", "continue", "fallthrough", "return":
		return false
	}
	if token.IsKeyword(l.word) {
		return true
	}
	return l.last != 0 && strings.IndexByte("+-*/%&|^<>=!:,.~", l.last) >= 0
}

// scan reads one line of Go.
func (l *lexer) scan(line string) {
	for i := 0; i < len(line); {
		rest := line[i:]
		switch {
		case l.raw:
			end := strings.IndexByte(rest, '`')
			if end < 0 {
				return
			}
			l.raw = false
			l.code('`')
			i += end + 1
		case l.comment:
			end := strings.Index(rest, "*/")
			if end < 0 {
				return
			}
			l.comment = false
			i += end + 2
		case strings.HasPrefix(rest, "//"):
			return
		case strings.HasPrefix(rest, "/*"):
			l.comment = true
			i += 2
		case rest[0] == '`':
			l.raw = true
			i++
		case rest[0] == '"' || rest[0] == '\'':
			l.code(rest[0])
			i += quotedLen(rest)
		default:
			r, size := utf8.DecodeRuneInString(rest)
			if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
				size = strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
				if size < 0 {
					size = len(rest)
				}
				l.code('a')
				l.word = rest[:size]
			} else if !unicode.IsSpace(r) {
				if (r == '+' || r == '-') && strings.HasPrefix(rest[1:], rest[:1]) {
					l.last, l.word = 'a', "" // ++ and -- end a statement as a name does
					size = 2
				} else {
					l.code(rest[0])
				}
			}
			i += size
		}
	}
}

// code notes one byte of code that is no part of a word.
func (l *lexer) code(c byte) {
	l.last, l.word = c, ""
	switch c {
	case '(', '[', '{':
		l.depth++
	case ')', ']', '}':
		l.depth = max(0, l.depth-1)
	}
}

// quotedLen is the length of the string or rune literal at the start of s, at most the whole line.
func quotedLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}
