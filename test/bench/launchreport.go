package main

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// measured is what is told of one kind of rounds.
type measured struct {
	summary
	// Quiet leaves the rounds out that were under pressure.
	Quiet summary `json:"quiet"`
	// Answered is the time until POST launch was answered.
	Answered *summary `json:"launch_answered,omitempty"`
	// Stages are those of the manager and the runner.
	Stages map[string]summary `json:"stages,omitempty"`
	// CPU is the mean processor time in milliseconds of each component, during the launch, and during the whole cycle:
	// with its deletion, the refill of the pool and what the component does anyway.
	CPU      map[string]float64 `json:"cpu_ms_per_launch,omitempty"`
	CycleCPU map[string]float64 `json:"cycle_cpu_ms_per_launch,omitempty"`
	// WritesPerLaunch is the mean of all API writes of manager and gateway until the status says Running, events included,
	// the pool's own left out; Writes are its parts, WritesCounted the launches in which they were counted.
	WritesPerLaunch *float64           `json:"api_writes_per_launch,omitempty"`
	Writes          map[string]float64 `json:"api_writes,omitempty"`
	WritesCounted   int                `json:"api_writes_counted,omitempty"`
}

// launchReport is dist/bench/launch.json.
type launchReport struct {
	header
	Environment environment `json:"environment"`
	Project     string      `json:"project"`
	WarmPods    int         `json:"warm_pods"`
	// N is the number of warm launches of the project.
	N     int      `json:"n"`
	Warm  measured `json:"warm"`
	Cold  measured `json:"cold"`
	Plain measured `json:"plain_pod"`
	// Also are the warm launches of the further project.
	AlsoProject string    `json:"also_project,omitempty"`
	Also        *measured `json:"also,omitempty"`
	// NotWarm counts the launches that were to be warm and were not, by reason.
	NotWarm map[string]int `json:"not_warm"`
	// OverPlain is how many times faster a warm launch is than a plain pod, at p50; 0 when either is missing.
	OverPlain float64  `json:"plain_pod_over_warm"`
	Gate      string   `json:"gate"`
	Rounds    []*round `json:"rounds"`
}

func newLaunchReport(c *comparison, env environment) (*launchReport, error) {
	r := &launchReport{
		Environment: env, Project: c.options.project, WarmPods: c.options.warm, Rounds: c.rounds,
		AlsoProject: c.options.also, NotWarm: map[string]int{}, Gate: c.options.idle.note(),
	}
	// A launch that found a full pool and was cold, or the reverse, is counted, but stands for neither.
	of := func(kind, project string) []*round {
		warm := kind == string(v1alpha1.StartWarm)
		return slices.DeleteFunc(slices.Clone(c.rounds), func(r *round) bool {
			return r.Kind != kind || r.Project != project || r.wantedWarm != warm
		})
	}
	var err error
	if r.Warm, err = measure(of(string(v1alpha1.StartWarm), r.Project)); err != nil {
		return nil, err
	}
	if r.Cold, err = measure(of(string(v1alpha1.StartCold), r.Project)); err != nil {
		return nil, err
	}
	if r.Plain, err = measure(of(kindPlain, r.Project)); err != nil {
		return nil, err
	}
	if r.AlsoProject != "" {
		also, err := measure(of(string(v1alpha1.StartWarm), r.AlsoProject))
		if err != nil {
			return nil, err
		}
		r.Also = &also
	}
	for _, round := range c.rounds {
		if round.wantedWarm && round.Kind != string(v1alpha1.StartWarm) {
			r.NotWarm[round.Reason]++
		}
	}
	if r.N = r.Warm.N; r.N > 0 {
		r.OverPlain = r.Plain.P50 / r.Warm.P50
	}
	return r, nil
}

// measure sums rounds of one kind up.
func measure(rounds []*round) (measured, error) {
	var m measured
	total, err := collect("total", rounds, func(r *round) (time.Duration, bool) { return r.total, true })
	if err != nil {
		return m, err
	}
	quiet, err := collect("quiet", rounds, func(r *round) (time.Duration, bool) { return r.total, len(r.Flags) == 0 })
	if err != nil {
		return m, err
	}
	answered, err := collect("answered", rounds, func(r *round) (time.Duration, bool) { return r.posted, r.posted > 0 })
	if err != nil {
		return m, err
	}
	m.summary, m.Quiet = total.summary(), quiet.summary()
	if s := answered.summary(); s.N > 0 {
		m.Answered = &s
	}
	m.CPU = means(rounds, func(r *round) map[string]float64 { return r.CPU })
	m.CycleCPU = means(rounds, func(r *round) map[string]float64 { return r.CycleCPU })
	for _, r := range rounds {
		if r.Writes != nil {
			m.WritesCounted++
		}
	}
	if m.WritesCounted > 0 {
		m.Writes = means(rounds, func(r *round) map[string]float64 { return r.Writes })
		all := 0.0
		for _, writes := range m.Writes {
			all += writes
		}
		m.WritesPerLaunch = &all
	}
	m.Stages, err = stageSummaries(rounds)
	return m, err
}

