package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/codebegen/preview-operator/internal/archive"
)

const (
	// MaxProductJSON bounds the files of a generation in the product's table, in bytes of JSON: as many as a PUT takes.
	MaxProductJSON = 16 << 20
	// maxProductLoads bounds the generations that are read at once, each of which takes a few times its JSON in memory.
	maxProductLoads = 4
	// maxProductListBytes is the listBytes of every Product.
	maxProductListBytes = 32 << 20
)

var (
	// ErrUnusable: the files of a generation of the product cannot be run; an *archive.Error beside it says why.
	ErrUnusable = errors.New("the files cannot be run")
	// ErrUnreachable: the product's database cannot be reached.
	ErrUnreachable = errors.New("the database cannot be reached")
)

// ProductOptions say where the product keeps its generations.
type ProductOptions struct {
	// URL of the product's PostgreSQL database. A role that may SELECT from the table is enough.
	URL string
	// Table or view, with its schema when it is not in the search path; "generations" when empty. Its columns id, user_id
	// and project_id may be of any type that is written as text, and output_files is JSON: an object of path to content, or
	// to an object that has it as "content".
	Table string
}

// Product reads generations in place from the product's own table, and never writes there. It is safe for concurrent use.
type Product struct {
	db    *sql.DB
	table string
	// row is an expression that changes with each change of a row, empty where there is none: on a view, and for a role that
	// may not see the system's columns because it was granted single ones.
	row   string
	loads chan struct{}
	cache versionCache
	// listBytes ends a page of a listing early, in bytes of JSON: the files are read for their versions.
	listBytes int
}

