package httpapi

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

// GenerationReader is where generations are read: the store, or the product's own table.
type GenerationReader interface {
	// Generation fails with store.ErrUnusable, and tells whose it is all the same, when the files cannot be run.
	Generation(ctx context.Context, id string) (store.Meta, error)
	Archive(ctx context.Context, id, version string) ([]byte, error)
	List(ctx context.Context, opts store.ListOptions) (page []store.Meta, next *store.ListCursor, err error)
	Ping(ctx context.Context) error
}

// GenerationStore is what the gateway needs of internal/store.
type GenerationStore interface {
	GenerationReader
	Put(ctx context.Context, id, userID, projectID string, content store.Content) (store.Meta, bool, error)
	Delete(ctx context.Context, id, userID string) error
}

// generations is where generations are read.
func (a *API) generations() GenerationReader {
	if a.product != nil {
		return a.product
	}
	return a.store
}

// idPattern is that of spec.generationID and spec.projectID in api/v1alpha1, maxIDBytes their greatest length.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

const maxIDBytes = 128

func checkID(field, id string) error {
	if len(id) > maxIDBytes || !idPattern.MatchString(id) {
		return invalid(field, "must have 1 to %d characters and match %s", maxIDBytes, idPattern)
	}
	return nil
}

// keysRetryAfter is what clients are told while the keys of the identity provider are missing: they are read again after
// some seconds.
const keysRetryAfter = 5 * time.Second

// principalKey is where authenticate puts the principal.
const principalKey = "preview-principal"

// principal returns who sent the request: exactly one Authorization header with a bearer token.
func (a *API) principal(c *gin.Context) (auth.Principal, error) {
	values := c.Request.Header.Values("Authorization")
	if len(values) != 1 {
		return auth.Principal{}, fmt.Errorf("%w: %d Authorization headers", auth.ErrUnauthenticated, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return auth.Principal{}, fmt.Errorf("%w: another scheme", auth.ErrUnauthenticated)
	}
	p, err := a.verifier.Verify(strings.TrimSpace(token))
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		return auth.Principal{}, &failure{
			kind: kindUnavailable, detail: "the keys of the identity provider cannot be read; try again", retryAfter: keysRetryAfter, cause: err,
		}
	case err != nil:
		return auth.Principal{}, err
	}
	c.Set(principalKey, p)
	return p, nil
}

// access says what a principal wants with a generation.
type access int

const (
	// accessPreview is the preview of a generation: for its owner and administrators. The generation of one that was
	// made with kubectl need not be stored.
	accessPreview access = iota
	// accessRecords is what is known of its previews, also of those that are gone: for the same.
	accessRecords
	// accessLaunch is a new preview of a generation, which has to be stored: for the same.
	accessLaunch
	// accessFiles is the generation itself: for services, too.
	accessFiles
)

// generation authenticates the request and returns the generation in its path, if the principal may have it. Of one that
// is not stored only the id and the owner are known.
func (a *API) generation(c *gin.Context, want access) (auth.Principal, store.Meta, error) {
	p, err := a.principal(c)
	if err != nil {
		return auth.Principal{}, store.Meta{}, err
	}
	return a.generationFor(c, p, want)
}

// generationFor returns the generation in the path of a request that was authenticated, if the principal may have it.
func (a *API) generationFor(c *gin.Context, p auth.Principal, want access) (auth.Principal, store.Meta, error) {
	id := c.Param("generation_id")
	if err := checkID("generation_id", id); err != nil {
		return auth.Principal{}, store.Meta{}, err
	}
	meta, err := a.generations().Generation(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) && (want == accessPreview || want == accessRecords) {
		meta, err = a.unstored(p, id)
		if errors.Is(err, store.ErrNotFound) && want == accessRecords {
			meta, err = a.recorded(c.Request.Context(), p, id)
		}
		return p, meta, err
	}
	if err != nil && !errors.Is(err, store.ErrUnusable) {
		return auth.Principal{}, store.Meta{}, err
	}
	if meta.UserID != p.UserID && p.Role != auth.RoleAdmin && (want != accessFiles || p.Role != auth.RoleService) {
		return auth.Principal{}, store.Meta{}, &failure{kind: kindForbidden, detail: "only its owner may use it"}
	}
	// Files that cannot be run any more are in nobody's way who uses, stops or looks back at a preview.
	if err != nil && (want == accessLaunch || want == accessFiles) {
		return auth.Principal{}, store.Meta{}, err
	}
	return p, meta, nil
}
