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
	received   time.Time
	// settled is closed when the result is final for those who wait: serving or failed.
	settled chan struct{}

	mu     sync.Mutex
	result runnerapi.Result
	// pid of the application's process, and gone, closed when it ended.
	pid  int
	gone chan struct{}
}

func newJob(assignment runnerapi.Assignment, code []byte, arrived time.Time) *job {
	received := time.Now()
	return &job{
		assignment: assignment, code: code, arrived: arrived, received: received,
		settled: make(chan struct{}), gone: make(chan struct{}),
		result: runnerapi.Result{
			AssignmentID: assignment.ID, State: runnerapi.StateStarting, Entrypoint: assignment.Entrypoint,
			Timings: runnerapi.Timings{ReceiveMicros: received.Sub(arrived).Microseconds()},
		},
	}
}

// deadline is when the application has to accept connections.
func (j *job) deadline() time.Time {
	return j.arrived.Add(time.Duration(j.assignment.StartupTimeoutSeconds) * time.Second)
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
	first := j.result.State == runnerapi.StateStarting
	change(&j.result)
	if first {
		close(j.settled)
	}
}

func (j *job) started(pid int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pid = pid
}

// kill ends the application's process and its group, which Python makes of it, at once.
func (j *job) kill() {
	j.mu.Lock()
	pid := j.pid
	j.mu.Unlock()
	if pid > 0 {
		// It may have ended, and may not lead its group yet.
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// stop ends the application: it may take grace to end by itself. It reports whether it did.
func (j *job) stop(grace time.Duration) bool {
	j.mu.Lock()
	pid := j.pid
	j.mu.Unlock()
	if pid == 0 {
		return true
	}
	// It may have ended; then it is gone, or about to be.
	_ = syscall.Kill(pid, syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	// What it started goes with it in any case.
	defer j.kill()
	select {
	case <-j.gone:
		return true
	case <-timer.C:
		return false
	}
}
