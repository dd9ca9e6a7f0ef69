package controllers

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/collector"
	"github.com/codebegen/preview-operator/internal/rundetails"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

func at(second int64) metav1.Time { return metav1.NewTime(time.Unix(second, 0).UTC()) }

// recorded is an instance of which the whole story is in the status.
func recorded(change func(*v1alpha1.PreviewInstance)) *v1alpha1.PreviewInstance {
	reached := func(kind string, second int64) metav1.Condition {
		return metav1.Condition{Type: kind, Status: metav1.ConditionTrue, LastTransitionTime: at(second)}
	}
	instance := &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "name", Namespace: "previews", UID: "uid", ResourceVersion: "77", CreationTimestamp: at(100)},
		Spec: v1alpha1.PreviewInstanceSpec{
			GenerationID: "generation", UserID: "user", ProjectID: "project", RuntimeName: "python",
			Source: v1alpha1.Source{Generation: &v1alpha1.GenerationSource{Version: "v1"}},
		},
		Status: v1alpha1.PreviewInstanceStatus{
			Phase: v1alpha1.PhaseRunning, Reason: "Serving", Port: 3001, PodName: "pod", NodeName: "node", MemoryLimitMB: 512, StartedAt: ptr.To(at(105)),
			Conditions: []metav1.Condition{
				reached(v1alpha1.ConditionAccepted, 101), reached(v1alpha1.ConditionPortAllocated, 102), reached(v1alpha1.ConditionPodReady, 103),
				reached(v1alpha1.ConditionCodeLoaded, 104), reached(v1alpha1.ConditionServing, 105), reached(v1alpha1.ConditionReady, 105),
			},
		},
	}
	change(instance)
	return instance
}

func ended(phase v1alpha1.Phase, reason string) func(*v1alpha1.PreviewInstance) {
	return func(i *v1alpha1.PreviewInstance) {
		i.Status.Phase, i.Status.Reason, i.Status.StoppedAt = phase, reason, ptr.To(at(111))
		i.Status.Conditions[5].Status, i.Status.Conditions[5].LastTransitionTime = metav1.ConditionFalse, at(110)
	}
}

func failed(at metav1.Time) *v1alpha1.Failure {
	return &v1alpha1.Failure{Reason: v1alpha1.ReasonOOMKilled, Message: "too much", ExitCode: ptr.To(int32(137)), At: at}
}

