package controllers

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

// withRequest makes the log lines and spans of ctx those of the request that an instance was made for.
func withRequest(ctx context.Context, instance *v1alpha1.PreviewInstance) context.Context {
	if id := telemetry.RequestIDOf(instance); id != "" {
		ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("request_id", id))
	}
	return telemetry.Resume(ctx, instance)
}

// traceReconcile begins the span of a reconcile that is part of a launch: what happens to an instance later has
// nothing to do with the request that it was made for.
func (r *PreviewInstanceReconciler) traceReconcile(ctx context.Context, instance *v1alpha1.PreviewInstance) (context.Context, trace.Span) {
	if instance.Status.StartedAt != nil || isEnding(instance.Status.Phase) {
		return ctx, trace.SpanFromContext(context.Background())
	}
	return r.tracing.Start(ctx, "reconcile", trace.WithAttributes(
		attribute.String("preview.uid", string(instance.UID)), attribute.String("preview.phase", string(instance.Status.Phase))))
}

// stage carries out one stage of a launch, and measures and traces it.
func (r *PreviewInstanceReconciler) stage(ctx context.Context, uid types.UID, name string, do func(context.Context) error) error {
	ctx, span := r.tracing.Start(ctx, name)
	defer span.End()
	err := do(ctx)
	if err != nil {
		// Not the error's text: it may quote what the application printed.
		span.SetStatus(codes.Error, "not done")
		return err
	}
	r.metrics.passed(uid, name)
	return nil
}

// beside carries out a stage that happens beside the others of its launch, and measures and traces it.
func (r *PreviewInstanceReconciler) beside(ctx context.Context, name string, do func(context.Context) error) error {
	ctx, span := r.tracing.Start(ctx, name)
	defer span.End()
	start := time.Now()
	if err := do(ctx); err != nil {
		span.SetStatus(codes.Error, "not done")
		return err
	}
	r.metrics.stages.Observe(time.Since(start), name)
	return nil
}

// traceHandover begins the span of a handover; the function returned ends it.
func (r *PreviewInstanceReconciler) traceHandover(ctx context.Context, instance *v1alpha1.PreviewInstance) (context.Context, func(runnerapi.Result, error)) {
	ctx, span := r.tracing.Start(withRequest(ctx, instance), "handover", trace.WithAttributes(attribute.String("preview.uid", string(instance.UID))))
	return ctx, func(result runnerapi.Result, err error) {
		outcome := handoverResult(result, err)
		span.SetAttributes(attribute.String("preview.result", outcome))
		if outcome != string(runnerapi.StateServing) {
			span.SetStatus(codes.Error, outcome)
		}
		span.End()
	}
}

// stagesOfStaging and stagesOfRunning are what a runner does before and after it is told to run.
var (
	stagesOfStaging = []string{stageReceive, stageUnpack, stageFork}
	stagesOfRunning = []string{stageImport, stageListen}
)

// traceRunner adds what happened in the pod between begun and ended, as the runner tells it: those stages follow each other
// and the last ends with the whole. They are left out when they claim more than the time that there was.
func (r *PreviewInstanceReconciler) traceRunner(ctx context.Context, begun, ended time.Time, timings runnerapi.Timings, names ...string) {
	stages := runnerStages(timings)
	var sum time.Duration
	for _, name := range names {
		sum += stages[name]
	}
	if !r.tracing.On() || sum > ended.Sub(begun) {
		return
	}
	at := ended.Add(-sum)
	for _, name := range names {
		took, ok := stages[name]
		if !ok {
			continue
		}
		_, span := r.tracing.Start(ctx, name, trace.WithTimestamp(at))
		at = at.Add(took)
		span.End(trace.WithTimestamp(at))
	}
}
