package ratelimit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// bench is a Limiter at a moment that the test moves.
type bench struct {
	*Limiter
	t   *testing.T
	now time.Time
}

func newBench(t *testing.T, maxUsers int) *bench {
	t.Helper()
	b := &bench{t: t, now: epoch}
	limiter, err := New(Options{MaxUsers: maxUsers, Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	b.Limiter = limiter
	return b
}

// allowed calls until it is refused and returns how often it was not.
func (b *bench) allowed(user string, perMinute int) (count int) {
	b.t.Helper()
	for ; ; count++ {
		if count > 1000 {
			b.t.Fatalf("user %s is never refused", user)
		}
		if ok, _ := b.Allow(user, perMinute); !ok {
			return count
		}
	}
}

func TestBurstAndRefill(t *testing.T) {
	tests := map[string]struct {
		perMinute int
		wait      time.Duration
		burst     int
		refilled  int
		// after is for how long the user has to wait once the burst is used up.
		after time.Duration
	}{
		"one a second":             {60, time.Second, 60, 1, time.Second},
		"several a second":         {120, 2 * time.Second, 120, 4, 500 * time.Millisecond},
		"one a minute":             {1, time.Minute, 1, 1, time.Minute},
		"not a round share":        {7, time.Minute, 7, 7, 8571428572 * time.Nanosecond},
		"full again, never fuller": {5, time.Hour, 5, 5, 12 * time.Second},
		"not yet":                  {60, time.Second - time.Microsecond, 60, 0, time.Second},
		"zero counts as one":       {0, time.Minute, 1, 1, time.Minute},
		"less counts as one":       {-5, 2 * time.Minute, 1, 1, time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 10)
			if got := b.allowed("alice", tt.perMinute); got != tt.burst {
				t.Errorf("burst of %d, want %d", got, tt.burst)
			}
			if ok, after := b.Allow("alice", tt.perMinute); ok || after != tt.after {
				t.Errorf("after the burst: %v, retry after %v, want %v", ok, after, tt.after)
			}
			b.now = b.now.Add(tt.wait)
			if got := b.allowed("alice", tt.perMinute); got != tt.refilled {
				t.Errorf("%d are allowed after %v, want %d", got, tt.wait, tt.refilled)
			}
		})
	}
}

// A user who waits as long as was said is allowed, and not a moment earlier; those who ask too often wait no longer.
func TestRetryAfterIsExact(t *testing.T) {
	for _, perMinute := range []int{1, 3, 7, 59, 60, 61, 997} {
		b := newBench(t, 10)
		for range 50 {
			b.allowed("alice", perMinute)
			_, after := b.Allow("alice", perMinute)
			if after <= 0 || after > time.Minute/time.Duration(perMinute)+1 {
				t.Fatalf("%d a minute: retry after %v", perMinute, after)
			}
			b.now = b.now.Add(after / 3)
			if ok, rest := b.Allow("alice", perMinute); ok || (rest-(after-after/3)).Abs() > 2 {
				t.Fatalf("%d a minute, after a third of %v: %v, retry after %v", perMinute, after, ok, rest)
			}
			b.now = b.now.Add(after - after/3)
			if ok, _ := b.Allow("alice", perMinute); !ok {
				t.Fatalf("%d a minute: refused after the %v that were asked for", perMinute, after)
			}
		}
	}
}

func TestUsersDoNotShareTokens(t *testing.T) {
	b := newBench(t, 10)
	b.allowed("alice", 3)
	if got := b.allowed("bob", 3); got != 3 {
		t.Errorf("another user is allowed %d, want 3", got)
	}
}

