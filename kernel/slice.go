package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/lossviz/job"
)

func sliceCommand() *cobra.Command {
	var out, shard string
	cmd := &cobra.Command{
		Use:   "slice JOB.json -o OUT.json",
		Short: "Compute a line or plane through a loss, from a job file",
		Long: `Slice computes the loss of a network, and what else the job's "report" names, at each point
weights + x*directions.x + y*directions.y of a grid. "saddle schema" prints the JSON Schema of job files.

With --shard I/N it computes one of N equal parts (I from 1 to N, or from 0 to N-1), to be joined by
"saddle merge". Finished tiles are kept in OUT.json.checkpoint until the end: run again after it was
killed, the same command goes on where it was, to the same bits.`,
		Example: `  saddle slice job.json -o out.json
  saddle slice job.json --shard $SLURM_ARRAY_TASK_ID/16 -o part-$SLURM_ARRAY_TASK_ID.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := job.Read(args[0])
			if err != nil {
				return err
			}
			var s job.Shard
			if shard != "" {
				if s, err = job.ParseShard(shard); err != nil {
					return err
				}
			}
			if err := writable(out); err != nil {
				return err
			}
			checkpoint := out + ".checkpoint"
			result, err := j.Slice(cmd.Context(), s, checkpoint)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			write := result.Write
			if s.N > 0 {
				write = func(w io.Writer) error { return result.WritePart(w, s) }
			}
			if err := job.WriteFile(out, write); err != nil {
				return err
			}
			return os.Remove(checkpoint)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write (required)")
	cmd.Flags().StringVar(&shard, "shard", "", "compute part I of N only, as `I/N`")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// writable says early that a file could not be written at the end.
func writable(path string) error {
	info, err := os.Stat(filepath.Dir(path))
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", filepath.Dir(path))
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", path)
	}
	return nil
}
