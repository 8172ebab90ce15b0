// Package notebook reads and writes Jupyter notebooks (nbformat 4) and turns a kernel's messages into the
// outputs of their cells. It keeps fields that it does not know, and writes files as Jupyter does, so that a
// difference shows what has changed. It runs nothing.
package notebook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// Notebook is a notebook file.
type Notebook struct {
	Cells []*Cell

	fields map[string]any // the whole file
}

// Cell is one cell.
type Cell struct {
	fields   map[string]any
	displays map[string][]map[string]any // outputs by display id, to update them in place; shared by the notebook's cells
	clear    bool                        // the next output replaces what is there
}

// Read reads a notebook.
func Read(path string) (*Notebook, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the notebook: %w", err)
	}
	n, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s is no notebook: %w", path, err)
	}
	return n, nil
}

// Parse reads the text of a notebook file.
func Parse(text []byte) (*Notebook, error) {
	n := &Notebook{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a number is written as it was read
	if err := decoder.Decode(&n.fields); err != nil {
		return nil, err
	}
	if format := fmt.Sprint(n.fields["nbformat"]); format != "4" {
		return nil, fmt.Errorf("nbformat is %s, and saddle knows 4: open and save it in JupyterLab", format)
	}
	cells, ok := n.fields["cells"].([]any)
	if !ok {
		return nil, errors.New("it has no list of cells")
	}
	displays := map[string][]map[string]any{}
	for i, c := range cells {
		fields, ok := c.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("cell %d is not an object", i+1)
		}
		n.Cells = append(n.Cells, &Cell{fields: fields, displays: displays})
	}
	return n, nil
}

// Kernel is the name of the kernel the notebook was written for; "" when it says nothing.
func (n *Notebook) Kernel() string {
	metadata, _ := n.fields["metadata"].(map[string]any)
	kernelspec, _ := metadata["kernelspec"].(map[string]any)
	name, _ := kernelspec["name"].(string)
	return name
}

// Marshal returns the text of the notebook file.
func (n *Notebook) Marshal() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(n.fields); err != nil {
		return nil, fmt.Errorf("write the notebook: %w", err)
	}
	return b.Bytes(), nil
}

// Write writes the notebook. The file is whole at any time: it is written beside and then renamed.
func (n *Notebook) Write(path string) error {
	text, err := n.Marshal()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return fmt.Errorf("write the notebook: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the notebook: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// IsCode tells whether the cell has code to run.
func (c *Cell) IsCode() bool { return c.fields["cell_type"] == "code" }

// ID is the cell's id; "" in files older than nbformat 4.5.
func (c *Cell) ID() string {
	id, _ := c.fields["id"].(string)
	return id
}

// MayFail tells whether the cell is meant to fail: it has the tag raises-exception, as for nbclient.
func (c *Cell) MayFail() bool {
	metadata, _ := c.fields["metadata"].(map[string]any)
	tags, _ := metadata["tags"].([]any)
	for _, t := range tags {
		if t == "raises-exception" {
			return true
		}
	}
	return false
}

// Source is the text of the cell.
func (c *Cell) Source() string { return text(c.fields["source"]) }

// text is a multi-line string of nbformat: one string, or a list of lines.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, line := range v {
			s, _ := line.(string)
			b.WriteString(s)
		}
		return b.String()
	}
	return ""
}

// lines is a string as nbformat writes it to files.
func lines(s string) []any {
	out := []any{}
	for line := range strings.Lines(s) {
		out = append(out, line)
	}
	return out
}

// Start removes the outputs of earlier runs.
func (c *Cell) Start() {
	c.fields["outputs"] = []any{}
	c.fields["execution_count"] = nil
	c.clear = false
}

// Add notes one message of the cell's execution. Messages that are no output are passed over.
func (c *Cell) Add(m *wire.Message) error {
	var content struct {
		Name, Text     string
		Data, Metadata map[string]any
		Transient      struct {
			DisplayID string `json:"display_id"`
		}
		ExecutionCount *int `json:"execution_count"`
		EName, EValue  string
		Traceback      []string
		Wait           bool
	}
	if err := json.Unmarshal(m.Content, &content); err != nil {
		return fmt.Errorf("the kernel sent %s: %w", m.Header.MsgType, err)
	}
	var output map[string]any
	switch m.Header.MsgType {
	case "execute_input":
		c.fields["execution_count"] = content.ExecutionCount
		return nil
	case "clear_output":
		if c.clear = content.Wait; !content.Wait {
			c.fields["outputs"] = []any{}
		}
		return nil
	case "stream":
		if last := c.last(); last != nil && !c.clear && last["output_type"] == "stream" && last["name"] == content.Name {
			last["text"] = lines(text(last["text"]) + content.Text)
			return nil
		}
		output = map[string]any{"output_type": "stream", "name": content.Name, "text": lines(content.Text)}
	case "display_data", "execute_result":
		output = map[string]any{"output_type": m.Header.MsgType, "data": bundle(content.Data), "metadata": orEmpty(content.Metadata)}
		if m.Header.MsgType == "execute_result" {
			output["execution_count"] = content.ExecutionCount
		}
		if id := content.Transient.DisplayID; id != "" {
			c.displays[id] = append(c.displays[id], output)
		}
	case "update_display_data":
		for _, shown := range c.displays[content.Transient.DisplayID] {
			shown["data"], shown["metadata"] = bundle(content.Data), orEmpty(content.Metadata)
		}
		return nil
	case "error":
		output = map[string]any{"output_type": "error", "ename": content.EName, "evalue": content.EValue, "traceback": content.Traceback}
	default:
		return nil
	}
	outputs, _ := c.fields["outputs"].([]any)
	if c.clear {
		outputs, c.clear = nil, false
	}
	c.fields["outputs"] = append(outputs, any(output))
	return nil
}

// last is the cell's last output.
func (c *Cell) last() map[string]any {
	outputs, _ := c.fields["outputs"].([]any)
	if len(outputs) == 0 {
		return nil
	}
	last, _ := outputs[len(outputs)-1].(map[string]any)
	return last
}

// bundle is a MIME bundle as files have it: text as lines, JSON and base64 as they are.
func bundle(data map[string]any) map[string]any {
	out := map[string]any{}
	for mime, v := range data {
		s, isText := v.(string)
		if isText && (strings.HasPrefix(mime, "text/") || mime == "image/svg+xml" || mime == "application/javascript") {
			v = lines(s)
		}
		out[mime] = v
	}
	return out
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
