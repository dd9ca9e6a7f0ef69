package controllers

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/codecache"
	"github.com/codebegen/preview-operator/internal/collector"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/ports"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

// Metrics of the manager. docs/metrics.md lists them, and a test holds it to that. Only the manager that leads counts.
type Metrics struct {
	set *telemetry.Set

	launches  *telemetry.Counter
	ended     *telemetry.Counter
	stages    *telemetry.Histogram
	handovers *telemetry.Counter
	swept     *telemetry.Counter
	store     *telemetry.Store
	lines     *telemetry.Counter
	lag       *telemetry.Histogram
	logs      *telemetry.Counter
	warmMetrics

	mu sync.Mutex
	// phases of the instances that exist.
	phases map[types.NamespacedName]v1alpha1.Phase
	// launching are the instances on their way to Running, by UID: never more than maxLaunching.
	launching map[types.UID]*launch
}

// maxLaunching bounds the launches that are timed at once; there are no more ports.
const maxLaunching = 65536

// launch is how far an instance has come on its way to Running.
type launch struct {
	name types.NamespacedName
	// begun is when it was first seen, last when its latest stage ended.
	begun, last time.Time
	// next is the first stage of managerStages that is still to come.
	next int
}

// The stages of a launch. Those of the manager follow each other; source and stage happen beside them; those of the
// runner are told by it.
const (
	stageQueue   = "queue"
	stageAccept  = "accept"
	stagePort    = "port"
	stageClaim   = "claim"
	stagePod     = "pod"
	stageSource  = "source"
	stageStage   = "stage"
	stageReady   = "ready"
	stageReceive = "receive"
	stageUnpack  = "unpack"
	stageFork    = "fork"
	stageImport  = "import"
	stageListen  = "listen"
	stageAssign  = "assign"
	stagePublish = "publish"
	stageTotal   = "total"
)

var managerStages = []string{stageQueue, stageAccept, stagePort, stageClaim, stagePod, stageReady, stageAssign, stagePublish}

// resultRunning is the result of a launch that succeeded; all others are the reasons of the end.
const resultRunning = "Running"

// endReasons are the reasons for which an instance ends.
var endReasons = []string{
	v1alpha1.ReasonStopRequested, v1alpha1.ReasonDeleted, v1alpha1.ReasonSessionTimeout, v1alpha1.ReasonMaxUptime,
	v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonGenerationNotFound, v1alpha1.ReasonGenerationNotOwned, v1alpha1.ReasonSourceUnavailable,
	v1alpha1.ReasonPortsExhausted, v1alpha1.ReasonPodStartTimeout, v1alpha1.ReasonPodLost, v1alpha1.ReasonEvicted,
	v1alpha1.ReasonRunnerUnreachable, v1alpha1.ReasonCodeRejected, v1alpha1.ReasonEntrypointNotFound, v1alpha1.ReasonImportError,
	v1alpha1.ReasonStartupFailed, v1alpha1.ReasonStartupTimeout, v1alpha1.ReasonOOMKilled, v1alpha1.ReasonAppExited,
}

// What a sweep removes.
const (
	sweptPod       = "pod"
	sweptPort      = "port"
	sweptHandover  = "handover"
	sweptFinalizer = "finalizer"
	sweptRun       = "run"
)

// handoverErrors are the results of handovers that failed: the first that an error is. What could not be reached until it
// was given up is the latter.
var handoverErrors = []struct {
	result string
	err    error
}{
	{"given-up", context.Canceled},
	{"wrong-runner", handover.ErrWrongRunner},
	{"unreachable", handover.ErrUnreachable},
	{"unauthorised", handover.ErrUnauthorised},
	{"conflict", handover.ErrConflict},
	{"refused", handover.ErrRefused},
	{"protocol", handover.ErrProtocol},
}

