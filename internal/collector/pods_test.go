package collector

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/codebegen/preview-operator/internal/handover"
)

func TestStateOfPods(t *testing.T) {
	terminated := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
	for name, test := range map[string]struct {
		uid    string
		status corev1.PodStatus
		want   PodState
	}{
		"running":           {"uid", corev1.PodStatus{Phase: corev1.PodRunning}, PodActive},
		"failed":            {"uid", corev1.PodStatus{Phase: corev1.PodFailed}, PodEnded},
		"succeeded":         {"uid", corev1.PodStatus{Phase: corev1.PodSucceeded}, PodEnded},
		"container ended":   {"uid", corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{Name: "runner", State: terminated}}}, PodEnded},
		"another container": {"uid", corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{Name: "other", State: terminated}}}, PodActive},
		"another pod":       {"other", corev1.PodStatus{Phase: corev1.PodRunning}, PodGone},
	} {
		client := fake.NewClientset(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "previews", Name: "pod", UID: "uid"}, Status: test.status})
		pods := KubernetesPods{Client: client.CoreV1(), Container: "runner"}
		run := Run{Namespace: "previews", Target: handover.Target{PodName: "pod", PodUID: test.uid}}
		if got, err := pods.State(t.Context(), run); err != nil || got != test.want {
			t.Errorf("%s: state %d, error %v, want %d", name, got, err, test.want)
		}
		run.Target.PodName = "gone"
		if got, err := pods.State(t.Context(), run); err != nil || got != PodGone {
			t.Errorf("a pod that is gone: state %d, error %v", got, err)
		}
	}
}
