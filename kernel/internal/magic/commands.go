package magic

import (
	"fmt"
	"strings"
)

// command defines a command: what it is called, what its help says and what it does.
type command struct {
	name    string
	aliases []string
	args    string // as shown after the name
	help    string
	body    bool // takes the rest of the cell, so it must be its first line
	run     func(*run, Command) error
}

// commands in the order of the help page. (A function: the table refers to help, which reads the table.)
func commands() []command {
	return []command{
		{name: "%%", aliases: []string{"%main"}, args: "[ARGS...]", run: (*run).main,
			help: "Statements need no `func main`, so this line is not needed; with arguments it sets `os.Args` for the cell and calls `flag.Parse` at this line. The cell's functions `init` and `init_NAME` run here, once."},
		{name: "%args", args: "[ARGS...]", run: (*run).args,
			help: "Sets `os.Args[1:]` for this cell."},
		{name: "%exec", args: "FUNC [ARGS...]", run: (*run).exec,
			help: "Calls `FUNC()` after the cell's statements, with the arguments in `os.Args` and its flags parsed."},
		{name: "%test", args: "[FLAGS...]", run: (*run).test,
			help: "Runs the tests and benchmarks of this cell, or those of the whole notebook if the cell has none. Flags begin with `-test.`, as in `%test -test.run=Sum -test.bench=.`"},
		{name: "%timeit", args: "[-n LOOPS] [-r RUNS] CODE", run: (*run).timeit,
			help: "Runs Go code many times and prints the mean time of one run."},
		{name: "%%time", aliases: []string{"%time"}, args: "[CODE]", run: (*run).time,
			help: "Prints how long this cell took."},
		{name: "%capture", args: "[-a] FILE", run: (*run).capture,
			help: "Copies the cell's output to a file, figures as their text; `-a` appends."},

		{name: "%who", aliases: []string{"%whos"}, args: "[NAMES...]", run: (*run).who,
			help: "Lists the variables, or those named, with their type, their size and the cell that made them."},
		{name: "%list", aliases: []string{"%ls"}, run: (*run).list,
			help: "Lists what the notebook has declared: imports, constants, types, variables, functions."},
		{name: "%rm", aliases: []string{"%remove"}, args: "NAMES...", run: (*run).remove,
			help: "Forgets declarations by the names that `%list` shows."},
		{name: "%reset", args: "[go.mod]", run: (*run).reset,
			help: "Forgets all declarations and values and starts the notebook's `go.mod` anew; with `go.mod` only the latter."},
		{name: "%restore", args: "[CELLS...]", run: (*run).restore,
			help: "After the process that holds the values was lost: runs again the cells that made them, or those with the numbers given."},

		{name: "!", args: "COMMAND", run: (*run).shell,
			help: "Runs a shell command in the notebook's directory. A line that ends in `\\` goes on in the next."},
		{name: "!*", args: "COMMAND", run: (*run).shell,
			help: "Runs a shell command in the directory of the notebook's own `go.mod`, as in `!*go get example.com/m@v1.2.3`. Its `main.go` is the notebook as one program."},
		{name: "%with_inputs", run: (*run).withInput,
			help: "Asks you for what the next shell command reads from its standard input."},
		{name: "%with_password", run: (*run).withInput,
			help: "As `%with_inputs`, without showing what you type."},
		{name: "%%script", args: "PROGRAM [ARGS...]", body: true, run: (*run).script,
			help: "Runs a program with the rest of the cell as its standard input."},
		{name: "%%bash", args: "[ARGS...]", body: true, run: (*run).script,
			help: "Runs the rest of the cell with bash."},
		{name: "%%sh", args: "[ARGS...]", body: true, run: (*run).script,
			help: "Runs the rest of the cell with sh."},
		{name: "%%writefile", args: "[-a] FILE", body: true, run: (*run).writefile,
			help: "Writes the rest of the cell to a file; `-a` appends."},

		{name: "%cd", args: "[DIR]", run: (*run).cd,
			help: "Changes the directory of the notebook, or prints it."},
		{name: "%env", args: "[NAME[=VALUE]]", run: (*run).env,
			help: "Sets an environment variable for cells and shell commands, or prints one or all. `%env NAME VALUE` works as well."},
		{name: "%goflags", args: "[FLAGS...]", run: (*run).goflags,
			help: "Sets flags of `go build` for cells, or prints them; `%goflags \"\"` removes them. `-tags`, `-gcflags` and `-ldflags` have an effect."},
		{name: "%autoget", run: (*run).autoget,
			help: "Fetches modules that a cell imports and the notebook lacks (the default)."},
		{name: "%noautoget", run: (*run).autoget,
			help: "Leaves missing modules to you and `!*go get`."},
		{name: "%track", args: "[PATHS...]", run: (*run).track,
			help: "Lets completion follow changes of files or directories outside of the notebook, or lists those it follows."},
		{name: "%untrack", args: "PATHS...", run: (*run).track,
			help: "Ends `%track`; a path that ends in `...` stands for all that begin with it."},

		{name: "%help", args: "[COMMAND]", run: (*run).help,
			help: "Shows this page, or the help of one command."},
		{name: "?", args: "NAME", run: (*run).inspect,
			help: "Shows documentation: `train.Adam?` or `?train.Adam`, also for commands: `%cd?`"},
		{name: "%goworkfix", run: (*run).goworkfix,
			help: "Not needed: a `go.work` beside the notebook's `go.mod`, or above it, is honoured as it is."},
		{name: "%widgets", aliases: []string{"%widgets_hb"}, run: (*run).widgets,
			help: "Does nothing: widgets connect by themselves."},
		{name: "%wasm", run: (*run).wasm,
			help: "Not available: values of other cells live in a native process."},
	}
}

