package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/session"
)

func warmCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "warm",
		Short: "Compile ahead what cells need",
		Long: `Warm builds the process that cells run in, compiles the packages that cells import most, and builds gopls, which
completes code, so that the first kernel starts as fast as the later ones. The installer runs it; it does nothing
where all is there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return warm(cmd.Context(), cmd.OutOrStdout()) },
	}
}

// warm does what the first kernel would otherwise do.
func warm(ctx context.Context, w io.Writer) error {
	cfg, err := sessionConfig()
	if err != nil {
		return err
	}
	if err := session.Warm(ctx, cfg, func(step string) { fmt.Fprintln(w, step) }); err != nil {
		return err
	}
	gopls, err := paths.Gopls(cfg.Source)
	if err != nil {
		return err
	}
	if _, err := os.Stat(gopls); err == nil {
		return nil
	}
	fmt.Fprintln(w, "building gopls")
	return buildGopls(ctx, cfg.Source, gopls)
}

// buildGopls builds the gopls that the module at source pins.
func buildGopls(ctx context.Context, source, target string) error {
	half := target + ".half" // a build that was interrupted must not pass for gopls
	cmd := exec.CommandContext(ctx, "go", "build", "-o", half, paths.GoplsModule)
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build gopls: %w\n%s", err, out)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.Rename(half, target)); err != nil {
		return fmt.Errorf("build gopls: %w", err)
	}
	return nil
}
