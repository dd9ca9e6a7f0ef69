package controllers

import (
	"context"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// ensurePod gives the instance a pod and waits until its runner runs: one that waits in the pool of its runtime, or else
// a new one.
func (r *PreviewInstanceReconciler) ensurePod(ctx context.Context, s *scope) error {
	if s.pod == nil && s.facts.PodName == "" {
		if done, err := r.takeWarmPod(ctx, s); done || err != nil {
			return err
		}
	}
	if s.pod == nil {
		return r.createPod(ctx, s)
	}
	s.facts.PodIP, s.facts.NodeName = s.pod.Status.PodIP, s.pod.Spec.NodeName
	if runnerRunning(s.pod) {
		return nil
	}
	left := s.pod.CreationTimestamp.Add(r.settings.Current().PodStartTimeout).Sub(s.now)
	if left <= 0 {
		return terminal(v1alpha1.ReasonPodStartTimeout, "the pod did not start within %d s (PREVIEW_POD_START_TIMEOUT): %s",
			int(r.settings.Current().PodStartTimeout.Seconds()), pendingMessage(s.pod))
	}
	s.lookAgain(left)
	return waitFor(v1alpha1.ConditionPodReady, v1alpha1.ReasonPodPending, "%s", pendingMessage(s.pod))
}

// createPod creates a pod. Its name and port are written before: whatever crash comes between, the next reconcile creates
// the same pod or finds it.
func (r *PreviewInstanceReconciler) createPod(ctx context.Context, s *scope) error {
	if s.facts.PodName == "" {
		s.facts.PodName = podspec.PodName(s.instance.Name)
	}
	r.address(s)
	r.warm.begin(s.instance.UID)
	first := s.instance.Status.PodName != s.facts.PodName
	if err := r.persist(ctx, s); err != nil {
		return err
	}
	if first {
		// A hundred launches at once all wait for their ports, which cost one write each; pods, whose starts keep the
		// nodes busy, come after the last of them.
		s.giveWay = true
		return waitFor(v1alpha1.ConditionPodReady, v1alpha1.ReasonPodPending, "the pod is being created")
	}
	secret, err := runnerapi.DeriveSecret(r.runnerKey, s.instance.Namespace, s.facts.PodName)
	if err != nil {
		return err
	}
	pod := podspec.Pod(podspec.PodInput{
		Instance:      s.instance,
		Runtime:       s.runtime,
		Name:          s.facts.PodName,
		Port:          s.facts.Port,
		SecretHash:    secret.Hash(),
		MemoryLimitMB: s.facts.MemoryLimitMB,
		StopGrace:     r.settings.Current().StopGrace,
	})
	err = r.client.Create(ctx, pod)
	switch {
	case apierrors.IsAlreadyExists(err):
		return r.adoptName(ctx, s)
	case apierrors.IsForbidden(err) || apierrors.IsInvalid(err):
		// Quota, Pod Security or an admission policy: an administrator has to act. Tried again with backoff.
		s.waiting = &waitError{condition: v1alpha1.ConditionPodReady, reason: v1alpha1.ReasonPodPending, message: bounded("the pod was refused: " + err.Error())}
		return err
	case err != nil:
		return err
	}
	s.pod = pod
	r.recorder.Eventf(s.instance, pod, "Normal", "PodCreated", "CreatePod", "created pod %s", pod.Name)
	s.lookAgain(r.settings.Current().PodStartTimeout)
	return waitFor(v1alpha1.ConditionPodReady, v1alpha1.ReasonPodPending, "the pod is being started")
}

// address derives how the instance is reached from its pod's name and its port.
func (r *PreviewInstanceReconciler) address(s *scope) {
	s.facts.Host = podspec.Host(s.facts.PodName, s.instance.Namespace, r.settings.Current().ClusterDomain)
	s.facts.BaseURL = podspec.BaseURL(r.settings.Current().BaseURLTemplate, s.facts.Host, strconv.Itoa(int(s.facts.Port)), s.instance.Name, s.instance.Namespace)
}

// adoptName deals with a pod that is there although the cache does not know it: ours, whose event will come, or
// somebody else's, and then another name is needed.
func (r *PreviewInstanceReconciler) adoptName(ctx context.Context, s *scope) error {
	pod := &metav1.PartialObjectMetadata{}
	pod.SetGroupVersionKind(podKind)
	key := s.holder().Name
	key.Name = s.facts.PodName
	if err := r.live.Get(ctx, key, pod); err != nil {
		return err
	}
	if !metav1.IsControlledBy(pod, s.instance) {
		s.facts.PodName, s.facts.Host, s.facts.BaseURL = "", "", ""
		s.lookAgain(0)
	}
	return waitFor(v1alpha1.ConditionPodReady, v1alpha1.ReasonPodPending, "the pod is being started")
}
