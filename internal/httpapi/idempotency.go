package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
	// keyRetryAfter is the most that clients whose key is in use are told to wait: few launches take longer.
	keyRetryAfter = 2 * time.Second
)

const idempotencyDescription = "With an `Idempotency-Key`, a repeated request (the same user, path and body) is answered as the first one " +
	"was, with `Idempotency-Replayed: true`: the same status code and the same preview as it is now, with a new session token. It launches " +
	"nothing: if that preview is gone by then, `status` is `stopped`; use another key to launch again. Errors are not remembered. " +
	"`wait` is not part of the request that the key stands for. Keys are remembered for PREVIEW_IDEMPOTENCY_TTL. "

// IdempotencyStore is what the gateway needs of store.Idempotency.
type IdempotencyStore interface {
	Begin(ctx context.Context, userID, key, requestDigest string, now time.Time, ttl time.Duration) (store.IdempotencyResult, error)
	Complete(ctx context.Context, lease store.Lease, status int, body []byte) error
	Abandon(ctx context.Context, lease store.Lease) error
}

// readIdempotencyKey returns the key of a request, or nothing.
func readIdempotencyKey(c *gin.Context) (string, error) {
	values := c.Request.Header.Values(idempotencyHeader)
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 || !isVisible(values[0]) || len(values[0]) > store.MaxIdempotencyKeyBytes {
		return "", invalid(idempotencyHeader, "must have 1 to %d visible ASCII characters, once", store.MaxIdempotencyKeyBytes)
	}
	return values[0], nil
}

func isVisible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}

// requestDigest tells requests apart. The body is the one that was read, so that spelling does not matter.
func requestDigest(c *gin.Context, body any) (string, error) {
	canonical, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", c.Request.Method, c.Request.URL.Path, canonical))
	return hex.EncodeToString(sum[:]), nil
}

// remembered is what is stored of the answer to a launch. Its session token is not.
type remembered struct {
	// Instance is the name of the PreviewInstance.
	Instance string      `json:"instance"`
	Launch   launchReply `json:"launch"`
}

// launchOnce launches, or answers as the first request with this key was answered.
func (a *API) launchOnce(c *gin.Context, p auth.Principal, request launchRequest, meta store.Meta) (launched, error) {
	ctx, want := c.Request.Context(), request.body.instance(meta)
	if request.key == "" {
		return a.launchWithin(ctx, want)
	}
	digest, err := requestDigest(c, request.body)
	if err != nil {
		return launched{}, err
	}
	begun, err := a.idempotency.Begin(ctx, p.UserID, request.key, digest, a.now(), a.settings.Current().IdempotencyTTL)
	switch {
	case errors.Is(err, store.ErrTooManyKeys):
		return launched{}, &failure{kind: kindTooManyLaunches, detail: "too many launches with an Idempotency-Key are being served", retryAfter: fullRetryAfter, cause: err}
	case err != nil:
		return launched{}, err
	}
	switch begun.Outcome {
	case store.IdempotencyFresh:
		l, err := a.launchWithin(ctx, want)
		a.remember(ctx, begun.Lease, l, err)
		return l, err
	case store.IdempotencyInProgress:
		return launched{}, &failure{
			kind: kindKeyInUse, field: idempotencyHeader, detail: "try again to get its answer", retryAfter: min(begun.RetryAfter, keyRetryAfter),
		}
	case store.IdempotencyMismatch:
		return launched{}, &failure{kind: kindKeyReused, field: idempotencyHeader, detail: "it was used for another request; use a new one"}
	default:
		return a.replay(ctx, begun)
	}
}

// remember ends the request of a lease, also when the client has gone meanwhile. An answer that cannot be remembered is
// given nevertheless: to launch again finds the same preview.
func (a *API) remember(ctx context.Context, lease store.Lease, l launched, launchErr error) {
	ctx = context.WithoutCancel(ctx)
	var err error
	if launchErr != nil {
		err = a.idempotency.Abandon(ctx, lease)
	} else {
		var data []byte
		if data, err = json.Marshal(remembered{Instance: l.pvi.Name, Launch: launchReplyOf(l.pvi)}); err == nil {
			err = a.idempotency.Complete(ctx, lease, l.status, data)
		}
	}
	if err != nil {
		a.logger.Warn("an idempotent launch could not be ended", "error", err)
	}
}

// replay finds the preview of the first answer. It asks the API server: the cache may not show yet what was launched
// through another gateway.
func (a *API) replay(ctx context.Context, begun store.IdempotencyResult) (launched, error) {
	var first remembered
	if err := json.Unmarshal(begun.Body, &first); err != nil {
		return launched{}, fmt.Errorf("read a remembered answer: %w", err)
	}
	l := launched{status: begun.Status, result: resultReplayed}
	pvi, err := a.instances.Live(ctx, first.Instance)
	switch {
	case err == nil && string(pvi.UID) == first.Launch.ID:
		l.pvi = pvi
	case err == nil || errors.Is(err, errNoInstance):
		l.gone = &first.Launch
	default:
		return launched{}, err
	}
	return l, nil
}