// lookup finds a command by its name or an alias; nil if there is none.
func lookup(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return &c
		}
		for _, a := range c.aliases {
			if a == name {
				return &c
			}
		}
	}
	return nil
}

// Info describes a command to those who complete or explain it.
type Info struct {
	Name string // with its sign: "%cd", "%%bash"
	Args string // e.g. "[-a] FILE"
	Help string // Markdown
}

// List returns all commands, aliases included, in the order of the help page.
func List() []Info {
	var list []Info
	for _, c := range commands() {
		for _, name := range append([]string{c.name}, c.aliases...) {
			list = append(list, Info{Name: name, Args: c.args, Help: c.help})
		}
	}
	return list
}

// HelpPage is a MIME bundle (text/markdown, text/plain) with the help of one command, given with or
// without its sign, or with that of all for "".
func HelpPage(name string) (map[string]any, error) {
	all := commands()
	if name != "" {
		def := lookup(name)
		for _, sign := range []string{"%", "%%"} {
			if def == nil {
				def = lookup(sign + name)
			}
		}
		if def == nil {
			return nil, unknown(name)
		}
		all = []command{*def}
	}
	var md, plain strings.Builder
	if name == "" {
		const intro = "Commands run before the cell's Go code, in their order. Any of them may be written after //gonb: as a Go comment."
		md.WriteString(intro + "\n\n| command | what it does |\n| --- | --- |\n")
		plain.WriteString(intro + "\n\n")
	}
	for _, c := range all {
		usage := strings.TrimSpace(c.name + " " + c.args)
		also := ""
		if len(c.aliases) > 0 {
			also = " (also " + strings.Join(c.aliases, ", ") + ")"
		}
		if name == "" {
			fmt.Fprintf(&md, "| `%s`%s | %s |\n", usage, also, c.help)
		} else {
			fmt.Fprintf(&md, "`%s`%s\n\n%s\n", usage, also, c.help)
		}
		fmt.Fprintf(&plain, "%s%s\n    %s\n", usage, also, strings.ReplaceAll(c.help, "`", ""))
	}
	return map[string]any{"text/markdown": md.String(), "text/plain": plain.String()}, nil
}

// unknown says that there is no such command, and which one may have been meant.
func unknown(name string) error {
	// A missing or doubled sign is the likeliest slip, so signs count less than letters.
	best, least := "", len(name)
	for _, info := range List() {
		if d := 2*distance(bare(name), bare(info.Name)) + distance(name, info.Name); bare(info.Name) != "" && (best == "" || d < least) {
			best, least = info.Name, d
		}
	}
	return fmt.Errorf("there is no command %s; the nearest is %s, and %%help lists all", name, best)
}

func bare(name string) string { return strings.TrimLeft(name, "%!?*") }

// distance counts the insertions, deletions, replacements and swaps of neighbours that make b of a.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
