package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"
)

const day = 24 * time.Hour

// keyring calls Idempotency at a moment that the test moves.
type keyring struct {
	*Idempotency
	t   *testing.T
	now time.Time
}

func newKeyring(t *testing.T, db *database) *keyring {
	t.Helper()
	return &keyring{Idempotency: db.open(t).Idempotency(), t: t, now: epoch}
}

func (k *keyring) begin(user, key, digest string) IdempotencyResult {
	k.t.Helper()
	result, err := k.Begin(k.t.Context(), user, key, digest, k.now, day)
	if err != nil {
		k.t.Fatal(err)
	}
	return result
}

// fresh begins a request that has to be fresh.
func (k *keyring) fresh(user, key, digest string) Lease {
	k.t.Helper()
	result := k.begin(user, key, digest)
	if result.Outcome != IdempotencyFresh {
		k.t.Fatalf("%s of %s: %+v, want fresh", key, user, result)
	}
	return result.Lease
}

func (k *keyring) expect(user, key, digest string, want IdempotencyResult) {
	k.t.Helper()
	if diff := cmp.Diff(want, k.begin(user, key, digest), cmp.AllowUnexported(Lease{}), cmpopts.EquateEmpty()); diff != "" {
		k.t.Errorf("%s of %s, request %s, %v after the first (-want +got):\n%s", key, user, digest, k.now.Sub(epoch), diff)
	}
}

func (k *keyring) complete(lease Lease, status int, body string) {
	k.t.Helper()
	if err := k.Complete(k.t.Context(), lease, status, []byte(body)); err != nil {
		k.t.Fatal(err)
	}
}

func inProgress(left time.Duration) IdempotencyResult {
	return IdempotencyResult{Outcome: IdempotencyInProgress, RetryAfter: left}
}

func replay(status int, body string) IdempotencyResult {
	return IdempotencyResult{Outcome: IdempotencyReplay, Status: status, Body: []byte(body)}
}

var mismatch = IdempotencyResult{Outcome: IdempotencyMismatch}

func TestIdempotentRequestIsServedOnceAndReplayed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		lease := k.fresh("alice", "key", "launch")
		k.now = epoch.Add(20 * time.Second)
		k.expect("alice", "key", "launch", inProgress(40*time.Second))
		k.expect("alice", "key", "other", mismatch)
		// Keys of different users, and different keys, have nothing to do with each other.
		k.fresh("bob", "key", "launch")
		k.fresh("alice", "key2", "launch")

		binary := "\x00\xff{}"
		k.complete(lease, 201, binary)
		k.now = epoch.Add(day - time.Microsecond)
		k.expect("alice", "key", "launch", replay(201, binary))
		k.expect("alice", "key", "other", mismatch)
		// After its time the key is free, for any request.
		k.now = epoch.Add(day)
		k.complete(k.fresh("alice", "key", "other"), 404, "")
		k.expect("alice", "key", "other", replay(404, ""))
	})
}

func TestAbandonedRequestIsServedAnew(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		lease := k.fresh("alice", "key", "launch")
		for range 2 {
			if err := k.Abandon(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
		}
		k.now = epoch.Add(time.Second)
		k.complete(k.fresh("alice", "key", "other"), 201, "x")
		// Nor does the first request's lease reach what was answered since.
		if err := k.Abandon(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		if err := k.Complete(t.Context(), lease, 200, nil); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("complete after abandon: %v, want ErrLeaseLost", err)
		}
		k.expect("alice", "key", "other", replay(201, "x"))
	})
}

// A gateway that crashes while it serves a request blocks its key for the lease, not until it expires.
func TestCrashedRequestIsTakenOverAfterItsLease(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		crashed := k.fresh("alice", "key", "launch")
		k.now = epoch.Add(IdempotencyLease - time.Microsecond)
		k.expect("alice", "key", "launch", inProgress(time.Microsecond))
		k.now = epoch.Add(IdempotencyLease)
		k.expect("alice", "key", "other", mismatch)
		second := k.fresh("alice", "key", "launch")
		k.expect("alice", "key", "launch", inProgress(IdempotencyLease))

		// It was not dead, but slow: it must not end the request of the one that took over.
		if err := k.Complete(t.Context(), crashed, 201, []byte("late")); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("late complete: %v, want ErrLeaseLost", err)
		}
		if err := k.Abandon(t.Context(), crashed); err != nil {
			t.Fatal(err)
		}
		k.expect("alice", "key", "launch", inProgress(IdempotencyLease))
		k.complete(second, 200, "second")
		k.expect("alice", "key", "launch", replay(200, "second"))
		if err := k.Abandon(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		k.expect("alice", "key", "launch", replay(200, "second"))
	})
}

