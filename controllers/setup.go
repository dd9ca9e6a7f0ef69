package controllers

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/ports"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

const (
	// concurrentReconciles is how many instances are worked on at once; a reconcile waits for little but API writes.
	concurrentReconciles = 16
	// wakeQueue bounds the instances that wait to be looked at because of a finished handover or a free port. There
	// are never more of either than ports, and a full queue only delays the one who adds to it.
	wakeQueue = 1024

	runtimeNameField = "spec.runtimeName"
)

var podKind = corev1.SchemeGroupVersion.WithKind("Pod")

// Options of the reconciler; all are required, but for Collector, Metrics, Tracing, Now and SkipNameValidation.
type Options struct {
	Settings *settings.Live
	// RunnerKey derives the secrets of runners.
	RunnerKey   []byte
	Generations GenerationReader
	Runners     RunnerClient
	// Collector of logs and records of runs; none are kept when nil. Runs are those records.
	Collector Collector
	Runs      ActiveRuns
	// Metrics that are counted; nobody sees them when nil.
	Metrics *Metrics
	// Tracing records spans of launches; none when nil.
	Tracing *telemetry.Tracing
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// SkipNameValidation lets several managers of one process register the same controller, as suites do.
	SkipNameValidation bool
}

func (o Options) check() error {
	switch {
	case len(o.RunnerKey) < runnerapi.MinKeyBytes:
		return errors.New("controllers: RunnerKey is too short")
	case o.Generations == nil:
		return errors.New("controllers: Generations is missing")
	case o.Runners == nil:
		return errors.New("controllers: Runners is missing")
	}
	return nil
}

// waker brings instances back for a reason that no watch sees.
type waker chan event.TypedGenericEvent[types.NamespacedName]

func (w waker) wake(name types.NamespacedName) {
	w <- event.TypedGenericEvent[types.NamespacedName]{Object: name}
}

// SetupWithManager registers the reconciler.
func SetupWithManager(mgr ctrl.Manager, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Collector == nil {
		o.Collector = nothingKept{}
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	wake := make(waker, wakeQueue)
	allocator, err := ports.New(o.Settings.Current().PortMin, o.Settings.Current().PortMax, func(h ports.Holder) { wake.wake(h.Name) })
	if err != nil {
		return err
	}
	r := &PreviewInstanceReconciler{
		client:      mgr.GetClient(),
		live:        mgr.GetAPIReader(),
		recorder:    mgr.GetEventRecorder("preview-operator"),
		settings:    o.Settings,
		runnerKey:   o.RunnerKey,
		generations: newGenerations(o),
		now:         o.Now,
		ports:       allocator,
		restore:     &portRestorer{namespaces: o.Settings.Current().WatchNamespaces},
		handovers:   newHandovers(o.Runners, wake.wake, o.Now),
		ownWrites:   newOwnWrites(time.Now),
		wake:        wake,
		metrics:     o.Metrics,
		collector:   o.Collector,
		tracing:     o.Tracing,
	}
	pools := &warmPoolReconciler{PreviewInstanceReconciler: r, runners: o.Runners, queue: &runtimeQueue{}}
	// Pools are paced by the time that passes, whatever the clock of the instances says.
	r.warm = newWarmPods(o.Settings, time.Now, o.Metrics, pools.queue.add)
	o.Metrics.watchPorts(allocator)
	o.Metrics.watchWarm(r.warm)
	if err := pools.register(mgr, o.SkipNameValidation); err != nil {
		return err
	}
	if err := mgr.Add(&sweeper{PreviewInstanceReconciler: r, namespaces: o.Settings.Current().WatchNamespaces, runs: o.Runs}); err != nil {
		return err
	}
	return r.register(mgr, o.SkipNameValidation)
}

func (r *PreviewInstanceReconciler) register(mgr ctrl.Manager, skipNameValidation bool) error {
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.PreviewInstance{}, runtimeNameField,
		func(o client.Object) []string { return []string{o.(*v1alpha1.PreviewInstance).Spec.RuntimeName} }); err != nil {
		return err
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &corev1.Pod{}, podInstanceField, podInstance); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("previewinstance").
		// Its own status writes do not bring an instance back.
		For(&v1alpha1.PreviewInstance{}, builder.WithPredicates(r.arrivals(),
			predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Owns(&corev1.Pod{}).
		Watches(&v1alpha1.PreviewRuntime{}, handler.EnqueueRequestsFromMapFunc(r.instancesOfRuntime),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(source.Channel(r.wake, handler.TypedFuncs[types.NamespacedName, ctrl.Request]{
			GenericFunc: enqueueName,
		})).
		WatchesRawSource(r.settingsSource()).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrentReconciles, SkipNameValidation: &skipNameValidation}).
		Complete(r)
}

// arrivals lets everything through, and times launches from the moment that the watch shows them.
func (r *PreviewInstanceReconciler) arrivals() predicate.Predicate {
	return predicate.Funcs{CreateFunc: func(e event.CreateEvent) bool {
		if instance, ok := e.Object.(*v1alpha1.PreviewInstance); ok {
			r.metrics.arrived(instance)
		}
		return true
	}}
}

func enqueueName(_ context.Context, e event.TypedGenericEvent[types.NamespacedName], queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
	queue.Add(ctrl.Request{NamespacedName: e.Object})
}

// instancesOfRuntime brings back the instances that name a runtime: they may have waited for it.
func (r *PreviewInstanceReconciler) instancesOfRuntime(ctx context.Context, o client.Object) []ctrl.Request {
	list := &v1alpha1.PreviewInstanceList{}
	if err := r.client.List(ctx, list, client.InNamespace(o.GetNamespace()), client.MatchingFields{runtimeNameField: o.GetName()}); err != nil {
		return nil
	}
	requests := make([]ctrl.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}
