// Package store keeps generations, the projects that previews run, in a SQL database that the manager and the gateway
// open side by side. It is SQLite in one file; queries stay within what PostgreSQL understands too.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // registers the database/sql driver "sqlite"
)

const (
	// openTimeout bounds opening: waiting for another process to finish its migrations, and our own.
	openTimeout = time.Minute
	// queryTimeout bounds every call, on top of the caller's context.
	queryTimeout = 15 * time.Second
	// busyTimeout is how long SQLite itself waits for the other process to finish a write, in milliseconds. Writes
	// take milliseconds; it stays below queryTimeout so that the error is SQLite's, which says what was locked.
	busyTimeout = 10_000
	// maxConnections bounds concurrent readers; SQLite has one writer at a time anyway.
	maxConnections = 8
)

// Options configure a Store.
type Options struct {
	// Path of the SQLite file. Its folder must exist and be writable: the write-ahead log and the lock file lie there.
	Path string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Store is safe for concurrent use, also by several processes on one file.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// Open opens the database and migrates it to the newest schema. Several processes may open it at once.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.Path == "" {
		return nil, errors.New("store: the path of the database is empty")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	db, err := sql.Open("sqlite", dataSource(opts.Path))
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", opts.Path, err)
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)

	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := migrateUp(ctx, db, opts.Path); err != nil {
		return nil, errors.Join(fmt.Errorf("store: migrate %s: %w", opts.Path, err), db.Close())
	}
	return &Store{db: db, now: opts.Now}, nil
}

// dataSource names the file and what every connection sets. Transactions begin immediate: one that reads first and
// writes later could otherwise fail with SQLITE_BUSY at once, whatever the busy time-out. The default synchronous=FULL
// stays: what was answered with 201 survives a power cut.
func dataSource(path string) string {
	query := url.Values{
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout), "journal_mode(WAL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// Close closes the database once its running queries are done.
func (s *Store) Close() error { return s.db.Close() }

// Ping reports whether the database can be read.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var one int
	if err := s.db.QueryRowContext(ctx, `SELECT 1 FROM generations LIMIT 1`).Scan(&one); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// inTransaction runs do in a transaction and rolls back when it fails.
func (s *Store) inTransaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
