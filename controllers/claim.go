package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podspec"
)

// claimAttempts is how many warm pods a launch tries before it starts one of its own: a lost claim is rare, and each
// costs a pod.
const claimAttempts = 3

// warmPoll is how soon an instance that waits for a warm pod looks again.
const warmPoll = 100 * time.Millisecond

// errClaimLost: the pod is somebody else's, or gone. It will never be the instance's.
var errClaimLost = errors.New("the claim was lost")

// takeWarmPod makes a waiting pod the instance's own. It reports whether there is nothing left to do for the pod: false
// asks for a cold start.
func (r *PreviewInstanceReconciler) takeWarmPod(ctx context.Context, s *scope) (bool, error) {
	pool := s.runtime.Spec.Warm
	if pool == nil {
		r.startCold(s, v1alpha1.StartNoWarmPool, "the PreviewRuntime keeps no warm pods")
		return false, nil
	}
	for range claimAttempts {
		pod, ok := r.warm.reserve(s.runtime, s.instance.UID)
		if !ok {
			break
		}
		err := r.takePod(ctx, s, pod)
		if !errors.Is(err, errClaimLost) {
			return true, err
		}
		r.handovers.forget(s.instance.UID)
		r.warm.spoil(s.instance.UID)
		s.withoutPod()
	}
	switch {
	case pool.WhenEmpty == v1alpha1.WhenEmptyWait:
		return true, r.awaitWarmPod(s)
	case r.warm.awaits(s.runtime, s.instance.UID):
		s.lookAgain(warmPoll)
		return true, waitFor(v1alpha1.ConditionPodReady, v1alpha1.ReasonPodPending, "every warm pod of the PreviewRuntime is taken; the next one is about to be ready")
	}
	r.startCold(s, v1alpha1.StartNoWarmPod, "every warm pod of the PreviewRuntime was taken")
	return false, nil
}

// awaitWarmPod lets the instance wait for the pool, no longer than a pod of its own would be waited for.
func (r *PreviewInstanceReconciler) awaitWarmPod(s *scope) error {
	timeout := r.settings.Current().PodStartTimeout
	left := begunAt(s.instance, s.facts).Add(timeout).Sub(s.now)
	if left <= 0 {
		return terminal(v1alpha1.ReasonPodStartTimeout, "no pod of the PreviewRuntime's pool was free within %d s (PREVIEW_POD_START_TIMEOUT), and its warm.whenEmpty is Wait", int(timeout.Seconds()))
	}
	s.lookAgain(min(left, warmPoll))
	return waitFor(v1alpha1.ConditionPodReady, v1alpha1.ReasonNoWarmPod, "every warm pod of the PreviewRuntime is taken; waiting for one (warm.whenEmpty is Wait)")
}

func (r *PreviewInstanceReconciler) startCold(s *scope, reason, message string) {
	s.facts.Start = startOf(s.instance, v1alpha1.StartCold)
	s.facts.Start.Reason = reason
	s.facts.Start.Message = strings.TrimPrefix(s.facts.Start.Message+"; "+message, "; ")
}

// takePod does three things at once, for each takes as long as a good part of the start itself: it claims the pod, it
// writes to the status which pod that is, and it has the code staged. The code is run as soon as the claim is written.
// Which pod that is, and on which port, is in the claim as well: nothing is lost when the status could not be written.
func (r *PreviewInstanceReconciler) takePod(ctx context.Context, s *scope, pod *corev1.Pod) error {
	r.warm.begin(s.instance.UID)
	s.pod, s.claiming = pod, true
	s.facts.Start = startOf(s.instance, v1alpha1.StartWarm)
	s.facts.PodName, s.facts.PodIP, s.facts.NodeName = pod.Name, pod.Status.PodIP, pod.Spec.NodeName
	r.address(s)
	resize := memoryLimitMB(pod) != s.facts.MemoryLimitMB
	r.handovers.start(s.holder().Name, s.instance.UID, pod.UID, r.stagingJob(s, resize))

	var mine *corev1.Pod
	var claimErr error
	var claim sync.WaitGroup
	instance, patch := s.instance, claimPatch(s.instance, s.runtime.UID, pod, s.facts.Port)
	claim.Go(func() {
		if mine, claimErr = r.claim(ctx, instance, pod, patch); claimErr != nil {
			return
		}
		r.metrics.passed(instance.UID, stageClaim)
		if !resize {
			r.handovers.release(instance.UID, pod.UID)
		}
	})
	intentErr := r.persist(ctx, s)
	claim.Wait()
	if claimErr != nil {
		return errors.Join(claimErr, intentErr)
	}
	if intentErr != nil {
		// The reservation stays, and with it the pod: the next reconcile claims it again, and finds that it has it.
		return intentErr
	}
	r.warm.claimed(s.instance.UID)
	s.pod, s.claiming = mine, false
	if resize {
		if err := r.resize(ctx, s); err != nil {
			return err
		}
	}
	return r.followLog(s)
}

