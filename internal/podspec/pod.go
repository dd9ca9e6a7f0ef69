// Package podspec renders what a preview needs in the cluster: its pod, and the headless Service and NetworkPolicy of
// its namespace. It is pure: the same input gives the same objects.
package podspec

import (
	"math"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// ContainerName is the one container of a preview pod.
	ContainerName = "runner"

	runnerPath      = "/usr/local/bin/preview-runner"
	copiedRunnerDir = "/preview-runner"
	// userID of the processes in a preview pod.
	userID = 10001
	// runnerGraceSeconds are the pod's on top of its application's time to stop, for the runner to kill it and to end.
	runnerGraceSeconds = 2
)

// PodInput is everything that a pod is made of. Of the instance only its identity counts: nothing in its spec
// reaches the pod's template.
type PodInput struct {
	Instance   *v1alpha1.PreviewInstance
	Runtime    *v1alpha1.PreviewRuntime
	Name       string
	Port       int32
	SecretHash string
	// MemoryLimitMB is the limit in force, in MiB.
	MemoryLimitMB int32
	// StopGrace is the time that the application has to end after SIGTERM, at most runnerapi.MaxStopGrace. 0 stands for
	// runnerapi.DefaultStopGrace.
	StopGrace time.Duration
}

// Pod renders the pod of an instance. It satisfies the restricted Pod Security standard and holds no token.
func Pod(in PodInput) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:      in.Name,
			Namespace: in.Instance.Namespace,
			Labels: map[string]string{
				v1alpha1.LabelComponent:   v1alpha1.ComponentPreview,
				v1alpha1.LabelInstanceUID: string(in.Instance.UID),
				v1alpha1.LabelRuntime:     in.Runtime.Name,
			},
			Annotations: map[string]string{
				v1alpha1.AnnotationInstance: in.Instance.Namespace + "/" + in.Instance.Name,
				v1alpha1.AnnotationPort:     strconv.Itoa(int(in.Port)),
			},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(in.Instance, v1alpha1.GroupVersion.WithKind("PreviewInstance")),
			},
		},
		Spec: podSpec(template{
			spec: in.Runtime.Spec, name: in.Name, port: in.Port, secretHash: in.SecretHash,
			memoryLimitMB: in.MemoryLimitMB, stopGrace: in.StopGrace,
		}),
	}
}

// template is what the specs of all preview pods are made of.
type template struct {
	spec             v1alpha1.PreviewRuntimeSpec
	name, secretHash string
	// port of the application, 0 while it is not known.
	port          int32
	memoryLimitMB int32
	stopGrace     time.Duration
	// warm is set for pods that nobody waits for.
	warm bool
}

// grace is the time to stop, within what the runner takes.
func (t template) grace() time.Duration {
	if t.stopGrace <= 0 {
		return runnerapi.DefaultStopGrace
	}
	return min(t.stopGrace, runnerapi.MaxStopGrace)
}

func podSpec(t template) corev1.PodSpec {
	return corev1.PodSpec{
		// A pod serves one run: when its application ends, the instance has failed and says why.
		RestartPolicy:                 corev1.RestartPolicyNever,
		Hostname:                      t.name,
		Subdomain:                     v1alpha1.ServiceName,
		AutomountServiceAccountToken:  ptr.To(false),
		EnableServiceLinks:            ptr.To(false),
		TerminationGracePeriodSeconds: ptr.To(int64(math.Ceil(t.grace().Seconds())) + runnerGraceSeconds),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   ptr.To(true),
			RunAsUser:      ptr.To(int64(userID)),
			RunAsGroup:     ptr.To(int64(userID)),
			FSGroup:        ptr.To(int64(userID)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		RuntimeClassName: t.spec.RuntimeClassName,
		NodeSelector:     t.spec.NodeSelector,
		Tolerations:      t.spec.Tolerations,
		ImagePullSecrets: pullSecrets(t.spec.ImagePullSecrets),
		InitContainers:   copyRunner(t.spec),
		Containers:       []corev1.Container{runnerContainer(t)},
		Volumes:          volumes(t.spec),
	}
}

// SecretHash is the hash of the secret of a pod's runner, which its tokens are derived from, as the pod's spec has it. It
// is empty for pods that this package has not rendered.
func SecretHash(pod *corev1.Pod) string {
	for _, container := range pod.Spec.Containers {
		if container.Name != ContainerName {
			continue
		}
		for _, variable := range container.Env {
			if variable.Name == runnerapi.EnvSecretHash {
				return variable.Value
			}
		}
	}
	return ""
}

func runnerContainer(t template) corev1.Container {
	spec := t.spec
	c := corev1.Container{
		Name:            ContainerName,
		Image:           spec.Image,
		ImagePullPolicy: spec.ImagePullPolicy,
		Command:         []string{runnerPath},
		Env: []corev1.EnvVar{
			{Name: runnerapi.EnvSecretHash, Value: t.secretHash},
			{Name: runnerapi.EnvPodUID, ValueFrom: &corev1.EnvVarSource{
				FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.uid"},
			}},
			{Name: runnerapi.EnvStopGrace, Value: t.grace().String()},
			{Name: "PYTHONUNBUFFERED", Value: "1"},
		},
		Ports: []corev1.ContainerPort{
			{Name: "control", ContainerPort: runnerapi.ControlPort, Protocol: corev1.ProtocolTCP},
		},
		Resources:                resources(spec, t.memoryLimitMB),
		SecurityContext:          restricted(),
		TerminationMessagePath:   corev1.TerminationMessagePathDefault,
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		VolumeMounts: []corev1.VolumeMount{
			{Name: "workspace", MountPath: runnerapi.WorkspaceDir},
			{Name: "tmp", MountPath: runnerapi.TempDir},
		},
	}
	if len(spec.Preload) > 0 {
		c.Env = append(c.Env, corev1.EnvVar{Name: runnerapi.EnvPreload, Value: strings.Join(spec.Preload, ",")})
	}
	if t.warm {
		c.Env = append(c.Env, corev1.EnvVar{Name: runnerapi.EnvWarm, Value: "true"})
	}
	if t.port != 0 {
		c.Ports = append(c.Ports, corev1.ContainerPort{Name: "app", ContainerPort: t.port, Protocol: corev1.ProtocolTCP})
	}
	if spec.RunnerImage != "" {
		c.Command = []string{copiedRunnerDir + "/preview-runner"}
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "runner", MountPath: copiedRunnerDir, ReadOnly: true})
	}
	return c
}