// CheckProductTable reports why something cannot name the product's table.
func CheckProductTable(table string) error {
	if !identifier.MatchString(table) {
		return errors.New("must be a name or schema.name of letters, digits, _ and $, each of at most 63")
	}
	return nil
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$`)

// OpenProduct connects and makes sure that the table has the columns.
func OpenProduct(ctx context.Context, opts ProductOptions) (*Product, error) {
	server, err := newPostgres(opts.URL)
	if err != nil {
		return nil, fmt.Errorf("store: product: %w", err)
	}
	if opts.Table == "" {
		opts.Table = "generations"
	}
	if err := CheckProductTable(opts.Table); err != nil {
		return nil, fmt.Errorf("store: product: the table %.80q %w", opts.Table, err)
	}
	config := server.config.Copy()
	config.RuntimeParams["default_transaction_read_only"] = "on"
	p := &Product{
		db: openPool(config), table: pgx.Identifier(strings.Split(opts.Table, ".")).Sanitize(),
		row: `xmin::text || ' ' || ctid::text`, loads: make(chan struct{}, maxProductLoads), listBytes: maxProductListBytes,
	}
	err = p.Ping(ctx)
	if isCode(err, "42703") || isCode(err, "42501") { // undefined_column, insufficient_privilege
		p.row = `''`
		err = p.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: product's table %s in %v: %w", p.table, server, err), p.db.Close())
	}
	return p, nil
}

// Close closes the connections once running queries are done.
func (p *Product) Close() error { return p.db.Close() }

// Ping reports whether the table can be read.
func (p *Product) Ping(ctx context.Context) error {
	return p.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var files sql.NullString
		var found productRow
		err := tx.QueryRowContext(ctx, p.query(`, output_files::text`, ` WHERE false`)).Scan(&found.id, &found.userID, &found.projectID, &found.row, &files)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
}

// read runs do in a transaction that the server itself keeps from writing.
func (p *Product) read(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return unreachable(err)
	}
	if err := do(ctx, tx); err != nil {
		// What failed first says more than a connection that is gone.
		return errors.Join(unreachable(err), ignoreDone(tx.Rollback()))
	}
	// Nothing was written that a commit would keep.
	return ignoreDone(tx.Rollback())
}

// unreachable adds ErrUnreachable to what says that there is no connection: none came about, it broke, or the server is
// going down or coming up. Time-outs and callers that give up stay as they are.
func unreachable(err error) error {
	var connecting *pgconn.ConnectError
	var refused *pgconn.PgError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &connecting), errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn),
		errors.As(err, &refused) && strings.HasPrefix(refused.Code, "57P"): // operator_intervention
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// ignoreDone leaves out what a transaction says whose context has ended: that is an error of its own already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// productRow is a row of the table without its files.
type productRow struct {
	id, userID, projectID, row string
}

func (r *productRow) meta() Meta {
	return Meta{ID: r.id, UserID: r.userID, ProjectID: r.projectID}
}

func (p *Product) query(columns, rest string) string {
	return `SELECT id::text, coalesce(user_id::text, ''), coalesce(project_id::text, ''), ` + p.row + columns + ` FROM ` + p.table + rest
}

// Generation returns what is known about a generation. Times are zero: the table has none. It fails with ErrNotFound,
// ErrUnreachable, and ErrUnusable; the latter comes with all but Version, Files and Bytes.
func (p *Product) Generation(ctx context.Context, id string) (Meta, error) {
	loaded, err := p.load(ctx, id)
	return loaded.meta, wrap("read", id, err)
}

// Archive returns the files of a generation as a gzip-compressed tar archive. An empty version means the one in the table;
// an earlier one is returned as long as it is remembered. It fails with ErrNotFound, ErrUnreachable and ErrUnusable.
func (p *Product) Archive(ctx context.Context, id, version string) ([]byte, error) {
	loaded, err := p.load(ctx, id)
	// What runs an earlier version is not concerned by what is wrong with the present one.
	if version != "" && (err == nil && loaded.meta.Version != version || errors.Is(err, ErrUnusable)) {
		earlier := p.cache.find(func(c *cachedVersion) bool { return c.meta.ID == id && c.meta.Version == version })
		if earlier == nil {
			return nil, wrap("read the archive of", id, ErrNotFound)
		}
		return earlier.archive, nil
	}
	if err != nil {
		return nil, wrap("read the archive of", id, err)
	}
	return loaded.archive, nil
}

// load returns the version of a generation that is in the table, only what it is of when that is unusable. Its files are
// read when the row has changed.
func (p *Product) load(ctx context.Context, id string) (cachedVersion, error) {
	if len(id) > 128 || cleanText(id) != id {
		return cachedVersion{}, ErrNotFound
	}
	select {
	case p.loads <- struct{}{}:
		defer func() { <-p.loads }()
	case <-ctx.Done():
		return cachedVersion{}, ctx.Err()
	}
	var loaded cachedVersion
	err := p.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var found productRow
		err := tx.QueryRowContext(ctx, p.query(``, ` WHERE id = $1`), id).Scan(&found.id, &found.userID, &found.projectID, &found.row)
		// A UUID has several spellings, and previews are named after one.
		if err == nil && found.id != id {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		loaded, _, err = p.version(ctx, tx, found)
		return err
	})
	// An id that is no UUID, or too large a number, where the column is one.
	if isCode(err, "22P02") || isCode(err, "22003") {
		err = ErrNotFound
	}
	return loaded, err
}

// version returns the files of a row, and how many bytes of JSON it has read for them. Of one that is unusable there is
// the row alone.
func (p *Product) version(ctx context.Context, tx *sql.Tx, found productRow) (loaded cachedVersion, read int, err error) {
	if found.row != "" {
		known := p.cache.find(func(c *cachedVersion) bool { return c.meta.ID == found.id && c.row == found.row })
		if known != nil {
			return *known, 0, nil
		}
	}
	var size int64
	var text sql.NullString
	// The row may have changed since: what belongs to these files is read with them.
	err = tx.QueryRowContext(ctx, p.query(`, coalesce(octet_length(output_files::text), 0),
		CASE WHEN octet_length(output_files::text) <= $2 THEN output_files::text END`, ` WHERE id = $1`), found.id, MaxProductJSON).
		Scan(&found.id, &found.userID, &found.projectID, &found.row, &size, &text)
	if err != nil {
		return cachedVersion{}, 0, err
	}
	if size > MaxProductJSON {
		return cachedVersion{meta: found.meta()}, 0, unusable(&archive.Error{
			Rule: archive.RuleBytes, Max: MaxProductJSON, Detail: fmt.Sprintf("output_files has %d bytes of JSON", size),
		})
	}
	if loaded, err = readVersion(ctx, found, text.String); err != nil {
		return cachedVersion{meta: found.meta()}, len(text.String), unusable(err)
	}
	p.cache.add(loaded)
	return loaded, len(text.String), nil
}

// readVersion reads the files of a row.
func readVersion(ctx context.Context, found productRow, text string) (cachedVersion, error) {
	files, err := parseFiles(text)
	if err != nil {
		return cachedVersion{}, err
	}
	loaded := cachedVersion{row: found.row, meta: found.meta()}
	loaded.meta.Version, loaded.meta.Files = Digest(files), len(files)
	for _, content := range files {
		loaded.meta.Bytes += int64(len(content))
	}
	loaded.archive, err = packFiles(ctx, files)
	return loaded, err
}

// unusable adds ErrUnusable to what is wrong with files.
func unusable(err error) error {
	var broken *archive.Error
	if errors.As(err, &broken) {
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return err
}

// List returns a page of generations in the order of their ids, and where the next page begins: nil on the last one. Pages
// of large generations are shorter than the limit. Version, Files and Bytes of one whose files cannot be run are empty:
// Generation says why.
func (p *Product) List(ctx context.Context, opts ListOptions) (page []Meta, next *ListCursor, err error) {
	if opts.Limit < 1 || opts.Limit > MaxListLimit {
		return nil, nil, fmt.Errorf("store: the limit of a listing is 1 to %d, not %d", MaxListLimit, opts.Limit)
	}
	select {
	case p.loads <- struct{}{}:
		defer func() { <-p.loads }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	err = p.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := p.rows(ctx, tx, opts)
		if err != nil {
			return err
		}
		for i, bytes := 0, 0; i < len(rows); i++ {
			if i == opts.Limit || bytes > p.listBytes {
				next = &ListCursor{UpdatedAt: time.UnixMicro(0).UTC(), ID: page[i-1].ID}
				break
			}
			loaded, read, err := p.version(ctx, tx, rows[i])
			switch {
			case errors.Is(err, sql.ErrNoRows):
				// Deleted since: the listing is of the moment in which it was asked for.
				loaded.meta = rows[i].meta()
			case err != nil && !errors.Is(err, ErrUnusable):
				return err
			}
			page, bytes = append(page, loaded.meta), bytes+read
		}
		return nil
	})
	// An owner or a cursor of another type than the column's.
	if isCode(err, "22P02") || isCode(err, "22003") {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("store: list generations: %w", err)
	}
	return page, next, nil
}

// rows reads one row more than the page has: it tells whether there is a next page.
func (p *Product) rows(ctx context.Context, tx *sql.Tx, opts ListOptions) (found []productRow, err error) {
	var where conditions
	if opts.UserID != "" {
		where.add("user_id = $%d", opts.UserID)
	}
	if opts.ProjectID != "" {
		where.add("project_id = $%d", opts.ProjectID)
	}
	if opts.After != nil {
		where.add("id > $%d", opts.After.ID)
	}
	query, args := where.query(p.query(``, ``), `ORDER BY id LIMIT $%d`, opts.Limit+1)
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row productRow
		if err := rows.Scan(&row.id, &row.userID, &row.projectID, &row.row); err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

// isCode reports whether an error is PostgreSQL's with a code.
func isCode(err error, code string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == code
}
