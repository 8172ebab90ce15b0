package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Most of a warm cell's time is spent in the linker. Go's linker leaves the last step to an outer one: for each plugin
// it has the C compiler compile and link a program three times to learn which flags that knows, and then link through
// two more programs. None of the answers changes from cell to cell. So the kernel asks the C compiler once how it would
// call its linker, and gives Go's linker a script that says "unknown" to the probes and calls the outer linker straight.

// outerLinkers are what -fuse-ld knows, the fastest first.
var outerLinkers = []string{"mold", "lld", "gold"}

// findLinker returns a -fuse-ld value and the program it stands for; "" and the default's name where none is installed.
func findLinker() (value, program string) {
	if runtime.GOOS != "linux" {
		return "", ""
	}
	for _, ld := range outerLinkers {
		for _, name := range []string{"ld." + ld, ld} {
			if path, err := exec.LookPath(name); err == nil && (name != "lld") { // lld alone asks to be called by another name
				return ld, path
			}
		}
	}
	path, err := exec.LookPath("ld")
	if err != nil {
		return "", ""
	}
	return "", path
}

// script writes the script into dir and returns its path.
func (t *Toolchain) script(ctx context.Context, dir string) (string, error) {
	if t.ld == "" {
		return "", errors.New("no outer linker is known on this system")
	}
	const object, target = "saddle-object", "saddle-target"
	args := []string{"-###", "-shared", "-o", target, object}
	if t.linker != "" {
		args = append(args, "-fuse-ld="+t.linker)
	}
	cmd := exec.CommandContext(ctx, t.CC, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	// The compiler may well say that there is no such object: what it would call is printed all the same.
	out, _ := cmd.CombinedOutput()
	call, err := linkerCall(string(out), object, target)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "outer-linker")
	text := fmt.Sprintf(linkScript, quote(t.CC), quote(t.ld), call)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		return "", fmt.Errorf("writing the linker's script: %w", err)
	}
	return path, nil
}

// linkerCall finds the linker's arguments in what cc -### printed. In their midst, where the object was, stand the
// script's own.
func linkerCall(printed, object, target string) (string, error) {
	for line := range strings.Lines(printed) {
		words := fields(line)
		if len(words) == 0 {
			continue
		}
		switch base := filepath.Base(words[0]); {
		case base == "collect2", base == "ld", strings.HasPrefix(base, "ld."), base == "mold":
		default:
			continue
		}
		var call []string
		found := false
		for i := 1; i < len(words); i++ {
			switch w := words[i]; {
			case w == "-plugin": // for link time optimization, which no Go object asks for
				i++
			case strings.HasPrefix(w, "-plugin-opt"), strings.HasPrefix(w, "-fuse-ld="), w == "-shared":
			case strings.HasPrefix(w, "--build-id"): // a checksum of the whole file, which nobody reads
			case w == "-o" && i+1 < len(words) && words[i+1] == target:
				i++
			case w == object:
				call = append(call, `"$@"`)
				found = true
			default:
				call = append(call, quote(w))
			}
		}
		if found {
			return strings.Join(call, " "), nil
		}
	}
	return "", fmt.Errorf("the C compiler does not tell how it links: %.200s", printed)
}

// fields splits a line as cc -### quotes it: at blanks, but for those in double quotes.
func fields(line string) []string {
	var words []string
	var word strings.Builder
	quoted, started := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted, started = !quoted, true
		case c == '\\' && quoted && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case !quoted && (c == ' ' || c == '\t' || c == '\n'):
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		default:
			word.WriteByte(c)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	return words
}

// quote writes a word for the shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// linkScript takes the C compiler, the linker and the linker's arguments. Flags of the C compiler that it does not know
// (cgo packages bring their own) are left to the C compiler.
const linkScript = `#!/bin/sh
# Written by Saddle: links plugins without asking the C compiler each time.
set -f
for a; do
	case $a in
	*/trivial.c) exit 1 ;;
	-m64|-O*|-g|-fuse-ld=*|-rdynamic|-shared|-pthread|-Wl,*|-s|-o|-l*|-L*|[!-]*) ;;
	*) exec %[1]s "$@" ;;
	esac
done
n=$#
while [ $n -gt 0 ]; do
	a=$1
	shift
	n=$((n-1))
	case $a in
	-m64|-O*|-g|-fuse-ld=*|-rdynamic) ;;
	-pthread) set -- "$@" -lpthread ;;
	-Wl,*) IFS=,; set -- "$@" ${a#-Wl,}; unset IFS ;;
	*) set -- "$@" "$a" ;;
	esac
done
set -- -shared "$@"
exec %[2]s %[3]s
`
