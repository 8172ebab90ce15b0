package handout

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
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
// it for teachers.
func (nb document) solutions(o Options) error {
	for i, cell := range nb.cells() {
		source := sourceOf(cell["source"])
		rest, cut, err := withoutSolutions(source, cell["cell_type"] == "code")
		if err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		if !cut {
			continue
		}
		switch {
		case o.Student:
			cell["source"] = rest
			if cell["cell_type"] == "code" {
				cell["outputs"], cell["execution_count"] = []any{}, nil
			}
			tag(cell, "saddle-answer")
		case o.Solutions:
			cell["source"] = withoutMarks(source)
			tag(cell, "saddle-solution")
		}
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

// withoutSolutions puts room for an answer in place of each solution.
func withoutSolutions(source string, code bool) (text string, cut bool, err error) {
	room := []string{"*Your answer:*", "", "&nbsp;", "", "&nbsp;", ""}
	if code {
		room = []string{"// your answer", "", ""}
	}
	var out []string
	inside := false
	for line := range strings.SplitSeq(source, "\n") {
		switch {
		case strings.Contains(line, "BEGIN SOLUTION"):
			if inside {
				return "", false, errors.New("BEGIN SOLUTION twice without END SOLUTION")
			}
			inside, cut = true, true
			indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
			out = append(append(out, indent+room[0]), room[1:]...)
		case strings.Contains(line, "END SOLUTION"):
			if !inside {
				return "", false, errors.New("END SOLUTION without BEGIN SOLUTION")
			}
			inside = false
		case !inside:
			out = append(out, line)
		}
	}
	if inside {
		return "", false, errors.New("BEGIN SOLUTION without END SOLUTION")
	}
	return strings.Join(out, "\n"), cut, nil
}

// withoutMarks takes out the lines of the marks alone.
func withoutMarks(source string) string {
	var out []string
	for line := range strings.SplitSeq(source, "\n") {
		if !strings.Contains(line, "BEGIN SOLUTION") && !strings.Contains(line, "END SOLUTION") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
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

var (
	pageTitle = regexp.MustCompile(`(?s)<title>.*?</title>`)
	firstHead = regexp.MustCompile(`(?s)<h1[ >].*?</h1>`)
	mainStart = regexp.MustCompile(`<main[^>]*>`)
	bodyStart = regexp.MustCompile(`<body[^>]*>`)
)

// titled gives a page its title, and puts authors and date below the first heading.
func titled(page []byte, a about) []byte {
	esc := html.EscapeString
	page = pageTitle.ReplaceAllLiteral(page, []byte("<title>"+esc(a.title)+"</title>"))
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
