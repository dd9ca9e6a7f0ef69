package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// Every pooled connection must carry the settings, not only the first.
func TestEveryConnectionIsConfigured(t *testing.T) {
	settings := map[string]map[string]string{
		"sqlite": {"PRAGMA journal_mode": "wal", "PRAGMA busy_timeout": "10000", "PRAGMA foreign_keys": "1", "PRAGMA synchronous": "2"},
		"postgres": {
			"SHOW statement_timeout": "15s", "SHOW idle_in_transaction_session_timeout": "1min",
			"SHOW application_name": "preview-operator", "SHOW synchronous_commit": "on",
		},
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		kind := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
		for range maxConnections {
			conn, err := s.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			for query, want := range settings[kind] {
				var got string
				if err := conn.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %q, %v, want %q", query, got, err, want)
				}
			}
		}
		if got := s.db.Stats().MaxOpenConnections; got != maxConnections {
			t.Errorf("at most %d connections, want %d", got, maxConnections)
		}
	})
}

func TestNoDatabase(t *testing.T) {
	if _, err := Open(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "path of the database is empty") {
		t.Errorf("got %v", err)
	}
}

const canary = "c4n4ry"

// Whatever is wrong with the URL or the server, no part of the password is in the error.
func TestPasswordIsInNoError(t *testing.T) {
	// Nothing listens on port 1.
	tests := map[string]struct{ url, want string }{
		"refused":               {"postgres://preview:" + canary + "@127.0.0.1:1/preview", `"preview" on 127.0.0.1:1`},
		"no such socket":        {"postgres://preview:" + canary + "@/preview?host=/nonexistent", "/nonexistent"},
		"in the query":          {"postgres://127.0.0.1:1/preview?user=preview&password=" + canary, "127.0.0.1:1"},
		"another database":      {"mysql://preview:" + canary + "@127.0.0.1/preview", "must have the form postgres://"},
		"keywords":              {"host=127.0.0.1 password=" + canary, "must have the form"},
		"slash in the password": {"postgres://preview:p/" + canary + "@127.0.0.1/preview", "percent-encoded"},
		"number before a slash": {"postgres://preview:1/" + canary + "@127.0.0.1/preview", "percent-encoded"},
		"question mark":         {"postgres://preview:1?" + canary + "@127.0.0.1/preview", "percent-encoded"},
		"number sign":           {"postgres://preview:1#" + canary + "@127.0.0.1/preview", "percent-encoded"},
		"percent sign":          {"postgres://preview:%zz" + canary + "@127.0.0.1/preview", "percent-encoded"},
		"bad port":              {"postgres://preview:" + canary + "@127.0.0.1:x/preview", "must have the form"},
		"bad option":            {"postgres://preview:" + canary + "@127.0.0.1/preview?sslmode=" + canary, "must have the form"},
	}
	if server := os.Getenv(databaseVariable); server != "" {
		parsed, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		parsed.User = url.UserPassword("preview", canary)
		tests["wrong password"] = struct{ url, want string }{parsed.String(), "28P01"}
		parsed, _ = url.Parse(server)
		parsed.Path = "/no_such_database"
		tests["no such database"] = struct{ url, want string }{parsed.String(), "3D000"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), Options{URL: tt.url})
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			secret := canary
			if parsed, parseErr := url.Parse(tt.url); parseErr == nil && parsed.User != nil {
				if password, _ := parsed.User.Password(); len(password) > 1 {
					secret = password
				}
			}
			if strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q and no password", err, tt.want)
			}
		})
	}
}

// Each request of a user makes place for itself, also when another one has just taken the place it found.
func TestConcurrentKeysOfAUserAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		k.fill("alice", "done", MaxIdempotencyKeys, 201, epoch)
		records := []*Idempotency{k.Idempotency, db.open(t).Idempotency()}
		group, ctx := errgroup.WithContext(t.Context())
		for i := range 40 {
			group.Go(func() error {
				result, err := records[i%2].Begin(ctx, "alice", "new-"+string(rune('a'+i)), "launch", epoch.Add(day/2), day)
				if err == nil && result.Outcome != IdempotencyFresh {
					err = errors.New("a new key is not fresh")
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if all, fresh := k.countKeys("alice", ""), k.countKeys("alice", "new"); all != MaxIdempotencyKeys || fresh != 40 {
			t.Errorf("%d keys, %d of them new, want %d and 40", all, fresh, MaxIdempotencyKeys)
		}
	})
}

// Calls that come upon the same expired rows neither wait for each other nor fail.
func TestConcurrentCallsDeleteWhatHasExpired(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		k := newKeyring(t, db)
		k.fill("bob", "old", 5*expiredBatch, 201, epoch)
		other := db.open(t).Idempotency()
		group, ctx := errgroup.WithContext(t.Context())
		for i := range 40 {
			group.Go(func() error {
				records := k.Idempotency
				if i%2 == 0 {
					records = other
				}
				_, err := records.Begin(ctx, "alice", "new-"+string(rune('a'+i)), "launch", epoch.Add(2*day), day)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if left := k.countKeys("bob", ""); left != 0 {
			t.Errorf("%d expired keys are left", left)
		}
	})
}

// A caller that gives up while another process holds what it waits for is told so, and the store goes on.
func TestCallThatWaitsEndsWithItsCaller(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		holder, s := db.open(t), db.open(t)
		mustAppend(t, s, line("a", 1))
		for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc, error){
			"deadline": func(ctx context.Context) (context.Context, context.CancelFunc, error) {
				ctx, cancel := context.WithTimeout(ctx, 3*lockPoll)
				return ctx, cancel, context.DeadlineExceeded
			},
			"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc, error) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(3*lockPoll, cancel)
				return ctx, cancel, context.Canceled
			},
		} {
			err := holder.inTransaction(t.Context(), func(tx *sql.Tx) error {
				if _, err := holder.dialect.lockLogs(t.Context(), tx, []string{"a"}, 1); err != nil {
					return err
				}
				ctx, cancel, want := end(t.Context())
				defer cancel()
				if added, err := s.AppendLogs(ctx, linesOf("a", 2, 2)); added != 0 || !errors.Is(err, want) {
					t.Errorf("%s: %d lines, %v, want %v", name, added, err, want)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		mustAppend(t, s, line("a", 2))
	})
}

// Expired rows that another process is about to delete are left to it: nobody waits for a clean-up.
func TestNobodyWaitsForExpiredRows(t *testing.T) {
	if os.Getenv(databaseVariable) == "" {
		return
	}
	k := newKeyring(t, newSchema(t))
	k.fill("bob", "old", 10, 201, epoch)
	if first, err := k.s.BurnTicket(t.Context(), "old", epoch.Add(ticketLife)); err != nil || !first {
		t.Fatalf("first %v, %v", first, err)
	}
	later := epoch.Add(2 * day)
	k.s.now = func() time.Time { return later }
	err := k.s.inTransaction(t.Context(), func(tx *sql.Tx) error {
		for _, table := range []string{"idempotency_keys", "burnt_tickets"} {
			if _, err := tx.ExecContext(t.Context(), `SELECT * FROM `+table+` FOR UPDATE`); err != nil {
				return err
			}
		}
		_, err := k.Begin(t.Context(), "alice", "new", "launch", later, day)
		_, errTicket := k.s.BurnTicket(t.Context(), "new", later.Add(ticketLife))
		return errors.Join(err, errTicket)
	})
	if err != nil {
		t.Fatal(err)
	}
}