// resultSource is the result of a handover whose source could not be read.
const resultSource = "source"

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	s := telemetry.NewSet(registry)
	m := &Metrics{set: s, phases: map[types.NamespacedName]v1alpha1.Phase{}, launching: map[types.UID]*launch{}}
	m.launches = s.Counter("preview_launches_total", "Launches that have come to their end: the application accepts connections (Running), or the reason why it never did.",
		telemetry.Label{Name: "result", Values: append([]string{resultRunning}, endReasons...)})
	m.stages = s.Histogram("preview_launch_duration_seconds", "Time that each stage of a launch took. queue (from the watch to the first reconcile), accept, port, claim (warm only: of a pod, with the write of the intent beside it), pod (cold only: until its container runs), ready (cold only: until the runner can be used), assign (until the application serves or fails) and publish (until the status says so) follow each other and make up total; "+
		"source (reading the code) and stage (warm only: the runner has the code and has prepared its process) happen beside them; receive, unpack (fetching included), fork, import and listen are measured by the runner.", telemetry.Buckets,
		telemetry.Label{Name: "stage", Values: []string{
			stageQueue, stageAccept, stagePort, stageClaim, stagePod, stageReady, stageAssign, stagePublish, stageTotal, stageSource, stageStage,
			stageReceive, stageUnpack, stageFork, stageImport, stageListen,
		}})
	m.ended = s.Counter("preview_ended_total", "Previews that ended, whether or not they had ever run.", telemetry.Label{Name: "reason", Values: endReasons})
	m.handovers = s.Counter("preview_handovers_total", "Attempts to give a runner its code.",
		telemetry.Label{Name: "result", Values: handoverResults(), Open: true})
	m.swept = s.Counter("preview_swept_total", "What the sweep had to remove because its instance was gone. Reconciles leave nothing behind: each is a sign of trouble.",
		telemetry.Label{Name: "kind", Values: []string{sweptPod, sweptPort, sweptHandover, sweptFinalizer, sweptRun}})
	m.lines = s.Counter("preview_log_lines_total", "Lines that were stored, by who says them: the application, or the manager.",
		telemetry.Label{Name: "source", Values: []string{string(store.SourceSubprocess), string(store.SourceSystem)}})
	m.lag = s.Histogram("preview_log_lag_seconds", "Age of the oldest line of each write of lines, once it is stored.", telemetry.Buckets)
	m.logs = s.Counter("preview_logs_total", "Logs of runs that were read to their end: complete, or with lines missing.",
		telemetry.Label{Name: "result", Values: []string{logComplete, logIncomplete}})
	m.warmMetrics = newWarmMetrics(s)
	m.store = s.Store([]string{"generation", "archive", "append-logs", "log-state", "last-number", "put-run", "retain-logs", "retain-runs"}, store.ErrNotFound, store.ErrNotOwner, store.ErrUnusable)
	s.Gauges("preview_instances", "PreviewInstances by phase.", telemetry.Label{Name: "phase", Values: []string{
		string(v1alpha1.PhaseStarting), string(v1alpha1.PhaseRunning), string(v1alpha1.PhaseStopping), string(v1alpha1.PhaseStopped), string(v1alpha1.PhaseFailed),
	}}, m.countPhases)
	return m
}

// watchPorts shows how many ports are taken.
func (m *Metrics) watchPorts(allocator *ports.Allocator) {
	m.set.Gauge("preview_ports_in_use", "Ports that instances hold.", func() float64 { taken, _ := allocator.InUse(); return float64(taken) })
	m.set.Gauge("preview_ports", "Ports that there are.", func() float64 { _, size := allocator.InUse(); return float64(size) })
}

func (m *Metrics) countPhases() map[string]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	numbers := map[string]float64{}
	for _, phase := range m.phases {
		numbers[string(phase)]++
	}
	return numbers
}

// arrived notes an instance when the watch has shown it. One without a phase has just been created.
func (m *Metrics) arrived(instance *v1alpha1.PreviewInstance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phases[client.ObjectKeyFromObject(instance)] = instance.Status.Phase
	if instance.Status.Phase == "" {
		m.begin(instance)
	}
}

// seen notes an instance at the beginning of a reconcile.
func (m *Metrics) seen(instance *v1alpha1.PreviewInstance) {
	m.arrived(instance)
	if instance.Status.Phase == "" {
		m.passed(instance.UID, stageQueue)
	}
}

