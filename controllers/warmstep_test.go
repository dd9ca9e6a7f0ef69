package controllers

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/settings"
)

func (w *warmWorld) next() *warmStep { return w.step(client.ObjectKeyFromObject(w.runtime), w.runtime) }

// plan is the next step of a runtime whose status is up to date.
func (w *warmWorld) plan() *warmStep {
	pool := w.pools[w.runtime.UID]
	w.runtime.Status = w.status(pool, w.runtime, w.revision(pool, w.runtime))
	return w.next()
}

func (w *warmWorld) after(d time.Duration) { w.clock = w.clock.Add(d) }

func removed(s *warmStep) map[string]string {
	names := map[string]string{}
	for pod, why := range s.remove {
		names[pod.Name] = why
	}
	return names
}

// A pool is refilled when no launch has been under way for a moment, but waits no longer than a few seconds.
func TestRefillsGiveWayToLaunches(t *testing.T) {
	w := newWarmWorld()
	w.begin("i")
	w.next()
	if s := w.plan(); len(s.create) != 0 || s.again == 0 || s.again > 3*time.Second {
		t.Errorf("in a launch: creates %v, looks again after %s", s.create, s.again)
	}
	w.after(time.Second)
	changes := w.changes
	w.done("i")
	w.done("somebody who never began")
	if w.changes != changes+1 {
		t.Errorf("the pool was brought back %d times at the end of the launch, want once", w.changes-changes)
	}
	if s := w.plan(); len(s.create) != 0 || s.again != 150*time.Millisecond {
		t.Errorf("after a launch: creates %v, looks again after %s", s.create, s.again)
	}
	w.after(100 * time.Millisecond)
	w.begin("j")
	w.after(1900 * time.Millisecond)
	if s := w.plan(); len(s.create) != 3 {
		t.Errorf("after 3 s of launches: creates %v, want three", s.create)
	}
	if s := w.plan(); len(s.create) != 0 {
		t.Errorf("three are being started: creates %v", s.create)
	}
	w.done("j")
	changes = w.changes
	w.begin("k")
	w.done("k")
	if w.changes != changes {
		t.Error("a launch that nothing waited for brought the pool back")
	}
}

// Who waits for a pod of the pool must not hold up what fills it.
func TestAnInstanceThatWaitsForAPodDoesNotHoldTheRefill(t *testing.T) {
	w := newWarmWorld()
	w.runtime.Spec.Warm.WhenEmpty = v1alpha1.WhenEmptyWait
	r := &PreviewInstanceReconciler{warm: w.warmPods, settings: w.settings}
	instance := &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{UID: "i", CreationTimestamp: metaTime(w.clock)}}
	s := newScope(instance, w.clock)
	s.runtime = w.runtime
	var waiting *waitError
	if settled, err := r.takeWarmPod(t.Context(), s); !settled || !errors.As(err, &waiting) || waiting.reason != v1alpha1.ReasonNoWarmPod {
		t.Fatalf("an empty pool: %t, %v", settled, err)
	}
	if step := w.plan(); len(step.create) != 3 {
		t.Errorf("creates %v, want three at once", step.create)
	}
}

func TestALaunchThatTakesVeryLongHoldsNothing(t *testing.T) {
	w := newWarmWorld()
	w.begin("i")
	w.after(maxUnderWay + time.Second)
	if s := w.plan(); len(s.create) != 3 {
		t.Errorf("creates %v, want three", s.create)
	}
}

func TestPodsThatWereAskedForCount(t *testing.T) {
	w := newWarmWorld()
	names := w.plan().create
	if len(names) != 3 {
		t.Fatalf("creates %v, want three", names)
	}
	w.seen(w.warmPod(names[0]))
	if s := w.plan(); len(s.create) != 0 {
		t.Errorf("one is seen, two are to come: creates %v", s.create)
	}
	w.notCreated(w.runtime.UID, names[1], false)
	if s := w.plan(); len(s.create) != 1 {
		t.Errorf("one could not be created: creates %v, want one", s.create)
	}
	w.after(maxCreating + time.Second)
	if s := w.plan(); len(s.create) != 2 {
		t.Errorf("two were never seen: creates %v, want two", s.create)
	}
}

