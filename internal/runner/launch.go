package runner

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// lastWords is how long what an application reported before it ended may take to arrive, and how long a process
	// that reported its failure may take to end.
	lastWords = time.Second
	// confirmTimeout bounds the connection that confirms that the application listens. The kernel accepts it, so it
	// does not depend on how busy the application is.
	confirmTimeout = 2 * time.Second
)

// launch runs a job from its code to the end of its application.
func (r *Runner) launch(j *job) {
	ctx, cancel := context.WithDeadline(context.Background(), j.deadline())
	defer cancel()
	killsBefore := r.group.oomKills()
	app, failure := r.prepare(ctx, j)
	if failure != nil {
		r.fail(failure)
		return
	}
	said := r.await(ctx, j, app)
	if said == nil {
		j.serve()
		// What it took to get here is not needed any more, and counts towards the application's limit.
		debug.FreeOSMemory()
	}
	r.fail(r.ending(j, app, said, killsBefore))
}

// process is the application as the runner sees it.
type process struct {
	exit    <-chan syscall.WaitStatus
	reports <-chan event
	// from is when the process began, ended its status once that is known.
	from  time.Time
	ended *syscall.WaitStatus
}

// prepare brings a job to the point where its application's process runs.
func (r *Runner) prepare(ctx context.Context, j *job) (*process, *runnerapi.Failure) {
	if failure := r.load(ctx, j); failure != nil {
		return nil, failure
	}
	begun := time.Now()
	interpreter, failure := r.interpreterFor(j)
	if failure != nil {
		return nil, failure
	}
	err := interpreter.send(command{
		Folder: r.codeDir(), Entrypoint: j.assignment.Entrypoint, Port: j.assignment.Port,
		Env: applicationEnvironment(j.assignment), Health: r.health, StopSeconds: r.stopGrace.Seconds(),
	})
	if err != nil {
		// It ended, and why is more telling.
		return nil, r.lost(interpreter)
	}
	if interpreter.mode == modeDirect {
		j.started(interpreter.pid)
		interpreter.hangUp()
		return &process{exit: interpreter.exit, reports: interpreter.reports, from: begun}, nil
	}
	pid, failure := r.forked(ctx, j, interpreter)
	if failure != nil {
		return nil, failure
	}
	j.started(pid)
	exit := r.reaper.watch(pid)
	// It ends now, and the application becomes our child.
	interpreter.hangUp()
	now := time.Now()
	j.update(func(result *runnerapi.Result) { result.Timings.ForkMicros = now.Sub(begun).Microseconds() })
	return &process{exit: exit, reports: interpreter.reports, from: now}, nil
}

// load puts the code into its folder.
func (r *Runner) load(ctx context.Context, j *job) *runnerapi.Failure {
	code := j.code
	j.code = nil
	if remote := j.assignment.Archive; remote != nil {
		fetcher, err := newFetcher(remote.BlockedCIDRs)
		if err != nil {
			return failf(runnerapi.ReasonCodeRejected, "%v", err)
		}
		var failure *runnerapi.Failure
		if code, failure = fetcher.fetch(ctx, *remote, j.assignment.Limits.CompressedBytes); failure != nil {
			return failure
		}
	}
	begun := time.Now()
	if err := unpack(ctx, r.codeDir(), code, archive.Limits(j.assignment.Limits)); err != nil {
		var refused *archive.Error
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return timedOut(j)
		case errors.As(err, &refused):
			return failf(runnerapi.ReasonCodeRejected, "%v", err)
		case errors.Is(err, syscall.ENOSPC):
			return failf(runnerapi.ReasonCodeRejected, "the workspace is too small for the project: %v", err)
		default:
			return failf(runnerapi.ReasonCodeRejected, "the project could not be unpacked: %v", err)
		}
	}
	j.update(func(result *runnerapi.Result) {
		result.CodeLoaded = true
		result.Timings.UnpackMicros = time.Since(begun).Microseconds()
	})
	return nil
}

// unpack writes code into dir, which it makes anew.
func unpack(ctx context.Context, dir string, code []byte, limits archive.Limits) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	_, err = archive.Unpack(ctx, bytes.NewReader(code), root, limits)
	return errors.Join(err, root.Close())
}

// interpreterFor returns the preloaded interpreter, or a fresh one when the environment has to be there at its start.
func (r *Runner) interpreterFor(j *job) (*interpreter, *runnerapi.Failure) {
	if !needsFreshInterpreter(j.assignment.Env) {
		return r.zygote, nil
	}
	r.zygote.hangUp()
	env := mergeEnvironment(baseEnvironment(r.options.Environ), applicationEnvironment(j.assignment))
	fresh, err := startInterpreter(r.reaper, r.options, r.output, modeDirect, env)
	if err != nil {
		return nil, failf(runnerapi.ReasonStartupFailed, "%v", err)
	}
	return fresh, nil
}
