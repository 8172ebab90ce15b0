package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A job of 2-4-1 on four samples, with a grid of n x n points.
func jobText(n int) string {
	w := `{"0.weight": [[1, 2], [3, 4], [-5, 6], [0.5, -1]], "0.bias": [0.1, 0.2, 0.3, 0.4], "1.weight": [[0.5, -1, 2, 1]], "1.bias": [0.25]}`
	d := `{"0.weight": [[0, 1], [1, 0], [1, -1], [2, 1]], "0.bias": [1, 2, -1, 0], "1.weight": [[1, 1, 1, 0]], "1.bias": [-1]}`
	return fmt.Sprintf(`{"network": {"layers": [{"type": "dense", "in": 2, "out": 4, "activation": "tanh"}, {"type": "dense", "in": 4, "out": 1}]},
"loss": "logistic", "data": {"x": [[1, 2], [0.5, -1], [3, -2], [-1, -1]], "y": [1, 0, 0, 1]},
"weights": %s, "directions": {"x": %s, "y": %s}, "x": [-1, 1, %d], "y": [-1, 1, %d], "report": ["loss", "hessian-extremes"]}`, w, w, d, n, n)
}

func writeJob(t *testing.T, text string) (folder, path string) {
	t.Helper()
	folder = t.TempDir()
	path = filepath.Join(folder, "job.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, path
}

func verb(args ...string) (string, error) { return verbUntil(context.Background(), args...) }

// verbUntil is verb with a context whose end is an interrupt.
func verbUntil(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

// A verdict that was interrupted is printed as the undetermined one that it is.
func TestInterruptedJudge(t *testing.T) {
	_, path := writeJob(t, jobText(13))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out, err := verbUntil(ctx, "judge", path)
	var v struct {
		Verdict string
		Tried   []string
	}
	if !errors.Is(err, context.Canceled) || json.Unmarshal([]byte(out), &v) != nil || v.Verdict != "undetermined" || v.Tried == nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestJobVerbs(t *testing.T) {
	folder, path := writeJob(t, jobText(13))
	in := func(name string) string { return filepath.Join(folder, name) }
	for _, args := range [][]string{
		{"slice", path, "-o", in("whole.json")},
		{"slice", path, "--shard", "0/2", "-o", in("0.json")},
		{"slice", path, "--shard", "1/2", "-o", in("1.json")},
		{"merge", in("0.json"), in("1.json"), "-o", in("merged.json")},
	} {
		if _, err := verb(args...); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	whole, err := os.ReadFile(in("whole.json"))
	if err != nil {
		t.Fatal(err)
	}
	if merged, err := os.ReadFile(in("merged.json")); err != nil || !bytes.Equal(whole, merged) {
		t.Errorf("merged parts are not the whole: %v", err)
	}
	if left, _ := filepath.Glob(in("*.checkpoint")); left != nil {
		t.Errorf("left behind: %v", left)
	}
	for name, key := range map[string]string{"inspect": "hessian_eigenvalues", "judge": "verdict"} {
		out, err := verb(name, path)
		var v map[string]any
		if err != nil || json.Unmarshal([]byte(out), &v) != nil || v[key] == nil {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
	if out, err := verb("schema"); err != nil || !json.Valid([]byte(out)) {
		t.Errorf("schema: %v", err)
	}
}

// A bad job leaves no file, and one line.
func TestBadJobLeavesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"memory": strings.Replace(jobText(13), "13]", "900000000]", 2),
		"NaN":    strings.Replace(jobText(13), "[1, 2]", "[NaN, 2]", 1),
		"shape":  strings.Replace(jobText(13), `"in": 2`, `"in": 3`, 1),
	} {
		folder, path := writeJob(t, text)
		_, err := verb("slice", path, "-o", filepath.Join(folder, "out.json"))
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
		if files, _ := os.ReadDir(folder); len(files) != 1 {
			t.Errorf("%s: %v", name, files)
		}
	}
}

// Killed at any time, a slice goes on where it was, to the same bits.
func TestKilledSlice(t *testing.T) {
	if job := os.Getenv("SADDLE_TEST_SLICE"); job != "" { // this is the process to be killed
		_, err := verb("slice", job, "-o", job+".out")
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	folder, path := writeJob(t, jobText(60))
	want, got := filepath.Join(folder, "want.json"), path+".out"
	if _, err := verb("slice", path, "-o", want); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestKilledSlice$")
	cmd.Env = append(os.Environ(), "SADDLE_TEST_SLICE="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- cmd.Wait() }()
	for len(finished) == 0 { // until it has finished some tiles
		if info, err := os.Stat(got + ".checkpoint"); err == nil && info.Size() > 3000 {
			break
		}
	}
	if err := cmd.Process.Kill(); err == nil {
		<-finished
	}
	if _, err := os.Stat(got + ".checkpoint"); err != nil {
		t.Skip("it was done before it could be killed")
	}
	if _, err := verb("slice", path, "-o", got); err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(want)
	b, _ := os.ReadFile(got)
	if len(a) == 0 || !bytes.Equal(a, b) {
		t.Error("other bits after a restart")
	}
}
