package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// handoverJob hands one instance's code over. What it stages it may run once released is closed.
type handoverJob func(ctx context.Context, runners RunnerClient, released <-chan struct{}) (runnerapi.Result, error)

// handovers runs at most one handover per instance at a time, outside the reconciles, and remembers its outcome. There
// are never more of them than ports.
type handovers struct {
	runners RunnerClient
	// finished is told whose handover has an outcome.
	finished func(types.NamespacedName)
	now      func() time.Time

	mu      sync.Mutex
	entries map[types.UID]*handoverEntry
}

type handoverEntry struct {
	name   types.NamespacedName
	pod    types.UID
	begun  time.Time
	cancel context.CancelFunc
	// released is closed when what was staged may run, by release.
	released chan struct{}
	release  func()
	outcome  *handoverOutcome
}

type handoverOutcome struct {
	result runnerapi.Result
	err    error
}

func newHandovers(runners RunnerClient, finished func(types.NamespacedName), now func() time.Time) *handovers {
	return &handovers{runners: runners, finished: finished, now: now, entries: map[types.UID]*handoverEntry{}}
}

// outcome returns what became of the handover of an instance to a pod, and false while it is not known.
func (h *handovers) outcome(instance, pod types.UID) (handoverOutcome, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	entry := h.entries[instance]
	if entry == nil || entry.pod != pod || entry.outcome == nil {
		return handoverOutcome{}, false
	}
	return *entry.outcome, true
}

// start begins a handover unless one to the same pod is under way; one to an earlier pod is given up.
func (h *handovers) start(name types.NamespacedName, instance, pod types.UID, job handoverJob) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if entry := h.entries[instance]; entry != nil {
		if entry.pod == pod {
			return
		}
		entry.cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	released := make(chan struct{})
	entry := &handoverEntry{name: name, pod: pod, begun: h.now(), cancel: cancel, released: released, release: sync.OnceFunc(func() { close(released) })}
	h.entries[instance] = entry
	go func() {
		defer cancel()
		result, err := job(ctx, h.runners, released)
		h.mu.Lock()
		current := h.entries[instance] == entry
		entry.outcome = &handoverOutcome{result, err}
		h.mu.Unlock()
		if current {
			h.finished(name)
		}
	}()
}

// release lets the handover of an instance to a pod run what it has staged.
func (h *handovers) release(instance, pod types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if entry := h.entries[instance]; entry != nil && entry.pod == pod {
		entry.release()
	}
}

// has reports whether the handover of an instance is under way, or its outcome not taken yet.
func (h *handovers) has(instance types.UID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.entries[instance] != nil
}

// age is how long the handover of an instance has been under way; hours when there is none.
func (h *handovers) age(instance types.UID) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if entry := h.entries[instance]; entry != nil {
		return h.now().Sub(entry.begun)
	}
	return time.Hour
}

// known returns the names of the instances that have a handover or its outcome, by UID.
func (h *handovers) known() map[types.UID]types.NamespacedName {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := make(map[types.UID]types.NamespacedName, len(h.entries))
	for uid, entry := range h.entries {
		names[uid] = entry.name
	}
	return names
}

// forget gives up a handover and forgets its outcome.
func (h *handovers) forget(instance types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if entry := h.entries[instance]; entry != nil {
		entry.cancel()
		delete(h.entries, instance)
	}
}
