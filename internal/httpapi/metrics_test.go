package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/telemetry/telemetrytest"
	"github.com/codebegen/preview-operator/test/support"
)

// TestMetricsReference keeps docs/metrics.md equal to what the gateway registers.
func TestMetricsReference(t *testing.T) {
	h := newHarness(t, nil)
	telemetrytest.Reference(t, "../../docs/metrics.md", "gateway", h.api.metrics.set)
}

// What clients send can make no series of its own: neither routes nor methods, and every problem has its name.
func TestMetricsAreBounded(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	for _, path := range []string{"/nope", "/healthz", "/docs/nope", base + "gen/preview/status", base + "%2e%2e/preview/status"} {
		for _, method := range []string{"GET", "OPTIONS", "BREW", "POST"} {
			h.do(call{method: method, path: path, token: h.token("alice", auth.RoleUser)})
		}
	}
	telemetrytest.Bounded(t, h.api.metrics.registry, h.api.metrics.set)
}

func TestProblemsAreCounted(t *testing.T) {
	h := newHarness(t, nil)
	h.do(call{method: "GET", path: "/nope"})
	h.do(call{method: "GET", path: base + "gen/preview/status"})
	h.do(call{method: "POST", path: "/healthz"})
	h.do(call{method: "GET", path: "/readyz"})
	text := string(h.do(call{method: "GET", path: "/metrics"}).body)
	for _, line := range []string{
		`preview_gateway_problems_total{type="route-not-found"} 1`,
		`preview_gateway_problems_total{type="unauthorized"} 1`,
		`preview_gateway_problems_total{type="method-not-allowed"} 1`,
		`preview_gateway_problems_total{type="too-many-launches"} 0`,
		`preview_store_duration_seconds_count{operation="ping"} 1`,
		`preview_store_errors_total{operation="generation"} 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestProxiedRequestsAreMeasured(t *testing.T) {
	h := newHarness(t, nil)
	address, _ := application(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/break" {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusTeapot)
	})
	token := h.runs("gen", "alice", address).SessionToken
	proxied(h, "alice", token, `{"method":"GET","path":"/"}`)
	proxied(h, "alice", token, `{"method":"GET","path":"/break"}`)
	proxied(h, "alice", "no token", `{"method":"GET","path":"/"}`)
	text := string(h.do(call{method: "GET", path: "/metrics"}).body)
	for _, line := range []string{
		`preview_gateway_proxied_duration_seconds_count{outcome="answered"} 1`,
		`preview_gateway_proxied_duration_seconds_count{outcome="application-broken"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
}

// However a log is read, each page of it is measured.
func TestReadsOfLogsAreMeasured(t *testing.T) {
	h := withPod(newHarness(t, nil))
	run := h.launched("gen", "alice").ID
	h.prints(run, 1, "INFO", "one")
	h.completes(run)
	support.Eventually(h.t, "the log can be read by its run", func() bool { return export(h, "", ndjsonType).status == http.StatusOK })
	h.follow(h.ticketFor(h.token("alice", auth.RoleUser)).URL).expect("retry: 3000", frame(1, "INFO", "one"))
	h.do(call{method: "GET", path: base + "gen/preview/logs", token: h.token("alice", auth.RoleUser)})
	text := string(h.do(call{method: "GET", path: "/metrics"}).body)
	for _, operation := range []string{"logs", "export", "follow"} {
		series := `preview_store_duration_seconds_count{operation="` + operation + `"} `
		if !strings.Contains(text, series) || strings.Contains(text, series+"0\n") {
			t.Errorf("%s is not measured", operation)
		}
		if want := `preview_store_errors_total{operation="` + operation + `"} 0`; !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}
