// Command bench measures launches on a real installation, from the client's side and by the client's clock alone.
//
//	go run ./test/bench launch -n 300     warm launches one after the other, among them cold ones and plain pods
//	go run ./test/bench open -rate 0.5    launches at a fixed rate, whatever becomes of those before
//	go run ./test/bench poisson           launches at random times
//	go run ./test/bench burst             launches at the same moment
//	go run ./test/bench density           many previews at once: memory, and processor time when idle
//	go run ./test/bench cold -n 30        launches without warm pods, each followed by a plain pod with the same project
//	go run ./test/bench skeleton -n 300   the bare steps of a warm launch, without manager and gateway
//
// The cluster is the one of test/e2e: E2E_KUBECONFIG, E2E_GATEWAY_URL. Results go to dist/bench as JSON and, as a table
// between the markers of their name, into the document that -docs names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	bookstore = "examples/bookstore"
	minimal   = "test/e2e/testdata/minimal"
)

// options are common to all measurements.
type options struct {
	launches    int
	project     string
	also        string
	out         string
	docs        string
	warm        int
	warmUp      int
	every       int
	writesEvery int
	previews    int
	rate        float64
	duration    time.Duration
	keep        time.Duration
	seed        uint64
	busy        bool
	idle        idleGate
}

// measurement is a command, with the defaults of its options.
type measurement struct {
	run      func(context.Context, *framework.Cluster, options) (result, error)
	defaults options
}

var measurements = map[string]measurement{
	"launch":   {launch, options{launches: 300, project: minimal, also: bookstore, warm: 3, warmUp: 5, every: 6, writesEvery: 10}},
	"open":     {steady, options{project: minimal, warm: 3, rate: 0.5, duration: time.Minute}},
	"poisson":  {poisson, options{project: minimal, warm: 10, rate: 1, duration: 2 * time.Minute, keep: 20 * time.Second, seed: 1}},
	"burst":    {burst, options{launches: 5, project: minimal, warm: 20, previews: 20}},
	"density":  {density, options{project: bookstore, warm: 3, previews: 100, duration: time.Minute}},
	"cold":     {cold, options{launches: 30, project: bookstore, warmUp: 1}},
	"skeleton": {skeleton, options{launches: 30, project: bookstore, warm: 3}},
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
	o, measure, err := parse(args)
	if err != nil {
		return err
	}
	config, err := framework.ConfigFromEnv()
	if err != nil {
		return err
	}
	cluster, err := framework.Connect(ctx, config)
	if err != nil {
		return err
	}
	begun, loadBefore := time.Now(), loadAverage()
	result, measureErr := measure(ctx, cluster, o)
	if result == nil {
		return measureErr
	}
	*result.head() = header{
		Command: "bench " + strings.Join(args, " "), At: begun.UTC().Truncate(time.Second), Finished: time.Now().UTC().Truncate(time.Second),
		LoadBefore: loadBefore, LoadAfter: loadAverage(),
	}
	return errors.Join(publish(result, o), measureErr)
}

// parse reads the command line. Options that a measurement has no use for are accepted and do nothing.
func parse(args []string) (options, func(context.Context, *framework.Cluster, options) (result, error), error) {
	if len(args) == 0 || measurements[args[0]].run == nil {
		names := strings.Join(slices.Sorted(maps.Keys(measurements)), "|")
		return options{}, nil, fmt.Errorf("usage: bench %s [options]; bench launch -help lists them", names)
	}
	m := measurements[args[0]]
	o := m.defaults
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.IntVar(&o.launches, "n", o.launches, "warm launches, cold launches or bursts to measure")
	flags.StringVar(&o.project, "project", o.project, "folder of the project, whose application is app in app/main.py or main.py")
	flags.StringVar(&o.also, "also", o.also, "launch: folder of a further project, launched warm now and then; empty for none")
	flags.StringVar(&o.out, "out", "dist/bench", "folder for the results as JSON")
	flags.StringVar(&o.docs, "docs", "", "document whose table is replaced, for example docs/benchmarks.md; empty for none")
	flags.IntVar(&o.warm, "warm", o.warm, "warm pods to keep")
	flags.IntVar(&o.warmUp, "warm-up", o.warmUp, "launch, cold: launches before those that count")
	flags.IntVar(&o.every, "every", max(1, o.every), "launch: after so many warm launches, one of each other kind")
	flags.IntVar(&o.writesEvery, "writes-every", max(1, o.writesEvery), "launch: count the API writes of one in so many launches")
	flags.IntVar(&o.previews, "previews", max(1, o.previews), "burst, density: previews at once")
	flags.Float64Var(&o.rate, "rate", o.rate, "open, poisson: launches a second")
	flags.DurationVar(&o.duration, "for", o.duration, "open, poisson: how long; density: how long to watch the processors")
	flags.DurationVar(&o.keep, "keep", o.keep, "open, poisson: how long a preview runs before it is stopped")
	flags.Uint64Var(&o.seed, "seed", o.seed, "poisson: of the random times")
	flags.BoolVar(&o.busy, "busy", false, "skeleton: wait neither for a full pool nor for an idle machine before each launch")
	if err := flags.Parse(args[1:]); err != nil {
		return options{}, nil, err
	}
	switch {
	case flags.NArg() > 0:
		return options{}, nil, fmt.Errorf("unknown argument %q", flags.Arg(0))
	case m.defaults.launches > 0 && o.launches < 1, o.every < 1, o.writesEvery < 1, o.previews < 1, o.warm < 0, o.warm > 100:
		return options{}, nil, fmt.Errorf("-n, -every, -writes-every and -previews must be at least 1, -warm between 0 and 100")
	case m.defaults.rate > 0 && (o.rate <= 0 || o.rate > 100), m.defaults.duration > 0 && (o.duration <= 0 || o.duration > time.Hour), o.keep < 0:
		return options{}, nil, fmt.Errorf("-rate must be above 0 and at most 100, -for above 0 and at most 1h, -keep not negative")
	}
	return o, m.run, nil
}
