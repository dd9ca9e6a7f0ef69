package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

// reply is what a handler answers with.
type reply struct {
	status int
	// body is written as JSON; none when nil.
	body any
	// written is set when the handler has answered itself.
	written bool
}

// handler answers a request or fails; what a failure looks like to the client is decided in one place.
type handler func(*gin.Context) (reply, error)

const (
	requestIDKey    = "preview-request-id"
	requestIDHeader = "X-Request-Id"
	streamedKey     = "preview-streamed"
	failureKey      = "preview-failure"
)

// responseTimeout bounds how long a client may take to receive an answer that is not a stream.
const responseTimeout = time.Minute

func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// adapt makes a gin handler of a handler.
func (a *API) adapt(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		answer, err := h(c)
		switch {
		case err != nil:
			a.writeFailure(c, err)
		case answer.written:
			c.Set(streamedKey, true)
		case answer.body == nil:
			a.limitWrite(c)
			c.Status(answer.status)
			c.Writer.WriteHeaderNow()
		default:
			a.writeJSON(c, answer.status, "application/json", answer.body)
		}
	}
}

func (a *API) writeFailure(c *gin.Context, err error) {
	if c.Request.Context().Err() != nil && errors.Is(err, c.Request.Context().Err()) {
		err = context.Canceled
	}
	f := failureOf(err)
	c.Set(failureKey, f)
	a.metrics.problems.Inc(f.kind.slug)
	if f.kind == kindClientGone {
		// Nobody reads it, but the status is logged and counted.
		c.Status(statusClientGone)
		c.Writer.WriteHeaderNow()
		return
	}
	f.setHeader(c.Writer.Header())
	a.writeJSON(c, f.kind.status, problemType, f.problem(requestID(c)))
}

func (a *API) writeJSON(c *gin.Context, status int, contentType string, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		// Every body is a struct of ours; this is a programming error, which recovery reports.
		panic(fmt.Sprintf("encode %T: %v", body, err))
	}
	a.limitWrite(c)
	c.Data(status, contentType, data)
}

// limitWrite gives a client responseTimeout from now to receive the answer. It precedes every answer, for the server has
// no time-out of its own: it would cut streams.
func (a *API) limitWrite(c *gin.Context) {
	err := http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(responseTimeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		a.logger.Debug("setting a write deadline failed", "request_id", requestID(c), "error", err)
	}
}

// observe gives each request an id, logs it, counts it, and turns panics into problems. The log has neither query nor
// header fields: both may hold secrets.
func (a *API) observe(c *gin.Context) {
	start := time.Now()
	id := c.GetHeader(requestIDHeader)
	if !telemetry.RequestIDPattern.MatchString(id) {
		id = newRequestID()
	}
	c.Set(requestIDKey, id)
	header := c.Writer.Header()
	header.Set(requestIDHeader, id)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	endSpan := a.trace(c, id)
	defer func() {
		if cause := recover(); cause != nil {
			a.recovered(c, cause)
			if aborts(cause) {
				// The server cuts the connection.
				defer panic(cause)
			}
		}
		endSpan()
		took := time.Since(start)
		a.metrics.served(c.FullPath(), c.Request.Method, c.Writer.Status(), took, c.GetBool(streamedKey))
		a.logAccess(c, took)
	}()
	c.Next()
}

// aborts reports whether a panic asks the server to cut the connection.
func aborts(cause any) bool {
	err, ok := cause.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// recovered answers a request whose handler panicked.
func (a *API) recovered(c *gin.Context, cause any) {
	// Otherwise gin would go on with the handlers that follow the one that panicked.
	c.Abort()
	if aborts(cause) {
		return
	}
	a.logger.Error("a handler panicked", "request_id", requestID(c), "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if c.Writer.Written() {
		return
	}
	a.writeFailure(c, &failure{kind: kindInternal, detail: "the request id finds the cause in our log"})
}

func (a *API) logAccess(c *gin.Context, took time.Duration) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("request_id", requestID(c)),
		slog.String("method", c.Request.Method),
		slog.String("path", clip(c.Request.URL.EscapedPath())),
		slog.String("route", c.FullPath()),
		slog.Int("status", c.Writer.Status()),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Int64("duration_ms", took.Milliseconds()),
		slog.String("remote", c.Request.RemoteAddr),
	}
	if p, ok := c.Get(principalKey); ok {
		attrs = append(attrs, slog.String("user", p.(auth.Principal).UserID))
	}
	if value, ok := c.Get(failureKey); ok {
		f := value.(*failure)
		attrs = append(attrs, slog.String("problem", f.kind.slug))
		if f.kind.status >= http.StatusInternalServerError && f.cause != nil {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", f.cause.Error()))
		}
	}
	a.logger.LogAttrs(c.Request.Context(), level, "request", attrs...)
}

func newRequestID() string {
	var raw [12]byte
	// crypto/rand never fails.
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
