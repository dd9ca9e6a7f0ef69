package controllers

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	// handoverSlack is what an assignment may take beyond the application's start-up time-out, which the runner
	// enforces: connecting, proving and pushing the code.
	handoverSlack = 15 * time.Second
	// sourceRetry is how soon a source that could not be read is tried again.
	sourceRetry = 2 * time.Second
)

// RunnerClient hands an assignment over to a runner and returns what became of it.
type RunnerClient interface {
	// Ready waits until the runner has loaded what it needs, and Preloaded until it has loaded everything; the latter fails
	// when it has an assignment.
	Ready(ctx context.Context, target handover.Target) error
	Preloaded(ctx context.Context, target handover.Target) error
	// Assign has the code run at once, Stage only when the word is given.
	Assign(ctx context.Context, target handover.Target, assignment runnerapi.Assignment, code []byte) (runnerapi.Result, error)
	Stage(ctx context.Context, target handover.Target, assignment runnerapi.Assignment, code []byte) (StagedRunner, error)
}

// StagedRunner is a runner that has the code and waits for the word to run it.
type StagedRunner interface {
	Run(ctx context.Context) (runnerapi.Result, error)
	Close()
}

// handOver gives the code to the runner of the instance's pod and waits until the application serves. The runner
// answers when the application has started, which can take long, so it is asked off the reconcile; asking twice does no
// harm, because the runner knows the assignment by its id.
func (r *PreviewInstanceReconciler) handOver(ctx context.Context, s *scope) error {
	s.handover.started = true
	outcome, done := r.handovers.outcome(s.instance.UID, s.pod.UID)
	if !done {
		r.handovers.start(s.holder().Name, s.instance.UID, s.pod.UID, r.assignmentJob(s))
		// The pod is the instance's: what was staged may run.
		r.handovers.release(s.instance.UID, s.pod.UID)
		return waitFor(v1alpha1.ConditionServing, v1alpha1.ReasonPending, "the application has not started yet")
	}
	if outcome.err != nil {
		return r.handoverFailed(ctx, s, outcome.err)
	}
	s.handover.result = &outcome.result
	switch outcome.result.State {
	case runnerapi.StateServing:
		s.facts.StartedAt = ptr.To(metaTime(s.now))
		return nil
	case runnerapi.StateFailed:
		failure := runnerFailure(ptr.Deref(outcome.result.Failure, runnerapi.Failure{}))
		if failure.Reason == v1alpha1.ReasonOOMKilled {
			failure.Message = oomMessage(s.pod)
		}
		return &terminalError{reason: failure.Reason, message: failure.Message, exitCode: failure.ExitCode}
	}
	return terminal(v1alpha1.ReasonRunnerUnreachable, "the runner answered with an unknown state")
}

// podOfRunSince is when the run got its pod, about: a warm one is older than that.
func podOfRunSince(s *scope) time.Time {
	since := s.pod.CreationTimestamp.Time
	if port := meta.FindStatusCondition(s.facts.Conditions, v1alpha1.ConditionPortAllocated); port != nil && port.LastTransitionTime.After(since) {
		since = port.LastTransitionTime.Time
	}
	return since
}

// quietTime is how long a warm start may go on before its steps are written to the status: most end sooner, and a write
// that tells of a step would compete with the next.
const quietTime = time.Second

// quiet is how long nothing should be written about an instance, 0 when it may be: a warm start has just begun, and its
// intent is in the status.
func (r *PreviewInstanceReconciler) quiet(s *scope) time.Duration {
	if !s.handover.started || s.handover.result != nil || s.ending != nil || !startedWarm(s) || s.instance.Status.PodName != s.facts.PodName {
		return 0
	}
	return quietTime - r.handovers.age(s.instance.UID)
}

// handoverFailed tells what can be tried again from what ends the instance.
func (r *PreviewInstanceReconciler) handoverFailed(ctx context.Context, s *scope, err error) error {
	var source *sourceError
	var staging *stagingError
	var broken *archive.Error
	switch {
	case errors.As(err, &source) && errors.Is(err, store.ErrNotFound):
		return terminal(v1alpha1.ReasonGenerationNotFound, "the generation, or the version that spec.source.generation names, is not in the store any more")
	case errors.As(err, &source) && errors.As(err, &broken):
		return terminal(v1alpha1.ReasonCodeRejected, "%s", bounded("the files cannot be run: "+broken.Error()))
	case errors.As(err, &source):
		if s.now.After(podOfRunSince(s).Add(r.settings.Current().PodStartTimeout)) {
			return terminal(v1alpha1.ReasonSourceUnavailable, "the source could not be read within %d s (PREVIEW_POD_START_TIMEOUT)", int(r.settings.Current().PodStartTimeout.Seconds()))
		}
		r.handovers.forget(s.instance.UID)
		s.lookAgain(sourceRetry)
		return waitFor(v1alpha1.ConditionCodeLoaded, v1alpha1.ReasonSourceUnavailable, "the source could not be read; it is tried again")
	case errors.As(err, &staging) && isPodFault(err):
		// Nothing of the project has run. The next warm pod may do, and there are only so many before a cold start.
		if err := r.abandonPod(ctx, s); err != nil {
			return err
		}
		s.lookAgain(0)
		return waitFor(v1alpha1.ConditionPodReady, v1alpha1.ReasonPodPending, "the warm pod could not be used; another one is taken")
	case errors.Is(err, handover.ErrWrongRunner):
		return terminal(v1alpha1.ReasonRunnerUnreachable, "what answered at the pod's address could not prove to be its runner")
	}
	return terminal(v1alpha1.ReasonRunnerUnreachable, "%s", bounded("the runner could not be given the code: "+err.Error()))
}

func (r *PreviewInstanceReconciler) startupTimeout(s *scope) time.Duration {
	return seconds(s.instance.Spec.StartupTimeoutSeconds, r.settings.Current().StartupTimeout)
}

// isPodFault reports whether an error is the pod's, not the project's.
func isPodFault(err error) bool {
	for _, fault := range []error{handover.ErrWrongRunner, handover.ErrUnreachable, handover.ErrUnauthorised, handover.ErrConflict} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}
