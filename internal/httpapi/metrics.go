package httpapi

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/telemetry"
	"github.com/codebegen/preview-operator/internal/ticket"
)

// metrics of the gateway. docs/metrics.md lists them, and a test holds it to that. Routes are patterns, never paths.
type metrics struct {
	registry *prometheus.Registry
	set      *telemetry.Set

	requests *telemetry.Counter
	duration *telemetry.Histogram
	problems *telemetry.Counter
	launches *telemetry.Counter
	streams  *telemetry.Histogram
	proxied  *telemetry.Histogram
	tickets  *telemetry.Counter
	scans    *telemetry.Histogram
	store    *telemetry.Store
}

// What happens to tickets, beside the reasons for which they are refused.
const (
	ticketIssued   = "issued"
	ticketRedeemed = "redeemed"
)

// streamBuckets reach from a look at a log to the longest that a token may live for.
var streamBuckets = []float64{.1, 1, 5, 30, 60, 300, 900, 1800, 3600, 14400, 86400}

// streamGone is why a stream ended whose client was not told of an end.
const streamGone = "client-gone"

// noRoute stands for every path that is no route.
const noRoute = "none"

// The outcomes of proxied requests beside the slugs of problems.
const outcomeAnswered = "answered"

func newMetrics(operations []operation, openStreams func() int) *metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := telemetry.NewSet(registry)
	routes, methods, problems := labelsOf(operations)
	_, _, launchProblems := labelsOf(slices.DeleteFunc(slices.Clone(operations), func(o operation) bool { return o.id != "launchPreview" }))
	route := telemetry.Label{Name: "route", Values: routes, In: "the routes of [http-api.md](http-api.md), `none` for all others"}
	method := telemetry.Label{Name: "method", Values: methods, In: "that of the route, `none` where there is no route"}
	m := &metrics{registry: registry, set: s}
	m.requests = s.Counter("preview_gateway_requests_total", "HTTP requests.",
		route, method, telemetry.Label{Name: "code", Values: []string{"1xx", "2xx", "3xx", "4xx", "5xx"}})
	m.duration = s.Histogram("preview_gateway_request_duration_seconds", "Time to answer HTTP requests, streams left out.", telemetry.Buckets, route, method)
	m.problems = s.Counter("preview_gateway_problems_total", "Answers that are problems, by the end of their type. Those that begin with too-many- are limits of users, 429.",
		telemetry.Label{Name: "type", Values: problems, In: "the problems of [http-api.md](http-api.md), and `client-gone`"})
	m.launches = s.Counter("preview_gateway_launches_total", "Launches that were asked for. Whether the application started is told by preview_launches_total of the manager.",
		telemetry.Label{Name: "result", Values: append([]string{resultCreated, resultFound, resultReplayed}, launchProblems...),
			In: "`created`, `found`, `replayed`, or the problem"})
	s.Gauge("preview_gateway_open_streams", "Log streams and exports of logs that are open now.", func() float64 { return float64(openStreams()) })
	m.streams = s.Histogram("preview_gateway_stream_duration_seconds", "How long log streams were open, by why they ended.", streamBuckets,
		telemetry.Label{Name: "reason", Values: []string{endOfLog, endOfToken, endOfShutdown, streamGone}})
	m.proxied = s.Histogram("preview_gateway_proxied_duration_seconds", "Time that applications took to answer proxied requests, or to fail.", telemetry.Buckets,
		telemetry.Label{Name: "outcome", Values: []string{
			outcomeAnswered, kindTimeout.slug, kindRefused.slug, kindBroken.slug, kindResponseTooLarge.slug, kindClientGone.slug,
		}})
	m.tickets = s.Counter("preview_gateway_tickets_total", "One-time tickets for log streams: made, used, or refused, by why. unknown: the store could not tell whether it was used.",
		telemetry.Label{Name: "result", Values: []string{
			ticketIssued, ticketRedeemed, ticket.ReasonForged, ticket.ReasonOtherInstance, ticket.ReasonExpired, ticket.ReasonUsed, ticket.ReasonUnknown,
		}})
	m.scans = s.Histogram("preview_gateway_endpoint_scan_duration_seconds", "Time that reading the files of a version for endpoints took, once for each version that is asked for.", telemetry.Buckets,
		telemetry.Label{Name: "result", Values: append([]string{scanFound, scanNothing, scanFailed}, scanFailures...)})
	m.store = s.Store([]string{"generation", "archive", "list", "put", "delete", "ping", "run", "runs", "logs", "export", "follow"}, store.ErrNotFound, store.ErrNotOwner, store.ErrRunNotFound, store.ErrUnusable)
	return m
}

