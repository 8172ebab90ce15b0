package assist

import (
	"context"
	"encoding/json"
	"errors"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosaddle/saddle/kernel/internal/magic"
)

var errNoGopls = errors.New("gopls is not available")

// item is one completion.
type item struct {
	text, kind, detail string
}

// Complete returns what could stand in code[start:end] around the cursor, best first. All offsets are in
// code points. The metadata has the kind and type of each match, in the form that JupyterLab shows.
func (a *Assistant) Complete(ctx context.Context, code string, cursor int) (matches []string, start, end int, metadata map[string]any) {
	offset := byteOffset(code, cursor)
	items, from, to := a.complete(ctx, code, offset)
	start, end = codePoints(code, from), codePoints(code, to)
	types := make([]map[string]any, 0, len(items))
	for _, it := range items {
		matches = append(matches, it.text)
		types = append(types, map[string]any{"text": it.text, "type": it.kind, "signature": it.detail, "start": start, "end": end})
	}
	return matches, start, end, map[string]any{"_jupyter_types_experimental": types}
}

// complete works in bytes.
func (a *Assistant) complete(ctx context.Context, code string, offset int) (items []item, start, end int) {
	if items, start, end, ok := a.completeCommand(code, offset); ok {
		return items, start, end
	}
	if items, start, end, ok := a.completeImport(code, offset); ok {
		return items, start, end
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.Patience)
	defer cancel()
	items, start, end, err := a.completeGo(ctx, code, offset)
	if err != nil {
		return a.completeNames(code, offset)
	}
	return items, start, end
}

type textEdit struct {
	Range struct {
		Start, End struct{ Line, Character int }
	}
	NewText string
}

func (a *Assistant) completeGo(ctx context.Context, code string, offset int) (items []item, start, end int, err error) {
	var list struct {
		Items []struct {
			Label, Detail, SortText string
			Kind                    int
			TextEdit                *textEdit
		}
	}
	v, err := a.ask(ctx, code, offset, "textDocument/completion", nil, &list)
	if err != nil {
		return nil, 0, 0, err
	}
	start = nameStart(code, offset)
	seen := map[string]bool{}
	for _, it := range list.Items {
		if it.TextEdit == nil || it.TextEdit.NewText == packageName {
			continue
		}
		r := it.TextEdit.Range
		from, ok1 := v.toCell(lspOffset(v.text, r.Start.Line, r.Start.Character))
		to, ok2 := v.toCell(lspOffset(v.text, r.End.Line, r.End.Character))
		if !ok1 || !ok2 || from > offset || to < offset {
			continue
		}
		if len(items) == 0 {
			start, end = from, to
		}
		if from != start || to != end {
			continue // Jupyter has one range for all
		}
		if seen[it.TextEdit.NewText] {
			continue // packages of the same name
		}
		seen[it.TextEdit.NewText] = true
		items = append(items, item{it.TextEdit.NewText, jupyterKind(it.Kind), it.Detail})
	}
	if len(items) == 0 {
		return nil, start, offset, nil
	}
	return items, start, end, nil
}

// jupyterKind names an LSP CompletionItemKind as JupyterLab knows it.
func jupyterKind(kind int) string {
	switch kind {
	case 2:
		return "method"
	case 3:
		return "function"
	case 5:
		return "field"
	case 6:
		return "variable"
	case 7, 22:
		return "class"
	case 8:
		return "interface"
	case 9:
		return "module"
	case 14:
		return "keyword"
	case 17, 19:
		return "path"
	case 21:
		return "constant"
	case 25:
		return "type"
	}
	return "text"
}

// nameStart is where the name that ends at offset begins.
func nameStart(code string, offset int) int {
	for offset > 0 {
		r, size := utf8.DecodeLastRuneInString(code[:offset])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		offset -= size
	}
	return offset
}

