package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// spareRounds is how many more rounds than warm launches there may be, as a share: some may turn out not to be warm.
const spareRounds = 0.2

// comparison is the closed loop: warm launches, one after the other, and every few of them one of each other kind, so that
// what the machine does meanwhile falls on all alike.
type comparison struct {
	options  options
	pool     *runtimePool
	launcher *launcher
	observer *observer
	baseline *baseline
	// projects are the files of the measured project, and of a further one unless that is "".
	projects map[string]map[string]string
	rounds   []*round
	begun    time.Time
}

// launch measures warm launches.
func launch(ctx context.Context, cluster *framework.Cluster, o options) (result, error) {
	c, err := newComparison(ctx, cluster, o)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.loop(ctx), c.end(ctx)); err != nil {
		return nil, err
	}
	env, err := describe(cluster, c.pool.image)
	if err != nil {
		return nil, err
	}
	r, err := newLaunchReport(c, env)
	if err != nil {
		return nil, err
	}
	if r.N < o.launches {
		// What was measured is told all the same.
		return r, fmt.Errorf("only %d launches were warm, %d were wanted: %v", r.N, o.launches, r.NotWarm)
	}
	return r, nil
}

func newComparison(ctx context.Context, cluster *framework.Cluster, o options) (*comparison, error) {
	c := &comparison{options: o, begun: time.Now(), launcher: newLauncher(cluster), projects: map[string]map[string]string{}}
	var err error
	for _, folder := range []string{o.project, o.also} {
		if folder == "" {
			continue
		}
		if c.projects[folder], err = framework.LoadProject(folder); err != nil {
			return nil, err
		}
	}
	if err := removeAll(ctx, cluster); err != nil {
		return nil, err
	}
	if c.baseline, err = newBaseline(ctx, cluster); err != nil {
		return nil, err
	}
	if c.observer, err = newObserver(ctx, cluster, &c.options.idle); err != nil {
		return nil, err
	}
	c.pool, err = newRuntimePool(ctx, cluster, o.warm)
	return c, err
}

// end removes what the measurement has left, also when it was interrupted.
func (c *comparison) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(c.pool.restore(ctx), removeAll(ctx, c.pool.cluster))
}

