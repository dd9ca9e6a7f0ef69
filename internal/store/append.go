package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Source is where a line comes from.
type Source string

// The sources of lines.
const (
	// SourceSubprocess: the application has printed it.
	SourceSubprocess Source = "subprocess"
	// SourceSystem: the manager says what it did.
	SourceSystem Source = "system"
)

const (
	// MaxAppendLines bounds the lines of one call of AppendLogs.
	MaxAppendLines = 4096
	// MaxMessageBytes bounds the message of a line: the 16 KiB at which runners split lines, each byte of which may
	// have been replaced by a character of three.
	MaxMessageBytes = 48 << 10
	// maxLevelBytes bounds a level.
	maxLevelBytes = 16
	// lineOverhead is what a line takes beside its message, in bytes: the rest of its row, and its places in the indexes.
	lineOverhead = 160
)

// LogLine is one line of the log of a run, or a part of a long one.
type LogLine struct {
	// ID is the place of the line among those of its run, given by the store. It grows, with gaps.
	ID     int64
	RunUID string
	Source Source
	// Seq numbers the lines of a run and source from 1. Of two lines with one number the first that came is stored.
	Seq int64
	// At counts in microseconds, as the store keeps it.
	At    time.Time
	Level string
	// Message has no NUL and is UTF-8: other bytes become U+FFFD.
	Message string
	// Partial is set when the line goes on in the next one.
	Partial bool
}

// LogState is what is known of a log beside its lines.
type LogState struct {
	// Complete is set when no line comes any more.
	Complete bool
	// MissingFrom is when the first line that was lost was printed, about; nil when none was.
	MissingFrom *time.Time
	// LinesMissing is how many were lost in all; nil when MissingFrom is, or when nobody knows.
	LinesMissing *int64
}

// AppendLogs stores lines of any number of runs in one transaction and returns how many of them are new. Lines that are
// stored already are left alone, so that who does not know how a call has ended makes it again. Those of one run can be
// read in the order in which they are given, after all that are stored. Lines of a run whose log Retain has removed are not
// stored.
func (s *Store) AppendLogs(ctx context.Context, lines []LogLine) (added int, err error) {
	if len(lines) == 0 {
		return 0, nil
	}
	if len(lines) > MaxAppendLines {
		return 0, fmt.Errorf("store: at most %d lines are appended at once, not %d", MaxAppendLines, len(lines))
	}
	clean := slices.Clone(lines)
	runs := map[string]struct{}{}
	for i := range clean {
		clean[i].Message, clean[i].Level = cleanText(clean[i].Message), cleanText(clean[i].Level)
		if err := clean[i].validate(); err != nil {
			return 0, fmt.Errorf("store: line %d of %q: %w", clean[i].Seq, clean[i].RunUID, err)
		}
		runs[clean[i].RunUID] = struct{}{}
	}
	// Sorted: two calls that lock the same runs in different orders would wait for each other.
	uids := slices.Sorted(maps.Keys(runs))
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		removed, err := s.dialect.lockLogs(ctx, tx, uids, s.now().UnixMicro())
		if err != nil {
			return err
		}
		kept := clean
		if len(removed) > 0 {
			kept = slices.DeleteFunc(slices.Clone(clean), func(line LogLine) bool { return slices.Contains(removed, line.RunUID) })
		}
		added, err = s.dialect.insertLines(ctx, tx, kept)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store: append %d lines: %w", len(lines), err)
	}
	if added > 0 {
		s.watch.wake(uids...)
	}
	return added, nil
}

func (l *LogLine) validate() error {
	switch {
	case len(l.RunUID) < 1 || len(l.RunUID) > 128:
		return fmt.Errorf("the uid of the run has 1 to 128 bytes, not %d", len(l.RunUID))
	case l.Source != SourceSubprocess && l.Source != SourceSystem:
		return fmt.Errorf("the source is %s or %s, not %.20q", SourceSubprocess, SourceSystem, l.Source)
	case l.Seq < 1:
		return fmt.Errorf("the number is at least 1, not %d", l.Seq)
	case len(l.Level) > maxLevelBytes:
		return fmt.Errorf("the level has at most %d bytes, not %d", maxLevelBytes, len(l.Level))
	case len(l.Message) > MaxMessageBytes:
		return fmt.Errorf("the message has at most %d bytes, not %d", MaxMessageBytes, len(l.Message))
	}
	return nil
}

