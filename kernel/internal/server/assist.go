package server

import (
	"context"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// assistTime is how long a completion may take. A user has typed on by then.
const assistTime = 5 * time.Second

func (s *Server) complete(m *wire.Message) (any, error) {
	var in struct {
		Code   string `json:"code"`
		Cursor int    `json:"cursor_pos"`
	}
	if err := parse(m, &in); err != nil {
		return nil, err
	}
	matches, start, end, metadata := []string{}, in.Cursor, in.Cursor, map[string]any{}
	if s.assist != nil {
		ctx, cancel := context.WithTimeout(s.ctx, assistTime)
		defer cancel()
		if got, from, to, more := s.assist.Complete(ctx, in.Code, in.Cursor); len(got) > 0 {
			matches, start, end = got, from, to
			if more != nil {
				metadata = more
			}
		}
	}
	return map[string]any{"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end, "metadata": metadata}, nil
}

func (s *Server) inspect(m *wire.Message) (any, error) {
	var in struct {
		Code   string `json:"code"`
		Cursor int    `json:"cursor_pos"`
		Detail int    `json:"detail_level"`
	}
	if err := parse(m, &in); err != nil {
		return nil, err
	}
	data, found := map[string]any{}, false
	if s.assist != nil {
		ctx, cancel := context.WithTimeout(s.ctx, assistTime)
		defer cancel()
		if got, ok := s.assist.Inspect(ctx, in.Code, in.Cursor, in.Detail); ok {
			data, found = got, true
		}
	}
	return map[string]any{"status": "ok", "found": found, "data": data, "metadata": map[string]any{}}, nil
}

func (s *Server) isComplete(m *wire.Message) (any, error) {
	var in struct {
		Code string `json:"code"`
	}
	if err := parse(m, &in); err != nil {
		return nil, err
	}
	if s.assist == nil {
		return map[string]any{"status": "unknown"}, nil
	}
	status, indent := s.assist.IsComplete(in.Code)
	reply := map[string]any{"status": status}
	if status == "incomplete" {
		reply["indent"] = indent
	}
	return reply, nil
}
