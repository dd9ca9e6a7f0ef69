package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	// connectTimeout bounds one attempt to connect, when the URL has no connect_timeout.
	connectTimeout = 10 * time.Second
	// connectionLifetime ends connections now and then, so that they move to another server after a failover behind
	// one name.
	connectionLifetime = 30 * time.Minute
	// connectionIdle ends connections that nobody needs.
	connectionIdle = 5 * time.Minute
	// migrationLock is the key of the advisory lock under which a database is migrated: "preview" in ASCII.
	migrationLock = 0x70726576696577
)

// errBadURL says nothing about the URL: a malformed one may have its password anywhere.
var errBadURL = errors.New("the URL of the database must have the form postgres://user:password@host:port/database?sslmode=verify-full, " +
	"with special characters of each part percent-encoded and options that PostgreSQL knows")

// postgres is a database of a PostgreSQL server.
type postgres struct {
	config *pgx.ConnConfig
	// channel and poll are logChannel and postgresPoll.
	channel string
	poll    time.Duration
}

func newPostgres(databaseURL string) (*postgres, error) {
	parsed, err := url.Parse(databaseURL)
	// A password with an unencoded / or ? or # ends the host too early, and its rest would pass for a database, an
	// option or a fragment, which errors name.
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" || parsed.Fragment != "" ||
		strings.Contains(parsed.Path+parsed.RawQuery, "@") {
		return nil, errBadURL
	}
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, errBadURL
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
		config.DialFunc = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	// A query whose context ends gives its connection up; the server ends it by itself.
	setDefault(config.RuntimeParams, "statement_timeout", queryTimeout)
	setDefault(config.RuntimeParams, "idle_in_transaction_session_timeout", openTimeout)
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "preview-operator"
	}
	return &postgres{config, logChannel, postgresPoll}, nil
}

func setDefault(params map[string]string, name string, value time.Duration) {
	if params[name] == "" {
		params[name] = strconv.FormatInt(value.Milliseconds(), 10)
	}
}

// String has no user and no password.
func (p *postgres) String() string {
	return fmt.Sprintf("PostgreSQL database %q on %s", p.config.Database, net.JoinHostPort(p.config.Host, strconv.Itoa(int(p.config.Port))))
}

func (p *postgres) open() (*sql.DB, error) { return openPool(p.config), nil }

func openPool(config *pgx.ConnConfig) *sql.DB {
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxLifetime(connectionLifetime)
	db.SetConnMaxIdleTime(connectionIdle)
	return db
}

func (p *postgres) migrations() migrationSet {
	return migrationSet{goose.DialectPostgres, "migrations/postgres"}
}

// migrating holds an advisory lock, which the server releases when the connection ends. A migration may take longer than
// a query: ctx bounds it.
func (p *postgres) migrating(ctx context.Context, do func(*sql.DB) error) (err error) {
	config := p.config.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	db := openPool(config)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = pollLock(ctx, func() (locked bool, err error) {
		err = conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, int64(migrationLock)).Scan(&locked)
		return locked, err
	})
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return do(db)
}

func (p *postgres) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

func (p *postgres) oneAtATime(ctx context.Context, tx *sql.Tx, name string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, name)
	return err
}
