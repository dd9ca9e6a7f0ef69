package v1alpha1

// Condition types of a PreviewInstance. Every condition is present from the first reconcile on; Unknown means that
// the state could not be read or has not been reached yet. Phase is derived from these, never the other way round.
const (
	// ConditionAccepted is True when the spec, its runtime and its source are usable, False with the reason when a
	// user or an administrator has to change something.
	ConditionAccepted = "Accepted"
	// ConditionPortAllocated is True while the instance holds a port, False when no port is free or it was released.
	ConditionPortAllocated = "PortAllocated"
	// ConditionPodReady is True while the pod runs and its runner can be reached, False when there is no pod or it ended.
	ConditionPodReady = "PodReady"
	// ConditionCodeLoaded is True once the runner has taken and unpacked the code, False when it refused it.
	ConditionCodeLoaded = "CodeLoaded"
	// ConditionServing is True while the application accepts connections on its port.
	ConditionServing = "Serving"
	// ConditionReady sums up the others: True exactly when requests can be sent.
	ConditionReady = "Ready"
)

// Reasons of conditions and of status.reason.
const (
	// ReasonAccepted: the spec, runtime and source are usable.
	ReasonAccepted = "Accepted"
	// ReasonDisabled: PREVIEW_ENABLED is false; the instance starts when that changes.
	ReasonDisabled = "Disabled"
	// ReasonRuntimeNotFound: the PreviewRuntime that the spec names is not in the namespace.
	ReasonRuntimeNotFound = "RuntimeNotFound"
	// ReasonInvalidSpec: the spec breaks a rule that the API server does not check, such as a limit set by configuration.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonGenerationNotFound: the store has no generation of that id.
	ReasonGenerationNotFound = "GenerationNotFound"
	// ReasonGenerationNotOwned: the generation belongs to another user than spec.userID.
	ReasonGenerationNotOwned = "GenerationNotOwned"
	// ReasonSourceUnavailable: the store or the archive could not be read; tried again.
	ReasonSourceUnavailable = "SourceUnavailable"

	// ReasonAllocated: a port of the configured range is held by the instance.
	ReasonAllocated = "Allocated"
	// ReasonPortsExhausted: every port of the configured range is taken.
	ReasonPortsExhausted = "PortsExhausted"
	// ReasonReleased: the port was given back.
	ReasonReleased = "Released"

	// ReasonPodPending: the pod is not scheduled, pulled or started yet.
	ReasonPodPending = "PodPending"
	// ReasonPodRunning: the pod runs.
	ReasonPodRunning = "PodRunning"
	// ReasonPodStartTimeout: the pod did not start within PREVIEW_POD_START_TIMEOUT.
	ReasonPodStartTimeout = "PodStartTimeout"
	// ReasonPodLost: the pod was deleted or evicted by somebody else.
	ReasonPodLost = "PodLost"
	// ReasonPodTerminated: the pod's processes have ended; it is kept so that its logs can be read.
	ReasonPodTerminated = "PodTerminated"
	// ReasonNoWarmPod: every warm pod of the runtime is taken, and its warm.whenEmpty is Wait.
	ReasonNoWarmPod = "NoWarmPod"
	// ReasonNoPod: the instance has no pod.
	ReasonNoPod = "NoPod"

	// ReasonLoading: the code is on its way to the runner.
	ReasonLoading = "Loading"
	// ReasonLoaded: the runner has the code.
	ReasonLoaded = "Loaded"
	// ReasonCodeRejected: the files cannot be run, or the runner refused archive or assignment; the message names the limit.
	ReasonCodeRejected = "CodeRejected"

	// ReasonServing: the application accepts connections.
	ReasonServing = "Serving"
	// ReasonImportError: the application could not be imported; the message is the last line of its traceback.
	ReasonImportError = "ImportError"
	// ReasonEntrypointNotFound: no application was found in the usual places, or the named one does not exist.
	ReasonEntrypointNotFound = "EntrypointNotFound"
	// ReasonStartupFailed: the application was imported but its start-up (lifespan, binding the port) failed.
	ReasonStartupFailed = "StartupFailed"
	// ReasonStartupTimeout: the application did not accept connections in time, counted from the assignment.
	ReasonStartupTimeout = "StartupTimeout"
	// ReasonOOMKilled: the application used more memory than its limit.
	ReasonOOMKilled = "OOMKilled"
	// ReasonAppExited: the application ended by itself; the exit code is in status.lastFailure.
	ReasonAppExited = "AppExited"
	// ReasonRunnerUnreachable: the runner did not answer, or could not prove to be the pod it should be.
	ReasonRunnerUnreachable = "RunnerUnreachable"
	// ReasonEvicted: the kubelet evicted the pod, for example because it wrote more than its disk limit.
	ReasonEvicted = "Evicted"

	// ReasonStopRequested: spec.desiredState is Stopped.
	ReasonStopRequested = "StopRequested"
	// ReasonDeleted: the PreviewInstance is being deleted.
	ReasonDeleted = "Deleted"
	// ReasonSessionTimeout: neither traffic nor viewers for the session time-out.
	ReasonSessionTimeout = "SessionTimeout"
	// ReasonMaxUptime: the instance ran as long as it may.
	ReasonMaxUptime = "MaxUptime"
	// ReasonStarting is the reason of Ready while the instance is on its way; every other reason of a Ready that is not
	// True says why the instance ended.
	ReasonStarting = "Starting"
	// ReasonPending: an earlier step has to be done first.
	ReasonPending = "Pending"
)
