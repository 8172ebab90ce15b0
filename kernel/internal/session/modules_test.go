package session_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// proxy makes a module proxy of files and has go commands use it. It returns the path under which its modules lie, which no
// other test run has used: modules stay in the module cache.
func proxy(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	path = fmt.Sprintf("saddle.test/r%d", time.Now().UnixNano())
	put := func(name, version string, requires, source string) {
		t.Helper()
		m := module.Version{Path: path + "/" + name, Version: version}
		src := t.TempDir()
		mod := "module " + m.Path + "\n\ngo 1.24\n" + requires
		for file, text := range map[string]string{"go.mod": mod, name + ".go": "package " + name + "\n" + source} {
			if err := os.WriteFile(filepath.Join(src, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		at := filepath.Join(dir, m.Path, "@v")
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		archive, err := os.Create(filepath.Join(at, version+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		if err := zip.CreateFromDir(archive, m, src); err != nil {
			t.Fatal(err)
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		list, err := os.OpenFile(filepath.Join(at, "list"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(list, version)
		list.Close()
		for ext, text := range map[string]string{".mod": mod, ".info": fmt.Sprintf(`{"Version":%q,"Time":"2024-01-01T00:00:00Z"}`, version)} {
			if err := os.WriteFile(filepath.Join(at, version+ext), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("dep", "v1.0.0", "", `func Version() string { return "dep 1.0" }`)
	put("dep", "v1.1.0", "", `func Version() string { return "dep 1.1" }`)
	put("old", "v1.0.0", "require "+path+"/dep v1.0.0\n", "import \""+path+"/dep\"\nfunc Dep() string { return dep.Version() }")
	put("young", "v1.0.0", "require "+path+"/dep v1.1.0\n", "import \""+path+"/dep\"\nfunc Dep() string { return dep.Version() }")
	put("other", "v0.1.0", "", "func Number() int { return 1 }")
	put("other", "v0.2.0", "", "func Number() int { return 2 }")
	t.Setenv("GOPROXY", "file://"+dir)
	t.Setenv("GONOSUMDB", path)
	t.Setenv("GOFLAGS", "-modcacherw")
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, d := range []string{"", "cache/download"} {
			os.RemoveAll(filepath.Join(strings.TrimSpace(string(cache)), d, path))
		}
	})
	return path
}

// TestModules: modules are fetched when a cell imports them, unless that would change one that is loaded.
func TestModules(t *testing.T) {
	p := proxy(t)
	b := open(t)
	b.run("import \""+p+"/old\"\nold.Dep()", "dep 1.0")
	b.run("kept := 7", "")
	// Indirectly: young needs another version of dep, which old has brought along.
	b.fail("import \""+p+"/young\"\nyoung.Dep()", p+"/dep v1.0.0", "would be v1.1.0", "restart the kernel")
	b.fail("!*go get "+p+"/young@v1.0.0", p+"/dep v1.0.0", "would be v1.1.0", "restart the kernel")
	b.run("old.Dep() + fmt.Sprint(kept)", "dep 1.07")
	// What is not loaded comes in any version.
	if out, _, err := b.try("!*go get " + p + "/other@v0.1.0\nimport \"" + p + "/other\"\nfmt.Println(\"number\", other.Number())"); err != nil || !strings.Contains(out, "number 1") {
		t.Errorf("a version by hand: %v\n%s", err, out)
	}
	b.fail("!*go get "+p+"/other@v0.2.0", p+"/other v0.1.0", "v0.2.0")
	b.run("kept + other.Number()", "8")
	b.run("%noautoget", "")
	b.fail("import \""+p+"/missing\"", "missing")
	b.run("%autoget", "")
	b.fail("%reset go.mod", "%reset forgets all values")
	b.run("kept", "7")
	b.run("%reset", "all declarations and values are forgotten, go.mod is new\n")
	b.fail("kept", "undefined")
	// In the first cell a version can be chosen, also of what a later import would bring along.
	if out, _, err := b.try("!*go get " + p + "/dep@v1.1.0\nimport \"" + p + "/old\"\nfmt.Println(old.Dep())"); err != nil || !strings.Contains(out, "dep 1.1") {
		t.Errorf("a version chosen first: %v\n%s", err, out)
	}
}

// TestOwnModule: a go.mod beside the notebook counts, with its private packages, its replacements and a go.work above it; a
// notebook with other versions runs at the same time.
func TestOwnModule(t *testing.T) {
	p := proxy(t)
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mod := "module private.test/book\n\ngo 1.24\n\nrequire (\n\t" + p + "/dep v1.1.0\n\tprivate.test/tools v0.0.0\n)\n\nreplace private.test/tools => ../tools\n"
	write("book/go.mod", mod)
	write("book/internal/secret/secret.go", "package secret\n\nfunc Word() string { return \"mellon\" }\n")
	write("tools/go.mod", "module private.test/tools\n\ngo 1.24\n")
	write("tools/tools.go", "package tools\n\nfunc Double(n int) int { return 2 * n }\n")
	write("shared/go.mod", "module private.test/shared\n\ngo 1.24\n")
	write("shared/shared.go", "package shared\n\nconst Name = \"shared\"\n")
	b := openIn(t, filepath.Join(dir, "book"))
	other := open(t)
	b.run("import (\n\t\"private.test/book/internal/secret\"\n\t\"private.test/tools\"\n\t\""+p+"/dep\"\n)\nfmt.Sprint(secret.Word(), \" \", tools.Double(4), \" \", dep.Version())", "mellon 8 dep 1.1")
	other.run("import \""+p+"/old\"\nold.Dep()", "dep 1.0")
	b.run("dep.Version()", "dep 1.1")
	if text, err := os.ReadFile(filepath.Join(dir, "book", "go.mod")); err != nil || string(text) != mod {
		t.Errorf("the notebook's go.mod has become\n%s", text)
	}
	// The go.mod is edited, and a go.work added, while the notebook is open.
	mod = strings.Replace(mod, "require (", "require (\n\t"+p+"/other v0.1.0", 1)
	write("book/go.mod", mod)
	b.run("import \""+p+"/other\"\nother.Number()", "1")
	write("go.work", "go 1.24\n\nuse (\n\t./book\n\t./shared\n)\n")
	b.run("import \"private.test/shared\"\nshared.Name", "shared")
	b.run("kept := 1", "")
	write("book/go.mod", strings.Replace(mod, "/dep v1.1.0", "/dep v1.0.0", 1))
	b.fail("kept", p+"/dep v1.1.0", "would be v1.0.0")
	write("book/go.mod", mod)
	b.run("kept", "1")
}

// TestNoNetwork: where the module proxy cannot be reached, that is said within seconds.
func TestNoNetwork(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, goproxy := range map[string]string{"refused": "http://127.0.0.1:1", "silent": "http://" + silent.Addr().String(), "off": "off"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOPROXY", goproxy)
			b := open(t)
			b.run("x := 1", "")
			start := time.Now()
			b.fail("import \"nowhere.test/pkg\"", "nowhere.test/pkg", map[bool]string{true: "GOPROXY=off", false: "127.0.0.1"}[goproxy == "off"])
			if took := time.Since(start); took > time.Minute { // go's own patience is longer; a busy machine needs some
				t.Errorf("it took %v to say so", took)
			}
			b.run("x", "1")
		})
	}
}
