package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/build"
	"github.com/gosaddle/saddle/kernel/internal/client"
	"github.com/gosaddle/saddle/kernel/internal/handout"
	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/wire"
	"github.com/gosaddle/saddle/kernel/spec"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check what Saddle needs, and say how to mend it",
		Long: `Doctor checks the Go toolchain, the C compiler, the source that cells compile against, the caches, gopls, Jupyter,
the kernelspecs and the page libraries, and at last runs a cell. For each that fails it says what to do. The exit
status is 1 if something that notebooks cannot do without is missing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return doctor(cmd.Context(), cmd.OutOrStdout()) },
	}
}

// finding is the outcome of one check.
type finding struct {
	ok     string // what was found; "" when the check failed
	wrong  error
	mend   string // what to do about it
	lesser bool   // notebooks run without it
}

func doctor(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	failed := 0
	for _, check := range []struct {
		name string
		find func(context.Context) finding
		mend string // where the finding itself knows no better
	}{
		{"Go and C", checkToolchain, "install Go 1.26 or later and a C compiler, and have both on the PATH"},
		{"source", checkSource, "run ./install.sh in a clone of Saddle"},
		{"folders", checkFolders, "set SADDLE_DATA and SADDLE_CACHE to folders that can be written"},
		{"gopls", checkGopls, `run "saddle warm", which builds it`},
		{"Jupyter", checkJupyter, "run ./install.sh in a clone of Saddle, or pip install jupyterlab"},
		{"kernelspec", checkKernelspec, `run "saddle install"`},
		{"page libraries", checkLibraries, "run ./install.sh in a clone of Saddle, which fetches them"},
		{"a cell", checkCell, `mend what is wrong above first; else "SADDLE_LOG=debug saddle run notebook.ipynb" says more`},
	} {
		f := check.find(ctx)
		if f.mend == "" {
			f.mend = check.mend
		}
		if f.wrong == nil {
			fmt.Fprintf(w, "ok    %-15s %s\n", check.name, f.ok)
			continue
		}
		word := "FAIL "
		if f.lesser {
			word = "minor"
		} else {
			failed++
		}
		fmt.Fprintf(w, "%s %-15s %v\n", word, check.name, f.wrong)
		fmt.Fprintf(w, "      %-15s -> %s\n", "", f.mend)
	}
	if failed > 0 {
		return exitCode(1)
	}
	return nil
}

func checkToolchain(ctx context.Context) finding {
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return finding{wrong: err}
	}
	dir, err := os.MkdirTemp("", "saddle-doctor-")
	if err != nil {
		return finding{wrong: err, mend: "make the folder for temporary files writable, or set TMPDIR"}
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "probe.c")
	err = os.WriteFile(program, []byte("#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n"), 0o644)
	if err == nil {
		cc := strings.Fields(tools.CC)
		err = exec.CommandContext(ctx, cc[0], append(cc[1:], "-o", filepath.Join(dir, "probe"), program)...).Run()
	}
	if err != nil {
		return finding{wrong: fmt.Errorf("%s does not compile a C program: %w", tools.CC, err),
			mend: "install gcc and the C library's headers (Debian, Ubuntu: apt-get install gcc libc6-dev; macOS: xcode-select --install)"}
	}
	return finding{ok: fmt.Sprintf("%s in %s, C compiler %s", tools.Version, tools.Go, tools.CC)}
}

func checkSource(context.Context) finding {
	source, err := paths.Source()
	if err != nil {
		return finding{wrong: err, mend: "run ./install.sh in a clone of Saddle"}
	}
	return finding{ok: source}
}

func checkFolders(context.Context) finding {
	var found []string
	for _, find := range []func() (string, error){paths.Data, paths.Cache} {
		dir, err := find()
		if err != nil {
			return finding{wrong: err}
		}
		if err := canWrite(dir); err != nil {
			return finding{wrong: err, mend: "make the folder writable, or set SADDLE_DATA and SADDLE_CACHE to others"}
		}
		found = append(found, dir)
	}
	return finding{ok: strings.Join(found, ", ") + " can be written"}
}

// canWrite makes dir and writes a file in it. That the disk is full shows here too.
func canWrite(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 1<<20))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

func checkGopls(ctx context.Context) finding {
	source, err := paths.Source()
	if err != nil {
		return finding{wrong: err, lesser: true}
	}
	gopls, err := paths.Gopls(source)
	if err != nil {
		return finding{wrong: err, lesser: true}
	}
	out, err := exec.CommandContext(ctx, gopls, "version").CombinedOutput()
	if err != nil {
		return finding{wrong: fmt.Errorf("code is not completed: %w", err), mend: `run "saddle warm", which builds it`, lesser: true}
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return finding{ok: first}
}

func checkJupyter(ctx context.Context) finding {
	jupyter, err := handout.Jupyter()
	if err != nil {
		return finding{wrong: err}
	}
	out, err := exec.CommandContext(ctx, jupyter, "lab", "--version").Output()
	if err != nil {
		return finding{wrong: fmt.Errorf("%s has no JupyterLab: %w", jupyter, err), mend: "run ./install.sh, or pip install jupyterlab"}
	}
	return finding{ok: fmt.Sprintf("JupyterLab %s, %s", strings.TrimSpace(string(out)), jupyter)}
}

// kernelspecs returns the folders of Saddle's kernelspecs that the user's Jupyter can see.
func kernelspecs(ctx context.Context) ([]string, error) {
	var parents []string
	if dir, err := spec.UserDir(); err == nil {
		parents = append(parents, dir)
	}
	if jupyter, err := handout.Jupyter(); err == nil {
		parents = append(parents, spec.PrefixDir(filepath.Dir(filepath.Dir(jupyter))))
	}
	for _, dir := range filepath.SplitList(os.Getenv("JUPYTER_PATH")) {
		parents = append(parents, filepath.Join(dir, "kernels"))
	}
	var found []string
	for _, parent := range parents {
		dirs, err := filepath.Glob(filepath.Join(parent, "*"))
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			if k, err := spec.Read(dir); err == nil && k.IsOurs() {
				found = append(found, dir)
			}
		}
	}
	return found, ctx.Err()
}

func checkKernelspec(ctx context.Context) finding {
	found, err := kernelspecs(ctx)
	if err != nil {
		return finding{wrong: err}
	}
	if len(found) == 0 {
		return finding{wrong: errors.New("no kernelspec of Saddle is where Jupyter looks"), mend: `run "saddle install"`}
	}
	for _, dir := range found {
		k, err := spec.Read(dir)
		if err == nil {
			_, err = os.Stat(k.Argv[0])
		}
		if err != nil {
			return finding{wrong: fmt.Errorf("%s runs a command that is not there: %w", dir, err), mend: `run "saddle install" again, or "saddle uninstall"`}
		}
	}
	return finding{ok: strings.Join(found, ", ")}
}

func checkLibraries(ctx context.Context) finding {
	const mend = "run ./install.sh, which fetches them"
	page, err := paths.PageLibraries()
	if err != nil {
		return finding{wrong: err, mend: mend, lesser: true}
	}
	dirs, err := kernelspecs(ctx)
	if err != nil {
		return finding{wrong: err}
	}
	for _, dir := range append([]string{page}, dirs...) {
		for _, name := range []string{"echarts.min.js", "echarts-gl.min.js"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return finding{wrong: fmt.Errorf("figures stay still pictures: %w", err), mend: mend, lesser: true}
			}
		}
	}
	return finding{ok: page}
}

// checkCell runs a cell in a new kernel.
func checkCell(ctx context.Context) finding {
	started := time.Now()
	exe, err := os.Executable()
	if err != nil {
		return finding{wrong: err}
	}
	var said bytes.Buffer
	kernel, err := client.Launch(ctx, exe, func(cmd *exec.Cmd) { cmd.Stderr = &said })
	if err != nil {
		if text := strings.TrimSpace(said.String()); text != "" { // the kernel itself knows best
			err = errors.New(text)
		}
		return finding{wrong: fmt.Errorf("the kernel does not start: %w", err)}
	}
	text, err := firstResult(ctx, kernel.Client)
	if err := errors.Join(err, kernel.Stop(10*time.Second)); err != nil {
		return finding{wrong: err}
	}
	if text != "42" {
		return finding{wrong: fmt.Errorf("6 * 7 is %q", text), mend: "please report this"}
	}
	return finding{ok: fmt.Sprintf("6 * 7 = 42, %.1f s after the kernel's start", time.Since(started).Seconds())}
}

func firstResult(ctx context.Context, c *client.Client) (string, error) {
	call, err := c.Execute("x := 6\nx * 7", map[string]any{"store_history": false})
	if err != nil {
		return "", err
	}
	var shown strings.Builder
	var failure *wire.Message
	p := printer{w: &shown}
	err = call.Wait(ctx, func(m *wire.Message) {
		p.see(m)
		if m.Header.MsgType == "error" {
			failure = m
		}
	})
	if err == nil && failure != nil {
		err = errors.New(traceback(failure))
	}
	return strings.TrimSpace(shown.String()), err
}
