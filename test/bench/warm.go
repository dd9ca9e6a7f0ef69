package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// poolPause lies between two looks at the pool, which are made while it fills itself.
const poolPause = 100 * time.Millisecond

// runtimePool is the pool of warm pods that the manager keeps for the default runtime.
type runtimePool struct {
	cluster *framework.Cluster
	// before is what the runtime said of its pool before the measurement.
	before *v1alpha1.WarmPool
	image  string
	size   int32
}

// newRuntimePool makes the manager keep so many warm pods, whatever the demand, until restore.
func newRuntimePool(ctx context.Context, cluster *framework.Cluster, size int) (*runtimePool, error) {
	runtime := &v1alpha1.PreviewRuntime{}
	key := types.NamespacedName{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}
	if err := cluster.Client.Get(ctx, key, runtime); err != nil {
		return nil, err
	}
	p := &runtimePool{cluster: cluster, before: runtime.Spec.Warm, image: runtime.Spec.Image, size: int32(size)}
	return p, p.fill(ctx)
}

// fill makes the manager keep as many warm pods as the measurement wants.
func (p *runtimePool) fill(ctx context.Context) error { return p.keep(ctx, p.size) }

// keep makes the manager keep that many warm pods.
func (p *runtimePool) keep(ctx context.Context, size int32) error {
	return p.patch(ctx, map[string]any{"size": size, "minSize": nil, "maxSize": nil})
}

// restore makes the runtime what it was before the measurement.
func (p *runtimePool) restore(ctx context.Context) error {
	if p.before == nil {
		return p.patch(ctx, nil)
	}
	return p.patch(ctx, map[string]any{
		"size": p.before.Size, "minSize": p.before.MinSize, "maxSize": p.before.MaxSize, "whenEmpty": p.before.WhenEmpty,
	})
}

func (p *runtimePool) patch(ctx context.Context, warm any) error {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"warm": warm}})
	if err != nil {
		return err
	}
	runtime := &v1alpha1.PreviewRuntime{ObjectMeta: metav1.ObjectMeta{Namespace: p.cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}}
	return p.cluster.Client.Patch(ctx, runtime, client.RawPatch(types.MergePatchType, patch))
}

// full waits until exactly as many pods wait, with everything preloaded, as should.
func (p *runtimePool) full(ctx context.Context) error {
	found := ""
	return untilEvery(ctx, poolPause, func() string { return fmt.Sprintf("wait for %d warm pods (%s)", p.size, found) },
		func(ctx context.Context) (bool, error) {
			pods, err := p.pods(ctx)
			if err != nil {
				return false, err
			}
			ready := 0
			for i := range pods {
				if pods[i].DeletionTimestamp == nil && isReady(&pods[i]) && isPreloaded(ctx, pods[i].Status.PodIP) {
					ready++
				}
			}
			found = fmt.Sprintf("there are %d, %d of them ready", len(pods), ready)
			return ready == int(p.size) && len(pods) == ready, nil
		})
}

// empty makes the next launches cold ones: no pod waits until fill.
func (p *runtimePool) empty(ctx context.Context) error {
	if err := p.keep(ctx, 0); err != nil {
		return err
	}
	left := 0
	return untilEvery(ctx, poolPause, func() string { return fmt.Sprintf("wait for %d warm pods to be gone", left) },
		func(ctx context.Context) (bool, error) {
			pods, err := p.pods(ctx)
			left = len(pods)
			for i := range pods {
				// A manager takes its time to shrink a pool. Between this and what it does about it lies nothing that counts.
				if pods[i].DeletionTimestamp == nil && err == nil {
					err = client.IgnoreNotFound(p.cluster.Client.Delete(ctx, &pods[i], client.GracePeriodSeconds(1)))
				}
			}
			return left == 0, err
		})
}

func (p *runtimePool) pods(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := p.cluster.Kube.CoreV1().Pods(p.cluster.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: v1alpha1.LabelWarm + "=" + v1alpha1.WarmUnclaimed + "," + v1alpha1.LabelRuntime + "=" + v1alpha1.DefaultRuntimeName,
	})
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}
