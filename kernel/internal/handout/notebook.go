package handout

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// document is a notebook as JSON has it: what this package does not know stays as it is.
type document map[string]any

func parse(text []byte) (document, error) {
	var nb document
	if err := json.Unmarshal(text, &nb); err != nil {
		return nil, fmt.Errorf("the notebook is not valid JSON: %w", err)
	}
	if v, _ := nb["nbformat"].(float64); v != 4 {
		return nil, fmt.Errorf("this is not a notebook of format 4 (nbformat is %v): open it in JupyterLab and save it there", nb["nbformat"])
	}
	for i, c := range nb.cells() {
		if c == nil {
			return nil, fmt.Errorf("cell %d is not a cell", i+1)
		}
	}
	return nb, nil
}

// cells are the notebook's cells; nil for what is none.
func (nb document) cells() []map[string]any {
	list, _ := nb["cells"].([]any)
	cells := make([]map[string]any, len(list))
	for i, c := range list {
		cells[i], _ = c.(map[string]any)
	}
	return cells
}

// solutions takes out what stands between BEGIN SOLUTION and END SOLUTION for students, with what it printed, and marks
// it for teachers. The marks stand on lines of their own, in one cell or in two.
func (nb document) solutions(o Options) error {
	inside := 0 // the cell of the BEGIN that waits for its END
	var kept []any
	for i, cell := range nb.cells() {
		source := sourceOf(cell["source"])
		within := inside > 0
		rest, cut, open, err := withoutSolutions(source, cell["cell_type"] == "code", within)
		if err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		switch {
		case open && !within:
			inside = i + 1
		case !open:
			inside = 0
		}
		if cut && o.Student {
			if within && strings.TrimSpace(rest) == "" { // the room for it is where it began
				continue
			}
			cell["source"] = rest
			if cell["cell_type"] == "code" {
				cell["outputs"], cell["execution_count"] = []any{}, nil
			}
			tag(cell, "saddle-answer")
		}
		if cut && o.Solutions {
			if source = withoutMarks(source); strings.TrimSpace(source) == "" {
				continue
			}
			cell["source"] = source
			tag(cell, "saddle-solution")
		}
		kept = append(kept, cell)
	}
	if inside > 0 {
		return fmt.Errorf("cell %d: BEGIN SOLUTION without END SOLUTION", inside)
	}
	if _, has := nb["cells"]; has {
		nb["cells"] = kept
	}
	return nil
}

// tag adds a tag to a cell; nbconvert makes it a class of the page.
func tag(cell map[string]any, name string) {
	metadata, ok := cell["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		cell["metadata"] = metadata
	}
	tags, _ := metadata["tags"].([]any)
	metadata["tags"] = append(slices.Clone(tags), name)
}

// sourceOf joins a cell's source, which notebooks hold as a string or a list of lines.
func sourceOf(source any) string {
	switch s := source.(type) {
	case string:
		return s
	case []any:
		var b strings.Builder
		for _, line := range s {
			b.WriteString(fmt.Sprint(line))
		}
		return b.String()
	}
	return ""
}

// solutionMark is a line that holds a mark and nothing else but the signs of a comment.
var solutionMark = regexp.MustCompile(`^[\s/#*<!-]*(BEGIN|END) SOLUTION[\s*>-]*$`)

