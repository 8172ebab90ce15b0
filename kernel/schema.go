package main

import (
	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/lossviz/job"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of job files",
		Long:  `Schema prints the JSON Schema (draft 2020-12) of the job files that slice, inspect and judge read.`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := cmd.OutOrStdout().Write(job.Schema)
			return err
		},
	}
}
