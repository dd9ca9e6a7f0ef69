package controllers

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/settings"
)

const (
	// reloadPriority puts launches and ends before the instances that are looked at because of changed settings.
	reloadPriority = -20
	// reloadEvery is the time between two of them: each may write its new times, and a thousand writes at once would
	// be in the way of launches. A thousand instances take 5 s.
	reloadEvery = 5 * time.Millisecond
)

// settingsSource brings every instance back after settings have changed, so that shorter and longer times count for
// those that run or have finished already.
func (r *PreviewInstanceReconciler) settingsSource() source.Source {
	changed := make(chan struct{}, 1)
	r.settings.OnChange(func(settings.Settings) {
		select {
		case changed <- struct{}{}:
		default: // Those that are about to be brought back will see this change, too.
		}
	})
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-changed:
					r.enqueueAll(ctx, queue)
				}
			}
		}()
		return nil
	})
}

// enqueueAll adds every instance that the cache knows, one after the other; one that it does not know yet has its
// first turn to come.
func (r *PreviewInstanceReconciler) enqueueAll(ctx context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
	list := &v1alpha1.PreviewInstanceList{}
	// Only names are read of the cache's own objects, which carry whole projects.
	if err := r.client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "the settings have changed, but instances cannot be listed; each counts with them from its next event on")
		return
	}
	for i := range list.Items {
		request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])}
		after := time.Duration(i) * reloadEvery
		if ordered, ok := queue.(priorityqueue.PriorityQueue[ctrl.Request]); ok {
			ordered.AddWithOpts(priorityqueue.AddOpts{After: after, Priority: ptr.To(reloadPriority)}, request)
		} else {
			queue.AddAfter(request, after)
		}
	}
}
