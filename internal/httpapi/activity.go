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
)

// activity records that instances are used, off the path of the requests that use them.
type activity struct {
	write func(ctx context.Context, pvi *v1alpha1.PreviewInstance, at time.Time) error
	now   func() time.Time
	// quiet is for how long after its start nothing is written of an instance.
	quiet func(pvi *v1alpha1.PreviewInstance) time.Duration
	queue chan used

	mu   sync.Mutex
	last map[types.UID]*use
}

// use is what is remembered of the use of an instance: when it was written, or that it is yet to be, and the last of it.
type use struct {
	written, latest time.Time
	putOff          bool
}

// used is one use to be written.
type used struct {
	pvi *v1alpha1.PreviewInstance
	at  time.Time
}

func newActivity(
	now func() time.Time, quiet func(*v1alpha1.PreviewInstance) time.Duration, write func(context.Context, *v1alpha1.PreviewInstance, time.Time) error,
) *activity {
	return &activity{write: write, now: now, quiet: quiet, queue: make(chan used, activityQueue), last: map[types.UID]*use{}}
}

// touch notes that an instance is used now. It never blocks.
func (a *activity) touch(pvi *v1alpha1.PreviewInstance) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if last := a.last[pvi.UID]; last != nil && (last.putOff || now.Sub(last.written) < activityEvery) {
		last.latest = now
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
	a.last[pvi.UID] = &use{latest: now, putOff: true}
	time.AfterFunc(wait, func() { a.settle(pvi) })
}

// settle has the activity written that was put off, unless the instance has gone meanwhile.
func (a *activity) settle(pvi *v1alpha1.PreviewInstance) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last := a.last[pvi.UID]; last != nil && last.putOff {
		delete(a.last, pvi.UID)
		a.enqueue(pvi, last.latest)
	}
}

// enqueue has the activity of an instance written, unless too many are; a.mu is held.
func (a *activity) enqueue(pvi *v1alpha1.PreviewInstance, at time.Time) {
	select {
	case a.queue <- used{pvi, at}:
		a.last[pvi.UID] = &use{written: a.now()}
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
				case u := <-a.queue:
					if err := a.writeOne(ctx, u); err != nil && ctx.Err() == nil {
						a.forget(u.pvi.UID)
						onError(u.pvi, err)
					}
				}
			}
		})
	}
	writers.Wait()
}

func (a *activity) writeOne(ctx context.Context, u used) error {
	ctx, cancel := context.WithTimeout(ctx, activityTimeout)
	defer cancel()
	return a.write(ctx, u.pvi, u.at)
}
