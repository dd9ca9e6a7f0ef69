package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

// A database that is gone is told apart from one that refuses a query, and is used again when it is back.
func TestProductUnreachable(t *testing.T) {
	// Nothing listens on port 1.
	if _, err := OpenProduct(t.Context(), ProductOptions{URL: "postgres://x:" + canary + "@127.0.0.1:1/x"}); !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), canary) {
		t.Errorf("nobody listens: %v", err)
	}
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		db.put(t, "gen_1", "alice", "proj", map[string]string{"main.py": ""})
		reader, err := url.Parse(db.reader)
		if err != nil {
			t.Fatal(err)
		}
		role := reader.User.Username()
		p := db.open(t)
		use := func() map[string]bool {
			_, errGeneration := p.Generation(t.Context(), "gen_1")
			_, _, errList := p.List(t.Context(), ListOptions{Limit: 1})
			found := map[string]bool{}
			for name, err := range map[string]error{"generation": errGeneration, "list": errList, "ping": p.Ping(t.Context())} {
				if found[name] = errors.Is(err, ErrUnreachable); err != nil && !found[name] {
					t.Errorf("%s: %v", name, err)
				}
			}
			return found
		}
		db.exec(t, fmt.Sprintf(`ALTER ROLE %[1]s NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%[1]s'`, role))
		if diff := cmp.Diff(map[string]bool{"generation": true, "list": true, "ping": true}, use()); diff != "" {
			t.Errorf("unreachable (-want +got):\n%s", diff)
		}
		db.exec(t, fmt.Sprintf(`ALTER ROLE %s LOGIN`, role))
		if diff := cmp.Diff(map[string]bool{"generation": false, "list": false, "ping": false}, use()); diff != "" {
			t.Errorf("unreachable when it is back (-want +got):\n%s", diff)
		}
		// What the server refuses is no question of reaching it.
		db.exec(t, fmt.Sprintf(`REVOKE SELECT ON generations FROM %s`, role))
		if err := p.Ping(t.Context()); !isCode(err, "42501") || errors.Is(err, ErrUnreachable) {
			t.Errorf("without the right: %v", err)
		}
	})
}

func TestUnreachable(t *testing.T) {
	broken := &net.OpError{Op: "read", Err: errors.New("connection reset")}
	tests := map[string]struct {
		err  error
		want bool
	}{
		"connection reset":     {broken, true},
		"cut":                  {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true},
		"shutting down":        {&pgconn.PgError{Code: "57P01"}, true},
		"starting up":          {&pgconn.PgError{Code: "57P03"}, true},
		"query took too long":  {&pgconn.PgError{Code: "57014"}, false},
		"no such table":        {&pgconn.PgError{Code: "42P01"}, false},
		"the caller gave up":   {fmt.Errorf("%w: %w", broken, context.Canceled), false},
		"the caller's timeout": {fmt.Errorf("%w: %w", broken, context.DeadlineExceeded), false},
		"not there":            {ErrNotFound, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := unreachable(tt.err)
			if errors.Is(got, ErrUnreachable) != tt.want || !errors.Is(got, tt.err) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// Every connection has the limits of the store's own.
func TestProductIsBounded(t *testing.T) {
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		p := db.open(t)
		if got := p.db.Stats().MaxOpenConnections; got != maxConnections {
			t.Errorf("at most %d connections, want %d", got, maxConnections)
		}
		for range maxConnections {
			conn, err := p.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			for query, want := range map[string]string{
				"SHOW statement_timeout": "15s", "SHOW idle_in_transaction_session_timeout": "1min", "SHOW default_transaction_read_only": "on",
			} {
				var got string
				if err := conn.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %q, %v, want %q", query, got, err, want)
				}
			}
		}
	})
}

// A role that was granted the four columns sees no row versions either.
func TestProductColumns(t *testing.T) {
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		reader, err := url.Parse(db.reader)
		if err != nil {
			t.Fatal(err)
		}
		db.exec(t, fmt.Sprintf(`REVOKE SELECT ON generations FROM %[1]s; GRANT SELECT (id, user_id, project_id, output_files) ON generations TO %[1]s`, reader.User.Username()))
		db.put(t, "gen_1", "alice", "proj", map[string]string{"main.py": "v1"})
		p := db.open(t)
		if meta, err := p.Generation(t.Context(), "gen_1"); err != nil || meta.UserID != "alice" || p.row != `''` {
			t.Errorf("%+v, %v", meta, err)
		}
	})
}
