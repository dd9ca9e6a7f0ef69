package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

func metaTime(t time.Time) metav1.Time { return metav1.NewTime(t) }

// persist writes the status derived from what is known, unless it is the one that stands there already, or only how far
// an end has come.
func (r *PreviewInstanceReconciler) persist(ctx context.Context, s *scope) error {
	if s.told() {
		return nil
	}
	next := deriveStatus(s)
	if equality.Semantic.DeepEqual(next, s.instance.Status) {
		return nil
	}
	before := s.instance.Status
	updated := s.instance.DeepCopy()
	updated.Status = next
	if err := r.client.Status().Update(ctx, updated); err != nil {
		return err
	}
	s.instance = updated
	r.ownWrites.wrote(updated)
	r.metrics.changed(updated, before, updated.Status)
	if before.Phase != updated.Status.Phase {
		log.FromContext(ctx).Info("the phase has changed", "uid", updated.UID, "from", before.Phase, "to", updated.Status.Phase, "reason", updated.Status.Reason)
	}
	for _, e := range eventsBetween(before, updated.Status) {
		r.recorder.Eventf(updated, nil, e.kind, e.reason, e.action, "%s", e.note)
	}
	return nil
}

// deriveStatus is pure: the same scope gives the same status.
func deriveStatus(s *scope) v1alpha1.PreviewInstanceStatus {
	status := *s.facts.DeepCopy()
	status.ObservedGeneration = s.instance.Generation
	conditions := []metav1.Condition{
		acceptedCondition(s), portCondition(s), podCondition(s), codeCondition(s), servingCondition(s),
	}
	conditions = append(conditions, readyCondition(s, conditions))
	for _, c := range conditions {
		c.ObservedGeneration = s.instance.Generation
		c.LastTransitionTime = metaTime(s.now)
		meta.SetStatusCondition(&status.Conditions, c)
	}
	status.Phase = phaseOf(status.Conditions)
	status.Reason = reasonOf(status.Conditions)
	return status
}

func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

// unreached is a condition whose step was not looked at in this reconcile: it keeps what was known of it.
func unreached(s *scope, kind string) metav1.Condition {
	if known := meta.FindStatusCondition(s.facts.Conditions, kind); known != nil {
		return condition(kind, known.Status, known.Reason, known.Message)
	}
	return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, "an earlier step has to be done first")
}

// blocked is the condition that a waitError names, if it names this one.
func blocked(s *scope, kind string) (metav1.Condition, bool) {
	if s.waiting == nil || s.waiting.condition != kind {
		return metav1.Condition{}, false
	}
	return condition(kind, metav1.ConditionFalse, s.waiting.reason, s.waiting.message), true
}

// failedHere is the condition of the step that ended the instance, if it is this one.
func failedHere(s *scope, kind string, reasons ...string) (metav1.Condition, bool) {
	if s.ending == nil || s.ending.failure == nil || !slices.Contains(reasons, s.ending.reason) {
		return metav1.Condition{}, false
	}
	return condition(kind, metav1.ConditionFalse, s.ending.reason, s.ending.failure.Message), true
}

func acceptedCondition(s *scope) metav1.Condition {
	const kind = v1alpha1.ConditionAccepted
	if c, ok := failedHere(s, kind, v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonGenerationNotFound, v1alpha1.ReasonGenerationNotOwned); ok {
		return c
	}
	if c, ok := blocked(s, kind); ok {
		return c
	}
	if s.runtime != nil {
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "the spec, its runtime and its source are usable")
	}
	return unreached(s, kind)
}

func portCondition(s *scope) metav1.Condition {
	const kind = v1alpha1.ConditionPortAllocated
	if c, ok := failedHere(s, kind, v1alpha1.ReasonPortsExhausted); ok && !s.released {
		return c
	}
	if c, ok := blocked(s, kind); ok {
		return c
	}
	switch {
	case s.released:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonReleased, "the instance holds no port")
	case s.facts.Port != 0:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAllocated, fmt.Sprintf("port %d", s.facts.Port))
	}
	return unreached(s, kind)
}

func podCondition(s *scope) metav1.Condition {
	const kind = v1alpha1.ConditionPodReady
	if c, ok := blocked(s, kind); ok {
		return c
	}
	switch {
	case s.claiming:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonPodPending, "a warm pod is being claimed")
	case s.pod == nil && (s.ending != nil || s.facts.PodName == ""):
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonNoPod, "the instance has no pod")
	case s.pod == nil:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonPodPending, "the pod is being created")
	case podTerminated(s.pod):
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonPodTerminated, "the pod's processes have ended")
	case runnerRunning(s.pod):
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonPodRunning, "the pod runs")
	}
	return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonPodPending, pendingMessage(s.pod))
}