// mark is "BEGIN" or "END" where a line is a mark.
func mark(line string) string {
	if m := solutionMark.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// withoutSolutions puts room for an answer in place of each solution. inside says that the text begins within one, open
// that it ends within one.
func withoutSolutions(source string, code, inside bool) (text string, cut, open bool, err error) {
	room := []string{"*Your answer:*", "", "&nbsp;", "", "&nbsp;", ""}
	if code {
		room = []string{"// your answer", "", ""}
	}
	var out []string
	cut = inside
	for line := range strings.SplitSeq(source, "\n") {
		switch mark(line) {
		case "BEGIN":
			if inside {
				return "", false, false, errors.New("BEGIN SOLUTION twice without END SOLUTION")
			}
			inside, cut = true, true
			indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
			out = append(append(out, indent+room[0]), room[1:]...)
		case "END":
			if !inside {
				return "", false, false, errors.New("END SOLUTION without BEGIN SOLUTION")
			}
			inside = false
		default:
			if !inside {
				out = append(out, line)
			}
		}
	}
	return strings.Join(out, "\n"), cut, inside, nil
}

// withoutMarks takes out the lines of the marks alone.
func withoutMarks(source string) string {
	var out []string
	for line := range strings.SplitSeq(source, "\n") {
		if mark(line) == "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// fromMarkdown is a notebook that holds one page of Markdown.
func fromMarkdown(text []byte) document {
	return document{"nbformat": 4.0, "nbformat_minor": 5.0, "metadata": map[string]any{},
		"cells": []any{map[string]any{"cell_type": "markdown", "id": "page", "metadata": map[string]any{}, "source": string(text)}}}
}

// plain takes the marks of emphasis, code, links and formulas out of a line of Markdown.
func plain(line string) string {
	return markup.Replace(link.ReplaceAllString(line, "$1"))
}

var (
	markup = strings.NewReplacer("**", "", "*", "", "`", "", "$", "")
	link   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// about is what a notebook says of itself.
type about struct {
	title, authors, date string
	first                string // its first paragraph
	headed               bool   // it begins with a heading of its own
}

func (nb document) about(name string) about {
	metadata, _ := nb["metadata"].(map[string]any)
	word := func(v any) string { s, _ := v.(string); return s }
	a := about{title: word(metadata["title"]), date: word(metadata["date"])}
	var names []string
	authors, _ := metadata["authors"].([]any)
	for _, v := range authors {
		if m, ok := v.(map[string]any); ok {
			v = m["name"]
		}
		if n := word(v); n != "" {
			names = append(names, n)
		}
	}
	if n := word(metadata["author"]); n != "" {
		names = append(names, n)
	}
	a.authors = strings.Join(names, ", ")
	for _, cell := range nb.cells() {
		if cell["cell_type"] != "markdown" {
			continue
		}
		for line := range strings.SplitSeq(sourceOf(cell["source"]), "\n") {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "# "):
				if !a.headed && a.title == "" {
					a.title = strings.TrimSpace(line[2:])
				}
				a.headed = true
			case line != "" && a.first == "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "!"):
				a.first = plain(line)
			}
		}
	}
	if a.title == "" {
		a.title = name
	}
	return a
}

// anchor is a link of a page, with what is between its tags.
var anchor = regexp.MustCompile(`(?s)<a\s([^>]*?)href="([^"]*)"([^>]*)>(.*?)</a>`)

// linked leads links to files of the notebook's folder to the pages made of them. A link to what is not part of the
// handouts would lead nowhere: its words stay.
func linked(page []byte, pages map[string]string) (out []byte, used []string) {
	out = anchor.ReplaceAllFunc(page, func(link []byte) []byte {
		m := anchor.FindSubmatch(link)
		u, err := url.Parse(html.UnescapeString(string(m[2])))
		if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
			return link
		}
		to, ok := pages[u.Path]
		if !ok {
			return m[4]
		}
		used = append(used, u.Path)
		return slices.Concat([]byte("<a "), m[1], []byte(`href="`+html.EscapeString((&url.URL{Path: to, Fragment: u.Fragment}).String())+`"`), m[3], []byte(">"), m[4], []byte("</a>"))
	})
	return out, used
}

var (
	pageTitle = regexp.MustCompile(`(?s)<title>.*?</title>`)
	firstHead = regexp.MustCompile(`(?s)<h1[ >].*?</h1>`)
	mainStart = regexp.MustCompile(`<main[^>]*>`)
	bodyStart = regexp.MustCompile(`<body[^>]*>`)
)

// titled gives a page its title, and puts authors and date below the first heading.
func titled(page []byte, a about) []byte {
	esc := html.EscapeString
	if at := pageTitle.FindIndex(page); at != nil { // the first: an SVG picture has one, too
		page = slices.Concat(page[:at[0]], []byte("<title>"+esc(a.title)+"</title>"), page[at[1]:])
	}
	line := esc(strings.Trim(a.authors+" · "+a.date, " ·"))
	if line != "" {
		line = `<p class="saddle-byline">` + line + "</p>"
	}
	if at := firstHead.FindIndex(page); at != nil && a.headed {
		return slices.Concat(page[:at[1]], []byte(line), page[at[1]:])
	}
	at := mainStart.FindIndex(page)
	if at == nil {
		at = bodyStart.FindIndex(page)
	}
	if at == nil {
		return page
	}
	return slices.Concat(page[:at[1]], []byte(`<h1 class="saddle-title">`+esc(a.title)+"</h1>"+line), page[at[1]:])
}
