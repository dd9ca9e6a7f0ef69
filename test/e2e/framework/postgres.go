package framework

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresTimeout is how long a server may take to come up, Debian's package to install included.
const postgresTimeout = 3 * time.Minute

// Postgres is a PostgreSQL server of its own.
type Postgres struct {
	// URL of its administrator.
	URL     *url.URL
	process *exec.Cmd
	hold    io.Closer
}

// StartPostgres starts hack/postgres.sh with a server that listens on an address of this machine until Stop, or until this
// process ends, however it ends.
func StartPostgres(script, address string) (*Postgres, error) {
	// cat ends with its input, which is ours, and the script removes the server.
	cmd := exec.Command(script, "sh", "-c", `echo "$PREVIEW_TEST_DATABASE_URL" && exec cat`)
	cmd.Env = append(os.Environ(), "LISTEN="+address)
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Postgres{process: cmd, hold: hold}
	giveUp := time.AfterFunc(postgresTimeout, func() { _ = hold.Close() })
	defer giveUp.Stop()
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "postgres://") {
			p.URL, err = url.Parse(lines.Text())
			return p, err
		}
	}
	return nil, errors.Join(errors.New("PostgreSQL did not start"), p.Stop())
}

// Stop ends the server; its data goes with it.
func (p *Postgres) Stop() error {
	return errors.Join(p.hold.Close(), p.process.Wait())
}

// Database is the URL of a database for a role. A role without a name is the administrator.
func (p *Postgres) Database(name, role, password string) string {
	query := p.URL.Query()
	database := url.URL{Scheme: "postgres", User: p.URL.User, Host: net.JoinHostPort(query.Get("host"), query.Get("port")), Path: "/" + name}
	if role != "" {
		database.User = url.UserPassword(role, password)
	}
	return database.String()
}

// Exec runs statements in a database as the administrator.
func (p *Postgres) Exec(ctx context.Context, database, statements string, args ...any) error {
	return p.with(ctx, database, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statements, args...)
		return err
	})
}

// Text is the one value that a query has, as text.
func (p *Postgres) Text(ctx context.Context, database, query string, args ...any) (text string, err error) {
	err = p.with(ctx, database, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT coalesce((`+query+`)::text, '')`, args...).Scan(&text)
	})
	return text, err
}

func (p *Postgres) with(ctx context.Context, database string, do func(context.Context, *pgx.Conn) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.Database(database, "", ""))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", database, err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return do(ctx, conn)
}
