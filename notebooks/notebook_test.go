package notebooks_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// notebook is what the checks look at in a notebook file (nbformat 4).
type notebook struct {
	name  string // 02-logistic-bowl
	cells []cell
	rest  map[string]json.RawMessage // the file's other fields, for a copy that runs
}

type cell struct {
	Type      string            `json:"cell_type"`
	ID        string            `json:"id"`
	Metadata  map[string]any    `json:"metadata"`
	Source    text              `json:"source"`
	Outputs   []json.RawMessage `json:"outputs"`
	Execution *int              `json:"execution_count"`
}

// text is a cell's source: a string, or a list of lines, in the file.
type text string

func (s *text) UnmarshalJSON(b []byte) error {
	var lines []string
	if err := json.Unmarshal(b, &lines); err != nil {
		return json.Unmarshal(b, (*string)(s))
	}
	*s = text(strings.Join(lines, ""))
	return nil
}

func (c cell) isCode() bool { return c.Type == "code" }

func (c cell) holdsSolution() bool {
	return c.isCode() && strings.Contains(string(c.Source), "BEGIN SOLUTION")
}

// headings are a cell's headings, as they stand in the text: "## 2. The definition".
func (c cell) headings() []string {
	var found []string
	fenced := false
	for line := range strings.SplitSeq(string(c.Source), "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if c.Type == "markdown" && !fenced && strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return found
}

// position names a cell in a test's messages.
func (n notebook) position(i int) string {
	return fmt.Sprintf("%s, cell %d (%s)", n.name, i+1, n.cells[i].ID)
}

func parseNotebook(name string, file []byte) (notebook, error) {
	n := notebook{name: name}
	if err := json.Unmarshal(file, &n.rest); err != nil {
		return n, err
	}
	return n, json.Unmarshal(n.rest["cells"], &n.cells)
}

// write writes a copy of the notebook with other cells.
func (n notebook) write(path string, cells []cell) error {
	fields := map[string]any{"cells": cells}
	for k, v := range n.rest {
		if k != "cells" {
			fields[k] = v
		}
	}
	file, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return os.WriteFile(path, file, 0o644)
}

// course reads the notebooks of this folder, in their order.
func course(t *testing.T) []notebook {
	t.Helper()
	paths, err := filepath.Glob("*.ipynb")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no notebooks: %v", err)
	}
	var all []notebook
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := parseNotebook(strings.TrimSuffix(path, ".ipynb"), file)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, n)
	}
	return all
}

// withoutSolution is a cell's text as a student gets it (saddle handout --student).
func withoutSolution(source string) string {
	var kept []string
	inside := false
	for line := range strings.SplitSeq(source, "\n") {
		switch {
		case strings.Contains(line, "BEGIN SOLUTION"):
			inside = true
		case strings.Contains(line, "END SOLUTION"):
			inside = false
		case !inside:
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