// loop runs until there are enough warm launches, or clearly will not be.
func (c *comparison) loop(ctx context.Context) error {
	if err := c.warmUp(ctx); err != nil {
		return fmt.Errorf("warm-up: %w", err)
	}
	warm, most := 0, int(float64(c.options.launches)*(1+spareRounds))+1
	for i := 1; warm < c.options.launches && i <= most; i++ {
		r, err := c.warm(ctx, c.options.project, i%c.options.writesEvery == 0)
		if err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		if r.Kind == string(v1alpha1.StartWarm) {
			warm++
		}
		c.progress(fmt.Sprintf("%d/%d", warm, c.options.launches), r)
		if i%c.options.every != 0 {
			continue
		}
		if err := c.others(ctx, i); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	return nil
}

// warmUp launches without counting: what caches and connections an installation fills only once is no part of a launch.
func (c *comparison) warmUp(ctx context.Context) error {
	for i := range c.options.warmUp {
		r, err := c.warm(ctx, c.options.project, false)
		if err != nil {
			return err
		}
		c.progress(fmt.Sprintf("warm-up %d", i+1), r)
		// A run takes half an hour: it is not begun where no launch would be warm.
		if i == c.options.warmUp-1 && c.options.warm > 0 && r.Kind != string(v1alpha1.StartWarm) {
			return fmt.Errorf("the launch found %d warm pods and was not warm: %s", c.options.warm, r.Reason)
		}
	}
	c.rounds, c.options.idle = nil, idleGate{}
	return nil
}

// others makes one round of each other kind.
func (c *comparison) others(ctx context.Context, i int) error {
	if c.options.also != "" {
		r, err := c.warm(ctx, c.options.also, false)
		if err != nil {
			return fmt.Errorf("%s: %w", c.options.also, err)
		}
		c.progress("", r)
	}
	// Without a pool, so that nothing fills it meanwhile.
	if err := c.pool.empty(ctx); err != nil {
		return err
	}
	r, err := c.once(ctx, c.options.project, false)
	if err != nil {
		return fmt.Errorf("cold launch: %w", err)
	}
	c.progress("", r)
	if err := c.plain(ctx); err != nil {
		return fmt.Errorf("plain pod: %w", err)
	}
	return c.pool.fill(ctx)
}

// plain makes one round with a plain pod.
func (c *comparison) plain(ctx context.Context) error {
	r := &round{Kind: kindPlain, Project: c.options.project}
	err := c.observer.observed(ctx, r, func() (err error) {
		r.total, err = c.baseline.measure(ctx, c.projects[c.options.project])
		return err
	})
	if err != nil {
		return err
	}
	c.keep(r)
	c.progress("", r)
	return c.baseline.clean(ctx)
}

// warm makes one round with a full pool.
func (c *comparison) warm(ctx context.Context, project string, countWrites bool) (*round, error) {
	if err := c.pool.full(ctx); err != nil {
		return nil, err
	}
	cycle, err := c.observer.components.used()
	if err != nil {
		return nil, err
	}
	r, err := c.once(ctx, project, countWrites)
	if err != nil {
		return nil, err
	}
	r.wantedWarm = true
	if err := c.pool.full(ctx); err != nil {
		return nil, err
	}
	used, err := c.observer.components.used()
	r.CycleCPU = millisOf(since(cycle, used))
	return r, err
}

// once launches one preview, learns all about it and removes it.
func (c *comparison) once(ctx context.Context, project string, countWrites bool) (*round, error) {
	a, err := c.launcher.prepare(ctx, c.projects[project])
	if err != nil {
		return nil, err
	}
	counts, sums, err := c.observer.stages(ctx)
	if err != nil {
		return nil, err
	}
	var writes map[string]float64
	if countWrites {
		if writes, err = c.observer.writes(ctx); err != nil {
			return nil, err
		}
	}
	r := &round{Project: project}
	err = c.observer.observed(ctx, r, func() error {
		t, err := a.launch(ctx, time.Now())
		r.total, r.posted, r.Requests = t.total, t.posted, t.requests
		return err
	})
	if err != nil {
		return nil, err
	}
	instance, err := a.started(ctx)
	if err != nil {
		return nil, err
	}
	if countWrites {
		if r.Writes, err = c.writesSince(ctx, writes); err != nil {
			return nil, err
		}
	}
	if r.Stages, err = c.observer.stagesSince(ctx, counts, sums); err != nil {
		return nil, err
	}
	start := startOf(instance)
	r.Kind, r.Reason, r.Interpreter = string(start.Kind), start.Reason, string(start.Interpreter)
	if start.Kind == v1alpha1.StartWarm {
		// The pool has begun to replace the pod that was taken.
		delete(r.Writes, "create pods")
	}
	c.keep(r)
	return r, a.remove(ctx, instance)
}

func (c *comparison) writesSince(ctx context.Context, before map[string]float64) (map[string]float64, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(writeSettle):
	}
	after, err := c.observer.writes(ctx)
	return grown(before, after), err
}

func (c *comparison) keep(r *round) {
	r.Total, r.Posted = millis(r.total), millis(r.posted)
	c.rounds = append(c.rounds, r)
}

func (c *comparison) progress(which string, r *round) {
	flagged := ""
	if len(r.Flags) > 0 {
		flagged = "  under pressure: " + strings.Join(r.Flags, ", ")
	}
	fmt.Printf("%6s %9s  %-5s %-12s %8.1f ms%s\n", time.Since(c.begun).Round(time.Second), which, r.Kind, filepath.Base(r.Project), r.Total, flagged)
}
