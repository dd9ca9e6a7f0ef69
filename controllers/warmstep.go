package controllers

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/warmpool"
)

const (
	// maxCreating is how long a pod that was asked for may remain unseen before it counts as not created.
	maxCreating = 30 * time.Second
	// stuckEnding is how long after its time to end a pod that is still there keeps others from being deleted.
	stuckEnding = 30 * time.Second
	// maxProbes bounds the runners that are asked at once whether they are ready.
	maxProbes = 16
)

// warmStep is what is to be done next for the pools under the name of a runtime.
type warmStep struct {
	// owner is the UID of the runtime whose pool it is; create names the pods to create for it.
	owner  types.UID
	create []string
	// remove are the pods to delete, with the reason.
	remove map[*corev1.Pod]string
	// probe are the pods whose runner is to be asked.
	probe []*corev1.Pod
	// status of the runtime, to be written unless it is nil.
	status *v1alpha1.PreviewRuntimeStatus
	// again is when to look again although nothing has happened; 0 for never.
	again time.Duration
}

func (s *warmStep) lookAgain(d time.Duration) {
	if s.again == 0 || d < s.again {
		s.again = max(d, time.Millisecond)
	}
}

// step decides on the next step for the pools that bear the name of a runtime: its own, unless it is nil, and those of
// runtimes of that name that are gone. What the step creates and deletes is noted as under way; notCreated and
// notDeleted take that back.
func (w *warmPods) step(name types.NamespacedName, runtime *v1alpha1.PreviewRuntime) *warmStep {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &warmStep{remove: map[*corev1.Pod]string{}}
	w.expireReservations(s)
	if runtime != nil {
		s.owner = runtime.UID
		w.pool(runtime.UID, name)
	}
	for owner, pool := range w.pools {
		switch {
		case pool.name != name:
		case runtime != nil && owner == runtime.UID:
			w.stepPool(s, pool, runtime)
		default:
			for _, pod := range pool.pods {
				if pod.broken == "" {
					pod.broken = "its PreviewRuntime is gone"
				}
			}
			w.carryOut(s, pool, warmpool.Input{Now: w.now()}, "")
			if len(pool.pods) == 0 {
				delete(w.pools, owner)
			}
		}
	}
	return s
}

func (w *warmPods) stepPool(s *warmStep, pool *warmPool, runtime *v1alpha1.PreviewRuntime) {
	now := w.now()
	bounds := warmpool.BoundsOf(runtime.Spec.Warm)
	if !w.settings.Current().Enabled {
		bounds = warmpool.Bounds{}
	}
	pool.want = bounds.Want(now, pool.demand)
	if after, ok := bounds.Shrinks(now, pool.demand); ok {
		s.lookAgain(after)
	}
	for name, asked := range pool.creating {
		if now.Sub(asked) > maxCreating {
			delete(pool.creating, name)
		}
	}
	w.failStuck(s, pool)
	revision := w.revision(pool, runtime)
	w.carryOut(s, pool, warmpool.Input{
		Now: now, Want: pool.want, Creating: len(pool.creating),
		Failures: pool.failures, FailedAt: pool.failedAt, ShrunkAt: pool.shrunkAt,
	}, revision)
	w.stepProbes(s, pool, revision)
	w.stepStatus(s, pool, runtime, revision)
}

// failStuck gives up on pods that were not ready in time.
func (w *warmPods) failStuck(s *warmStep, pool *warmPool) {
	timeout := w.settings.Current().PodStartTimeout
	for _, pod := range pool.pods {
		if !pod.readyAt.IsZero() || pod.broken != "" || pod.ending() {
			continue
		}
		left := pod.pod.CreationTimestamp.Add(timeout).Sub(w.now())
		if left <= 0 {
			w.fail(pod, fmt.Sprintf("it was not ready within %d s (PREVIEW_POD_START_TIMEOUT)", int(timeout.Seconds())))
			continue
		}
		s.lookAgain(left)
	}
}

