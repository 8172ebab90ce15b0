package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/lossviz/job"
)

func inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect JOB.json",
		Short: "Print loss, gradient and Hessian eigenvalues at a job's weights",
		Long: `Inspect prints JSON: "loss", "accuracy" (null where the loss does not classify), "gradient" with the keys and
shapes of the weights, and "hessian_eigenvalues", ascending. The job needs no directions and no grid.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := job.Read(args[0])
			if err != nil {
				return err
			}
			found, err := j.Inspect(cmd.Context())
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if found.Eigenvalues == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "saddle: no eigenvalues: the Hessian of %d parameters takes %.1f GB (the limit is %d parameters)\n",
					len(found.Gradient), 24e-9*float64(len(found.Gradient))*float64(len(found.Gradient)), job.MaxHessian)
			}
			return found.Write(cmd.OutOrStdout())
		},
	}
}
