package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WhenFull says what happens to an instance for which no port is free.
// +kubebuilder:validation:Enum=Wait;Fail
type WhenFull string

const (
	// WhenFullWait keeps the instance in phase Starting until a port is released.
	WhenFullWait WhenFull = "Wait"
	// WhenFullFail ends the instance in phase Failed with reason PortsExhausted.
	WhenFullFail WhenFull = "Fail"
)

// DesiredState says whether an instance should run.
// +kubebuilder:validation:Enum=Running;Stopped
type DesiredState string

const (
	// DesiredRunning asks for a running preview.
	DesiredRunning DesiredState = "Running"
	// DesiredStopped asks for a stopped preview: its pod is deleted and its port released, its status is kept.
	DesiredStopped DesiredState = "Stopped"
)

// Phase is the one-word state of an instance.
// +kubebuilder:validation:Enum=Starting;Running;Stopping;Stopped;Failed
type Phase string

// The phases of a PreviewInstance.
const (
	PhaseStarting Phase = "Starting"
	PhaseRunning  Phase = "Running"
	PhaseStopping Phase = "Stopping"
	PhaseStopped  Phase = "Stopped"
	PhaseFailed   Phase = "Failed"
)

// Finished reports whether an instance in this phase has neither a pod nor a port any more.
func (p Phase) Finished() bool { return p == PhaseStopped || p == PhaseFailed }

// SourceFile is one file of an inline source.
// +kubebuilder:validation:XValidation:rule="!self.path.matches('(^|/)[.]{1,2}(/|$)')",message="path must not contain . or .. segments",fieldPath=".path"
type SourceFile struct {
	// path of the file relative to the project's root, with / between its segments, for example app/main.py.
	// Absolute paths, empty, . and .. segments, backslashes and control characters are refused.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+(/[^/\\\x00-\x1f\x7f]+)*$`
	Path string `json:"path"`

	// content of the file as text.
	// +optional
	// +kubebuilder:validation:MaxLength=131072
	Content string `json:"content,omitempty"`
}

// InlineSource carries the project's files in the resource itself.
// +kubebuilder:validation:XValidation:rule="self.files.map(f, has(f.content) ? size(bytes(f.content)) : 0).sum() <= 131072",message="files must not exceed 131072 bytes (128 KiB) of content in all; store the project as a generation or an archive instead",fieldPath=".files"
type InlineSource struct {
	// files of the project, at most 128 of them and at most 128 KiB of content in all.
	// +required
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	Files []SourceFile `json:"files"`
}

// GenerationSource reads the generation that spec.generationID names from the store. Only the gateway's service
// account, and those an administrator adds, may set it: it reads the store on spec.userID's behalf.
type GenerationSource struct {
	// version pins the content: the SHA-256 digest, in hexadecimal, of the stored files. Empty means the newest.
	// +optional
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	// +kubebuilder:validation:MaxLength=64
	Version string `json:"version,omitempty"`
}

// ArchiveSource names a gzip-compressed tar archive that the runner fetches from inside the sandbox.
type ArchiveSource struct {
	// url of the archive, https or http. Addresses in private, link-local, loopback and cluster ranges are refused
	// when dialled, also after a redirect.
	// +required
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s@\\]+$`
	URL string `json:"url"`

	// sha256 digest of the archive in hexadecimal; an archive with another digest is refused.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	SHA256 string `json:"sha256"`
}

// Source says where the project's files come from; exactly one member is set.
// +kubebuilder:validation:XValidation:rule="[has(self.inline), has(self.generation), has(self.archive)].filter(x, x).size() == 1",message="exactly one of inline, generation and archive must be set"
type Source struct {
	// inline carries the files in the resource itself.
	// +optional
	Inline *InlineSource `json:"inline,omitempty"`
	// generation reads the stored generation named by spec.generationID; it must belong to spec.userID.
	// +optional
	Generation *GenerationSource `json:"generation,omitempty"`
	// archive is fetched by the runner.
	// +optional
	Archive *ArchiveSource `json:"archive,omitempty"`
}

// EnvVar is one environment variable of the application.
// +kubebuilder:validation:XValidation:rule="!self.name.startsWith('PREVIEW_')",message="names beginning with PREVIEW_ are reserved",fieldPath=".name"
type EnvVar struct {
	// name of the variable. Names beginning with PREVIEW_ are reserved.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_]*$`
	Name string `json:"name"`
	// value of the variable, taken literally. No process can be given a null character.
	// +optional
	// +kubebuilder:validation:MaxLength=8192
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	Value string `json:"value,omitempty"`
}

