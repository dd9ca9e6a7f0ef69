package controllers

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
)

const (
	// probeTimeout bounds one question whether a runner is ready; it waits for the answer.
	probeTimeout = 30 * time.Second
	// probePause is the time before a runner is asked again that did not answer.
	probePause = 500 * time.Millisecond
)

// finalErrors are the answers of runners that will never be of use to anybody. Whoever cannot prove to be the runner may be
// another pod at an address that is about to change.
var finalErrors = []error{handover.ErrConflict, handover.ErrFailed, handover.ErrUnauthorised, handover.ErrProtocol, handover.ErrRefused}

// warmPoolReconciler keeps as many pods waiting as the PreviewRuntimes say. It learns of pods and nodes from watches,
// which also tell warmPods what it knows, and decides from there, without a listing.
type warmPoolReconciler struct {
	*PreviewInstanceReconciler
	runners RunnerClient
	queue   *runtimeQueue
}

// +kubebuilder:rbac:groups=preview.codebegen.dev,namespace=previews,resources=previewruntimes/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=preview.codebegen.dev,namespace=previews,resources=previewruntimes/finalizers,verbs=update
// +kubebuilder:rbac:groups="",resources=nodes,verbs=get;list;watch

// Reconcile takes the next step for the pools of one name.
func (r *warmPoolReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	runtime, err := r.runtime(ctx, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	step := r.warm.step(req.NamespacedName, runtime)
	for _, pod := range step.probe {
		go r.probe(ctx, pod)
	}
	var errs []error
	if len(step.create) > 0 {
		errs = append(errs, r.createWarm(ctx, step, runtime))
	}
	for pod, why := range step.remove {
		errs = append(errs, r.removeWarm(ctx, pod, why))
	}
	if step.status != nil {
		errs = append(errs, r.writeStatus(ctx, runtime, *step.status))
	}
	return ctrl.Result{RequeueAfter: step.again}, errors.Join(errs...)
}

// runtime of a name, nil when there is none, or none for long. Before pods go because theirs is gone, the API server has
// to say so: the cache of the runtimes can be behind that of the pods.
func (r *warmPoolReconciler) runtime(ctx context.Context, name types.NamespacedName) (*v1alpha1.PreviewRuntime, error) {
	read := func(from client.Reader) (*v1alpha1.PreviewRuntime, error) {
		runtime := &v1alpha1.PreviewRuntime{}
		err := from.Get(ctx, name, runtime)
		if err != nil || runtime.DeletionTimestamp != nil {
			return nil, client.IgnoreNotFound(err)
		}
		return runtime, nil
	}
	runtime, err := read(r.client)
	if err != nil || !r.warm.foreign(name, runtime) {
		return runtime, err
	}
	return read(r.live)
}

// createWarm creates the pods of a step, after what isolates them.
func (r *warmPoolReconciler) createWarm(ctx context.Context, step *warmStep, runtime *v1alpha1.PreviewRuntime) error {
	err := r.prepareNamespace(ctx, runtime.Namespace)
	for i, name := range step.create {
		if err == nil {
			err = r.createOne(ctx, runtime, name)
		}
		if err != nil {
			r.warm.notCreated(step.owner, name, i == 0 && refused(err))
		}
	}
	if refused(err) {
		log.FromContext(ctx).Info("a warm pod was refused; it is tried again", "error", err.Error())
		r.recorder.Eventf(runtime, nil, corev1.EventTypeWarning, "WarmPodRefused", "CreatePod", "%s", bounded(err.Error()))
		return nil
	}
	return err
}

// refused reports whether an administrator has to act: quota, Pod Security, an admission policy.
func refused(err error) bool { return apierrors.IsForbidden(err) || apierrors.IsInvalid(err) }

func (r *warmPoolReconciler) createOne(ctx context.Context, runtime *v1alpha1.PreviewRuntime, name string) error {
	secret, err := runnerapi.DeriveSecret(r.runnerKey, runtime.Namespace, name)
	if err != nil {
		return err
	}
	config := r.settings.Current()
	err = r.client.Create(ctx, podspec.WarmPod(podspec.WarmInput{
		Runtime: runtime, Name: name, SecretHash: secret.Hash(),
		MemoryLimitMB: runtimeMemoryLimit(runtime, config), StopGrace: config.StopGrace,
	}))
	if err == nil {
		r.metrics.warmCreated.Inc()
	}
	return err
}

// removeWarm deletes a pod as it was last seen: one that has been claimed since is another one.
func (r *warmPoolReconciler) removeWarm(ctx context.Context, pod *corev1.Pod, why string) error {
	err := r.client.Delete(ctx, pod.DeepCopy(), client.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion})
	if err == nil {
		r.metrics.warmRemoved.Inc(why)
		return nil
	}
	r.warm.notDeleted(pod)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

func (r *warmPoolReconciler) writeStatus(ctx context.Context, runtime *v1alpha1.PreviewRuntime, status v1alpha1.PreviewRuntimeStatus) error {
	updated := runtime.DeepCopy()
	updated.Status = status
	return client.IgnoreNotFound(r.client.Status().Patch(ctx, updated, client.MergeFrom(runtime)))
}

// probe asks the runner of a pod whether it has preloaded everything. Only one that proves who it is and holds no
// assignment, not even one that an earlier manager has given it, can be given to an instance.
func (r *warmPoolReconciler) probe(ctx context.Context, pod *corev1.Pod) {
	err := func() error {
		target, err := r.target(pod)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		return r.runners.Preloaded(ctx, target)
	}()
	final := slices.ContainsFunc(finalErrors, func(kind error) bool { return errors.Is(err, kind) })
	if err != nil && !final {
		select {
		case <-ctx.Done():
		case <-time.After(probePause):
		}
	}
	r.warm.probed(pod, err, final)
}

// register adds the controller to a manager.
func (r *warmPoolReconciler) register(mgr ctrl.Manager, skipNameValidation bool) error {
	r.settings.OnChange(func(settings.Settings) { r.queue.addAll(r.warm.known("")) })
	return ctrl.NewControllerManagedBy(mgr).
		Named("warmpool").
		For(&v1alpha1.PreviewRuntime{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Pod{}, r.podEvents()).
		Watches(&corev1.Node{}, r.nodeEvents()).
		WatchesRawSource(r.queue).
		WithOptions(controller.Options{MaxConcurrentReconciles: 1, SkipNameValidation: &skipNameValidation}).
		Complete(r)
}

// podEvents tells warmPods how pods are, in the order in which the watch does.
func (r *warmPoolReconciler) podEvents() handler.EventHandler {
	tell := func(o client.Object, of func(*corev1.Pod) (types.NamespacedName, bool), queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
		pod, ok := o.(*corev1.Pod)
		if !ok {
			return
		}
		if name, ok := of(pod); ok {
			queue.Add(ctrl.Request{NamespacedName: name})
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			tell(e.Object, r.warm.seen, queue)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			tell(e.ObjectNew, r.warm.seen, queue)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			tell(e.Object, r.warm.gone, queue)
		},
	}
}

// nodeEvents tells warmPods which nodes take pods, and brings the pools back that have pods on one that has changed.
func (r *warmPoolReconciler) nodeEvents() handler.EventHandler {
	tell := func(o client.Object, there bool, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
		node, ok := o.(*corev1.Node)
		if !ok || !r.warm.setNode(node.Name, there && takesPods(node)) {
			return
		}
		for _, name := range r.warm.known(node.Name) {
			queue.Add(ctrl.Request{NamespacedName: name})
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			tell(e.Object, true, queue)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			tell(e.ObjectNew, true, queue)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			tell(e.Object, false, queue)
		},
	}
}

// takesPods reports whether a node is in use: one that is being drained, or whose kubelet is silent, is not.
func takesPods(node *corev1.Node) bool {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return false
		}
	}
	return !node.Spec.Unschedulable && node.DeletionTimestamp == nil
}

// runtimeQueue brings runtimes back for a reason that no watch sees. Adding never waits.
type runtimeQueue struct {
	queue atomic.Pointer[workqueue.TypedRateLimitingInterface[ctrl.Request]]
}

// Start is part of source.Source.
func (q *runtimeQueue) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
	q.queue.Store(&queue)
	return nil
}

var _ source.Source = (*runtimeQueue)(nil)

// add does nothing before the controller has started: it looks at every runtime then.
func (q *runtimeQueue) add(name types.NamespacedName) {
	if queue := q.queue.Load(); queue != nil {
		(*queue).Add(ctrl.Request{NamespacedName: name})
	}
}

func (q *runtimeQueue) addAll(names []types.NamespacedName) {
	for _, name := range names {
		q.add(name)
	}
}
