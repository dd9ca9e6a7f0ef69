// Command kubectl-preview launches folders as previews, and shows, asks and stops them: kubectl runs it as kubectl preview.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"

	"github.com/codebegen/preview-operator/internal/endpoints/discover"
)

// The exit codes; docs/kubectl-preview.md lists them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitHTTP        = 22
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal ends what is being waited for, a second one the process.
	context.AfterFunc(ctx, stop)
	// What client-go logs about connections that come and go is no matter of the person at the terminal.
	klog.SetLogger(logr.Discard())
	a := &app{
		IOStreams: genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
		lookup:    os.LookupEnv, now: time.Now,
		outIsTerminal: term.IsTerminal(int(os.Stdout.Fd())), errIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		columns: func() int {
			// An error leaves the width at 0, which is not known.
			width, _, _ := term.GetSize(int(os.Stderr.Fd()))
			return width
		},
		discover: discover.Discover,
	}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// usageError is a command line that means nothing.
type usageError struct{ error }

// statusError ends the process with a code and, unless it is nil, a message.
type statusError struct {
	code int
	err  error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// run executes the command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.ErrOut)
	command, err := root.ExecuteContextC(ctx)
	a.disconnect()
	var usage usageError
	var status *statusError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(a.ErrOut, "error: %s\nSee '%s --help'.\n", a.visible(err.Error(), a.errIsTerminal), command.CommandPath())
		return exitUsage
	case errors.As(err, &status):
		if status.err != nil {
			fmt.Fprintln(a.ErrOut, a.visible(status.err.Error(), a.errIsTerminal))
		}
		return status.code
	case ctx.Err() != nil:
		fmt.Fprintln(a.ErrOut, "interrupted")
		return exitInterrupted
	default:
		fmt.Fprintln(a.ErrOut, "error:", a.visible(err.Error(), a.errIsTerminal))
		return exitFailed
	}
}
