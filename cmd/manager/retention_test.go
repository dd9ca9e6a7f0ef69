package main

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

// The settings in force decide, and the logs of runs that are active stay.
func TestLogRetention(t *testing.T) {
	logs, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "preview.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	ended := time.Now().Add(-2 * time.Hour)
	runs := map[string]*time.Time{"ended": &ended, "active": nil}
	for uid, stopped := range runs {
		run := store.Run{
			UID: uid, InstanceUID: uid, Name: uid, Namespace: "previews", GenerationID: "gen", UserID: "alice", Phase: "Running",
			CreatedAt: ended.Add(-time.Hour), StoppedAt: stopped, Revision: 1,
		}
		if _, err := logs.PutRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		line := store.LogLine{RunUID: uid, Source: store.SourceSubprocess, Seq: 1, At: ended, Level: "INFO", Message: "hello"}
		if _, err := logs.AppendLogs(t.Context(), []store.LogLine{line}); err != nil {
			t.Fatal(err)
		}
	}
	var text bytes.Buffer
	for _, step := range []struct {
		retention time.Duration
		left      map[string]int64
	}{
		{3 * time.Hour, map[string]int64{"ended": 1, "active": 1}},
		{time.Hour, map[string]int64{"ended": 0, "active": 1}},
	} {
		live := settings.Fixed(settings.Settings{LogRetention: step.retention, LogRetentionMB: 1})
		ctx, cancel := context.WithCancel(t.Context())
		logRetention{live, logs, slog.New(slog.NewTextHandler(&text, nil))}.once(ctx)
		cancel()
		for uid, want := range step.left {
			lines, err := logs.TailLines(t.Context(), uid, 10)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(lines)) != want {
				t.Errorf("after %s %s has %d lines, want %d", step.retention, uid, len(lines), want)
			}
		}
	}
	if !strings.Contains(text.String(), "logs=1") {
		t.Errorf("nobody is told: %s", text.String())
	}
}
