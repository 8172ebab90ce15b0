package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/paths"
)

func pathsCommand() *cobra.Command {
	type place struct {
		name, what string
		find       func() (string, error)
	}
	places := []place{
		{"data", "installed versions, page libraries, history", paths.Data},
		{"cache", "compiled cells and packages; may be removed when no kernel runs", paths.Cache},
		{"source", "what cells compile against", paths.Source},
		{"page", "scripts that make figures turnable", paths.PageLibraries},
		{"history", "executed cells", paths.History},
	}
	return &cobra.Command{
		Use:   "paths [data | cache | source | page | history]",
		Short: "Print where Saddle keeps its files",
		Long: `Paths prints the folders and files that Saddle uses outside of notebooks, or only the one that is named.
SADDLE_DATA and SADDLE_CACHE move the first two, SADDLE_SOURCE the third.`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"data", "cache", "source", "page", "history"},
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, p := range places {
				if len(args) == 1 && args[0] != p.name {
					continue
				}
				path, err := p.find()
				if err != nil {
					return err
				}
				if len(args) == 1 {
					fmt.Fprintln(cmd.OutOrStdout(), path)
				} else {
					fmt.Fprintf(cmd.OutOrStdout(), "%-8s %s  (%s)\n", p.name, path, p.what)
				}
			}
			return nil
		},
	}
}
