// Package telemetry is how manager and gateway tell what they do: metrics whose labels are bounded by construction, and
// traces that follow a launch from its request to the runner.
package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Other is the value of a label in place of every one that was not declared.
const Other = "other"

// maxPresent bounds the series of a counter that are there, at zero, before anything was counted: rules can then tell
// "never" from "not asked", and the first failure is an increase.
const maxPresent = 128

// maxPresentHistograms is the same for histograms, whose series are some fifteen times as many.
const maxPresentHistograms = 16

// Buckets reach from 1 ms, of which a warm launch has 50, to 60 s, what the slowest start-up may take.
var Buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// Label of a metric with every value that it may have. What is not among them is counted as Other.
type Label struct {
	Name string
	// Values, without Other.
	Values []string
	// Open is set when Other is a value that is to be expected.
	Open bool
	// In says in words which values there are, where a list would be too long to read.
	In string
}

// Description of a registered metric.
type Description struct {
	Name, Type, Help string
	Labels           []Label
}

// Set registers metrics and remembers what it has registered.
type Set struct {
	registry     prometheus.Registerer
	descriptions []Description
}

// NewSet returns a set that registers with a registry.
func NewSet(registry prometheus.Registerer) *Set { return &Set{registry: registry} }

// Descriptions of what was registered, in that order.
func (s *Set) Descriptions() []Description { return s.descriptions }

func (s *Set) register(collector prometheus.Collector, d Description) {
	s.registry.MustRegister(collector)
	s.descriptions = append(s.descriptions, d)
}

// labels folds values that were not declared.
type labels []Label

func (l labels) names() []string {
	names := make([]string, len(l))
	for i := range l {
		names[i] = l[i].Name
	}
	return names
}

func (l labels) bounded(values []string) []string {
	if len(values) != len(l) {
		panic(fmt.Sprintf("telemetry: %d values for %d labels", len(values), len(l)))
	}
	bounded := make([]string, len(values))
	for i, value := range values {
		if bounded[i] = Other; slices.Contains(l[i].Values, value) {
			bounded[i] = value
		}
	}
	return bounded
}

// each calls do with every combination of values, unless there are more than most.
func (l labels) each(most int, do func(values []string)) {
	all := [][]string{nil}
	for _, label := range l {
		values := label.Values
		if label.Open {
			values = append(slices.Clone(values), Other)
		}
		var longer [][]string
		for _, values1 := range all {
			for _, value := range values {
				longer = append(longer, append(slices.Clone(values1), value))
			}
		}
		if all = longer; len(all) > most {
			return
		}
	}
	for _, values := range all {
		do(values)
	}
}

// Counter counts by labels.
type Counter struct {
	labels labels
	vector *prometheus.CounterVec
}

// Counter registers a counter.
func (s *Set) Counter(name, help string, l ...Label) *Counter {
	c := &Counter{labels: l, vector: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels(l).names())}
	c.labels.each(maxPresent, func(values []string) { c.vector.WithLabelValues(values...) })
	s.register(c.vector, Description{name, "counter", help, l})
	return c
}

// Inc counts one.
func (c *Counter) Inc(values ...string) { c.Add(1, values...) }

// Add counts n, which must not be negative.
func (c *Counter) Add(n float64, values ...string) {
	c.vector.WithLabelValues(c.labels.bounded(values)...).Add(n)
}

// Histogram observes durations by labels.
type Histogram struct {
	labels labels
	vector *prometheus.HistogramVec
}

// Histogram registers a histogram of seconds over Buckets, or over others.
func (s *Set) Histogram(name, help string, buckets []float64, l ...Label) *Histogram {
	h := &Histogram{labels: l, vector: prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels(l).names())}
	h.labels.each(maxPresentHistograms, func(values []string) { h.vector.WithLabelValues(values...) })
	s.register(h.vector, Description{name, "histogram", help, l})
	return h
}

// Observe notes a duration.
func (h *Histogram) Observe(took time.Duration, values ...string) {
	h.vector.WithLabelValues(h.labels.bounded(values)...).Observe(took.Seconds())
}

// Gauge registers a number that is read whenever somebody asks.
func (s *Set) Gauge(name, help string, read func() float64) {
	s.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read), Description{name, "gauge", help, nil})
}

// Gauges registers numbers by the values of one label; those that read does not name are zero.
func (s *Set) Gauges(name, help string, l Label, read func() map[string]float64) {
	g := &gauges{desc: prometheus.NewDesc(name, help, []string{l.Name}, nil), label: l, read: read}
	s.register(g, Description{name, "gauge", help, []Label{l}})
}

type gauges struct {
	desc  *prometheus.Desc
	label Label
	read  func() map[string]float64
}

// Describe is part of prometheus.Collector.
func (g *gauges) Describe(out chan<- *prometheus.Desc) { out <- g.desc }

// Collect is part of prometheus.Collector.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	numbers := g.read()
	for _, value := range g.label.Values {
		out <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, numbers[value], value)
	}
}

// Reference describes the metrics as a table in Markdown.
func (s *Set) Reference() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | what it tells |\n|---|---|---|---|\n")
	for _, d := range s.descriptions {
		var l []string
		for _, label := range d.Labels {
			values := "`" + strings.Join(label.Values, "`, `") + "`"
			if label.Open {
				values += ", `" + Other + "`"
			}
			if label.In != "" {
				values = label.In
			}
			l = append(l, "`"+label.Name+"`: "+values)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, strings.Join(l, "; "), d.Help)
	}
	return b.String()
}