// copyRunner is the init container that brings the runner into an image that lacks it.
func copyRunner(spec v1alpha1.PreviewRuntimeSpec) []corev1.Container {
	if spec.RunnerImage == "" {
		return nil
	}
	small := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("100m"),
		corev1.ResourceMemory: resource.MustParse("64Mi"),
	}
	return []corev1.Container{{
		Name:                     "copy-runner",
		Image:                    spec.RunnerImage,
		ImagePullPolicy:          spec.ImagePullPolicy,
		Command:                  []string{runnerPath, "install", copiedRunnerDir + "/preview-runner"},
		Resources:                corev1.ResourceRequirements{Limits: small, Requests: small},
		SecurityContext:          restricted(),
		TerminationMessagePath:   corev1.TerminationMessagePathDefault,
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		VolumeMounts:             []corev1.VolumeMount{{Name: "runner", MountPath: copiedRunnerDir}},
	}}
}

func restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		RunAsNonRoot:             ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

func resources(spec v1alpha1.PreviewRuntimeSpec, memoryLimitMB int32) corev1.ResourceRequirements {
	limit := mebibytes(memoryLimitMB)
	request := mebibytes(min(ptr.Deref(spec.MemoryRequestMB, 48), memoryLimitMB))
	disk := mebibytes(ptr.Deref(spec.EphemeralStorageMB, 256))
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    ptr.Deref(spec.CPU.Request, resource.MustParse("10m")),
			corev1.ResourceMemory: request,
			// The limit protects the node; a reservation of the same size would only keep pods from being scheduled.
			corev1.ResourceEphemeralStorage: mebibytes(8),
		},
		Limits: corev1.ResourceList{
			corev1.ResourceCPU:              ptr.Deref(spec.CPU.Limit, resource.MustParse("1")),
			corev1.ResourceMemory:           limit,
			corev1.ResourceEphemeralStorage: disk,
		},
	}
}

// volumes are backed by memory: a limit on disk is enforced by eviction seconds later, one on memory at once.
func volumes(spec v1alpha1.PreviewRuntimeSpec) []corev1.Volume {
	names := []string{"workspace", "tmp"}
	size := mebibytes(ptr.Deref(spec.WorkspaceMB, 64))
	out := make([]corev1.Volume, 0, len(names)+1)
	for _, name := range names {
		out = append(out, memoryVolume(name, size))
	}
	if spec.RunnerImage != "" {
		out = append(out, memoryVolume("runner", mebibytes(32)))
	}
	return out
}

func memoryVolume(name string, size resource.Quantity) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: &size},
	}}
}

func pullSecrets(names []string) []corev1.LocalObjectReference {
	var refs []corev1.LocalObjectReference
	for _, name := range names {
		refs = append(refs, corev1.LocalObjectReference{Name: name})
	}
	return refs
}

func mebibytes(n int32) resource.Quantity {
	return *resource.NewQuantity(int64(n)<<20, resource.BinarySI)
}
