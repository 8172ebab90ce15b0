package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestScript: Go's linker gives the script the same arguments as the C compiler, and it makes the same of them.
func TestScript(t *testing.T) {
	tools, err := FindToolchain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "it's a folder")
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script, err := tools.script(t.Context(), dir)
	if tools.ld == "" {
		t.Skip("no outer linker that could be called straight here:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	run("sh", "-c", `printf 'double g(double); double f(double x) { return g(x) + 1; }' > f.c; printf 'double sqrt(double); double g(double x) { return sqrt(x); }' > g.c; printf '#include <stdio.h>\ndouble f(double); int main() { return f(9) != 4; }' > main.c`)
	run(tools.CC, "-fPIC", "-c", "f.c", "g.c")
	for _, flags := range [][]string{
		{"-O2", "-g", "-pthread", "-rdynamic", "-Wl,-z,relro,-z,now", "-Wl,-z,nocopyreloc"},
		{"-march=native"}, // not the linker's: the C compiler is called
	} {
		run(script, append(flags, "-shared", "-s", "-o", "libf.so", "f.o", "g.o", "-lm")...)
		run(tools.CC, "main.c", "-o", "main", "-L.", "-lf", "-lm", "-Wl,-rpath,"+dir)
		run(filepath.Join(dir, "main"))
	}
	if err := exec.Command(script, "-o", "a.out", filepath.Join(dir, "trivial.c")).Run(); err == nil {
		t.Error("a probe of Go's linker was answered")
	}
}
