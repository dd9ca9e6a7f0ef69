package main

import (
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

func TestFlags(t *testing.T) {
	at := time.Unix(1000, 0)
	calm := reading{at: at, stalled: map[string]time.Duration{"cpu": time.Second, "io": time.Second, "memory": 0}}
	later := func(cpu, io time.Duration) reading {
		return reading{at: at.Add(100 * time.Millisecond), stalled: map[string]time.Duration{"cpu": time.Second + cpu, "io": time.Second + io}}
	}
	for name, tc := range map[string]struct {
		idle    bool
		before  reading
		foreign float64
		want    []string
	}{
		"quiet":                 {true, later(10*time.Millisecond, 0), 0.1, nil},
		"not idle":              {false, later(0, 0), 0, []string{"the machine was not idle before"}},
		"waiting for all":       {true, later(11*time.Millisecond, 50*time.Millisecond), 0, []string{"cpu pressure 11% before", "io pressure 50% before"}},
		"others while it began": {true, later(0, 0), 0.25, []string{"other programs had 25% of the processors"}},
		"no pressure is told":   {true, reading{at: at.Add(time.Second)}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, flags(tc.idle, calm, tc.before, tc.foreign)); diff != "" {
				t.Errorf("flags (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForeign(t *testing.T) {
	at := time.Unix(1000, 0)
	before := reading{at: at, machine: time.Hour, cluster: time.Minute, self: time.Second}
	for name, tc := range map[string]struct {
		cpus, machine, cluster, self time.Duration
		want                         float64
	}{
		"others took half of it": {time.Second, 900 * time.Millisecond, 300 * time.Millisecond, 100 * time.Millisecond, 0.5},
		"nobody else":            {time.Second, 400 * time.Millisecond, 300 * time.Millisecond, 100 * time.Millisecond, 0},
		// The three are not read at the same moment.
		"less than nothing": {time.Second, 390 * time.Millisecond, 300 * time.Millisecond, 100 * time.Millisecond, 0},
		"not known":         {time.Second, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			after := reading{
				at:      at.Add(tc.cpus / time.Duration(runtime.NumCPU())),
				machine: before.machine + tc.machine, cluster: before.cluster + tc.cluster, self: before.self + tc.self,
			}
			if diff := cmp.Diff(tc.want, after.foreign(before), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("share (-want +got):\n%s", diff)
			}
		})
	}
}

func warmRound(ms float64, flags ...string) *round {
	return &round{
		Kind: string(v1alpha1.StartWarm), Project: "p", wantedWarm: true, Flags: flags, total: time.Duration(ms * float64(time.Millisecond)),
		Stages: map[string]float64{"claim": ms / 10}, CPU: map[string]float64{"manager": ms / 5},
	}
}

func TestLaunchReport(t *testing.T) {
	counted := warmRound(40)
	counted.Writes = map[string]float64{"patch pods": 1, "events": 2}
	missed := &round{Kind: string(v1alpha1.StartCold), Project: "p", Reason: v1alpha1.StartNoWarmPod, wantedWarm: true, total: time.Second}
	other := warmRound(90)
	other.Project = "q"
	c := &comparison{options: options{project: "p", also: "q"}, rounds: []*round{
		warmRound(50), counted, warmRound(200, "others"), missed, other,
		{Kind: string(v1alpha1.StartCold), Project: "p", total: 900 * time.Millisecond},
		{Kind: kindPlain, Project: "p", total: 1000 * time.Millisecond},
	}}
	got, err := newLaunchReport(c, environment{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"n": 3, "p50": 50, "max": 200, "quiet n": 2, "quiet max": 50, "claim p50": 5, "manager": 19.333, "writes": 3, "counted": 1,
		"cold n": 1, "cold": 900, "plain": 1000, "over plain": 20, "not warm": 1, "also n": 1, "also": 90,
	}
	figures := map[string]float64{
		"n": float64(got.N), "p50": got.Warm.P50, "max": got.Warm.Max, "quiet n": float64(got.Warm.Quiet.N), "quiet max": got.Warm.Quiet.Max,
		"claim p50": got.Warm.Stages["claim"].P50, "manager": got.Warm.CPU["manager"], "writes": *got.Warm.WritesPerLaunch,
		"counted": float64(got.Warm.WritesCounted), "cold n": float64(got.Cold.N), "cold": got.Cold.P50, "plain": got.Plain.P50,
		"over plain": got.OverPlain, "not warm": float64(got.NotWarm[v1alpha1.StartNoWarmPod]), "also n": float64(got.Also.N), "also": got.Also.P50,
	}
	if diff := cmp.Diff(want, figures, cmpopts.EquateApprox(0.001, 0)); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}