// completeNames does without gopls: names of the notebook and of the cell, and words of the language.
func (a *Assistant) completeNames(code string, offset int) (items []item, start, end int) {
	start = nameStart(code, offset)
	prefix := code[start:offset]
	if strings.HasSuffix(strings.TrimRight(code[:start], " \t\n"), ".") {
		return nil, offset, offset // members are beyond us
	}
	seen := map[string]bool{prefix: true}
	add := func(name, kind, detail string) {
		if strings.HasPrefix(name, prefix) && !seen[name] {
			seen[name] = true
			items = append(items, item{name, kind, detail})
		}
	}
	s := a.config.Notebook()
	for _, x := range s.Vars {
		add(x.Name, "variable", x.Type)
	}
	for _, d := range parseDeclared(s.Decls).decls {
		for _, name := range d.names {
			if !strings.Contains(name, ".") {
				head, _, _ := strings.Cut(d.text, "\n")
				add(name, "instance", head)
			}
		}
	}
	for _, c := range split(magic.Blank(code)) {
		for _, t := range c.tokens {
			switch {
			case t.tok == token.IDENT:
				add(t.lit, "text", "")
			case t.tok == token.STRING && t.off < offset && (offset < t.off+len(t.lit) || len(t.lit) < 2 || t.lit[len(t.lit)-1] != t.lit[0]): // within, or not closed
				return nil, offset, offset
			}
		}
	}
	for _, imp := range s.Imports {
		add(importName(imp), "module", imp.Path)
	}
	for _, imp := range a.config.Preload {
		add(importName(imp), "module", imp.Path)
	}
	for tok := token.BREAK; tok <= token.VAR; tok++ {
		add(tok.String(), "keyword", "")
	}
	for _, name := range types.Universe.Names() {
		add(name, "instance", types.Universe.Lookup(name).String())
	}
	return items, start, offset
}

// completeCommand completes in % and ! lines. It reports false in Go text.
func (a *Assistant) completeCommand(code string, offset int) (items []item, start, end int, ok bool) {
	line := 1 + strings.Count(code[:offset], "\n")
	i := slices.IndexFunc(magic.Parse(code).Commands, func(c magic.Command) bool { return c.Line <= line && line <= c.Last })
	if i < 0 {
		return nil, 0, 0, false
	}
	cmd := magic.Parse(code).Commands[i]
	if cmd.Name == "?" {
		return nil, 0, 0, false // "tra?" completes as Go does
	}
	if strings.Contains(cmd.Name, "%time") && magic.Blank(code)[:offset] != magic.Blank(code[:lineStart(code, offset)]+strings.Repeat(" ", offset-lineStart(code, offset))) {
		return nil, 0, 0, false // in the Go code it measures
	}
	head := code[lineStart(code, offset):offset]
	head = strings.TrimPrefix(head, "//gonb:")
	if trimmed := strings.TrimLeft(head, " \t"); cmd.Line == line && strings.HasPrefix(trimmed, "%") && !strings.ContainsAny(strings.TrimLeft(trimmed, "%"), " \t") {
		// The name itself.
		items = commandsWith(trimmed)
		if len(items) == 0 {
			items = commandsWith("%" + trimmed) // one sign too few is the likeliest slip
		}
		return items, offset - len(trimmed), offset, true
	}
	if cmd.Name == "!" || cmd.Name == "!*" {
		head = strings.TrimLeft(head, "!*")
	}
	from, quote := lastWord(head)
	word := head[from:]
	start = offset - len(word)
	if i := strings.LastIndexByte(word, '$'); i >= 0 && token.IsIdentifier("_"+word[i+1:]) {
		return a.variables(word[i+1:]), start + i + 1, offset, true
	}
	switch name := strings.TrimLeft(cmd.Name, "%"); name {
	case "rm", "remove":
		items, _, _ = a.completeNames(word, len(word))
		items = slices.DeleteFunc(items, func(it item) bool { return it.kind == "keyword" })
	case "help":
		for _, info := range magic.List() {
			if bare := strings.TrimLeft(info.Name, "%"); bare != "" && strings.HasPrefix(bare, word) {
				items = append(items, item{bare, "magic", info.Help})
			}
		}
	case "exec":
		items, _, _ = a.completeNames(word, len(word))
	case "who", "whos":
		items, _, _ = a.completeNames(word, len(word))
		items = slices.DeleteFunc(items, func(it item) bool { return it.kind != "variable" })
	case "env":
		items = a.variables(word)
	case "cd":
		items = a.paths(word, quote, cmd.Name, true)
	case "!", "!*", "capture", "writefile", "script", "bash", "sh", "track", "untrack":
		if name != "writefile" || cmd.Line == line { // the text of a file is anything
			items = a.paths(word, quote, cmd.Name, false)
		}
	}
	return items, start, offset, true
}

