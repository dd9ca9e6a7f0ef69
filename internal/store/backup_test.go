package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

func mustBackup(t *testing.T, db *database) []byte {
	t.Helper()
	var backup bytes.Buffer
	if err := Backup(t.Context(), db.options, &backup); err != nil {
		t.Fatal(err)
	}
	return backup.Bytes()
}

// expectOnly holds that nothing of a backup or restore is left beside a database.
func expectOnly(t *testing.T, db *database) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(db.options.Path))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.Contains(entry.Name(), ".backup-") || strings.Contains(entry.Name(), ".restore-") {
			t.Errorf("%s is left", entry.Name())
		}
	}
}

// A backup is taken while others write, has all that was stored before it began, and takes the place of another database.
func TestBackupAndRestore(t *testing.T) {
	db := newSQLite(t)
	s := db.open(t)
	want := mustPut(t, s, "gen_1", "alice", "v1")
	mustPutRun(t, s, wholeRun())
	mustAppend(t, s, linesOf("uid-1", 1, 500)...)
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error {
		for seq := int64(501); seq <= 600; seq++ {
			if _, err := s.AppendLogs(ctx, linesOf("uid-1", seq, seq)); err != nil {
				return err
			}
		}
		return nil
	})
	backup := mustBackup(t, db)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	expectOnly(t, db)

	other := newSQLite(t)
	replaced := other.open(t)
	mustPut(t, replaced, "gen_2", "bob", "v1")
	if err := replaced.Close(); err != nil {
		t.Fatal(err)
	}
	known := mustInspect(t, db).Known
	for range 2 {
		if version, err := Restore(t.Context(), other.options, bytes.NewReader(backup)); err != nil || version != known {
			t.Fatalf("version %d, %v, want %d", version, err, known)
		}
	}
	expectOnly(t, other)
	restored := other.open(t)
	got, err := restored.Generation(t.Context(), "gen_1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("generation (-want +got):\n%s", diff)
	}
	if _, err := restored.Generation(t.Context(), "gen_2"); !errors.Is(err, ErrNotFound) {
		t.Errorf("what was there before: %v", err)
	}
	lines := linesIn(t, restored, "uid-1")
	if lines < 500 || lines > 600 {
		t.Errorf("%d lines, want those before the backup at least", lines)
	}
	mustAppend(t, restored, linesOf("uid-1", 601, 601)...)
}

// A manager that was killed leaves a write-ahead log behind, which is that of the database that is replaced.
func TestRestoreAfterACrash(t *testing.T) {
	source := newSQLite(t)
	mustPut(t, source.open(t), "gen_1", "alice", "v1")
	backup := mustBackup(t, source)
	living := newSQLite(t)
	s := living.open(t)
	mustPut(t, s, "gen_2", "bob", "v1")
	crashed := newSQLite(t)
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(living.options.Path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(crashed.options.Path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Restore(t.Context(), crashed.options, bytes.NewReader(backup)); err != nil {
		t.Fatal(err)
	}
	restored := crashed.open(t)
	if _, err := restored.Generation(t.Context(), "gen_1"); err != nil {
		t.Errorf("what the backup has: %v", err)
	}
	if _, err := restored.Generation(t.Context(), "gen_2"); !errors.Is(err, ErrNotFound) {
		t.Errorf("what the log has: %v", err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	source := newSQLite(t)
	s := source.open(t)
	for i := range 50 {
		mustPut(t, s, "gen_"+strings.Repeat("x", i+1), "alice", strings.Repeat("v", 1000+i))
	}
	whole := mustBackup(t, source)
	if _, err := s.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`); err != nil {
		t.Fatal(err)
	}
	newer := mustBackup(t, source)
	damaged := bytes.Clone(whole)
	// Its last page, which nothing has to be read from to open it.
	for i := len(damaged) - 4096; i < len(damaged); i++ {
		damaged[i] ^= 0x5a
	}
	foreign := newSQLite(t)
	opened, err := (&sqlite{path: foreign.options.Path}).open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Exec(`CREATE TABLE things (id INTEGER)`); err != nil {
		t.Fatal(err)
	}
	opened.Close()
	for name, backup := range map[string][]byte{
		"nothing": nil, "text": []byte("not a database at all"), "the first half": whole[:len(whole)/2], "damaged": damaged,
		"another database": mustBackup(t, foreign), "of a newer program": newer,
	} {
		t.Run(name, func(t *testing.T) {
			db := newSQLite(t)
			kept := db.open(t)
			mustPut(t, kept, "gen_1", "alice", "v1")
			if _, err := Restore(t.Context(), db.options, bytes.NewReader(backup)); err == nil {
				t.Error("it was restored")
			}
			expectOnly(t, db)
			if _, err := db.open(t).Generation(t.Context(), "gen_1"); err != nil {
				t.Errorf("what was there: %v", err)
			}
		})
	}
}

func TestBackupRefuses(t *testing.T) {
	missing := Options{Path: filepath.Join(t.TempDir(), "preview.db")}
	if err := Backup(t.Context(), missing, &bytes.Buffer{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no database: %v", err)
	}
	if _, err := os.Stat(missing.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	postgres := Options{URL: "postgres://preview:" + canary + "@127.0.0.1:1/preview"}
	_, errRestore := Restore(t.Context(), postgres, &bytes.Buffer{})
	for _, err := range []error{Backup(t.Context(), postgres, &bytes.Buffer{}), errRestore} {
		if !errors.Is(err, ErrNotSQLite) || strings.Contains(err.Error(), canary) {
			t.Errorf("PostgreSQL: %v", err)
		}
	}
}
