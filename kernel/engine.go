package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

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

// warm does what the first kernel would otherwise do: it builds the worker and the packages that cells import.
func warm(ctx context.Context, w io.Writer) error {
	cfg, err := sessionConfig()
	if err != nil {
		return err
	}
	return session.Warm(ctx, cfg, func(step string) { fmt.Fprintln(w, step) })
}

func warmCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "warm",
		Short: "Compile ahead what cells need",
		Long: `Warm builds the process that cells run in and compiles the packages that cells import most, so that the
first kernel starts as fast as the later ones. The installer runs it; it does nothing where all is there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return warm(cmd.Context(), cmd.OutOrStdout()) },
	}
}
