// Command saddle is a Jupyter kernel for Go that keeps values from cell to cell, and the tools around it.
//
// Each verb has a file of its own. The work is done by the packages in internal.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is Saddle's. The installed versions on a machine are told apart by their source, not by this.
const version = "0.1.0"

// exitCode is an error that has been told already; main only ends with the code.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := rootCommand().ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
	case errors.As(err, &code):
		os.Exit(int(code))
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "saddle: interrupted")
		os.Exit(130) // what shells expect of a command that SIGINT ended
	default:
		fmt.Fprintln(os.Stderr, "saddle:", strings.TrimSpace(err.Error()))
		if strings.HasPrefix(err.Error(), "unknown command") {
			fmt.Fprintln(os.Stderr, listHint)
		}
		os.Exit(1)
	}
}

// listHint is for those who take saddle for another command.
const listHint = `"saddle help" lists the commands`

// rootCommand is the command line.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "saddle",
		Short: "A Go kernel for Jupyter, made for looking at loss landscapes",
		Long: `Saddle runs Go in Jupyter notebooks. Cells are compiled; values, types and functions stay from cell to cell.

Usually nothing needs to be typed here: "saddle install" makes the kernel known to Jupyter, and Jupyter
starts it. If something does not work, "saddle doctor" says what is missing.`,
		SilenceUsage:      true, // an error of the work is no reason to show the flags
		SilenceErrors:     true, // main prints it, once
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(doctorCommand(), handoutCommand(), kernelCommand(), installCommand(), inspectCommand(), judgeCommand(), mergeCommand(), pathsCommand(), runCommand(), schemaCommand(), sliceCommand(), uninstallCommand(), versionCommand(), warmCommand())
	root.SetFlagErrorFunc(misuse)
	for _, c := range root.Commands() {
		if check := c.Args; check != nil {
			c.Args = func(cmd *cobra.Command, args []string) error {
				if err := check(cmd, args); err != nil {
					return misuse(cmd, err)
				}
				return nil
			}
		}
	}
	return root
}

// misuse says how a command is meant to be used.
func misuse(cmd *cobra.Command, err error) error {
	if !cmd.HasParent() {
		return fmt.Errorf("%w\n%s", err, listHint)
	}
	return fmt.Errorf("%s: %w\nusage: %s\n%q says more", cmd.Name(), err, cmd.UseLine(), "saddle help "+cmd.Name())
}
