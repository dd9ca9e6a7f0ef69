package controllers

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/warmpool"
)

// warmWorld is a pool of one runtime without a cluster.
type warmWorld struct {
	*warmPods
	runtime *v1alpha1.PreviewRuntime
	clock   time.Time
	mu      sync.Mutex
	changes int
}

func newWarmWorld() *warmWorld {
	w := &warmWorld{
		clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		runtime: &v1alpha1.PreviewRuntime{
			ObjectMeta: metav1.ObjectMeta{Name: "python", Namespace: "previews", UID: "runtime", Generation: 1},
			Spec:       v1alpha1.PreviewRuntimeSpec{Image: "image:1", Warm: &v1alpha1.WarmPool{Size: ptr.To(int32(3))}},
		},
	}
	w.warmPods = newWarmPods(settings.Fixed(settings.Settings{Enabled: true, MemoryLimitMB: 512, PodStartTimeout: 5 * time.Minute}), func() time.Time { return w.clock },
		NewMetrics(prometheus.NewRegistry()), func(types.NamespacedName) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changes++
		})
	w.pool(w.runtime.UID, client.ObjectKeyFromObject(w.runtime))
	return w
}

// pod renders a pod of the runtime as it is now, which runs on node-1.
func (w *warmWorld) warmPod(name string) *corev1.Pod {
	pod := podspec.WarmPod(podspec.WarmInput{Runtime: w.runtime, Name: name, MemoryLimitMB: 512})
	pod.UID = types.UID("uid-" + name)
	pod.CreationTimestamp = metav1.NewTime(w.clock)
	pod.Spec.NodeName = "node-1"
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.7", ContainerStatuses: []corev1.ContainerStatus{{
		Name: podspec.ContainerName, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}}}
	return pod
}

// ready adds a pod that can be given out.
func (w *warmWorld) ready(name string) *corev1.Pod {
	pod := w.warmPod(name)
	w.seen(pod)
	w.probing++
	w.probed(pod, nil, false)
	return pod
}

// claim is what a pod looks like once an instance has claimed it.
func claim(pod *corev1.Pod, instance types.UID) *corev1.Pod {
	pod = pod.DeepCopy()
	delete(pod.Labels, v1alpha1.LabelWarm)
	pod.Labels[v1alpha1.LabelInstanceUID] = string(instance)
	owner := &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{Name: "i", UID: instance}}
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, v1alpha1.GroupVersion.WithKind("PreviewInstance"))}
	return pod
}

func TestOnlyPodsThatCanServeAreReserved(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*warmWorld, *corev1.Pod)
		want  bool
	}{
		"ready":       {func(*warmWorld, *corev1.Pod) {}, true},
		"other label": {func(_ *warmWorld, p *corev1.Pod) { p.Labels["team"] = "a" }, true},
		"old revision": {func(w *warmWorld, _ *corev1.Pod) {
			w.runtime.Generation, w.runtime.Spec.Image = 2, "image:2"
		}, false},
		"same template": {func(w *warmWorld, _ *corev1.Pod) {
			w.runtime.Generation, w.runtime.Spec.Warm.Size = 2, ptr.To(int32(5))
		}, true},
		"changed settings": {func(w *warmWorld, _ *corev1.Pod) {
			w.settings = settings.Fixed(settings.Settings{MemoryLimitMB: 256})
		}, false},
		"being deleted":   {func(_ *warmWorld, p *corev1.Pod) { p.DeletionTimestamp = ptr.To(metav1.Now()) }, false},
		"ended":           {func(_ *warmWorld, p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }, false},
		"no address":      {func(_ *warmWorld, p *corev1.Pod) { p.Status.PodIP = "" }, false},
		"not running":     {func(_ *warmWorld, p *corev1.Pod) { p.Status.ContainerStatuses = nil }, false},
		"draining":        {func(w *warmWorld, _ *corev1.Pod) { w.setNode("node-1", false) }, false},
		"other node":      {func(w *warmWorld, _ *corev1.Pod) { w.setNode("node-2", false) }, true},
		"drained no more": {func(w *warmWorld, _ *corev1.Pod) { w.setNode("node-1", false); w.setNode("node-1", true) }, true},
		"no pool":         {func(w *warmWorld, _ *corev1.Pod) { w.runtime.Spec.Warm = nil }, false},
		"other runtime":   {func(w *warmWorld, _ *corev1.Pod) { w.runtime.UID = "made anew" }, false},
		"claimed":         {func(_ *warmWorld, p *corev1.Pod) { *p = *claim(p, "other") }, false},
		"somebody else's": {func(_ *warmWorld, p *corev1.Pod) { p.OwnerReferences[0].Kind = "ReplicaSet" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarmWorld()
			pod := w.ready("a").DeepCopy()
			if w.available(w.runtime) != 1 {
				t.Fatal("it cannot be used at first")
			}
			test.spoil(w, pod)
			w.seen(pod)
			if got := w.available(w.runtime) == 1; got != test.want && w.runtime.Spec.Warm != nil {
				t.Errorf("available: %t, want %t", got, test.want)
			}
			if got, ok := w.reserve(w.runtime, "i"); ok != test.want || ok && got != pod {
				t.Errorf("reserve: %v, %t, want %t", got, ok, test.want)
			}
		})
	}
	t.Run("not preloaded", func(t *testing.T) {
		w := newWarmWorld()
		w.seen(w.warmPod("a"))
		if _, ok := w.reserve(w.runtime, "i"); ok {
			t.Error("a pod was given out whose runner was not seen to be ready")
		}
	})
	t.Run("gone", func(t *testing.T) {
		w := newWarmWorld()
		w.gone(w.ready("a"))
		if _, ok := w.reserve(w.runtime, "i"); ok {
			t.Error("a pod was given out that is gone")
		}
	})
}

