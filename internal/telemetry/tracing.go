package telemetry

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const (
	// exportTimeout bounds one attempt to hand spans over; while the receiver is away, at most maxQueued are kept and the
	// rest is dropped: tracing never holds up what it traces.
	exportTimeout = 5 * time.Second
	maxQueued     = 2048
	// maxAttributes and maxAttributeBytes bound a span. The attributes are ours, and short.
	maxAttributes     = 16
	maxAttributeBytes = 256

	scope = "github.com/codebegen/preview-operator"
)

// TracingOptions say where spans go.
type TracingOptions struct {
	// Endpoint of an OTLP receiver: http:// or https:// for OTLP over HTTP, with the path /v1/traces unless it has one,
	// grpc:// or grpcs:// for OTLP over gRPC. Empty turns tracing off: nothing is recorded and nothing dialled.
	Endpoint string
	// SamplePercent of the traces that begin here are recorded.
	SamplePercent int32
	// Service is the name that spans are told under.
	Service string
	// OnError is told of spans that could not be sent; nobody is when nil.
	OnError func(error)
}

// Tracing records spans. The zero value records none.
type Tracing struct {
	tracer   trace.Tracer
	provider *sdktrace.TracerProvider
}

// StartTracing begins to send spans to a receiver. It does not wait for it: one that is not there is tried again.
func StartTracing(ctx context.Context, o TracingOptions) (*Tracing, error) {
	if o.Endpoint == "" {
		return &Tracing{}, nil
	}
	if o.OnError != nil {
		// The library knows one handler for all of a process.
		otel.SetErrorHandler(otel.ErrorHandlerFunc(o.OnError))
	}
	exporter, err := newExporter(ctx, o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	return NewTracing(o, sdktrace.NewBatchSpanProcessor(exporter, sdktrace.WithMaxQueueSize(maxQueued), sdktrace.WithExportTimeout(exportTimeout))), nil
}

func newExporter(ctx context.Context, endpoint string) (*otlptrace.Exporter, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "grpc":
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(u.Host), otlptracegrpc.WithInsecure(), otlptracegrpc.WithTimeout(exportTimeout))
	case "grpcs":
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(u.Host), otlptracegrpc.WithTimeout(exportTimeout))
	case "http", "https":
	default:
		return nil, fmt.Errorf("the endpoint's scheme %q is not http, https, grpc or grpcs", u.Scheme)
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpoint(u.Host), otlptracehttp.WithTimeout(exportTimeout)}
	if u.Scheme == "http" {
		options = append(options, otlptracehttp.WithInsecure())
	}
	if u.Path != "" && u.Path != "/" {
		options = append(options, otlptracehttp.WithURLPath(u.Path))
	}
	return otlptracehttp.New(ctx, options...)
}

// NewTracing records with a processor of its own, as tests do.
func NewTracing(o TracingOptions, processor sdktrace.SpanProcessor) *Tracing {
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(processor),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(float64(o.SamplePercent)/100))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", o.Service), attribute.String("service.namespace", "preview-operator"))),
		sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{
			AttributeValueLengthLimit: maxAttributeBytes, AttributeCountLimit: maxAttributes, EventCountLimit: maxAttributes,
			LinkCountLimit: 1, AttributePerEventCountLimit: maxAttributes, AttributePerLinkCountLimit: maxAttributes,
		}),
	)
	return &Tracing{tracer: provider.Tracer(scope), provider: provider}
}

// On reports whether anything is recorded.
func (t *Tracing) On() bool { return t != nil && t.provider != nil }

// Start begins a span.
func (t *Tracing) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !t.On() {
		return ctx, noop.Span{}
	}
	return t.tracer.Start(ctx, name, options...)
}

// Shutdown sends what is left.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if !t.On() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	return t.provider.Shutdown(ctx)
}
