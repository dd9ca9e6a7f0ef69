package runner

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// result is what the runner is doing.
func (r *Runner) result() runnerapi.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := runnerapi.Result{State: runnerapi.StateIdle}
	switch {
	case r.job != nil:
		result = r.job.snapshot()
	case r.failure != nil:
		result = runnerapi.Result{State: runnerapi.StateFailed, Failure: r.failure}
	}
	result.Preloaded = r.preloaded.isDone()
	return result
}

func (r *Runner) hasJob() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job != nil
}

// takeStage takes an assignment and answers when it may be run.
func (r *Runner) takeStage(w http.ResponseWriter, request *http.Request) {
	if j := r.take(w, request, false); j != nil {
		r.answerWhen(w, request, j, j.staged)
	}
}

// takeAssignment takes an assignment, has it run and answers when it is clear what became of it.
func (r *Runner) takeAssignment(w http.ResponseWriter, request *http.Request) {
	if j := r.take(w, request, true); j != nil {
		r.answerWhen(w, request, j, j.settled)
	}
}

// takeRun has run what was staged, and answers when it is clear what became of it.
func (r *Runner) takeRun(w http.ResponseWriter, request *http.Request) {
	arrived := time.Now()
	setReadDeadline(w, headerTimeout)
	var run runnerapi.RunRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, request.Body, runnerapi.MaxRunBytes)).Decode(&run); err != nil {
		refuse(w, err)
		return
	}
	setReadDeadline(w, 0)
	j, _ := r.current(run.ID)
	if j == nil {
		http.Error(w, "this pod has not staged this assignment", http.StatusConflict)
		return
	}
	j.tell(arrived)
	r.answerWhen(w, request, j, j.settled)
}

// answerWhen answers with the state of a job once that is final, or what was waited for.
func (r *Runner) answerWhen(w http.ResponseWriter, request *http.Request, j *job, reached <-chan struct{}) {
	select {
	case <-reached:
	case <-j.settled:
	case <-request.Context().Done():
		return
	}
	result := j.snapshot()
	result.Preloaded = r.preloaded.isDone()
	answer(w, result)
}

// take reads an assignment and makes it this runner's, to be run right away or later. It has answered when it returns nil.
func (r *Runner) take(w http.ResponseWriter, request *http.Request, run bool) *job {
	arrived := time.Now()
	setReadDeadline(w, uploadTimeout)
	request.Body = http.MaxBytesReader(w, request.Body, runnerapi.MaxAssignmentBytes+maxCompressedBytes+64<<10)
	form, err := request.MultipartReader()
	if err != nil {
		refuse(w, err)
		return nil
	}
	assignment, err := readAssignment(form)
	if err != nil {
		refuse(w, err)
		return nil
	}
	var code []byte
	j, err := r.current(assignment.ID)
	if err == nil {
		if code, err = readCode(form, assignment); err != nil {
			refuse(w, err)
			return nil
		}
		setReadDeadline(w, 0)
	}
	if err == nil && j == nil {
		// The code is whole: from here on it does not matter whether the manager stays connected.
		j, err = r.accept(assignment, code, arrived, run)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return nil
	}
	if run {
		j.tell(arrived)
	}
	return j
}

// errAnother refuses a second assignment.
var errAnother = errors.New("this pod has another assignment")

// current returns the job of an assignment that was taken before, nil if there is none.
func (r *Runner) current(id string) (*job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.currentLocked(id)
}

func (r *Runner) currentLocked(id string) (*job, error) {
	if r.job != nil && r.job.assignment.ID != id {
		return nil, errAnother
	}
	return r.job, nil
}

// accept makes an assignment this runner's, or returns the job that it is already.
func (r *Runner) accept(assignment runnerapi.Assignment, code []byte, arrived time.Time, run bool) (*job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j, err := r.currentLocked(assignment.ID); j != nil || err != nil {
		return j, err
	}
	r.job = newJob(assignment, code, arrived)
	if run {
		// Before it is staged, so that the two are done in one go.
		r.job.tell(arrived)
	}
	if r.failure != nil {
		r.job.fail(r.failure)
		return r.job, nil
	}
	r.journal.begin(false)
	r.waiting.finish()
	go r.launch(r.job)
	return r.job, nil
}
