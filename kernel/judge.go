package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/lossviz/convexity"
	"github.com/gosaddle/saddle/lossviz/job"
)

func judgeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "judge JOB.json",
		Short: "Prove a job's loss convex, or certify that it is not",
		Long: `Judge prints a verdict as JSON: "convex" with the proof's steps and the modulus of strong convexity, "not-convex" with
a certificate, points a and b and a weight t such that L(ta+(1-t)b) - tL(a) - (1-t)L(b) lies in "gap" and is positive
in exact arithmetic, or "undetermined" with what was tried. The search starts at the job's weights; the job needs no
directions and no grid. An interrupt prints what was tried until then, as "undetermined", and the exit status is 130.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := job.Read(args[0])
			if err != nil {
				return err
			}
			verdict := convexity.Judge(j.Objective(), convexity.From(j.Weights), convexity.Context(cmd.Context()))
			unfinished := verdict.Err()
			if unfinished != nil {
				unfinished = fmt.Errorf("%s: %w", args[0], unfinished)
				if !errors.Is(unfinished, context.Canceled) {
					return unfinished
				}
			}
			out := json.NewEncoder(cmd.OutOrStdout())
			out.SetEscapeHTML(false) // layers are written with ->
			out.SetIndent("", " ")
			if err := out.Encode(verdict); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return unfinished
		},
	}
}
