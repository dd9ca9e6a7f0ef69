package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pageOf is a page of a log as the gateway writes it.
func pageOf(next, missing string, messages ...string) string {
	var lines []string
	for i, message := range messages {
		lines = append(lines, fmt.Sprintf(`{"id":%d,"timestamp":"2026-01-02T03:04:05Z","level":"INFO","message":%q,"source":"subprocess"}`, i+1, message))
	}
	if next != "null" {
		next = `"` + next + `"`
	}
	return fmt.Sprintf(`{"lines":[%s],"count":%d,"next_cursor":%s,"run":{"id":"run-1"%s}}`, strings.Join(lines, ","), len(lines), next, missing)
}

func TestLogsOfNow(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	tests := map[string]struct {
		pages []string
		opts  LogOptions
		want  []string
		// queries are those of the calls.
		queries []string
	}{
		"nothing": {pages: []string{pageOf("null", "")}, queries: []string{"limit=1000"}},
		"all pages of one run": {
			pages: []string{pageOf("7", "", "a", "b"), pageOf("9", ""), pageOf("null", "", "c")}, want: []string{"a", "b", "c"},
			queries: []string{"limit=1000", "cursor=7&limit=1000&run_id=run-1", "cursor=9&limit=1000&run_id=run-1"},
		},
		"chosen": {
			pages: []string{pageOf("null", "", "a")}, want: []string{"a"},
			opts:    LogOptions{After: "3", LogFilter: LogFilter{Levels: []string{"ERROR", "WARNING"}, Source: "system", Since: since, Text: "a&b"}},
			queries: []string{"cursor=3&level=ERROR&level=WARNING&limit=1000&q=a%26b&since=2026-01-02T03%3A04%3A05.000000006Z&source=system"},
		},
		"missing lines": {
			pages: []string{pageOf("null", `,"lines_missing":12,"missing_from":"2026-01-02T03:04:05Z"`, "a")}, want: []string{"a", "gap 12"}, queries: []string{"limit=1000"},
		},
		"unknown number": {
			pages: []string{pageOf("null", `,"lines_missing":null,"missing_from":"2026-01-02T03:04:05Z"`)}, want: []string{"gap"}, queries: []string{"limit=1000"},
		},
		"none missing": {pages: []string{pageOf("null", `,"lines_missing":0,"missing_from":null`)}, queries: []string{"limit=1000"}},
		"removed":      {pages: []string{pageOf("null", `,"lines_missing":0,"missing_from":null,"log_removed_at":"2026-01-02T03:04:05Z"`)}, want: []string{"gap 0"}, queries: []string{"limit=1000"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var queries []string
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1/generations/a/preview/logs" {
					t.Errorf("path %s", r.URL.Path)
				}
				queries = append(queries, r.URL.RawQuery)
				fmt.Fprint(w, tt.pages[len(queries)-1])
			})
			got, _, err := read(t.Context(), c, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.queries, queries); diff != "" {
				t.Errorf("queries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLogsOfNowThatCannotBeRead(t *testing.T) {
	calls := 0
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, pageOf("7", "", "a"))
	})
	var refused *Error
	if got, _, err := read(t.Context(), c, LogOptions{}); !errors.As(err, &refused) || len(got) != 1 {
		t.Errorf("a page that fails: %q, %v", got, err)
	}
	full := errors.New("disk full")
	calls = 0
	if _, err := c.Logs(t.Context(), "a", LogOptions{}, func(LogEvent) error { return full }); !errors.Is(err, full) || calls != 1 {
		t.Errorf("a reader that fails: %v after %d calls", err, calls)
	}
}

// The gateway chooses no lines of a stream.
func TestFollowingChooses(t *testing.T) {
	text := line("1", "one") + line("2", "TWO") + strings.Replace(line("3", "two, failed"), "INFO", "ERROR", 1) +
		strings.Replace(line("4", "two, by us"), "subprocess", "system", 1) + strings.Replace(line("5", "two, later"), "2026", "2027", 1)
	for name, tt := range map[string]struct {
		filter LogFilter
		want   []string
	}{
		"all":    {LogFilter{}, []string{"one", "TWO", "two, failed", "two, by us", "two, later"}},
		"text":   {LogFilter{Text: "Two"}, []string{"TWO", "two, failed", "two, by us", "two, later"}},
		"level":  {LogFilter{Levels: []string{"ERROR", "DEBUG"}}, []string{"two, failed"}},
		"source": {LogFilter{Source: "system"}, []string{"two, by us"}},
		"since":  {LogFilter{Since: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)}, []string{"two, later"}},
		"exact":  {LogFilter{Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Text: "ONE"}, []string{"one"}},
		"none":   {LogFilter{Levels: []string{"ERROR"}, Source: "system"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := script{texts: []string{text, end("ended")}}
			got, _, err := read(t.Context(), s.serve(t), LogOptions{Follow: true, LogFilter: tt.filter})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			// A cut is taken up after the last line, whether it was wanted or not.
			if diff := cmp.Diff([]string{"", "5"}, s.after); diff != "" {
				t.Errorf("Last-Event-ID (-want +got):\n%s", diff)
			}
		})
	}
}
