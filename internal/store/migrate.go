package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

// migrationFiles holds a folder per dialect, with the same numbers in both: types differ, and little else.
//
//go:embed migrations/*/*.sql
var migrationFiles embed.FS

// lockPoll is how often a process looks whether another one has finished migrating.
const lockPoll = 20 * time.Millisecond

// migrationSet is where a dialect's migrations are, and how goose talks to it.
type migrationSet struct {
	dialect goose.Dialect
	folder  string
}

func (m migrationSet) provider(db *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(migrationFiles, m.folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(m.dialect, db, folder)
}

// newest is the version that this program's migrations lead to.
func newest(provider *goose.Provider) int64 {
	sources := provider.ListSources()
	return sources[len(sources)-1].Version
}

// migrateUp refuses a database of a newer program: what that has changed, this one would not know.
func migrateUp(ctx context.Context, dialect dialect) error {
	return dialect.migrating(ctx, func(db *sql.DB) error {
		provider, err := dialect.migrations().provider(db)
		if err != nil {
			return err
		}
		if _, err := versionOf(ctx, provider); err != nil {
			return err
		}
		_, err = provider.Up(ctx)
		return err
	})
}

// versionOf is the version of a database that this program knows.
func versionOf(ctx context.Context, provider *goose.Provider) (int64, error) {
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return 0, err
	}
	if known := newest(provider); current > known {
		return 0, &NewerError{Version: current, Known: known}
	}
	return current, nil
}

// pollLock takes a lock that another process may hold, for at most openTimeout.
func pollLock(ctx context.Context, try func() (locked bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		locked, err := try()
		if locked || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("held by another process: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