// tally is what lines add to the row of their log.
type tally struct {
	lines, systemLines, bytes, lastID, subprocessSeq, systemSeq int64
}

func (t *tally) add(id int64, line *LogLine) {
	t.lastID = max(t.lastID, id)
	t.bytes += int64(len(line.Message)) + lineOverhead
	if line.Source == SourceSystem {
		t.systemLines++
		t.systemSeq = max(t.systemSeq, line.Seq)
		return
	}
	t.lines++
	t.subprocessSeq = max(t.subprocessSeq, line.Seq)
}

// lockLogs makes rows of logs where there are none and locks them until the transaction ends; it returns the logs that were
// removed. In SQLite the transaction itself is the lock.
func (q *sqlite) lockLogs(ctx context.Context, tx *sql.Tx, uids []string, now int64) (removed []string, err error) {
	list, err := json.Marshal(uids)
	if err != nil {
		return nil, err
	}
	return queryStrings(ctx, tx,
		`INSERT INTO run_logs (run_uid, appended_at) SELECT value, $2 FROM json_each($1) WHERE TRUE
		 ON CONFLICT (run_uid) DO UPDATE SET appended_at = excluded.appended_at
		 RETURNING CASE WHEN removed_at IS NULL THEN '' ELSE run_uid END`, string(list), now)
}

func (p *postgres) lockLogs(ctx context.Context, tx *sql.Tx, uids []string, now int64) (removed []string, err error) {
	return queryStrings(ctx, tx,
		`INSERT INTO run_logs (run_uid, appended_at) SELECT uid, $2 FROM unnest($1::text[]) WITH ORDINALITY AS u (uid, n) ORDER BY n
		 ON CONFLICT (run_uid) DO UPDATE SET appended_at = excluded.appended_at
		 RETURNING CASE WHEN removed_at IS NULL THEN '' ELSE run_uid END`, uids, now)
}

// queryStrings returns the strings of a query's one column that are not empty.
func queryStrings(ctx context.Context, tx *sql.Tx, query string, args ...any) (texts []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts, rows.Err()
}

// insertLines stores lines of locked logs, and counts the new ones in their rows.
func (q *sqlite) insertLines(ctx context.Context, tx *sql.Tx, lines []LogLine) (added int, err error) {
	insert, err := tx.PrepareContext(ctx,
		`INSERT INTO logs (run_uid, source, seq, at, level, message, partial) VALUES ($1, $2, $3, $4, $5, $6, $7)
		 ON CONFLICT (run_uid, source, seq) DO NOTHING`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = insert.Close() }()
	tallies := map[string]*tally{}
	for i := range lines {
		line := &lines[i]
		result, err := insert.ExecContext(ctx, line.RunUID, string(line.Source), line.Seq, line.At.UnixMicro(), line.Level, line.Message, line.Partial)
		if err != nil {
			return 0, err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			if err != nil {
				return 0, err
			}
			continue
		}
		id, err := result.LastInsertId()
		if err != nil {
			return 0, err
		}
		if tallies[line.RunUID] == nil {
			tallies[line.RunUID] = &tally{}
		}
		tallies[line.RunUID].add(id, line)
		added++
	}
	for uid, t := range tallies {
		if _, err := tx.ExecContext(ctx,
			`UPDATE run_logs SET lines = lines + $2, system_lines = system_lines + $3, bytes = bytes + $4, last_id = max(last_id, $5),
			   subprocess_seq = max(subprocess_seq, $6), system_seq = max(system_seq, $7) WHERE run_uid = $1`,
			uid, t.lines, t.systemLines, t.bytes, t.lastID, t.subprocessSeq, t.systemSeq); err != nil {
			return 0, err
		}
	}
	return added, nil
}

