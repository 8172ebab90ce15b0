package assist

import (
	"context"
	"encoding/json"
	"fmt"
	"go/token"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/magic"
)

// Inspect explains the name at the cursor, given in code points, or the function whose arguments the
// cursor is in: signature, documentation and, for a live variable, its value. It reports
// false where there is nothing to say. The result is a MIME bundle of text/plain and text/markdown.
// It waits no longer than Config.Patience: its reader is typing.
func (a *Assistant) Inspect(ctx context.Context, code string, cursor, detail int) (data map[string]any, found bool) {
	ctx, cancel := context.WithTimeout(ctx, a.config.Patience)
	defer cancel()
	return a.Explain(ctx, code, cursor)
}

// Explain is Inspect for a reader who waits for the answer, as one who runs "train.Adam?" does: it gives up when ctx
// does. On a busy machine gopls may need longer than the patience of somebody who types.
func (a *Assistant) Explain(ctx context.Context, code string, cursor int) (data map[string]any, found bool) {
	offset := byteOffset(code, cursor)
	line := 1 + strings.Count(code[:offset], "\n")
	for _, cmd := range magic.Parse(code).Commands {
		if cmd.Line <= line && line <= cmd.Last && cmd.Name != "?" && !strings.Contains(cmd.Name, "%time") {
			page, err := magic.HelpPage(cmd.Name)
			return page, err == nil
		}
	}
	code = strings.TrimRight(code, "?")
	offset = min(offset, len(code))
	for _, at := range namesAt(code, offset) {
		if data, ok := a.inspect(ctx, code, at); ok {
			return data, true
		}
	}
	return nil, false
}

// name is an identifier in a cell.
type name struct {
	lit      string
	off      int
	selector bool // follows a dot
}

// namesAt are the names that an inspection at offset can mean, the likeliest first: the one the cursor
// touches, then those of the calls around it, from the inside out.
func namesAt(code string, offset int) []name {
	var names []name
	var open []name // by open bracket; lit "" where no name is before it
	var last [2]lexeme
	for _, c := range split(magic.Blank(code)) {
		for _, t := range c.tokens {
			if t.off > offset {
				break
			}
			end := t.off + len(t.lit)
			switch {
			case t.tok == token.IDENT && offset <= end:
				names = append(names, name{t.lit, t.off, last[1].tok == token.PERIOD})
			case t.off >= offset:
			case t.tok == token.LPAREN || t.tok == token.LBRACE || t.tok == token.LBRACK:
				before := name{}
				if last[1].tok == token.IDENT && t.tok == token.LPAREN {
					before = name{last[1].lit, last[1].off, last[0].tok == token.PERIOD}
				}
				open = append(open, before)
			case (t.tok == token.RPAREN || t.tok == token.RBRACE || t.tok == token.RBRACK) && len(open) > 0:
				open = open[:len(open)-1]
			}
			last[0], last[1] = last[1], t
		}
	}
	for i := len(open) - 1; i >= 0; i-- {
		if open[i].lit != "" {
			names = append(names, open[i])
		}
	}
	return names
}

func (a *Assistant) inspect(ctx context.Context, code string, at name) (map[string]any, bool) {
	var md, plain strings.Builder
	var raw json.RawMessage
	if _, err := a.ask(ctx, code, at.off, "textDocument/hover", nil, &raw); err == nil {
		if text := unmarshalHover(raw); text != "" {
			md.WriteString(text)
			plain.WriteString(plainText(text))
		}
	} else if text := a.declaredText(at.lit); text != "" && !at.selector {
		fmt.Fprintf(&md, "```go\n%s\n```\n", text)
		plain.WriteString(text + "\n")
	}
	if !at.selector && a.isVar(at.lit) {
		if value, ok := a.config.Value(ctx, at.lit); ok {
			fmt.Fprintf(&md, "\n\nValue:\n\n```\n%s\n```\n", value)
			fmt.Fprintf(&plain, "\nValue:\n%s\n", value)
		}
	}
	if plain.Len() == 0 {
		return nil, false
	}
	return map[string]any{"text/markdown": md.String(), "text/plain": plain.String()}, true
}

func (a *Assistant) isVar(name string) bool {
	for _, x := range a.config.Notebook().Vars {
		if x.Name == name {
			return true
		}
	}
	return false
}

// declaredText is what the notebook itself knows of a name.
func (a *Assistant) declaredText(name string) string {
	s := a.config.Notebook()
	for _, x := range s.Vars {
		if x.Name == name {
			return "var " + x.Name + " " + x.Type
		}
	}
	for _, d := range parseDeclared(s.Decls).decls {
		for _, n := range d.names {
			if n == name {
				return d.text
			}
		}
	}
	return ""
}

// plainText takes the marks out of gopls's Markdown: fences, rules, headings, links, escapes.
func plainText(md string) string {
	var b strings.Builder
	code := false
	blank := true // no empty line at the start, nor two in a row
	for line := range strings.Lines(md) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "```") {
			code = !code
			continue
		}
		if !code {
			if line == "---" || line == "***" {
				line = ""
			}
			line = unescape(strings.TrimPrefix(line, "### "))
		}
		if line == "" && blank {
			continue
		}
		blank = line == ""
		b.WriteString(line + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// unescape removes backslashes before punctuation, and the targets of links.
func unescape(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && strings.IndexByte("\\`*_{}[]()#+-.!<>|~&$\"'/:;,=?@^%", line[i+1]) >= 0:
			i++
			b.WriteByte(line[i])
		case c == '[':
			if n := strings.Index(line[i:], "]("); n > 0 {
				if end := strings.IndexByte(line[i+n:], ')'); end > 0 {
					b.WriteString(unescape(line[i+1 : i+n]))
					i += n + end
					continue
				}
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
