package controllers

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/ports"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// scope is what one reconcile knows. Each field says who sets it.
type scope struct {
	// now is the time of the reconcile, in whole seconds as the API stores it; set at the start.
	now time.Time
	// instance as last read or written; set at the start and by persist.
	instance *v1alpha1.PreviewInstance
	// facts are the fields of the status that are not derived: port, pod, times, failure. Set at the start from the
	// status that was read, changed by phases, written by persist.
	facts v1alpha1.PreviewInstanceStatus
	// ending says why the instance has to end or has ended, nil while it lives; set by observe and run.
	ending *ending

	// runtime that the instance names; set by accept.
	runtime *v1alpha1.PreviewRuntime
	// pod that facts.PodName names, if it exists and belongs to the instance; set by observe and ensurePod.
	pod *corev1.Pod
	// claiming is set while the pod is about to become the instance's, and is not yet; set by takePod.
	claiming bool
	// handover is how far the code has come; set by handOver.
	handover handoverState
	// waiting is the first phase that could not be done yet; set by run.
	waiting *waitError
	// released is set by end once the instance holds neither a port nor a running pod.
	released bool
	// giveWay asks to be looked at again at once, but after the instances that wait for their first turn; set by ensurePod.
	giveWay bool
	// requeueAfter is when the instance has to be looked at again though nothing happened; zero for never.
	requeueAfter time.Duration
}

// handoverState is how far the code of an instance has come.
type handoverState struct {
	started bool
	result  *runnerapi.Result
}

// ending says why an instance ends.
type ending struct {
	reason string
	// failure is nil for an end that was asked for.
	failure *v1alpha1.Failure
}

func newScope(instance *v1alpha1.PreviewInstance, now time.Time) *scope {
	return &scope{now: now.Truncate(time.Second), instance: instance, facts: *instance.Status.DeepCopy()}
}

// served reports whether the application was seen to accept connections, by this or an earlier manager.
func (s *scope) served() bool { return s.facts.StartedAt != nil }

func (s *scope) deleting() bool { return !s.instance.DeletionTimestamp.IsZero() }

func (s *scope) holder() ports.Holder { return holderOf(s.instance) }

// lookAgain asks for another reconcile at the latest after d.
func (s *scope) lookAgain(d time.Duration) {
	if s.requeueAfter == 0 || d < s.requeueAfter {
		s.requeueAfter = max(d, time.Millisecond)
	}
}
