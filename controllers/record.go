package controllers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/collector"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/loglevel"
	"github.com/codebegen/preview-operator/internal/rundetails"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	// holdPoll is how soon a pod is looked at again whose log is not read to its end.
	holdPoll = 100 * time.Millisecond
	// statusPrecision is that of the times in a status, and sharpenWithin how long it takes at most, as a rule, to write one.
	statusPrecision, sharpenWithin = time.Second, time.Second
	// settlePatience bounds the wait for the record of an instance that goes: the store may be away.
	settlePatience = 2 * time.Second
)

// Collector keeps what is to be known of runs after their resources are gone: a collector.Collector.
type Collector interface {
	// Follow collects the log of a run.
	Follow(run collector.Run)
	// Hold is how long at most the pod of a run should not be deleted yet.
	Hold(runUID string) time.Duration
	// System and Record take lines and facts of a run, and Settle waits until they are stored.
	System(runUID string, lines ...collector.SystemLine)
	Record(run store.Run)
	Settle(ctx context.Context, runUID string) error
}

// nothingKept is the Collector of a manager that has none.
type nothingKept struct{}

func (nothingKept) Follow(collector.Run)                   {}
func (nothingKept) Hold(string) time.Duration              { return 0 }
func (nothingKept) System(string, ...collector.SystemLine) {}
func (nothingKept) Record(store.Run)                       {}
func (nothingKept) Settle(context.Context, string) error   { return nil }

// followLog has the log of the instance's pod collected once its runner runs, and before the runner gets the code.
func (r *PreviewInstanceReconciler) followLog(s *scope) error {
	if s.pod == nil || s.pod.Status.PodIP == "" || !runnerRunning(s.pod) && !podTerminated(s.pod) {
		return nil
	}
	target, err := r.target(s.pod)
	if err != nil {
		return err
	}
	r.collector.Follow(collector.Run{
		UID:       store.RunUID(string(s.instance.UID), s.facts.Restarts),
		Namespace: s.pod.Namespace, Target: target, Since: s.pod.CreationTimestamp.Time,
	})
	return nil
}

// followLost has what is missing of a log recorded whose pod went while no manager was there: nobody follows it yet, and
// there is nothing left to read. Of one that was followed, and of a complete one, it changes nothing.
func (r *PreviewInstanceReconciler) followLost(s *scope) {
	if s.pod != nil || s.facts.PodName == "" || s.facts.NodeName == "" {
		return
	}
	r.collector.Follow(collector.Run{
		UID:       store.RunUID(string(s.instance.UID), s.facts.Restarts),
		Namespace: s.instance.Namespace, Target: handover.Target{PodName: s.facts.PodName}, Since: begunAt(s.instance, s.facts),
	})
}

// record keeps a status of the instance, and the steps that it shows. What is kept already is not kept again.
func (r *PreviewInstanceReconciler) record(s *scope, status v1alpha1.PreviewInstanceStatus) {
	if status.Phase == "" || endedBeforeDeletion(s.instance, status) {
		return
	}
	run := runRecord(s.instance, status)
	details := r.detailsOfRun(s, status)
	run.Details = details.Encode()
	r.collector.Record(run)
	r.collector.System(run.UID, sharpened(systemLines(s.instance, status, details), r.now())...)
}

// detailsOfRun are what was in force for a run, and how it was started.
func (r *PreviewInstanceReconciler) detailsOfRun(s *scope, status v1alpha1.PreviewInstanceStatus) rundetails.Details {
	return rundetails.Details{
		SessionTimeout: int64(seconds(s.instance.Spec.SessionTimeoutSeconds, r.settings.Current().SessionTimeout).Seconds()),
		MaxUptime:      int64(seconds(s.instance.Spec.MaxUptimeSeconds, r.settings.Current().MaxUptime).Seconds()),
		StartupTimeout: int64(r.startupTimeout(s).Seconds()),
		MemoryLimitMB:  status.MemoryLimitMB,
		Start:          status.Start,
	}
}

// sharpened gives lines that tell of this moment its time: those of a status have whole seconds.
func sharpened(lines []collector.SystemLine, now time.Time) []collector.SystemLine {
	for i := range lines {
		if line := &lines[i]; !line.At.After(now) && now.Sub(line.At) < statusPrecision+sharpenWithin {
			line.At = now
		}
	}
	return lines
}