// labelsOf returns the routes, methods and problems of operations, and those of requests that are for none.
func labelsOf(operations []operation) (routes, methods, problems []string) {
	routes, methods = []string{noRoute}, []string{noRoute}
	for _, k := range []kind{kindNoRoute, kindMethod, kindInternal, kindUnavailable, kindClientGone} {
		problems = append(problems, k.slug)
	}
	for _, o := range operations {
		routes, methods = append(routes, o.ginPath()), append(methods, o.method)
		for _, k := range o.allProblems() {
			problems = append(problems, k.slug)
		}
	}
	for _, list := range []*[]string{&routes, &methods, &problems} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return routes, methods, problems
}

func (m *metrics) served(route, method string, code int, took time.Duration, streamed bool) {
	if route == "" {
		route, method = noRoute, noRoute
	}
	m.requests.Inc(route, method, string(rune('0'+code/100))+"xx")
	if !streamed {
		m.duration.Observe(took, route, method)
	}
}

// launched counts a launch by its result, or by the slug of the problem.
func (m *metrics) launched(result string, err error) {
	if err != nil {
		result = failureOf(err).kind.slug
	}
	m.launches.Inc(result)
}

// scanned notes a scan for endpoints.
func (m *metrics) scanned(took time.Duration, result string) { m.scans.Observe(took, result) }

// forwarded notes a proxied request that began at start.
func (m *metrics) forwarded(start time.Time, err error) {
	outcome := outcomeAnswered
	if err != nil {
		outcome = failureOf(err).kind.slug
	}
	if !errors.Is(err, proxy.ErrNotRunning) {
		m.proxied.Observe(time.Since(start), outcome)
	}
}

// measuredReader measures what requests wait for.
type measuredReader struct {
	reader  GenerationReader
	metrics *telemetry.Store
}

// Generation is part of GenerationReader.
func (s measuredReader) Generation(ctx context.Context, id string) (_ store.Meta, err error) {
	defer s.metrics.Done("generation", time.Now(), &err)
	return s.reader.Generation(ctx, id)
}

// Archive is part of GenerationReader.
func (s measuredReader) Archive(ctx context.Context, id, version string) (_ []byte, err error) {
	defer s.metrics.Done("archive", time.Now(), &err)
	return s.reader.Archive(ctx, id, version)
}

// List is part of GenerationReader.
func (s measuredReader) List(ctx context.Context, opts store.ListOptions) (_ []store.Meta, _ *store.ListCursor, err error) {
	defer s.metrics.Done("list", time.Now(), &err)
	return s.reader.List(ctx, opts)
}

// Ping is part of GenerationReader.
func (s measuredReader) Ping(ctx context.Context) (err error) {
	defer s.metrics.Done("ping", time.Now(), &err)
	return s.reader.Ping(ctx)
}

// measuredStore measures the writes, too.
type measuredStore struct {
	measuredReader
	store GenerationStore
}

// Put is part of GenerationStore.
func (s measuredStore) Put(ctx context.Context, id, userID, projectID string, content store.Content) (_ store.Meta, _ bool, err error) {
	defer s.metrics.Done("put", time.Now(), &err)
	return s.store.Put(ctx, id, userID, projectID, content)
}

// Delete is part of GenerationStore.
func (s measuredStore) Delete(ctx context.Context, id, userID string) (err error) {
	defer s.metrics.Done("delete", time.Now(), &err)
	return s.store.Delete(ctx, id, userID)
}

// measuredRuns does the same for the records of runs.
type measuredRuns struct {
	RunStore
	metrics *telemetry.Store
}

// Run is part of RunStore.
func (s measuredRuns) Run(ctx context.Context, uid string) (_ store.Run, err error) {
	defer s.metrics.Done("run", time.Now(), &err)
	return s.RunStore.Run(ctx, uid)
}

// Runs is part of RunStore.
func (s measuredRuns) Runs(ctx context.Context, q store.RunQuery) (_ []store.Run, _ *store.RunCursor, err error) {
	defer s.metrics.Done("runs", time.Now(), &err)
	return s.RunStore.Runs(ctx, q)
}

// Logs is part of RunStore.
func (s measuredRuns) Logs(ctx context.Context, q store.LogQuery) (_ []store.LogLine, _ int64, err error) {
	return s.read("logs")(ctx, q)
}

// Export is part of RunStore. Each page is measured: between two of them it waits for the client.
func (s measuredRuns) Export(ctx context.Context, q store.LogQuery) iter.Seq2[store.LogLine, error] {
	return store.Export(ctx, s.read("export"), q)
}

// Follow is part of RunStore. Each page is measured.
func (s measuredRuns) Follow(runUID string, afterID int64) *store.Follower {
	return s.RunStore.Follow(runUID, afterID).ReadBy(s.read("follow"))
}

func (s measuredRuns) read(operation string) store.LogReader {
	return func(ctx context.Context, q store.LogQuery) (_ []store.LogLine, _ int64, err error) {
		defer s.metrics.Done(operation, time.Now(), &err)
		return s.RunStore.Logs(ctx, q)
	}
}