// means is the mean, to three digits, of each figure over the rounds that have figures; one that a round lacks is 0 there.
func means(rounds []*round, pick func(*round) map[string]float64) map[string]float64 {
	sums, n := map[string]float64{}, 0
	for _, r := range rounds {
		figures := pick(r)
		if figures == nil {
			continue
		}
		n++
		for name, value := range figures {
			sums[name] += value
		}
	}
	for name := range sums {
		sums[name] = math.Round(1000*sums[name]/float64(n)) / 1000
	}
	return sums
}

func stageSummaries(rounds []*round) (map[string]summary, error) {
	names := map[string]bool{}
	for _, r := range rounds {
		for name := range r.Stages {
			names[name] = true
		}
	}
	all := map[string]summary{}
	for name := range names {
		s, err := collect(name, rounds, func(r *round) (time.Duration, bool) {
			ms, found := r.Stages[name]
			return time.Duration(ms * float64(time.Millisecond)), found
		})
		if err != nil {
			return nil, err
		}
		all[name] = s.summary()
	}
	return all, nil
}

func (r *launchReport) name() string  { return "launch" }
func (r *launchReport) title() string { return "Warm launch" }

func (r *launchReport) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "`%s`, %s, %d processors, load average before %s, after %s, project %s, %d warm pods. Milliseconds.\n\n",
		r.Command, r.At.Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), r.LoadBefore, r.LoadAfter, r.Project, r.WarmPods)
	text.WriteString(tableHead)
	text.WriteString(r.Warm.row("warm launch: POST launch to the nonce, through the gateway"))
	text.WriteString(r.Warm.Quiet.row("of these, not under pressure of others"))
	if r.Warm.Answered != nil {
		text.WriteString(r.Warm.Answered.row("of it: POST launch answered"))
	}
	if r.Also != nil {
		text.WriteString(r.Also.row("warm launch of " + r.AlsoProject))
	}
	text.WriteString(r.Cold.row("cold launch, without warm pods"))
	text.WriteString(r.Cold.Quiet.row("of these, not under pressure of others"))
	text.WriteString(r.Plain.row("plain pod: create to the nonce, from the pod"))
	text.WriteString(r.Plain.Quiet.row("of these, not under pressure of others"))

	if r.OverPlain > 0 {
		fmt.Fprintf(&text, "\nA warm launch is %.1f times as fast as a plain pod, at p50.\n", r.OverPlain)
	}
	r.writeNotWarm(&text)
	r.writeStages(&text)
	writeCPU(&text, r)
	if r.Warm.WritesPerLaunch != nil {
		fmt.Fprintf(&text, "\nAPI writes of manager and gateway for each warm launch, until its status says Running, without the refill of the pool: %.2f (%s; mean of %d launches).\n",
			*r.Warm.WritesPerLaunch, list(r.Warm.Writes), r.Warm.WritesCounted)
	}
	fmt.Fprintf(&text, "\n%s\n", r.Gate)
	return text.String()
}

func (r *launchReport) writeNotWarm(text *strings.Builder) {
	if len(r.NotWarm) == 0 {
		text.WriteString("\nEvery launch that found a full pool was warm.\n")
	}
	for _, reason := range slices.Sorted(maps.Keys(r.NotWarm)) {
		fmt.Fprintf(text, "\n%d launches found a full pool and were not warm: %s.\n", r.NotWarm[reason], reason)
	}
}

// stageOrder is the order in which stages are told: those of the manager, then those of the runner.
var stageOrder = []string{
	"accept", "port", "queue", "pod", "claim", "source", "fetch", "ready", "stage", "assign", "run", "publish", "total",
	"receive", "unpack", "fork", "import", "listen",
}

func (r *launchReport) writeStages(text *strings.Builder) {
	if len(r.Warm.Stages) == 0 {
		return
	}
	text.WriteString("\nThe stages of the warm launches, as manager and runner measured them (docs/metrics.md tells what each is):\n\n" + tableHead)
	names := slices.SortedFunc(maps.Keys(r.Warm.Stages), func(a, b string) int {
		return 100*(place(a)-place(b)) + strings.Compare(a, b)
	})
	for _, name := range names {
		text.WriteString(r.Warm.Stages[name].row(name))
	}
}

// place is where a stage stands; unknown ones stand last.
func place(stage string) int {
	if i := slices.Index(stageOrder, stage); i >= 0 {
		return i
	}
	return len(stageOrder)
}

func writeCPU(text *strings.Builder, r *launchReport) {
	names := slices.Sorted(maps.Keys(r.Warm.CPU))
	if len(names) == 0 {
		return
	}
	text.WriteString("\nProcessor time for each launch; the cycle has its deletion, the refill and what runs anyway as well:\n\n")
	text.WriteString("| process | warm launch | warm cycle | cold launch |\n|---|---|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(text, "| %s | %.1f | %.1f | %.1f |\n", name, r.Warm.CPU[name], r.Warm.CycleCPU[name], r.Cold.CPU[name])
	}
}

// list names figures, sorted.
func list(figures map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		parts = append(parts, fmt.Sprintf("%s %.2f", name, figures[name]))
	}
	return strings.Join(parts, ", ")
}
