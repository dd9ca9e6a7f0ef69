package httpapi

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics of the gateway. Every label has a handful of values: routes are patterns, never paths.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	launches *prometheus.CounterVec
}

func newMetrics(openStreams func() int) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "preview_gateway_requests_total", Help: "HTTP requests by route, method and status code.",
		}, []string{"route", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "preview_gateway_request_duration_seconds", Help: "Time to answer HTTP requests, streams left out.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method"}),
		launches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "preview_gateway_launches_total", Help: "Launches by result: created, found, replayed, or the slug of the problem.",
		}, []string{"result"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.launches,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "preview_gateway_open_streams", Help: "Log streams that are open now.",
		}, func() float64 { return float64(openStreams()) }),
	)
	return m
}

// noRoute stands for every path that is no route.
const noRoute = "none"

func (m *metrics) served(route, method string, code int, took time.Duration, streamed bool) {
	if route == "" {
		route, method = noRoute, noRoute
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(code)).Inc()
	if !streamed {
		m.duration.WithLabelValues(route, method).Observe(took.Seconds())
	}
}

// launched counts a launch by its result, or by the slug of the problem.
func (m *metrics) launched(result string, err error) {
	if err != nil {
		result = failureOf(err).kind.slug
	}
	m.launches.WithLabelValues(result).Inc()
}
