package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrNotSQLite: PostgreSQL has tools of its own for what was asked for.
var ErrNotSQLite = errors.New("only a SQLite file is backed up and restored here; use pg_dump and pg_restore for PostgreSQL")

// Backup writes a copy of a SQLite database to out, consistent and without gaps, while others use the database. It needs as
// much space beside the database as that takes.
func Backup(ctx context.Context, opts Options, out io.Writer) (err error) {
	if opts.URL != "" {
		return fmt.Errorf("store: %w", ErrNotSQLite)
	}
	if _, err := os.Stat(opts.Path); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(opts.Path), filepath.Base(opts.Path)+".backup-*")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	db, err := (&sqlite{path: opts.Path}).open()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, file.Name()); err != nil {
		return fmt.Errorf("store: copy %s: %w", opts.Path, err)
	}
	// By its name: the copy may have been made in another file than the empty one.
	whole, err := os.Open(file.Name())
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer whole.Close()
	if _, err := io.Copy(out, whole); err != nil {
		return fmt.Errorf("store: write the copy: %w", err)
	}
	return nil
}

// Restore puts a backup in place of a SQLite database, which is lost, and returns the version of its schema. The backup is read
// whole and checked first: what is no database of ours, is damaged, or is of a newer program replaces nothing. No program may use
// the database meanwhile.
func Restore(ctx context.Context, opts Options, backup io.Reader) (version int64, err error) {
	if opts.URL != "" {
		return 0, fmt.Errorf("store: %w", ErrNotSQLite)
	}
	file, err := os.CreateTemp(filepath.Dir(opts.Path), filepath.Base(opts.Path)+".restore-*")
	if err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	// Nothing is left of it under its own name once it is in place.
	defer remove(file.Name(), "", "-wal", "-shm", ".lock")
	_, err = io.Copy(file, backup)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, fmt.Errorf("store: read the backup: %w", err)
	}
	if version, err = checkBackup(ctx, file.Name()); err != nil {
		return 0, fmt.Errorf("store: the backup: %w", err)
	}
	// The log of the old database must never be taken for one of the new.
	remove(opts.Path, "-wal", "-shm")
	if err := os.Rename(file.Name(), opts.Path); err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return version, nil
}

func remove(path string, suffixes ...string) {
	for _, suffix := range suffixes {
		os.Remove(path + suffix)
	}
}

func checkBackup(ctx context.Context, path string) (int64, error) {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return 0, errors.Join(err, errors.New("it is empty"))
	}
	copied := &sqlite{path: path}
	db, err := copied.open()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var result string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&result); err != nil || result != "ok" {
		return 0, errors.Join(err, fmt.Errorf("it is damaged: %s", result))
	}
	var ours int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'generations' OR name = 'goose_db_version'`).Scan(&ours); err != nil || ours != 2 {
		return 0, errors.Join(err, errors.New("it is no database of a store"))
	}
	var version int64
	err = copied.migrating(ctx, func(db *sql.DB) error {
		provider, err := copied.migrations().provider(db)
		if err != nil {
			return err
		}
		if version, err = versionOf(ctx, provider); err != nil {
			return err
		}
		// All of it into the one file that is moved.
		_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
		return err
	})
	return version, err
}