// claim makes a warm pod the instance's, in one write that the API server carries out for one claimer only: it tests
// that the pod is still unclaimed. A change of anything else, as the kubelet makes them, does not make it fail. An answer
// that was lost is no reason to give up: the same claim is made again, and this one sees what became of the first.
func (r *PreviewInstanceReconciler) claim(ctx context.Context, instance *v1alpha1.PreviewInstance, pod *corev1.Pod, operations []patchOperation) (*corev1.Pod, error) {
	patch, err := json.Marshal(operations)
	if err != nil {
		return nil, err
	}
	mine := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}}
	err = r.client.Patch(ctx, mine, client.RawPatch(types.JSONPatchType, patch))
	if apierrors.IsInvalid(err) {
		err = r.live.Get(ctx, client.ObjectKeyFromObject(pod), mine)
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("%w: pod %s is gone", errClaimLost, pod.Name)
	case err != nil:
		return nil, err
	case !isLivePodOf(mine, instance) || mine.UID != pod.UID:
		return nil, fmt.Errorf("%w: pod %s is another instance's, or is being deleted", errClaimLost, pod.Name)
	}
	return mine, nil
}

// isLivePodOf reports whether a pod belongs to an instance and can still serve it.
func isLivePodOf(pod *corev1.Pod, instance *v1alpha1.PreviewInstance) bool {
	return metav1.IsControlledBy(pod, instance) && pod.DeletionTimestamp == nil && !podTerminated(pod)
}

type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

func claimPatch(instance *v1alpha1.PreviewInstance, runtimeUID types.UID, pod *corev1.Pod, port int32) []patchOperation {
	annotations := map[string]string{
		v1alpha1.AnnotationInstance: instance.Namespace + "/" + instance.Name,
		v1alpha1.AnnotationPort:     strconv.Itoa(int(port)),
	}
	operations := []patchOperation{
		{"test", "/metadata/uid", pod.UID},
		{"test", "/metadata/labels/" + pointer(v1alpha1.LabelWarm), v1alpha1.WarmUnclaimed},
		{"test", "/metadata/ownerReferences/0/uid", runtimeUID},
		{"remove", "/metadata/labels/" + pointer(v1alpha1.LabelWarm), nil},
		{"add", "/metadata/labels/" + pointer(v1alpha1.LabelInstanceUID), instance.UID},
		{"replace", "/metadata/ownerReferences", []metav1.OwnerReference{
			*metav1.NewControllerRef(instance, v1alpha1.GroupVersion.WithKind("PreviewInstance")),
		}},
		// The API server keeps no account of who manages which field of the pod from here on. Nobody applies pods, and the
		// account takes it half of the time that this write, and each later one of the kubelet, costs
		// (https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields).
		{"add", "/metadata/managedFields", []struct{}{{}}},
	}
	if pod.Annotations == nil {
		return append(operations, patchOperation{"add", "/metadata/annotations", annotations})
	}
	for _, name := range []string{v1alpha1.AnnotationInstance, v1alpha1.AnnotationPort} {
		operations = append(operations, patchOperation{"add", "/metadata/annotations/" + pointer(name), annotations[name]})
	}
	return operations
}