func TestLimitChangesAtRunTime(t *testing.T) {
	b := newBench(t, 10)
	b.allowed("alice", 60)
	// Raised: no gift, but tokens come faster from now on. The second before still counts at the old rate.
	b.now = b.now.Add(time.Second)
	if got := b.allowed("alice", 600); got != 1 {
		t.Errorf("%d are allowed when the limit is raised, want 1", got)
	}
	b.now = b.now.Add(time.Second)
	if got := b.allowed("alice", 600); got != 10 {
		t.Errorf("%d are allowed a second later, want 10", got)
	}
	b.now = b.now.Add(time.Minute)
	if got := b.allowed("alice", 600); got != 600 {
		t.Errorf("burst of %d, want 600", got)
	}
	// Lowered: of what is at hand only the new limit counts.
	b.now = b.now.Add(time.Minute)
	if got := b.allowed("alice", 2); got != 2 {
		t.Errorf("%d are allowed when the limit is lowered, want 2", got)
	}
	if ok, after := b.Allow("alice", 2); ok || after != 30*time.Second {
		t.Errorf("%v, retry after %v, want 30s", ok, after)
	}
}

// A clock that is set back neither gives tokens nor blocks anybody for longer than that.
func TestClockSetBack(t *testing.T) {
	b := newBench(t, 10)
	b.allowed("alice", 60)
	b.now = b.now.Add(-10 * time.Second)
	if got := b.allowed("alice", 60); got != 0 {
		t.Errorf("%d are allowed, want none", got)
	}
	b.now = b.now.Add(11 * time.Second)
	if ok, _ := b.Allow("alice", 60); !ok {
		t.Error("refused a second after the clock has caught up")
	}
}

func TestIdleUsersAreForgotten(t *testing.T) {
	b := newBench(t, 1000)
	for i := range 100 {
		b.Allow(fmt.Sprint("user-", i), 2)
	}
	// Not while they have fewer tokens than anybody new.
	b.now = b.now.Add(30*time.Second - time.Nanosecond)
	b.Allow("early", 2)
	if got := len(b.users); got != 101 {
		t.Errorf("%d users are remembered, want 101", got)
	}
	b.now = b.now.Add(time.Nanosecond)
	// They go faster than others come.
	for i := range 50 {
		b.Allow(fmt.Sprint("late-", i), 2)
	}
	if got := len(b.users); got != 51 || b.recent.Len() != got {
		t.Errorf("%d users in the map and %d in the list, want the 51 that are busy", got, b.recent.Len())
	}
	if got := b.allowed("early", 2); got != 1 {
		t.Errorf("a busy user is allowed %d, want 1", got)
	}
}

// Whether a bucket is full is a matter of the newest limit.
func TestUserWithARaisedLimitIsNotForgotten(t *testing.T) {
	b := newBench(t, 1000)
	b.Allow("alice", 1)
	b.allowed("alice", 60)
	b.now = b.now.Add(20 * time.Second)
	b.Allow("bob", 60)
	if got := b.allowed("alice", 60); got != 20 {
		t.Errorf("%d are allowed, want 20", got)
	}
}

func TestFullOfBusyUsersTheLeastRecentlyUsedGoes(t *testing.T) {
	b := newBench(t, 3)
	for _, user := range []string{"alice", "bob", "carol"} {
		b.allowed(user, 2)
		b.now = b.now.Add(time.Second)
	}
	// To be refused is to call as well.
	b.Allow("alice", 2)
	b.allowed("dave", 2)
	if len(b.users) != 3 || b.recent.Len() != 3 {
		t.Errorf("%d users in the map and %d in the list, want 3", len(b.users), b.recent.Len())
	}
	for user, want := range map[string]int{"alice": 0, "carol": 0, "dave": 0} {
		if got := b.allowed(user, 2); got != want {
			t.Errorf("%s is allowed %d, want %d", user, got, want)
		}
	}
	if got := b.allowed("bob", 2); got != 2 {
		t.Errorf("bob, who was forgotten, is allowed %d, want 2", got)
	}
}

func TestConcurrentCallsShareOneBucket(t *testing.T) {
	b := newBench(t, 10)
	var allowed atomic.Int32
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			if ok, _ := b.Allow(fmt.Sprint("user-", i%2), 30); ok {
				allowed.Add(1)
			}
		})
	}
	wait.Wait()
	if got := allowed.Load(); got != 60 {
		t.Errorf("%d calls of two users were allowed, want 60", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, opts := range map[string]Options{"no users": {Now: time.Now}, "no clock": {MaxUsers: 1}} {
		if _, err := New(opts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
