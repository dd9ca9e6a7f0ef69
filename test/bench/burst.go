package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// burst launches many previews at the same moment, again and again, each time with a full pool.
func burst(ctx context.Context, cluster *framework.Cluster, o options) (result, error) {
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
	b := &bursts{cluster: cluster, launcher: newLauncher(cluster), starts: map[string]int{},
		each: newSeries("launch to the nonce"), all: newSeries("until all of a burst had answered")}
	for i := range o.launches {
		if err = b.once(ctx, pool, files, &o); err != nil {
			err = fmt.Errorf("burst %d: %w", i+1, err)
			break
		}
		fmt.Printf("%3d/%d  all %d serve after %.0f ms\n", i+1, o.launches, o.previews, millis(b.last))
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := errors.Join(err, pool.restore(after), removeAll(after, cluster)); err != nil {
		return nil, err
	}
	r := newReport("burst", "Launches at once", []string{
		fmt.Sprintf("%d launches at once, project %s, %d warm pods. Warm: %d, cold: %d.", o.previews, o.project, o.warm,
			b.starts[string(v1alpha1.StartWarm)], b.starts[string(v1alpha1.StartCold)]),
		o.idle.note(),
	}, b.all, b.each)
	r.Figures = map[string]float64{"at_once": float64(o.previews), "warm": float64(b.starts[string(v1alpha1.StartWarm)]),
		"cold": float64(b.starts[string(v1alpha1.StartCold)])}
	return r, nil
}

type bursts struct {
	cluster   *framework.Cluster
	launcher  *launcher
	starts    map[string]int
	each, all *series
	last      time.Duration
}

func (b *bursts) once(ctx context.Context, pool *runtimePool, files map[string]string, o *options) error {
	attempts := make([]*attempt, o.previews)
	for i := range attempts {
		var err error
		if attempts[i], err = b.launcher.prepare(ctx, files); err != nil {
			return err
		}
	}
	if err := pool.full(ctx); err != nil {
		return err
	}
	if _, err := o.idle.wait(ctx); err != nil {
		return err
	}
	times, err := launchAll(ctx, attempts)
	if err != nil {
		return err
	}
	b.last = slices.Max(times)
	if err := b.all.add(b.last); err != nil {
		return err
	}
	for i, a := range attempts {
		if err := b.each.add(times[i]); err != nil {
			return err
		}
		instance, err := a.started(ctx)
		if err != nil {
			return err
		}
		b.starts[string(startOf(instance).Kind)]++
	}
	if err := removeAll(ctx, b.cluster); err != nil {
		return err
	}
	for _, a := range attempts {
		if err := a.user.DeleteGeneration(ctx, a.id); err != nil {
			return err
		}
	}
	return nil
}

// launchAll launches all at the same moment, and returns how long each took from then on.
func launchAll(ctx context.Context, attempts []*attempt) ([]time.Duration, error) {
	times, errs := make([]time.Duration, len(attempts)), make([]error, len(attempts))
	var running sync.WaitGroup
	begun := time.Now()
	for i, a := range attempts {
		running.Go(func() {
			t, err := a.launch(ctx, begun)
			times[i], errs[i] = t.total, err
		})
	}
	running.Wait()
	return times, errors.Join(errs...)
}
