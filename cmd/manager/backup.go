package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

// errReplaces is the answer to a restore that is not confirmed.
var errReplaces = errors.New("restore: what the database holds now is lost: give --yes")

// backup prints a copy of the store's SQLite database, also while it is used.
func backup(ctx context.Context, args []string, lookup func(string) (string, bool), out io.Writer) error {
	if len(args) > 0 {
		return fmt.Errorf("backup: unexpected argument %q; the copy goes to standard output", args[0])
	}
	s, err := settings.Load(lookup)
	if err != nil {
		return err
	}
	return store.Backup(ctx, store.Options{Path: s.DatabasePath, URL: s.DatabaseURL}, out)
}

// restore puts the copy that it reads in place of the store's SQLite database.
func restore(ctx context.Context, args []string, lookup func(string) (string, bool), in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("manager restore", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	yes := flags.Bool("yes", false, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("restore: %w; usage: manager restore --yes <backup, with manager and gateways stopped", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("restore: unexpected argument %q; the copy comes from standard input", flags.Arg(0))
	}
	if !*yes {
		return errReplaces
	}
	s, err := settings.Load(lookup)
	if err != nil {
		return err
	}
	version, err := store.Restore(ctx, store.Options{Path: s.DatabasePath, URL: s.DatabaseURL}, in)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s was restored, with version %d\n", s.DatabasePath, version)
	return err
}
