package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// printer shows the output of a cell on a terminal: text as it comes, and of figures that they are there.
type printer struct {
	w       io.Writer // nil: nothing is shown
	midLine bool
}

func (p *printer) see(m *wire.Message) {
	if p.w == nil {
		return
	}
	var content struct {
		Text string
		Data map[string]any
	}
	if json.Unmarshal(m.Content, &content) != nil {
		return
	}
	switch m.Header.MsgType {
	case "stream":
		p.print(content.Text)
	case "display_data", "execute_result":
		p.end()
		if text, ok := content.Data["text/plain"].(string); ok && text != "" {
			p.print(text + "\n")
			return
		}
		var kinds []string
		for mime := range content.Data {
			kinds = append(kinds, mime)
		}
		slices.Sort(kinds)
		p.print("<" + strings.Join(kinds, ", ") + ">\n")
	}
}

func (p *printer) print(text string) {
	if text != "" {
		fmt.Fprint(p.w, text)
		p.midLine = !strings.HasSuffix(text, "\n")
	}
}

// end finishes a line that was left open.
func (p *printer) end() {
	if p.midLine {
		p.print("\n")
	}
}

// traceback is the text of an error message, coloured only on a terminal.
func traceback(m *wire.Message) string {
	var content struct {
		EName, EValue string
		Traceback     []string
	}
	if err := json.Unmarshal(m.Content, &content); err != nil {
		return err.Error()
	}
	text := strings.Join(content.Traceback, "\n")
	if text == "" {
		text = content.EName + ": " + content.EValue
	}
	if info, err := os.Stdout.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		text = colour.ReplaceAllString(text, "")
	}
	return text
}

// colour is an ANSI sequence that sets colours.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")
