package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/client"
	"github.com/gosaddle/saddle/kernel/internal/notebook"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// runOptions are the flags of "saddle run".
type runOptions struct {
	output    string
	inPlace   bool
	keepGoing bool
	quiet     bool
}

func runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run notebook",
		Short: "Execute a notebook without a browser",
		Long: `Run executes the cells of a notebook from top to bottom in a new kernel, in the notebook's folder, and tells of
each cell as it goes. It stops at the first cell that fails, shows it, and ends with exit status 1; a cell with
the tag raises-exception may fail. What cells print is shown unless --quiet is given.

The notebook's file is left as it is, unless --inplace or --output says where the outputs go.`,
		Example: `  saddle run notebooks/02-logistic-bowl.ipynb
  saddle run --output /tmp/done.ipynb experiment.ipynb`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNotebook(cmd.Context(), cmd.OutOrStdout(), args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "", "`file` that gets the notebook with its outputs")
	flags.BoolVar(&o.inPlace, "inplace", false, "write the outputs into the notebook itself")
	flags.BoolVar(&o.keepGoing, "keep-going", false, "run the cells after a failed one as well; the exit status is 1 all the same")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "do not show what cells print")
	cmd.MarkFlagsMutuallyExclusive("output", "inplace")
	return cmd
}

func runNotebook(ctx context.Context, w io.Writer, path string, o runOptions) (err error) {
	n, err := notebook.Read(path)
	if err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this command: %w", err)
	}
	started := time.Now()
	kernel, err := client.Launch(ctx, exe, func(cmd *exec.Cmd) {
		cmd.Dir, cmd.Stderr = filepath.Dir(path), os.Stderr
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kernel.Stop(10*time.Second)) }()

	var code []*notebook.Cell
	for _, c := range n.Cells {
		if c.IsCode() && strings.TrimSpace(c.Source()) != "" {
			code = append(code, c)
		}
	}
	var failed []string
	for i, c := range code {
		ok, err := runCell(ctx, w, kernel.Client, c, fmt.Sprintf("[%d/%d]", i+1, len(code)), o)
		if err != nil {
			return err
		}
		if !ok {
			failed = append(failed, fmt.Sprint(i+1))
			if !o.keepGoing {
				break
			}
		}
	}
	if o.inPlace {
		o.output = path
	}
	if o.output != "" {
		if err := n.Write(o.output); err != nil {
			return err
		}
	}
	seconds := time.Since(started).Seconds()
	if len(failed) > 0 {
		fmt.Fprintf(w, "%s: cell %s of %d failed, after %.1f s\n", path, strings.Join(failed, ", "), len(code), seconds)
		return exitCode(1)
	}
	fmt.Fprintf(w, "%s: %s in %.1f s\n", path, plural(len(code), "cell"), seconds)
	return nil
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// runCell runs one cell and says how it goes: its first line when it starts, what it prints as it comes, and
// the whole of it when it fails.
func runCell(ctx context.Context, w io.Writer, kernel *client.Client, c *notebook.Cell, position string, o runOptions) (ok bool, err error) {
	first, _, more := strings.Cut(strings.TrimSpace(c.Source()), "\n")
	if more {
		first += " …"
	}
	fmt.Fprintf(w, "%s %s\n", position, first)
	started := time.Now()
	c.Start()
	call, err := kernel.Execute(c.Source(), map[string]any{"stop_on_error": true})
	if err != nil {
		return false, err
	}
	var shown printer
	if !o.quiet {
		shown.w = w
	}
	var failure *wire.Message
	var problems []error
	err = call.Wait(ctx, func(m *wire.Message) {
		if m.Channel != wire.IOPub {
			return
		}
		problems = append(problems, c.Add(m))
		shown.see(m)
		if m.Header.MsgType == "error" {
			failure = m
		}
	})
	shown.end()
	if err := errors.Join(append(problems, err)...); err != nil {
		return false, err
	}
	if failure == nil || c.MayFail() {
		fmt.Fprintf(w, "%s %.1f s\n", strings.Repeat(" ", len(position)), time.Since(started).Seconds())
		return true, nil
	}
	fmt.Fprintf(w, "\nthis cell failed:\n\n%s\n%s\n", indent(c.Source()), traceback(failure))
	return false, nil
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ") + "\n"
}
