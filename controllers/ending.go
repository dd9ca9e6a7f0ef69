package controllers

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/store"
)

// failedPodSlack is how long, beyond its application's time to stop, the runner of a failed application has to end by
// itself. Its pod is then kept, so that its logs can be read; one that still runs afterwards is deleted.
const failedPodSlack = 5 * time.Second

// end stops an instance: the reason is written first and its address withdrawn, then its pod goes, then its port, and
// at last, when its time has come or it is being deleted, the instance itself.
func (r *PreviewInstanceReconciler) end(ctx context.Context, s *scope) error {
	r.handovers.forget(s.instance.UID)
	if s.pod == nil {
		// A pod created a moment ago may not be in the cache yet. To forget its name now would be to lose it.
		if err := r.findPod(ctx, r.live, s); err != nil {
			return err
		}
	}
	s.facts.PodIP = ""
	if s.ending.failure != nil {
		s.facts.LastFailure = s.ending.failure
	}
	s.released = s.facts.Phase.Finished() && s.facts.Port == 0
	if err := r.persist(ctx, s); err != nil {
		return err
	}
	if !r.podEnded(s) {
		return r.deletePod(ctx, s)
	}
	r.followLost(s)
	r.release(s)
	if s.deleting() {
		// Nobody could derive it from the instance any more.
		r.record(s, deriveStatus(s))
		r.settle(ctx, s)
		return r.letGo(ctx, s)
	}
	return r.collect(ctx, s)
}

// told reports whether the status says already that the instance ends, and why. What becomes of its pod until it has
// ended is not written: each write costs what one of a launch does, and nobody waits for it.
func (s *scope) told() bool {
	if s.ending == nil || s.released || s.instance.Status.Phase != v1alpha1.PhaseStopping {
		return false
	}
	ready := meta.FindStatusCondition(s.instance.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == s.ending.reason
}

// podEnded reports whether the pod of an instance that ends needs nothing more: it is gone or, after a failure, its
// processes are.
func (r *PreviewInstanceReconciler) podEnded(s *scope) bool {
	if s.pod == nil {
		return true
	}
	return s.ending.failure != nil && podTerminated(s.pod)
}

// deletePod deletes the pod, and nothing else that came to bear its name. Its last event brings the instance back.
func (r *PreviewInstanceReconciler) deletePod(ctx context.Context, s *scope) error {
	if s.pod.DeletionTimestamp != nil {
		return nil
	}
	if failure := s.ending.failure; failure != nil && runnerRunning(s.pod) {
		if left := failure.At.Add(r.settings.Current().StopGrace + failedPodSlack).Sub(s.now); left > 0 {
			s.lookAgain(left)
			return nil
		}
	}
	if left := r.collector.Hold(store.RunUID(string(s.instance.UID), s.facts.Restarts)); left > 0 {
		s.lookAgain(min(left, holdPoll))
		return nil
	}
	err := r.client.Delete(ctx, s.pod, client.Preconditions{UID: &s.pod.UID})
	if apierrors.IsConflict(err) {
		return nil
	}
	return client.IgnoreNotFound(err)
}

// release gives the port back and empties the fields of the status that told how to reach the instance.
func (r *PreviewInstanceReconciler) release(s *scope) {
	r.ports.Release(s.instance.UID)
	s.released = true
	s.facts.Port, s.facts.Host, s.facts.BaseURL = 0, "", ""
	s.facts.SessionExpiresAt, s.facts.MaxUptimeAt = nil, nil
	if s.pod == nil {
		s.facts.PodName, s.facts.NodeName = "", ""
	}
	if s.facts.StoppedAt == nil {
		s.facts.StoppedAt = ptr.To(metaTime(s.now))
	}
}

// letGo removes the finalizer: nothing is left of the instance that it would have to be held for.
func (r *PreviewInstanceReconciler) letGo(ctx context.Context, s *scope) error {
	if !controllerutil.ContainsFinalizer(s.instance, v1alpha1.Finalizer) {
		return nil
	}
	updated := s.instance.DeepCopy()
	controllerutil.RemoveFinalizer(updated, v1alpha1.Finalizer)
	if err := r.client.Update(ctx, updated); err != nil {
		return err
	}
	s.instance = updated
	return nil
}

// gone reports whether nothing holds the instance any more: there is no status left to write.
func (s *scope) gone() bool {
	return s.deleting() && !controllerutil.ContainsFinalizer(s.instance, v1alpha1.Finalizer)
}

// collect deletes an instance whose time to live after its end is over.
func (r *PreviewInstanceReconciler) collect(ctx context.Context, s *scope) error {
	if s.ending.reason == v1alpha1.ReasonStopRequested && s.instance.Spec.DesiredState == v1alpha1.DesiredRunning {
		// Asked to run again while it was stopping.
		s.lookAgain(0)
		return nil
	}
	keep := seconds(s.instance.Spec.TTLSecondsAfterFinished, r.settings.Current().TTLAfterFinished)
	expiry := s.facts.StoppedAt.Add(keep)
	s.facts.ExpiresAt = ptr.To(metaTime(expiry))
	// The status is written first, so that whoever watches sees the instance finish before it goes.
	if err := r.persist(ctx, s); err != nil {
		return err
	}
	if s.pod == nil {
		// Whoever deletes the instance, or its namespace with the manager's rights in it, needs nobody for that.
		if err := r.letGo(ctx, s); err != nil {
			return err
		}
	}
	if left := expiry.Sub(s.now); left > 0 {
		s.lookAgain(left)
		return nil
	}
	return client.IgnoreNotFound(r.client.Delete(ctx, s.instance, client.Preconditions{UID: &s.instance.UID}))
}

func seconds(own *int32, fallback time.Duration) time.Duration {
	if own == nil {
		return fallback
	}
	return time.Duration(*own) * time.Second
}
