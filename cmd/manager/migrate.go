package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

const migrateUsage = `usage: manager migrate status
       manager migrate up [--to VERSION]
       manager migrate down --to VERSION [--yes]

The database is that of PREVIEW_DATABASE_URL or, if it is empty, the file PREVIEW_DATABASE_PATH. status may be asked at any
time. Stop manager and gateways before up and down; a manager that starts migrates up by itself.`

func usageError(what string) error { return fmt.Errorf("migrate: %s\n%s", what, migrateUsage) }

// errLoses is the answer to a way back that loses data and is not confirmed.
var errLoses = errors.New("what these statements remove cannot be had back: make a backup, and give --yes")

// migrate shows the schema of the store's database, or takes it up or down.
func migrate(ctx context.Context, args []string, lookup func(string) (string, bool), out io.Writer) error {
	if len(args) == 0 {
		return usageError("status, up or down is missing")
	}
	flags := flag.NewFlagSet("manager migrate "+args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	to := flags.Int64("to", -1, "")
	yes := flags.Bool("yes", false, "")
	if err := flags.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			_, err = fmt.Fprintln(out, migrateUsage)
			return err
		}
		return usageError(err.Error())
	}
	if flags.NArg() > 0 {
		return usageError(fmt.Sprintf("unexpected argument %q", flags.Arg(0)))
	}
	s, err := settings.Load(lookup)
	if err != nil {
		return err
	}
	opts := store.Options{Path: s.DatabasePath, URL: s.DatabaseURL}
	if s.DatabaseURL == "" && args[0] != "up" {
		// To open a file that is not there would be to make it.
		if _, err := os.Stat(s.DatabasePath); err != nil {
			return fmt.Errorf("migrate: PREVIEW_DATABASE_PATH: %w", err)
		}
	}
	switch args[0] {
	case "status":
		return migrationStatus(ctx, opts, out)
	case "up":
		return migrateUp(ctx, opts, *to, out)
	case "down":
		return migrateDown(ctx, opts, *to, *yes, out)
	}
	return usageError(fmt.Sprintf("unknown command %q", args[0]))
}

func migrationStatus(ctx context.Context, opts store.Options, out io.Writer) error {
	schema, err := store.Inspect(ctx, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s has version %d; this program knows %d\n", schema.Database, schema.Version, schema.Known)
	for _, m := range schema.Migrations {
		state := "pending"
		if !m.Applied.IsZero() {
			state = "applied " + m.Applied.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(out, "%5d  %-28s  %s\n", m.Version, state, m.Name)
	}
	if schema.Version > schema.Known {
		return &store.NewerError{Version: schema.Version, Known: schema.Known}
	}
	return nil
}

// migrateUp goes to the newest version when to is negative.
func migrateUp(ctx context.Context, opts store.Options, to int64, out io.Writer) error {
	schema, err := store.Inspect(ctx, opts)
	if err != nil {
		return err
	}
	if to < 0 {
		to = schema.Known
	}
	if to < schema.Version && schema.Version <= schema.Known {
		return fmt.Errorf("migrate: the database has version %d already: use down to go to %d", schema.Version, to)
	}
	return carryOut(ctx, opts, schema, to, out)
}

func migrateDown(ctx context.Context, opts store.Options, to int64, yes bool, out io.Writer) error {
	if to < 0 {
		return usageError("down needs --to VERSION")
	}
	schema, err := store.Inspect(ctx, opts)
	if err != nil {
		return err
	}
	if to > schema.Version {
		return fmt.Errorf("migrate: the database has only version %d: use up to go to %d", schema.Version, to)
	}
	loses := false
	for _, m := range schema.Migrations {
		if m.Version <= to || m.Version > schema.Version {
			continue
		}
		for _, statement := range m.Loses {
			fmt.Fprintf(out, "version %d to %d loses data: %s\n", m.Version, m.Version-1, statement)
			loses = true
		}
	}
	if loses && !yes && schema.Version <= schema.Known {
		return fmt.Errorf("migrate: %w", errLoses)
	}
	return carryOut(ctx, opts, schema, to, out)
}

func carryOut(ctx context.Context, opts store.Options, schema store.Schema, to int64, out io.Writer) error {
	fmt.Fprintf(out, "%s: version %d to %d\n", schema.Database, schema.Version, to)
	err := store.Migrate(ctx, opts, to, func(step store.Step) {
		way := "up to"
		if step.Down {
			way = "down from"
		}
		fmt.Fprintf(out, "%s %d (%s): %s\n", way, step.Version, step.Name, step.Took.Round(time.Millisecond))
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "done")
	return err
}
