package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/session"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/ticket"
)

// problemBase begins the type of every problem.
const problemBase = "https://preview.codebegen.dev/problems/"

// statusClientGone is what we log for clients that went away before the answer; nobody receives it.
const statusClientGone = 499

// Problem is the body of every error (RFC 9457).
type Problem struct {
	// Type identifies the kind of the problem and never changes.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Field at fault, as in the request.
	Field     string `json:"field,omitempty"`
	RequestID string `json:"request_id"`
	// ElapsedMS is how long the application was waited for.
	ElapsedMS *int64 `json:"elapsed_ms,omitempty"`
}

// kind is a kind of problem: its slug, which ends the type, the status and the title.
type kind struct {
	slug   string
	status int
	title  string
}

// The kinds of problems. docs/http-api.md lists them.
var (
	kindInvalidRequest   = kind{"invalid-request", http.StatusBadRequest, "The request is not valid"}
	kindUnauthorized     = kind{"unauthorized", http.StatusUnauthorized, "A valid bearer token is needed"}
	kindForbidden        = kind{"forbidden", http.StatusForbidden, "The generation belongs to another user"}
	kindRole             = kind{"role-required", http.StatusForbidden, "Only a service or an administrator may do this"}
	kindPreviewToken     = kind{"invalid-preview-token", http.StatusForbidden, "X-Preview-Token is not valid for this preview"}
	kindReadOnly         = kind{"generations-read-only", http.StatusForbidden, "Generations are kept by the product"}
	kindNoRoute          = kind{"route-not-found", http.StatusNotFound, "There is no such route"}
	kindNoGeneration     = kind{"generation-not-found", http.StatusNotFound, "There is no such generation"}
	kindNoPreview        = kind{"preview-not-found", http.StatusNotFound, "The generation has no preview"}
	kindNoRun            = kind{"run-not-found", http.StatusNotFound, "The generation has no such run"}
	kindMethod           = kind{"method-not-allowed", http.StatusMethodNotAllowed, "The route does not have this method"}
	kindNotRunning       = kind{"preview-not-running", http.StatusConflict, "The preview is not running"}
	kindNameTaken        = kind{"preview-name-taken", http.StatusConflict, "Another preview has this generation's name"}
	kindKeyInUse         = kind{"idempotency-key-in-use", http.StatusConflict, "A request with this Idempotency-Key is being served"}
	kindTooLarge         = kind{"too-large", http.StatusRequestEntityTooLarge, "The request is too large"}
	kindMediaType        = kind{"unsupported-media-type", http.StatusUnsupportedMediaType, "The body's media type is not supported"}
	kindUnusable         = kind{"generation-unusable", http.StatusUnprocessableEntity, "The files of the generation cannot be run"}
	kindKeyReused        = kind{"idempotency-key-reused", http.StatusUnprocessableEntity, "The Idempotency-Key belongs to another request"}
	kindTooManyPreviews  = kind{"too-many-previews", http.StatusTooManyRequests, "Too many previews of the user are live"}
	kindTooManyLaunches  = kind{"too-many-launches", http.StatusTooManyRequests, "The user launches too often"}
	kindTooManyStreams   = kind{"too-many-streams", http.StatusTooManyRequests, "Too many streams are open"}
	kindInternal         = kind{"internal", http.StatusInternalServerError, "Something went wrong on our side"}
	kindRefused          = kind{"application-refused", http.StatusBadGateway, "The application refused the connection"}
	kindBroken           = kind{"application-broken", http.StatusBadGateway, "The application broke off its answer"}
	kindResponseTooLarge = kind{"response-too-large", http.StatusBadGateway, "The application's answer is too large"}
	kindNoFreePort       = kind{"no-free-port", http.StatusServiceUnavailable, "Every preview port is taken"}
	kindNoWarmPod        = kind{"no-warm-pod", http.StatusServiceUnavailable, "Every waiting pod of the runtime is taken"}
	kindDelayed          = kind{"launch-delayed", http.StatusServiceUnavailable, "The preview was not taken up in time"}
	kindDisabled         = kind{"launching-disabled", http.StatusServiceUnavailable, "Launching is turned off"}
	kindBusy             = kind{"busy", http.StatusServiceUnavailable, "The gateway is busy"}
	kindUnavailable      = kind{"unavailable", http.StatusServiceUnavailable, "A part of the system cannot be reached"}
	kindTimeout          = kind{"application-timeout", http.StatusGatewayTimeout, "The application did not answer in time"}
	kindClientGone       = kind{"client-gone", statusClientGone, "The client has gone"}
)

// headers are those that answers of this kind carry besides.
func (k kind) headers() []string {
	switch {
	case k.status == http.StatusUnauthorized:
		return []string{"WWW-Authenticate"}
	case k.status == http.StatusTooManyRequests, k.status == http.StatusServiceUnavailable, k == kindKeyInUse:
		return []string{"Retry-After"}
	default:
		return nil
	}
}

