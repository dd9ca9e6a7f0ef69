package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxRunDetails bounds the details of a run, in bytes.
	MaxRunDetails = 16 << 10
	// MaxFailureMessage bounds the message of a failure, in bytes.
	MaxFailureMessage = 4096
)

// ErrRunNotFound: there is no record of that run.
var ErrRunNotFound = errors.New("run not found")

// RunUID names a run: an instance that is started again after it had stopped runs in another pod, whose log begins anew.
// The first run has the instance's own UID.
func RunUID(instanceUID string, restarts int32) string {
	if restarts == 0 {
		return instanceUID
	}
	return instanceUID + "." + strconv.Itoa(int(restarts))
}

// Run is what is known of one run of an instance.
type Run struct {
	// UID is the RunUID, of at most 128 bytes.
	UID         string
	InstanceUID string
	Name        string
	Namespace   string
	// GenerationID, UserID and ProjectID are empty when the instance has none.
	GenerationID string
	UserID       string
	ProjectID    string
	Version      string
	Runtime      string
	Phase        string
	Reason       string
	// Failure says why the run ended other than as asked, nil when it did not.
	Failure *RunFailure
	// Port is 0 while there is none.
	Port     int32
	Node     string
	Restarts int32
	// CreatedAt is when the run was asked for: that of the instance, or when it was started again.
	CreatedAt time.Time
	StartedAt *time.Time
	// StoppedAt is when the run ended, in whichever way; nil while it is active. The log of an active run is never removed.
	StoppedAt *time.Time
	// Details are more facts, opaque to the store: at most MaxRunDetails.
	Details string
	// Revision orders the facts: the resource version of the instance that they were taken from, at least 1.
	Revision int64
	// UpdatedAt is when the facts were taken; the store's clock when zero. It orders those of one revision.
	UpdatedAt time.Time
	// Log is what AppendLogs, PutLogState and Retain have written; PutRun leaves it alone.
	Log RunLog
}

// RunFailure says why a run failed.
type RunFailure struct {
	Reason string
	// Message quotes the application and is not to be trusted.
	Message  string
	ExitCode *int32
	At       time.Time
}

// RunLog is what is known of the log of a run.
type RunLog struct {
	LogState
	// Lines of the application and SystemLines of the manager were stored in all, also when they have been removed since.
	Lines       int64
	SystemLines int64
	// Bytes is the space that the log takes, about.
	Bytes int64
	// RemovedAt is when Retain began to remove the log, nil when it did not.
	RemovedAt *time.Time
}

const (
	runColumns = `uid, instance_uid, name, namespace, generation_id, user_id, project_id, version, runtime, phase, reason,
		failure_reason, failure_message, exit_code, failed_at, port, node, restarts, created_at, started_at, stopped_at, details,
		revision, updated_at`
	// keyColumns and orderColumns of runs are no facts.
	keyColumns, orderColumns = 1, 2
	selectRuns               = `SELECT ` + runColumns + `, coalesce(lines, 0), coalesce(system_lines, 0), coalesce(bytes, 0),
		coalesce(complete, FALSE), missing_from, lines_missing, removed_at
		FROM runs LEFT JOIN run_logs ON run_uid = uid`
)

// putRun decides in the statement that writes which facts are the later ones. Facts that are known already are not
// written again: a manager that starts puts every run there is.
var putRun = func() string {
	columns := strings.Split(runColumns, ",")
	var values, sets, old, excluded []string
	for i, column := range columns {
		column = strings.TrimSpace(column)
		values = append(values, "$"+strconv.Itoa(i+1))
		if i < keyColumns {
			continue
		}
		sets = append(sets, column+" = excluded."+column)
		if i < len(columns)-orderColumns {
			old, excluded = append(old, "runs."+column), append(excluded, "excluded."+column)
		}
	}
	return `INSERT INTO runs (` + runColumns + `) VALUES (` + strings.Join(values, ", ") + `)
		ON CONFLICT (uid) DO UPDATE SET ` + strings.Join(sets, ", ") + `
		WHERE runs.revision < excluded.revision OR runs.revision = excluded.revision AND runs.updated_at <= excluded.updated_at
		  AND (` + strings.Join(old, ", ") + `) IS DISTINCT FROM (` + strings.Join(excluded, ", ") + `)`
}()

