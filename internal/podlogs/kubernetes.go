package podlogs

import (
	"context"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// KubernetesSource reads the logs of one container of the pods of one namespace.
type KubernetesSource struct {
	pods      typedcorev1.PodInterface
	container string
}

// NewKubernetesSource takes the pods of a namespace. The client must not have a time-out: it would cut streams.
func NewKubernetesSource(pods typedcorev1.PodInterface, container string) *KubernetesSource {
	return &KubernetesSource{pods: pods, container: container}
}

// Open implements Source.
func (s *KubernetesSource) Open(ctx context.Context, pod string, since time.Time, tail int64) (io.ReadCloser, error) {
	opts := &corev1.PodLogOptions{Container: s.container, Follow: true, Timestamps: true}
	if since.IsZero() {
		opts.TailLines = &tail
	} else {
		opts.SinceTime = &metav1.Time{Time: since}
	}
	stream, err := s.pods.GetLogs(pod, opts).Stream(ctx)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w: %s", ErrGone, pod)
	}
	return stream, err
}

// Ended implements Source. Preview pods are never restarted in place, so their phase tells.
func (s *KubernetesSource) Ended(ctx context.Context, pod string) (bool, error) {
	got, err := s.pods.Get(ctx, pod, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return got.Status.Phase == corev1.PodSucceeded || got.Status.Phase == corev1.PodFailed, nil
}
