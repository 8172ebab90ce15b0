package main

import (
	"flag"
	"fmt"
	"os"
)

// Cells define command-line flags as programs do, in flag.CommandLine, but the process outlives them: a cell that runs
// again defines its flags again, a wrong argument must not end the process, and new arguments start from the defaults.

// cellFlags are the names of the flags that cells defined.
var cellFlags = map[string]bool{}

// setUpFlags makes a wrong argument a panic of the cell that parses it.
func setUpFlags() { flag.CommandLine.Init(os.Args[0], flag.PanicOnError) }

// newFlag takes a flag of an earlier cell away, since a cell is about to define one of that name.
func newFlag(name string) {
	if cellFlags[name] {
		rebuildFlags(name)
	}
	cellFlags[name] = true
}

// setArgs gives a cell its arguments.
func setArgs(args []string) {
	os.Args = append(os.Args[:1:1], args...)
	if len(args) == 0 {
		return
	}
	flag.Visit(func(f *flag.Flag) {
		kind := fmt.Sprintf("%T", f.Value)
		if cellFlags[f.Name] && kind != "flag.funcValue" && kind != "flag.boolFuncValue" { // setting those calls the cell's code
			f.Value.Set(f.DefValue)
		}
	})
	rebuildFlags("")
}

// rebuildFlags makes the command line anew: nothing is parsed, and one flag is missing.
func rebuildFlags(without string) {
	old := flag.CommandLine
	set := flag.NewFlagSet(os.Args[0], flag.PanicOnError)
	set.Usage = old.Usage
	set.SetOutput(old.Output())
	old.VisitAll(func(f *flag.Flag) {
		if f.Name != without {
			set.Var(f.Value, f.Name, f.Usage)
			set.Lookup(f.Name).DefValue = f.DefValue
		}
	})
	*old = *set // in its place: flag.CommandLine may have been handed on
}
