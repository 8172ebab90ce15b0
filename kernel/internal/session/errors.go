package session

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/cell"
	"github.com/gosaddle/saddle/kernel/internal/magic"
	"github.com/gosaddle/saddle/kernel/internal/worker"
)

// Colours of a traceback.
const (
	red   = "\x1b[31m"
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

// failed turns an error into the reply that Jupyter shows.
func (s *Session) failed(c Cell, err error) Result {
	e := &CellError{Name: "Error", Value: err.Error()}
	var (
		mistakes cell.Errors
		failure  *worker.Failure
		command  *magic.Error
		compiler *build.CompileError
	)
	switch {
	case errors.As(err, &mistakes):
		e.Name = "CompileError"
		e.Value = mistakes[0].Error()
		if n := len(mistakes); n > 1 {
			e.Value += fmt.Sprintf(" (and %d more)", n-1)
		}
		lines := strings.Split(c.Code, "\n")
		for _, m := range mistakes {
			e.Traceback = append(e.Traceback, pointed(m, lines)...)
		}
	case errors.As(err, &failure):
		s.failure(e, c, failure)
	case errors.As(err, &command):
		e.Name = "CommandError"
		e.Traceback = []string{fmt.Sprintf("%s%s%s, %s", bold, fmt.Sprintf("Cell[%d]:%d", c.Count, command.Line), reset, command.Command),
			red + command.Err.Error() + reset}
	case errors.As(err, &compiler):
		e.Name = "CompileError"
		e.Value = worker.Clean(e.Value)
		e.Traceback = strings.Split(red+e.Value+reset, "\n")
	default:
		e.Traceback = []string{red + e.Value + reset}
	}
	return Result{Err: e}
}

// pointed shows a mistake with its line and a mark under its column.
func pointed(m *cell.Error, lines []string) []string {
	out := []string{fmt.Sprintf("%s%s:%d:%d:%s %s%s%s", bold, m.Pos.Filename, m.Pos.Line, m.Pos.Column, reset, red, m.Msg, reset)}
	if m.Pos.Line < 1 || m.Pos.Line > len(lines) {
		return out
	}
	line := lines[m.Pos.Line-1]
	var mark strings.Builder
	for i, r := range line {
		if i >= m.Pos.Column-1 {
			break
		}
		if r == '\t' {
			mark.WriteByte('\t')
		} else {
			mark.WriteByte(' ')
		}
	}
	return append(out, "    "+line, "    "+mark.String()+red+"^"+reset)
}

// failure fills in how a cell's run failed.
func (s *Session) failure(e *CellError, c Cell, f *worker.Failure) {
	e.Value = f.Message
	switch f.Kind {
	case "panic":
		e.Name = "panic"
	case "interrupted", "abandoned":
		e.Name = "Interrupted"
	case "lost":
		e.Name = "WorkerLost"
		e.Value += "; all values are lost. The next cell runs in a fresh worker"
		if lost := s.lost; len(lost) > 0 {
			e.Value += "; %restore runs again the cells that made them"
		}
	case "load":
		e.Name = "LoadError"
		if strings.Contains(f.Message, "different version of package") {
			e.Value = f.Message + ": restart the kernel to load the new version"
		}
	default:
		e.Name = "Error"
	}
	e.Traceback = []string{red + bold + e.Name + reset + ": " + e.Value}
	for _, fr := range f.Frames {
		at := fmt.Sprintf("%s:%d", fr.File, fr.Line)
		if !strings.HasPrefix(fr.File, "Cell[") {
			e.Traceback = append(e.Traceback, fmt.Sprintf("%s    %s  %s%s", dim, at, fr.Func, reset))
			continue
		}
		name := strings.NewReplacer("main."+runName, "the cell's statements", runName, "the cell's statements", "main.ⱟ", "", "ⱟ", ".", "main.", "").Replace(fr.Func)
		e.Traceback = append(e.Traceback, fmt.Sprintf("    %s%s%s  %s", bold, at, reset, name))
		if line := s.lineOf(c, fr.File, fr.Line); line != "" {
			e.Traceback = append(e.Traceback, "        "+strings.TrimSpace(line))
		}
	}
}

// lineOf returns a line of a cell that has run.
func (s *Session) lineOf(c Cell, name string, line int) string {
	text := ""
	if name == cellName(c.Count) {
		text = c.Code
	} else {
		s.mu.Lock()
		for _, r := range s.ran {
			if name == cellName(r.count) {
				text = r.code
			}
		}
		s.mu.Unlock()
	}
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return lines[line-1]
}
