package controllers

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// maxMessageBytes bounds every message that ends up in the status; the API has the same limit.
const maxMessageBytes = 1024

// observe reads the instance's pod and decides whether the instance has to end.
func (r *PreviewInstanceReconciler) observe(ctx context.Context, s *scope) error {
	if err := r.readPod(ctx, s); err != nil {
		return err
	}
	previous := persistedEnding(s.instance.Status)
	switch {
	case s.deleting() && previous != nil && askedFor(previous.reason):
		// It ends already, or has ended.
		s.ending = previous
	case s.deleting():
		s.ending = &ending{reason: v1alpha1.ReasonDeleted}
	case s.instance.Spec.DesiredState == v1alpha1.DesiredStopped:
		s.ending = &ending{reason: v1alpha1.ReasonStopRequested}
	case previous != nil && previous.reason == v1alpha1.ReasonStopRequested && s.facts.Phase.Finished():
		startAfresh(s)
	case previous != nil:
		s.ending = previous
	default:
		s.ending = podEnding(s)
	}
	return nil
}

// readPod finds the instance's pod. Before anything is concluded from one that is not there, the API server has to say
// so: the cache of the pods can be behind that of the instances.
func (r *PreviewInstanceReconciler) readPod(ctx context.Context, s *scope) error {
	if err := r.findPod(ctx, r.client, s); err != nil {
		return err
	}
	if s.pod != nil {
		if r.neverRun(s) {
			return r.abandonPod(ctx, s)
		}
		return nil
	}
	intended := s.facts.PodName != "" && startedWarm(s)
	// Of an instance that ends, end asks.
	if (podWasSeen(s) || intended) && s.facts.Phase != v1alpha1.PhaseStopping {
		if err := r.findPod(ctx, r.live, s); err != nil || s.pod != nil {
			return err
		}
	}
	if intended && !podWasSeen(s) {
		// The pod that was meant was never claimed, or was lost before it was of use: another one will do.
		s.withoutPod()
	}
	if s.facts.PodName == "" {
		return r.findClaimed(ctx, s)
	}
	return nil
}

// neverRun reports whether the pod has ended because a manager that is gone had staged code in it, and did not live to
// have it run. The pod's own word is not enough: the project could say the same once it runs.
func (r *PreviewInstanceReconciler) neverRun(s *scope) bool {
	if s.served() || !startedWarm(s) || !podTerminated(s.pod) || r.handovers.has(s.instance.UID) {
		return false
	}
	var told runnerapi.Failure
	status := runnerStatus(s.pod)
	return status != nil && status.State.Terminated != nil && json.Unmarshal([]byte(status.State.Terminated.Message), &told) == nil &&
		told.Reason == runnerapi.ReasonNotRun
}

func startedWarm(s *scope) bool {
	return s.facts.Start != nil && s.facts.Start.Kind == v1alpha1.StartWarm
}

// findPod reads the pod that the status names. A pod of that name that belongs to somebody else is not ours.
func (r *PreviewInstanceReconciler) findPod(ctx context.Context, reader client.Reader, s *scope) error {
	if s.facts.PodName == "" {
		return nil
	}
	pod := &corev1.Pod{}
	err := reader.Get(ctx, types.NamespacedName{Namespace: s.instance.Namespace, Name: s.facts.PodName}, pod)
	if err == nil && metav1.IsControlledBy(pod, s.instance) {
		s.pod = pod
	}
	return client.IgnoreNotFound(err)
}

// podWasSeen reports whether the pod is known to have run.
func podWasSeen(s *scope) bool {
	return meta.IsStatusConditionTrue(s.facts.Conditions, v1alpha1.ConditionPodReady)
}

// startAfresh forgets the run that was stopped; only why the one before failed, if it did, is kept.
func startAfresh(s *scope) {
	if s.pod != nil {
		s.ending = &ending{reason: v1alpha1.ReasonStopRequested}
		return
	}
	s.facts = v1alpha1.PreviewInstanceStatus{LastFailure: s.facts.LastFailure, Restarts: s.facts.Restarts + 1}
}