// Whoever is late, but was not overtaken, still has the key.
func TestLateRequestThatNobodyTookOverCompletes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		lease := k.fresh("alice", "key", "launch")
		k.now = epoch.Add(2 * IdempotencyLease)
		k.complete(lease, 201, "late")
		k.expect("alice", "key", "launch", replay(201, "late"))
	})
}

func TestOfManyRequestsWithOneKeyOneIsFresh(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		records := []*Idempotency{db.open(t).Idempotency(), db.open(t).Idempotency()}
		// At first the key is new, then its server has crashed, then the answer has expired.
		for round, now := range []time.Time{epoch, epoch.Add(IdempotencyLease), epoch.Add(IdempotencyLease + day)} {
			var mu sync.Mutex
			var lease Lease
			outcomes := map[IdempotencyOutcome]int{}
			group, ctx := errgroup.WithContext(t.Context())
			for i := range 50 {
				group.Go(func() error {
					result, err := records[i%2].Begin(ctx, "alice", "key", "launch", now, day)
					mu.Lock()
					defer mu.Unlock()
					outcomes[result.Outcome]++
					if result.Outcome == IdempotencyFresh {
						lease = result.Lease
					}
					return err
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[IdempotencyOutcome]int{IdempotencyFresh: 1, IdempotencyInProgress: 49}, outcomes); diff != "" {
				t.Errorf("round %d, outcomes (-want +got):\n%s", round, diff)
			}
			if round == 1 {
				if err := records[0].Complete(t.Context(), lease, 201, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// countKeys counts the keys of a user that begin with prefix.
func (k *keyring) countKeys(user, prefix string) (count int) {
	k.t.Helper()
	err := k.s.db.QueryRow(`SELECT count(*) FROM idempotency_keys WHERE user_id = $1 AND idempotency_key LIKE $2`, user, prefix+"%").Scan(&count)
	if err != nil {
		k.t.Fatal(err)
	}
	return count
}

// fill writes keys in one statement: a thousand transactions take a while.
func (k *keyring) fill(user, prefix string, count, status int, begun time.Time) {
	k.t.Helper()
	_, err := k.s.db.Exec(
		`WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < CAST($1 AS BIGINT))
		 INSERT INTO idempotency_keys SELECT $2, CAST($3 AS TEXT) || '-' || n, 'launch', CAST($4 AS BIGINT) + n, CAST($5 AS BIGINT) + n, CAST($6 AS BIGINT) + n, CAST($7 AS BIGINT), '' FROM numbers`,
		count, user, prefix, begun.UnixMicro(), begun.Add(IdempotencyLease).UnixMicro(), begun.Add(day).UnixMicro(), status)
	if err != nil {
		k.t.Fatal(err)
	}
}

func TestKeysOfAUserAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		k.fill("alice", "serving", 10, 0, epoch)
		k.fill("alice", "done", MaxIdempotencyKeys-10, 201, epoch.Add(time.Second))
		k.fill("bob", "done", 5, 201, epoch)
		k.now = epoch.Add(2 * time.Second)
		for i := range 3 {
			k.fresh("alice", fmt.Sprint("new-", i), "launch")
			if all, fresh := k.countKeys("alice", ""), k.countKeys("alice", "new"); all != MaxIdempotencyKeys || fresh != i+1 {
				t.Errorf("%d keys, %d of them new, want %d and %d", all, fresh, MaxIdempotencyKeys, i+1)
			}
		}
		// The oldest that were answered have gone: older ones are being served.
		k.expect("alice", "serving-0", "launch", inProgress(58*time.Second))
		k.expect("alice", "done-3", "launch", replay(201, ""))
		if n := k.countKeys("alice", "serving"); n != 10 {
			t.Errorf("%d of 10 keys that are being served are left", n)
		}
		if n := k.countKeys("bob", ""); n != 5 {
			t.Errorf("another user has %d keys left of 5", n)
		}
		k.fresh("alice", "done-2", "other")
	})
}

func TestUserWhoseKeysAreAllBeingServed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		k.fill("alice", "serving", MaxIdempotencyKeys, 0, epoch)
		_, err := k.Begin(t.Context(), "alice", "new", "launch", epoch, day)
		if !errors.Is(err, ErrTooManyKeys) || !strings.Contains(err.Error(), "at most 1000") {
			t.Errorf("got %v, want ErrTooManyKeys with the limit", err)
		}
		if n := k.countKeys("alice", "new"); n != 0 {
			t.Error("the refused key was written")
		}
		k.expect("alice", "serving-999", "launch", inProgress(IdempotencyLease+999*time.Microsecond))
		k.fresh("bob", "new", "launch")
		// Those whose server has crashed make place.
		k.now = epoch.Add(IdempotencyLease)
		k.fresh("alice", "new", "launch")
		if n := k.countKeys("alice", ""); n != MaxIdempotencyKeys {
			t.Errorf("%d keys", n)
		}
	})
}

