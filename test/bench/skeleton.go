package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	// skeletonNamespace is served by no manager: the steps here are the only ones.
	skeletonNamespace = "preview-skeleton"
	skeletonPort      = 3001
)

// stages of a warm launch, in their order.
var stages = []string{
	"create the instance (1 API write)",
	"watch hop",
	"claim (1 optimistic API write on the pod)",
	"hello and assignment, until the application listens",
	"of it, in the runner: receive and unpack",
	"of it, in the runner: fork, import, listen",
	"status (1 API write)",
	"watch hop of the status",
	"first request, straight to the pod",
	"total",
}

// skeleton measures the bare steps of a warm launch against real pods with the real runner.
func skeleton(ctx context.Context, cluster *framework.Cluster, o options) (result, error) {
	files, err := framework.LoadProject(o.project)
	if err != nil {
		return nil, err
	}
	if o.warm < 1 {
		return nil, errors.New("-warm must be at least 1")
	}
	if err := makeNamespace(ctx, cluster); err != nil {
		return nil, err
	}
	// The namespace goes with all that is in it, also when the run was interrupted.
	defer func() {
		err := cluster.Kube.CoreV1().Namespaces().Delete(context.WithoutCancel(ctx), skeletonNamespace, metav1.DeleteOptions{})
		if err != nil {
			fmt.Println("delete namespace:", err)
		}
	}()
	warm, err := newPool(ctx, cluster, skeletonNamespace, o.warm)
	if err != nil {
		return nil, err
	}
	s := &skeletonRun{cluster: cluster, files: files}
	if s.client, err = handover.New(handover.Options{}); err != nil {
		return nil, err
	}
	s.watch, err = cluster.Client.Watch(ctx, &v1alpha1.PreviewInstanceList{}, client.InNamespace(skeletonNamespace))
	if err != nil {
		return nil, err
	}
	defer s.watch.Stop()
	for _, name := range stages {
		s.series = append(s.series, newSeries(name))
	}
	for i := range o.launches {
		if !o.busy {
			warm.full()
			if _, err := o.idle.wait(ctx); err != nil {
				return nil, err
			}
		}
		pod, err := warm.take(ctx)
		if err != nil {
			return nil, err
		}
		if err := s.launch(ctx, fmt.Sprintf("skeleton-%d", i), pod); err != nil {
			return nil, fmt.Errorf("launch %d: %w", i+1, err)
		}
		warm.refill(ctx)
		if (i+1)%10 == 0 {
			total := s.series[len(s.series)-1].histogram
			fmt.Printf("%3d/%d  total p50 %.1f ms\n", i+1, o.launches, float64(total.ValueAtQuantile(50))/1000)
		}
	}
	warm.full()
	name, how := "skeleton-"+filepath.Base(o.project), "Each launch began with a full pool. "+o.idle.note()
	if o.busy {
		name, how = name+"-busy", "Launches followed each other while the pool refilled itself on the same processors."
	}
	return newReport(name, "Skeleton of a warm launch", []string{
		fmt.Sprintf("%s %d warm pods, project %s, one launch at a time.", how, o.warm, o.project),
	}, s.series...), nil
}

func makeNamespace(ctx context.Context, cluster *framework.Cluster) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: skeletonNamespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	return until(ctx, "create the namespace", func(ctx context.Context) (bool, error) {
		_, err := cluster.Kube.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			// One of an earlier run is on its way out.
			return false, nil
		}
		return err == nil, err
	})
}

// skeletonRun is the state of the measurement.
type skeletonRun struct {
	cluster *framework.Cluster
	client  *handover.Client
	files   map[string]string
	watch   watch.Interface
	series  []*series
}

