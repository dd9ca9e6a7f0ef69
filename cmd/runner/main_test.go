package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestInstallCopiesTheProgram(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "preview-runner")
	for range 2 { // an init container may run again
		if code, err := run([]string{"install", path}); code != 0 || err != nil {
			t.Fatalf("code %d, error %v", code, err)
		}
	}
	want, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, got) {
		t.Errorf("error %v, %d bytes of %d were copied", err, len(got), len(want))
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o755 {
		t.Errorf("error %v, mode is not that of a program", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("error %v, %d files were left", err, len(entries))
	}
	if _, err := run([]string{"install", filepath.Join(dir, "missing", "x")}); err == nil {
		t.Error("installing into a missing folder is no error")
	}
}

func TestArgumentsAndSettings(t *testing.T) {
	if code, err := run([]string{"serve"}); code != 2 || err == nil {
		t.Errorf("unknown argument: code %d, error %v", code, err)
	}
	t.Setenv("PREVIEW_RUNNER_SECRET_SHA256", "")
	if code, err := run(nil); code != 2 || err == nil {
		t.Errorf("no secret: code %d, error %v", code, err)
	}
}
