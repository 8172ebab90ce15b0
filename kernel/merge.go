package main

import (
	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/lossviz/job"
)

func mergeCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge PART... -o OUT.json",
		Short: "Join the parts that slice --shard made",
		Long: `Merge joins all parts of one job, in any order, to what "saddle slice" without --shard would have written, to the
bit. It refuses missing parts, parts of another job, and parts that were computed by different code.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := job.Merge(args...)
			if err != nil {
				return err
			}
			return job.WriteFile(out, result.Write)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write (required)")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}