// What becomes of a pod once it was given to an instance, and what another instance, j, then finds.
func TestReservation(t *testing.T) {
	for name, test := range map[string]struct {
		then func(*warmWorld, *corev1.Pod)
		// same pod for i when it asks again; free for j.
		same, free bool
	}{
		"asked again":                {func(*warmWorld, *corev1.Pod) {}, true, false},
		"seen again":                 {func(w *warmWorld, p *corev1.Pod) { w.seen(p) }, true, false},
		"released":                   {func(w *warmWorld, _ *corev1.Pod) { w.release("i") }, true, true},
		"spoiled":                    {func(w *warmWorld, _ *corev1.Pod) { w.spoil("i") }, false, false},
		"spoiled and seen":           {func(w *warmWorld, p *corev1.Pod) { w.spoil("i"); w.seen(p) }, false, false},
		"claimed":                    {func(w *warmWorld, _ *corev1.Pod) { w.claimed("i") }, false, false},
		"claimed, late event":        {func(w *warmWorld, p *corev1.Pod) { w.claimed("i"); w.ready(p.Name) }, false, false},
		"claimed and seen":           {func(w *warmWorld, p *corev1.Pod) { w.claimed("i"); w.seen(claim(p, "i")) }, false, false},
		"seen, then claimed":         {func(w *warmWorld, p *corev1.Pod) { w.seen(claim(p, "i")); w.claimed("i") }, false, false},
		"claim seen, answer to come": {func(w *warmWorld, p *corev1.Pod) { w.seen(claim(p, "i")) }, true, false},
		"claimed by another":         {func(w *warmWorld, p *corev1.Pod) { w.seen(claim(p, "other")) }, false, false},
		"deleted":                    {func(w *warmWorld, p *corev1.Pod) { w.gone(p) }, false, false},
		"ended": {func(w *warmWorld, p *corev1.Pod) {
			p = p.DeepCopy()
			p.Status.Phase = corev1.PodFailed
			w.seen(p)
		}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, asks := range []types.UID{"i", "j"} {
				w := newWarmWorld()
				pod := w.ready("a")
				if _, ok := w.reserve(w.runtime, "i"); !ok {
					t.Fatal("there is no pod")
				}
				test.then(w, pod)
				want := map[types.UID]bool{"i": test.same, "j": test.free}[asks]
				if _, ok := w.reserve(w.runtime, asks); ok != want {
					t.Errorf("%s asks: got a pod %t, want %t", asks, ok, want)
				}
			}
		})
	}
}