// carryOut makes a plan for a pool and notes what it does as under way, unless that has to wait for launches.
func (w *warmPods) carryOut(s *warmStep, pool *warmPool, in warmpool.Input, revision string) {
	for id, pod := range pool.pods {
		if state := w.state(pod, revision); state != warmpool.Ending || !stuck(pod.pod, in.Now) {
			in.Pods = append(in.Pods, warmpool.Pod{
				ID: string(id), State: state, Created: pod.pod.CreationTimestamp.Time, Unschedulable: unschedulable(pod.pod),
			})
		}
	}
	plan := warmpool.Next(in)
	if plan.Again > 0 {
		s.lookAgain(plan.Again)
	}
	if plan.Idle() {
		pool.heldSince = time.Time{}
		return
	}
	if pool.heldSince.IsZero() {
		pool.heldSince = in.Now
	}
	underWay, last := w.underWay(in.Now)
	if wait := warmpool.Hold(in.Now, pool.heldSince, underWay, last); wait > 0 {
		s.lookAgain(wait)
		return
	}
	pool.heldSince = time.Time{}
	for range plan.Create {
		name := podspec.PodName(pool.name.Name)
		pool.creating[name] = in.Now
		s.create = append(s.create, name)
	}
	for _, id := range plan.Delete {
		pod := pool.pods[types.UID(id)]
		pod.deleting = true
		s.remove[pod.pod] = w.whyRemoved(pod, revision)
	}
	if plan.Shrink {
		pool.shrunkAt = in.Now
	}
}

func (w *warmPods) whyRemoved(p *warmPod, revision string) string {
	switch {
	case p.broken != "":
		return removedBroken
	case w.stale(p, revision):
		return removedStale
	}
	return removedSurplus
}

func stuck(pod *corev1.Pod, now time.Time) bool {
	return pod.DeletionTimestamp != nil && now.Sub(pod.DeletionTimestamp.Time) > stuckEnding
}

func unschedulable(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable
	})
}

// state of a pod as plans see it.
func (w *warmPods) state(p *warmPod, revision string) warmpool.State {
	switch {
	case p.ending():
		return warmpool.Ending
	case p.instance != "":
		return warmpool.Reserved
	case p.broken != "":
		return warmpool.Broken
	case w.stale(p, revision):
		return warmpool.Stale
	case !p.readyAt.IsZero() && reachable(p.pod):
		return warmpool.Ready
	}
	return warmpool.Starting
}

// stepProbes chooses the pods whose runners are asked next.
func (w *warmPods) stepProbes(s *warmStep, pool *warmPool, revision string) {
	for _, pod := range pool.pods {
		if w.probing < maxProbes && !pod.probing && pod.readyAt.IsZero() && w.state(pod, revision) == warmpool.Starting && reachable(pod.pod) {
			pod.probing = true
			w.probing++
			s.probe = append(s.probe, pod.pod)
		}
	}
}

// stepStatus decides whether the status of a runtime is written.
func (w *warmPods) stepStatus(s *warmStep, pool *warmPool, runtime *v1alpha1.PreviewRuntime, revision string) {
	now := w.now()
	want := w.status(pool, runtime, revision)
	if same(want, runtime.Status) {
		pool.unwritten = time.Time{}
		return
	}
	if pool.unwritten.IsZero() {
		pool.unwritten = now
	}
	if !same(want, pool.status) {
		pool.status, pool.statusAt = want, now
	}
	wait := warmpool.WriteAfter(now, pool.unwritten, pool.statusAt, pool.written)
	if wait == 0 {
		underWay, last := w.underWay(now)
		wait = warmpool.Hold(now, pool.unwritten, underWay, last)
	}
	if wait > 0 {
		s.lookAgain(wait)
		return
	}
	pool.written = now
	s.status = &want
}