// PreviewInstanceSpec is what a user asks for. What the pod looks like is the PreviewRuntime's business: nothing here
// reaches the pod's template.
// +kubebuilder:validation:XValidation:rule="has(self.entrypoint) == has(oldSelf.entrypoint) && (!has(self.entrypoint) || self.entrypoint == oldSelf.entrypoint)",message="entrypoint is immutable",fieldPath=".entrypoint"
// +kubebuilder:validation:XValidation:rule="has(self.env) == has(oldSelf.env) && (!has(self.env) || self.env == oldSelf.env)",message="env is immutable",fieldPath=".env"
// +kubebuilder:validation:XValidation:rule="has(self.memoryLimitMB) == has(oldSelf.memoryLimitMB) && (!has(self.memoryLimitMB) || self.memoryLimitMB == oldSelf.memoryLimitMB)",message="memoryLimitMB is immutable",fieldPath=".memoryLimitMB"
// +kubebuilder:validation:XValidation:rule="has(self.startupTimeoutSeconds) == has(oldSelf.startupTimeoutSeconds) && (!has(self.startupTimeoutSeconds) || self.startupTimeoutSeconds == oldSelf.startupTimeoutSeconds)",message="startupTimeoutSeconds is immutable",fieldPath=".startupTimeoutSeconds"
// +kubebuilder:validation:XValidation:rule="has(self.projectID) == has(oldSelf.projectID) && (!has(self.projectID) || self.projectID == oldSelf.projectID)",message="projectID is immutable",fieldPath=".projectID"
// +kubebuilder:validation:XValidation:rule="!has(self.sessionTimeoutSeconds) || !has(self.maxUptimeSeconds) || self.sessionTimeoutSeconds <= self.maxUptimeSeconds",message="sessionTimeoutSeconds must not exceed maxUptimeSeconds",fieldPath=".sessionTimeoutSeconds"
type PreviewInstanceSpec struct {
	// generationID is the id of the generation that this instance runs.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="generationID is immutable"
	GenerationID string `json:"generationID"`

	// userID is the id of the user on whose behalf the instance runs.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._@|:-]*[A-Za-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="userID is immutable"
	UserID string `json:"userID"`

	// projectID is the id of the project that the generation belongs to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	ProjectID string `json:"projectID,omitempty"`

	// runtimeName is the PreviewRuntime, in the same namespace, whose pods run the instance.
	// +optional
	// +kubebuilder:default=python
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="runtimeName is immutable"
	RuntimeName string `json:"runtimeName,omitempty"`

	// source of the project's files.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="source is immutable; create a new PreviewInstance for new code"
	Source Source `json:"source"`

	// whenFull says what happens when no port is free: Wait for one, or Fail.
	// +optional
	// +kubebuilder:default=Wait
	WhenFull WhenFull `json:"whenFull,omitempty"`

	// entrypoint is the application to serve as module:attribute, for example app.main:app; call a factory with
	// app.main:create_app(). Found in the usual places when empty.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(\(\))?$`
	Entrypoint string `json:"entrypoint,omitempty"`

	// env is the environment of the application.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Env []EnvVar `json:"env,omitempty"`

	// memoryLimitMB is the memory limit of the pod in MiB. PREVIEW_MEMORY_LIMIT_MB, or the runtime's own, when unset.
	// +optional
	// +kubebuilder:validation:Minimum=64
	// +kubebuilder:validation:Maximum=16384
	MemoryLimitMB *int32 `json:"memoryLimitMB,omitempty"`

	// startupTimeoutSeconds is the time, counted from the moment the runner has the assignment, within which the
	// application must accept connections. PREVIEW_STARTUP_TIMEOUT when unset.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=600
	StartupTimeoutSeconds *int32 `json:"startupTimeoutSeconds,omitempty"`

	// sessionTimeoutSeconds stops the instance after that time without traffic or viewers. As these are recorded once a
	// minute, an instance that had any is stopped 90 s after the last record at the earliest. PREVIEW_SESSION_TIMEOUT
	// when unset.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=604800
	SessionTimeoutSeconds *int32 `json:"sessionTimeoutSeconds,omitempty"`

	// maxUptimeSeconds stops the instance that long after it began to run. PREVIEW_MAX_UPTIME when unset.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=604800
	MaxUptimeSeconds *int32 `json:"maxUptimeSeconds,omitempty"`

	// desiredState is Running, or Stopped to stop the instance and keep its status. Setting it to Running again
	// starts afresh in a new pod.
	// +optional
	// +kubebuilder:default=Running
	DesiredState DesiredState `json:"desiredState,omitempty"`

	// ttlSecondsAfterFinished deletes the instance that long after it stopped or failed.
	// PREVIEW_TTL_AFTER_FINISHED when unset.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty"`
}

// Failure says why an instance last ended other than as asked.
type Failure struct {
	// reason in one word, for example OOMKilled, ImportError or StartupTimeout.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`
	// message for people. What the application printed is quoted, bounded, and not to be trusted.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// exitCode of the application's process, when it has ended. 128 plus the signal's number when a signal ended it.
	// +optional
	ExitCode *int32 `json:"exitCode,omitempty"`
	// at is when the failure was seen.
	// +required
	At metav1.Time `json:"at"`
}

// StartKind says what a run was started from.
// +kubebuilder:validation:Enum=Warm;Cold
type StartKind string

const (
	// StartWarm: a pod that waited was taken.
	StartWarm StartKind = "Warm"
	// StartCold: a pod was created.
	StartCold StartKind = "Cold"
)