// PutRun records a run, or the later facts about one, and reports whether it has written them: not when they are known,
// and not when later ones are.
func (s *Store) PutRun(ctx context.Context, run Run) (written bool, err error) {
	if err := run.validate(); err != nil {
		return false, fmt.Errorf("store: run %q: %w", run.UID, err)
	}
	if run.UpdatedAt.IsZero() {
		run.UpdatedAt = s.now()
	}
	failure := run.Failure
	failedAt := sql.NullInt64{}
	if failure == nil {
		failure = &RunFailure{}
	} else {
		failedAt = sql.NullInt64{Int64: failure.At.UnixMicro(), Valid: true}
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	result, err := s.db.ExecContext(ctx, putRun,
		run.UID, run.InstanceUID, run.Name, run.Namespace, run.GenerationID, run.UserID, run.ProjectID, run.Version, run.Runtime,
		run.Phase, run.Reason, failure.Reason, cleanText(failure.Message), failure.ExitCode, failedAt, run.Port, run.Node,
		run.Restarts, run.CreatedAt.UnixMicro(), nullTime(run.StartedAt), nullTime(run.StoppedAt), cleanText(run.Details),
		run.Revision, run.UpdatedAt.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("store: record run %q: %w", run.UID, err)
	}
	rows, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("store: record run %q: %w", run.UID, err)
	}
	return rows == 1, nil
}

func (r *Run) validate() error {
	failure := RunFailure{}
	if r.Failure != nil {
		failure = *r.Failure
	}
	for _, field := range []struct {
		name, value string
		least, most int
	}{
		{"uid", r.UID, 1, 128}, {"instance uid", r.InstanceUID, 0, 128}, {"name", r.Name, 0, 253}, {"namespace", r.Namespace, 0, 63},
		{"generation id", r.GenerationID, 0, 128}, {"user id", r.UserID, 0, 128}, {"project id", r.ProjectID, 0, 128},
		{"version", r.Version, 0, 128}, {"runtime", r.Runtime, 0, 253}, {"phase", r.Phase, 0, 64}, {"reason", r.Reason, 0, 64},
		{"failure reason", failure.Reason, 0, 64}, {"failure message", failure.Message, 0, MaxFailureMessage},
		{"node", r.Node, 0, 253}, {"details", r.Details, 0, MaxRunDetails},
	} {
		if len(field.value) < field.least || len(field.value) > field.most {
			return fmt.Errorf("the %s has %d to %d bytes, not %d", field.name, field.least, field.most, len(field.value))
		}
	}
	if r.Revision < 1 {
		return fmt.Errorf("the revision is at least 1, not %d", r.Revision)
	}
	return nil
}

// Run returns the record of a run. It fails with ErrRunNotFound.
func (s *Store) Run(ctx context.Context, uid string) (Run, error) {
	runs, err := s.runs(ctx, selectRuns+` WHERE uid = $1`, uid)
	if err != nil {
		return Run{}, err
	}
	if len(runs) == 0 {
		return Run{}, fmt.Errorf("store: run %q: %w", uid, ErrRunNotFound)
	}
	return runs[0], nil
}

// RunCursor is the place after one run of a listing.
type RunCursor struct {
	// CreatedAt counts in microseconds, as the store keeps it.
	CreatedAt time.Time
	UID       string
}

// String is the form in which clients hold a cursor. It tells nothing but what the listing has shown already.
func (c RunCursor) String() string { return encodeCursor(c.CreatedAt, c.UID) }

// ParseRunCursor reads what String wrote.
func ParseRunCursor(text string) (RunCursor, error) {
	at, uid, err := decodeCursor(text)
	return RunCursor{CreatedAt: at, UID: uid}, err
}

