package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/server"
	"github.com/gosaddle/saddle/kernel/internal/session"
)

// newEngine returns what runs cells, and what completes them.
func newEngine(log *slog.Logger) (server.Engine, server.Assist, error) {
	cfg, err := sessionConfig()
	if err != nil {
		return nil, nil, err
	}
	cfg.Log = log
	if cfg.Notebook, err = os.Getwd(); err != nil { // Jupyter starts a kernel in its notebook's folder
		return nil, nil, fmt.Errorf("finding the notebook's folder: %w", err)
	}
	s, err := session.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	return s, nil, nil
}

// sessionConfig says where sessions find Saddle's source and keep what they make.
func sessionConfig() (session.Config, error) {
	source, err := paths.Source()
	if err != nil {
		return session.Config{}, err
	}
	cache, err := paths.Cache()
	if err != nil {
		return session.Config{}, err
	}
	return session.Config{Source: source, Cache: cache}, nil
}
