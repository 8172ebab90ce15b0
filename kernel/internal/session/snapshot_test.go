package session_test

import (
	"go/parser"
	"go/token"
	"maps"
	"strings"
	"testing"
)

// TestSnapshot: what completion is told of the notebook is Go, and each declaration in it means what it meant in its cell.
func TestSnapshot(t *testing.T) {
	b := open(t)
	b.run("// shout is loud.\nfunc shout(s string) string { return strings.ToUpper(s) }", "")
	b.run("import r \"math/rand\"\nfunc draw() int { return r.Intn(10) }\nsource := r.NewSource(1)", "")
	b.run("import r \"regexp\"\nfunc find(s string) string { return r.MustCompile(\"a+\").FindString(s) }\nvar pattern = r.MustCompile(\"b\")", "")
	b.run("strings := 3\ntype point struct{ x int }\npoints := []point{{strings}}", "")
	snap := b.s.Snapshot()
	imports := map[string]string{}
	for _, i := range snap.Imports {
		if imports[i.Name] != "" {
			t.Errorf("two packages are called %s: %s and %s", i.Name, imports[i.Name], i.Path)
		}
		imports[i.Name] = i.Path
	}
	vars := map[string]string{}
	for _, v := range snap.Vars {
		vars[v.Name] = v.Type
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+snap.Decls, parser.AllErrors); err != nil {
		t.Errorf("the declarations are no Go: %v\n%s", err, snap.Decls)
	}
	for text, path := range map[string]string{".ToUpper(": "strings", ".Intn(": "math/rand", ".MustCompile(": "regexp"} {
		before, _, ok := strings.Cut(snap.Decls, text)
		name := before[strings.LastIndexAny(before, " \t(")+1:]
		if !ok || imports[name] != path {
			t.Errorf("%s%s is of %q, not of %s:\n%s", name, text, imports[name], path, snap.Decls)
		}
	}
	if imports["strings"] != "" {
		t.Error("strings is a variable, and imported as well")
	}
	want := map[string]string{"source": "math/rand.Source", "pattern": "*regexp.Regexp", "strings": "int", "points": "[]point"}
	got := map[string]string{}
	for name, typ := range vars {
		if pkg, rest, ok := strings.Cut(strings.TrimPrefix(typ, "*"), "."); ok {
			typ = strings.Repeat("*", strings.Count(typ, "*")) + imports[pkg] + "." + rest
		}
		got[name] = typ
	}
	if !maps.Equal(got, want) {
		t.Errorf("the variables are %v, want %v", got, want)
	}
	if !strings.Contains(snap.Decls, "// shout is loud.") {
		t.Errorf("the comment is lost:\n%s", snap.Decls)
	}
	b.run("%rm points", "removed var points\n")
	for _, v := range b.s.Snapshot().Vars {
		if v.Name == "points" {
			t.Error("a removed variable is still there")
		}
	}
}
