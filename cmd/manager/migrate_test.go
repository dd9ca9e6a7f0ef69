package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/store"
)

// manager runs the program with a database and returns what it prints.
func manager(t *testing.T, database string, args ...string) (string, error) {
	t.Helper()
	return managerReading(t, strings.NewReader(""), database, args...)
}

func managerReading(t *testing.T, in io.Reader, database string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	lookup := func(name string) (string, bool) {
		return database, name == "PREVIEW_DATABASE_PATH"
	}
	err := run(t.Context(), args, lookup, in, &out)
	text := strings.ReplaceAll(out.String(), database, "DB")
	text = regexp.MustCompile(`\d+(\.\d+)?(µs|ms|s)\b`).ReplaceAllString(text, "TIME")
	return regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`).ReplaceAllString(text, "WHEN"), err
}

func newDatabase(t *testing.T) string {
	t.Helper()
	database := filepath.Join(t.TempDir(), "preview.db")
	s, err := store.Open(t.Context(), store.Options{Path: database})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return database
}

const statusAtFive = `DB has version 5; this program knows 6
    1  applied WHEN  generations
    2  applied WHEN  generation_listing
    3  applied WHEN  burnt_tickets
    4  applied WHEN  idempotency
    5  applied WHEN  runs_and_logs
    6  pending                       run_retention
`

// The commands of an operator who rolls back, and forward again.
func TestMigrate(t *testing.T) {
	database := newDatabase(t)
	const losesFive = `version 5 to 4 loses data: DROP TABLE logs
version 5 to 4 loses data: DROP TABLE run_logs
version 5 to 4 loses data: DROP TABLE runs
`
	for _, step := range []struct {
		args      string
		want, err string
	}{
		{"migrate down --to 5", "DB: version 6 to 5\ndown from 6 (run_retention): TIME\ndone\n", ""},
		{"migrate status", statusAtFive, ""},
		{"migrate down --to 4", losesFive, "give --yes"},
		{"migrate status", statusAtFive, ""},
		{"migrate down --to 4 --yes", losesFive + "DB: version 5 to 4\ndown from 5 (runs_and_logs): TIME\ndone\n", ""},
		{"migrate down --to 5", "", "use up to go to 5"},
		{"migrate up --to 5", "DB: version 4 to 5\nup to 5 (runs_and_logs): TIME\ndone\n", ""},
		{"migrate up --to 4", "", "use down to go to 4"},
		{"migrate up", "DB: version 5 to 6\nup to 6 (run_retention): TIME\ndone\n", ""},
		{"migrate up", "DB: version 6 to 6\ndone\n", ""},
		{"migrate up --to 7", "DB: version 6 to 7\n", "must be 0 to 6, not 7"},
	} {
		got, err := manager(t, database, strings.Fields(step.args)...)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.args, diff)
		}
		if step.err == "" && err != nil || step.err != "" && (err == nil || !strings.Contains(err.Error(), step.err)) {
			t.Errorf("%s: %v, want %q", step.args, err, step.err)
		}
	}
}

func TestMigrateRefusesANewerDatabase(t *testing.T) {
	database := newDatabase(t)
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (7, TRUE)`); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"migrate status", "migrate up", "migrate up --to 3", "migrate down --to 3 --yes", "migrate down --to 3"} {
		out, err := manager(t, database, strings.Fields(args)...)
		var newer *store.NewerError
		if !errors.As(err, &newer) || newer.Version != 7 || newer.Known != 6 || strings.Contains(out, "done") {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}

func TestMigrateUsage(t *testing.T) {
	database := newDatabase(t)
	for args, want := range map[string]string{
		"nonsense":                   "unknown sub-command",
		"migrate":                    "is missing",
		"migrate sideways":           "unknown command",
		"migrate down":               "needs --to",
		"migrate down --to x":        "invalid value",
		"migrate down --to 1 --no":   "not defined",
		"migrate down --to 1 now":    "unexpected argument",
		"migrate down --to -2 --yes": "needs --to",
	} {
		if _, err := manager(t, database, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	if out, err := manager(t, database, "migrate", "up", "--help"); err != nil || out != migrateUsage+"\n" {
		t.Errorf("help: %v\n%s", err, out)
	}
}

// A path that was mistyped makes no database, and a URL's password is told to nobody.
func TestMigrateNamesTheDatabase(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "preview.db")
	for _, args := range []string{"migrate status", "migrate down --to 1 --yes"} {
		if _, err := manager(t, missing, strings.Fields(args)...); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "PREVIEW_DATABASE_PATH") {
			t.Errorf("%s: %v", args, err)
		}
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was made: %v", err)
	}
	lookup := func(name string) (string, bool) {
		return "postgres://preview:c4n4ry@127.0.0.1:1/preview", name == "PREVIEW_DATABASE_URL"
	}
	err := run(context.Background(), []string{"migrate", "status"}, lookup, strings.NewReader(""), &bytes.Buffer{})
	if err == nil || strings.Contains(err.Error(), "c4n4ry") || !strings.Contains(err.Error(), `"preview" on 127.0.0.1:1`) {
		t.Errorf("PostgreSQL: %v", err)
	}
}
