package magic

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// book is a notebook without a compiler: real directories, its own environment.
type book struct {
	dir, workspace string
	env            []string
	flags          []string
	autoget        bool
	decls          []Declaration
	vars           []Variable
	tracked        []string
	restored       []int
	resets         []string
}

func (b *book) Dir() string { return b.dir }
func (b *book) Chdir(dir string) error {
	if info, err := os.Stat(dir); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	b.dir = dir
	return nil
}
func (b *book) Environ() []string { return slices.Clone(b.env) }
func (b *book) Setenv(name, value string) error {
	b.env = append(b.env, name+"="+value)
	return nil
}
func (b *book) Workspace() string           { return b.workspace }
func (b *book) Declarations() []Declaration { return b.decls }
func (b *book) Variables() []Variable       { return b.vars }
func (b *book) BuildFlags() []string        { return b.flags }
func (b *book) SetBuildFlags(_ context.Context, f []string) ([]string, error) {
	b.flags = f
	return nil, nil
}
func (b *book) SyncModule(context.Context) error { return nil }
func (b *book) SetAutoGet(on bool)               { b.autoget = on }
func (b *book) Track(path string) error          { b.tracked = append(b.tracked, path); return nil }
func (b *book) Tracked() []string                { return b.tracked }
func (b *book) Untrack(path string) error {
	b.tracked = slices.DeleteFunc(b.tracked, func(p string) bool { return p == path })
	return nil
}
func (b *book) Reset(context.Context) error { b.resets = append(b.resets, "all"); return nil }
func (b *book) ResetModule(context.Context) error {
	b.resets = append(b.resets, "go.mod")
	return nil
}
func (b *book) Restore(_ context.Context, cells []int) error { b.restored = cells; return nil }
func (b *book) Remove(name string) (string, error) {
	for i, d := range b.decls {
		if d.Name == name {
			b.decls = slices.Delete(b.decls, i, i+1)
			return d.Kind, nil
		}
	}
	return "", errors.New("is not declared")
}
func (b *book) Inspect(_ context.Context, expr string) (map[string]any, error) {
	return map[string]any{"text/plain": "about " + expr}, nil
}

// record keeps what a cell put out and answers what it asks.
type record struct {
	mu      sync.Mutex
	streams []string // stream name, then its text
	answers []string
	asked   []bool // whether for a password
	wrote   chan struct{}
}

func (r *record) Stream(name, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.streams); n > 0 && r.streams[n-2] == name {
		r.streams[n-1] += text
	} else {
		r.streams = append(r.streams, name, text)
	}
	if r.wrote != nil {
		select {
		case r.wrote <- struct{}{}:
		default:
		}
	}
}

func (r *record) Input(_ string, password bool) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, password)
	if len(r.answers) == 0 {
		return "", errors.New("this front end has no input")
	}
	answer := r.answers[0]
	r.answers = r.answers[1:]
	return answer, nil
}

func (r *record) text(stream string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for i := 0; i < len(r.streams); i += 2 {
		if r.streams[i] == stream {
			b.WriteString(r.streams[i+1])
		}
	}
	return b.String()
}

func newBook(t *testing.T) (*book, *Runner) {
	b := &book{dir: t.TempDir(), workspace: t.TempDir(), env: os.Environ(), autoget: true}
	r := NewRunner(b)
	t.Cleanup(func() { r.Close() })
	return b, r
}

