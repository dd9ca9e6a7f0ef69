package httpapi

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

const (
	// activityEvery is how often the activity of one instance is written at most.
	activityEvery = time.Minute
	// activityQueue bounds the writes that wait; more than that many instances are touched again later.
	activityQueue = 1024
	// activityWriters write at once.
	activityWriters = 2
	// activityTimeout bounds one write.
	activityTimeout = 10 * time.Second
	// activityQuiet is how long after its start the first activity of an instance is written at the earliest. The write,
	// and what the manager makes of it, would compete with the start of the application, and of those beside it.
	activityQuiet = 2 * time.Second
)

// activity records that instances are used, off the path of the requests that use them.
type activity struct {
	write func(ctx context.Context, pvi *v1alpha1.PreviewInstance, at time.Time) error
	now   func() time.Time
	// quiet is for how long after its start nothing is written of an instance.
	quiet func(pvi *v1alpha1.PreviewInstance) time.Duration
	queue chan *v1alpha1.PreviewInstance

	mu   sync.Mutex
	last map[types.UID]time.Time
}

func newActivity(
	now func() time.Time, quiet func(*v1alpha1.PreviewInstance) time.Duration, write func(context.Context, *v1alpha1.PreviewInstance, time.Time) error,
) *activity {
	return &activity{
		write: write, now: now, quiet: quiet, queue: make(chan *v1alpha1.PreviewInstance, activityQueue), last: map[types.UID]time.Time{},
	}
}

// touch notes that an instance is used now. It never blocks.
func (a *activity) touch(pvi *v1alpha1.PreviewInstance) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, ok := a.last[pvi.UID]; ok && now.Sub(last) < activityEvery {
		return
	}
	wait := a.quiet(pvi)
	if started := pvi.Status.StartedAt; started != nil {
		wait -= max(now.Sub(started.Time), 0)
	}
	if wait <= 0 {
		a.enqueue(pvi, now)
		return
	}
	a.last[pvi.UID] = now
	time.AfterFunc(wait, func() { a.settle(pvi, now) })
}

// settle has the activity written that was put off, unless the instance has gone meanwhile.
func (a *activity) settle(pvi *v1alpha1.PreviewInstance, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, remembered := a.last[pvi.UID]; remembered {
		delete(a.last, pvi.UID)
		a.enqueue(pvi, at)
	}
}

// enqueue has the activity of an instance written, unless too many are; a.mu is held.
func (a *activity) enqueue(pvi *v1alpha1.PreviewInstance, at time.Time) {
	select {
	case a.queue <- pvi:
		a.last[pvi.UID] = at
	default:
	}
}

// forget drops what is remembered of an instance that has ended.
func (a *activity) forget(uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.last, uid)
}

// run writes until ctx is done. A failed write is given up: the next use writes again.
func (a *activity) run(ctx context.Context, onError func(pvi *v1alpha1.PreviewInstance, err error)) {
	var writers sync.WaitGroup
	for range activityWriters {
		writers.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case pvi := <-a.queue:
					if err := a.writeOne(ctx, pvi); err != nil && ctx.Err() == nil {
						a.forget(pvi.UID)
						onError(pvi, err)
					}
				}
			}
		})
	}
	writers.Wait()
}

func (a *activity) writeOne(ctx context.Context, pvi *v1alpha1.PreviewInstance) error {
	ctx, cancel := context.WithTimeout(ctx, activityTimeout)
	defer cancel()
	return a.write(ctx, pvi, a.now())
}
