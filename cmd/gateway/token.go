package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
)

// mintToken prints a bearer token for development, signed with the secret in PREVIEW_JWT_SECRET_FILE.
func mintToken(args []string, lookup func(string) (string, bool), out io.Writer) error {
	flags := flag.NewFlagSet("gateway token", flag.ContinueOnError)
	user := flags.String("user", "", "user id, the token's subject")
	role := flags.String("role", "", "service or admin; none for a plain user")
	ttl := flags.Duration("ttl", 24*time.Hour, "time until the token expires")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	switch auth.Role(*role) {
	case auth.RoleUser, auth.RoleService, auth.RoleAdmin:
	default:
		return fmt.Errorf("--role=%s: must be service, admin or left out", *role)
	}
	if *ttl <= 0 {
		return fmt.Errorf("--ttl=%s: must be positive", *ttl)
	}
	s, err := settings.Load(lookup)
	if err != nil {
		return err
	}
	opts, err := authOptions(s)
	if err != nil {
		return err
	}
	token, err := auth.Mint(opts, auth.Principal{UserID: *user, Role: auth.Role(*role)}, *ttl)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token)
	return err
}
