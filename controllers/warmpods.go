package controllers

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/warmpool"
)

const (
	// maxReservation is how long a pod can be reserved. A claim takes milliseconds, and a runner that was given code ends
	// by itself after a minute without being told to run it: a longer reservation was forgotten, and its pod is spoiled.
	maxReservation = 2 * time.Minute
	// maxUnderWay is how long a launch counts as under way.
	maxUnderWay = time.Minute
)

// warmPods is what the manager knows of the pods that wait for an instance. A pod is given to one instance in its life:
// whoever has reserved it either claims it, or gives it back untouched, or spoils it. Nothing here asks the cluster.
//
// The truth is in the pods' metadata, from which a new leader rebuilds it: a claim is a write that the API server decides
// on. Exclusive reservations only keep launches of this manager from spoiling each other's pods.
type warmPods struct {
	settings *settings.Live
	now      func() time.Time
	metrics  *Metrics
	// changed is told, outside the lock, that the pool of a runtime may have something to do.
	changed func(types.NamespacedName)

	mu sync.Mutex
	// pools by the UID of their runtime.
	pools map[types.UID]*warmPool
	// reserved are the pods that instances have, by the UID of the instance.
	reserved map[types.UID]*warmPod
	// claimedPods are the UIDs of those whose claim is written but not seen yet.
	claimedPods map[types.UID]struct{}
	// missed are the launches that found no pod, by instance.
	missed map[types.UID]*missedLaunch
	// launches under way, by instance, and when the last one ended.
	launches map[types.UID]time.Time
	lastDone time.Time
	// closed are the nodes whose pods are not given out.
	closed map[string]struct{}
	// probing is how many runners are being asked whether they are ready.
	probing int
}

// warmPool is what is known of the pool of one runtime.
type warmPool struct {
	name types.NamespacedName
	pods map[types.UID]*warmPod
	// creating are the names of pods that were asked for and not seen yet, with the time.
	creating map[string]time.Time
	demand   *warmpool.Demand
	revision warmRevision
	// failures are the pods in a row that broke before they were ready, the last of them at failedAt.
	failures int
	failedAt time.Time
	shrunkAt time.Time
	// startTook is how long it took until the last pod was ready; 0 before the first one is.
	startTook time.Duration
	// heldSince is since when something is to be done but waits for launches; zero for nothing.
	heldSince time.Time
	// want is how many pods should wait.
	want int
	// status is what the runtime's should be, since statusAt; it has been different from that since unwritten, and was last
	// written at written.
	status                       v1alpha1.PreviewRuntimeStatus
	statusAt, unwritten, written time.Time
}

// warmPod is a pod that waits.
type warmPod struct {
	// pod as it was last seen. It is shared and never altered.
	pod  *corev1.Pod
	pool *warmPool
	// asked is when its creation was asked for, as far as that is known.
	asked time.Time
	// readyAt is when the runner was seen to have preloaded everything; zero before.
	readyAt time.Time
	// probing is set while the runner is being asked.
	probing bool
	// instance that has reserved the pod, and since when.
	instance types.UID
	since    time.Time
	// broken says why the pod is never given out again.
	broken string
	// deleting is set once its deletion was asked for.
	deleting bool
}

// warmRevision remembers the revision of a runtime's template, which takes longer to make than a reservation may.
type warmRevision struct {
	generation    int64
	memoryLimitMB int32
	stopGrace     time.Duration
	value         string
}

func newWarmPods(live *settings.Live, now func() time.Time, metrics *Metrics, changed func(types.NamespacedName)) *warmPods {
	return &warmPods{
		settings: live, now: now, metrics: metrics, changed: changed,
		pools: map[types.UID]*warmPool{}, reserved: map[types.UID]*warmPod{}, claimedPods: map[types.UID]struct{}{},
		missed: map[types.UID]*missedLaunch{}, launches: map[types.UID]time.Time{}, closed: map[string]struct{}{},
	}
}

