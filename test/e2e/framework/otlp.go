package framework

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	// maxExport bounds one export, maxSpans what is kept of all.
	maxExport = 8 << 20
	maxSpans  = 100_000
)

// Span is what is kept of a span that a Receiver was sent.
type Span struct {
	Service, Name string
	// Trace, ID and Parent are in hexadecimal; Parent is empty for the first of a trace.
	Trace, ID, Parent string
}

// Receiver takes spans over OTLP/HTTP at an address of this machine that the pods of the cluster reach.
type Receiver struct {
	// Endpoint is what PREVIEW_TRACING_ENDPOINT has to be.
	Endpoint string
	server   *http.Server

	mu    sync.Mutex
	spans []Span
	// failed is the first export that could not be read.
	failed error
}

// StartReceiver listens where this machine is seen from the node.
func (c *Cluster) StartReceiver(ctx context.Context) (*Receiver, error) {
	node, err := c.nodeAddress(ctx)
	if err != nil {
		return nil, err
	}
	// Nothing is sent: the kernel is asked which address it would send from.
	route, err := new(net.Dialer).DialContext(ctx, "udp", net.JoinHostPort(node, "9"))
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(route.LocalAddr().String())
	if err := route.Close(); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	r := &Receiver{Endpoint: "http://" + listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", r.take)
	r.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

// Close ends it.
func (r *Receiver) Close() error { return r.server.Close() }

// Spans are those that were sent so far.
func (r *Receiver) Spans() ([]Span, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans), r.failed
}

func (r *Receiver) take(w http.ResponseWriter, request *http.Request) {
	spans, err := readSpans(http.MaxBytesReader(w, request.Body, maxExport))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && len(r.spans)+len(spans) > maxSpans {
		err = fmt.Errorf("more than %d spans", maxSpans)
	}
	if err != nil {
		if r.failed == nil {
			r.failed = err
		}
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.spans = append(r.spans, spans...)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func readSpans(body io.Reader) (spans []Span, err error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var export coltrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(raw, &export); err != nil {
		return nil, err
	}
	for _, resource := range export.GetResourceSpans() {
		service := ""
		for _, attribute := range resource.GetResource().GetAttributes() {
			if attribute.GetKey() == "service.name" {
				service = attribute.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				spans = append(spans, Span{
					Service: service, Name: span.GetName(), Trace: fmt.Sprintf("%x", span.GetTraceId()),
					ID: fmt.Sprintf("%x", span.GetSpanId()), Parent: fmt.Sprintf("%x", span.GetParentSpanId()),
				})
			}
		}
	}
	return spans, nil
}
