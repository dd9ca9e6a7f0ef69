package httpapi

import (
	"sync"
	"time"
)

const busyRetryAfter = time.Second

// slots bound how many requests of a kind are served at once: each holds its whole body in memory.
type slots chan struct{}

// acquire takes a slot and returns what gives it back, or fails at once: waiting clients would hold memory, too.
func (s slots) acquire() (release func(), err error) {
	select {
	case s <- struct{}{}:
		return func() { <-s }, nil
	default:
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
