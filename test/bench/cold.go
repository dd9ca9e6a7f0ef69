package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// benchUser marks what the benchmarks create.
const benchUser = "bench-user"

// cold launches a preview, then a plain pod with the same project, again and again: what the machine does meanwhile
// falls on both alike.
func cold(ctx context.Context, cluster *framework.Cluster, o options) (*report, error) {
	files, err := framework.LoadProject(o.project)
	if err != nil {
		return nil, err
	}
	user, err := cluster.Gateway.As(benchUser)
	if err != nil {
		return nil, err
	}
	baseline, err := newBaseline(ctx, cluster)
	if err != nil {
		return nil, err
	}
	launch, answered, plain := newSeries("launch over HTTP to first 200 through the gateway"), newSeries("of it: POST launch answered"),
		newSeries("plain pod: create to first 200")
	before, err := operatorCPU(ctx, cluster)
	if err != nil {
		return nil, err
	}
	run := strings.ToLower(rand.Text()[:6])
	for i := range o.launches {
		if err := o.idle.wait(ctx); err != nil {
			return nil, err
		}
		post, total, err := launchOnce(ctx, cluster, user, fmt.Sprintf("bench-%s-%d", run, i), files)
		if err != nil {
			return nil, fmt.Errorf("launch %d: %w", i+1, err)
		}
		if err := o.idle.wait(ctx); err != nil {
			return nil, err
		}
		base, err := baseline.once(ctx, files)
		if err != nil {
			return nil, fmt.Errorf("plain pod %d: %w", i+1, err)
		}
		for _, point := range []struct {
			series *series
			value  time.Duration
		}{{launch, total}, {answered, post}, {plain, base}} {
			if err := point.series.add(point.value); err != nil {
				return nil, err
			}
		}
		fmt.Printf("%3d/%d  launch %6.0f ms  plain pod %6.0f ms\n", i+1, o.launches, total.Seconds()*1000, base.Seconds()*1000)
	}
	after, err := operatorCPU(ctx, cluster)
	if err != nil {
		return nil, err
	}
	result := &report{Name: "cold", Title: "Cold launch", Series: []*series{launch, answered, plain}}
	ratio := float64(launch.histogram.ValueAtQuantile(50)) / float64(plain.histogram.ValueAtQuantile(50))
	ratio99 := float64(launch.histogram.ValueAtQuantile(99)) / float64(plain.histogram.ValueAtQuantile(99))
	result.Notes = append(result.Notes, fmt.Sprintf("Launch over plain pod: %.2f at p50, %.2f at p99.", ratio, ratio99), o.idle.note())
	for _, name := range slices.Sorted(maps.Keys(after)) {
		each := (after[name] - before[name]) / time.Duration(o.launches)
		result.Notes = append(result.Notes, fmt.Sprintf("Processor time of the %s: %.0f ms for each launch, its requests and its deletion included.", name, each.Seconds()*1000))
	}
	return result, nil
}

// launchOnce measures one launch: until its answer, and until the application's first own 200.
func launchOnce(ctx context.Context, cluster *framework.Cluster, user *framework.UserClient, id string, files map[string]string) (post, total time.Duration, err error) {
	files, nonce, err := withNonce(files)
	if err != nil {
		return 0, 0, err
	}
	if err := user.PutGeneration(ctx, id, "bench", files); err != nil {
		return 0, 0, err
	}
	started := time.Now()
	launch, err := user.Launch(ctx, id, "bench", 0)
	if err != nil {
		return 0, 0, err
	}
	post = time.Since(started)
	err = until(ctx, "wait for the preview", func(ctx context.Context) (bool, error) {
		reply, err := user.Get(ctx, id, launch.SessionToken, noncePath)
		if err != nil {
			return false, waiting(err)
		}
		return reply.StatusCode == http.StatusOK && isNonce([]byte(reply.Body), nonce), nil
	})
	total = time.Since(started)
	if err != nil {
		return 0, 0, err
	}
	return post, total, removePreviews(ctx, cluster, user, id)
}

// removePreviews deletes the benchmarks' previews and waits until their pods are gone, so that nothing of one launch is
// left to disturb the next.
func removePreviews(ctx context.Context, cluster *framework.Cluster, user *framework.UserClient, id string) error {
	if err := cluster.DeleteInstances(ctx, benchUser); err != nil {
		return err
	}
	err := until(ctx, "wait for the preview to be gone", func(ctx context.Context) (bool, error) {
		instances, err := cluster.Instances(ctx, benchUser)
		return len(instances) == 0, err
	})
	if err != nil {
		return err
	}
	return user.DeleteGeneration(ctx, id)
}