// endedBeforeDeletion reports whether a run had ended when its instance was deleted: that is the end which counts. Times in
// a status have whole seconds; one that ended in the second of its deletion had begun to before.
func endedBeforeDeletion(instance *v1alpha1.PreviewInstance, status v1alpha1.PreviewInstanceStatus) bool {
	if instance.DeletionTimestamp == nil || status.StoppedAt == nil || status.StoppedAt.After(instance.DeletionTimestamp.Time) {
		return false
	}
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	return status.StoppedAt.Before(instance.DeletionTimestamp) || ready != nil && ready.LastTransitionTime.Before(instance.DeletionTimestamp)
}

// settle waits, bounded, until all that was recorded of an instance that goes is stored.
func (r *PreviewInstanceReconciler) settle(ctx context.Context, s *scope) {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	if err := r.collector.Settle(ctx, store.RunUID(string(s.instance.UID), s.facts.Restarts)); err != nil {
		// It is still written when the store is back and this manager lives.
		return
	}
}

// runRecord is what the store keeps of a run.
func runRecord(instance *v1alpha1.PreviewInstance, status v1alpha1.PreviewInstanceStatus) store.Run {
	run := store.Run{
		UID: store.RunUID(string(instance.UID), status.Restarts), InstanceUID: string(instance.UID),
		Name: instance.Name, Namespace: instance.Namespace,
		GenerationID: instance.Spec.GenerationID, UserID: instance.Spec.UserID, ProjectID: instance.Spec.ProjectID,
		Runtime: instance.Spec.RuntimeName, Phase: string(status.Phase), Reason: status.Reason,
		Port: status.Port, Node: status.NodeName, Restarts: status.Restarts,
		CreatedAt: begunAt(instance, status), StartedAt: timeOf(status.StartedAt), StoppedAt: timeOf(status.StoppedAt),
		Revision: 1,
	}
	// The API server's versions are numbers that grow; whatever else they were, the time would order the facts.
	if revision, err := strconv.ParseInt(instance.ResourceVersion, 10, 64); err == nil && revision > 0 {
		run.Revision = revision
	}
	if source := instance.Spec.Source.Generation; source != nil {
		run.Version = source.Version
	}
	if failure := failureOf(instance, status); failure != nil {
		run.Failure = &store.RunFailure{Reason: failure.Reason, Message: failure.Message, ExitCode: failure.ExitCode, At: failure.At.Time}
		if run.Reason == v1alpha1.ReasonDeleted {
			// It had failed before. Deleting what is left does not change that.
			run.Reason = failure.Reason
			if status.Phase.Finished() {
				run.Phase = string(v1alpha1.PhaseFailed)
			}
		}
	}
	return run
}

// begunAt is when a run was asked for: with its instance, or when that was started again.
func begunAt(instance *v1alpha1.PreviewInstance, status v1alpha1.PreviewInstanceStatus) time.Time {
	if accepted := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionAccepted); accepted != nil && status.Restarts > 0 {
		return accepted.LastTransitionTime.Time
	}
	return instance.CreationTimestamp.Time
}

// failureOf is why a run failed, also when its instance was deleted since. The failure of an earlier run stays in the
// status.
func failureOf(instance *v1alpha1.PreviewInstance, status v1alpha1.PreviewInstanceStatus) *v1alpha1.Failure {
	failure := status.LastFailure
	if failure == nil || !endingPhase(status.Phase) || failure.At.Time.Before(begunAt(instance, status)) {
		return nil
	}
	return failure
}

func endingPhase(phase v1alpha1.Phase) bool {
	return phase == v1alpha1.PhaseStopping || phase.Finished()
}

func timeOf(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	return &t.Time
}

// The numbers of the lines that tell of a run. Each is told once, however often it is derived. They are part of what is
// stored: new ones come last.
const (
	linePod = iota + 1
	lineStarted
	lineCode
	lineServing
	lineEnding
	lineEnded
	lineCreated
)

