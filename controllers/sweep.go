package controllers

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/ports"
)

const (
	// sweepPage is how many objects are read at once: instances carry up to 128 KiB of code each.
	sweepPage = 100
	// stuckAfter is how long an instance without a pod may be in deletion. Its end is a few writes, which are tried
	// again with backoff; when one of them cannot succeed, as in a namespace that is going away, the finalizer would
	// hold the instance, and the namespace, for ever.
	stuckAfter = 30 * time.Second
)

// sweeper searches for what has outlived its instance: pods, and ports and handovers in memory. Reconciles leave
// nothing behind, but finalizers can be removed by force, and a write whose answer was lost can be carried out later.
//
// Ours is only what has our labels, a name that we give, and either an instance for controller that is gone or uses
// another pod, or a runtime for controller that is gone, or no owner at all.
type sweeper struct {
	*PreviewInstanceReconciler
	// namespaces that are served; none means all.
	namespaces []string
	// runs are the records of runs; none are kept when nil.
	runs ActiveRuns
	// runsSwept is when the records were last compared with the instances.
	runsSwept time.Time
}

// Start sweeps at once and then in PREVIEW_SWEEP_INTERVAL, until ctx is done.
func (w *sweeper) Start(ctx context.Context) error {
	logger := log.FromContext(ctx).WithName("sweep")
	ctx = log.IntoContext(ctx, logger)
	for {
		if err := w.sweep(ctx); err != nil && ctx.Err() == nil {
			logger.Error(err, "the sweep is not complete; it is done again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.settings.Current().SweepInterval):
		}
	}
}

// NeedLeaderElection keeps those that do not lead from deleting anything.
func (w *sweeper) NeedLeaderElection() bool { return true }

// sweep looks at all namespaces; one that cannot be read does not keep it from the others.
func (w *sweeper) sweep(ctx context.Context) error {
	namespaces := w.namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	var errs []error
	for _, namespace := range namespaces {
		if err := w.sweepNamespace(ctx, namespace); err != nil {
			errs = append(errs, fmt.Errorf("sweeping namespace %q: %w", namespace, err))
		}
	}
	w.ports.WakeWaiting()
	return errors.Join(append(errs, w.sweepRuns(ctx))...)
}

// sweepNamespace depends on its order. An instance exists, and its status names its pod, before there is a port, a
// handover or a pod of it. So what was noted before the instances are read, from a quorum, belongs to one of those, or
// to one that is gone: UIDs do not come back.
func (w *sweeper) sweepNamespace(ctx context.Context, namespace string) error {
	known, underWay := w.ports.Known(), w.handovers.known()
	pods, err := w.listPods(ctx, namespace)
	if err != nil {
		return err
	}
	instances, err := w.listInstances(ctx, namespace)
	if err != nil {
		return err
	}
	runtimes, err := w.listRuntimes(ctx, namespace)
	if err != nil {
		return err
	}
	within := func(name types.NamespacedName) bool {
		return namespace == metav1.NamespaceAll || name.Namespace == namespace
	}
	w.sweepPorts(ctx, known, instances, within)
	w.sweepHandovers(ctx, underWay, instances, within)
	return errors.Join(w.sweepPods(ctx, pods, sweptOwners{instances, runtimes}), w.letStuckGo(ctx, pods, instances))
}

func (w *sweeper) sweepPorts(ctx context.Context, known []ports.Holder, instances map[types.UID]sweptInstance, within func(types.NamespacedName) bool) {
	for _, holder := range known {
		if _, exists := instances[holder.UID]; exists || !within(holder.Name) {
			continue
		}
		w.ports.Release(holder.UID)
		w.metrics.swept.Inc(sweptPort)
		log.FromContext(ctx).Info("released the port of an instance that is gone", "instance", holder.Name, "uid", holder.UID)
	}
}

func (w *sweeper) sweepHandovers(ctx context.Context, known map[types.UID]types.NamespacedName, instances map[types.UID]sweptInstance, within func(types.NamespacedName) bool) {
	for uid, name := range known {
		if _, exists := instances[uid]; exists || !within(name) {
			continue
		}
		w.handovers.forget(uid)
		w.metrics.swept.Inc(sweptHandover)
		log.FromContext(ctx).Info("gave up the handover of an instance that is gone", "instance", name, "uid", uid)
	}
}

func (w *sweeper) sweepPods(ctx context.Context, pods []metav1.PartialObjectMetadata, owners sweptOwners) error {
	var errs []error
	for i := range pods {
		pod := &pods[i]
		reason := owners.orphaned(pod)
		if reason == "" {
			continue
		}
		err := w.client.Delete(ctx, pod, client.Preconditions{UID: &pod.UID})
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		w.metrics.swept.Inc(sweptPod)
		log.FromContext(ctx).Info("deleted an orphaned pod", "namespace", pod.Namespace, "pod", pod.Name, "uid", pod.UID, "reason", reason)
		w.recorder.Eventf(pod, nil, corev1.EventTypeWarning, "OrphanDeleted", "Sweep", "%s", reason)
	}
	return errors.Join(errs...)
}

// letStuckGo does the last step of deletion for instances that nothing is left of.
func (w *sweeper) letStuckGo(ctx context.Context, pods []metav1.PartialObjectMetadata, instances map[types.UID]sweptInstance) error {
	withPod := map[types.UID]bool{}
	for i := range pods {
		if owner := metav1.GetControllerOf(&pods[i]); owner != nil {
			withPod[owner.UID] = true
		}
	}
	var errs []error
	for uid, swept := range instances {
		stuck := swept.stuck
		if stuck == nil || withPod[uid] || w.now().Sub(stuck.DeletionTimestamp.Time) < stuckAfter {
			continue
		}
		controllerutil.RemoveFinalizer(stuck, v1alpha1.Finalizer)
		err := w.client.Update(ctx, stuck)
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		w.ports.Release(uid)
		w.handovers.forget(uid)
		w.metrics.swept.Inc(sweptFinalizer)
		log.FromContext(ctx).Info("let an instance go whose deletion was stuck", "namespace", stuck.Namespace, "instance", stuck.Name, "uid", uid)
		w.recorder.Eventf(stuck, nil, corev1.EventTypeWarning, "FinalizerRemoved", "Sweep", "its deletion was stuck, and nothing is left of it")
	}
	return errors.Join(errs...)
}

// podNamePattern is that of podspec.PodName.
var podNamePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?-[a-z2-7]{10}$`)

// sweptOwners are the owners of pods that exist, by UID.
type sweptOwners struct {
	instances map[types.UID]sweptInstance
	runtimes  map[types.UID]bool
}

// orphaned says why a pod has to go, nothing for one that stays. It is pure.
func (o sweptOwners) orphaned(pod *metav1.PartialObjectMetadata) string {
	if pod.DeletionTimestamp != nil || pod.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentPreview || !podNamePattern.MatchString(pod.Name) {
		return ""
	}
	if owner := warmOwner(pod); owner != nil {
		if o.runtimes[owner.UID] {
			return ""
		}
		return fmt.Sprintf("the PreviewRuntime of UID %s, which this pod waited for, is gone", owner.UID)
	}
	if pod.Labels[v1alpha1.LabelWarm] == v1alpha1.WarmUnclaimed && len(pod.OwnerReferences) == 0 {
		return "the pod waits for an instance, but belongs to no PreviewRuntime"
	}
	return o.orphanedByInstance(pod, types.UID(pod.Labels[v1alpha1.LabelInstanceUID]))
}

func (o sweptOwners) orphanedByInstance(pod *metav1.PartialObjectMetadata, uid types.UID) string {
	owner := metav1.GetControllerOf(pod)
	switch {
	case uid == "":
		return ""
	case owner == nil && len(pod.OwnerReferences) > 0:
		return ""
	case owner != nil && (owner.UID != uid || !ofKind(owner, "PreviewInstance")):
		return ""
	}
	instance, exists := o.instances[uid]
	switch {
	case !exists:
		return fmt.Sprintf("the PreviewInstance of UID %s, whose pod this was, is gone", uid)
	case instance.podName == pod.Name:
		return ""
	case instance.podName == "" && instance.starting:
		// A claim is written beside the name in the status, and may be seen before it.
		return ""
	case instance.podName == "":
		return fmt.Sprintf("the PreviewInstance of UID %s, whose pod this was, has no pod any more", uid)
	}
	return fmt.Sprintf("the PreviewInstance of UID %s, whose pod this was, uses pod %s", uid, instance.podName)
}

// ofKind reports whether an owner is one of our kinds.
func ofKind(owner *metav1.OwnerReference, kind string) bool {
	version, err := schema.ParseGroupVersion(owner.APIVersion)
	return err == nil && version.Group == v1alpha1.GroupVersion.Group && owner.Kind == kind
}

// sweptInstance is what a sweep keeps of an instance.
type sweptInstance struct {
	// podName is the pod that its status names.
	podName string
	// starting is set while it may get a pod at any moment.
	starting bool
	// stuck is the instance itself if it is being deleted and our finalizer holds it.
	stuck *v1alpha1.PreviewInstance
}

// listPods reads the metadata of the preview pods of a namespace.
func (w *sweeper) listPods(ctx context.Context, namespace string) ([]metav1.PartialObjectMetadata, error) {
	var pods []metav1.PartialObjectMetadata
	err := eachPage(ctx, w.live, func() *metav1.PartialObjectMetadataList {
		page := &metav1.PartialObjectMetadataList{}
		page.SetGroupVersionKind(podKind)
		return page
	}, func(page *metav1.PartialObjectMetadataList) {
		for _, pod := range page.Items {
			pod.SetGroupVersionKind(podKind)
			pods = append(pods, pod)
		}
	}, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelComponent: v1alpha1.ComponentPreview})
	return pods, err
}

// listInstances reads the instances of a namespace, by UID.
func (w *sweeper) listInstances(ctx context.Context, namespace string) (map[types.UID]sweptInstance, error) {
	instances := map[types.UID]sweptInstance{}
	err := eachPage(ctx, w.live, func() *v1alpha1.PreviewInstanceList { return &v1alpha1.PreviewInstanceList{} }, func(page *v1alpha1.PreviewInstanceList) {
		for i := range page.Items {
			instance := &page.Items[i]
			phase := instance.Status.Phase
			swept := sweptInstance{podName: instance.Status.PodName, starting: phase == "" || phase == v1alpha1.PhaseStarting}
			if instance.DeletionTimestamp != nil && controllerutil.ContainsFinalizer(instance, v1alpha1.Finalizer) {
				swept.stuck = instance.DeepCopy()
			}
			instances[instance.UID] = swept
		}
	}, client.InNamespace(namespace))
	return instances, err
}

// listRuntimes reads the UIDs of the runtimes of a namespace.
func (w *sweeper) listRuntimes(ctx context.Context, namespace string) (map[types.UID]bool, error) {
	runtimes := map[types.UID]bool{}
	err := eachPage(ctx, w.live, func() *v1alpha1.PreviewRuntimeList { return &v1alpha1.PreviewRuntimeList{} }, func(page *v1alpha1.PreviewRuntimeList) {
		for i := range page.Items {
			runtimes[page.Items[i].UID] = true
		}
	}, client.InNamespace(namespace))
	return runtimes, err
}

// eachPage reads a list in pages, all of them as of the time of the first.
func eachPage[L client.ObjectList](ctx context.Context, live client.Reader, empty func() L, do func(L), options ...client.ListOption) error {
	token := ""
	for {
		page := empty()
		if err := live.List(ctx, page, append(options, client.Limit(sweepPage), client.Continue(token))...); err != nil {
			return err
		}
		do(page)
		if token = page.GetContinue(); token == "" {
			return nil
		}
	}
}
