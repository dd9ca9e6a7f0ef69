package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/warmpool"
)

const (
	// maxMissed bounds the launches that are remembered because they found no pod.
	maxMissed = 4096
	// maxSoon is how long ago the start of a pod may have been asked for, at most, that a launch waits for, and how long it
	// waits in all: others may take one pod after the other before it looks again.
	maxSoon = 5 * time.Second
)

// missedLaunch is one that found no pod, and may ask again.
type missedLaunch struct {
	pool *warmPool
	// at is when it did so first.
	at time.Time
	// waits is set while it waits for a pod that is being started.
	waits bool
}

// mayWait reports whether it has not waited for long enough yet. Nobody tells of those that are gone: they do not count then.
func (m *missedLaunch) mayWait(now time.Time) bool { return now.Sub(m.at) < maxSoon }

// miss remembers that an instance found no pod in a pool: when it asks again, that is the same launch.
func (w *warmPods) miss(instance types.UID, pool *warmPool) {
	if len(w.missed) >= maxMissed {
		clear(w.missed)
	}
	w.missed[instance] = &missedLaunch{pool: pool, at: w.now()}
}

// awaits decides whether a launch that found no pod waits for one that is being started: a pod of its own would be ready
// later. There has to be one that no other launch waits for.
func (w *warmPods) awaits(runtime *v1alpha1.PreviewRuntime, instance types.UID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	missed := w.missed[instance]
	if missed == nil {
		return false
	}
	others, now := 0, w.now()
	for other, launch := range w.missed {
		if other != instance && launch.pool == missed.pool && launch.waits && launch.mayWait(now) {
			others++
		}
	}
	missed.waits = missed.mayWait(now) && w.soon(missed.pool, w.revision(missed.pool, runtime)) > others
	return missed.waits
}

// soon is how many pods of a pool are about to be ready: they are being started, and not for more than twice as long as it
// took the last one.
func (w *warmPods) soon(pool *warmPool, revision string) int {
	since := w.now().Add(-min(2*pool.startTook, maxSoon))
	n := 0
	for _, asked := range pool.creating {
		if asked.After(since) {
			n++
		}
	}
	for _, pod := range pool.pods {
		if pod.asked.After(since) && w.state(pod, revision) == warmpool.Starting {
			n++
		}
	}
	return n
}
