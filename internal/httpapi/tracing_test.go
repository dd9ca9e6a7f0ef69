package httpapi

import (
	"fmt"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

const (
	strangersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	strangersSpan  = "00f067aa0ba902b7"
)

func traced(t *testing.T) (*harness, *tracetest.InMemoryExporter) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	return newHarness(t, func(o *Options) {
		o.Tracing = telemetry.NewTracing(telemetry.TracingOptions{SamplePercent: 100, Service: "preview-gateway"}, sdktrace.NewSimpleSpanProcessor(exporter))
	}), exporter
}

// spanOf returns the last span of a name.
func spanOf(t *testing.T, exporter *tracetest.InMemoryExporter, name string) tracetest.SpanStub {
	t.Helper()
	var found *tracetest.SpanStub
	for _, span := range exporter.GetSpans() {
		if span.Name == name {
			found = &span
		}
	}
	if found == nil {
		t.Fatalf("there is no span %s", name)
	}
	return *found
}

const launchSpan = "POST /api/v1/generations/:generation_id/preview/launch"

func TestLaunchCarriesItsTrace(t *testing.T) {
	for name, trust := range map[string]bool{"a stranger's trace is linked to": false, "a trusted one is continued": true} {
		t.Run(name, func(t *testing.T) {
			h, exporter := traced(t)
			h.configure(func(s *settings.Settings) { s.TracingTrustParent = trust })
			h.stored("gen", "alice")
			c := launchCall(h, "gen", "alice", nil)
			c.header = map[string]string{"traceparent": "00-" + strangersTrace + "-" + strangersSpan + "-01", "tracestate": "canary=1", "X-Request-Id": "the-id"}
			h.do(c)
			span := spanOf(t, exporter, launchSpan)
			continued := span.SpanContext.TraceID().String() == strangersTrace && span.Parent.SpanID().String() == strangersSpan
			linked := len(span.Links) == 1 && span.Links[0].SpanContext.TraceID().String() == strangersTrace
			if continued != trust || linked == trust {
				t.Errorf("continued: %v, linked: %v, trusted: %v", continued, linked, trust)
			}
			pvi, err := h.api.instances.Live(t.Context(), instanceName("gen"))
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("00-%s-%s-01", span.SpanContext.TraceID(), span.SpanContext.SpanID())
			if got := pvi.Annotations[v1alpha1.AnnotationTraceparent]; got != want {
				t.Errorf("traceparent %q, want %q", got, want)
			}
			if got := pvi.Annotations[v1alpha1.AnnotationRequestID]; got != "the-id" {
				t.Errorf("request id %q", got)
			}
		})
	}
}

// With tracing off, the request's id is still there for the manager's log, and nothing else.
func TestLaunchUntraced(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	c := launchCall(h, "gen", "alice", nil)
	c.header = map[string]string{"traceparent": "00-" + strangersTrace + "-" + strangersSpan + "-01"}
	id := h.do(c).header.Get("X-Request-Id")
	pvi, err := h.api.instances.Live(t.Context(), instanceName("gen"))
	if err != nil {
		t.Fatal(err)
	}
	if len(pvi.Annotations) != 1 || pvi.Annotations[v1alpha1.AnnotationRequestID] != id || id == "" {
		t.Errorf("annotations %v of request %s", pvi.Annotations, id)
	}
}

// Nothing that a client sends is in a span, but the id of the request, which has a pattern.
func TestSpansHoldNoSecrets(t *testing.T) {
	h, exporter := traced(t)
	h.stored("gen", "alice")
	token := h.token("alice", auth.RoleUser)
	h.do(call{method: "GET", path: base + "gen/preview/status?canary=canary-query", token: token, header: map[string]string{"X-Canary": "canary-header"}})
	h.do(call{method: "GET", path: "/canary-path", token: token})
	h.do(call{method: "CANARY", path: base + "gen/preview/status"})
	h.do(call{method: "GET", path: "/metrics"})
	for _, span := range exporter.GetSpans() {
		text := span.Name + " " + span.Status.Description
		for _, a := range span.Attributes {
			text += fmt.Sprintf(" %s=%s", a.Key, a.Value.String())
		}
		for _, canary := range []string{"canary", "CANARY", token, "alice", "/metrics"} {
			if strings.Contains(text, canary) {
				t.Errorf("%q is in the span %s", canary, text)
			}
		}
	}
	if span := spanOf(t, exporter, "none none"); span.Attributes[len(span.Attributes)-1].Value.AsString() == "" {
		t.Errorf("the span of a problem has attributes %v", span.Attributes)
	}
}
