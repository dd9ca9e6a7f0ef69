package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// retainRuns is how many records one transaction removes.
const retainRuns = 500

// RunRetention says which records of runs are kept.
type RunRetention struct {
	// MaxAge is how long they are kept after the end of the run, MaxRuns how many there may be before those of the runs that
	// ended longest ago go. 0 is no bound.
	MaxAge  time.Duration
	MaxRuns int64
	// Keep names runs that somebody would record again, by their UID; none when nil.
	Keep func(runUID string) bool
}

// RetainRuns removes records of runs that have ended, in small batches, and returns how many. A record stays as long as
// a line of its log does, so that MaxRuns may be exceeded until Retain has removed the log. What is known of logs that
// nobody has recorded a run of goes by the age of the last line. What was removed before an error stays removed.
func (s *Store) RetainRuns(ctx context.Context, now time.Time, keep RunRetention) (removed int64, err error) {
	oldest := int64(-1 << 62)
	if keep.MaxAge > 0 {
		oldest = now.Add(-keep.MaxAge).UnixMicro()
	}
	excess, err := s.excessRuns(ctx, keep.MaxRuns)
	if err != nil {
		return 0, fmt.Errorf("store: count runs: %w", err)
	}
	for after := (endedRun{stoppedAt: -1 << 62}); ; {
		runs, err := s.endedRuns(ctx, after)
		if err != nil {
			return removed, fmt.Errorf("store: find old runs: %w", err)
		}
		var uids []string
		more := len(runs) == retainRuns
		for _, run := range runs {
			if run.stoppedAt > oldest && removed+int64(len(uids)) >= excess {
				more = false
				break
			}
			if after = run; keep.Keep == nil || !keep.Keep(run.uid) {
				uids = append(uids, run.uid)
			}
		}
		gone, err := s.removeRuns(ctx, uids)
		removed += gone
		if err != nil {
			return removed, fmt.Errorf("store: remove %d runs: %w", len(uids), err)
		}
		if !more {
			break
		}
	}
	if err := s.removeUnknownLogs(ctx, oldest); err != nil {
		return removed, fmt.Errorf("store: remove what is known of old logs: %w", err)
	}
	return removed, nil
}

// excessRuns is how many records there are beyond a bound.
func (s *Store) excessRuns(ctx context.Context, most int64) (excess int64, err error) {
	if most <= 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM runs`).Scan(&excess)
	return excess - most, err
}

type endedRun struct {
	uid       string
	stoppedAt int64
}

const endedRunsQuery = `SELECT uid, stopped_at FROM runs LEFT JOIN run_logs ON run_uid = uid
	WHERE stopped_at IS NOT NULL AND stopped_at >= $1 AND (stopped_at > $1 OR uid > $2) AND coalesce(bytes, 0) = 0
	ORDER BY stopped_at, uid LIMIT $3`

// endedRuns returns those whose logs are gone, from the one that ended first after another.
func (s *Store) endedRuns(ctx context.Context, after endedRun) (runs []endedRun, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, endedRunsQuery, after.stoppedAt, after.uid, retainRuns)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var run endedRun
		if err := rows.Scan(&run.uid, &run.stoppedAt); err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, rows.Err()
}

// removeRuns leaves those alone to whose logs lines came in the meantime, that run again, or that another process removes.
func (s *Store) removeRuns(ctx context.Context, uids []string) (removed int64, err error) {
	if len(uids) == 0 {
		return 0, nil
	}
	among, list, err := s.dialect.among(uids)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM run_logs WHERE run_uid IN (
			SELECT run_uid FROM run_logs WHERE run_uid `+among+` AND bytes = 0`+s.dialect.skipLocked()+`)`, list); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE uid IN (
			SELECT uid FROM runs WHERE uid `+among+` AND stopped_at IS NOT NULL
			  AND NOT EXISTS (SELECT 1 FROM run_logs WHERE run_uid = uid)`+s.dialect.skipLocked()+`)`, list)
		if err != nil {
			return err
		}
		removed, err = result.RowsAffected()
		return err
	})
	return removed, err
}

// removeUnknownLogs removes what is left of logs without a record that Retain has removed.
func (s *Store) removeUnknownLogs(ctx context.Context, oldest int64) error {
	for {
		removed, err := s.removeUnknownBatch(ctx, oldest)
		if err != nil || removed < retainRuns {
			return err
		}
	}
}

func (s *Store) removeUnknownBatch(ctx context.Context, oldest int64) (removed int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	result, err := s.db.ExecContext(ctx, `DELETE FROM run_logs WHERE run_uid IN (
		SELECT run_uid FROM run_logs WHERE bytes = 0 AND appended_at <= $1
		  AND NOT EXISTS (SELECT 1 FROM runs WHERE uid = run_uid) LIMIT $2`+s.dialect.skipLocked()+`)`, oldest, retainRuns)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
