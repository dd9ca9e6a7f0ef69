package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

const ticketLife = 30 * time.Second

func TestTicketBurnsOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		now := epoch
		clock := func() time.Time { return now }
		handles := []*Store{db.openWithClock(t, clock), db.openWithClock(t, clock)}
		expires := epoch.Add(ticketLife)
		burn := func(s *Store, id string, want bool) {
			t.Helper()
			if first, err := s.BurnTicket(t.Context(), id, expires); err != nil || first != want {
				t.Errorf("at %v, ticket %s: first %v, %v, want %v", now.Sub(epoch), id, first, err, want)
			}
		}
		burn(handles[0], "a", true)
		burn(handles[0], "a", false)
		burn(handles[1], "a", false)
		burn(handles[1], "b", true)
		now = expires.Add(-time.Microsecond)
		burn(handles[0], "b", false)
		burn(handles[0], "c", true)
		// At its expiry a ticket is void, whether it was used or not.
		now = expires
		burn(handles[0], "a", false)
		burn(handles[0], "d", false)
	})
}

func TestTicketBurnsOnceAmongMany(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		clock := func() time.Time { return epoch }
		handles := []*Store{db.openWithClock(t, clock), db.openWithClock(t, clock)}
		var firsts [4]atomic.Int32
		group, ctx := errgroup.WithContext(t.Context())
		for i := range 100 {
			group.Go(func() error {
				ticket := i % len(firsts)
				first, err := handles[i/2%2].BurnTicket(ctx, fmt.Sprint("ticket-", ticket), epoch.Add(ticketLife))
				if first {
					firsts[ticket].Add(1)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		for ticket := range firsts {
			if n := firsts[ticket].Load(); n != 1 {
				t.Errorf("ticket %d was burnt first %d times", ticket, n)
			}
		}
	})
}

// A gateway whose clock is ahead must not make one that is behind forget a ticket which is valid there.
func TestBurntTicketIsRememberedAcrossClocksThatDiffer(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		behind := db.openWithClock(t, func() time.Time { return epoch })
		ahead := db.openWithClock(t, func() time.Time { return epoch.Add(clockSkew) })
		expires := epoch.Add(time.Microsecond)
		if first, err := behind.BurnTicket(t.Context(), "a", expires); err != nil || !first {
			t.Fatalf("first %v, %v", first, err)
		}
		if _, err := ahead.BurnTicket(t.Context(), "b", epoch.Add(clockSkew+ticketLife)); err != nil {
			t.Fatal(err)
		}
		if first, err := behind.BurnTicket(t.Context(), "a", expires); err != nil || first {
			t.Errorf("burnt again: first %v, %v", first, err)
		}
	})
}

// What has expired goes in passing, the oldest first and a bounded number at once.
func TestExpiredTicketsAreDeletedInPassing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		now := epoch
		s := db.openWithClock(t, func() time.Time { return now })
		burn := func(id string, expires time.Time) {
			t.Helper()
			if first, err := s.BurnTicket(t.Context(), id, expires); err != nil || !first {
				t.Fatalf("ticket %s: first %v, %v", id, first, err)
			}
		}
		const old = 2*expiredBatch + 10
		for i := range old {
			burn(fmt.Sprint("old-", i), epoch.Add(time.Duration(i+1)*time.Millisecond))
		}
		now = epoch.Add(time.Second + clockSkew)
		for i, want := range []int{old - expiredBatch, old - 2*expiredBatch, 0, 0} {
			burn(fmt.Sprint("new-", i), now.Add(ticketLife))
			var olds, news int
			var first int64
			if err := s.db.QueryRow(`SELECT count(*) FILTER (WHERE id LIKE 'old%'), count(*) FILTER (WHERE id LIKE 'new%'), min(expires_at) FROM burnt_tickets`).Scan(&olds, &news, &first); err != nil {
				t.Fatal(err)
			}
			if olds != want || news != i+1 {
				t.Errorf("after %d calls: %d old and %d new tickets, want %d and %d", i+1, olds, news, want, i+1)
			}
			if oldest := epoch.Add(time.Duration(old-want+1) * time.Millisecond).UnixMicro(); want > 0 && first != oldest {
				t.Errorf("after %d calls the oldest expires at %d, want %d", i+1, first, oldest)
			}
		}
	})
}

func TestBurnTicketFails(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.openWithClock(t, func() time.Time { return epoch })
		for _, id := range []string{"", strings.Repeat("a", MaxTicketIDBytes+1)} {
			if first, err := s.BurnTicket(t.Context(), id, epoch.Add(ticketLife)); err == nil || first || !strings.Contains(err.Error(), "1 to 128 bytes") {
				t.Errorf("an id of %d bytes: first %v, %v", len(id), first, err)
			}
		}
		if first, err := s.BurnTicket(t.Context(), strings.Repeat("a", MaxTicketIDBytes), epoch.Add(ticketLife)); err != nil || !first {
			t.Errorf("the longest id: first %v, %v", first, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if first, err := s.BurnTicket(ctx, "a", epoch.Add(ticketLife)); first || !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that is gone: first %v, %v", first, err)
		}
	})
}
