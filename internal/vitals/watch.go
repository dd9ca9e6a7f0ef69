package vitals

import (
	"context"
	"sync"
	"time"
)

// watch follows one instance.
type watch struct {
	options Options
	target  Target
	cancel  context.CancelFunc
	begun   time.Time
	// asked, and idle, which fires when nobody has asked for long enough, are guarded by the Monitor.
	asked time.Time
	idle  *time.Timer
	// readOnce and triedOnce are closed when runner and application have answered, or have not, for the first time.
	readOnce, triedOnce   chan struct{}
	closeRead, closeTried func()

	mu    sync.Mutex
	state state
}

func newWatch(options Options, target Target, cancel context.CancelFunc) *watch {
	now := time.Now()
	w := &watch{
		options: options, target: target, cancel: cancel, begun: now, asked: now,
		readOnce: make(chan struct{}), triedOnce: make(chan struct{}), state: state{health: Unknown},
	}
	w.closeRead = sync.OnceFunc(func() { close(w.readOnce) })
	w.closeTried = sync.OnceFunc(func() { close(w.triedOnce) })
	return w
}

// awaitFirst waits for the first answers, until firstWait after the watch began or until ctx ends.
func (w *watch) awaitFirst(ctx context.Context) {
	timer := time.NewTimer(time.Until(w.begun.Add(firstWait)))
	defer timer.Stop()
	for _, answered := range []chan struct{}{w.readOnce, w.triedOnce} {
		select {
		case <-answered:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (w *watch) snapshot() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.snapshot()
}

// run watches until ctx ends.
func (w *watch) run(ctx context.Context) {
	asker := w.identify(ctx)
	if asker == nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		repeat(ctx, func() time.Duration { return w.readUsage(ctx, asker) })
	})
	both.Go(func() {
		repeat(ctx, func() time.Duration { return w.tryHealth(ctx, asker) })
	})
	both.Wait()
}

// identify looks the pod up until it is found, or returns nil when ctx ends.
func (w *watch) identify(ctx context.Context) *asker {
	for pause := every; ; pause = min(2*pause, lookupPause) {
		asker, err := w.lookup(ctx)
		if err == nil {
			return asker
		}
		if pause == every && ctx.Err() == nil {
			w.options.Logger.Info("the pod of a preview cannot be looked up, so its memory, processor time and health are not known",
				"namespace", w.target.Namespace, "pod", w.target.PodName, "error", err)
		}
		w.closeRead()
		w.closeTried()
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

func (w *watch) lookup(ctx context.Context) (*asker, error) {
	bounded, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	identity, err := w.options.Pods.Identity(bounded, w.target.Namespace, w.target.PodName)
	if err != nil {
		return nil, err
	}
	return newAsker(ctx, w.options.Dial, w.target, identity)
}

// readUsage asks the runner, and returns after how long to ask again.
func (w *watch) readUsage(ctx context.Context, asker *asker) time.Duration {
	usage, err := asker.usage(ctx)
	w.mu.Lock()
	first := w.state.read(usage, err, time.Now())
	w.mu.Unlock()
	w.closeRead()
	if first {
		return secondReading
	}
	return every
}

// tryHealth asks the application, and returns after how long to ask again.
func (w *watch) tryHealth(ctx context.Context, asker *asker) time.Duration {
	err := asker.health(ctx)
	w.mu.Lock()
	w.state.tried(err, time.Now())
	w.mu.Unlock()
	w.closeTried()
	return every
}

// repeat calls try until ctx ends, each time as long after the beginning of the last as that says.
func repeat(ctx context.Context, try func() time.Duration) {
	for {
		begun := time.Now()
		interval := try()
		if !sleep(ctx, time.Until(begun.Add(interval))) {
			return
		}
	}
}

// sleep reports whether ctx lasted.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
