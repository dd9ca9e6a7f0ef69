package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

// printed stores lines of a run, a second apart, as the collector does.
func (h *harness) printed(runUID string, lines ...store.LogLine) {
	h.t.Helper()
	seq := map[store.Source]int64{}
	for i := range lines {
		line := &lines[i]
		if line.Source == "" {
			line.Source = store.SourceSubprocess
		}
		if line.Level == "" {
			line.Level = "INFO"
		}
		seq[line.Source]++
		line.RunUID, line.Seq, line.At = runUID, seq[line.Source], testTime.Add(time.Duration(i)*time.Second)
	}
	_, err := h.store.AppendLogs(h.t.Context(), lines)
	h.must(err)
}

func messagesOf(page logPage) (messages []string) {
	for _, line := range page.Lines {
		messages = append(messages, line.Message)
	}
	return messages
}

// withLogs has the log of a run that is gone, and those of others that must not be seen with it.
func withLogs(t *testing.T) *harness {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.recorded(
		ranOut("old", "gen", "alice", testTime.Add(-2*time.Hour)), ranOut("new", "gen", "alice", testTime.Add(-time.Hour)),
		ranOut("bobs", "gen", "bob", testTime.Add(-3*time.Hour)), ranOut("other", "other", "alice", testTime),
	)
	for _, uid := range []string{"old", "bobs", "other"} {
		h.printed(uid, store.LogLine{Message: "of " + uid})
	}
	h.printed("new",
		store.LogLine{Source: store.SourceSystem, Message: "claimed"},
		store.LogLine{Message: "INFO: Started"},
		store.LogLine{Level: "WARNING", Message: "100% of _disk_"},
		store.LogLine{Level: "ERROR", Message: "first half", Partial: true},
		store.LogLine{Level: "ERROR", Message: "second half"},
		store.LogLine{Source: store.SourceSystem, Level: "ERROR", Message: "killed: OUT of memory"},
	)
	h.must(h.store.PutLogState(t.Context(), "new", store.LogState{Complete: true, MissingFrom: &testTime, LinesMissing: ptr(int64(3))}))
	return h
}