// insertLines is one round trip, and tells the followers of other processes when the transaction commits.
func (p *postgres) insertLines(ctx context.Context, tx *sql.Tx, lines []LogLine) (added int, err error) {
	columns := struct {
		runs, sources, levels, messages []string
		seqs, ats                       []int64
		partials                        []bool
	}{}
	for i := range lines {
		line := &lines[i]
		columns.runs, columns.sources = append(columns.runs, line.RunUID), append(columns.sources, string(line.Source))
		columns.seqs, columns.ats = append(columns.seqs, line.Seq), append(columns.ats, line.At.UnixMicro())
		columns.levels, columns.messages = append(columns.levels, line.Level), append(columns.messages, line.Message)
		columns.partials = append(columns.partials, line.Partial)
	}
	rows, err := tx.QueryContext(ctx,
		`WITH inserted AS (
		   INSERT INTO logs (run_uid, source, seq, at, level, message, partial)
		   SELECT run_uid, source, seq, at, level, message, partial
		   FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::boolean[])
		     WITH ORDINALITY AS u (run_uid, source, seq, at, level, message, partial, n) ORDER BY n
		   ON CONFLICT (run_uid, source, seq) DO NOTHING
		   RETURNING id, run_uid, source = $9 AS system, seq, octet_length(message) + $8::bigint AS bytes),
		 counted AS (
		   SELECT run_uid, count(*) FILTER (WHERE NOT system) AS lines, count(*) FILTER (WHERE system) AS system_lines,
		     CAST(sum(bytes) AS BIGINT) AS bytes, max(id) AS last_id,
		     coalesce(max(seq) FILTER (WHERE NOT system), 0) AS subprocess_seq, coalesce(max(seq) FILTER (WHERE system), 0) AS system_seq
		   FROM inserted GROUP BY run_uid)
		 UPDATE run_logs SET lines = run_logs.lines + c.lines, system_lines = run_logs.system_lines + c.system_lines,
		   bytes = run_logs.bytes + c.bytes, last_id = greatest(run_logs.last_id, c.last_id),
		   subprocess_seq = greatest(run_logs.subprocess_seq, c.subprocess_seq), system_seq = greatest(run_logs.system_seq, c.system_seq)
		 FROM counted c WHERE run_logs.run_uid = c.run_uid
		 RETURNING c.lines + c.system_lines, CAST(pg_notify('`+logChannel+`', c.run_uid) AS TEXT)`,
		columns.runs, columns.sources, columns.seqs, columns.ats, columns.levels, columns.messages, columns.partials,
		lineOverhead, string(SourceSystem))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var ofRun int
		var void string
		if err := rows.Scan(&ofRun, &void); err != nil {
			return 0, err
		}
		added += ofRun
	}
	return added, rows.Err()
}

// PutLogState adds to what is known of a log: it is complete once anybody has said so, lines are missing from the earliest
// time that was given, and their number is the highest that was given, or unknown once it was given as unknown. So it may
// be called again, and from a state of things that is behind.
func (s *Store) PutLogState(ctx context.Context, runUID string, state LogState) error {
	if len(runUID) < 1 || len(runUID) > 128 {
		return fmt.Errorf("store: the uid of a run has 1 to 128 bytes, not %d", len(runUID))
	}
	if state.MissingFrom == nil && state.LinesMissing != nil {
		return fmt.Errorf("store: run %q: lines are missing, but not from when", runUID)
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err := s.inTransaction(ctx, func(tx *sql.Tx) error {
		if _, err := s.dialect.lockLogs(ctx, tx, []string{runUID}, s.now().UnixMicro()); err != nil {
			return err
		}
		var complete bool
		var from, number sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT complete, missing_from, lines_missing FROM run_logs WHERE run_uid = $1`, runUID).
			Scan(&complete, &from, &number); err != nil {
			return err
		}
		complete = complete || state.Complete
		if state.MissingFrom != nil {
			from, number = mergeMissing(from, number, state.MissingFrom.UnixMicro(), state.LinesMissing)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE run_logs SET complete = $2, missing_from = $3, lines_missing = $4 WHERE run_uid = $1`,
			runUID, complete, from, number); err != nil {
			return err
		}
		return s.dialect.notify(ctx, tx, runUID)
	})
	if err != nil {
		return fmt.Errorf("store: state of the log of %q: %w", runUID, err)
	}
	s.watch.wake(runUID)
	return nil
}

func mergeMissing(from, number sql.NullInt64, newFrom int64, newNumber *int64) (sql.NullInt64, sql.NullInt64) {
	known := newNumber != nil && (!from.Valid || number.Valid)
	if from.Valid {
		newFrom = min(from.Int64, newFrom)
	}
	if !known {
		return sql.NullInt64{Int64: newFrom, Valid: true}, sql.NullInt64{}
	}
	return sql.NullInt64{Int64: newFrom, Valid: true}, sql.NullInt64{Int64: max(number.Int64, *newNumber), Valid: true}
}
