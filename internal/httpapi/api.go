// Package httpapi is the gateway's HTTP API: it stores generations, launches, shows and stops their previews, forwards
// requests to them and streams their logs.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/ratelimit"
	"github.com/codebegen/preview-operator/internal/session"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/telemetry"
	"github.com/codebegen/preview-operator/internal/ticket"
)

// Options are what an API is made of; every member is needed unless it says otherwise.
type Options struct {
	Settings *settings.Live
	Store    GenerationStore
	// Product is where generations are read when the product keeps them; they are then neither stored nor deleted. Those of
	// Store when nil.
	Product GenerationReader
	// Runs are the records of runs and their logs.
	Runs RunStore
	// Idempotency remembers the answers to launches with an Idempotency-Key.
	Idempotency IdempotencyStore
	Instances   *Instances
	Verifier    *auth.Verifier
	Tickets     *ticket.Desk
	Signer      *session.Signer
	Forwarder   *proxy.Forwarder
	Vitals      Vitals
	Logger      *slog.Logger
	// Scanner reads files for endpoints; none are read when nil.
	Scanner Scanner
	// Tracing records a span of each request; none when nil.
	Tracing *telemetry.Tracing

	// LaunchWait bounds how long a launch waits for the manager's decision, and for a predecessor to go.
	LaunchWait time.Duration
	// MaxStreams and MaxStreamsPerUser bound the open log streams.
	MaxStreams, MaxStreamsPerUser int
	// MaxUploads and MaxRequests bound the generations and the proxied requests that are served at once; each holds
	// up to some 30 MiB.
	MaxUploads, MaxRequests int
	// SlotWait is how long a request waits for its turn when so many are being served; zero refuses at once.
	SlotWait time.Duration

	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Heartbeat is the time between the heartbeats of a stream; 15 s when zero.
	Heartbeat time.Duration
	// LastLinesWait is how long the last lines of a run that is over are waited for; 10 s when zero.
	LastLinesWait time.Duration
}

func (o *Options) complete() error {
	if o.Store == nil || o.Runs == nil || o.Idempotency == nil || o.Instances == nil || o.Verifier == nil || o.Signer == nil || o.Tickets == nil || o.Forwarder == nil ||
		o.Vitals == nil || o.Logger == nil {
		return errors.New("httpapi: Store, Runs, Idempotency, Instances, Verifier, Signer, Tickets, Forwarder, Vitals and Logger are needed")
	}
	if o.LaunchWait <= 0 || o.MaxStreams <= 0 || o.MaxStreamsPerUser <= 0 || o.MaxUploads <= 0 || o.MaxRequests <= 0 {
		return fmt.Errorf("httpapi: LaunchWait (%s), MaxStreams (%d), MaxStreamsPerUser (%d), MaxUploads (%d) and MaxRequests (%d) must be positive",
			o.LaunchWait, o.MaxStreams, o.MaxStreamsPerUser, o.MaxUploads, o.MaxRequests)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = heartbeatEvery
	}
	if o.LastLinesWait == 0 {
		o.LastLinesWait = lastLinesWait
	}
	return nil
}

// API serves the routes. Run does its work in the background; Drain begins its end.
type API struct {
	settings *settings.Live
	store    GenerationStore
	// product is nil unless the product keeps the generations.
	product       GenerationReader
	runs          RunStore
	idempotency   IdempotencyStore
	instances     *Instances
	verifier      *auth.Verifier
	signer        *session.Signer
	forwarder     *proxy.Forwarder
	vitals        Vitals
	logger        *slog.Logger
	tracing       *telemetry.Tracing
	launchWait    time.Duration
	heartbeat     time.Duration
	lastLinesWait time.Duration
	now           func() time.Time

	activity *activity
	metrics  *metrics
	scrape   http.Handler
	quota    *quota
	rate     *ratelimit.Limiter
	streams  *streamLimit
	uploads  slots
	requests slots

	tickets    *ticket.Desk
	discovered *discoveries
	scans      *scans
	origins    *origins
	// judged is set once tokens could be judged.
	judged    atomic.Bool
	drainOnce sync.Once
	draining  chan struct{}
	engine    *gin.Engine
	// openAPI is the description of the API.
	openAPI []byte
}

