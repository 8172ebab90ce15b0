package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
)

// TestCommands: each command of gonb's help, in one notebook. want is a regular expression for what is printed, the result, and
// the text of the pager, or, where it begins with "error: ", for the error.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	k := jupytertest.Start(t, func(cmd *exec.Cmd) { cmd.Dir = dir })
	answers := []string{"typed", "hidden"}
	k.Answer(func(string, bool) string {
		a := answers[0]
		answers = answers[1:]
		return a
	})
	q := regexp.QuoteMeta
	for _, c := range []struct{ code, want string }{
		{"%help", `(?s)%exec.*%who.*%%writefile`},
		{"%help cd", `%cd \[DIR\]`},
		{"%cd?", `%cd \[DIR\]`},
		{"%%\nfmt.Print(\"main\")", `^main$`},
		{"%main\nfmt.Print(\"main\")", `^main$`},
		{"//gonb:%%\nfmt.Print(\"prefix\")", `^prefix$`},
		{"func main() { fmt.Print(\"a main of its own\") }", `^a main of its own$`},
		{"var n = flag.Int(\"n\", 1, \"how often\")\n%% -n=3 rest\nfmt.Print(*n, os.Args[1:])", `^3 \[-n=3 rest\]$`},
		{"%% -n=many\nfmt.Print(\"not reached\")", `^error: .*many`},
		{"%args -n=4 \"two words\"\nflag.Parse()\nfmt.Print(*n, len(flag.Args()), flag.Arg(0))", `^4 1two words$`},
		{"func once() { fmt.Print(\"once \", *n) }\n%exec once -n 5", `^once 5$`},
		{"%exec once", `^once 5$`},
		{"func init_a() { fmt.Print(\"set up, \") }\n%%\nfmt.Print(\"main\")", `^set up, main$`},
		{"%noautoget\nimport \"example.com/nothing\"", `^error: .*example.com/nothing, and %noautoget is set: !\*go get example.com/nothing adds one`},
		{"%autoget", `^$`},
		{"%env GOPROXY=off", `GOPROXY="off"`}, // what the notebook says of proxies holds when a module is fetched
		{"import \"example.com/nothing\"", `^error: [^\n]*getting example.com/nothing: [^\n]*GOPROXY=off$`},

		{"%cd", "^" + q(dir) + `\n$`},
		{"%cd sub", "^" + q(dir) + `/sub\n$`},
		{"!pwd", "^" + q(dir) + `/sub\n$`},
		{"wd, _ := os.Getwd()\nfmt.Print(wd, \" \", os.Getenv(\"GONB_DIR\"))", "^" + q(dir) + "/sub " + q(dir) + "/sub$"},
		{"os.Chdir(\"..\")\n!pwd", "^" + q(dir) + `/sub\n`}, // commands run first
		{"!pwd; echo $GONB_DIR", "^" + q(dir) + `\n` + q(dir) + `\n$`},
		{"%cd nowhere", `^error: .*nowhere`},
		{"%env SADDLE_T one two", `^SADDLE_T="one two"\n$`},
		{"%env SADDLE_U=three", `^SADDLE_U="three"\n$`},
		{"fmt.Print(os.Getenv(\"SADDLE_T\"))\n!echo $SADDLE_T $SADDLE_U", `one two three\n`},
		{"%env SADDLE_NONE", `^error: .*SADDLE_NONE`},
		{"os.Getenv(\"GONB_TMP_DIR\") != \"\" && os.Getenv(\"GONB_PIPE\") != \"\"", `^true$`},
		{"%goflags -gcflags=-m", `^%goflags=\["-gcflags=-m"\]\n$`},
		{"%goflags \"\"", `^%goflags=\[\]\n$`},
		{"%goflags -race", `^error: .*-race`},
		{"%goflags -nosuch", `^error: .*-nosuch`},

		{"%with_inputs\n!read x; echo \"<$x>\"", `^<typed>\n$`},
		{"%with_password\n!read x; echo \"<$x>\"", `^<hidden>\n$`},
		{"%capture out.txt\nfmt.Println(\"kept\")\n7", `^kept\n7$`},
		{"%capture -a ${HOME_NOT_SET}out.txt\nfmt.Println(\"more\")", `^more\n$`},
		{"!cat out.txt", `^kept\n7\nmore\n$`},
		{"!echo one \\\n  two; exit 3", `^one two\nexit status 3\n$`},
		{"!*test -f go.mod && echo there; echo $GONB_TMP_DIR; pwd", `^there\n(\S+)\n\S+\n$`},
		{"%%writefile sub/note.txt\n%%this is no command\nline", `^wrote .* sub/note.txt|^wrote .*note.txt\n$`},
		{"%%writefile -a sub/note.txt\nlast", `appended`},
		{"!cat sub/note.txt", `^%%this is no command\nline\nlast\n$`},
		{"%%bash\nx=1\necho $((x+1))", `^2\n$`},
		{"%%sh\necho sh", `^sh\n$`},
		{"%%script sort -r\na\nb", `^b\na\n$`},
		{"%%bash\nexit 3", `^error: .*3`},
		{"1\n%%bash\nls", `^error: .*first line`},

		{"type point struct{ x int }\nfunc (p point) twice() int { return 2 * p.x }\nconst limit = 3\nvalues := []point{{1}, {2}}", `^$`},
		{"%ls", `(?s)const\s+limit\s+3\s.*type\s+point\s+struct\{x int\}\s+Cell.*var\s+values\s+\[\]point.*func\s+point\.twice`},
		{"%list", `values`},
		{"%who", `(?m)^values\s+\[\]main\.point\s+.*Cell\[\d+\]|^values\s+\[\]point\s+.*Cell\[\d+\]`},
		{"%whos", `values`},
		{"%who values", `^Variable.*\nvalues .*\n$`},
		{"%who values nosuch", `^error: .*nosuch`},
		{"%rm values limit nothing", `(?s)removed var values\nremoved const limit\n.*nothing`},
		{"%remove point.twice", `removed`},
		{"values", `^error: .*undefined: values`},
		{"point{2}.twice()", `^error: .*twice`},
		{"%track sub", `tracking ` + q(dir) + `/sub`},
		{"%track", `tracking ` + q(dir) + `/sub`},
		{"%untrack ...", `no files`},
		{"%untrack sub", `^error: .*sub`},
		{"%timeit -n 10 -r 2 math.Sqrt(2)", `per loop.*mean of 2 runs of 10 loops`},
		{"%timeit -n 1 nosuch(1)", `^error: Cell\[\d+\]:1:14: undefined: nosuch`},
		{"  %time nosuch(1)", `^error: Cell\[\d+\]:1:9: undefined: nosuch`},
		{"\n%exec nosuch -v", `^error: Cell\[\d+\]:2:7: undefined: nosuch`},
		{"%%time\ntotal := 0\nfor i := range 10 { total += i }", `^time: `},
		{"%test", `^error: .*TestName`},
		{"%test\nfunc TestLimit(t *testing.T) { if total != 45 { t.Error(total) } }", `(?s)--- PASS: TestLimit.*PASS`},
		{"%goworkfix", `not needed`},
		{"%widgets", `not needed`},
		{"%wasm", `^error: .*native process`},
		{"%whoo", `^error: .*nearest is %who`},
		{"%%bsh", `^error: .*nearest is %%bash`},
		{"%reset everything", `^error: .*everything`},
		{"%reset go.mod", `^go.mod is new\n$`},
		{"total", `^45$`},
		{"%reset", `forgotten`},
		{"total", `^error: .*undefined: total`},
		{"%who", `no variables`},
		{"%ls", `nothing is declared`},
		{"%restore", `^error: .*nothing to restore`},
	} {
		r := k.Run(c.code)
		got := r.Stdout + r.Stderr + r.Text
		payload, _ := r.Reply["payload"].([]any)
		for _, p := range payload {
			page, _ := p.(map[string]any)
			data, _ := page["data"].(map[string]any)
			text, _ := data["text/plain"].(string)
			got += text
		}
		if r.Status == "error" {
			got = "error: " + r.Value
		}
		if !regexp.MustCompile(c.want).MatchString(got) || r.Status == "error" && !strings.HasPrefix(c.want, "^error") {
			t.Errorf("%s\ngave\n%s\nwhich does not match %s", c.code, got, c.want)
		}
	}
}
