// Package runnerapi is the protocol between the manager and the runner in a preview pod: HTTP on the control port,
// in seven calls, and an eighth for whoever shows how the preview is.
//
//	POST /v1/hello        Hello -> HelloReply        the runner proves that it is the pod the manager means
//	POST /v1/stage        multipart -> Result        code and assignment in, everything done that executes none of it
//	POST /v1/run          RunRequest -> Result       what was staged is run; what became of the application out
//	POST /v1/assignment   multipart -> Result        both at once
//	GET  /v1/state        -> Result                  what the runner is doing now
//	GET  /v1/journal      -> Frames                  what the application prints, as numbered lines
//	POST /v1/journal/ack  Ack                        so many of them are stored for good
//	GET  /v1/usage        -> Usage                   memory and processor time of the pod
//
// Pod addresses are reused, so the manager sends neither code nor secret before the runner has proved itself: the pod
// spec holds the SHA-256 of a secret that only the manager can derive, and the runner answers the manager's nonce with
// an HMAC under that hash. Then the manager shows the secret itself, as a bearer token, which the runner compares with
// the hash in constant time. A secret opens one pod and is worthless anywhere else.
//
// /v1/usage takes the observer token of the pod instead (ObserverToken), and nothing else takes that. It is derived from
// the hash of the secret and the pod's UID, which the gateway reads in the pod; it may not know the secret. Whoever may
// read a pod can observe it, which tells no more than the pod's metrics do.
//
// Staging puts the code into a pod that is not known to be the instance's yet, while the claim is being written: it
// unpacks, forks, binds the port and compiles, but executes nothing of the project and reads no environment that could
// make an interpreter do so. The port refuses connections until the application listens. A runner that staged code takes
// no other assignment, and fails when it is not told to run within RunPatience. All three calls may be repeated at any
// time with the same assignment, and answer what has become of it.
//
// Whether the application answers is asked on its own port: the runner wraps it, so that a GET of PathHealth with the
// health token of the pod (HealthToken) in HeaderHealth is answered 204 by the application's event loop, without
// reaching its code or its log. The token is different from the observer token because the application can find it in its
// own memory. Anything else on that path is the application's.
package runnerapi

import "time"

const (
	// ControlPort is where the runner listens for the manager. It must lie outside the range of preview ports.
	ControlPort = 2999

	// PathHello to PathReadyz are the routes of the runner. It is healthy as long as it answers, and ready once its
	// interpreter has everything preloaded; it takes an assignment before that too, and is only slower then.
	PathHello      = "/v1/hello"
	PathStage      = "/v1/stage"
	PathRun        = "/v1/run"
	PathAssignment = "/v1/assignment"
	PathState      = "/v1/state"
	PathUsage      = "/v1/usage"
	PathHealthz    = "/healthz"
	PathReadyz     = "/readyz"
	// QueryWait is the query parameter with which PathReadyz waits, for at most 10 s, until an application would not have
	// to wait for the interpreter any more. That is before everything is preloaded: what an application does not use is
	// not waited for, or a cold launch would take longer than without a runner. PathState with it waits, as long, until
	// everything is preloaded, or there is an assignment or a failure.
	QueryWait = "wait"

	// PathHealth, on the application's port, and HeaderHealth, which carries the health token: see the package's comment.
	PathHealth   = "/.well-known/preview-health"
	HeaderHealth = "X-Preview-Health"

	// PartAssignment and PartCode name the two parts of the multipart/form-data body of PathStage and PathAssignment, in
	// that order: the Assignment as JSON and the gzip-compressed tar archive. PartCode is absent when the assignment names
	// an archive URL.
	PartAssignment = "assignment"
	PartCode       = "code"

	// EnvSecretHash and EnvPodUID are the environment variables that the pod spec gives the runner: the hexadecimal
	// SHA-256 of the secret, and the pod's UID from the downward API.
	EnvSecretHash = "PREVIEW_RUNNER_SECRET_SHA256"
	EnvPodUID     = "PREVIEW_POD_UID"
	// EnvStopGrace is the time that an application has to end after SIGTERM, as time.ParseDuration reads it: more than 0
	// and at most MaxStopGrace, DefaultStopGrace when it is not set. The pod's own grace period has to be longer.
	EnvStopGrace     = "PREVIEW_RUNNER_STOP_GRACE"
	DefaultStopGrace = 10 * time.Second
	MaxStopGrace     = 10 * time.Minute

	// EnvPreload names the modules, comma-separated and at most MaxPreload, that the interpreter imports before anybody's
	// code comes, on top of the server and instead of the runner's own list.
	EnvPreload = "PREVIEW_RUNNER_PRELOAD"
	MaxPreload = 64

	// EnvWarm is "true" in pods that are started before anybody wants them. Their interpreter makes way for others while it
	// imports: launches compete with it for the same processors.
	EnvWarm = "PREVIEW_RUNNER_WARM"

	// RunPatience is how long a runner keeps what it staged. Between the two calls lie two writes of the manager's.
	RunPatience = time.Minute
	// MemoryLimitPatience bounds the wait for Assignment.AwaitMemoryLimit.
	MemoryLimitPatience = 10 * time.Second

	// WorkspaceDir is the writable folder that the code is unpacked into (a subfolder of it is the working directory
	// of the application), and TempDir the writable temporary folder. Everything else is read-only.
	WorkspaceDir = "/workspace"
	TempDir      = "/tmp"

	// MaxAssignmentBytes bounds the JSON of an assignment, MaxHelloBytes and MaxRunBytes the bodies of those calls, and
	// MaxResultBytes and MaxUsageBytes the answers of a runner, which are untrusted.
	MaxAssignmentBytes = 1 << 20
	MaxHelloBytes      = 4 << 10
	MaxRunBytes        = 4 << 10
	MaxResultBytes     = 64 << 10
	MaxUsageBytes      = 4 << 10
)

