package collector

import (
	"context"
	"io"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// KubernetesPods asks the API server, and no cache: it is asked when a runner has fallen silent.
type KubernetesPods struct {
	// Client must not have a time-out shorter than the reading of a log takes.
	Client typedcorev1.PodsGetter
	// Container that the logs are of.
	Container string
}

// State implements Pods. A pod of the same name with another UID is another pod.
func (p KubernetesPods) State(ctx context.Context, run Run) (PodState, error) {
	pod, err := p.Client.Pods(run.Namespace).Get(ctx, run.Target.PodName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return PodGone, nil
	}
	if err != nil {
		return PodActive, err
	}
	if string(pod.UID) != run.Target.PodUID {
		return PodGone, nil
	}
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return PodEnded, nil
	}
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == p.Container && status.State.Terminated != nil {
			return PodEnded, nil
		}
	}
	return PodActive, nil
}

// Log implements Pods.
func (p KubernetesPods) Log(ctx context.Context, run Run) (io.ReadCloser, error) {
	return p.Client.Pods(run.Namespace).GetLogs(run.Target.PodName, &corev1.PodLogOptions{Container: p.Container, Timestamps: true}).Stream(ctx)
}
