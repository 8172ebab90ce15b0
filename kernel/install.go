package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/snapshot"
	"github.com/gosaddle/saddle/kernel/spec"
)

// place says where among Jupyter's folders a kernelspec goes.
type place struct {
	user, sysPrefix bool
	prefix, name    string
}

func (p *place) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&p.user, "user", false, "for this user, whichever Jupyter is used (the default)")
	flags.BoolVar(&p.sysPrefix, "sys-prefix", false, "in the active Python environment")
	flags.StringVar(&p.prefix, "prefix", "", "in the Python environment at `folder`")
	flags.StringVar(&p.name, "name", spec.DefaultName, "`name` of the kernel in Jupyter")
	cmd.MarkFlagsMutuallyExclusive("user", "sys-prefix", "prefix")
}

// dir is the kernelspec's folder.
func (p *place) dir(ctx context.Context) (string, error) {
	if err := spec.CheckName(p.name); err != nil {
		return "", err
	}
	if p.prefix == "" && !p.sysPrefix {
		dir, err := spec.UserDir()
		return filepath.Join(dir, p.name), err
	}
	prefix := p.prefix
	if p.sysPrefix {
		var err error
		if prefix, err = sysPrefix(ctx); err != nil {
			return "", err
		}
	}
	prefix, err := filepath.Abs(prefix)
	if err != nil {
		return "", fmt.Errorf("--prefix: %w", err)
	}
	return filepath.Join(spec.PrefixDir(prefix), p.name), nil
}

// sysPrefix is the sys.prefix of the active Python environment.
func sysPrefix(ctx context.Context) (string, error) {
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if dir := os.Getenv(variable); dir != "" {
			return dir, nil
		}
	}
	out, err := exec.CommandContext(ctx, "python3", "-c", "import sys; print(sys.prefix)").Output()
	if err != nil {
		return "", fmt.Errorf("--sys-prefix: ask python3 for its prefix: %w; activate an environment, or use --prefix", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func installCommand() *cobra.Command {
	var at place
	var source string
	cmd := &cobra.Command{
		Use:   "install [--user | --sys-prefix | --prefix folder] [--name name]",
		Short: "Make the kernel known to Jupyter",
		Long: `Install copies this command, and the source of Saddle that cells compile against, to the user's data folder,
and writes the kernelspec by which Jupyter finds the kernel. The clone may be moved or removed afterwards. An older
version that no kernelspec uses any more is removed. Where all is in place already, nothing changes.

The scripts that make figures turnable are copied with the kernelspec when install.sh has fetched them.`,
		Example: `  saddle install                     for this user
  saddle install --sys-prefix        in the active Python environment
  saddle install --name saddle-dev   as a second kernel beside the first`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := at.dir(cmd.Context())
			if err != nil {
				return err
			}
			if source == "" {
				if source, err = paths.Source(); err != nil {
					return err
				}
			}
			return install(cmd, dir, at.name, source)
		},
	}
	at.addFlags(cmd)
	cmd.Flags().StringVar(&source, "source", "", "`folder` of the clone to install from (default: what this command was built from)")
	return cmd
}

func install(cmd *cobra.Command, dir, name, source string) error {
	if k, err := spec.Read(dir); err == nil && !k.IsOurs() {
		return fmt.Errorf("%s is the kernelspec of another kernel (%s): choose another --name", dir, k.DisplayName)
	}
	command, err := snapshot.Install(source)
	if err != nil {
		return err
	}
	libraries, err := paths.PageLibraries()
	if err != nil {
		return err
	}
	if _, err := os.Stat(libraries); errors.Is(err, fs.ErrNotExist) {
		cmd.PrintErrln("saddle: the scripts for turnable figures are not here, figures will be still pictures in JupyterLab; ./install.sh fetches them")
		libraries = ""
	}
	changed, err := spec.Spec{Name: name, Command: command, Libraries: libraries}.Write(dir)
	if err != nil {
		return err
	}
	if err := snapshot.Use(command, dir); err != nil {
		return err
	}
	word := "is already installed in"
	if changed {
		word = "installed in"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "kernel %q %s %s\n", name, word, dir)
	return err
}
