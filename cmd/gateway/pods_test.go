package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/vitals"
)

func TestPodIdentities(t *testing.T) {
	pod := func(name, container string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "previews", Name: name, UID: "pod-uid"},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: container, Env: []corev1.EnvVar{{Name: runnerapi.EnvSecretHash, Value: "the-hash"}},
			}}},
		}
	}
	pods := podIdentities{fake.NewClientset(pod("preview", podspec.ContainerName), pod("foreign", "another"))}
	got, err := pods.Identity(t.Context(), "previews", "preview")
	if diff := cmp.Diff(vitals.Identity{PodUID: "pod-uid", SecretHash: "the-hash"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := pods.Identity(t.Context(), "previews", "foreign"); err == nil {
		t.Errorf("a pod of somebody else is %+v", got)
	}
	if _, err := pods.Identity(t.Context(), "other", "preview"); !apierrors.IsNotFound(err) {
		t.Errorf("a pod that is not there: %v", err)
	}
}
