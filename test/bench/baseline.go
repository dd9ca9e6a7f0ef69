package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	baselinePort = 8000
	projectDir   = "/project"
)

// baseline runs a project the plain way: a pod of the same image, with the same restrictions and limits, that starts
// uvicorn on files from a ConfigMap.
type baseline struct {
	cluster *framework.Cluster
	runtime v1alpha1.PreviewRuntimeSpec
	// name of the pod and the ConfigMap that were measured last.
	name string
}

func newBaseline(ctx context.Context, cluster *framework.Cluster) (*baseline, error) {
	runtime := &v1alpha1.PreviewRuntime{}
	key := types.NamespacedName{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}
	if err := cluster.Client.Get(ctx, key, runtime); err != nil {
		return nil, err
	}
	return &baseline{cluster: cluster, runtime: runtime.Spec}, nil
}

// measure measures one pod, from its creation to the application's first 200. The ConfigMap stands in for the stored
// generation and is there before. Both are left until clean.
func (b *baseline) measure(ctx context.Context, files map[string]string) (time.Duration, error) {
	files, nonce, err := withNonce(files)
	if err != nil {
		return 0, err
	}
	b.name = "bench-" + strings.ToLower(rand.Text()[:8])
	core := b.cluster.Kube.CoreV1()
	config, items := projectConfig(b.name, files)
	if _, err := core.ConfigMaps(b.cluster.Namespace).Create(ctx, config, metav1.CreateOptions{}); err != nil {
		return 0, err
	}
	watcher, err := core.Pods(b.cluster.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + b.name})
	if err != nil {
		return 0, err
	}
	defer watcher.Stop()

	started := time.Now()
	if _, err := core.Pods(b.cluster.Namespace).Create(ctx, b.pod(module(files), items), metav1.CreateOptions{}); err != nil {
		return 0, err
	}
	address := ""
	for address == "" {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case event, open := <-watcher.ResultChan():
			pod, isPod := event.Object.(*corev1.Pod)
			if !open || !isPod {
				return 0, fmt.Errorf("the watch on pod %s ended", b.name)
			}
			address = pod.Status.PodIP
		}
	}
	err = until(ctx, "wait for the plain pod", func(ctx context.Context) (bool, error) {
		return fetchNonce(ctx, fmt.Sprintf("%s:%d", address, baselinePort), nonce)
	})
	return time.Since(started), err
}

// clean removes what the last measure has left, and waits until the pod is gone.
func (b *baseline) clean(ctx context.Context) error {
	core := b.cluster.Kube.CoreV1()
	if err := core.ConfigMaps(b.cluster.Namespace).Delete(ctx, b.name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := core.Pods(b.cluster.Namespace).Delete(ctx, b.name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, "wait for the plain pod to be gone", func(ctx context.Context) (bool, error) {
		_, err := core.Pods(b.cluster.Namespace).Get(ctx, b.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// projectConfig puts files into a ConfigMap, whose keys cannot hold slashes, and says where each belongs.
func projectConfig(name string, files map[string]string) (*corev1.ConfigMap, []corev1.KeyToPath) {
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{}}
	var items []corev1.KeyToPath
	for path, content := range files {
		key := strings.ReplaceAll(path, "/", "..")
		config.Data[key] = content
		items = append(items, corev1.KeyToPath{Key: key, Path: path})
	}
	return config, items
}

// module is where a project has its application, as uvicorn wants to be told.
func module(files map[string]string) string {
	for _, path := range mainFiles {
		if files[path] != "" {
			return strings.ReplaceAll(strings.TrimSuffix(path, ".py"), "/", ".") + ":app"
		}
	}
	return ""
}

func (b *baseline) pod(module string, items []corev1.KeyToPath) *corev1.Pod {
	memory := resource.MustParse(fmt.Sprintf("%dMi", ptr.Deref(b.runtime.MemoryLimitMB, 512)))
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: b.name},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  ptr.To(false),
			EnableServiceLinks:            ptr.To(false),
			TerminationGracePeriodSeconds: ptr.To(int64(10)),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To(int64(10001)), RunAsGroup: ptr.To(int64(10001)), FSGroup: ptr.To(int64(10001)),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name:            "app",
				Image:           b.runtime.Image,
				ImagePullPolicy: b.runtime.ImagePullPolicy,
				Command: []string{
					"python3", "-m", "uvicorn", "--host", "0.0.0.0", "--port", fmt.Sprint(baselinePort), "--app-dir", projectDir, module,
				},
				// The project's folder is read-only here: what the application writes goes to the working folder.
				WorkingDir: "/tmp",
				Env:        []corev1.EnvVar{{Name: "PYTHONUNBUFFERED", Value: "1"}},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: ptr.Deref(b.runtime.CPU.Request, resource.MustParse("10m")), corev1.ResourceMemory: resource.MustParse("48Mi")},
					Limits:   corev1.ResourceList{corev1.ResourceCPU: ptr.Deref(b.runtime.CPU.Limit, resource.MustParse("1")), corev1.ResourceMemory: memory},
				},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
				VolumeMounts: []corev1.VolumeMount{{Name: "project", MountPath: projectDir}, {Name: "tmp", MountPath: "/tmp"}},
			}},
			Volumes: []corev1.Volume{
				{Name: "project", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: b.name}, Items: items,
				}}},
				{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
			},
		},
	}
}
