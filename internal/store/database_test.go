package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// databaseVariable names a PostgreSQL database in which the suite makes schemas. hack/postgres.sh sets it.
const databaseVariable = "PREVIEW_TEST_DATABASE_URL"

// TestMain says which databases the suite runs on: without PostgreSQL it is only half of it.
func TestMain(m *testing.M) {
	if database := os.Getenv(writerVariable); database != "" {
		if err := runWriter(database); err != nil {
			fmt.Fprintln(os.Stderr, "writer:", err)
			os.Exit(1)
		}
		return
	}
	databases := "SQLite and PostgreSQL"
	if os.Getenv(databaseVariable) == "" {
		databases = "SQLite alone; hack/postgres.sh go test ./internal/store runs it on PostgreSQL, too"
	}
	fmt.Println("store: databases:", databases)
	os.Exit(m.Run())
}

// database is an empty database of one test.
type database struct {
	options Options
}

// eachDatabase runs a test on an empty SQLite file, and in an empty PostgreSQL schema when there is a server.
func eachDatabase(t *testing.T, test func(*testing.T, *database)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, newSQLite(t)) })
	if os.Getenv(databaseVariable) != "" {
		t.Run("postgres", func(t *testing.T) { test(t, newSchema(t)) })
	}
}

func newSQLite(t testing.TB) *database {
	// A path with a question mark and a percent sign must not be taken for a query or an escape.
	return &database{Options{Path: filepath.Join(t.TempDir(), "odd?name%20.db")}}
}

func newSchema(t testing.TB) *database {
	t.Helper()
	server := os.Getenv(databaseVariable)
	schema := "test_" + strings.ToLower(rand.Text())
	execute(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { execute(t, server, "DROP SCHEMA "+schema+" CASCADE") })
	return &database{Options{URL: withParameter(t, server, "search_path", schema)}}
}

func withParameter(t testing.TB, databaseURL, name, value string) string {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	query := parsed.Query()
	query.Set(name, value)
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// execute runs statements past the package under test.
func execute(t testing.TB, databaseURL, statements string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statements); err != nil {
		t.Fatal(err)
	}
}

// open returns another handle on the database, with a clock that ticks by one second on each reading.
func (d *database) open(t testing.TB) *Store {
	t.Helper()
	return d.openWithClock(t, (&testClock{now: epoch}).Now)
}

func (d *database) openWithClock(t testing.TB, now func() time.Time) *Store {
	t.Helper()
	opts := d.options
	opts.Now = now
	s, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// tables lists the tables and indexes of the store.
func (d *database) tables(t *testing.T, db *sql.DB) (names []string) {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%' ORDER BY name`
	if d.options.URL != "" {
		query = `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i')
			AND relname NOT LIKE 'goose%' AND relname !~ '_(pkey|key)$' ORDER BY relname COLLATE "C"`
	}
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// explain returns the steps of SQLite's plan for a query.
func explain(t *testing.T, s *Store, query string, args ...any) (plan []string) {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}
