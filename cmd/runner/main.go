// Command runner is PID 1 of preview pods: see internal/runner.
//
//	preview-runner                 run, configured by PREVIEW_RUNNER_SECRET_SHA256 and PREVIEW_POD_UID
//	preview-runner install PATH    copy this program to PATH, for init containers whose image has no cp
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/codebegen/preview-operator/internal/runner"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "preview: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	switch {
	case len(args) == 2 && args[0] == "install":
		return 0, install(args[1])
	case len(args) != 0:
		return 2, errors.New("usage: preview-runner [install PATH]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	r, err := runner.New(runner.Options{
		SecretHash: os.Getenv(runnerapi.EnvSecretHash),
		PodUID:     os.Getenv(runnerapi.EnvPodUID),
	})
	if err != nil {
		return 2, err
	}
	return r.Run(ctx)
}

// install copies this program to a path, which appears whole.
func install(path string) (err error) {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), ".preview-runner-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(to.Name()))
		}
	}()
	if _, err := io.Copy(to, from); err != nil {
		return errors.Join(err, to.Close())
	}
	if err := errors.Join(to.Chmod(0o755), to.Close()); err != nil {
		return err
	}
	return os.Rename(to.Name(), path)
}
