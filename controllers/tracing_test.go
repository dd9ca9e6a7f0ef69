package controllers

import (
	"context"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

const (
	requestTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	requestSpan  = "00f067aa0ba902b7"
)

func inMemory() (*telemetry.Tracing, *tracetest.InMemoryExporter) {
	exporter := tracetest.NewInMemoryExporter()
	return telemetry.NewTracing(telemetry.TracingOptions{SamplePercent: 100}, sdktrace.NewSimpleSpanProcessor(exporter)), exporter
}

// below are the names of the spans that are children of those of a name.
func below(spans tracetest.SpanStubs, parent string) []string {
	ids := map[trace.SpanID]bool{}
	for _, span := range spans {
		ids[span.SpanContext.SpanID()] = span.Name == parent
	}
	names := map[string]bool{}
	for _, span := range spans {
		if ids[span.Parent.SpanID()] {
			names[span.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func TestRequestIDIsLogged(t *testing.T) {
	for name, tc := range map[string]struct{ id, want string }{
		"an id":     {"request-1", `"request_id"="request-1"`},
		"none":      {"", ""},
		"a forgery": {"x\nlevel=error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			logger := funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{})
			instance := testInstance("a")
			instance.Annotations = map[string]string{v1alpha1.AnnotationRequestID: tc.id}
			log.FromContext(withRequest(log.IntoContext(t.Context(), logger), instance)).Info("hello")
			if len(lines) != 1 || strings.Contains(lines[0], "request_id") != (tc.want != "") || !strings.Contains(lines[0], tc.want) {
				t.Errorf("logged %q, want %q", lines, tc.want)
			}
		})
	}
}

// What the runner says took how long fits into the time that there was, or is left out.
func TestRunnerSpans(t *testing.T) {
	for name, tc := range map[string]struct {
		timings runnerapi.Timings
		want    []string
	}{
		"believable":  {runnerapi.Timings{ReceiveMicros: 1, UnpackMicros: 2, ForkMicros: 3, ImportMicros: 4, ListenMicros: 5}, []string{"receive", "unpack", "fork", "import", "listen"}},
		"in part":     {runnerapi.Timings{ImportMicros: 4, ListenMicros: -1}, []string{"import"}},
		"too long":    {runnerapi.Timings{ImportMicros: time.Minute.Microseconds()}, nil},
		"overflowing": {runnerapi.Timings{ImportMicros: math.MaxInt64, ListenMicros: math.MaxInt64}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tracing, exporter := inMemory()
			start := time.Now().Add(-time.Second)
			(&PreviewInstanceReconciler{tracing: tracing}).traceRunner(t.Context(), start, time.Now(), tc.timings, slices.Concat(stagesOfStaging, stagesOfRunning)...)
			var names []string
			last := start
			for _, span := range exporter.GetSpans() {
				names = append(names, span.Name)
				if span.StartTime.Before(last) || span.EndTime.Before(span.StartTime) || span.EndTime.After(time.Now()) {
					t.Errorf("%s is from %s to %s", span.Name, span.StartTime, span.EndTime)
				}
				last = span.EndTime
			}
			if diff := cmp.Diff(tc.want, names); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
		})
	}
}

var _ = Describe("Traces", func() {
	It("continue the request that an instance was made for, to the runner", func(ctx SpecContext) {
		w := newWorld(nil)
		tracing, exporter := inMemory()
		w.tracing = tracing
		var handedOver trace.SpanContext
		w.runner.assigning = func(ctx context.Context) {
			handedOver = trace.SpanContextFromContext(ctx)
			// Stages that claim more time than the assignment took are not believed: it has to take what they claim below.
			for begun := time.Now(); time.Since(begun) < 10*time.Microsecond; {
				runtime.Gosched()
			}
		}
		w.start()
		instance := w.instance("a", nil)
		instance.Annotations = map[string]string{v1alpha1.AnnotationTraceparent: "00-" + requestTrace + "-" + requestSpan + "-01"}
		Expect(api.Create(ctx, instance)).To(Succeed())
		w.runner.answer(string(instance.UID), runnerapi.Result{
			AssignmentID: string(instance.UID), State: runnerapi.StateServing, CodeLoaded: true, Timings: runnerapi.Timings{ForkMicros: 1, ImportMicros: 2},
		}, nil)
		w.startPod(w.podOf("a"))
		Eventually(w.phase("a")).Should(Equal(v1alpha1.PhaseRunning))

		var spans tracetest.SpanStubs
		// The instance may run a moment before its handover has ended its spans.
		Eventually(func() [][]string {
			spans = exporter.GetSpans()
			return [][]string{below(spans, "reconcile"), below(spans, "handover"), below(spans, "assign")}
		}).Should(Equal([][]string{{"accept", "pod", "port"}, {"assign", "ready", "source"}, {"fork", "import"}}))
		for _, span := range spans {
			Expect(span.SpanContext.TraceID().String()).To(Equal(requestTrace), span.Name)
			if span.Name == "reconcile" || span.Name == "handover" {
				Expect(span.Parent.SpanID().String()).To(Equal(requestSpan))
			}
		}
		Expect(handedOver.TraceID().String()).To(Equal(requestTrace))

		By("and nothing of what comes later")
		w.setDesired("a", v1alpha1.DesiredStopped)
		Eventually(w.phase("a")).Should(Equal(v1alpha1.PhaseStopped))
		for _, span := range exporter.GetSpans() {
			for _, attribute := range span.Attributes {
				if attribute.Key == "preview.phase" {
					Expect(attribute.Value.AsString()).To(BeElementOf("", string(v1alpha1.PhaseStarting)))
				}
			}
		}
	})

	It("tell of a warm launch what was done before it ran, and after", func(ctx SpecContext) {
		w := newWorld(nil)
		tracing, exporter := inMemory()
		w.tracing = tracing
		takeTime := func(context.Context) {
			for begun := time.Now(); time.Since(begun) < 10*time.Microsecond; {
				runtime.Gosched()
			}
		}
		w.runner.assigning = takeTime
		w.runner.staging = func(handover.Target, runnerapi.Assignment) error {
			takeTime(ctx)
			return nil
		}
		w.warm(1)
		instance := w.instance("a", nil)
		instance.Annotations = map[string]string{v1alpha1.AnnotationTraceparent: "00-" + requestTrace + "-" + requestSpan + "-01"}
		w.runner.timings = runnerapi.Timings{UnpackMicros: 1, ForkMicros: 2, ImportMicros: 3, ListenMicros: 1}
		Expect(api.Create(ctx, instance)).To(Succeed())
		Eventually(w.phase("a")).Should(Equal(v1alpha1.PhaseRunning))
		Eventually(func() [][]string {
			spans := exporter.GetSpans()
			return [][]string{below(spans, "handover"), below(spans, "stage"), below(spans, "assign")}
		}).Should(Equal([][]string{{"assign", "source", "stage"}, {"fork", "unpack"}, {"import", "listen"}}))
	})
})
