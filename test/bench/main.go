// Command bench measures launches on a real installation, from the client's side and by the client's clock alone.
//
//	go run ./test/bench cold -n 30        launches over HTTP, each followed by a plain pod with the same project
//	go run ./test/bench skeleton -n 300   the bare steps of a warm launch, without manager and gateway
//
// The cluster is the one of test/e2e: E2E_KUBECONFIG, E2E_GATEWAY_URL. Results go to dist/bench as JSON and, as a table
// between the markers of their name, into docs/benchmarks.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// options are common to all measurements.
type options struct {
	launches int
	project  string
	out      string
	docs     string
	pool     int
	busy     bool
	idle     idleGate
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, *framework.Cluster, options) (*report, error){"cold": cold, "skeleton": skeleton}
	if len(args) == 0 || commands[args[0]] == nil {
		return fmt.Errorf("usage: bench cold|skeleton [-n launches] [-project folder] [-out folder] [-docs file] [-pool pods] [-busy]")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.IntVar(&o.launches, "n", 30, "launches to measure")
	flags.StringVar(&o.project, "project", "examples/bookstore", "folder of the project, whose application is app in app/main.py or main.py; cold: app/main.py")
	flags.StringVar(&o.out, "out", "dist/bench", "folder for the results as JSON")
	flags.StringVar(&o.docs, "docs", "docs/benchmarks.md", "document whose table is replaced; empty for none")
	flags.IntVar(&o.pool, "pool", 3, "warm pods to keep (skeleton)")
	flags.BoolVar(&o.busy, "busy", false, "wait neither for a full pool nor for an idle machine before each launch (skeleton)")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if o.launches < 1 || o.pool < 1 {
		return fmt.Errorf("-n and -pool must be at least 1")
	}
	config, err := framework.ConfigFromEnv()
	if err != nil {
		return err
	}
	cluster, err := framework.Connect(ctx, config)
	if err != nil {
		return err
	}
	loadBefore := loadAverage()
	result, err := commands[args[0]](ctx, cluster, o)
	if err != nil {
		return err
	}
	result.Command = "go run ./test/bench " + strings.Join(args, " ")
	result.At = time.Now().UTC().Truncate(time.Second)
	result.LoadBefore, result.LoadAfter = loadBefore, loadAverage()
	return result.publish(o)
}
