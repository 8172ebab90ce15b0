package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// history is what was executed, by this kernel and by those before it. It is a file of JSON lines: several
// kernels add to it, and a line that is damaged costs only itself.
type history struct {
	path    string // "": kept in memory
	session int    // number of this kernel's session

	mu     sync.Mutex
	memory []record
}

// record is one line of the file. The output comes in a line of its own, when the cell is done.
type record struct {
	Session int     `json:"session"`
	Line    int     `json:"line"` // execution count; 0 marks the start of a session
	Input   string  `json:"input,omitempty"`
	Output  *string `json:"output,omitempty"`
}

const (
	historySize   = 8 << 20 // bytes the file may have when a kernel starts; then the older half goes
	historyOutput = 4 << 10 // bytes kept of an output
)

// openHistory opens the file, makes it where it is missing, and starts a session in it. With an error the
// history is usable all the same, and kept in memory.
func openHistory(path string) (*history, error) {
	h := &history{session: 1}
	if path == "" {
		return h, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h, fmt.Errorf("history: %w", err)
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return h, fmt.Errorf("history: %w", err)
	}
	defer unlock()
	if err := trim(path); err != nil {
		return h, fmt.Errorf("history: %w", err)
	}
	records, err := readRecords(path)
	if err != nil {
		return h, err
	}
	for _, r := range records {
		h.session = max(h.session, r.Session+1)
	}
	if err := appendRecord(path, record{Session: h.session}); err != nil {
		return h, err
	}
	h.path = path
	return h, nil
}

// lockFile takes a lock that all kernels of this user respect, until unlock is called.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// trim drops the older half of a file that has grown too large.
func trim(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= historySize {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text = text[len(text)-historySize/2:]
	text = text[bytes.IndexByte(text, '\n')+1:]
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func readRecords(path string) ([]record, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	defer f.Close()
	var records []record
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r record
		if json.Unmarshal(lines.Bytes(), &r) == nil {
			records = append(records, r)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return records, nil
}

func appendRecord(path string, r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// add notes a cell that is about to run.
func (h *history) add(line int, input string) error {
	return h.append(record{Session: h.session, Line: line, Input: input})
}

// addOutput notes the result of a cell, as text.
func (h *history) addOutput(line int, output string) error {
	if len(output) > historyOutput {
		output = strings.ToValidUTF8(output[:historyOutput], "") + "..."
	}
	return h.append(record{Session: h.session, Line: line, Output: &output})
}

func (h *history) append(r record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.path == "" {
		h.memory = append(h.memory, r)
		return nil
	}
	unlock, err := lockFile(h.path + ".lock")
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	defer unlock()
	return appendRecord(h.path, r)
}

// cells returns all cells, oldest first, each with its output if it has one.
func (h *history) cells() ([]record, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	records := h.memory
	if h.path != "" {
		var err error
		if records, err = readRecords(h.path); err != nil {
			return nil, err
		}
	}
	type key struct{ session, line int }
	at := map[key]int{}
	var cells []record
	for _, r := range records {
		k := key{r.Session, r.Line}
		switch i, known := at[k]; {
		case r.Line == 0: // a session began
		case r.Output == nil:
			at[k] = len(cells)
			cells = append(cells, r)
		case known:
			cells[i].Output = r.Output
		}
	}
	return cells, nil
}

// historyQuery is the content of a history_request.
type historyQuery struct {
	Output  bool   `json:"output"`
	Type    string `json:"hist_access_type"`
	Session int    `json:"session"` // 0: this one; -1: the one before
	Start   int    `json:"start"`
	Stop    *int   `json:"stop"` // exclusive; none: to the end
	N       *int   `json:"n"`
	Pattern string `json:"pattern"` // with * and ? as in file names
	Unique  bool   `json:"unique"`
}

// find returns the cells that a query asks for, oldest first.
func (h *history) find(q historyQuery) ([]record, error) {
	all, err := h.cells()
	if err != nil {
		return nil, err
	}
	pass := func(record) bool { return true }
	switch q.Type {
	case "tail", "":
	case "range":
		session := q.Session
		if session <= 0 {
			session += h.session
		}
		pass = func(r record) bool {
			return r.Session == session && r.Line >= q.Start && (q.Stop == nil || r.Line < *q.Stop)
		}
		q.N = nil
	case "search":
		pattern, err := glob(q.Pattern)
		if err != nil {
			return nil, err
		}
		pass = func(r record) bool { return pattern.MatchString(r.Input) }
	default:
		return nil, fmt.Errorf("history: access type %q: there are tail, range and search", q.Type)
	}
	// From the newest back, as n and unique both keep the newest.
	var found []record
	seen := map[string]bool{}
	for i := len(all) - 1; i >= 0 && (q.N == nil || len(found) < *q.N); i-- {
		if r := all[i]; pass(r) && !(q.Unique && seen[r.Input]) {
			seen[r.Input] = true
			found = append(found, r)
		}
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found, nil
}

// glob compiles a search pattern; an empty one matches all.
func glob(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		pattern = "*"
	}
	text := regexp.QuoteMeta(pattern)
	text = strings.ReplaceAll(text, `\*`, `.*`)
	text = strings.ReplaceAll(text, `\?`, `.`)
	re, err := regexp.Compile(`(?s)^` + text + `$`)
	if err != nil {
		return nil, fmt.Errorf("history: pattern %q: %w", pattern, err)
	}
	return re, nil
}

func (s *Server) historyRequest(m *wire.Message) (any, error) {
	var q historyQuery
	if err := parse(m, &q); err != nil {
		return nil, err
	}
	found, err := s.history.find(q)
	if err != nil {
		return nil, err
	}
	rows := make([][3]any, len(found))
	for i, r := range found {
		rows[i] = [3]any{r.Session, r.Line, r.Input}
		if q.Output {
			rows[i][2] = [2]any{r.Input, r.Output}
		}
	}
	return map[string]any{"status": "ok", "history": rows}, nil
}
