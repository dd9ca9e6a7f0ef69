package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// HeaderTraceparent carries the place in a trace (W3C Trace Context). tracestate and baggage are not taken over: they
// are free text.
const HeaderTraceparent = "traceparent"

var (
	// RequestIDPattern is what a request id may be; it goes into logs, headers and annotations.
	RequestIDPattern   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	traceparentPattern = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)
)

// ParseTraceparent reads a place in a trace; what is not one is none.
func ParseTraceparent(text string) trace.SpanContext {
	if !traceparentPattern.MatchString(text) {
		return trace.SpanContext{}
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{HeaderTraceparent: text})
	return trace.SpanContextFromContext(ctx)
}

// traceparent writes the place in a trace that ctx is at, nothing when it is at none.
func traceparent(ctx context.Context) string {
	at := trace.SpanContextFromContext(ctx)
	if !at.IsValid() {
		return ""
	}
	return fmt.Sprintf("00-%s-%s-%s", at.TraceID(), at.SpanID(), at.TraceFlags()&trace.FlagsSampled)
}

// InjectHeader tells the receiver of a request its place in the trace, if there is one.
func InjectHeader(ctx context.Context, header http.Header) {
	if at := traceparent(ctx); at != "" {
		header.Set(HeaderTraceparent, at)
	}
}

type requestIDKey struct{}

// WithRequestID returns a context of the request of that id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// Annotate writes down which request, at which place in a trace, an object is made for.
func Annotate(ctx context.Context, object metav1.Object) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	if id, _ := ctx.Value(requestIDKey{}).(string); RequestIDPattern.MatchString(id) {
		annotations[v1alpha1.AnnotationRequestID] = id
	}
	if at := traceparent(ctx); at != "" {
		annotations[v1alpha1.AnnotationTraceparent] = at
	}
	if len(annotations) > 0 {
		object.SetAnnotations(annotations)
	}
}

// RequestIDOf reads the id of the request that an object was made for. Annotations are anybody's to write who may write
// the object: one that is no id is none.
func RequestIDOf(object metav1.Object) string {
	id := object.GetAnnotations()[v1alpha1.AnnotationRequestID]
	if !RequestIDPattern.MatchString(id) {
		return ""
	}
	return id
}

// Resume returns a context at the place in the trace that an object was made at, if there is one.
func Resume(ctx context.Context, object metav1.Object) context.Context {
	at := ParseTraceparent(object.GetAnnotations()[v1alpha1.AnnotationTraceparent])
	if !at.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, at)
}
