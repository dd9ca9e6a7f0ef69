package controllers

import (
	"fmt"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// The kind of an error decides what becomes of the instance, in one place (run): a terminalError ends it, a waitError
// keeps it as it is until somebody or something changes, and every other error is transient and tried again with
// backoff.

// terminalError ends an instance as Failed.
type terminalError struct {
	reason   string
	message  string
	exitCode *int32
}

func (e *terminalError) Error() string { return e.reason + ": " + e.message }

func terminal(reason, format string, args ...any) error {
	return &terminalError{reason: reason, message: fmt.Sprintf(format, args...)}
}

func (e *terminalError) ending(s *scope) *ending {
	return &ending{reason: e.reason, failure: &v1alpha1.Failure{
		Reason: e.reason, Message: e.message, ExitCode: e.exitCode, At: metaTime(s.now),
	}}
}

// waitError is a phase that cannot be done yet. A watch, or scope.lookAgain, brings the instance back.
type waitError struct {
	// condition that is not True because of it.
	condition string
	reason    string
	message   string
}

func (e *waitError) Error() string { return e.condition + " " + e.reason + ": " + e.message }

func waitFor(condition, reason, format string, args ...any) error {
	return &waitError{condition: condition, reason: reason, message: fmt.Sprintf(format, args...)}
}
