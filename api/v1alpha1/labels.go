package v1alpha1

// Labels and annotations that the system sets. Everything under the prefix preview.codebegen.dev/ is reserved: users
// cannot put labels on preview pods, and selectors that decide anything go by UID.
const (
	// LabelComponent marks what an object is for; every preview pod carries ComponentPreview.
	LabelComponent = "preview.codebegen.dev/component"
	// LabelInstanceUID is the UID of the PreviewInstance that a pod runs. Labels only index: ownership is decided by
	// the controller owner reference.
	LabelInstanceUID = "preview.codebegen.dev/instance-uid"
	// LabelRuntime is the name of the PreviewRuntime that a pod was rendered from.
	LabelRuntime = "preview.codebegen.dev/runtime"
	// LabelUser is a hash of the user id of a PreviewInstance that the gateway created, so that a user's instances
	// can be listed.
	LabelUser = "preview.codebegen.dev/user"

	// LabelWarm is WarmUnclaimed on pods that wait for an instance. A claim removes it.
	LabelWarm = "preview.codebegen.dev/warm"
	// LabelRevision is a hash of the template that a pod was rendered from.
	LabelRevision = "preview.codebegen.dev/runtime-revision"

	// WarmUnclaimed is the value of LabelWarm.
	WarmUnclaimed = "true"

	// ComponentPreview is the value of LabelComponent on preview pods and on what belongs to their namespace.
	ComponentPreview = "preview"

	// AnnotationInstance is the namespaced name of the PreviewInstance that a pod runs, for people.
	AnnotationInstance = "preview.codebegen.dev/instance"
	// AnnotationPort is the port allocated to the instance of a pod, for people.
	AnnotationPort = "preview.codebegen.dev/port"
	// AnnotationLastActivity is the RFC 3339 time of the last traffic or viewer of a PreviewInstance. The gateway
	// writes it at most once a minute; the idle time-out counts from it.
	AnnotationLastActivity = "preview.codebegen.dev/last-activity"
	// AnnotationRequestID is the id of the request to the gateway that a PreviewInstance was made for, for the logs of the
	// manager. What does not look like one is ignored.
	AnnotationRequestID = "preview.codebegen.dev/request-id"
	// AnnotationTraceparent is the place in a trace (W3C Trace Context) that a PreviewInstance was made at, present only
	// when the gateway traces. What does not look like one is ignored.
	AnnotationTraceparent = "preview.codebegen.dev/traceparent"

	// Finalizer holds a PreviewInstance until its pod is gone and its port is free.
	Finalizer = "preview.codebegen.dev/pod"

	// ServiceName is the headless Service of a namespace that gives its preview pods their DNS names.
	ServiceName = "previews"
	// NetworkPolicyName is the NetworkPolicy of a namespace that selects all of its preview pods.
	NetworkPolicyName = "previews"
	// DefaultRuntimeName is the PreviewRuntime that an instance uses when it names none.
	DefaultRuntimeName = "python"
)
