package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RuntimeCPU is the share of a processor that a preview pod gets.
// +kubebuilder:validation:XValidation:rule="!has(self.request) || !has(self.limit) || quantity(self.request).compareTo(quantity(self.limit)) <= 0",message="request must not exceed limit",fieldPath=".request"
type RuntimeCPU struct {
	// request reserves CPU for each pod, for example 10m.
	// +optional
	// +kubebuilder:default="10m"
	Request *resource.Quantity `json:"request,omitempty"`
	// limit caps the CPU of each pod, for example "1".
	// +optional
	// +kubebuilder:default="1"
	Limit *resource.Quantity `json:"limit,omitempty"`
}

// WhenEmpty says what becomes of a launch that finds no warm pod.
// +kubebuilder:validation:Enum=Cold;Wait
type WhenEmpty string

const (
	// WhenEmptyCold starts a pod for it.
	WhenEmptyCold WhenEmpty = "Cold"
	// WhenEmptyWait lets it wait for a warm pod.
	WhenEmptyWait WhenEmpty = "Wait"
)

// WarmPool sizes the pods that wait, with their interpreter preloaded, for an instance. Each of them serves one
// instance in its life.
// +kubebuilder:validation:XValidation:rule="!has(self.minSize) || self.minSize <= (has(self.maxSize) ? self.maxSize : self.size)",message="minSize must not exceed maxSize or, without one, size",fieldPath=".minSize"
// +kubebuilder:validation:XValidation:rule="!has(self.maxSize) || has(self.minSize) || self.size <= self.maxSize",message="size must not exceed maxSize",fieldPath=".maxSize"
type WarmPool struct {
	// size is how many pods wait while nothing is known of the demand, and always when neither minSize nor maxSize is set.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Size *int32 `json:"size,omitempty"`
	// minSize is how many wait at least, however few were launched lately; size when unset.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MinSize *int32 `json:"minSize,omitempty"`
	// maxSize is how many wait at most, however many were launched lately; size when unset.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=250
	MaxSize *int32 `json:"maxSize,omitempty"`
	// whenEmpty is what a launch that finds no warm pod does: Cold starts a pod for it unless one is about to be ready that no
	// other launch waits for, Wait lets it wait for a warm one.
	// +optional
	// +kubebuilder:default=Cold
	WhenEmpty WhenEmpty `json:"whenEmpty,omitempty"`
}

// PreviewRuntimeSpec describes the pods that run previews. It belongs to administrators.
// +kubebuilder:validation:XValidation:rule="!has(self.memoryRequestMB) || !has(self.memoryLimitMB) || self.memoryRequestMB <= self.memoryLimitMB",message="memoryRequestMB must not exceed memoryLimitMB",fieldPath=".memoryRequestMB"
type PreviewRuntimeSpec struct {
	// image with Python 3.10 or newer and uvicorn. It holds the runner as /usr/local/bin/preview-runner unless
	// runnerImage is set.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image"`
	// runnerImage, when set, is an image whose /usr/local/bin/preview-runner is copied into the pod by an init
	// container, so that any image with Python and uvicorn can be used.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	RunnerImage string `json:"runnerImage,omitempty"`
	// imagePullPolicy of both images.
	// +optional
	// +kubebuilder:default=IfNotPresent
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
	// imagePullSecrets are the names of Secrets in the same namespace.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`
	// memoryLimitMB is the memory limit in MiB of instances that set none themselves. PREVIEW_MEMORY_LIMIT_MB when unset.
	// +optional
	// +kubebuilder:validation:Minimum=64
	// +kubebuilder:validation:Maximum=16384
	MemoryLimitMB *int32 `json:"memoryLimitMB,omitempty"`
	// memoryRequestMB reserves memory in MiB for each pod.
	// +optional
	// +kubebuilder:default=48
	// +kubebuilder:validation:Minimum=16
	// +kubebuilder:validation:Maximum=16384
	MemoryRequestMB *int32 `json:"memoryRequestMB,omitempty"`
	// cpu request and limit of each pod.
	// +optional
	// +kubebuilder:default={}
	CPU RuntimeCPU `json:"cpu,omitempty"`
	// workspaceMB is the size in MiB of each of the two memory-backed writable folders of the pod, the project's and
	// /tmp. What is written there counts towards the memory limit.
	// +optional
	// +kubebuilder:default=64
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4096
	WorkspaceMB *int32 `json:"workspaceMB,omitempty"`
	// ephemeralStorageMB limits what a pod may write to the node's disk in MiB, its logs for the most part.
	// +optional
	// +kubebuilder:default=256
	// +kubebuilder:validation:Minimum=32
	// +kubebuilder:validation:Maximum=65536
	EphemeralStorageMB *int32 `json:"ephemeralStorageMB,omitempty"`
	// warm keeps pods waiting, so that a launch does not have to start one. Without it every launch is cold.
	// +optional
	Warm *WarmPool `json:"warm,omitempty"`
	// preload are the modules that the interpreter imports, in this order, before it has anybody's code; what an image
	// lacks is left out. The built-in list, of what FastAPI projects import, when unset.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`
	Preload []string `json:"preload,omitempty"`
	// runtimeClassName of the pods, for example gvisor.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	RuntimeClassName *string `json:"runtimeClassName,omitempty"`
	// nodeSelector that nodes must match.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	// tolerations of the pods.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
}

// WarmStatus is how the warm pods of a runtime are.
type WarmStatus struct {
	// desired is how many should wait.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Desired int32 `json:"desired,omitempty"`
	// ready is how many wait with everything preloaded.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Ready int32 `json:"ready,omitempty"`
	// starting is how many are on their way there.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Starting int32 `json:"starting,omitempty"`
	// revision of the template that new pods are made from; pods of another one are replaced.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
}

// PreviewRuntimeStatus is what the manager observed.
type PreviewRuntimeStatus struct {
	// observedGeneration is the metadata.generation that this status was derived from.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// warm pods; absent while spec.warm is.
	// +optional
	Warm *WarmStatus `json:"warm,omitempty"`
}

// PreviewRuntime is the administrator's description of the pods that run previews.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pvr,categories=preview
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.spec.image`
// +kubebuilder:printcolumn:name="Memory",type=integer,JSONPath=`.spec.memoryLimitMB`,description="Memory limit in MiB"
// +kubebuilder:printcolumn:name="Warm",type=integer,JSONPath=`.status.warm.ready`,description="Pods that wait with everything preloaded"
// +kubebuilder:printcolumn:name="Desired",type=integer,JSONPath=`.status.warm.desired`,description="Pods that should wait"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type PreviewRuntime struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec of the runtime.
	// +required
	Spec PreviewRuntimeSpec `json:"spec"`
	// status is what was observed.
	// +optional
	Status PreviewRuntimeStatus `json:"status,omitempty"`
}

// PreviewRuntimeList is a list of PreviewRuntimes.
// +kubebuilder:object:root=true
type PreviewRuntimeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PreviewRuntime `json:"items"`
}
