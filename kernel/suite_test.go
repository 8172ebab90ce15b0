package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/spec"
)

// python returns the Python that install.sh made, with Jupyter in it.
func python(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../.venv/bin/python")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Skip("there is no .venv with Jupyter: run ./install.sh first")
	}
	return path
}

// jupyterEnv is the environment of a Jupyter that knows only the kernel under test.
func jupyterEnv(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	if _, err := (spec.Spec{Name: spec.DefaultName, Command: jupytertest.Binary()}).Write(filepath.Join(dir, "kernels", spec.DefaultName)); err != nil {
		t.Fatal(err)
	}
	source, err := paths.Source()
	if err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "JUPYTER_PATH="+dir, "JUPYTER_DATA_DIR="+dir, "SADDLE_DATA="+filepath.Join(dir, "saddle"), "SADDLE_SOURCE="+source)
}

// TestJupyterSuite runs jupyter_kernel_test, none of its tests left out.
func TestJupyterSuite(t *testing.T) {
	cmd := exec.Command(python(t), "-m", "unittest", "-v", "testdata/jupyter_suite.py")
	cmd.Env = jupyterEnv(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