// status of a runtime; one that keeps no warm pods has none.
func (w *warmPods) status(pool *warmPool, runtime *v1alpha1.PreviewRuntime, revision string) v1alpha1.PreviewRuntimeStatus {
	if runtime.Spec.Warm == nil {
		return v1alpha1.PreviewRuntimeStatus{}
	}
	warm := &v1alpha1.WarmStatus{Desired: int32(pool.want), Starting: int32(len(pool.creating)), Revision: revision}
	for _, pod := range pool.pods {
		switch w.state(pod, revision) {
		case warmpool.Ready:
			warm.Ready++
		case warmpool.Starting:
			warm.Starting++
		}
	}
	return v1alpha1.PreviewRuntimeStatus{ObservedGeneration: runtime.Generation, Warm: warm}
}

func same(a, b v1alpha1.PreviewRuntimeStatus) bool {
	return a.ObservedGeneration == b.ObservedGeneration && ptr.Equal(a.Warm, b.Warm)
}

// expireReservations spoils the pods of reservations that were forgotten.
func (w *warmPods) expireReservations(s *warmStep) {
	for instance, held := range w.reserved {
		if left := held.since.Add(maxReservation).Sub(w.now()); left > 0 {
			s.lookAgain(left)
		} else {
			w.drop(held, instance)
		}
	}
}

// notCreated says that a pod could not be created that a step had asked for. Those that were refused delay the next ones.
func (w *warmPods) notCreated(owner types.UID, name string, refused bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pool := w.pools[owner]
	if pool == nil {
		return
	}
	delete(pool.creating, name)
	if refused {
		pool.failures++
		pool.failedAt = w.now()
	}
}

// notDeleted says that a pod could not be deleted. What it is now is told by an event, or it is tried again.
func (w *warmPods) notDeleted(pod *corev1.Pod) {
	w.each(pod.UID, func(p *warmPod) { p.deleting = false })
}

// probed takes in what the runner of a pod has answered: nil when it has preloaded everything, holds no assignment and is
// who it should be. What is final breaks the pod; everything else leaves it to be asked again.
func (w *warmPods) probed(pod *corev1.Pod, err error, final bool) {
	w.mu.Lock()
	w.probing--
	w.mu.Unlock()
	w.each(pod.UID, func(p *warmPod) {
		p.probing = false
		switch {
		case err == nil && p.readyAt.IsZero():
			p.readyAt = w.now()
			p.pool.failures = 0
			p.pool.startTook = p.readyAt.Sub(p.asked)
			w.metrics.warmStarts.Observe(p.pool.startTook)
		case err != nil && final && p.broken == "":
			w.fail(p, err.Error())
		}
	})
}

// each changes what is known of a pod that waits, and has its pool looked at.
func (w *warmPods) each(uid types.UID, do func(*warmPod)) {
	w.mu.Lock()
	var name *types.NamespacedName
	for _, pool := range w.pools {
		if known := pool.pods[uid]; known != nil {
			do(known)
			name = &pool.name
		}
	}
	w.mu.Unlock()
	if name != nil {
		w.changed(*name)
	}
}

// known returns the names of the runtimes that have a pool, and of those only the ones with pods on a node if one is given.
func (w *warmPods) known(node string) []types.NamespacedName {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []types.NamespacedName
	for _, pool := range w.pools {
		on := node == ""
		for _, pod := range pool.pods {
			on = on || pod.pod.Spec.NodeName == node
		}
		if on {
			names = append(names, pool.name)
		}
	}
	return names
}

// foreign reports whether there are pods of a runtime of that name that is not this one, nil for none.
func (w *warmPods) foreign(name types.NamespacedName, runtime *v1alpha1.PreviewRuntime) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for owner, pool := range w.pools {
		if pool.name == name && len(pool.pods) > 0 && (runtime == nil || runtime.UID != owner) {
			return true
		}
	}
	return false
}
