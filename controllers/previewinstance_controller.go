// Package controllers turns PreviewInstances into running previews. It is the only writer of their pods, of the
// Service and NetworkPolicy of their namespaces, and of their status.
package controllers

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/ports"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

// PreviewInstanceReconciler reconciles PreviewInstances.
type PreviewInstanceReconciler struct {
	client client.Client
	// live reads from the API server: a cache may be behind.
	live        client.Reader
	recorder    events.EventRecorder
	settings    *settings.Live
	runnerKey   []byte
	generations GenerationReader
	now         func() time.Time

	ports     *ports.Allocator
	restore   *portRestorer
	handovers *handovers
	ownWrites *ownWrites
	wake      waker
	metrics   *Metrics
	// warm are the pods that wait for an instance.
	warm      *warmPods
	collector Collector
	tracing   *telemetry.Tracing
}

// +kubebuilder:rbac:groups=preview.codebegen.dev,namespace=previews,resources=previewinstances,verbs=get;list;watch;update;patch;delete
// +kubebuilder:rbac:groups=preview.codebegen.dev,namespace=previews,resources=previewinstances/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=preview.codebegen.dev,namespace=previews,resources=previewinstances/finalizers,verbs=update
// +kubebuilder:rbac:groups=preview.codebegen.dev,namespace=previews,resources=previewruntimes,verbs=get;list;watch
// +kubebuilder:rbac:groups="",namespace=previews,resources=pods,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",namespace=previews,resources=pods/resize,verbs=patch
// +kubebuilder:rbac:groups="",namespace=previews,resources=pods/log,verbs=get
// +kubebuilder:rbac:groups="",namespace=previews,resources=services,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=networking.k8s.io,namespace=previews,resources=networkpolicies,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=events.k8s.io,namespace=previews,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",namespace=previews,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=preview-system,resources=leases,verbs=get;create;update;patch
// +kubebuilder:rbac:groups="",namespace=preview-system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=events.k8s.io,namespace=preview-system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",namespace=preview-system,resources=serviceaccounts/token,resourceNames=preview-gateway,verbs=create

// Reconcile moves one instance towards what its spec asks for.
func (r *PreviewInstanceReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if err := r.restore.once(ctx, r.live, r.ports); err != nil {
		return ctrl.Result{}, err
	}
	instance := &v1alpha1.PreviewInstance{}
	if err := r.client.Get(ctx, req.NamespacedName, instance); err != nil {
		if apierrors.IsNotFound(err) {
			r.ports.ReleaseNamed(req.NamespacedName)
			r.metrics.gone(req.NamespacedName)
			r.ownWrites.forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	instance = r.ownWrites.newest(instance)
	r.metrics.seen(instance)
	ctx, span := r.traceReconcile(withRequest(ctx, instance), instance)
	defer span.End()
	s := newScope(instance, r.now())
	err := r.run(ctx, s)
	return r.finish(ctx, s, err)
}

// run carries out the phases of an instance that lives, or the end of one that does not.
func (r *PreviewInstanceReconciler) run(ctx context.Context, s *scope) error {
	if err := r.observe(ctx, s); err != nil {
		return err
	}
	if err := r.followLog(s); err != nil {
		return err
	}
	if s.ending == nil {
		err := r.runPhases(ctx, s)
		var failed *terminalError
		var over *expired
		var waiting *waitError
		switch {
		case errors.As(err, &over):
			s.ending = &ending{reason: over.reason}
		case errors.As(err, &failed):
			s.ending = failed.ending(s)
		case errors.As(err, &waiting):
			s.waiting = waiting
			return nil
		default:
			return err
		}
	}
	return r.end(ctx, s)
}

// runPhases brings an instance that lives one step further; the first phase that is not done stops it.
func (r *PreviewInstanceReconciler) runPhases(ctx context.Context, s *scope) error {
	phases := []phase{
		{do: r.ensureFinalizer},
		{do: r.accept, stage: stageAccept},
		{do: r.allocatePort, stage: stagePort},
		{do: r.ensureNamespace},
		{do: r.ensurePod, stage: stagePod},
		{do: r.handOver},
		{do: r.expire},
	}
	if s.served() {
		// The outcome of the handover is in the status now.
		r.handovers.forget(s.instance.UID)
		phases = phases[len(phases)-1:]
	}
	for _, phase := range phases {
		do := func(ctx context.Context) error { return phase.do(ctx, s) }
		var err error
		if phase.stage == "" {
			err = do(ctx)
		} else {
			err = r.stage(ctx, s.instance.UID, phase.stage, do)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// phase is one step of an instance that lives, and the stage of its launch that ends with it, if one does.
type phase struct {
	do    func(context.Context, *scope) error
	stage string
}

// finish writes the status, once, and says when to come back.
func (r *PreviewInstanceReconciler) finish(ctx context.Context, s *scope, err error) (ctrl.Result, error) {
	if !s.gone() {
		if left := r.quiet(s); left > 0 && err == nil {
			s.lookAgain(left)
			return ctrl.Result{RequeueAfter: s.requeueAfter}, nil
		}
		err = errors.Join(err, r.persist(ctx, s))
		if s.served() || s.ending != nil {
			r.warm.done(s.instance.UID)
		}
		r.record(s, s.instance.Status)
	}
	if apierrors.IsConflict(err) {
		// The cache is behind: the event that brings it up to date may have come already.
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	if s.giveWay && err == nil {
		return ctrl.Result{RequeueAfter: time.Millisecond, Priority: ptr.To(secondTurn)}, nil
	}
	return ctrl.Result{RequeueAfter: s.requeueAfter}, client.IgnoreNotFound(err)
}

// secondTurn is the priority of instances that have their port; events are of priority 0.
const secondTurn = -10

// conflictRetry is how soon an instance is tried again that was changed by somebody else meanwhile.
const conflictRetry = 5 * time.Millisecond

// ensureFinalizer holds the instance until its pod is gone and its port is free.
func (r *PreviewInstanceReconciler) ensureFinalizer(ctx context.Context, s *scope) error {
	if controllerutil.ContainsFinalizer(s.instance, v1alpha1.Finalizer) {
		return nil
	}
	updated := s.instance.DeepCopy()
	controllerutil.AddFinalizer(updated, v1alpha1.Finalizer)
	if err := r.client.Update(ctx, updated); err != nil {
		return err
	}
	s.instance = updated
	r.ownWrites.wrote(updated)
	return nil
}