// New returns an API.
func New(opts Options) (*API, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	a := &API{
		settings: opts.Settings, store: opts.Store, runs: opts.Runs, idempotency: opts.Idempotency, instances: opts.Instances, verifier: opts.Verifier, signer: opts.Signer,
		forwarder: opts.Forwarder, vitals: opts.Vitals, logger: opts.Logger, launchWait: opts.LaunchWait, heartbeat: opts.Heartbeat, lastLinesWait: opts.LastLinesWait, now: opts.Now,
		streams: newStreamLimit(opts.MaxStreams, opts.MaxStreamsPerUser),
		uploads: newSlots(opts.MaxUploads, opts.SlotWait), requests: newSlots(opts.MaxRequests, opts.SlotWait),
		tickets: opts.Tickets, draining: make(chan struct{}), quota: newQuota(opts.Instances),
	}
	a.tracing = opts.Tracing
	var err error
	if a.rate, err = ratelimit.New(ratelimit.Options{MaxUsers: maxRateUsers, Now: opts.Now}); err != nil {
		return nil, err
	}
	operations := a.operations()
	a.metrics = newMetrics(operations, a.streams.count)
	a.store = measuredStore{measuredReader{a.store, a.metrics.store}, a.store}
	if opts.Product != nil {
		a.product = measuredReader{opts.Product, a.metrics.store}
	}
	a.runs = measuredRuns{a.runs, a.metrics.store}
	a.scrape = promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{})
	a.activity = newActivity(opts.Now, a.quietAfterStart, a.writeActivity)
	a.discovered = newDiscoveries(opts.Now)
	a.scans = newScans(opts.Scanner, opts.SlotWait, opts.Now, a.metrics.scanned, opts.Logger)
	a.instances.OnEnd(func(uid types.UID, gone bool) {
		a.forwarder.Forget(string(uid))
		a.vitals.Forget(string(uid))
		a.discovered.forget(uid)
		if gone {
			// Not before: the write of an activity is itself a change of an instance that may not run yet.
			a.activity.forget(uid)
		}
	})
	if a.origins, err = newOrigins(func() []string { return a.settings.Current().CORSOrigins }); err != nil {
		return nil, fmt.Errorf("httpapi: PREVIEW_CORS_ORIGINS: %w", err)
	}
	if a.openAPI, err = describeAPI(operations); err != nil {
		return nil, err
	}
	if a.engine, err = a.routes(operations); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	return a, nil
}

// routes serves the operations, and answers for every other route.
func (a *API) routes(operations []operation) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	// X-Forwarded-For is anybody's to write (incident 18); whoever needs the client's address has a trusted proxy's log.
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	// Routing goes by the path as it was sent, and nothing is repaired by a redirect (incident 15).
	engine.UseRawPath = true
	engine.UnescapePathValues = true
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.HandleMethodNotAllowed = true
	engine.Use(a.observe, a.allowOrigins)
	engine.NoRoute(a.adapt(func(*gin.Context) (reply, error) {
		return reply{}, &failure{kind: kindNoRoute, detail: "see docs/http-api.md for the routes"}
	}))
	engine.NoMethod(a.adapt(func(*gin.Context) (reply, error) {
		return reply{}, &failure{kind: kindMethod, detail: "the Allow header lists the methods"}
	}))

	for _, o := range operations {
		engine.Handle(o.method, o.ginPath(), a.adapt(o.handle))
	}
	return engine, nil
}

// ServeHTTP serves the routes.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.engine.ServeHTTP(w, r) }

func (a *API) healthy(*gin.Context) (reply, error) {
	return reply{status: http.StatusOK, body: probeReply{"ok"}}, nil
}

func (a *API) serveMetrics(c *gin.Context) (reply, error) {
	a.limitWrite(c)
	a.scrape.ServeHTTP(c.Writer, c.Request)
	return reply{written: true}, nil
}

// ready answers 200 only when requests can be served.
func (a *API) ready(c *gin.Context) (reply, error) {
	select {
	case <-a.draining:
		return reply{}, &failure{kind: kindUnavailable, detail: "the gateway is shutting down"}
	default:
	}
	if !a.instances.Synced() {
		return reply{}, &failure{kind: kindUnavailable, detail: "the cache of previews is not filled yet"}
	}
	if err := a.store.Ping(c.Request.Context()); err != nil {
		return reply{}, &failure{kind: kindUnavailable, detail: "the store cannot be read", cause: err}
	}
	if a.product != nil {
		if err := a.product.Ping(c.Request.Context()); err != nil {
			return reply{}, &failure{kind: kindUnavailable, detail: "the product's generations cannot be read (PREVIEW_GENERATIONS_URL)", cause: err}
		}
	}
	if err := a.judging(); err != nil {
		return reply{}, &failure{kind: kindUnavailable, detail: "the keys of the identity provider were not read yet", cause: err}
	}
	return reply{status: http.StatusOK, body: probeReply{"ready"}}, nil
}

// judging fails until tokens could be judged for the first time. An identity provider that goes away later does not make
// gateways unready: they know its keys, and all of them would be unready at once, so that clients would get no answer
// in place of one that says what is wrong.
func (a *API) judging() error {
	if a.judged.Load() {
		return nil
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if err := a.verifier.Ready(now); err != nil {
		return err
	}
	a.judged.Store(true)
	return nil
}

// Run writes the activity of previews until ctx is done.
func (a *API) Run(ctx context.Context) {
	a.activity.run(ctx, func(pvi *v1alpha1.PreviewInstance, err error) {
		a.logger.Warn("writing the activity of a preview failed", "instance", pvi.Name, "error", err)
	})
}

// Drain makes the API unready and tells streams to end.
func (a *API) Drain() { a.drainOnce.Do(func() { close(a.draining) }) }

// quietAfterStart is how long after its start the first activity of an instance is written at the earliest. Until then
// its start says as much: the write, and what the manager makes of it, would only compete with other launches. A session
// so short that the wait matters is left the half of its time.
func (a *API) quietAfterStart(pvi *v1alpha1.PreviewInstance) time.Duration {
	session := time.Duration(seconds(pvi.Spec.SessionTimeoutSeconds, a.settings.Current().SessionTimeout)) * time.Second
	return min(activityEvery, session/2)
}

func (a *API) writeActivity(ctx context.Context, pvi *v1alpha1.PreviewInstance, at time.Time) error {
	return a.patch(ctx, pvi, map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{v1alpha1.AnnotationLastActivity: at.UTC().Format(time.RFC3339)},
	}})
}
