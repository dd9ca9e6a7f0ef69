package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"syscall"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the database/sql driver "sqlite"
)

// busyTimeout is how long SQLite itself waits for the other process to finish a write, in milliseconds. Writes take
// milliseconds; it stays below queryTimeout so that the error is SQLite's, which says what was locked.
const busyTimeout = 10_000

// sqlite is a database in one file.
type sqlite struct{ path string }

func (q *sqlite) String() string { return q.path }

func (q *sqlite) open() (*sql.DB, error) {
	db, err := sql.Open("sqlite", q.dataSource())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	return db, nil
}

// dataSource names the file and what every connection sets. Transactions begin immediate: one that reads first and
// writes later could otherwise fail with SQLITE_BUSY at once, whatever the busy time-out. The default synchronous=FULL
// stays: what was answered with 201 survives a power cut.
func (q *sqlite) dataSource() string {
	query := url.Values{
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout), "journal_mode(WAL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: q.path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

func (q *sqlite) migrations() migrationSet {
	return migrationSet{goose.DialectSQLite3, "migrations/sqlite"}
}

// migrating holds an exclusive lock on a file beside the database. The manager and the gateway start at the same moment
// in one pod, and two processes that create the schema at once fail each other. The kernel releases the lock of a
// process that dies.
func (q *sqlite) migrating(ctx context.Context, do func(*sql.DB) error) (err error) {
	file, err := os.OpenFile(q.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	err = pollLock(ctx, func() (bool, error) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	db, err := q.open()
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// skipLocked is empty: SQLite has one writer at a time.
func (q *sqlite) skipLocked() string { return "" }

func (q *sqlite) oneAtATime(context.Context, *sql.Tx, string) error { return nil }
