package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// expect compares what a registry answers, but for the metrics that begin with a prefix to leave out.
func expect(t *testing.T, registry *prometheus.Registry, want string, leaveOut ...string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	var got []string
lines:
	for line := range strings.Lines(recorder.Body.String()) {
		for _, prefix := range leaveOut {
			if strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE "), prefix) {
				continue lines
			}
		}
		got = append(got, line)
	}
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), strings.Join(got, "")); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	registry := prometheus.NewRegistry()
	set := NewSet(registry)
	c := set.Counter("things_total", "Things.", Label{Name: "kind", Values: []string{"a", "b"}})
	h := set.Histogram("took_seconds", "Time.", []float64{1}, Label{Name: "kind", Values: []string{"a"}})
	for i := range 1000 {
		c.Inc(fmt.Sprint("made up ", i))
		h.Observe(time.Second, fmt.Sprint("made up ", i))
	}
	c.Inc("a")
	expect(t, registry, `
# HELP things_total Things.
# TYPE things_total counter
things_total{kind="a"} 1
things_total{kind="b"} 0
things_total{kind="other"} 1000
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{kind="a",le="1"} 0
took_seconds_bucket{kind="a",le="+Inf"} 0
took_seconds_sum{kind="a"} 0
took_seconds_count{kind="a"} 0
took_seconds_bucket{kind="other",le="1"} 1000
took_seconds_bucket{kind="other",le="+Inf"} 1000
took_seconds_sum{kind="other"} 1000
took_seconds_count{kind="other"} 1000
`)
}

// A counter of many combinations is not spelled out, and counts all the same.
func TestManyCombinations(t *testing.T) {
	registry := prometheus.NewRegistry()
	var many []string
	for i := range maxPresent {
		many = append(many, fmt.Sprint(i))
	}
	c := NewSet(registry).Counter("things_total", "Things.", Label{Name: "x", Values: many}, Label{Name: "y", Values: []string{"a", "b"}})
	c.Inc("7", "a")
	expect(t, registry, "# HELP things_total Things.\n# TYPE things_total counter\nthings_total{x=\"7\",y=\"a\"} 1\n")
}

func TestGaugesShowEveryValue(t *testing.T) {
	registry := prometheus.NewRegistry()
	NewSet(registry).Gauges("live", "Live.", Label{Name: "phase", Values: []string{"a", "b"}}, func() map[string]float64 {
		return map[string]float64{"b": 2, "c": 3}
	})
	expect(t, registry, "# HELP live Live.\n# TYPE live gauge\nlive{phase=\"a\"} 0\nlive{phase=\"b\"} 2\n")
}

func TestStoreCountsFailuresOnly(t *testing.T) {
	registry := prometheus.NewRegistry()
	errNotFound := errors.New("not found")
	s := NewSet(registry).Store([]string{"read"}, errNotFound)
	for _, err := range []error{nil, fmt.Errorf("read: %w", errNotFound), context.Canceled, errors.New("disk full"), context.DeadlineExceeded} {
		s.Done("read", time.Now(), &err)
	}
	expect(t, registry, `
preview_store_duration_seconds_count{operation="read"} 5
# HELP preview_store_errors_total Operations of the store that failed. An answer such as "not found" is no failure.
# TYPE preview_store_errors_total counter
preview_store_errors_total{operation="read"} 2
`, "preview_store_duration_seconds_bucket", "preview_store_duration_seconds_sum", "preview_store_duration_seconds ")
}

func TestReference(t *testing.T) {
	set := NewSet(prometheus.NewRegistry())
	set.Counter("things_total", "Things.", Label{Name: "kind", Values: []string{"a", "b"}, Open: true})
	want := "| metric | type | labels | what it tells |\n|---|---|---|---|\n| `things_total` | counter | `kind`: `a`, `b`, `other` | Things. |\n"
	if got := set.Reference(); got != want {
		t.Errorf("got\n%s", got)
	}
}
