package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// problemBase begins the type of every problem of the API.
const problemBase = "https://preview.codebegen.dev/problems/"

// maxRetryAfter bounds what an answer may ask a client to wait.
const maxRetryAfter = time.Minute

// The kinds of problems that a caller may want to tell apart: the ends of their types.
const (
	KindInvalidRequest      = "invalid-request"
	KindForbidden           = "forbidden"
	KindRoleRequired        = "role-required"
	KindInvalidPreviewToken = "invalid-preview-token"
	KindGenerationNotFound  = "generation-not-found"
	KindPreviewNotFound     = "preview-not-found"
	KindLaunchDelayed       = "launch-delayed"
	KindNoWarmPod           = "no-warm-pod"
	KindBusy                = "busy"
	KindUnavailable         = "unavailable"
)

// Error is an answer of the gateway that is no success.
type Error struct {
	Status int
	// Kind is the end of the problem's type; empty when the answer was no problem of this API.
	Kind string
	// Title and Detail say what is wrong and what to do; Field names what is at fault.
	Title, Detail, Field string
	// RequestID finds the cause in the gateway's log.
	RequestID string
	// RetryAfter is when to try again, 0 when the answer does not say.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Title)
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	fmt.Fprintf(&b, " (HTTP %d", e.Status)
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	b.WriteString(")")
	return b.String()
}

// IsKind reports whether an error is a problem of one of these kinds.
func IsKind(err error, kinds ...string) bool {
	var problem *Error
	if !errors.As(err, &problem) {
		return false
	}
	for _, kind := range kinds {
		if problem.Kind == kind {
			return true
		}
	}
	return false
}

// errorOf reads the problem in an answer. What another server than the gateway says is reported by its status alone.
func errorOf(response *http.Response) *Error {
	e := &Error{
		Status: response.StatusCode, Title: "the gateway's address answered " + strings.TrimSpace(response.Status) + ", which is no answer of the API",
		RetryAfter: retryAfter(response.Header.Get("Retry-After")),
	}
	if mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || mediaType != "application/problem+json" {
		return e
	}
	var problem struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Detail    string `json:"detail"`
		Field     string `json:"field"`
		RequestID string `json:"request_id"`
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxProblem))
	if err != nil || json.Unmarshal(body, &problem) != nil || !strings.HasPrefix(problem.Type, problemBase) {
		return e
	}
	e.Kind = strings.TrimPrefix(problem.Type, problemBase)
	e.Title, e.Detail, e.Field, e.RequestID = problem.Title, problem.Detail, problem.Field, problem.RequestID
	return e
}

// retryAfter reads seconds, the one form that the API sends.
func retryAfter(value string) time.Duration {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
}
