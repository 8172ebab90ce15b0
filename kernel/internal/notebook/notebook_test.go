package notebook_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/notebook"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// file is a notebook as Jupyter writes it, with fields that this package does not know.
const file = `{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "a",
   "metadata": {},
   "source": [
    "# <b>Größe</b> & 🐴\n",
    "text"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 7,
   "id": "b",
   "metadata": {
    "own": 1.50,
    "tags": [
     "raises-exception"
    ]
   },
   "outputs": [],
   "source": [
    "x := 1\n",
    "x"
   ]
  }
 ],
 "metadata": {
  "kernelspec": {
   "display_name": "Go (Saddle)",
   "language": "go",
   "name": "saddle"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`

func parse(t *testing.T, text string) *notebook.Notebook {
	t.Helper()
	n, err := notebook.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRoundTrip(t *testing.T) {
	n := parse(t, file)
	got, err := n.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != file {
		t.Errorf("changed by reading and writing:\n%s", got)
	}
	code := n.Cells[1]
	if n.Kernel() != "saddle" || n.Cells[0].IsCode() || code.Source() != "x := 1\nx" || code.ID() != "b" || !code.MayFail() {
		t.Errorf("read as %+v", n)
	}
}

func TestNotANotebook(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"nbformat": 3}`, `{"nbformat": 4}`, `{"nbformat": 4, "cells": [1]}`} {
		if _, err := notebook.Parse([]byte(text)); err == nil {
			t.Errorf("%q passed", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(file))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := notebook.Parse(text)
		if err != nil {
			return
		}
		for _, c := range n.Cells {
			c.Source()
			c.MayFail()
			c.Start()
		}
		if _, err := n.Marshal(); err != nil {
			t.Error(err)
		}
	})
}

func TestOutputs(t *testing.T) {
	n := parse(t, file)
	c := n.Cells[1]
	c.Start()
	add := func(msgType, content string) {
		t.Helper()
		if err := c.Add(&wire.Message{Header: wire.Header{MsgType: msgType}, Content: []byte(content)}); err != nil {
			t.Fatal(err)
		}
	}
	add("status", `{"execution_state": "busy"}`)
	add("execute_input", `{"execution_count": 3}`)
	add("stream", `{"name": "stdout", "text": "gone"}`)
	add("clear_output", `{"wait": true}`)
	add("stream", `{"name": "stdout", "text": "a\nb"}`)
	add("stream", `{"name": "stdout", "text": "c\n"}`)
	add("stream", `{"name": "stderr", "text": "d"}`)
	add("display_data", `{"data": {"text/html": "old"}, "metadata": {}, "transient": {"display_id": "1"}}`)
	add("execute_result", `{"data": {"text/plain": "5", "image/png": "abc="}, "metadata": {}, "execution_count": 3}`)
	add("update_display_data", `{"data": {"text/html": "new"}, "metadata": {}, "transient": {"display_id": "1"}}`)
	add("error", `{"ename": "E", "evalue": "v", "traceback": ["t"]}`)

	text, err := n.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Cells []struct {
			Count   int `json:"execution_count"`
			Outputs []map[string]any
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"output_type": "stream", "name": "stdout", "text": []any{"a\n", "bc\n"}},
		{"output_type": "stream", "name": "stderr", "text": []any{"d"}},
		{"output_type": "display_data", "data": map[string]any{"text/html": []any{"new"}}, "metadata": map[string]any{}},
		{"output_type": "execute_result", "data": map[string]any{"text/plain": []any{"5"}, "image/png": "abc="}, "metadata": map[string]any{}, "execution_count": 3.0},
		{"output_type": "error", "ename": "E", "evalue": "v", "traceback": []any{"t"}},
	}
	if c := got.Cells[1]; c.Count != 3 || !reflect.DeepEqual(c.Outputs, want) {
		t.Errorf("count %d, outputs\n%v, want\n%v", c.Count, c.Outputs, want)
	}
	if strings.Contains(string(text), "transient") {
		t.Error("a display id was written to the file")
	}
}