// Hello asks a runner to prove itself.
type Hello struct {
	// Nonce is 32 random bytes in hexadecimal.
	Nonce string `json:"nonce"`
}

// HelloReply is the proof.
type HelloReply struct {
	// PodUID is the UID that the runner believes to have.
	PodUID string `json:"podUID"`
	// Proof is the hexadecimal HMAC-SHA-256, under the raw bytes of the secret's hash, of
	// "preview-runner/v1/hello\n" + PodUID + "\n" + Nonce.
	Proof string `json:"proof"`
}

// RunRequest tells a runner to run what it has staged.
type RunRequest struct {
	// ID of the assignment. A runner that has not staged it answers 409.
	ID string `json:"id"`
}

// Assignment tells a runner what to run. The same ID sent again answers with the state of the first: handing over is
// idempotent, and a second, different assignment is refused.
type Assignment struct {
	// ID of the assignment: the UID of the PreviewInstance.
	ID string `json:"id"`
	// Port the application has to listen on.
	Port int32 `json:"port"`
	// Entrypoint as module:attr, or empty to look for it.
	Entrypoint string `json:"entrypoint,omitempty"`
	// Env of the application.
	Env []EnvVar `json:"env,omitempty"`
	// StartupTimeoutSeconds within which the application must accept connections, counted from the call that has it run.
	// Staging may take as long, counted from the arrival of the assignment.
	StartupTimeoutSeconds int32 `json:"startupTimeoutSeconds"`
	// MemoryLimitMB is the pod's memory limit in MiB, for messages and for AwaitMemoryLimit.
	MemoryLimitMB int32 `json:"memoryLimitMB,omitempty"`
	// AwaitMemoryLimit has the runner wait, before it runs the code, until the kernel enforces MemoryLimitMB: a resize of
	// the pod is under way. It fails after MemoryLimitPatience.
	AwaitMemoryLimit bool `json:"awaitMemoryLimit,omitempty"`
	// Limits of the archive.
	Limits ArchiveLimits `json:"limits"`
	// Archive to fetch, when the code is not part of the request.
	Archive *RemoteArchive `json:"archive,omitempty"`
}

// EnvVar is one environment variable.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RemoteArchive is fetched by the runner; every address and redirect is checked when dialled.
type RemoteArchive struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	// BlockedCIDRs are refused when dialled, on top of loopback, private, link-local, multicast and unspecified ones.
	BlockedCIDRs []string `json:"blockedCIDRs,omitempty"`
}