func TestRefusedPodsAreTriedAgainLater(t *testing.T) {
	w := newWarmWorld()
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		for i, name := range w.plan().create {
			w.notCreated(w.runtime.UID, name, i == 0)
		}
		s := w.plan()
		if len(s.create) != 0 || s.again != wait {
			t.Fatalf("creates %v, looks again after %s, want after %s", s.create, s.again, wait)
		}
		w.after(wait)
	}
	w.ready("a")
	w.notCreated(w.runtime.UID, "b", true)
	if s := w.plan(); s.again != time.Second {
		t.Errorf("after one that became ready: looks again after %s", s.again)
	}
}

func TestAForgottenReservationSpoilsItsPod(t *testing.T) {
	w := newWarmWorld()
	w.ready("a")
	w.reserve(w.runtime, "i")
	w.after(maxReservation - time.Second)
	if s := w.plan(); len(s.remove) != 0 || s.again > time.Second {
		t.Errorf("removes %v, looks again after %s", removed(s), s.again)
	}
	w.after(time.Second)
	if diff := cmp.Diff(map[string]string{"a": removedBroken}, removed(w.plan())); diff != "" {
		t.Errorf("removes (-want +got):\n%s", diff)
	}
	w.claimed("i")
	if len(w.claimedPods) != 0 {
		t.Error("the claim of a pod counts that was taken away before")
	}
}

func TestAPodThatIsNeverReadyIsReplaced(t *testing.T) {
	w := newWarmWorld()
	for _, name := range []string{"a", "b"} {
		w.ready(name)
	}
	late := w.warmPod("late")
	w.seen(late)
	if s := w.plan(); len(s.remove) != 0 || s.again > 5*time.Minute {
		t.Errorf("removes %v, looks again after %s", removed(s), s.again)
	}
	w.after(5 * time.Minute)
	s := w.plan()
	if diff := cmp.Diff(map[string]string{"late": removedBroken}, removed(s)); diff != "" {
		t.Errorf("removes (-want +got):\n%s", diff)
	}
	if len(s.create) != 0 {
		t.Errorf("creates %v at once", s.create)
	}
	w.gone(late)
	w.after(time.Second)
	if s := w.plan(); len(s.create) != 1 {
		t.Errorf("creates %v, want one", s.create)
	}
}

// From the moment that a step deletes a pod nobody gets it, unless the deletion comes to nothing.
func TestAPodThatGoesIsNotGivenOut(t *testing.T) {
	w := newWarmWorld()
	w.runtime.Spec.Warm.Size = ptr.To(int32(0))
	pod := w.ready("a")
	if diff := cmp.Diff(map[string]string{"a": removedSurplus}, removed(w.plan())); diff != "" {
		t.Fatalf("removes (-want +got):\n%s", diff)
	}
	if _, ok := w.reserve(w.runtime, "i"); ok {
		t.Error("a pod was given out that is being deleted")
	}
	if s := w.plan(); len(s.remove) != 0 {
		t.Errorf("removes %v twice", removed(s))
	}
	w.notDeleted(pod)
	if got, ok := w.reserve(w.runtime, "i"); !ok || got != pod {
		t.Error("a pod whose deletion came to nothing cannot be used")
	}
	if s := w.plan(); len(s.remove) != 0 {
		t.Errorf("removes %v, which is reserved", removed(s))
	}
}

func TestPodsOfARuntimeThatIsGone(t *testing.T) {
	for name, change := range map[string]func(*warmWorld) *v1alpha1.PreviewRuntime{
		"gone": func(*warmWorld) *v1alpha1.PreviewRuntime { return nil },
		"made anew": func(w *warmWorld) *v1alpha1.PreviewRuntime {
			runtime := w.runtime.DeepCopy()
			runtime.UID = "another"
			return runtime
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarmWorld()
			key := client.ObjectKeyFromObject(w.runtime)
			free, taken := w.ready("free"), w.ready("taken")
			w.reserve(w.runtime, "i")
			held := w.reserved["i"].pod
			other := free
			if held == free {
				other = taken
			}
			runtime := change(w)
			if !w.foreign(key, runtime) || w.foreign(key, w.runtime) {
				t.Error("the pods of another runtime are not told apart")
			}
			s := w.step(key, runtime)
			if diff := cmp.Diff(map[string]string{other.Name: removedBroken}, removed(s)); diff != "" {
				t.Errorf("removes (-want +got):\n%s", diff)
			}
			w.gone(other)
			w.claimed("i")
			w.step(key, runtime)
			if _, left := w.pools[w.runtime.UID]; left {
				t.Error("the pool of a runtime that is gone is kept")
			}
		})
	}
}

