package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosaddle/saddle/kernel/internal/paths"
	"github.com/gosaddle/saddle/kernel/internal/server"
	"github.com/gosaddle/saddle/kernel/internal/snapshot"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

func kernelCommand() *cobra.Command {
	var connectionFile string
	cmd := &cobra.Command{
		Use:   "kernel -f connection-file",
		Short: "Serve a notebook (Jupyter runs this)",
		Long: `Kernel serves one notebook on the sockets that the connection file names. Jupyter starts it, as the
installed kernelspec says; there is no need to run it by hand.

It ends when a front end asks for it, on SIGTERM, or when the process named by JPY_PARENT_PID is gone. SIGINT
interrupts the running cell. SADDLE_LOG=debug makes it say more on stderr. SADDLE_MEMORY, such as 4GB, bounds the memory
of the cells; it is four fifths of the machine's where it is not set, and off is no bound.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runKernel(connectionFile)
		},
	}
	cmd.Flags().StringVarP(&connectionFile, "file", "f", "", "connection `file` written by Jupyter")
	if err := cmd.MarkFlagRequired("file"); err != nil {
		panic(err) // the flag is the line above
	}
	return cmd
}

func runKernel(connectionFile string) error {
	// Not main's context: Ctrl-C is meant for the cell here.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	log := kernelLog()
	connection, err := wire.ReadConnection(connectionFile)
	if err != nil {
		return err
	}
	history, err := paths.History()
	if err != nil {
		log.Warn("history is kept for this session only", "err", err)
		history = ""
	}
	release, err := holdVersion()
	if err != nil {
		log.Warn("a later installation may remove this version while it runs", "err", err)
	}
	defer release()
	engine, assist, err := newEngine(log, kernelID(connectionFile))
	if err != nil {
		return err
	}
	srv, err := server.New(server.Config{Connection: connection, Engine: engine, Assist: assist, HistoryFile: history, Version: version, Log: log})
	if err != nil {
		return errors.Join(err, engine.Close())
	}

	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	go func() {
		for range interrupts {
			srv.Interrupt()
		}
	}()
	go watchParent(ctx, func() { cancel(errors.New("the parent process is gone")) })
	return srv.Serve(ctx)
}

// kernelID is the id in the name of the connection file, by which the Jupyter server calls its kernels; "" if another has
// started this one.
func kernelID(connectionFile string) string {
	id, ok := strings.CutPrefix(strings.TrimSuffix(filepath.Base(connectionFile), ".json"), "kernel-")
	if !ok {
		return ""
	}
	return id
}

// holdVersion keeps "saddle install" from removing the version that this kernel runs.
func holdVersion() (release func(), err error) {
	source, err := paths.Source()
	if err != nil {
		return func() {}, err
	}
	return snapshot.Hold(source)
}

// kernelLog writes to stderr, which Jupyter shows in its terminal.
func kernelLog() *slog.Logger {
	level := slog.LevelWarn
	if os.Getenv("SADDLE_LOG") == "debug" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})).With("kernel", "saddle")
}

// watchParent calls gone when the process that Jupyter names as the kernel's parent has ended. Without it, a
// Jupyter server that is killed leaves its kernels behind.
func watchParent(ctx context.Context, gone func()) {
	parent, err := strconv.Atoi(os.Getenv("JPY_PARENT_PID"))
	if err != nil || parent <= 1 {
		return // started by hand
	}
	direct := os.Getppid() == parent
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		// A child learns of its parent's end by being given another; so no other process that has taken
		// over the number, and no zombie, is mistaken for it.
		if direct && os.Getppid() != parent || errors.Is(syscall.Kill(parent, 0), syscall.ESRCH) {
			gone()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
