package podspec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// revisionBytes of a hash tell templates apart: two of one runtime that differ share them once in 2^40.
const revisionBytes = 5

// WarmInput is everything that a warm pod is made of.
type WarmInput struct {
	Runtime    *v1alpha1.PreviewRuntime
	Name       string
	SecretHash string
	// MemoryLimitMB is the runtime's limit, in MiB.
	MemoryLimitMB int32
	// StopGrace is as in PodInput.
	StopGrace time.Duration
}

func (in WarmInput) template() template {
	return template{
		spec: in.Runtime.Spec, name: in.Name, secretHash: in.SecretHash, memoryLimitMB: in.MemoryLimitMB, stopGrace: in.StopGrace,
		warm: true,
	}
}

// WarmPod renders a pod that waits for an instance. It is the pod of an instance without port, instance and annotations,
// which knows that nobody waits for it; until it is claimed it belongs to its runtime.
func WarmPod(in WarmInput) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:      in.Name,
			Namespace: in.Runtime.Namespace,
			Labels: map[string]string{
				v1alpha1.LabelComponent: v1alpha1.ComponentPreview,
				v1alpha1.LabelRuntime:   in.Runtime.Name,
				v1alpha1.LabelWarm:      v1alpha1.WarmUnclaimed,
				v1alpha1.LabelRevision:  Revision(in),
			},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(in.Runtime, v1alpha1.GroupVersion.WithKind("PreviewRuntime")),
			},
		},
		Spec: podSpec(in.template()),
	}
}

// Revision is a short hash of what a warm pod is made of, but for its own name and secret: warm pods of the same revision
// are interchangeable.
func Revision(in WarmInput) string {
	t := in.template()
	t.name, t.secretHash = "", ""
	rendered, err := json.Marshal(podSpec(t))
	if err != nil {
		// A PodSpec has no value that JSON lacks.
		panic("podspec: " + err.Error())
	}
	sum := sha256.Sum256(rendered)
	return hex.EncodeToString(sum[:revisionBytes])
}
