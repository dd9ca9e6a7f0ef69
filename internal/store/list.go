package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxListLimit bounds a page of a listing.
const MaxListLimit = 200

// maxCursorBytes bounds the text of a ListCursor: 20 digits and an id of 128 characters of up to 4 bytes, in base64.
const maxCursorBytes = 720

// ListCursor is the place after one generation of a listing. It stays valid whatever is stored or deleted meanwhile.
type ListCursor struct {
	// UpdatedAt counts in microseconds, as the store keeps it.
	UpdatedAt time.Time
	ID        string
}

// String is the form in which clients hold a cursor. It tells nothing but what the listing has shown already.
func (c ListCursor) String() string { return encodeCursor(c.UpdatedAt, c.ID) }

// ParseListCursor reads what String wrote.
func ParseListCursor(text string) (ListCursor, error) {
	at, id, err := decodeCursor(text)
	return ListCursor{UpdatedAt: at, ID: id}, err
}

func encodeCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + " " + id))
}

func decodeCursor(text string) (at time.Time, id string, err error) {
	malformed := errors.New("a cursor must be one that a listing has returned")
	if len(text) > maxCursorBytes {
		return time.Time{}, "", malformed
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return time.Time{}, "", malformed
	}
	digits, id, found := strings.Cut(string(plain), " ")
	micros, err := strconv.ParseInt(digits, 10, 64)
	// PostgreSQL refuses text that is not UTF-8 or holds NUL.
	if !found || err != nil || id == "" || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return time.Time{}, "", malformed
	}
	return time.UnixMicro(micros).UTC(), id, nil
}

// ListOptions say which generations are listed.
type ListOptions struct {
	// UserID of the owner; empty lists everybody's.
	UserID string
	// ProjectID of the generations; empty lists those of every project.
	ProjectID string
	// After is where the page begins, nil for the first one.
	After *ListCursor
	// Limit is the most that is returned, 1 to MaxListLimit.
	Limit int
}

// List returns a page of generations, the last replaced first, and where the next page begins: nil on the last one.
// Each generation that stays as it is appears once in the pages of a listing. One that is replaced meanwhile moves to
// the front, where the next listing finds it.
func (s *Store) List(ctx context.Context, opts ListOptions) (page []Meta, next *ListCursor, err error) {
	if opts.Limit < 1 || opts.Limit > MaxListLimit {
		return nil, nil, fmt.Errorf("store: the limit of a listing is 1 to %d, not %d", MaxListLimit, opts.Limit)
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	query, args := opts.query()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("store: list generations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		meta, err := scanMeta(rows)
		if err != nil {
			return nil, nil, fmt.Errorf("store: list generations: %w", err)
		}
		page = append(page, meta)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("store: list generations: %w", err)
	}
	if len(page) > opts.Limit {
		page = page[:opts.Limit]
		last := page[len(page)-1]
		next = &ListCursor{UpdatedAt: last.UpdatedAt, ID: last.ID}
	}
	return page, next, nil
}

// query asks for one row more than the page has: it tells whether there is a next page.
func (o *ListOptions) query() (query string, args []any) {
	var where conditions
	if o.UserID != "" {
		where.add("user_id = $%d", o.UserID)
	}
	if o.ProjectID != "" {
		where.add("project_id = $%d", o.ProjectID)
	}
	if o.After != nil {
		// In this form, rather than as two alternatives, the index finds where the page begins.
		where.add("updated_at <= $%[1]d AND (updated_at < $%[1]d OR id > $%[2]d)", o.After.UpdatedAt.UnixMicro(), o.After.ID)
	}
	return where.query(`SELECT id, user_id, project_id, version, files, bytes, created_at, updated_at FROM generations`,
		`ORDER BY updated_at DESC, id LIMIT $%d`, o.Limit+1)
}

// conditions collect what a listing asks for. Those that are not asked for are left out, so that one index serves each
// combination.
type conditions struct {
	texts []string
	args  []any
}

// add takes a condition whose verbs are the numbers of the values' places.
func (c *conditions) add(format string, values ...any) {
	c.texts = append(c.texts, fmt.Sprintf(format, c.places(values)...))
	c.args = append(c.args, values...)
}

func (c *conditions) places(values []any) (numbers []any) {
	for i := range values {
		numbers = append(numbers, len(c.args)+i+1)
	}
	return numbers
}

// query puts the conditions between the beginning of a query and its end, which has values of its own.
func (c *conditions) query(begin, end string, values ...any) (query string, args []any) {
	query = begin
	if len(c.texts) > 0 {
		query += ` WHERE ` + strings.Join(c.texts, ` AND `)
	}
	return query + ` ` + fmt.Sprintf(end, c.places(values)...), append(c.args, values...)
}
