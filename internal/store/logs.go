package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

const (
	// MaxLogLimit bounds the lines of a page.
	MaxLogLimit = 1000
	// MaxLogText bounds the text of a search, in bytes.
	MaxLogText = 1024
	// maxPageBytes ends a page early, in bytes of messages: a thousand of the longest lines are tens of megabytes.
	maxPageBytes = 4 << 20
	// maxLogLevels bounds the levels of a query.
	maxLogLevels = 16
)

// LogQuery says which lines of a run are read. Conditions that are left empty do not restrict it.
type LogQuery struct {
	RunUID string
	Levels []string
	Source Source
	// Since is the earliest time of a line, Until what all are before.
	Since, Until time.Time
	// Text is what a message must contain, whatever the case of its letters; those beyond ASCII are compared as they are
	// in SQLite.
	Text string
	// AfterID is the ID of the line after which the page begins, 0 for the first page.
	AfterID int64
	// Limit is the most lines, 1 to MaxLogLimit. Pages of long lines have fewer.
	Limit int
	// Tail asks for the last lines that match rather than the first; they come in the same order.
	Tail bool
}

func (q *LogQuery) validate() error {
	switch {
	case q.Limit < 1 || q.Limit > MaxLogLimit:
		return fmt.Errorf("the limit of a page is 1 to %d, not %d", MaxLogLimit, q.Limit)
	case len(q.Text) > MaxLogText:
		return fmt.Errorf("the text of a search has at most %d bytes, not %d", MaxLogText, len(q.Text))
	case len(q.Levels) > maxLogLevels:
		return fmt.Errorf("a search is for at most %d levels, not %d", maxLogLevels, len(q.Levels))
	}
	return nil
}

// likeEscapes makes a text stand for itself in a pattern of LIKE.
var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// sql asks for one line more than the page has: it tells whether there is a next page.
func (q *LogQuery) sql(dialect dialect) (query string, args []any) {
	var where conditions
	where.add("run_uid = $%d", q.RunUID)
	if q.AfterID > 0 {
		where.add("id > $%d", q.AfterID)
	}
	if q.Source != "" {
		where.add("source = $%d", string(q.Source))
	}
	if len(q.Levels) > 0 {
		levels := make([]any, len(q.Levels))
		for i, level := range q.Levels {
			levels[i] = cleanText(level)
		}
		where.add("level IN ("+strings.TrimSuffix(strings.Repeat("$%d, ", len(levels)), ", ")+")", levels...)
	}
	if !q.Since.IsZero() {
		where.add("at >= $%d", q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		where.add("at < $%d", q.Until.UnixMicro())
	}
	if q.Text != "" {
		where.add("message "+dialect.like()+` $%d ESCAPE '\'`, "%"+likeEscapes.Replace(cleanText(q.Text))+"%")
	}
	order := "ASC"
	if q.Tail {
		order = "DESC"
	}
	return where.query(`SELECT id, source, seq, at, level, message, partial FROM logs`, `ORDER BY id `+order+` LIMIT $%d`, q.Limit+1)
}

// Logs returns a page of the lines of a run, and the AfterID of the next page: 0 on the last one, and for a Tail. A run
// that has no lines has an empty page, whether it is recorded or not.
func (s *Store) Logs(ctx context.Context, q LogQuery) (lines []LogLine, next int64, err error) {
	if err := q.validate(); err != nil {
		return nil, 0, fmt.Errorf("store: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	query, args := q.sql(s.dialect)
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("store: read the log of %q: %w", q.RunUID, err)
	}
	defer rows.Close()
	more := false
	for bytes := 0; rows.Next(); {
		if more = len(lines) == q.Limit || bytes > maxPageBytes; more {
			break
		}
		line := LogLine{RunUID: q.RunUID}
		var at int64
		if err := rows.Scan(&line.ID, &line.Source, &line.Seq, &at, &line.Level, &line.Message, &line.Partial); err != nil {
			return nil, 0, fmt.Errorf("store: read the log of %q: %w", q.RunUID, err)
		}
		line.At = time.UnixMicro(at).UTC()
		lines = append(lines, line)
		bytes += len(line.Message)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("store: read the log of %q: %w", q.RunUID, err)
	}
	switch {
	case q.Tail:
		slices.Reverse(lines)
	case more:
		next = lines[len(lines)-1].ID
	}
	return lines, next, nil
}

// TailLines returns the last n lines of a run, 1 to MaxLogLimit.
func (s *Store) TailLines(ctx context.Context, runUID string, n int) ([]LogLine, error) {
	lines, _, err := s.Logs(ctx, LogQuery{RunUID: runUID, Limit: n, Tail: true})
	return lines, err
}

// LogReader reads a page of lines, and says after which line the next one begins: Store.Logs, or what measures it.
type LogReader func(ctx context.Context, q LogQuery) (lines []LogLine, next int64, err error)

// Export returns all lines that a query asks for, whatever its Limit.
func (s *Store) Export(ctx context.Context, q LogQuery) iter.Seq2[LogLine, error] {
	return Export(ctx, s.Logs, q)
}

// Export returns all lines that a query asks for, whatever its Limit. It reads page by page: a slow reader holds neither a
// connection nor a transaction, and never more than one page is in memory. After an error it ends.
func Export(ctx context.Context, read LogReader, q LogQuery) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		q.Limit, q.Tail = MaxLogLimit, false
		for {
			lines, next, err := read(ctx, q)
			if err != nil {
				yield(LogLine{}, err)
				return
			}
			for _, line := range lines {
				if !yield(line, nil) {
					return
				}
			}
			if next == 0 {
				return
			}
			q.AfterID = next
		}
	}
}

// LastSeq returns the highest number of the lines of a run and source that was ever stored, 0 when none was.
func (s *Store) LastSeq(ctx context.Context, runUID string, source Source) (seq int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = s.db.QueryRowContext(ctx, `SELECT CASE WHEN $2 = '`+string(SourceSystem)+`' THEN system_seq ELSE subprocess_seq END
		FROM run_logs WHERE run_uid = $1`, runUID, string(source)).Scan(&seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("store: last number of %q: %w", runUID, err)
	}
	return seq, nil
}
