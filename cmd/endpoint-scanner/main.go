// Command endpoint-scanner reads a project on standard input and writes on standard output, as JSON, which endpoints it
// has. The gateway starts it for each project, without environment: what reads somebody else's files is in C in part, and
// must have no secret within its reach.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/codebegen/preview-operator/internal/endpoints/discover"
	"github.com/codebegen/preview-operator/internal/endpoints/fence"
	"github.com/codebegen/preview-operator/internal/endpoints/wire"
)

// limits: a project of 500 files takes a second and 100 MiB. The gateway's container has room for two of these.
var limits = fence.Limits{CPU: 30, Memory: 448 << 20}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "endpoint-scanner:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	if err := fence.Raise(limits); err != nil {
		return err
	}
	files, options, err := wire.ReadRequest(in)
	if err != nil {
		return err
	}
	options = options.Complete()
	ctx, cancel := context.WithTimeout(context.Background(), options.Timeout)
	defer cancel()
	return wire.WriteAnswer(out, discover.Discover(ctx, files, options))
}
