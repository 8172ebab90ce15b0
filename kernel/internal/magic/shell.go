package magic

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"
)

const (
	// interruptGrace is what an interrupted command has to clean up before it is killed.
	interruptGrace = 2 * time.Second
	// outputGrace is how long output is waited for after a command's end: whoever holds the pipe open
	// beyond that is taken for a background process.
	outputGrace = 200 * time.Millisecond
)

// input says where a shell command's standard input comes from.
type input struct {
	text     string // given to it
	ask      bool   // asked for, whenever the command waits for it
	password bool
}

func (r *run) withInput(cmd Command) error {
	r.input = input{ask: true, password: cmd.Name == "%with_password"}
	return nil
}

func (r *run) shell(cmd Command) error {
	if cmd.Rest == "" {
		return errors.New("a shell command is missing after it")
	}
	dir := r.notebook.Dir()
	if cmd.Name == "!*" || modifiesModule(cmd.Rest) && !inModule(dir) {
		dir = r.notebook.Workspace()
	}
	in := r.input
	r.input = input{}
	shell, err := exec.LookPath("bash")
	if err != nil {
		shell = "/bin/sh"
	}
	err = r.execute(dir, in, shell, "-c", cmd.Rest)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		r.out.Stream("stderr", exit.Error()+"\n")
	} else if err != nil {
		return err
	}
	return r.notebook.SyncModule(r.ctx)
}

func (r *run) script(cmd Command) error {
	argv := cmd.Args()
	if cmd.Name != "%%script" {
		argv = append([]string{strings.TrimPrefix(cmd.Name, "%%")}, argv...)
	}
	if len(argv) == 0 {
		return errors.New("name the program that runs the cell: %%script python3")
	}
	body := cmd.Body
	if !strings.HasSuffix(body, "\n") {
		body += "\n"
	}
	return r.execute(r.notebook.Dir(), input{text: body}, argv...)
}

// modifiesModule reports whether a shell command is one of the go commands that change a go.mod.
func modifiesModule(command string) bool {
	words := strings.Fields(command)
	return len(words) > 1 && words[0] == "go" && slices.Contains([]string{"get", "mod", "work"}, words[1])
}

// inModule reports whether dir has a go.mod, or a directory above it has.
func inModule(dir string) bool {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}

// execute runs a program in a process group of its own until it ends or the context does.
func (r *run) execute(dir string, in input, argv ...string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	// The last of several entries for a name counts.
	cmd.Env = append(r.notebook.Environ(), "PWD="+dir, "GONB_DIR="+r.notebook.Dir(), "GONB_TMP_DIR="+r.notebook.Workspace())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}

	var theirs, ours []*os.File // ends of pipes
	defer func() { closeAll(ours) }()
	pipe := func() (read, write *os.File, err error) {
		read, write, err = os.Pipe()
		if err != nil {
			err = fmt.Errorf("cannot make a pipe to the shell: %w", err)
		}
		return read, write, err
	}
	var stdin *os.File
	if in.ask || in.text != "" {
		read, write, err := pipe()
		if err != nil {
			return err
		}
		cmd.Stdin, stdin = read, write
		theirs, ours = append(theirs, read), append(ours, write)
	}
	copies := copies{out: r.out, done: make(chan struct{})}
	for _, stream := range []string{"stdout", "stderr"} {
		read, write, err := pipe()
		if err != nil {
			closeAll(theirs)
			return err
		}
		if stream == "stdout" {
			cmd.Stdout = write
		} else {
			cmd.Stderr = write
		}
		theirs = append(theirs, write)
		copies.add(stream, read)
	}
	err := cmd.Start()
	closeAll(theirs)
	copies.start()
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", argv[0], err)
	}
	group := cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	ctx, cancel := context.WithCancelCause(r.ctx)
	defer cancel(nil)
	if in.ask {
		go r.answer(ctx, cancel, in, group, stdin)
	} else if stdin != nil {
		ours = nil // closed there
		go func() {
			stdin.WriteString(in.text) // a program that does not read it all is none of our business
			stdin.Close()
		}()
	}

	select {
	case err = <-ended:
		copies.wait(outputGrace)
		if r.shells.keep(group) {
			r.out.Stream("stderr", fmt.Sprintf("process group %d goes on in the background until the kernel ends; its output is not shown\n", group))
		}
	case <-ctx.Done():
		syscall.Kill(-group, syscall.SIGINT)
		grace := time.AfterFunc(interruptGrace, func() { syscall.Kill(-group, syscall.SIGKILL) })
		<-ended
		copies.wait(outputGrace)
		grace.Stop()
		syscall.Kill(-group, syscall.SIGKILL) // who ignored the first signal
		err = context.Cause(ctx)
	}
	copies.detach()
	return err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// answer asks the user for input as long as the process group reads it.
func (r *run) answer(ctx context.Context, fail context.CancelCauseFunc, in input, group int, stdin *os.File) {
	for waitForReader(ctx, group, stdin) {
		line, err := r.out.Input("", in.password)
		if err != nil {
			fail(fmt.Errorf("the command waits for input: %w", err))
			return
		}
		if _, err := stdin.WriteString(line + "\n"); err != nil {
			return // it has ended meanwhile
		}
	}
}

// copies carries a command's output streams to the front end.
type copies struct {
	mu      sync.Mutex
	out     Output // nil after detach
	pipes   []*os.File
	streams []string
	copiers sync.WaitGroup
	done    chan struct{}
}

func (c *copies) add(stream string, pipe *os.File) {
	c.pipes, c.streams = append(c.pipes, pipe), append(c.streams, stream)
}

func (c *copies) start() {
	for i := range c.pipes {
		c.copiers.Go(func() { c.copy(c.streams[i], c.pipes[i]) })
	}
	go func() {
		c.copiers.Wait()
		close(c.done)
	}()
}

// copy ends when all who could write to the pipe have closed it. After detach it only keeps them
// from blocking.
func (c *copies) copy(stream string, pipe *os.File) {
	defer pipe.Close()
	buf := make([]byte, 32<<10)
	kept := 0 // bytes at the start of buf: a character of which the end is not here yet
	for {
		n, err := pipe.Read(buf[kept:])
		n += kept
		kept = 0
		if err == nil {
			kept = incomplete(buf[:n])
		}
		if n > kept {
			c.mu.Lock()
			if c.out != nil {
				c.out.Stream(stream, string(buf[:n-kept]))
			}
			c.mu.Unlock()
		}
		if err != nil {
			return
		}
		copy(buf, buf[n-kept:n])
	}
}

// incomplete is how many bytes at the end of b begin a character that is not whole.
func incomplete(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// wait waits for the end of all streams, at most for so long.
func (c *copies) wait(limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
	}
}

func (c *copies) detach() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = nil
}

// shells remembers the process groups that outlived their command.
type shells struct {
	mu     sync.Mutex
	groups []int
}

// keep remembers a group if any of its processes is alive, and reports whether one is.
func (s *shells) keep(group int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups = slices.DeleteFunc(s.groups, func(g int) bool { return !alive(g) })
	if !alive(group) {
		return false
	}
	s.groups = append(s.groups, group)
	return true
}

func (s *shells) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		syscall.Kill(-g, syscall.SIGKILL)
	}
	s.groups = nil
	return nil
}

func alive(group int) bool { return syscall.Kill(-group, 0) == nil }
