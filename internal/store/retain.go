package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

const (
	// retainBatch is how many lines one transaction removes: others that write wait for milliseconds.
	retainBatch = 1000
	// retainLogs is how many logs are looked at with one query.
	retainLogs = 200
)

// Retained is what Retain has removed.
type Retained struct {
	Logs  int
	Lines int64
	Bytes int64
}

// Retain removes logs of runs that have ended: those that ended longer ago than maxAge and then, until the rest takes no
// more than maxBytes, those that ended longest ago. 0 is no bound. A log goes as a whole, its first lines first, in small
// batches; the record of the run stays, and says when. Logs of active runs are never removed. Those of runs that nobody has
// recorded go by the age of their last line. What was removed before an error stays removed.
func (s *Store) Retain(ctx context.Context, now time.Time, maxAge time.Duration, maxBytes int64) (Retained, error) {
	var removed Retained
	for {
		logs, total, err := s.endedLogs(ctx, now, maxAge)
		if err != nil {
			return removed, fmt.Errorf("store: find old logs: %w", err)
		}
		for _, log := range logs {
			if !log.begun && !log.old && (maxBytes <= 0 || total <= maxBytes) {
				return removed, nil
			}
			lines, bytes, err := s.removeLog(ctx, log.runUID, now)
			removed.Lines, removed.Bytes = removed.Lines+lines, removed.Bytes+bytes
			if err != nil {
				return removed, fmt.Errorf("store: remove the log of %q: %w", log.runUID, err)
			}
			total -= log.bytes
			removed.Logs++
		}
		if len(logs) < retainLogs {
			return removed, nil
		}
	}
}

type endedLog struct {
	runUID string
	bytes  int64
	// begun is set when an earlier call has removed a part of the log.
	begun bool
	// old is set when the run ended longer ago than the logs are kept.
	old bool
}

// endedLogs returns what may be removed, in the order in which it is to be, and the size of all logs.
func (s *Store) endedLogs(ctx context.Context, now time.Time, maxAge time.Duration) (logs []endedLog, total int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	oldest := int64(-1 << 62)
	if maxAge > 0 {
		oldest = now.Add(-maxAge).UnixMicro()
	}
	if err := s.db.QueryRowContext(ctx, `SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM run_logs WHERE bytes > 0`).Scan(&total); err != nil {
		return nil, 0, err
	}
	rows, err := s.db.QueryContext(ctx, endedLogsQuery, oldest, retainLogs)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var log endedLog
		var ended int64
		if err := rows.Scan(&log.runUID, &log.bytes, &log.begun, &ended); err != nil {
			return nil, 0, err
		}
		log.old = ended <= oldest
		logs = append(logs, log)
	}
	return logs, total, rows.Err()
}

const endedLogsQuery = `SELECT run_uid, bytes, removed_at IS NOT NULL AS begun, coalesce(stopped_at, appended_at) AS ended
	FROM run_logs LEFT JOIN runs ON uid = run_uid
	WHERE bytes > 0 AND (stopped_at IS NOT NULL OR uid IS NULL AND appended_at <= $1)
	ORDER BY begun DESC, ended, run_uid LIMIT $2`

func (s *Store) removeLog(ctx context.Context, runUID string, now time.Time) (lines, bytes int64, err error) {
	for {
		batchLines, batchBytes, err := s.removeBatch(ctx, runUID, now)
		if err != nil {
			return lines, bytes, err
		}
		lines, bytes = lines+batchLines, bytes+batchBytes
		if batchLines < retainBatch {
			s.watch.wake(runUID)
			return lines, bytes, nil
		}
	}
}

// removeBatch marks the log first, which also locks it: from the first line that goes on, nobody takes it for whole.
func (s *Store) removeBatch(ctx context.Context, runUID string, now time.Time) (lines, bytes int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE run_logs SET removed_at = coalesce(removed_at, $2) WHERE run_uid = $1`,
			runUID, now.UnixMicro()); err != nil {
			return err
		}
		lines, bytes, err = deleteLines(ctx, tx, runUID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE run_logs SET bytes = CASE WHEN $3 THEN 0 ELSE bytes - $2 END WHERE run_uid = $1`,
			runUID, bytes, lines < retainBatch)
		return err
	})
	return lines, bytes, err
}

func deleteLines(ctx context.Context, tx *sql.Tx, runUID string) (lines, bytes int64, err error) {
	rows, err := tx.QueryContext(ctx,
		`DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE run_uid = $1 ORDER BY id LIMIT $2) RETURNING octet_length(message)`,
		runUID, retainBatch)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var size int64
		if err := rows.Scan(&size); err != nil {
			return 0, 0, err
		}
		lines, bytes = lines+1, bytes+size+lineOverhead
	}
	return lines, bytes, rows.Err()
}