func lineStart(text string, offset int) int { return strings.LastIndexByte(text[:offset], '\n') + 1 }

// variables lists the environment variables that begin with a prefix.
func (a *Assistant) variables(prefix string) []item {
	var items []item
	seen := map[string]bool{}
	for _, entry := range a.config.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, prefix) && !seen[name] {
			seen[name] = true
			items = append(items, item{name, "variable", ""})
		}
	}
	return items
}

// maxPaths bounds a menu of file names.
const maxPaths = 500

// escaped is a character behind a backslash.
var escaped = regexp.MustCompile(`\\(.)`)

// commandsWith lists the commands whose name begins with a prefix.
func commandsWith(prefix string) []item {
	var items []item
	for _, info := range magic.List() {
		if strings.HasPrefix(info.Name, prefix) {
			items = append(items, item{info.Name, "magic", strings.TrimSpace(info.Name + " " + info.Args)})
		}
	}
	return items
}

// lastWord finds the word that is being typed at the end of a command: where it begins, and the quote it is in, if it is.
func lastWord(text string) (start int, quote byte) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			start, quote = i+1, c
		case strings.IndexByte(" \t=<>|;&(", c) >= 0:
			start = i + 1
		}
	}
	return start, quote
}

// quoted writes the name of a file as a command wants it where it has blanks and the like.
func quoted(name string, quote byte, command string) string {
	const special = " \t\"'\\$&;|<>()*?[]`!#"
	switch {
	case quote != 0 || !strings.ContainsAny(name, special):
	case strings.HasPrefix(command, "%") && !strings.HasPrefix(command, "%%"):
		name = `"` + name
		if !strings.HasSuffix(name, "/") {
			name += `"`
		}
	default:
		var b strings.Builder
		for _, r := range name {
			if strings.ContainsRune(special, r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		name = b.String()
	}
	return name
}

// paths lists the files that begin with a path as typed in a command.
func (a *Assistant) paths(word string, quote byte, command string, dirsOnly bool) []item {
	if quote != '\'' {
		word = escaped.ReplaceAllString(word, "$1")
	}
	dir, base := filepath.Split(word)
	look := dir
	switch home, err := os.UserHomeDir(); {
	case strings.HasPrefix(look, "~/") && err == nil:
		look = filepath.Join(home, look[2:])
	case !filepath.IsAbs(look):
		look = filepath.Join(a.config.WorkDir(), look)
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return nil
	}
	var items []item
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || strings.HasPrefix(name, ".") && base == "" {
			continue
		}
		info, err := os.Stat(filepath.Join(look, name)) // a link to a folder is a folder
		isDir := err == nil && info.IsDir()
		if isDir {
			name += "/"
		} else if dirsOnly {
			continue
		}
		items = append(items, item{quoted(dir+name, quote, command), "path", ""})
		if len(items) == maxPaths {
			break
		}
	}
	return items
}

// unmarshalHover reads the markdown of a hover.
func unmarshalHover(raw json.RawMessage) string {
	var hover struct {
		Contents struct{ Value string }
	}
	if err := json.Unmarshal(raw, &hover); err != nil {
		return ""
	}
	return hover.Contents.Value
}