func TestExpiredKeysOfAllUsersAreDeletedInPassing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		k.fill("alice", "done", expiredBatch, 201, epoch)
		k.fill("bob", "serving", 10, 0, epoch.Add(time.Second))
		k.fill("bob", "young", 1, 201, epoch.Add(time.Hour))
		k.now = epoch.Add(day + time.Minute)
		for i, want := range []struct{ alice, bob int }{{0, 11}, {0, 1}, {0, 1}} {
			k.fresh("carol", fmt.Sprint(i), "launch")
			if alice, bob := k.countKeys("alice", ""), k.countKeys("bob", ""); alice != want.alice || bob != want.bob {
				t.Errorf("after %d calls %d and %d keys are left, want %d and %d", i+1, alice, bob, want.alice, want.bob)
			}
		}
	})
}

// A key that has expired is free also while it waits to be deleted, and nothing of its past is left.
func TestExpiredKeyIsFreeBeforeItIsDeleted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		k.fill("bob", "older", 3*expiredBatch, 201, epoch.Add(-time.Minute))
		k.complete(k.fresh("alice", "key", "launch"), 201, "old")
		k.now = epoch.Add(day)
		lease := k.fresh("alice", "key", "other")
		var begun, expires int64
		if err := k.s.db.QueryRow(`SELECT begun_at, expires_at FROM idempotency_keys WHERE user_id = 'alice'`).Scan(&begun, &expires); err != nil {
			t.Fatal(err)
		}
		if begun != k.now.UnixMicro() || expires != k.now.Add(day).UnixMicro() {
			t.Errorf("begun at %d, expires at %d, want both counted from %d", begun, expires, k.now.UnixMicro())
		}
		var body []byte
		if err := k.s.db.QueryRow(`SELECT body FROM idempotency_keys WHERE user_id = 'alice'`).Scan(&body); err != nil || len(body) != 0 {
			t.Errorf("body %q, %v", body, err)
		}
		k.expect("alice", "key", "other", inProgress(IdempotencyLease))
		k.expect("alice", "key", "launch", mismatch)
		k.complete(lease, 200, "new")
		k.expect("alice", "key", "other", replay(200, "new"))
	})
}

func TestAnswerIsWrittenOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		lease := k.fresh("alice", "key", "launch")
		k.complete(lease, 201, "first")
		if err := k.Complete(t.Context(), lease, 200, []byte("second")); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("second complete: %v, want ErrLeaseLost", err)
		}
		k.expect("alice", "key", "launch", replay(201, "first"))
	})
}

// A short time to live never ends a lease early.
func TestKeyIsKeptForItsLease(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		if _, err := k.Begin(t.Context(), "alice", "key", "launch", epoch, time.Second); err != nil {
			t.Fatal(err)
		}
		k.now = epoch.Add(IdempotencyLease - time.Second)
		k.expect("alice", "key", "launch", inProgress(time.Second))
	})
}

func TestIdempotencyRefuses(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		lease := k.fresh("alice", "key", "launch")
		begin := func(user, key, digest string) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := k.Begin(ctx, user, key, digest, epoch, day)
				return err
			}
		}
		complete := func(lease Lease, status, size int) func(context.Context) error {
			return func(ctx context.Context) error { return k.Complete(ctx, lease, status, make([]byte, size)) }
		}
		tests := map[string]struct {
			call func(context.Context) error
			want string
		}{
			"no user":          {begin("", "key", "launch"), "user id has 1 to 128 bytes"},
			"no key":           {begin("alice", "", "launch"), "key has 1 to 255 bytes"},
			"long key":         {begin("alice", strings.Repeat("k", 256), "launch"), "1 to 255 bytes, not 256"},
			"no digest":        {begin("alice", "key", ""), "request digest has 1 to 128 bytes"},
			"no status":        {complete(lease, 0, 0), "status 0"},
			"server's fault":   {complete(lease, 500, 0), "status 500"},
			"too many":         {complete(lease, 429, 0), "status 429"},
			"large body":       {complete(lease, 201, MaxIdempotencyBody+1), "at most 16384 bytes, not 16385"},
			"lease of nothing": {complete(Lease{}, 201, 0), "taken the idempotency key over"},
			"caller gone": {func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return begin("alice", "key2", "launch")(ctx)
			}, "context canceled"},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				if err := tt.call(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want an error with %q", err, tt.want)
				}
			})
		}
		k.fresh("alice", strings.Repeat("k", MaxIdempotencyKeyBytes), "launch")
		k.complete(lease, 499, string(bytes.Repeat([]byte{0xff}, MaxIdempotencyBody)))
	})
}