// reserve gives a warm pod of a runtime to an instance, the one that has waited longest, and false when there is none.
// An instance that asks again gets the same pod. Until it is claimed nobody else gets it. The pod is shared: copy it before
// changing it.
func (w *warmPods) reserve(runtime *v1alpha1.PreviewRuntime, instance types.UID) (*corev1.Pod, bool) {
	if runtime.Spec.Warm == nil {
		return nil, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if held := w.reserved[instance]; held != nil {
		if held.broken == "" && held.pool.pods[held.pod.UID] == held || ownedBy(held.pod, instance) {
			return held.pod, true
		}
		w.drop(held, instance)
	}
	pool := w.pools[runtime.UID]
	if pool == nil {
		return nil, false
	}
	now := w.now()
	_, again := w.missed[instance]
	if !again {
		pool.demand.Launched(now)
	}
	found := w.longestReady(pool, w.revision(pool, runtime))
	if found == nil {
		if !again {
			w.metrics.warmLaunches.Inc(warmMiss)
			w.miss(instance, pool)
		}
		return nil, false
	}
	delete(w.missed, instance)
	w.metrics.warmLaunches.Inc(warmHit)
	w.metrics.warmAge.Observe(now.Sub(found.readyAt))
	found.instance, found.since = instance, now
	w.reserved[instance] = found
	return found.pod, true
}

// longestReady is the pod that is given out next.
func (w *warmPods) longestReady(pool *warmPool, revision string) *warmPod {
	var found *warmPod
	for _, pod := range pool.pods {
		if w.usable(pod, revision) && (found == nil || pod.readyAt.Before(found.readyAt)) {
			found = pod
		}
	}
	return found
}

// usable reports whether a pod can be given out.
func (w *warmPods) usable(p *warmPod, revision string) bool {
	return !p.readyAt.IsZero() && p.instance == "" && p.broken == "" && !w.stale(p, revision) && !p.ending() && reachable(p.pod)
}

// stale reports whether a pod works but must not be given out.
func (w *warmPods) stale(p *warmPod, revision string) bool {
	_, closed := w.closed[p.pod.Spec.NodeName]
	return closed || p.pod.Labels[v1alpha1.LabelRevision] != revision
}

func (p *warmPod) ending() bool { return p.deleting || p.pod.DeletionTimestamp != nil }

func reachable(pod *corev1.Pod) bool { return runnerRunning(pod) && pod.Status.PodIP != "" }

// ownedBy reports whether a pod was seen to be claimed by an instance.
func ownedBy(pod *corev1.Pod, instance types.UID) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.UID == instance
}

// available is how many pods of a runtime could be reserved now.
func (w *warmPods) available(runtime *v1alpha1.PreviewRuntime) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	pool := w.pools[runtime.UID]
	if pool == nil {
		return 0
	}
	n, revision := 0, w.revision(pool, runtime)
	for _, pod := range pool.pods {
		if w.usable(pod, revision) {
			n++
		}
	}
	return n
}

// claimed says that the claim of the pod that an instance has reserved is written.
func (w *warmPods) claimed(instance types.UID) {
	w.finish(instance, func(p *warmPod) {
		delete(p.pool.pods, p.pod.UID)
		w.claimedPods[p.pod.UID] = struct{}{}
	})
}

// release gives a pod back that nothing was sent to and whose claim was never tried.
func (w *warmPods) release(instance types.UID) {
	w.finish(instance, func(p *warmPod) { p.instance = "" })
}

// spoil says that the pod that an instance had reserved holds code, or is broken: nobody gets it any more, and it is
// deleted. One that was claimed by then is left to its instance.
func (w *warmPods) spoil(instance types.UID) {
	w.finish(instance, func(p *warmPod) { p.spoil() })
}

func (p *warmPod) spoil() {
	p.instance, p.broken = "", "it was given to an instance that did not claim it"
}

// finish ends a reservation; do is called while the pod is still one of the pool.
func (w *warmPods) finish(instance types.UID, do func(*warmPod)) {
	w.mu.Lock()
	held := w.reserved[instance]
	delete(w.reserved, instance)
	if held != nil && held.pool.pods[held.pod.UID] == held {
		do(held)
	}
	w.mu.Unlock()
	if held != nil {
		w.changed(held.pool.name)
	}
}

// drop forgets the reservation of a pod that cannot be used any more.
func (w *warmPods) drop(held *warmPod, instance types.UID) {
	delete(w.reserved, instance)
	if held.pool.pods[held.pod.UID] == held {
		held.spoil()
	}
}

// begin says that a launch is under way: pools are not refilled meanwhile.
func (w *warmPods) begin(instance types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.launches[instance]; !known {
		w.launches[instance] = w.now()
	}
}

// done says that a launch has come to its end, whether or not it began.
func (w *warmPods) done(instance types.UID) {
	w.mu.Lock()
	delete(w.missed, instance)
	_, known := w.launches[instance]
	delete(w.launches, instance)
	var held []types.NamespacedName
	if known {
		w.lastDone = w.now()
		for _, pool := range w.pools {
			if !pool.heldSince.IsZero() {
				held = append(held, pool.name)
			}
		}
	}
	w.mu.Unlock()
	for _, name := range held {
		w.changed(name)
	}
}

