package magic

import (
	"fmt"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
)

func ExampleParse() {
	cell := Parse("%cd data\nx := 1 // stays\n!ls -l\nx?")
	for _, c := range cell.Commands {
		fmt.Printf("line %d: %s %q\n", c.Line, c.Name, c.Rest)
	}
	fmt.Printf("%q\n", cell.Go)
	// Output:
	// line 1: %cd "data"
	// line 3: ! "ls -l"
	// line 4: ? "x"
	// "\nx := 1 // stays\n\n"
}

func TestParse(t *testing.T) {
	type cmd = Command
	tests := []struct {
		name, text, code string
		commands         []cmd
	}{
		{"plain Go", "x := 1\ny := x % 2", "x := 1\ny := x % 2", nil},
		{"shell", "!ls\n!*go mod tidy", "\n", []cmd{{Line: 1, Name: "!", Rest: "ls"}, {Line: 2, Name: "!*", Rest: "go mod tidy"}}},
		{"Windows line ends", "%cd a\r\nx := 1\r\n", "\nx := 1\r\n", []cmd{{Line: 1, Name: "%cd", Rest: "a"}}},
		{"continued", "!for i in 1 2; do \\\n echo $i; \\\ndone\nx", "\n\n\nx", []cmd{{Line: 1, Name: "!", Rest: "for i in 1 2; do   echo $i;  done"}}},
		{"continued at the end", `!ls \`, "", []cmd{{Line: 1, Name: "!", Rest: `ls \`}}},
		{"hidden", "//gonb:%%\n//gonb:!echo \\\n//gonb:b\n// gonb:%cd\n//gonb:x", "\n\n\n// gonb:%cd\n//gonb:x", []cmd{{Line: 1, Name: "%%"}, {Line: 2, Name: "!", Rest: "echo  b"}}},
		{"blank after sign", "% cd x", "", []cmd{{Line: 1, Name: "%cd", Rest: "x"}}},
		{"indented", "  %cd x", "", []cmd{{Line: 1, Name: "%cd", Rest: "x"}}},
		{"raw string", "s := `\n%cd x\n!ls\n`\n%cd y", "s := `\n%cd x\n!ls\n`\n", []cmd{{Line: 5, Name: "%cd", Rest: "y"}}},
		{"comment", "/*\n%cd x\n!ls\nx?\n*/ // `\n%cd y", "/*\n%cd x\n!ls\nx?\n*/ // `\n", []cmd{{Line: 6, Name: "%cd", Rest: "y"}}},
		{"quotes", "a := \"/*`\"; r := '`'; q := '\\''; b := \"\\\"`\"\n%cd y", "a := \"/*`\"; r := '`'; q := '\\''; b := \"\\\"`\"\n", []cmd{{Line: 2, Name: "%cd", Rest: "y"}}},
		{"quotes in commands", "!echo it's `date` /*\n%env A=\"`\n!ls", "\n\n", []cmd{{Line: 1, Name: "!", Rest: "echo it's `date` /*"}, {Line: 2, Name: "%env", Rest: "A=\"`"}, {Line: 3, Name: "!", Rest: "ls"}}},
		{"not, continued", "ok := a &&\n!b\nf(\n!c)\nif\n!d {\n}\ni++\n!ls", "ok := a &&\n!b\nf(\n!c)\nif\n!d {\n}\ni++\n", []cmd{{Line: 9, Name: "!", Rest: "ls"}}},
		{"not, indented", "\t!x", "\t!x", nil},
		{"main", "var f = flag.Int(\"n\", 1, \"\")\n%% --n 3\nprintln(*f)", "var f = flag.Int(\"n\", 1, \"\")\nflag.Parse()\nprintln(*f)", []cmd{{Line: 2, Name: "%%", Rest: "--n 3"}}},
		{"exec", "%exec f -x=17\nfunc f() {}", "\nfunc f() {}\nflag.Parse(); /*line :1:7*/f()", []cmd{{Line: 1, Name: "%exec", Rest: "f -x=17"}}},
		{"time", "%%time\nf()", "\nf()", []cmd{{Line: 1, Name: "%%time"}}},
		{"time of one", "%time f()", "/*line :1:7*/f()", []cmd{{Line: 1, Name: "%time", Rest: "f()"}}},
		{"cell", "\n%%bash -x\n%cd\necho `\n", "\n\n\n\n", []cmd{{Line: 2, Name: "%%bash", Rest: "-x", Body: "%cd\necho `\n"}}},
		{"cell, late", "x := 1\n%%bash\ny := 2", "x := 1\n\ny := 2", []cmd{{Line: 2, Name: "%%bash"}}},
		{"help", "train.Adam?\n?x\n%cd?\nx ??", "\n\n\n", []cmd{{Line: 1, Name: "?", Rest: "train.Adam"}, {Line: 2, Name: "?", Rest: "x"}, {Line: 3, Name: "?", Rest: "%cd"}, {Line: 4, Name: "?", Rest: "x"}}},
		{"no help", "// what?\ns := \"x?\"\n`\nx?\n`", "// what?\ns := \"x?\"\n`\nx?\n`", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cell := Parse(tt.text)
			if cell.Go != tt.code {
				t.Errorf("Go text:\n got %q\nwant %q", cell.Go, tt.code)
			}
			for i := range cell.Commands {
				cell.Commands[i].first, cell.Commands[i].Last = false, 0
			}
			if !reflect.DeepEqual(cell.Commands, tt.commands) {
				t.Errorf("commands:\n got %+v\nwant %+v", cell.Commands, tt.commands)
			}
		})
	}
}

