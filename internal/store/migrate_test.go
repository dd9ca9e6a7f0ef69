package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLockHeldByAnotherProcessIsWaitedForWithinTheContext(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		holder, err := db.options.dialect()
		if err != nil {
			t.Fatal(err)
		}
		err = holder.migrating(t.Context(), func(*sql.DB) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*lockPoll)
			defer cancel()
			_, err := Open(ctx, db.options)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "held by another process") {
				t.Errorf("open while locked: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		db.open(t)
	})
}

// The two folders describe one schema: a program that is moved from one database to the other finds the same numbers.
func TestDialectsHaveTheSameMigrations(t *testing.T) {
	names := func(folder string) (names []string) {
		entries, err := fs.ReadDir(migrationFiles, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	if diff := cmp.Diff(names("migrations/sqlite"), names("migrations/postgres")); diff != "" {
		t.Errorf("migrations (-sqlite +postgres):\n%s", diff)
	}
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		for range 2 {
			if err := Migrate(t.Context(), db.options, 0); err != nil {
				t.Fatal(err)
			}
			if got := db.tables(t, s.db); len(got) != 0 {
				t.Errorf("tables left after down: %v", got)
			}
			if _, err := Open(t.Context(), db.options); err != nil {
				t.Fatal(err)
			}
			want := []string{
				"burnt_tickets", "burnt_tickets_by_expiry",
				"generation_archives", "generations", "generations_by_project", "generations_by_update", "generations_by_user",
				"idempotency_keys", "idempotency_keys_by_age", "idempotency_keys_by_expiry",
				"logs", "logs_by_run", "run_logs", "run_logs_held", "runs", "runs_by_creation", "runs_by_generation", "runs_by_user",
			}
			if diff := cmp.Diff(want, db.tables(t, s.db)); diff != "" {
				t.Errorf("tables and indexes after up (-want +got):\n%s", diff)
			}
		}
		mustPut(t, s, "gen_1", "alice", "v1")
	})
}

// What was stored under an older schema is there under the newest, and after a step back.
func TestEachMigrationKeepsTheGenerations(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		want := mustPut(t, s, "gen_1", "alice", "v1")
		_, known, err := Version(t.Context(), db.options)
		if err != nil {
			t.Fatal(err)
		}
		steps := []int64{}
		for version := range known {
			steps = append(steps, version+1)
		}
		for _, version := range slices.Concat(steps[:1], steps[1:], steps[:1], steps[known-1:]) {
			if err := Migrate(t.Context(), db.options, version); err != nil {
				t.Fatal(err)
			}
			if current, _, err := Version(t.Context(), db.options); err != nil || current != version {
				t.Errorf("version %d after migrating to %d: %v", current, version, err)
			}
			got, err := s.Generation(t.Context(), "gen_1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("generation (-want +got):\n%s", diff)
			}
		}
	})
}

func TestMigrateRefuses(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		_, known, err := Version(t.Context(), db.options)
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range []int64{-1, known + 1} {
			if err := Migrate(t.Context(), db.options, version); err == nil || !strings.Contains(err.Error(), "must be 0 to") {
				t.Errorf("migrate to %d: %v", version, err)
			}
		}
		// A program that was rolled back must not guess how to undo what only the newer one knows.
		if _, err := s.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, known+1, true); err != nil {
			t.Fatal(err)
		}
		if err := Migrate(t.Context(), db.options, 1); err == nil || !strings.Contains(err.Error(), "knows no newer one") {
			t.Errorf("migrate a newer database: %v", err)
		}
		if current, _, err := Version(t.Context(), db.options); err != nil || current != known+1 {
			t.Errorf("version %d, %v", current, err)
		}
		mustPut(t, s, "gen_1", "alice", "v1")
	})
}