// systemLines tells the steps that a status shows, in their order, for people.
func systemLines(instance *v1alpha1.PreviewInstance, status v1alpha1.PreviewInstanceStatus, details rundetails.Details) []collector.SystemLine {
	var lines []collector.SystemLine
	tell := func(seq int64, at time.Time, level loglevel.Level, format string, args ...any) {
		lines = append(lines, collector.SystemLine{Seq: seq, At: at, Level: level, Message: fmt.Sprintf(format, args...)})
	}
	reached := func(kind string) *metav1.Condition {
		if c := meta.FindStatusCondition(status.Conditions, kind); c != nil && c.Status == metav1.ConditionTrue {
			return c
		}
		return nil
	}
	if status.Phase == "" {
		return nil
	}
	tell(lineCreated, begunAt(instance, status), loglevel.Info, "%s", createdText(instance, status))
	if port := reached(v1alpha1.ConditionPortAllocated); port != nil && status.PodName != "" {
		tell(linePod, port.LastTransitionTime.Time, loglevel.Info, "claimed port %d and pod %s", status.Port, status.PodName)
	}
	if pod := reached(v1alpha1.ConditionPodReady); pod != nil {
		tell(lineStarted, pod.LastTransitionTime.Time, loglevel.Info, "the pod runs on node %s, with at most %d MiB of memory", status.NodeName, status.MemoryLimitMB)
	}
	if code := reached(v1alpha1.ConditionCodeLoaded); code != nil {
		tell(lineCode, code.LastTransitionTime.Time, loglevel.Info, "the code is loaded")
	}
	if status.StartedAt != nil {
		tell(lineServing, status.StartedAt.Time, loglevel.Info, "running: the application accepts connections")
	}
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || !endingPhase(status.Phase) {
		return lines
	}
	if failure := failureOf(instance, status); failure != nil {
		tell(lineEnding, failure.At.Time, loglevel.Error, "failed: %s", failureText(failure))
	} else {
		tell(lineEnding, ready.LastTransitionTime.Time, loglevel.Info, "stopping: %s (%s)", endingText(status.Reason, details), status.Reason)
	}
	if status.StoppedAt != nil {
		tell(lineEnded, status.StoppedAt.Time, loglevel.Info, "ended%s: it holds no port any more", uptimeText(status))
	}
	return lines
}

// versionDigits are enough of a version to tell it from others.
const versionDigits = 12

// createdText says what runs, and for whom.
func createdText(instance *v1alpha1.PreviewInstance, status v1alpha1.PreviewInstanceStatus) string {
	text := "created"
	if status.Restarts > 0 {
		text = "started again"
	}
	spec := &instance.Spec
	if spec.UserID != "" {
		text += " for user " + spec.UserID
	}
	if spec.GenerationID != "" {
		text += ", generation " + spec.GenerationID
	}
	if source := spec.Source.Generation; source != nil && source.Version != "" {
		text += " in version " + source.Version[:min(len(source.Version), versionDigits)]
	}
	return text + ", runtime " + spec.RuntimeName
}

// endingText puts the reasons of askedFor in words.
func endingText(reason string, details rundetails.Details) string {
	switch reason {
	case v1alpha1.ReasonStopRequested:
		return "it was asked to stop"
	case v1alpha1.ReasonDeleted:
		return "its PreviewInstance was deleted"
	case v1alpha1.ReasonSessionTimeout:
		return fmt.Sprintf("nobody has used it for %d s", details.SessionTimeout)
	case v1alpha1.ReasonMaxUptime:
		return fmt.Sprintf("it has run for as long as it may, %d s", details.MaxUptime)
	}
	return "it cannot go on"
}

func failureText(failure *v1alpha1.Failure) string {
	text := failure.Message
	if !strings.HasPrefix(text, failure.Reason+":") {
		text = failure.Reason + ": " + text
	}
	if failure.ExitCode != nil {
		text += fmt.Sprintf(" (exit code %d)", *failure.ExitCode)
	}
	return text
}

// uptimeText says how long the application ran, nothing when it never did.
func uptimeText(status v1alpha1.PreviewInstanceStatus) string {
	if status.StartedAt == nil {
		return ""
	}
	return fmt.Sprintf(" after %d s", int64(max(status.StoppedAt.Sub(status.StartedAt.Time), 0)/time.Second))
}
