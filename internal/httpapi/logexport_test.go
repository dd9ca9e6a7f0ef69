package httpapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
)

func export(h *harness, query, accept string) answer {
	h.t.Helper()
	return h.do(call{method: "GET", path: base + "gen/preview/logs" + query, token: h.token("alice", auth.RoleUser), header: map[string]string{"Accept": accept}})
}

func TestExportAsJSONLines(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.recorded(ranOut("run", "gen", "alice", testTime))
	lines := make([]store.LogLine, 2500)
	for i := range lines {
		lines[i] = store.LogLine{Message: fmt.Sprint("<line ", i, ">\u2028")}
	}
	h.printed("run", lines...)
	a := export(h, "?q=LINE", ndjsonType)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != ndjsonType || a.header.Get("Vary") != "Accept" ||
		a.header.Get("Content-Disposition") != `attachment; filename="log-run.ndjson"` {
		t.Fatalf("%d %v", a.status, a.header)
	}
	got := 0
	for text := range bytes.Lines(a.body) {
		var line logLineBody
		h.must(json.Unmarshal(text, &line))
		if line.Message != lines[got].Message || line.ID != int64(got+1) || !line.Timestamp.Equal(lines[got].At) {
			t.Fatalf("line %d is %+v", got, line)
		}
		got++
	}
	if got != len(lines) {
		t.Errorf("%d lines, want %d", got, len(lines))
	}
	if a := export(h, "?q=nothing", ndjsonType); a.status != http.StatusOK || len(a.body) > 0 || a.header.Get("Content-Type") != ndjsonType {
		t.Errorf("of nothing: %d %q", a.status, a.body)
	}
	if a := export(h, "?limit=5", ndjsonType); a.status != http.StatusBadRequest || a.field() != "limit" {
		t.Errorf("with a limit: %d %s", a.status, a.body)
	}
	support.Eventually(h.t, "the exports are given back", func() bool { return h.api.streams.count() == 0 })
}

// CSV injection: what an application prints must not be run by the spreadsheet of who reads it.
func TestExportAsCSV(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.recorded(ranOut("run", "gen", "alice", testTime))
	messages := []string{
		"plain", `=HYPERLINK("http://evil.example")`, "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "a=b", "", "'quoted", `a "b", c`, "half\ra line",
	}
	want := [][]string{{"id", "timestamp", "level", "source", "message", "partial"}}
	lines := make([]store.LogLine, len(messages))
	for i, message := range messages {
		lines[i].Message = message
		if i > 0 && i < 7 {
			message = "'" + message
		}
		want = append(want, []string{fmt.Sprint(i + 1), fmt.Sprintf("2026-01-02T03:04:%02dZ", 5+i), "INFO", "subprocess", message, "false"})
	}
	h.printed("run", lines...)
	a := export(h, "", csvType)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	got, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
	h.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if a := export(h, "?level=DEBUG", csvType); string(a.body) != "id,timestamp,level,source,message,partial\n" {
		t.Errorf("of nothing: %q", a.body)
	}
}

// brokenExport fails after some lines.
type brokenExport struct {
	RunStore
	lines int
	err   error
}

func (b brokenExport) Export(context.Context, store.LogQuery) iter.Seq2[store.LogLine, error] {
	return func(yield func(store.LogLine, error) bool) {
		for i := range b.lines {
			if !yield(store.LogLine{ID: int64(i + 1), At: testTime, Level: "INFO", Source: store.SourceSubprocess, Message: strings.Repeat("x", 1000)}, nil) {
				return
			}
		}
		yield(store.LogLine{}, b.err)
	}
}

// An export that failed must not look whole.
func TestExportThatBreaksOff(t *testing.T) {
	for _, format := range []string{ndjsonType, csvType} {
		h := withLogs(t)
		whole := h.api.runs
		for _, lines := range []int{0, 1} {
			h.api.runs = brokenExport{whole, lines, errors.New("canary: disk is gone")}
			if a := export(h, "", format); a.slug() != "internal" || strings.Contains(string(a.body), "canary") || a.header.Get("Content-Disposition") != "" {
				t.Errorf("before anything was sent: %d %s", a.status, a.body)
			}
		}
		for _, lines := range []int{40, 100} {
			h.api.runs = brokenExport{whole, lines, errors.New("disk is gone")}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+base+"gen/preview/logs", nil)
			h.must(err)
			request.Header = http.Header{"Authorization": {"Bearer " + h.token("alice", auth.RoleUser)}, "Accept": {format}}
			response, err := h.http.Do(request)
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
				t.Errorf("%s after %d lines: %v", format, lines, err)
			}
		}
		support.Eventually(h.t, "the exports are given back", func() bool { return h.api.streams.count() == 0 })
		if log := h.log.String(); strings.Count(log, "an export broke off") < 2 || strings.Contains(log, "panicked") {
			t.Errorf("the log: %s", log)
		}
	}
}

// Exports count among the streams of a user, and of the gateway.
func TestExportsAreBounded(t *testing.T) {
	h := withLogs(t)
	for want, count := range map[string]struct {
		user string
		open int
	}{"too-many-streams": {"alice", 2}, "busy": {"others", 4}} {
		var release []func()
		for i := range count.open {
			user := count.user
			if user == "others" {
				user += fmt.Sprint(i)
			}
			done, err := h.api.streams.open(user)
			h.must(err)
			release = append(release, done)
		}
		if a := export(h, "", csvType); a.slug() != want || a.header.Get("Retry-After") == "" {
			t.Errorf("%d %s, want %s", a.status, a.body, want)
		}
		if a := export(h, "", "application/json"); a.status != http.StatusOK {
			t.Errorf("a page: %d %s", a.status, a.body)
		}
		for _, done := range release {
			done()
		}
	}
}
