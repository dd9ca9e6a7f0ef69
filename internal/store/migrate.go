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

func migrateUp(ctx context.Context, dialect dialect) error {
	return dialect.migrating(ctx, func(db *sql.DB) error {
		provider, err := dialect.migrations().provider(db)
		if err != nil {
			return err
		}
		_, err = provider.Up(ctx)
		return err
	})
}

// Version returns the version of a database's schema, 0 for an empty one, and the newest that this program knows. Only
// the operator of an installation calls it and Migrate: Open migrates by itself.
func Version(ctx context.Context, opts Options) (current, known int64, err error) {
	err = opts.withProvider(ctx, func(ctx context.Context, provider *goose.Provider) error {
		known = newest(provider)
		current, err = provider.GetDBVersion(ctx)
		return err
	})
	return current, known, err
}

// Migrate takes a database's schema up or down to a version, before a program that knows no newer one is started. What
// only later versions hold is lost. No other program may use the database meanwhile.
func Migrate(ctx context.Context, opts Options, to int64) error {
	return opts.withProvider(ctx, func(ctx context.Context, provider *goose.Provider) error {
		if to < 0 || to > newest(provider) {
			return fmt.Errorf("the version must be 0 to %d, not %d", newest(provider), to)
		}
		current, err := provider.GetDBVersion(ctx)
		switch {
		case err != nil:
			return err
		case current > newest(provider):
			return fmt.Errorf("the database has version %d, and this program knows no newer one than %d: use the program that made it", current, newest(provider))
		case current > to:
			_, err = provider.DownTo(ctx, to)
		case current < to:
			_, err = provider.UpTo(ctx, to)
		}
		return err
	})
}

func (o Options) withProvider(ctx context.Context, do func(context.Context, *goose.Provider) error) error {
	dialect, err := o.dialect()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	err = dialect.migrating(ctx, func(db *sql.DB) error {
		provider, err := dialect.migrations().provider(db)
		if err != nil {
			return err
		}
		return do(ctx, provider)
	})
	if err != nil {
		return fmt.Errorf("store: migrate %v: %w", dialect, err)
	}
	return nil
}

// pollLock takes a lock that another process may hold.
func pollLock(ctx context.Context, try func() (locked bool, err error)) error {
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
