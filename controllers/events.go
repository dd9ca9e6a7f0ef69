package controllers

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// instanceEvent is one line of kubectl describe.
type instanceEvent struct{ kind, reason, action, note string }

// eventsBetween tells what changed between two statuses, for people. It is asked only after the second was written, so
// that nothing is told twice.
func eventsBetween(before, after v1alpha1.PreviewInstanceStatus) []instanceEvent {
	var out []instanceEvent
	warm := after.Start != nil && after.Start.Kind == v1alpha1.StartWarm
	// A warm launch is too short for one event to be of use before the next, and each is a write that competes with it.
	if before.Port == 0 && after.Port != 0 && !warm {
		out = append(out, instanceEvent{corev1.EventTypeNormal, "PortAllocated", "AllocatePort", fmt.Sprintf("allocated port %d", after.Port)})
	}
	if before.Reason != after.Reason && after.Phase == v1alpha1.PhaseStarting {
		switch after.Reason {
		case v1alpha1.ReasonDisabled, v1alpha1.ReasonRuntimeNotFound, v1alpha1.ReasonPortsExhausted, v1alpha1.ReasonSourceUnavailable:
			out = append(out, instanceEvent{corev1.EventTypeWarning, after.Reason, "Wait", readyMessage(after)})
		}
	}
	if before.Phase == after.Phase {
		return out
	}
	switch after.Phase {
	case v1alpha1.PhaseRunning:
		out = append(out, instanceEvent{corev1.EventTypeNormal, "Running", "Serve", started(after) + "the application answers at " + after.BaseURL})
	case v1alpha1.PhaseStopping:
		out = append(out, endingEvent(after, "Stopping"))
	case v1alpha1.PhaseStopped, v1alpha1.PhaseFailed:
		if before.Phase != v1alpha1.PhaseStopping {
			out = append(out, endingEvent(after, "Stopping"))
		}
		out = append(out, instanceEvent{corev1.EventTypeNormal, "PortReleased", "ReleasePort", fmt.Sprintf("%s; port %d is free again", after.Phase, before.Port)})
	}
	return out
}

// started says how a run was started, to be followed by what came of it.
func started(status v1alpha1.PreviewInstanceStatus) string {
	start := status.Start
	switch {
	case start == nil:
		return ""
	case start.Kind == v1alpha1.StartWarm:
		return "warm start in pod " + status.PodName + ": "
	default:
		return "cold start (" + start.Reason + ") in pod " + status.PodName + ": "
	}
}

func endingEvent(status v1alpha1.PreviewInstanceStatus, reason string) instanceEvent {
	if askedFor(status.Reason) || status.LastFailure == nil {
		return instanceEvent{corev1.EventTypeNormal, reason, "Stop", "stopping: " + status.Reason}
	}
	note := status.LastFailure.Message
	if code := status.LastFailure.ExitCode; code != nil {
		note = fmt.Sprintf("%s (exit code %d)", note, *code)
	}
	return instanceEvent{corev1.EventTypeWarning, status.Reason, "Fail", note}
}

func readyMessage(status v1alpha1.PreviewInstanceStatus) string {
	for _, c := range status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return c.Message
		}
	}
	return status.Reason
}
