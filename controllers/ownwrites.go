package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// ownWriteKept bounds how long the reconciler's own word goes before the cache's: an API server that was set back to an
// earlier state numbers its objects anew.
const ownWriteKept = 10 * time.Second

// ownWrites are the instances as the reconciler last wrote them. Its cache is behind its own writes for some
// milliseconds, in which a launch goes on: a reconcile that began with what the cache holds would write against a version
// that is gone, be refused, and start again.
type ownWrites struct {
	now func() time.Time

	mu     sync.Mutex
	latest map[types.NamespacedName]ownWrite
}

type ownWrite struct {
	instance *v1alpha1.PreviewInstance
	at       time.Time
}

func newOwnWrites(now func() time.Time) *ownWrites {
	return &ownWrites{now: now, latest: map[types.NamespacedName]ownWrite{}}
}

func (o *ownWrites) wrote(instance *v1alpha1.PreviewInstance) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.latest[client.ObjectKeyFromObject(instance)] = ownWrite{instance, o.now()}
}

// newest is the instance as the cache has it, or as it was written when that is later.
func (o *ownWrites) newest(cached *v1alpha1.PreviewInstance) *v1alpha1.PreviewInstance {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := client.ObjectKeyFromObject(cached)
	own, ok := o.latest[name]
	if !ok {
		return cached
	}
	order, err := resourceversion.CompareResourceVersion(cached.ResourceVersion, own.instance.ResourceVersion)
	if err != nil || order >= 0 || cached.UID != own.instance.UID || o.now().Sub(own.at) > ownWriteKept {
		delete(o.latest, name)
		return cached
	}
	return own.instance
}

func (o *ownWrites) forget(name types.NamespacedName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.latest, name)
}
