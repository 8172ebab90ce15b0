package server

import (
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// comm takes a comm message of the front end. One that the engine does not know is closed, as the protocol
// asks.
func (s *Server) comm(m *wire.Message) (any, error) {
	var content map[string]any
	if err := parse(m, &content); err != nil {
		return nil, err
	}
	out := newOutput(s, m, 0, &executeRequest{})
	engine, ok := s.engine.(Comms)
	if ok && engine.Comm(m.Header.MsgType, content, out) {
		s.noteComm(m.Header.MsgType, content)
		return nil, nil
	}
	if m.Header.MsgType != "comm_close" {
		out.Comm("comm_close", map[string]any{"comm_id": content["comm_id"], "data": map[string]any{}})
	}
	return nil, nil
}

// noteComm keeps the list of open comms.
func (s *Server) noteComm(msgType string, content map[string]any) {
	id, _ := content["comm_id"].(string)
	s.commMu.Lock()
	defer s.commMu.Unlock()
	switch msgType {
	case "comm_open":
		s.comms[id], _ = content["target_name"].(string)
	case "comm_close":
		delete(s.comms, id)
	}
}

func (s *Server) commInfo(m *wire.Message) (any, error) {
	var in struct {
		Target string `json:"target_name"`
	}
	if err := parse(m, &in); err != nil {
		return nil, err
	}
	comms := map[string]any{}
	s.commMu.Lock()
	defer s.commMu.Unlock()
	for id, target := range s.comms {
		if in.Target == "" || in.Target == target {
			comms[id] = map[string]string{"target_name": target}
		}
	}
	return map[string]any{"status": "ok", "comms": comms}, nil
}
