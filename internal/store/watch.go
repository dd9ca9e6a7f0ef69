package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// closeTimeout bounds the farewell of a connection.
const closeTimeout = time.Second

// pause waits unless ctx ends, and reports whether it did not.
func pause(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}

// among is a condition on a column, with one value for the whole list.
func (q *sqlite) among(values []string) (condition string, list any, err error) {
	text, err := json.Marshal(values)
	return `IN (SELECT value FROM json_each($1))`, string(text), err
}

func (p *postgres) among(values []string) (condition string, list any, err error) {
	return `= ANY ($1::text[])`, values, nil
}

func (q *sqlite) like() string { return "LIKE" }

func (p *postgres) like() string { return "ILIKE" }

// notify does nothing: SQLite's own counter tells of the change.
func (q *sqlite) notify(context.Context, *sql.Tx, string) error { return nil }

func (p *postgres) notify(ctx context.Context, tx *sql.Tx, runUID string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, logChannel, runUID)
	return err
}

// watch checks the followed logs whenever another connection, of any process, has committed.
func (q *sqlite) watch(ctx context.Context, s *Store) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-s.watch.joined:
		}
		for len(s.watch.followed()) > 0 && q.poll(ctx, s) != nil {
			if !pause(ctx, watchRetry) {
				return
			}
		}
	}
}

// poll returns nil when nobody follows any more.
func (q *sqlite) poll(ctx context.Context, s *Store) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	version, err := conn.PrepareContext(ctx, `PRAGMA data_version`)
	if err != nil {
		return err
	}
	defer func() { _ = version.Close() }()
	tick := time.NewTicker(sqlitePoll)
	defer tick.Stop()
	last := int64(-1)
	for len(s.watch.followed()) > 0 {
		var now int64
		// Without a context that can end: the driver would start a goroutine for each call.
		if err := version.QueryRowContext(context.WithoutCancel(ctx)).Scan(&now); err != nil {
			return err
		}
		if now != last {
			last = now
			if err := s.check(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// watch listens for notifications, and looks at the followed logs now and then in case one does not arrive.
func (p *postgres) watch(ctx context.Context, s *Store) {
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() {
		for ctx.Err() == nil {
			// The poll goes on meanwhile, and the next attempt comes.
			_ = p.listen(ctx, s)
			pause(ctx, watchRetry)
		}
	})
	tick := time.NewTicker(p.poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// The next poll comes; followers see errors of their own.
			_ = s.check(ctx)
		}
	}
}

func (p *postgres) listen(ctx context.Context, s *Store) error {
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+p.channel); err != nil {
		return err
	}
	for {
		notification, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		s.watch.wake(notification.Payload)
	}
}
