// Package paths says where Saddle keeps things on this machine. It makes nothing and reads no settings but
// the environment.
package paths

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Data is the folder for what must last: installed versions, page libraries, history.
// SADDLE_DATA overrides it; else it follows the XDG base directories, on macOS Application Support.
func Data() (string, error) {
	if dir := os.Getenv("SADDLE_DATA"); dir != "" {
		return filepath.Abs(dir)
	}
	return userDir("XDG_DATA_HOME", filepath.Join(".local", "share"), filepath.Join("Library", "Application Support"))
}

// Cache is the folder for what can be made again: compiled cells and packages. SADDLE_CACHE overrides it.
func Cache() (string, error) {
	if dir := os.Getenv("SADDLE_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	return userDir("XDG_CACHE_HOME", ".cache", filepath.Join("Library", "Caches"))
}

func userDir(variable, linux, mac string) (string, error) {
	// The XDG standard has relative paths ignored.
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "saddle"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("where saddle keeps its files: %w; set HOME or %s", err, variable)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, mac, "saddle"), nil
	}
	return filepath.Join(home, linux, "saddle"), nil
}

// Versions is the folder of installed versions: each has the command, and in src the module's source.
func Versions() (string, error) {
	data, err := Data()
	return filepath.Join(data, "versions"), err
}

// PageLibraries is the folder of the scripts that figures need in the page (ECharts, ECharts-GL).
func PageLibraries() (string, error) {
	data, err := Data()
	return filepath.Join(data, "page"), err
}

// History is the file of executed cells.
func History() (string, error) {
	data, err := Data()
	return filepath.Join(data, "history.jsonl"), err
}

// Source is the folder with the source of the module this command was built from; cells compile against it.
// It is SADDLE_SOURCE, or the folder src beside the installed command, or where a developer built it.
func Source() (string, error) {
	if dir := os.Getenv("SADDLE_SOURCE"); dir != "" {
		dir, err := filepath.Abs(dir)
		if err == nil && !IsSource(dir) {
			err = fmt.Errorf("SADDLE_SOURCE is %s, which is not the source of Saddle", dir)
		}
		return dir, err
	}
	if exe, err := os.Executable(); err == nil {
		if exe, err = filepath.EvalSymlinks(exe); err == nil {
			if dir := filepath.Join(filepath.Dir(exe), "src"); IsSource(dir) {
				return dir, nil
			}
		}
	}
	// The path the compiler noted for this file; with -trimpath it is not absolute, and leads nowhere.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		if dir := filepath.Join(filepath.Dir(file), "..", "..", ".."); IsSource(dir) {
			return dir, nil
		}
	}
	return "", errors.New("the source of Saddle, which cells compile against, is not beside this command: run ./install.sh in a clone, or set SADDLE_SOURCE to one")
}

// Gopls is the path of the gopls command that completion uses, in the version that the module at source
// requires. Whether it has been built yet is another question.
func Gopls(source string) (string, error) {
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("find the version of gopls: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == GoplsModule {
			return filepath.Join(cache, "gopls", fields[1], "gopls"), nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", filepath.Join(source, "go.mod"), GoplsModule)
}

// GoplsModule is the module, and the package, of gopls.
const GoplsModule = "golang.org/x/tools/gopls"

// Module is the path of Saddle's module.
const Module = "github.com/gosaddle/saddle"

// IsSource tells whether dir is the root of Saddle's module.
func IsSource(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	first, _, _ := strings.Cut(string(text), "\n")
	return err == nil && strings.TrimSpace(first) == "module "+Module
}