// underWay reports whether a launch is, and when the last one was. One that takes very long, because it waits for a port or
// its end was never told, does not count.
func (w *warmPods) underWay(now time.Time) (bool, time.Time) {
	for _, begun := range w.launches {
		if now.Sub(begun) <= maxUnderWay {
			return true, now
		}
	}
	return false, w.lastDone
}

// revision of the pods that can be given out. It is rendered anew only when the runtime or the settings have changed.
func (w *warmPods) revision(pool *warmPool, runtime *v1alpha1.PreviewRuntime) string {
	config := w.settings.Current()
	want := warmRevision{generation: runtime.Generation, memoryLimitMB: runtimeMemoryLimit(runtime, config), stopGrace: config.StopGrace}
	if want.value = pool.revision.value; want.value != "" && want == pool.revision {
		return want.value
	}
	want.value = podspec.Revision(podspec.WarmInput{Runtime: runtime, MemoryLimitMB: want.memoryLimitMB, StopGrace: want.stopGrace})
	pool.revision = want
	return want.value
}

// runtimeMemoryLimit is the limit in MiB of instances that set none themselves.
func runtimeMemoryLimit(runtime *v1alpha1.PreviewRuntime, config settings.Settings) int32 {
	if own := runtime.Spec.MemoryLimitMB; own != nil {
		return *own
	}
	return config.MemoryLimitMB
}

// pool of a runtime, a new one unless it has one.
func (w *warmPods) pool(owner types.UID, name types.NamespacedName) *warmPool {
	pool := w.pools[owner]
	if pool == nil {
		pool = &warmPool{
			name: name, pods: map[types.UID]*warmPod{}, creating: map[string]time.Time{}, demand: warmpool.NewDemand(w.now()),
		}
		w.pools[owner] = pool
	}
	return pool
}

// seen takes in how a pod is now, and names the runtime whose pool that concerns, none for pods that are of no pool. The
// events of one pod have to be told in their order.
func (w *warmPods) seen(pod *corev1.Pod) (types.NamespacedName, bool) {
	owner := warmOwner(pod)
	if owner == nil {
		return w.gone(pod)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, claimed := w.claimedPods[pod.UID]; claimed {
		return types.NamespacedName{}, false
	}
	pool := w.pool(owner.UID, types.NamespacedName{Namespace: pod.Namespace, Name: owner.Name})
	known := pool.pods[pod.UID]
	if known == nil {
		known = &warmPod{pool: pool, asked: pod.CreationTimestamp.Time}
		if asked, ours := pool.creating[pod.Name]; ours {
			known.asked = asked
		}
		pool.pods[pod.UID] = known
	}
	delete(pool.creating, pod.Name)
	known.pod = pod
	if podTerminated(pod) && known.broken == "" {
		w.fail(known, "it has ended")
	}
	return pool.name, true
}

// gone takes in that a pod is not, or not any more, one that waits: it was claimed or deleted.
func (w *warmPods) gone(pod *corev1.Pod) (types.NamespacedName, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.claimedPods, pod.UID)
	for _, pool := range w.pools {
		known := pool.pods[pod.UID]
		if known == nil {
			continue
		}
		delete(pool.pods, pod.UID)
		known.pod = pod
		if known.instance != "" && !ownedBy(pod, known.instance) {
			delete(w.reserved, known.instance)
		}
		return pool.name, true
	}
	return types.NamespacedName{}, false
}

// fail marks a pod that nobody can use. Those that never became ready delay the next ones.
func (w *warmPods) fail(p *warmPod, why string) {
	p.broken = why
	if p.readyAt.IsZero() {
		p.pool.failures++
		p.pool.failedAt = w.now()
	}
}

// setNode says whether the pods of a node can be given out, and reports whether that has changed.
func (w *warmPods) setNode(name string, open bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, closed := w.closed[name]
	if open {
		delete(w.closed, name)
	} else {
		w.closed[name] = struct{}{}
	}
	return closed == open
}

// warmOwner is the runtime of a pod that waits, nil for all others.
func warmOwner(pod client.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOf(pod)
	if pod.GetLabels()[v1alpha1.LabelWarm] != v1alpha1.WarmUnclaimed || owner == nil || !ofKind(owner, "PreviewRuntime") {
		return nil
	}
	return owner
}