// begin times a launch from now on, unless it is timed already.
func (m *Metrics) begin(instance *v1alpha1.PreviewInstance) {
	if now := time.Now(); m.launching[instance.UID] == nil && len(m.launching) < maxLaunching {
		m.launching[instance.UID] = &launch{name: client.ObjectKeyFromObject(instance), begun: now, last: now}
	}
}

// gone forgets an instance that is not there any more.
func (m *Metrics) gone(name types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.phases, name)
	maps.DeleteFunc(m.launching, func(_ types.UID, l *launch) bool { return l.name == name })
}

// passed notes that a launch has come through a stage, the first time that it is told. A launch that an earlier manager
// began is not timed.
func (m *Metrics) passed(uid types.UID, stage string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.Index(managerStages, stage)
	l := m.launching[uid]
	if l == nil || at < l.next {
		return
	}
	now := time.Now()
	m.stages.Observe(now.Sub(l.last), stage)
	l.last, l.next = now, at+1
	if stage == stagePublish {
		m.stages.Observe(now.Sub(l.begun), stageTotal)
	}
}

// changed notes what a write of the status has changed.
func (m *Metrics) changed(instance *v1alpha1.PreviewInstance, before, after v1alpha1.PreviewInstanceStatus) {
	if after.Phase == v1alpha1.PhaseRunning && before.Phase != v1alpha1.PhaseRunning {
		m.passed(instance.UID, stagePublish)
		m.launches.Inc(resultRunning)
	}
	if isEnding(after.Phase) && !isEnding(before.Phase) {
		m.ended.Inc(after.Reason)
		if before.Phase != v1alpha1.PhaseRunning {
			m.launches.Inc(after.Reason)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phases[client.ObjectKeyFromObject(instance)] = after.Phase
	switch {
	case after.Phase != v1alpha1.PhaseStarting:
		delete(m.launching, instance.UID)
	case before.Phase.Finished():
		m.begin(instance)
	}
}

func isEnding(phase v1alpha1.Phase) bool { return phase == v1alpha1.PhaseStopping || phase.Finished() }

// handedOver notes the end of an attempt to hand over. The runner's timings are its own word, and bounded here.
func (m *Metrics) handedOver(uid types.UID, result runnerapi.Result, err error) {
	m.handovers.Inc(handoverResult(result, err))
	m.mu.Lock()
	timed := m.launching[uid] != nil
	m.mu.Unlock()
	if err != nil || !timed {
		return
	}
	for stage, took := range runnerStages(result.Timings) {
		m.stages.Observe(took, stage)
	}
}

func handoverResults() []string {
	results := []string{string(runnerapi.StateServing), string(runnerapi.StateFailed), resultSource}
	for _, known := range handoverErrors {
		results = append(results, known.result)
	}
	return results
}

func handoverResult(result runnerapi.Result, err error) string {
	var source *sourceError
	switch {
	case err == nil:
		return string(result.State)
	case errors.As(err, &source):
		return resultSource
	}
	for _, known := range handoverErrors {
		if errors.Is(err, known.err) {
			return known.result
		}
	}
	return telemetry.Other
}

// maxStage is the longest that a runner may claim a stage to have taken.
const maxStage = time.Hour

// runnerStages are the stages that a runner has told of, as far as they can be.
func runnerStages(t runnerapi.Timings) map[string]time.Duration {
	stages := map[string]time.Duration{}
	for stage, micros := range map[string]int64{
		stageReceive: t.ReceiveMicros, stageUnpack: t.UnpackMicros, stageFork: t.ForkMicros, stageImport: t.ImportMicros, stageListen: t.ListenMicros,
	} {
		if micros > 0 && micros <= maxStage.Microseconds() {
			stages[stage] = time.Duration(micros) * time.Microsecond
		}
	}
	return stages
}

// The results of reading logs to their end.
const (
	logComplete   = "complete"
	logIncomplete = "lines-missing"
)

// CollectorStore measures what a collector writes.
func (m *Metrics) CollectorStore(s collector.Store) collector.Store { return measuredLogs{s, m} }

type measuredLogs struct {
	collector.Store
	metrics *Metrics
}

// AppendLogs is part of collector.Store.
func (l measuredLogs) AppendLogs(ctx context.Context, lines []store.LogLine) (added int, err error) {
	defer l.metrics.store.Done("append-logs", time.Now(), &err)
	added, err = l.Store.AppendLogs(ctx, lines)
	if err != nil || added == 0 {
		return added, err
	}
	// Which of the lines were there already is not told: a repeated write, which is rare, counts for those that come first.
	oldest := lines[0].At
	for i, line := range lines {
		if i < added {
			l.metrics.lines.Inc(string(line.Source))
		}
		if line.At.Before(oldest) {
			oldest = line.At
		}
	}
	l.metrics.lag.Observe(max(time.Since(oldest), 0))
	return added, nil
}

// PutLogState is part of collector.Store.
func (l measuredLogs) PutLogState(ctx context.Context, runUID string, state store.LogState) (err error) {
	defer l.metrics.store.Done("log-state", time.Now(), &err)
	err = l.Store.PutLogState(ctx, runUID, state)
	if err == nil && state.Complete {
		result := logComplete
		if state.MissingFrom != nil {
			result = logIncomplete
		}
		l.metrics.logs.Inc(result)
	}
	return err
}

// LastSeq is part of collector.Store.
func (l measuredLogs) LastSeq(ctx context.Context, runUID string, source store.Source) (_ int64, err error) {
	defer l.metrics.store.Done("last-number", time.Now(), &err)
	return l.Store.LastSeq(ctx, runUID, source)
}

// PutRun is part of collector.Store.
func (l measuredLogs) PutRun(ctx context.Context, run store.Run) (_ bool, err error) {
	defer l.metrics.store.Done("put-run", time.Now(), &err)
	return l.Store.PutRun(ctx, run)
}

// RetentionStore removes what is old: a store.Store.
type RetentionStore interface {
	Retain(ctx context.Context, now time.Time, maxAge time.Duration, maxBytes int64) (store.Retained, error)
	RetainRuns(ctx context.Context, now time.Time, keep store.RunRetention) (removed int64, err error)
}

// RetentionStore measures what a retention removes.
func (m *Metrics) RetentionStore(s RetentionStore) RetentionStore {
	return measuredRetention{s, m.store}
}

type measuredRetention struct {
	store   RetentionStore
	metrics *telemetry.Store
}

// Retain is part of RetentionStore.
func (r measuredRetention) Retain(ctx context.Context, now time.Time, maxAge time.Duration, maxBytes int64) (_ store.Retained, err error) {
	defer r.metrics.Done("retain-logs", time.Now(), &err)
	return r.store.Retain(ctx, now, maxAge, maxBytes)
}

// RetainRuns is part of RetentionStore.
func (r measuredRetention) RetainRuns(ctx context.Context, now time.Time, keep store.RunRetention) (_ int64, err error) {
	defer r.metrics.Done("retain-runs", time.Now(), &err)
	return r.store.RetainRuns(ctx, now, keep)
}

// newGenerations measures what is read from the store, and keeps the code of what was launched lately.
func newGenerations(o Options) GenerationReader {
	measured := measuredGenerations{o.Generations, o.Metrics.store}
	return cachedGenerations{measured, codecache.New(measured, int64(o.Settings.Current().CodeCacheMB)<<20)}
}

type cachedGenerations struct {
	GenerationReader
	cache *codecache.Cache
}

// Archive is part of GenerationReader.
func (g cachedGenerations) Archive(ctx context.Context, id, version string) ([]byte, error) {
	return g.cache.Archive(ctx, id, version)
}

// measuredGenerations measures what launches wait for.
type measuredGenerations struct {
	GenerationReader
	metrics *telemetry.Store
}

// Generation is part of GenerationReader.
func (g measuredGenerations) Generation(ctx context.Context, id string) (_ store.Meta, err error) {
	defer g.metrics.Done("generation", time.Now(), &err)
	return g.GenerationReader.Generation(ctx, id)
}

// Archive is part of GenerationReader.
func (g measuredGenerations) Archive(ctx context.Context, id, version string) (_ []byte, err error) {
	defer g.metrics.Done("archive", time.Now(), &err)
	return g.GenerationReader.Archive(ctx, id, version)
}
