package controllers

import (
	"github.com/codebegen/preview-operator/internal/telemetry"
	"github.com/codebegen/preview-operator/internal/warmpool"
)

// warmMetrics are those of the pools.
type warmMetrics struct {
	warmLaunches *telemetry.Counter
	warmCreated  *telemetry.Counter
	warmRemoved  *telemetry.Counter
	warmStarts   *telemetry.Histogram
	warmAge      *telemetry.Histogram
}

// What a launch that wants a warm pod finds.
const (
	warmHit  = "hit"
	warmMiss = "miss"
)

// The reasons for which pods that wait are deleted.
const (
	removedBroken  = "broken"
	removedStale   = "replaced"
	removedSurplus = "surplus"
)

// stateNames are the states of pods that wait, as the metric has them.
var stateNames = map[warmpool.State]string{
	warmpool.Starting: "starting", warmpool.Ready: "ready", warmpool.Reserved: "reserved",
	warmpool.Stale: "stale", warmpool.Broken: "broken", warmpool.Ending: "ending",
}

// warmAges reach from 1 s, a pool that cannot keep up, to a day, one that nobody uses.
var warmAges = []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600}

func newWarmMetrics(s *telemetry.Set) warmMetrics {
	return warmMetrics{
		warmLaunches: s.Counter("preview_warm_launches_total", "Launches with a runtime that keeps warm pods: they found one (hit), or none was ready (miss).",
			telemetry.Label{Name: "result", Values: []string{warmHit, warmMiss}}),
		warmCreated: s.Counter("preview_warm_pods_created_total", "Pods created to wait for an instance."),
		warmRemoved: s.Counter("preview_warm_pods_removed_total", "Pods deleted that no instance had claimed: of another revision or on a node that is drained (replaced), more than are wanted (surplus), or of no use to anybody (broken).",
			telemetry.Label{Name: "reason", Values: []string{removedStale, removedSurplus, removedBroken}}),
		warmStarts: s.Histogram("preview_warm_pod_start_seconds", "Time from asking for a pod until it can be given to an instance.", telemetry.Buckets),
		warmAge:    s.Histogram("preview_warm_pod_age_seconds", "How long a pod had been ready when an instance got it.", warmAges),
	}
}

// watchWarm shows how the pods that wait are.
func (m *Metrics) watchWarm(w *warmPods) {
	names := make([]string, 0, len(stateNames))
	for state := warmpool.Starting; state <= warmpool.Ending; state++ {
		names = append(names, stateNames[state])
	}
	m.set.Gauges("preview_warm_pods", "Pods that no instance has claimed, by state: ready ones can be given out, reserved ones are being claimed, stale ones are of another revision or on a node that is drained.",
		telemetry.Label{Name: "state", Values: names}, func() map[string]float64 { states, _ := w.count(); return states })
	m.set.Gauge("preview_warm_pods_wanted", "Pods that should be ready.", func() float64 { _, wanted := w.count(); return wanted })
}

// count returns how many pods there are of each state, and how many should be ready.
func (w *warmPods) count() (states map[string]float64, wanted float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	states = map[string]float64{}
	for _, pool := range w.pools {
		wanted += float64(pool.want)
		for _, pod := range pool.pods {
			states[stateNames[w.state(pod, pool.revision.value)]]++
		}
		states[stateNames[warmpool.Starting]] += float64(len(pool.creating))
	}
	return states, wanted
}
