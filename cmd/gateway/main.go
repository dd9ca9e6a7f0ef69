// Command gateway serves the HTTP API of the Preview Operator. With the sub-command token it mints a bearer token for
// development.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// run chooses the sub-command.
func run(ctx context.Context, args []string, lookup func(string) (string, bool), out io.Writer) error {
	switch {
	case len(args) == 0:
		return serve(ctx, lookup)
	case args[0] == "token":
		return mintToken(args[1:], lookup, out)
	default:
		return fmt.Errorf("unknown sub-command %q: give none to serve, or token", args[0])
	}
}
