package controllers

import (
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// startIn has the last pod of the pool be ready so long after it was asked for. An instance has taken it since.
func (w *warmWorld) startIn(took time.Duration) {
	last := "last-of-" + w.runtime.Name
	pod := w.warmPod(last)
	w.seen(pod)
	w.clock = w.clock.Add(took)
	w.probing++
	w.probed(pod, nil, false)
	w.reserve(w.runtime, types.UID(last))
	w.claimed(types.UID(last))
}

// misses has a launch ask for a pod, which it does not get, and reports whether it waits for the next one.
func (w *warmWorld) misses(t *testing.T, instance types.UID) bool {
	t.Helper()
	if pod, ok := w.reserve(w.runtime, instance); ok {
		t.Errorf("%s gets %s", instance, pod.Name)
	}
	return w.awaits(w.runtime, instance)
}

func TestLaunchesWaitForPodsThatAreAboutToBeReady(t *testing.T) {
	w := newWarmWorld()
	w.startIn(time.Second)
	pods := []*corev1.Pod{w.warmPod("a"), w.warmPod("b")}
	for _, pod := range pods {
		w.seen(pod)
	}
	for _, instance := range []types.UID{"first", "second", "first"} {
		if !w.misses(t, instance) {
			t.Errorf("%s does not wait though there are two pods", instance)
		}
	}
	if w.misses(t, "third") {
		t.Error("three launches wait for two pods")
	}
	w.clock = w.clock.Add(time.Second)
	w.probing++
	w.probed(pods[0], nil, false)
	if _, ok := w.reserve(w.runtime, "second"); !ok {
		t.Error("the pod that was waited for is not given out")
	}
	if !w.misses(t, "first") || w.misses(t, "third") {
		t.Error("one pod is left, and the first launch waits for it")
	}
	w.done("first")
	if !w.misses(t, "fourth") {
		t.Error("a pod is not waited for though who did has ended")
	}
	w.clock = w.clock.Add(time.Second)
	if w.misses(t, "fourth") {
		t.Error("a pod is waited for that takes more than twice as long as the last one")
	}
}

func TestOnlyPodsThatAreAboutToBeReadyAreWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		took  time.Duration
		spoil func(*warmWorld, *corev1.Pod)
		want  bool
	}{
		"starting":     {time.Second, func(*warmWorld, *corev1.Pod) {}, true},
		"not running":  {time.Second, func(_ *warmWorld, p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending} }, true},
		"first of all": {0, func(*warmWorld, *corev1.Pod) {}, false},
		"ended":        {time.Second, func(_ *warmWorld, p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }, false},
		"deleted":      {time.Second, func(_ *warmWorld, p *corev1.Pod) { p.DeletionTimestamp = ptr.To(metav1.Now()) }, false},
		"draining":     {time.Second, func(w *warmWorld, _ *corev1.Pod) { w.setNode("node-1", false) }, false},
		"old revision": {time.Second, func(w *warmWorld, _ *corev1.Pod) { w.runtime.Generation, w.runtime.Spec.Image = 2, "image:2" }, false},
		"slow":         {time.Second, func(w *warmWorld, _ *corev1.Pod) { w.clock = w.clock.Add(2 * time.Second) }, false},
		"bounded":      {time.Minute, func(w *warmWorld, _ *corev1.Pod) { w.clock = w.clock.Add(maxSoon) }, false},
	} {
		w := newWarmWorld()
		if test.took > 0 {
			w.startIn(test.took)
		}
		pod := w.warmPod("a")
		w.seen(pod)
		changed := pod.DeepCopy()
		test.spoil(w, changed)
		w.seen(changed)
		if got := w.misses(t, "i"); got != test.want {
			t.Errorf("%s: waits: %t, want %t", name, got, test.want)
		}
	}
}

func TestALaunchThatOthersOvertakeDoesNotWaitForEver(t *testing.T) {
	w := newWarmWorld()
	w.startIn(time.Second)
	begun := w.clock
	for i := 0; ; i++ {
		w.seen(w.warmPod(fmt.Sprint("next-", i)))
		waits, left := w.misses(t, "i"), begun.Add(maxSoon).Sub(w.clock)
		if want := left > 0; waits != want {
			t.Fatalf("waits: %t, want %t, %s before the end", waits, want, left)
		}
		if !waits {
			return
		}
		w.clock = w.clock.Add(time.Second)
	}
}

func TestLaunchesThatAreGoneDoNotCount(t *testing.T) {
	w := newWarmWorld()
	w.startIn(time.Second)
	w.seen(w.warmPod("a"))
	if !w.misses(t, "gone") {
		t.Fatal("a launch does not wait")
	}
	w.clock = w.clock.Add(maxSoon)
	w.seen(w.warmPod("b"))
	if !w.misses(t, "i") {
		t.Error("a launch does not wait because one does that has not asked for long")
	}
}

func TestLaunchesOfOtherRuntimesDoNotCount(t *testing.T) {
	w := newWarmWorld()
	w.startIn(time.Second)
	w.seen(w.warmPod("a"))
	other := w.runtime.DeepCopy()
	other.Name, other.UID = "other", "other"
	w.pool(other.UID, client.ObjectKeyFromObject(other))
	w.runtime, other = other, w.runtime
	w.startIn(time.Second)
	w.seen(w.warmPod("b"))
	if !w.misses(t, "of the other") {
		t.Fatal("a launch does not wait for the pod of its runtime")
	}
	w.runtime = other
	if !w.misses(t, "i") {
		t.Error("a launch does not wait for the pod of its runtime because one waits for that of another")
	}
}

func TestAPodThatWasAskedForIsWaitedFor(t *testing.T) {
	w := newWarmWorld()
	w.startIn(time.Second)
	if w.misses(t, "i") {
		t.Error("it waits though nothing is being started")
	}
	if s := w.plan(); len(s.create) == 0 || !w.misses(t, "i") {
		t.Errorf("%v are asked for, and it does not wait", s.create)
	}
}

// Who waits for the next pod of the pool starts cold when that does not come.
func TestWhoWaitsInVainStartsCold(t *testing.T) {
	w := newWarmWorld()
	w.startIn(time.Second)
	w.seen(w.warmPod("a"))
	r := &PreviewInstanceReconciler{warm: w.warmPods, settings: w.settings}
	instance := &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{UID: "i", CreationTimestamp: metaTime(w.clock)}}
	s := newScope(instance, w.clock)
	s.runtime = w.runtime
	var waiting *waitError
	if settled, err := r.takeWarmPod(t.Context(), s); !settled || !errors.As(err, &waiting) || waiting.reason != v1alpha1.ReasonPodPending {
		t.Fatalf("an empty pool: %t, %v", settled, err)
	}
	w.clock = w.clock.Add(2 * time.Second)
	if settled, err := r.takeWarmPod(t.Context(), s); settled || err != nil || s.facts.Start.Kind != v1alpha1.StartCold {
		t.Errorf("it did not come: %t, %v, start %+v", settled, err, s.facts.Start)
	}
}
