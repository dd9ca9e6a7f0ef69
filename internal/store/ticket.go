package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

const (
	// MaxTicketIDBytes bounds the id of a ticket.
	MaxTicketIDBytes = 128
	// expiredBatch bounds what one call deletes of what has expired. Each call adds one row, so that what piled up is
	// worked off while calls come, and none of them takes long.
	expiredBatch = 100
	// clockSkew is how far the clocks of two gateways may be apart: for so long a used ticket is remembered after its
	// expiry, lest a gateway whose clock is behind takes it again.
	clockSkew = time.Minute
)

// BurnTicket uses a ticket up: of all calls with its id, in every process and for as long as it is valid, one is told
// that it is the first. The id has 1 to MaxTicketIDBytes bytes and need not be secret: whoever calls has checked the
// ticket's signature. A ticket that expired is never the first. After an error the ticket must be
// refused: it may have been used up.
func (s *Store) BurnTicket(ctx context.Context, id string, expires time.Time) (first bool, err error) {
	if len(id) < 1 || len(id) > MaxTicketIDBytes {
		return false, fmt.Errorf("store: the id of a ticket has 1 to %d bytes, not %d", MaxTicketIDBytes, len(id))
	}
	now := s.now()
	if !expires.After(now) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		// Before the insertion: two calls that each hold what the other one deletes would wait for each other.
		if err := s.dropTickets(ctx, tx, now.Add(-clockSkew)); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx,
			`INSERT INTO burnt_tickets (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, expires.UnixMicro())
		if err != nil {
			return err
		}
		inserted, err := result.RowsAffected()
		first = inserted == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store: burn a ticket: %w", err)
	}
	return first, nil
}

func (s *Store) dropTickets(ctx context.Context, tx *sql.Tx, before time.Time) error {
	_, err := tx.ExecContext(ctx,
		`DELETE FROM burnt_tickets WHERE id IN (
		   SELECT id FROM burnt_tickets WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2`+s.dialect.skipLocked()+`)`,
		before.UnixMicro(), expiredBatch)
	return err
}