// do runs a cell that must succeed and returns its standard output.
func do(t *testing.T, r *Runner, text string) string {
	t.Helper()
	var out record
	if _, err := r.Run(t.Context(), Parse(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out.text("stdout")
}

func TestShell(t *testing.T) {
	b, r := newBook(t)
	tests := []struct{ text, stdout, stderr string }{
		{"!echo hello", "hello\n", ""},
		{"!pwd", b.dir + "\n", ""},
		{"!*pwd", b.workspace + "\n", ""},
		{"!echo $GONB_DIR $GONB_TMP_DIR", b.dir + " " + b.workspace + "\n", ""},
		{"!echo a \\\n  b", "a b\n", ""},
		{"!echo oops >&2; exit 3", "", "oops\nexit status 3\n"},
		{"!read x; echo \"[$x]\"", "[]\n", ""}, // no input unless asked for
		{"!if [[ a == a ]]; then printf 'ünï'; fi", "ünï", ""},
		{"!printf '\\xff\\xe2\\x82'; printf '\\xac'", "\xff€", ""},
		{"%%bash\nf() { echo \"$1!\"; }\nf a\nf b", "a!\nb!\n", ""},
		{"%%sh\necho $0", "sh\n", ""},
		{"%%script tr a-z A-Z\nhello", "HELLO\n", ""},
		{"%%script true\n" + strings.Repeat("not read\n", 20000), "", ""},
		{"!go mod init example.com/m 2>/dev/null; ls", "go.mod\n", ""},
	}
	for _, tt := range tests {
		var out record
		if _, err := r.Run(t.Context(), Parse(tt.text), &out); err != nil {
			t.Errorf("%.60s: %v", tt.text, err)
		}
		if got := out.text("stdout"); got != tt.stdout {
			t.Errorf("%.60s: stdout %q, want %q", tt.text, got, tt.stdout)
		}
		if got := out.text("stderr"); got != tt.stderr {
			t.Errorf("%.60s: stderr %q, want %q", tt.text, got, tt.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(b.workspace, "go.mod")); err != nil {
		t.Error("go mod outside of a module must work on the notebook's own:", err)
	}
}

func TestShellIsSplitBetweenCharacters(t *testing.T) {
	_, r := newBook(t)
	want := strings.Repeat("a€", 50000)
	if got := do(t, r, "!for i in {1..50000}; do printf 'a€'; done"); got != want {
		t.Errorf("%d bytes differ from the %d written", len(got), len(want))
	}
}

func TestShellInterrupted(t *testing.T) {
	_, r := newBook(t)
	for _, text := range []string{"!echo up; sleep 1000", "!trap '' INT; echo up; while :; do sleep 0.1; done", "!echo up; sleep 1000 & wait"} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &record{wrote: make(chan struct{}, 1)}
		go func() {
			<-out.wrote
			cancel()
		}()
		start := time.Now()
		_, err := r.Run(ctx, Parse(text), out)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want %v", text, err, context.Canceled)
		}
		if d := time.Since(start); d > time.Minute { // without the interrupt they take longer by far
			t.Errorf("%s: stopped after %v", text, d)
		}
	}
}

func TestShellBackground(t *testing.T) {
	b, r := newBook(t)
	var out record
	if _, err := r.Run(t.Context(), Parse("!sleep 1000 & echo $! > pid"), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.text("stderr"), "background") {
		t.Errorf("nothing said about the background process: %q", out.text("stderr"))
	}
	if len(r.shells.groups) != 1 {
		t.Fatalf("background groups: %v", r.shells.groups)
	}
	r.Close()
	pid, err := os.ReadFile(filepath.Join(b.dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	gone := fmt.Sprintf("!for i in {1..100}; do kill -0 %[1]s 2>/dev/null && ! grep -q ') Z' /proc/%[1]s/stat || exit 0; sleep 0.05; done; echo alive", strings.TrimSpace(string(pid)))
	if got := do(t, r, gone); got != "" {
		t.Error("the background process outlived its Runner")
	}
}

func TestShellInput(t *testing.T) {
	_, r := newBook(t)
	out := &record{answers: []string{"foo", "bar", "secret"}}
	_, err := r.Run(t.Context(), Parse("%with_inputs\n!read a b; sleep 0.4; read c; echo \"$a $c\"\n%with_password\n!cat | { read p; echo $p; }\n!read x; echo \"[$x]\""), out)
	if err == nil {
		t.Fatal("cat asks for more than there is to answer: want an error")
	}
	if got, want := out.text("stdout"), "foo bar\nsecret\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	if want := []bool{false, false, true, true}; !reflect.DeepEqual(out.asked, want) {
		t.Errorf("asked %v, want %v", out.asked, want)
	}

	out = &record{}
	if _, err := r.Run(t.Context(), Parse("%with_inputs\n!true"), out); err != nil || len(out.asked) > 0 {
		t.Errorf("a command that reads nothing: error %v, asked %d times", err, len(out.asked))
	}
	_, err = r.Run(t.Context(), Parse("%with_inputs\n!read x; echo $x"), &record{})
	if err == nil || !strings.Contains(err.Error(), "this front end has no input") {
		t.Errorf("error %v, want that of the front end", err)
	}
}

func TestFiles(t *testing.T) {
	b, r := newBook(t)
	if err := os.Mkdir(filepath.Join(b.dir, "a b"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.env = append(b.env, "HOME="+b.dir, "SUB=a b")
	do(t, r, "%%writefile \"${SUB}/f.txt\"\nline `1`\n%cd")
	do(t, r, "%%writefile -a \"~/$SUB/f.txt\"\nline 2\n")
	if got, want := do(t, r, "%cd \"a b\"\n!cat f.txt"), filepath.Join(b.dir)+"\nline `1`\n%cd\nline 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := do(t, r, "!echo $GONB_DIR"); !strings.HasSuffix(got, "/a b\n") {
		t.Errorf("GONB_DIR is %q after %%cd", got)
	}

	opts, err := r.Run(t.Context(), Parse("%capture -a f.txt\nx := 1"), &record{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(opts.Capture, "line 3")
	if err := opts.Capture.Close(); err != nil {
		t.Fatal(err)
	}
	if got := do(t, r, "!tail -n 1 f.txt"); got != "line 3\n" {
		t.Errorf("captured %q", got)
	}
}

func TestCommands(t *testing.T) {
	b, r := newBook(t)
	b.env = []string{"PATH=" + os.Getenv("PATH"), "A=1"}
	b.decls = []Declaration{{"func", "f", "func(x int)\n(int, error)", 2}, {"var", "x", "int", 1}}
	b.vars = []Variable{{"x", "int", 8, 1, ""}, {"big", "[]float64", 2_500_000, 3, "its code is gone"}}
	tests := []struct{ text, stdout string }{
		{"%env B=two words", "B=\"two words\"\n"},
		{"%env C \"x\\ty\"", "C=\"x\\ty\"\n"},
		{"%env A", "A=\"1\"\n"},
		{"!echo $B", "two words\n"},
		{"%goflags -cover -race", "%goflags=[\"-cover\" \"-race\"]\n"},
		{"%goflags", "%goflags=[\"-cover\" \"-race\"]\n"},
		{"%goflags \"\"", "%goflags=[]\n"},
		{"%list", "var   x  int                       Cell[1]\nfunc  f  func(x int) (int, error)  Cell[2]\n"},
		{"%who", "Variable  Type       Size    From\nx         int        8 B     Cell[1]\nbig       []float64  2.5 MB  Cell[3]  its code is gone\n"},
		{"%rm x y", "removed var x\n"},
		{"%ls", "func  f  func(x int) (int, error)  Cell[2]\n"},
		{"%track lib", "tracking " + b.dir + "/lib\n"},
		{"%untrack lib", "no files or directories are tracked\n"},
		{"%noautoget", ""},
		{"%restore 3 5", ""},
		{"%reset go.mod", "go.mod is new\n"},
		{"%reset", "all declarations and values are forgotten, go.mod is new\n"},
		{"%goworkfix", "%goworkfix is not needed: go.work files are honoured as they are\n"},
	}
	for _, tt := range tests {
		if got := do(t, r, tt.text); got != tt.stdout {
			t.Errorf("%s:\n got %q\nwant %q", tt.text, got, tt.stdout)
		}
	}
	if b.autoget || !slices.Equal(b.restored, []int{3, 5}) || !slices.Equal(b.resets, []string{"go.mod", "all"}) {
		t.Errorf("autoget %v, restored %v, resets %v", b.autoget, b.restored, b.resets)
	}
}

func TestOptions(t *testing.T) {
	_, r := newBook(t)
	tests := []struct {
		text string
		want Options
	}{
		{"%% --n 3 \"a b\"", Options{Args: []string{"--n", "3", "a b"}}},
		{"%args a\n%%", Options{Args: []string{"a"}}},
		{"%exec f b", Options{Args: []string{"b"}}},
		{"%test", Options{Test: true}},
		{"%test \"\"", Options{Test: true, Flags: []string{}}},
		{"%test -test.bench=.", Options{Test: true, Flags: []string{"-test.bench=."}}},
		{"%%time", Options{Time: true}},
		{"x?", Options{Pages: []map[string]any{{"text/plain": "about x"}}}},
	}
	for _, tt := range tests {
		got, err := r.Run(t.Context(), Parse(tt.text), &record{})
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v (error %v), want %+v", tt.text, got, err, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	_, r := newBook(t)
	tests := []struct{ text, want string }{
		{"x := 1\n%cd nowhere", "line 2: %cd: "},
		{"%lsit", "nearest is %list"},
		{"%%wrietfile x", "nearest is %%writefile"},
		{"%bash", "nearest is %%bash"},
		{"%whoo", "nearest is %who"},
		{"%restor", "nearest is %restore"},
		{"% ", "nearest is %"},
		{"x := 1\n%%sh\necho", "first line"},
		{"%wasm", "native process"},
		{"%%script no-such-program\nx", "cannot start no-such-program"},
		{"%%bash\nexit 4", "exit status 4"},
		{"%capture", "one file name"},
		{"%capture a\n%capture b", "already"},
		{"%writefile x", "nearest is %%writefile"},
		{"%%writefile nowhere/x\n", "no such file"},
		{"!", "missing"},
		{"%timeit", "give it"},
		{"%timeit -n x f()", "at least 1"},
		{"%restore x", "numbers of cells"},
		{"%env NOT_SET_HERE", "not set"},
		{"%help nothing", "no command nothing"},
		{"%exec", "name the function"},
	}
	for _, tt := range tests {
		_, err := r.Run(t.Context(), Parse(tt.text), &record{})
		var cmd *Error
		if !errors.As(err, &cmd) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.text, err, tt.want)
		}
	}
}

func TestHelp(t *testing.T) {
	_, r := newBook(t)
	for _, c := range List() {
		for _, text := range []string{"%help " + c.Name, c.Name + "?"} {
			if !strings.HasPrefix(c.Name, "%") && strings.HasSuffix(text, "?") {
				continue // !? is a shell command
			}
			opts, err := r.Run(t.Context(), Parse(text), &record{})
			if err != nil || len(opts.Pages) != 1 || !strings.Contains(opts.Pages[0]["text/plain"].(string), c.Name) {
				t.Errorf("%s: %v, %v", text, opts.Pages, err)
			}
		}
	}
	opts, err := r.Run(t.Context(), Parse("%help"), &record{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range List() {
		for _, kind := range []string{"text/plain", "text/markdown"} {
			if !strings.Contains(opts.Pages[0][kind].(string), c.Name) {
				t.Errorf("%s is missing from the %s help", c.Name, kind)
			}
		}
	}
}
