// Package vitals tells how the application of a preview is: the memory and processor time of its pod, read from its
// runner (internal/runnerapi), and whether its event loop answers.
//
// An instance is watched in the background from the first question about it until half a minute after the last one, so
// that questions are answered from memory, and an installation that nobody looks at is left alone. What runners and
// applications answer is bounded, untrusted input.
package vitals

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// every is the time between the beginnings of two readings, and of two tries of the application. With tryTimeout,
	// after which a reading has failed and its figures are gone, none is older than 2 s.
	every = time.Second
	// tryTimeout bounds one request, from the connection to the end of the answer.
	tryTimeout = time.Second
	// secondReading follows the first sooner, so that there is soon a difference to tell the use of the processor from.
	secondReading = 200 * time.Millisecond
	// firstWait bounds how long the first question about an instance waits for an answer, counted from its arrival.
	firstWait = 250 * time.Millisecond
	// keep is how long an instance is watched after the last question about it.
	keep = 30 * time.Second
	// tries of the application have to fail in a row before it is unhealthy.
	tries = 3
	// lookupTimeout bounds one look at the pod's identity. A failed one is repeated after every, twice that, and so on,
	// up to lookupPause.
	lookupTimeout = 2 * time.Second
	lookupPause   = 8 * time.Second
	// defaultWatched bounds the instances that are watched at once. Each takes two goroutines, and two connections while
	// it is being asked.
	defaultWatched = 256
)

// Health of an application.
type Health string

const (
	// Healthy: the application answered the last time it was asked, or at least once in the last three times.
	Healthy Health = "healthy"
	// Unhealthy: it did not answer three times, a second apart.
	Unhealthy Health = "unhealthy"
	// Unknown: it was not asked yet or not often enough, or it cannot be told who answers.
	Unknown Health = "unknown"
)

// Target is the instance that is meant, by what its status says.
type Target struct {
	// InstanceUID is the assignment that the runner has to have.
	InstanceUID        string
	Namespace, PodName string
	// PodIP and Port are the application's; nothing but this address is dialled.
	PodIP netip.Addr
	Port  uint16
}

// Snapshot is what is known of an instance.
type Snapshot struct {
	// MemoryBytes is the working set of the pod, nil if it is not known.
	MemoryBytes *int64
	// CPUPercent is the processor time used between the last two readings, 100 for one core, nil if it is not known.
	CPUPercent *float64
	Health     Health
	// At is when the application's runner or the application itself answered last, zero if neither did.
	At time.Time
}

// Identity is what the tokens of a pod are derived from.
type Identity struct {
	// PodUID is the pod's UID, SecretHash what its spec holds in runnerapi.EnvSecretHash.
	PodUID, SecretHash string
}

// Pods looks pods up.
type Pods interface {
	// Identity of a pod, which never changes.
	Identity(ctx context.Context, namespace, podName string) (Identity, error)
}

// Options of a Monitor. Pods is required.
type Options struct {
	Pods Pods
	// Dial opens connections, and gives up when its context ends. A net.Dialer's by default.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// MaxWatched bounds the instances that are watched at once; the one not asked about for the longest time gives way to
	// a new one. 256 by default.
	MaxWatched int
	// Logger hears of pods that cannot be looked up. Discarded by default.
	Logger *slog.Logger
}

// Monitor watches instances. It is safe for concurrent use.
type Monitor struct {
	options Options
	running sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	watches map[string]*watch
}

// New returns a Monitor that watches nothing yet.
func New(options Options) (*Monitor, error) {
	if options.Pods == nil {
		return nil, errors.New("vitals: Pods is needed")
	}
	if options.MaxWatched < 0 {
		return nil, errors.New("vitals: MaxWatched must not be negative")
	}
	if options.MaxWatched == 0 {
		options.MaxWatched = defaultWatched
	}
	if options.Dial == nil {
		options.Dial = (&net.Dialer{}).DialContext
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Monitor{options: options, watches: map[string]*watch{}}, nil
}

// Of tells what is known of an instance, from memory but for the first question, which waits a quarter of a second at
// most. A target without an address is not watched.
func (m *Monitor) Of(ctx context.Context, target Target) Snapshot {
	if target.InstanceUID == "" || target.PodName == "" || !target.PodIP.IsValid() || target.Port == 0 {
		m.Forget(target.InstanceUID)
		return Snapshot{Health: Unknown}
	}
	w := m.watch(target)
	if w == nil {
		return Snapshot{Health: Unknown}
	}
	w.awaitFirst(ctx)
	return w.snapshot()
}

// Forget stops watching an instance.
func (m *Monitor) Forget(instanceUID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w, ok := m.watches[instanceUID]; ok {
		m.drop(w)
	}
}

// Close stops watching, and waits for what is under way, which it cancels. Nothing is known of anything afterwards.
func (m *Monitor) Close() {
	m.mu.Lock()
	m.closed = true
	for _, w := range m.watches {
		m.drop(w)
	}
	m.mu.Unlock()
	m.running.Wait()
}

// watch returns the watch of a target, which it starts if there is none, or nil after Close.
func (m *Monitor) watch(target Target) *watch {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	if w, ok := m.watches[target.InstanceUID]; ok {
		if w.target == target {
			w.asked = time.Now()
			return w
		}
		// Another pod or address: what was known of the former says nothing of this one.
		m.drop(w)
	}
	if len(m.watches) >= m.options.MaxWatched {
		m.drop(m.leastAsked())
	}
	// The watch outlives the question.
	ctx, cancel := context.WithCancel(context.Background())
	w := newWatch(m.options, target, cancel)
	w.idle = time.AfterFunc(keep, func() { m.expire(w) })
	m.watches[target.InstanceUID] = w
	m.running.Go(func() { w.run(ctx) })
	return w
}

// expire drops a watch that nobody asked about, or looks again when that may be.
func (m *Monitor) expire(w *watch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.watches[w.target.InstanceUID] != w {
		return
	}
	if left := keep - time.Since(w.asked); left > 0 {
		w.idle.Reset(left)
		return
	}
	m.drop(w)
}

// leastAsked returns the watch that was asked about the longest time ago. Called with the lock held.
func (m *Monitor) leastAsked() *watch {
	var least *watch
	for _, w := range m.watches {
		if least == nil || w.asked.Before(least.asked) {
			least = w
		}
	}
	return least
}

// drop ends a watch. Called with the lock held.
func (m *Monitor) drop(w *watch) {
	delete(m.watches, w.target.InstanceUID)
	w.idle.Stop()
	w.cancel()
}
