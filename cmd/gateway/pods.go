package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/vitals"
)

// podIdentities looks pods up at the API server.
type podIdentities struct{ kubernetes.Interface }

// Identity reads what the tokens of a pod's runner are derived from.
func (p podIdentities) Identity(ctx context.Context, namespace, podName string) (vitals.Identity, error) {
	pod, err := p.CoreV1().Pods(namespace).Get(ctx, podName, metav1.GetOptions{})
	if err != nil {
		return vitals.Identity{}, err
	}
	hash := podspec.SecretHash(pod)
	if hash == "" {
		return vitals.Identity{}, fmt.Errorf("pod %s/%s is no preview pod: it has no runner", namespace, podName)
	}
	return vitals.Identity{PodUID: string(pod.UID), SecretHash: hash}, nil
}
