// Package snapshot keeps installed versions of Saddle in the user's data folder: the command and, since cells
// compile against it, the source of the module. A version is named by its content, so that kernels of an older
// one keep working while a newer is installed, and the clone it came from may move or go.
package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/spec"
)

const (
	command  = "saddle"        // name of the command in a version's folder
	users    = "kernelspecs"   // lists the kernelspecs that use a version, one a line
	lockName = "versions.lock" // beside the folder of versions
)

// Install copies the module at source, and the running command, into the data folder, where they are not
// there already. It returns the path of the installed command.
func Install(source string) (string, error) {
	versions, unlock, err := open()
	if err != nil {
		return "", err
	}
	defer unlock()
	files, err := list(source)
	if err != nil {
		return "", err
	}
	name, err := hash(source, files)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(versions, name)
	installed := filepath.Join(dir, command)
	if _, err := os.Stat(installed); err == nil {
		return installed, nil
	}
	// Made under another name first: an interrupted copy must not pass for a version.
	half, err := os.MkdirTemp(versions, ".half-")
	if err != nil {
		return "", fmt.Errorf("install this version: %w", err)
	}
	defer os.RemoveAll(half)
	if err := os.Chmod(half, 0o755); err != nil {
		return "", fmt.Errorf("install this version: %w", err)
	}
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running command: %w", err)
	}
	if err := copyFile(filepath.Join(half, command), exe, 0o755); err != nil {
		return "", err
	}
	for _, f := range files {
		if err := copyFile(filepath.Join(half, "src", f), filepath.Join(source, f), 0o644); err != nil {
			return "", err
		}
	}
	if err := os.RemoveAll(dir); err != nil { // what an installation without a command left
		return "", fmt.Errorf("install this version: %w", err)
	}
	if err := os.Rename(half, dir); err != nil {
		return "", fmt.Errorf("install this version: %w", err)
	}
	return installed, nil
}

// Use notes that a kernelspec runs an installed command, and removes the versions that no kernelspec runs
// any more and no kernel is using.
func Use(installed, kernelspec string) error {
	versions, unlock, err := open()
	if err != nil {
		return err
	}
	defer unlock()
	list := filepath.Join(filepath.Dir(installed), users)
	text, err := os.ReadFile(list)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("note the kernelspec: %w", err)
	}
	if !slices.Contains(strings.Split(string(text), "\n"), kernelspec) {
		if err := os.WriteFile(list, []byte(string(text)+kernelspec+"\n"), 0o644); err != nil {
			return fmt.Errorf("note the kernelspec: %w", err)
		}
	}
	return clean(versions)
}

// Clean removes the versions that nothing uses.
func Clean() error {
	versions, unlock, err := open()
	if err != nil {
		return err
	}
	defer unlock()
	return clean(versions)
}

func clean(versions string) error {
	entries, err := os.ReadDir(versions)
	if err != nil {
		return fmt.Errorf("look for old versions: %w", err)
	}
	var errs []error
	for _, e := range entries {
		dir := filepath.Join(versions, e.Name())
		if strings.HasPrefix(e.Name(), ".half-") || !used(dir) && !running(dir) {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove old versions: %w", err)
	}
	return nil
}

// used tells whether a kernelspec still runs this version. One that was never used is new.
func used(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, users))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	for kernelspec := range strings.Lines(string(text)) {
		k, err := spec.Read(strings.TrimSuffix(kernelspec, "\n"))
		if err == nil && len(k.Argv) > 0 && k.Argv[0] == filepath.Join(dir, command) {
			return true
		}
	}
	return false
}

// Hold marks the version at source as being used until release, never nil, is called, or the process ends. A source that
// is no installed version needs no mark.
func Hold(source string) (release func(), err error) {
	dir := filepath.Dir(source)
	if filepath.Base(source) != "src" {
		return func() {}, nil
	}
	f, err := os.Open(filepath.Join(dir, command))
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return func() {}, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH); err != nil {
		f.Close()
		return func() {}, fmt.Errorf("mark the version as used: %w", err)
	}
	return func() { f.Close() }, nil
}

// running tells whether a kernel of this version is running.
func running(dir string) bool {
	f, err := os.Open(filepath.Join(dir, command))
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

// open makes the folder of versions and locks it against other installers.
func open() (versions string, unlock func(), err error) {
	versions, err = paths.Versions()
	if err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(versions, 0o755); err != nil {
		return "", nil, fmt.Errorf("make the folder of installed versions: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(versions), lockName), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", nil, fmt.Errorf("lock the installed versions: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return "", nil, fmt.Errorf("lock the installed versions: %w", err)
	}
	return versions, func() { f.Close() }, nil
}

// list returns the files of the module that cells can need, sorted, relative to source. Tests are left out.
func list(source string) ([]string, error) {
	if !paths.IsSource(source) {
		return nil, fmt.Errorf("%s is not the source of Saddle: run this in a clone of it, or name one with --source", source)
	}
	files := []string{"LICENSE", "go.mod", "go.sum"}
	for _, top := range []string{"kernel", "lossviz"} {
		err := filepath.WalkDir(filepath.Join(source, top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
				return fs.SkipDir
			case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(d.Name(), "_test.go"):
				return nil
			}
			relative, err := filepath.Rel(source, path)
			files = append(files, relative)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the source of Saddle: %w", err)
		}
	}
	slices.Sort(files)
	return files, nil
}

// hash names a version by its source and the Go version that built the command.
func hash(source string, files []string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(source, f))
		if err != nil {
			return "", fmt.Errorf("read the source of Saddle: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n%s", f, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

func copyFile(to, from string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("install this version: %w", err)
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("install this version: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("install this version: %w", err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("install this version: %w", err)
	}
	return nil
}
