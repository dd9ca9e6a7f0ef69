package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// logChannel is where PostgreSQL tells of new lines: the payload is the uid of the run.
	logChannel = "preview_operator_logs"
	// sqlitePoll is how often one connection of a process that follows logs asks whether another one has written: it takes
	// microseconds, and reads no page.
	sqlitePoll = 10 * time.Millisecond
	// postgresPoll is how often followed logs are looked at, should notifications not arrive: while the connection that
	// listens is made anew, or for good behind a pooler that does not pass them on.
	postgresPoll = 250 * time.Millisecond
	// watchRetry is the pause after the database could not be watched.
	watchRetry = time.Second
)

// ErrClosed: the store was closed.
var ErrClosed = errors.New("the store is closed")

// watcher wakes the followers of a process. It runs from the first Follow until the store is closed, and asks the database
// nothing while nobody follows.
type watcher struct {
	mu        sync.Mutex
	followers map[string]map[*Follower]struct{}
	// joined is signalled when somebody follows.
	joined  chan struct{}
	started bool
	// ctx ends when the store is closed.
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newWatcher() *watcher {
	ctx, cancel := context.WithCancel(context.Background())
	return &watcher{followers: map[string]map[*Follower]struct{}{}, joined: make(chan struct{}, 1), ctx: ctx, cancel: cancel}
}

func (w *watcher) close() {
	w.mu.Lock()
	w.started = true // nothing is started any more
	w.mu.Unlock()
	w.cancel()
	w.done.Wait()
}

func (w *watcher) add(f *Follower, run func(context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.followers[f.runUID] == nil {
		w.followers[f.runUID] = map[*Follower]struct{}{}
	}
	w.followers[f.runUID][f] = struct{}{}
	signal(w.joined)
	if !w.started {
		w.started = true
		w.done.Go(func() { run(w.ctx) })
	}
}

func (w *watcher) remove(f *Follower) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.followers[f.runUID], f)
	if len(w.followers[f.runUID]) == 0 {
		delete(w.followers, f.runUID)
	}
}

// followed returns the runs that somebody follows.
func (w *watcher) followed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.followers))
}

// wake wakes the followers of runs.
func (w *watcher) wake(uids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, uid := range uids {
		for f := range w.followers[uid] {
			signal(f.changed)
		}
	}
}

// wakeBehind wakes the followers of a run that have not read its last line yet.
func (w *watcher) wakeBehind(uid string, lastID int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for f := range w.followers[uid] {
		if f.after.Load() < lastID {
			signal(f.changed)
		}
	}
}

func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// check looks at all followed logs with one query, and wakes who is behind or at the end of a log that is complete.
func (s *Store) check(ctx context.Context) error {
	uids := s.watch.followed()
	if len(uids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	condition, list, err := s.dialect.among(uids)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx,
		`SELECT run_uid, CASE WHEN complete OR removed_at IS NOT NULL THEN 9223372036854775807 ELSE last_id END FROM run_logs
		 WHERE run_uid `+condition, list)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var uid string
		var lastID int64
		if err := rows.Scan(&uid, &lastID); err != nil {
			return err
		}
		s.watch.wakeBehind(uid, lastID)
	}
	return rows.Err()
}

// Follower reads the lines of a run as they are stored. One goroutine at a time calls Next.
type Follower struct {
	store  *Store
	runUID string
	logs   LogReader
	// after is the ID of the line that was returned last.
	after   atomic.Int64
	changed chan struct{}
}

// Follow returns a follower that begins after a line, at the first one for 0. It must be closed.
func (s *Store) Follow(runUID string, afterID int64) *Follower {
	f := &Follower{store: s, runUID: runUID, logs: s.Logs, changed: make(chan struct{}, 1)}
	f.after.Store(afterID)
	s.watch.add(f, func(ctx context.Context) { s.dialect.watch(ctx, s) })
	return f
}

// ReadBy has a follower that nobody uses yet read its pages in another way, and returns it.
func (f *Follower) ReadBy(logs LogReader) *Follower {
	f.logs = logs
	return f
}

// Close ends the follower.
func (f *Follower) Close() { f.store.watch.remove(f) }

// Next waits for lines and returns at most MaxLogLimit of them. It fails with io.EOF when the log is complete and all of
// it was returned, with ErrClosed when the store is closed, and with the error of ctx. After another error, of the
// database, it may be called again.
func (f *Follower) Next(ctx context.Context) ([]LogLine, error) {
	for {
		lines, err := f.read(ctx)
		if err != nil || len(lines) > 0 {
			return lines, err
		}
		select {
		case <-f.changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.store.watch.ctx.Done():
			return nil, fmt.Errorf("store: %w", ErrClosed)
		}
	}
}

// read returns what there is. Whether the log ends is asked before it is looked for once more: lines that were stored
// before it was complete are never left out.
func (f *Follower) read(ctx context.Context) ([]LogLine, error) {
	if f.store.watch.ctx.Err() != nil {
		return nil, fmt.Errorf("store: %w", ErrClosed)
	}
	query := LogQuery{RunUID: f.runUID, AfterID: f.after.Load(), Limit: MaxLogLimit}
	lines, _, err := f.logs(ctx, query)
	if err == nil && len(lines) == 0 {
		var ended bool
		if ended, err = f.store.logEnded(ctx, f.runUID); err != nil || !ended {
			return nil, err
		}
		if lines, _, err = f.logs(ctx, query); err == nil && len(lines) == 0 {
			err = io.EOF
		}
	}
	if len(lines) > 0 {
		f.after.Store(lines[len(lines)-1].ID)
	}
	return lines, err
}

// logEnded reports whether a log grows no more.
func (s *Store) logEnded(ctx context.Context, runUID string) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = s.db.QueryRowContext(ctx,
		`SELECT count(*) > 0 FROM run_logs WHERE run_uid = $1 AND (complete OR removed_at IS NOT NULL)`, runUID).Scan(&ended)
	if err != nil {
		return false, fmt.Errorf("store: state of the log of %q: %w", runUID, err)
	}
	return ended, nil
}
