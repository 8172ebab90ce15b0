package magic

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"strconv"
	"strings"
)

// timeit is a parsed %timeit line.
type timeit struct {
	written string // the code, as the user wrote it
	before  string // what stands before it and after it to make statements of it
	after   string
	loops   int // in a run; 0: found out, so that a run takes long enough to be measured
	runs    int
}

var errTimeit = errors.New("give it the Go code to measure: %timeit f(x)")

// parseTimeit reads `[-n LOOPS] [-r RUNS] CODE`.
func parseTimeit(text string) (timeit, error) {
	t := timeit{runs: 7}
	for {
		word, rest := cutWord(text)
		var into *int
		switch word {
		case "-n":
			into = &t.loops
		case "-r":
			into = &t.runs
		}
		if into == nil {
			break
		}
		number, rest := cutWord(rest)
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return t, fmt.Errorf("%s needs a number of at least 1, not %q", word, number)
		}
		*into, text = n, rest
	}
	text = withoutComment(text)
	if text == "" {
		return t, errTimeit
	}
	// A statement must not leave a value unused, so anything but a plain call is handed to KeepAlive,
	// which also stops the compiler from leaving the computation out.
	if expr, err := parser.ParseExpr(text); err == nil && !isPlainCall(expr) {
		t.before, t.after = "runtime.KeepAlive(", ")"
	}
	t.written = text
	return t, nil
}

// withoutComment cuts a comment off the end of a line of Go: what follows on the line must stay code.
func withoutComment(text string) string {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), func(token.Position, string) {}, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return strings.TrimSpace(text)
		}
		if tok == token.COMMENT && strings.HasPrefix(lit, "//") {
			return strings.TrimSpace(text[:file.Offset(pos)])
		}
	}
}

// isPlainCall reports whether x may stand as a statement of its own, as far as syntax tells.
func isPlainCall(x ast.Expr) bool {
	call, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		switch fun.Name { // built-in functions and types, whose results must be used
		case "append", "cap", "complex", "imag", "len", "make", "max", "min", "new", "real",
			"bool", "byte", "complex64", "complex128", "error", "float32", "float64", "int", "int8", "int16",
			"int32", "int64", "rune", "string", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr", "any":
			return false
		}
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.InterfaceType, *ast.FuncType:
		return false
	}
	return true
}

// code is the measurement as one line of Go, with a directive before what the user wrote. It runs among the cell's own
// statements, so it sees their variables, and is interrupted as they are.
func (t timeit) code(place string) string {
	loops := strconv.Itoa(t.loops)
	if t.loops == 0 {
		loops = "1; for saddleLoops < 1<<30 && saddleRun(saddleLoops) < 100*time.Millisecond { saddleLoops *= 2 }"
	}
	return "func() { " +
		"saddleRun := func(saddleN int) time.Duration { saddleStart := time.Now(); for range saddleN { " + t.before + place + t.written + t.after + " }; return time.Since(saddleStart) }; " +
		"saddleLoops := " + loops + "; " +
		"saddleRuns := " + strconv.Itoa(t.runs) + "; " +
		"saddleSum, saddleBest := 0.0, 0.0; " +
		"for saddleI := range saddleRuns { saddleT := float64(saddleRun(saddleLoops)) / float64(saddleLoops); saddleSum += saddleT; if saddleI == 0 || saddleT < saddleBest { saddleBest = saddleT } }; " +
		`saddleShow := func(saddleT float64) string { if saddleT < 1000 { return fmt.Sprintf("%.3g ns", saddleT) }; ` +
		"saddleUnit := time.Duration(1); for time.Duration(saddleT) >= 10000*saddleUnit { saddleUnit *= 10 }; return time.Duration(saddleT).Round(saddleUnit).String() }; " +
		`fmt.Printf("%s per loop, best %s (mean of %d runs of %d loops)\n", saddleShow(saddleSum/float64(saddleRuns)), saddleShow(saddleBest), saddleRuns, saddleLoops) ` +
		"}()"
}
