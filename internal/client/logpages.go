package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// logPageSize is the most lines that the gateway puts on a page.
	logPageSize = 1000
	// maxLogPage bounds a page: some 4 MiB of messages, which may be six times as long in JSON, and what is around them.
	maxLogPage = 32 << 20
)

// LogFilter chooses among lines; the zero value takes all.
type LogFilter struct {
	// Levels are those of the lines, of any level when empty.
	Levels []string
	// Source is subprocess or system; both when empty.
	Source string
	// Since is the earliest time of a line.
	Since time.Time
	// Text is what the message contains, whatever the case of its ASCII letters.
	Text string
}

func (f LogFilter) query() url.Values {
	query := url.Values{"limit": {strconv.Itoa(logPageSize)}}
	if len(f.Levels) > 0 {
		query["level"] = f.Levels
	}
	if f.Source != "" {
		query.Set("source", f.Source)
	}
	if !f.Since.IsZero() {
		query.Set("since", f.Since.Format(time.RFC3339Nano))
	}
	if f.Text != "" {
		query.Set("q", f.Text)
	}
	return query
}

// takes reports whether a line of a stream, which the gateway does not choose, is wanted.
func (f LogFilter) takes(line *LogLine) bool {
	return (len(f.Levels) == 0 || slices.Contains(f.Levels, line.Level)) &&
		(f.Source == "" || line.Source == f.Source) &&
		!line.Timestamp.Before(f.Since) &&
		(f.Text == "" || strings.Contains(asciiLower(line.Message), asciiLower(f.Text)))
}

func asciiLower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, text)
}

// logPage is one answer.
type logPage struct {
	Raw
	Lines []struct {
		ID json.Number `json:"id"`
		LogLine
	} `json:"lines"`
	NextCursor string `json:"next_cursor"`
	Run        struct {
		ID           string     `json:"id"`
		LinesMissing *uint64    `json:"lines_missing"`
		MissingFrom  *time.Time `json:"missing_from"`
		LogRemovedAt *time.Time `json:"log_removed_at"`
	} `json:"run"`
}

// pages calls each with every line that is stored of the newest run, and tells at last what is missing of it. One page at a
// time is in memory.
func (c *Client) pages(ctx context.Context, id string, opts LogOptions, each func(LogEvent) error) error {
	query := opts.query()
	if opts.After != "" {
		query.Set("cursor", opts.After)
	}
	for {
		page, err := c.logPage(ctx, id, query)
		if err != nil {
			return err
		}
		for i := range page.Lines {
			line := &page.Lines[i]
			if err := each(LogEvent{ID: line.ID.String(), Line: &line.LogLine}); err != nil {
				return err
			}
		}
		if page.NextCursor == "" {
			if run := page.Run; run.MissingFrom != nil || run.LogRemovedAt != nil {
				return each(LogEvent{Gap: &Gap{Lost: run.LinesMissing, From: run.MissingFrom, RemovedAt: run.LogRemovedAt}})
			}
			return nil
		}
		query.Set("cursor", page.NextCursor)
		// Another run may begin meanwhile.
		query.Set("run_id", page.Run.ID)
	}
}

func (c *Client) logPage(ctx context.Context, id string, query url.Values) (page logPage, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = c.read(ctx, call{method: http.MethodGet, path: previewPath(id) + "/logs", query: query}, maxLogPage, &page)
	return page, err
}
