package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// steady launches at a fixed rate, whatever becomes of the launches before.
func steady(ctx context.Context, cluster *framework.Cluster, o options) (result, error) {
	var due []time.Duration
	for at := time.Duration(0); at < o.duration; at += time.Duration(float64(time.Second) / o.rate) {
		due = append(due, at)
	}
	return openLoop(ctx, cluster, o, "open", "Launches at a fixed rate", due)
}

// poisson launches at random times with a mean rate.
func poisson(ctx context.Context, cluster *framework.Cluster, o options) (result, error) {
	return openLoop(ctx, cluster, o, "poisson", "Launches at random times", arrivals(o.rate, o.duration, o.seed))
}

// arrivals are the times of a Poisson process. The same seed makes the same times.
func arrivals(rate float64, during time.Duration, seed uint64) []time.Duration {
	random := rand.New(rand.NewPCG(seed, 0))
	var due []time.Duration
	for at := 0.0; ; {
		at += random.ExpFloat64() / rate
		if at >= during.Seconds() {
			return due
		}
		due = append(due, time.Duration(at*float64(time.Second)))
	}
}

// load is an open loop: launches begin when they are due, and their time counts from then on, so that a launch that holds
// others up cannot hide it.
type load struct {
	cluster *framework.Cluster
	keep    time.Duration

	// slow is the share of the time in which the processors were slow, and speed a sentence about it.
	slow  float64
	speed string

	mutex    sync.Mutex
	series   []*series
	starts   map[string]int
	failures []error
}

// The series of an open loop.
const (
	sinceDue = iota
	sinceSent
)

func openLoop(ctx context.Context, cluster *framework.Cluster, o options, name, title string, due []time.Duration) (result, error) {
	files, err := framework.LoadProject(o.project)
	if err != nil {
		return nil, err
	}
	if err := removeAll(ctx, cluster); err != nil {
		return nil, err
	}
	pool, err := newRuntimePool(ctx, cluster, o.warm)
	if err != nil {
		return nil, err
	}
	l := &load{cluster: cluster, keep: o.keep, starts: map[string]int{}, series: []*series{
		newSeries("launch, since it was due, to the nonce"), newSeries("launch, since it was sent, to the nonce"),
	}}
	err = l.run(ctx, pool, newLauncher(cluster), files, due, &o.idle)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := errors.Join(err, pool.restore(after), removeAll(after, cluster)); err != nil {
		return nil, err
	}
	return l.report(name, title, o, len(due)), nil
}

func (l *load) run(ctx context.Context, pool *runtimePool, launcher *launcher, files map[string]string, due []time.Duration, gate *idleGate) error {
	attempts := make([]*attempt, len(due))
	for i := range due {
		var err error
		if attempts[i], err = launcher.prepare(ctx, files); err != nil {
			return err
		}
	}
	if err := pool.full(ctx); err != nil {
		return err
	}
	if _, err := gate.wait(ctx); err != nil {
		return err
	}
	gauge := startSpeedGauge(ctx)
	defer func() { l.slow, l.speed = gauge.end() }()
	var running sync.WaitGroup
	begun := time.Now()
	for i, a := range attempts {
		select {
		case <-ctx.Done():
			running.Wait()
			return ctx.Err()
		case <-time.After(time.Until(begun.Add(due[i]))):
		}
		running.Go(func() { l.one(ctx, a, begun.Add(due[i])) })
		if i%10 == 0 {
			fmt.Printf("%3d/%d launches begun, %s\n", i+1, len(due), time.Since(begun).Round(time.Second))
		}
	}
	running.Wait()
	return ctx.Err()
}

// one launches a preview, keeps it for a while and stops it the way its user would.
func (l *load) one(ctx context.Context, a *attempt, due time.Time) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sent := time.Now()
	t, err := a.launch(ctx, due)
	late := sent.Sub(due)
	if err != nil {
		l.record(t, late, v1alpha1.Start{}, err)
		return
	}
	select {
	case <-ctx.Done():
		l.record(t, late, v1alpha1.Start{}, ctx.Err())
		return
	case <-time.After(l.keep):
	}
	instance, err := a.started(ctx)
	if err != nil {
		l.record(t, late, v1alpha1.Start{}, err)
		return
	}
	l.record(t, late, startOf(instance), errors.Join(a.user.Stop(ctx, a.id), a.user.DeleteGeneration(ctx, a.id)))
}

func (l *load) record(t timing, late time.Duration, start v1alpha1.Start, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err == nil {
		err = errors.Join(l.series[sinceDue].add(t.total), l.series[sinceSent].add(t.total-late))
	}
	if err != nil {
		l.failures = append(l.failures, err)
		return
	}
	l.starts[string(start.Kind)]++
}

func (l *load) report(name, title string, o options, launches int) *report {
	notes := []string{fmt.Sprintf("%d launches within %s, project %s, %d warm pods, each preview stopped %s after its answer. Warm: %d, cold: %d, failed: %d.",
		launches, o.duration, o.project, o.warm, o.keep, l.starts[string(v1alpha1.StartWarm)], l.starts[string(v1alpha1.StartCold)], len(l.failures))}
	notes = append(notes, l.speed)
	for _, err := range l.failures[:min(5, len(l.failures))] {
		notes = append(notes, fmt.Sprintf("A failure: %v", err))
	}
	r := newReport(name, title, notes, l.series...)
	r.Figures = map[string]float64{
		"launches": float64(launches), "warm": float64(l.starts[string(v1alpha1.StartWarm)]),
		"cold": float64(l.starts[string(v1alpha1.StartCold)]), "failed": float64(len(l.failures)),
		"slow_share": l.slow,
	}
	return r
}
