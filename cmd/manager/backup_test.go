package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/store"
)

func putRun(t *testing.T, database, uid string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Path: database})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.PutRun(t.Context(), store.Run{UID: uid, Revision: 1, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

// A backup is the bytes on standard output and nothing else; they bring back what was there.
func TestBackupAndRestore(t *testing.T) {
	database := newDatabase(t)
	putRun(t, database, "before")
	var copied bytes.Buffer
	lookup := func(name string) (string, bool) { return database, name == "PREVIEW_DATABASE_PATH" }
	if err := run(t.Context(), []string{"backup"}, lookup, strings.NewReader(""), &copied); err != nil {
		t.Fatal(err)
	}
	putRun(t, database, "after")
	if _, err := managerReading(t, bytes.NewReader(copied.Bytes()), database, "restore"); !errors.Is(err, errReplaces) {
		t.Errorf("without --yes: %v", err)
	}
	out, err := managerReading(t, bytes.NewReader(copied.Bytes()), database, "restore", "--yes")
	if err != nil || out != "DB was restored, with version 6\n" {
		t.Errorf("%q, %v", out, err)
	}
	s, err := store.Open(t.Context(), store.Options{Path: database})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Run(t.Context(), "before"); err != nil {
		t.Errorf("what was in the backup: %v", err)
	}
	if _, err := s.Run(t.Context(), "after"); !errors.Is(err, store.ErrRunNotFound) {
		t.Errorf("what was not: %v", err)
	}
}

func TestBackupUsage(t *testing.T) {
	database := newDatabase(t)
	for args, want := range map[string]string{
		"backup somewhere": "standard output", "restore --yes file": "standard input", "restore --no": "not defined", "restore --yes": "it is empty",
	} {
		if _, err := manager(t, database, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}
