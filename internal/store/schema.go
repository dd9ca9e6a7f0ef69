package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// NewerError says that a database was migrated by a newer program.
type NewerError struct {
	// Version of the database, and the newest that this program knows.
	Version, Known int64
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the database has version %d, and this program knows no newer one than %d: use the program that made it, also to migrate it down", e.Version, e.Known)
}

// Schema is what is known of the schema of a database.
type Schema struct {
	// Database names it, without a secret.
	Database string
	// Version is 0 for an empty database. Known is the newest that this program knows.
	Version, Known int64
	// Migrations that this program knows, the oldest first.
	Migrations []Migration
}

// Migration leads from the version before to its own.
type Migration struct {
	Version int64
	Name    string
	// Applied is when the database was migrated, zero when it was not.
	Applied time.Time
	// Loses are the statements by which the way back loses data; there are none for some.
	Loses []string
}

// Step is one migration that was carried out.
type Step struct {
	Migration
	Down bool
	Took time.Duration
}

// Inspect returns the schema of a database, whoever uses it at the time. One of a newer program is no error.
func Inspect(ctx context.Context, opts Options) (schema Schema, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	err = opts.withProvider(ctx, func(d dialect, provider *goose.Provider) error {
		schema.Database, schema.Known = d.String(), newest(provider)
		if schema.Version, err = provider.GetDBVersion(ctx); err != nil {
			return err
		}
		statuses, err := provider.Status(ctx)
		if err != nil {
			return err
		}
		for _, status := range statuses {
			migration, err := describe(d.migrations(), status.Source)
			if err != nil {
				return err
			}
			migration.Applied = status.AppliedAt
			schema.Migrations = append(schema.Migrations, migration)
		}
		return nil
	})
	return schema, err
}

// Migrate takes a database's schema up or down to a version, and tells of each step. What only later versions hold is
// lost. It fails with a *NewerError for a database of a newer program. Only the operator of an installation calls it, while
// no other program uses the database: Open migrates up by itself. It takes as long as ctx lets it; a step that is cut off is
// rolled back.
func Migrate(ctx context.Context, opts Options, to int64, tell func(Step)) error {
	return opts.withProvider(ctx, func(d dialect, provider *goose.Provider) error {
		if known := newest(provider); to < 0 || to > known {
			return fmt.Errorf("the version must be 0 to %d, not %d", known, to)
		}
		current, err := versionOf(ctx, provider)
		for err == nil && current != to {
			next := provider.UpByOne
			if current > to {
				next = provider.Down
			}
			var result *goose.MigrationResult
			if result, err = next(ctx); err != nil {
				return err
			}
			step := Step{Down: current > to, Took: result.Duration}
			if step.Migration, err = describe(d.migrations(), result.Source); err != nil {
				return err
			}
			tell(step)
			current, err = provider.GetDBVersion(ctx)
		}
		return err
	})
}

func (o Options) withProvider(ctx context.Context, do func(dialect, *goose.Provider) error) error {
	dialect, err := o.dialect()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	err = dialect.migrating(ctx, func(db *sql.DB) error {
		provider, err := dialect.migrations().provider(db)
		if err != nil {
			return err
		}
		return do(dialect, provider)
	})
	if err != nil {
		return fmt.Errorf("store: migrate %v: %w", dialect, err)
	}
	return nil
}

// losesNothing are the statements by which a way back loses no data.
var losesNothing = regexp.MustCompile(`(?i)^(CREATE|DROP) INDEX `)

// describe reads what a migration is called, and what its way back loses.
func describe(set migrationSet, source *goose.Source) (Migration, error) {
	text, err := fs.ReadFile(migrationFiles, path.Join(set.folder, path.Base(source.Path)))
	if err != nil {
		return Migration{}, err
	}
	_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(source.Path), ".sql"), "_")
	m := Migration{Version: source.Version, Name: name}
	_, down, _ := strings.Cut(string(text), "-- +goose Down\n")
	for statement := range strings.SplitSeq(down, ";") {
		if statement = strings.TrimSpace(statement); statement != "" && !losesNothing.MatchString(statement) {
			m.Loses = append(m.Loses, statement)
		}
	}
	return m, nil
}
