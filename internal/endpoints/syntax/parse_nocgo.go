//go:build !cgo

package syntax

import "context"

// parse is what programs have that are built without cgo: they show and merge endpoints, but do not look for them.
func parse(context.Context, Language, string, Limits) (*Tree, error) {
	return nil, ErrNoParser
}
