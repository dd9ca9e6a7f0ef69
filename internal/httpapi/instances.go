package httpapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// callTimeout bounds each call to the API server, on top of the caller's context.
const callTimeout = 10 * time.Second

// maxDeleted bounds how many deleted instances are remembered. Whoever asks for one waits at that moment.
const maxDeleted = 4096

// errNoInstance: there is no PreviewInstance of that name.
var errNoInstance = errors.New("preview instance not found")

// Instances reads and writes the PreviewInstances of one namespace. Reads come from a cache that one watch keeps
// current, unless they say otherwise.
type Instances struct {
	client    client.WithWatch
	namespace string
	informer  cache.SharedIndexInformer

	mu sync.Mutex
	// waiting holds, by instance name, a channel that is closed at the next change.
	waiting map[string]chan struct{}
	// deleted holds the UIDs of the instances that were deleted last, deletedOrder the order of their deletion.
	deleted      map[types.UID]bool
	deletedOrder []types.UID
	// onEnd is called with the UIDs of instances that do not run, also repeatedly, and told whether they are gone.
	onEnd []func(uid types.UID, gone bool)
}

// NewInstances returns Instances that are empty until Run.
func NewInstances(c client.WithWatch, namespace string) (*Instances, error) {
	if c == nil || namespace == "" {
		return nil, errors.New("httpapi: a client and a namespace are needed")
	}
	i := &Instances{client: c, namespace: namespace, waiting: map[string]chan struct{}{}, deleted: map[types.UID]bool{}}
	i.informer = cache.NewSharedIndexInformer(i.listWatch(), &v1alpha1.PreviewInstance{}, 0, cache.Indexers{
		byGeneration: indexBy(func(pvi *v1alpha1.PreviewInstance) string { return pvi.Spec.GenerationID }),
		byUser:       indexBy(func(pvi *v1alpha1.PreviewInstance) string { return pvi.Spec.UserID }),
	})
	if err := i.informer.SetTransform(slim); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	if _, err := i.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { i.changed(obj) },
		UpdateFunc: i.updated,
		DeleteFunc: func(obj any) {
			if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
				obj = gone.Obj
			}
			if was, ok := obj.(*v1alpha1.PreviewInstance); ok {
				i.rememberDeleted(was.UID)
			}
			i.changed(obj)
		},
	}); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	return i, nil
}

// listThenWatch keeps the informer from streaming its first list, which a namespace of at most a few thousand small
// objects does not need, and which the clients of tests cannot do.
type listThenWatch struct{ *cache.ListWatch }

func (listThenWatch) IsWatchListSemanticsUnSupported() bool { return true }

func (i *Instances) listWatch() cache.ListerWatcher {
	return listThenWatch{&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			var list v1alpha1.PreviewInstanceList
			err := i.client.List(ctx, &list, client.InNamespace(i.namespace), &client.ListOptions{Raw: &options})
			return &list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return i.client.Watch(ctx, &v1alpha1.PreviewInstanceList{}, client.InNamespace(i.namespace), &client.ListOptions{Raw: &options})
		},
	}}
}

// slim drops what the gateway never reads: the code of inline sources would make the cache large.
func slim(obj any) (any, error) {
	if pvi, ok := obj.(*v1alpha1.PreviewInstance); ok {
		pvi.ManagedFields = nil
		if pvi.Spec.Source.Inline != nil {
			pvi.Spec.Source.Inline.Files = nil
		}
	}
	return obj, nil
}

// Run keeps the cache current until ctx is done.
func (i *Instances) Run(ctx context.Context) { i.informer.RunWithContext(ctx) }

// Synced reports whether the cache holds everything that was there when Run began.
func (i *Instances) Synced() bool { return i.informer.HasSynced() }

// OnEnd registers a function for instances that do not run, and those that are gone. It must be called before Run, and
// the function must not block.
func (i *Instances) OnEnd(do func(uid types.UID, gone bool)) { i.onEnd = append(i.onEnd, do) }

