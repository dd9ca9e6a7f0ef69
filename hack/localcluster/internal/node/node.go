// Package node is the cluster's one node seen from inside: the first process of
// process, mount and network namespaces of its own, which prepares them and then
// keeps the components running. When it ends, by whatever cause, the kernel ends
// every process, mount and network device of the cluster with it.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

// Options says where the host keeps what the node needs.
type Options struct {
	StateDir, BinDir string
	Params           config.Params
	// Go is read until its end before anything is done: one byte means go on,
	// none that the caller died before it had recorded this process.
	Go io.Reader
}

// Run prepares the namespaces and supervises the components until ctx ends.
func Run(ctx context.Context, o Options) error {
	if os.Getpid() != 1 {
		return errors.New("the node must be the first process of its own namespace; it is started by up")
	}
	if word, err := io.ReadAll(o.Go); err != nil || len(word) == 0 {
		return errors.Join(errors.New("the starting process went away"), err)
	}
	if err := syscall.Sethostname([]byte(o.Params.Name)); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	if err := setUpMounts(o.StateDir, o.BinDir); err != nil {
		return err
	}
	if err := setUpNetwork(o.Params.Subnet); err != nil {
		return err
	}
	if err := raiseOpenFiles(); err != nil {
		return err
	}
	supervisor := newSupervisor(config.Components(o.Params), slog.Default())
	return supervisor.run(ctx)
}

// raiseOpenFiles also has to be said explicitly, or Go hands its children the
// soft limit it was itself started with.
func raiseOpenFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}