// RunQuery says which runs are listed. Conditions that are left empty do not restrict it.
type RunQuery struct {
	GenerationID string
	UserID       string
	// After is where the page begins, nil for the first one.
	After *RunCursor
	// Limit is the most that is returned, 1 to MaxListLimit.
	Limit int
}

// Runs returns a page of runs, the newest first, and where the next page begins: nil on the last one.
func (s *Store) Runs(ctx context.Context, q RunQuery) (page []Run, next *RunCursor, err error) {
	if q.Limit < 1 || q.Limit > MaxListLimit {
		return nil, nil, fmt.Errorf("store: the limit of a listing is 1 to %d, not %d", MaxListLimit, q.Limit)
	}
	var where conditions
	if q.GenerationID != "" {
		where.add("generation_id = $%d", q.GenerationID)
	}
	if q.UserID != "" {
		where.add("user_id = $%d", q.UserID)
	}
	if q.After != nil {
		where.add("created_at <= $%[1]d AND (created_at < $%[1]d OR uid > $%[2]d)", q.After.CreatedAt.UnixMicro(), q.After.UID)
	}
	query, args := where.query(selectRuns, `ORDER BY created_at DESC, uid LIMIT $%d`, q.Limit+1)
	page, err = s.runs(ctx, query, args...)
	if err == nil && len(page) > q.Limit {
		page = page[:q.Limit]
		next = &RunCursor{CreatedAt: page[q.Limit-1].CreatedAt, UID: page[q.Limit-1].UID}
	}
	return page, next, err
}

// ActiveRuns returns runs that have not ended, at most MaxListLimit of them, in the order of their UIDs from the one that
// follows after. It reads through all records, and is not for every minute.
func (s *Store) ActiveRuns(ctx context.Context, after string) ([]Run, error) {
	return s.runs(ctx, selectRuns+` WHERE stopped_at IS NULL AND uid > $1 ORDER BY uid LIMIT $2`, after, MaxListLimit)
}

func (s *Store) runs(ctx context.Context, query string, args ...any) (runs []Run, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read runs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		run, err := scanRun(rows)
		if err != nil {
			return nil, fmt.Errorf("store: read runs: %w", err)
		}
		runs = append(runs, run)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read runs: %w", err)
	}
	return runs, nil
}

func scanRun(rows *sql.Rows) (Run, error) {
	var r Run
	var failure RunFailure
	var created, updated int64
	var exitCode, failed, started, stopped, missingFrom, linesMissing, removed sql.NullInt64
	err := rows.Scan(&r.UID, &r.InstanceUID, &r.Name, &r.Namespace, &r.GenerationID, &r.UserID, &r.ProjectID, &r.Version, &r.Runtime,
		&r.Phase, &r.Reason, &failure.Reason, &failure.Message, &exitCode, &failed, &r.Port, &r.Node, &r.Restarts,
		&created, &started, &stopped, &r.Details, &r.Revision, &updated,
		&r.Log.Lines, &r.Log.SystemLines, &r.Log.Bytes, &r.Log.Complete, &missingFrom, &linesMissing, &removed)
	if err != nil {
		return Run{}, err
	}
	if failed.Valid {
		failure.At = time.UnixMicro(failed.Int64).UTC()
		if exitCode.Valid {
			code := int32(exitCode.Int64)
			failure.ExitCode = &code
		}
		r.Failure = &failure
	}
	r.CreatedAt, r.UpdatedAt = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
	r.StartedAt, r.StoppedAt = timeOf(started), timeOf(stopped)
	r.Log.MissingFrom, r.Log.RemovedAt = timeOf(missingFrom), timeOf(removed)
	if linesMissing.Valid {
		r.Log.LinesMissing = &linesMissing.Int64
	}
	return r, nil
}

func nullTime(at *time.Time) sql.NullInt64 {
	if at == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: at.UnixMicro(), Valid: true}
}

func timeOf(micros sql.NullInt64) *time.Time {
	if !micros.Valid {
		return nil
	}
	at := time.UnixMicro(micros.Int64).UTC()
	return &at
}

// cleanText makes hostile text storable: PostgreSQL takes neither NUL nor what is not UTF-8.
func cleanText(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