func TestWhoHasWaitedLongestIsTaken(t *testing.T) {
	w := newWarmWorld()
	for _, name := range []string{"c", "a", "b"} {
		w.ready(name)
		w.clock = w.clock.Add(time.Second)
	}
	var order []string
	for i := range 4 {
		if pod, ok := w.reserve(w.runtime, types.UID(fmt.Sprint(i))); ok {
			order = append(order, pod.Name)
		}
	}
	if diff := cmp.Diff([]string{"c", "a", "b"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestDemandCountsLaunchesOnce(t *testing.T) {
	w := newWarmWorld()
	w.runtime.Spec.Warm = &v1alpha1.WarmPool{Size: ptr.To(int32(0)), MaxSize: ptr.To(int32(100))}
	w.ready("a")
	for range 10 {
		w.reserve(w.runtime, "hit")
		w.reserve(w.runtime, "miss")
	}
	// A launch that comes to its end and is made anew is another one.
	w.done("miss")
	w.reserve(w.runtime, "miss")
	pool := w.pools[w.runtime.UID]
	if got := warmpool.BoundsOf(w.runtime.Spec.Warm).Want(w.clock, pool.demand); got != 4 {
		t.Errorf("the pool wants %d pods after 3 launches, want 4", got)
	}
}

// Fifty launches at once on thirty pods, some of which give theirs back: nobody ever holds a pod that another holds, and
// no pod is used twice.
func TestReservationsAreExclusive(t *testing.T) {
	w := newWarmWorld()
	const pods, launches = 30, 50
	byName := map[string]*corev1.Pod{}
	for i := range pods {
		name := fmt.Sprint("pod-", i)
		byName[name] = w.ready(name)
	}
	var mu sync.Mutex
	holders, used := map[string]types.UID{}, map[string]types.UID{}
	take := func(instance types.UID) (*corev1.Pod, bool) {
		pod, ok := w.reserve(w.runtime, instance)
		if !ok {
			return nil, false
		}
		mu.Lock()
		defer mu.Unlock()
		if other, taken := holders[pod.Name]; taken && other != instance {
			t.Errorf("%s was given to %s while %s holds it", pod.Name, instance, other)
		}
		if other, taken := used[pod.Name]; taken {
			t.Errorf("%s was given to %s after %s had used it", pod.Name, instance, other)
		}
		holders[pod.Name] = instance
		return pod, true
	}
	let := func(pod *corev1.Pod, instance types.UID, uses bool, do func(types.UID)) {
		mu.Lock()
		delete(holders, pod.Name)
		if uses {
			used[pod.Name] = instance
		}
		do(instance)
		mu.Unlock()
	}
	var group sync.WaitGroup
	for i := range launches {
		group.Go(func() {
			instance := types.UID(fmt.Sprint("instance-", i))
			w.begin(instance)
			defer w.done(instance)
			for range 20 {
				pod, ok := take(instance)
				if !ok {
					continue
				}
				if again, _ := take(instance); again != pod {
					t.Errorf("%s was given %s and then %v", instance, pod.Name, again)
				}
				switch i % 4 {
				case 0:
					let(pod, instance, true, w.spoil)
					return
				case 1:
					let(pod, instance, true, w.claimed)
					w.seen(pod) // An event of before the claim.
					w.seen(claim(pod, instance))
					return
				default:
					let(pod, instance, false, w.release)
				}
			}
		})
	}
	group.Wait()
	if len(w.reserved) != 0 || len(w.launches) != 0 {
		t.Errorf("reservations and launches are left: %v, %v", w.reserved, w.launches)
	}
	for name := range used {
		delete(byName, name)
	}
	if got := w.available(w.runtime); got != len(byName) {
		t.Errorf("%d pods are available, want %d: %v", got, len(byName), slices.Sorted(maps.Keys(byName)))
	}
}

func BenchmarkReserve(b *testing.B) {
	w := newWarmWorld()
	for i := range 250 {
		w.ready(fmt.Sprint("pod-", i))
	}
	for b.Loop() {
		if _, ok := w.reserve(w.runtime, "i"); !ok {
			b.Fatal("no pod")
		}
		w.release("i")
	}
}