// ArchiveLimits bound what an archive may hold.
type ArchiveLimits struct {
	// CompressedBytes bounds the archive itself, Bytes its unpacked files in all, FileBytes each of them.
	CompressedBytes int64 `json:"compressedBytes"`
	Bytes           int64 `json:"bytes"`
	FileBytes       int64 `json:"fileBytes"`
	// Files bounds the number of entries.
	Files int `json:"files"`
	// Ratio bounds unpacked over compressed bytes.
	Ratio int64 `json:"ratio"`
}

// State of the application of a runner.
type State string

const (
	// StateIdle: no assignment yet.
	StateIdle State = "idle"
	// StateStaging: the assignment was taken and is not to be run yet; there is still something to do before it can be.
	StateStaging State = "staging"
	// StateStaged: the assignment waits to be run.
	StateStaged State = "staged"
	// StateStarting: the assignment is to be run, the application does not accept connections yet.
	StateStarting State = "starting"
	// StateServing: the application accepts connections.
	StateServing State = "serving"
	// StateFailed: the application did not start, or ended.
	StateFailed State = "failed"
)

// Result is the state of a runner. It is bounded, untrusted input to the manager.
type Result struct {
	AssignmentID string `json:"assignmentID,omitempty"`
	State        State  `json:"state"`
	// CodeLoaded is set once the code was unpacked.
	CodeLoaded bool `json:"codeLoaded"`
	// Preloaded is set once the interpreter has loaded everything there is to load before an assignment; it stays unset
	// when an assignment came before that.
	Preloaded bool `json:"preloaded,omitempty"`
	// Interpreter that the application runs in, empty before there is one.
	Interpreter Interpreter `json:"interpreter,omitempty"`
	// Entrypoint that is served, found or given.
	Entrypoint string `json:"entrypoint,omitempty"`
	// Failure is set in StateFailed.
	Failure *Failure `json:"failure,omitempty"`
	// Timings of the stages done so far.
	Timings Timings `json:"timings"`
}

// Interpreter is where an application's interpreter comes from.
type Interpreter string

const (
	// InterpreterForked: a fork of the one that was preloaded.
	InterpreterForked Interpreter = "forked"
	// InterpreterFresh: a new one, because the environment has variables that are read only at its start.
	InterpreterFresh Interpreter = "fresh"
)

// Failure says why there is no application. The reasons are those of api/v1alpha1: CodeRejected, SourceUnavailable,
// EntrypointNotFound, ImportError, StartupFailed, StartupTimeout, OOMKilled, AppExited.
//
// The runner writes the same JSON, within 4096 bytes, to /dev/termination-log before it exits, so that a failure after
// the start reaches the manager through the pod's status.
type Failure struct {
	Reason   string `json:"reason"`
	Message  string `json:"message,omitempty"`
	ExitCode *int32 `json:"exitCode,omitempty"`
}

// Timings are durations in microseconds, zero for stages not reached.
type Timings struct {
	ReceiveMicros int64 `json:"receiveMicros,omitempty"`
	UnpackMicros  int64 `json:"unpackMicros,omitempty"`
	// ForkMicros is from the unpacked code to a process that is ready to run it.
	ForkMicros int64 `json:"forkMicros,omitempty"`
	// ImportMicros counts from then or, if that came later, from the call that has it run.
	ImportMicros int64 `json:"importMicros,omitempty"`
	ListenMicros int64 `json:"listenMicros,omitempty"`
}

// Usage is what the pod uses, all processes of its container together. It is bounded, untrusted input to the gateway.
type Usage struct {
	// AssignmentID is empty while there is none.
	AssignmentID string `json:"assignmentID,omitempty"`
	// MemoryBytes is the working set: what is used without the file cache that the kernel would give up first.
	MemoryBytes int64 `json:"memoryBytes"`
	// MemoryLimitBytes is 0 when there is no limit.
	MemoryLimitBytes int64 `json:"memoryLimitBytes"`
	// CPUMicros is the processor time used since the container started, in microseconds.
	CPUMicros int64 `json:"cpuMicros"`
	// At is the runner's clock at the reading, in microseconds since 1970. It never steps, so that the difference of
	// two readings is the time between them.
	At int64 `json:"at"`
	// Processes of the container, with the runner itself.
	Processes int64 `json:"processes"`
}