func TestBlank(t *testing.T) {
	got := Blank("x?\n%timeit f(ü)\n!ü \\\na\ny\n%%time\n%time g()")
	if want := "  \n        f(ü)\n     \n \ny\n      \n      g()"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestArgs(t *testing.T) {
	got := splitArgs("--a=\"b c\" \t d\\e \"\" \"say \\\"hi\\\"\\n\" it's \"open")
	want := []string{"--a=b c", `d\e`, "", "say \"hi\"\n", "it's", "open"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTimeitIsOneLineOfGo(t *testing.T) {
	for text, stmt := range map[string]string{
		"f(x)":                   "/*line :1:9*/f(x)",
		"x + 1 // fast?":         "runtime.KeepAlive(/*line :1:9*/x + 1)",
		"len(s)":                 "runtime.KeepAlive(/*line :1:9*/len(s))",
		"[]byte(s)":              "runtime.KeepAlive(/*line :1:9*/[]byte(s))",
		"-n 10 -r 3 y := 2; _=y": "/*line :1:20*/y := 2; _=y",
		"f(`//`)":                "/*line :1:9*/f(`//`)",
	} {
		cell := Parse("%timeit " + text)
		if strings.Contains(cell.Go, "\n") || !strings.Contains(cell.Go, "{ "+stmt+" }") {
			t.Errorf("%%timeit %s: %q does not hold %q", text, cell.Go, stmt)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+cell.Go+"\n}", 0); err != nil {
			t.Errorf("%%timeit %s: %v\n%s", text, err, cell.Go)
		}
	}
}

// FuzzParse: the lines of a cell stay where they are, the Go text holds no more commands, and a text
// that Go's own parser accepts holds none but those in comments.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"%cd x\n!ls \\\n-l\nx := `\n%a\n`\n/*\n!b*/\n//gonb:%%\n", "%%bash\n!x", "%exec f 1\n%timeit -n 2 x", "a &&\n!b\nx?\r\n", "var x = a ||\n!b", "f('\\'', \"`\")\n%who",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cell := Parse(text)
		execs := 0
		last := 0
		for _, c := range cell.Commands {
			if c.Line <= last || c.Line > strings.Count(text, "\n")+1 {
				t.Errorf("command %+v: line out of order", c)
			}
			last = c.Line
			if c.Name == "%exec" && len(c.Args()) > 0 {
				execs++
			}
			if c.Name == "%timeit" || c.Name == "%exec" || strings.HasSuffix(c.Name, "%time") {
				return // these become Go text of the user's choice
			}
		}
		if got, want := strings.Count(cell.Go, "\n"), strings.Count(text, "\n")+execs; got != want {
			t.Errorf("%d line breaks, want %d", got, want)
		}
		again := Parse(cell.Go)
		if again.Go != cell.Go || len(again.Commands) > 0 {
			t.Errorf("parsing %q again finds %+v", cell.Go, again.Commands)
		}
		if strings.Contains(text, prefix) {
			return
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+text, 0); err == nil && cell.Go != text {
			t.Errorf("%q is Go, but commands were found: %+v", text, cell.Commands)
		}
	})
}
