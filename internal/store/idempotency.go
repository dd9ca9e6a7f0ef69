package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// IdempotencyLease is how long a request may be served before another one with its key takes over, so that a
	// gateway that crashed does not block the key.
	IdempotencyLease = time.Minute
	// MaxIdempotencyKeys bounds the keys of one user; the oldest that are not being served go first.
	MaxIdempotencyKeys = 1000
	// MaxIdempotencyKeyBytes bounds a key.
	MaxIdempotencyKeyBytes = 255
	// MaxIdempotencyBody bounds a remembered body, in bytes.
	MaxIdempotencyBody = 16 << 10

	maxUserIDBytes        = 128
	maxRequestDigestBytes = 128
)

var (
	// ErrTooManyKeys: MaxIdempotencyKeys requests of the user are being served.
	ErrTooManyKeys = errors.New("too many requests with an idempotency key are being served")
	// ErrLeaseLost: the request took longer than IdempotencyLease, and another one has taken its key over.
	ErrLeaseLost = errors.New("another request has taken the idempotency key over")
)

// IdempotencyOutcome is what is known of a request.
type IdempotencyOutcome int

const (
	// IdempotencyFresh: the caller serves the request, and ends it with Complete or Abandon.
	IdempotencyFresh IdempotencyOutcome = iota + 1
	// IdempotencyInProgress: another request with the key is being served.
	IdempotencyInProgress
	// IdempotencyReplay: the request was answered; the caller answers the same.
	IdempotencyReplay
	// IdempotencyMismatch: the key belongs to another request.
	IdempotencyMismatch
)

// Lease is the right to end a request. The zero Lease ends none.
type Lease struct {
	userID, key string
	until       int64
}

// IdempotencyResult is what Begin has found.
type IdempotencyResult struct {
	Outcome IdempotencyOutcome
	// Lease is set when the request is fresh.
	Lease Lease
	// RetryAfter is set when the key is in progress: by then it is answered or free to take over.
	RetryAfter time.Duration
	// Status and Body are what Complete has stored; set for a replay.
	Status int
	Body   []byte
}

// Idempotency remembers, by user and key, which requests were served and how they were answered. A body is opaque bytes
// that the caller makes its answer from. It must not hold a secret: of a launch it tells which instance it was, and the
// session token is issued anew.
type Idempotency struct{ s *Store }

// Idempotency returns the records of this store.
func (s *Store) Idempotency() *Idempotency { return &Idempotency{s} }

