// Package store keeps what outlives a preview in a SQL database that the manager and the gateway open side by side: the
// generations that previews run, records of the runs, their logs, and what the gateway remembers of requests. It is
// SQLite in one file, or PostgreSQL; queries stay within what both understand, and what differs is a dialect's.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	// openTimeout bounds opening: waiting for another process to finish its migrations, and our own.
	openTimeout = time.Minute
	// queryTimeout bounds every call, on top of the caller's context.
	queryTimeout = 15 * time.Second
	// maxConnections bounds concurrent queries of a process. SQLite has one writer at a time anyway, and PostgreSQL
	// admits 100 connections by default.
	maxConnections = 8
)

// Options configure a Store.
type Options struct {
	// Path of the SQLite file. Its folder must exist and be writable: the write-ahead log and the lock file lie there.
	Path string
	// URL of a PostgreSQL database, postgres://user:password@host:port/database. When it is set, Path is not used.
	URL string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// dialect is what SQLite and PostgreSQL differ in.
type dialect interface {
	// String names the database in errors; it holds no secret.
	String() string
	// open returns a pool of connections, each of them configured.
	open() (*sql.DB, error)
	// migrating runs do with a pool for migrations while no other process migrates this database.
	migrating(ctx context.Context, do func(*sql.DB) error) error
	// migrations is the folder of the dialect's migrations.
	migrations() migrationSet
	// skipLocked ends a SELECT of rows to delete, so that two deletions never wait for each other.
	skipLocked() string
	// among is a condition on a column, with the one value of a query: that it is one of the values.
	among(values []string) (condition string, list any, err error)
	// like compares text with a pattern, whatever the case of its letters.
	like() string
	// lockLogs makes rows of logs where there are none and locks them until the transaction ends, and returns the logs that
	// were removed.
	lockLogs(ctx context.Context, tx *sql.Tx, uids []string, now int64) (removed []string, err error)
	// insertLines stores lines of locked logs, counts them in the logs' rows and returns how many are new. It calls notify
	// for each log that grows.
	insertLines(ctx context.Context, tx *sql.Tx, lines []LogLine) (added int, err error)
	// notify tells the followers of a log, when the transaction commits, to look at it.
	notify(ctx context.Context, tx *sql.Tx, runUID string) error
	// watch wakes followers of the store until ctx ends.
	watch(ctx context.Context, s *Store)
	// oneAtATime makes the rest of a transaction wait for others that have called it with the name.
	oneAtATime(ctx context.Context, tx *sql.Tx, name string) error
}

// dialect returns what the options name.
func (o *Options) dialect() (dialect, error) {
	if o.URL != "" {
		return newPostgres(o.URL)
	}
	if o.Path == "" {
		return nil, errors.New("the path of the database is empty")
	}
	return &sqlite{path: o.Path}, nil
}

// Store is safe for concurrent use, also by several processes on one database.
type Store struct {
	db      *sql.DB
	dialect dialect
	now     func() time.Time
	watch   *watcher
}

// Open opens the database and migrates it to the newest schema. Several processes may open it at once.
func Open(ctx context.Context, opts Options) (*Store, error) {
	dialect, err := opts.dialect()
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := migrateUp(ctx, dialect); err != nil {
		return nil, fmt.Errorf("store: migrate %v: %w", dialect, err)
	}
	db, err := dialect.open()
	if err != nil {
		return nil, fmt.Errorf("store: open %v: %w", dialect, err)
	}
	return &Store{db: db, dialect: dialect, now: opts.Now, watch: newWatcher()}, nil
}

// Close ends all followers and closes the database once its running queries are done.
func (s *Store) Close() error {
	s.watch.close()
	return s.db.Close()
}

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
