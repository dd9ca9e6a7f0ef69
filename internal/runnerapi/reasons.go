package runnerapi

// The reasons of failures, the same as those of api/v1alpha1, which a test holds them to. They stand here as well so
// that the runner, which is copied into every preview pod, does not carry the Kubernetes libraries.
const (
	// ReasonCodeRejected: the archive breaks a limit or a rule, or is not the one that was named.
	ReasonCodeRejected = "CodeRejected"
	// ReasonSourceUnavailable: the archive could not be fetched.
	ReasonSourceUnavailable = "SourceUnavailable"
	// ReasonEntrypointNotFound: no application was found, or the named one does not exist.
	ReasonEntrypointNotFound = "EntrypointNotFound"
	// ReasonImportError: importing the application raised an error.
	ReasonImportError = "ImportError"
	// ReasonStartupFailed: its factory, its lifespan or binding the port failed, or the image cannot run it.
	ReasonStartupFailed = "StartupFailed"
	// ReasonStartupTimeout: it did not accept connections in time.
	ReasonStartupTimeout = "StartupTimeout"
	// ReasonOOMKilled: it used more memory than its limit.
	ReasonOOMKilled = "OOMKilled"
	// ReasonNotRun: what was staged was not to be run in time. It is the manager's to deal with and none of api/v1alpha1:
	// nothing of the project was executed.
	ReasonNotRun = "NotRun"
	// ReasonAppExited: it ended by itself.
	ReasonAppExited = "AppExited"
)