// updated takes note of a change. After a cut watch, a deletion and a creation under the same name look like one.
func (i *Instances) updated(before, obj any) {
	was, ok := before.(*v1alpha1.PreviewInstance)
	if now, isInstance := obj.(*v1alpha1.PreviewInstance); ok && isInstance && was.UID != now.UID {
		i.rememberDeleted(was.UID)
	}
	i.changed(obj)
}

func (i *Instances) changed(obj any) {
	pvi, ok := obj.(*v1alpha1.PreviewInstance)
	if !ok {
		return
	}
	current, err := i.Cached(pvi.Name)
	gone := err != nil || current.UID != pvi.UID
	if gone || current.Status.Phase != v1alpha1.PhaseRunning {
		for _, do := range i.onEnd {
			do(pvi.UID, gone)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if waiting, ok := i.waiting[pvi.Name]; ok {
		close(waiting)
		delete(i.waiting, pvi.Name)
	}
}

func (i *Instances) rememberDeleted(uid types.UID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.deletedOrder) == maxDeleted {
		delete(i.deleted, i.deletedOrder[0])
		i.deletedOrder = i.deletedOrder[1:]
	}
	i.deleted[uid] = true
	i.deletedOrder = append(i.deletedOrder, uid)
}

// Deleted reports whether an instance was deleted a short while ago. The cache alone cannot tell one that is gone from
// one that has not arrived yet.
func (i *Instances) Deleted(uid types.UID) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.deleted[uid]
}

// seen reports whether the cache has shown an instance, which may have gone since.
func (i *Instances) seen(name string, uid types.UID) bool {
	pvi, err := i.Cached(name)
	return err == nil && pvi.UID == uid || i.Deleted(uid)
}

// Cached returns an instance from the cache; it must not be changed. It fails with errNoInstance.
func (i *Instances) Cached(name string) (*v1alpha1.PreviewInstance, error) {
	obj, ok, err := i.informer.GetStore().GetByKey(i.namespace + "/" + name)
	if err != nil {
		return nil, err
	}
	pvi, isInstance := obj.(*v1alpha1.PreviewInstance)
	if !ok || !isInstance {
		return nil, errNoInstance
	}
	return pvi, nil
}

// current returns what the cache shows of an instance, or the instance as it is known when the cache does not show it
// yet. It fails with errNoInstance when it is gone.
func (i *Instances) current(pvi *v1alpha1.PreviewInstance) (*v1alpha1.PreviewInstance, error) {
	switch now, err := i.Cached(pvi.Name); {
	case err == nil && now.UID == pvi.UID:
		return now, nil
	case i.Deleted(pvi.UID):
		return nil, errNoInstance
	case err != nil && !errors.Is(err, errNoInstance):
		return nil, err
	}
	return pvi, nil
}

// The indexes of the cache. They go by the spec, which cannot change: labels and names are anybody's to choose who uses
// kubectl.
const (
	byGeneration = "generation"
	byUser       = "user"
)

func indexBy(key func(*v1alpha1.PreviewInstance) string) cache.IndexFunc {
	return func(obj any) ([]string, error) {
		pvi, ok := obj.(*v1alpha1.PreviewInstance)
		if !ok {
			return nil, fmt.Errorf("httpapi: %T is no PreviewInstance", obj)
		}
		return []string{key(pvi)}, nil
	}
}

// OfGeneration returns the cached instances that name a generation, whoever made them; they must not be changed.
func (i *Instances) OfGeneration(id string) []*v1alpha1.PreviewInstance {
	return i.indexed(byGeneration, id)
}

// OfUser returns the cached instances of a user; they must not be changed.
func (i *Instances) OfUser(id string) []*v1alpha1.PreviewInstance { return i.indexed(byUser, id) }

