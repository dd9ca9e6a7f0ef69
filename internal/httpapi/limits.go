package httpapi

import (
	"context"
	"sync"
	"time"
)

const busyRetryAfter = time.Second

// slots bound how many requests of a kind are served at once: each holds its whole body in memory.
type slots struct {
	places chan struct{}
	// patience is how long a request waits for a place, with its body not read yet; zero does not wait.
	patience time.Duration
}

func newSlots(places int, patience time.Duration) slots {
	return slots{places: make(chan struct{}, places), patience: patience}
}

// acquire takes a place and returns what gives it back. It fails when none becomes free in time.
func (s slots) acquire(ctx context.Context) (release func(), err error) {
	release = func() { <-s.places }
	select {
	case s.places <- struct{}{}:
		return release, nil
	default:
	}
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case s.places <- struct{}{}:
		return release, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, &failure{kind: kindBusy, detail: "too many requests of this kind are being served; try again", retryAfter: busyRetryAfter}
	}
}

// streamLimit bounds the open streams, of the gateway and of each user.
type streamLimit struct {
	perGateway, perUser int

	mu     sync.Mutex
	total  int
	byUser map[string]int
}

func newStreamLimit(perGateway, perUser int) *streamLimit {
	return &streamLimit{perGateway: perGateway, perUser: perUser, byUser: map[string]int{}}
}

func (l *streamLimit) open(userID string) (release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= l.perGateway {
		return nil, &failure{kind: kindBusy, detail: "too many streams are open on this gateway; try again", retryAfter: fullRetryAfter}
	}
	if l.byUser[userID] >= l.perUser {
		return nil, &failure{kind: kindTooManyStreams, detail: "close a stream of yours first", retryAfter: fullRetryAfter}
	}
	l.total++
	l.byUser[userID]++
	return func() { l.close(userID) }, nil
}

func (l *streamLimit) close(userID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.byUser[userID]--; l.byUser[userID] == 0 {
		delete(l.byUser, userID)
	}
}

func (l *streamLimit) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}