func TestNothingIsKeptWhilePreviewsAreTurnedOff(t *testing.T) {
	w := newWarmWorld()
	w.ready("a")
	w.settings = settings.Fixed(settings.Settings{MemoryLimitMB: 512, PodStartTimeout: time.Minute})
	s := w.plan()
	if diff := cmp.Diff(map[string]string{"a": removedSurplus}, removed(s)); diff != "" || len(s.create) != 0 {
		t.Errorf("creates %v, removes (-want +got):\n%s", s.create, diff)
	}
}

func TestProbes(t *testing.T) {
	w := newWarmWorld()
	w.runtime.Spec.Warm.Size = ptr.To(int32(40))
	for i := range 40 {
		w.seen(w.warmPod(fmt.Sprint("pod-", i)))
	}
	pending := w.warmPod("pending")
	pending.Status = corev1.PodStatus{}
	w.seen(pending)
	first := w.plan().probe
	if len(first) != maxProbes || len(w.plan().probe) != 0 {
		t.Fatalf("%d runners are asked at once, want %d", len(first), maxProbes)
	}
	w.probed(first[0], nil, false)
	w.probed(first[1], errors.New("busy"), false)
	w.probed(first[2], errors.New("holds code"), true)
	w.gone(first[3])
	w.probed(first[3], nil, false)
	if got := w.available(w.runtime); got != 1 {
		t.Errorf("%d pods are available, want the one whose runner is ready", got)
	}
	s := w.plan()
	asked := map[types.UID]bool{}
	for _, pod := range s.probe {
		asked[pod.UID] = true
	}
	if len(asked) != 4 || asked[first[0].UID] || asked[first[2].UID] || asked[first[3].UID] || asked[pending.UID] {
		t.Errorf("asked next: %v", asked)
	}
	if diff := cmp.Diff(map[string]string{first[2].Name: removedBroken}, removed(s)); diff != "" {
		t.Errorf("removes (-want +got):\n%s", diff)
	}
}

func TestStatusIsWrittenWhenItHasSettled(t *testing.T) {
	w := newWarmWorld()
	names := w.next().create
	if s := w.next(); s.status != nil || s.again != 250*time.Millisecond {
		t.Fatalf("writes %v at once, looks again after %s", s.status, s.again)
	}
	w.after(250 * time.Millisecond)
	s := w.next()
	want := &v1alpha1.PreviewRuntimeStatus{ObservedGeneration: 1, Warm: &v1alpha1.WarmStatus{Desired: 3, Starting: 3, Revision: w.pools["runtime"].revision.value}}
	if diff := cmp.Diff(want, s.status); diff != "" {
		t.Fatalf("status (-want +got):\n%s", diff)
	}
	w.runtime.Status = *s.status
	if s := w.next(); s.status != nil || s.again != 0 {
		t.Errorf("nothing has changed: writes %v, looks again after %s", s.status, s.again)
	}
	for _, name := range names {
		w.ready(name)
	}
	w.after(time.Second)
	if s := w.next(); s.status != nil || s.again != 4*time.Second {
		t.Errorf("1 s after a write: writes %v, looks again after %s", s.status, s.again)
	}
	w.after(4 * time.Second)
	w.begin("i")
	if s := w.next(); s.status == nil {
		t.Error("launches keep the status from being written for longer than a few seconds")
	} else if diff := cmp.Diff(&v1alpha1.WarmStatus{Desired: 3, Ready: 3, Revision: want.Warm.Revision}, s.status.Warm); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}
