package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
)

// migrations holds a folder per dialect: the types of blobs and keys differ, the queries do not.
//
//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// lockPoll is how often a process looks whether another one has finished migrating.
const lockPoll = 20 * time.Millisecond

func migrateUp(ctx context.Context, db *sql.DB, path string) error {
	return withFileLock(ctx, path+".lock", func() error {
		provider, err := newProvider(db)
		if err != nil {
			return err
		}
		_, err = provider.Up(ctx)
		return err
	})
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, folder)
}

// withFileLock runs do while it holds an exclusive lock on a file beside the database. The manager and the gateway
// start at the same moment in one pod, and two processes that create the schema at once fail each other. The kernel
// releases the lock of a process that dies.
func withFileLock(ctx context.Context, path string, do func() error) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		lockErr := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if lockErr == nil {
			return do()
		}
		if !errors.Is(lockErr, syscall.EWOULDBLOCK) && !errors.Is(lockErr, syscall.EINTR) {
			return fmt.Errorf("lock %s: %w", path, lockErr)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s, held by another process: %w", path, ctx.Err())
		case <-tick.C:
		}
	}
}
