package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// calmWindow is how long the machine is watched right before a launch.
const calmWindow = 100 * time.Millisecond

// kindPlain is the kind of a round with a plain pod; that of a launch is what its status says.
const kindPlain = "Plain"

// round is one launch, or one plain pod, and what is known of it.
type round struct {
	Kind    string    `json:"kind"`
	Project string    `json:"project"`
	At      time.Time `json:"at"`
	// Total is the time from the request to the application's nonce, Posted until the launch was answered.
	Total  float64 `json:"ms"`
	Posted float64 `json:"launch_answered_ms,omitempty"`
	// Requests is how many the client needed after the launch.
	Requests    int    `json:"requests,omitempty"`
	Reason      string `json:"reason,omitempty"`
	Interpreter string `json:"interpreter,omitempty"`
	// Stages are what the manager and the runner measured of this launch.
	Stages map[string]float64 `json:"stages_ms,omitempty"`
	// CPU is the processor time of each component during the launch, CycleCPU until all of it was removed and the pool was
	// full again.
	CPU      map[string]float64 `json:"cpu_ms,omitempty"`
	CycleCPU map[string]float64 `json:"cycle_cpu_ms,omitempty"`
	// Writes are those of the API server from the request until the status said Running. Only some rounds count them.
	Writes map[string]float64 `json:"api_writes,omitempty"`

	Load     string             `json:"load"`
	Pressure map[string]float64 `json:"stalled_ms,omitempty"`
	Foreign  float64            `json:"foreign_cpu_share"`
	// Flags say which pressure of others the round was under. None means a quiet one.
	Flags []string `json:"flags,omitempty"`

	// total and posted are Total and Posted as they were measured.
	total, posted time.Duration
	// wantedWarm is set where the pool was full.
	wantedWarm bool
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func millisOf(durations map[string]time.Duration) map[string]float64 {
	all := map[string]float64{}
	for name, d := range durations {
		all[name] = millis(d)
	}
	return all
}

// since is by how much each duration has grown.
func since(before, after map[string]time.Duration) map[string]time.Duration {
	grown := map[string]time.Duration{}
	for name, d := range after {
		grown[name] = d - before[name]
	}
	return grown
}

// observer watches the machine and the installation around rounds.
type observer struct {
	cluster    *framework.Cluster
	components *components
	metrics    string
	gate       *idleGate
}

func newObserver(ctx context.Context, cluster *framework.Cluster, gate *idleGate) (*observer, error) {
	pod, err := cluster.ManagerPod(ctx)
	if err != nil {
		return nil, err
	}
	o := &observer{cluster: cluster, gate: gate, metrics: net.JoinHostPort(pod.Status.PodIP, "8082")}
	o.components, err = findComponents(ctx, cluster)
	return o, err
}

// observed measures what a function does, on a machine that is idle before, and judges whether others disturbed it.
func (o *observer) observed(ctx context.Context, r *round, do func() error) error {
	idle, err := o.gate.wait(ctx)
	if err != nil {
		return err
	}
	calm, err := o.components.read()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(calmWindow):
	}
	// This program's garbage is not collected during the launch.
	runtime.GC()
	used, err := o.components.used()
	if err != nil {
		return err
	}
	before, err := o.components.read()
	if err != nil {
		return err
	}
	r.At, r.Load = time.Now().UTC(), loadAverage()
	if err := do(); err != nil {
		return err
	}
	after, err := o.components.read()
	if err != nil {
		return err
	}
	usedAfter, err := o.components.used()
	if err != nil {
		return err
	}
	r.CPU = millisOf(since(used, usedAfter))
	r.Pressure = millisOf(after.pressure(before))
	r.Foreign = after.foreign(before)
	r.Flags = flags(idle, calm, before, r.Foreign)
	return nil
}

// flags names the pressure that a launch was under. Only what others did counts, never how long the launch took.
func flags(idle bool, calm, before reading, foreign float64) []string {
	var found []string
	if !idle {
		found = append(found, "the machine was not idle before")
	}
	waited := before.pressure(calm)
	for _, name := range slices.Sorted(maps.Keys(waited)) {
		if share := float64(waited[name]) / float64(before.at.Sub(calm.at)); share > pressureShare {
			found = append(found, fmt.Sprintf("%s pressure %.0f%% before", name, share*100))
		}
	}
	if foreign > foreignShare {
		found = append(found, fmt.Sprintf("other programs had %.0f%% of the processors", foreign*100))
	}
	return found
}

// stageMetric is the manager's histogram of the stages of launches.
const stageMetric = "preview_launch_duration_seconds"

// stages reads how often each stage was observed and how long all observations were.
func (o *observer) stages(ctx context.Context) (counts, sums map[string]float64, err error) {
	text, err := scrape(ctx, o.metrics)
	if err != nil {
		return nil, nil, err
	}
	if counts, err = sumBy(text, stageMetric+"_count", "stage"); err != nil {
		return nil, nil, err
	}
	sums, err = sumBy(text, stageMetric+"_sum", "stage")
	return counts, sums, err
}

// stageTotal is the stage that is observed last.
const stageTotal = "total"

// stagesSince is how long the one launch since then spent in each stage.
func (o *observer) stagesSince(ctx context.Context, counts, sums map[string]float64) (map[string]float64, error) {
	spent := map[string]float64{}
	err := until(ctx, "wait for the manager's stages of the launch", func(ctx context.Context) (bool, error) {
		countsAfter, sumsAfter, err := o.stages(ctx)
		if err != nil || countsAfter[stageTotal] == counts[stageTotal] {
			return false, err
		}
		for stage, n := range grown(counts, countsAfter) {
			if n != 1 {
				return false, fmt.Errorf("%v launches went through stage %s: others use the cluster", n, stage)
			}
			spent[stage] = (sumsAfter[stage] - sums[stage]) * 1000
		}
		return true, nil
	})
	return spent, err
}

// writeSettle is how long after a launch its events are waited for. A pool is filled up only later.
const writeSettle = 100 * time.Millisecond

// writes counts the writes so far: ours by verb and resource, and those of events by who reports them.
func (o *observer) writes(ctx context.Context) (map[string]float64, error) {
	text, err := scrapeAPIServer(ctx, o.cluster)
	if err != nil {
		return nil, err
	}
	all, err := apiWrites(text)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(key string, _ float64) bool { return !ownWrite(key) })
	events, err := o.cluster.Kube.CoreV1().Events(o.cluster.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	all["events"] = float64(ownEvents(events.Items))
	return all, nil
}

// ownEvents counts the writes that events of the manager and the gateway took: one to create each, one for each repetition.
func ownEvents(events []corev1.Event) int {
	writes := 0
	for _, event := range events {
		reporter := event.ReportingController
		if reporter == "" {
			reporter = event.Source.Component
		}
		if !strings.HasPrefix(reporter, "preview-") {
			continue
		}
		repeated := event.Count
		if event.Series != nil {
			repeated = event.Series.Count
		}
		writes += max(1, int(repeated))
	}
	return writes
}

// notTold is the reason of a start of which the status says nothing.
const notTold = "NotTold"

// startOf is what the status says of how the launch started; a manager that says nothing takes no warm pods.
func startOf(instance *v1alpha1.PreviewInstance) v1alpha1.Start {
	if start := instance.Status.Start; start != nil {
		return *start
	}
	return v1alpha1.Start{Kind: v1alpha1.StartCold, Reason: notTold}
}