// launch walks through the stages once.
func (s *skeletonRun) launch(ctx context.Context, name string, warm warmPod) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	files, nonce, err := withNonce(s.files)
	if err != nil {
		return err
	}
	instance := framework.InlineInstance(skeletonNamespace, name, benchUser, files)
	var times [10]time.Duration
	started := time.Now()
	last := started
	lap := func(stage int) {
		now := time.Now()
		times[stage], last = now.Sub(last), now
	}

	if err := s.cluster.Client.Create(ctx, instance); err != nil {
		return err
	}
	lap(0)
	if err := s.seen(ctx, name, func(*v1alpha1.PreviewInstance) bool { return true }); err != nil {
		return err
	}
	lap(1)
	if err := s.claim(ctx, instance, warm.pod); err != nil {
		return err
	}
	lap(2)
	result, err := s.assign(ctx, instance, warm.target)
	if err != nil {
		return err
	}
	lap(3)
	times[4] = time.Duration(result.Timings.ReceiveMicros+result.Timings.UnpackMicros) * time.Microsecond
	times[5] = time.Duration(result.Timings.ForkMicros+result.Timings.ImportMicros+result.Timings.ListenMicros) * time.Microsecond
	if err := s.writeStatus(ctx, instance, warm.pod); err != nil {
		return err
	}
	lap(6)
	if err := s.seen(ctx, name, func(seen *v1alpha1.PreviewInstance) bool { return seen.Status.Phase == v1alpha1.PhaseRunning }); err != nil {
		return err
	}
	lap(7)
	if ok, err := fetchNonce(ctx, fmt.Sprintf("%s:%d", warm.pod.Status.PodIP, skeletonPort), nonce); err != nil || !ok {
		return fmt.Errorf("the application of %s listens and does not answer: %w", name, err)
	}
	lap(8)
	times[9] = last.Sub(started)
	for i, series := range s.series {
		if err := series.add(times[i]); err != nil {
			return err
		}
	}
	// Deleting the instance deletes the pod that it owns: both at once here, for the next launch's sake.
	if err := s.cluster.Client.Delete(ctx, warm.pod, client.GracePeriodSeconds(1)); err != nil {
		return err
	}
	return s.cluster.Client.Delete(ctx, instance)
}

// claim makes the pod the instance's own. The resource version makes it fail when anybody else was first.
func (s *skeletonRun) claim(ctx context.Context, instance *v1alpha1.PreviewInstance, pod *corev1.Pod) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": pod.ResourceVersion,
		"labels":          map[string]string{v1alpha1.LabelInstanceUID: string(instance.UID)},
		"annotations":     map[string]string{v1alpha1.AnnotationPort: fmt.Sprint(skeletonPort)},
		"ownerReferences": []metav1.OwnerReference{*metav1.NewControllerRef(instance, v1alpha1.GroupVersion.WithKind("PreviewInstance"))},
	}})
	if err != nil {
		return err
	}
	_, err = s.cluster.Kube.CoreV1().Pods(skeletonNamespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

func (s *skeletonRun) assign(ctx context.Context, instance *v1alpha1.PreviewInstance, target handover.Target) (runnerapi.Result, error) {
	files := map[string][]byte{}
	for _, file := range instance.Spec.Source.Inline.Files {
		files[file.Path] = []byte(file.Content)
	}
	code, _, err := archive.Pack(files)
	if err != nil {
		return runnerapi.Result{}, err
	}
	result, err := s.client.Assign(ctx, target, runnerapi.Assignment{
		ID: string(instance.UID), Port: skeletonPort, StartupTimeoutSeconds: 30, MemoryLimitMB: 512,
		Limits: runnerapi.ArchiveLimits(archive.DefaultLimits()),
	}, code)
	if err == nil && result.State != runnerapi.StateServing {
		err = fmt.Errorf("the runner's state is %s: %+v", result.State, result.Failure)
	}
	return result, err
}

func (s *skeletonRun) writeStatus(ctx context.Context, instance *v1alpha1.PreviewInstance, pod *corev1.Pod) error {
	now := metav1.Now()
	var conditions []metav1.Condition
	for _, name := range strings.Fields("Accepted PortAllocated PodReady CodeLoaded Serving Ready") {
		conditions = append(conditions, metav1.Condition{
			Type: name, Status: metav1.ConditionTrue, Reason: "Done", LastTransitionTime: now, ObservedGeneration: instance.Generation,
		})
	}
	instance.Status = v1alpha1.PreviewInstanceStatus{
		ObservedGeneration: instance.Generation, Phase: v1alpha1.PhaseRunning, Port: skeletonPort, PodName: pod.Name, PodIP: pod.Status.PodIP,
		StartedAt: &now, Conditions: conditions,
	}
	return s.cluster.Client.Status().Update(ctx, instance)
}

// seen waits until the watch has shown the instance as it should be.
func (s *skeletonRun) seen(ctx context.Context, name string, accept func(*v1alpha1.PreviewInstance) bool) error {
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the watch to show %s: %w", name, ctx.Err())
		case event, open := <-s.watch.ResultChan():
			if !open {
				return fmt.Errorf("the watch ended")
			}
			instance, ok := event.Object.(*v1alpha1.PreviewInstance)
			if ok && instance.Name == name && event.Type != watch.Deleted && accept(instance) {
				return nil
			}
		}
	}
}
