package telemetry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// names are the spans of a request to a receiver, after their service.
func names(request *collector.ExportTraceServiceRequest) []string {
	var names []string
	for _, of := range request.GetResourceSpans() {
		for _, a := range of.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				names = append(names, a.GetValue().GetStringValue())
			}
		}
		for _, scope := range of.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				names = append(names, span.GetName())
			}
		}
	}
	return names
}

type grpcReceiver struct {
	collector.UnimplementedTraceServiceServer
	received chan []string
}

func (r grpcReceiver) Export(_ context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.received <- names(request)
	return &collector.ExportTraceServiceResponse{}, nil
}

func TestSpansReachReceivers(t *testing.T) {
	received := make(chan []string, 1)
	paths := make(chan string, 1)
	overHTTP := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := &collector.ExportTraceServiceRequest{}
		if err == nil {
			err = proto.Unmarshal(body, request)
		}
		if err != nil {
			t.Error(err)
		}
		paths <- r.URL.Path
		received <- names(request)
	}))
	defer overHTTP.Close()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	overGRPC := grpc.NewServer()
	collector.RegisterTraceServiceServer(overGRPC, grpcReceiver{received: received})
	go func() {
		if err := overGRPC.Serve(listener); err != nil {
			t.Error(err)
		}
	}()
	defer overGRPC.Stop()

	for name, tc := range map[string]struct{ endpoint, path string }{
		"HTTP":             {overHTTP.URL, "/v1/traces"},
		"HTTP with a path": {overHTTP.URL + "/otlp/v1/traces", "/otlp/v1/traces"},
		"gRPC":             {"grpc://" + listener.Addr().String(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			tracing, err := StartTracing(t.Context(), TracingOptions{Endpoint: tc.endpoint, SamplePercent: 100, Service: "preview-test"})
			if err != nil {
				t.Fatal(err)
			}
			_, span := tracing.Start(t.Context(), "hello")
			span.End()
			if err := tracing.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"preview-test", "hello"}, <-received); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
			if tc.path != "" {
				if path := <-paths; path != tc.path {
					t.Errorf("sent to %s, want %s", path, tc.path)
				}
			}
		})
	}
}

func TestTracingOff(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	// OpenTelemetry's own variables do not turn it on.
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	off, err := StartTracing(t.Context(), TracingOptions{SamplePercent: 100, Service: "preview-test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tracing := range []*Tracing{off, {}, nil} {
		ctx, span := tracing.Start(t.Context(), "hello")
		span.End()
		object := &metav1.ObjectMeta{}
		Annotate(ctx, object)
		header := http.Header{}
		InjectHeader(ctx, header)
		if tracing.On() || len(object.Annotations) != 0 || len(header) != 0 {
			t.Errorf("on: %v, annotations %v, header %v", tracing.On(), object.Annotations, header)
		}
		if err := tracing.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the receiver was asked %d times", asked.Load())
	}
}

func TestEndpointsThatAreNone(t *testing.T) {
	for _, endpoint := range []string{"ftp://collector:4318", "collector:4318", "//collector"} {
		if _, err := StartTracing(t.Context(), TracingOptions{Endpoint: endpoint}); err == nil {
			t.Errorf("%s is taken", endpoint)
		}
	}
}

func TestPropagation(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	tracing := NewTracing(TracingOptions{SamplePercent: 100}, sdktrace.NewSimpleSpanProcessor(exporter))
	ctx, span := tracing.Start(WithRequestID(t.Context(), "request-1"), "request")
	object := &metav1.ObjectMeta{Annotations: map[string]string{"kept": "yes"}}
	Annotate(ctx, object)
	span.End()
	want := map[string]string{
		"kept": "yes", v1alpha1.AnnotationRequestID: "request-1",
		v1alpha1.AnnotationTraceparent: "00-" + span.SpanContext().TraceID().String() + "-" + span.SpanContext().SpanID().String() + "-01",
	}
	if diff := cmp.Diff(want, object.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	_, child := tracing.Start(Resume(t.Context(), object), "reconcile")
	child.End()
	if got := exporter.GetSpans()[1]; got.Parent.SpanID() != span.SpanContext().SpanID() || got.SpanContext.TraceID() != span.SpanContext().TraceID() {
		t.Errorf("the span is of trace %s below %s", got.SpanContext.TraceID(), got.Parent.SpanID())
	}
	if got := RequestIDOf(object); got != "request-1" {
		t.Errorf("request id %q", got)
	}
}

// Whoever may write an object may write its annotations.
func TestAnnotationsThatAreNone(t *testing.T) {
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, text := range []string{
		"", "00", "00-" + trace + "-" + span, "01-" + trace + "-" + span + "-01-a-later-version", "00-" + trace + "-" + span + "-01\nforged", "00-" + trace + "-" + span + "-01-more", "ff-" + trace + "-" + span + "-01",
		"00-00000000000000000000000000000000-" + span + "-01", "00-" + trace + "-0000000000000000-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01",
	} {
		if ParseTraceparent(text).IsValid() {
			t.Errorf("%q is taken", text)
		}
	}
	if !ParseTraceparent("00-" + trace + "-" + span + "-01").IsValid() {
		t.Error("a good one is refused")
	}
	for _, id := range []string{"", "a b", "a\nlevel=error", "ü", string(make([]byte, 65))} {
		if got := RequestIDOf(&metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationRequestID: id}}); got != "" {
			t.Errorf("%q is taken", id)
		}
	}
}

func TestSampling(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	tracing := NewTracing(TracingOptions{SamplePercent: 0}, sdktrace.NewSimpleSpanProcessor(exporter))
	ctx, span := tracing.Start(t.Context(), "request")
	_, child := tracing.Start(ctx, "child")
	child.End()
	span.End()
	if n := len(exporter.GetSpans()); n != 0 {
		t.Errorf("%d spans were recorded of 0 per cent", n)
	}
}