// Interpreter says where the application's Python process comes from.
// +kubebuilder:validation:Enum=Forked;Fresh
type Interpreter string

const (
	// InterpreterForked: it was forked from one that had preloaded what applications are made of.
	InterpreterForked Interpreter = "Forked"
	// InterpreterFresh: it was started anew, because the environment has variables that Python or the dynamic linker reads
	// only then.
	InterpreterFresh Interpreter = "Fresh"
)

// Start says how a run was started.
type Start struct {
	// kind: Warm when a waiting pod was taken, Cold when one was created.
	// +optional
	Kind StartKind `json:"kind,omitempty"`
	// interpreter: Forked from a preloaded one, or Fresh because of spec.env.
	// +optional
	Interpreter Interpreter `json:"interpreter,omitempty"`
	// reason in one word why the start could not be the fastest: NoWarmPool, NoWarmPod, MemoryNotResizable.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
	// message is the reason for people, and the variable that makes the interpreter a fresh one.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// The values of Start.Reason.
const (
	// StartNoWarmPool: the runtime keeps no warm pods.
	StartNoWarmPool = "NoWarmPool"
	// StartNoWarmPod: every warm pod was taken.
	StartNoWarmPod = "NoWarmPod"
	// StartMemoryNotResizable: the memory limit differs from that of the warm pods, and could not be changed in place.
	StartMemoryNotResizable = "MemoryNotResizable"
)

// PreviewInstanceStatus is what the manager observed.
type PreviewInstanceStatus struct {
	// observedGeneration is the metadata.generation that this status was derived from.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// phase sums up the conditions in one word.
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// reason for the phase in one word.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
	// port that the application listens on, unique in the installation while the instance lives.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
	// host is the DNS name of the pod inside the cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`
	// baseURL under which the application answers, made from PREVIEW_BASE_URL_TEMPLATE.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	BaseURL string `json:"baseURL,omitempty"`
	// podName is the pod that runs, or is about to run, the instance.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	PodName string `json:"podName,omitempty"`
	// podIP is the address of the pod; cleared before the pod is deleted.
	// +optional
	// +kubebuilder:validation:MaxLength=45
	PodIP string `json:"podIP,omitempty"`
	// nodeName is the node that the pod runs on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	NodeName string `json:"nodeName,omitempty"`
	// memoryLimitMB is the memory limit in force, in MiB.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MemoryLimitMB int32 `json:"memoryLimitMB,omitempty"`
	// start says how the run was started, and why not faster.
	// +optional
	Start *Start `json:"start,omitempty"`
	// startedAt is when the application began to accept connections.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// stoppedAt is when the instance stopped or failed.
	// +optional
	StoppedAt *metav1.Time `json:"stoppedAt,omitempty"`
	// expiresAt is when the instance will be stopped if nothing uses it in the meantime, the earlier of
	// sessionExpiresAt and maxUptimeAt or, once it has finished, when it will be deleted.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`
	// sessionExpiresAt is when the instance will be stopped for want of traffic and viewers; each of them puts it off.
	// Absent unless the instance runs.
	// +optional
	SessionExpiresAt *metav1.Time `json:"sessionExpiresAt,omitempty"`
	// maxUptimeAt is when the instance will be stopped however much it is used. Absent unless the instance runs.
	// +optional
	MaxUptimeAt *metav1.Time `json:"maxUptimeAt,omitempty"`
	// restarts is how many times the instance was started afresh after it had been stopped. An application that ends
	// by itself is not restarted: its instance fails.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Restarts int32 `json:"restarts,omitempty"`
	// lastFailure says why the instance last ended other than as asked.
	// +optional
	LastFailure *Failure `json:"lastFailure,omitempty"`
	// conditions: Accepted, PortAllocated, PodReady, CodeLoaded, Serving, Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// PreviewInstance is one running copy of one generated web project.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pvi,categories=all;preview
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Port",type=integer,JSONPath=`.status.port`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.baseURL`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Pod",type=string,priority=1,JSONPath=`.status.podName`
// +kubebuilder:printcolumn:name="Node",type=string,priority=1,JSONPath=`.status.nodeName`
// +kubebuilder:printcolumn:name="Memory",type=integer,priority=1,JSONPath=`.status.memoryLimitMB`,description="Memory limit in MiB"
// +kubebuilder:printcolumn:name="Start",type=string,priority=1,JSONPath=`.status.start.kind`,description="Whether a waiting pod was taken"
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.reason`
// +kubebuilder:printcolumn:name="Restarts",type=integer,priority=1,JSONPath=`.status.restarts`
// +kubebuilder:printcolumn:name="Expires",type=string,priority=1,JSONPath=`.status.expiresAt`,description="When the preview will be stopped or, once it has finished, deleted"
type PreviewInstance struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is asked for.
	// +required
	Spec PreviewInstanceSpec `json:"spec"`
	// status is what was observed.
	// +optional
	Status PreviewInstanceStatus `json:"status,omitempty"`
}

// PreviewInstanceList is a list of PreviewInstances.
// +kubebuilder:object:root=true
type PreviewInstanceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PreviewInstance `json:"items"`
}