func TestSystemLines(t *testing.T) {
	started := []string{
		"7 100 INFO created for user user, generation generation in version v1, runtime python",
		"1 102 INFO claimed port 3001 and pod pod", "2 103 INFO the pod runs on node node, with at most 512 MiB of memory",
		"3 104 INFO the code is loaded", "4 105 INFO running: the application accepts connections",
	}
	stopped := func(reason string) func(*v1alpha1.PreviewInstance) { return ended(v1alpha1.PhaseStopped, reason) }
	after := func(lines ...string) []string { return append(started[:5:5], lines...) }
	const end = "6 111 INFO ended after 6 s: it holds no port any more"
	for name, test := range map[string]struct {
		change func(*v1alpha1.PreviewInstance)
		want   []string
	}{
		"new":     {func(i *v1alpha1.PreviewInstance) { i.Status = v1alpha1.PreviewInstanceStatus{} }, nil},
		"running": {func(*v1alpha1.PreviewInstance) {}, started},
		"not ours": {func(i *v1alpha1.PreviewInstance) {
			i.Spec = v1alpha1.PreviewInstanceSpec{RuntimeName: "python"}
			i.Status = v1alpha1.PreviewInstanceStatus{Phase: v1alpha1.PhaseStarting}
		}, []string{"7 100 INFO created, runtime python"}},
		"stopped": {stopped(v1alpha1.ReasonStopRequested), after("5 110 INFO stopping: it was asked to stop (StopRequested)", end)},
		"deleted": {stopped(v1alpha1.ReasonDeleted), after("5 110 INFO stopping: its PreviewInstance was deleted (Deleted)", end)},
		"idle":    {stopped(v1alpha1.ReasonSessionTimeout), after("5 110 INFO stopping: nobody has used it for 60 s (SessionTimeout)", end)},
		"too old": {stopped(v1alpha1.ReasonMaxUptime), after("5 110 INFO stopping: it has run for as long as it may, 120 s (MaxUptime)", end)},
		"failed": {func(i *v1alpha1.PreviewInstance) {
			ended(v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled)(i)
			i.Status.LastFailure = failed(at(109))
		}, after("5 109 ERROR failed: OOMKilled: too much (exit code 137)", end)},
		"failed before it served, with a message that names the reason": {func(i *v1alpha1.PreviewInstance) {
			ended(v1alpha1.PhaseFailed, v1alpha1.ReasonImportError)(i)
			i.Status.LastFailure = &v1alpha1.Failure{Reason: v1alpha1.ReasonImportError, Message: "ImportError: no module", At: at(109)}
			i.Status.StartedAt = nil
		}, append(started[:4:4], "5 109 ERROR failed: ImportError: no module", "6 111 INFO ended: it holds no port any more")},
		"stopped, an earlier run had failed": {func(i *v1alpha1.PreviewInstance) {
			ended(v1alpha1.PhaseStopping, v1alpha1.ReasonStopRequested)(i)
			i.Status.StoppedAt, i.Status.Restarts, i.Status.LastFailure = nil, 1, failed(at(100))
		}, append(
			[]string{"7 101 INFO started again for user user, generation generation in version v1, runtime python"},
			append(started[1:5:5], "5 110 INFO stopping: it was asked to stop (StopRequested)")...)},
	} {
		instance := recorded(test.change)
		var got []string
		for _, line := range systemLines(instance, instance.Status, rundetails.Details{SessionTimeout: 60, MaxUptime: 120}) {
			got = append(got, fmt.Sprintf("%d %d %s %s", line.Seq, line.At.Unix(), line.Level, line.Message))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What a status says of this second is told with the time that it is; what is older stays as it is.
func TestSharpened(t *testing.T) {
	now := time.Unix(100, 700)
	for name, test := range map[string]struct{ at, want time.Time }{
		"this second":     {time.Unix(100, 0), now},
		"the last second": {time.Unix(99, 0), now},
		"long ago":        {time.Unix(98, 0), time.Unix(98, 0)},
		"not yet":         {time.Unix(101, 0), time.Unix(101, 0)},
	} {
		if got := sharpened([]collector.SystemLine{{At: test.at}}, now)[0].At; !got.Equal(test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestDetailsOfRun(t *testing.T) {
	r := &PreviewInstanceReconciler{settings: settings.Fixed(settings.Settings{SessionTimeout: time.Minute, MaxUptime: time.Hour, StartupTimeout: time.Second})}
	instance := testInstance("a")
	instance.Spec.StartupTimeoutSeconds = ptr.To(int32(7))
	status := v1alpha1.PreviewInstanceStatus{MemoryLimitMB: 64, Start: &v1alpha1.Start{Kind: v1alpha1.StartWarm}}
	want := rundetails.Details{SessionTimeout: 60, MaxUptime: 3600, StartupTimeout: 7, MemoryLimitMB: 64, Start: status.Start}
	if diff := cmp.Diff(want, r.detailsOfRun(newScope(instance, time.Now()), status)); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

func TestRunRecord(t *testing.T) {
	base := store.Run{
		UID: "uid", InstanceUID: "uid", Name: "name", Namespace: "previews", GenerationID: "generation", UserID: "user", ProjectID: "project",
		Version: "v1", Runtime: "python", Phase: "Running", Reason: "Serving", Port: 3001, Node: "node", Revision: 77,
		CreatedAt: at(100).Time, StartedAt: ptr.To(at(105).Time),
	}
	for name, test := range map[string]struct {
		change func(*v1alpha1.PreviewInstance)
		want   func(*store.Run)
	}{
		"running": {func(*v1alpha1.PreviewInstance) {}, func(*store.Run) {}},
		"failed": {func(i *v1alpha1.PreviewInstance) {
			ended(v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled)(i)
			i.Status.LastFailure = failed(at(109))
		}, func(r *store.Run) {
			r.Phase, r.Reason, r.StoppedAt = "Failed", "OOMKilled", ptr.To(at(111).Time)
			r.Failure = &store.RunFailure{Reason: "OOMKilled", Message: "too much", ExitCode: ptr.To(int32(137)), At: at(109).Time}
		}},
		"failed, then deleted before its end was written": {func(i *v1alpha1.PreviewInstance) {
			ended(v1alpha1.PhaseStopped, v1alpha1.ReasonDeleted)(i)
			i.Status.LastFailure = failed(at(109))
		}, func(r *store.Run) {
			r.Phase, r.Reason, r.StoppedAt = "Failed", "OOMKilled", ptr.To(at(111).Time)
			r.Failure = &store.RunFailure{Reason: "OOMKilled", Message: "too much", ExitCode: ptr.To(int32(137)), At: at(109).Time}
		}},
		"deleted": {ended(v1alpha1.PhaseStopped, v1alpha1.ReasonDeleted), func(r *store.Run) {
			r.Phase, r.Reason, r.StoppedAt = "Stopped", "Deleted", ptr.To(at(111).Time)
		}},
		"second run": {func(i *v1alpha1.PreviewInstance) { i.Status.Restarts, i.Status.LastFailure = 1, failed(at(100)) }, func(r *store.Run) {
			r.UID, r.Restarts, r.CreatedAt = "uid.1", 1, at(101).Time
		}},
		"no number for a version": {func(i *v1alpha1.PreviewInstance) { i.ResourceVersion = "x" }, func(r *store.Run) { r.Revision = 1 }},
	} {
		instance, want := recorded(test.change), base
		test.want(&want)
		if diff := cmp.Diff(want, runRecord(instance, instance.Status)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// An instance that is deleted, as all are in the end, does not change how its run ended.
func TestEndedBeforeDeletion(t *testing.T) {
	for name, test := range map[string]struct {
		deleted *metav1.Time
		want    bool
	}{
		"lives":                 {nil, false},
		"deleted while it runs": {ptr.To(at(110)), false},
		"deleted as it ended":   {ptr.To(at(111)), true},
		"deleted afterwards":    {ptr.To(at(112)), true},
	} {
		instance := recorded(ended(v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled))
		instance.DeletionTimestamp = test.deleted
		if got := endedBeforeDeletion(instance, instance.Status); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
