package controllers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/collector"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/ports"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/telemetry"
	"github.com/codebegen/preview-operator/internal/telemetry/telemetrytest"
)

// numbers are the series of a metric that are not zero, by the values of their labels; those of histograms are counts.
func numbers(registry prometheus.Gatherer, name string) map[string]float64 {
	families, err := registry.Gather()
	if err != nil {
		panic(err)
	}
	series := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var values []string
			for _, label := range metric.GetLabel() {
				values = append(values, label.GetValue())
			}
			n := metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			if n != 0 {
				series[strings.Join(values, " ")] = n
			}
		}
	}
	return series
}

func newTestMetrics(t *testing.T) (*Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	allocator, err := ports.New(3001, 3010, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.watchPorts(allocator)
	m.watchWarm(newWarmPods(settings.Fixed(settings.Settings{}), time.Now, m, nil))
	return m, registry
}

// TestMetricsReference keeps docs/metrics.md equal to what the manager registers.
func TestMetricsReference(t *testing.T) {
	m, _ := newTestMetrics(t)
	telemetrytest.Reference(t, "../docs/metrics.md", "manager", m.set)
}

func testInstance(name string) *v1alpha1.PreviewInstance {
	return &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{Namespace: "previews", Name: name, UID: types.UID("uid-" + name)}}
}

func inPhase(phase v1alpha1.Phase, reason string) v1alpha1.PreviewInstanceStatus {
	return v1alpha1.PreviewInstanceStatus{Phase: phase, Reason: reason}
}

