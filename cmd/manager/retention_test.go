package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

// instances are those that exist.
type instances []v1alpha1.PreviewInstance

func (i instances) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("not expected")
}

func (i instances) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*v1alpha1.PreviewInstanceList).Items = i
	return nil
}

// The settings in force decide; runs that are active stay, and records as long as their logs or instances.
func TestRetention(t *testing.T) {
	runs, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "preview.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer runs.Close()
	ended := time.Now().Add(-2 * time.Hour)
	for uid, stopped := range map[string]*time.Time{"ended": &ended, "active": nil, "there": &ended, "there.1": &ended} {
		run := store.Run{
			UID: uid, InstanceUID: uid, Name: uid, Namespace: "previews", GenerationID: "gen", UserID: "alice", Phase: "Running",
			CreatedAt: ended.Add(-time.Hour), StoppedAt: stopped, Revision: 1,
		}
		if _, err := runs.PutRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		line := store.LogLine{RunUID: uid, Source: store.SourceSubprocess, Seq: 1, At: ended, Level: "INFO", Message: "hello"}
		if _, err := runs.AppendLogs(t.Context(), []store.LogLine{line}); err != nil {
			t.Fatal(err)
		}
	}
	there := instances{{ObjectMeta: metav1.ObjectMeta{UID: types.UID("there")}, Status: v1alpha1.PreviewInstanceStatus{Restarts: 1}}}
	var text bytes.Buffer
	for _, step := range []struct {
		name       string
		logs, runs time.Duration
		// left are the lines of each run that is recorded.
		left map[string]int
	}{
		{"nothing is old", 3 * time.Hour, 3 * time.Hour, map[string]int{"ended": 1, "active": 1, "there": 1, "there.1": 1}},
		{"records stay with their logs", 3 * time.Hour, time.Hour, map[string]int{"ended": 1, "active": 1, "there": 1, "there.1": 1}},
		{"logs go before records", time.Hour, 3 * time.Hour, map[string]int{"ended": 0, "active": 1, "there": 0, "there.1": 0}},
		{"records go", time.Hour, time.Hour, map[string]int{"active": 1, "there.1": 0}},
	} {
		live := settings.Fixed(settings.Settings{LogRetention: step.logs, LogRetentionMB: 1, RunRetention: step.runs, RunRetentionCount: 10})
		retention{live, runs, there, slog.New(slog.NewTextHandler(&text, nil))}.once(t.Context())
		page, _, err := runs.Runs(t.Context(), store.RunQuery{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]int{}
		for _, run := range page {
			lines, err := runs.TailLines(t.Context(), run.UID, 10)
			if err != nil {
				t.Fatal(err)
			}
			left[run.UID] = len(lines)
		}
		if diff := cmp.Diff(step.left, left); diff != "" {
			t.Errorf("%s: lines left of each run (-want +got):\n%s", step.name, diff)
		}
	}
	for _, want := range []string{"logs=3", "runs=2"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("nobody is told %s: %s", want, text.String())
		}
	}
}
