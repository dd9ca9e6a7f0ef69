// Package runner is PID 1 of a preview pod. It keeps a Python process that has loaded whatever applications are made
// of, receives one assignment with its code over HTTP (internal/runnerapi), unpacks it, has Python fork and serve it,
// and reports: over HTTP until the application serves, and through the termination log and the exit code when it ends.
//
// The application runs as the same user as the runner and is hostile. It can end itself, and the pod with it; what it
// says about itself is bounded.
package runner

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// answerPatience bounds the delivery of answers that are under way when the runner ends. The grace period of a pod is
	// 2 s longer than that of its application.
	answerPatience = time.Second
	// drainPatience is how long the output of an application that has ended may take to end as well, and drainRest how long
	// what is left in the pipe then may take to be read.
	drainPatience = time.Second
	drainRest     = 200 * time.Millisecond
	// largeAfter is several times as long as pods wait while there is a launch a second, and ten of them.
	largeAfter = 20 * time.Second
	// exitStopped is the exit code after SIGTERM: 128 plus its number.
	exitStopped = 128 + int(syscall.SIGTERM)
)

// Options of a Runner. Those without a default are required.
type Options struct {
	// SecretHash and PodUID are what the pod spec says: see runnerapi.EnvSecretHash and EnvPodUID.
	SecretHash, PodUID string
	// Address to listen on, ":2999" by default: all addresses of both families.
	Address string
	// WorkspaceDir takes the code, in a folder of its own. runnerapi.WorkspaceDir by default.
	WorkspaceDir string
	// TerminationLog is /dev/termination-log by default.
	TerminationLog string
	// CgroupDir is /sys/fs/cgroup by default.
	CgroupDir string
	// Python is the interpreter, looked up in PATH: python3 by default.
	Python string
	// Environ is the runner's environment, os.Environ() by default: runnerapi.EnvStopGrace is read from it, and children
	// inherit what is not the runner's own.
	Environ []string
	// Stdout is the log of the container, which gets what the application prints: the runner's own by default.
	Stdout *os.File
	// LastAck is how long the runner waits at its end until a collector that was seen before has stored the last lines,
	// 5 s by default.
	LastAck time.Duration
	// RunPatience is how long what was staged waits to be run, runnerapi.RunPatience by default, and MemoryLimitPatience
	// how long the wait for a memory limit is, runnerapi.MemoryLimitPatience by default.
	RunPatience, MemoryLimitPatience time.Duration
	// LargeAfter is how long an interpreter waits for an assignment before it makes the larger one, 20 s by default: where
	// pods are taken sooner than that, the processor time it takes is better spent on the next pod. When it is negative the
	// larger one is made before the pod is ready.
	LargeAfter time.Duration
}

func (o *Options) complete() error {
	if sum, err := hex.DecodeString(o.SecretHash); err != nil || len(sum) != 32 {
		return fmt.Errorf("%s is not the hexadecimal of a SHA-256 digest", runnerapi.EnvSecretHash)
	}
	if o.PodUID == "" {
		return fmt.Errorf("%s is empty", runnerapi.EnvPodUID)
	}
	for _, field := range []struct {
		value    *string
		standard string
	}{
		{&o.Address, ":" + portString(runnerapi.ControlPort)},
		{&o.WorkspaceDir, runnerapi.WorkspaceDir},
		{&o.TerminationLog, "/dev/termination-log"},
		{&o.CgroupDir, "/sys/fs/cgroup"},
		{&o.Python, "python3"},
	} {
		if *field.value == "" {
			*field.value = field.standard
		}
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	for _, field := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.LastAck, 5 * time.Second},
		{&o.RunPatience, runnerapi.RunPatience},
		{&o.MemoryLimitPatience, runnerapi.MemoryLimitPatience},
		{&o.LargeAfter, largeAfter},
	} {
		if *field.value == 0 {
			*field.value = field.standard
		}
	}
	return nil
}

// Runner is the state of one pod.
type Runner struct {
	options Options
	// started is the clock of readings: what is added to it does not step when the time of day does.
	started time.Time
	group   controlGroup
	// observer is the token that opens the usage, health the one that the application's event loop answers to.
	observer, health string
	// stopGrace is how long an application may take to end after SIGTERM.
	stopGrace time.Duration
	reaper    *reaper
	journal   *journal
	// output is the end of the pipe that the application prints to, and outputEnd closed when all of it was read. Set
	// before anything is served, as zygote is: the interpreter that preloads, nil if it could not be started.
	output    *os.File
	outputEnd chan struct{}
	zygote    *interpreter

	// modules are what the interpreter preloads, comma-separated; "" is its own list.
	modules string

	// usable is reached once the interpreter has loaded what every application needs, preloaded once it has loaded
	// everything. An assignment, and the end, finish waiting, which ends the wait for either.
	usable, preloaded, waiting milestone

	// ended is closed once there is a failure and the runner has to exit.
	ended chan struct{}

	mu      sync.Mutex
	job     *job
	failure *runnerapi.Failure
}