// podEnding is the end of an instance whose pod has ended, is being deleted by somebody else, or is gone.
func podEnding(s *scope) *ending {
	switch {
	case s.pod == nil && podWasSeen(s):
		return lost(s, "the pod was deleted by somebody else")
	case s.pod == nil:
		return nil
	case podTerminated(s.pod):
		failure := podFailure(s.pod)
		failure.At = metaTime(s.now)
		return &ending{reason: failure.Reason, failure: failure}
	case s.pod.DeletionTimestamp != nil:
		return lost(s, "the pod is being deleted by somebody else, for example because its node is drained")
	}
	return nil
}

func lost(s *scope, message string) *ending {
	return &ending{reason: v1alpha1.ReasonPodLost, failure: &v1alpha1.Failure{
		Reason: v1alpha1.ReasonPodLost, Message: message, At: metaTime(s.now),
	}}
}

// podFailure reads why a pod ended. The kubelet's word goes first; the termination message comes from inside the
// sandbox and is trusted with no more than one of the known reasons and a bounded text.
func podFailure(pod *corev1.Pod) *v1alpha1.Failure {
	if pod.Status.Reason == "Evicted" {
		return &v1alpha1.Failure{Reason: v1alpha1.ReasonEvicted, Message: bounded(pod.Status.Message)}
	}
	status := runnerStatus(pod)
	if status == nil || status.State.Terminated == nil {
		return &v1alpha1.Failure{Reason: v1alpha1.ReasonPodLost, Message: bounded("the pod ended: " + pod.Status.Reason + " " + pod.Status.Message)}
	}
	ended := status.State.Terminated
	if ended.Reason == "OOMKilled" {
		return &v1alpha1.Failure{Reason: v1alpha1.ReasonOOMKilled, Message: oomMessage(pod), ExitCode: ptr.To(ended.ExitCode)}
	}
	var told runnerapi.Failure
	if json.Unmarshal([]byte(ended.Message), &told) == nil && told.Reason != "" {
		failure := runnerFailure(told)
		if failure.ExitCode == nil {
			failure.ExitCode = ptr.To(ended.ExitCode)
		}
		if failure.Reason == v1alpha1.ReasonOOMKilled {
			failure.Message = oomMessage(pod)
		}
		return failure
	}
	return &v1alpha1.Failure{
		Reason: v1alpha1.ReasonAppExited, Message: "the pod's process ended without saying why", ExitCode: ptr.To(ended.ExitCode),
	}
}

func oomMessage(pod *corev1.Pod) string {
	limit := pod.Spec.Containers[0].Resources.Limits.Memory()
	return "the application used more memory than its limit of " + limit.String()
}

// runnerFailure turns what a runner reports into a failure: an unknown reason becomes AppExited, and the text is bounded.
func runnerFailure(told runnerapi.Failure) *v1alpha1.Failure {
	reason := v1alpha1.ReasonAppExited
	switch told.Reason {
	case v1alpha1.ReasonCodeRejected, v1alpha1.ReasonSourceUnavailable, v1alpha1.ReasonEntrypointNotFound,
		v1alpha1.ReasonImportError, v1alpha1.ReasonStartupFailed, v1alpha1.ReasonStartupTimeout,
		v1alpha1.ReasonOOMKilled, v1alpha1.ReasonAppExited:
		reason = told.Reason
	}
	return &v1alpha1.Failure{Reason: reason, Message: bounded(told.Message), ExitCode: told.ExitCode}
}

// bounded makes text from outside fit for a status: valid UTF-8 without control characters, at most 1024 bytes.
func bounded(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.TrimSpace(text)
	if len(text) <= maxMessageBytes {
		return text
	}
	const ellipsis = "…"
	return strings.ToValidUTF8(text[:maxMessageBytes-len(ellipsis)], "") + ellipsis
}
