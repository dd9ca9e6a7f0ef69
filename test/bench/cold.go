package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// benchUser marks what the benchmarks create.
const benchUser = "bench-user"

// cold launches a preview without warm pods, then a plain pod with the same project, again and again: what the machine
// does meanwhile falls on both alike.
func cold(ctx context.Context, cluster *framework.Cluster, o options) (result, error) {
	c, err := newComparison(ctx, cluster, o)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.coldLoop(ctx), c.end(ctx)); err != nil {
		return nil, err
	}
	var launches, plain []*round
	for _, r := range c.rounds {
		if r.Kind == kindPlain {
			plain = append(plain, r)
		} else {
			launches = append(launches, r)
		}
	}
	whole := func(r *round) (time.Duration, bool) { return r.total, true }
	launch, launchErr := collect("launch over HTTP to first 200 through the gateway", launches, whole)
	answered, answeredErr := collect("of it: POST launch answered", launches, func(r *round) (time.Duration, bool) { return r.posted, true })
	pod, podErr := collect("plain pod: create to first 200", plain, whole)
	if err := errors.Join(launchErr, answeredErr, podErr); err != nil {
		return nil, err
	}
	notes := []string{
		fmt.Sprintf("Launch over plain pod: %.2f at p50, %.2f at p99.",
			launch.summary().P50/pod.summary().P50, launch.summary().P99/pod.summary().P99),
		c.options.idle.note(),
	}
	cpu := means(launches, func(r *round) map[string]float64 { return r.CPU })
	if len(cpu) > 0 {
		notes = append(notes, "Milliseconds of processor time for each launch: "+list(cpu)+".")
	}
	return newReport("cold", "Cold launch", notes, launch, answered, pod), nil
}

func (c *comparison) coldLoop(ctx context.Context) error {
	if err := c.pool.empty(ctx); err != nil {
		return err
	}
	if err := c.warmUp(ctx); err != nil {
		return err
	}
	for i := range c.options.launches {
		r, err := c.once(ctx, c.options.project, false)
		if err != nil {
			return fmt.Errorf("launch %d: %w", i+1, err)
		}
		c.progress(fmt.Sprintf("%d/%d", i+1, c.options.launches), r)
		if err := c.plain(ctx); err != nil {
			return fmt.Errorf("plain pod %d: %w", i+1, err)
		}
	}
	return nil
}
