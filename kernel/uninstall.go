package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/snapshot"
	"github.com/gosaddle/saddle/kernel/spec"
)

func uninstallCommand() *cobra.Command {
	var at place
	var all bool
	cmd := &cobra.Command{
		Use:   "uninstall [--user | --sys-prefix | --prefix folder] [--name name] [--all]",
		Short: "Take the kernel out of Jupyter",
		Long: `Uninstall removes what "saddle install" with the same flags has installed: the kernelspec, and the copy of Saddle
if no other kernelspec uses it. With --all it also removes the caches, the page libraries and the history.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := at.dir(cmd.Context())
			if err != nil {
				return err
			}
			k, err := spec.Read(dir)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				fmt.Fprintf(cmd.OutOrStdout(), "no kernel %q in %s\n", at.name, dir)
			case err != nil:
				return err
			case !k.IsOurs():
				return fmt.Errorf("%s is the kernelspec of another kernel (%s): left alone", dir, k.DisplayName)
			default:
				if err := os.RemoveAll(dir); err != nil {
					return fmt.Errorf("remove the kernelspec: %w", err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", dir)
			}
			if !all {
				return snapshot.Clean()
			}
			for _, find := range []func() (string, error){paths.Data, paths.Cache} {
				dir, err := find()
				if err == nil {
					err = os.RemoveAll(dir)
				}
				if err != nil {
					return fmt.Errorf("remove Saddle's own files: %w", err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", dir)
			}
			return nil
		},
	}
	at.addFlags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "remove Saddle's own files as well: other kernelspecs of it stop working")
	return cmd
}