// failure is an error whose kind, and what the client is told, are decided where it is made.
type failure struct {
	kind kind
	// detail for the client: what is at fault and what to do.
	detail string
	field  string
	// retryAfter is when to try again, 0 when that is no use.
	retryAfter time.Duration
	// elapsedMS is how long the application was waited for; nil when it was not.
	elapsedMS *int64
	// cause is logged and never sent.
	cause error
}

func (f *failure) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("%s: %s: %v", f.kind.slug, f.detail, f.cause)
	}
	return f.kind.slug + ": " + f.detail
}

func (f *failure) Unwrap() error { return f.cause }

// invalid is the failure of one field.
func invalid(field, format string, args ...any) *failure {
	return &failure{kind: kindInvalidRequest, field: field, detail: fmt.Sprintf(format, args...)}
}

// rule maps errors of other packages to a failure.
type rule struct {
	target error
	kind   kind
	detail string
}

// rules is the one table of domain errors.
var rules = []rule{
	{auth.ErrUnauthenticated, kindUnauthorized, "the bearer token is not valid or has expired"},
	{ticket.ErrInvalid, kindUnauthorized, "the ticket is not valid, has expired or was used; ask for a new one"},
	{session.ErrInvalid, kindPreviewToken, "the token is not valid, has expired or belongs to another preview; launch again to get a new one"},
	{store.ErrNotFound, kindNoGeneration, "store the generation first"},
	{store.ErrNotOwner, kindForbidden, "another user stored a generation of this id"},
	{store.ErrRunNotFound, kindNoRun, "the ids of its runs are at preview/runs; leave run_id out for the newest"},
	{errNoInstance, kindNoPreview, "launch it first"},
	{proxy.ErrNotRunning, kindNotRunning, "look at its status; launch it again if it has ended"},
	{proxy.ErrTimeout, kindTimeout, "the application did not answer within the request time-out"},
	{proxy.ErrRefused, kindRefused, "nothing listens on the application's port; look at its status and logs"},
	{proxy.ErrTooLarge, kindResponseTooLarge, "the application's answer exceeds the response limit; ask it for less"},
	{proxy.ErrBroken, kindBroken, "the connection to the application broke; look at its status and logs"},
}

// failureOf classifies any error.
func failureOf(err error) *failure {
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	for _, r := range rules {
		if errors.Is(err, r.target) {
			return &failure{kind: r.kind, detail: r.detail, cause: err}
		}
	}
	var field *proxy.FieldError
	var tooLarge *http.MaxBytesError
	var broken *archive.Error
	var away *url.Error
	switch {
	case errors.Is(err, store.ErrUnusable) && errors.As(err, &broken):
		return &failure{kind: kindUnusable, field: "files", detail: broken.Error() + "; change the generation where the product keeps it"}
	case errors.Is(err, store.ErrUnreachable):
		return &failure{kind: kindUnavailable, detail: "the product's generations cannot be read; try again", retryAfter: 5 * time.Second, cause: err}
	case errors.As(err, &field):
		return invalid(field.Field, "%s", field.Detail)
	case errors.As(err, &tooLarge):
		return &failure{kind: kindTooLarge, field: "body", detail: fmt.Sprintf("the body must not exceed %d bytes", tooLarge.Limit), cause: err}
	case errors.As(err, &broken):
		return archiveFailure(broken)
	case apierrors.IsInvalid(err):
		return &failure{kind: kindInvalidRequest, field: invalidField(err), detail: "the API server refused the preview", cause: err}
	case errors.Is(err, context.Canceled):
		return &failure{kind: kindClientGone, detail: "the client closed the request", cause: err}
	case errors.Is(err, context.DeadlineExceeded), apierrors.IsServerTimeout(err), apierrors.IsTooManyRequests(err), apierrors.IsServiceUnavailable(err):
		return &failure{kind: kindUnavailable, detail: "try again", retryAfter: 5 * time.Second, cause: err}
	case errors.As(err, &away):
		return &failure{kind: kindUnavailable, detail: "the API server cannot be reached; try again", retryAfter: time.Second, cause: err}
	}
	return &failure{kind: kindInternal, detail: "the request id finds the cause in our log", cause: err}
}

func archiveFailure(e *archive.Error) *failure {
	f := invalid("files", "%s", e.Error())
	if e.Max > 0 && e.Rule != archive.RulePath {
		f.kind = kindTooLarge
	}
	return f
}

// invalidField names the first field that the API server found at fault.
func invalidField(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			return cause.Field
		}
	}
	return ""
}

func (f *failure) problem(requestID string) Problem {
	return Problem{
		Type: problemBase + f.kind.slug, Title: f.kind.title, Status: f.kind.status,
		Detail: f.detail, Field: f.field, RequestID: requestID, ElapsedMS: f.elapsedMS,
	}
}

// setHeader adds the header fields that belong to the failure.
func (f *failure) setHeader(header http.Header) {
	if f.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(max(f.retryAfter.Seconds(), 1)))))
	}
	if f.kind == kindUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="preview"`)
	}
}