func TestMetricsOfLaunches(t *testing.T) {
	starting, running := inPhase(v1alpha1.PhaseStarting, "Pending"), inPhase(v1alpha1.PhaseRunning, "Serving")
	for name, tc := range map[string]struct {
		statuses        []v1alpha1.PreviewInstanceStatus
		launches, ended map[string]float64
	}{
		"runs":                      {[]v1alpha1.PreviewInstanceStatus{starting, running, running}, map[string]float64{"Running": 1}, map[string]float64{}},
		"never ran":                 {[]v1alpha1.PreviewInstanceStatus{starting, inPhase("Stopping", "ImportError"), inPhase("Failed", "ImportError")}, map[string]float64{"ImportError": 1}, map[string]float64{"ImportError": 1}},
		"refused at once":           {[]v1alpha1.PreviewInstanceStatus{inPhase("Failed", "PortsExhausted")}, map[string]float64{"PortsExhausted": 1}, map[string]float64{"PortsExhausted": 1}},
		"ran and was killed":        {[]v1alpha1.PreviewInstanceStatus{starting, running, inPhase("Stopping", "OOMKilled"), inPhase("Failed", "OOMKilled")}, map[string]float64{"Running": 1}, map[string]float64{"OOMKilled": 1}},
		"stopped and started again": {[]v1alpha1.PreviewInstanceStatus{running, inPhase("Stopped", "StopRequested"), starting, running}, map[string]float64{"Running": 2}, map[string]float64{"StopRequested": 1}},
		"a reason nobody knows":     {[]v1alpha1.PreviewInstanceStatus{starting, inPhase("Failed", "Made Up")}, map[string]float64{"other": 1}, map[string]float64{"other": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			m, registry := newTestMetrics(t)
			instance := testInstance("a")
			var before v1alpha1.PreviewInstanceStatus
			for _, after := range tc.statuses {
				m.seen(instance)
				m.changed(instance, before, after)
				instance.Status, before = after, after
			}
			got := []map[string]float64{numbers(registry, "preview_launches_total"), numbers(registry, "preview_ended_total")}
			if diff := cmp.Diff([]map[string]float64{tc.launches, tc.ended}, got); diff != "" {
				t.Errorf("launches and ends (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetricsOfStages(t *testing.T) {
	m, registry := newTestMetrics(t)
	instance := testInstance("a")
	m.seen(instance)
	for _, stage := range []string{"accept", "accept", "port", "accept", "port", "pod", "claim", "ready", "pod", "assign"} {
		m.passed(instance.UID, stage)
	}
	timings := runnerapi.Timings{ReceiveMicros: 1, UnpackMicros: -5, ForkMicros: math.MaxInt64, ImportMicros: 7}
	m.handedOver(instance.UID, runnerapi.Result{State: runnerapi.StateServing, Timings: timings}, nil)
	m.changed(instance, inPhase(v1alpha1.PhaseStarting, "Pending"), inPhase(v1alpha1.PhaseRunning, "Serving"))
	// One that an earlier manager began is counted, but not timed.
	other := testInstance("b")
	other.Status.Phase = v1alpha1.PhaseStarting
	m.seen(other)
	m.passed(other.UID, stagePod)
	m.handedOver(other.UID, runnerapi.Result{State: runnerapi.StateServing, Timings: timings}, nil)
	m.changed(other, inPhase(v1alpha1.PhaseStarting, "Pending"), inPhase(v1alpha1.PhaseRunning, "Serving"))

	want := map[string]float64{
		"queue": 1, "accept": 1, "port": 1, "pod": 1, "ready": 1, "assign": 1, "publish": 1, "total": 1, "receive": 1, "import": 1,
	}
	if diff := cmp.Diff(want, numbers(registry, "preview_launch_duration_seconds")); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"Running": 2}, numbers(registry, "preview_instances")); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	m.gone(types.NamespacedName{Namespace: "previews", Name: "a"})
	if diff := cmp.Diff(map[string]float64{"Running": 1}, numbers(registry, "preview_instances")); diff != "" {
		t.Errorf("phases after one has gone (-want +got):\n%s", diff)
	}
	telemetrytest.Bounded(t, registry, m.set)
}

// An instance that goes while it starts, with its finalizer removed by force, leaves nothing behind.
func TestMetricsForgetLaunches(t *testing.T) {
	m, _ := newTestMetrics(t)
	for i := range 3 {
		m.seen(testInstance(fmt.Sprint(i)))
		m.gone(types.NamespacedName{Namespace: "previews", Name: fmt.Sprint(i)})
	}
	if len(m.launching) != 0 || len(m.phases) != 0 {
		t.Errorf("%d launches and %d phases are left", len(m.launching), len(m.phases))
	}
}

func TestHandoverResult(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	for want, err := range map[string]error{
		"source":        &sourceError{store.ErrNotFound},
		"wrong-runner":  fmt.Errorf("pod p: %w", handover.ErrWrongRunner),
		"unreachable":   fmt.Errorf("pod p: %w: %w: %w", handover.ErrUnreachable, context.Cause(ctx), errors.New("refused")),
		"given-up":      fmt.Errorf("pod p: %w: %w: %w", handover.ErrUnreachable, context.Canceled, errors.New("refused")),
		"unauthorised":  handover.ErrUnauthorised,
		"conflict":      handover.ErrConflict,
		"refused":       handover.ErrRefused,
		"protocol":      handover.ErrProtocol,
		telemetry.Other: errors.New("disk full"),
		"serving":       nil,
	} {
		if got := handoverResult(runnerapi.Result{State: runnerapi.StateServing}, err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}

// logStore is the part of a collector's store that is measured.
type logStore struct {
	collector.Store
	err error
}

func (s logStore) AppendLogs(_ context.Context, lines []store.LogLine) (int, error) {
	return len(lines), s.err
}

func (s logStore) PutLogState(context.Context, string, store.LogState) error { return s.err }

func (s logStore) LastSeq(context.Context, string, store.Source) (int64, error) { return 7, s.err }

func (s logStore) PutRun(context.Context, store.Run) (bool, error) { return true, s.err }

func (s logStore) Retain(context.Context, time.Time, time.Duration, int64) (store.Retained, error) {
	return store.Retained{Logs: 7}, s.err
}

func (s logStore) RetainRuns(context.Context, time.Time, store.RunRetention) (int64, error) {
	return 7, s.err
}

func TestMetricsOfTheStore(t *testing.T) {
	m, registry := newTestMetrics(t)
	for _, err := range []error{nil, errors.New("disk full"), store.ErrNotFound} {
		measured, retention := m.CollectorStore(logStore{err: err}), m.RetentionStore(logStore{err: err})
		last, errLast := measured.LastSeq(t.Context(), "run", store.SourceSystem)
		written, errPut := measured.PutRun(t.Context(), store.Run{})
		logs, errLogs := retention.Retain(t.Context(), time.Now(), 0, 0)
		runs, errRuns := retention.RetainRuns(t.Context(), time.Now(), store.RunRetention{})
		if last != 7 || !written || logs.Logs != 7 || runs != 7 {
			t.Errorf("answers %d, %v, %+v, %d", last, written, logs, runs)
		}
		for _, got := range []error{errLast, errPut, errLogs, errRuns} {
			if !errors.Is(got, err) {
				t.Errorf("error %v, want %v", got, err)
			}
		}
	}
	for name, each := range map[string]float64{"preview_store_errors_total": 1, "preview_store_duration_seconds": 3} {
		want := map[string]float64{"last-number": each, "put-run": each, "retain-logs": each, "retain-runs": each}
		if diff := cmp.Diff(want, numbers(registry, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMetricsOfLogs(t *testing.T) {
	m, registry := newTestMetrics(t)
	now := time.Now()
	lines := []store.LogLine{{Source: store.SourceSubprocess, At: now}, {Source: store.SourceSystem, At: now.Add(-time.Minute)}, {Source: store.SourceSubprocess, At: now.Add(time.Hour)}}
	for _, err := range []error{nil, errors.New("disk full")} {
		measured := m.CollectorStore(logStore{err: err})
		_, got := measured.AppendLogs(t.Context(), lines)
		if !errors.Is(got, err) {
			t.Errorf("error %v, want %v", got, err)
		}
		for _, state := range []store.LogState{{}, {Complete: true}, {Complete: true, MissingFrom: &now}, {MissingFrom: &now}} {
			if got := measured.PutLogState(t.Context(), "run", state); !errors.Is(got, err) {
				t.Errorf("error %v, want %v", got, err)
			}
		}
	}
	want := map[string]map[string]float64{
		"preview_log_lines_total":    {"subprocess": 2, "system": 1},
		"preview_logs_total":         {"complete": 1, "lines-missing": 1},
		"preview_log_lag_seconds":    {"": 1},
		"preview_store_errors_total": {"append-logs": 1, "log-state": 4},
	}
	for name, series := range want {
		if diff := cmp.Diff(series, numbers(registry, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

var _ = Describe("Metrics", func() {
	It("count and time launches, ends and handovers", func(ctx SpecContext) {
		w := newWorld(nil)
		registry := prometheus.NewRegistry()
		w.metrics = NewMetrics(registry)
		w.start()
		w.generations["gen-a"] = store.Meta{ID: "gen-a", UserID: "alice"}
		w.run("a", func(spec *v1alpha1.PreviewInstanceSpec) {
			spec.Source = v1alpha1.Source{Generation: &v1alpha1.GenerationSource{}}
		})
		w.create("b", func(spec *v1alpha1.PreviewInstanceSpec) {
			spec.Source = v1alpha1.Source{Generation: &v1alpha1.GenerationSource{}}
		})
		Eventually(w.phase("b")).Should(Equal(v1alpha1.PhaseFailed))

		// Counted once the write of the status has returned, which others may see before.
		series := func(name string) func() map[string]float64 {
			return func() map[string]float64 { return numbers(registry, name) }
		}
		Eventually(series("preview_launches_total")).Should(Equal(map[string]float64{"Running": 1, "GenerationNotFound": 1}))
		Eventually(series("preview_ended_total")).Should(Equal(map[string]float64{"GenerationNotFound": 1}))
		Eventually(series("preview_handovers_total")).Should(Equal(map[string]float64{"serving": 1}))
		Eventually(series("preview_ports_in_use")).Should(Equal(map[string]float64{"": 1}))
		Eventually(series("preview_ports")).Should(Equal(map[string]float64{"": 100}))
		Eventually(series("preview_instances")).Should(Equal(map[string]float64{"Running": 1, "Failed": 1}))
		Eventually(series("preview_launch_duration_seconds")).Should(Equal(map[string]float64{
			"queue": 2, "accept": 1, "port": 1, "pod": 1, "source": 1, "ready": 1, "assign": 1, "publish": 1, "total": 1,
		}))
		Eventually(series("preview_store_duration_seconds")).Should(HaveKey("archive"))
		Eventually(series("preview_store_errors_total")).Should(BeEmpty())

		Expect(api.Delete(ctx, w.get("a"))).To(Succeed())
		Eventually(series("preview_instances")).Should(Equal(map[string]float64{"Failed": 1}))
		Eventually(series("preview_ended_total")).Should(Equal(map[string]float64{"GenerationNotFound": 1, "Deleted": 1}))
	})
})