func TestReadLogs(t *testing.T) {
	h := withLogs(t)
	page := decode[logPage](h, get(h, base+"gen/preview/logs?limit=1&cursor=5&level=ERROR", "alice"), http.StatusOK)
	want := logPage{
		Lines: []logLineBody{{ID: 7, Timestamp: testTime.Add(3 * time.Second), Level: "ERROR", Message: "first half", Source: "subprocess", Partial: true}},
		Count: 1, NextCursor: ptr("7"),
		Run: logRunBody{ID: "new", Status: "failed", Reason: "OOMKilled", runLog: runLog{LogComplete: true, LinesMissing: ptr(int64(3)), MissingFrom: &testTime}},
	}
	if diff := cmp.Diff(want, page, cmp.AllowUnexported(logRunBody{})); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	all := []string{"claimed", "INFO: Started", "100% of _disk_", "first half", "second half", "killed: OUT of memory"}
	tests := map[string][]string{
		"": all, "limit=6": all, "run_id=new": all, "cursor=3": all, "cursor=8": all[5:], "cursor=9": nil, "cursor=1000": nil,
		"level=WARNING": all[2:3], "level=ERROR&level=WARNING&level=ERROR": all[2:], "level=DEBUG": nil,
		"source=system": {all[0], all[5]}, "source=subprocess&level=INFO": all[1:2],
		"since=2026-01-02T03:04:06Z&until=2026-01-02T03:04:09Z": all[1:4], "since=2026-01-02T04:04:08.5%2B01:00": all[4:], "until=2026-01-02T03:04:05Z": nil,
		"q=half": all[3:5], "q=out": all[5:], "q=%25": all[2:3], "q=_d": all[2:3], "q=nothing": nil,
		"run_id=old": {"of old"},
	}
	for query, want := range tests {
		t.Run(query, func(t *testing.T) {
			got := decode[logPage](h, get(h, base+"gen/preview/logs?"+query, "alice"), http.StatusOK)
			if diff := cmp.Diff(want, messagesOf(got)); diff != "" || got.Count != len(want) || got.NextCursor != nil || got.Lines == nil {
				t.Errorf("%d lines, next %v (-want +got):\n%s", got.Count, got.NextCursor, diff)
			}
		})
	}
	for path, pages := base+"gen/preview/logs?limit=2&source=subprocess", 0; path != ""; pages++ {
		a := get(h, path, "alice")
		got := messagesOf(decode[logPage](h, a, http.StatusOK))
		if diff := cmp.Diff(all[1+2*pages:][:2], got); diff != "" {
			t.Fatalf("page %d (-want +got):\n%s", pages, diff)
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
	}
}

// Whose log it is decides, not who knows the id of a run.
func TestWhoReadsLogs(t *testing.T) {
	h := withLogs(t)
	for _, tt := range []struct {
		user  string
		role  auth.Role
		query string
		want  string
	}{
		{"bob", auth.RoleUser, "", "forbidden"}, {"bob", auth.RoleUser, "?run_id=bobs", "forbidden"}, {"backend", auth.RoleService, "", "forbidden"},
		{"alice", auth.RoleUser, "?run_id=bobs", "run-not-found"}, {"alice", auth.RoleUser, "?run_id=other", "run-not-found"},
		{"alice", auth.RoleUser, "?run_id=nope", "run-not-found"}, {"root", auth.RoleAdmin, "?run_id=other", "run-not-found"},
		{"root", auth.RoleAdmin, "?run_id=bobs", "of bobs"}, {"root", auth.RoleAdmin, "?limit=1", "claimed"},
	} {
		a := h.do(call{method: "GET", path: base + "gen/preview/logs" + tt.query, token: h.token(tt.user, tt.role)})
		got := a.slug()
		if a.status == http.StatusOK {
			got = messagesOf(decode[logPage](h, a, http.StatusOK))[0]
		}
		if got != tt.want {
			t.Errorf("%s%s: %s, want %s", tt.user, tt.query, got, tt.want)
		}
	}
	// When the generation is gone, records are those of their users.
	if a := h.do(call{method: "DELETE", path: base + "gen", token: h.token("alice", auth.RoleUser)}); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for user, want := range map[string]string{"alice": "claimed", "bob": "of bobs"} {
		got := decode[logPage](h, get(h, base+"gen/preview/logs", user), http.StatusOK)
		if len(got.Lines) == 0 || got.Lines[0].Message != want {
			t.Errorf("%s reads %q, want %q", user, messagesOf(got), want)
		}
	}
}

func TestLogOfARunThatIsNotRecordedYet(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.recorded(ranOut("before", "gen", "alice", testTime.Add(-time.Hour)))
	h.printed("before", store.LogLine{Message: "of the run before"})
	launch := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	want := logPage{Lines: []logLineBody{}, Run: logRunBody{ID: launch.ID, Status: "starting", runLog: runLog{LinesMissing: ptr(int64(0))}}}
	got := decode[logPage](h, get(h, base+"gen/preview/logs", "alice"), http.StatusOK)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(logRunBody{})); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	h.printed(launch.ID, store.LogLine{Message: "hello"})
	if diff := cmp.Diff([]string{"hello"}, messagesOf(decode[logPage](h, get(h, base+"gen/preview/logs", "alice"), http.StatusOK))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestSearchesThatAreRefused(t *testing.T) {
	h := withLogs(t)
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=1001": "limit", "limit=x": "limit", "limit=1&limit=1": "limit", "cursor=": "cursor", "cursor=0": "cursor", "cursor=-1": "cursor",
		"cursor=9223372036854775808": "cursor", "level=error": "level", "level=": "level", "level=INFO&level=x": "level", "source=pod": "source",
		"since=yesterday": "since", "until=2026-01-02T03:04:05+01:00": "until", "since=2026-01-02T03:04:05Z&until=2026-01-02T03:04:05Z": "until",
		"q=": "q", "q=%00": "q", "q=%ff": "q", "q=" + strings.Repeat("x", store.MaxLogText+1): "q", "q=a&q=b": "q",
		"run_id=": "run_id", "run_id=../new": "run_id", "run_id=" + strings.Repeat("x", 129): "run_id",
		"levels=ERROR": "levels", "token=" + h.token("alice", auth.RoleUser): "token", "%zz": "query", "a;b": "query",
	} {
		for _, accept := range []string{"", csvType} {
			a := h.do(call{method: "GET", path: base + "gen/preview/logs?" + query, token: h.token("alice", auth.RoleUser), header: map[string]string{"Accept": accept}})
			if a.status != http.StatusBadRequest || a.field() != field {
				t.Errorf("%.60s: %d %s", query, a.status, a.body)
			}
		}
	}
}

// A page of the longest lines ends early, and goes on.
func TestPagesOfLongLines(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.recorded(ranOut("run", "gen", "alice", testTime))
	lines := make([]store.LogLine, 300)
	for i := range lines {
		lines[i] = store.LogLine{Message: fmt.Sprint(i, strings.Repeat(" x", 8<<10))}
	}
	h.printed("run", lines...)
	page := decode[logPage](h, get(h, base+"gen/preview/logs?limit=1000", "alice"), http.StatusOK)
	if page.NextCursor == nil || page.Count >= 300 {
		t.Fatalf("a page of %d lines, next %v", page.Count, page.NextCursor)
	}
	rest := decode[logPage](h, get(h, base+"gen/preview/logs?limit=1000&cursor="+*page.NextCursor, "alice"), http.StatusOK)
	if page.Count+rest.Count != 300 || rest.NextCursor != nil {
		t.Errorf("%d and %d lines", page.Count, rest.Count)
	}
}
