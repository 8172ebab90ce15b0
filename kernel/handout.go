package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/handout"
	"github.com/gosaddle/saddle/kernel/internal/paths"
)

func handoutCommand() *cobra.Command {
	var o handout.Options
	cmd := &cobra.Command{
		Use:   "handout notebook|folder...",
		Short: "Export notebooks as handouts that need no network",
		Long: `Handout writes one HTML file for each notebook. Every figure in it is live, formulas are drawn, and nothing is
fetched: the page libraries are embedded, once a file. A folder becomes a small site with an index; Markdown files beside
the notebooks become pages of it where a notebook leads to them. Title, authors and date come from the notebook's
metadata. With --student, what stands between BEGIN SOLUTION and END SOLUTION is left out; with --solutions it stays,
marked. With --execute the notebook is run first; its file stays as it is.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Libraries, err = paths.PageLibraries(); err != nil {
				return err
			}
			if o.Jupyter, err = handout.Jupyter(); err != nil {
				return err
			}
			files, err := handout.ExportAll(cmd.Context(), args, o)
			for _, path := range files {
				fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.Out, "output", "o", "handouts", "`folder` of the handouts")
	flags.BoolVar(&o.Execute, "execute", false, "run the notebooks first")
	flags.StringVar(&o.Kernel, "kernel", "saddle", "`name` of the kernel that runs them")
	flags.BoolVar(&o.Student, "student", false, "leave solutions out")
	flags.BoolVar(&o.Solutions, "solutions", false, "keep solutions, marked")
	flags.BoolVar(&o.PDF, "pdf", false, "write PDFs as well, through Chromium")
	cmd.MarkFlagsMutuallyExclusive("student", "solutions")
	flags.BoolVar(&o.NoCode, "no-code", false, "leave the cells' code out")
	return cmd
}
