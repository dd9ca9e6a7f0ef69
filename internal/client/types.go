package client

import (
	"encoding/json"
	"time"
)

// Raw is a document as the gateway sent it, so that what this client does not know is not lost.
type Raw struct {
	Document json.RawMessage `json:"-"`
}

func (r *Raw) keep(raw json.RawMessage) { r.Document = raw }

// Generation describes a stored project.
type Generation struct {
	Raw
	ID        string    `json:"id"`
	UserID    string    `json:"user_id"`
	ProjectID string    `json:"project_id"`
	Version   string    `json:"version"`
	Files     int       `json:"files"`
	Bytes     int64     `json:"bytes"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// LaunchRequest is what a launch may ask for; the zero value of a member leaves it to the gateway.
type LaunchRequest struct {
	ProjectID string `json:"project_id,omitempty"`
	// Timeout is the seconds that the application has to start.
	Timeout    int               `json:"timeout,omitempty"`
	Entrypoint string            `json:"entrypoint,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
}

// The words for the state of a preview.
const (
	StatusStarting = "starting"
	StatusRunning  = "running"
	StatusStopping = "stopping"
	StatusStopped  = "stopped"
	StatusFailed   = "failed"
)

// Launch is the answer to a launch. The session token in it is a secret; so its document is not kept.
type Launch struct {
	ID           string    `json:"id"`
	GenerationID string    `json:"generation_id"`
	UserID       string    `json:"user_id"`
	ProjectID    string    `json:"project_id"`
	Version      string    `json:"version"`
	Status       string    `json:"status"`
	Port         *int32    `json:"port"`
	BaseURL      *string   `json:"base_url"`
	SessionToken string    `json:"session_token"`
	CreatedAt    time.Time `json:"created_at"`
	// Created is set when the preview was not live before.
	Created bool `json:"-"`
}

func (*Launch) keep(json.RawMessage) {}

// Failure says why a preview ended other than as asked. The message quotes the application.
type Failure struct {
	Reason   string    `json:"reason"`
	Message  string    `json:"message"`
	ExitCode *int32    `json:"exit_code"`
	At       time.Time `json:"at"`
}

// Start says how a preview was started.
type Start struct {
	// Kind is warm when a waiting pod was taken, cold when one was created.
	Kind string `json:"kind"`
	// Interpreter is forked from a preloaded one, or fresh.
	Interpreter string `json:"interpreter"`
	// Reason and Message say why it could not be the fastest start.
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// InterpreterFresh is one that was started anew, because the environment asks for it.
const InterpreterFresh = "fresh"

// Status is the state of a preview.
type Status struct {
	Raw
	ID            string     `json:"id"`
	GenerationID  string     `json:"generation_id"`
	UserID        string     `json:"user_id"`
	ProjectID     string     `json:"project_id"`
	Status        string     `json:"status"`
	Reason        string     `json:"reason"`
	Port          *int32     `json:"port"`
	BaseURL       *string    `json:"base_url"`
	Start         *Start     `json:"start"`
	UptimeSeconds float64    `json:"uptime_seconds"`
	MemoryUsageMB *float64   `json:"memory_usage_mb"`
	CPUPercent    *float64   `json:"cpu_usage_percent"`
	Health        string     `json:"health"`
	Restarts      int32      `json:"restarts"`
	CreatedAt     time.Time  `json:"created_at"`
	StartedAt     *time.Time `json:"started_at"`
	StoppedAt     *time.Time `json:"stopped_at"`
	// SessionExpiresAt is when it will be stopped unless it is used, MaxUptimeAt when it will be stopped in any case.
	SessionExpiresAt *time.Time `json:"session_expires_at"`
	MaxUptimeAt      *time.Time `json:"max_uptime_at"`
	// ExpiresAt is the earlier of the two and, once it has ended, when it will be deleted.
	ExpiresAt *time.Time `json:"expires_at"`
	Failure   *Failure   `json:"failure"`
}

// Finished reports whether the preview has ended.
func (s Status) Finished() bool { return s.Status == StatusStopped || s.Status == StatusFailed }

// Endpoint is one method of one path of an application. Its texts are the application's own.
type Endpoint struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	Deprecated  bool     `json:"deprecated"`
	// File and Line are where it is declared, when that is known.
	File string `json:"file"`
	Line int    `json:"line"`
	// Source is static, live or both.
	Source string `json:"source"`
}

// Endpoints are those of an application.
type Endpoints struct {
	Raw
	Endpoints []Endpoint `json:"endpoints"`
	Count     int        `json:"count"`
	// Diagnostics say why some are missing.
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Diagnostic says why something is missing.
type Diagnostic struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file"`
	Line    int    `json:"line"`
}

// Envelope is a request to the application.
type Envelope struct {
	Method string
	// Path in its escaped form, perhaps with a query, to which Query is added.
	Path    string
	Query   map[string][]string
	Headers map[string][]string
	Body    []byte
}

// Reply is the application's answer.
type Reply struct {
	Raw
	StatusCode int `json:"status_code"`
	// Headers by lower-case name; several values are joined by ", ", but for the cookies in SetCookie.
	Headers      map[string]string `json:"headers"`
	SetCookie    []string          `json:"set_cookie"`
	BodyEncoding string            `json:"body_encoding"`
	ElapsedMS    int64             `json:"elapsed_ms"`
	// Body as the application sent it.
	Body []byte `json:"-"`
}
