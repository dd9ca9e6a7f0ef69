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
	// tidyAfter is how long after the start the runner gives memory back.
	tidyAfter = 2 * time.Second
	// memoryLimitPause is between two looks at the memory limit, which the kernel tells nobody about.
	memoryLimitPause = 2 * time.Millisecond
)

// launch takes a job from its code to the end of its application.
func (r *Runner) launch(j *job) {
	killsBefore := r.group.oomKills()
	app, said := r.stage(j)
	if said == nil {
		j.stage()
		said = r.hold(j, app)
	}
	if said == nil {
		app, said = r.start(j, app)
	}
	if said == nil {
		j.serve()
		// What it took to get here is not needed any more, and counts towards the application's limit. It takes a while,
		// which the first requests need.
		time.AfterFunc(tidyAfter, debug.FreeOSMemory)
	}
	if app == nil {
		r.fail(said)
		return
	}
	r.fail(r.ending(j, app, said, killsBefore))
}

// process is the application as the runner sees it.
type process struct {
	*child
	interpreter *interpreter
	reports     <-chan event
	// last is when the stage that it is in began.
	last time.Time
	// running is set when it has been told to run.
	running bool
}

// stage does everything for a job that executes nothing of the project. It returns no process when the environment has to
// be there at the interpreter's start: with that environment, the mere start could execute the project's code.
func (r *Runner) stage(j *job) (*process, *runnerapi.Failure) {
	ctx, cancel := context.WithDeadline(context.Background(), j.arrived.Add(j.startupTimeout()))
	defer cancel()
	if failure := r.load(ctx, j); failure != nil {
		return nil, failure
	}
	begun := time.Now()
	if runnerapi.NeedsFreshInterpreter(j.assignment.Env) {
		r.zygote.take()
		r.zygote.kill(r.reaper)
		j.update(func(result *runnerapi.Result) { result.Interpreter = runnerapi.InterpreterFresh })
		return nil, nil
	}
	zygote := r.choose()
	_, told := j.isTold()
	run := told && !j.assignment.AwaitMemoryLimit
	if err := zygote.stage(r.command(j), run); err != nil {
		// It ended, and why is more telling.
		return nil, r.lost(zygote)
	}
	select {
	case <-zygote.forked:
	case <-r.ended:
		return nil, r.known()
	case <-ctx.Done():
		return nil, timedOut(j)
	}
	zygote.take()
	j.started(zygote.app)
	j.update(func(result *runnerapi.Result) { result.Interpreter = runnerapi.InterpreterForked })
	app := &process{child: zygote.app, interpreter: zygote, reports: zygote.reports, last: begun, running: run}
	return app, r.await(ctx, j, app, eventStaged)
}

func (r *Runner) command(j *job) command {
	return command{
		Folder: r.codeDir(), Entrypoint: j.assignment.Entrypoint, Port: j.assignment.Port,
		Env: applicationEnvironment(j.assignment), Health: r.health, StopSeconds: r.stopGrace.Seconds(),
	}
}

// hold keeps what is staged until it is to be run, and may be.
func (r *Runner) hold(j *job, app *process) *runnerapi.Failure {
	timer := time.NewTimer(r.options.RunPatience)
	defer timer.Stop()
	var gone <-chan struct{}
	if app != nil {
		gone = app.done
	}
	select {
	case <-j.told:
		return r.awaitMemoryLimit(j)
	case <-gone:
		return finalReport(app.reports)
	case <-r.ended:
		return r.known()
	case <-timer.C:
		return failf(runnerapi.ReasonNotRun, "the code was staged, and the pod not told to run it within %s", r.options.RunPatience)
	}
}

// awaitMemoryLimit waits for the limit that the assignment was made for, if it asks for that.
func (r *Runner) awaitMemoryLimit(j *job) *runnerapi.Failure {
	if !j.assignment.AwaitMemoryLimit {
		return nil
	}
	timer, ticker := time.NewTimer(r.options.MemoryLimitPatience), time.NewTicker(memoryLimitPause)
	defer timer.Stop()
	defer ticker.Stop()
	for {
		limit := r.group.memoryLimit()
		if limit == int64(j.assignment.MemoryLimitMB)<<20 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-r.ended:
			return r.known()
		case <-timer.C:
			return failf(runnerapi.ReasonStartupTimeout, "the memory limit is %d MiB and did not become memoryLimitMB, %d, within %s",
				limit>>20, j.assignment.MemoryLimitMB, r.options.MemoryLimitPatience)
		}
	}
}

// start runs what is staged, and follows it until it serves.
func (r *Runner) start(j *job, app *process) (*process, *runnerapi.Failure) {
	at, _ := j.isTold()
	ctx, cancel := context.WithDeadline(context.Background(), at.Add(j.startupTimeout()))
	defer cancel()
	if app == nil {
		var failure *runnerapi.Failure
		if app, failure = r.startFresh(j); failure != nil {
			return nil, failure
		}
	}
	if !app.running {
		app.running, app.last = true, time.Now()
		if err := app.interpreter.run(); err != nil {
			return app, r.lost(app.interpreter)
		}
	}
	if failure := r.await(ctx, j, app, eventListening); failure != nil {
		return app, failure
	}
	return app, confirm(ctx, j.assignment.Port)
}

// startFresh starts an interpreter with the environment of the assignment, which runs it.
func (r *Runner) startFresh(j *job) (*process, *runnerapi.Failure) {
	begun := time.Now()
	env := mergeEnvironment(baseEnvironment(r.options.Environ), applicationEnvironment(j.assignment))
	fresh, err := startInterpreter(r.reaper, r.options, r.output, modeDirect, "", env)
	if err != nil {
		return nil, failf(runnerapi.ReasonStartupFailed, "%v", err)
	}
	j.started(fresh.process)
	if err := fresh.stage(r.command(j), true); err != nil {
		return nil, r.lost(fresh)
	}
	return &process{child: fresh.process, interpreter: fresh, reports: fresh.reports, last: begun, running: true}, nil
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