func codeCondition(s *scope) metav1.Condition {
	const kind = v1alpha1.ConditionCodeLoaded
	if c, ok := failedHere(s, kind, v1alpha1.ReasonCodeRejected, v1alpha1.ReasonSourceUnavailable, v1alpha1.ReasonRunnerUnreachable); ok {
		return c
	}
	if c, ok := blocked(s, kind); ok {
		return c
	}
	switch {
	case s.handover.result != nil && s.handover.result.CodeLoaded:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonLoaded, "the runner has the code")
	case s.handover.started:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonLoading, "the code is on its way to the runner")
	}
	return unreached(s, kind)
}

func servingCondition(s *scope) metav1.Condition {
	const kind = v1alpha1.ConditionServing
	switch {
	case s.ending != nil && s.ending.failure != nil:
		return condition(kind, metav1.ConditionFalse, s.ending.reason, s.ending.failure.Message)
	case s.ending != nil:
		return condition(kind, metav1.ConditionFalse, s.ending.reason, "the instance was stopped")
	case s.served():
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonServing, "the application accepts connections")
	case s.handover.started:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonPending, "the application has not started yet")
	}
	return unreached(s, kind)
}

// readyCondition sums up. While the instance is on its way the reason is Starting and the message names the first step
// that is not done, so that any other reason means that the instance has ended.
func readyCondition(s *scope, steps []metav1.Condition) metav1.Condition {
	const kind = v1alpha1.ConditionReady
	if s.ending != nil {
		message := "the instance was stopped"
		if s.ending.failure != nil {
			message = s.ending.failure.Message
		}
		return condition(kind, metav1.ConditionFalse, s.ending.reason, message)
	}
	for _, step := range steps {
		if step.Status != metav1.ConditionTrue {
			return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonStarting, step.Type+": "+step.Message)
		}
	}
	return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonServing, "requests can be sent")
}

// phaseOf derives the phase from the conditions.
func phaseOf(conditions []metav1.Condition) v1alpha1.Phase {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.Status != metav1.ConditionTrue && ready.Reason == v1alpha1.ReasonStarting:
		return v1alpha1.PhaseStarting
	case ready.Status == metav1.ConditionTrue:
		return v1alpha1.PhaseRunning
	}
	port := meta.FindStatusCondition(conditions, v1alpha1.ConditionPortAllocated)
	switch {
	case port == nil || port.Reason != v1alpha1.ReasonReleased:
		return v1alpha1.PhaseStopping
	case askedFor(ready.Reason):
		return v1alpha1.PhaseStopped
	}
	return v1alpha1.PhaseFailed
}

// reasonOf is the reason of the phase: that of Ready or, on the way there, of the first step that is not done.
func reasonOf(conditions []metav1.Condition) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready.Reason != v1alpha1.ReasonStarting {
		return ready.Reason
	}
	for _, kind := range []string{
		v1alpha1.ConditionAccepted, v1alpha1.ConditionPortAllocated, v1alpha1.ConditionPodReady,
		v1alpha1.ConditionCodeLoaded, v1alpha1.ConditionServing,
	} {
		if c := meta.FindStatusCondition(conditions, kind); c != nil && c.Status != metav1.ConditionTrue {
			return c.Reason
		}
	}
	return v1alpha1.ReasonStarting
}

// askedFor tells the ends that a user or a setting asked for from failures.
func askedFor(reason string) bool {
	switch reason {
	case v1alpha1.ReasonStopRequested, v1alpha1.ReasonDeleted, v1alpha1.ReasonSessionTimeout, v1alpha1.ReasonMaxUptime:
		return true
	}
	return false
}

// persistedEnding reads back the end that an earlier reconcile decided on; nil while the instance lives.
func persistedEnding(status v1alpha1.PreviewInstanceStatus) *ending {
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status == metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonStarting {
		return nil
	}
	end := &ending{reason: ready.Reason}
	if !askedFor(ready.Reason) {
		end.failure = status.LastFailure
	}
	return end
}

func runnerStatus(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		return &pod.Status.ContainerStatuses[i]
	}
	return nil
}

func runnerRunning(pod *corev1.Pod) bool {
	status := runnerStatus(pod)
	return status != nil && status.State.Running != nil && pod.Status.PodIP != "" && !podTerminated(pod)
}

func podTerminated(pod *corev1.Pod) bool {
	status := runnerStatus(pod)
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded ||
		status != nil && status.State.Terminated != nil
}

// pendingMessage says what a pod that does not run yet waits for.
func pendingMessage(pod *corev1.Pod) string {
	if status := runnerStatus(pod); status != nil && status.State.Waiting != nil && status.State.Waiting.Reason != "" {
		return "the container waits: " + bounded(status.State.Waiting.Reason+" "+status.State.Waiting.Message)
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return "the pod waits to be scheduled: " + bounded(c.Message)
		}
	}
	return "the pod is being started"
}
