package runner

import (
	"sync"
	"syscall"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// job is the one assignment of a runner and what became of it.
type job struct {
	assignment runnerapi.Assignment
	code       []byte
	arrived    time.Time
	// staged and told are closed when the job may be run and when it is to be, settled when the result is final for those
	// who wait: serving or failed.
	staged, told, settled chan struct{}

	mu     sync.Mutex
	result runnerapi.Result
	// toldAt is when the call arrived that has it run.
	toldAt time.Time
	// app is the application's process.
	app *child
}

func newJob(assignment runnerapi.Assignment, code []byte, arrived time.Time) *job {
	return &job{
		assignment: assignment, code: code, arrived: arrived,
		staged: make(chan struct{}), told: make(chan struct{}), settled: make(chan struct{}),
		result: runnerapi.Result{
			AssignmentID: assignment.ID, State: runnerapi.StateStaging, Entrypoint: assignment.Entrypoint,
			Timings: runnerapi.Timings{ReceiveMicros: time.Since(arrived).Microseconds()},
		},
	}
}

// startupTimeout is how long staging and, counted anew, the start may take.
func (j *job) startupTimeout() time.Duration {
	return time.Duration(j.assignment.StartupTimeoutSeconds) * time.Second
}

func (j *job) snapshot() runnerapi.Result {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.result
}

func (j *job) update(change func(*runnerapi.Result)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(&j.result)
}

// stage marks the job as one that may be run.
func (j *job) stage() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.result.State == runnerapi.StateStaging {
		j.result.State = runnerapi.StateStaged
	}
	close(j.staged)
}

// tell has the job run, as of a time; what it is told after the first time changes nothing.
func (j *job) tell(at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.toldAt.IsZero() {
		return
	}
	j.toldAt = at
	if j.result.State == runnerapi.StateStaging || j.result.State == runnerapi.StateStaged {
		j.result.State = runnerapi.StateStarting
	}
	close(j.told)
}

// isTold says since when the job is to be run, if it is.
func (j *job) isTold() (at time.Time, told bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.toldAt, !j.toldAt.IsZero()
}

func (j *job) serve() {
	j.settle(func(result *runnerapi.Result) { result.State = runnerapi.StateServing })
}

func (j *job) fail(failure *runnerapi.Failure) {
	j.settle(func(result *runnerapi.Result) {
		result.State, result.Failure = runnerapi.StateFailed, failure
	})
}

// settle makes the result final for those who wait; a serving application may still fail.
func (j *job) settle(change func(*runnerapi.Result)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.result.State == runnerapi.StateFailed {
		return
	}
	first := j.result.State != runnerapi.StateServing
	change(&j.result)
	if first {
		close(j.settled)
	}
}

func (j *job) started(app *child) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.app = app
}

func (j *job) process() *child {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.app
}

// kill ends the application's process and its group, which Python makes of it, at once.
func (j *job) kill(r *reaper) {
	if app := j.process(); app != nil {
		r.signal(app, syscall.SIGKILL, true)
	}
}

// stop ends the application: it may take grace to end by itself. It reports whether it did.
func (j *job) stop(r *reaper, grace time.Duration) bool {
	app := j.process()
	if app == nil {
		return true
	}
	r.signal(app, syscall.SIGTERM, false)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	// What it started goes with it in any case.
	defer j.kill(r)
	select {
	case <-app.done:
		return true
	case <-timer.C:
		return false
	}
}