// Begin looks a key up and, unless it is taken, takes it for this request. The digest tells requests apart. The key is
// free again after ttl, at the earliest after IdempotencyLease. Of concurrent calls for one key one is fresh. It fails
// with ErrTooManyKeys.
func (i *Idempotency) Begin(ctx context.Context, userID, key, requestDigest string, now time.Time, ttl time.Duration) (IdempotencyResult, error) {
	for _, field := range []struct {
		name, value string
		most        int
	}{{"user id", userID, maxUserIDBytes}, {"key", key, MaxIdempotencyKeyBytes}, {"request digest", requestDigest, maxRequestDigestBytes}} {
		if len(field.value) < 1 || len(field.value) > field.most {
			return IdempotencyResult{}, fmt.Errorf("store: idempotency: the %s has 1 to %d bytes, not %d", field.name, field.most, len(field.value))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	lease := Lease{userID: userID, key: key, until: now.Add(IdempotencyLease).UnixMicro()}
	var result IdempotencyResult
	err := i.s.inTransaction(ctx, func(tx *sql.Tx) error {
		if err := i.dropExpiredKeys(ctx, tx, now); err != nil {
			return err
		}
		taken, err := take(ctx, tx, lease, requestDigest, now, now.Add(max(ttl, IdempotencyLease)))
		if err != nil {
			return err
		}
		if !taken {
			result, err = look(ctx, tx, userID, key, requestDigest, now)
			return err
		}
		result = IdempotencyResult{Outcome: IdempotencyFresh, Lease: lease}
		return i.trimKeys(ctx, tx, userID, now)
	})
	if err != nil {
		return IdempotencyResult{}, fmt.Errorf("store: begin an idempotent request: %w", err)
	}
	return result, nil
}

// take inserts the row of a key, or takes over one that has expired or whose server is late. It decides in the
// statement that writes, so that at no transaction level two requests both take it.
func take(ctx context.Context, tx *sql.Tx, lease Lease, digest string, now, expires time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx,
		`INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, begun_at, lease_until, expires_at, status, body)
		 VALUES ($1, $2, $3, $4, $5, $6, 0, $7)
		 ON CONFLICT (user_id, idempotency_key) DO UPDATE SET request_digest = excluded.request_digest,
		   begun_at = excluded.begun_at, lease_until = excluded.lease_until, expires_at = excluded.expires_at,
		   status = excluded.status, body = excluded.body
		 WHERE idempotency_keys.expires_at <= excluded.begun_at
		   OR idempotency_keys.status = 0 AND idempotency_keys.lease_until <= excluded.begun_at
		     AND idempotency_keys.request_digest = excluded.request_digest`,
		lease.userID, lease.key, digest, now.UnixMicro(), lease.until, expires.UnixMicro(), []byte{})
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

// look reads the row of a key that is taken.
func look(ctx context.Context, tx *sql.Tx, userID, key, digest string, now time.Time) (IdempotencyResult, error) {
	var stored string
	var leaseUntil int64
	var result IdempotencyResult
	err := tx.QueryRowContext(ctx,
		`SELECT request_digest, lease_until, status, body FROM idempotency_keys WHERE user_id = $1 AND idempotency_key = $2`,
		userID, key).Scan(&stored, &leaseUntil, &result.Status, &result.Body)
	switch {
	case err != nil:
		return IdempotencyResult{}, err
	case stored != digest:
		return IdempotencyResult{Outcome: IdempotencyMismatch}, nil
	case result.Status == 0:
		return IdempotencyResult{Outcome: IdempotencyInProgress, RetryAfter: time.UnixMicro(leaseUntil).Sub(now)}, nil
	}
	result.Outcome = IdempotencyReplay
	return result, nil
}

// dropExpiredKeys deletes a batch of the keys of all users that have expired.
func (i *Idempotency) dropExpiredKeys(ctx context.Context, tx *sql.Tx, now time.Time) error {
	_, err := tx.ExecContext(ctx,
		`DELETE FROM idempotency_keys WHERE (user_id, idempotency_key) IN (
		   SELECT user_id, idempotency_key FROM idempotency_keys WHERE expires_at <= $1
		   ORDER BY expires_at, user_id, idempotency_key LIMIT $2`+i.s.dialect.skipLocked()+`)`,
		now.UnixMicro(), expiredBatch)
	return err
}

// trimKeys keeps a user within MaxIdempotencyKeys. Concurrent requests of a user count one after the other: each has to
// make place for one more.
func (i *Idempotency) trimKeys(ctx context.Context, tx *sql.Tx, userID string, now time.Time) error {
	if err := i.s.dialect.oneAtATime(ctx, tx, "idempotency keys of "+userID); err != nil {
		return err
	}
	var keys int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM idempotency_keys WHERE user_id = $1`, userID).Scan(&keys); err != nil {
		return err
	}
	excess := keys - MaxIdempotencyKeys
	if excess <= 0 {
		return nil
	}
	result, err := tx.ExecContext(ctx,
		`DELETE FROM idempotency_keys WHERE user_id = $1 AND idempotency_key IN (
		   SELECT idempotency_key FROM idempotency_keys WHERE user_id = $1 AND (status <> 0 OR lease_until <= $2)
		   ORDER BY begun_at, idempotency_key LIMIT $3)`,
		userID, now.UnixMicro(), excess)
	if err != nil {
		return err
	}
	deleted, err := result.RowsAffected()
	if err == nil && deleted < excess {
		err = fmt.Errorf("%w, at most %d of a user", ErrTooManyKeys, MaxIdempotencyKeys)
	}
	return err
}

// Complete remembers the answer to a fresh request. What a retry may change, 429 and 5xx, cannot be remembered: see
// Abandon. It fails with ErrLeaseLost; the answer of the request that took over is the one that counts then.
func (i *Idempotency) Complete(ctx context.Context, lease Lease, status int, body []byte) error {
	if status < 200 || status > 499 || status == http.StatusTooManyRequests {
		return fmt.Errorf("store: an answer with status %d is not remembered, only 200 to 499 but 429", status)
	}
	if len(body) > MaxIdempotencyBody {
		return fmt.Errorf("store: the body of a remembered answer has at most %d bytes, not %d", MaxIdempotencyBody, len(body))
	}
	if body == nil {
		body = []byte{}
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	result, err := i.s.db.ExecContext(ctx,
		`UPDATE idempotency_keys SET status = $1, body = $2
		 WHERE user_id = $3 AND idempotency_key = $4 AND lease_until = $5 AND status = 0`,
		status, body, lease.userID, lease.key, lease.until)
	if err != nil {
		return fmt.Errorf("store: complete an idempotent request: %w", err)
	}
	updated, err := result.RowsAffected()
	if err == nil && updated == 0 {
		err = ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("store: complete an idempotent request: %w", err)
	}
	return nil
}

// Abandon frees the key of a fresh request whose answer is not to be remembered, so that a retry is served anew. It
// does nothing when the request was completed or another one has taken the key over.
func (i *Idempotency) Abandon(ctx context.Context, lease Lease) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	_, err := i.s.db.ExecContext(ctx,
		`DELETE FROM idempotency_keys WHERE user_id = $1 AND idempotency_key = $2 AND lease_until = $3 AND status = 0`,
		lease.userID, lease.key, lease.until)
	if err != nil {
		return fmt.Errorf("store: abandon an idempotent request: %w", err)
	}
	return nil
}
