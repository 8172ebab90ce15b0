package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosaddle/saddle/kernel/internal/cell"
)

// test runs the tests and benchmarks of a cell with the flags given; without flags (nil), those that the cell declares,
// verbosely, or all tests of the notebook if it declares none. The tests become the cell's last value, and the worker, which
// has package testing, runs that instead of showing it.
func (s *Session) test(ctx context.Context, c Cell, code program, flags []string, out Output) error {
	src, err := cell.Parse(s.fset, cellName(c.Count), code.text)
	if err != nil {
		return err
	}
	var own []string
	for _, d := range newDecls(src, c.ID) {
		if d.kind == function {
			own = append(own, d.key)
		}
	}
	mine := tests(own)
	all := append([]string(nil), mine...)
	s.mu.Lock()
	var live []string
	for _, d := range s.live.sorted() {
		// One of another signature is no test, which the cell that declares it is told.
		if d.kind == function && d.stale == "" && strings.Contains(d.sig, "*"+s.alias("testing")+".") && strings.Count(d.sig, ",") == 0 {
			live = append(live, d.key)
		}
	}
	s.mu.Unlock()
	for _, name := range tests(live) {
		if !slices.Contains(mine, name) {
			all = append(all, name)
		}
	}
	if flags == nil {
		flags = []string{"-test.v"}
		if len(mine) > 0 {
			flags = append(flags, "-test.run="+anyOf(mine, "Test"))
			if bench := anyOf(mine, "Benchmark"); bench != nothing {
				flags = append(flags, "-test.bench="+bench)
			}
		}
	}
	var list strings.Builder
	for _, name := range all {
		fmt.Fprintf(&list, "%q, %s, ", name, name)
	}
	code.text += "\n[]any{" + list.String() + "}"
	code.tests = append([]string{}, flags...)
	return s.runGo(ctx, c, code, out)
}

// tests returns the names of tests and benchmarks among those of functions.
func tests(names []string) []string {
	var found []string
	for _, name := range names {
		for _, prefix := range []string{"Test", "Benchmark"} {
			rest, ok := strings.CutPrefix(name, prefix)
			if r, _ := utf8.DecodeRuneInString(rest); ok && !unicode.IsLower(r) && name != "TestMain" {
				found = append(found, name)
			}
		}
	}
	return found
}

const nothing = "^$" // the regular expression that no name matches

// anyOf is a regular expression for the names that have a prefix, and for none if there are none.
func anyOf(names []string, prefix string) string {
	var some []string
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			some = append(some, name)
		}
	}
	if len(some) == 0 {
		return nothing
	}
	return "^(" + strings.Join(some, "|") + ")$"
}
