package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
)

// saddle runs the command and returns what it said and its exit status.
func saddle(t *testing.T, args ...string) (output string, status int) {
	t.Helper()
	cmd := exec.Command(jupytertest.Binary(), args...)
	cmd.Env = append(os.Environ(), "SADDLE_DATA="+t.TempDir(), "SADDLE_SOURCE="+must(filepath.Abs("..")))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, cells string) string {
		path := filepath.Join(dir, name)
		text := `{"cells": [` + cells + `], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	code := func(source, more string) string {
		return `{"cell_type": "code", "metadata": {` + more + `}, "outputs": [], "execution_count": null, "source": "` + source + `"}`
	}

	good := write("good.ipynb", code(`x := 6`, "")+","+code(`fmt.Println(x * 7)`, "")+","+code(`panic(1)`, `"tags": ["raises-exception"]`))
	done := filepath.Join(dir, "done.ipynb")
	out, status := saddle(t, "run", "--output", done, good)
	if status != 0 || !strings.Contains(out, "[2/3] fmt.Println(x * 7)\n42\n") || !strings.Contains(out, "3 cells in") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	if text, err := os.ReadFile(done); err != nil || !strings.Contains(string(text), `"42\n"`) {
		t.Errorf("written notebook: %v\n%s", err, text)
	}

	bad := write("bad.ipynb", code(`a := []int{}`, "")+","+code(`// the culprit\na[3]`, "")+","+code(`fmt.Println(\"never\")`, ""))
	out, status = saddle(t, "run", bad)
	if status != 1 || !strings.Contains(out, "    // the culprit\n    a[3]\n") || !strings.Contains(out, "index out of range") || strings.Contains(out, "never") || !strings.Contains(out, "cell 2 of 3 failed") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	if out, status = saddle(t, "run", "--keep-going", bad); status != 1 || !strings.Contains(out, "never\n") {
		t.Errorf("--keep-going: exit status %d:\n%s", status, out)
	}
	if out, status = saddle(t, "run", filepath.Join(dir, "none.ipynb")); status != 1 || !strings.Contains(out, "none.ipynb") {
		t.Errorf("no such file: exit status %d:\n%s", status, out)
	}
}

func TestInstall(t *testing.T) {
	env := t.TempDir()
	kernelspec := filepath.Join(env, "share", "jupyter", "kernels", "dev")
	data := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(jupytertest.Binary(), args...)
		cmd.Env = append(os.Environ(), "SADDLE_DATA="+data, "VIRTUAL_ENV="+env)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("saddle %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	source := must(filepath.Abs(".."))
	if out := run("install", "--sys-prefix", "--name", "dev", "--source", source); !strings.Contains(out, "installed in "+kernelspec) {
		t.Errorf("install: %s", out)
	}
	if out := run("install", "--prefix", env, "--name", "dev", "--source", source); !strings.Contains(out, "already") {
		t.Errorf("again: %s", out)
	}
	versions, err := filepath.Glob(filepath.Join(data, "versions", "*", "saddle"))
	if err != nil || len(versions) != 1 {
		t.Fatalf("installed versions: %v, %v", versions, err)
	}
	if out, err := exec.Command(versions[0], "paths", "source").Output(); err != nil || strings.TrimSpace(string(out)) != filepath.Join(filepath.Dir(versions[0]), "src") {
		t.Errorf("the installed command finds its source at %s, %v", out, err)
	}
	run("uninstall", "--sys-prefix", "--name", "dev")
	if _, err := os.Stat(kernelspec); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the kernelspec after uninstall: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(data, "versions", "*")); err != nil || len(left) != 0 {
		t.Errorf("left after uninstall: %v, %v", left, err)
	}
}

// TestDoctor: without Go and a C compiler it says so, and what to do; and why the kernel does not start.
func TestDoctor(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("SADDLE_MEMORY", "lots")
	out, status := saddle(t, "doctor")
	if status != 1 || !strings.Contains(out, "FAIL  Go and C") || !strings.Contains(out, "install") || !strings.Contains(out, "SADDLE_MEMORY=lots") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	if wrong, mends := strings.Count(out, "\nFAIL ")+strings.Count(out, "\nminor ")+1, strings.Count(out, "-> "); mends != wrong {
		t.Errorf("%d things are wrong, and %d mends are named:\n%s", wrong, mends, out)
	}
}

func TestMisuse(t *testing.T) {
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"run"}, []string{"run: ", "usage: saddle run notebook", `"saddle help run" says more`}},
		{[]string{"slice", "--nosuch"}, []string{"--nosuch", "usage: saddle slice JOB.json", `"saddle help slice"`}},
		{[]string{"rnu"}, []string{"rnu", "run"}},
		{[]string{"hlep"}, []string{"hlep", `"saddle help" lists the commands`}},
		{[]string{"--nosuch"}, []string{"--nosuch", `"saddle help" lists the commands`}},
	} {
		out, status := saddle(t, c.args...)
		for _, words := range c.says {
			if status != 1 || !strings.Contains(out, words) {
				t.Errorf("saddle %v: exit status %d, does not say %q:\n%s", c.args, status, words, out)
			}
		}
	}
}

func TestHelp(t *testing.T) {
	for _, c := range rootCommand().Commands() {
		if c.Hidden || c.Name() == "completion" || c.Name() == "help" {
			continue
		}
		if c.Short == "" || c.Long == "" {
			t.Errorf("saddle %s has no help", c.Name())
		}
		if strings.HasSuffix(c.Short, ".") {
			t.Errorf("saddle %s: the short help ends with a full stop", c.Name())
		}
	}
}
