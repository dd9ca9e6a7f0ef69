package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
			if err := Migrate(t.Context(), db.options, 0, func(Step) {}); err != nil {
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
				"logs", "logs_by_run", "run_logs", "run_logs_held", "runs", "runs_by_creation", "runs_by_end", "runs_by_generation", "runs_by_user",
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
		known := mustInspect(t, db).Known
		steps := []int64{}
		for version := range known {
			steps = append(steps, version+1)
		}
		for _, version := range slices.Concat(steps[:1], steps[1:], steps[:1], steps[known-1:]) {
			if err := Migrate(t.Context(), db.options, version, func(Step) {}); err != nil {
				t.Fatal(err)
			}
			if current := mustInspect(t, db).Version; current != version {
				t.Errorf("version %d after migrating to %d", current, version)
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

func mustInspect(t *testing.T, db *database) Schema {
	t.Helper()
	schema, err := Inspect(t.Context(), db.options)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// An operator sees what there is, what each step did, and what a way back would lose.
func TestSchemaIsTold(t *testing.T) {
	migrations := []Migration{
		{Version: 1, Name: "generations", Loses: []string{"DROP TABLE generation_archives", "DROP TABLE generations"}},
		{Version: 2, Name: "generation_listing"},
		{Version: 3, Name: "burnt_tickets", Loses: []string{"DROP TABLE burnt_tickets"}},
		{Version: 4, Name: "idempotency", Loses: []string{"DROP TABLE idempotency_keys"}},
		{Version: 5, Name: "runs_and_logs", Loses: []string{"DROP TABLE logs", "DROP TABLE run_logs", "DROP TABLE runs"}},
		{Version: 6, Name: "run_retention"},
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		var told []Step
		for _, to := range []int64{2, 6, 4} {
			if err := Migrate(t.Context(), db.options, to, func(s Step) { told = append(told, s) }); err != nil {
				t.Fatal(err)
			}
		}
		var want []Step
		for _, m := range migrations {
			want = append(want, Step{Migration: m})
		}
		want = append(want, Step{Migration: migrations[5], Down: true}, Step{Migration: migrations[4], Down: true})
		if diff := cmp.Diff(want, told, cmpopts.IgnoreFields(Step{}, "Took")); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		got := mustInspect(t, db)
		for i, m := range got.Migrations {
			if applied := m.Version <= 4; m.Applied.IsZero() == applied {
				t.Errorf("version %d was applied at %s", m.Version, m.Applied)
			}
			got.Migrations[i].Applied = time.Time{}
		}
		if diff := cmp.Diff(Schema{Database: got.Database, Version: 4, Known: 6, Migrations: migrations}, got); diff != "" {
			t.Errorf("schema (-want +got):\n%s", diff)
		}
		if strings.Contains(got.Database, "@") || got.Database == "" {
			t.Errorf("the database is called %q", got.Database)
		}
	})
}

func TestMigrateRefuses(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		known := mustInspect(t, db).Known
		refuse := func(Step) { t.Error("a step was done") }
		for _, version := range []int64{-1, known + 1} {
			if err := Migrate(t.Context(), db.options, version, refuse); err == nil || !strings.Contains(err.Error(), "must be 0 to") {
				t.Errorf("migrate to %d: %v", version, err)
			}
		}
		// A program that was rolled back must not guess how to undo what only the newer one knows, nor what that has changed.
		if _, err := s.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, known+1, true); err != nil {
			t.Fatal(err)
		}
		want := &NewerError{Version: known + 1, Known: known}
		_, errOpen := Open(t.Context(), db.options)
		for name, err := range map[string]error{"down": Migrate(t.Context(), db.options, 1, refuse), "up": Migrate(t.Context(), db.options, known, refuse), "open": errOpen} {
			var got *NewerError
			if !errors.As(err, &got) || *got != *want {
				t.Errorf("%s a newer database: %v", name, err)
			}
		}
		if current := mustInspect(t, db).Version; current != known+1 {
			t.Errorf("version %d", current)
		}
		mustPut(t, s, "gen_1", "alice", "v1")
	})
}