// pointer escapes a key for a JSON pointer (RFC 6901).
func pointer(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

// resize gives the pod the instance's own memory limit, without a restart. The runner runs nothing before the limit is
// in force. Where it cannot be done, the instance gets a pod that begins with it.
func (r *PreviewInstanceReconciler) resize(ctx context.Context, s *scope) error {
	limit := resource.NewQuantity(int64(s.facts.MemoryLimitMB)<<20, resource.BinarySI)
	request := s.pod.Spec.Containers[0].Resources.Requests.Memory()
	if request.Cmp(*limit) > 0 {
		request = limit
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": s.pod.UID},
		"spec": map[string]any{"containers": []map[string]any{{
			"name": podspec.ContainerName,
			"resources": map[string]any{
				"limits":   map[string]any{"memory": limit.String()},
				"requests": map[string]any{"memory": request.String()},
			},
		}}},
	})
	if err != nil {
		return err
	}
	err = r.client.SubResource("resize").Patch(ctx, s.pod, client.RawPatch(types.StrategicMergePatchType, patch))
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		if err := r.abandonPod(ctx, s); err != nil {
			return err
		}
		r.startCold(s, v1alpha1.StartMemoryNotResizable, bounded("the memory limit of a warm pod could not be changed: "+err.Error()))
		return r.createPod(ctx, s)
	}
	return err
}

// abandonPod deletes a pod that was claimed and cannot be used. It has run nothing of the project.
func (r *PreviewInstanceReconciler) abandonPod(ctx context.Context, s *scope) error {
	r.handovers.forget(s.instance.UID)
	r.warm.claimed(s.instance.UID)
	err := r.client.Delete(ctx, s.pod, client.Preconditions{UID: &s.pod.UID})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return err
	}
	s.withoutPod()
	return nil
}

// findClaimed finds the pod that a manager before claimed for the instance and did not live to name in its status.
func (r *PreviewInstanceReconciler) findClaimed(ctx context.Context, s *scope) error {
	pods := &corev1.PodList{}
	err := r.client.List(ctx, pods, client.InNamespace(s.instance.Namespace), client.MatchingFields{podInstanceField: string(s.instance.UID)})
	if err != nil {
		return err
	}
	for i := range pods.Items {
		if pod := &pods.Items[i]; isLivePodOf(pod, s.instance) {
			s.pod = pod
			s.facts.PodName = pod.Name
			s.facts.Start = startOf(s.instance, v1alpha1.StartWarm)
			r.address(s)
			return nil
		}
	}
	return nil
}

// memoryLimitMB is the memory limit of a pod in MiB.
func memoryLimitMB(pod *corev1.Pod) int32 {
	return int32(pod.Spec.Containers[0].Resources.Limits.Memory().Value() >> 20)
}

// startOf says how an instance is started, as far as its own spec decides about that.
func startOf(instance *v1alpha1.PreviewInstance, kind v1alpha1.StartKind) *v1alpha1.Start {
	start := &v1alpha1.Start{Kind: kind, Interpreter: v1alpha1.InterpreterForked}
	if name := freshBecauseOf(instance.Spec.Env); name != "" {
		start.Interpreter = v1alpha1.InterpreterFresh
		start.Message = "spec.env sets " + name + ", which is read when the interpreter starts"
	}
	return start
}

// podInstanceField indexes the cached pods by the instance that they belong to, as their label says.
const podInstanceField = "instance-uid"

func podInstance(o client.Object) []string {
	if uid := o.GetLabels()[v1alpha1.LabelInstanceUID]; uid != "" {
		return []string{uid}
	}
	return nil
}

// withoutPod forgets the pod that the instance had, or was to get.
func (s *scope) withoutPod() {
	s.pod, s.claiming = nil, false
	s.facts.PodName, s.facts.PodIP, s.facts.NodeName, s.facts.Host, s.facts.BaseURL = "", "", "", "", ""
	s.facts.Start = nil
	// Or the next look would take it for lost.
	meta.RemoveStatusCondition(&s.facts.Conditions, v1alpha1.ConditionPodReady)
}
