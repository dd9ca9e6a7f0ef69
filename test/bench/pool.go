package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// pool keeps warm pods: pods of the product's own rendering whose runner has its interpreter preloaded and waits.
type pool struct {
	cluster   *framework.Cluster
	namespace string
	runtime   *v1alpha1.PreviewRuntime
	key       []byte

	ready   chan warmPod
	errs    chan error
	refills sync.WaitGroup
}

// warmPod is one waiting pod.
type warmPod struct {
	pod    *corev1.Pod
	target handover.Target
}

func newPool(ctx context.Context, cluster *framework.Cluster, namespace string, size int) (*pool, error) {
	runtime := &v1alpha1.PreviewRuntime{}
	name := types.NamespacedName{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}
	if err := cluster.Client.Get(ctx, name, runtime); err != nil {
		return nil, err
	}
	p := &pool{
		cluster: cluster, namespace: namespace, runtime: runtime, key: make([]byte, runnerapi.MinKeyBytes),
		ready: make(chan warmPod, size), errs: make(chan error, 1),
	}
	if _, err := rand.Read(p.key); err != nil {
		return nil, err
	}
	for range size {
		p.refill(ctx)
	}
	return p, nil
}

// refill starts one more pod in the background.
func (p *pool) refill(ctx context.Context) {
	p.refills.Go(func() {
		warm, err := p.create(ctx)
		if err != nil {
			select {
			case p.errs <- err:
			default:
			}
			return
		}
		p.ready <- warm
	})
}

// take waits for a warm pod and reads it again, as the cache of a manager would know it: the kubelet still writes status
// shortly after a pod has become ready, and a claim of what was there before would meet a conflict.
func (p *pool) take(ctx context.Context) (warmPod, error) {
	select {
	case warm := <-p.ready:
		pod, err := p.cluster.Kube.CoreV1().Pods(p.namespace).Get(ctx, warm.pod.Name, metav1.GetOptions{})
		warm.pod = pod
		return warm, err
	case err := <-p.errs:
		return warmPod{}, fmt.Errorf("refill the pool: %w", err)
	case <-ctx.Done():
		return warmPod{}, ctx.Err()
	}
}

// full waits until nothing is being started.
func (p *pool) full() { p.refills.Wait() }

func (p *pool) create(ctx context.Context) (warmPod, error) {
	name := podspec.PodName("warm")
	secret, err := runnerapi.DeriveSecret(p.key, p.namespace, name)
	if err != nil {
		return warmPod{}, err
	}
	pod := podspec.WarmPod(podspec.WarmInput{Runtime: p.runtime, Name: name, SecretHash: secret.Hash(), MemoryLimitMB: 512})
	// The runtime is in another namespace, and cannot own it.
	pod.Namespace, pod.OwnerReferences = p.namespace, nil
	pods := p.cluster.Kube.CoreV1().Pods(p.namespace)
	if pod, err = pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return warmPod{}, err
	}
	if pod, err = p.waitReady(ctx, pod); err != nil {
		return warmPod{}, err
	}
	err = until(ctx, "wait for a preloaded interpreter", func(ctx context.Context) (bool, error) {
		return isPreloaded(ctx, pod.Status.PodIP), nil
	})
	return warmPod{pod: pod, target: handover.Target{
		PodName: name, PodUID: string(pod.UID), Secret: secret,
		Address: net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(runnerapi.ControlPort)),
	}}, err
}

// waitReady waits until a pod is ready.
func (p *pool) waitReady(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, error) {
	watcher, err := p.cluster.Kube.CoreV1().Pods(p.namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + pod.Name, ResourceVersion: pod.ResourceVersion,
	})
	if err != nil {
		return nil, err
	}
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case event, open := <-watcher.ResultChan():
			pod, isPod := event.Object.(*corev1.Pod)
			if !open || !isPod {
				return nil, errors.New("the watch on a warm pod ended")
			}
			if isReady(pod) {
				return pod, nil
			}
		}
	}
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue && pod.Status.PodIP != ""
		}
	}
	return false
}

func isPreloaded(ctx context.Context, ip string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://"+net.JoinHostPort(ip, strconv.Itoa(runnerapi.ControlPort))+runnerapi.PathReadyz, nil)
	if err != nil {
		return false
	}
	response, err := direct.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<10))
	return err == nil && response.StatusCode == http.StatusOK
}
