package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// Kernel is a saddle kernel in a process of its own, and a client connected to it.
type Kernel struct {
	*Client
	Connection wire.Connection
	Process    *os.Process
	Gone       chan struct{} // closed when the process has ended

	dir string // of the connection file
}

// Launch starts "command kernel" and connects to it. configure, which may be nil, changes the command before
// it is started: its Env, Dir and Stderr.
func Launch(ctx context.Context, command string, configure func(*exec.Cmd)) (*Kernel, error) {
	connection, err := wire.NewConnection(wire.NewKey())
	if err != nil {
		return nil, err
	}
	c, err := New(connection)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "saddle-")
	if err != nil {
		return nil, fmt.Errorf("start a kernel: %w", err)
	}
	k := &Kernel{Client: c, Connection: connection, Gone: make(chan struct{}), dir: dir}
	file := filepath.Join(dir, "connection.json")
	if err := WriteConnection(file, connection); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	cmd := exec.Command(command, "kernel", "-f", file)
	cmd.Env = append(os.Environ(), fmt.Sprintf("JPY_PARENT_PID=%d", os.Getpid()))
	// A process group of its own: Ctrl-C is this client's to deal with.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if configure != nil {
		configure(cmd)
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a kernel: %w", err), os.RemoveAll(dir))
	}
	k.Process = cmd.Process
	go func() {
		err := cmd.Wait()
		c.Fail(fmt.Errorf("the kernel has ended (%w)", orExit(err)))
		close(k.Gone)
	}()
	if err := c.Connect(ctx, connection); err != nil {
		return nil, errors.Join(err, k.Stop(time.Second))
	}
	return k, nil
}

// orExit gives a successful end a name.
func orExit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// WriteConnection writes a connection file.
func WriteConnection(path string, c wire.Connection) error {
	text, err := json.Marshal(c)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the connection file: %w", err)
	}
	return nil
}

// Stop ends the kernel: by asking and, when it takes longer than patience, by force, which is an error.
func (k *Kernel) Stop(patience time.Duration) error {
	err := k.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-k.Gone:
	case <-time.After(patience):
		err = errors.Join(fmt.Errorf("the kernel did not end within %v and was killed", patience), k.Process.Kill())
		<-k.Gone
	}
	k.Close()
	return errors.Join(err, os.RemoveAll(k.dir))
}