// All returns the cached instances; they must not be changed.
func (i *Instances) All() []*v1alpha1.PreviewInstance {
	return instancesOf(i.informer.GetStore().List())
}

func (i *Instances) indexed(index, key string) []*v1alpha1.PreviewInstance {
	objects, err := i.informer.GetIndexer().ByIndex(index, key)
	if err != nil {
		// Only of an index that does not exist: a programming error, which recovery reports.
		panic(err)
	}
	return instancesOf(objects)
}

func instancesOf(objects []any) []*v1alpha1.PreviewInstance {
	instances := make([]*v1alpha1.PreviewInstance, 0, len(objects))
	for _, obj := range objects {
		if pvi, ok := obj.(*v1alpha1.PreviewInstance); ok {
			instances = append(instances, pvi)
		}
	}
	return instances
}

// Live reads an instance from the API server. It fails with errNoInstance.
func (i *Instances) Live(ctx context.Context, name string) (*v1alpha1.PreviewInstance, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var pvi v1alpha1.PreviewInstance
	err := i.client.Get(ctx, client.ObjectKey{Namespace: i.namespace, Name: name}, &pvi)
	if apierrors.IsNotFound(err) {
		return nil, errNoInstance
	}
	if err != nil {
		return nil, err
	}
	return &pvi, nil
}

// WaitFor waits until the cached state of an instance, nil when there is none, satisfies done. The cache may lag behind
// what the API server said; done has to compare UIDs. When ctx ends first, the API server is asked once more: a watch
// that was cut is re-established only after a while.
func (i *Instances) WaitFor(ctx context.Context, name string, done func(*v1alpha1.PreviewInstance) bool) (*v1alpha1.PreviewInstance, error) {
	for {
		changed := i.nextChange(name)
		pvi, err := i.Cached(name)
		if err != nil && !errors.Is(err, errNoInstance) {
			return nil, err
		}
		if done(pvi) {
			return pvi, nil
		}
		select {
		case <-changed:
			continue
		case <-ctx.Done():
		}
		lastLook, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLookTimeout)
		defer cancel()
		pvi, err = i.Live(lastLook, name)
		if (err == nil || errors.Is(err, errNoInstance)) && done(pvi) {
			return pvi, nil
		}
		return nil, ctx.Err()
	}
}

// nextChange returns a channel that is closed when the instance changes after this call.
func (i *Instances) nextChange(name string) <-chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	waiting, ok := i.waiting[name]
	if !ok {
		waiting = make(chan struct{})
		i.waiting[name] = waiting
	}
	return waiting
}

// Create creates an instance in the namespace.
func (i *Instances) Create(ctx context.Context, pvi *v1alpha1.PreviewInstance) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pvi.Namespace = i.namespace
	return i.client.Create(ctx, pvi)
}

// Delete deletes exactly this instance: not another one of the same name. It is no error when it is gone.
func (i *Instances) Delete(ctx context.Context, pvi *v1alpha1.PreviewInstance) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	target := &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{Namespace: i.namespace, Name: pvi.Name}}
	err := i.client.Delete(ctx, target, client.Preconditions{UID: &pvi.UID})
	if isGone(err) {
		return nil
	}
	return err
}

// Patch applies a merge patch, which has to name the UID, to exactly this instance: the API server refuses a patch that
// would change the UID. It is no error when the instance is gone.
func (i *Instances) Patch(ctx context.Context, pvi *v1alpha1.PreviewInstance, patch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	target := &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{Namespace: i.namespace, Name: pvi.Name}}
	err := i.client.Patch(ctx, target, client.RawPatch(types.MergePatchType, patch))
	if isGone(err) || apierrors.IsInvalid(err) && invalidField(err) == "metadata.uid" {
		return nil
	}
	return err
}

// isGone: the object is not there, or another one has taken its name.
func isGone(err error) bool { return apierrors.IsNotFound(err) || apierrors.IsConflict(err) }
