// Package ratelimit bounds how often each user may do something.
package ratelimit

import (
	"container/list"
	"errors"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// dropPerCall is how many idle users one call drops at most. Each call adds at most one, so that those who are idle
// go while anybody calls, and no call takes long.
const dropPerCall = 2

// Options configure a Limiter.
type Options struct {
	// MaxUsers bounds the users that are remembered. Beyond it, the one who called the longest ago is forgotten and
	// begins anew with a full bucket, so choose more than can be busy within a minute.
	MaxUsers int
	// Now is the clock.
	Now func() time.Time
}

// Limiter holds a token bucket for each user. It is safe for concurrent use.
type Limiter struct {
	maxUsers int
	now      func() time.Time

	mu sync.Mutex
	// users holds the elements of recent by user id; recent holds *bucket, the user who called last in front.
	users  map[string]*list.Element
	recent *list.List
}

type bucket struct {
	user      string
	perMinute int
	tokens    *rate.Limiter
}

// New returns a Limiter that has seen nobody.
func New(opts Options) (*Limiter, error) {
	if opts.MaxUsers < 1 || opts.Now == nil {
		return nil, errors.New("ratelimit: MaxUsers of at least 1 and Now are needed")
	}
	return &Limiter{maxUsers: opts.MaxUsers, now: opts.Now, users: map[string]*list.Element{}, recent: list.New()}, nil
}

// Allow takes one of the user's tokens, of which there are at most perMinute, and as many come back in a minute. A limit
// below 1 counts as 1. When there is none left, it tells after how long there will be one; to have asked costs nothing.
// A limit that differs from that of the last call holds from this call on: tokens at hand stay, up to the new limit.
func (l *Limiter) Allow(user string, perMinute int) (ok bool, retryAfter time.Duration) {
	perMinute = max(perMinute, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.bucket(user, perMinute, now)
	if b.perMinute != perMinute {
		b.perMinute = perMinute
		b.tokens.SetLimitAt(now, perSecond(perMinute))
		b.tokens.SetBurstAt(now, perMinute)
	}
	if b.tokens.AllowN(now, 1) {
		return true, 0
	}
	missing := 1 - b.tokens.TokensAt(now)
	return false, time.Duration(math.Ceil(missing * float64(time.Minute) / float64(perMinute)))
}

// bucket returns the user's bucket, a full one for a user who is not remembered.
func (l *Limiter) bucket(user string, perMinute int, now time.Time) *bucket {
	if element, ok := l.users[user]; ok {
		l.recent.MoveToFront(element)
		return element.Value.(*bucket)
	}
	l.makePlace(now)
	b := &bucket{user: user, perMinute: perMinute, tokens: rate.NewLimiter(perSecond(perMinute), perMinute)}
	l.users[user] = l.recent.PushFront(b)
	return b
}

// makePlace forgets those users whose buckets are full again, which tells them apart from nobody, and when there is no
// place otherwise the one who called the longest ago.
func (l *Limiter) makePlace(now time.Time) {
	for range dropPerCall {
		oldest := l.recent.Back()
		if oldest == nil {
			return
		}
		b := oldest.Value.(*bucket)
		full := b.tokens.TokensAt(now) >= float64(b.perMinute)
		if !full && len(l.users) < l.maxUsers {
			return
		}
		l.recent.Remove(oldest)
		delete(l.users, b.user)
	}
}

func perSecond(perMinute int) rate.Limit { return rate.Limit(float64(perMinute) / 60) }
