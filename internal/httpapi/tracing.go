package httpapi

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/codebegen/preview-operator/internal/telemetry"
)

// untraced are the routes that somebody asks for every few seconds.
var untraced = []string{"/healthz", "/readyz", "/metrics"}

// trace lets the request's context know its id and, when tracing is on, begins its span; the function returned ends it.
//
// A span names the route, never the path, and has no header, body or user: what a client sends is none of the trace's.
// Clients are strangers: the trace that they name (traceparent) is linked to, and continued only when
// PREVIEW_TRACING_TRUST_PARENT says so, or anybody could have everything recorded, or write into others' traces.
func (a *API) trace(c *gin.Context, requestID string) (end func()) {
	ctx := telemetry.WithRequestID(c.Request.Context(), requestID)
	route, method := c.FullPath(), c.Request.Method
	if route == "" {
		route, method = noRoute, noRoute
	}
	if !a.tracing.On() || slices.Contains(untraced, route) {
		c.Request = c.Request.WithContext(ctx)
		return func() {}
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method), attribute.String("http.route", route), attribute.String("preview.request_id", requestID),
	)}
	if parent := telemetry.ParseTraceparent(c.GetHeader(telemetry.HeaderTraceparent)); parent.IsValid() {
		if a.settings.Current().TracingTrustParent {
			ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
		} else {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: parent}))
		}
	}
	ctx, span := a.tracing.Start(ctx, method+" "+route, options...)
	c.Request = c.Request.WithContext(ctx)
	return func() {
		span.SetAttributes(attribute.Int("http.response.status_code", c.Writer.Status()))
		if value, ok := c.Get(failureKey); ok {
			f := value.(*failure)
			span.SetAttributes(attribute.String("error.type", f.kind.slug))
			if f.kind.status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, f.kind.slug)
			}
		}
		span.End()
	}
}