// New returns a Runner that has done nothing yet.
func New(options Options) (*Runner, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	observer, err := runnerapi.ObserverToken(options.SecretHash, options.PodUID)
	if err != nil {
		return nil, err
	}
	health, err := runnerapi.HealthToken(options.SecretHash, options.PodUID)
	if err != nil {
		return nil, err
	}
	stopGrace, err := stopGrace(options.Environ)
	if err != nil {
		return nil, err
	}
	modules, err := preload(options.Environ)
	if err != nil {
		return nil, err
	}
	group := newControlGroup(options.CgroupDir)
	return &Runner{
		options: options, stopGrace: stopGrace, started: time.Now(), group: group, observer: observer, health: health,
		journal: newJournal(options.Stdout, ringBytes(group.memoryLimit()), time.Now), outputEnd: make(chan struct{}),
		modules: modules, usable: newMilestone(), preloaded: newMilestone(), waiting: newMilestone(), ended: make(chan struct{}),
	}, nil
}

// Run serves until the application ended or ctx does, and returns the exit code for the process: the application's
// after a failure, or 1 if that is 0; 143 when ctx ended.
func (r *Runner) Run(ctx context.Context) (int, error) {
	if err := harden(); err != nil {
		return 1, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.options.Address)
	if err != nil {
		return 1, err
	}
	if err := r.openOutput(); err != nil {
		return 1, err
	}
	r.reaper = newReaper()
	defer r.reaper.stop()
	// Before anything is served, so that an assignment always finds it.
	r.startZygote()
	defer r.killAll()
	server := r.server()
	served := make(chan error, 1)
	go func() { served <- server.Serve(limitConnections(listener)) }()

	select {
	case <-ctx.Done():
		// The pod's grace period ends answerPatience after what is left for answers then.
		end := time.Now().Add(r.stopGrace + answerPatience)
		r.stop()
		r.lastLines(end)
		return exitStopped, shutdown(server)
	case <-r.ended:
		code := r.finish()
		r.lastLines(time.Now().Add(r.options.LastAck))
		return code, shutdown(server)
	case err := <-served:
		return 1, err
	}
}

// harden keeps other processes of the same user from reading or tracing this one, and from leaving core dumps.
func harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_DUMPABLE: %w", err)
	}
	// PID 1 inherits orphans anyway; this is for when the container runtime put something else there.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_CHILD_SUBREAPER: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("setrlimit RLIMIT_CORE: %w", err)
	}
	unix.Umask(0o022)
	return nil
}

// shutdown lets answers that are under way be delivered, for a bounded time.
func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerPatience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

// fail ends the runner, with the first failure it is told.
func (r *Runner) fail(failure *runnerapi.Failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil {
		return
	}
	r.failure = failure
	// Of a runner that fails before it has an assignment, the output is all there is to read.
	r.journal.begin(true)
	if r.job != nil {
		r.job.fail(failure)
	}
	r.waiting.finish()
	close(r.ended)
}

// finish leaves the failure for the kubelet and returns the exit code.
func (r *Runner) finish() int {
	r.mu.Lock()
	failure := *r.failure
	r.mu.Unlock()
	if err := writeTerminationLog(r.options.TerminationLog, failure); err != nil {
		r.journal.say("WARNING: termination log: %v", err)
	}
	if failure.ExitCode != nil && *failure.ExitCode != 0 {
		return int(*failure.ExitCode)
	}
	return 1
}

// stop ends the application: politely, and after its grace not.
func (r *Runner) stop() {
	r.mu.Lock()
	current := r.job
	r.mu.Unlock()
	if current != nil {
		current.fail(failf(runnerapi.ReasonAppExited, "the pod was stopped"))
		if !current.stop(r.reaper, r.stopGrace) {
			r.journal.say("WARNING: the application did not stop within %s of being asked to, and was killed", r.stopGrace)
		}
	}
}

// openOutput makes the pipe that the application prints to, and reads it.
func (r *Runner) openOutput() error {
	reader, writer, err := pipe()
	if err != nil {
		return err
	}
	r.output = writer
	go func() {
		defer close(r.outputEnd)
		r.journal.take(reader)
	}()
	return nil
}

// lastLines ends the journal with what was printed last, and waits until a collector that was seen has stored it: at most
// LastAck, and not longer than until end.
func (r *Runner) lastLines(end time.Time) {
	r.killAll()
	// The last of ours: when the application's are gone, too, the pipe ends.
	_ = r.output.Close()
	patience := min(time.Until(end), r.options.LastAck)
	if !r.outputRead(min(patience/2, drainPatience)) {
		// Something that the application left behind holds the pipe, or the journal is full.
		r.journal.release()
		r.outputRead(drainRest)
	}
	r.journal.close()
	ctx, cancel := context.WithTimeout(context.Background(), min(time.Until(end), patience))
	defer cancel()
	r.journal.awaitAck(ctx)
}

// outputRead waits for the end of the application's output, and reports whether it was read.
func (r *Runner) outputRead(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.outputEnd:
		return true
	case <-timer.C:
		return false
	}
}

// killAll leaves nothing behind. The kernel does the same when PID 1 ends.
func (r *Runner) killAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.zygote != nil {
		r.zygote.kill(r.reaper)
	}
	if r.job != nil {
		r.job.kill(r.reaper)
	}
}

// codeDir is where the code of the assignment goes.
func (r *Runner) codeDir() string { return filepath.Join(r.options.WorkspaceDir, "app") }
